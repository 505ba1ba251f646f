"""A cell over the steps of a sequence, by one op or one after the other, and its states, which nest as cells do."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from ..tensor import Tensor
from .base import Layer
from .recurrent_cell import Cell
from .stacked_cells import StackedRNNCells, zero_state

__all__ = ["flat", "loop", "nested", "steps"]


def flat(value: Any) -> list[Any]:
    """The items of nested lists and tuples."""
    if isinstance(value, list | tuple):
        return [item for part in value for item in flat(part)]
    return [value]


def nested(cell: Any, states: list[Tensor]) -> list[Any]:
    """States as a cell takes them: a list, for stacked cells a list of lists."""
    rest = iter(states)

    def form(one: Any) -> list[Any]:
        if isinstance(one, StackedRNNCells):
            return [form(part) for part in one.cells]
        return [next(rest) for _ in flat(one.state_size)]

    return form(cell)


def steps(
    cell: Any,
    x: Tensor,
    states: Any,
    mask: Tensor | None,
    training: bool = False,
    go_backwards: bool = False,
    before: Tensor | None = None,
) -> tuple[Tensor, Any]:
    """Results of all steps of x (batch, time, ...) and the last states.

    `states` are zeros when None; `before` is the result of the step before these, for steps that the mask leaves out.
    """
    if isinstance(cell, Cell):
        found = cell.sequence(x, None if states is None else flat(states), mask, training, go_backwards)
        if found is not None:
            return found
    return loop(cell, x, states, mask, training, go_backwards, before)


def loop(
    cell: Any,
    x: Tensor,
    states: Any,
    mask: Tensor | None,
    training: bool,
    go_backwards: bool,
    before: Tensor | None = None,
) -> tuple[Tensor, Any]:
    """Step by step, on the tape."""
    first = x[:, 0]
    states = zero_state(cell, first) if states is None else states
    holds = hasattr(cell, "hold_masks")
    outputs: list[Tensor] = []
    try:
        if holds:
            cell.hold_masks(first, training)
        for time in range(x.shape[1])[:: -1 if go_backwards else 1]:
            args = (x[:, time], states)
            y, after = cell(*args, training=training) if isinstance(cell, Layer) else cell.call(*args)
            after = after if isinstance(after, list | tuple) else [after]
            if mask is not None:
                counts = mask[:, time : time + 1]
                old = flat(states)
                if before is None:
                    # before the first step that counts, the result of our own cells is the state they start from
                    before = old[0] if isinstance(cell, Cell) else F.fill(y, 0.0)
                y = F.where(counts, y, outputs[-1] if outputs else before)
                after = nested(cell, [F.where(counts, new, o) for new, o in zip(flat(after), old, strict=True)])
            states = after
            outputs.append(y)
    finally:
        if holds:
            cell.hold_masks(None)
    return F.stack(outputs, axis=1), states
