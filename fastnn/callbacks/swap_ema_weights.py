"""SwapEMAWeights: averaged weights while a model is validated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .base import Callback, Logs

if TYPE_CHECKING:
    pass

__all__ = ["SwapEMAWeights"]


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
