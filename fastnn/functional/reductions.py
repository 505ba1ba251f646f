"""Reductions over axes."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np

from ..tensor import Node, Tensor
from ._base import Gradients, _result, _run, _shape_of
from .shape import copy


def _axes(axis: int | Sequence[int] | None, ndim: int) -> tuple[int, ...] | None:
    """Axes for the op; None when there is nothing to sum over."""
    if axis is None:
        return ()
    axes = (axis,) if isinstance(axis, (int, np.integer)) else tuple(axis)
    return tuple(operator.index(a) for a in axes) if axes else None


def sum(
    x: Tensor, axis: int | Sequence[int] | None = None, keepdims: bool = False, *, into: Tensor | None = None
) -> Tensor:
    """Sum over axes, in an order that depends on the shape alone.

    Parameters
    ----------
    x : Tensor, (...)
    axis : int or sequence of int, optional
        All axes when not given.
    keepdims : bool
        Keep the axes with size one.
    """
    return _reduction("sum", x, axis, keepdims, into)


def mean(
    x: Tensor, axis: int | Sequence[int] | None = None, keepdims: bool = False, *, into: Tensor | None = None
) -> Tensor:
    """Mean over axes; the mean of nothing is NaN. Parameters as in `sum`."""
    return _reduction("mean", x, axis, keepdims, into)


def _reduction(name: str, x: Tensor, axis: int | Sequence[int] | None, keepdims: bool, into: Tensor | None) -> Tensor:
    axes = _axes(axis, x.ndim)
    if axes is None:
        return copy(x, into=into)
    array = _run(name, x, into=into, axes=axes, keepdims=keepdims)
    return _result(name, array, _reduction_gradient, (x,), like=_shape_of(x), axes=axes, keepdims=keepdims, into=into)


def _reduction_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    like, axes, keepdims = node.attributes["like"], node.attributes["axes"], node.attributes["keepdims"]
    name = f"{node.name}_backward"
    array = _run(name, dy, like, into=into[0], axes=axes, keepdims=keepdims)
    dx = _result(
        name,
        array,
        _reduction_backward_gradient,
        (dy,),
        reduction=node.name,
        axes=axes,
        keepdims=keepdims,
        into=into[0],
    )
    return (dx,)


def _reduction_backward_gradient(node: Node, g: Tensor, into: Gradients) -> Gradients:
    attributes = node.attributes
    # the empty tuple means all axes to the op, None to sum and mean
    axes = attributes["axes"] or None
    return (_reduction(attributes["reduction"], g, axes, attributes["keepdims"], into[0]),)
