"""fit: the loop over epochs and batches, with its callbacks; and train_on_batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from .. import random
from ..batches import Batches, Samples, batch_size_of, split, whole_number
from ..callbacks.base import Callback, Callbacks, History, Progress, checked_verbose
from ..precision import compiled_precision
from .inference import Inference

if TYPE_CHECKING:
    from ..models import Model

__all__ = ["Trainer"]


class Trainer(Inference):
    """A layer with compile, fit, evaluate and predict."""

    _unrecorded = Inference._unrecorded | {"_epochs", "_resume", "history", "stop_training"}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._seed = random.next_seed()
        self._epochs = 0  # trained in the model's life; names the shuffle of each
        self.stop_training = False
        self._resume: tuple[int, int] | None = None  # epoch and batches that an interrupted training has done
        self.history: History | None = None

    @compiled_precision
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Callback | Sequence[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Sequence[Any] | None = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
    ) -> History:
        """Train.

        Parameters
        ----------
        x : array, (samples, ...), or a list, tuple or dict of arrays
            Becomes float32; ids, for a model that begins with an Embedding, stay integers. For several inputs a list
            in their order, or a dict by their names.
        y : array, (samples, ...), or a list, tuple or dict of arrays
            Class numbers stay integers, everything else becomes float32. For several outputs a list or a dict.
        batch_size : int, default 32
            The last batch of an epoch may be smaller.
        epochs : int, default 1
            Number of the last epoch.
        verbose : {"auto", 0, 1, 2}
            0 prints nothing, 1 or "auto" shows a progress bar, 2 prints a line per epoch.
        callbacks : Callback or list of Callback, optional
        validation_split : float, default 0
            Share of the samples, the last ones, to validate with instead of training.
        validation_data : (x, y) or (x, y, sample_weight), optional
            Counts instead of validation_split.
        shuffle : bool, default True
            Whether every epoch takes the samples in another order.
        class_weight : dict from class number to float, optional
            What the losses of the class's samples are multiplied by; 1 for classes that are not in it. For models with
            one output.
        sample_weight : array, (samples,) or (samples, time), optional
            What the losses of the samples, or of their steps, are multiplied by. The loss is still divided by the
            number of samples. Metrics don't look at it, those among `weighted_metrics` do. For several outputs one for
            all, or a list or a dict by output.
        initial_epoch : int, default 0
            Number of the epoch to begin with.

        Returns
        -------
        History
            Its `history` maps "loss", the metrics, and "val_" of each to a list with one value per epoch.

        Raises
        ------
        ValueError, TypeError, IndexError
            There is no data, or it doesn't fit the model, the loss or the metrics, or a label is out of range.
        RuntimeError
            The model isn't compiled with a loss, or another thread uses it.
        """
        self._compiled("fit")
        size = batch_size_of("fit", batch_size)
        checked_verbose("fit", verbose)
        epochs = whole_number("fit", "epochs", epochs)
        initial_epoch = whole_number("fit", "initial_epoch", initial_epoch)
        own = _listed(callbacks)
        samples = self._samples("fit", x, y, sample_weight, class_weight)
        held_out: Samples | None
        if validation_data is not None:
            if not isinstance(validation_data, tuple | list) or len(validation_data) not in (2, 3):
                raise ValueError("fit: expected validation_data to be (x, y) or (x, y, sample_weight)")
            held_x, held_y, *weights = validation_data
            held_out = self._samples("fit: validation_data", held_x, held_y, *weights)
        else:
            samples, held_out = split(samples, validation_split)
        with self._guard.exclusive("fit"):
            self._notice(self._structure)
            self._try("fit", *samples)
            if held_out is not None:
                self._try("fit: validation_data", *held_out)
            if not self.trainable_weights:
                raise ValueError(f"{self.name}: expected a model with trainable weights in fit, got none")
            train = self._batches(samples, size)
            test = None if held_out is None else self._batches(held_out, size)
            history = History()
            params = {"epochs": epochs, "steps": len(train), "verbose": verbose}
            listeners = Callbacks([*own, history], cast("Model", self), params)
            self.history = history
            self.stop_training = False
            logs: dict[str, float] = {}
            listeners.call("on_train_begin", logs)
            first, done = self._first_batch(initial_epoch)
            rate = self._compiled("fit")._rate
            for epoch in range(first, epochs):
                before = rate.value
                listeners.call("on_epoch_begin", epoch, {})
                if done:  # an interrupted epoch goes on with the rate that it had
                    rate.value = before
                logs = self._epoch(train, test, shuffle, listeners, verbose, f"Epoch {epoch + 1}/{epochs}", done)
                done = 0
                listeners.call("on_epoch_end", epoch, logs)
                if self.stop_training:
                    break
            self._compiled("fit").finalize_variable_values(self.trainable_weights)
            listeners.call("on_train_end", logs)
        return history

    @compiled_precision
    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> float | list[float] | dict[str, float]:
        """Take one step with a batch. Arguments and errors as for `fit`.

        Returns
        -------
        float, list or dict
            Loss and metrics of this batch alone: the loss, with metrics a list that begins with it, a dict by name with
            return_dict.
        """
        self._compiled("train_on_batch")
        samples = self._samples("train_on_batch", x, y, sample_weight, class_weight)
        with self._guard.exclusive("train_on_batch"):
            self._notice(self._structure, self._settings)
            self._try_once("train_on_batch", *samples)
            if not self.trainable_weights:
                raise ValueError(f"{self.name}: expected a model with trainable weights in train_on_batch, got none")
            self._reset_metrics()
            self._one_batch(self._train_step, samples)
            return self._reported(self._results(), return_dict)

    def _first_batch(self, initial_epoch: int) -> tuple[int, int]:
        """The epoch and the batch to begin with: those where a callback has restored an interrupted training."""
        place, self._resume = self._resume, None
        return place or (initial_epoch, 0)

    def _epoch(
        self,
        train: Batches,
        test: Batches | None,
        shuffle: bool,
        listeners: Callbacks,
        verbose: int | str,
        title: str,
        batches_done: int = 0,
    ) -> dict[str, float]:
        """Train on all batches once, but for those that an interrupted epoch has done; then evaluate."""
        order = None
        if shuffle:
            order = random.generator(self._seed or 0, random.SHUFFLE, self._epochs).permutation(train.samples)
        self._notice(self._structure, self._settings)
        if not batches_done:
            self._reset_metrics()
        optimizer = self._compiled("fit")
        progress = Progress(verbose, title, train.samples, self._results)
        logs: dict[str, float] | None = None
        single = bool(listeners.at_batch_begin or listeners.at_batch_end) or optimizer._varies
        try:
            done = batches_done * train.batch_size
            while done < train.samples and not self.stop_training:
                step = done // train.batch_size
                for callback in listeners.at_batch_begin:
                    callback.on_train_batch_begin(step, {})
                key = self._step_key(self._train_step)
                count = self._run_batches(self._train_step, train, done, order=order, key=key, single=single)
                if listeners.at_batch_end:
                    results = self._results()
                    for callback in listeners.at_batch_end:
                        callback.on_train_batch_end(step, results)
                progress.update(count)
                done += count
            self._epochs += 1
            logs = self._results()
            if test is not None:
                listeners.call("on_test_begin", {})
                validation = self._evaluate(test)
                listeners.call("on_test_end", validation)
                logs.update({f"val_{name}": value for name, value in validation.items()})
        finally:
            progress.close(logs)
        return logs


def _listed(callbacks: Any) -> list[Callback]:
    """The callbacks that fit is given, one or several."""
    if callbacks is None or isinstance(callbacks, Callback):
        return [] if callbacks is None else [callbacks]
    if not isinstance(callbacks, list | tuple):
        raise TypeError(f"fit: expected callbacks to be a list of Callback, got {callbacks!r}")
    return list(callbacks)
