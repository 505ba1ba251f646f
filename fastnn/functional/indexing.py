"""Elements by number: x[...] with integers, slices and arrays, take, scatter, one-hot rows."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from ..tensor import Node, Tensor, constant
from ._base import Gradients, _integer, _result, _run, _run_list, _shape_of
from .elementwise import broadcast_to
from .shape import _BEFORE_BEGIN, _END, _axis, _part, _rearrange, reshape

if TYPE_CHECKING:
    import numpy.typing as npt

# ---- x[...] ----------------------------------------------------------------------------------------------------------


class Index:
    """An index expression read for a shape: a view first, then what integer arrays take of it."""

    def __init__(self) -> None:
        self.starts: list[int] = []  # of the op slice, one entry for each axis
        self.stops: list[int] = []
        self.steps: list[int] = []
        self.axes: list[int] = []  # of the op rearrange: integers drop their axis, None puts one in
        self.arrays: list[Tensor] = []
        self.array_axes: list[int] = []  # axes of the view that the arrays index
        self.place = 0  # the axis of the result where the axes of the arrays begin

    def add_axis(self, start: int, stop: int, step: int) -> None:
        self.starts.append(start)
        self.stops.append(stop)
        self.steps.append(step)

    def view(self, x: Tensor) -> Tensor:
        """The part of x that integers, slices and None name; shares x's memory."""
        bounds = {"starts": tuple(self.starts), "stops": tuple(self.stops), "steps": tuple(self.steps)}
        edges = zip(self.starts, self.stops, self.steps, strict=True)
        whole = all(edge == (0, _END, 1) for edge in edges) and self.axes != list(range(x.ndim))
        return _rearrange(x if whole else _part(x, bounds), self.axes)

    def arrays_first(self, part: Tensor) -> Tensor:
        """The view with the axes that the arrays index in front; shares its memory."""
        others = [axis for axis in range(part.ndim) if axis not in self.array_axes]
        return _rearrange(part, [*self.array_axes, *others])

    def rows(self, dims: Sequence[int]) -> Tensor:
        """The arrays as one index of the axes that they index, of sizes dims, taken as one axis."""
        return self.arrays[0] if len(self.arrays) == 1 else ravel_multi_index(self.arrays, dims)

    def order(self, first: int, count: int, others: int) -> list[int]:
        """The axes that bring `count` axes of the arrays from `first` to their place between the others."""
        moved = range(first, first + count)
        order = [axis for axis in range(count + others) if axis not in moved]
        order[self.place : self.place] = moved
        return order


def read_index(x: Tensor, index: Any) -> Index:
    """What ``x[index]`` names, by NumPy's rules; the one place where indices are read.

    Raises
    ------
    IndexError
        For integers out of range, too many indices, or a mask of another shape.
    TypeError
        For what is no index.
    """
    items = [_read_item(x, item) for item in (index if isinstance(index, tuple) else (index,))]
    used = sum(_axes_used(item) for item in items)
    if used > x.ndim:
        raise IndexError(f"index: expected at most {x.ndim} indices for shape {x.shape}, got {used}")
    ellipses = [place for place, item in enumerate(items) if item is Ellipsis]
    if len(ellipses) > 1:
        raise IndexError("index: expected at most one Ellipsis")
    rest = [slice(None)] * (x.ndim - used)
    if ellipses:
        # an Ellipsis separates arrays also where it stands for nothing
        items[ellipses[0] + bool(not rest) : ellipses[0] + 1] = rest
    else:
        items += rest
    result = Index()
    advanced: list[int] = []  # places of items that index together: arrays, and integers beside them
    for place, item in enumerate(items):
        axis = len(result.starts)
        if item is None:
            result.axes.append(-1)
        elif isinstance(item, slice):
            result.add_axis(*_slice_edges(item))
            result.axes.append(axis)
        elif isinstance(item, (Tensor, _Mask)):
            advanced.append(place)
            for array in item.places(x, axis) if isinstance(item, _Mask) else [item]:
                result.arrays.append(array)
                result.array_axes.append(len(result.axes))
                result.axes.append(len(result.starts))
                result.add_axis(0, _END, 1)
        elif item is not Ellipsis:
            advanced.append(place)
            position = _position(item, axis, x.shape)
            result.add_axis(position, position + 1, 1)
        if len(advanced) == 1 and advanced[0] == place:
            result.place = len(result.axes) - (len(result.arrays))
    if advanced and advanced != list(range(advanced[0], advanced[0] + len(advanced))):
        result.place = 0
    return result


