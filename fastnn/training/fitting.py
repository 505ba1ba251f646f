"""fit: the loop over epochs and batches, with its callbacks; and train_on_batch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from ..batches import batch_size_of, split, whole_number
from ..callbacks.base import Callback, Callbacks, History, Progress, checked_verbose, listed
from ..precision import compiled_precision
from .feeds import Feed
from .inference import Inference
from .sources import is_dataset, kind_of

if TYPE_CHECKING:
    from ..models.model import Model

__all__ = ["Trainer"]


class Trainer(Inference):
    """A layer with compile, fit, evaluate and predict."""

    _unrecorded = Inference._unrecorded | {"_resume", "history", "stop_training"}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
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
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Collection[int] = 1,
    ) -> History:
        """Train.

        Parameters
        ----------
        x : array, (samples, ...), or a list, tuple or dict of arrays; or data that gives batches
            Becomes float32; ids, for a model that begins with an Embedding, stay integers. For several inputs a list
            in their order, or a dict by their names. Of an array that is mapped from a file, only batches are read.
            Batches come from a generator, a `fastnn.utils.PyDataset`, or anything else that gives them by ``for``: x
            alone, (x,), (x, y) or (x, y, sample_weight). They are made ahead of the steps by a thread of their own.
        y : array, (samples, ...), or a list, tuple or dict of arrays
            Class numbers stay integers, everything else becomes float32. For several outputs a list or a dict. Not
            needed where all losses are what layers add and there are no metrics.
        batch_size : int, default 32
            The last batch of an epoch may be smaller. For arrays only, as y and sample_weight.
        epochs : int, default 1
            Number of the last epoch.
        verbose : {"auto", 0, 1, 2}
            0 prints nothing, 1 or "auto" shows a progress bar, 2 prints a line per epoch.
        callbacks : Callback or list of Callback, optional
        validation_split : float, default 0
            Share of the samples, the last ones, to validate with instead of training.
        validation_data : (x, y) or (x, y, sample_weight), or data that gives batches, optional
            Counts instead of validation_split. x or (x,) where nothing compares with y.
        shuffle : bool, default True
            Whether every epoch takes the samples, or the batches of a `PyDataset`, in another order.
        class_weight : dict from class number to float, optional
            What the losses of the class's samples are multiplied by; 1 for classes that are not in it. For models with
            one output.
        sample_weight : array, (samples,) or (samples, time), optional
            What the losses of the samples, or of their steps, are multiplied by. The loss is still divided by the
            number of samples. Metrics don't look at it, those among `weighted_metrics` do. For several outputs one for
            all, or a list or a dict by output.
        initial_epoch : int, default 0
            Number of the epoch to begin with.
        steps_per_epoch : int, optional
            How many batches make an epoch; the next one goes on where it stopped. All of them when not given.
        validation_steps : int, optional
            The same for validation, which begins with the first batch again where that is possible.
        validation_batch_size : int, optional
            batch_size when not given.
        validation_freq : int or collection of int, default 1
            Validate every so many epochs, or at the ends of these, counted from 1.

        Returns
        -------
        History
            Its `history` maps "loss", the metrics, and "val_" of each to a list with one value per epoch.

        Raises
        ------
        ValueError, TypeError, IndexError
            There is no data, or it doesn't fit the model, the loss or the metrics, or a label is out of range. Batches
            of the user's own are looked at when they are there: then an error leaves the model as the last whole step
            did. What the user's code raises comes with its traceback.
        RuntimeError
            The model isn't compiled, or another thread uses it.

        Warns
        -----
        UserWarning
            The data ran out before its steps were done. Training ends then, unless the data can be read again.
        """
        self._compiled("fit")
        batch_size = None if batch_size is None else batch_size_of("fit", batch_size)
        checked_verbose("fit", verbose)
        epochs = whole_number("fit", "epochs", epochs)
        initial_epoch = whole_number("fit", "initial_epoch", initial_epoch)
        steps_per_epoch = _count("steps_per_epoch", steps_per_epoch)
        validation_steps = _count("validation_steps", validation_steps)
        validation_size = _count("validation_batch_size", validation_batch_size)
        own = listed("fit", callbacks)
        train, test = self._feeds(
            (x, y, sample_weight, class_weight),
            {"batch_size": batch_size, "steps": steps_per_epoch, "shuffle": shuffle},
            validation_split,
            validation_data,
            {"batch_size": validation_size, "steps": validation_steps},
        )
        due = _due(validation_freq)
        with self._guard.exclusive("fit"):
            self._notice(self._structure, self._settings)
            try:
                train.check()
                if test is not None:
                    test.check()
                return self._fit(train, test, due, own, range(initial_epoch, epochs), verbose)
            finally:
                train.close()
                if test is not None:
                    test.close()

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
        prepared = self._prepared("train_on_batch", self._train_step, x, y, sample_weight, class_weight)
        with self._guard.exclusive("train_on_batch"):
            self._notice(self._structure, self._settings)
            self._try_once("train_on_batch", self._train_step, prepared.arrays)
            self._check_trainable("train_on_batch")
            self.reset_metrics()
            batches = self._one_batch("train_on_batch", self._train_step, prepared)
            return self._reported(self._logs_of(self._train_step, batches.results), return_dict)

    def _check_trainable(self, where: str) -> None:
        """Refuse a model without weights to train; a step of the user's own may make them."""
        self._drop_programs()
        if not (self._train_step.own or self._trained):
            raise ValueError(f"{self.name}: expected a model with trainable weights in {where}, got none")

    def _feeds(
        self,
        data: tuple[Any, Any, Any, Any],
        options: dict[str, Any],
        share: float,
        validation_data: Any,
        validation_options: dict[str, Any],
    ) -> tuple[Feed, Feed | None]:
        """What fit trains with, and what it validates with."""
        x, step, place = data[0], self._train_step, "fit: validation_data"
        if share or validation_data is not None:
            self._compiled(place)
        if is_dataset(x):
            if share and validation_data is None:
                raise ValueError(f"fit: expected validation_data beside a {kind_of(x)}, got validation_split={share}")
            train = self._feed("fit", step, *data, **options)
            size = None
        else:
            prepared, held_out = self._prepared("fit", step, *data), None
            if validation_data is None:
                samples, rest = split(prepared.arrays, share)
                if rest is not None:
                    alike = step.own == self._test_step.own  # else each takes the data in another form
                    held_out = prepared if alike else self._prepared("fit", self._test_step, *data)
                    held_out = held_out._replace(arrays=tuple(a[len(samples[0]) :] for a in held_out.arrays))
                prepared = prepared._replace(arrays=samples)
            train = self._array_feed("fit", step, prepared, **options)
            size = train.batches.batch_size
            if held_out is not None:
                validation_options["batch_size"] = validation_options["batch_size"] or size
                return train, self._array_feed(place, self._test_step, held_out, **validation_options)
        if validation_data is None:
            return train, None
        if is_dataset(validation_data):
            return train, self._feed(place, self._test_step, validation_data, **validation_options)
        if not isinstance(validation_data, tuple | list):
            validation_data = (validation_data,)
        if len(validation_data) not in (1, 2, 3):
            raise ValueError("fit: expected validation_data to be (x, y) or (x, y, sample_weight), or to give batches")
        validation_options["batch_size"] = validation_options["batch_size"] or options["batch_size"]
        return train, self._feed(place, self._test_step, *validation_data, **validation_options)

    def _fit(
        self,
        train: Feed,
        test: Feed | None,
        due: Callable[[int], bool],
        callbacks: list[Callback],
        epochs: range,
        verbose: int | str,
    ) -> History:
        self._check_trainable("fit")
        history = History()
        params = {"epochs": epochs.stop, "steps": train.steps, "verbose": verbose}
        listeners = Callbacks([*callbacks, history], cast("Model", self), params)
        self.history = history
        self.stop_training = False
        logs: dict[str, float] = {}
        listeners.call("on_train_begin", logs)
        first, done = self._first_batch(epochs.start)
        for epoch in range(first, epochs.stop):
            rate = self._compiled("fit")._rate
            before = rate.value
            listeners.call("on_epoch_begin", epoch, {})
            if done:  # an interrupted epoch goes on with the rate that it had
                rate.value = before
            train.begin(max(epoch - epochs.start, 0), done)
            title = f"Epoch {epoch + 1}/{epochs.stop}"
            results = self._epoch(train, test if due(epoch + 1) else None, listeners, verbose, title, done)
            if results is None:
                break
            logs, done = results, 0
            listeners.call("on_epoch_end", epoch, logs)
            if train.over and epoch + 1 < epochs.stop:
                train.warn()
                break
            if self.stop_training:
                break
        self._drop_programs()
        self._compiled("fit").finalize_variable_values(self._trained)
        listeners.call("on_train_end", logs)
        return history

    def _first_batch(self, initial_epoch: int) -> tuple[int, int]:
        """The epoch and the batch to begin with: those where a callback has restored an interrupted training."""
        place, self._resume = self._resume, None
        return place or (initial_epoch, 0)

    def _epoch(
        self, train: Feed, test: Feed | None, listeners: Callbacks, verbose: int | str, title: str, done: int
    ) -> dict[str, float] | None:
        """Train with the batches of an epoch, of which so many are done; then validate. None when there were none."""
        self._notice(self._structure, self._settings)
        if not done:
            self.reset_metrics()
        progress = Progress(verbose, title, *train.total, lambda: self._logs(train))
        logs: dict[str, float] | None = None
        listening, step = listeners.to_steps, done
        try:
            while not self.stop_training and train.more():
                listening.begin(step)
                if listening.each:  # a callback may have changed the loss, say
                    self._notice(self._structure, self._settings)
                steps, count = train.run(listening.each or self._compiled("fit")._varies)
                step += steps
                listening.end(step - 1, lambda: self._logs(train))
                progress.update(count)
            if not step:
                return None
            train.end()
            self._epochs += 1
            logs = self._logs(train)
            if test is not None:
                validation = self._validate(test, listeners)
                logs.update({f"val_{name}": value for name, value in validation.items()})
        finally:
            progress.close(logs)
        return logs

    def _validate(self, test: Feed, listeners: Callbacks) -> dict[str, float]:
        """Loss and metrics over the data for validation; none when there is no more of it."""
        if test.over:
            test.warn()
            return {}
        return self._evaluate(test, listeners)


def _count(name: str, value: Any) -> int | None:
    """A positive integer, or None."""
    return None if value is None else whole_number("fit", name, value, 1)


def _due(frequency: Any) -> Callable[[int], bool]:
    """Whether to validate at the end of an epoch, counted from 1."""
    if isinstance(frequency, Collection) and not isinstance(frequency, str):
        epochs = {whole_number("fit", "validation_freq", epoch, 1) for epoch in frequency}
        return epochs.__contains__
    every = whole_number("fit", "validation_freq", frequency, 1)
    return lambda epoch: epoch % every == 0
