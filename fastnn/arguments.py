"""What compiled functions are called with and return: arrays and numbers within tuples, lists and dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from . import _core
from .functional._base import _op
from .later import Later
from .program import apart
from .tensor import Tensor

__all__ = ["Arguments", "Number", "misses_float", "results_of", "with_form"]

_STATIC = (int, str, bytes, bool, complex, type(None))


class Arguments:
    """The arguments of a call, taken apart.

    Parameters
    ----------
    args, kwargs
        As the function is called.
    fixed : set of int
        Which of the floats, counted through, are part of the key rather than inputs.

    Attributes
    ----------
    arrays : list of Array
        Tensors and arrays, in order; then the floats.
    form : hashable
        All the rest: what programs are told apart by.
    only_arrays : bool
        Whether the arguments are positional and each of them is an array.
    looked_at : tuple of str
        Floats that are part of the key.
    objects : dict
        By name, objects that are neither data nor numbers: models, say.
    """

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], fixed: set[int]) -> None:
        self.arrays: list[_core.Array] = []
        self.objects: dict[str, Any] = {}
        self.numbers: list[tuple[int, float]] = []  # their place among the floats, and their values
        self.on_tape = False
        looked_at: list[str] = []
        self._fixed, self._looked_at = fixed, looked_at
        self._floats = 0
        self._values = (args, kwargs)
        self.form = self._taken((args, kwargs))
        self.only_arrays = not kwargs and all(isinstance(arg, Tensor | np.ndarray) for arg in args)
        self.looked_at = tuple(looked_at)
        self.count = len(self.arrays)
        self.arrays += [_core.Array.from_numpy(np.asarray(value, np.float32)) for _, value in self.numbers]

    def _taken(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            self.on_tape = self.on_tape or value.requires_grad
            self.arrays.append(apart(value._array))
            return "array"
        if isinstance(value, float):
            place, self._floats = self._floats, self._floats + 1
            if place in self._fixed:
                self._looked_at.append(repr(value))
                return "float that is looked at"
            self.numbers.append((place, float(value)))
            return "float"
        if isinstance(value, np.ndarray | np.generic):
            self.arrays.append(_contiguous(np.asarray(value)))
            return "array"
        if type(value) in _STATIC:
            return type(value), value
        if isinstance(value, list | tuple):
            return type(value), tuple(map(self._taken, value))
        if isinstance(value, dict):
            return dict, tuple(value), tuple(map(self._taken, value.values()))
        self.objects[f"argument_{len(self.objects)}"] = value
        return object, id(value)

    def rebuilt(self, tensors: Sequence[Tensor], numbers: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with tensors in place of arrays, and with these in place of the floats that are inputs."""
        places = dict(zip((place for place, _ in self.numbers), numbers, strict=True))
        result: tuple[tuple[Any, ...], dict[str, Any]] = _replaced(self._values, iter(tensors), places, [0])
        return result


def _replaced(value: Any, tensors: Iterator[Tensor], places: dict[int, Any], floats: list[int]) -> Any:
    if isinstance(value, float):
        floats[0] += 1
        return places.get(floats[0] - 1, value)
    if isinstance(value, Tensor | np.ndarray | np.generic):
        return next(tensors)
    if isinstance(value, list | tuple):
        items = [_replaced(item, tensors, places, floats) for item in value]
        if isinstance(value, list):
            return items
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, dict):
        return {key: _replaced(item, tensors, places, floats) for key, item in value.items()}
    return value


def _contiguous(array: np.ndarray[Any, Any]) -> _core.Array:
    if not (array.flags.aligned and array.dtype.isnative and array.flags.c_contiguous):
        array = array.astype(array.dtype.newbyteorder("="), order="C", copy=True)
    return _core.Array.from_numpy(array, copy=False)


class Number(Tensor):
    """A float that a compiled function is called with: an input to ops, and to Python a float that is looked at.

    A program can't repeat what Python does with a number, so `noticed` is called then.
    """

    __slots__ = ("_noticed", "_value")

    def __init__(self, array: _core.Array, value: float, noticed: Callable[[], None]) -> None:
        for name in ("_node", "_links", "grad", "name", "logits", "activation", "_mask"):
            setattr(self, name, None)
        self._array, self.requires_grad = array, False
        self._value, self._noticed = value, noticed

    def _plain(self) -> float:
        self._noticed()
        return self._value

    def numpy(self) -> np.ndarray[Any, Any]:
        return np.asarray(self._plain(), np.float32)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.asarray(self._plain(), dtype)

    def item(self) -> float:
        return self._plain()

    def tolist(self) -> float:
        return self._plain()

    def __repr__(self) -> str:
        return repr(self._plain())

    def __format__(self, form: str) -> str:
        return format(self._plain(), form)

    __hash__ = Tensor.__hash__


