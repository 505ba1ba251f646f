"""RandomBrightness: images made lighter and darker."""

from __future__ import annotations

from typing import Any

from ... import functional as F
from ...tensor import Tensor
from .image import RandomImageLayer, bounds_of_values, factors

__all__ = ["RandomBrightness"]


class RandomBrightness(RandomImageLayer):
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
        super().__init__(seed=seed, **kwargs)
        self.factor = factors("RandomBrightness", "factor", factor, -1, 1)
        self.value_range = bounds_of_values("RandomBrightness", value_range)

    def _images(self, images: Tensor) -> Tensor:
        return self._adjusted(images, self._uniform(images, *self.factor))

    def _adjusted(self, images: Tensor, share: Tensor) -> Tensor:
        low, high = self.value_range
        return F.clip(F.add(images, F.multiply(share, high - low)), low, high)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": list(self.factor), "value_range": list(self.value_range)}
