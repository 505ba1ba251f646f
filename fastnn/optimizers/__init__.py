"""Optimizers by Keras 3's names, arguments, defaults and formulas."""

from __future__ import annotations

from typing import Any

from .._config import resolve
from .adam import Adam, Adamax, AdamW, Nadam
from .base import Optimizer
from .descent import SGD, Lion
from .scaled import Adadelta, Adagrad, RMSprop

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "get",
]

_CLASSES: tuple[type[Optimizer], ...] = (SGD, RMSprop, Adam, AdamW, Adagrad, Adadelta, Adamax, Nadam, Lion)
_NAMES: dict[str, type[Optimizer]] = {name: cls for cls in _CLASSES for name in (cls.__name__, cls.__name__.lower())}


def get(identifier: Any) -> Optimizer:
    """An optimizer from a name ("adam"), an object, a class or a configuration."""
    return resolve("optimizer", identifier, Optimizer, _NAMES)
