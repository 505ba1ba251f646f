"""How fastnn.kernels reaches the engine: arrays in without a copy where their memory allows it, NumPy arrays out.

Ordinary arrays go to the engine as they are when results are written into ordinary arrays too (_core.short_way);
whatever is unusual about arguments is settled here. An array is copied only when it is not aligned to its elements or
not in native byte order; strides that an op does not take are made contiguous inside the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from . import _core

if TYPE_CHECKING:
    import numpy.typing as npt


class _SupportsDLPack(Protocol):
    def __dlpack__(self) -> Any: ...


Array: TypeAlias = "npt.NDArray[Any]"
Arrayish: TypeAlias = "npt.ArrayLike | _SupportsDLPack"

_op = lru_cache(maxsize=None)(_core.op)


def _as_numpy(value: Any) -> Array:
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, _core.Array) or not hasattr(value, "__dlpack__"):
        return np.asarray(value)
    return np.from_dlpack(value)


def _share(op: str, array: Array) -> _core.Array:
    try:
        return _core.Array.from_numpy(array, copy=False)
    except (TypeError, ValueError) as error:
        # what can't be an Array at all is refused in the op's name
        raise type(error)(f"{op}: {str(error).partition(': ')[2]}") from None


def _input(op: str, value: Any) -> _core.Array | None:
    if value is None or isinstance(value, _core.Array):
        return value
    array = _as_numpy(value)
    if not (array.flags.aligned and array.dtype.isnative) or any(s % array.itemsize for s in array.strides):
        array = array.astype(array.dtype.newbyteorder("="), order="C", copy=True)
    return _share(op, array)


def _memory(op: str, name: str, value: Any) -> _core.Array:
    """An array the op writes: it must be used as it is."""
    if isinstance(value, _core.Array):
        return value
    array = _as_numpy(value)
    # asarray of a list, say, is a new array that the caller would never see
    if not isinstance(value, np.ndarray) and not hasattr(value, "__dlpack__"):
        try:
            shares = np.shares_memory(array, np.asarray(memoryview(value)))
        except TypeError:
            shares = False
        if not shares:
            raise TypeError(f"{op}: expected {name} to be an array that can be written, got {type(value).__name__}")
    if not array.flags.writeable:
        raise ValueError(f"{op}: expected {name} to be writable, got a read-only array")
    if not (array.flags.aligned and array.dtype.isnative):
        raise ValueError(f"{op}: expected {name} aligned to its elements and in native byte order")
    return _share(op, array)


class _List(list[Any]):
    """The arrays of an input that is a list of them; any other sequence is an array."""


def _listed(op: str, value: Any, where: str = "") -> _List:
    try:
        return _List(value)
    except TypeError:
        raise TypeError(f"{op}: expected a list of arrays{where}, got {type(value).__name__}") from None


def _run(name: str, inputs: Sequence[Any], outs: Sequence[Any], accumulate: bool, attributes: dict[str, Any]) -> Any:
    op = _op(name)
    if not isinstance(accumulate, (bool, np.bool_)):
        raise TypeError(f"{name}: expected accumulate to be a bool, got {type(accumulate).__name__}")
    memory = tuple(None if out is None else _memory(name, "out", out) for out in outs)
    if accumulate and memory[0] is None:
        raise ValueError(f"{name}: accumulate needs out")
    arrays: list[Any] = [
        [_input(name, v) for v in value] if isinstance(value, _List) else _input(name, value) for value in inputs
    ]
    return op(*arrays, out=memory if len(memory) > 1 else memory[0], accumulate=int(accumulate), **attributes)


def _run_one(name: str, inputs: tuple[Any, ...], outs: tuple[Any], accumulate: bool, **attributes: Any) -> Array:
    result = _run(name, inputs, outs, accumulate, attributes)
    array: Array = result.numpy(writeable=True) if outs[0] is None else outs[0]
    return array


def _run_of_list(name: str, inputs: tuple[Any], outs: tuple[Any], accumulate: bool, **attributes: Any) -> Array:
    (arrays,) = inputs
    return _run_one(name, (_listed(name, arrays),), outs, accumulate, **attributes)


def _run_many(name: str, inputs: tuple[Any, ...], out: Any, accumulate: bool, **attributes: Any) -> Any:
    outputs = _op(name).schema["outputs"]
    outs = (None,) * len(outputs) if out is None else tuple(_listed(name, out, " as out"))
    if len(outs) != len(outputs):
        raise ValueError(f"{name}: expected out to have {len(outputs)} entries, got {len(outs)}")
    results = _run(name, inputs, outs, accumulate, attributes)
    return tuple(
        result.numpy(writeable=True) if given is None else given for result, given in zip(results, outs, strict=True)
    )


def _run_update(name: str, inputs: tuple[Any, ...], outs: tuple[()], accumulate: bool, **attributes: Any) -> None:
    op = _op(name)
    arrays: list[Any] = []
    for value, argument in zip(inputs, op.schema["inputs"], strict=True):
        convert = partial(_memory, name, argument["name"]) if argument["role"] == "update" else partial(_input, name)
        if argument["variadic"]:
            arrays.append([convert(item) for item in _listed(name, value, f" as {argument['name']}")])
        else:
            arrays.append(convert(value))
    op(*arrays, **attributes)


_one = _core.short_way(_run_one)
_of_list = _core.short_way(_run_of_list)
_many = _core.short_way(_run_many)
_update = _core.short_way(_run_update)
