"""Arguments by names that nobody has: errors that name the class or the method the user called, and the nearest name.

Python names the function that refuses an argument, which may be the `__init__` of a base class the user never saw.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, wraps
from typing import Any, ParamSpec, Self, TypeVar, cast

__all__ = ["NamedArguments", "check_names", "telling_names", "unexpected"]

P = ParamSpec("P")
R = TypeVar("R")


def unexpected(where: str, name: str, taken: Iterable[str]) -> TypeError:
    """The error for an argument that isn't taken, with the nearest one that is: by initials, as lr, or by letters."""
    import difflib

    names = [other for other in dict.fromkeys(taken) if other != name]  # which a base may take that isn't reached
    nearest = [other for other in names if len(name) > 1 and "".join(part[:1] for part in other.split("_")) == name]
    nearest = nearest or difflib.get_close_matches(name, names, 1)
    suggestion = f"; did you mean {nearest[0]!r}?" if nearest else f"; it takes {', '.join(names) or 'none'}"
    return TypeError(f"{where}: got an unexpected keyword argument {name!r}{suggestion}")


def _check_once(where: str, places: Sequence[str], args: tuple[Any, ...], given: Mapping[str, Any]) -> None:
    """Refuse what comes by position and by name."""
    for name in places[: len(args)]:
        if name in given:
            raise TypeError(f"{where}: got {name!r} twice, by position and by name; leave one of them out")


def _places(parameters: Iterable[inspect.Parameter]) -> tuple[str, ...]:
    return tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD)


@cache
def _of_class(cls: Any) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """The arguments by position that a class takes, and all of them, or None when any name may be one."""
    inits = [vars(base)["__init__"] for base in cls.__mro__[:-1] if "__init__" in vars(base)]
    places: tuple[str, ...] | None = None
    names: list[str] = []
    for init in inits:
        parameters = list(inspect.signature(init, follow_wrapped=False).parameters.values())[1:]
        places = _places(parameters) if places is None else places
        names += [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        rest = [p for p in parameters if p.kind is p.VAR_KEYWORD]
        if not rest:
            return places, tuple(names)
        if "Unpack" not in str(rest[0].annotation):  # those of a known set go on to the next base
            break
    return places or (), None


class NamedArguments:
    """A base of classes whose arguments are looked at before `__init__` is called."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        kind: Any = cls
        places, names = _of_class(kind)
        for name in kwargs:
            if names is not None and name not in names:
                raise unexpected(cls.__name__, name, names)
        _check_once(cls.__name__, places, args, kwargs)
        return super().__new__(cls)


def check_names(method: Callable[..., Any], args: tuple[Any, ...], given: Mapping[str, Any]) -> None:
    """Refuse, in a method's own name, arguments that it doesn't take; for calls that have failed with a TypeError."""
    names = _places(inspect.signature(method).parameters.values())
    for name in given:
        if name not in names:
            raise unexpected(method.__name__, name, names[1:]) from None
    _check_once(method.__name__, names, args, given)


def telling_names(method: Callable[P, R]) -> Callable[P, R]:
    """Let a method refuse arguments in its own name."""

    @wraps(method)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except TypeError:
            check_names(method, args, kwargs)
            raise

    return cast("Callable[P, R]", wrapper)
