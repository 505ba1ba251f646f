"""Whose code is whose: the user's, the library's, Python's; and where on the stack the user's is."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from functools import cache
from types import FrameType
from typing import Any

__all__ = ["PACKAGE", "called", "calls_of_library", "is_foreign", "user_line"]

PACKAGE = __file__.removesuffix("user_code.py")  # where the library's own code is
_PYTHON = threading.__file__.removesuffix("threading.py")  # and Python's


def called(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """The result of a step's function. Above this frame on the stack there is user's code."""
    return function(*arguments, **options)


def user_line() -> str:
    """Where in the user's code the running step is, such as "train.py:12"; empty when it is not in any."""
    frame: FrameType | None = sys._getframe(1)
    line = of_others = ""
    while frame is not None and frame.f_code is not called.__code__:
        file = frame.f_code.co_filename
        if not (line or file.startswith(PACKAGE)):
            if is_foreign(str(frame.f_globals.get("__name__"))):
                of_others = of_others or f"{file}:{frame.f_lineno}"
            else:
                line = f"{file}:{frame.f_lineno}"
        frame = frame.f_back
    return "" if frame is None else line or of_others  # without that frame it is the code that called the step


def calls_of_library() -> int:
    """How many calls back the user's code is: the stacklevel of a warning about what it did."""
    depth = 1
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        depth, frame = depth + 1, frame.f_back
    return depth


@cache
def is_foreign(module: str) -> bool:
    """Whether a module is the library's, NumPy's or Python's own, and not one of the user's that is called like it."""
    top = module.partition(".")[0]
    if top in ("fastnn", "numpy"):
        return True
    file = getattr(sys.modules.get(top), "__file__", None) or _PYTHON
    return top in sys.stdlib_module_names and file.startswith(_PYTHON) and "site-packages" not in file
