"""The walk from a function to all that it can read: its closure, its globals, self, and attributes that it names.

One table tells for each kind of object what is watched of it, and where it leads. Code of the library, of NumPy and of
Python is not followed, but for what it hands on: names in it are nobody's who might change a value between two steps.
"""

from __future__ import annotations

import builtins
import logging
import operator
import os
import random as python_random
import re
import struct
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from contextvars import ContextVar
from functools import cached_property, partial
from io import IOBase
from types import BuiltinMethodType, CodeType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

import numpy as np

from . import _core
from .follow_models import ModelWalk
from .layers.base.structure import Node, Watcher
from .losses import Loss
from .metrics import Metric
from .optimizers import Optimizer
from .places import MISSING, SIMPLE, Where, content_of, slot_of, value_at
from .reads import reads
from .tensor import Tensor
from .user_code import PACKAGE, is_foreign

__all__ = ["Followed", "Names", "Walk"]

_BUILT_IN = (*SIMPLE, Tensor, list, tuple, set, frozenset, deque, Mapping, np.ndarray)
_POINTERS = set("&PzZOX")  # in the formats of buffers
_LOOKED_INTO = (ModuleType, list, dict, set, np.ndarray)  # in modules that are not
_ENVIRONMENT = (os.environ, os.getenv)
_LOCKS = (type(threading.Lock()), type(threading.RLock()))
# methods that nothing names where they are called, but for these, which make or copy objects
_MAKING = {"__init__", "__new__", "__post_init__", "__init_subclass__"}
_OF_LAYERS, _OF_FILES = {"call", "compute_mask"}, {"get_config", "from_config"}
_ELSEWHERE = {"__del__", "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__copy__", "__deepcopy__"}


class Followed:
    """What reads nothing itself: others are followed in its place."""

    def _followed(self) -> dict[str, Any]:
        """Those others, by name; itself by "function"."""
        raise NotImplementedError


class Names:
    """Attributes that the functions name, and whether they look them up by computed names too."""

    def __init__(self) -> None:
        self.named: set[str] = set()
        self.all = False

    def count(self) -> tuple[int, bool]:
        """Another one when there are more."""
        return len(self.named), self.all

    def of(self, attributes: Mapping[str, Any]) -> list[str]:
        """Those among attributes that may be read."""
        return sorted(key for key in attributes if self.all or key in self.named)


