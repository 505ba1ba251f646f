"""Concatenate: several tensors side by side along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from .. import functional as F
from ..tensor import Tensor
from .base import Shape
from .base_merge import Merge

__all__ = ["Concatenate"]


class Concatenate(Merge):
    """A list of inputs joined along an axis.

    Parameters
    ----------
    axis : int, default -1
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(axis, bool) or not isinstance(axis, int):
            raise TypeError(f"Concatenate: expected axis to be an integer, got {axis!r}")
        self.axis = axis

    def stream_states(self, input_shape: Any) -> dict[str, Any]:
        if self.axis % len(input_shape[0]) == 1:
            raise self._not_streamed("its axis is that of the steps")
        return {}

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        return F.concatenate(inputs, self.axis)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        shapes = [tuple(shape) for shape in input_shape]
        rank = len(shapes[0]) if shapes else 0
        if not shapes or not -rank <= self.axis < rank or any(len(shape) != rank for shape in shapes):
            raise self._refused(f"inputs of as many axes that have axis {self.axis}", shapes)
        place = self.axis % rank
        result: list[int | None] = []
        for axis, sizes in enumerate(zip(*shapes, strict=True)):
            known = {size for size in sizes if size is not None}
            if axis == place:
                result.append(None if None in sizes else sum(size for size in sizes if size is not None))
                continue
            if len(known) > 1:
                raise self._refused(f"inputs of one shape but for axis {place}", shapes)
            result.append(known.pop() if known else None)
        return tuple(result)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Masks are joined like the inputs; along other axes than theirs a step counts when it does in one input."""
        if mask is None:
            return None
        rank = max(item.ndim for item in mask if item is not None)
        masks = [
            F.fill(F.cast(x[(slice(None),) * rank + (0,) * (x.ndim - rank)], "bool"), 1.0) if item is None else item
            for x, item in zip(inputs, mask, strict=True)
        ]
        place = self.axis % inputs[0].ndim
        return F.concatenate(masks, place) if place < rank else reduce(F.logical_or, masks)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
