"""What names and descriptions stand for in `compile` and in files: optimizers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import _config
from .base import Optimizer

__all__ = ["deserialize", "get", "serialize"]

_CLASSES = (
    "SGD",
    "RMSprop",
    "Adam",
    "AdamW",
    "Adagrad",
    "Adadelta",
    "Adamax",
    "Nadam",
    "Lion",
    "Adafactor",
    "Muon",
    "ScheduleFreeAdamW",
    "MultiOptimizer",
)
_NAMES: Mapping[str, type[Optimizer]] = _config.Named(
    "fastnn.optimizers", {name: cls for cls in _CLASSES for name in (cls, cls.lower())}
)


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
