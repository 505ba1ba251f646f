"""F-scores: harmonic means of precision and recall."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F
from ..losses.arrays import as_tensor, pair
from ..losses.regression import EPSILON
from ..tensor import Tensor, no_grad
from .base import Metric, Result

__all__ = ["F1Score", "FBetaScore"]


class FBetaScore(Metric):
    """``(1 + beta**2) * precision * recall / (beta**2 * precision + recall)`` of predictions (samples, classes).

    Parameters
    ----------
    average : {None, "micro", "macro", "weighted"}, default None
        None gives a score for each class; "macro" their mean, "weighted" that weighted by how often a class occurs, and
        "micro" one score over all.
    beta : float, default 1.0
        Above 0: how much more recall counts than precision.
    threshold : float, optional
        In (0, 1]: predictions above it are positive. When not given, the largest of each row.
    name : str, default "fbeta_score"
    dtype : str, optional
    """

    _direction = "up"

    def __init__(
        self,
        average: str | None = None,
        beta: Any = 1.0,
        threshold: Any = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        cls = type(self).__name__
        if average not in (None, "micro", "macro", "weighted"):
            raise ValueError(f"{cls}: expected average None, micro, macro or weighted, got {average!r}")
        if not isinstance(beta, float) or not beta > 0:
            raise ValueError(f"{cls}: expected beta to be a float above 0, got {beta!r}")
        if threshold is not None and not (isinstance(threshold, float) and 0 < threshold <= 1):
            raise ValueError(f"{cls}: expected threshold to be a float in (0, 1], got {threshold!r}")
        self.average, self.beta, self.threshold = average, beta, threshold
        self._built = False

    def _build(self, classes: int) -> None:
        shape = () if self.average == "micro" else (classes,)
        self.true_positives, self.false_positives, self.false_negatives, self.intermediate_weights = (
            self.add_variable(shape, dtype="float64", name=name)
            for name in ("true_positives", "false_positives", "false_negatives", "intermediate_weights")
        )
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch (samples, classes) into account."""
        with no_grad():
            prediction, target = pair(self.name, y_true, y_pred)
            if prediction.ndim != 2:
                raise ValueError(f"{self.name}: expected predictions (samples, classes), got {prediction.shape}")
            if not self._built:
                self._build(prediction.shape[-1])
            if self.threshold is None:
                largest = F.greater_equal(prediction, F.max(prediction, -1, keepdims=True))
                chosen = F.logical_and(largest, F.greater(F.abs(prediction), 1e-9))  # a row of zeros chooses nothing
            else:
                chosen = F.greater(prediction, self.threshold)
            positive = F.cast(chosen, target.dtype)
            weights = None
            if sample_weight is not None:
                weights = F.expand_dims(as_tensor(sample_weight, target), 1)
            for variable, values in (
                (self.true_positives, F.multiply(positive, target)),
                (self.false_positives, F.multiply(positive, F.subtract(1.0, target))),
                (self.false_negatives, F.multiply(F.subtract(1.0, positive), target)),
                (self.intermediate_weights, target),
            ):
                variable.assign_add(self._sum(values if weights is None else F.multiply(values, weights)))

    def _sum(self, values: Tensor) -> Tensor:
        return F.sum(values) if self.average == "micro" else F.sum(values, 0)

    def result(self) -> Result:
        """The score so far, or that of each class."""
        if not self._built:
            return 0.0
        right, added, missed, weights = (
            variable.numpy()
            for variable in (
                self.true_positives,
                self.false_positives,
                self.false_negatives,
                self.intermediate_weights,
            )
        )
        precision, recall = right / (right + added + EPSILON), right / (right + missed + EPSILON)
        square = self.beta**2
        scores = np.asarray(precision * recall / (square * precision + recall + EPSILON) * (1 + square))
        if self.average is None:
            return scores.astype(np.float32)
        if self.average == "weighted":
            return float((scores * weights / (weights.sum() + EPSILON)).sum())
        return float(scores.mean())

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "average": self.average, "beta": self.beta, "threshold": self.threshold}


class F1Score(FBetaScore):
    """`FBetaScore` with beta 1. Arguments: average, threshold, name, dtype."""

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict[str, Any]:
        return {name: value for name, value in super().get_config().items() if name != "beta"}
