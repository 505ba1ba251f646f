"""Pooling layers over all positions, for sequences, images and volumes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from .. import functional as F
from ..tensor import Tensor
from . import arguments
from .base import Layer, Shape
from .streaming import JOINS_STEPS

__all__ = [
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
]


class _GlobalPooling(Layer):
    """What the pooling layers over all positions share."""

    _axes: ClassVar[int]

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        arguments.channels_last(type(self).__name__, data_format)
        self.keepdims = bool(keepdims)

    def check_input(self, shape: Shape) -> None:
        if len(shape) != self._axes + 2 or 0 in shape[1:-1]:
            raise self.expected(arguments.layout(self._axes), shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self.check_input(input_shape)
        ones = (1,) * self._axes if self.keepdims else ()
        return (input_shape[0], *ones, input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "keepdims": self.keepdims}


class _GlobalAveragePooling(_GlobalPooling):
    _streams = JOINS_STEPS

    def call(self, inputs: Tensor) -> Tensor:
        return F.mean(inputs, range(1, self._axes + 1), self.keepdims)


class _GlobalMaxPooling(_GlobalPooling):
    _pool: ClassVar[Callable[..., Tensor]]
    _streams = JOINS_STEPS

    def call(self, inputs: Tensor) -> Tensor:
        y = type(self)._pool(inputs, inputs.shape[1:-1])
        return y if self.keepdims else F.reshape(y, (-1, inputs.shape[-1]))


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

    def compute_mask(self, inputs: Tensor, previous_mask: Any) -> None:
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


GlobalAvgPool1D = GlobalAveragePooling1D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
GlobalMaxPool1D = GlobalMaxPooling1D
GlobalMaxPool2D = GlobalMaxPooling2D
GlobalMaxPool3D = GlobalMaxPooling3D
