"""RandomPosterization: images with fewer shades."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import functional as F
from ...tensor import Tensor, constant
from .color import BYTES, ColorLayer, rescaled
from .rounding import truncated

__all__ = ["RandomPosterization"]

_STEPS = np.array([2 ** (8 - bits) for bits in range(9)], np.float32)


class RandomPosterization(ColorLayer):
    """While training, keeps the highest bits of values as bytes, a random number of them for each image.

    Parameters
    ----------
    factor : int or (int, int)
        From 1 to 8: how many bits. The second of two is drawn only when they are equal, as in Keras; one number n means
        (1, n).
    value_range : (float, float), default (0, 255)
    data_format : None or "channels_last"
    seed : int, optional
        The model's seed when not given.
    """

    _bounds = (1.0, 8.0)

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)
        if any(part != int(part) for part in self.factor):
            raise ValueError(f"RandomPosterization: expected factor to be whole numbers, got {factor!r}")

    def _adjusted(self, images: Tensor, factor: Tensor) -> Tensor:
        step = F.take(constant(_STEPS), F.cast(factor, "int32"), 0)
        values = truncated(F.clip(rescaled(images, self.value_range, BYTES), *BYTES))
        return rescaled(F.multiply(truncated(F.divide(values, step)), step), BYTES, self.value_range)
