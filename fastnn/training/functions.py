"""The functions over tensors that training, evaluation and prediction record, and the state they read and write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .. import _core
from .. import functional as F
from ..layers.regularization import Drawing
from ..tensor import Tensor, no_grad
from .compilation import Compilation

__all__ = ["StepFunctions"]


class StepFunctions(Compilation):
    """One step of training, of evaluation, and of prediction."""

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
        several = len(self._heads) > 1
        parts, changed = [], several
        for index, (head, y, prediction) in enumerate(zip(self._heads, targets, predictions, strict=True)):
            values = head.loss.call(y, prediction)
            parts.append(head.loss.reduce(values, prediction, weights[index] if weights else None))
            changed = changed or values._mask is not None or prediction._mask is not None or values.ndim == 0
            changed = changed or head.share != 1 or head.loss.reduction not in ("sum_over_batch_size", "mean")
        pairs = zip(self._heads, parts, strict=True)
        shared = [part if head.share == 1 else F.multiply(part, head.share) for head, part in pairs]
        total = shared[0]
        for part in shared[1:]:
            total = F.add(total, part)
        penalties = self.losses
        for penalty in penalties:
            total = F.add(total, F.sum(penalty))
        if not (changed or penalties or weights):
            return [values], total
        with no_grad():  # the batch's losses, counted for every sample
            ones = F.fill(predictions[0], 1.0)
            return [F.multiply(ones, part) for part in ((total, *parts) if several else (total,))], total

    def _update_metrics(
        self,
        values: Sequence[Tensor],
        targets: Sequence[Tensor],
        predictions: Sequence[Tensor],
        weights: Sequence[Tensor],
    ) -> None:
        with no_grad():
            for tracker, value in zip((self._tracker, *self._loss_trackers), values, strict=True):
                tracker.update_state(value)
            for index, (head, y, prediction) in enumerate(zip(self._heads, targets, predictions, strict=True)):
                for metric in head.metrics:
                    metric.update_state(y, prediction)
                for metric in head.weighted_metrics:
                    metric.update_state(y, prediction, *weights[index : index + 1])

    def _test_states(self) -> dict[str, Tensor]:
        counts = {
            f"metrics.{name}.{number}": variable
            for name, metric in zip(self._result_names, self.metrics, strict=True)
            for number, variable in enumerate(metric.variables)
        }
        return {**self._named_states(), **counts}

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
