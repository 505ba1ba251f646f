"""Maxima over all positions of sequences, images and volumes."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from .. import functional as F
from ..tensor import Tensor
from .base.streaming import JOINS_STEPS
from .base_global_pooling import GlobalPooling

__all__ = [
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
]


class _GlobalMaxPooling(GlobalPooling):
    _pool: ClassVar[Callable[..., Tensor]]
    _streams = JOINS_STEPS

    def call(self, inputs: Tensor) -> Tensor:
        y = type(self)._pool(inputs, inputs.shape[1:-1])
        return y if self.keepdims else F.reshape(y, (-1, inputs.shape[-1]))


class GlobalMaxPooling1D(_GlobalMaxPooling):
    """Maximum over the steps of (batch, steps, channels).

    Parameters
    ----------
    data_format : None or "channels_last"
    keepdims : bool, default False
        Give (batch, 1, channels) instead of (batch, channels).
    """

    _axes = 1
    _pool = staticmethod(F.max_pool1d)


class GlobalMaxPooling2D(_GlobalMaxPooling):
    """Maximum over the height and width of (batch, height, width, channels).

    Parameters
    ----------
    data_format : None or "channels_last"
    keepdims : bool, default False
        Give (batch, 1, 1, channels) instead of (batch, channels).
    """

    _axes = 2
    _pool = staticmethod(F.max_pool2d)


class GlobalMaxPooling3D(_GlobalMaxPooling):
    """Maximum over the depth, height and width of (batch, depth, height, width, channels).

    Parameters
    ----------
    data_format : None or "channels_last"
    keepdims : bool, default False
        Give (batch, 1, 1, 1, channels) instead of (batch, channels).
    """

    _axes = 3
    _pool = staticmethod(F.max_pool3d)


GlobalMaxPool1D = GlobalMaxPooling1D
GlobalMaxPool2D = GlobalMaxPooling2D
GlobalMaxPool3D = GlobalMaxPooling3D