class Walk(ModelWalk):
    """A walk over what can be reached. Names that it comes by late call for another one.

    Parameters
    ----------
    names : Names
        Added to.
    watcher : Watcher
        Told when a layer, or something below it, changes.
    """

    def __init__(self, names: Names, watcher: Watcher) -> None:
        super().__init__(watcher)
        self._names = names
        self._classes: set[tuple[type, bool]] = set()
        self.draws: dict[str, Callable[[], Any]] = {
            "random": python_random.getstate,
            "numpy.random": lambda: tuple(np.random.get_state())[2:],  # noqa: NPY002
        }

    def visit(self, name: str, value: Any) -> None:
        """Follow a value."""
        if value is MISSING or type(value) in (*SIMPLE, CodeType) or id(value) in self._seen:
            return
        self._seen[id(value)] = value
        try:
            self._look_into(name, value)
        except Exception as error:  # of the object's own code: lazy modules raise whatever they like
            kind = type.__getattribute__(type(value), "__name__")
            self.give_up(f"{name}, a {kind}, which raises {type(error).__name__} when it is looked into")

    def _look_into(self, name: str, value: Any) -> None:
        if isinstance(value, _BUILT_IN) and not is_foreign(str(type(value).__module__)):
            self._visit_object(name, value)  # of a class of the user's, which adds to the built-in one
        if isinstance(value, SIMPLE):
            return
        if any(value is part for part in _ENVIRONMENT):
            value = vars(os.environ)["_data"]  # whose texts are made anew when they are read
        for kinds, follow in _KINDS:
            if isinstance(value, kinds):
                follow(self, name, value)
                return
        self._visit_anything(name, value)

    # ---- functions ---------------------------------------------------------------------------------------------------

    def _visit_function(self, name: str, function: FunctionType) -> None:
        code, module = function.__code__, str(function.__module__)
        if code.co_filename.startswith(PACKAGE) or (is_foreign(module) and not module.startswith("fastnn")):
            # an example in a docstring calls itself fastnn; what a library has wrapped may be the user's
            for held in map(content_of, function.__closure__ or ()):
                self.visit(name, held if callable(held) else None)
            return
        self.visit(f"{name}.registry", getattr(function, "registry", None))  # of functools.singledispatch
        self.watch_attributes(name, vars(function), self._names.of(vars(function)), counted=True)
        found, space, common = reads(code), function.__globals__, vars(builtins)
        self._names.named |= found.attributes
        self._names.all = self._names.all or found.all_attributes
        if "__globals__" in found.attributes:
            self.give_up("__globals__, through which it may read anything")
        cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
        places: list[tuple[str, Where]] = [(free, (cell, None)) for free, cell in cells]
        for key in found.globals:
            places += [(key, (space, key))] if key in space else [(key, (space, key)), (key, (common, key))]
        places += [(f"{name}.{key}", (function, key)) for key in ("__code__", "__defaults__", "__kwdefaults__")]
        self.watch([label for label, _ in places], [where for _, where in places])
        for label, where in places:
            self.visit(label, value_at(*where))
        for module, level in found.modules:
            full = f"{str(space.get('__package__')).rsplit('.', level - 1)[0]}.{module}" if level else module
            self.watch_read(full, lambda full=full: (sys.modules.get(full),))  # type: ignore[misc]
            for part in (full.partition(".")[0], full):
                self.visit(part, sys.modules.get(part))

    def _visit_method(self, name: str, method: MethodType) -> None:
        self.visit(name, method.__func__)
        self.visit("self" if name == "function" else name.rpartition(".")[0] or name, method.__self__)

    def _visit_built_in_method(self, name: str, method: BuiltinMethodType) -> None:
        if not isinstance(method.__self__, ModuleType):
            self.visit(name, method.__self__)

    def _visit_followed(self, name: str, value: Followed) -> None:
        for key, part in value._followed().items():
            self.visit(name if key == "function" else f"{name}.{key}", part)

    def _visit_partial(self, name: str, value: partial[Any]) -> None:
        self.visit(name, value.func)
        self._visit_each(name, value.args)
        self.visit(name, value.keywords)

    def _visit_names(self, name: str, value: Any) -> None:
        """What looks attributes up by names that it holds."""
        for part in value.__reduce__()[1]:
            self._names.named.update(part.split(".") if isinstance(part, str) else ())

    # ---- containers and memory ---------------------------------------------------------------------------------------

    def _visit_each(self, name: str, items: Any) -> None:
        for index, item in enumerate(items):
            self.visit(f"{name}.{index}", item)

    def _visit_items(self, name: str, items: Any) -> None:
        self.watch_items(name, lambda: tuple(items))
        self._visit_each(name, items)

    def _visit_mapping(self, name: str, items: Mapping[Any, Any]) -> None:
        self.watch_items(name, lambda: (*items.keys(), *items.values()))
        for key, item in items.items():
            self.visit(f"{name}.{key}", item)

    def _visit_array(self, name: str, array: np.ndarray[Any, Any]) -> None:
        if array.dtype.hasobject:
            self.watch_read(name, lambda: array.ravel().tolist())
            self._visit_each(name, array.ravel().tolist())
        else:
            self.watch_content(name, array.nbytes, lambda: (array.shape, array.dtype.str, array.tobytes()))

    def _visit_drawn(self, name: str, value: Any) -> None:
        """A generator of random numbers that is not fastnn's."""
        if isinstance(value, python_random.SystemRandom):
            return  # which has no state, and is seen when it draws
        if isinstance(value, python_random.Random):
            self.draws[name] = value.getstate
        elif isinstance(value, np.random.Generator):
            self.draws[name] = lambda: value.bit_generator.state
        else:
            self.draws[name] = lambda: tuple(value.get_state())[2:]

    def _visit_variable(self, name: str, variable: ContextVar[Any]) -> None:
        def held() -> Any:
            try:
                return variable.get()  # not with a default, which would stand in for its own
            except LookupError:
                return MISSING

        self.watch_read(name, lambda: (held(),))
        self.visit(name, held())

    def _visit_reference(self, name: str, reference: weakref.ref[Any]) -> None:
        self.watch_read(name, lambda: (reference() is None,))
        self.visit(name, reference())

    def _visit_logger(self, name: str, logger: logging.Logger) -> None:
        """Its level; what it says is nobody's result."""
        self.watch_attributes(name, vars(logger), ["disabled", "level"], counted=False)

    # ---- objects of any other kind -----------------------------------------------------------------------------------

    def _visit_anything(self, name: str, value: Any) -> None:
        if isinstance(value, KeysView | ValuesView | ItemsView) and hasattr(value, "mapping"):
            self.visit(name, value.mapping)
            return
        if isinstance(value, weakref.WeakSet | weakref.WeakKeyDictionary | weakref.WeakValueDictionary):
            self.give_up(f"{name}, a {type(value).__name__}, whose items may go at any moment")
            return
        if isinstance(value, Iterator) and is_foreign(str(type(value).__module__)) and not isinstance(value, IOBase):
            self.give_up(f"{name}, an iterator, which gives other values with every call")
            return
        try:
            view = memoryview(value)
        except (TypeError, BufferError, ValueError):
            if _is_opaque(value):
                self.give_up(f"{name}, a {type(value).__name__}, whose state can't be compared")
        else:
            if _POINTERS & set(re.sub(":[^:]*:", "", view.format)):
                self.give_up(f"{name}, which points to memory elsewhere")
            self.watch_content(name, view.nbytes, lambda: (memoryview(value).tobytes(),))
            return
        if hasattr(value, "__dict__"):
            self.visit(name, vars(value).get("__wrapped__"))
        self._visit_object(name, value)

    def _visit_object(self, name: str, value: Any) -> None:
        """An object of a class of the user's: the attributes that the functions name; of the library's and Python's:
        all, since nothing that is followed names them."""
        cls = type(value)
        foreign = is_foreign(str(cls.__module__))  # it may be a property
        if foreign and hasattr(cls, "__get__"):  # a method of another kind, which hands on to what it holds
            for part in getattr(value, "__dict__", {}).values():
                self.visit(name, part)
            return
        if isinstance(getattr(value, "__dict__", None), dict):
            attributes = vars(value)
            if str(cls.__module__).partition(".")[0] == "fastnn":  # no result depends on the library's own locks
                self._seen |= {id(part): part for part in attributes.values() if isinstance(part, _LOCKS)}
            every = foreign or isinstance(value, Metric) or self._names.all
            plain = [key for key in attributes if not key.startswith("__")]
            self.watch_attributes(name, attributes, sorted(plain if every else self._names.named), counted=every)
        self._visit_class(name, cls, value)

    def _visit_module(self, name: str, module: ModuleType) -> None:
        if is_foreign(module.__name__):
            self._visit_members(name, vars(module))
            return
        keys = [key for key in vars(module) if not key.startswith("__")] if self._names.all else self._names.named
        self.watch_attributes(name, vars(module), sorted(keys), counted=self._names.all)

    def _visit_members(self, name: str, members: Mapping[str, Any]) -> None:
        """Of a module that isn't looked into: what may be another one, though few change it, and the settings in it."""
        keys = sorted(self._names.named & members.keys())
        self.watch([f"{name}.{key}" for key in keys], [(members, key) for key in keys])
        for key in keys:
            value = members[key]
            if value is sys.modules:
                self.give_up(f"{name}.{key}, through which it may read anything")
            elif isinstance(value, _LOOKED_INTO) or any(value is part for part in _ENVIRONMENT):
                self.visit(f"{name}.{key}", value)

    def _visit_type(self, name: str, cls: type) -> None:
        if not is_foreign(str(cls.__module__)):
            self._visit_class(name, cls, cls)

    def _visit_class(self, name: str, cls: type, value: Any) -> None:
        """What a user's class, and those that it derives from, give to an object: attributes, slots, methods."""
        if value is not cls and not is_foreign(str(cls.__module__)):
            if isinstance(value, Mapping):  # whose items are looked up, not its attributes
                self.watch_read(f"{name}.__class__", lambda: (type(value),))
            else:
                self.watch(f"{name}.__class__", [(value, "__class__")])
        if type(cls) is not type and (cls, True) not in self._classes:
            self._visit_class(f"{name}.__class__", type(cls), cls)
        for base in cls.__mro__:
            if is_foreign(str(base.__module__)):
                continue
            members = vars(base)
            if value is not cls:
                self._visit_slots(name, members, value)
            if (base, value is cls) in self._classes:
                continue
            self._classes.add((base, value is cls))
            plain = [key for key in members if not key.startswith("__")]
            every = self._names.all
            keys = sorted(plain if every else self._names.named)
            self.watch_attributes(base.__name__, members, keys, counted=every)
            special = [key for key in members if key.startswith("__")]
            self.watch(
                [f"{base.__name__}.{key}" for key in ("__bases__", *special)],
                [(base, "__bases__"), *((members, key) for key in special), (members, None)],
            )
            for key, member in list(members.items()):
                called = key.startswith("__") and key not in _ELSEWHERE and (value is cls or key not in _MAKING)
                function = getattr(member, "__func__", member)
                function = function.fget if isinstance(function, property) else function
                if not (called or _is_hook(cls, key)) or not isinstance(function, FunctionType):
                    continue
                if function.__code__.co_filename != "<string>":  # as dataclasses write them
                    self.visit(f"{name}.{key}", function)

    def _visit_slots(self, name: str, members: Mapping[str, Any], value: Any) -> None:
        slots = {key: member for key, member in members.items() if isinstance(member, MemberDescriptorType)}
        slots = {key: slots[key] for key in self._names.of(slots)}
        if slots:
            self.watch_read([f"{name}.{key}" for key in slots], lambda: [slot_of(s, value) for s in slots.values()])
            for key, slot in slots.items():
                self.visit(f"{name}.{key}", slot_of(slot, value))


