"""Shape and memory: views, slices, copies."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import _core
from ..tensor import Node, Tensor
from ._base import Gradients, _integer, _result, _run, _shape_of


def reshape(x: Tensor, shape: int | Sequence[int]) -> Tensor:
    """The same elements in C order under another shape; one entry may be -1. Shares memory where it can."""
    target = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    array = _run("reshape", _contiguous(x), shape=target)
    return _result("reshape", array, _reshape_gradient, (x,), like=_shape_of(x))


def _reshape_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return (_reshape_like(dy, node.attributes["like"]),)


def _reshape_like(x: Tensor, like: Tensor) -> Tensor:
    array = _run("reshape", _contiguous(x), _shape_of(like))
    return _result("reshape", array, _reshape_gradient, (x,), like=_shape_of(x))


def _contiguous(x: Tensor) -> Tensor:
    return x if x._array.is_contiguous else Tensor._wrap(_run("copy", x))


_END = 2**63 - 1
_BEFORE_BEGIN = -(2**63)


def getitem(x: Tensor, index: Any) -> Tensor:
    """``x[index]`` for integers, slices, Ellipsis and None; shares memory. See `Tensor`."""
    items = list(index) if isinstance(index, tuple) else [index]
    used = sum(item is not None and item is not Ellipsis for item in items)
    if used > x.ndim:
        raise IndexError(f"index: expected at most {x.ndim} indices for shape {x.shape}, got {used}")
    ellipses = [place for place, item in enumerate(items) if item is Ellipsis]
    if len(ellipses) > 1:
        raise IndexError("index: expected at most one Ellipsis")
    for place in ellipses:
        items[place : place + 1] = [slice(None)] * (x.ndim - used)
    starts, stops, steps = [], [], []
    for axis, item in enumerate(item for item in items if item is not None):
        if isinstance(item, slice):
            step = 1 if item.step is None else _integer("index", "slices", item.step)
            first, end = (0, _END) if step > 0 else (_END, _BEFORE_BEGIN)
            starts.append(first if item.start is None else _integer("index", "slices", item.start))
            stops.append(end if item.stop is None else _integer("index", "slices", item.stop))
            steps.append(step)
        else:
            position = _position(item, axis, x.shape)
            starts.append(position)
            stops.append(position + 1)
            steps.append(1)
    bounds: dict[str, Any] = {"starts": tuple(starts), "stops": tuple(stops), "steps": tuple(steps)}
    part = _result("slice", _slice(x, bounds), _slice_gradient, (x,), like=_shape_of(x), bounds=bounds)
    return part if all(isinstance(item, slice) for item in items) else _squeezed(part, items)


def _slice(x: Tensor, bounds: dict[str, Any]) -> _core.Array:
    return _run("slice", x, **bounds)


def _position(item: Any, axis: int, shape: tuple[int, ...]) -> int:
    # True and False are masks to NumPy, not 1 and 0
    if isinstance(item, (bool, np.bool_)) or not hasattr(item, "__index__") or np.ndim(item) > 0:
        raise TypeError(f"index: expected integers, slices, Ellipsis or None, got {type(item).__name__}")
    position = operator.index(item)
    size = shape[axis]
    if not -size <= position < size:
        raise IndexError(f"index: expected an index in [{-size}, {size}) for axis {axis}, got {position}")
    return position + size if position < 0 else position


def _squeezed(part: Tensor, items: list[Any]) -> Tensor:
    """Drops the axes of integers and puts in the axes of None. A leading batch axis stays open."""
    shape = []
    axis = 0
    for item in items:
        if item is None:
            shape.append(1)
            continue
        if isinstance(item, slice):
            shape.append(part.shape[axis])
        axis += 1
    shape += part.shape[axis:]
    keeps_batch = bool(items) and isinstance(items[0], slice) and items[0] == slice(None)
    if keeps_batch and 0 not in shape:
        shape[0] = -1
    return reshape(part, shape)


def _slice_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    like, bounds = node.attributes["like"], node.attributes["bounds"]
    array = _run("slice_backward", dy, like, into=into[0], **bounds)
    dx = _result(
        "slice_backward", array, _slice_backward_gradient, (dy,), like=_shape_of(dy), bounds=bounds, into=into[0]
    )
    return (dx,)


def _slice_backward_gradient(node: Node, g: Tensor, into: Gradients) -> Gradients:
    bounds = node.attributes["bounds"]
    return (_result("slice", _slice(g, bounds), _slice_gradient, (g,), like=_shape_of(g), bounds=bounds),)


def copy(x: Tensor, *, into: Tensor | None = None) -> Tensor:
    """A contiguous copy."""
    array = _run("copy", x, into=into)
    return _result("copy", array, _copy_gradient, (x,), into=into)


def _copy_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return (dy,)


def fill(like: Tensor, value: float) -> Tensor:
    """A tensor of the shape, dtype and device of another, every element the same value."""
    return Tensor._wrap(_run("fill", _shape_of(like), value=value))
