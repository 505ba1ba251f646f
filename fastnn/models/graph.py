"""Graphs of calls on symbolic tensors: their order, what stands where in structures of tensors, parts of them.

The order of layers is Keras's: by the longest way to an output, then as a search from the outputs meets them.
"""

from __future__ import annotations

from typing import Any

from ..abstract import map_structure
from ..layers.base import Layer
from ..layers.base.symbolic import LayerNode, SymbolicTensor, tensors_in
from ..layers.input_layer import InputLayer
from ..tensor import Tensor

__all__ = ["begun_anew", "in_order", "leaves", "pair"]


def leaves(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in leaves(item)]
    return [leaf for item in value.values() for leaf in leaves(item)] if isinstance(value, dict) else [value]


def pair(symbols: Any, tensors: Any, values: dict[int, Tensor]) -> None:
    """Note the tensors that stand where the symbolic ones do."""
    if isinstance(symbols, SymbolicTensor):
        values[id(symbols)] = tensors
    elif isinstance(symbols, list | tuple):
        for symbol, tensor in zip(symbols, tensors, strict=True):
            pair(symbol, tensor, values)
    elif isinstance(symbols, dict):
        for key, symbol in symbols.items():
            pair(symbol, tensors[key], values)


def begun_anew(name: str, inputs: Any, outputs: Any) -> tuple[Any, Any]:
    """Inputs and outputs of the same calls, which begin at Inputs where they begin at what other layers put out."""
    given = list(tensors_in(inputs))
    values = {id(t): t for t in given}
    for t in given:
        if not isinstance(t.node.layer, InputLayer):
            values[id(t)] = InputLayer(t.shape[1:], dtype=t.dtype).symbolic()
    for node in in_order(name, given, list(tensors_in(outputs)))[0]:
        args, kwargs = map_structure(lambda t: values[id(t)], (node.args, node.kwargs), SymbolicTensor)
        results = node.layer(*args, **kwargs)
        values.update(zip(map(id, tensors_in(node.outputs)), tensors_in(results), strict=True))
    begun: tuple[Any, Any] = map_structure(lambda t: values[id(t)], (inputs, outputs), SymbolicTensor)
    return begun


def in_order(
    name: str, inputs: list[SymbolicTensor], outputs: list[SymbolicTensor]
) -> tuple[list[LayerNode], list[Layer]]:
    """The calls between inputs and outputs in an order in which they can run, and all layers in Keras's order."""
    given = {id(t) for t in inputs}
    between = {id(t) for t in inputs if not isinstance(t.node.layer, InputLayer)}
    found: list[LayerNode] = []
    met: list[Layer] = []
    done: set[int] = set()

    def visit(start: SymbolicTensor) -> None:
        # a stack of its own: a chain of layers may be longer than Python's
        stack: list[tuple[LayerNode, bool]] = [(start.node, False)]
        while stack:
            node, finished = stack.pop()
            if finished:
                found.append(node)
                continue
            if id(node) in done:
                continue
            done.add(id(node))
            if not any(layer is node.layer for layer in met):
                met.append(node.layer)
            stack.append((node, True))
            if isinstance(node.layer, InputLayer):
                if not any(id(t) in given for t in tensors_in(node.outputs)):
                    raise ValueError(
                        f"{name}: expected outputs that need the inputs only, got one that needs {node.layer.name}"
                    )
                continue
            stack += [(t.node, False) for t in reversed(node.inputs()) if id(t) not in between]

    for output in outputs:
        if id(output) not in between:
            visit(output)
    depth_of_node: dict[int, int] = {}
    depth_of_layer: dict[int, int] = {}
    for node in reversed(found):
        depth = max(depth_of_node.get(id(node), 0), depth_of_layer.get(id(node.layer), 0))
        depth_of_node[id(node)] = depth_of_layer[id(node.layer)] = depth
        for t in node.inputs():
            depth_of_node[id(t.node)] = max(depth + 1, depth_of_node.get(id(t.node), 0))
    place = {id(layer): index for index, layer in enumerate(met)}
    for t in inputs:  # that no output needs
        if id(t.node) not in done:
            met.append(t.node.layer)
            place[id(t.node.layer)] = -1
            depth_of_layer[id(t.node.layer)] = 0
    layers = sorted(met, key=lambda layer: (-depth_of_layer[id(layer)], place[id(layer)]))
    return [node for node in found if not isinstance(node.layer, InputLayer)], layers
