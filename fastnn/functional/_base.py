"""What the functions of this package are written with: running an op, and putting its result on the tape."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

from .. import _core
from ..tensor import Node, Output, Rule, Tensor, View, is_grad_enabled, link_view

Padding = Literal["valid", "same"] | Sequence[int]
Gradients = Sequence[Tensor | None]

_op = lru_cache(maxsize=None)(_core.op)


def _result(
    name: str,
    array: _core.Array,
    rule: Rule,
    inputs: Sequence[Tensor | None],
    saved: tuple[Tensor, ...] = (),
    save_output: bool = False,
    into: Tensor | None = None,
    view: View | None = None,
    **attributes: Any,
) -> Tensor:
    """The tensor of an op's result, on the tape when one of the inputs is; `into` when the op has added into that.

    `view` makes the result again of another tensor, for ops whose result shares the first input's memory.
    """
    if into is not None:
        return into
    result = Tensor._wrap(array)
    if view is not None and inputs[0] is not None and array.shares_storage(inputs[0]._array):
        link_view(result, inputs[0], view)
    if is_grad_enabled() and any(t is not None and t.requires_grad for t in inputs):
        result.requires_grad = True
        result._node = Node(name, rule, inputs, saved, array if save_output else None, attributes)
    return result


def _results(
    name: str,
    arrays: Sequence[_core.Array],
    rule: Rule,
    inputs: Sequence[Tensor | None],
    saved: tuple[Tensor, ...] = (),
    **attributes: Any,
) -> tuple[Tensor, ...]:
    """The tensors of an op with several differentiable results. The rule takes a list with the gradient of each, None
    where nobody asked for one."""
    results = tuple(Tensor._wrap(array) for array in arrays)
    if is_grad_enabled() and any(t is not None and t.requires_grad for t in inputs):
        node = Node(name, rule, inputs, saved, None, attributes, len(results))
        for number, result in enumerate(results):
            result.requires_grad = True
            result._node = Output(node, number) if node.outputs > 1 else node
    return results


def _run(name: str, *inputs: Tensor | None, into: Tensor | None = None, **attributes: Any) -> _core.Array:
    """The result of an op with one output, added into a buffer when there is one."""
    arrays = [_array_of(name, t) for t in inputs]
    if into is None:
        array: _core.Array = _op(name)(*arrays, **attributes)
        return array
    _op(name)(*arrays, out=into._array, accumulate=1, **attributes)
    return into._array


def _run_list(name: str, inputs: Sequence[Tensor], **attributes: Any) -> _core.Array:
    """The result of an op that takes one list of tensors."""
    arrays: list[_core.Array] = []
    for t in inputs:
        array = _array_of(name, t)
        if array is None:
            raise TypeError(f"{name}: expected a Tensor, got None")
        arrays.append(array)
    result: _core.Array = _op(name)(arrays, **attributes)
    return result


def _array_of(name: str, value: Tensor | None) -> _core.Array | None:
    if value is not None and not isinstance(value, Tensor):
        raise TypeError(f"{name}: expected a Tensor, got {type(value).__name__}; fastnn.Tensor makes one of an array")
    return None if value is None else value._array


def _saved(t: Tensor, used: bool) -> Tensor:
    """What a rule keeps of an operand: the tensor, or its shape when no gradient looks at its values."""
    return t if used else _shape_of(t)


def _shape_of(t: Tensor) -> Tensor:
    """A stand-in for ops that look at the shape only: keeps no memory alive."""
    return Tensor._wrap(t._array.shape_only)


def _no_second_derivative(name: str) -> Rule:
    def rule(node: Node, dy: Tensor, into: Gradients) -> Gradients:
        raise RuntimeError(f"backward: the second derivative of {name} is not available")

    return rule


def _integer(op: str, name: str, value: Any) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{op}: expected {name} of integers, got {value!r}") from None


def _pair(op: str, name: str, value: int | Sequence[int]) -> tuple[int, int]:
    height, width = _sizes(op, name, value, 2)
    return height, width


_COUNTS = {1: "an integer", 2: "an integer or two", 3: "an integer or three"}
_PADS = {1: "(before, after)", 2: "(top, bottom, left, right)", 3: "(front, back, top, bottom, left, right)"}


def _sizes(op: str, name: str, value: int | Sequence[int], axes: int) -> tuple[int, ...]:
    """One integer for each spatial axis, from as many or from one for all."""
    items = tuple(value) if isinstance(value, (tuple, list)) else (value,) * axes
    if len(items) != axes:
        raise ValueError(f"{op}: expected {name} to be {_COUNTS[axes]}, got {value!r}")
    return tuple(_integer(op, name, item) for item in items)


def _padding(op: str, padding: Padding, axes: int) -> dict[str, Any]:
    if isinstance(padding, str):
        return {"padding": padding.lower()}
    if not isinstance(padding, (tuple, list)) or len(padding) != 2 * axes:
        raise ValueError(f"{op}: expected padding 'valid', 'same' or {_PADS[axes]}, got {padding!r}")
    return {"padding": "explicit", "pads": tuple(_integer(op, "padding", size) for size in padding)}
