"""When metrics are written and read: not while a layer is only asked whether data fits, and in a step at its end."""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import MethodType
from typing import Any, NamedTuple, cast

import numpy as np

from .recording import in_step

__all__ = ["Later", "at_rest", "at_the_end", "unless_at_rest"]


class _Thread(threading.local):
    reading = False
    resting = False


_thread = _Thread()


class Later:
    """A value that is read when the step is over. A step's function may return it.

    Arithmetic with numbers and other such values gives one more of them. Python that looks at it before, by float,
    comparisons or printing, gets the value of that moment; a step in which that happens can't be recorded.
    """

    __slots__ = ("read",)

    def __init__(self, read: Callable[[], Any]) -> None:
        self.read = read  # two of the same object's method are equal

    def value(self) -> Any:
        """The value as it is now."""
        before, _thread.reading = _thread.reading, True
        try:
            return self.read()
        finally:
            _thread.reading = before

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.asarray(self.value(), dtype)

    def __repr__(self) -> str:
        return repr(self.value())

    def __format__(self, form: str) -> str:
        return format(self.value(), form)


@contextmanager
def at_rest() -> Iterator[None]:
    """Let metrics take nothing into account in this thread."""
    before, _thread.resting = _thread.resting, True
    try:
        yield
    finally:
        _thread.resting = before


def unless_at_rest(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method that does nothing within `at_rest`."""

    @wraps(method)
    def update(self: Any, *args: Any, **kwargs: Any) -> Any:
        return None if _thread.resting else method(self, *args, **kwargs)

    return update


def at_the_end(method: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Let a method without arguments give a `Later` inside a step."""

    @wraps(method)
    def read(self: Any) -> Any:
        return Later(MethodType(method, self)) if in_step() and not _thread.reading else method(self)

    return read


class _Result(NamedTuple):
    """An operator's result of values that are read when it is: equal when all of these are."""

    name: str
    operands: tuple[Any, ...]  # functions that read them, and numbers

    def __call__(self) -> Any:
        values = [operand() if callable(operand) else operand for operand in self.operands]
        return getattr(operator, self.name)(*values)


def _operator(name: str, swapped: bool = False, looks: bool = False) -> Callable[..., Any]:
    """An operator: of numbers and other such values one more of them, else of the values as they are now."""

    def result(self: Later, *others: Any) -> Any:
        operands = (*others, self) if swapped else (self, *others)
        if not looks and all(isinstance(operand, Later | int | float) for operand in operands):
            read = _Result(name, tuple(item.read if isinstance(item, Later) else item for item in operands))
            return Later(cast("Callable[[], Any]", read))
        return getattr(operator, name)(*(item.value() if isinstance(item, Later) else item for item in operands))

    return result


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
    setattr(Later, f"__{_name}__", _operator(_name))
    setattr(Later, f"__r{_name}__", _operator(_name, swapped=True))
for _name in ("neg", "abs"):
    setattr(Later, f"__{_name}__", _operator(_name))
for _name in ("lt", "le", "gt", "ge"):
    setattr(Later, f"__{_name}__", _operator(_name, looks=True))
for _name, _function in (("float", float), ("int", int), ("bool", bool)):
    setattr(Later, f"__{_name}__", lambda self, function=_function: function(self.value()))
