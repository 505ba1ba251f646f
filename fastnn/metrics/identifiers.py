"""What names, descriptions and functions stand for in `compile` and in files: metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

from .. import _config
from .._custom import function_name, function_of_name
from . import __all__ as public
from .accuracy import AccuracyByShape
from .base import MeanMetricWrapper, Metric

__all__ = ["FunctionMetric", "as_metric", "deserialize", "get", "serialize"]

_CLASSES = [name for name in public if name[0].isupper() and name not in ("MeanMetricWrapper", "Metric")]
_SHORT = {
    "bce": "BinaryCrossentropy",
    "mae": "MeanAbsoluteError",
    "mape": "MeanAbsolutePercentageError",
    "mse": "MeanSquaredError",
    "msle": "MeanSquaredLogarithmicError",
}
_NAMES: Mapping[str, type[Metric]] = _config.Named(
    "fastnn.metrics",
    {
        **{name: cls for cls in _CLASSES for name in (cls, _config.snake_case(cls))},
        **{name: cls for short, cls in _SHORT.items() for name in (short, short.upper())},
        "AccuracyByShape": "AccuracyByShape",
    },
)


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
    return _config.resolve("metric", identifier, Metric, _NAMES, ("acc",))


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
    return _config.deserialize("metric", config, {**_NAMES, **custom})
