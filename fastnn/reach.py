"""What a function can read besides its arguments: found by following its closure, its globals, self and attributes.

The tensors and cells found are what a program may read and write. The Python values on the way to them, and others that
the function names, are watched: a program is good as long as they are the same ones. Whatever is not found (behind
getattr with a computed name, say) can't be recorded, because ops refuse arrays that nobody has registered.
"""

from __future__ import annotations

import dis
import operator
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from . import _core, random
from .layers.base import Layer
from .layers.penalties import Weight
from .layers.structure import Node, Watch
from .optimizers import Optimizer
from .recording import PACKAGE
from .tensor import Tensor

__all__ = ["Reach"]

_MISSING = object()
_OF_LOGS = ("_metrics", "_tracker", "_loss_trackers")  # what a step of one's own may count with
_SIMPLE = (int, float, str, bytes, bool, complex, type(None))
_FOREIGN = {"fastnn", "numpy", *sys.stdlib_module_names}
_GLOBALS = {"LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL"}
_ATTRIBUTES = {"LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR", "DELETE_ATTR"}


class _Place(NamedTuple):
    """Where values are kept that a function reads, and the values as they were."""

    names: Sequence[str]
    read: Callable[[], Sequence[Any]]
    before: tuple[Any, ...]

    def changed(self) -> bool:
        now = self.read()
        return len(now) != len(self.before) or not all(map(operator.is_, now, self.before))

    def difference(self) -> str | None:
        """The name of the first value that is another one."""
        now = self.read()
        for name, a, b in zip(self.names, now, self.before, strict=False):
            if _mark(a) != _mark(b):
                return name
        return None if len(now) == len(self.before) else f"the length of {self.names[0].rpartition('[')[0]}"


def _mark(value: Any) -> Any:
    """What tells values apart: numbers and strings by what they are, everything else by identity."""
    if type(value) in _SIMPLE:
        return type(value), value
    if type(value) is tuple:
        return tuple(map(_mark, value))
    return id(value)


