"""The weights of a layer and of all below it: made, listed, read and written, trained or frozen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ... import constraints, initializers, random, regularizers
from ...initializers.base import takes_generator
from ...tensor import Tensor
from .modes import this_thread
from .naming import new_name
from .penalties import Penalized, Weight
from .structure import Node

if TYPE_CHECKING:
    from .layer import Layer

__all__ = ["OwnWeights", "Weighted"]


class OwnWeights(dict[str, Tensor]):
    """A layer's own weights by name; one that isn't there yet is an error that says so."""

    def __init__(self, layer: str) -> None:
        super().__init__()
        self._layer = layer

    def __missing__(self, name: str) -> Tensor:
        raise ValueError(f"{self._layer}: expected to be built before {name!r} is asked for; call it on a batch first")


class Weighted(Penalized, Node):
    """The part of `Layer` that has to do with weights."""

    name: str
    built: bool
    _trainable: bool
    _weights: dict[str, Tensor]  # the layer's own
    _fixed: set[str]  # names of those that setting the layer's `trainable` leaves alone
    _states: dict[str, Tensor]  # what calls hand on to later ones; no file holds it
    _path: str | None

    @property
    def path(self) -> str | None:
        """Where the layer was built: the names of the layers around it and its own, "sequential/dense"; None before."""
        return self._path

    def _path_now(self) -> str:
        names: list[str] = []
        node: Node | None = self
        while isinstance(node, Weighted):
            names.append(node.name)
            node = node._first_parent()
        return "/".join(reversed(names))

    def add_weight(
        self,
        shape: Sequence[int],
        initializer: initializers.InitializerLike | None = None,
        dtype: Any = None,
        trainable: bool = True,
        *,
        regularizer: Any = None,
        constraint: Any = None,
        name: str | None = None,
    ) -> Weight:
        """Make a weight; its numbers follow from the model's seed and the weight's place in the model.

        Parameters
        ----------
        shape : sequence of int
        initializer : default "glorot_uniform"
        dtype : default float32
        trainable : bool, default True
        regularizer, constraint : optional
            What the weight adds to the loss, and what it is projected onto after every step; those that the layer has
            for a weight of this name when not given.
        name : str, optional
            Unique within the layer. Without one it is called "variable", "variable_1" and so on.
        """
        shown = new_name("variable") if name is None else name.replace(".", "/")
        name = f"weight_{len(self._weights)}" if name is None else name
        if name in self._weights:
            raise ValueError(f"{self.name}: expected a new name for a weight, got {name!r} again")
        initial = initializers.get("glorot_uniform" if initializer is None else initializer)
        dtype = np.dtype(np.float32 if dtype is None else dtype)
        if this_thread.budget is None and math.prod(shape) * dtype.itemsize >= 2**47:
            raise ValueError(f"{self.name}: expected {name} to fit into memory, got shape {tuple(shape)}")
        if this_thread.budget is not None:
            this_thread.budget -= math.prod(shape) * dtype.itemsize
            if this_thread.budget < 0:
                raise ValueError(f"{self.name}: expected fewer weights than {name} of shape {tuple(shape)} asks for")
            values = np.zeros(shape, dtype=dtype)
        elif takes_generator(initial):
            seed, positions = self._origin()
            stream = random.stream_of((*positions, len(self._weights)))
            values = initial(shape, dtype, generator=random.generator(seed, stream))
        else:
            values = np.asarray(initial(tuple(shape), dtype), dtype=dtype)
        if values.shape != tuple(shape):
            raise ValueError(f"{self.name}: expected {name} of shape {tuple(shape)}, got {values.shape}")
        weight = Weight(
            values,
            requires_grad=trainable and self.trainable,
            path=f"{self._path or self.name}/{shown}",
            regularizer=regularizers.get(regularizer) or self._penalty(name, "regularizer"),
            constraint=constraints.get(constraint) or self._penalty(name, "constraint"),
        )
        self._weights[name] = weight
        if not trainable:
            self._fixed.add(name)
        self._changed()
        return weight

    def _layers_below(self) -> list[Layer]:
        """This layer and all below it."""
        return cast("list[Layer]", [node for _, node in self._walk() if isinstance(node, Weighted)])

    def _named_weights(self) -> dict[str, Tensor]:
        """All weights by path, such as "0.kernel", in the order of `weights`."""
        return {
            f"{path}.{name}" if path else name: weight
            for path, node in self._walk()
            if isinstance(node, Weighted)
            for name, weight in node._weights.items()
        }

    def _named_states(self) -> dict[str, Tensor]:
        """What steps read and write: the weights, and what calls hand on to later ones."""
        states = {
            f"{path}.state.{name}" if path else f"state.{name}": state
            for path, node in self._walk()
            if isinstance(node, Weighted)
            for name, state in node._states.items()
        }
        return {**self._named_weights(), **states}

    @property
    def weights(self) -> list[Tensor]:
        """All weights, of the layers below too."""
        return list(self._named_weights().values())

    @property
    def trainable_weights(self) -> list[Tensor]:
        """The weights that training changes; none of a layer or model that is not trainable itself."""
        return [
            weight
            for layer in (self._layers_below() if self._trainable else [])
            for weight in layer._weights.values()
            if weight.requires_grad
        ]

    @property
    def non_trainable_weights(self) -> list[Tensor]:
        """The weights that training leaves alone."""
        trainable = {id(weight) for weight in self.trainable_weights}
        return [weight for weight in self.weights if id(weight) not in trainable]

    variables = weights
    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights

    @property
    def trainable(self) -> bool:
        """Whether the weights take part in training; setting it reaches the layers below."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self._layers_below():
            layer._trainable = bool(value)
            for name, weight in layer._weights.items():
                weight.requires_grad = bool(value) and name not in layer._fixed
            layer._changed()

    def count_params(self) -> int:
        """How many numbers the weights hold.

        Raises
        ------
        ValueError
            They aren't made yet.
        """
        if not self.built and any(not layer.built and layer._makes_weights() for layer in self._layers_below()):
            raise ValueError(f"{self.name}: expected to be built before count_params; call it on a batch first")
        return sum(weight.size for weight in self.weights)

    def _makes_weights(self) -> bool:
        """Whether the layer's class has a `build` of its own."""
        raise NotImplementedError

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the weights as NumPy arrays."""
        return [np.array(weight.numpy()) for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Overwrite the weights.

        Raises
        ------
        ValueError, TypeError
            The number of arrays, a shape or a dtype is wrong; nothing has changed then.
        """
        named = self._named_weights()
        if not isinstance(weights, Sequence | np.ndarray):
            raise TypeError(f"{self.name}: expected a list of {len(named)} weights, got {weights!r}")
        if not named and not self.built:
            raise ValueError(f"{self.name}: expected to be built before set_weights; call it on a batch first")
        if len(weights) != len(named):
            shapes = [f"{self._path_below(path, weight)} {weight.shape}" for path, weight in named.items()]
            more = ", ..." if len(shapes) > 8 else ""
            raise ValueError(
                f"{self.name}: expected {len(named)} weights, got {len(weights)}; they are "
                f"{', '.join(shapes[:8]) or 'none'}{more}"
            )
        self._assign(dict(zip(named, weights, strict=True)))

    def _path_below(self, path: str, weight: Tensor) -> str:
        """What errors call a weight: its path from this layer on, "q/kernel", with the names of the layers."""
        return f"/{getattr(weight, 'path', path)}".rpartition(f"/{self.name}/")[2].lstrip("/")

    def _assign(self, values: Mapping[str, Any]) -> None:
        """Overwrite weights by path, after checking all of them."""
        named = self._named_weights()
        given = {path: np.asarray(value) for path, value in values.items()}
        for path, array in given.items():
            if array.dtype.kind not in "fiub":
                where = self._path_below(path, named[path])
                raise TypeError(f"{self.name}: expected {where} of {named[path].dtype}, got {array.dtype}")
        arrays = {path: np.asarray(array, named[path].dtype, order="C") for path, array in given.items()}
        for path, array in arrays.items():
            if array.shape != named[path].shape:
                where = self._path_below(path, named[path])
                raise ValueError(f"{self.name}: expected {where} of shape {named[path].shape}, got {array.shape}")
        for path, array in arrays.items():
            named[path].assign(array)
