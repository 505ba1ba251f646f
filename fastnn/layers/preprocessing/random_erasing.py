"""RandomErasing: images with a rectangle wiped out."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import functional as F
from ...tensor import Tensor, constant
from ..base import Shape
from .boxes import inside, span
from .color import ColorLayer
from .image import factors

__all__ = ["RandomErasing"]


class RandomErasing(ColorLayer):
    """While training, fills a random rectangle of images with a probability.

    Parameters
    ----------
    factor : float or (float, float), default 1
        The range that the probability is drawn from for each image, in [0, 1]; one number f means (0, f).
    scale : float or (float, float), default (0.02, 0.33)
        The range of the squares of the rectangle's height and width, as shares of the image's, in [0, 1]; one number f
        means (0, f).
    fill_value : float or three floats, optional
        One number or one for each channel, held within value_range; by default normal noise times ``value_range[1]``.
    value_range : (float, float), default (0, 255)
    seed : int, optional
        The model's seed when not given.
    data_format : None or "channels_last"

    References
    ----------
    Zhong et al., "Random erasing data augmentation", AAAI 2020.
    """

    _bounds = (0.0, 1.0)

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = (0.02, 0.33),
        fill_value: Any = None,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)
        self.scale = factors("RandomErasing", "scale", scale, 0, 1)
        numbers = np.asarray([] if fill_value is None else fill_value)
        if numbers.shape not in ((), (0,), (3,)) or numbers.dtype.kind not in "fiu":
            raise ValueError(f"RandomErasing: expected fill_value to be a number or three, got {fill_value!r}")
        self.fill_value = None if fill_value is None else numbers.tolist()

    def check_input(self, shape: Shape) -> None:
        super().check_input(shape)
        if isinstance(self.fill_value, list) and shape[-1] not in (None, 3):
            raise self.expected("with 3 channels for three fill values", shape)

    def _images(self, images: Tensor) -> Tensor:
        chosen = self._chosen(images, *self.factor)
        across, down = (
            span(self._uniform(images, 0.0, 1.0), F.sqrt(self._uniform(images, *self.scale)), size)
            for size in (images.shape[2], images.shape[1])
        )
        return F.where(F.logical_and(chosen, inside(images, across, down)), self._filling(images), images)

    def _filling(self, images: Tensor) -> Any:
        low, high = self.value_range
        if self.fill_value is not None:
            return constant(np.clip(np.asarray(self.fill_value, np.float32), low, high))
        return F.clip(F.multiply(self._draw(F.random_normal, images), high), low, high)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": list(self.scale), "fill_value": self.fill_value}
