"""Softmax, along one axis or several, with a mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import functional as F
from ..tensor import Tensor
from .base import Shape
from .base.same_shape import SameShape

__all__ = ["Softmax"]


class Softmax(SameShape):
    """Softmax along an axis, or over several together; with a mask, over the entries that count.

    Parameters
    ----------
    axis : int or sequence of int, default -1
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis: int | list[int] = [int(one) for one in axis] if isinstance(axis, Sequence) else int(axis)

    def stream_states(self, input_shape: Shape) -> dict[str, Any]:
        axes = self.axis if isinstance(self.axis, list) else [self.axis]
        if 1 in {axis % len(input_shape) for axis in axes}:
            raise self._not_streamed("its axis is that of the steps")
        return {}

    def check_input(self, shape: Shape) -> None:
        axes = self.axis if isinstance(self.axis, list | tuple) else [self.axis]
        if any(not (0 < axis < len(shape) or -len(shape) < axis < 0) for axis in axes):
            raise self.expected(f"with the axis {self.axis} behind the batch", shape)

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """The shares along the axis; entries where mask, which broadcasts to the inputs, is False get 0. So do steps
        that a mask (batch, time) of inputs (batch, time, features) leaves out."""
        if mask is None:
            return self._shares(inputs)
        counts = mask if mask.dtype.kind == "b" else F.greater(mask, 0.5)
        fits = all(a in (1, b) for a, b in zip(mask.shape[::-1], inputs.shape[::-1], strict=False))
        if not fits and mask.shape == inputs.shape[: mask.ndim]:
            counts = F.expand_dims(counts, tuple(range(mask.ndim, inputs.ndim)))
        return F.where(counts, self._shares(F.where(counts, inputs, -3e38)), 0.0)

    def _shares(self, x: Tensor) -> Tensor:
        if not isinstance(self.axis, list):
            return F.softmax(x, axis=self.axis)
        axes = sorted(axis % x.ndim for axis in self.axis)
        last = tuple(range(x.ndim - len(axes), x.ndim))
        moved = F.moveaxis(x, axes, last)
        flat = F.softmax(F.reshape(moved, (*moved.shape[: last[0]], -1)))
        return F.moveaxis(F.reshape(flat, moved.shape), last, axes)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
