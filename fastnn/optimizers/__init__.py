"""Optimizers by Keras 3's names, arguments, defaults and formulas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._first_use import at_first_use

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

_MODULES = ("schedules",)
_FILES = {
    "adafactor": "Adafactor",
    "adam": "Adam AdamW Adamax Nadam",
    "base": "Optimizer",
    "descent": "Lion SGD",
    "identifiers": "deserialize get serialize",
    "multi": "MultiOptimizer OptimizerMap",
    "muon": "Muon",
    "scaled": "Adadelta Adagrad RMSprop",
    "schedule_free": "ScheduleFreeAdamW",
}

if TYPE_CHECKING:
    from . import schedules
    from .adafactor import Adafactor
    from .adam import Adam, Adamax, AdamW, Nadam
    from .base import Optimizer
    from .descent import SGD, Lion
    from .identifiers import deserialize, get, serialize
    from .multi import MultiOptimizer, OptimizerMap
    from .muon import Muon
    from .scaled import Adadelta, Adagrad, RMSprop
    from .schedule_free import ScheduleFreeAdamW
else:
    __getattr__, __dir__ = at_first_use(__name__, _FILES, _MODULES)
