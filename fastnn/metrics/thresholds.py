"""How many predictions above and below thresholds are right and wrong: what confusion metrics and AUC are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import functional as F
from ..losses.arrays import as_tensor, pair
from ..tensor import Tensor, constant

__all__ = ["Counts", "Thresholds", "divide"]

NEVER = -1e10  # below all predictions


class Counts(NamedTuple):
    """Weights of right and wrong predictions, (thresholds,) or (thresholds, labels)."""

    true_positives: Tensor
    false_positives: Tensor
    true_negatives: Tensor
    false_negatives: Tensor


class Thresholds:
    """Sorted into those above and those not above, predictions are counted for each of some thresholds.

    Thresholds that are spread evenly over [0, 1] are compared in steps, as in Keras: predictions are clipped to [0, 1]
    and rounded up to the next step.
    """

    def __init__(self, values: Sequence[float]) -> None:
        self.values = [float(value) for value in values]
        count = len(self.values)
        steps = np.arange(count, dtype=np.float32) / max(count - 1, 1)
        self.even = count >= 3 and bool(np.allclose(self.values, steps, atol=1e-7))
        self._open = self.even and (self.values[0] < 0 or self.values[-1] > 1)  # the first one is below all
        self._constant = constant(np.arange(1, count + 1) if self.even else self.values, np.float32)

    def _above(self, prediction: Tensor) -> Tensor:
        """1 where a prediction is above a threshold, else 0: (..., thresholds)."""
        if not self.even:
            return F.cast(F.greater(F.expand_dims(prediction, -1), self._constant), np.float32)
        scaled = F.multiply(F.clip(prediction, 0.0, 1.0), float(len(self.values) - 1))
        whole = F.cast(F.cast(scaled, np.int32), np.float32)
        step = F.add(whole, F.cast(F.greater(scaled, whole), np.float32))
        if self._open:
            step = F.maximum(step, 1.0)
        return F.cast(F.greater_equal(F.expand_dims(step, -1), self._constant), np.float32)

    def count(
        self,
        name: str,
        y_true: Any,
        y_pred: Any,
        sample_weight: Any = None,
        *,
        top_k: int | None = None,
        class_id: int | None = None,
        by_label: bool = False,
        label_weights: Tensor | None = None,
    ) -> Counts:
        """Counts of a batch.

        Parameters
        ----------
        name : str
            In messages.
        y_true, y_pred : (samples, ...)
            Labels that are not 0 are positive.
        sample_weight : optional
            (samples,) or of the shape of y_pred, or broadcasting to it.
        top_k : int, optional
            Only the k largest predictions of a row may be positive.
        class_id : int, optional
            Look at this column only.
        by_label : bool, default False
            Count every column of (samples, labels) by itself.
        label_weights : Tensor, optional
            Of the columns.
        """
        prediction, target = pair(name, y_true, y_pred)
        weights = None if sample_weight is None else as_tensor(sample_weight, prediction)
        if weights is not None and weights.ndim == prediction.ndim - 1:
            weights = F.expand_dims(weights, -1)
        if top_k is not None:
            _, places = F.top_k(prediction, top_k)
            chosen = F.sum(F.one_hot(places, prediction.shape[-1]), -2)
            prediction = F.add(F.multiply(prediction, chosen), F.multiply(F.subtract(1.0, chosen), NEVER))
        if class_id is not None:
            if prediction.ndim < 2:
                raise ValueError(f"{name}: expected predictions (..., classes) for class_id, got {prediction.shape}")
            if not 0 <= class_id < prediction.shape[-1]:
                raise IndexError(f"{name}: expected class_id in [0, {prediction.shape[-1]}), got {class_id}")
            prediction, target = (item[..., class_id : class_id + 1] for item in (prediction, target))
        every = F.fill(prediction, 1.0)
        positive = F.cast(F.not_equal(target, 0.0), np.float32)
        for factor in (weights, label_weights):
            every = every if factor is None else F.multiply(every, factor)
        positive = F.multiply(positive, every)
        negative = F.subtract(every, positive)
        above = self._above(prediction)
        if by_label:
            if prediction.ndim != 2:
                raise ValueError(f"{name}: expected predictions (samples, labels), got {tuple(prediction.shape)}")
            sums = [F.transpose(F.sum(F.multiply(above, F.expand_dims(part, -1)), 0)) for part in (positive, negative)]
            totals = [F.sum(part, 0) for part in (positive, negative)]
        else:
            above = F.reshape(above, (-1, len(self.values)))
            rows = (F.reshape(part, (1, -1)) for part in (positive, negative))
            sums = [F.reshape(F.matmul(row, above), (-1,)) for row in rows]
            totals = [F.sum(part) for part in (positive, negative)]
        right, wrong = sums
        return Counts(right, wrong, F.subtract(totals[1], wrong), F.subtract(totals[0], right))


def divide(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """``a / b``, and 0 where b is 0."""
    out = np.zeros(np.broadcast_shapes(np.shape(a), np.shape(b)))
    return np.asarray(np.divide(a, b, out=out, where=b != 0))
