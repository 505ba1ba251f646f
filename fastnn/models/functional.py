"""Functional models: `Model(inputs, outputs)`, a graph of layers between symbolic tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast
from weakref import WeakValueDictionary

import numpy as np

from ..abstract import Spec, is_shape, map_structure
from ..layers.base import Layer, Shape
from ..layers.base.calls import carrying
from ..layers.base.inputs import no_numbers
from ..layers.base.operation import GetItem, Operation
from ..layers.base.serialization import deserialize, serialize
from ..layers.base.symbolic import LayerNode, SymbolicTensor, has_symbolic, tensors_in
from ..layers.input_layer import InputLayer, of_rank, the_only
from ..tensor import Tensor
from .graph import begun_anew, in_order, leaves, pair
from .model import Model

__all__ = ["Functional", "described_by_graph", "from_graph", "functional_class"]

M = TypeVar("M", bound=Model)


class Functional(Model):
    """A model from symbolic inputs to what layers make of them.

    Parameters
    ----------
    inputs : what `Input` returned, or a list, tuple or dictionary of such
        Where what other layers put out is among them, the model begins there, with an Input of its own.
    outputs : symbolic tensors that layers made of them, in any structure
    name : str, optional
    trainable : bool, default True

    Examples
    --------
    >>> import fastnn
    >>> x = fastnn.Input((8,))
    >>> hidden = fastnn.layers.Dense(16, activation="relu")(x)
    >>> y = fastnn.layers.Dense(1)(hidden) + x[:, :1]
    >>> fastnn.Model(x, y).output_shape
    (None, 1)
    """

    _unrecorded = Model._unrecorded | {"_input_tensors", "_output_tensors", "_node_calls", "_operations"}

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(name=name)
        self._node_calls: list[LayerNode] = []
        self._operations: list[Layer] = []
        for what, given in (("inputs", inputs), ("outputs", outputs)):
            found = list(tensors_in(given))
            if not found or any(not isinstance(t, SymbolicTensor) for t in leaves(given)):
                raise TypeError(f"{self.name}: expected {what} to be symbolic tensors, from Input on, got {given!r}")
        if not all(isinstance(t.node.layer, InputLayer) for t in tensors_in(inputs)):
            inputs, outputs = begun_anew(self.name, inputs, outputs)
        self._input_tensors, self._output_tensors = inputs, outputs
        if len({id(t) for t in self.inputs}) < len(self.inputs):
            raise ValueError(f"{self.name}: expected different inputs, got one twice")
        # the layers' order, hence that of the weights, is Keras's, which sorts the keys of dictionaries
        ordered = (list(tensors_in(tensors, sort_keys=True)) for tensors in (inputs, outputs))
        self._node_calls, self._operations = in_order(self.name, *ordered)
        for layer in self._operations:
            if layer._on_data:
                raise ValueError(
                    f"{self.name}: expected {layer.name} to be called on data before the model; let the model begin at "
                    "what it gives"
                )
        names = [layer.name for layer in self._operations]
        for layer_name in names:
            if names.count(layer_name) > 1:
                raise ValueError(f"{self.name}: expected layers of different names, got {layer_name!r} again")
        self._input_shape = map_structure(lambda t: t.shape, inputs, SymbolicTensor)
        self._output_shape = map_structure(lambda t: t.shape, outputs, SymbolicTensor)
        self._build(self._input_shape)
        if not trainable:
            self.trainable = False

    # ---- what it is made of ------------------------------------------------------------------------------------------

    @property
    def inputs(self) -> list[SymbolicTensor]:
        """The symbolic inputs, in one list."""
        return list(tensors_in(self._input_tensors))

    @property
    def outputs(self) -> list[SymbolicTensor]:
        """The symbolic outputs, in one list."""
        return list(tensors_in(self._output_tensors))

    @property
    def input(self) -> Any:
        """The symbolic inputs as they were given."""
        return self._input_tensors

    @property
    def output(self) -> Any:
        """The symbolic outputs as they were given."""
        return self._output_tensors

    @property
    def input_names(self) -> list[str]:
        """The names of the Inputs."""
        return [t.node.layer.name for t in self.inputs]

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that put out the outputs."""
        return [t.node.layer.name for t in self.outputs]

    @property
    def layers(self) -> list[Layer]:
        """The layers, Inputs among them; `operations` has those that operators have made besides."""
        return [layer for layer in self._operations if not isinstance(layer, GetItem | Operation)]

    @property
    def operations(self) -> list[Layer]:
        """All layers, those that operators have made too."""
        return list(self._operations)

    def _children(self) -> Any:
        for index, layer in enumerate(self._operations):
            yield str(index), layer

    def _connections(self, layer: Layer) -> list[str]:
        """Where a layer's inputs come from, for `summary`."""
        return [
            f"{t.node.layer.name}[{t.node.index}][{t.index}]"
            for node in self._node_calls
            if node.layer is layer
            for t in node.inputs()
        ]

    # ---- calling -----------------------------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Its layers have been built by the calls that it is made of."""

    def _takes_ids(self) -> bool:
        return len(self.inputs) == 1 and self._dtype_of(self.inputs[0]).kind in "iu"

    def _dtype_of(self, t: SymbolicTensor) -> np.dtype[Any]:
        """What an input's arrays become: integers where the Input says so, or a layer that takes ids reads them."""
        readers = [node for node in self._node_calls if any(other is t for other in node.inputs())]
        ids = t.dtype.kind == "f" and any(node.takes_ids for node in readers)
        return np.dtype(np.int32) if ids else t.dtype

    def _input_names(self) -> list[str]:
        keys = self._input_tensors
        return list(keys) if _flat_dict(keys) else self.input_names

    def _output_names(self) -> list[str]:
        names = list(self._output_tensors) if self._outputs_are_keyed() else self.output_names
        again = [f"_{names[:index].count(name)}" if name in names[:index] else "" for index, name in enumerate(names)]
        return [name + number for name, number in zip(names, again, strict=True)]

    def _outputs_are_keyed(self) -> bool:
        return _flat_dict(self._output_tensors)

    def _input_dtypes(self, arrays: Sequence[np.ndarray]) -> list[np.dtype[Any]]:
        return super()._input_dtypes(arrays) if len(self.inputs) == 1 else [self._dtype_of(t) for t in self.inputs]

    def _results_in(self, result: Any) -> list[Any]:
        values: dict[int, Any] = {}
        pair(self._output_tensors, result, values)
        return [values[id(t)] for t in self.outputs]

    def _structured(self, outputs: Sequence[Any]) -> Any:
        given = iter(outputs)
        return map_structure(lambda _: next(given), self._output_tensors, SymbolicTensor)

    def _specs(self, input_shape: Any) -> Any:
        given = iter(self.inputs)
        return map_structure(lambda shape: Spec(shape, self._dtype_of(next(given))), input_shape, is_shape)

    def _as_inputs(self, inputs: Any) -> Any:
        """Tensors in the structure of the model's inputs; those of a list may come by the names of the Inputs too."""
        wanted = self._input_tensors
        if isinstance(wanted, SymbolicTensor):
            given = the_only(self.name, self.input_names[0], inputs)
            return of_rank(super()._as_inputs(given), wanted.shape)
        if isinstance(inputs, Mapping):
            keys = list(wanted) if isinstance(wanted, dict) else self.input_names
            missing = [key for key in keys if key not in inputs]
            if missing:
                raise ValueError(f"{self.name}: expected inputs {', '.join(keys)}, got {', '.join(map(str, inputs))}")
            given = [inputs[key] for key in keys]
        else:
            given = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
        if len(given) != len(self.inputs):
            raise ValueError(f"{self.name}: expected {len(self.inputs)} inputs, got {len(given)}")
        tensors = [self._as_input(value, t) for value, t in zip(given, self.inputs, strict=True)]
        remaining = iter(tensors)
        return map_structure(lambda _: next(remaining), wanted, SymbolicTensor)

    def _as_input(self, value: Any, t: SymbolicTensor) -> Tensor:
        layer = t.node.layer
        if not isinstance(value, Tensor):
            array = np.asarray(value)
            if array.dtype.kind not in "fiub":
                raise no_numbers(layer.name, value, array.dtype)
            value = Tensor(np.ascontiguousarray(array, dtype=self._dtype_of(t)))
        value = of_rank(value, t.shape)
        layer.check_input(value.shape)
        return cast("Tensor", value)

    def _check(self, inputs: Any) -> None:
        if isinstance(inputs, Tensor):
            self.check_input(inputs.shape)

    def check_input(self, shape: Shape) -> None:
        if len(self.inputs) == 1:
            self.inputs[0].node.layer.check_input(shape)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if isinstance(inputs, Tensor):
            inputs = carrying(inputs, mask)
        values: dict[int, Tensor] = {}
        pair(self._input_tensors, inputs, values)

        def value(t: SymbolicTensor) -> Tensor:
            return values[id(t)]

        for node in self._node_calls:
            args, kwargs = map_structure(value, (node.args, node.kwargs), SymbolicTensor)
            pair(node.outputs, node.layer(*args, **kwargs), values)
        return map_structure(value, self._output_tensors, SymbolicTensor)

    # ---- step by step ------------------------------------------------------------------------------------------------

    def _of_whole_sequences(self) -> set[int]:
        """The symbolic tensors, by id, that have one result for a sequence instead of one for each step."""
        found: set[int] = set()
        for node in self._node_calls:
            if node.layer._ends_sequence() or any(id(t) in found for t in node.inputs()):
                found |= {id(t) for t in tensors_in(node.outputs)}
        return found

    def stream_states(self, input_shape: Any) -> dict[str, Any]:
        if len(self.inputs) > 1 or not isinstance(self._output_tensors, SymbolicTensor):
            raise self._not_streamed("it has several inputs or outputs")
        whole = self._of_whole_sequences()
        states: dict[str, Any] = {}
        for number, node in enumerate(self._node_calls):
            given = node.inputs()
            late = sum(id(t) in whole for t in given)
            if late == len(given):
                node.layer._check_stateless()
                continue
            if late or has_symbolic((node.args[1:], node.kwargs)):
                what = "results of whole sequences" if late else "tensors besides its inputs"
                raise node.layer._not_streamed(f"it is called with {what}")
            shapes = map_structure(lambda t: (input_shape[0], *t.shape[1:]), node.args[0], SymbolicTensor)
            states[str(number)] = node.layer.stream_states(shapes)
        return states

    def stream_step(self, inputs: Tensor, states: Mapping[str, Any]) -> tuple[Tensor, dict[str, Any]]:
        values: dict[int, Tensor] = {id(self.inputs[0]): inputs}
        after: dict[str, Any] = {}
        for number, node in enumerate(self._node_calls):
            args, kwargs = map_structure(lambda t: values[id(t)], (node.args, node.kwargs), SymbolicTensor)
            if str(number) in states:
                result, after[str(number)] = node.layer._advance(args[0], states[str(number)])
            else:
                result = node.layer(*args, **kwargs)
            pair(node.outputs, result, values)
        return values[id(self._output_tensors)], after

    def _ends_sequence(self) -> bool:
        return id(self._output_tensors) in self._of_whole_sequences()

    # ---- configuration -----------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        if not described_by_graph(type(self)):
            return super().get_config()
        holders: dict[int, Layer] = {}
        for layer in self._operations:
            for inner in layer._layers_below():
                if holders.setdefault(id(inner), layer) is not layer:
                    raise ValueError(
                        f"{self.name}: a configuration can't hold {inner.name}, which {layer.name} shares with "
                        f"{holders[id(inner)].name}; save the weights only"
                    )
        known = {id(node) for node in self._node_calls} | {id(t.node) for t in self.inputs}
        numbers: dict[int, int] = {}  # nodes outside of this model have none here
        layers = []
        for layer in self._operations:
            nodes = [node for node in layer._nodes if id(node) in known]
            for number, node in enumerate(nodes):
                numbers[id(node)] = number

        def written(t: SymbolicTensor) -> dict[str, Any]:
            return {"tensor": [t.node.layer.name, numbers[id(t.node)], t.index]}

        for layer in self._operations:
            calls = [node for node in layer._nodes if id(node) in known and not isinstance(layer, InputLayer)]
            layers.append(
                {
                    **serialize(layer),
                    "name": layer.name,
                    "inbound_nodes": [
                        {
                            "args": map_structure(written, list(node.args), SymbolicTensor),
                            "kwargs": map_structure(written, node.kwargs, SymbolicTensor),
                        }
                        for node in calls
                    ],
                }
            )
        return {
            "name": self.name,
            "trainable": self._trainable,
            "layers": layers,
            "input_layers": map_structure(written, self._input_tensors, SymbolicTensor),
            "output_layers": map_structure(written, self._output_tensors, SymbolicTensor),
        }


