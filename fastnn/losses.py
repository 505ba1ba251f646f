"""Losses by Keras 3's names: classes, and functions that give one loss per sample.

Cross-entropy is always computed from logits: of a prediction that a softmax made, those that went into it; any other
prediction needs from_logits=True.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from . import functional as F
from ._config import Configurable, resolve, snake_case
from .tensor import Tensor

__all__ = [
    "CategoricalCrossentropy",
    "Loss",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
    "categorical_crossentropy",
    "get",
    "mean_squared_error",
    "sparse_categorical_crossentropy",
]


def sparse_categorical_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False) -> Tensor:
    """``-log(p[label])`` per sample.

    Parameters
    ----------
    y_true : (...) or (..., 1) of integers
        Class numbers.
    y_pred : (..., classes)
        Logits, or the probabilities that a softmax made of them.
    from_logits : bool, default False

    Raises
    ------
    ValueError
        Shapes don't fit, or probabilities don't come from a softmax.
    IndexError
        A label is negative or not below the number of classes.
    """
    logits = _logits("sparse_categorical_crossentropy", y_pred, from_logits)
    labels = _labels("sparse_categorical_crossentropy", y_true, logits)
    return F.softmax_cross_entropy(logits, labels)


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0
) -> Tensor:
    """``-sum(y_true * log(p))`` per sample.

    Parameters
    ----------
    y_true : (..., classes)
        One-hot rows, or other distributions.
    y_pred : (..., classes)
        Logits, or the probabilities that a softmax made of them.
    from_logits : bool, default False
    label_smoothing : float, default 0
        In [0, 1]: how much of every label is spread evenly over the classes.

    Raises
    ------
    ValueError
        Shapes don't fit, or probabilities don't come from a softmax.
    """
    logits = _logits("categorical_crossentropy", y_pred, from_logits)
    labels = _as_tensor(y_true)
    if tuple(labels.shape) != tuple(logits.shape):
        raise ValueError(
            f"categorical_crossentropy: expected one-hot y_true {tuple(logits.shape)}, got {tuple(labels.shape)}"
        )
    if label_smoothing:
        labels = labels * (1 - label_smoothing) + label_smoothing / labels.shape[-1]
    return F.softmax_cross_entropy(logits, labels)


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
    prediction, target = _as_tensor(y_pred), _as_tensor(y_true)
    if tuple(target.shape) in (tuple(prediction.shape[:-1]), (*prediction.shape, 1)):
        shape = tuple(prediction.shape)
        if target.ndim > prediction.ndim or shape[-1:] == (1,):
            target = F.reshape(target, (-1, *shape[1:]))
    if tuple(target.shape) != tuple(prediction.shape):
        raise ValueError(f"mean_squared_error: expected y_true {tuple(prediction.shape)}, got {tuple(target.shape)}")
    difference = prediction - target
    squares = difference * difference
    return F.mean(squares, axis=-1) if squares.ndim > 1 else squares


class Loss(Configurable):
    """Base of the losses: `call` gives one loss per sample, calling the object their mean.

    Parameters
    ----------
    reduction : {"sum_over_batch_size", "mean", "sum", "none"} or None, default "sum_over_batch_size"
        The first two are the mean. Training takes the mean.
    name : str, optional
    """

    sparse = False  # whether labels are class numbers

    def __init__(self, *, reduction: str | None = "sum_over_batch_size", name: str | None = None) -> None:
        if reduction not in ("sum_over_batch_size", "mean", "sum", "none", None):
            raise ValueError(
                f"{type(self).__name__}: expected reduction sum_over_batch_size, sum or none, got {reduction!r}"
            )
        self.reduction = reduction
        self.name = snake_case(type(self).__name__) if name is None else name

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """One loss per sample."""
        raise NotImplementedError(f"{type(self).__name__} does not implement call")

    def __call__(self, y_true: Any, y_pred: Any) -> Tensor:
        """The losses of the samples, reduced."""
        values = self.call(y_true, y_pred)
        if self.reduction in ("none", None):
            return values
        return F.sum(values) if self.reduction == "sum" else F.mean(values)

    def get_config(self) -> dict[str, Any]:
        return {"reduction": self.reduction, "name": self.name}


class SparseCategoricalCrossentropy(Loss):
    """Cross-entropy against class numbers; see `sparse_categorical_crossentropy`."""

    sparse = True

    def __init__(self, from_logits: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.from_logits = bool(from_logits)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        return sparse_categorical_crossentropy(y_true, y_pred, self.from_logits)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "from_logits": self.from_logits}


class CategoricalCrossentropy(Loss):
    """Cross-entropy against one-hot rows; see `categorical_crossentropy`."""

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"CategoricalCrossentropy: expected label_smoothing in [0, 1], got {label_smoothing}")
        self.from_logits, self.label_smoothing = bool(from_logits), float(label_smoothing)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        return categorical_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "from_logits": self.from_logits, "label_smoothing": self.label_smoothing}


class MeanSquaredError(Loss):
    """Mean of the squared differences; see `mean_squared_error`."""

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        return mean_squared_error(y_true, y_pred)


class FunctionLoss(Loss):
    """A function of (y_true, y_pred) that gives one loss per sample, or one in all, as a loss."""

    def __init__(self, function: Callable[[Any, Any], Tensor]) -> None:
        super().__init__(name=getattr(function, "__name__", "loss"))
        self.function = function

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        return self.function(y_true, y_pred)

    def get_config(self) -> dict[str, Any]:
        raise ValueError(f"loss: {self.name} is a function of your own, which a configuration can't hold")


_NAMES: dict[str, type[Loss]] = {
    **{cls.__name__: cls for cls in (SparseCategoricalCrossentropy, CategoricalCrossentropy, MeanSquaredError)},
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "mean_squared_error": MeanSquaredError,
    "mse": MeanSquaredError,
    "MSE": MeanSquaredError,
}
_FUNCTIONS: dict[Any, type[Loss]] = {
    sparse_categorical_crossentropy: SparseCategoricalCrossentropy,
    categorical_crossentropy: CategoricalCrossentropy,
    mean_squared_error: MeanSquaredError,
}


def get(identifier: Any) -> Loss:
    """A loss from a name ("mse"), an object, a class, a configuration, or a function(y_true, y_pred)."""
    if callable(identifier) and not isinstance(identifier, type | Loss):
        return _FUNCTIONS[identifier]() if identifier in _FUNCTIONS else FunctionLoss(identifier)
    return resolve("loss", identifier, Loss, _NAMES)


def _as_tensor(value: Any) -> Tensor:
    """A Tensor as it is, anything else as float32."""
    return value if isinstance(value, Tensor) else Tensor(np.ascontiguousarray(value, dtype=np.float32))


def _logits(name: str, y_pred: Any, from_logits: bool) -> Tensor:
    """What the softmax gets, or got."""
    prediction = _as_tensor(y_pred)
    if prediction.logits is not None:
        if from_logits:
            warnings.warn(f"{name}: from_logits=True, but a softmax made y_pred; its logits are used", stacklevel=4)
        return prediction.logits
    if not from_logits:
        raise ValueError(
            f"{name}: expected probabilities that a softmax made, got others; end the model with activation='softmax', "
            "or leave the softmax out and use from_logits=True"
        )
    return prediction


def _labels(name: str, y_true: Any, logits: Tensor) -> Tensor:
    """Class numbers (...) for logits (..., classes); a last axis of size one is dropped."""
    labels = y_true if isinstance(y_true, Tensor) else Tensor(whole_numbers(name, np.asarray(y_true)))
    if labels.ndim == logits.ndim and labels.shape[-1] == 1:
        labels = F.reshape(labels, (-1, *logits.shape[1:-1]))
    if tuple(labels.shape) != tuple(logits.shape[:-1]):
        raise ValueError(f"{name}: expected class numbers y_true {tuple(logits.shape[:-1])}, got {tuple(labels.shape)}")
    return labels


def whole_numbers(name: str, labels: np.ndarray) -> np.ndarray:
    """Labels as uint8, int32 or int64."""
    if labels.dtype in (np.uint8, np.int32, np.int64):
        return labels
    if labels.dtype.kind not in "iubf":
        raise TypeError(f"{name}: expected labels to be integers, got {labels.dtype}")
    # the bounds refuse NaN and what int64 can't hold
    if labels.dtype.kind == "f" and not np.all((np.abs(labels) < 2**62) & (np.trunc(labels) == labels)):
        raise ValueError(f"{name}: expected labels to be whole numbers, got {labels.dtype} with others")
    return labels.astype(np.int64)
