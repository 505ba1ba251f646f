"""What weights and results of layers add to the loss, and what weights are projected onto.

A layer takes ``<role>_regularizer`` and ``<role>_constraint`` for every ``<role>_initializer`` of its class, and
`activity_regularizer`. The weight "kernel" has the role kernel, "recurrent_kernel" recurrent, "query.bias" bias.
"""

from __future__ import annotations

import inspect
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from ... import constraints, regularizers
from ... import functional as F
from ...abstract import is_abstract
from ...named_arguments import unexpected
from ...tensor import Tensor, Variable, constant
from .modes import this_thread

if TYPE_CHECKING:
    from .layer import Layer

__all__ = ["Penalized", "Weight", "cell_arguments", "outermost_call"]

T = TypeVar("T")

_KINDS: dict[str, Callable[[Any], Any]] = {"regularizer": regularizers.get, "constraint": constraints.get}
_DESCRIBED: dict[str, Callable[[Any], Any]] = {
    "regularizer": regularizers.serialize,
    "constraint": constraints.serialize,
}
_calls = itertools.count(1)


class _Thread(threading.local):
    call = 0  # the number of the outermost call of a layer; 0 outside of calls


_thread = _Thread()


class Weight(Variable):
    """A tensor that a layer owns; `regularizer` and `constraint` are functions of it, or None."""

    __slots__ = ("constraint", "regularizer")

    def __init__(self, *args: Any, regularizer: Any = None, constraint: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.regularizer = regularizer
        self.constraint = constraint

    @property
    def trainable(self) -> bool:
        """Whether training changes it; setting `trainable` of its layer, or of one around that, sets it anew."""
        return self.requires_grad

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self.requires_grad_(bool(value))

    def assign(self, value: Any) -> None:
        tried = (isinstance(value, Tensor) and is_abstract(value)) or (
            this_thread.trying and this_thread.building is None
        )
        if not tried:  # such a call changes nothing
            super().assign(value)


@contextmanager
def outermost_call(layer: Penalized) -> Iterator[None]:
    """Around a layer's call: losses that layers add inside belong to the outermost one, and replace those before."""
    if _thread.call:
        yield
        return
    layer._call_number = _thread.call = next(_calls)
    try:
        yield
    finally:
        _thread.call = 0


def _described(kind: str, penalty: Any) -> Any:
    return None if penalty is None else _DESCRIBED[kind](penalty)


@cache
def _roles(cls: Any) -> tuple[str, ...]:
    """The roles of a class's weights: what has an initializer, but for statistics."""
    names: dict[str, None] = {}
    for base in cls.__mro__:
        if "__init__" in vars(base):
            names.update(dict.fromkeys(inspect.signature(vars(base)["__init__"]).parameters))
    ends = [name.removesuffix("_initializer") for name in names if name.endswith("_initializer")]
    return tuple(name for name in ends if not name.startswith("moving_"))


def cell_arguments(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """What a recurrent layer hands on to the cell that it makes; penalties are taken out of its own arguments."""
    ends = tuple(f"_{kind}" for kind in _KINDS)
    names = [key for key in arguments if key.endswith(ends) and key != "activity_regularizer"]
    taken = {key: arguments.pop(key) for key in names}
    return {"trainable": arguments.get("trainable", True), "name": name, **taken}


def unknown_argument(cls: Any, name: str, roles: Iterable[str]) -> TypeError:
    """The error for an argument that a class doesn't take."""
    inits = (inspect.signature(vars(base)["__init__"]) for base in cls.__mro__[:-1] if "__init__" in vars(base))
    parameters = [p for init in inits for p in list(init.parameters.values())[1:]]
    taken = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return unexpected(cls.__name__, name, [*taken, *(f"{role}_{kind}" for role in roles for kind in _KINDS)])


class Penalized:
    """The part of `Layer` that has to do with penalties."""

    _single: ClassVar[Mapping[str, Any]] = {}  # arguments of Keras's that have one value here; configurations name them
    _own_roles: tuple[str, ...] | None = None  # instead of those that the class's arguments tell
    _call_number = 0
    _added: tuple[int, list[Tensor]] = (0, [])  # the number of a call, and the losses added in it
    activity_regularizer: Callable[[Tensor], Any] | None

    def _weight_roles(self) -> tuple[str, ...]:
        cls: Any = type(self)
        return _roles(cls) if self._own_roles is None else self._own_roles

    def _set_penalties(self, activity_regularizer: Any, given: dict[str, Any]) -> None:
        """Set the attributes that arguments give, or None; refuse arguments that are nothing of the kind."""
        for name, only in self._single.items():
            if (value := given.pop(name, only)) != only:
                raise ValueError(f"{type(self).__name__}: expected {name} {only!r}, got {value!r}")
        for role in self._weight_roles():
            for kind, get in _KINDS.items():
                name = f"{role}_{kind}"
                setattr(self, name, self._told(name, get, given.pop(name, None)))
        self.activity_regularizer = self._told("activity_regularizer", regularizers.get, activity_regularizer)
        if given:
            raise unknown_argument(type(self), next(iter(given)), self._weight_roles())

    def _told(self, argument: str, get: Callable[[Any], T], value: Any) -> T:
        """What an argument of `__init__` stands for, a name, say; an error tells which argument it is."""
        try:
            return get(value)
        except (ValueError, TypeError) as error:
            wrong = str(error).removeprefix(f"{argument.rpartition('_')[2]}: ")
            raise type(error)(f"{type(self).__name__}: {argument}: {wrong}") from error

    def _penalty(self, weight: str, kind: str) -> Any:
        """The regularizer or constraint of a weight by its name."""
        role = weight.rpartition(".")[2].removesuffix("_kernel")
        return getattr(self, f"{role}_{kind}") if role in self._weight_roles() else None

    def _penalties_config(self) -> dict[str, Any]:
        """The descriptions of those of weights, None too, and that of the activity regularizer when there is one."""
        names = [(f"{role}_{kind}", kind) for role in self._weight_roles() for kind in _KINDS]
        config: dict[str, Any] = {name: _described(kind, getattr(self, name)) for name, kind in names}
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return {**self._single, **config}

    def add_loss(self, loss: Any) -> None:
        """Inside `call`: add a Tensor, or a list of them, to the loss of the model that the layer is in.

        Raises
        ------
        ValueError
            It is no Tensor.
        """
        losses = loss if isinstance(loss, list | tuple) else [loss]
        for item in losses:
            if not isinstance(item, Tensor):
                raise ValueError(f"add_loss: expected a Tensor computed inside call, got {item!r}")
        if self._added[0] != _thread.call:
            self._added = _thread.call, []
        self._added[1].extend(losses)

    def _add_activity_loss(self, result: Any) -> None:
        """Add what results cost by the activity regularizer: per sample, as in Keras."""
        if self.activity_regularizer is None:
            return
        items = result if isinstance(result, list | tuple) else [result]
        for item in items:
            if isinstance(item, Tensor):
                loss = self.activity_regularizer(item)
                if isinstance(loss, Tensor) and item.ndim:
                    column = item[(slice(None), *(slice(0, 1) for _ in item.shape[1:]))]
                    loss = F.divide(loss, F.sum(F.fill(column, 1.0)))
                self.add_loss(loss if isinstance(loss, Tensor) else constant(loss, "float32"))

    @property
    def losses(self) -> list[Tensor]:
        """What the last call has added to the loss, and the penalties of the trainable weights."""
        layer: Layer = self  # type: ignore[assignment]
        added = [
            loss for below in layer._layers_below() if below._added[0] >= self._call_number for loss in below._added[1]
        ]
        weights = (weight for weight in layer.trainable_weights if getattr(weight, "regularizer", None) is not None)
        penalties = (weight.regularizer(weight) for weight in weights)  # type: ignore[attr-defined]
        return [*added, *(loss if isinstance(loss, Tensor) else constant(loss, "float32") for loss in penalties)]
