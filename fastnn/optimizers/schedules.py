"""Learning rates that follow the step count, by Keras 3's names and formulas.

A schedule is a function of the step, computed in Python before each step. The rate itself is a number that programs
read when they run, so all steps share one program.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .. import _config

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]


class LearningRateSchedule(_config.Configurable):
    """Base of the schedules. A subclass defines ``__call__(step)``, and `get_config` to be written to files."""

    def __call__(self, step: int) -> Any:
        """The rate of a step, counted from 0: a number or a Tensor of one."""
        raise NotImplementedError(f"{type(self).__name__} does not implement __call__(step)")

    def get_config(self) -> dict[str, Any]:
        raise NotImplementedError(f"{type(self).__name__} does not implement get_config()")


class _Decay(LearningRateSchedule):
    """A schedule whose configuration is what it was made with."""

    arguments: tuple[str, ...]

    def get_config(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.arguments}


def _steps(cls: str, name: str, value: float) -> float:
    """A number of steps above 0, or a ValueError."""
    if not value > 0:
        raise ValueError(f"{cls}: expected {name} above 0, got {value}")
    return value


class _Staircase(_Decay):
    """A schedule that follows ``step / decay_steps``; with staircase this is rounded down."""

    arguments = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool, name: str
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _steps(type(self).__name__, "decay_steps", decay_steps)
        self.decay_rate, self.staircase, self.name = decay_rate, staircase, name

    def _done(self, step: int) -> float:
        done = step / self.decay_steps
        return math.floor(done) if self.staircase else done


class ExponentialDecay(_Staircase):
    """``initial_learning_rate * decay_rate ** (step / decay_steps)``; with staircase the exponent is rounded down."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)

    def __call__(self, step: int) -> float:
        """The rate of a step."""
        return float(self.initial_learning_rate * self.decay_rate ** self._done(step))


class InverseTimeDecay(_Staircase):
    """``initial_learning_rate / (1 + decay_rate * step / decay_steps)``; staircase rounds the fraction down."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)

    def __call__(self, step: int) -> float:
        """The rate of a step."""
        return self.initial_learning_rate / (1 + self.decay_rate * self._done(step))


class PiecewiseConstantDecay(_Decay):
    """``values[i]`` up to and including step ``boundaries[i]``, and the last value from there on."""

    arguments = ("boundaries", "values", "name")

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                "PiecewiseConstantDecay: expected one boundary less than values, "
                f"got {len(boundaries)} and {len(values)}"
            )
        if list(boundaries) != sorted(boundaries):
            raise ValueError(f"PiecewiseConstantDecay: expected rising boundaries, got {list(boundaries)}")
        self.boundaries, self.values, self.name = list(boundaries), list(values), name

    def __call__(self, step: int) -> float:
        """The rate of a step."""
        return self.values[sum(step > boundary for boundary in self.boundaries)]


class PolynomialDecay(_Decay):
    """``(initial_learning_rate - end_learning_rate) * (1 - step / decay_steps)**power + end_learning_rate``.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
        After so many steps the rate stays at the end; with cycle it starts again from above, ever more slowly.
    end_learning_rate : float, default 0.0001
    power : float, default 1
    cycle : bool, default False
    name : str
    """

    arguments = ("initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate, self.end_learning_rate = initial_learning_rate, end_learning_rate
        self.decay_steps = _steps("PolynomialDecay", "decay_steps", decay_steps)
        self.power, self.cycle, self.name = power, cycle, name

    def __call__(self, step: int) -> float:
        """The rate of a step."""
        length = self.decay_steps
        if self.cycle:
            length *= max(1, math.ceil(step / self.decay_steps))
        left = 1 - min(step, length) / length
        return float((self.initial_learning_rate - self.end_learning_rate) * left**self.power + self.end_learning_rate)


def _cosine(fraction: float, alpha: float) -> float:
    """From 1 down to alpha along half a cosine."""
    return (1 - alpha) * 0.5 * (1 + math.cos(math.pi * fraction)) + alpha


class CosineDecay(_Decay):
    """Half a cosine from the initial rate down to alpha times it (Loshchilov and Hutter 2017), after a warm-up.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
    alpha : float, default 0
    name : str
    warmup_target : float, optional
        When given, the rate first rises on a line to this value and decays from there.
    warmup_steps : int, default 0
    """

    arguments = ("initial_learning_rate", "decay_steps", "alpha", "name", "warmup_target", "warmup_steps")

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        self.initial_learning_rate, self.alpha, self.name = initial_learning_rate, alpha, name
        self.decay_steps = _steps("CosineDecay", "decay_steps", decay_steps)
        self.warmup_target, self.warmup_steps = warmup_target, warmup_steps

    def __call__(self, step: int) -> float:
        """The rate of a step."""
        start, top = self.initial_learning_rate, self.warmup_target
        if top is None:
            return start * _cosine(min(step, self.decay_steps) / self.decay_steps, self.alpha)
        if step < self.warmup_steps:
            return start + (top - start) * step / self.warmup_steps
        done = min(step - self.warmup_steps, self.decay_steps)
        return top * _cosine(done / self.decay_steps, self.alpha)


class CosineDecayRestarts(_Decay):
    """Cosine decay that starts again (Loshchilov and Hutter 2017).

    Parameters
    ----------
    initial_learning_rate : float
    first_decay_steps : int
        Length of the first period.
    t_mul : float, default 2
        How much longer each period is than the one before.
    m_mul : float, default 1
        How much higher it starts.
    alpha : float, default 0
        Share of the initial rate that periods end with.
    name : str
    """

    arguments = ("initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate, self.alpha, self.name = initial_learning_rate, alpha, name
        self.first_decay_steps = _steps("CosineDecayRestarts", "first_decay_steps", first_decay_steps)
        self.t_mul, self.m_mul = t_mul, m_mul

    def __call__(self, step: int) -> float:
        """The rate of a step."""
        done = step / self.first_decay_steps
        if self.t_mul == 1:
            restarts = math.floor(done)
            fraction = done - restarts
        else:
            # the small term keeps a period from ending a step late by rounding
            restarts = math.floor(math.log(1 - done * (1 - self.t_mul)) / math.log(self.t_mul) + 1e-12)
            begun = (1 - self.t_mul**restarts) / (1 - self.t_mul)
            fraction = (done - begun) / self.t_mul**restarts
        cosine = self.m_mul**restarts * _cosine(fraction, 0.0)
        return float(self.initial_learning_rate * ((1 - self.alpha) * cosine + self.alpha))


_CLASSES: dict[str, type[LearningRateSchedule]] = {
    cls.__name__: cls
    for cls in (
        CosineDecay,
        CosineDecayRestarts,
        ExponentialDecay,
        InverseTimeDecay,
        PiecewiseConstantDecay,
        PolynomialDecay,
    )
}

Rate = float | LearningRateSchedule | Callable[[], Any] | Mapping[str, Any]


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """The description of a schedule."""
    return _config.serialize(learning_rate_schedule)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> LearningRateSchedule:
    """The schedule that a description tells of; custom_objects maps names to classes of your own."""
    classes: dict[str, type[LearningRateSchedule]] = {**_CLASSES, **(custom_objects or {})}
    return _config.deserialize("learning rate schedule", config, classes)
