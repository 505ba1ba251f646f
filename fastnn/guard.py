"""Who may use a model at a time: one thread that changes it, or several that predict with it. And locks across forks.

Locks of modules are held by the thread that forks, so a child finds what they guard whole. Those of objects, under
which whole steps may run, are made anew in the child, where nobody is left to release those of other threads.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, Protocol

__all__ = ["Guard", "lock_of_module", "restarts_in_child"]


class _Restarting(Protocol):
    def _start_over_in_child(self) -> None: ...


# No WeakSet: Python code takes what has gone out of one, whenever that is, and Ctrl-C is lost where it comes in there.
_restarting: set[weakref.ref[_Restarting]] = set()


def restarts_in_child(owner: _Restarting) -> None:
    """Let the owner of locks make new ones in a child after a fork, where nobody is left to release those of others."""
    _restarting.add(weakref.ref(owner))
    if len(_restarting).bit_count() == 1:  # now and then
        for other in list(_restarting):
            if other() is None:
                _restarting.discard(other)


_of_modules: list[AbstractContextManager[Any]] = []
_held = ExitStack()  # by a fork


def lock_of_module() -> AbstractContextManager[Any]:
    """A lock for what a module keeps, which a thread may take again. Within it no other is taken, no user's code run.

    A fork waits for it, so that no child begins with a lock that nobody is left to release.
    """
    made = threading.RLock()
    _of_modules.append(made)
    return made


def _hold_locks() -> None:
    for lock in _of_modules:
        _held.enter_context(lock)


class Guard:
    """Lets one thread change a model, or several predict with it, and refuses the rest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._readers: list[int] = []  # their threads
        restarts_in_child(self)

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

    def _start_over_in_child(self) -> None:
        """After a fork only the thread that forked is there. A model that another one was changing stays that one's:
        it may be between two states."""
        self._lock = threading.Lock()
        me = threading.get_ident()
        self._readers = [reader for reader in self._readers if reader == me]


def _start_over_in_child() -> None:
    _held.close()
    for other in list(_restarting):
        owner = other()
        if owner is not None:
            owner._start_over_in_child()


os.register_at_fork(before=_hold_locks, after_in_parent=_held.close, after_in_child=_start_over_in_child)


class _Reading:
    """One reader; a class, as steps of microseconds are too short for a generator.

    Ctrl-C as Python enters `__exit__` skips it: then the end of the object lets go.
    """

    __slots__ = ("_guard", "_reader", "_where")

    def __init__(self, guard: Guard, where: str) -> None:
        self._guard = guard
        self._where = where
        self._reader: int | None = None

    def __enter__(self) -> None:
        guard, me = self._guard, threading.get_ident()
        with guard._lock:
            if guard._owner not in (None, me):
                raise RuntimeError(f"{self._where}: the model is in fit or evaluate in another thread")
            self._reader = me
            guard._readers.append(me)

    def __exit__(self, *exception: object) -> None:
        guard = self._guard
        with guard._lock:
            reader, self._reader = self._reader, None
            if reader is not None:
                guard._readers.remove(reader)

    __del__ = __exit__
