"""Layers that make one tensor of several: Add, Subtract, Multiply, Average, Maximum, Minimum, Concatenate, Dot."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from .. import functional as F
from ..tensor import Tensor
from .base import Layer, Shape

__all__ = ["Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract"]

Masks = Sequence[Tensor | None]


class _Merge(Layer):
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


class _Elementwise(_Merge):
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

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """A step counts when it does in one of the inputs; without a mask in all of them there is none."""
        if previous_mask is None or any(mask is None for mask in previous_mask):
            return None
        return reduce(F.logical_or, previous_mask)

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


class Add(_Elementwise):
    """The sum of a list of inputs, which broadcast."""

    def _merged(self, inputs: list[Tensor], masks: list[Tensor | None]) -> Tensor:
        return reduce(F.add, inputs)


class Subtract(_Elementwise):
    """The first of two inputs minus the second."""

    _count = 2

    def _merged(self, inputs: list[Tensor], masks: list[Tensor | None]) -> Tensor:
        return F.subtract(*inputs)


class Average(_Elementwise):
    """The mean of a list of inputs, which broadcast."""

    def _merged(self, inputs: list[Tensor], masks: list[Tensor | None]) -> Tensor:
        return F.divide(reduce(F.add, inputs), float(len(inputs)))


class Multiply(_Elementwise):
    """The product of a list of inputs, which broadcast. Steps that don't count in an input leave the others as they
    are; those that count in none are 0."""

    def _merged(self, inputs: list[Tensor], masks: list[Tensor | None]) -> Tensor:
        kept = [x if mask is None else F.where(mask, x, 1.0) for x, mask in zip(inputs, masks, strict=True)]
        product = reduce(F.multiply, kept)
        known = [mask for mask in masks if mask is not None]
        return F.where(reduce(F.logical_or, known), product, 0.0) if len(known) == len(masks) else product


class _Choice(_Elementwise):
    """One of the inputs at each place. Steps that don't count in an input leave the choice to the others."""

    _of: Callable[[Tensor, Tensor], Tensor]

    def _merged(self, inputs: list[Tensor], masks: list[Tensor | None]) -> Tensor:
        result, counted = inputs[0], masks[0]
        for x, mask in zip(inputs[1:], masks[1:], strict=True):
            other = x if mask is None else F.where(mask, x, result)
            if counted is not None:
                result = F.where(counted, result, other)
            counted = None if mask is None or counted is None else F.logical_or(counted, mask)
            result = type(self)._of(result, other)
        return result


class Maximum(_Choice):
    """The largest of a list of inputs, which broadcast."""

    _of = staticmethod(F.maximum)


class Minimum(_Choice):
    """The smallest of a list of inputs, which broadcast."""

    _of = staticmethod(F.minimum)


class Concatenate(_Merge):
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

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Masks are joined like the inputs; along other axes than theirs a step counts when it does in one input."""
        if previous_mask is None:
            return None
        rank = max(mask.ndim for mask in previous_mask if mask is not None)
        masks = [
            F.fill(F.cast(x[(slice(None),) * rank + (0,) * (x.ndim - rank)], "bool"), 1.0) if mask is None else mask
            for x, mask in zip(inputs, previous_mask, strict=True)
        ]
        place = self.axis % inputs[0].ndim
        return F.concatenate(masks, place) if place < rank else reduce(F.logical_or, masks)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


class Dot(_Merge):
    """Products of two inputs, summed along an axis of each, for every sample of the batch.

    Parameters
    ----------
    axes : int or (int, int)
        The axis of both inputs, or of each; never 0, which is the batch.
    normalize : bool, default False
        Divide by the L2 norms along the axes first: cosine similarity.
    """

    _count = 2
    supports_masking = True
    _streams = "it multiplies steps with other steps"

    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        given = tuple(axes) if isinstance(axes, tuple | list) else (axes, axes)
        if len(given) != 2:
            raise ValueError(f"Dot: expected axes to be one integer or two, got {axes!r}")
        if any(isinstance(axis, bool) or not isinstance(axis, int) for axis in given):
            raise TypeError(f"Dot: expected axes of integers, got {axes!r}")
        self.axes = axes if isinstance(axes, int) else given
        self.normalize = bool(normalize)
        self._both = given

    def _places(self, shapes: Sequence[Shape]) -> tuple[int, int]:
        """The axes counted from the front."""
        places = []
        for axis, shape in zip(self._both, shapes, strict=True):
            if not -len(shape) < axis < len(shape) or axis == 0:
                raise self._refused(f"inputs that have axes {self.axes} behind the batch", shapes)
            places.append(axis % len(shape))
        return places[0], places[1]

    def _sample_shape(self, shapes: list[Shape]) -> Shape:
        a, b = self._places(shapes)
        left, right = shapes
        if left[a] is not None and right[b] is not None and left[a] != right[b]:
            raise self._refused(f"inputs of one size along axes {a} and {b}", shapes)
        sizes = (*left[1:a], *left[a + 1 :], *right[1:b], *right[b + 1 :])
        return sizes if sizes else (1,)

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        places = self._places([x.shape for x in inputs])
        shape = self._sample_shape([x.shape for x in inputs])
        rows: list[Tensor] = []
        for x, axis in zip(inputs, places, strict=True):
            moved = F.moveaxis(_unit(x, axis) if self.normalize else x, axis, -1)
            rows.append(F.reshape(moved, (moved.shape[0], math.prod(moved.shape[1:-1]), moved.shape[-1])))
        product = F.matmul(rows[0], rows[1], transpose_b=True)
        return F.reshape(product, (product.shape[0], *(size or 0 for size in shape)))

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        return None

    def get_config(self) -> dict[str, Any]:
        axes = self.axes if isinstance(self.axes, int) else list(self.axes)
        return {**super().get_config(), "axes": axes, "normalize": self.normalize}


def _unit(x: Tensor, axis: int) -> Tensor:
    """x divided by its L2 norm along an axis, which counts as 1e-7 at least."""
    inverse = F.divide(1.0, F.sqrt(F.sum(F.multiply(x, x), axis, True)))
    return F.multiply(x, F.minimum(inverse, 1e7))
