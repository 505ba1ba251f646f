"""Writing tensors in place, on the tape, by PyTorch's rules.

A tensor that is written moves to a node of its new values; the storage's version rises, so a rule that had saved the
old values refuses to run. Writing a view moves its base to a node that knows which part came from where, and all views
of that base follow. A leaf that requires a gradient is written under no_grad only. Inside a step its arguments are
refused: they are the caller's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import _core
from ..tensor import Node, Tensor, View, constant, is_grad_enabled, step_memory
from ._base import Gradients, _op, _result, _run, _shape_of
from .elementwise import _to_operand, broadcast_to, equal, where
from .indexing import Index, read_index, take
from .shape import _rearrange, expand_dims, fill, reshape


def in_place(name: str, x: Tensor, function: Callable[..., Tensor], /, *operands: Any) -> Tensor:
    """``x[...] = function(x, *operands)``, differentiable in all of them."""
    _check_writable(name, x)
    old = Tensor._wrap(x._array)  # what x was, on the node it had
    old._node, old.requires_grad = x._node, x.requires_grad
    result = function(old, *(old if operand is x else operand for operand in operands))
    if result.shape != x.shape:
        raise ValueError(f"{name}: expected a result of shape {x.shape}, got {result.shape}")
    if result.dtype != x.dtype:
        raise TypeError(f"{name}: expected a result of {x.dtype}, got {result.dtype}")
    node = result._node
    if isinstance(node, Node):
        node.saved = tuple(_kept(saved, x) for saved in node.saved)
        node.note_versions()
    _store(x, result, None, computed=True)
    return x


def _kept(saved: Tensor, x: Tensor) -> Tensor:
    """What a rule saved; a copy when it looks at values that are about to go."""
    if not saved._array.shares_storage(x._array):
        return saved
    copied = Tensor._wrap(_run("copy", saved))
    copied._node, copied.requires_grad = saved._node, saved.requires_grad
    return copied


def write(name: str, x: Tensor, value: Any, /) -> Tensor:
    """``x[...] = value``, differentiable in value."""
    _check_writable(name, x)
    source = _source(name, x, value)
    _store(x, _aligned(name, source, x.shape), None)
    return x


def setitem(x: Tensor, index: Any, value: Any) -> None:
    """``x[index] = value`` by NumPy's rules; value may broadcast, and gradients go on to it.

    Of elements that arrays of indices name several times, the last value stays. A mask takes a value for every element
    it names, or one that broadcasts to all; inside a step program only the latter, as for `where`.
    """
    _check_writable("setitem", x)
    source = _source("setitem", x, value)
    mask = _mask_for(x, index, source)
    if mask is not None:
        in_place("setitem", x, lambda old, new: where(mask, new, old), source)
        return
    read = read_index(x, index)
    part = read.view(x.detach())
    if read.arrays:
        _store_rows(x, part, source, read)
        return
    source = _aligned("setitem", source, part.shape)
    if not _is_part(source, x, part):
        _store(x, source, read.view)


def _mask_for(x: Tensor, index: Any, source: Tensor) -> Tensor | None:
    """The mask that names what is written, broadcast over x, where the value doesn't depend on how much it names."""
    is_mask = isinstance(index, (Tensor, np.ndarray)) and index.dtype == np.bool_ and index.ndim > 0
    if not is_mask or index.shape != x.shape[: index.ndim]:
        return None
    inner = x.shape[index.ndim :]
    extra = source.ndim - len(inner)
    if extra > 1 or (extra == 1 and source.shape[0] != 1):
        return None
    _aligned("setitem", source, (1, *inner))
    mask = index if isinstance(index, Tensor) else Tensor(index, device=x.device)
    return mask if not inner else expand_dims(mask, tuple(range(index.ndim, x.ndim)))


def _store_rows(x: Tensor, part: Tensor, source: Tensor, read: Index) -> None:
    """Write what arrays of indices name in a view of x."""
    count = len(read.arrays)
    rows = read.rows([part.shape[axis] for axis in read.array_axes])
    target = read.arrays_first(part)
    inner = target.shape[count:]
    order = read.order(0, rows.ndim, len(inner))
    sizes = (*rows.shape, *inner)
    named = [sizes[axis] for axis in order]
    values = broadcast_to(_aligned("setitem", source, tuple(named)), named)
    values = _rearrange(values, [order.index(axis) for axis in range(len(order))])
    on_tape = is_grad_enabled() and (x.requires_grad or values.requires_grad)
    if target._array.is_contiguous and not on_tape:
        if values._array.shares_storage(x._array):
            values = Tensor._wrap(_run("copy", values))
        if step_memory.writing is not None:
            step_memory.writing(target._array)
        _op("put_update")(_as_rows(target, count)._array, rows._array, values._array)
        _forget_activation(x)
        return

    def place(t: Tensor) -> Tensor:
        return read.arrays_first(read.view(t))

    after = _put(_as_rows(place(x), count), rows, values)
    _store(x, after if count == 1 else reshape(after, target.shape), place)


def _as_rows(x: Tensor, count: int) -> Tensor:
    """The first axes taken as one."""
    return x if count == 1 else reshape(x, (-1, *x.shape[count:]))


def _put(x: Tensor, rows: Tensor, values: Tensor) -> Tensor:
    """x with values in the rows; of equal rows the last value stays."""
    array = _run("copy", x)
    _op("put_update")(array, rows._array, values._array)
    return _result("put", array, _put_gradient, (x, values), (rows,), likes=(None, _shape_of(values)))


