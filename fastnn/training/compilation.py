"""What a model is compiled with: optimizer, losses and metrics; and what its inputs and outputs are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import _core
from .. import metrics as metric_module
from .. import optimizers as optimizer_module
from ..guard import Guard
from ..heads import Head, heads_of, losses_of
from ..layers.base import Layer
from ..named_arguments import telling_names
from ..precision import OF_PROCESS
from ..program import Step
from ..tensor import Tensor

__all__ = ["Compilation", "plain"]

_UNNAMED = "output"


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
        self._optimizer: optimizer_module.Optimizer | None = None
        self._loss: Any = None  # a list for several outputs
        self._heads: list[Head] = []
        self._loss_trackers: list[metric_module.Mean] = []  # of the outputs, where there are several
        self._metrics: list[metric_module.Metric] = []
        self._weighted_metrics: list[metric_module.Metric] = []
        self._result_names = ["loss"]
        self._tracker = metric_module.Mean("loss")
        self._precision = OF_PROCESS  # until it is compiled

    @telling_names
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
            Needed by `fit` and `evaluate`, unless the model has steps of its own or its layers add losses: by
            `add_loss`, regularizers, activity regularizers. For several outputs one for all, or a list or a dict by
            output, with None for those that train by no loss here; a dict may leave these out where the outputs are a
            dict too. That of a Sequential has the name of its last layer.
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
        output_names = self._output_names()
        if type(self)._output_names is Compilation._output_names:
            output_names = [_only_name(loss, loss_weights, metrics, weighted_metrics)]
        heads = heads_of(output_names, loss, loss_weights, metrics, weighted_metrics, self._outputs_are_keyed())
        parts, names = _names_of(heads)
        if len(set(names)) < len(names):
            raise ValueError(f"compile: expected metrics of different names other than loss, got {names[1:]}")
        with self._guard.exclusive("compile"):
            self._optimizer, self._heads = new_optimizer, heads
            self._metrics = [metric for head in heads for metric in head.metrics]
            self._loss_trackers = [metric_module.Mean(name) for name in parts]
            self._loss = _loss_of(heads)
            self._precision = _core.precision()
            self._weighted_metrics = [metric for head in heads for metric in head.weighted_metrics]
            self._result_names = names
            self.run_eagerly = run_eagerly

    @property
    def optimizer(self) -> optimizer_module.Optimizer | None:
        """What takes the steps of training. Another one, or its name, counts from the next step on."""
        return self._optimizer

    @optimizer.setter
    def optimizer(self, value: Any) -> None:
        found = None if value is None else optimizer_module.get(value)
        with self._guard.exclusive("optimizer", nested=True):
            self._optimizer = found

    @property
    def loss(self) -> Any:
        """What training minimises, a list for several outputs. Another one, in any form that
        `compile` takes, counts from the next step on."""
        return self._loss

    @loss.setter
    def loss(self, value: Any) -> None:
        if not self._heads:  # compile comes later, and decides
            self._loss = value
            return
        found = losses_of([head.name for head in self._heads], value, self._outputs_are_keyed())
        with self._guard.exclusive("loss", nested=True):
            for head, loss in zip(self._heads, found, strict=True):
                head.loss = loss
            self._loss = _loss_of(self._heads)
            parts, self._result_names = _names_of(self._heads)
            if parts != [tracker.name for tracker in self._loss_trackers]:
                self._loss_trackers = [metric_module.Mean(name) for name in parts]

    @property
    def metrics(self) -> list[metric_module.Metric]:
        """The running loss, those of several outputs, the metrics, and those that are attributes of layers."""
        return [*self._compiled_metrics(), *self._attached_metrics().values()]

    @property
    def metrics_variables(self) -> list[Any]:
        """What the metrics keep."""
        return [variable for metric in self.metrics for variable in metric.variables]

    @property
    def metrics_names(self) -> list[str]:
        """What the metrics are called."""
        return [metric.name for metric in self.metrics]

    def _compiled_metrics(self) -> list[metric_module.Metric]:
        return [self._tracker, *self._loss_trackers, *self._metrics, *self._weighted_metrics]

    def _attached_metrics(self) -> dict[str, metric_module.Metric]:
        """The metrics in attributes of this layer and those below, by path."""
        found: dict[str, metric_module.Metric] = {}
        seen: set[int] = set()
        for path, node in self._walk():
            for name, value in vars(node).items():
                for key, item in () if name in node._unrecorded else _items(name, value):
                    if isinstance(item, metric_module.Metric) and id(item) not in seen:
                        seen.add(id(item))
                        found[f"{path}.{key}" if path else key] = item
        return found

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

    def get_metrics_result(self) -> dict[str, Any]:
        """The results of `metrics`, by name."""
        pairs = zip(self._compiled_metrics(), self._result_names, strict=True)
        names = {id(metric): name for metric, name in pairs}
        return {names.get(id(metric), metric.name): metric.result() for metric in self.metrics}

    def _results(self) -> dict[str, Any]:
        """The same, as numbers."""
        return {name: plain(value) for name, value in self.get_metrics_result().items()}

    def reset_metrics(self) -> None:
        """Let the running loss and the metrics begin anew."""
        with self._guard.exclusive("reset_metrics", nested=True):
            for metric in self.metrics:
                metric.reset_state()

    def _compiled(self, where: str) -> optimizer_module.Optimizer:
        if self._optimizer is None:
            raise RuntimeError(f"{where}: expected a compiled model; call compile(optimizer, loss) first")
        return self._optimizer

    # ---- several inputs and outputs: a functional model says what its are --------------------------------------------

    def _input_names(self) -> list[str]:
        return ["input"]

    def _output_names(self) -> list[str]:
        return [_UNNAMED]

    def _outputs_are_keyed(self) -> bool:
        """Whether a call returns a dictionary that names the outputs."""
        return False

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


def _only_name(*arguments: Any) -> str:
    """What arguments of `compile` call the only output of a model that has no name for it."""
    for given in arguments:
        if isinstance(given, Mapping) and len(given) == 1:
            return str(next(iter(given)))
    return _UNNAMED


def _loss_of(heads: Sequence[Head]) -> Any:
    """The losses of all outputs in a list, that of a single one as it is; None where there is none."""
    found = [head.loss for head in heads]
    return None if all(loss is None for loss in found) else found if len(found) > 1 else found[0]


def _names_of(heads: Sequence[Head]) -> tuple[list[str], list[str]]:
    """What the losses of several outputs are called in logs; and all results: the loss, these, the metrics."""
    several = len(heads) > 1
    parts = [f"{head.name}_loss" for head in heads if head.loss is not None]
    parts = parts if len(parts) > 1 else []
    counted, weighted = ([name for head in heads for name in head.result_names(several)[i]] for i in (0, 1))
    return parts, ["loss", *parts, *counted, *weighted]


def _items(name: str, value: Any) -> list[tuple[str, Any]]:
    """An attribute's value, or what a list, tuple or dictionary in it holds, by path."""
    if isinstance(value, list | tuple):
        return [(f"{name}.{index}", item) for index, item in enumerate(value)]
    return [(f"{name}.{key}", item) for key, item in value.items()] if isinstance(value, Mapping) else [(name, value)]


def one_result(where: str, name: str, result: Any) -> Any:
    """What a step of the user's own gave by a name: as `plain` has it, or an error that names both."""
    try:
        value = plain(result)
        if isinstance(value, float) or value.dtype.kind in "fiub":
            return value
    except (TypeError, ValueError):
        pass
    raise TypeError(f"{where}: expected a number for {name!r}, got {result!r}") from None


def plain(result: Any) -> Any:
    """A metric's result: a float, or an array when there are several numbers."""
    values = result.numpy() if isinstance(result, Tensor) else np.asarray(result)
    return float(values) if values.ndim == 0 else values
