"""Whether ops are put on the tape: a switch of each thread, and the functions that turn it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import Any, TypeVar, cast

__all__ = ["enable_grad", "inference_mode", "is_grad_enabled", "no_grad", "set_grad_enabled"]

_F = TypeVar("_F", bound=Callable[..., Any])


class _GradMode(threading.local):
    enabled = True


_mode = _GradMode()


def is_grad_enabled() -> bool:
    """Whether ops of the calling thread are put on the tape."""
    return _mode.enabled


class GradMode:
    """Switches the calling thread's tape on or off inside a with block or a decorated function."""

    def __init__(self, enabled: bool) -> None:
        self._enabled = enabled
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(_mode.enabled)
        _mode.enabled = self._enabled

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before:
            _mode.enabled = self._before.pop()

    def __del__(self) -> None:
        if self._before:  # Ctrl-C as Python entered __exit__ has skipped it
            _mode.enabled = self._before[0]

    def __call__(self, function: _F) -> _F:
        @wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with GradMode(self._enabled):
                return function(*args, **kwargs)

        return cast("_F", wrapper)


class _SetGradEnabled(GradMode):
    """Switches at once; as a context manager it switches back at the end of its block."""

    def __init__(self, enabled: bool) -> None:
        super().__init__(enabled)
        self._at_first = _mode.enabled
        _mode.enabled = enabled

    def __enter__(self) -> None:
        self._before.append(self._at_first)
        _mode.enabled = self._enabled

    def __call__(self, function: _F) -> _F:
        _mode.enabled = self._at_first
        return super().__call__(function)


def no_grad() -> GradMode:
    """A context manager and decorator in which ops of this thread are not put on the tape.

    Examples
    --------
    >>> import fastnn
    >>> x = fastnn.ones(2, requires_grad=True)
    >>> with fastnn.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """
    return GradMode(False)


def enable_grad() -> GradMode:
    """A context manager and decorator that puts ops on the tape again inside of `no_grad`."""
    return GradMode(True)


def set_grad_enabled(mode: bool) -> GradMode:
    """Switch the calling thread's tape on or off, as a statement, a context manager or a decorator.

    Parameters
    ----------
    mode : bool
        Whether ops are put on the tape.

    Examples
    --------
    >>> import fastnn
    >>> x = fastnn.ones(2, requires_grad=True)
    >>> with fastnn.set_grad_enabled(False):
    ...     y = x * 2
    >>> y.requires_grad, fastnn.is_grad_enabled()
    (False, True)
    """
    return _SetGradEnabled(bool(mode))


def inference_mode(mode: bool = True) -> GradMode:
    """As `no_grad`, or as `enable_grad` when mode is False; PyTorch's name for predicting."""
    return GradMode(not mode)
