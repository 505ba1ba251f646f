"""The states of a layer over a cell: those that sequences start from, that batches hand on."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from .base import Layer
from .base.nested import flat
from .stacked_cells import StackedRNNCells, zero_state

__all__ = ["RecurrentStates"]


class RecurrentStates(Layer):
    """The part of `RNN` that has to do with states."""

    cell: Any

    def make_states(self, batch: int) -> None:
        if not self._states:
            sizes = flat(self.cell.state_size)
            self._states.update({str(i): Tensor(np.zeros((batch, n), np.float32)) for i, n in enumerate(sizes)})
        have = next(iter(self._states.values())).shape[0]
        if have != batch:
            raise ValueError(f"{self.name}: expected batches of {have}, as the one before, got {batch}: it is stateful")

    @property
    def states(self) -> list[Tensor] | None:
        """The states that a stateful layer starts the next batch from; None before the first."""
        return list(self._states.values()) or None

    def reset_state(self) -> None:
        """Start the next batch from zeros."""
        for state in self._states.values():
            state.assign(np.zeros(state.shape, np.float32))

    reset_states = reset_state

    def get_initial_state(self, batch_size: int) -> list[Tensor]:
        """The states of zeros that sequences start from."""
        return flat(zero_state(self.cell, Tensor(np.zeros((batch_size, 1), np.float32))))

    def _checked(self, states: Any, batch: int) -> Any:
        """Initial states in the form of the cell's own, of right shapes; None stays."""
        if states is None:
            return None
        given = flat(states)
        sizes = flat(self.cell.state_size)
        wanted = [(batch, size) for size in sizes]
        if [getattr(state, "shape", None) for state in given] != wanted:
            got = ", ".join(str(getattr(state, "shape", state)) for state in given)
            raise ValueError(f"{self.name}: expected initial_state {', '.join(map(str, wanted))}, got {got}")
        return self._nest(given)

    def _nest(self, states: list[Tensor]) -> Any:
        """States as the cell takes them: a list, for stacked cells a list of lists."""
        rest = iter(states)

        def form(cell: Any) -> list[Any]:
            if isinstance(cell, StackedRNNCells):
                return [form(one) for one in cell.cells]
            return [next(rest) for _ in flat(cell.state_size)]

        return form(self.cell)