def from_graph(cls: type[M], config: Mapping[str, Any], custom_objects: Mapping[str, type[Layer]] | None) -> M:
    """A model of a class from the description of a graph, which `Functional.get_config` returned."""
    layers: dict[str, Layer] = {}
    waiting: list[tuple[Layer, int, dict[str, Any]]] = []
    made: dict[tuple[str, int], Any] = {}
    for item in config["layers"]:
        layer = deserialize(item, custom_objects)
        layer.name = item.get("name", layer.name)  # a configuration of the user's own may hold none
        if layer.name in layers:
            raise ValueError(f"expected layers of different names, got {layer.name!r} again")
        layers[layer.name] = layer
        if isinstance(layer, InputLayer):
            made[layer.name, 0] = layer.symbolic()
        waiting += [(layer, number, node) for number, node in enumerate(item["inbound_nodes"])]

    def read(reference: dict[str, Any]) -> SymbolicTensor:
        name, node, index = reference["tensor"]
        return _at(made[name, node], index)

    while waiting:
        for layer, number, node in waiting:
            in_turn = number == 0 or (layer.name, number - 1) in made
            if in_turn and _known(node, made):
                break
        else:
            raise ValueError(f"expected calls that lead back to inputs, got a circle at {waiting[0][0].name}")
        waiting.remove((layer, number, node))
        args, kwargs = map_structure(read, (node["args"], node["kwargs"]), _is_reference)
        made[layer.name, number] = layer(*args, **kwargs)
    inputs = map_structure(read, config["input_layers"], _is_reference)
    outputs = map_structure(read, config["output_layers"], _is_reference)
    model = cls(inputs, outputs, name=config["name"])
    model._trainable = bool(config.get("trainable", True))
    return model


