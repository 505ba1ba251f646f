"""Metrics by Keras 3's names: running means whose totals are tensors, so that programs update them without Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import functional as F
from . import losses
from ._config import Configurable, resolve, snake_case
from .losses.arrays import aligned, as_tensor, class_numbers
from .program import update
from .tensor import Tensor, constant

__all__ = [
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "Mean",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Metric",
    "SparseCategoricalAccuracy",
    "get",
]


class Metric(Configurable):
    """A running mean of values, one or more per sample.

    Parameters
    ----------
    name : str, optional
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = snake_case(type(self).__name__) if name is None else name
        self.total = Tensor(np.zeros(2, dtype=np.float64), name=f"{self.name}/total")

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        """The numbers whose mean is the metric."""
        raise NotImplementedError(f"{type(self).__name__} does not implement values")

    def update_state(self, y_true: Any, y_pred: Any) -> None:
        """Take a batch into account."""
        update("mean_update", self.total, self.values(y_true, y_pred).detach())

    def result(self) -> float:
        """The mean so far; 0 before the first batch, as in Keras."""
        total, count = self.total.numpy()
        return float(total / count) if count else 0.0

    def reset_state(self) -> None:
        """Forget all batches."""
        self.total.assign(constant(np.zeros(2)))

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


class Mean(Metric):
    """Mean of the values that `update_state` is given."""

    def update_state(self, values: Any, y_pred: None = None) -> None:
        """Take values into account: a Tensor, an array or a number."""
        if not isinstance(values, Tensor):
            values = Tensor(np.asarray(values, dtype=np.float32))
        update("mean_update", self.total, values.detach())


class AccuracyByShape(Metric):
    """What "accuracy" means, told apart by shape as in Keras.

    Predictions (..., 1) are binary, with threshold 0.5; of others the largest counts, against class numbers
    (`SparseCategoricalAccuracy`) or one-hot rows (`CategoricalAccuracy`).
    """

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        prediction = as_tensor(y_pred)
        if prediction.ndim < 2:
            raise ValueError(f"{self.name}: expected predictions (..., classes), got {tuple(prediction.shape)}")
        if prediction.shape[-1] == 1:
            return F.binary_accuracy(*aligned(self.name, y_true, prediction))
        if np.shape(y_true) == tuple(prediction.shape):
            labels = as_tensor(y_true)
        else:
            labels = class_numbers(self.name, y_true, prediction)
        return F.categorical_accuracy(prediction, labels)


class BinaryAccuracy(Metric):
    """Share of predictions that are on their label's side of a threshold.

    Parameters
    ----------
    name : str, optional
    threshold : float, default 0.5
        Predictions above it say 1.
    """

    def __init__(self, name: str | None = None, threshold: float = 0.5) -> None:
        super().__init__(name)
        self.threshold = float(threshold)

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        prediction = as_tensor(y_pred)
        return F.binary_accuracy(*aligned(self.name, y_true, prediction), threshold=self.threshold)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "threshold": self.threshold}


class SparseCategoricalAccuracy(Metric):
    """Share of samples whose largest prediction is at the class number given as label."""

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        prediction = as_tensor(y_pred)
        return F.categorical_accuracy(prediction, class_numbers(self.name, y_true, prediction))


class CategoricalAccuracy(Metric):
    """Share of samples whose largest prediction is where the one-hot label is one."""

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        prediction, labels = as_tensor(y_pred), as_tensor(y_true)
        if tuple(labels.shape) != tuple(prediction.shape):
            raise ValueError(
                f"{self.name}: expected one-hot y_true {tuple(prediction.shape)}, got {tuple(labels.shape)}"
            )
        return F.categorical_accuracy(prediction, labels)


class MeanSquaredError(Metric):
    """Mean of the squared differences."""

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        return losses.mean_squared_error(y_true, y_pred)


class MeanAbsoluteError(Metric):
    """Mean of the absolute differences."""

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        return losses.mean_absolute_error(y_true, y_pred)


class FunctionMetric(Metric):
    """The mean of a function(y_true, y_pred)."""

    def __init__(self, function: Callable[[Any, Any], Tensor]) -> None:
        super().__init__(getattr(function, "__name__", "metric"))
        self.function = function

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        return self.function(y_true, y_pred)

    def get_config(self) -> dict[str, Any]:
        raise ValueError(f"metric: {self.name} is a function of your own, which a configuration can't hold")


_CLASSES: tuple[type[Metric], ...] = (
    BinaryAccuracy,
    SparseCategoricalAccuracy,
    CategoricalAccuracy,
    MeanSquaredError,
    MeanAbsoluteError,
)
_NAMES: dict[str, type[Metric]] = {
    **{name: cls for cls in _CLASSES for name in (cls.__name__, snake_case(cls.__name__))},
    "accuracy": AccuracyByShape,
    "acc": AccuracyByShape,
    "mse": MeanSquaredError,
    "MSE": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "MAE": MeanAbsoluteError,
}


def get(identifier: Any) -> Metric:
    """A metric from a name ("accuracy"), an object, a class, a configuration, or a function(y_true, y_pred)."""
    if callable(identifier) and not isinstance(identifier, type | Metric):
        return FunctionMetric(identifier)
    metric = resolve("metric", identifier, Metric, _NAMES)
    if isinstance(identifier, str):
        metric.name = identifier
    return metric
