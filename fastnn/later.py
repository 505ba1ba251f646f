"""When metrics are written and read: not while a layer is only asked whether data fits, and in a step at its end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import MethodType
from typing import Any

import numpy as np

from .recording import in_step

__all__ = ["Later", "at_rest", "at_the_end", "unless_at_rest"]


class _Thread(threading.local):
    reading = False
    resting = False


_thread = _Thread()


class Later:
    """A value that is read when the step is over. A step's function may return it.

    Python that looks at it before, by float, arithmetic or printing, gets the value of that moment; a step in which
    that happens can't be recorded.
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


def _operator(name: str) -> Callable[..., Any]:
    def operator(self: Later, *others: Any) -> Any:
        values = (other.value() if isinstance(other, Later) else other for other in others)
        return getattr(self.value(), name)(*values)

    return operator


_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")
for _name in (
    *_BINARY,
    *(f"r{name}" for name in _BINARY),
    "lt",
    "le",
    "gt",
    "ge",
    "neg",
    "abs",
    "float",
    "int",
    "bool",
):
    setattr(Later, f"__{_name}__", _operator(f"__{_name}__"))
