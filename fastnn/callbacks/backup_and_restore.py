"""BackupAndRestore: training that goes on where it was interrupted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..backup import load_backup, save_backup
from .base import Callback, Logs
from .model_checkpoint import checked_frequency

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["BackupAndRestore"]


class BackupAndRestore(Callback):
    """Keeps the whole state of training in a file, and goes on from there when `fit` is called again after a crash.

    The file holds weights, optimizer, random numbers and results, so that training ends with the same bits as if it had
    not been interrupted. It is replaced at once: a process that is killed while it writes leaves the one before. The
    first one is written before the first step, unless the weights are only made by a `train_step` of the user's own.

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
            self._at_each_batch(self._count)

    @property
    def _file(self) -> Path:
        return self.backup_dir / "latest.safetensors"

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self._file.exists():
            self.model._resume = load_backup(self.model, self._file)
        elif self.model.weights:
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
