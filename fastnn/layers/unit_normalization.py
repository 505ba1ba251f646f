"""UnitNormalization: by the norm along some axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import functional as F
from ..tensor import Tensor
from .base import Layer, Shape

__all__ = ["UnitNormalization"]


class UnitNormalization(Layer):
    """Divides by the Euclidean norm along an axis or several: ``x / sqrt(sum(x * x))``; zeros stay zeros.

    Parameters
    ----------
    axis : int or sequence of int, default -1
        The axes over which numbers are squared and summed; not the batch.
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        axes = tuple(axis) if isinstance(axis, Sequence) else (axis,)
        if not axes or any(isinstance(entry, bool) or not isinstance(entry, int) for entry in axes):
            raise TypeError(f"UnitNormalization: expected axis to be an integer or several, got {axis!r}")
        self.axis = axis
        self._axes = axes

    def check_input(self, shape: Shape) -> None:
        if any(not -len(shape) <= axis < len(shape) for axis in self._axes):
            raise self.expected(f"with the axes {self._axes}", shape)

    def stream_states(self, input_shape: Shape) -> dict[str, Any]:
        if 1 in {axis % len(input_shape) for axis in self._axes}:
            raise self._not_streamed("its axes have that of the steps among them")
        return {}

    def call(self, inputs: Tensor) -> Tensor:
        squares = F.sum(inputs * inputs, self._axes, keepdims=True)
        # the norm is 1e-12 at least, as in Keras: zeros have a gradient too
        return inputs / F.sqrt(F.maximum(squares, 1e-24))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self.check_input(input_shape)
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis if isinstance(self.axis, int) else list(self.axis)}
