"""Copies of layers and models: made from the configuration, then given the weights and states of the original.

`copy.copy`, `copy.deepcopy` and `pickle` give equal objects that share no weights. A pickle names classes itself, so
those of the user's own need no registration; before one is written, its object is made again on trial.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from types import FunctionType
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np

from ... import random
from ..._config import config_of, configured
from ..._custom import CustomObjectScope, declared, get_registered_name
from ...tensor import Tensor
from .modes import zero_weights
from .structure import Node

if TYPE_CHECKING:
    from .layer import Layer

__all__ = ["Copied"]

_REFUSED = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, NotImplementedError)


class Copied(Node):
    """The part of `Layer` that copies are made by."""

    name: str
    built: bool
    _trainable: bool
    _built_for: Any
    _built_with: dict[str, Any]
    _output_shape: Any
    _weights: dict[str, Tensor]
    _states: dict[str, Tensor]

    def __reduce__(self) -> tuple[Any, ...]:
        contents = self._contents()
        self._made(contents)  # what is written can be read
        return _made, contents

    def __copy__(self) -> Self:
        return cast("Self", self._made(self._contents()))

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        made = self.__copy__()
        for (_, mine), (_, other) in zip(self._walk(), made._walk(), strict=True):
            memo[id(mine)] = other
            if isinstance(mine, Copied) and isinstance(other, Copied):
                memo.update((id(weight), other._weights[name]) for name, weight in mine._weights.items())
        if (optimizer := getattr(self, "optimizer", None)) is not None:
            memo[id(optimizer)] = cast("Any", made).optimizer
        return made

    # ---- for layers with more to copy --------------------------------------------------------------------------------

    def _copying(self) -> AbstractContextManager[Any]:
        """Around the reading of what is copied."""
        return nullcontext()

    def _own_state(self) -> dict[str, Any]:
        """What this layer itself holds besides its configuration."""
        return {
            "built": (self._built_for, self._built_with, self._output_shape) if self.built else None,
            "name": self.name,
            "trainable": self._trainable,
            "weights": {name: (np.array(w.numpy()), w.requires_grad) for name, w in self._weights.items()},
            "states": {name: np.array(state.numpy()) for name, state in self._states.items()},
        }

    def _take_own_state(self, state: Mapping[str, Any]) -> None:
        """Put a built layer into the state that `_own_state` tells of."""
        for name, (array, requires_grad) in state["weights"].items():
            self._weights[name].assign(array)
            self._weights[name].requires_grad = requires_grad
        self._states = {name: Tensor(array) for name, array in state["states"].items()}
        self._trainable = state["trainable"]
        if state["built"] is not None:
            self._output_shape = state["built"][2]

    def _training_state(self) -> dict[str, Any] | None:
        """What a model is compiled with, and how far its training is."""
        return None

    def _take_training_state(self, state: dict[str, Any]) -> None:
        """Compile as the original is, and go on from where it is."""

    # ---- both ways ---------------------------------------------------------------------------------------------------

    def _contents(self) -> tuple[Any, ...]:
        """The class, the configuration, the user's own classes in it by name, the states of all layers by path, the
        seed, and what belongs to training."""
        try:
            with self._copying():
                nodes = [(path, node) for path, node in self._walk() if isinstance(node, Copied)]
                config = config_of(self)
                states = {path: node._own_state() for path, node in nodes}
                training = self._training_state()
                seed = self._seed if self._first_parent() is None else self._origin()[0]
                return declared(type(self)), config, self._told_objects(), states, seed, training
        except _REFUSED as error:
            raise self._not_copied(error) from error

    def _told_objects(self) -> dict[str, Any]:
        """The classes and functions of the user's own that the configuration tells of, by their names."""
        nodes = [node for _, node in self._walk() if isinstance(node, Copied)]
        functions = [function for node in nodes for function in told_functions(node)]
        return self._own_classes([*(declared(type(node)) for node in nodes), *functions])

    def _own_classes(self, classes: list[Any]) -> dict[str, Any]:
        """The classes and functions outside of this package by the names that configurations have for them."""
        found: dict[str, Any] = {}
        for cls in classes:
            name = get_registered_name(cls)
            other = found.setdefault(name, cls)
            if other is not cls and not (_is_ours(cls) and _is_ours(other)):  # our losses and metrics share names
                raise ValueError(
                    f"expected different names for classes and functions, got two of {name}; tell them apart by "
                    "utils.register_keras_serializable"
                )
        return {name: cls for name, cls in found.items() if not _is_ours(cls)}

    def _made(self, contents: tuple[Any, ...]) -> Layer:
        try:
            return _made(*contents)
        except _REFUSED as error:
            raise self._not_copied(error) from error

    def _not_copied(self, error: Exception) -> TypeError:
        what = f"{self.name}: can't be copied: {str(error).removeprefix(f'{self.name}: ')}"
        return TypeError(f"{what}; make another one, and give it the weights by get_weights and set_weights")


def _is_ours(item: Any) -> bool:
    """Whether a class or function is one of this package's."""
    return str(item.__module__).partition(".")[0] == "fastnn"


def told_functions(layer: Copied) -> list[Any]:
    """The functions of the user's own that a layer's configuration tells of by their names."""
    given = {
        name: value for name, value in vars(layer).items() if isinstance(value, FunctionType) and not _is_ours(value)
    }
    config = config_of(layer) if given else {}
    return [value for name, value in given.items() if config.get(name) == get_registered_name(value)]


def _made(
    cls: Any,
    config: Mapping[str, Any],
    classes: Mapping[str, type],
    states: Mapping[str, Mapping[str, Any]],
    seed: int | None,
    training: dict[str, Any] | None,
) -> Layer:
    """The layer that `Copied._contents` tells of.

    Raises
    ------
    ValueError, TypeError
        The class makes something else of its configuration than the original was.
    """
    budget = sum(array.nbytes for state in states.values() for array, _ in state["weights"].values())
    with CustomObjectScope(classes), zero_weights(budget):
        with random.fixed_seed(seed or 0):
            layer: Layer = configured(cls, config, classes)
            nodes = _built(layer, states)
        for path, state in states.items():
            node = nodes.get(path)
            wanted = {name: (array.shape, array.dtype) for name, (array, _) in state["weights"].items()}
            got = {} if node is None else {name: (w.shape, w.dtype) for name, w in node._weights.items()}
            if node is None or wanted != got:
                where = f" at {path}" if path else ""
                raise ValueError(
                    f"expected {cls.__name__} to make, from its configuration, the same layers and weights again, got "
                    f"others{where}"
                )
            node._take_own_state(state)
        layer._seed = seed
        if training is not None:
            layer._take_training_state(training)
    return layer


def _built(layer: Layer, states: Mapping[str, Mapping[str, Any]]) -> dict[str, Layer]:
    """Build what was built, parents first; the layers by path."""
    nodes = cast("dict[str, Layer]", dict(layer._walk()))
    for path, state in states.items():
        if path not in nodes:  # one that its parent makes when it is built
            nodes = cast("dict[str, Layer]", dict(layer._walk()))
        node = nodes.get(path)
        if node is None:
            continue
        if node.name != state["name"]:  # one that its parent names anew each time
            node.name = state["name"]
        if state["built"] is not None and not node.built:
            shape, shapes, _ = state["built"]
            node._build(shape, shapes)
    return cast("dict[str, Layer]", dict(layer._walk()))
