"""Layers that operators on symbolic tensors make: one op of `functional` each, with numbers among its operands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import functional as F
from ...tensor import Tensor
from .layer import Layer

__all__ = ["GetItem", "Operation"]

_FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "abs": F.abs,
    "add": F.add,
    "divide": F.divide,
    "greater": F.greater,
    "greater_equal": F.greater_equal,
    "less": F.less,
    "less_equal": F.less_equal,
    "logical_and": F.logical_and,
    "logical_not": F.logical_not,
    "logical_or": F.logical_or,
    "logical_xor": F.logical_xor,
    "matmul": F.matmul,
    "multiply": F.multiply,
    "not_equal": F.not_equal,
    "power": F.power,
    "subtract": F.subtract,
}


class Operation(Layer):
    """An op of its inputs, such as ``x + y`` or ``2 / x``.

    Parameters
    ----------
    operation : {"abs", "add", "divide", "greater", "greater_equal", "less", "less_equal", "logical_and", \
"logical_not", "logical_or", "logical_xor", "matmul", "multiply", "not_equal", "power", "subtract"}
    operands : sequence of numbers and None
        None where an input stands.
    """

    _takes_several = True

    def __init__(self, operation: str, operands: Sequence[Any], name: str | None = None, **kwargs: Any) -> None:
        if operation not in _FUNCTIONS:
            raise ValueError(f"Operation: expected one of {', '.join(_FUNCTIONS)}, got {operation!r}")
        for operand in operands:
            if operand is not None and (isinstance(operand, bool) or not isinstance(operand, int | float | np.number)):
                raise TypeError(f"{operation}: expected symbolic tensors and numbers, got {operand!r}")
        super().__init__(name=name or _named(operation), **kwargs)
        self.operation = operation
        self.operands = [operand.item() if isinstance(operand, np.number) else operand for operand in operands]

    def call(self, inputs: Any) -> Tensor:
        tensors = inputs if isinstance(inputs, list | tuple) else [inputs]
        if len(tensors) != self.operands.count(None):
            raise ValueError(f"{self.name}: expected {self.operands.count(None)} inputs, got {len(tensors)}")
        given = iter(tensors)
        return _FUNCTIONS[self.operation](*(next(given) if number is None else number for number in self.operands))

    def stream_states(self, input_shape: Any) -> dict[str, Any]:
        ranks = {len(shape) for shape in input_shape} if isinstance(input_shape, list) else {0}
        if self.operation == "matmul" or len(ranks) > 1:
            raise self._not_streamed("it meets steps with other steps")
        return {}

    def compute_mask(self, inputs: Any, previous_mask: Any) -> None:
        """None: which steps count is not known of what an operator makes."""

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "operation": self.operation, "operands": list(self.operands)}


class GetItem(Layer):
    """``x[index]`` with integers, slices, None and Ellipsis.

    Parameters
    ----------
    index
        As in ``x[index]``, or as `get_config` has written it.
    """

    def __init__(self, index: Any, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name or _named("get_item"), **kwargs)
        given = index if isinstance(index, tuple | list) else (index,)
        self.index = tuple(_read_part(part) for part in given)

    def call(self, inputs: Tensor) -> Tensor:
        return inputs[self.index]

    def stream_states(self, input_shape: Any) -> dict[str, Any]:
        parts = list(self.index)
        if Ellipsis in parts:
            place, used = parts.index(Ellipsis), sum(part is not None for part in parts) - 1
            parts[place : place + 1] = [slice(None)] * (len(input_shape) - used)
        batch, steps = [*parts, slice(None), slice(None)][:2]
        if batch != slice(None) or (steps != slice(None) and not self._ends_sequence()):
            raise self._not_streamed("it picks steps; [:, -1], the last so far, can be streamed")
        return {}

    def _ends_sequence(self) -> bool:
        return self.index[:1] == (slice(None),) and self.index[1:2] == (-1,)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> None:
        """None, as for `Operation`."""

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "index": [_written_part(part) for part in self.index]}


def _read_part(part: Any) -> Any:
    if isinstance(part, dict) and set(part) == {"slice"}:
        return slice(*part["slice"])
    if part == "...":
        return Ellipsis
    if part is None or part is Ellipsis or isinstance(part, slice):
        return part
    if isinstance(part, bool) or not isinstance(part, int | np.integer):
        raise TypeError(f"GetItem: expected integers, slices, None or Ellipsis, got {part!r}")
    return int(part)


def _written_part(part: Any) -> Any:
    if isinstance(part, slice):
        return {"slice": [part.start, part.stop, part.step]}
    return "..." if part is Ellipsis else part


def _named(base: str) -> str:
    from .naming import new_name

    return new_name(base)
