"""What `fit` tells while it runs: `Callback` to subclass, `History`, and the progress that is printed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..interactive_logging import is_interactive_logging_enabled, print_message
from ..named_arguments import NamedArguments

if TYPE_CHECKING:
    from ..models.model import Model

__all__ = ["Callback", "Callbacks", "History", "Progress", "checked_verbose", "listed"]

Logs = dict[str, Any]


class Callback(NamedArguments):
    """Methods that `fit` calls; subclass and define those you need. logs holds the loss and the metrics so far.

    Attributes
    ----------
    model : Model
        The model that trains; set its `stop_training` to True to end after the batch or the epoch.
    params : dict
        epochs, steps and verbose.
    """

    model: Model
    params: dict[str, Any]

    def set_model(self, model: Model) -> None:
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch and its validation."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Another name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Another name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a step, counted from 0 in each epoch."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a step. Defining it makes `fit` read the metrics after every step."""
        self.on_batch_end(batch, logs)

    def _at_each_batch(self, function: Callable[[int, Logs | None], None]) -> None:
        """Have a function called after each step, as `on_train_batch_end`; `fit` looks at steps one by one only for
        callbacks that ask for it."""
        vars(self)["on_train_batch_end"] = function

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before the validation of an epoch, or an evaluation."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After the validation of an epoch, or an evaluation."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of a validation or evaluation, counted from 0."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of a validation or evaluation."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of a prediction, counted from 0."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of a prediction; logs has its "outputs"."""


class History(Callback):
    """What `fit` returns: `history` maps each loss and metric to its values, one per epoch listed in `epoch`."""

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.history, self.epoch = {}, []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class Callbacks:
    """The callbacks of one call of `fit`, asked in order."""

    def __init__(self, callbacks: list[Callback], model: Model, params: dict[str, Any]) -> None:
        for callback in callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(f"fit: expected callbacks to be objects of Callback, got {callback!r}")
            callback.set_model(model)
            callback.set_params(params)
        self.callbacks = callbacks
        self.to_steps = Listening(callbacks, "train", "on_batch_begin", "on_batch_end")
        self.to_tests = Listening(callbacks, "test")
        self.to_predictions = Listening(callbacks, "predict")

    def call(self, method: str, *arguments: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, method)(*arguments)


class Listening:
    """Those of some callbacks that listen to batches of one kind; only they are asked at each."""

    def __init__(self, callbacks: list[Callback], kind: str, begin: str = "", end: str = "") -> None:
        names = [f"on_{kind}_batch_{moment}" for moment in ("begin", "end")]
        self._begin = [getattr(c, names[0]) for c in callbacks if _defines(c, names[0], begin)]
        self._end = [getattr(c, names[1]) for c in callbacks if _defines(c, names[1], end)]
        self.each = bool(self._begin or self._end)  # whether batches are to be run one by one

    def begin(self, batch: int) -> None:
        """Tell them that a batch begins."""
        for method in self._begin:
            method(batch, {})

    def end(self, batch: int, read: Callable[[], Logs]) -> None:
        """Tell them that a batch has ended, and what came of it."""
        if self._end:
            logs = read()
            for method in self._end:
                method(batch, logs)


def listed(where: str, callbacks: Any) -> list[Callback]:
    """The callbacks that a method is given, one or several."""
    if callbacks is None or isinstance(callbacks, Callback):
        return [] if callbacks is None else [callbacks]
    if not isinstance(callbacks, list | tuple):
        raise TypeError(f"{where}: expected callbacks to be a list of Callback, got {callbacks!r}")
    return list(callbacks)


def _defines(callback: Callback, *methods: str) -> bool:
    own = (getattr(type(callback), method) is not getattr(Callback, method) for method in methods if method)
    return any(own) or any(method in vars(callback) for method in methods)


class Progress:
    """What the user sees of a pass over the data: a bar (verbose 1 or "auto"), a line at its end (2), or nothing (0).

    Parameters
    ----------
    verbose : 0, 1, 2 or "auto"
    title : str
    total : int or None
        How much the pass takes, when it is known.
    unit : str
        Of what.
    read : function, optional
        Gives the loss and the metrics so far; asked only when the bar is drawn anew.
    """

    interval = 0.1  # seconds between two drawings

    def __init__(
        self, verbose: int | str, title: str, total: int | None, unit: str, read: Callable[[], Logs] | None = None
    ) -> None:
        self._title, self._read = title, read
        interactive = is_interactive_logging_enabled()
        self._line = verbose == 2 or (verbose in (1, "auto") and not interactive)
        self._begin = self._drawn = time.perf_counter()
        self._bar: Any = None
        if verbose in (1, "auto") and interactive:
            from tqdm import tqdm

            live = sys.stdout.isatty() or "ipykernel" in sys.modules
            # written to a file, a bar that moves would be a line per drawing: only its last state is written there
            self._wait = self.interval if live else float("inf")
            self._bar = tqdm(
                total=total,
                desc=title,
                unit=unit,
                file=sys.stdout,
                mininterval=self.interval if live else 1e9,
                dynamic_ncols=live,
                delay=0 if live else 1e-9,
            )

    def update(self, count: int) -> None:
        """Count what is done."""
        if self._bar is None:
            return
        now = time.perf_counter()
        if now - self._drawn >= self._wait:
            self._drawn = now
            if self._read is not None:
                self._bar.set_postfix_str(_text(self._read(), ", "), refresh=False)
        self._bar.update(count)

    def close(self, logs: Logs | None = None) -> None:
        """End the pass; logs are its results."""
        if self._bar is not None:
            if logs:
                self._bar.set_postfix_str(_text(logs, ", "), refresh=False)
            self._bar.close()
            self._bar = None
        elif self._line and logs is not None:
            seconds = time.perf_counter() - self._begin
            print_message(f"{self._title} - {seconds:.2f}s - {_text(logs, ' - ')}")


def checked_verbose(where: str, verbose: int | str) -> int | str:
    """verbose, or a ValueError."""
    if verbose not in (0, 1, 2, "auto"):
        raise ValueError(f"{where}: expected verbose 0, 1, 2 or 'auto', got {verbose!r}")
    return verbose


def _text(logs: Logs, separator: str) -> str:
    def text(value: Any) -> str:
        return np.array2string(np.asarray(value), precision=4, separator=", ", floatmode="fixed", suppress_small=True)

    return separator.join(f"{name}: {text(value)}" for name, value in logs.items())
