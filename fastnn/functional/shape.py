"""Views of the same memory under another shape, in another order, of a part; copies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import _core
from ..tensor import Node, Tensor
from ._base import Gradients, _integer, _result, _run, _shape_of

# ---- another shape ---------------------------------------------------------------------------------------------------


def reshape(x: Tensor, shape: int | Sequence[int]) -> Tensor:
    """The same elements in C order under another shape; one entry may be -1. Shares memory where it can."""
    target = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    array = _run("reshape", _contiguous(x), shape=_open_batch(x, target))
    return _result("reshape", array, _reshape_gradient, (x,), view=lambda t: reshape(t, target), like=_shape_of(x))


def _open_batch(x: Tensor, target: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with -1 in place of a leading size that is x's own: so a program serves other batch sizes."""
    if not target or not x.shape or target[0] != x.shape[0] or x.size == 0:
        return target
    rest = math.prod(x.shape[1:])
    known = math.prod(size for size in target[1:] if size != -1)
    if target.count(-1) == 0 and known == rest:
        return (-1, *target[1:])
    if target.count(-1) == 1 and known > 0 and rest % known == 0:
        return (-1, *(rest // known if size == -1 else size for size in target[1:]))
    return target


def _reshape_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return (_reshape_like(dy, node.attributes["like"]),)


def _reshape_like(x: Tensor, like: Tensor) -> Tensor:
    array = _run("reshape", _contiguous(x), _shape_of(like))
    return _result("reshape", array, _reshape_gradient, (x,), like=_shape_of(x))


def _contiguous(x: Tensor) -> Tensor:
    return x if x._array.is_contiguous else Tensor._wrap(_run("copy", x))


def flatten(x: Tensor, start_axis: int = 0, end_axis: int = -1) -> Tensor:
    """The axes from start to end, both included, as one; a number becomes an array of one element."""
    if x.ndim == 0:
        return reshape(x, (1,))
    first, last = _axis("flatten", start_axis, x.ndim), _axis("flatten", end_axis, x.ndim)
    if first > last:
        raise ValueError(f"flatten: expected start_axis before end_axis, got {start_axis} and {end_axis}")
    return reshape(x, (*x.shape[:first], math.prod(x.shape[first : last + 1]), *x.shape[last + 1 :]))


# ---- another order of axes -------------------------------------------------------------------------------------------


def _axis(op: str, axis: Any, ndim: int) -> int:
    """An axis counted from the front."""
    position = _integer(op, "axes", axis)
    if not -ndim <= position < ndim:
        raise ValueError(f"{op}: expected an axis in [{-ndim}, {ndim}), got {position}")
    return position + ndim if position < 0 else position


def _axes(op: str, axes: int | Sequence[int], ndim: int) -> tuple[int, ...]:
    """Different axes counted from the front."""
    given = tuple(axes) if isinstance(axes, (tuple, list)) else (axes,)
    result = tuple(_axis(op, axis, ndim) for axis in given)
    if len(set(result)) != len(result):
        raise ValueError(f"{op}: expected different axes, got {axes}")
    return result


def _rearrange(x: Tensor, axes: Sequence[int]) -> Tensor:
    """A view with these axes of x; -1 is a new axis of size one, and axes of size one may be left out."""
    axes = tuple(axes)
    if axes == tuple(range(x.ndim)):
        return x
    inverse = tuple(axes.index(axis) if axis in axes else -1 for axis in range(x.ndim))
    array = _run("rearrange", x, axes=axes)
    return _result("rearrange", array, _rearrange_gradient, (x,), view=lambda t: _rearrange(t, axes), inverse=inverse)


def _rearrange_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return (_rearrange(dy, node.attributes["inverse"]),)


def transpose(x: Tensor, axes: Sequence[int] | None = None) -> Tensor:
    """A view of x with its axes in another order, reversed when not given.

    Parameters
    ----------
    x : Tensor of any dtype
    axes : sequence of int, optional
        The axis of x for every axis of the result.

    Raises
    ------
    ValueError
        When axes does not name every axis once.
    """
    order = tuple(range(x.ndim))[::-1] if axes is None else _axes("transpose", tuple(axes), x.ndim)
    if len(order) != x.ndim:
        raise ValueError(f"transpose: expected {x.ndim} axes for shape {x.shape}, got {order}")
    return _rearrange(x, order)


def swapaxes(x: Tensor, axis1: int, axis2: int) -> Tensor:
    """A view of x with two axes exchanged."""
    first, second = _axis("swapaxes", axis1, x.ndim), _axis("swapaxes", axis2, x.ndim)
    order = list(range(x.ndim))
    order[first], order[second] = second, first
    return _rearrange(x, order)


def moveaxis(x: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """A view of x with the axes of source where destination says, the others in their order."""
    sources, targets = _axes("moveaxis", source, x.ndim), _axes("moveaxis", destination, x.ndim)
    if len(sources) != len(targets):
        raise ValueError(f"moveaxis: expected as many destinations as sources, got {source} and {destination}")
    order = [axis for axis in range(x.ndim) if axis not in sources]
    for target, axis in sorted(zip(targets, sources, strict=True)):
        order.insert(target, axis)
    return _rearrange(x, order)


def expand_dims(x: Tensor, axis: int | Sequence[int]) -> Tensor:
    """A view of x with new axes of size one at these places of the result."""
    count = len(axis) if isinstance(axis, (tuple, list)) else 1
    places = _axes("expand_dims", axis, x.ndim + count)
    axes = iter(range(x.ndim))
    return _rearrange(x, [-1 if place in places else next(axes) for place in range(x.ndim + count)])


def squeeze(x: Tensor, axis: int | Sequence[int] | None = None) -> Tensor:
    """A view of x without axes of size one: these, or all of them.

    Raises
    ------
    ValueError
        When one of the axes has another size.
    """
    if axis is None:
        dropped: tuple[int, ...] = tuple(place for place, size in enumerate(x.shape) if size == 1)
    else:
        dropped = _axes("squeeze", axis, x.ndim)
    for place in dropped:
        if x.shape[place] != 1:
            raise ValueError(f"squeeze: expected axes of size 1, got axis {place} of shape {x.shape}")
    return _rearrange(x, [place for place in range(x.ndim) if place not in dropped])


# ---- a part ----------------------------------------------------------------------------------------------------------

_END = 2**63 - 1
_BEFORE_BEGIN = -(2**63)


def _part(x: Tensor, bounds: dict[str, Any]) -> Tensor:
    """A view of a part; bounds are the attributes of the op slice. Its gradient adds into the whole's buffer."""
    array = _slice(x, bounds)
    rule = _slice_gradient
    return _result("slice", array, rule, (x,), view=lambda t: _part(t, bounds), like=_shape_of(x), bounds=bounds)


def _part_along(x: Tensor, axis: int, start: int, stop: int, step: int = 1) -> Tensor:
    """A view of a part along one axis."""
    bounds = {"starts": (*[0] * axis, start), "stops": (*[_END] * axis, stop), "steps": (*[1] * axis, step)}
    return _part(x, bounds)


def _slice(x: Tensor, bounds: dict[str, Any]) -> _core.Array:
    return _run("slice", x, **bounds)


def _slice_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    like, bounds = node.attributes["like"], node.attributes["bounds"]
    array = _run("slice_backward", dy, like, into=into[0], **bounds)
    dx = _result("slice_backward", array, _slice_backward_gradient, (dy,), bounds=bounds, into=into[0])
    return (dx,)


def _slice_backward_gradient(node: Node, g: Tensor, into: Gradients) -> Gradients:
    return (_part(g, node.attributes["bounds"]),)


def flip(x: Tensor, axis: int | Sequence[int] | None = None) -> Tensor:
    """A view of x from the end to the beginning along these axes, or all."""
    for place in range(x.ndim) if axis is None else _axes("flip", axis, x.ndim):
        x = _part_along(x, place, _END, _BEFORE_BEGIN, -1)
    return x


# ---- copies ----------------------------------------------------------------------------------------------------------


def copy(x: Tensor, *, into: Tensor | None = None) -> Tensor:
    """A contiguous copy."""
    array = _run("copy", x, into=into)
    return _result("copy", array, _copy_gradient, (x,), into=into)


def _copy_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return (dy,)


def fill(like: Tensor, value: float) -> Tensor:
    """A tensor of the shape, dtype and device of another, every element the same value."""
    return Tensor._wrap(_run("fill", _shape_of(like), value=value))
