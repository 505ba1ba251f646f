"""What a function can read besides its arguments: found by following its closure, its globals, self and attributes.

The tensors and cells found are what a program may read and write. The Python values on the way to them, and others that
the function names, are watched: a program is good as long as they are the same ones. What can't be watched, an iterator
or a call of `open`, is a reason not to record. Tensors that are not found can't be recorded either, because ops refuse
arrays that nobody has registered.
"""

from __future__ import annotations

import builtins
import operator
import os
import random as python_random
import re
import struct
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, Sequence, ValuesView
from contextvars import ContextVar
from functools import cached_property, partial
from io import IOBase
from types import BuiltinMethodType, CellType, CodeType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from . import _core, random
from .layers.base import Layer
from .layers.base.penalties import Weight
from .layers.base.structure import Node, Watch
from .losses import Loss
from .metrics import Metric
from .optimizers import Optimizer
from .reads import reads
from .recording import PACKAGE, is_foreign
from .tensor import Tensor

__all__ = ["Followed", "Reach"]

_MISSING = object()
# what a step of one's own may count with, and what compute_loss reads
_OF_LOGS = ("_metrics", "_weighted_metrics", "_tracker", "_loss_trackers", "_heads")
_SIMPLE = (int, float, str, bytes, bool, complex, type(None))
_BUILT_IN = (*_SIMPLE, Tensor, list, tuple, set, frozenset, deque, Mapping, np.ndarray)
_POINTERS = set("&PzZOX")  # in the formats of buffers
_DRAWN_ANEW = (os.urandom,)  # of numbers of the system, in every call
_LOCKS = (type(threading.Lock()), type(threading.RLock()))
_LARGE = 1 << 20  # bytes of an array that are compared before each step
# methods that nothing names where they are called, but for these, which make or copy objects
_MAKING = {"__init__", "__new__", "__post_init__", "__init_subclass__"}
_OF_LAYERS, _OF_FILES = {"call", "compute_mask"}, {"get_config", "from_config"}
_ELSEWHERE = {"__del__", "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__copy__", "__deepcopy__"}


_Where = tuple[Any, str | None]  # a namespace or object and a name; a cell, or for its length a namespace, and None


class _Place(NamedTuple):
    """Where values are kept that a function reads, and the values as they were."""

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
            if _mark(a) != _mark(b):
                return name
        if len(now) == len(self.before):
            return None
        items = self.names[0].rpartition("[")[0]
        return f"the length of {items}" if items else f"the attributes of {self.names[0].rpartition('.')[0]}"


def is_hook(cls: type, name: str) -> bool:
    """Whether steps call a method of a class that no code of the user's may name: of a layer, its call and masks; of
    what else takes part in training, whatever the library's own classes define as well."""
    if not issubclass(cls, Loss | Metric | Optimizer):
        return name in _OF_LAYERS
    return name not in _OF_FILES and any(name in vars(base) for base in cls.__mro__ if is_foreign(str(base.__module__)))


def _mark(value: Any) -> Any:
    """What tells values apart: numbers and strings by what they are, everything else by identity."""
    if type(value) in (float, complex):  # zeros have signs
        return type(value), repr(value)
    if type(value) in _SIMPLE:
        return type(value), value
    if type(value) is tuple:
        return tuple(map(_mark, value))
    return id(value)


class Followed:
    """What reads nothing itself: others are followed in its place."""

    def _followed(self) -> dict[str, Any]:
        """Those others, by name; itself by "function"."""
        raise NotImplementedError


