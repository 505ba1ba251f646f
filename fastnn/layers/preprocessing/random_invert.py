"""RandomInvert: some images as negatives."""

from __future__ import annotations

from typing import Any

from ... import functional as F
from ...tensor import Tensor
from .color import ColorLayer

__all__ = ["RandomInvert"]


class RandomInvert(ColorLayer):
    """While training, turns images into ``value_range[1] - x`` with a probability.

    Parameters
    ----------
    factor : float or (float, float), default 1
        The range that the probability is drawn from for each image, in [0, 1]; one number f means (0, f).
    value_range : (float, float), default (0, 255)
    seed : int, optional
        The model's seed when not given.
    data_format : None or "channels_last"
    """

    _bounds = (0.0, 1.0)

    def __init__(
        self,
        factor: Any = 1.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)

    def _images(self, images: Tensor) -> Tensor:
        return F.where(self._chosen(images, *self.factor), F.subtract(self.value_range[1], images), images)
