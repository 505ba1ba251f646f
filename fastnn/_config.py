"""Objects described by plain data: classes with `get_config` and `from_config`, found by name.

A description is {"class_name": ..., "config": {...}} with values that JSON can hold; nothing in it is ever executed.
"""

from __future__ import annotations

import inspect
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self, TypeVar

from ._custom import CustomObjectScope, function_name, get_registered_name, get_registered_object
from .named_arguments import NamedArguments

__all__ = [
    "Configurable",
    "Named",
    "auto_name",
    "config_of",
    "configured",
    "deserialize",
    "deserialize_or_get",
    "resolve",
    "serialize",
    "serialize_or_name",
    "snake_case",
    "unknown",
]

T = TypeVar("T", bound="Configurable")
Value = TypeVar("Value")


class Configurable(NamedArguments):
    """Something that can be written as {"class_name", "config"} and made again from it."""

    def __init__(self) -> None:  # so that signatures are those of `__init__` also where a class has none
        super().__init__()

    def get_config(self) -> dict[str, Any]:
        """Arguments that make an equal object; JSON can hold them."""
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make an object from what `get_config` returned."""
        return cls(**config)


class Named(Mapping[str, Value]):
    """What a package has under some names, read from it when it is asked for.

    Parameters
    ----------
    package : its full name
    names : the names to ask for, and those of the package
    """

    def __init__(self, package: str, names: Mapping[str, str]) -> None:
        self._package = package
        self._names = names

    def __getitem__(self, name: str) -> Value:
        found: Value = getattr(sys.modules[self._package], self._names[name])
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def snake_case(name: str) -> str:
    """Keras's spelling of a class's name: MaxPooling2D becomes max_pooling2d."""
    spelled = name[:1]
    for before, letter, after in zip(name, name[1:], f"{name[2:]}_", strict=False):
        begins_word = "A" <= letter <= "Z" and ("a" <= before <= "z" or "a" <= after <= "z")
        spelled += f"_{letter}" if begins_word else letter
    return spelled.lower()


_numbers: Counter[str] = Counter()


def auto_name(base: str) -> str:
    """Name of an object that got none: auc, auc_1, ..."""
    number = _numbers[base]
    _numbers[base] += 1
    return f"{base}_{number}" if number else base


def serialize(item: Configurable) -> dict[str, Any]:
    """Description of an object."""
    return {"class_name": get_registered_name(type(item)), "config": config_of(item)}


def serialize_or_name(kind: str, item: Any, base: type[Configurable], names: Iterable[str]) -> Any:
    """Description of an object of `base`, or the name of a function of the user's own, which is none of `names`."""
    return serialize(item) if isinstance(item, base) else function_name(kind, item, set(names))


def config_of(item: Any) -> dict[str, Any]:
    """``item.get_config()``, refused where it comes from a base class that can't know what the object was made with."""
    config: dict[str, Any] = item.get_config()
    classes = type(item).__mro__
    of_init, of_config = (
        next((cls for cls in classes if name in vars(cls)), object) for name in ("__init__", "get_config")
    )
    own = of_init.__module__.partition(".")[0] != "fastnn"
    if not own or classes.index(of_init) >= classes.index(of_config):
        return config
    made_by: Any = of_init
    taken = list(inspect.signature(made_by.__init__).parameters.values())[1:]
    lost = [
        parameter.name
        for parameter in taken
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        and parameter.name not in (*config, "dtype", "input_shape")
        and (parameter.default is parameter.empty or getattr(item, parameter.name, item) is not parameter.default)
    ]
    if lost:
        called, entries = getattr(item, "name", type(item).__name__), ", ".join(f"{name!r}: ..." for name in lost)
        raise ValueError(
            f"{called}: expected {of_init.__name__} to define get_config, since its __init__ takes {', '.join(lost)}; "
            f"let it return {{**super().get_config(), {entries}}}"
        )
    return config


def configured(cls: type[T], config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> T:
    """``cls.from_config(config)``, told of the user's own classes where it holds objects that may be of them."""
    takes = "custom_objects" in inspect.signature(cls.from_config).parameters
    return cls.from_config(config, custom_objects=custom_objects) if takes else cls.from_config(config)  # type: ignore[call-arg]


def deserialize(
    kind: str, description: Any, classes: Mapping[str, type[T]], custom_objects: Mapping[str, Any] | None = None
) -> T:
    """Make the object that a description names; custom_objects goes on to objects inside it.

    Raises
    ------
    ValueError
        It isn't a description, or names a class that isn't known.
    """
    match description:
        case {"class_name": str(name), "config": dict(config)} if name in classes:
            try:
                return configured(classes[name], config, custom_objects)
            except (KeyError, IndexError, AttributeError) as wrong:
                lost = f"lacks {wrong}" if isinstance(wrong, KeyError) else f"doesn't fit: {wrong}"
                raise ValueError(f"{kind}: the configuration of {name} {lost}") from wrong
        case {"class_name": str(name), "config": dict(config)}:
            own = get_registered_object(name, custom_objects)
            if own is None:
                error = unknown(kind, name, classes)
                raise ValueError(f"{error}; tell of one of your own by custom_objects={{{name!r}: ...}}")
            made: T = configured(own, config, custom_objects)
            return made
        case _:
            raise ValueError(f"{kind}: expected a class_name and a config, got {description!r}")


def deserialize_or_get(
    kind: str,
    config: Any,
    names: Mapping[str, type[T]],
    custom_objects: Mapping[str, Any] | None,
    get: Callable[[str], Any],
) -> Any:
    """The inverse of `serialize_or_name`; custom_objects maps names to classes and functions of the user's own."""
    if isinstance(config, str):
        with CustomObjectScope(custom_objects):
            return get(config)
    return deserialize(kind, config, {**names, **(custom_objects or {})})


def unknown(kind: str, name: str, known: Iterable[str]) -> ValueError:
    """The error for a name that isn't known, with the nearest one that is."""
    import difflib

    names = sorted(set(known))
    lower = {other.lower(): other for other in names}
    nearest = difflib.get_close_matches(name.lower(), lower, 1, 0.5 if len(name) < 4 else 0.6)  # "l3" is half of "l2"
    suggestion = f"; did you mean {lower[nearest[0]]!r}?" if nearest else ";"
    return ValueError(f"unknown {kind} {name!r}{suggestion} known: {', '.join(names)}")


def resolve(kind: str, identifier: Any, base: type[T], names: Mapping[str, type[T]], others: Iterable[str] = ()) -> T:
    """Turn an object, a class, a name or a description into an object of `base`; `others` are known names besides.

    Raises
    ------
    ValueError
        The name is not known.
    TypeError
        It is none of these.
    """
    if isinstance(identifier, base):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, base):
        return identifier()
    if isinstance(identifier, str):
        if identifier not in names:
            own = get_registered_object(identifier)
            if own is not None:
                made: T = own() if isinstance(own, type) else own
                return made
            raise unknown(kind, identifier, [*names, *others])
        return names[identifier]()
    if isinstance(identifier, Mapping):
        return deserialize(kind, identifier, {cls.__name__: cls for cls in names.values()})
    raise TypeError(f"{kind}: expected a name or an object of {base.__name__}, got {identifier!r}")
