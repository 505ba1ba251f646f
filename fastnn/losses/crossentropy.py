"""Cross-entropies. Of a prediction that a softmax or sigmoid made, the numbers that went into it are the logits.

That holds whichever of the two a loss expects, as in Keras. Other probabilities are clipped to [1e-7, 1 - 1e-7]; those
of classes are divided by their sum before.
"""

from __future__ import annotations

import warnings
from typing import Any

from .. import functional as F
from ..tensor import Tensor
from .arrays import as_tensor, class_numbers, last, pair
from .base import Loss, LossFunction, LossFunctionWrapper
from .regression import EPSILON

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CrossentropyByShape",
    "SmoothedCrossentropy",
    "SparseCategoricalCrossentropy",
    "binary_crossentropy",
    "categorical_crossentropy",
    "categorical_generalized_cross_entropy",
    "clipped",
    "smoothed",
    "sparse_categorical_crossentropy",
]


def clipped(probabilities: Tensor) -> Tensor:
    """Probabilities that have a logarithm, and so have their complements."""
    return F.clip(probabilities, EPSILON, 1.0 - EPSILON)


def smoothed(labels: Tensor, label_smoothing: float, classes: int) -> Tensor:
    """Labels of which a share is spread evenly over the classes."""
    return labels * (1 - label_smoothing) + label_smoothing / classes if label_smoothing else labels


def _recovered(name: str, prediction: Tensor, from_logits: bool) -> tuple[Tensor, bool]:
    """What went into the softmax or sigmoid that made a prediction, if one did; and whether the result is logits."""
    if prediction.logits is None:
        return prediction, from_logits
    if from_logits:
        made = f"a {prediction.activation} made y_pred"
        warnings.warn(f"{name}: from_logits=True, but {made}; its logits are used", stacklevel=4)
    return prediction.logits, True


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """``-sum(y_true * log(p))`` per sample.

    Parameters
    ----------
    y_true : (..., classes)
        One-hot rows, or other distributions.
    y_pred : (..., classes)
        Logits or probabilities.
    from_logits : bool, default False
    label_smoothing : float, default 0
        In [0, 1]: how much of every label is spread evenly over the classes.
    axis : int, default -1
        That of the classes.

    Raises
    ------
    ValueError
        Shapes don't fit.
    """
    name = "categorical_crossentropy"
    prediction, from_logits = _recovered(name, as_tensor(y_pred), from_logits)
    labels = as_tensor(y_true, prediction)
    if tuple(labels.shape) != tuple(prediction.shape):
        wanted, got = tuple(prediction.shape), tuple(labels.shape)
        numbers = got in (wanted[:-1], (*wanted[:-1], 1))
        instead = f"; for class numbers use sparse_{name}, or utils.to_categorical first" if numbers else ""
        raise ValueError(f"{name}: expected one-hot y_true {wanted}, got {got}{instead}")
    prediction, labels = last(name, axis, prediction, labels)
    labels = smoothed(labels, label_smoothing, prediction.shape[-1])
    if from_logits:
        return F.softmax_cross_entropy(prediction, labels)
    return F.negative(F.sum(F.multiply(labels, F.log(clipped(summing_to_one(prediction)))), -1))


def summing_to_one(probabilities: Tensor) -> Tensor:
    """Numbers divided by their sum over the last axis."""
    return F.divide(probabilities, F.sum(probabilities, -1, keepdims=True))


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Tensor:
    """``-log(p[label])`` per sample.

    Parameters
    ----------
    y_true : (...) or (..., 1) of integers
        Class numbers.
    y_pred : (..., classes)
        Logits or probabilities.
    from_logits : bool, default False
    ignore_class : int, optional
        Samples of this label have loss 0, and the result carries a mask without them.
    axis : int, default -1
        That of the classes.

    Raises
    ------
    ValueError
        Shapes don't fit.
    IndexError
        A label is negative or not below the number of classes.
    """
    name = "sparse_categorical_crossentropy"
    prediction, from_logits = _recovered(name, as_tensor(y_pred), from_logits)
    (prediction,) = last(name, axis, prediction)
    labels = class_numbers(name, y_true, prediction)
    counts = None
    if ignore_class is not None:
        counts = F.not_equal(labels, int(ignore_class))
        labels = F.where(counts, labels, 0)
        prediction = F.where(F.expand_dims(counts, -1), prediction, 0.0)
    if not from_logits:
        prediction = F.log(clipped(prediction))
    values = F.softmax_cross_entropy(prediction, labels)
    if counts is not None:
        values = F.where(counts, values, 0.0)
        values._mask = counts
    return values


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """``-(y_true * log(p) + (1 - y_true) * log(1 - p))``, mean over an axis.

    Parameters
    ----------
    y_true : (..., n)
        From 0 to 1; it may lack a last axis of size one, or have one more.
    y_pred : (..., n)
        Logits or probabilities.
    from_logits : bool, default False
    label_smoothing : float, default 0
        In [0, 1]: labels become ``y_true * (1 - label_smoothing) + label_smoothing / 2``.
    axis : int, default -1
        Over which the mean is taken.

    Raises
    ------
    ValueError
        The shapes differ otherwise: nothing is broadcast.
    """
    name = "binary_crossentropy"
    prediction, from_logits = _recovered(name, as_tensor(y_pred), from_logits)
    prediction, target = last(name, axis, *pair(name, y_true, prediction))
    return F.binary_cross_entropy(prediction, smoothed(target, label_smoothing, 2), from_logits=from_logits)


