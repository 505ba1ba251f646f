"""Callbacks that watch a result: they stop training, lower the learning rate, or write the best model."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .base import Callback, Logs

__all__ = ["EarlyStopping", "ModelCheckpoint", "ReduceLROnPlateau"]


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


class EarlyStopping(Monitor):
    """Stops training when a result has not become better for some epochs.

    Parameters
    ----------
    monitor : str, default "val_loss"
    min_delta : float, default 0
        What counts as better.
    patience : int, default 0
        After so many epochs without an improvement training stops.
    verbose : int, default 0
    mode : {"auto", "min", "max"}, default "auto"
    baseline : float, optional
        An epoch counts as an improvement only beyond this value.
    restore_best_weights : bool, default False
        Whether the model ends with the weights of its best epoch.
    start_from_epoch : int, default 0
        Epochs before this one are not looked at.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, None, min_delta)
        self.patience, self.verbose, self.baseline = patience, verbose, baseline
        self.restore_best_weights, self.start_from_epoch = restore_best_weights, start_from_epoch
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best_weights: list[np.ndarray] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best, self.best_weights = None, None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        current = self._value(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if self._improves(current, self.best):
            self.best, self.best_epoch = current, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self._improves(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                print(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)


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
            logs["learning_rate"] = optimizer.learning_rate
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
                    print(f"\nEpoch {epoch + 1}: learning rate reduced to {optimizer.learning_rate:g}.")


class ModelCheckpoint(Monitor):
    """Writes the model, or its weights, after epochs or some steps.

    Parameters
    ----------
    filepath : str or path
        May have places for the epoch, the batch and results: ``"{epoch:02d}-{val_loss:.2f}.safetensors"``.
    monitor : str, default "val_loss"
        With save_best_only.
    verbose : int, default 0
    save_best_only : bool, default False
        Write only when the result is better than before.
    save_weights_only : bool, default False
        Write the weights, by `save_weights`, else the model, by `save`.
    mode : {"auto", "min", "max"}, default "auto"
    save_freq : "epoch" or int, default "epoch"
        After every epoch, or after so many steps.
    initial_value_threshold : float, optional
        The result to begin with.
    """

    def __init__(
        self,
        filepath: Any,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: Any = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath, self.verbose = str(filepath), verbose
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self.save_freq = checked_frequency("ModelCheckpoint", save_freq)
        self._epoch = self._steps = 0
        if self.save_freq != "epoch":  # else steps need not be looked at one by one
            self.on_train_batch_end = self._count  # type: ignore[method-assign]

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def _count(self, batch: int, logs: Logs | None = None) -> None:
        self._steps += 1
        if self._steps >= self.save_freq:
            self._steps = 0
            self._write(self._epoch, logs, {"batch": batch + 1})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._write(epoch, logs)

    def _write(self, epoch: int, logs: Logs | None, places: dict[str, int] | None = None) -> None:
        if self.save_best_only:
            value = self._value(logs)
            if value is not None and np.ndim(value) == 0:
                if not self._improves(value, self.best):
                    return
                self.best = value
        from pathlib import Path  # not with the package: 4 ms

        values = {**(places or {}), **(logs or {})}
        try:
            path = Path(self.filepath.format(epoch=epoch + 1, **values))
        except (KeyError, IndexError) as error:
            known = ", ".join(values)
            raise KeyError(f"ModelCheckpoint: {self.filepath} names {error}, there are: epoch, {known}") from error
        path.parent.mkdir(parents=True, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: saved to {path}")


def checked_frequency(where: str, save_freq: Any) -> Any:
    """ "epoch" or a number of steps, or a ValueError."""
    if save_freq == "epoch":
        return save_freq
    if isinstance(save_freq, bool) or not isinstance(save_freq, int | np.integer) or save_freq < 1:
        raise ValueError(f"{where}: expected save_freq 'epoch' or a number of steps, got {save_freq!r}")
    return int(save_freq)