def _put_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    (rows,) = node.saved
    dx = d_values = None
    if node.needs[0]:
        dx = _put(dy, rows, fill(node.attributes["likes"][1], 0.0))
    if node.needs[1]:
        # of equal rows only the last one was kept
        numbers = constant(Tensor(np.arange(rows.size).reshape(rows.shape), device=rows.device))
        writers = _put(constant(Tensor(np.zeros(len(dy), np.int64), device=rows.device)), rows, numbers)
        kept = reshape(equal(take(writers, rows, 0), numbers), (*rows.shape, *(1 for _ in dy.shape[1:])))
        d_values = where(kept, take(dy, rows, 0), 0.0)
    return dx, d_values


def _is_part(source: Tensor, x: Tensor, part: Tensor) -> bool:
    """Whether what is to be written is what stands there already, as after ``x[0] += 1``."""
    links = source._links
    if links is None or (links.base is not x and (x._links is None or links.base is not x._links.base)):
        return False
    a, b = source._array, part._array
    return (a.address, a.shape, a.strides) == (b.address, b.shape, b.strides)


def _check_writable(name: str, x: Tensor) -> None:
    if x._array.is_constant:
        raise RuntimeError(f"{name}: the tensor is a constant, whose values programs may have frozen")
    if any(x._array.shares_storage(array) for array in step_memory.arguments):
        raise RuntimeError(f"{name}: the arguments of a step, which are its caller's memory, are not written in place")
    if not is_grad_enabled():
        return
    base = x if x._links is None or x._links.base is None else x._links.base
    for tensor, what in ((x, "a leaf"), (base, "a view of a leaf")):
        if tensor.requires_grad and tensor._node is None:
            raise RuntimeError(
                f"{name}: {what} that requires a gradient can't be written in place while the tape is on; "
                "write it under no_grad()"
            )


def _aligned(name: str, value: Tensor, wanted: tuple[int, ...]) -> Tensor:
    """A value that broadcasts to a shape, without the axes of size one that it has before those."""
    shape = value.shape
    extra = len(shape) - len(wanted)
    if extra > 0 and shape[:extra] == (1,) * extra:
        shape = shape[extra:]
    pairs = zip(reversed(shape), reversed(wanted), strict=False)
    if len(shape) > len(wanted) or any(size not in (1, want) for size, want in pairs):
        raise ValueError(f"{name}: expected a value that broadcasts to {wanted}, got {value.shape}")
    return value if shape == value.shape else reshape(value, shape)


def _source(name: str, x: Tensor, value: Any) -> Tensor:
    """What is written, as a tensor of x's dtype; Python numbers are constants."""
    if isinstance(value, Tensor):
        if value.dtype != x.dtype:
            raise TypeError(f"{name}: expected values of {x.dtype}, got {value.dtype}")
        return value
    given = np.asarray(value)
    if not np.can_cast(given.dtype, x.dtype, "same_kind") and (
        given.dtype.kind not in "iu" or x.dtype.kind not in "iu"
    ):
        raise TypeError(f"{name}: expected values of {x.dtype}, got {given.dtype}")
    array = given.astype(x.dtype)
    if x.dtype.kind in "iu" and not (array == given).all():
        raise ValueError(f"{name}: expected values that {x.dtype} holds, got {value!r}")
    made = _core.Array.from_numpy(array, copy=True, device=x.device)
    return Tensor._wrap(made.constant() if isinstance(value, (bool, int, float)) else made)


def _store(x: Tensor, value: Tensor, place: View | None, computed: bool = False) -> None:
    """Write value into x, or the part of it that place shows, and put x on the tape of what it is now.

    `computed` says that value was computed from all of x, and nothing else uses it.
    """
    _assign(x if place is None else place(x.detach()), value)
    links = x._links
    base = x if links is None or links.base is None else links.base
    _forget_activation(x)
    if not is_grad_enabled() or not (value.requires_grad or base.requires_grad):
        return
    region = place
    if base is not x:
        assert links is not None
        region = links.view if place is None else _after(links.view, place)
    if region is None and computed:
        base.move(value._node)
    else:
        base.move(
            Node(
                "assign",
                _assign_gradient,
                (base, value),
                (),
                None,
                {"region": region, "likes": (None, _shape_of(value))},
            )
        )
    base.move_views()
    if base is not x:
        x.follow_base()


def _forget_activation(x: Tensor) -> None:
    """Its values, and its base's, are no longer an activation of the logits."""
    base = None if x._links is None else x._links.base
    for tensor in (x, base):
        if tensor is not None:
            tensor.logits = tensor.activation = None


def _after(first: View | None, second: View) -> View:
    assert first is not None
    return lambda t: second(first(t))


def _assign(target: Tensor, value: Tensor) -> None:
    array = value._array
    if array.shares_storage(target._array):
        array = _run("copy", value)
    if step_memory.writing is not None:
        step_memory.writing(target._array)
    _op("assign_update")(target._array, array)


def _assign_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    region: View | None = node.attributes["region"]
    d_base = d_value = None
    if node.needs[0]:
        d_base = fill(dy, 0.0) if region is None else _assigned(dy, fill(dy, 0.0), region)
    if node.needs[1]:
        d_value = _to_operand(node, 1, dy if region is None else region(dy), into[1])
    return d_base, d_value


def _assigned(x: Tensor, value: Tensor, region: View) -> Tensor:
    """x with the part that region shows replaced by that of value."""
    array = _run("copy", x)
    part = region(value)
    _assign(region(Tensor._wrap(array)), part)
    likes = (None, _shape_of(part))
    return _result("assign", array, _assign_gradient, (x, part), region=region, likes=likes)
