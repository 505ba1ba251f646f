"""Means over all positions of sequences, images and volumes."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from ..tensor import Tensor
from .base.streaming import JOINS_STEPS
from .base_global_pooling import GlobalPooling

__all__ = [
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
]


class _GlobalAveragePooling(GlobalPooling):
    _streams = JOINS_STEPS

    def call(self, inputs: Tensor) -> Tensor:
        return F.mean(inputs, range(1, self._axes + 1), self.keepdims)


class GlobalAveragePooling1D(_GlobalAveragePooling):
    """Mean over the steps of (batch, steps, channels); with a mask, over the steps that count.

    Parameters
    ----------
    data_format : None or "channels_last"
    keepdims : bool, default False
        Give (batch, 1, channels) instead of (batch, channels).
    """

    _axes = 1
    _streams = JOINS_STEPS

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None:
            return super().call(inputs)
        counts = F.expand_dims(F.cast(mask, inputs.dtype), -1)
        return F.divide(F.sum(F.multiply(inputs, counts), 1, self.keepdims), F.sum(counts, 1, self.keepdims))

    def compute_mask(self, inputs: Tensor, mask: Any = None) -> None:
        """None: the mask ends here, as in Keras."""


class GlobalAveragePooling2D(_GlobalAveragePooling):
    """Mean over the height and width of (batch, height, width, channels).

    Parameters
    ----------
    data_format : None or "channels_last"
    keepdims : bool, default False
        Give (batch, 1, 1, channels) instead of (batch, channels).
    """

    _axes = 2


class GlobalAveragePooling3D(_GlobalAveragePooling):
    """Mean over the depth, height and width of (batch, depth, height, width, channels).

    Parameters
    ----------
    data_format : None or "channels_last"
    keepdims : bool, default False
        Give (batch, 1, 1, 1, channels) instead of (batch, channels).
    """

    _axes = 3


GlobalAvgPool1D = GlobalAveragePooling1D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
