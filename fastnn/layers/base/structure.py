"""The tree that layers form: a layer's children are the layers in its attributes, lists and dictionaries included.

From the tree come the paths that name weights in files ("encoder.0.kernel"), the random streams of weights, and the way
by which a change of a layer reaches the models that have recorded it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import is_not
from typing import Any, Protocol

from ... import random

__all__ = ["Node", "Watch"]

_CONTAINERS = (list, tuple, dict, set)
_NO_NODES = frozenset({type(None), bool, int, float, str})  # what most attributes are


class Watch:
    """Notices changes that no attribute being set tells of: of what lists, dictionaries and plain objects hold.

    Parameters
    ----------
    read : callable
        Returns the values to watch; containers in containers are looked into.
    """

    def __init__(self, read: Callable[[], Sequence[Any]]) -> None:
        self._read = read
        self._before = _items(read())

    def changed(self) -> bool:
        """Whether an item is another object than when the watch was made."""
        values = self._read()
        if not values and not self._before:
            return False
        now = _items(values)
        return len(now) != len(self._before) or any(map(is_not, now, self._before))


class Watcher(Protocol):
    """Somebody who keeps what was recorded of nodes."""

    stale: bool


class Node:
    """A place in the tree of layers."""

    # the library's own attributes that no program depends on; all others may change what `call` does
    _unrecorded: frozenset[str] = frozenset({"_parents", "_position", "_seed", "_watchers"})

    def __init__(self) -> None:
        self._parents: list[weakref.ref[Node]] = []
        self._position = 0
        self._seed: int | None = None
        self._watchers: weakref.WeakSet[Watcher] = weakref.WeakSet()

    def __setattr__(self, name: str, value: Any) -> None:
        begun = "_parents" in self.__dict__ or name == "_parents"
        if not begun and (isinstance(getattr(type(self), name, None), property) or any(_nodes_in(name, value))):
            raise RuntimeError(f"{type(self).__name__}: call super().__init__() before setting {name}")
        object.__setattr__(self, name, value)
        if begun and name not in self._unrecorded:
            self._changed()

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        self._changed()

    def _containers(self) -> list[Any]:
        """The lists, dictionaries and sets in the attributes of this node, whose items `call` may use."""
        return [value for name, value in self.__dict__.items() if name not in self._unrecorded and _can_change(value)]

    def _children(self) -> Iterator[tuple[str, Node]]:
        """The nodes right below this one, with their keys."""
        for name, value in self.__dict__.items():
            if type(value) not in _NO_NODES:
                yield from _nodes_in(name, value)

    def _walk(self, path: str = "", seen: set[int] | None = None) -> Iterator[tuple[str, Node]]:
        """This node and all below it, parents first, each once, with their paths."""
        seen = set() if seen is None else seen
        if id(self) in seen:
            return
        seen.add(id(self))
        yield path, self
        for key, child in self._children():
            yield from child._walk(f"{path}.{key}" if path else key, seen)

    def _link(self) -> None:
        """Tell all nodes below who their parents are. The first parent's structure decides the random streams."""
        for position, (_, child) in enumerate(self._children()):
            parents = [parent for reference in child._parents if (parent := reference()) is not None]
            if not any(parent is self for parent in parents):
                if not parents:
                    child._parents, child._position = [], position
                child._parents.append(weakref.ref(self))
            child._link()

    def _changed(self) -> None:
        """Something that programs may have recorded is different now."""
        for reference in self._parents:
            if (parent := reference()) is not None:
                parent._changed()
        for watcher in self._watchers:
            watcher.stale = True

    def _watch(self, watcher: Watcher) -> None:
        """Tell a watcher, as long as it is there, when something here or below changes."""
        self._watchers.add(watcher)

    def _origin(self) -> tuple[int, tuple[int, ...]]:
        """The seed of the tree's root and the positions that lead from there to this node."""
        node: Node = self
        positions: list[int] = []
        while (parent := node._first_parent()) is not None:
            positions.append(node._position)
            node = parent
        if node._seed is None:
            node._seed = random.next_seed()
        return node._seed, tuple(reversed(positions))

    def _first_parent(self) -> Node | None:
        for reference in self._parents:
            if (parent := reference()) is not None:
                return parent
        return None


def _nodes_in(name: str, value: Any) -> Iterator[tuple[str, Node]]:
    """Nodes in an attribute's value: the value itself, or the items of a list, tuple or dictionary."""
    if isinstance(value, Node):
        yield name, value
        return
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, list | tuple):
        items = enumerate(value)
    elif type(value) is dict or isinstance(value, Mapping):  # the second takes its time
        items = value.items()
    for key, item in items:
        if isinstance(item, Node):
            yield f"{name}.{key}", item


def _can_change(value: Any) -> bool:
    """Whether a value is a container that can change in place, or a tuple with one."""
    return any(map(_can_change, value)) if isinstance(value, tuple) else isinstance(value, list | dict | set)


def _items(values: Iterable[Any], within: tuple[int, ...] = ()) -> list[Any]:
    """All items, containers and their items included, but of a container within itself."""
    items: list[Any] = []
    for value in values:
        items.append(value)
        if isinstance(value, _CONTAINERS) and id(value) not in within:
            inner = chain.from_iterable(value.items()) if isinstance(value, dict) else value
            items += _items(inner, (*within, id(value)))
    return items
