"""What callbacks share that watch a result."""

from __future__ import annotations

import warnings
from typing import Any

from .base import Callback, Logs

__all__ = ["Monitor"]


class Monitor(Callback):
    """A callback that compares a result of each epoch with the best one so far."""

    def __init__(self, monitor: str, mode: str, baseline: float | None = None, min_delta: float = 0.0) -> None:
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"{type(self).__name__}: expected mode 'auto', 'min' or 'max', got {mode!r}")
        self.monitor, self.mode, self.best = monitor, mode, baseline
        self.min_delta = abs(min_delta)

    def _rises(self) -> bool:
        """Whether larger is better: as the mode says, or the metric of that name."""
        if self.mode != "auto":
            return self.mode == "max"
        name = self.monitor.removeprefix("val_")
        if name == "loss":
            return False
        directions = [metric._direction for metric in self.model.metrics if metric.name == name]
        if not directions or directions[0] is None:
            raise ValueError(
                f"{type(self).__name__}: expected mode='min' or mode='max' for monitor={self.monitor!r}, which is no "
                "metric that says what is better"
            )
        return directions[0] == "up"

    def _improves(self, value: float, on: float | None) -> bool:
        if on is None:
            return True
        return value - self.min_delta > on if self._rises() else value + self.min_delta < on

    def _value(self, logs: Logs | None) -> Any:
        """The result that is watched; None, with a warning, when there is none."""
        self._rises()
        value = (logs or {}).get(self.monitor)
        if value is None:
            there = ", ".join(logs or {})
            warnings.warn(f"{type(self).__name__}: there is no {self.monitor!r}, only {there}", stacklevel=4)
        return value
