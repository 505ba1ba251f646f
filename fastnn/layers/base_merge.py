"""What layers share that make one tensor of several."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from .. import functional as F
from ..tensor import Tensor
from .base import Layer, Shape

__all__ = ["ElementwiseMerge", "Masks", "Merge"]


Masks = Sequence[Tensor | None]


class Merge(Layer):
    """What these layers share: a list of inputs of one batch size, whose shapes fit."""

    supports_masking = True
    _takes_several = True
    _count: int | None = None  # how many inputs it takes; any number but none when not given

    def check_input(self, shape: Shape) -> None:
        raise ValueError(f"{self.name}: expected a list of inputs, got one of shape {tuple(shape)}")

    def _check(self, inputs: Any) -> None:
        if isinstance(inputs, Tensor):
            self.check_input(inputs.shape)
        if not isinstance(inputs, list | tuple):
            raise TypeError(f"{self.name}: expected a list of inputs, got {type(inputs).__name__}")
        self.compute_output_shape([x.shape for x in inputs])

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """Shape of the result for a list of shapes."""
        shapes = [tuple(shape) for shape in input_shape]
        if self._count is not None and len(shapes) != self._count:
            raise ValueError(f"{self.name}: expected {self._count} inputs, got {len(shapes)}")
        batches = {shape[0] for shape in shapes if shape} - {None}
        if len(batches) > 1 or not all(shapes):
            raise self._refused("inputs of one batch size", shapes)
        return (batches.pop() if batches else None, *self._sample_shape(shapes))

    def _sample_shape(self, shapes: list[Shape]) -> Shape:
        """The result's shape without the batch."""
        raise NotImplementedError

    def _refused(self, what: str, shapes: Sequence[Shape]) -> ValueError:
        return ValueError(f"{self.name}: expected {what}, got shapes {' and '.join(map(str, shapes))}")


class ElementwiseMerge(Merge):
    """Elementwise with broadcasting. Inputs of fewer axes get axes of size one behind the batch."""

    _streams = True

    def call(self, inputs: Sequence[Tensor], mask: Masks | None = None) -> Tensor:
        rank = max(x.ndim for x in inputs)
        wide = [F.expand_dims(x, tuple(range(1, 1 + rank - x.ndim))) for x in inputs]
        masks = [None] * len(wide) if mask is None else mask
        return self._merged(wide, [self._wide_mask(m, rank) for m in masks])

    def _wide_mask(self, mask: Tensor | None, rank: int) -> Tensor | None:
        return None if mask is None else F.expand_dims(mask, tuple(range(mask.ndim, rank)))

    def _merged(self, inputs: list[Tensor], masks: list[Tensor | None]) -> Tensor:
        raise NotImplementedError

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """A step counts when it does in one of the inputs; without a mask in all of them there is none."""
        if mask is None or any(item is None for item in mask):
            return None
        return reduce(F.logical_or, mask)

    def _sample_shape(self, shapes: list[Shape]) -> Shape:
        rank = max(map(len, shapes)) - 1
        result: list[int | None] = []
        for sizes in zip(*((1,) * (rank + 1 - len(shape)) + shape[1:] for shape in shapes), strict=True):
            known = {size for size in sizes if size not in (None, 1)}
            if len(known) > 1:
                raise self._refused("inputs of shapes that broadcast", shapes)
            unknown = None in sizes and not known
            result.append(None if unknown else known.pop() if known else 1)
        return tuple(result)
