"""StackedRNNCells, several cells as one, and what may be asked of any cell, also one of the user's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from ..tensor import Tensor, constant
from .base import Layer, Shape
from .base.serialization import deserialize, serialize
from .recurrent_cell import Cell
from .recurrent_dropout import rows_like

__all__ = ["StackedRNNCells", "output_size", "zero_state"]


class StackedRNNCells(Layer):
    """Cells on top of each other, as one: the result of each is the input of the next.

    Parameters
    ----------
    cells : list of cells
        The states are a list with those of each cell.
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for cell in cells:
            if not (callable(getattr(cell, "call", None)) and hasattr(cell, "state_size")):
                raise ValueError(f"StackedRNNCells: expected cells with call and state_size, got {cell!r}")
        self.cells = list(cells)

    @property
    def state_size(self) -> list[Any]:
        """What the cells' states measure, one entry for each cell."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> int:
        """Size of the last cell's result."""
        return output_size(self.cells[-1])

    def build(self, input_shape: Shape) -> None:
        shape = input_shape
        for cell in self.cells:
            if isinstance(cell, Layer):
                cell._build(shape)
            shape = (None, output_size(cell))

    def hold_masks(self, x: Tensor | None, training: bool = False) -> None:
        """See `Cell.hold_masks`."""
        for cell in self.cells:
            if hasattr(cell, "hold_masks"):
                cell.hold_masks(x, training)
            x = None if x is None else rows_like(x, output_size(cell), 0.0)

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> Any:
        x, after = inputs, []
        for cell, state in zip(self.cells, states, strict=True):
            x, new = cell(x, state, training=training) if isinstance(cell, Layer) else cell.call(x, state)
            after.append(new if isinstance(new, list | tuple) else [new])
        return x, after

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cells": [serialize(cell) for cell in self.cells]}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, type[Layer]] | None = None) -> Self:
        return cls(**{**config, "cells": [deserialize(cell, custom_objects) for cell in config["cells"]]})


def output_size(cell: Any) -> int:
    """Size of a cell's result."""
    given = getattr(cell, "output_size", None)
    if given is None:
        size = cell.state_size
        given = size[0] if isinstance(size, list | tuple) else size
    return int(given)


def zero_state(cell: Any, x: Tensor) -> list[Any]:
    """A cell's states of zeros for inputs (batch, in); for stacked cells a list for each."""
    if isinstance(cell, StackedRNNCells):
        return [zero_state(one, x) for one in cell.cells]
    if not isinstance(cell, Cell) and hasattr(cell, "get_initial_state"):
        given = cell.get_initial_state(batch_size=x.shape[0])
        return [constant(item) for item in (given if isinstance(given, list | tuple) else [given])]
    size = cell.state_size
    return [rows_like(x, item, 0.0) for item in (size if isinstance(size, list | tuple) else [size])]
