"""Tensors that stand for what layers will put out.

Calling layers on them records a graph of layers, which `Model(inputs, outputs)` makes a model of; nothing is computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ...abstract import Shape, Spec, infer, map_structure
from .modes import trying

if TYPE_CHECKING:
    from .layer import Layer

__all__ = ["KerasTensor", "LayerNode", "SymbolicTensor", "has_symbolic", "symbolic_call", "tensors_in"]


class LayerNode:
    """One call of a layer on symbolic tensors.

    Parameters
    ----------
    layer : Layer
    args, kwargs
        What it was called with; symbolic tensors stand where tensors will.
    """

    __slots__ = ("args", "index", "kwargs", "layer", "outputs", "takes_ids")

    def __init__(self, layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.layer, self.args, self.kwargs = layer, args, kwargs
        self.index = len(layer._nodes)
        self.outputs: Any = None
        self.takes_ids = False  # whether inputs of numbers stand for ids
        layer._nodes.append(self)

    def inputs(self) -> list[SymbolicTensor]:
        """The symbolic tensors that it was called with."""
        return list(tensors_in((self.args, self.kwargs)))


class SymbolicTensor:
    """What a call of a layer puts out: a shape, whose first entry is None, and a dtype.

    Operators make layers of their own. Python can't look at its values: there are none.
    """

    __slots__ = ("dtype", "index", "mask", "name", "node", "shape")
    __array_ufunc__ = None  # NumPy leaves operators to this class

    def __init__(
        self, shape: Shape, dtype: np.dtype[Any], node: LayerNode, index: int, mask: Shape | None = None
    ) -> None:
        self.shape, self.dtype, self.node, self.index = shape, dtype, node, index
        self.mask = mask  # the shape of the mask that the tensor will carry
        self.name = node.layer.name if index == 0 else f"{node.layer.name}_{index}"

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __repr__(self) -> str:
        return f"<SymbolicTensor {self.name!r} {self.shape} of {self.dtype}>"

    def _refuse(self, what: str) -> TypeError:
        return TypeError(f"{self.name}: expected no {what} of a symbolic tensor, which has no values")

    def __bool__(self) -> bool:
        raise self._refuse("truth value")

    def __float__(self) -> float:
        raise self._refuse("float()")

    def __int__(self) -> int:
        raise self._refuse("int()")

    def __len__(self) -> int:
        raise self._refuse("len()")

    def __iter__(self) -> Iterator[Any]:
        raise self._refuse("iteration")

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise self._refuse("array")

    def __add__(self, other: Any) -> Any:
        return _operation("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return _operation("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return _operation("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return _operation("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return _operation("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return _operation("multiply", other, self)

    def __truediv__(self, other: Any) -> Any:
        return _operation("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _operation("divide", other, self)

    def __pow__(self, other: Any) -> Any:
        return _operation("power", self, other)

    def __rpow__(self, other: Any) -> Any:
        return _operation("power", other, self)

    def __matmul__(self, other: Any) -> Any:
        return _operation("matmul", self, other)

    def __neg__(self) -> Any:
        return _operation("multiply", self, -1.0)

    def __abs__(self) -> Any:
        return _operation("abs", self)

    # as in Keras, == is whether it is the same tensor
    def __ne__(self, other: object) -> Any:
        return _operation("not_equal", self, other) if _is_operand(other) else NotImplemented

    def __lt__(self, other: Any) -> Any:
        return _operation("less", self, other)

    def __le__(self, other: Any) -> Any:
        return _operation("less_equal", self, other)

    def __gt__(self, other: Any) -> Any:
        return _operation("greater", self, other)

    def __ge__(self, other: Any) -> Any:
        return _operation("greater_equal", self, other)

    def __and__(self, other: Any) -> Any:
        return _operation("logical_and", self, other)

    def __or__(self, other: Any) -> Any:
        return _operation("logical_or", self, other)

    def __xor__(self, other: Any) -> Any:
        return _operation("logical_xor", self, other)

    def __invert__(self) -> Any:
        return _operation("logical_not", self)

    def __getitem__(self, index: Any) -> Any:
        from .operation import GetItem

        return GetItem(index)(self)


KerasTensor = SymbolicTensor  # Keras's name of it


def _is_operand(value: object) -> bool:
    return isinstance(value, SymbolicTensor | int | float | np.number)


def _operation(name: str, *operands: Any) -> Any:
    from .operation import Operation

    layer = Operation(name, [None if isinstance(operand, SymbolicTensor) else operand for operand in operands])
    tensors = [operand for operand in operands if isinstance(operand, SymbolicTensor)]
    return layer(tensors[0] if len(tensors) == 1 else tensors)


def tensors_in(value: Any, sort_keys: bool = False) -> Iterator[SymbolicTensor]:
    """All symbolic tensors in lists, tuples and dictionaries, in order; dictionaries by their keys, if asked."""
    if isinstance(value, SymbolicTensor):
        yield value
    elif isinstance(value, dict):
        for key in sorted(value) if sort_keys else value:
            yield from tensors_in(value[key], sort_keys)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors_in(item, sort_keys)


def has_symbolic(value: Any) -> bool:
    """Whether there is a symbolic tensor in a value."""
    return next(tensors_in(value), None) is not None


def _tried(layer: Layer, given: Any) -> Any:
    """Specs of what the layer gives for arguments."""
    with trying():
        return infer(lambda call: layer(*call[0], **call[1]), given)


def symbolic_call(layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The layer's results as symbolic tensors, from a node that remembers the call; builds the layer."""
    ids = layer._takes_ids_in(kwargs)

    def spec(t: SymbolicTensor) -> Spec:
        # an Embedding behind an Input without a dtype takes integers
        return Spec(t.shape, np.dtype(np.int32) if ids and t.dtype.kind == "f" else t.dtype, t.mask)

    layer._prepare(args, kwargs)
    try:
        given = map_structure(spec, (args, kwargs), SymbolicTensor)
        results = _tried(layer, given)
    except TypeError:
        if ids or not layer._holds_ids():
            raise
        ids = True  # an Embedding within the layer
        given = map_structure(spec, (args, kwargs), SymbolicTensor)
        results = _tried(layer, given)
    node = LayerNode(layer, args, kwargs)
    node.takes_ids = ids
    count = 0

    def output(spec: Spec) -> SymbolicTensor:
        nonlocal count
        count += 1
        return SymbolicTensor(spec.shape, spec.dtype, node, count - 1, spec.mask)

    node.outputs = map_structure(output, results, Spec)
    if layer._output_shape is None and isinstance(results, Spec):
        layer._output_shape = results.shape
    return node.outputs
