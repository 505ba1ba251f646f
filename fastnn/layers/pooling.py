"""Pooling layers: MaxPooling2D."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import functional as F
from ..tensor import Tensor
from . import arguments
from .base import Layer, Shape

__all__ = ["MaxPool2D", "MaxPooling2D"]


class MaxPooling2D(Layer):
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

    def __init__(
        self,
        pool_size: int | Sequence[int] = (2, 2),
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        arguments.channels_last("MaxPooling2D", data_format)
        self.pool_size = arguments.pair("MaxPooling2D", "pool_size", pool_size)
        self.strides = self.pool_size if strides is None else arguments.pair("MaxPooling2D", "strides", strides)
        self.padding = arguments.padding_mode("MaxPooling2D", padding)

    def check_input(self, shape: Shape) -> None:
        if len(shape) != 4:
            raise self.expected("(batch, height, width, channels)", shape)
        if self.padding == "valid" and 0 in self._sizes(shape):
            raise self.expected(f"at least {self.pool_size[0]} high and {self.pool_size[1]} wide for the pool", shape)

    def call(self, inputs: Tensor) -> Tensor:
        return F.max_pool2d(inputs, self.pool_size, self.strides, self.padding)

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


MaxPool2D = MaxPooling2D
