"""`Sequential`: layers one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from ..layers.base import Layer, Shape
from ..layers.base.calls import carrying
from ..layers.base.serialization import deserialize, serialize
from ..layers.base.structure import Node
from ..layers.base.symbolic import SymbolicTensor
from ..layers.input_layer import InputLayer, of_rank, the_only
from ..tensor import Tensor
from .model import Model

__all__ = ["Sequential"]


class Sequential(Model):
    """Layers one after the other.

    Parameters
    ----------
    layers : list of Layer, optional
        With an `Input`, or `input_shape` on the first one, the weights are made at once, else on the first call.
    name : str, optional
    """

    _unrecorded = Model._unrecorded | {"_graph", "_input", "_layers"}  # add and pop tell of changes

    def __init__(
        self, layers: Iterable[Layer | SymbolicTensor] | None = None, trainable: bool = True, name: str | None = None
    ) -> None:
        super().__init__(trainable=trainable, name=name)
        self._input: InputLayer | None = None
        self._layers: list[Layer] = []
        self._graph: list[SymbolicTensor] = []  # the input, and what each layer makes of the one before
        if layers is not None and not isinstance(layers, Iterable):
            raise TypeError(f"{self.name}: expected a list of layers, got {layers!r}")
        for layer in layers or ():
            self._append(layer)
        self._build_if_known()

    def add(self, layer: Layer | SymbolicTensor, rebuild: bool = True) -> None:
        """Put a layer at the end; without rebuild its weights are made at the next call only."""
        with self._guard.exclusive("add"):
            before = (self._input, list(self._layers), self.built, self._output_shape)
            self._append(layer)
            try:
                if rebuild:
                    self._build_if_known()
            except BaseException:
                self._input, self._layers, self.built, self._output_shape = before
                raise

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer off and return it; without rebuild the output's shape is known at the next call only."""
        with self._guard.exclusive("pop"):
            if not self._layers:
                raise ValueError(f"{self.name}: expected a layer to take off, got none")
            layer = self._layers.pop()
            self._output_shape = None
            self.built = False
            self._graph = self._graph[: len(self._layers) + 1]
            if rebuild:
                self._build_if_known()
        return layer

    def _append(self, layer: Layer | SymbolicTensor) -> None:
        if isinstance(layer, SymbolicTensor):  # what Input returned
            layer = layer.node.layer
        if not isinstance(layer, Layer):
            raise TypeError(f"{self.name}: expected a layer, got {layer!r}")
        if isinstance(layer, InputLayer):
            if self._input is not None or self._layers:
                raise ValueError(f"{self.name}: expected the Input before all layers")
            self._input = layer
        else:
            if any(other.name == layer.name for other in self._layers):
                raise ValueError(f"{self.name}: expected layers of different names, got {layer.name!r} again")
            self._layers.append(layer)
        self.built = False

    def _build_if_known(self) -> None:
        first = self._input or (self._layers[0] if self._layers else None)
        shape = self._input_shape or (None if first is None else first._input_shape)
        if shape is not None and self._layers:
            self._build(shape)

    @property
    def inputs(self) -> list[SymbolicTensor]:
        """The symbolic input, in a list; for models of parts of this one."""
        return self._symbolic()[:1]

    @property
    def outputs(self) -> list[SymbolicTensor]:
        """The symbolic output, in a list."""
        return self._symbolic()[-1:]

    @property
    def input(self) -> SymbolicTensor:
        """The symbolic input."""
        return self._symbolic()[0]

    @property
    def output(self) -> SymbolicTensor:
        """The symbolic output."""
        return self._symbolic()[-1]

    def _symbolic(self) -> list[SymbolicTensor]:
        """The layers called one after the other on a symbolic input, so that each has an input and an output.

        Raises
        ------
        AttributeError
            The shape of the input isn't known yet.
        """
        if not self.built or self._input_shape is None:
            raise AttributeError(f"{self.name}: expected a known input for its tensors; give it an Input, or call it")
        if not self._graph:
            if self._input is None:
                dtype = "int32" if self._takes_ids() else "float32"
                self._input = InputLayer(self._input_shape[1:], dtype=dtype)
            self._graph.append(self._input.symbolic())
        for layer in self._layers[len(self._graph) - 1 :]:
            self._graph.append(layer(self._graph[-1]))
        return self._graph

    def build(self, input_shape: Shape | None = None) -> None:
        if input_shape is None:
            raise ValueError(f"{self.name}: expected an input_shape to build for, got None")
        shape = input_shape
        for layer in self._layers:
            layer._build(shape)
            shape = layer._output_shape = layer.compute_output_shape(shape)
        self._input_shape, self._output_shape = input_shape, shape

    def _input_names(self) -> list[str]:
        return super()._input_names() if self._input is None else [self._input.name]

    def _output_names(self) -> list[str]:
        return [self._layers[-1].name] if self._layers else super()._output_names()

    def _takes_ids(self) -> bool:
        return bool(self._layers) and self._layers[0]._takes_ids()

    def _as_inputs(self, inputs: Any) -> Any:
        first = self._input or (self._layers[0] if self._layers else None)
        return of_rank(super()._as_inputs(self._alone(inputs)), None if first is None else first._input_shape)

    def _alone(self, inputs: Any) -> Any:
        return inputs if self._input is None else the_only(self.name, self._input.name, inputs)

    def _check(self, inputs: Any) -> None:
        super()._check(self._alone(inputs))

    def check_input(self, shape: Shape) -> None:
        if self._input is not None:
            self._input.check_input(shape)
        elif self._layers:
            self._layers[0].check_input(shape)

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Any:
        x = carrying(inputs, mask)
        for layer in self._layers:
            x = layer(x)
        return x

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        shape = input_shape
        for layer in self._layers:
            shape = layer.compute_output_shape(shape)
        return shape

    def stream_states(self, input_shape: Shape) -> dict[str, Any]:
        states: dict[str, Any] = {}
        shape, ended = input_shape, False
        for index, layer in enumerate(self._layers):
            if ended:
                layer._check_stateless()
            else:
                states[str(index)] = layer.stream_states(shape)
                ended = layer._ends_sequence()
            shape = (input_shape[0], *layer.compute_output_shape(shape)[1:])
        return states

    def stream_step(self, inputs: Tensor, states: Mapping[str, Any]) -> tuple[Tensor, dict[str, Any]]:
        x, after = inputs, {}
        for index, layer in enumerate(self._layers):
            if str(index) in states:
                x, after[str(index)] = layer._advance(x, states[str(index)])
            else:  # behind the layer that ends the sequence
                x = layer(x)
        return x, after

    def _ends_sequence(self) -> bool:
        return any(layer._ends_sequence() for layer in self._layers)

    def _children(self) -> Iterator[tuple[str, Node]]:
        for index, layer in enumerate(self._layers):
            yield str(index), layer

    def get_config(self) -> dict[str, Any]:
        config: dict[str, Any] = {"name": self.name, "trainable": self._trainable}
        config["layers"] = [serialize(layer) for layer in ([self._input] if self._input else []) + self._layers]
        config["build_input_shape"] = None if self._input_shape is None else list(self._input_shape[1:])
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, type[Layer]] | None = None) -> Self:
        """Make a model from what `get_config` returned; custom_objects maps names to layer classes of your own."""
        made = [deserialize(item, custom_objects) for item in config["layers"]]
        model = cls(made, name=config["name"])
        shape = config.get("build_input_shape")
        if shape is not None:
            model._build((None, *shape))
        model._trainable = bool(config.get("trainable", True))
        return model
