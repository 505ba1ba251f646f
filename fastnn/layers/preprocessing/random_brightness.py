"""RandomBrightness: images made lighter and darker."""

from __future__ import annotations

from typing import Any

from ... import functional as F
from ...tensor import Tensor
from .color import ColorLayer

__all__ = ["RandomBrightness"]


class RandomBrightness(ColorLayer):
    """While training, adds a random share of value_range to each image, held within value_range.

    Parameters
    ----------
    factor : float or (float, float)
        The range of the share, in [-1, 1]; one number f means (-f, f).
    value_range : (float, float), default (0, 255)
    seed : int, optional
        The model's seed when not given.
    """

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(factor, value_range, seed=seed, **kwargs)

    def _adjusted(self, images: Tensor, factor: Tensor) -> Tensor:
        low, high = self.value_range
        return F.clip(F.add(images, F.multiply(factor, high - low)), low, high)
