"""Optimizers that divide by running sizes of the gradient: RMSprop, Adagrad, Adadelta."""

from __future__ import annotations

import math
from typing import Any, Unpack

import numpy as np

from ..tensor import Tensor
from .arguments import Common, Hyper, flag
from .base import Optimizer
from .schedules.base import Rate

__all__ = ["Adadelta", "Adagrad", "RMSprop"]


class RMSprop(Optimizer):
    """RMSprop (Hinton 2012): ``v = rho * v + (1 - rho) * g**2; w -= learning_rate * g / sqrt(v + epsilon)``.

    Parameters
    ----------
    learning_rate : float, default 0.001
    rho : float, default 0.9
        In [0, 1).
    momentum : float, default 0
        In [0, 1). When not 0 the steps are added up: ``m = momentum * m + step; w -= m``.
    epsilon : float, default 1e-7
        Above 0.
    centered : bool, default False
        Divide by an estimate of the variance: the square of a running mean of g is taken off v.
    **common
        As `Optimizer`.
    """

    op = "rmsprop_update"
    op_slots = ("velocity", "momentum", "average_gradient")
    _slots_apart = op_slots
    hyper_parameters = ("rho", "momentum", "epsilon", "centered")

    rho = Hyper(0.0, 1.0)
    momentum = Hyper(0.0, 1.0)
    epsilon = Hyper(0.0, math.inf, above=True)
    centered = flag("centered")

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered

    @property
    def slot_names(self) -> tuple[str, ...]:
        momentum = ("momentum",) if self.momentum else ()
        return ("velocity", *momentum, *(("average_gradient",) if self.centered else ()))


class Adagrad(Optimizer):
    """Adagrad (Duchi, Hazan and Singer 2011): ``a += g**2; w -= learning_rate * g / sqrt(a + epsilon)``.

    Parameters
    ----------
    learning_rate : float, default 0.001
    initial_accumulator_value : float, default 0.1
        What a starts from, not negative.
    epsilon : float, default 1e-7
        Above 0.
    **common
        As `Optimizer`.
    """

    op = "adagrad_update"
    op_slots = ("accumulator",)
    hyper_parameters = ("epsilon",)

    initial_accumulator_value = Hyper(0.0, math.inf)
    epsilon = Hyper(0.0, math.inf, above=True)

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def _slot_start(self, name: str, variable: Tensor) -> np.ndarray[Any, Any]:
        return np.full(variable.shape, self.initial_accumulator_value, variable.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "initial_accumulator_value": self.initial_accumulator_value}


class Adadelta(Optimizer):
    """Adadelta (Zeiler 2012): ``d = g * rms(d) / rms(g); w -= learning_rate * d``.

    rms is the root of a running mean of squares, plus epsilon.

    Parameters
    ----------
    learning_rate : float, default 0.001
        Zeiler's paper has 1.
    rho : float, default 0.95
        Decay of both means, in [0, 1).
    epsilon : float, default 1e-7
        Above 0.
    **common
        As `Optimizer`.
    """

    op = "adadelta_update"
    op_slots = ("accumulated_grad", "accumulated_delta_var")
    hyper_parameters = ("rho", "epsilon")

    rho = Hyper(0.0, 1.0)
    epsilon = Hyper(0.0, math.inf, above=True)

    def __init__(
        self, learning_rate: Rate = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **common: Unpack[Common]
    ) -> None:
        super().__init__(learning_rate, **common)
        self.rho = rho
        self.epsilon = epsilon
