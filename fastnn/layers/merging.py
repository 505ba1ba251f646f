"""Layers that join several tensors element by element: Add, Subtract, Multiply, Average, Maximum, Minimum."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from .. import functional as F
from ..tensor import Tensor
from .base_merge import ElementwiseMerge

__all__ = ["Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"]


class Add(ElementwiseMerge):
    """The sum of a list of inputs, which broadcast."""

    def _merged(self, inputs: list[Tensor], masks: list[Tensor | None]) -> Tensor:
        return reduce(F.add, inputs)


class Subtract(ElementwiseMerge):
    """The first of two inputs minus the second."""

    _count = 2

    def _merged(self, inputs: list[Tensor], masks: list[Tensor | None]) -> Tensor:
        return F.subtract(*inputs)


class Average(ElementwiseMerge):
    """The mean of a list of inputs, which broadcast."""

    def _merged(self, inputs: list[Tensor], masks: list[Tensor | None]) -> Tensor:
        return F.divide(reduce(F.add, inputs), float(len(inputs)))


class Multiply(ElementwiseMerge):
    """The product of a list of inputs, which broadcast. Steps that don't count in an input leave the others as they
    are; those that count in none are 0."""

    def _merged(self, inputs: list[Tensor], masks: list[Tensor | None]) -> Tensor:
        kept = [x if mask is None else F.where(mask, x, 1.0) for x, mask in zip(inputs, masks, strict=True)]
        product = reduce(F.multiply, kept)
        known = [mask for mask in masks if mask is not None]
        return F.where(reduce(F.logical_or, known), product, 0.0) if len(known) == len(masks) else product


class _Choice(ElementwiseMerge):
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
