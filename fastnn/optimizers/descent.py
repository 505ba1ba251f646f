"""Optimizers that follow the gradient or its sign: SGD and Lion."""

from __future__ import annotations

from typing import Unpack

from .arguments import Common, Hyper, flag
from .base import Optimizer
from .schedules.base import Rate

__all__ = ["SGD", "Lion"]


class SGD(Optimizer):
    """Gradient descent: ``w -= learning_rate * g``; with momentum ``v = momentum * v - learning_rate * g; w += v``.

    Parameters
    ----------
    learning_rate : float, default 0.01
    momentum : float, default 0
        In [0, 1).
    nesterov : bool, default False
        Step ``w += momentum * v - learning_rate * g`` instead.
    **common
        As `Optimizer`.
    """

    op = "sgd_update"
    op_slots = ("momentum",)
    hyper_parameters = ("momentum", "nesterov")

    momentum = Hyper(0.0, 1.0)
    nesterov = flag("nesterov")

    def __init__(
        self, learning_rate: Rate = 0.01, momentum: float = 0.0, nesterov: bool = False, **common: Unpack[Common]
    ) -> None:
        super().__init__(learning_rate, **common)
        self.momentum = momentum
        self.nesterov = nesterov

    @property
    def slot_names(self) -> tuple[str, ...]:
        return self.op_slots if self.momentum else ()


class Lion(Optimizer):
    """Lion (Chen et al. 2023): ``w -= learning_rate * sign(beta_1 * m + (1 - beta_1) * g)``.

    Parameters
    ----------
    learning_rate : float, default 0.001
    beta_1, beta_2 : float, default 0.9 and 0.99
        Share of the momentum in the step, and its decay: ``m = beta_2 * m + (1 - beta_2) * g``; in [0, 1).
    **common
        As `Optimizer`.
    """

    op = "lion_update"
    op_slots = ("momentum",)
    hyper_parameters = ("beta_1", "beta_2")

    beta_1 = Hyper(0.0, 1.0)
    beta_2 = Hyper(0.0, 1.0)

    def __init__(
        self, learning_rate: Rate = 0.001, beta_1: float = 0.9, beta_2: float = 0.99, **common: Unpack[Common]
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
