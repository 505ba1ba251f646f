"""What is watched of models, and where they lead: tensors, layers, optimizers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from . import _core
from .layers.base import Layer
from .layers.base.penalties import Weight
from .layers.base.structure import Node, Watcher
from .optimizers import Optimizer
from .places import Place, Places, Where
from .tensor import Tensor

__all__ = ["ModelWalk"]

# what a step of one's own may count with, and what compute_loss reads
_OF_LOGS = ("_metrics", "_weighted_metrics", "_tracker", "_loss_trackers", "_heads")


class ModelWalk(Places):
    """The part of a `Walk` that comes by models.

    Parameters
    ----------
    watcher : Watcher
        Told when a layer, or something below it, changes.
    """

    def __init__(self, watcher: Watcher) -> None:
        super().__init__()
        self.tensors: dict[str, Tensor] = {}
        self.scalars: dict[str, _core.Scalar] = {}
        self.nodes: list[Place] = []
        self.containers: list[Any] = []
        self.phases: list[Callable[[], Any]] = []
        self._watcher = watcher
        self._seen: dict[int, Any] = {}
        self._penalized: dict[str, Weight] = {}

    def visit(self, name: str, value: Any) -> None:
        """Follow a value."""
        raise NotImplementedError

    def watch_attributes(self, name: str, attributes: Mapping[str, Any], keys: Sequence[str], counted: bool) -> None:
        """Attributes of an object, and follow them; counted are those of which all are watched."""
        where: list[Where] = [(attributes, key) for key in keys]
        self.watch([f"{name}.{key}" for key in keys] or name, [*where, (attributes, None)] if counted else where)
        for key in keys:
            self.visit(f"{name}.{key}", attributes.get(key))

    def _visit_class(self, name: str, cls: type, value: Any) -> None:
        """Follow what a class gives to an object."""
        raise NotImplementedError

    def finish(self) -> None:
        """Put together what only all of it tells."""
        self._drop_shared()
        weights = list(self._penalized.values())
        names = [f"{name}.{kind}" for name in self._penalized for kind in ("regularizer", "constraint")]
        self.watch(names, [(weight, kind) for weight in weights for kind in ("regularizer", "constraint")])

    def _visit_tensor(self, name: str, tensor: Tensor) -> None:
        if not tensor._array.is_constant:
            self.tensors[_new(name, self.tensors)] = tensor
        hooks = tensor._leaf_hooks()
        if hooks:  # `hook_changes` tells of others
            self.places.append(
                Place([f"{name}.hook{index}" for index in range(len(hooks))], tensor._leaf_hooks, (*hooks,))
            )
            for index, hook in enumerate(hooks):
                self.visit(f"{name}.hook{index}", hook)
        if isinstance(tensor, Weight):
            self._penalized[_new(name, self._penalized)] = tensor
            self.visit(f"{name}.regularizer", tensor.regularizer)
            self.visit(f"{name}.constraint", tensor.constraint)

    def _visit_scalar(self, name: str, cell: _core.Scalar) -> None:
        self.scalars[_new(name, self.scalars)] = cell

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
        root._watch(self._watcher)
        for path, node in root._walk():
            self._seen[id(node)] = node
            full = f"{name}.{path}" if path else name
            names = [f"{full}.{key}" for key in vars(node) if key not in node._unrecorded]
            read = partial(_recorded_values, node)
            self.nodes.append(Place(names, read, tuple(read())))
            self.containers.extend(node._containers())
            if isinstance(node, Layer):
                for key, tensor in (*node._weights.items(), *((f"state.{k}", t) for k, t in node._states.items())):
                    self.visit(f"{full}.{key}", tensor)
            for key, value in list(vars(node).items()):
                if key not in node._unrecorded or isinstance(value, _core.Scalar) or key in _OF_LOGS:
                    self._visit_quietly(f"{full}.{key}", value)
            self._visit_class(full, type(node), node)

    def _visit_quietly(self, name: str, value: Any) -> None:
        """What a node holds: its containers are watched by the node's."""
        if isinstance(value, list | tuple | set):
            self._seen[id(value)] = value
            for index, item in enumerate(value):
                self._visit_quietly(f"{name}.{index}", item)
        elif isinstance(value, dict):
            self._seen[id(value)] = value
            for key, item in value.items():
                self._visit_quietly(f"{name}.{key}", item)
        else:
            self.visit(name, value)

    def _visit_optimizer(self, name: str, optimizer: Optimizer) -> None:
        self.phases.append(optimizer._phase)
        self._visit_class(name, type(optimizer), optimizer)
        attributes = vars(optimizer)
        keys = [key for key in attributes if key not in optimizer._grown]
        for index, (_, slots) in enumerate(optimizer._slots.values()):
            for slot, tensor in slots.items():
                self.visit(f"{name}.{slot}.{index}", tensor)
        self.watch_attributes(name, attributes, keys, counted=False)
        for index, part in enumerate(optimizer._optimizers_within()):
            self.visit(f"{name}.{index}", part)


def _new(name: str, names: Mapping[str, Any]) -> str:
    while name in names:
        name += "'"
    return name


def _recorded_values(node: Node) -> list[Any]:
    return [value for name, value in vars(node).items() if name not in node._unrecorded]
