"""Accuracies: how many predictions say what the labels say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import functional as F
from ..losses.arrays import aligned, as_tensor, class_numbers, pair
from ..tensor import Tensor
from .base import MeanMetricWrapper

__all__ = [
    "Accuracy",
    "AccuracyByShape",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "accuracy",
    "binary_accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]


def _share(matches: Tensor) -> Tensor:
    """1 for True, 0 for False."""
    return F.cast(matches, np.float32)


def accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where y_true and y_pred, of one shape, are equal, else 0."""
    prediction, target = aligned("accuracy", y_true, as_tensor(y_pred))
    return _share(F.equal(target, prediction))


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Tensor:
    """1 where ``y_pred > threshold`` is what y_true, 0 or 1 and of the same shape, says, else 0."""
    prediction, target = pair("binary_accuracy", y_true, y_pred)
    return _share(F.equal(target, F.cast(F.greater(prediction, threshold), target.dtype)))


def _binary_rows(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Tensor:
    """The mean of `binary_accuracy` over the last axis."""
    return F.binary_accuracy(*pair("binary_accuracy", y_true, y_pred), threshold=threshold)


def categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 for each sample whose largest prediction is where the one-hot label is one, else 0.

    Parameters
    ----------
    y_true, y_pred : (..., classes)

    Raises
    ------
    ValueError
        The shapes differ.
    """
    prediction = as_tensor(y_pred)
    labels = as_tensor(y_true, prediction)
    if tuple(labels.shape) != tuple(prediction.shape):
        raise ValueError(
            f"categorical_accuracy: expected one-hot y_true {tuple(prediction.shape)}, got {tuple(labels.shape)}"
        )
    return F.categorical_accuracy(prediction, labels)


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 for each sample whose largest prediction is at its label, else 0.

    Parameters
    ----------
    y_true : (...) or (..., 1) of integers
        Class numbers.
    y_pred : (..., classes)

    Raises
    ------
    ValueError
        The shapes don't fit.
    """
    prediction = as_tensor(y_pred)
    return F.categorical_accuracy(prediction, class_numbers("sparse_categorical_accuracy", y_true, prediction))


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """1 for each sample whose k largest predictions have the one-hot label among them, else 0.

    Parameters
    ----------
    y_true, y_pred : (..., classes)
    k : int, default 5
    """
    labels = as_tensor(y_true)
    return _in_top_k(F.argmax(labels, -1), as_tensor(y_pred), k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> Tensor:
    """1 for each sample whose k largest predictions have its label among them, else 0.

    Parameters
    ----------
    y_true : (...) or (..., 1) of integers
        Class numbers.
    y_pred : (..., classes)
        Predictions; with from_sorted_ids class numbers, the most likely first.
    k : int, default 5
    from_sorted_ids : bool, default False
    """
    name, prediction = "sparse_top_k_categorical_accuracy", as_tensor(y_pred)
    labels = class_numbers(name, y_true, prediction)
    if not from_sorted_ids:
        return _in_top_k(labels, prediction, k)
    equal = F.equal(F.expand_dims(F.cast(labels, prediction.dtype), -1), prediction[..., :k])
    return _share(F.any(equal, -1))


def _in_top_k(labels: Tensor, prediction: Tensor, k: int) -> Tensor:
    """Whether fewer than k predictions are larger than the label's; never among those that aren't finite."""
    own = F.take_along_axis(prediction, F.expand_dims(F.cast(labels, np.int64), -1), -1)
    larger = F.sum(_share(F.greater(prediction, own)), -1)
    finite = F.all(F.less(F.abs(prediction), math.inf), -1)
    return _share(F.logical_and(F.less(larger, float(k)), finite))


def _by_shape(y_true: Any, y_pred: Any) -> Tensor:
    prediction = as_tensor(y_pred)
    if prediction.ndim < 2:
        raise ValueError(f"accuracy: expected predictions (..., classes), got {tuple(prediction.shape)}")
    if prediction.shape[-1] == 1:
        return _binary_rows(y_true, prediction)
    shape = np.shape(y_true)
    if len(shape) < prediction.ndim or shape[-1] == 1:
        return sparse_categorical_accuracy(y_true, prediction)
    return categorical_accuracy(y_true, prediction)


class AccuracyByShape(MeanMetricWrapper):
    """What "accuracy" means, told apart by shape as in Keras.

    Predictions (..., 1) are binary, with threshold 0.5; of others the largest counts, against class numbers
    (`SparseCategoricalAccuracy`) or one-hot rows (`CategoricalAccuracy`).
    """

    _direction = "up"

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(_by_shape, name, dtype)


class Accuracy(MeanMetricWrapper):
    """Share of predictions that equal their labels."""

    _direction = "up"

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """Share of predictions that are on their label's side of a threshold.

    Parameters
    ----------
    name : str, default "binary_accuracy"
    dtype : str, optional
    threshold : float, default 0.5
        In [0, 1]; predictions above it say 1.
    """

    _direction = "up"
    _fused = staticmethod(_binary_rows)

    def __init__(self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5) -> None:
        if not 0 <= threshold <= 1:
            raise ValueError(f"BinaryAccuracy: expected threshold in [0, 1], got {threshold}")
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """Share of samples whose largest prediction is where the one-hot label is one."""

    _direction = "up"

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """Share of samples whose largest prediction is at the class number given as label."""

    _direction = "up"

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """Share of samples whose k largest predictions have the one-hot label among them."""

    _direction = "up"

    def __init__(self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """Share of samples whose k largest predictions have the class number among them."""

    _direction = "up"

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=k, from_sorted_ids=from_sorted_ids)
