"""ModelCheckpoint: the model, or the best so far, in files."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..interactive_logging import print_message
from .base import Logs
from .monitor import Monitor

__all__ = ["ModelCheckpoint", "checked_frequency"]


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
            self._at_each_batch(self._count)

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
            print_message(f"\nEpoch {epoch + 1}: saved to {path}")


def checked_frequency(where: str, save_freq: Any) -> Any:
    """ "epoch" or a number of steps, or a ValueError."""
    if save_freq == "epoch":
        return save_freq
    if isinstance(save_freq, bool) or not isinstance(save_freq, int | np.integer) or save_freq < 1:
        raise ValueError(f"{where}: expected save_freq 'epoch' or a number of steps, got {save_freq!r}")
    return int(save_freq)
