"""What an optimizer keeps for each variable: its slots, the average of its values, the sum of its gradients."""

from __future__ import annotations

import copy
from collections.abc import Container, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from .. import _core, program
from .. import functional as F
from ..tensor import Tensor, Variable, no_grad

if TYPE_CHECKING:
    from .cells import Count, Rate

__all__ = ["Kept", "State"]

_OF_ALL = ("average", "accumulated")  # which any optimizer may keep


class Kept(NamedTuple):
    """What a copied optimizer has for a variable that it has not met yet."""

    path: str | None
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    decays: bool
    slots: dict[str, np.ndarray]
    part: int = 0  # of an optimizer that is made of others: which of them trains it

    def belongs_to(self, variable: Tensor) -> bool:
        return (self.path, self.shape, self.dtype) == (variable.path, tuple(variable.shape), variable.dtype)


class State:
    """The part of `Optimizer` that has to do with what it keeps."""

    op_slots: tuple[str, ...] = ()  # the lists of state that the op takes, in its order
    _grown = frozenset({"_slots", "_waiting"})  # attributes that the first step makes longer or shorter

    use_ema: bool
    ema_overwrite_frequency: int | None
    gradient_accumulation_steps: int | None
    _calls: _core.Scalar
    _count: _core.Scalar
    _slots: dict[int, tuple[Tensor, dict[str, Tensor]]]
    _undecayed: tuple[frozenset[int], str]
    _waiting: list[Kept]  # of a copy: for variables that it has not met yet
    _schedule: Any
    name: str

    _slots_apart: tuple[str, ...] = ()  # those that `variables` has for all variables behind the others, one by one

    if TYPE_CHECKING:
        ema_momentum: Any

        @property
        def iterations(self) -> Count: ...

        @property
        def learning_rate(self) -> Rate: ...

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The state kept for each variable."""
        return self.op_slots

    @property
    def variables(self) -> list[Any]:
        """What the optimizer keeps, in Keras's order: the number of steps, the learning rate unless it follows a
        schedule, then Tensors in the order of the variables that it was built for."""
        held = [self._slots_of(variable) for variable, _ in self._slots.values()]
        first, last = (
            [slots.pop(name) for name in names for slots in held if name in slots]
            for names in (_OF_ALL, self._slots_apart)
        )
        return [*self._numbers(), *first, *(slot for slots in held for slot in slots.values()), *last]

    def _numbers(self) -> list[Any]:
        return [self.iterations, *([self.learning_rate] if self._schedule is None else [])]

    def build(self, var_list: Iterable[Tensor]) -> None:
        """Make the slots that variables don't have yet."""
        for variable in var_list:
            if self._waiting and id(variable) not in self._slots:
                self._adopt(variable)
            _, slots = self._slots.setdefault(id(variable), (variable, {}))
            for name in self._kept():
                own = name in self.slot_names
                start = self._slot_start(name, variable) if own else np.zeros(variable.shape, variable.dtype)
                if start is not None and name not in slots:
                    slots[name] = self._slot(start, variable, name)

    def _slot(self, start: Any, variable: Tensor, name: str) -> Tensor:
        of = (variable.path or "variable").replace("/", "_")
        return Variable(start, path=f"{self.name}/{of}_{name}")

    def _optimizers_within(self) -> list[Any]:
        """The optimizers that it is made of."""
        return []

    def _forget(self) -> None:
        """Forget all variables and what is kept for them, also for those that a copy still waits for."""
        self._slots.clear()
        self._waiting = []

    def _take_waiting(self, variable: Tensor) -> Kept:
        """What a copied optimizer has for a variable, which it doesn't wait for any longer."""
        found = next((kept for kept in self._waiting if kept.belongs_to(variable)), None)
        if found is None:
            wanted = ", ".join(f"{kept.path} {kept.shape}" for kept in self._waiting)
            raise ValueError(
                f"{self.name}: expected the variables that the copied optimizer has state for, {wanted}, "
                f"got {variable.path} {tuple(variable.shape)}"
            )
        self._waiting = [kept for kept in self._waiting if kept is not found]
        return found

    def _adopt(self, variable: Tensor) -> None:
        """Let a copied optimizer go on for a variable with what it has for it."""
        found = self._take_waiting(variable)
        slots = {name: self._slot(array, variable, name) for name, array in found.slots.items()}
        self._slots[id(variable)] = variable, slots
        if not found.decays:
            self._undecayed = self._undecayed[0] | {id(variable)}, self._undecayed[1]

    def _kept_state(self, among: Container[int] | None = None) -> list[Kept]:
        """Copies of what is kept, of variables among those with the ids that are given."""
        kept = [
            Kept(
                variable.path,
                tuple(variable.shape),
                variable.dtype,
                key not in self._undecayed[0],
                {name: np.array(slot.numpy()) for name, slot in slots.items()},
            )
            for key, (variable, slots) in self._slots.items()
            if among is None or key in among
        ]
        return [*kept, *self._waiting]

    def _rename_waiting(self, paths: Sequence[str | None]) -> None:
        """Paths of the first variables to come."""
        named = [kept._replace(path=path) for kept, path in zip(self._waiting, paths, strict=False)]
        self._waiting = [*named, *self._waiting[len(named) :]]

    def _kept_for(self, among: Container[int]) -> Self:
        """A copy with the state for variables among those with the ids that are given."""
        copied = copy.copy(self)
        copied._waiting = self._kept_state(among)
        return copied

    def _kept(self) -> tuple[str, ...]:
        """All state kept for each variable."""
        averages = ("average",) if self.use_ema else ()
        return (*self.slot_names, *averages, *(("accumulated",) if self.gradient_accumulation_steps else ()))

    def _slot_start(self, name: str, variable: Tensor) -> np.ndarray[Any, Any] | None:
        """What a slot holds before the first step; None when a variable has no such slot."""
        return np.zeros(variable.shape, variable.dtype)

    def _slots_of(self, variable: Tensor) -> dict[str, Tensor]:
        """The slots of a variable that the steps use."""
        _, slots = self._slots.get(id(variable), (variable, {}))
        return {name: slots[name] for name in self._kept() if name in slots}

    def _completes(self) -> bool:
        """Whether the next call takes a step."""
        steps = self.gradient_accumulation_steps
        return not steps or (int(self._calls.value) + 1) % steps == 0

    def _accumulate(self, pairs: list[tuple[Tensor, Tensor]], complete: bool) -> list[tuple[Tensor, Tensor]]:
        """Add gradients to those before; their mean, which begins anew, when they are complete."""
        means = []
        with no_grad():
            for gradient, variable in pairs:
                sums = self._slots[id(variable)][1]["accumulated"]
                total = F.add(sums, gradient)
                sums.assign(F.fill(sums, 0.0) if complete else total)
                means.append((F.divide(total, float(self.gradient_accumulation_steps or 1)), variable))
        return means

    def _average(self) -> None:
        """Update the averages of all variables, which start from the first step's values."""
        pairs = [(slots["average"], variable) for variable, slots in self._slots.values() if "average" in slots]
        momentum = float(self.ema_momentum) if self._count.value else 0.0
        averages, variables = zip(*pairs, strict=True)
        program.update("moving_average_update", averages, variables, momentum=momentum)
        if self._overwrites():
            self.finalize_variable_values(variables)

    def _overwrites(self) -> bool:
        """Whether variables take on their averages in the next step."""
        frequency = self.ema_overwrite_frequency
        return bool(frequency) and (int(self._count.value) + 1) % (frequency or 1) == 0

    def finalize_variable_values(self, var_list: Iterable[Tensor]) -> None:
        """With use_ema: let variables take on their averages."""
        if self.use_ema:
            with no_grad():
                for variable in var_list:
                    slots = self._slots_of(variable)
                    if "average" in slots:
                        variable.assign(slots["average"])
