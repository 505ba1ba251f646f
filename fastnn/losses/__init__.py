"""Losses by Keras 3's names: classes, and functions that give one loss per sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._first_use import at_first_use

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

_FILES = {
    "base": "FunctionLoss Loss",
    "crossentropy": "BinaryCrossentropy CategoricalCrossentropy CategoricalGeneralizedCrossEntropy "
    "CrossentropyByShape SparseCategoricalCrossentropy binary_crossentropy categorical_crossentropy "
    "categorical_generalized_cross_entropy sparse_categorical_crossentropy",
    "distributions": "CategoricalHinge Circle Dice Hinge KLDivergence Poisson SquaredHinge Tversky "
    "categorical_hinge circle dice hinge kl_divergence poisson squared_hinge tversky",
    "focal": "BinaryFocalCrossentropy CategoricalFocalCrossentropy binary_focal_crossentropy "
    "categorical_focal_crossentropy",
    "identifiers": "as_loss deserialize get serialize",
    "regression": "CosineSimilarity Huber LogCosh MeanAbsoluteError MeanAbsolutePercentageError "
    "MeanSquaredError MeanSquaredLogarithmicError cosine_similarity huber log_cosh mean_absolute_error "
    "mean_absolute_percentage_error mean_squared_error mean_squared_logarithmic_error",
}

if TYPE_CHECKING:
    from .base import FunctionLoss as FunctionLoss
    from .base import Loss
    from .crossentropy import (
        BinaryCrossentropy,
        CategoricalCrossentropy,
        CategoricalGeneralizedCrossEntropy,
        SparseCategoricalCrossentropy,
        binary_crossentropy,
        categorical_crossentropy,
        categorical_generalized_cross_entropy,
        sparse_categorical_crossentropy,
    )
    from .crossentropy import CrossentropyByShape as CrossentropyByShape
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
    from .identifiers import as_loss as as_loss
    from .identifiers import deserialize, get, serialize
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
else:
    __getattr__, __dir__ = at_first_use(__name__, _FILES)
