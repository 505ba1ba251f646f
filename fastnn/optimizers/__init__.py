"""Optimizers by Keras 3's names, arguments, defaults and formulas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import _config
from . import schedules
from .adafactor import Adafactor
from .adam import Adam, Adamax, AdamW, Nadam
from .base import Optimizer
from .descent import SGD, Lion
from .multi import MultiOptimizer, OptimizerMap
from .muon import Muon
from .scaled import Adadelta, Adagrad, RMSprop
from .schedule_free import ScheduleFreeAdamW

__all__ = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "MultiOptimizer",
    "Muon",
    "Nadam",
    "Optimizer",
    "OptimizerMap",
    "RMSprop",
    "ScheduleFreeAdamW",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]

_CLASSES: tuple[type[Optimizer], ...] = (
    *(SGD, RMSprop, Adam, AdamW, Adagrad, Adadelta, Adamax, Nadam, Lion),
    *(Adafactor, Muon, ScheduleFreeAdamW, MultiOptimizer),
)
_NAMES: dict[str, type[Optimizer]] = {name: cls for cls in _CLASSES for name in (cls.__name__, cls.__name__.lower())}


def get(identifier: Any) -> Optimizer:
    """An optimizer from a name ("adam"), an object, a class or a configuration."""
    return _config.resolve("optimizer", identifier, Optimizer, _NAMES)


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """The description of an optimizer."""
    return _config.serialize(optimizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Optimizer:
    """The optimizer that a description tells of; custom_objects maps names to classes of your own."""
    classes: dict[str, type[Optimizer]] = {**_NAMES, **(custom_objects or {})}
    return _config.deserialize("optimizer", config, classes)
