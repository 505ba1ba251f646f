"""ReduceLROnPlateau: a lower learning rate where results stay as they are."""

from __future__ import annotations

import numpy as np

from ..interactive_logging import print_message
from .base import Logs
from .monitor import Monitor

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(Monitor):
    """Lowers the learning rate when a result has not become better for some epochs.

    Parameters
    ----------
    monitor : str, default "val_loss"
    factor : float, default 0.1
        What the rate is multiplied by; below 1.
    patience : int, default 10
        After so many epochs without an improvement the rate is lowered.
    verbose : int, default 0
    mode : {"auto", "min", "max"}, default "auto"
    min_delta : float, default 1e-4
        What counts as better.
    cooldown : int, default 0
        So many epochs after a reduction don't count.
    min_lr : float, default 0
        The rate is not lowered beyond.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, None, min_delta)
        if not 0 < factor < 1:
            raise ValueError(f"ReduceLROnPlateau: expected factor above 0 and below 1, got {factor}")
        self.factor, self.patience, self.verbose = factor, patience, verbose
        self.cooldown, self.min_lr = cooldown, min_lr
        self.wait = self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.best, self.wait, self.cooldown_counter = None, 0, 0

    def in_cooldown(self) -> bool:
        """Whether a reduction is so new that epochs don't count."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        assert optimizer is not None
        if logs is not None:
            logs["learning_rate"] = float(optimizer.learning_rate)
        current = self._value(logs)
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._improves(current, self.best):
            self.best, self.wait = current, 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience and optimizer.learning_rate > np.float32(self.min_lr):
                optimizer.learning_rate = max(optimizer.learning_rate * self.factor, self.min_lr)
                self.cooldown_counter, self.wait = self.cooldown, 0
                if self.verbose:
                    print_message(f"\nEpoch {epoch + 1}: learning rate reduced to {optimizer.learning_rate:g}.")
