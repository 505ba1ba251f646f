"""Metrics of numbers that are no mean of a loss: root mean square, coefficient of determination, correlations."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .. import functional as F
from ..losses.arrays import as_tensor, pair
from ..losses.regression import EPSILON
from ..tensor import Tensor, no_grad
from .base import Mean, MeanMetricWrapper, Metric, Result

__all__ = [
    "ConcordanceCorrelation",
    "PearsonCorrelation",
    "R2Score",
    "RootMeanSquaredError",
    "concordance_correlation",
    "pearson_correlation",
]


class RootMeanSquaredError(Mean):
    """Root of the mean of the squared differences."""

    _direction = "down"

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take a batch into account."""
        with no_grad():
            prediction, target = pair("root_mean_squared_error", y_true, y_pred)
            error = F.subtract(prediction, target)
            super().update_state(F.multiply(error, error), sample_weight)

    def result(self) -> float:
        """The root of the mean so far."""
        return math.sqrt(super().result())


class R2Score(Metric):
    """Coefficient of determination: the share of the labels' variance that the predictions explain.

    Parameters
    ----------
    class_aggregation : {"uniform_average", "variance_weighted_average"} or None, default "uniform_average"
        How the scores of the outputs become one; None gives all of them.
    num_regressors : int, default 0
        When not 0 the score is adjusted for so many independent variables.
    name : str, default "r2_score"
    dtype : str, optional
    """

    _direction = "up"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        if class_aggregation not in (None, "uniform_average", "variance_weighted_average"):
            raise ValueError(
                f"R2Score: expected class_aggregation uniform_average, variance_weighted_average or None, "
                f"got {class_aggregation!r}"
            )
        if num_regressors < 0:
            raise ValueError(f"R2Score: expected num_regressors not to be negative, got {num_regressors}")
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        self.num_samples = self.add_variable((), dtype="float64", name="num_samples")
        self._built = False

    def _build(self, outputs: int) -> None:
        self.squared_sum, self.sum, self.total_mse, self.count = (
            self.add_variable((outputs,), dtype="float64", name=name)
            for name in ("squared_sum", "sum", "residual", "count")
        )
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch (samples, outputs) into account."""
        with no_grad():
            prediction, target = pair("r2_score", y_true, y_pred)
            if prediction.ndim != 2:
                raise ValueError(f"r2_score: expected predictions (samples, outputs), got {tuple(prediction.shape)}")
            if not self._built:
                self._build(prediction.shape[-1])
            weights = F.fill(target, 1.0)
            self.num_samples.assign_add(F.sum(weights))
            if sample_weight is not None:
                given = as_tensor(sample_weight, target)
                weights = F.multiply(weights, F.expand_dims(given, 1) if given.ndim == 1 else given)
            prediction, target, weights = (F.cast(item, np.float64) for item in (prediction, target, weights))
            weighted = F.multiply(target, weights)
            error = F.subtract(target, prediction)
            self.sum.assign_add(F.sum(weighted, 0))
            self.squared_sum.assign_add(F.sum(F.multiply(target, weighted), 0))
            self.total_mse.assign_add(F.sum(F.multiply(F.multiply(error, error), weights), 0))
            self.count.assign_add(F.sum(weights, 0))

    def result(self) -> Result:
        """The score so far; NaN before the first batch."""
        if not self._built:
            return math.nan
        squared, total_sum, residual, count = (
            variable.numpy() for variable in (self.squared_sum, self.sum, self.total_mse, self.count)
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            total = squared - total_sum * total_sum / count
            scores = 1 - residual / total
            scores = np.where(np.isinf(scores), 0.0, scores)
            if self.class_aggregation == "uniform_average":
                scores = np.asarray(scores.mean())
            elif self.class_aggregation == "variance_weighted_average":
                scores = np.asarray((total * scores).sum() / total.sum())
        samples = float(self.num_samples.numpy())
        if self.num_regressors:
            rest = samples - self.num_regressors - 1
            if rest <= 0:
                warnings.warn(
                    f"{self.name}: more independent variables than samples leave room for; the score is not adjusted",
                    stacklevel=2,
                )
            else:
                scores = 1 - (1 - scores) * (samples - 1) / rest
        return float(scores) if scores.ndim == 0 else scores.astype(np.float32)

    def get_config(self) -> dict[str, Any]:
        own = {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
        return {**super().get_config(), **own}


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Pearson's correlation of y_true and y_pred along an axis."""
    deviations = [
        F.subtract(values, F.mean(values, axis, keepdims=True))
        for values in pair("pearson_correlation", y_true, y_pred)
    ]
    a, b = (F.divide(values, F.std(values, axis, keepdims=True)) for values in deviations)
    return F.mean(F.multiply(a, b), axis)


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Lin's concordance correlation of y_true and y_pred along an axis (1989): how near they are to being equal."""
    prediction, target = pair("concordance_correlation", y_true, y_pred)
    means = [F.mean(values, axis, keepdims=True) for values in (prediction, target)]
    variances = [F.var(values, axis, keepdims=True) for values in (prediction, target)]
    apart = F.subtract(means[1], means[0])
    together = F.multiply(F.subtract(target, means[0]), F.subtract(prediction, means[0]))
    scale = F.add(F.add(F.add(*variances), F.multiply(apart, apart)), EPSILON)
    return F.mean(F.divide(F.multiply(together, 2.0), scale), axis)


class PearsonCorrelation(MeanMetricWrapper):
    """Mean of `pearson_correlation`."""

    _direction = "up"

    def __init__(self, name: str | None = "pearson_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(pearson_correlation, name, dtype, axis=axis)


class ConcordanceCorrelation(MeanMetricWrapper):
    """Mean of `concordance_correlation`."""

    _direction = "up"

    def __init__(self, name: str | None = "concordance_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(concordance_correlation, name, dtype, axis=axis)