class Reach:
    """What can be reached from some roots.

    Parameters
    ----------
    roots : mapping from name to object
        Functions, layers, optimizers, metrics, tensors, objects of any kind, and lists and dictionaries of them.

    Attributes
    ----------
    tensors, scalars : dict
        By name, such as "generator.0.kernel".
    """

    def __init__(self, roots: Mapping[str, Any]) -> None:
        self._named: set[str] = set()  # attributes that the functions name
        while True:
            self.tensors: dict[str, Tensor] = {}
            self.scalars: dict[str, _core.Scalar] = {}
            self._places: list[_Place] = []
            self._nodes: list[_Place] = []
            self._seen: dict[int, Any] = {}
            self._containers: list[Any] = []
            self._phases: list[Callable[[], Any]] = []
            self._penalized: dict[str, Weight] = {}
            self.stale = False
            known = len(self._named)
            for name, value in roots.items():
                self._visit(name, value)
            if len(self._named) == known:
                break
        self._drop_shared()
        self._add_penalties()
        self._add_place("the generator of random numbers", lambda: (random._default,))
        self._watch = Watch(lambda: self._containers)
        self._trained = [tensor.requires_grad for tensor in self.tensors.values()]
        self.variables = [tensor for tensor in self.tensors.values() if tensor.requires_grad]
        marks = [_mark(value) for place in (*self._places, *self._nodes) for value in place.before]
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
            or any(place.changed() for place in self._places)
            or self._trained != [tensor.requires_grad for tensor in self.tensors.values()]
            or self._watch.changed()
            or self.phase != self._phase()
        )

    def difference(self, later: Reach) -> str | None:
        """What a function has changed in Python between two looks; None when it only made weights and state.

        A layer makes weights on its first call, an optimizer its moments in its first step.
        """
        for place in (*self._places, *self._nodes):
            name = place.difference()
            made = place.before == (None,) or (name or "").endswith(".built")  # the generator, a layer without weights
            if name is not None and not made:
                return name
        if self._watch.changed() and len(self.tensors) == len(later.tensors):
            return "a list or dictionary"
        return None

    # ---- the walk ----------------------------------------------------------------------------------------------------

    def _add_place(self, names: str | Sequence[str], read: Callable[[], Sequence[Any]], node: bool = False) -> None:
        names = [names] if isinstance(names, str) else names
        (self._nodes if node else self._places).append(_Place(names, read, tuple(read())))

    def _visit(self, name: str, value: Any) -> None:
        if value is None or isinstance(value, (*_SIMPLE, CodeType)) or id(value) in self._seen:
            return
        self._seen[id(value)] = value
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
        elif isinstance(value, partial):
            self._visit(name, value.func)
            self._visit_items(name, [*value.args, *value.keywords.values()])
        elif isinstance(value, list | tuple | set | frozenset):
            self._watch_items(name, value, lambda: tuple(value))
            self._visit_items(name, value)
        elif isinstance(value, Mapping):
            self._watch_items(name, value, lambda: (*value.keys(), *value.values()))
            for key, item in value.items():
                self._visit(f"{name}.{key}", item)
        elif isinstance(value, Optimizer):
            self._visit_optimizer(name, value)
        else:
            self._visit_object(name, value)

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
        self._add_place(names, lambda: [part for w in weights for part in (w.regularizer, w.constraint)])

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
            kept = [key for key in vars(node) if key not in node._unrecorded]
            self._add_place(
                [f"{full}.{key}" for key in kept],
                lambda node=node: [value for key, value in vars(node).items() if key not in node._unrecorded],  # type: ignore[misc]
                node=True,
            )
            self._containers.extend(node._containers())
            if isinstance(node, Layer):
                for key, tensor in (*node._weights.items(), *((f"state.{k}", t) for k, t in node._states.items())):
                    self._visit(f"{full}.{key}", tensor)
            for key, value in list(vars(node).items()):
                if key not in node._unrecorded or isinstance(value, _core.Scalar) or key in _OF_LOGS:
                    self._visit_quietly(f"{full}.{key}", value)
            self._visit_methods(full, node)

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
        self._phases.append(optimizer._phase)
        keys = [key for key in vars(optimizer) if key != "_slots"]
        attributes = vars(optimizer)
        self._add_place([f"{name}.{key}" for key in keys], lambda: [attributes[key] for key in keys])
        for index, (_, slots) in enumerate(optimizer._slots.values()):
            for slot, tensor in slots.items():
                self._visit(f"{name}.{slot}.{index}", tensor)
        for key in keys:
            self._visit(f"{name}.{key}", attributes[key])

    def _visit_object(self, name: str, value: Any) -> None:
        """An object of a class of the user's: the attributes that the functions name, of the library's: all."""
        cls = value if isinstance(value, type) else type(value)
        module = value.__name__ if isinstance(value, ModuleType) else cls.__module__
        own = module.partition(".")[0] == "fastnn"
        if not hasattr(value, "__dict__") or (
            module.partition(".")[0] in _FOREIGN and (not own or isinstance(value, type | ModuleType))
        ):
            return
        attributes = vars(value)
        keys = sorted(attributes) if own else sorted(self._named)
        self._add_place([f"{name}.{key}" for key in keys], lambda: [attributes.get(key, _MISSING) for key in keys])
        for key in keys:
            if attributes.get(key) is not None:
                self._visit(f"{name}.{key}", attributes[key])
        self._visit_methods(name, value)

    def _visit_methods(self, name: str, value: Any) -> None:
        """The methods of a class of the user's that the functions name, or that calling an object of it runs."""
        for cls in type(value).__mro__:
            if cls.__module__.partition(".")[0] in _FOREIGN:
                continue
            for key, member in vars(cls).items():
                if key not in self._named and key not in ("__call__", "call"):
                    continue
                function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
                if isinstance(function, FunctionType):
                    self._visit(f"{name}.{key}", function)

    def _visit_function(self, name: str, function: FunctionType) -> None:
        foreign = str(function.__module__).partition(".")[0] in _FOREIGN - {"fastnn"}
        if foreign or function.__code__.co_filename.startswith(PACKAGE):
            return
        read = set()
        for instruction in _instructions(function.__code__):
            if instruction.opname in _GLOBALS:
                read.add(instruction.argval)
            elif instruction.opname in _ATTRIBUTES:
                self._named.add(instruction.argval)
        names, space = sorted(read), function.__globals__
        cells = function.__closure__ or ()
        free = function.__code__.co_freevars

        def values() -> list[Any]:
            return [*map(_content, cells), *(space.get(key, _MISSING) for key in names)]

        self._add_place([*free, *names], values)
        for key, value in zip((*free, *names), values(), strict=True):
            if value is not _MISSING:
                self._visit(key, value)
        for index, value in enumerate((*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())):
            self._visit(f"{name}.default{index}", value)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return _MISSING


def _instructions(code: CodeType) -> Iterator[dis.Instruction]:
    """The instructions of a function and of those within it."""
    yield from dis.get_instructions(code)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _instructions(constant)