class Reach:
    """What can be reached from some roots.

    Parameters
    ----------
    roots : mapping from name to object
        Functions, layers, optimizers, metrics, tensors, objects of any kind, and lists and dictionaries of them.
    phases : bool, default True
        Whether to look at what follows from the steps that optimizers have taken; not where a key holds it.

    Attributes
    ----------
    tensors, scalars : dict
        By name, such as "generator.0.kernel".
    variables : list of Tensor
        Those that require a gradient; `gradients` tells which have one.
    """

    def __init__(self, roots: Mapping[str, Any], phases: bool = True) -> None:
        self._named: set[str] = set()  # attributes that the functions name
        self._follows_phases = phases
        self._named_all = False  # whether they look them up by computed names
        while True:
            self.tensors: dict[str, Tensor] = {}
            self.scalars: dict[str, _core.Scalar] = {}
            self._places: list[_Place] = []
            self._nodes: list[_Place] = []
            self._contents: list[_Place] = []
            self._looked_up: list[_Where] = []  # places that C++ compares,
            self._were: list[Any] = []  # with what was there,
            self._read: list[_Place] = []  # and those that Python does
            self._draws: dict[str, Callable[[], Any]] = {
                "random": python_random.getstate,
                "numpy.random": lambda: tuple(np.random.get_state())[2:],  # noqa: NPY002
            }
            self.unwatched: str | None = None  # what the function reads that can't be watched
            self._seen: dict[int, Any] = {}
            self._classes: set[tuple[type, bool]] = set()
            self._containers: list[Any] = []
            self._phases: list[Callable[[], Any]] = []
            self._penalized: dict[str, Weight] = {}
            self.stale = False
            known = len(self._named), self._named_all
            for name, value in roots.items():
                self._visit(name, value)
            if (len(self._named), self._named_all) == known:
                break
        self._drop_shared()
        self._add_penalties()
        self._add_place("the generator of random numbers", lambda: (random._default,), [(vars(random), "_default")])
        self._watch = Watch(lambda: self._containers)
        self._trained = [tensor.requires_grad for tensor in self.tensors.values()]
        self.variables = [tensor for tensor in self.tensors.values() if tensor.requires_grad]
        self._with_gradient = [variable for variable in self.variables if variable.grad is not None]
        self.gradients = tuple(variable.grad is not None for variable in self.variables)  # there before a run
        self._looked_up += [(variable, "grad") for variable in self.variables if variable.grad is None]
        self._were += [None] * self.gradients.count(False)
        marks = [_mark(value) for place in (*self._places, *self._nodes, *self._contents) for value in place.before]
        arrays = [(id(tensor._array), tensor.requires_grad) for tensor in self.tensors.values()]
        items = [_mark(item) for item in self._watch._before]
        self.signature = (tuple(marks), tuple(arrays), tuple(items))
        self.phase = self._phase()  # what the function itself is meant to change, such as an optimizer's count

    def _phase(self) -> tuple[Any, ...]:
        return tuple(read() for read in self._phases)

    def changed(self) -> bool:
        """Whether something may be another one now. Called before each step, so it looks no further than needed."""
        return (
            self.stale
            or _core.differ(self._looked_up, self._were, _MISSING)
            or any(place.changed() for place in self._read)
            or any(place.others() for place in self._contents)
            or self._trained != [tensor.requires_grad for tensor in self.tensors.values()]
            or any(variable.grad is None for variable in self._with_gradient)
            or self._watch.changed()
            or self.phase != self._phase()
        )

    def difference(self, later: Reach) -> str | None:
        """What a function has changed in Python between two looks; None when it only made weights and state.

        A layer makes weights on its first call, an optimizer its moments in its first step.
        """
        for place in (*self._places, *self._nodes):
            name = place.difference()
            made = (len(place.before) == 1 and place.before[0] is None) or (name or "").endswith(
                ".built"
            )  # the generator, a layer without weights
            if name is not None and not made:
                return name
        for place in self._contents:
            if place.others():
                return place.names[0]
        if self._watch.changed() and len(self.tensors) == len(later.tensors):
            return "a list or dictionary"
        return None

    def objection(self, later: Reach, draws: Mapping[str, str]) -> str | None:
        """Why what ran between two looks, with draws as they were at the first, can't be replayed."""
        if self.unwatched is not None:
            return f"it reads {self.unwatched}"
        drawn = next((name for name, state in self.draws().items() if draws[name] != state), None)
        if drawn is not None:
            return f"it draws numbers from {drawn}, which a replay would not repeat"
        change = self.difference(later)
        return None if change is None else self.told(change)

    def told(self, change: str) -> str:
        """What to say of a change, which `difference` has named, and what to do about it."""
        said = f"it changes {change}, which a replay would not repeat"
        places = (place for place in (*self._places, *self._nodes) if change in place.names)
        before = next((dict(zip(place.names, place.before, strict=False)).get(change) for place in places), None)
        if type(before) not in (int, float):
            return said
        name = change.rpartition(".")[2]
        return f"{said}; a Tensor is: begin with {name} = fastnn.zeros(()), and here count with {name}.add_(1)"

    def names(self, name: str) -> bool:
        """Whether something that is watched has a name, or is an item of what has it."""
        places = (*self._places, *self._nodes, *self._contents)
        found = {*self._draws, *(known for place in places for known in place.names)}
        return name in found or any(known.startswith(f"{name}[") for known in found)

    def draws(self) -> dict[str, str]:
        """How far generators of random numbers that are not fastnn's have been drawn from."""
        return {name: repr(read()) for name, read in self._draws.items()}

    # ---- the walk ----------------------------------------------------------------------------------------------------

    def _add_place(
        self, names: str | Sequence[str], read: Callable[[], Sequence[Any]], where: Sequence[_Where] | None = None
    ) -> None:
        """A place that is looked at before each step: by `read`, or where the same can be looked up, faster."""
        place = _Place([names] if isinstance(names, str) else names, read, tuple(read()))
        self._places.append(place)
        if where is None:
            self._read.append(place)
        else:
            self._looked_up += where
            self._were += [_value(holder, name) for holder, name in where]

    def _visit(self, name: str, value: Any) -> None:
        if value is _MISSING or type(value) in _SIMPLE or isinstance(value, CodeType) or id(value) in self._seen:
            return
        self._seen[id(value)] = value
        if isinstance(value, _BUILT_IN) and not is_foreign(str(type(value).__module__)):
            self._visit_object(name, value)  # of a class of the user's, which adds to the built-in one
        if isinstance(value, _SIMPLE):
            return
        if any(value is source for source in _DRAWN_ANEW):
            self._give_up(f"{name}, which gives other numbers with every call")
        if isinstance(value, Tensor):
            self._add_tensor(name, value)
        elif isinstance(value, _core.Scalar):
            self.scalars[self._new(name, self.scalars)] = value
        elif isinstance(value, Node):
            self._visit_node(name, value)
        elif isinstance(value, FunctionType):
            self._visit_function(name, value)
        elif isinstance(value, MethodType):
            self._visit(name, value.__func__)
            self._visit("self" if name == "function" else name.rpartition(".")[0] or name, value.__self__)
        elif isinstance(value, Followed):
            for key, part in value._followed().items():
                self._visit(name if key == "function" else f"{name}.{key}", part)
        elif isinstance(value, partial):
            self._visit(name, value.func)
            self._visit_items(name, value.args)
            self._visit(name, value.keywords)
        elif isinstance(value, list | tuple | set | frozenset | deque):
            self._watch_items(name, value, lambda: tuple(value))
            self._visit_items(name, value)
        elif isinstance(value, Mapping):
            self._watch_items(name, value, lambda: (*value.keys(), *value.values()))
            for key, item in value.items():
                self._visit(f"{name}.{key}", item)
        elif isinstance(value, KeysView | ValuesView | ItemsView) and hasattr(value, "mapping"):
            self._visit(name, value.mapping)
        elif isinstance(value, Optimizer):
            self._visit_optimizer(name, value)
        elif not self._visit_content(name, value):
            self._visit_wrapped(name, value)
            self._visit_object(name, value)

    def _visit_content(self, name: str, value: Any) -> bool:
        """What is not made of Python objects: numbers in memory, and what gives values one after the other."""
        if isinstance(value, type | ModuleType | ContextVar):
            return False
        if isinstance(value, np.ndarray) and value.dtype.hasobject:
            self._add_place(name, lambda: value.ravel().tolist())
            self._visit_items(name, value.ravel().tolist())
        elif isinstance(value, np.ndarray):
            self._add_content(name, value.nbytes, lambda: (value.shape, value.dtype.str, value.tobytes()))
        elif isinstance(value, python_random.SystemRandom):
            self._give_up(f"{name}, which gives other numbers with every call")
        elif isinstance(value, python_random.Random):
            self._draws[name] = value.getstate
        elif isinstance(value, np.random.Generator):
            self._draws[name] = lambda: value.bit_generator.state
        elif isinstance(value, np.random.RandomState):
            self._draws[name] = lambda: tuple(value.get_state())[2:]
        elif isinstance(value, Iterator) and is_foreign(str(type(value).__module__)) and not isinstance(value, IOBase):
            self._give_up(f"{name}, an iterator, which gives other values with every call")
        else:
            try:
                view = memoryview(value)
            except (TypeError, BufferError, ValueError):
                if _is_opaque(value):
                    self._give_up(f"{name}, a {type(value).__name__}, whose state can't be compared")
                return False
            if _POINTERS & set(re.sub(":[^:]*:", "", view.format)):
                self._give_up(f"{name}, which points to memory elsewhere")
            self._add_content(name, view.nbytes, lambda: (memoryview(value).tobytes(),))
        return True

    def _add_content(self, name: str, size: int, read: Callable[[], tuple[Any, ...]]) -> None:
        if size > _LARGE:
            self._give_up(f"{name}, an array of {size >> 20} MB that is no Tensor; make it one, or an argument")
        else:
            self._contents.append(_Place([name], read, read()))

    def _visit_wrapped(self, name: str, value: Any) -> None:
        """What an object that is called, or looked up, hands on to."""
        if isinstance(value, BuiltinMethodType) and not isinstance(value.__self__, ModuleType):
            self._visit(name, value.__self__)
        elif isinstance(value, property):
            self._visit(name, value.fget)
        elif isinstance(value, cached_property):
            self._visit(name, value.func)
        elif isinstance(value, staticmethod | classmethod):
            self._visit(name, value.__func__)
        elif isinstance(value, operator.attrgetter | operator.methodcaller):
            for part in value.__reduce__()[1]:
                self._named.update(part.split(".") if isinstance(part, str) else ())
        elif isinstance(value, ContextVar):
            self._add_place(name, lambda: (value.get(_MISSING),))
            self._visit(name, value.get(None))
        elif isinstance(value, weakref.ref):
            self._add_place(name, lambda: (value(),))
            self._visit(name, value())
        elif not isinstance(value, type | ModuleType) and hasattr(value, "__dict__"):
            self._visit(name, vars(value).get("__wrapped__"))

    def _give_up(self, what: str) -> None:
        self.unwatched = self.unwatched or what

    def _visit_items(self, name: str, items: Any) -> None:
        for index, item in enumerate(items):
            self._visit(f"{name}.{index}", item)

    def _watch_items(self, name: str, value: Any, read: Callable[[], tuple[Any, ...]]) -> None:
        if not isinstance(value, tuple | frozenset):
            self._add_place([f"{name}[{index}]" for index in range(len(read()) or 1)], read)

    def _new(self, name: str, names: Mapping[str, Any]) -> str:
        while name in names:
            name += "'"
        return name

    def _add_tensor(self, name: str, tensor: Tensor) -> None:
        if not tensor._array.is_constant:
            self.tensors[self._new(name, self.tensors)] = tensor
        if isinstance(tensor, Weight):
            self._penalized[self._new(name, self._penalized)] = tensor
            self._visit(f"{name}.regularizer", tensor.regularizer)
            self._visit(f"{name}.constraint", tensor.constraint)

    def _add_penalties(self) -> None:
        """Which regularizers and constraints weights have: one place for all, since it is looked at in each step."""
        weights = list(self._penalized.values())
        names = [f"{name}.{kind}" for name in self._penalized for kind in ("regularizer", "constraint")]
        where = [(weight, kind) for weight in weights for kind in ("regularizer", "constraint")]
        self._add_place(names, lambda: [part for w in weights for part in (w.regularizer, w.constraint)], where)

    def _drop_shared(self) -> None:
        """Of tensors that share memory leave the largest: a program could not tell when one is written as another."""
        order = sorted(self.tensors.items(), key=lambda item: (item[1]._array.address, -item[1]._array.nbytes))
        end = -1
        for name, tensor in order:
            address, size = tensor._array.address, tensor._array.nbytes
            if address < end and size > 0:
                del self.tensors[name]
            end = max(end, address + size)

    def _visit_node(self, name: str, root: Node) -> None:
        root._link()
        root._watch(self)
        for path, node in root._walk():
            self._seen[id(node)] = node
            full = f"{name}.{path}" if path else name
            names = [f"{full}.{key}" for key in vars(node) if key not in node._unrecorded]
            read = partial(_recorded_values, node)
            self._nodes.append(_Place(names, read, tuple(read())))
            self._containers.extend(node._containers())
            if isinstance(node, Layer):
                for key, tensor in (*node._weights.items(), *((f"state.{k}", t) for k, t in node._states.items())):
                    self._visit(f"{full}.{key}", tensor)
            for key, value in list(vars(node).items()):
                if key not in node._unrecorded or isinstance(value, _core.Scalar) or key in _OF_LOGS:
                    self._visit_quietly(f"{full}.{key}", value)
            self._visit_class(full, type(node), node)

    def _visit_quietly(self, name: str, value: Any) -> None:
        """As _visit, for what a node holds: its containers are watched by the node's."""
        if isinstance(value, list | tuple | set):
            self._seen[id(value)] = value
            for index, item in enumerate(value):
                self._visit_quietly(f"{name}.{index}", item)
        elif isinstance(value, dict):
            self._seen[id(value)] = value
            for key, item in value.items():
                self._visit_quietly(f"{name}.{key}", item)
        else:
            self._visit(name, value)

    def _visit_optimizer(self, name: str, optimizer: Optimizer) -> None:
        if self._follows_phases:
            self._phases.append(optimizer._phase)
        self._visit_class(name, type(optimizer), optimizer)
        keys = [key for key in vars(optimizer) if key not in optimizer._grown]
        attributes = vars(optimizer)
        where = [(attributes, key) for key in keys]
        self._add_place([f"{name}.{key}" for key in keys], lambda: [attributes[key] for key in keys], where)
        for index, (_, slots) in enumerate(optimizer._slots.values()):
            for slot, tensor in slots.items():
                self._visit(f"{name}.{slot}.{index}", tensor)
        for key in keys:
            self._visit(f"{name}.{key}", attributes[key])
        for index, part in enumerate(optimizer._optimizers_within()):
            self._visit(f"{name}.{index}", part)

    def _visit_object(self, name: str, value: Any) -> None:
        """An object of a class of the user's: the attributes that the functions name; of the library's and Python's:
        all, since nothing that is followed names them."""
        kind = isinstance(value, type | ModuleType)
        cls = value if isinstance(value, type) else type(value)
        module = value.__name__ if isinstance(value, ModuleType) else str(cls.__module__)  # may be a property
        whole = is_foreign(module) or isinstance(value, Metric)
        if kind and is_foreign(module):
            if isinstance(value, ModuleType):
                self._visit_sources(name, vars(value))
            return
        if is_foreign(module) and not kind and hasattr(cls, "__get__"):
            return  # what a property and the like hand on to is followed
        if not isinstance(value, type) and isinstance(getattr(value, "__dict__", None), dict):
            if module.partition(".")[0] == "fastnn":  # no result depends on the library's own locks
                self._seen |= {id(part): part for part in vars(value).values() if isinstance(part, _LOCKS)}
            self._visit_namespace(name, vars(value), (whole and not kind) or self._named_all)
        if not isinstance(value, ModuleType):
            self._visit_class(name, cls, value)

    def _visit_sources(self, name: str, members: Mapping[str, Any]) -> None:
        """Of a module that isn't looked into: where numbers come from that are other ones with every call."""
        for key in sorted(self._named & members.keys()):
            if isinstance(members[key], ModuleType) or any(members[key] is source for source in _DRAWN_ANEW):
                self._visit(f"{name}.{key}", members[key])
        if any(isinstance(member, python_random.SystemRandom) for member in members.values()):
            self._give_up(f"{name}, which gives other numbers with every call")

    def _visit_namespace(self, name: str, attributes: Mapping[str, Any], every: bool) -> None:
        """All attributes but special ones, or those that the functions name."""
        keys = sorted(key for key in attributes if not key.startswith("__")) if every else sorted(self._named)
        self._visit_attributes(name, attributes, keys, counted=every)

    def _visit_attributes(self, name: str, attributes: Mapping[str, Any], keys: Sequence[str], counted: bool) -> None:
        self._add_place(
            [f"{name}.{key}" for key in keys] or name,
            lambda: [attributes.get(key, _MISSING) for key in keys] + ([len(attributes)] if counted else []),
            [*((attributes, key) for key in keys), *([(attributes, None)] if counted else [])],
        )
        for key in keys:
            self._visit(f"{name}.{key}", attributes.get(key))

    def _visit_class(self, name: str, cls: type, value: Any) -> None:
        """What a user's class, and those that it derives from, give to an object: attributes, slots, methods."""
        if value is not cls and not is_foreign(str(cls.__module__)):
            where: Sequence[_Where] | None = None if isinstance(value, Mapping) else [(value, "__class__")]
            self._add_place(f"{name}.__class__", lambda: (type(value),), where)
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
            self._visit_namespace(base.__name__, members, self._named_all)
            special = [key for key in members if key.startswith("__")]
            self._add_place(
                [f"{base.__name__}.{key}" for key in ("__bases__", *special)],
                lambda base=base, special=special: [  # type: ignore[misc]
                    base.__bases__,
                    *(vars(base).get(key, _MISSING) for key in special),
                    len(vars(base)),
                ],
                [(base, "__bases__"), *((members, key) for key in special), (members, None)],
            )
            for key, member in list(members.items()):
                called = key.startswith("__") and key not in _ELSEWHERE and (value is cls or key not in _MAKING)
                function = getattr(member, "__func__", member)
                function = function.fget if isinstance(function, property) else function
                if not (called or is_hook(cls, key)) or not isinstance(function, FunctionType):
                    continue
                if function.__code__.co_filename != "<string>":  # as dataclasses write them
                    self._visit(f"{name}.{key}", function)

    def _visit_slots(self, name: str, members: Mapping[str, Any], value: Any) -> None:
        slots = {
            key: member
            for key, member in members.items()
            if isinstance(member, MemberDescriptorType) and (self._named_all or key in self._named)
        }
        if slots:
            self._add_place([f"{name}.{key}" for key in slots], lambda: [_slot(s, value) for s in slots.values()])
            for key, slot in slots.items():
                self._visit(f"{name}.{key}", _slot(slot, value))

    def _visit_function(self, name: str, function: FunctionType) -> None:
        code = function.__code__
        module = str(function.__module__)
        if code.co_filename.startswith(PACKAGE) or (is_foreign(module) and not module.startswith("fastnn")):
            # an example in a docstring calls itself fastnn; what a library has wrapped may be the user's
            for held in map(_content, function.__closure__ or ()):
                self._visit(name, held if callable(held) else None)
            return
        self._visit(f"{name}.registry", getattr(function, "registry", None))  # of functools.singledispatch
        attributes = vars(function)
        keys = sorted(key for key in attributes if self._named_all or key in self._named)
        self._visit_attributes(name, attributes, keys, counted=True)
        found, space, common = reads(code), function.__globals__, vars(builtins)
        self._named |= found.attributes
        self._named_all = self._named_all or found.all_attributes
        anything = found.anything(space)
        if anything is not None:
            self._give_up(f"whatever {anything} gives")
        names = list(found.globals)
        cells, free = function.__closure__ or (), code.co_freevars

        def values() -> list[Any]:
            defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
            named = (space[key] if key in space else common.get(key, _MISSING) for key in names)
            return [*map(_content, cells), *named, function.__code__, *defaults]

        given = [f"{name}.default{index}" for index in range(len(values()) - len(cells) - len(names) - 1)]
        labels = [*free, *names, f"{name}.__code__", *given]
        where: list[_Where] = [*((cell, None) for cell in cells), *((space, key) for key in names)]
        where += [(common, key) for key in names if key not in space]
        where += [(function, "__code__"), (function, "__defaults__"), (function, "__kwdefaults__")]
        named_defaults = function.__kwdefaults__ or {}
        self._add_place(labels, values, [*where, *((named_defaults, key) for key in named_defaults)])
        for key, value in zip(labels, values(), strict=True):
            self._visit(key, value)
        for module, level in found.modules:
            full = f"{str(space.get('__package__')).rsplit('.', level - 1)[0]}.{module}" if level else module
            self._add_place(full, lambda full=full: (sys.modules.get(full),))  # type: ignore[misc]
            for part in (full.partition(".")[0], full):
                self._visit(part, sys.modules.get(part))


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


def _value(holder: Any, name: str | None) -> Any:
    """What is there; as `_core.differ` compares it."""
    if isinstance(holder, CellType):
        return _content(holder)
    if not isinstance(holder, Mapping):
        return getattr(holder, str(name))
    return len(holder) if name is None else holder.get(name, _MISSING)


def _recorded_values(node: Node) -> list[Any]:
    return [value for name, value in vars(node).items() if name not in node._unrecorded]


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return _MISSING


def _slot(descriptor: MemberDescriptorType, value: Any) -> Any:
    try:
        return descriptor.__get__(value)
    except AttributeError:  # not assigned yet
        return _MISSING