class _Mask:
    """A mask of bool: it names the elements where it is true."""

    def __init__(self, values: npt.NDArray[np.bool_], frozen: bool) -> None:
        self.values = values
        self.frozen = frozen  # whether a program may keep which those are

    def places(self, x: Tensor, axis: int) -> list[Tensor]:
        shape = x.shape[axis : axis + self.values.ndim]
        if self.values.shape != shape:
            raise IndexError(f"index: expected a mask {shape} at axis {axis}, got {self.values.shape}")
        indices = [Tensor(array, device=x.device) for array in self.values.nonzero()]
        return [constant(array) for array in indices] if self.frozen else indices


def _axes_used(item: Any) -> int:
    if isinstance(item, _Mask):
        return item.values.ndim
    return int(item is not None and item is not Ellipsis)


def _read_item(x: Tensor, item: Any) -> Any:
    """Integers, slices, None and Ellipsis as they are, arrays of integers as Tensors, of bool as masks."""
    if item is None or item is Ellipsis or isinstance(item, slice):
        return item
    if isinstance(item, Tensor) and (item.ndim or item.dtype != np.bool_):
        return _Mask(item.numpy(), item._array.is_constant) if item.dtype == np.bool_ else item
    if isinstance(item, (list, np.ndarray)) and np.ndim(item) > 0:
        array = np.asarray(item)
        if array.size == 0 and isinstance(item, list):
            array = array.astype(np.int64)
        if array.dtype.kind not in "iub":
            raise TypeError(f"index: expected arrays of integers or bool, got {array.dtype}")
        if array.dtype.kind == "b":
            return _Mask(array, isinstance(item, list))
        if isinstance(item, list):
            return _literal_indices(array, x.device)
        return Tensor(array.astype(np.int64), device=x.device)
    # True and False are masks to NumPy, not 1 and 0
    if not isinstance(item, bool) and getattr(item, "dtype", None) != np.bool_:
        with suppress(TypeError):
            return operator.index(item)
    raise TypeError(
        f"index: expected integers, slices, Ellipsis, None or arrays of integers or bool, got {type(item).__name__}"
    )


def _literal_indices(values: npt.NDArray[Any], device: str) -> Tensor:
    """Indices that are written in the program, or follow from shapes: they may be frozen."""
    return constant(Tensor(values.astype(np.int64), device=device))


def _slice_edges(item: slice) -> tuple[int, int, int]:
    step = 1 if item.step is None else _integer("index", "slices", item.step)
    first, end = (0, _END) if step > 0 else (_END, _BEFORE_BEGIN)
    start = first if item.start is None else _integer("index", "slices", item.start)
    stop = end if item.stop is None else _integer("index", "slices", item.stop)
    return start, stop, step


def _position(position: int, axis: int, shape: tuple[int, ...]) -> int:
    size = shape[axis]
    if not -size <= position < size:
        raise IndexError(f"index: expected an index in [{-size}, {size}) for axis {axis}, got {position}")
    return position + size if position < 0 else position


def getitem(x: Tensor, index: Any) -> Tensor:
    """``x[index]`` by NumPy's rules.

    Integers, slices, Ellipsis and None give a view of the same memory. Arrays of integers (lists, NumPy arrays, Tensors
    of int32 or int64) and masks of bool give a copy; equal indices add up in the gradient. How many elements a mask
    names depends on its values: inside a step program it has to be admitted by `fastnn.constant`, as NumPy arrays have.
    """
    read = read_index(x, index)
    part = read.view(x)
    if not read.arrays:
        return part
    first, count = read.array_axes[0], len(read.arrays)
    if read.array_axes != list(range(first, first + count)):
        part, first = read.arrays_first(part), 0
    indices = read.rows(part.shape[first : first + count])
    if count > 1:
        part = reshape(part, (*part.shape[:first], -1, *part.shape[first + count :]))
    return _rearrange(take(part, indices, first), read.order(first, indices.ndim, part.ndim - 1))


