"""What pooling layers over all positions share."""

from __future__ import annotations

from typing import Any, ClassVar

from .base import Layer, Shape, arguments

__all__ = ["GlobalPooling"]


class GlobalPooling(Layer):
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
