"""What a step takes from outside of Python's objects: the time, files, numbers of the system, the stack.

Nothing that is watched tells that these are other ones, and a replay would not take them again. So while a step is
recorded, Python's profiler tells of every call, and the few functions are known that all others end in. Calls that the
library makes for itself, imports and messages are left alone.
"""

from __future__ import annotations

import builtins
import datetime as dt
import gc
import io
import os
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np

from ._core import get_num_threads
from .guard import lock_of_module
from .user_code import PACKAGE, is_foreign

__all__ = ["Outside"]

_FILE, _NUMBERS, _TIME = (
    f"it {what}, which a replay would not repeat"
    for what in ("reads a file", "draws numbers of the system", "reads the time")
)
_FILES = ("open", "read", "pread", "preadv", "readv", "stat", "lstat", "fstat")
_FOLDERS = ("listdir", "scandir", "access", "readlink", "getcwd", "getcwdb")
_CLOCKS = ("time", "monotonic", "perf_counter", "process_time", "thread_time")
_DATES = (time.localtime, time.gmtime, time.ctime, time.strftime)
_DAYS = (dt.datetime.now, dt.datetime.utcnow, dt.datetime.today, dt.date.today)
_LOOKING = (builtins.eval, builtins.exec, builtins.globals, builtins.__import__, sys._getframe)
_OBJECTS = (gc.get_objects, gc.get_referrers, gc.get_referents)
_OTHERS = (*_LOOKING, *_OBJECTS, sys.getrecursionlimit, get_num_threads)

# what a call of a function of C tells, wherever it is made for the user's code,
_ANYWHERE: dict[Any, str] = {
    **{getattr(os, name): _FILE for name in (*_FILES, *_FOLDERS) if hasattr(os, name)},
    io.open: _FILE,
    np.fromfile: _FILE,
    builtins.input: _FILE,
    os.urandom: _NUMBERS,
}
# and what it tells only where the user's code makes it itself
_DIRECTLY: dict[Any, str] = {
    **{getattr(time, name): _TIME for clock in _CLOCKS for name in (clock, f"{clock}_ns") if hasattr(time, name)},
    **dict.fromkeys((*_DATES, *_DAYS), _TIME),
    **{function: f"it calls {function.__name__}, which may give anything" for function in _OTHERS},
}
# methods of C, by the module of their object's type: known without importing it
_CONNECTIONS = {
    **dict.fromkeys(("sqlite3", "_sqlite3"), "it asks a database, which a replay would not repeat"),
    **dict.fromkeys(("socket", "_socket", "ssl", "_ssl"), "it uses a socket, which a replay would not repeat"),
}
# functions of Python's own modules and NumPy's that are not of C,
_OF_PYTHON = {
    "currentframe": "inspect",
    "stack": "inspect",
    "import_module": "importlib",
    "seed": "random",
    "active_count": "threading",
    "geterr": np.geterr.__globals__["__name__"],
}
_OF_PYTHON_DIRECTLY = ("active_count", "geterr")  # and those that count only where the user's code calls them itself
_SAYING = ("importlib", "linecache", "logging", "traceback", "warnings")  # modules that no result depends on


class _Pause:
    """Keeps Python's collector off while any thread records a step: Python 3.11 crashes when code is profiled that the
    collector runs as a generator is being made."""

    def __init__(self) -> None:
        self._lock = lock_of_module()
        self._for: dict[int, int] = {}  # who it is for, by id, and their threads
        self._disabled = False
        os.register_at_fork(after_in_child=self._start_over_in_child)

    def begin(self, owner: object) -> None:
        with self._lock:
            self._for[id(owner)] = threading.get_ident()
            if not self._disabled and gc.isenabled():
                self._disabled = True  # first, so that Ctrl-C here never leaves it off
                gc.disable()

    def end(self, owner: object) -> None:
        """May be interrupted, and called again."""
        with self._lock:
            self._for.pop(id(owner), None)
            self._resume()

    def _resume(self) -> None:
        if self._disabled and not self._for:
            gc.enable()
            self._disabled = False

    def _start_over_in_child(self) -> None:
        """After a fork only the thread that forked is there, which may be recording."""
        me = threading.get_ident()
        self._for = {owner: thread for owner, thread in self._for.items() if thread == me}
        self._resume()


_pause = _Pause()


class Outside:
    """Notices what the calling thread does from `begin` to `end`.

    Parameters
    ----------
    noticed : callable
        Told of a call of the user's code, such as "it reads a file, which a replay would not repeat".
    """

    def __init__(self, noticed: Callable[[str], None]) -> None:
        self._noticed = noticed

    def begin(self) -> bool:
        """Whether it can: Python has one profiler at a time, and somebody else's may be on."""
        if sys.getprofile() is not None:
            return False
        _pause.begin(self)
        sys.setprofile(self._look)
        return True

    def end(self) -> None:
        if sys.getprofile() == self._look:
            sys.setprofile(None)
        _pause.end(self)

    def _look(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "c_call":
            told = _told_by_c(frame, argument)
            if told is not None:
                self._noticed(told)
        elif event == "call" and frame.f_code.co_name in _OF_PYTHON:
            told = _told_by_python(frame, frame.f_code.co_name)
            if told is not None:
                self._noticed(told)


def _told_by_c(frame: FrameType, function: Any) -> str | None:
    """What a call of a function of C, or of a method, tells where it is made."""
    if function in _DIRECTLY:
        return None if is_foreign(_module_of(frame)) else _DIRECTLY[function]
    told = _ANYWHERE.get(function)
    if told is None:
        owner = type(getattr(function, "__self__", None))
        if issubclass(owner, io.FileIO):
            told = _FILE if function.__name__.startswith("read") else None
        else:
            told = _CONNECTIONS.get(str(owner.__module__))
    return told if told is not None and _is_for_user(frame) else None


def _told_by_python(frame: FrameType, name: str) -> str | None:
    """What a call of a function that has the name of one that is known tells."""
    if _module_of(frame) != _OF_PYTHON[name] or not _is_for_user(frame.f_back):
        return None
    if name in _OF_PYTHON_DIRECTLY and frame.f_back is not None and is_foreign(_module_of(frame.f_back)):
        return None
    if name == "seed":  # of a generator, where None stands for numbers of the system
        return _NUMBERS if frame.f_locals.get("a") is None else None
    return f"it calls {name}, which may give anything"


def _is_for_user(frame: FrameType | None) -> bool:
    """Whether a call that others make serves the user's code, and not the library, an import or a message."""
    while frame is not None:
        module = _module_of(frame)
        if frame.f_code.co_filename.startswith(PACKAGE) or module.partition(".")[0] in _SAYING:
            return False
        if not is_foreign(module):
            return True
        frame = frame.f_back
    return False


def _module_of(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__"))