# ---- take ------------------------------------------------------------------------------------------------------------


def _index_tensor(op: str, indices: Any, device: str) -> Tensor:
    """Indices as a Tensor; Python's numbers are part of the program."""
    if isinstance(indices, Tensor):
        return indices
    array = np.asarray(indices)
    if array.size == 0 and not isinstance(indices, np.ndarray):
        array = array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{op}: expected indices of integers, got {array.dtype}")
    if isinstance(indices, np.ndarray):
        return Tensor(array.astype(np.int64), device=device)
    return _literal_indices(array, device)


def take(x: Tensor, indices: Any, axis: int | None = None) -> Tensor:
    """Parts of x by number along an axis: ``x[..., indices, ...]``.

    Parameters
    ----------
    x : Tensor of any dtype
    indices : Tensor of int32 or int64, or array_like of integers
        Of any shape; negative ones count from the end.
    axis : int, optional
        Of the flattened tensor when not given.

    Returns
    -------
    Tensor
        x with the shape of indices in place of the axis; equal indices add up in the gradient, in their order.

    Raises
    ------
    IndexError
        When an index is out of range; nothing was written then.
    """
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    index = _index_tensor("take", indices, x.device)
    array = _run("take", x, index, axis=axis)
    return _result("take", array, _take_gradient, (x, index), (index,), like=_shape_of(x), axis=axis)


def _take_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    (indices,), axis = node.saved, node.attributes["axis"]
    array = _run("take_backward", dy, indices, node.attributes["like"], into=into[0], axis=axis)
    dx = _result("take_backward", array, _take_backward_gradient, (dy,), (indices,), axis=axis, into=into[0])
    return dx, None


def _take_backward_gradient(node: Node, g: Tensor, into: Gradients) -> Gradients:
    return (take(g, node.saved[0], node.attributes["axis"]),)


def take_along_axis(x: Tensor, indices: Any, axis: int | None = -1) -> Tensor:
    """One element of x for each index, as NumPy's: ``y[i, j] = x[indices[i, j], j]`` for axis 0.

    Parameters
    ----------
    x : Tensor of any dtype
    indices : Tensor of int32 or int64, or array_like of integers
        With as many axes as x; other axes than the one of the indices broadcast. Negative ones count from the end.
    axis : int or None, default -1
        None means the flattened tensor.

    Returns
    -------
    Tensor of the shape of indices

    Raises
    ------
    IndexError
        When an index is out of range; nothing was written then.
    """
    index = _index_tensor("take_along_axis", indices, x.device)
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    place = _axis("take_along_axis", axis, x.ndim)
    if index.ndim == x.ndim:
        sizes = [(n, m) if i != place else (0, 0) for i, (n, m) in enumerate(zip(x.shape, index.shape, strict=True))]
        if any(n == 1 != m for n, m in sizes):
            x = broadcast_to(x, [m if n == 1 else -1 for n, m in sizes])
        if any(m == 1 != n for n, m in sizes):
            index = broadcast_to(index, [n if m == 1 else -1 for n, m in sizes])
    array = _run("take_along_axis", x, index, axis=place)
    rule = _take_along_axis_gradient
    return _result("take_along_axis", array, rule, (x, index), (index,), like=_shape_of(x), axis=place)


def _take_along_axis_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    (indices,), axis = node.saved, node.attributes["axis"]
    array = _run("take_along_axis_backward", dy, indices, node.attributes["like"], into=into[0], axis=axis)
    rule = _take_along_axis_backward_gradient
    dx = _result("take_along_axis_backward", array, rule, (dy,), (indices,), axis=axis, into=into[0])
    return dx, None


