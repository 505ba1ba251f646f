"""Places where a function finds values: what was there, whether something else is there now, and what it is called.

Values are told apart by identity, which C++ compares in nanoseconds where a place is one of a few kinds; numbers,
strings and tuples of them, between two looks, by what they are.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from types import CellType, MemberDescriptorType
from typing import Any, NamedTuple

__all__ = ["MISSING", "SIMPLE", "Place", "Places", "Where", "content_of", "mark", "slot_of", "value_at"]

MISSING = object()
SIMPLE = (int, float, str, bytes, bool, complex, type(None))

LARGE = 1 << 20  # bytes of an array that are compared before each step

Where = tuple[Any, str | None]  # a namespace or an object and a name; a cell, or for its length a namespace, and None


class Place(NamedTuple):
    """Where values are kept that a function reads, and the values as they were; names of the first of them at least."""

    names: Sequence[str]
    read: Callable[[], Sequence[Any]]
    before: tuple[Any, ...]

    def changed(self) -> bool:
        now = self.read()
        return len(now) != len(self.before) or not all(map(operator.is_, now, self.before))

    def others(self) -> bool:
        """The same by equality, for contents that are made anew when they are read."""
        return self.read() != self.before

    def difference(self) -> str | None:
        """The name of the first value that is another one."""
        now = self.read()
        for name, a, b in zip(self.names, now, self.before, strict=False):
            if mark(a) != mark(b):
                return name
        if len(now) == len(self.before):
            return None
        items = self.names[0].rpartition("[")[0]
        return f"the length of {items}" if items else f"the attributes of {self.names[0].rpartition('.')[0]}"


class Places:
    """All that is watched of what a function reads.

    Attributes
    ----------
    unwatched : str or None
        Something that it reads and that can't be watched.
    """

    def __init__(self) -> None:
        self.places: list[Place] = []
        self.contents: list[Place] = []
        self.where: list[Where] = []  # places that C++ compares,
        self.were: list[Any] = []  # with what was there,
        self.read: list[Place] = []  # and those that Python does
        self.unwatched: str | None = None

    def watch(self, names: str | Sequence[str], where: Sequence[Where]) -> None:
        """Look before each step whether these places hold what they hold now."""

        def read() -> list[Any]:
            return [value_at(holder, name) for holder, name in where]

        place = Place([names] if isinstance(names, str) else names, read, tuple(read()))
        self.places.append(place)
        self.where += where
        self.were += place.before

    def watch_read(self, names: str | Sequence[str], read: Callable[[], Sequence[Any]]) -> None:
        """The same where a place can't be looked up."""
        place = Place([names] if isinstance(names, str) else names, read, tuple(read()))
        self.places.append(place)
        self.read.append(place)

    def watch_content(self, name: str, size: int, read: Callable[[], tuple[Any, ...]]) -> None:
        """The same for numbers in memory."""
        if size > LARGE:
            self.give_up(f"{name}, an array of {size >> 20} MB that is no Tensor; make it one, or an argument")
        else:
            self.contents.append(Place([name], read, read()))

    def watch_items(self, name: str, read: Callable[[], tuple[Any, ...]]) -> None:
        self.watch_read([f"{name}[{index}]" for index in range(len(read()) or 1)], read)

    def give_up(self, what: str) -> None:
        """Note that something can't be watched."""
        self.unwatched = self.unwatched or what


def mark(value: Any) -> Any:
    """What tells values apart: numbers and strings by what they are, everything else by identity."""
    if type(value) in (float, complex):  # zeros have signs
        return type(value), repr(value)
    if type(value) in SIMPLE:
        return type(value), value
    if type(value) is tuple:
        return tuple(map(mark, value))
    return id(value)


def value_at(holder: Any, name: str | None) -> Any:
    """What is there; as `_core.differ` compares it."""
    if isinstance(holder, CellType):
        return content_of(holder)
    if not isinstance(holder, Mapping):
        return getattr(holder, str(name))
    return len(holder) if name is None else holder.get(name, MISSING)


def content_of(cell: CellType) -> Any:
    """What a variable of a function around another one holds."""
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return MISSING


def slot_of(descriptor: MemberDescriptorType, value: Any) -> Any:
    """What an object holds in a slot."""
    try:
        return descriptor.__get__(value)
    except AttributeError:  # not assigned yet
        return MISSING
