"""ProgbarLogger: a bar for each epoch."""

from __future__ import annotations

from .base import Callback, Logs, Progress

__all__ = ["ProgbarLogger"]


class ProgbarLogger(Callback):
    """Shows a bar for each epoch; of use with ``verbose=0``, as `fit` shows one itself."""

    def __init__(self) -> None:
        self._progress: Progress | None = None

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        title = f"Epoch {epoch + 1}/{self.params['epochs']}"
        self._progress = Progress(1, title, self.params["steps"], " steps")

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self._progress is not None:
            self._progress.update(1)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self._progress is not None:
            self._progress.close(logs)
