"""evaluate and predict, and their like for one batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..batches import Batches, Samples, batch_size_of
from ..callbacks.base import Progress, checked_verbose
from ..heads import named_arrays
from ..precision import compiled_precision
from ..program import Step
from .trials import Trials

__all__ = ["Inference"]


class Inference(Trials):
    """A model that can be evaluated and predict."""

    @compiled_precision
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        *,
        return_dict: bool = False,
    ) -> float | list[float] | dict[str, float]:
        """Loss and metrics over data, without training. Arguments and errors as for `fit`.

        Returns
        -------
        float, list or dict
            The loss; with metrics a list that begins with it; a dict by name with return_dict.
        """
        self._compiled("evaluate")
        size = batch_size_of("evaluate", batch_size)
        checked_verbose("evaluate", verbose)
        samples = self._samples("evaluate", x, y, sample_weight)
        with self._guard.exclusive("evaluate", nested=True) as inside:
            before = [(v, np.array(v.numpy())) for metric in self.metrics for v in metric.variables]
            self._notice(self._structure)
            self._try("evaluate", *samples)
            batches = self._batches(samples, size)
            progress = Progress(verbose, "Evaluate", batches.samples, self._results)
            logs: dict[str, float] | None = None
            try:
                logs = self._evaluate(batches, progress)
            finally:
                progress.close(logs)
                if inside:  # a callback of fit evaluates: the epoch's own totals go on
                    for variable, value in before:
                        variable.assign(value)
        return self._reported(logs, return_dict)

    def _reported(self, logs: dict[str, float], return_dict: bool) -> float | list[float] | dict[str, float]:
        if return_dict:
            return logs
        losses = 1 + len(self._loss_trackers)
        names = list(logs)
        if losses > 1:  # of several outputs: the losses, then the metrics by name, as in Keras
            names = names[:losses] + sorted(names[losses:])
        return [logs[name] for name in names] if len(names) > 1 else logs["loss"]

    def _evaluate(self, batches: Batches, progress: Progress | None = None) -> dict[str, float]:
        self._notice(self._structure, self._settings)
        self._reset_metrics()
        done = 0
        while done < batches.samples:
            count = self._run_batches(self._test_step, batches, done)
            if progress is not None:
                progress.update(count)
            done += count
        return self._results()

    @compiled_precision
    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> float | list[float] | dict[str, float]:
        """Loss and metrics of a batch, without training; see `train_on_batch`."""
        self._compiled("test_on_batch")
        samples = self._samples("test_on_batch", x, y, sample_weight)
        with self._guard.exclusive("test_on_batch", nested=True):
            self._notice(self._structure, self._settings)
            self._try_once("test_on_batch", *samples)
            self._reset_metrics()
            self._one_batch(self._test_step, samples)
            return self._reported(self._results(), return_dict)

    @compiled_precision
    def predict_on_batch(self, x: Any) -> Any:
        """Results for one batch. Several threads may call it at once."""
        arrays = named_arrays("predict_on_batch", "x", self._input_names(), x)
        size = len(arrays[0])
        with self._guard.shared("predict_on_batch"):
            result = self._predict_at_once(arrays[0], size) if len(arrays) == 1 else None
            return self._predict_batches(arrays, max(size, 1), 0) if result is None else result

    def reset_metrics(self) -> None:
        """Let the running loss and the metrics begin anew."""
        with self._guard.exclusive("reset_metrics", nested=True):
            self._reset_metrics()

    def _one_batch(self, step: Step, samples: Samples) -> None:
        self._run_batches(step, self._batches(samples, len(samples[0])), 0, key=self._step_key(step))

    @compiled_precision
    def predict(self, x: Any, batch_size: int | None = None, verbose: int | str = "auto") -> Any:
        """Results for data, batch by batch. Several threads may call it at once.

        Parameters
        ----------
        x : array, (samples, ...), or a list, tuple or dict of arrays
            As for `fit`.
        batch_size : int, default 32
        verbose : {"auto", 0, 1, 2}
            A progress bar for 1; else nothing.

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
            if verbose != 1:
                result = self._predict_at_once(x, size)
                if result is not None:
                    return result
            return self._predict_batches(named_arrays("predict", "x", self._input_names(), x), size, verbose)

    def _predict_at_once(self, x: Any, most: int) -> np.ndarray | None:
        """The results for an array of at most so many samples whose like has been seen before; else None."""
        if self._structure.changed():
            self._changed()
        if self._recorded is not self._change or self._stateful:
            return None
        return self._predict_step.shortcut(x, most)

    def _predict_batches(self, arrays: list[np.ndarray], size: int, verbose: int | str) -> Any:
        samples = len(arrays[0])
        results = [np.empty((samples, *shape), dtype=dtype) for shape, dtype in self._outputs_of(arrays)]
        batches = Batches(arrays, self._input_dtypes(arrays), size)
        progress = Progress(verbose, "Predict", samples)
        try:
            done = 0
            while done < batches.samples:
                count = self._run_batches(self._predict_step, batches, done, out=results)
                progress.update(count)
                done += count
        finally:
            progress.close()
        whole = self._structured(results)
        if 0 < samples <= size and len(arrays) == 1 and whole is results[0]:
            self._predict_step.shorten(arrays[0], self._input_dtypes(arrays)[0])
        return whole
