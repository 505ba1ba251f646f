"""Pooling layers: MaxPooling2D, AveragePooling2D and the global ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import functional as F
from ..tensor import Tensor
from . import arguments
from .base import Layer, Shape

__all__ = [
    "AveragePooling2D",
    "AvgPool2D",
    "GlobalAveragePooling2D",
    "GlobalAvgPool2D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling2D",
    "MaxPool2D",
    "MaxPooling2D",
]


class _Pooling2D(Layer):
    """What the pooling layers over windows share: arguments, shapes, configuration."""

    def __init__(
        self,
        pool_size: int | Sequence[int] = (2, 2),
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        cls = type(self).__name__
        arguments.channels_last(cls, data_format)
        self.pool_size = arguments.pair(cls, "pool_size", pool_size)
        self.strides = self.pool_size if strides is None else arguments.pair(cls, "strides", strides)
        self.padding = arguments.padding_mode(cls, padding)

    def check_input(self, shape: Shape) -> None:
        if len(shape) != 4:
            raise self.expected("(batch, height, width, channels)", shape)
        if self.padding == "valid" and 0 in self._sizes(shape):
            raise self.expected(f"at least {self.pool_size[0]} high and {self.pool_size[1]} wide for the pool", shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self.check_input(input_shape)
        return (input_shape[0], *self._sizes(input_shape), input_shape[3])

    def _sizes(self, shape: Shape) -> tuple[int | None, ...]:
        """Height and width of the output."""
        axes = zip(shape[1:3], self.pool_size, self.strides, strict=True)
        return tuple(arguments.windows(size, window, stride, self.padding) for size, window, stride in axes)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "pool_size": list(self.pool_size),
            "strides": list(self.strides),
            "padding": self.padding,
        }


class MaxPooling2D(_Pooling2D):
    """Maximum over windows of (batch, height, width, channels).

    Parameters
    ----------
    pool_size : int or (int, int), default (2, 2)
    strides : int or (int, int), optional
        The pool size when not given.
    padding : {"valid", "same"}, default "valid"
        "same" keeps ceil(size / stride); padding never is the maximum.
    data_format : None or "channels_last"
    """

    def call(self, inputs: Tensor) -> Tensor:
        return F.max_pool2d(inputs, self.pool_size, self.strides, self.padding)


class AveragePooling2D(_Pooling2D):
    """Mean over windows of (batch, height, width, channels).

    Parameters
    ----------
    pool_size : int or (int, int), default (2, 2)
    strides : int or (int, int), optional
        The pool size when not given.
    padding : {"valid", "same"}, default "valid"
        "same" keeps ceil(size / stride); padding is left out of the mean.
    data_format : None or "channels_last"
    """

    def call(self, inputs: Tensor) -> Tensor:
        return F.avg_pool2d(inputs, self.pool_size, self.strides, self.padding)


class _GlobalPooling2D(Layer):
    """What the pooling layers over whole images share."""

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        arguments.channels_last(type(self).__name__, data_format)
        self.keepdims = bool(keepdims)

    def check_input(self, shape: Shape) -> None:
        if len(shape) != 4 or 0 in shape[1:3]:
            raise self.expected("(batch, height, width, channels)", shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self.check_input(input_shape)
        return (input_shape[0], *((1, 1) if self.keepdims else ()), input_shape[3])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "keepdims": self.keepdims}


class GlobalAveragePooling2D(_GlobalPooling2D):
    """Mean over the height and width of (batch, height, width, channels).

    Parameters
    ----------
    data_format : None or "channels_last"
    keepdims : bool, default False
        Give (batch, 1, 1, channels) instead of (batch, channels).
    """

    def call(self, inputs: Tensor) -> Tensor:
        return F.mean(inputs, (1, 2), self.keepdims)


class GlobalMaxPooling2D(_GlobalPooling2D):
    """Maximum over the height and width of (batch, height, width, channels).

    Parameters
    ----------
    data_format : None or "channels_last"
    keepdims : bool, default False
        Give (batch, 1, 1, channels) instead of (batch, channels).
    """

    def call(self, inputs: Tensor) -> Tensor:
        y = F.max_pool2d(inputs, inputs.shape[1:3])
        return y if self.keepdims else F.reshape(y, (-1, inputs.shape[3]))


AvgPool2D = AveragePooling2D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalMaxPool2D = GlobalMaxPooling2D
MaxPool2D = MaxPooling2D
