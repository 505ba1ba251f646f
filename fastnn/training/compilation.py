"""What a model is compiled with: optimizer, losses and metrics; and what its inputs and outputs are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import _core, losses
from .. import metrics as metric_module
from .. import optimizers as optimizer_module
from ..guard import Guard
from ..heads import Head, heads_of
from ..layers.base import Layer
from ..precision import OF_PROCESS
from ..program import Step
from ..tensor import Tensor

__all__ = ["Compilation"]


class Compilation(Layer):
    """A layer with an optimizer, and a loss and metrics for each of its outputs."""

    _unrecorded = Layer._unrecorded | {
        "_guard",
        "_heads",
        "_loss_trackers",
        "_metrics",
        "_result_names",
        "_tracker",
        "_weighted_metrics",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._guard = Guard()
        self.optimizer: optimizer_module.Optimizer | None = None
        self.loss: losses.Loss | list[losses.Loss] | None = None  # a list for several outputs
        self._heads: list[Head] = []
        self._loss_trackers: list[metric_module.Mean] = []  # of the outputs, where there are several
        self._metrics: list[metric_module.Metric] = []
        self._weighted_metrics: list[metric_module.Metric] = []
        self._result_names = ["loss"]
        self._tracker = metric_module.Mean("loss")
        self._precision = OF_PROCESS  # until it is compiled

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int | str = 1,
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Choose how to train.

        Parameters
        ----------
        optimizer : name or Optimizer, default "rmsprop"
            Such as "adam" or Adam(1e-3).
        loss : name, Loss or function(y_true, y_pred), optional
            Needed by `fit` and `evaluate`. For several outputs one for all, or a list or a dict by output.
        loss_weights : list or dict of float, optional
            What the losses of the outputs are multiplied by in their sum; 1 when not given.
        metrics : list of names, Metrics or functions(y_true, y_pred), optional
            For several outputs a list with a list for each, or a dict by output.
        weighted_metrics : list, optional
            Metrics that look at the samples' weights. One with the name of another goes by "weighted_" and its name.
        run_eagerly : bool, default False
            Run the model's Python in every step instead of programs: slower, for debugging.
        steps_per_execution, jit_compile, auto_scale_loss
            Accepted as in Keras: every step is a program, and losses need no scale in float32.

        Raises
        ------
        ValueError
            A name is not known, or given twice, or the loss isn't one number.
        """
        if not isinstance(run_eagerly, bool | np.bool_):
            raise TypeError(f"compile: expected run_eagerly to be True or False, got {run_eagerly!r}")
        new_optimizer = optimizer_module.get(optimizer)
        unused = losses.as_loss("mse")  # a model that only predicts has metrics to look at, but no loss
        heads = heads_of(
            self._output_names(), unused if loss is None else loss, loss_weights, metrics, weighted_metrics
        )
        several = len(heads) > 1
        parts = [f"{head.name}_loss" for head in heads] if several else []
        counted, weighted = ([name for head in heads for name in head.result_names(several)[i]] for i in (0, 1))
        names = ["loss", *parts, *counted, *weighted]
        if len(set(names)) < len(names):
            raise ValueError(f"compile: expected metrics of different names other than loss, got {names[1:]}")
        with self._guard.exclusive("compile"):
            self.optimizer, self._heads = new_optimizer, heads
            self._metrics = [metric for head in heads for metric in head.metrics]
            self._loss_trackers = [metric_module.Mean(name) for name in parts]
            self.loss = None if loss is None else [head.loss for head in heads] if several else heads[0].loss
            self._precision = _core.precision()
            self._weighted_metrics = [metric for head in heads for metric in head.weighted_metrics]
            self._result_names = names
            self.run_eagerly = run_eagerly

    @property
    def metrics(self) -> list[metric_module.Metric]:
        """The running loss, those of several outputs, and the metrics."""
        return [self._tracker, *self._loss_trackers, *self._metrics, *self._weighted_metrics]

    @property
    def run_eagerly(self) -> bool:
        """Whether the model's Python runs in every step, instead of programs."""
        return any(step.eager for step in self._steps())

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        for step in self._steps():
            step.eager = bool(value)

    def _steps(self) -> tuple[Step, ...]:
        """What programs are made of."""
        return ()

    def _results(self) -> dict[str, float]:
        return {name: _plain(metric.result()) for name, metric in zip(self._result_names, self.metrics, strict=True)}

    def _reset_metrics(self) -> None:
        for metric in self.metrics:
            metric.reset_state()

    def _compiled(self, where: str) -> optimizer_module.Optimizer:
        if self.optimizer is None or self.loss is None:
            raise RuntimeError(f"{where}: expected a model compiled with a loss; call compile(optimizer, loss) first")
        return self.optimizer

    # ---- several inputs and outputs: a functional model says what its are --------------------------------------------

    def _input_names(self) -> list[str]:
        return ["input"]

    def _output_names(self) -> list[str]:
        return ["output"]

    def _input_dtypes(self, arrays: Sequence[np.ndarray]) -> list[np.dtype[Any]]:
        """What the arrays of the inputs become."""
        return [self._input_dtype(arrays[0])]

    def _results_in(self, result: Any) -> list[Any]:
        """The outputs of a call, in order."""
        return [result]

    def _structured(self, outputs: Sequence[Any]) -> Any:
        """Outputs as a call returns them."""
        return outputs[0]

    def _parted(self, parts: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any]]:
        """Inputs, targets and weights out of a row of them."""
        inputs, heads = len(self._input_names()), len(self._heads)
        return parts[:inputs], parts[inputs : inputs + heads], parts[inputs + heads :]

    def _outputs_for(self, inputs: Sequence[Any], training: bool) -> list[Any]:
        return self._results_in(self(inputs[0] if len(inputs) == 1 else list(inputs), training=training))


def _plain(result: Any) -> Any:
    """A metric's result: a float, or an array when there are several numbers."""
    values = result.numpy() if isinstance(result, Tensor) else np.asarray(result)
    return float(values) if values.ndim == 0 else values