# What is done with an object: by the first of these kinds that it is of.
_KINDS: tuple[tuple[Any, Callable[[Walk, str, Any], None]], ...] = (
    (Tensor, Walk._visit_tensor),
    (_core.Scalar, Walk._visit_scalar),
    (Node, Walk._visit_node),
    (Optimizer, Walk._visit_optimizer),
    (FunctionType, Walk._visit_function),
    (MethodType, Walk._visit_method),
    (BuiltinMethodType, Walk._visit_built_in_method),
    (Followed, Walk._visit_followed),
    (partial, Walk._visit_partial),
    (property, lambda walk, name, value: walk.visit(name, value.fget)),
    (cached_property, lambda walk, name, value: walk.visit(name, value.func)),
    ((staticmethod, classmethod), lambda walk, name, value: walk.visit(name, value.__func__)),
    ((operator.attrgetter, operator.methodcaller), Walk._visit_names),
    (tuple | frozenset, Walk._visit_each),
    (list | set | deque, Walk._visit_items),
    (Mapping, Walk._visit_mapping),
    (np.ndarray, Walk._visit_array),
    ((python_random.Random, np.random.Generator, np.random.RandomState), Walk._visit_drawn),
    (ContextVar, Walk._visit_variable),
    (weakref.ref, Walk._visit_reference),
    (logging.Logger, Walk._visit_logger),
    (type, Walk._visit_type),
    (ModuleType, Walk._visit_module),
)


def _is_hook(cls: type, name: str) -> bool:
    """Whether steps call a method of a class that no code of the user's may name: of a layer, its call and masks; of
    what else takes part in training, whatever the library's own classes define as well."""
    if not issubclass(cls, Loss | Metric | Optimizer):
        return name in _OF_LAYERS
    return name not in _OF_FILES and any(name in vars(base) for base in cls.__mro__ if is_foreign(str(base.__module__)))


def _is_opaque(value: Any) -> bool:
    """Whether an object has a state that Python doesn't see: in no attribute, and not a value that it is hashed by, as
    dates are. What can be called is taken to be a function."""
    cls = type(value)
    module = str(cls.__module__)
    hashed: Any = cls.__hash__
    by_value = is_foreign(module) and hashed is not None and hashed is not object.__hash__
    if callable(value) or hasattr(cls, "__get__") or by_value or module.partition(".")[0] == "fastnn":
        return False
    slots = sum(isinstance(member, MemberDescriptorType) for base in cls.__mro__ for member in vars(base).values())
    seen = slots + (cls.__dictoffset__ > 0) + (cls.__weakrefoffset__ > 0)
    return cls.__itemsize__ > 0 or cls.__basicsize__ > object.__basicsize__ + seen * struct.calcsize("P")
