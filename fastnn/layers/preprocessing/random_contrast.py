"""RandomContrast: images whose pixels are nearer to or farther from their mean."""

from __future__ import annotations

from typing import Any

from ... import functional as F
from ...tensor import Tensor
from .color import ColorLayer

__all__ = ["RandomContrast"]


class RandomContrast(ColorLayer):
    """While training, ``(x - mean) * contrast + mean`` of each channel of each image, held within value_range.

    Parameters
    ----------
    factor : float or (float, float)
        In [0, 1]: the contrast lies between ``1 - factor[0]`` and ``1 + factor[1]``; one number f means (0, f), as in
        Keras.
    value_range : (float, float), default (0, 255)
    seed : int, optional
        The model's seed when not given.
    """

    _bounds = (0.0, 1.0)

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(factor, value_range, seed=seed, **kwargs)

    def _images(self, images: Tensor) -> Tensor:
        return self._adjusted(images, self._uniform(images, 1 - self.factor[0], 1 + self.factor[1]))

    def _adjusted(self, images: Tensor, factor: Tensor) -> Tensor:
        mean = F.mean(images, (1, 2), keepdims=True)
        return F.clip(F.add(F.multiply(F.subtract(images, mean), factor), mean), *self.value_range)
