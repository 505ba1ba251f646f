"""The functions over tensors that training, evaluation and prediction record, and the state they read and write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import _core
from .. import functional as F
from ..heads import targets_by_head
from ..layers.base.drawing import Drawing
from ..metrics import Metric
from ..tensor import Tensor, no_grad
from ..utils.objects import unpack_x_y_sample_weight
from .compilation import Compilation

__all__ = ["StepFunctions"]


class StepFunctions(Compilation):
    """One step of training, of evaluation, and of prediction."""

    # ---- for subclasses ----------------------------------------------------------------------------------------------

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of training. A subclass may define its own, which `fit` and `train_on_batch` then run.

        It is ordinary code over tensors: losses are followed by `backward`, or `fastnn.grad`, in place of a
        GradientTape. Its first calls are recorded, by the rules of `fastnn.compile`, and replayed from then on; a step
        that can't be recorded runs as it is, with one warning that names the line.

        Parameters
        ----------
        data : Tensor, or tuple (x, y) or (x, y, sample_weight)
            As `fit` was given it, or as the batches come; x alone where there is no y. See
            `fastnn.utils.unpack_x_y_sample_weight`.

        Returns
        -------
        dict
            Numbers by name: for metrics ``metric.result()``, which is read when the step is over.

        Examples
        --------
        >>> import numpy as np
        >>> import fastnn
        >>> class Regression(fastnn.Sequential):
        ...     def train_step(self, data):
        ...         x, y = data
        ...         y_pred = self(x, training=True)
        ...         loss = self.compute_loss(x=x, y=y, y_pred=y_pred)
        ...         gradients = fastnn.grad(loss, self.trainable_weights)
        ...         self.optimizer.apply(gradients, self.trainable_weights)
        ...         for metric in self.metrics:
        ...             if metric.name == "loss":
        ...                 metric.update_state(loss)
        ...             else:
        ...                 metric.update_state(y, y_pred)
        ...         return {metric.name: metric.result() for metric in self.metrics}
        >>> model = Regression([fastnn.Input((3,)), fastnn.layers.Dense(1)])
        >>> model.compile("sgd", "mse", metrics=["mae"])
        >>> history = model.fit(np.eye(3), np.zeros((3, 1)), epochs=3, verbose=0)
        >>> sorted(history.history), model.recorded
        (['loss', 'mae'], True)
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=True)
        loss = self._tracked_loss(x, y, y_pred, sample_weight, training=True)
        self._compiled("train_step").minimize(loss, self.trainable_weights)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation; see `train_step`."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        self._tracked_loss(x, y, y_pred, sample_weight, training=False)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """The results for a batch; see `train_step`."""
        return self(unpack_x_y_sample_weight(data)[0], training=False)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Tensor:
        """The loss of a batch: what the model was compiled with, and what layers add. A subclass may define another.

        Parameters
        ----------
        x, y, y_pred, sample_weight
            Inputs, targets, results of the model and weights, each a Tensor, or a list or dict of them.
        training : bool
            Whether it is a step of training.

        Returns
        -------
        Tensor, ()

        Raises
        ------
        ValueError
            There is no loss.
        """
        return self._loss_of(*self._by_output(y, y_pred, sample_weight))[1]

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Let the metrics that the model was compiled with take a batch into account: the results of all, by name."""
        self._update_metrics((), *self._by_output(y, y_pred, sample_weight))
        return self.get_metrics_result()

    def _tracked_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Tensor:
        """compute_loss, noted in the running loss."""
        if type(self).compute_loss is StepFunctions.compute_loss:
            values, total = self._loss_of(*self._by_output(y, y_pred, sample_weight))
        else:
            total = self._own_loss(x, y, y_pred, sample_weight, training)
            with no_grad():
                values = [F.multiply(F.fill(self._results_in(y_pred)[0], 1.0), total)]
        with no_grad():
            for tracker, value in zip((self._tracker, *self._loss_trackers), values, strict=False):
                tracker.update_state(value)
        return total

    def _own_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Tensor:
        import inspect  # not with the package

        takes = "training" in inspect.signature(self.compute_loss).parameters
        return self.compute_loss(x, y, y_pred, sample_weight, **({"training": training} if takes else {}))

    def _by_output(
        self, y: Any, y_pred: Any, sample_weight: Any
    ) -> tuple[list[Tensor], Sequence[Tensor], list[Tensor]]:
        """Targets, predictions and weights, a row of each."""
        if not self._heads:  # before compile, or of a step of one's own: what layers add counts
            return [], [], []
        names = [head.name for head in self._heads]
        predictions = self._results_in(y_pred)
        weights = [] if sample_weight is None else by_name(names, sample_weight)
        if len(weights) == 1:
            weights *= len(names)
        y = [None] * len(names) if y is None else targets_by_head(self._heads, y)
        return by_name(names, y), predictions, weights

    # ---- the library's -----------------------------------------------------------------------------------------------

    def _train(self, *arguments: Tensor) -> tuple[Tensor, ...]:
        optimizer = self._compiled("fit")
        inputs, targets, weights = self._parted(arguments)
        variables = self.trainable_weights
        for variable in variables:
            variable.grad = None
        dropouts = [layer for layer in self._layers_below() if isinstance(layer, Drawing)]
        try:
            for layer in dropouts:
                layer._calls = 0
            predictions = self._outputs_for(inputs, training=True)
        finally:
            for layer in dropouts:
                layer._calls = None
        values, total = self._loss_of(targets, predictions, weights)
        total.backward()
        gradients = [variable.grad for variable in variables]
        for variable in variables:
            variable.grad = None
        optimizer.apply(gradients, variables)
        self._update_metrics(values, targets, predictions, weights)
        return ()

    def _test(self, *arguments: Tensor) -> tuple[Tensor, ...]:
        inputs, targets, weights = self._parted(arguments)
        with no_grad():
            predictions = self._outputs_for(inputs, training=False)
            values, _ = self._loss_of(targets, predictions, weights)
            self._update_metrics(values, targets, predictions, weights)
        return ()

    def _infer(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        with no_grad():
            return tuple(self._outputs_for(inputs, training=False))

    def _loss_of(
        self, targets: Sequence[Tensor], predictions: Sequence[Tensor], weights: Sequence[Tensor]
    ) -> tuple[list[Tensor], Tensor]:
        """For each tracker of a loss the values whose mean it is, and the loss itself, with what layers add to it."""
        parts, summands, changed = [], [], len(self._heads) > 1
        values = None
        for index, (head, y, prediction) in enumerate(zip(self._heads, targets, predictions, strict=True)):
            if head.loss is None:
                continue
            values = head.loss.call(y, prediction)
            parts.append(head.loss.reduce(values, prediction, weights[index] if weights else None))
            summands.append(parts[-1] if head.share == 1 else F.multiply(parts[-1], head.share))
            changed = changed or values._mask is not None or prediction._mask is not None or values.ndim == 0
            changed = changed or head.share != 1 or head.loss.reduction not in ("sum_over_batch_size", "mean")
        penalties = [F.sum(penalty) for penalty in self.losses]
        total = self._sum_of([*summands, *penalties])
        if values is not None and not (changed or penalties or weights):
            return [values], total
        if not predictions:
            return [], total
        with no_grad():  # the batch's losses, counted for every sample
            ones = F.fill(predictions[0], 1.0)
            return [F.multiply(ones, part) for part in ((total, *parts) if len(parts) > 1 else (total,))], total

    def _sum_of(self, losses: Sequence[Tensor]) -> Tensor:
        """The loss of a batch, of what it consists of.

        Raises
        ------
        ValueError
            There is nothing.
        """
        if not losses:
            raise ValueError(f"{self.name}: expected a loss in compile, or losses that layers add, got neither")
        total = losses[0]
        for loss in losses[1:]:
            total = F.add(total, loss)
        return total

    def _update_metrics(
        self,
        values: Sequence[Tensor],
        targets: Sequence[Tensor],
        predictions: Sequence[Tensor],
        weights: Sequence[Tensor],
    ) -> None:
        with no_grad():
            for tracker, value in zip((self._tracker, *self._loss_trackers), values, strict=False):
                tracker.update_state(value)
            for index, (head, y, prediction) in enumerate(zip(self._heads, targets, predictions, strict=True)):
                for metric in head.metrics:
                    metric.update_state(y, prediction)
                for metric in head.weighted_metrics:
                    metric.update_state(y, prediction, *weights[index : index + 1])

    def _test_states(self) -> dict[str, Tensor]:
        named = dict(zip(self._result_names, self._compiled_metrics(), strict=True))
        return {**self._call_states(), **_states_of("metrics", named)}

    def _call_states(self) -> dict[str, Tensor]:
        """What calls read and write: weights, states of layers, and metrics that layers keep."""
        return {**self._named_states(), **_states_of("kept_metrics", self._attached_metrics())}

    def _train_states(self) -> dict[str, Tensor]:
        optimizer = self._compiled("fit")
        optimizer.build(self.trainable_weights)  # a callback may thaw a layer or set a momentum
        return {**self._test_states(), **self._named_slots()}

    def _named_slots(self) -> dict[str, Tensor]:
        """What the optimizer keeps, by path."""
        if self.optimizer is None:
            return {}
        return {
            f"optimizer.{name}.{path}": slot
            for path, weight in self._named_weights().items()
            for name, slot in self.optimizer._slots_of(weight).items()
        }

    def _train_scalars(self) -> Mapping[str, tuple[_core.Scalar, int]]:
        optimizer = self._compiled("fit")
        return {**optimizer.scalars(), **self._draw_scalars(1)}

    def _draw_scalars(self, draws: int = 0) -> dict[str, tuple[_core.Scalar, int]]:
        """The cells of layers that draw, each of which draws so often by the end of a step, besides what it counts."""
        layers = {path: layer for path, layer in self._walk() if isinstance(layer, Drawing)}
        return {
            **{f"{path}.seed": (layer._seed_cell, 0) for path, layer in layers.items()},
            **{f"{path}.draws": (layer._draws, draws) for path, layer in layers.items()},
        }


def _states_of(kind: str, named: Mapping[str, Metric]) -> dict[str, Tensor]:
    """The state of metrics, by name."""
    return {
        f"{kind}.{name}.{number}": variable
        for name, metric in named.items()
        for number, variable in enumerate(metric.variables)
    }


def by_name(names: Sequence[str], value: Any) -> list[Any]:
    """What a list, a dictionary or a single Tensor has for each output."""
    if isinstance(value, Mapping):
        return [value[name] for name in names]
    return list(value) if isinstance(value, list | tuple) else [value]
