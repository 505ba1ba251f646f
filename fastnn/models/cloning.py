"""`clone_model`: a model with the structure of another one and weights of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._config import config_of, configured
from .._custom import CustomObjectScope
from ..abstract import map_structure
from ..compile_config import told_objects
from ..layers.base.symbolic import SymbolicTensor, tensors_in
from ..layers.input_layer import Input, InputLayer

if TYPE_CHECKING:
    from ..layers.base import Layer
    from .model import Model
    from .sequential import Sequential

__all__ = ["clone_model"]


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: Callable[[Layer], Any] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
) -> Model:
    """A model like another one, of new layers with new weights, compiled alike.

    Parameters
    ----------
    model : Sequential, functional model, or a model whose class has get_config
    input_tensors : symbolic tensor, or a structure of them like the model's inputs, optional
        What the new model begins with; new Inputs when not given.
    clone_function : function(layer), optional
        Gives the layer that takes a layer's place; one of the same configuration when not given. Not asked for Inputs.
    call_function : function(layer, *args, **kwargs), optional
        Calls a new layer, for functional models: it may put others before and behind. ``layer(*args, **kwargs)`` when
        not given.
    recursive : bool, default False
        Whether models inside the model are cloned layer by layer too, instead of by clone_function as a whole.

    Raises
    ------
    ValueError
        An argument is given that models of this kind don't take, or a layer has no configuration.

    Examples
    --------
    >>> import fastnn
    >>> model = fastnn.Sequential([fastnn.Input((8,)), fastnn.layers.Dense(4)])
    >>> fastnn.models.clone_model(model).output_shape
    (None, 4)
    """
    from .model import Model

    if not isinstance(model, Model):
        raise TypeError(f"clone_model: expected a model, got {model!r}")
    known = {**model._told_objects(), **model._own_classes(told_objects(model))}
    with CustomObjectScope(known):
        result = _cloned(model, input_tensors, clone_function, call_function, recursive)
        if model.optimizer is not None:
            result.compile_from_config(model.get_compile_config())
    return result


def _cloned(
    model: Model,
    input_tensors: Any,
    clone_function: Callable[[Layer], Any] | None,
    call_function: Callable[..., Any] | None,
    recursive: bool,
) -> Model:
    """The clone, not compiled."""
    from .functional import Functional
    from .sequential import Sequential

    clones: dict[int, Any] = {}
    make = clone_function or _same

    def clone(layer: Layer) -> Any:
        if id(layer) not in clones:
            within = recursive and type(layer) in (Sequential, Functional)
            clones[id(layer)] = whole(layer) if within else make(layer)
        return clones[id(layer)]

    def whole(inner: Any) -> Any:
        if isinstance(inner, Sequential):
            return _sequential(inner, clone, None)
        return _functional(inner, clone, call_function, None)

    if isinstance(model, Sequential):
        if call_function is not None:
            raise ValueError(f"clone_model: expected call_function for a functional model, got {model.name}")
        result: Model = _sequential(model, clone, input_tensors)
    elif isinstance(model, Functional):
        result = _functional(model, clone, call_function, input_tensors)
    elif clone_function is None and call_function is None and input_tensors is None:
        result = _same(model)
    else:
        raise ValueError(
            f"clone_model: expected a Sequential or functional model for clone_function, call_function and "
            f"input_tensors, got {type(model).__name__}"
        )
    return result


def _same(layer: Any) -> Any:
    """A layer of the same configuration."""
    return configured(
        type(layer), config_of(layer), {type(part).__name__: type(part) for part in layer._layers_below()}
    )


def _sequential(model: Sequential, clone: Callable[[Layer], Any], input_tensors: Any) -> Any:
    from .sequential import Sequential

    layers: list[Any] = [clone(layer) for layer in model.layers]
    if input_tensors is not None:
        tensors = list(tensors_in(input_tensors))
        if len(tensors) != 1:
            raise ValueError(f"clone_model: expected one tensor as input_tensors, got {input_tensors!r}")
        layers.insert(0, Input(tensor=tensors[0]))
    elif model._input is not None:
        layers.insert(0, _same(model._input))
    made = Sequential(layers, name=model.name, trainable=model._trainable)
    if not made.built and model._input_shape is not None:
        made._build(model._input_shape)
    return made


def _functional(
    model: Any, clone: Callable[[Layer], Any], call_function: Callable[..., Any] | None, input_tensors: Any
) -> Any:
    from .functional import Functional, described_by_graph

    inputs = input_tensors
    if inputs is None:
        inputs = map_structure(lambda t: _same(t.node.layer).symbolic(), model._input_tensors, SymbolicTensor)
    given = list(tensors_in(inputs))
    if len(given) != len(model.inputs):
        raise ValueError(f"clone_model: expected {len(model.inputs)} input_tensors, got {len(given)}")
    values = {id(old): new for old, new in zip(model.inputs, given, strict=True)}
    for node in model._node_calls:
        args, kwargs = map_structure(lambda t: values[id(t)], (node.args, node.kwargs), SymbolicTensor)
        layer = clone(node.layer)
        results = layer(*args, **kwargs) if call_function is None else call_function(layer, *args, **kwargs)
        values.update(zip(map(id, tensors_in(node.outputs)), tensors_in(results), strict=True))
    outputs = map_structure(lambda t: values[id(t)], model._output_tensors, SymbolicTensor)
    starts = [t.node.layer for t in tensors_in(inputs)]
    if not all(isinstance(layer, InputLayer) for layer in starts):
        raise ValueError("clone_model: expected input_tensors that Input returned")
    made = (type(model) if described_by_graph(type(model)) else Functional)(inputs, outputs, name=model.name)
    made._trainable = model._trainable
    return made
