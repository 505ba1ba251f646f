"""LearningRateScheduler: the learning rate of every epoch by a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..interactive_logging import print_message
from .base import Callback, Logs

__all__ = ["LearningRateScheduler"]


class LearningRateScheduler(Callback):
    """Sets the learning rate before every epoch.

    Parameters
    ----------
    schedule : function(epoch, learning_rate) or function(epoch)
        Returns the new rate, a float.
    verbose : int, default 0
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        assert optimizer is not None
        try:
            rate = self.schedule(epoch, optimizer.learning_rate)
        except TypeError:
            rate = self.schedule(epoch)
        if not isinstance(rate, float | np.float32):
            raise ValueError(f"LearningRateScheduler: expected schedule to return a float, got {rate!r}")
        optimizer.learning_rate = float(rate)
        if self.verbose:
            print_message(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        if logs is not None and optimizer is not None:
            logs["learning_rate"] = float(optimizer.learning_rate)
