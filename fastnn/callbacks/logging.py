"""Callbacks that write results down, set the learning rate, or call functions of the user's."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .base import Callback, Logs, Progress

__all__ = ["CSVLogger", "LambdaCallback", "LearningRateScheduler", "ProgbarLogger", "TensorBoard", "TerminateOnNaN"]


class LearningRateScheduler(Callback):
    """Sets the learning rate before every epoch.

    Parameters
    ----------
    schedule : function(epoch, learning_rate) or function(epoch)
        Returns the new rate, a float.
    verbose : int, default 0
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        assert optimizer is not None
        try:
            rate = self.schedule(epoch, optimizer.learning_rate)
        except TypeError:
            rate = self.schedule(epoch)
        if not isinstance(rate, float | np.float32):
            raise ValueError(f"LearningRateScheduler: expected schedule to return a float, got {rate!r}")
        optimizer.learning_rate = float(rate)
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        if logs is not None and optimizer is not None:
            logs["learning_rate"] = optimizer.learning_rate


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
        print(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True


class CSVLogger(Callback):
    """Writes the results of every epoch to a line of a file.

    Parameters
    ----------
    filename : str or path
    separator : str, default ","
    append : bool, default False
        Go on with a file that is there, else begin anew.
    """

    def __init__(self, filename: Any, separator: str = ",", append: bool = False) -> None:
        from pathlib import Path  # not with the package: 4 ms

        self.filename, self.sep, self.append = Path(filename), separator, append
        self._keys: list[str] | None = None
        self._header = True

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._keys = None
        there = self.append and self.filename.exists() and self.filename.stat().st_size > 0
        self._header = not there
        if not there:
            self.filename.write_text("")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        if self._keys is None:
            self._keys = sorted(logs)
            if not any(key.startswith("val_") for key in self._keys):
                self._keys += [f"val_{key}" for key in self._keys]
        import csv

        with self.filename.open("a", newline="") as file:
            writer = csv.DictWriter(file, ["epoch", *self._keys], delimiter=self.sep)
            if self._header:
                writer.writeheader()
                self._header = False
            writer.writerow({"epoch": epoch, **{key: _cell(logs.get(key, "NA")) for key in self._keys}})


def _cell(value: Any) -> Any:
    """A number as it is, several numbers in brackets."""
    if isinstance(value, Iterable) and not isinstance(value, str):
        return f'"[{", ".join(map(str, value))}]"'
    return value


class LambdaCallback(Callback):
    """Calls functions.

    Parameters
    ----------
    on_epoch_begin, on_epoch_end : function(epoch, logs), optional
    on_train_begin, on_train_end : function(logs), optional
    on_train_batch_begin, on_train_batch_end : function(batch, logs), optional
    **kwargs
        Further methods or attributes.
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **kwargs: Any,
    ) -> None:
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
        }
        vars(self).update(kwargs)
        vars(self).update({name: function for name, function in given.items() if function is not None})


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
            self.on_train_batch_end = self._count  # type: ignore[method-assign]

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
            logs.setdefault("learning_rate", optimizer.learning_rate)
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
