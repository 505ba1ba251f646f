"""Who may use a model at a time: one thread that changes it, or several that predict with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

__all__ = ["Guard"]


class Guard:
    """Lets one thread change a model, or several predict with it, and refuses the rest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._readers = 0

    @contextmanager
    def exclusive(self, where: str, nested: bool = False) -> Iterator[bool]:
        """Change the model. Yields whether this thread was at it already, which only `nested` allows."""
        me = threading.get_ident()
        mine = False
        try:
            with self._lock:
                inside = self._owner == me
                if (inside and not nested) or (not inside and (self._owner is not None or self._readers)):
                    raise RuntimeError(f"{where}: the model is already in fit, evaluate or predict")
                mine = not inside  # first, so that Ctrl-C here never leaves the model owned
                self._owner = me
            yield inside
        finally:
            if mine:
                self._owner = None

    def shared(self, where: str) -> AbstractContextManager[None]:
        """Read the model, beside others that do."""
        return _Reading(self, where)


class _Reading:
    """One reader; a class, as steps of microseconds are too short for a generator.

    Ctrl-C as Python enters `__exit__` skips it: then the end of the object lets go.
    """

    __slots__ = ("_guard", "_reading", "_where")

    def __init__(self, guard: Guard, where: str) -> None:
        self._guard = guard
        self._where = where
        self._reading = False

    def __enter__(self) -> None:
        guard = self._guard
        with guard._lock:
            if guard._owner not in (None, threading.get_ident()):
                raise RuntimeError(f"{self._where}: the model is in fit or evaluate in another thread")
            self._reading = True
            guard._readers += 1

    def __exit__(self, *exception: object) -> None:
        guard = self._guard
        with guard._lock:
            if self._reading:
                self._reading = False
                guard._readers -= 1

    __del__ = __exit__
