"""Classes and functions of the user's own that configurations may name: registered, or known within a scope.

A configuration holds names only. What they stand for is told here, in Python; no file brings code with it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Mapping
from typing import Any, Self, TypeVar

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "custom_objects",
    "declared",
    "function_name",
    "function_of_name",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "register_keras_serializable",
]

T = TypeVar("T")

_objects: dict[str, Any] = {}
_names: dict[Any, str] = {}


class _Thread(threading.local):
    scopes: tuple[dict[str, Any], ...] = ()


_thread = _Thread()


def get_custom_objects() -> dict[str, Any]:
    """The registered classes and functions by name; what is put into it is known from then on."""
    return _objects


def custom_objects() -> dict[str, Any]:
    """All that this thread knows by name: what is registered, and what scopes around the call add."""
    found = dict(_objects)
    for scope in _thread.scopes:
        found.update(scope)
    return found


class CustomObjectScope:
    """Lets configurations name classes and functions of your own within a ``with`` block, in this thread.

    Parameters
    ----------
    custom_objects : dict
        From names to classes or functions.
    """

    def __init__(self, custom_objects: Mapping[str, Any] | None) -> None:
        self.custom_objects = dict(custom_objects or {})

    def __enter__(self) -> Self:
        _thread.scopes = (*_thread.scopes, self.custom_objects)
        return self

    def __exit__(self, *error: object) -> None:
        _thread.scopes = _thread.scopes[:-1]


custom_object_scope = CustomObjectScope


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[T], T]:
    """Let configurations name a class or a function, as ``package>name``: a decorator.

    Parameters
    ----------
    package : str, default "Custom"
    name : str, optional
        The object's own when not given.

    Raises
    ------
    ValueError
        A class has no get_config.
    """

    def register(item: T) -> T:
        own: Any = item
        if isinstance(own, type) and not hasattr(own, "get_config"):
            raise ValueError(f"register_keras_serializable: expected {own.__name__} to have get_config")
        registered = f"{package}>{name or own.__name__}"
        _objects[registered] = item
        _names[item] = registered
        return item

    return register


def get_registered_name(obj: Any) -> str:
    """The name that a class or function is registered under, else its own."""
    return _names.get(declared(obj)) or str(obj.__name__)


def declared(obj: Any) -> Any:
    """A class as its program declares it: that of a model of inputs and outputs is derived from it. Others, and
    functions, as they are."""
    return obj.__dict__.get("_declared", obj) if isinstance(obj, type) else obj


def function_name(kind: str, function: Any, taken: Container[str] = ()) -> str:
    """The name by which configurations tell of a function of the user's own.

    Raises
    ------
    ValueError
        It has none, or one that is taken.
    """
    if not hasattr(function, "__name__") or function.__name__ == "<lambda>":
        raise ValueError(
            f"{kind}: expected a function that has a name, by which a configuration tells of it, got {function!r}; "
            "define it by def"
        )
    name = get_registered_name(function)
    if name in taken:
        raise ValueError(f"{kind}: expected a function of another name than {name!r}, which is known already")
    return name


def function_of_name(kind: str, name: str) -> Callable[..., Any]:
    """The function that a configuration tells of.

    Raises
    ------
    ValueError
        There is none of this name in a scope or among what is registered.
    """
    function: Callable[..., Any] | None = get_registered_object(name)
    if not callable(function):
        raise ValueError(
            f"{kind}: unknown function {name!r}; tell of it by custom_objects={{{name!r}: ...}}, or register it by "
            "utils.register_keras_serializable"
        )
    return function


def get_registered_object(
    name: str, custom_objects: Mapping[str, Any] | None = None, module_objects: Mapping[str, Any] | None = None
) -> Any:
    """The class or function of a name: among what scopes and registrations tell, then in the two dictionaries; None
    when there is none."""
    for known in (*reversed(_thread.scopes), _objects, custom_objects or {}, module_objects or {}):
        if name in known:
            return known[name]
    return None