_classes: WeakValueDictionary[type[Model], type[Functional]] = WeakValueDictionary()


def functional_class(cls: type[Model]) -> type[Functional]:
    """The class of a model that is made as ``cls(inputs, outputs)``: `cls`, and `Functional` in place of `Model`.

    Only when it is called with inputs and outputs does a class show that this model of it is a graph; others of it may
    have a `call`. Keras makes the class itself derive from `Functional` then, which ends the second kind.
    """
    if issubclass(cls, Functional):
        return cls
    made = _classes.get(cls)
    if made is None:
        own = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__doc__}
        made = cast("type[Functional]", type.__new__(type(cls), cls.__name__, (Functional,), {**own, "_declared": cls}))
        made.__bases__ = (cls, Functional)  # later, so that an `__init_subclass__` of the user's doesn't meet it
        _classes[cls] = made
    return made


def described_by_graph(cls: type[Layer]) -> bool:
    """Whether models of a class are made from inputs and outputs; those of classes with an own `__init__` aren't."""
    return cls.__init__ is Functional.__init__


def _at(results: Any, index: int) -> SymbolicTensor:
    """One of the results of a call."""
    return list(tensors_in(results))[index]


def _is_reference(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"tensor"}


def _known(node: Any, made: Mapping[tuple[str, int], Any]) -> bool:
    """Whether all that a written call refers to has been made."""
    missing: list[Any] = []

    def look(reference: dict[str, Any]) -> None:
        name, number, _ = reference["tensor"]
        if (name, number) not in made:
            missing.append(name)

    map_structure(look, node, _is_reference)
    return not missing


def _flat_dict(value: Any) -> bool:
    """Whether it is a dictionary that names symbolic tensors."""
    return isinstance(value, dict) and all(isinstance(t, SymbolicTensor) for t in value.values())
