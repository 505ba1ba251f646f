"""TensorBoard: results and weights as TensorBoard reads them."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np

from .base import Callback, Logs

__all__ = ["TensorBoard"]


class TensorBoard(Callback):
    """Writes results for TensorBoard, with tensorboardX (the extra `tensorboard`).

    Parameters
    ----------
    log_dir : str or path, default "logs"
        Results of training go into its folder train, those of validation into validation.
    histogram_freq : int, default 0
        After every so many epochs histograms of the weights; 0 writes none.
    write_graph : bool, default True
        Accepted as in Keras; `fastnn.utils.plot_model` draws models.
    write_images : bool, default False
        Refused when True, as are the three arguments at the end when given.
    write_steps_per_second : bool, default False
        Whether to write how many steps an epoch took per second.
    update_freq : "epoch", "batch" or int, default "epoch"
        When to write results besides: after every so many steps.
    profile_batch, embeddings_freq, embeddings_metadata
        `Model.profile` tells where time goes.

    Raises
    ------
    ImportError
        tensorboardX is not installed.
    ValueError
        Something is asked for that isn't written.
    """

    def __init__(
        self,
        log_dir: Any = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: Any = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:
        from pathlib import Path  # not with the package: 4 ms

        refused = {
            "write_images": write_images,
            "profile_batch": profile_batch,
            "embeddings_freq": embeddings_freq,
            "embeddings_metadata": embeddings_metadata,
        }
        for name, value in refused.items():
            if value:
                raise ValueError(f"TensorBoard: expected no {name}, got {value!r}")
        self.write_graph, self.write_steps_per_second = write_graph, write_steps_per_second
        self._begun = (0.0, 0)  # of the epoch: the time, and the optimizer's steps

        self.log_dir, self.histogram_freq = Path(log_dir), histogram_freq
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self._writers: dict[str, Any] = {}
        self._step = 0
        if self.update_freq != "epoch":  # else steps need not be looked at one by one
            self._at_each_batch(self._count)

    def _writer(self, part: str) -> Any:
        if part not in self._writers:
            try:
                from tensorboardX import SummaryWriter
            except ImportError as error:
                raise ImportError("TensorBoard: expected tensorboardX; pip install fastnn-core[tensorboard]") from error
            self._writers[part] = SummaryWriter(str(self.log_dir / part))
        return self._writers[part]

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._writer("train")

    def _count(self, batch: int, logs: Logs | None = None) -> None:
        self._step += 1
        if self._step % self.update_freq == 0:
            self._scalars("train", "batch", logs or {}, self._step)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._begun = time.perf_counter(), self.model.optimizer.iterations if self.model.optimizer else 0

    def _scalars(self, part: str, kind: str, values: Logs, step: int) -> None:
        for name, value in values.items():
            if np.ndim(value) == 0:
                self._writer(part).add_scalar(f"{kind}_{name}", float(value), step)
            else:
                warnings.warn(f"TensorBoard: {name} has several numbers, which are not written", stacklevel=4)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = dict(logs or {})
        optimizer = self.model.optimizer
        if optimizer is not None:
            if hasattr(optimizer, "learning_rate"):  # one of several optimizers has none
                logs.setdefault("learning_rate", float(optimizer.learning_rate))
            if self.write_steps_per_second:
                seconds, steps = time.perf_counter() - self._begun[0], optimizer.iterations - self._begun[1]
                self._writer("train").add_scalar("epoch_steps_per_second", steps / seconds, epoch)
        validation = {key.removeprefix("val_"): value for key, value in logs.items() if key.startswith("val_")}
        training = {key: value for key, value in logs.items() if not key.startswith("val_")}
        self._scalars("train", "epoch", training, epoch)
        if validation:
            self._scalars("validation", "epoch", validation, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            for path, weight in self.model._named_weights().items():
                self._writer("train").add_histogram(f"{path}/histogram", weight.numpy(), epoch)
        for writer in self._writers.values():
            writer.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()
