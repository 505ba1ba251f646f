"""What pooling layers over windows share: arguments, shapes, configuration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from ..tensor import Tensor
from .base import Layer, Shape, arguments
from .base.streaming import JOINS_STEPS

__all__ = ["Pooling"]


class Pooling(Layer):
    """What the pooling layers over windows share: arguments, shapes, configuration."""

    _axes: ClassVar[int]
    _pool: ClassVar[Callable[..., Tensor]]
    _streams = JOINS_STEPS

    def __init__(
        self,
        pool_size: int | Sequence[int] = 2,
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        cls = type(self).__name__
        arguments.channels_last(cls, data_format)
        self.pool_size = arguments.sizes(cls, "pool_size", pool_size, self._axes)
        self.strides = self.pool_size if strides is None else arguments.sizes(cls, "strides", strides, self._axes)
        self.padding = arguments.padding_mode(cls, padding)

    def check_input(self, shape: Shape) -> None:
        if len(shape) != self._axes + 2:
            raise self.expected(arguments.layout(self._axes), shape)
        if self.padding == "valid" and 0 in self._sizes(shape):
            raise self.expected(arguments.at_least(self.pool_size, "pool"), shape)

    def call(self, inputs: Tensor) -> Tensor:
        return type(self)._pool(inputs, self.pool_size, self.strides, self.padding)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self.check_input(input_shape)
        return (input_shape[0], *self._sizes(input_shape), input_shape[-1])

    def _sizes(self, shape: Shape) -> tuple[int | None, ...]:
        """Spatial sizes of the output."""
        axes = zip(shape[1:-1], self.pool_size, self.strides, strict=True)
        return tuple(arguments.windows(size, window, stride, self.padding) for size, window, stride in axes)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "pool_size": list(self.pool_size),
            "strides": list(self.strides),
            "padding": self.padding,
        }
