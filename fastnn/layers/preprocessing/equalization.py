"""Equalization: images whose values are spread evenly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import functional as F
from ...tensor import Tensor, constant
from ..base import arguments
from .color import BYTES
from .image import ImageLayer, bounds_of_values
from .rounding import nearest_even, truncated

__all__ = ["Equalization"]


class Equalization(ImageLayer):
    """While training, replaces values by the share of the batch's values that are not above them.

    Values are seen as bytes in bins, each channel by itself: ``round(255 (c(bin) - c0) / (n - c0))`` for the number c
    of values up to a bin, c0 in the first one that has any, and n in all. A channel that fills one bin stays as it is.

    Parameters
    ----------
    value_range : (float, float), default (0, 255)
    bins : int, default 256
    data_format : None or "channels_last"
    """

    def __init__(
        self, value_range: Any = (0, 255), bins: int = 256, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        arguments.channels_last("Equalization", data_format)
        self.value_range = bounds_of_values("Equalization", value_range)
        self.bins = arguments.positive("Equalization", "bins", bins)

    def _called(self, images: Tensor, training: bool) -> Tensor:
        return self._images(images) if training else images

    def _images(self, images: Tensor) -> Tensor:
        values = _scaled(images, self.value_range, BYTES)
        channels, bins, last = images.shape[-1], self.bins, self.bins - 1.0
        offsets = constant(np.arange(channels, dtype=np.float32) * bins)

        def places(numbers: Tensor) -> Tensor:
            """The bin of each number, those of each channel by themselves."""
            return F.cast(F.add(F.clip(truncated(numbers), 0.0, last), offsets), "int32")

        found = F.reshape(places(F.divide(F.multiply(values, last), 255.0)), (-1, 1))
        ones = F.fill(F.reshape(values, (-1,)), 1.0)
        counts = F.reshape(F.scatter(found, ones, (channels * bins,)), (channels, bins))
        upto = F.cumsum(counts, 1)
        whole = upto[:, -1:]
        first = F.min(F.where(F.greater(upto, 0.0), upto, whole), -1, keepdims=True)
        several = F.less(first, whole)
        rest = F.where(several, F.subtract(whole, first), F.fill(whole, 1.0))
        shares = F.divide(F.multiply(F.subtract(upto, first), 255.0), rest)
        table = F.reshape(nearest_even(F.clip(shares, *BYTES)), (channels * bins,))
        equal = F.take(table, places(F.multiply(F.divide(values, 255.0), last)), 0)
        chosen = F.where(F.reshape(several, (1, 1, 1, channels)), equal, values)
        return _scaled(chosen, BYTES, self.value_range)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "value_range": list(self.value_range), "bins": self.bins}


def _scaled(values: Tensor, source: Sequence[float], target: Sequence[float]) -> Tensor:
    """Values of one range in another, by one product and one sum."""
    if source == target:
        return values
    scale = (target[1] - target[0]) / (source[1] - source[0])
    return F.add(F.multiply(values, scale), target[0] - source[0] * scale)