def _arithmetic(name: str) -> Callable[[Number, Any], Any]:
    """An operator that is an op beside a float32 tensor, and Python's own otherwise."""
    on_tensors = getattr(Tensor, name, None)

    def operator(self: Number, other: Any) -> Any:
        beside = isinstance(other, Tensor) and not isinstance(other, Number) and other.dtype == np.float32
        if beside and on_tensors is not None and name not in ("__pow__", "__rpow__", "__eq__", "__ne__"):
            return on_tensors(self, other)
        value = other._plain() if isinstance(other, Number) else other
        if isinstance(value, Tensor):  # which has the operator for a float
            plain, mirrored = self._plain(), _MIRRORED[name]
            return getattr(value, mirrored)(plain) if hasattr(value, mirrored) else NotImplemented
        return getattr(self._plain(), name)(value)

    return operator


_MIRRORED = {
    **{f"__{name}__": f"__r{name}__" for name in ("add", "sub", "mul", "truediv", "pow")},
    **{f"__r{name}__": f"__{name}__" for name in ("add", "sub", "mul", "truediv", "pow")},
    "__floordiv__": "__rfloordiv__",
    "__rfloordiv__": "__floordiv__",
    "__mod__": "__rmod__",
    "__rmod__": "__mod__",
    "__lt__": "__gt__",
    "__gt__": "__lt__",
    "__le__": "__ge__",
    "__ge__": "__le__",
    "__eq__": "__eq__",
    "__ne__": "__ne__",
}
for _name in _MIRRORED:
    setattr(Number, _name, _arithmetic(_name))
for _name in ("__neg__", "__abs__", "__float__", "__int__", "__bool__", "__round__", "__trunc__", "__pos__"):
    setattr(Number, _name, lambda self, *rest, name=_name: getattr(self._plain(), name)(*rest))


def misses_float(error: TypeError | AttributeError) -> bool:
    """Whether an error may come of a Number where only a float will do: the code that raised it has one."""
    if isinstance(error, AttributeError):
        return isinstance(error.obj, Number)
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    held = [] if trace is None else list(trace.tb_frame.f_locals.values())
    held += [item for value in held if isinstance(value, list | tuple) for item in value]
    return any(isinstance(value, Number) for value in held)


def results_of(name: str, value: Any) -> tuple[list[_core.Array], Any]:
    """The arrays in what a function returned, and its form. Numbers and NumPy's arrays become tensors."""
    arrays: list[_core.Array] = []

    def taken(item: Any) -> Any:
        if isinstance(item, Tensor):
            arrays.append(item._array)
            return "array"
        if item is None or isinstance(item, str):
            return type(item), item
        if isinstance(item, Later):
            return Later, item.read
        if isinstance(item, bool | int | float):
            # a constant, copied so that the caller may write it
            arrays.append(_op("copy")(Tensor(item)._array.constant()))
            return "array"
        if isinstance(item, np.ndarray | np.generic):
            arrays.append(Tensor(item)._array)
            return "array"
        if isinstance(item, list | tuple):
            return type(item), tuple(map(taken, item))
        if isinstance(item, dict):
            return dict, tuple(item), tuple(map(taken, item.values()))
        raise TypeError(
            f"{name}: expected the function to return Tensors and numbers, or tuples, lists and dictionaries of them, "
            f"got {type(item).__name__}"
        )

    form = taken(value)
    return arrays, form


def with_form(form: Any, tensors: Iterator[Tensor]) -> Any:
    """Tensors in the form that `results_of` gave; what is read at the end of a step is read now."""
    if form == "array":
        return next(tensors)
    kind, rest = form[0], form[1]
    if kind is Later:
        return Tensor(np.asarray(rest()))
    if kind is dict:
        return {key: with_form(item, tensors) for key, item in zip(rest, form[2], strict=True)}
    if issubclass(kind, list | tuple):
        items = [with_form(item, tensors) for item in rest]
        if kind is list:
            return items
        return kind(*items) if hasattr(kind, "_fields") else tuple(items)
    return rest
