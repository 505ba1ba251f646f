"""Adafactor: second moments of matrices kept as one number for each row and each column."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

from .. import _core
from .. import functional as F
from ..tensor import Tensor
from .arguments import Common, Hyper, flag
from .composed import Composed, move
from .schedules.base import Rate

__all__ = ["Adafactor"]


class Adafactor(Composed):
    """Adafactor (Shazeer and Stern 2018) by Keras's formula, with ``b = 1 - t**beta_2_decay`` in step t from 1.

    For variables of two axes and more, with s the squares of g plus epsilon_1: ``row = b * row + (1 - b) *
    mean(s, -1)``, ``column = b * column + (1 - b) * mean(s, -2)``, ``v = row / mean(row, -1) * column``; for others
    ``v = b * v + (1 - b) * s``. With rms the root of the mean of squares, ``u = g / sqrt(v)`` and
    ``w -= min(learning_rate, 1 / sqrt(t)) * max(epsilon_2, rms(w)) * u / max(1, rms(u) / clip_threshold)``.

    Parameters
    ----------
    learning_rate : float, default 0.001
    beta_2_decay : float, default -0.8
        Not above 0.
    epsilon_1 : float, default 1e-30
        Keeps v above 0; not negative.
    epsilon_2 : float, default 1e-3
        The smallest size of a variable that steps are in proportion to; not negative.
    clip_threshold : float, default 1
        The largest rms of u; above 0. No relative of `clipnorm` and its like.
    relative_step : bool, default True
        Kept in the configuration. As in Keras, steps are bounded by ``1 / sqrt(t)`` with and without it.
    **common
        As `Optimizer`.
    """

    op_slots = ("row", "column", "velocity")
    hyper_parameters = ("beta_2_decay", "epsilon_1", "epsilon_2", "clip_threshold", "relative_step")

    beta_2_decay = Hyper(-math.inf, math.nextafter(0.0, 1.0), above=True)
    epsilon_1 = Hyper(0.0, math.inf)
    epsilon_2 = Hyper(0.0, math.inf)
    clip_threshold = Hyper(0.0, math.inf, above=True)
    relative_step = flag("relative_step")

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_2_decay = beta_2_decay
        self.epsilon_1 = epsilon_1
        self.epsilon_2 = epsilon_2
        self.clip_threshold = clip_threshold
        self.relative_step = relative_step
        self._share = _core.Scalar(0.0, "float")  # of the new squares in the averages
        self._bounded_rate = _core.Scalar(0.0, "float")

    def _slot_start(self, name: str, variable: Tensor) -> np.ndarray[Any, Any] | None:
        shape = variable.shape
        if (name == "velocity") == (len(shape) > 1):
            return None
        shapes = {"row": shape[:-1], "column": (*shape[:-2], *shape[-1:]), "velocity": shape}
        return np.zeros(shapes[name], variable.dtype)

    def _own_cells(self) -> dict[str, _core.Scalar]:
        return {"share": self._share, "bounded_rate": self._bounded_rate}

    def _set_cells(self) -> None:
        super()._set_cells()
        step = int(self._count.value) + 1
        self._share.value = step**self.beta_2_decay
        self._bounded_rate.value = min(float(self._rate.value), step**-0.5)

    def _descend(self, gradients: Sequence[Tensor], variables: Sequence[Tensor]) -> None:
        averages, away = [], []
        for gradient, variable in zip(gradients, variables, strict=True):
            squares = F.add(F.multiply(gradient, gradient), self.epsilon_1)
            axes = {"row": -1, "column": -2}
            for name, average in self._own_slots(variable).items():
                averages.append(average)
                away.append(F.subtract(average, F.mean(squares, axes[name]) if name in axes else squares))
        move(averages, away, self._share)
        steps = [self._direction(*pair) for pair in zip(gradients, variables, strict=True)]
        move(variables, steps, self._bounded_rate)

    def _own_slots(self, variable: Tensor) -> dict[str, Tensor]:
        slots = self._slots_of(variable)
        return {name: slots[name] for name in self.op_slots if name in slots}

    def _direction(self, gradient: Tensor, variable: Tensor) -> Tensor:
        """What a step of size 1 takes off a variable."""
        slots = self._own_slots(variable)
        if "row" in slots:
            row = slots["row"]
            share = F.divide(row, F.mean(row, -1, keepdims=True))
            velocity = F.multiply(F.expand_dims(share, -1), F.expand_dims(slots["column"], -2))
        else:
            velocity = slots["velocity"]
        update = F.divide(gradient, F.sqrt(velocity))
        size = F.maximum(_rms(variable), self.epsilon_2)
        return F.multiply(update, F.divide(size, F.maximum(F.divide(_rms(update), self.clip_threshold), 1.0)))


def _rms(x: Tensor) -> Tensor:
    """The root of the mean of squares."""
    return F.sqrt(F.mean(F.multiply(x, x)))