def _take_along_axis_backward_gradient(node: Node, g: Tensor, into: Gradients) -> Gradients:
    return (take_along_axis(g, node.saved[0], node.attributes["axis"]),)


# ---- scatter, one-hot ------------------------------------------------------------------------------------------------


def ravel_multi_index(indices: Sequence[Tensor], dims: Sequence[int]) -> Tensor:
    """Numbers of elements in C order, int64, from an index for each axis of sizes dims; the indices broadcast."""
    return Tensor._wrap(_run_list("ravel_multi_index", indices, dims=tuple(dims)))


def scatter(indices: Any, values: Tensor, shape: Sequence[int]) -> Tensor:
    """Zeros of a shape with values at indices; values of equal indices are added, in their order.

    Parameters
    ----------
    indices : Tensor of int32 or int64, or array_like of integers, (..., k)
        The first k indices of each part; negative ones count from the end.
    values : Tensor of float32 or float64, (..., *shape[k:])
    shape : sequence of int

    Returns
    -------
    Tensor of the shape

    Raises
    ------
    IndexError
        When an index is out of range; nothing was written then.
    """
    index = _index_tensor("scatter", indices, values.device)
    sizes = tuple(_integer("scatter", "shape", size) for size in shape)
    count = index.shape[-1] if index.ndim else 0
    if not 1 <= count <= len(sizes):
        raise ValueError(f"scatter: expected indices (..., k) with k from 1 to {len(sizes)}, got {index.shape}")
    if values.shape != (*index.shape[:-1], *sizes[count:]):
        raise ValueError(f"scatter: expected values {(*index.shape[:-1], *sizes[count:])}, got {values.shape}")
    columns = [getitem(index, (Ellipsis, column)) for column in range(count)]
    flat = ravel_multi_index(columns, sizes[:count])
    array = _run("take_backward", values, flat, axis=0, size=math.prod(sizes[:count]))
    parts = _result("take_backward", array, _take_backward_gradient, (values,), (flat,), axis=0)
    return reshape(parts, sizes)


def scatter_along_axis(indices: Tensor, values: Tensor, size: int, axis: int = -1) -> Tensor:
    """Zeros with values at indices along an axis, so many of them: the transpose of `take_along_axis`.

    Parameters
    ----------
    indices : Tensor of int32 or int64, (...)
        In [-size, size). Values of equal indices are added, in their order.
    values : Tensor of float32 or float64, of the shape of indices
        At least one along the axis.
    size : int
        Of the result along the axis.
    axis : int, default -1

    Raises
    ------
    IndexError
        When an index is out of range; nothing was written then.
    """
    place = _axis("scatter_along_axis", axis, values.ndim)
    count = _integer("scatter_along_axis", "size", size)
    if indices.shape != values.shape or values.shape[place] == 0:
        raise ValueError(f"scatter_along_axis: expected values {indices.shape}, not empty, got {values.shape}")
    first = getitem(values.detach(), (slice(None),) * place + (slice(0, 1),))
    like = _shape_of(broadcast_to(first, [count if i == place else -1 for i in range(values.ndim)]))
    array = _run("take_along_axis_backward", values, indices, like, axis=place)
    rule = _take_along_axis_backward_gradient
    return _result("take_along_axis_backward", array, rule, (values,), (indices,), axis=place)


def one_hot(labels: Tensor, num_classes: int, dtype: npt.DTypeLike = "float32", axis: int = -1) -> Tensor:
    """1 at the label of each row, else 0.

    Parameters
    ----------
    labels : Tensor, (...) of uint8, int32 or int64
    num_classes : int
    dtype : default float32
    axis : int, default -1
        The axis of the result along which the classes stand.

    Raises
    ------
    IndexError
        When a label is not in [0, num_classes).
    """
    rows = Tensor._wrap(_run("one_hot", labels, classes=num_classes, dtype=np.dtype(dtype).name))
    place = _axis("one_hot", axis, rows.ndim)
    order = list(range(rows.ndim - 1))
    order.insert(place, rows.ndim - 1)
    return _rearrange(rows, order)
