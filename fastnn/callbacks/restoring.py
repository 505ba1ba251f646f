"""BackupAndRestore: training that goes on where it was interrupted; and averaged weights while a model is validated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..saving import load_backup, save_backup
from .base import Callback, Logs
from .monitoring import checked_frequency

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["BackupAndRestore", "SwapEMAWeights"]


class BackupAndRestore(Callback):
    """Keeps the whole state of training in a file, and goes on from there when `fit` is called again after a crash.

    The file holds weights, optimizer, random numbers and results, so that training ends with the same bits as if it had
    not been interrupted. It is replaced at once: a process that is killed while it writes leaves the one before.

    Parameters
    ----------
    backup_dir : str or path
        A folder for this training alone.
    save_freq : "epoch" or int, default "epoch"
        After every epoch, or after so many steps.
    double_checkpoint : bool, default False
        Accepted as in Keras; one file is enough.
    delete_checkpoint : bool, default True
        Whether the file goes when training is over.
    """

    def __init__(
        self,
        backup_dir: Any,
        save_freq: Any = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        if not str(backup_dir):
            raise ValueError("BackupAndRestore: expected the name of a folder as backup_dir, got ''")
        from pathlib import Path  # not with the package: 4 ms

        self.backup_dir = Path(backup_dir)
        self.save_freq = checked_frequency("BackupAndRestore", save_freq)
        self.double_checkpoint, self.delete_checkpoint = double_checkpoint, delete_checkpoint
        self._epoch = self._steps = 0
        if self.save_freq != "epoch":  # else steps need not be looked at one by one
            self.on_train_batch_end = self._count  # type: ignore[method-assign]

    @property
    def _file(self) -> Path:
        return self.backup_dir / "latest.safetensors"

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self._file.exists():
            self.model._resume = load_backup(self.model, self._file)
        else:
            self._save(0, 0)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def _count(self, batch: int, logs: Logs | None = None) -> None:
        self._steps += 1
        if self._steps >= self.save_freq:
            self._steps = 0
            self._save(self._epoch, batch + 1)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._save(epoch + 1, 0)

    def _save(self, epoch: int, batches: int) -> None:
        self.backup_dir.mkdir(parents=True, exist_ok=True)
        save_backup(self.model, self._file, epoch, batches)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if not self.delete_checkpoint:
            return
        for file in (*self.backup_dir.glob(f".{self._file.name}.*.tmp"), self._file):  # what killed processes left, too
            file.unlink(missing_ok=True)
        if self.backup_dir.exists() and not any(self.backup_dir.iterdir()):
            self.backup_dir.rmdir()


class SwapEMAWeights(Callback):
    """Lets a model validate with the moving averages that an optimizer with use_ema keeps.

    Parameters
    ----------
    swap_on_epoch : bool, default False
        Whether the averages are in the model at the ends of epochs too, as for `ModelCheckpoint`.
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        self.swap_on_epoch = swap_on_epoch
        self._swapped = False

    def _pairs(self) -> list[tuple[Any, Any]]:
        optimizer = self.model.optimizer
        if optimizer is None or not optimizer.use_ema:
            raise ValueError("SwapEMAWeights: expected an optimizer with use_ema=True")
        slots = ((weight, optimizer._slots_of(weight)) for weight in self.model.trainable_weights)
        return [(weight, kept["average"]) for weight, kept in slots if "average" in kept]

    def _swap(self, into_model: bool) -> None:
        if self._swapped == into_model:
            return
        for weight, average in self._pairs():
            before = np.array(weight.numpy())
            weight.assign(average)
            average.assign(before)
        self._swapped = into_model

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self.swap_on_epoch:
            self._swap(False)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if not self.swap_on_epoch:
            return
        self._swap(True)
        if epoch == self.params["epochs"] - 1:  # the end of fit puts the averages into the model once more
            for weight, average in self._pairs():
                average.assign(weight)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._swap(True)

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._swap(False)
