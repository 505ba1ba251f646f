"""Metrics by Keras 3's names: what `fit` and `evaluate` keep count of, and functions that give values per sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

from .. import _config
from .._custom import function_name, function_of_name
from ..losses import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from .accuracy import (
    Accuracy,
    AccuracyByShape,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from .auc import AUC
from .base import Mean, MeanMetricWrapper, Metric, Sum
from .confusion_counts import FalseNegatives, FalsePositives, TrueNegatives, TruePositives
from .iou import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from .means import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
from .precision_recall import Precision, Recall
from .rate_at_value import PrecisionAtRecall, RecallAtPrecision, SensitivityAtSpecificity, SpecificityAtSensitivity
from .regression import (
    ConcordanceCorrelation,
    PearsonCorrelation,
    R2Score,
    RootMeanSquaredError,
    concordance_correlation,
    pearson_correlation,
)
from .scores import F1Score, FBetaScore

__all__ = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "IoU",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "OneHotIoU",
    "OneHotMeanIoU",
    "PearsonCorrelation",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "concordance_correlation",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "pearson_correlation",
    "poisson",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]

_CLASSES: tuple[type[Metric], ...] = (
    AUC,
    Accuracy,
    BinaryAccuracy,
    BinaryCrossentropy,
    BinaryIoU,
    CategoricalAccuracy,
    CategoricalCrossentropy,
    CategoricalHinge,
    ConcordanceCorrelation,
    CosineSimilarity,
    F1Score,
    FBetaScore,
    FalseNegatives,
    FalsePositives,
    Hinge,
    IoU,
    KLDivergence,
    LogCoshError,
    Mean,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanIoU,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    OneHotIoU,
    OneHotMeanIoU,
    PearsonCorrelation,
    Poisson,
    Precision,
    PrecisionAtRecall,
    R2Score,
    Recall,
    RecallAtPrecision,
    RootMeanSquaredError,
    SensitivityAtSpecificity,
    SparseCategoricalAccuracy,
    SparseCategoricalCrossentropy,
    SparseTopKCategoricalAccuracy,
    SpecificityAtSensitivity,
    SquaredHinge,
    Sum,
    TopKCategoricalAccuracy,
    TrueNegatives,
    TruePositives,
)
_NAMES: dict[str, type[Metric]] = {
    **{name: cls for cls in _CLASSES for name in (cls.__name__, _config.snake_case(cls.__name__))},
    **{
        name: cls
        for short, cls in (
            ("bce", BinaryCrossentropy),
            ("mae", MeanAbsoluteError),
            ("mape", MeanAbsolutePercentageError),
            ("mse", MeanSquaredError),
            ("msle", MeanSquaredLogarithmicError),
        )
        for name in (short, short.upper())
    },
}


class FunctionMetric(MeanMetricWrapper):
    """The mean of a function(y_true, y_pred) of the user's own; a configuration has its name."""

    def __init__(self, fn: Callable[..., Any]) -> None:
        super().__init__(fn)

    def get_config(self) -> dict[str, Any]:
        return {"fn": function_name("metric", self._fn)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        return cls(function_of_name("metric", config["fn"]))


def get(identifier: Any) -> Any:
    """A metric from a name, an object, a class, a configuration or a function, as in Keras.

    Parameters
    ----------
    identifier : str, Metric, class, dict, function or None
        Of names, classes and configurations objects are made; all else is returned as it is.

    Raises
    ------
    ValueError
        The name is not known.
    TypeError
        It is none of these.
    """
    if identifier is None or (callable(identifier) and not isinstance(identifier, type)):
        return identifier
    return _config.resolve("metric", identifier, Metric, {**_NAMES, "AccuracyByShape": AccuracyByShape}, ("acc",))


def as_metric(identifier: Any) -> Metric:
    """What `compile` makes of an entry of its metrics: named as it was given, "accuracy" by shape."""
    if isinstance(identifier, str) and identifier.lower() in ("accuracy", "acc"):
        return AccuracyByShape(name=identifier)
    if isinstance(identifier, Mapping) and identifier.get("class_name") == FunctionMetric.__name__:
        return FunctionMetric.from_config(identifier["config"])
    metric = get(identifier)
    if not isinstance(metric, Metric):
        return FunctionMetric(metric)
    if isinstance(identifier, str):
        metric.name = identifier
    return metric


def serialize(metric: Any) -> dict[str, Any]:
    """The description of a metric.

    Raises
    ------
    ValueError
        It is or has a function of the user's own.
    TypeError
        It is no metric.
    """
    if not isinstance(metric, Metric):
        raise TypeError(f"metric: expected a Metric, got {metric!r}")
    return _config.serialize(metric)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The metric that a description or a name tells of; custom_objects maps names to classes of your own."""
    custom = dict(custom_objects or {})
    if isinstance(config, str):
        return custom[config] if config in custom else get(config)
    return _config.deserialize("metric", config, {**_NAMES, "AccuracyByShape": AccuracyByShape, **custom})
