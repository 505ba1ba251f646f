"""Rates that fall along half a cosine, once or again and again."""

from __future__ import annotations

import math

from .base import Decay, steps_of

__all__ = ["CosineDecay", "CosineDecayRestarts"]


def _cosine(fraction: float, alpha: float) -> float:
    """From 1 down to alpha along half a cosine."""
    return (1 - alpha) * 0.5 * (1 + math.cos(math.pi * fraction)) + alpha


class CosineDecay(Decay):
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
        self.decay_steps = steps_of("CosineDecay", "decay_steps", decay_steps)
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


class CosineDecayRestarts(Decay):
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
        self.first_decay_steps = steps_of("CosineDecayRestarts", "first_decay_steps", first_decay_steps)
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
