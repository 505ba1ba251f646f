"""What names, descriptions and functions stand for in `compile` and in files: losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .. import _config
from ..tensor import Tensor
from .base import FunctionLoss, Loss
from .crossentropy import CrossentropyByShape

__all__ = ["as_loss", "deserialize", "get", "serialize"]

# Functions, and the classes that reduce what they give
_CLASS_OF = {
    "binary_crossentropy": "BinaryCrossentropy",
    "binary_focal_crossentropy": "BinaryFocalCrossentropy",
    "categorical_crossentropy": "CategoricalCrossentropy",
    "categorical_focal_crossentropy": "CategoricalFocalCrossentropy",
    "categorical_generalized_cross_entropy": "CategoricalGeneralizedCrossEntropy",
    "categorical_hinge": "CategoricalHinge",
    "circle": "Circle",
    "cosine_similarity": "CosineSimilarity",
    "dice": "Dice",
    "hinge": "Hinge",
    "huber": "Huber",
    "kl_divergence": "KLDivergence",
    "log_cosh": "LogCosh",
    "mean_absolute_error": "MeanAbsoluteError",
    "mean_absolute_percentage_error": "MeanAbsolutePercentageError",
    "mean_squared_error": "MeanSquaredError",
    "mean_squared_logarithmic_error": "MeanSquaredLogarithmicError",
    "poisson": "Poisson",
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy",
    "squared_hinge": "SquaredHinge",
    "tversky": "Tversky",
}
_SHORT = {
    "bce": "binary_crossentropy",
    "kld": "kl_divergence",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "mse": "mean_squared_error",
    "msle": "mean_squared_logarithmic_error",
}
_CLASSES: Mapping[str, type[Loss]] = _config.Named(
    "fastnn.losses", {name: name for name in (*_CLASS_OF.values(), "CrossentropyByShape")}
)
_FUNCTIONS: Mapping[str, Callable[..., Tensor]] = _config.Named(
    "fastnn.losses",
    {
        **{name: name for name in _CLASS_OF},
        **{name: function for short, function in _SHORT.items() for name in (short, short.upper())},
    },
)


def get(identifier: Any) -> Any:
    """A loss from a name, an object, a class, a configuration or a function, as in Keras.

    Parameters
    ----------
    identifier : str, Loss, class, dict, function or None
        Of a class's name ("MeanSquaredError"), a class or a configuration an object is made; the name of a function
        ("mean_squared_error", "mse") gives the function, which returns one loss per sample.

    Raises
    ------
    ValueError
        The name is not known.
    TypeError
        It is none of these.
    """
    if identifier is None or (callable(identifier) and not isinstance(identifier, type)):
        return identifier
    if isinstance(identifier, str) and identifier in _FUNCTIONS:
        return _FUNCTIONS[identifier]
    return _config.resolve("loss", identifier, Loss, _CLASSES, others=_FUNCTIONS)


def as_loss(identifier: Any) -> Loss:
    """What `compile` makes of its argument: of a function the loss that has it, and "crossentropy" by shape."""
    if isinstance(identifier, str) and identifier.lower() in ("crossentropy", "ce"):
        return CrossentropyByShape(name=identifier)
    if isinstance(identifier, Mapping) and identifier.get("class_name") == FunctionLoss.__name__:
        return FunctionLoss.from_config(identifier["config"])
    found = get(identifier)
    if isinstance(found, Loss):
        return found
    if not _is_own(found):
        return FunctionLoss(found)
    name = identifier if isinstance(identifier, str) else found.__name__
    return _CLASSES[_CLASS_OF[found.__name__]](name=name)


def serialize(loss: Any) -> Any:
    """The description of a loss, or the name of a function of this module.

    Raises
    ------
    ValueError
        It is a function of the user's own.
    """
    if isinstance(loss, Loss):
        return _config.serialize(loss)
    if _is_own(loss):
        return loss.__name__
    raise ValueError(f"loss: expected a Loss or a function of fastnn.losses, got {loss!r}")


def _is_own(function: Any) -> bool:
    """Whether it is a function of this package."""
    name = getattr(function, "__name__", None)
    return name in _CLASS_OF and _FUNCTIONS[name] is function


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The loss that a description or a name tells of; custom_objects maps names to classes or functions of your own."""
    custom = dict(custom_objects or {})
    if isinstance(name, str):
        return custom[name] if name in custom else get(name)
    return _config.deserialize("loss", name, {**_CLASSES, **custom})
