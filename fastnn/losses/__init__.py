"""Losses by Keras 3's names: classes, and functions that give one loss per sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .. import _config
from ..tensor import Tensor
from .base import FunctionLoss, Loss
from .crossentropy import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    CrossentropyByShape,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    categorical_crossentropy,
    categorical_generalized_cross_entropy,
    sparse_categorical_crossentropy,
)
from .distributions import (
    CategoricalHinge,
    Circle,
    Dice,
    Hinge,
    KLDivergence,
    Poisson,
    SquaredHinge,
    Tversky,
    categorical_hinge,
    circle,
    dice,
    hinge,
    kl_divergence,
    poisson,
    squared_hinge,
    tversky,
)
from .focal import (
    BinaryFocalCrossentropy,
    CategoricalFocalCrossentropy,
    binary_focal_crossentropy,
    categorical_focal_crossentropy,
)
from .regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)

__all__ = [
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "Circle",
    "CosineSimilarity",
    "Dice",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "circle",
    "cosine_similarity",
    "deserialize",
    "dice",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]

LossFunction = Callable[..., Tensor]

_OF_FUNCTIONS: dict[LossFunction, type[Loss]] = {
    binary_crossentropy: BinaryCrossentropy,
    binary_focal_crossentropy: BinaryFocalCrossentropy,
    categorical_crossentropy: CategoricalCrossentropy,
    categorical_focal_crossentropy: CategoricalFocalCrossentropy,
    categorical_generalized_cross_entropy: CategoricalGeneralizedCrossEntropy,
    categorical_hinge: CategoricalHinge,
    circle: Circle,
    cosine_similarity: CosineSimilarity,
    dice: Dice,
    hinge: Hinge,
    huber: Huber,
    kl_divergence: KLDivergence,
    log_cosh: LogCosh,
    mean_absolute_error: MeanAbsoluteError,
    mean_absolute_percentage_error: MeanAbsolutePercentageError,
    mean_squared_error: MeanSquaredError,
    mean_squared_logarithmic_error: MeanSquaredLogarithmicError,
    poisson: Poisson,
    sparse_categorical_crossentropy: SparseCategoricalCrossentropy,
    squared_hinge: SquaredHinge,
    tversky: Tversky,
}
_CLASSES: dict[str, type[Loss]] = {cls.__name__: cls for cls in (*_OF_FUNCTIONS.values(), CrossentropyByShape)}
_FUNCTIONS: dict[str, LossFunction] = {
    **{function.__name__: function for function in _OF_FUNCTIONS},
    **{
        name: function
        for short, function in (
            ("bce", binary_crossentropy),
            ("kld", kl_divergence),
            ("mae", mean_absolute_error),
            ("mape", mean_absolute_percentage_error),
            ("mse", mean_squared_error),
            ("msle", mean_squared_logarithmic_error),
        )
        for name in (short, short.upper())
    },
}


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
    if found not in _OF_FUNCTIONS:
        return FunctionLoss(found)
    name = identifier if isinstance(identifier, str) else found.__name__
    return _OF_FUNCTIONS[found](name=name)


def serialize(loss: Any) -> Any:
    """The description of a loss, or the name of a function of this module.

    Raises
    ------
    ValueError
        It is a function of the user's own.
    """
    if isinstance(loss, Loss):
        return _config.serialize(loss)
    for name, function in _FUNCTIONS.items():
        if function is loss:
            return name
    raise ValueError(f"loss: expected a Loss or a function of fastnn.losses, got {loss!r}")


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The loss that a description or a name tells of; custom_objects maps names to classes or functions of your own."""
    custom = dict(custom_objects or {})
    if isinstance(name, str):
        return custom[name] if name in custom else get(name)
    return _config.deserialize("loss", name, {**_CLASSES, **custom})
