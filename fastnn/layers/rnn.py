"""RNN: any cell over the steps of a sequence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from .. import functional as F
from ..tensor import Tensor
from .base import Layer, Shape
from .base.calls import mask_of
from .base.serialization import deserialize, serialize
from .recurrent_cell import Cell
from .recurrent_loop import flat, nested, steps
from .recurrent_states import RecurrentStates
from .stacked_cells import StackedRNNCells, output_size, zero_state

__all__ = ["RNN"]


class RNN(RecurrentStates):
    """A cell over the steps of a sequence (batch, time, ...).

    Called with a sequence, and optionally ``initial_state`` (a Tensor, or a list of one for each state of the cell) and
    ``mask`` (batch, time): a step that the mask leaves out repeats result and state. Sequences carry masks from
    `Masking` and ``Embedding(mask_zero=True)``.

    Parameters
    ----------
    cell : cell, or list of cells
        With `call(inputs, states)` giving (result, new states), `state_size` and maybe `output_size`.
    return_sequences : bool, default False
        The results of all steps, (batch, time, units), instead of the last one.
    return_state : bool, default False
        A tuple of the result and the last states.
    go_backwards : bool, default False
        Go from the last step to the first; the results come in that order.
    stateful : bool, default False
        Start from where the batch before ended; all batches have one size. `reset_state` begins anew.
    unroll : bool, default False
        Accepted as in Keras; it changes nothing.
    zero_output_for_mask : bool, default False
        With return_sequences: zeros for the steps that the mask leaves out.
    """

    supports_masking = True

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        cell = StackedRNNCells(cell) if isinstance(cell, list | tuple) else cell
        if not (callable(getattr(cell, "call", None)) and hasattr(cell, "state_size")):
            raise ValueError(f"{type(self).__name__}: expected a cell with call and state_size, got {cell!r}")
        self.cell = cell
        self.return_sequences = bool(return_sequences)
        self.return_state = bool(return_state)
        self.go_backwards = bool(go_backwards)
        self.stateful = bool(stateful)
        self.unroll = bool(unroll)
        self.zero_output_for_mask = bool(zero_output_for_mask)

    def build(self, input_shape: Shape) -> None:
        if isinstance(self.cell, Layer):
            self.cell._build((None, *input_shape[2:]))

    def check_input(self, shape: Shape) -> None:
        own = isinstance(self.cell, Cell)
        size = self.cell.kernel.shape[0] if own and self.cell.built else None
        fits = len(shape) == 3 if own else len(shape) >= 3
        if not fits or shape[1] == 0 or (size is not None and shape[2] != size):
            raise self.expected(f"(batch, time, {size or 'in'}) with at least one step", shape)

    def call(
        self, inputs: Tensor, initial_state: Any = None, mask: Tensor | None = None, training: bool = False
    ) -> Any:
        if mask is not None and mask.shape != inputs.shape[:2]:
            raise ValueError(f"{self.name}: expected mask of shape {inputs.shape[:2]}, got {mask.shape}")
        states = self._first_states(initial_state, inputs.shape[0])
        y, last = steps(self.cell, inputs, states, mask, training, self.go_backwards)
        self._hand_on_states(last)
        output = self._shown(y, mask)
        return (output, *flat(last)) if self.return_state else output

    def _shown(self, y: Tensor, mask: Tensor | None) -> Tensor:
        """What the layer gives, of the results of all steps."""
        if not self.return_sequences:
            return y[:, -1]
        if not self.zero_output_for_mask or mask is None:
            return y
        counts = mask[:, ::-1] if self.go_backwards else mask
        return F.where(F.reshape(counts, (-1, mask.shape[1], 1)), y, 0.0)

    def stream_states(self, input_shape: Shape) -> dict[str, Any]:
        if self.go_backwards or self.return_state:
            wrong = "go_backwards" if self.go_backwards else "return_state"
            raise ValueError(f"{self.name}: expected {wrong}=False in stream, got True")
        first = Tensor(np.zeros((input_shape[0] or 0, *(size or 0 for size in input_shape[2:])), np.float32))
        states = {str(i): state.numpy() for i, state in enumerate(flat(zero_state(self.cell, first)))}
        if not isinstance(self.cell, Cell):  # whose result is its first state: a step that a mask leaves out repeats it
            states["result"] = np.zeros((first.shape[0], output_size(self.cell)), np.float32)
        return states

    def stream_step(self, inputs: Tensor, states: Mapping[str, Any]) -> tuple[Tensor, dict[str, Any]]:
        before = [state for name, state in states.items() if name != "result"]
        mask = mask_of(inputs)
        y, last = steps(self.cell, inputs, nested(self.cell, before), mask, before=states.get("result"))
        after = {str(i): state for i, state in enumerate(flat(last))}
        if "result" in states:
            after["result"] = y[:, -1]
        return self._shown(y, mask), after

    def _ends_sequence(self) -> bool:
        return not self.return_sequences

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        own = previous_mask if self.return_sequences else None
        return [own] if self.return_state else own

    def compute_output_shape(self, input_shape: Shape) -> Any:
        size = output_size(self.cell)
        shape = (input_shape[0], input_shape[1], size) if self.return_sequences else (input_shape[0], size)
        states = [(input_shape[0], item) for item in flat(self.cell.state_size)]
        return (shape, *states) if self.return_state else shape

    def _own_config(self) -> dict[str, Any]:
        names = "return_sequences return_state go_backwards stateful unroll zero_output_for_mask"
        return {**super().get_config(), **{name: getattr(self, name) for name in names.split()}}

    def get_config(self) -> dict[str, Any]:
        return {**self._own_config(), "cell": serialize(self.cell)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, type[Layer]] | None = None) -> Self:
        return cls(**{**config, "cell": deserialize(config["cell"], custom_objects)})
