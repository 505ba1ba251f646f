"""evaluate and predict, and their like for one batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..abstract import map_structure
from ..batches import batch_size_of, whole_number
from ..callbacks.base import Callback, Callbacks, Progress, checked_verbose, listed
from ..heads import named_arrays
from ..precision import compiled_precision
from ..program import Step
from ..tensor import Tensor
from .compilation import one_result
from .feeds import ArrayFeed, Feed
from .trials import Trials

if TYPE_CHECKING:
    from ..models.model import Model

__all__ = ["Inference"]


class Inference(Trials):
    """A model that can be evaluated and predict."""

    _unrecorded = Trials._unrecorded | {"stop_evaluating", "stop_predicting"}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stop_evaluating = self.stop_predicting = False

    @compiled_precision
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Callback | Sequence[Callback] | None = None,
        return_dict: bool = False,
    ) -> float | list[float] | dict[str, float]:
        """Loss and metrics over data, without training. Arguments and errors as for `fit`.

        Parameters
        ----------
        x, y, batch_size, verbose, sample_weight
            See `fit`.
        steps : int, optional
            How many batches to take; all when not given.
        callbacks : Callback or list of Callback, optional
            Their methods for tests are called.
        return_dict : bool, default False

        Returns
        -------
        float, list or dict
            The loss; with metrics a list that begins with it; a dict by name with return_dict.
        """
        self._compiled("evaluate")
        batch_size = None if batch_size is None else batch_size_of("evaluate", batch_size)
        steps = None if steps is None else whole_number("evaluate", "steps", steps, 1)
        checked_verbose("evaluate", verbose)
        own = listed("evaluate", callbacks)
        feed = self._feed(
            "evaluate", self._test_step, x, y, sample_weight, batch_size=batch_size, steps=steps, shuffle=False
        )
        with self._guard.exclusive("evaluate", nested=True) as inside:
            before = [(v, np.array(v.numpy())) for metric in self.metrics for v in metric.variables]
            self._notice(self._structure, self._settings)
            progress: Progress | None = None
            logs: dict[str, float] | None = None
            try:
                feed.check()
                params = {"epochs": 1, "steps": feed.steps, "verbose": verbose}
                listeners = Callbacks(own, cast("Model", self), params)
                progress = Progress(verbose, "Evaluate", *feed.total, lambda: self._logs(feed))
                logs = self._evaluate(feed, listeners, progress)
            finally:
                feed.close()
                if progress is not None:
                    progress.close(logs)
                if inside:  # a callback of fit evaluates: the epoch's own totals go on
                    for variable, value in before:
                        variable.assign(value)
        return self._reported(logs, return_dict)

    def _logs(self, feed: Feed) -> dict[str, Any]:
        """What the steps of a pass have come to."""
        return self._logs_of(feed.step, feed.results)

    def _logs_of(self, step: Step, results: Any) -> dict[str, Any]:
        """What steps have come to: the metrics, or what the last one gave if it is the user's own."""
        if not step.own:
            return self._results()
        place = "train_step" if step is self._train_step else "test_step"
        if not isinstance(results, dict):
            raise TypeError(f"{place}: expected a dictionary of results by name, got {type(results).__name__}")
        return {name: one_result(place, name, value) for name, value in results.items()}

    def _reported(self, logs: dict[str, float], return_dict: bool) -> float | list[float] | dict[str, float]:
        if return_dict:
            return logs
        losses = 1 + len(self._loss_trackers)
        names = list(logs)
        if losses > 1:  # of several outputs: the losses, then the metrics by name, as in Keras
            names = names[:losses] + sorted(names[losses:])
        return [logs[name] for name in names] if len(names) > 1 else next(iter(logs.values()))

    def _evaluate(self, feed: Feed, listeners: Callbacks, progress: Progress | None = None) -> dict[str, float]:
        """Loss and metrics over one pass; nothing where there was no data."""
        self.stop_evaluating = False
        listeners.call("on_test_begin", {})
        self._notice(self._structure, self._settings)
        self.reset_metrics()
        listening, step = listeners.to_tests, 0
        feed.rewind()
        feed.begin()
        while not self.stop_evaluating and feed.more():
            listening.begin(step)
            if listening.each:
                self._notice(self._structure, self._settings)
            steps, count = feed.run(listening.each)
            step += steps
            listening.end(step - 1, lambda: self._logs(feed))
            if progress is not None:
                progress.update(count)
        feed.end()
        logs = self._logs(feed) if step else {}
        listeners.call("on_test_end", logs)
        return logs

    @compiled_precision
    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> float | list[float] | dict[str, float]:
        """Loss and metrics of a batch, without training; see `train_on_batch`."""
        self._compiled("test_on_batch")
        prepared = self._prepared("test_on_batch", self._test_step, x, y, sample_weight)
        with self._guard.exclusive("test_on_batch", nested=True):
            self._notice(self._structure, self._settings)
            self.reset_metrics()
            batches = self._one_batch("test_on_batch", self._test_step, prepared)
            return self._reported(self._logs_of(self._test_step, batches.results), return_dict)

    @compiled_precision
    def predict_on_batch(self, x: Any) -> Any:
        """Results for one batch. Several threads may call it at once."""
        if self._predict_step.own:
            arrays = list(self._prepared("predict_on_batch", self._predict_step, x).arrays)
        else:
            arrays = named_arrays("predict_on_batch", "x", self._input_names(), x)
        size = len(arrays[0])
        with self._guard.shared("predict_on_batch"):
            result = self._predict_at_once(arrays[0], size) if len(arrays) == 1 else None
            if result is not None:
                return result
            feed = self._feed("predict_on_batch", self._predict_step, x, batch_size=max(size, 1))
            return self._predict(feed, Callbacks([], cast("Model", self), {}), 0)

    @compiled_precision
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Callback | Sequence[Callback] | None = None,
    ) -> Any:
        """Results for data, batch by batch. Several threads may call it at once.

        Parameters
        ----------
        x : array, (samples, ...), or a list, tuple or dict of arrays, or data that gives batches
            As for `fit`; of batches with targets, these are left out.
        batch_size : int, default 32
        verbose : {"auto", 0, 1, 2}
            A progress bar for 1; else nothing.
        steps : int, optional
            How many batches to take; all when not given.
        callbacks : Callback or list of Callback, optional
            Their methods for predictions are called.

        Returns
        -------
        array, (samples, ...), or a list, tuple or dict of arrays
            As the model's outputs are.

        Raises
        ------
        RuntimeError
            Another thread is in fit or evaluate with this model.
        """
        size = batch_size_of("predict", batch_size)
        verbose = 0 if checked_verbose("predict", verbose) == "auto" else verbose
        with self._guard.shared("predict"):
            if verbose != 1 and steps is None and callbacks is None:
                result = self._predict_at_once(x, size)
                if result is not None:
                    return result
            steps = None if steps is None else whole_number("predict", "steps", steps, 1)
            own = listed("predict", callbacks)
            feed = self._feed("predict", self._predict_step, x, batch_size=batch_size, steps=steps)
            params = {"epochs": 1, "steps": feed.steps, "verbose": verbose}
            return self._predict(feed, Callbacks(own, cast("Model", self), params), verbose)

    def _predict_at_once(self, x: Any, most: int) -> np.ndarray | None:
        """The results for an array of at most so many samples whose like has been seen before; else None."""
        if self._structure.changed() or self._reads_others():
            self._changed()
        if self._recorded is not self._change or self._stateful:
            return None
        return self._predict_step.shortcut(x, most)

    def _predict(self, feed: Feed, listeners: Callbacks, verbose: int | str) -> Any:
        """The results of one pass: written into their places where these are known, else put together at the end."""
        places: list[np.ndarray] = []
        parts: list[list[np.ndarray]] = []
        progress: Progress | None = None
        listening, step, done = listeners.to_predictions, 0, 0
        self.stop_predicting = False
        try:
            feed.check()
            if isinstance(feed, ArrayFeed) and not feed.step.own:
                outputs = self._outputs_of(feed.batches.arrays)
                places = [np.empty((feed.total[0], *shape), dtype=dtype) for shape, dtype in outputs]
            progress = Progress(verbose, "Predict", *feed.total)
            listeners.call("on_predict_begin", {})
            feed.begin()
            while not self.stop_predicting and feed.more():
                listening.begin(step)
                steps, count = feed.run(listening.each, out=places)
                if not places:
                    parts.append(_leaves(feed.results))
                batch = [place[done : done + count] for place in places] or parts[-1]
                step, done = step + steps, done + count
                listening.end(step - 1, lambda batch=batch: {"outputs": self._outputs_as(feed, batch)})  # type: ignore[misc]
                progress.update(count)
            feed.end()
            listeners.call("on_predict_end", {})
        finally:
            feed.close()
            if progress is not None:
                progress.close()
        if not places:
            return self._outputs_as(feed, [np.concatenate(group) for group in zip(*parts, strict=True)])
        whole = self._structured(places)
        if isinstance(feed, ArrayFeed) and 0 < done == feed.batches.samples <= feed.batches.batch_size:
            self._shorten(feed, whole is places[0])
        return whole if done == feed.total[0] else self._structured([place[:done] for place in places])

    def _outputs_as(self, feed: Feed, arrays: list[np.ndarray]) -> Any:
        """Outputs as the model, or a step of the user's own, gives them."""
        if not feed.step.own:
            return self._structured(arrays)
        given = iter(arrays)
        return map_structure(lambda _: next(given), feed.results, Tensor)

    def _shorten(self, feed: ArrayFeed, alone: bool) -> None:
        """Let arrays like this one be answered at once from now on."""
        arrays = feed.batches.arrays
        if alone and len(arrays) == 1:
            self._predict_step.shorten(arrays[0], feed.batches.dtypes[0])


def _leaves(results: Any) -> list[np.ndarray]:
    """The arrays in what a step gave."""
    arrays: list[np.ndarray] = []
    map_structure(lambda result: arrays.append(result.numpy()), results, Tensor)
    return arrays
