"""Muon: steps of matrices are momentum made orthogonal; all else takes Adam's."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import _core, program
from .. import functional as F
from ..tensor import Tensor
from .arguments import Hyper, flag, whole
from .composed import Composed, move
from .schedules.base import Rate

__all__ = ["Muon"]


class Muon(Composed):
    """Muon (Jordan et al. 2024; Liu et al. 2025) for matrices, AdamW for all other variables, by Keras's formulas.

    ``m = momentum * m + g``; u is m, or with Nesterov's form ``g + momentum * m``, divided by its norm, and made nearly
    orthogonal by ns_steps of ``a = u u'; u = muon_a * u + (muon_b * a + muon_c * a a) u``;
    ``w -= learning_rate * rms_rate * sqrt(max(w.shape)) * u``.

    Parameters
    ----------
    learning_rate : float, default 0.001
    adam_beta_1, adam_beta_2 : float, default 0.9 and 0.999
        Decay of Adam's moments, in [0, 1).
    adam_weight_decay : float, optional, default 0.004
        Weight decay of the variables that Adam trains.
    epsilon : float, default 1e-7
        Adam's; above 0.
    weight_decay : float, optional, default 0.004
        Of the matrices that Muon trains.
    clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency, loss_scale_factor, \
gradient_accumulation_steps, name
        As `Optimizer`.
    exclude_layers : list of str, optional
        Regular expressions: Adam trains the matrices in whose names, such as "dense/kernel", one is found. That of the
        last Dense of a classifier should be among them.
    exclude_embeddings : bool, default True
        Adam trains matrices with "embedding" in their names.
    muon_a, muon_b, muon_c : float, default 3.4445, -4.775 and 2.0315
    adam_lr_ratio : float, default 1
        Adam's learning rate by that of Muon.
    momentum : float, default 0.95
        In [0, 1).
    ns_steps : int, default 5
        Newton-Schulz iterations, from 0.
    nesterov : bool, default True
    rms_rate : float, optional, default 0.2
        With None steps are not scaled by the shape.
    """

    op_slots = ("momentum", "velocity")
    hyper_parameters = (
        *("adam_beta_1", "adam_beta_2", "adam_weight_decay", "epsilon", "exclude_embeddings"),
        *("muon_a", "muon_b", "muon_c", "adam_lr_ratio", "momentum", "ns_steps", "nesterov", "rms_rate"),
    )

    adam_beta_1 = Hyper(0.0, 1.0)
    adam_beta_2 = Hyper(0.0, 1.0)
    adam_weight_decay = Hyper(0.0, math.inf, optional=True)
    epsilon = Hyper(0.0, math.inf, above=True)
    exclude_embeddings = flag("exclude_embeddings")
    muon_a = Hyper(-math.inf, math.inf, above=True)
    muon_b = Hyper(-math.inf, math.inf, above=True)
    muon_c = Hyper(-math.inf, math.inf, above=True)
    adam_lr_ratio = Hyper(0.0, math.inf)
    momentum = Hyper(0.0, 1.0)
    nesterov = flag("nesterov")
    rms_rate = Hyper(0.0, math.inf, optional=True)

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
    ) -> None:
        super().__init__(
            learning_rate,
            weight_decay,
            clipnorm,
            clipvalue,
            global_clipnorm,
            use_ema,
            ema_momentum,
            ema_overwrite_frequency,
            loss_scale_factor,
            gradient_accumulation_steps,
            name,
        )
        self.adam_beta_1 = adam_beta_1
        self.adam_beta_2 = adam_beta_2
        self.adam_weight_decay = adam_weight_decay
        self.epsilon = epsilon
        self.exclude_layers = list(exclude_layers or ())
        self.exclude_embeddings = exclude_embeddings
        self.muon_a = muon_a
        self.muon_b = muon_b
        self.muon_c = muon_c
        self.adam_lr_ratio = adam_lr_ratio
        self.momentum = momentum
        self.ns_steps = whole(self.name, "ns_steps", ns_steps, 0)
        self.nesterov = nesterov
        self.rms_rate = rms_rate
        self._adam_rate = _core.Scalar(0.0, "float")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "exclude_layers": list(self.exclude_layers)}

    def _slot_start(self, name: str, variable: Tensor) -> np.ndarray[Any, Any] | None:
        return None if name == "velocity" and not self._by_adam(variable) else super()._slot_start(name, variable)

    def _by_adam(self, variable: Tensor) -> bool:
        name = variable.path or ""
        embedding = self.exclude_embeddings and "embedding" in name.lower()
        return variable.ndim != 2 or embedding or any(re.search(part, name) for part in self.exclude_layers)

    def _own_cells(self) -> dict[str, _core.Scalar]:
        return {} if self.adam_lr_ratio == 1 else {"adam_rate": self._adam_rate}

    def _set_cells(self) -> None:
        super()._set_cells()
        self._adam_rate.value = float(self._rate.value) * self.adam_lr_ratio

    def _decay_all(self, variables: Sequence[Tensor]) -> None:
        kept = [variable for variable in variables if self._decays(variable)]
        for by_adam, decay in ((False, self.weight_decay), (True, self.adam_weight_decay)):
            self._decay([v for v in kept if ("velocity" in self._slots_of(v)) == by_adam], decay)

    def _descend(self, gradients: Sequence[Tensor], variables: Sequence[Tensor]) -> None:
        adams, matrices, steps = [], [], []
        for gradient, variable in zip(gradients, variables, strict=True):
            slots = self._slots_of(variable)
            if "velocity" in slots:
                adams.append((variable, gradient, slots["momentum"], slots["velocity"]))
            else:
                matrices.append(variable)
                steps.append(self._direction(gradient, slots["momentum"]))
        if adams:
            moments = {"beta_1": self.adam_beta_1, "beta_2": self.adam_beta_2, "epsilon": self.epsilon}
            rate = self._rate if self.adam_lr_ratio == 1 else self._adam_rate
            groups = list(zip(*adams, strict=True))
            program.update("adam_update", *groups, [], [], learning_rate=rate, iterations=self._count, **moments)
        if matrices:
            move(matrices, steps, self._rate)

    def _direction(self, gradient: Tensor, momentum: Tensor) -> Tensor:
        """What a step of size 1 takes off a matrix."""
        momentum.assign(F.add(F.multiply(momentum, self.momentum), gradient))
        x = F.add(gradient, F.multiply(momentum, self.momentum)) if self.nesterov else momentum
        x = F.divide(x, F.add(F.norm(x), 1e-7))
        tall = x.shape[0] > x.shape[1]  # products of the shorter side are the smaller ones
        for _ in range(self.ns_steps):
            a = F.matmul(x, x, transpose_a=tall, transpose_b=not tall)
            b = F.add(F.multiply(a, self.muon_b), F.multiply(F.matmul(a, a), self.muon_c))
            x = F.add(F.multiply(x, self.muon_a), F.matmul(x, b) if tall else F.matmul(b, x))
        scale = 1.0 if self.rms_rate is None else self.rms_rate * math.sqrt(max(x.shape))
        return F.multiply(x, scale)
