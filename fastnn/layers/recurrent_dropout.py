"""Dropout of the inputs and the state of a recurrent cell (Gal and Ghahramani 2016)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F
from ..tensor import Tensor, constant
from .base.drawing import Drawing, drop_rate

__all__ = ["RecurrentDropout", "rows_like"]


def rows_like(x: Tensor, units: int, value: float) -> Tensor:
    """(batch, units) of one value, for x (batch, in)."""
    return F.add(F.fill(x[:, :1], value), constant(np.zeros((1, units), dtype=np.float32)))


class RecurrentDropout(Drawing):
    """A cell that drops inputs and state: called by itself it draws new masks each time; inside `RNN` they stay the
    same over all steps, one for the inputs and one for the state.
    """

    units: int
    _unrecorded = Drawing._unrecorded | {"_masks"}

    def __init__(self, dropout: float, recurrent_dropout: float, seed: int | None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        cls = type(self).__name__
        self.dropout = drop_rate(cls, "dropout", dropout)
        self.recurrent_dropout = drop_rate(cls, "recurrent_dropout", recurrent_dropout)
        self._masks: tuple[Tensor | None, Tensor | None] | None = None

    def draw_masks(self, x: Tensor, training: bool) -> tuple[Tensor | None, Tensor | None]:
        """Masks of dropout for inputs (batch, in) and state (batch, units), None where nothing is dropped."""
        inputs = self._drop(F.fill(x, 1.0), self.dropout) if training and self.dropout else None
        rate = self.recurrent_dropout
        return inputs, self._drop(rows_like(x, self.units, 1.0), rate) if training and rate else None

    def hold_masks(self, x: Tensor | None, training: bool = False) -> None:
        """Use the same masks from now on, until called with None."""
        self._masks = None if x is None else self.draw_masks(x, training)

    def get_config(self) -> dict[str, Any]:
        own = {"dropout": self.dropout, "recurrent_dropout": self.recurrent_dropout, "seed": self.seed}
        return {**super().get_config(), **own}