def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Tensor:
    """``(1 - p[label]**q) / q`` per sample: less moved by wrong labels than cross-entropy (Zhang and Sabuncu 2018).

    Parameters
    ----------
    y_true : (...) or (..., 1) of integers
        Class numbers.
    y_pred : (..., classes)
        Probabilities.
    q : float
        In (0, 1]; towards 0 the loss becomes cross-entropy.
    """
    prediction = as_tensor(y_pred)
    labels = class_numbers("categorical_generalized_cross_entropy", y_true, prediction)
    one_hot = F.cast(F.one_hot(labels, prediction.shape[-1]), prediction.dtype)
    chosen = F.sum(F.multiply(prediction, one_hot), -1)
    return F.divide(F.subtract(1.0, F.power(chosen, q)), q)


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy against class numbers; see `sparse_categorical_crossentropy`."""

    sparse = True

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            sparse_categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=bool(from_logits),
            ignore_class=ignore_class,
            axis=axis,
        )


class SmoothedCrossentropy(LossFunctionWrapper):
    """A cross-entropy that takes logits and smooths labels; options of its own come first in the configuration."""

    def __init__(
        self,
        fn: LossFunction,
        from_logits: bool,
        label_smoothing: float,
        axis: int,
        reduction: str | None,
        name: str | None,
        dtype: Any,
        **own: Any,
    ) -> None:
        if not 0 <= label_smoothing <= 1:
            cls = type(self).__name__
            raise ValueError(f"{cls}: expected label_smoothing in [0, 1], got {label_smoothing}")
        common = {"from_logits": bool(from_logits), "label_smoothing": float(label_smoothing), "axis": axis}
        super().__init__(fn, reduction, name, dtype, **own, **common)


class CategoricalCrossentropy(SmoothedCrossentropy):
    """Cross-entropy against one-hot rows; see `categorical_crossentropy`."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(categorical_crossentropy, from_logits, label_smoothing, axis, reduction, name, dtype)


class BinaryCrossentropy(SmoothedCrossentropy):
    """Cross-entropy of yes or no; see `binary_crossentropy`."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(binary_crossentropy, from_logits, label_smoothing, axis, reduction, name, dtype)


class CategoricalGeneralizedCrossEntropy(LossFunctionWrapper):
    """Cross-entropy that wrong labels move less; see `categorical_generalized_cross_entropy`."""

    sparse = True

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        if not 0 < q < 1:
            raise ValueError(f"CategoricalGeneralizedCrossEntropy: expected q in (0, 1), got {q}")
        super().__init__(categorical_generalized_cross_entropy, reduction, name, dtype, q=float(q))


class CrossentropyByShape(Loss):
    """What the names "crossentropy" and "ce" mean, told apart by shape as in Keras.

    Predictions (..., 1) are binary; of others class numbers and one-hot rows are told apart.
    """

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        prediction, labels = as_tensor(y_pred), y_true if isinstance(y_true, Tensor) else as_tensor(y_true)
        if prediction.shape[-1] == 1:
            return binary_crossentropy(labels, prediction)
        if labels.ndim < prediction.ndim or labels.shape[-1] == 1:
            return sparse_categorical_crossentropy(y_true, prediction)
        return categorical_crossentropy(labels, prediction)
