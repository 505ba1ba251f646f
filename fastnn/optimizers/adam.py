"""Adam and its family: AdamW, Adamax, Nadam."""

from __future__ import annotations

import math
from typing import Unpack

from .arguments import Common, Hyper, flag
from .base import Optimizer
from .schedules.base import Rate

__all__ = ["Adam", "AdamW", "Adamax", "Nadam"]


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015) by Keras's formula: ``w -= alpha * m / (sqrt(v) + epsilon)``, bias corrected in alpha.

    Parameters
    ----------
    learning_rate : float, default 0.001
    beta_1, beta_2 : float, default 0.9 and 0.999
        Decay of the first and the second moment, in [0, 1).
    epsilon : float, default 1e-7
        Above 0.
    amsgrad : bool, default False
        Divide by the root of the largest second moment so far (Reddi, Kale and Kumar 2018).
    lazy : bool, default False
        Of an Embedding's table, change only the rows that a step looks up: the others, and their moments, don't decay
        (TensorFlow Addons' LazyAdam, PyTorch's SparseAdam). Takes time by lookups instead of rows; the results differ
        from Adam's.
    **common
        As `Optimizer`.
    """

    op = "adam_update"
    op_slots = ("first_moment", "second_moment", "largest_second_moment")
    _slots_apart = op_slots[2:]
    hyper_parameters = ("beta_1", "beta_2", "epsilon", "amsgrad", "lazy")
    counts_steps = True

    beta_1 = Hyper(0.0, 1.0)
    beta_2 = Hyper(0.0, 1.0)
    epsilon = Hyper(0.0, math.inf, above=True)
    amsgrad = flag("amsgrad")
    lazy = flag("lazy")

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        lazy: bool = False,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.amsgrad = amsgrad
        self.lazy = lazy

    @property
    def slot_names(self) -> tuple[str, ...]:
        return self.op_slots if self.amsgrad else self.op_slots[:2]


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019), 0.004 unless given; see `Adam`."""

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        lazy: bool = False,
    ) -> None:
        super().__init__(
            learning_rate,
            beta_1,
            beta_2,
            epsilon,
            amsgrad,
            lazy,
            weight_decay=weight_decay,
            clipnorm=clipnorm,
            clipvalue=clipvalue,
            global_clipnorm=global_clipnorm,
            use_ema=use_ema,
            ema_momentum=ema_momentum,
            ema_overwrite_frequency=ema_overwrite_frequency,
            loss_scale_factor=loss_scale_factor,
            gradient_accumulation_steps=gradient_accumulation_steps,
            name=name,
        )
        if self.weight_decay is None:
            raise TypeError(f"{self.name}: expected weight_decay to be a number, got None")


class Adamax(Optimizer):
    """Adamax (Kingma and Ba 2015, section 7): ``u = max(beta_2 * u, abs(g)); w -= alpha * m / (u + epsilon)``.

    Parameters
    ----------
    learning_rate : float, default 0.001
    beta_1, beta_2 : float, default 0.9 and 0.999
        Decay of the first moment and of the norm, in [0, 1).
    epsilon : float, default 1e-7
        Above 0.
    **common
        As `Optimizer`.
    """

    op = "adamax_update"
    op_slots = ("momentum", "norm")
    hyper_parameters = ("beta_1", "beta_2", "epsilon")
    counts_steps = True

    beta_1 = Hyper(0.0, 1.0)
    beta_2 = Hyper(0.0, 1.0)
    epsilon = Hyper(0.0, math.inf, above=True)

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon


class Nadam(Adamax):
    """Nadam (Dozat 2016): Adam with Nesterov's momentum, by Keras's schedule ``beta_1 * (1 - 0.96**t / 2)``.

    Parameters
    ----------
    learning_rate : float, default 0.001
    beta_1, beta_2 : float, default 0.9 and 0.999
        Decay of the first and the second moment, in [0, 1).
    epsilon : float, default 1e-7
        Above 0.
    **common
        As `Optimizer`.
    """

    op = "nadam_update"
    op_slots = ("momentum", "velocity")
