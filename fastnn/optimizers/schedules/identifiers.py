"""What descriptions stand for in files: schedules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ... import _config
from .base import LearningRateSchedule

__all__ = ["deserialize", "serialize"]

_CLASSES: Mapping[str, type[LearningRateSchedule]] = _config.Named(
    "fastnn.optimizers.schedules",
    {
        name: name
        for name in (
            "CosineDecay",
            "CosineDecayRestarts",
            "ExponentialDecay",
            "InverseTimeDecay",
            "PiecewiseConstantDecay",
            "PolynomialDecay",
        )
    },
)


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """The description of a schedule."""
    return _config.serialize(learning_rate_schedule)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> LearningRateSchedule:
    """The schedule that a description tells of; custom_objects maps names to classes of your own."""
    classes: dict[str, type[LearningRateSchedule]] = {**_CLASSES, **(custom_objects or {})}
    return _config.deserialize("learning rate schedule", config, classes)
