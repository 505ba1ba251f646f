"""Learning rates that follow the step count, by Keras 3's names and formulas.

A schedule is a function of the step, computed in Python before each step. The rate itself is a number that programs
read when they run, so all steps share one program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._first_use import at_first_use

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

_FILES = {
    "base": "LearningRateSchedule",
    "cosine": "CosineDecay CosineDecayRestarts",
    "decays": "ExponentialDecay InverseTimeDecay PiecewiseConstantDecay PolynomialDecay",
    "identifiers": "deserialize serialize",
}

if TYPE_CHECKING:
    from .base import LearningRateSchedule
    from .cosine import CosineDecay, CosineDecayRestarts
    from .decays import ExponentialDecay, InverseTimeDecay, PiecewiseConstantDecay, PolynomialDecay
    from .identifiers import deserialize, serialize
else:
    __getattr__, __dir__ = at_first_use(__name__, _FILES)
