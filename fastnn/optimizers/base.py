"""What all optimizers share: their numbers, their state, and a step, which is one op over all variables.

The learning rate and the number of steps taken are cells that programs read when they run, so setting them keeps the
programs; the other hyper-parameters are part of what is recorded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import _core, program
from .. import functional as F
from .._config import Configurable
from ..functional.row_gradient import RowGradient
from ..tensor import Tensor, no_grad
from . import schedules
from .arguments import RATE, Common, Hyper, paired, times, whole
from .cells import Count, Rate
from .state import Kept, State

__all__ = ["Optimizer"]


_OF_OPS = ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm")  # what the ops take of these


class Optimizer(State, Configurable):
    """Base of the optimizers.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or function without arguments
        Not negative; what is no number is asked before every step.
    weight_decay : float, optional
        Every step first multiplies the variables by ``1 - learning_rate * weight_decay``.
    clipnorm : float, optional
        Every gradient is scaled down to this norm.
    clipvalue : float, optional
        Gradients are clipped to ``[-clipvalue, clipvalue]``.
    global_clipnorm : float, optional
        All gradients together are scaled down to this norm. At most one of the three may be given.
    use_ema : bool, default False
        Keep moving averages of the variables, which `fit` leaves in their place at its end.
    ema_momentum : float, default 0.99
        Share of the old average, in [0, 1].
    ema_overwrite_frequency : int, optional
        The variables take on their averages after every so many steps.
    loss_scale_factor : None
        Of training in half precision; gradients are float32 here.
    gradient_accumulation_steps : int, optional
        At least 2: only every so many calls a step is taken, with the mean of the gradients since the last one. A
        schedule looks at the calls, as in Keras.
    name : str, optional
    """

    op = ""  # what takes a step
    hyper_parameters: tuple[str, ...] = ()  # attributes that are the op's attributes too
    lazy: Any = False  # whether a step changes only the rows of a table that were looked up
    counts_steps = False  # whether the op looks at iterations

    weight_decay = Hyper(0.0, math.inf, optional=True)
    clipnorm = Hyper(0.0, math.inf, optional=True)
    clipvalue = Hyper(0.0, math.inf, optional=True)
    global_clipnorm = Hyper(0.0, math.inf, optional=True)
    ema_momentum = Hyper(0.0, math.nextafter(1.0, 2.0))

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
    ) -> None:
        self._rate = _core.Scalar(0.0, "float")
        self._schedule: Callable[..., Any] | None = None
        self._count = _core.Scalar(0, "int")
        self._calls = _core.Scalar(0, "int")  # of apply, when gradients are accumulated
        self._undecayed: tuple[frozenset[int], str] = frozenset(), ""
        self._slots: dict[int, tuple[Tensor, dict[str, Tensor]]] = {}
        self._waiting: list[Kept] = []
        self.name = type(self).__name__.lower() if name is None else name
        self.gradient_accumulation_steps = times(
            self.name, "gradient_accumulation_steps", gradient_accumulation_steps, 2
        )
        self._set_rate(learning_rate)
        self.use_ema = bool(use_ema)
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = times(self.name, "ema_overwrite_frequency", ema_overwrite_frequency, 1)
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.loss_scale_factor = None
        if loss_scale_factor is not None:
            raise ValueError(
                f"{self.name}: expected loss_scale_factor None, since gradients are float32, got {loss_scale_factor!r}"
            )
        if (clipnorm, clipvalue, global_clipnorm).count(None) < 2:
            raise ValueError(
                f"{self.name}: expected one of clipnorm, clipvalue and global_clipnorm, "
                f"got {clipnorm}, {clipvalue} and {global_clipnorm}"
            )

    @property
    def learning_rate(self) -> Rate:
        """Step size, a float; may be set at any time, also by its `assign`, unless it follows a schedule."""
        self._follow_schedule()
        program.look(self._rate, f"the learning rate of {self.name}", steady=self._schedule is None)
        return Rate(float(self._rate.value), self)

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self._set_rate(value)

    def _set_rate(self, value: Any) -> None:
        if isinstance(value, Mapping):
            value = schedules.deserialize(value)
        if callable(value):
            self._schedule = value
            self._follow_schedule()
            return
        rate = RATE.checked(self.name, "learning_rate", _number(value))
        if self._schedule is not None:
            raise TypeError(f"{self.name}: the learning rate follows {self._schedule!r}, and is not set")
        program.assign(self._rate, rate, f"the learning rate of {self.name}")

    def _follow_schedule(self) -> None:
        """Set the rate of the next step."""
        if self._schedule is not None:
            scheduled = isinstance(self._schedule, schedules.LearningRateSchedule)
            calls = self._calls if self.gradient_accumulation_steps else self._count
            with program.unseen():
                value = self._schedule(int(calls.value)) if scheduled else self._schedule()
            self._rate.value = RATE.checked(self.name, "learning_rate", _number(value))

    def _set_cells(self) -> None:
        """Set the numbers that the next step reads."""
        self._follow_schedule()

    @property
    def iterations(self) -> Count:
        """Steps taken, an int; its `assign` sets it."""
        program.look(self._count, f"how many steps {self.name} has taken", steady=False)
        return Count(int(self._count.value), self)

    def _set_iterations(self, value: Any) -> None:
        count = whole(self.name, "iterations", _number(value), 0)
        program.assign(self._count, count, f"how many steps {self.name} has taken")

    def apply(self, grads: Sequence[Tensor | None], trainable_variables: Sequence[Tensor] | None = None) -> None:
        """Take one step.

        The gradient of an Embedding's table comes as the rows that were looked up, and stays so: the rows of equal ids
        are summed on the way, and the step has the bits that it has with the dense gradient.

        Parameters
        ----------
        grads : list of Tensor or None
            One for each variable; a variable whose gradient is None stays as it is.
        trainable_variables : list of Tensor, optional
            Those that the optimizer was built for when not given.

        Raises
        ------
        ValueError
            The numbers of gradients and variables differ, shapes do, a variable is there twice, or there is no gradient
            at all.
        TypeError
            A gradient or a variable isn't a Tensor.
        """
        pairs = self._pairs(grads, trainable_variables)
        chosen = [variable for _, variable in pairs]
        self.build(chosen)
        run = program.current_run()
        if run is not None:
            run.optimize(self, self._varies)
        self._set_cells()
        complete = self._completes()
        if self.gradient_accumulation_steps:
            pairs = self._accumulate(pairs, complete)
            program.advance(self._calls)
        if complete:
            self._step(pairs)
        if self.use_ema:
            self._average()
        self._constrain(chosen)
        if complete:
            program.advance(self._count)

    def _choose(self, variables: Iterable[Tensor]) -> None:
        """Find out what takes the steps of variables, before code that steps run is looked at."""

    def _part_of(self, variable: Tensor) -> Optimizer:
        """What takes the steps of a variable that the optimizer was built for."""
        return self

    def _pairs(
        self, gradients: Sequence[Tensor | None], variables: Sequence[Tensor] | None
    ) -> list[tuple[Tensor, Tensor]]:
        """Each gradient that there is with its variable, checked."""
        if variables is None:
            if not self._slots:
                raise ValueError(f"{self.name}: expected variables, or build(variables) before, got gradients alone")
            variables = [variable for variable, _ in self._slots.values()]
        return paired(self.name, gradients, variables)

    def exclude_from_weight_decay(
        self, var_list: Iterable[Tensor] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Leave variables out of weight decay: those of a list, and those in whose names a regular expression is found.

        Raises
        ------
        ValueError
            A step has been taken already.
        """
        if self._slots:
            raise ValueError(f"{self.name}: expected exclude_from_weight_decay before build and the first step")
        self._undecayed = frozenset(id(variable) for variable in var_list or ()), "|".join(sorted(set(var_names or ())))

    def _decays(self, variable: Tensor) -> bool:
        ids, pattern = self._undecayed
        name = variable.name or ""
        return id(variable) not in ids and not (pattern and re.search(pattern, name))

    def _decay(self, variables: Sequence[Tensor], weight_decay: float | None) -> None:
        """Let variables decay, by a step down no gradient."""
        if variables and weight_decay:
            zeros = [F.fill(variable.detach(), 0.0) for variable in variables]
            settings = {"weight_decay": weight_decay, "learning_rate": self._rate}
            program.update("sgd_update", variables, zeros, [], [], **settings)

    def _step(self, pairs: Sequence[tuple[Tensor, Tensor]]) -> None:
        """One step of the op."""
        chosen = [variable for _, variable in pairs]
        settings = self._settings()
        decayed = [variable for variable in chosen if self._decays(variable)] if self.weight_decay else chosen
        if len(decayed) < len(chosen):  # a step of its own, down no gradient, for those that decay
            settings["weight_decay"] = 0.0
            self._decay(decayed, self.weight_decay)
        used = self.slot_names
        slots = [[self._slots[id(v)][1][name] for v in chosen] if name in used else [] for name in self.op_slots]
        attributes: dict[str, Any] = {"learning_rate": self._rate}
        if self.counts_steps:
            attributes["iterations"] = self._count
        rows = [gradient.rows() if isinstance(gradient, RowGradient) else None for gradient, _ in pairs]
        values = [gradient if row is None else row[1] for row, (gradient, _) in zip(rows, pairs, strict=True)]
        ids = [None if row is None else row[0] for row in rows]
        ids = ids if any(part is not None for part in ids) else []
        program.update(self.op, chosen, values, *slots, ids, **attributes, **settings)

    def _constrain(self, variables: Sequence[Tensor]) -> None:
        """Project the weights of layers onto what their constraints say."""
        for variable in variables:
            constraint = getattr(variable, "constraint", None)
            if constraint is not None:
                with no_grad():
                    variable.assign(constraint(variable))

    def scalars(self) -> dict[str, tuple[_core.Scalar, int]]:
        """The cells of the optimizer for a `Step`, each with what a step adds to it."""
        cells = {
            "optimizer.learning_rate": (self._rate, 0),
            "optimizer.iterations": (self._count, int(self._completes())),
        }
        return {**cells, "optimizer.calls": (self._calls, 1)} if self.gradient_accumulation_steps else cells

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Tensor | None, Tensor]]) -> None:
        """`apply` for pairs of gradient and variable."""
        pairs: list[Any] = list(grads_and_vars)
        if not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs):
            raise TypeError(f"{self.name}: expected pairs of a gradient and a variable in apply_gradients")
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])

    def minimize(self, loss: Tensor, variables: Sequence[Tensor]) -> None:
        """Take one step down the gradients of a loss: `backward` and `apply` in one.

        Parameters
        ----------
        loss : Tensor, ()
        variables : list of Tensor
            Those that the loss does not depend on stay as they are. Their `grad` is None afterwards.

        Raises
        ------
        ValueError
            The loss depends on none of them.
        """
        for variable in variables:
            variable.grad = None
        loss.backward()
        gradients = [variable.grad for variable in variables]
        for variable in variables:
            variable.grad = None
        self.apply(gradients, variables)

    def zero_grad(self) -> None:
        """Forget the gradients of the variables that the optimizer was built for."""
        for variable, _ in self._slots.values():
            variable.grad = None

    def step(self) -> None:
        """Take one step down the gradients that `backward` has left in the variables, which `build` has named.

        Raises
        ------
        ValueError
            `build` was not called, or no variable has a gradient.
        """
        if not self._slots:
            raise ValueError(f"{self.name}: expected build(variables) before step")
        self.apply([variable.grad for variable, _ in self._slots.values()])

    def _settings(self) -> dict[str, Any]:
        """The op's attributes that a program holds."""
        common = {name: getattr(self, name) or 0.0 for name in _OF_OPS}
        return {**{name: getattr(self, name) for name in self.hyper_parameters}, **common}

    def _key(self) -> tuple[Any, ...]:
        """What a program of the next step has recorded of the optimizer."""
        return (type(self).__name__, *self._settings().values(), *self._phase())

    def _phase(self) -> tuple[Any, ...]:
        """What of it follows from the steps so far. Sets the rate that the next step reads."""
        if not self._varies:
            return ()
        self._set_cells()
        return self._completes(), self.use_ema and (self.ema_momentum, self._count.value == 0, self._overwrites())

    @property
    def _varies(self) -> bool:
        """Whether the key, or the rate, of a step may differ from that of the step before."""
        return self._schedule is not None or self.use_ema or bool(self.gradient_accumulation_steps)

    def __getstate__(self) -> dict[str, Any]:
        """For `copy` and `pickle`: a copy has the numbers and the state; the next variables that it is built for, or
        takes a step with, are those that the state belongs to, by name and shape in their order."""
        if self._undecayed[0] - set(self._slots):
            raise TypeError(
                f"{self.name}: can't be copied: expected build before, since exclude_from_weight_decay named "
                "variables; or name them by var_names"
            )
        return self._copied_state()

    def _copied_state(self) -> dict[str, Any]:
        """What `__setstate__` takes."""
        cells = {key: cell.value for key, cell in vars(self).items() if isinstance(cell, _core.Scalar)}
        own = {key: value for key, value in vars(self).items() if key not in cells}
        undecayed: tuple[frozenset[int], str] = frozenset(), self._undecayed[1]
        return {**own, "_undecayed": undecayed, "_slots": {}, "_waiting": self._kept_state(), "_cells": cells}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update({key: value for key, value in state.items() if key != "_cells"})
        for key, value in state["_cells"].items():
            self.__dict__[key] = _core.Scalar(value, "float" if isinstance(value, float) else "int")

    def get_config(self) -> dict[str, Any]:
        common = {name: getattr(self, name) for name in Common.__annotations__}
        own = {name: getattr(self, name) for name in self.hyper_parameters}
        rate: Any = float(self.learning_rate)
        if isinstance(self._schedule, schedules.LearningRateSchedule):
            rate = schedules.serialize(self._schedule)
        elif self._schedule is not None:
            raise ValueError(
                f"{self.name}: the learning rate is a function of your own, which a configuration can't hold"
            )
        return {"learning_rate": rate, **own, **common}


def _number(value: Any) -> Any:
    """A number that is given as a Tensor or an array."""
    return value.item() if isinstance(value, Tensor | np.ndarray) and value.size == 1 else value
