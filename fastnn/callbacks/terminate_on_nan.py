"""TerminateOnNaN: no training beyond a loss that is none."""

from __future__ import annotations

import math

from ..interactive_logging import print_message
from .base import Callback, Logs

__all__ = ["TerminateOnNaN"]


class TerminateOnNaN(Callback):
    """Stops training as soon as the loss is NaN or infinite.

    Parameters
    ----------
    raise_error : bool, default False
        Raise a RuntimeError instead.
    """

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = raise_error

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(f"TerminateOnNaN: the loss is {loss} at batch {batch}")
        print_message(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True
