"""Losses of numbers: squares, absolute values, percentages and logarithms of differences, and the cosine."""

from __future__ import annotations

import math
from typing import Any

from .. import functional as F
from ..tensor import Tensor
from .arrays import last, pair
from .base import LossFunctionWrapper

__all__ = [
    "CosineSimilarity",
    "Huber",
    "LogCosh",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "cosine_similarity",
    "huber",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "unit_length",
]

EPSILON = 1e-7  # Keras's


def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """``mean((y_true - y_pred)**2)`` over the last axis.

    Parameters
    ----------
    y_true, y_pred : (..., n)
        y_true may lack a last axis of size one, or have one more.

    Raises
    ------
    ValueError
        The shapes differ otherwise: nothing is broadcast.
    """
    return F.squared_error(*pair("mean_squared_error", y_true, y_pred))


def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    """``mean(abs(y_true - y_pred))`` over the last axis. Arguments and errors as for `mean_squared_error`."""
    return F.absolute_error(*pair("mean_absolute_error", y_true, y_pred))


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    """``100 * mean(abs(y_true - y_pred) / max(abs(y_true), 1e-7))`` over the last axis.

    Arguments and errors as for `mean_squared_error`.
    """
    prediction, target = pair("mean_absolute_percentage_error", y_true, y_pred)
    share = F.divide(F.subtract(target, prediction), F.maximum(F.abs(target), EPSILON))
    return F.multiply(F.mean(F.abs(share), -1), 100.0)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    """``mean((log(1 + y_true) - log(1 + y_pred))**2)`` over the last axis, of numbers raised to 1e-7.

    Arguments and errors as for `mean_squared_error`.
    """
    prediction, target = pair("mean_squared_logarithmic_error", y_true, y_pred)
    logarithms = [F.log(F.add(F.maximum(values, EPSILON), 1.0)) for values in (prediction, target)]
    return F.squared_error(*logarithms)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Tensor:
    """Huber's loss, mean over the last axis: half the square of an error up to delta, a straight line beyond.

    Parameters
    ----------
    y_true, y_pred : (..., n)
        As for `mean_squared_error`.
    delta : float, default 1
        Above 0.

    Raises
    ------
    ValueError
        The shapes differ otherwise: nothing is broadcast.
    """
    return F.huber(*pair("huber", y_true, y_pred), delta=delta)


def log_cosh(y_true: Any, y_pred: Any) -> Tensor:
    """``mean(log(cosh(y_pred - y_true)))`` over the last axis, without overflow.

    Arguments and errors as for `mean_squared_error`.
    """
    prediction, target = pair("log_cosh", y_true, y_pred)
    error = F.subtract(prediction, target)
    values = F.subtract(F.add(error, F.softplus(F.multiply(error, -2.0))), math.log(2.0))
    return F.mean(values, -1)


def unit_length(x: Tensor, axis: int = -1) -> Tensor:
    """x divided by its length along an axis; by 1e-7 where it is shorter."""
    squares = F.sum(F.multiply(x, x), axis, keepdims=True)
    return F.divide(x, F.sqrt(F.maximum(squares, EPSILON**2)))


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """The cosine of the angle between y_true and y_pred, negated: -1 where they point the same way.

    Parameters
    ----------
    y_true, y_pred : (..., n)
        As for `mean_squared_error`.
    axis : int, default -1

    Raises
    ------
    ValueError
        The shapes differ otherwise, or there is no such axis.
    """
    prediction, target = last("cosine_similarity", axis, *pair("cosine_similarity", y_true, y_pred))
    return F.negative(F.sum(F.multiply(unit_length(target), unit_length(prediction)), -1))


class MeanSquaredError(LossFunctionWrapper):
    """Mean of the squared differences; see `mean_squared_error`. Arguments as for `Loss`."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "mean_squared_error", dtype: Any = None
    ) -> None:
        super().__init__(mean_squared_error, reduction, name, dtype)


class MeanAbsoluteError(LossFunctionWrapper):
    """Mean of the absolute differences; see `mean_absolute_error`. Arguments as for `Loss`."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "mean_absolute_error", dtype: Any = None
    ) -> None:
        super().__init__(mean_absolute_error, reduction, name, dtype)


class MeanAbsolutePercentageError(LossFunctionWrapper):
    """Mean of the differences in percent; see `mean_absolute_percentage_error`. Arguments as for `Loss`."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """Mean of the squared differences of logarithms; see `mean_squared_logarithmic_error`. Arguments as for `Loss`."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)


class Huber(LossFunctionWrapper):
    """Squares of small differences, absolute values of large ones; see `huber`."""

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None:
        if not 0 < delta < math.inf:
            raise ValueError(f"Huber: expected a delta that is finite and above 0, got {delta}")
        super().__init__(huber, reduction, name, dtype, delta=float(delta))


class LogCosh(LossFunctionWrapper):
    """Mean of the logarithms of the differences' hyperbolic cosines; see `log_cosh`. Arguments as for `Loss`."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "log_cosh", dtype: Any = None
    ) -> None:
        super().__init__(log_cosh, reduction, name, dtype)


class CosineSimilarity(LossFunctionWrapper):
    """The negated cosine of an angle; see `cosine_similarity`."""

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)
