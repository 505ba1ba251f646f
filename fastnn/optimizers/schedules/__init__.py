"""Learning rates that follow the step count, by Keras 3's names and formulas.

A schedule is a function of the step, computed in Python before each step. The rate itself is a number that programs
read when they run, so all steps share one program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ... import _config
from .base import LearningRateSchedule
from .cosine import CosineDecay, CosineDecayRestarts
from .decays import ExponentialDecay, InverseTimeDecay, PiecewiseConstantDecay, PolynomialDecay

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
