"""Schedule-free AdamW: an average of all iterates takes the place of a falling learning rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

from .. import _core, program
from .. import functional as F
from ..tensor import Tensor
from .arguments import Common, Hyper, whole
from .composed import Composed, move
from .schedules.base import Rate

__all__ = ["ScheduleFreeAdamW"]


class ScheduleFreeAdamW(Composed):
    """Schedule-free AdamW (Defazio et al. 2024) by Keras's formula; the variables are y, where gradients are taken.

    In step t from 1, with warm-up ``rate = learning_rate * min(1, t / warmup_steps)``: ``v = beta_2 * v + (1 - beta_2)
    * g**2``, ``z -= rate * g / (sqrt(v / (1 - beta_2**t)) + epsilon)``, ``x += (z - x) / t`` and
    ``y = (1 - beta_1) * z + beta_1 * x``. z, the slot "momentum", starts from the variable; x follows from y and z.

    Parameters
    ----------
    learning_rate : float, default 0.0025
    beta_1 : float, default 0.9
        The share of the average x in y, in [0, 1).
    beta_2 : float, default 0.999
        Decay of the second moment, in [0, 1).
    epsilon : float, default 1e-8
        Above 0.
    warmup_steps : int, default 0
        Steps over which the learning rate rises to its value.
    **common
        As `Optimizer`.
    """

    op_slots = ("momentum", "velocity")
    hyper_parameters = ("beta_1", "beta_2", "epsilon", "warmup_steps")

    beta_1 = Hyper(0.0, 1.0)
    beta_2 = Hyper(0.0, 1.0)
    epsilon = Hyper(0.0, math.inf, above=True)

    def __init__(
        self,
        learning_rate: Rate = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.warmup_steps = whole(self.name, "warmup_steps", warmup_steps, 0)
        self._warm_rate = _core.Scalar(0.0, "float")
        self._share = _core.Scalar(0.0, "float")  # of the new z in x

    def _slot_start(self, name: str, variable: Tensor) -> np.ndarray[Any, Any] | None:
        return variable._array.numpy().copy() if name == "momentum" else super()._slot_start(name, variable)

    def _own_cells(self) -> dict[str, _core.Scalar]:
        return {"warm_rate": self._warm_rate, "share": self._share}

    def _set_cells(self) -> None:
        super()._set_cells()
        step = int(self._count.value) + 1
        self._warm_rate.value = float(self._rate.value) * min(1.0, step / max(1, self.warmup_steps))
        self._share.value = 1.0 / step

    def _descend(self, gradients: Sequence[Tensor], variables: Sequence[Tensor]) -> None:
        slots = [self._slots_of(variable) for variable in variables]
        z, velocities = ([own[name] for own in slots] for name in self.op_slots)
        averages = [self._without_z(y, own) for y, own in zip(variables, z, strict=True)]  # x, times beta_1
        # Nadam's step without a first moment is that of z
        moments = [F.fill(gradient, 0.0) for gradient in gradients]
        settings = {"beta_1": 0.0, "beta_2": self.beta_2, "epsilon": self.epsilon}
        cells = {"learning_rate": self._warm_rate, "iterations": self._count}
        program.update("nadam_update", z, gradients, moments, velocities, [], **cells, **settings)
        for y, x, own in zip(variables, averages, z, strict=True):
            y.assign(F.add(F.multiply(own, 1.0 - self.beta_1), x))
        move(
            variables,
            [F.subtract(x, F.multiply(own, self.beta_1)) for x, own in zip(averages, z, strict=True)],
            self._share,
        )

    def _without_z(self, y: Tensor, z: Tensor) -> Tensor:
        return F.subtract(y, F.multiply(z, 1.0 - self.beta_1))
