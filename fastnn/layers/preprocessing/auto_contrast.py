"""AutoContrast: images whose values fill their range."""

from __future__ import annotations

from typing import Any

from ... import functional as F
from ...tensor import Tensor
from ..base import arguments
from .color import BYTES, rescaled
from .image import ImageLayer, bounds_of_values

__all__ = ["AutoContrast"]


class AutoContrast(ImageLayer):
    """Stretches each channel of each image so that its least and its greatest value are those of value_range.

    In training and inference alike; a channel of one value stays as it is.

    Parameters
    ----------
    value_range : (float, float), default (0, 255)
    data_format : None or "channels_last"
    """

    def __init__(self, value_range: Any = (0, 255), *, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        arguments.channels_last("AutoContrast", data_format)
        self.value_range = bounds_of_values("AutoContrast", value_range)

    def _images(self, images: Tensor) -> Tensor:
        values = rescaled(images, self.value_range, BYTES)
        low, high = (part(values, (1, 2), keepdims=True) for part in (F.min, F.max))
        several = F.greater(high, low)
        scale = F.divide(255.0, F.where(several, F.subtract(high, low), F.fill(low, 1.0)))
        stretched = F.clip(F.subtract(F.multiply(values, scale), F.multiply(low, scale)), *BYTES)
        return F.where(several, rescaled(stretched, BYTES, self.value_range), images)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "value_range": list(self.value_range)}
