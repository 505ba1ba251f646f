"""Zeros around sequences, images and volumes: ZeroPadding1D, ZeroPadding2D, ZeroPadding3D."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from .. import functional as F
from ..tensor import Tensor
from .base import Layer, Shape, arguments

__all__ = ["SpatialLayer", "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D"]


class SpatialLayer(Layer):
    """A layer that changes the sizes of `axes` axes between batch and channels, and nothing else of the shape."""

    axes: ClassVar[int]

    def check_input(self, shape: Shape) -> None:
        if len(shape) != self.axes + 2:
            raise self.expected(arguments.layout(self.axes), shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self.check_input(input_shape)
        sizes = [None if size is None else self._size(size, axis) for axis, size in enumerate(input_shape[1:-1])]
        return (input_shape[0], *sizes, input_shape[-1])

    def _size(self, size: int, axis: int) -> int:
        """The new size of a spatial axis."""
        raise NotImplementedError


class _ZeroPadding(SpatialLayer):
    """What the layers share: how many zeros there are before and after along each axis."""

    _streams = "it adds steps; use a convolution with padding='causal' instead of zeros in front"

    def __init__(self, padding: Any, data_format: str | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        arguments.channels_last(type(self).__name__, data_format)
        self.padding = arguments.edges(type(self).__name__, "padding", padding, self.axes)

    def call(self, inputs: Tensor) -> Tensor:
        return F.pad(inputs, ((0, 0), *self.padding, (0, 0)))

    def _size(self, size: int, axis: int) -> int:
        return size + sum(self.padding[axis])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "padding": arguments.written_edges(self.padding)}


class ZeroPadding1D(_ZeroPadding):
    """Zeros before and after (batch, steps, channels) along the steps.

    Parameters
    ----------
    padding : int or (int, int), default 1
        Steps before and after.
    data_format : None or "channels_last"
    """

    axes = 1

    def __init__(self, padding: int | Sequence[int] = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)


class ZeroPadding2D(_ZeroPadding):
    """Zeros around (batch, height, width, channels).

    Parameters
    ----------
    padding : int, (int, int) or ((int, int), (int, int)), default (1, 1)
        Rows and columns on both sides, or ((top, bottom), (left, right)).
    data_format : None or "channels_last"
    """

    axes = 2

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)


class ZeroPadding3D(_ZeroPadding):
    """Zeros around (batch, depth, height, width, channels).

    Parameters
    ----------
    padding : int, three of them or three pairs, default ((1, 1), (1, 1), (1, 1))
        How many on both sides of the axes, or before and after along each.
    data_format : None or "channels_last"
    """

    axes = 3

    def __init__(self, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)
