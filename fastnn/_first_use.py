"""Packages whose names are read at first use (PEP 562), so that a program pays for the parts that it uses.

One table per package says which file has which names; type checkers see the same names under TYPE_CHECKING, and
tests/test_import.py compares the two. Parents are imported before what lies in them: no thread waits for a parent that
another one is importing while it holds the child, so threads may use new names at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["at_first_use"]


def at_first_use(
    package: str, files: Mapping[str, str], modules: Sequence[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` of a package.

    Parameters
    ----------
    package : the package's ``__name__``
    files : what is inside the package, as ``"file"`` or ``"folder.file"``, and its names with spaces between them
    modules : modules inside the package that are attributes themselves
    """
    this = sys.modules[package]
    places = {name: file for file, names in files.items() for name in names.split()}

    def get(name: str) -> Any:
        if name in modules:
            return _read(package, name)
        file = places.get(name)
        if file is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name, obj=this)
        value = vars(this)[name] = getattr(_read(package, file), name)
        return value

    def names() -> list[str]:
        return sorted({*vars(this), *this.__all__})

    return get, names


def _read(package: str, path: str) -> ModuleType:
    """A module inside a package, imported after those that it lies in."""
    module = sys.modules[package]
    for part in path.split("."):
        module = import_module(f"{module.__name__}.{part}")
    return module
