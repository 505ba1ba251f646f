"""The states of a layer over a cell: those that sequences start from, that batches hand on."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F
from .. import program
from ..tensor import Tensor
from .base import Layer
from .base.modes import is_trying
from .recurrent_loop import flat, nested
from .stacked_cells import zero_state

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

    def _first_states(self, given: Any, batch: int) -> Any:
        """The states that a batch starts from, in the form of the cell's own: those given, or those that the batch
        before has handed on; None for zeros."""
        if self.stateful and not is_trying():
            self.make_states(batch)
            if given is None:
                given = [F.copy(state) for state in self._states.values()]  # which `_hand_on_states` writes
        return self._checked(given, batch)

    def _hand_on_states(self, last: Any) -> None:
        """Let the next batch of a stateful layer start from these."""
        if self.stateful and not is_trying():
            now = [state.detach() for state in flat(last)]
            program.update("moving_average_update", list(self._states.values()), now, momentum=0.0)

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
        return nested(self.cell, given)
