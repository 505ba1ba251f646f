"""Losses by Keras 3's names: classes, and functions that give one loss per sample.

Categorical cross-entropy is always computed from logits: of a prediction that a softmax made, those that went into it;
any other prediction needs from_logits=True. Binary cross-entropy takes the logits of a sigmoid likewise, and other
probabilities as they are.
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
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "Huber",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
    "binary_crossentropy",
    "categorical_crossentropy",
    "get",
    "huber",
    "mean_absolute_error",
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


def binary_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0) -> Tensor:
    """``-(y_true * log(p) + (1 - y_true) * log(1 - p))``, mean over the last axis.

    Parameters
    ----------
    y_true : (..., n)
        From 0 to 1; it may lack a last axis of size one, or have one more.
    y_pred : (..., n)
        Logits, or probabilities. Of those that a sigmoid made the logits are used; others are clipped to
        [1e-7, 1 - 1e-7], as in Keras.
    from_logits : bool, default False
    label_smoothing : float, default 0
        In [0, 1]: labels become ``y_true * (1 - label_smoothing) + label_smoothing / 2``.

    Raises
    ------
    ValueError
        The shapes differ otherwise: nothing is broadcast.
    """
    prediction = _as_tensor(y_pred)
    if prediction.logits is not None and prediction.activation == "sigmoid":
        if from_logits:
            _warn_of_logits("binary_crossentropy", "sigmoid")
        prediction, from_logits = prediction.logits, True
    target = _aligned("binary_crossentropy", y_true, prediction)
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / 2
    return F.binary_cross_entropy(*_rows(prediction, target), from_logits=from_logits)


def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """``mean((y_true - y_pred)**2)`` over the last axis.

    Parameters
    ----------
    y_true, y_pred : (..., n)
        y_true may lack a last axis of size one, or have one more. Of (n,) every number is a sample.

    Raises
    ------
    ValueError
        The shapes differ otherwise: nothing is broadcast.
    """
    prediction = _as_tensor(y_pred)
    return F.squared_error(*_rows(prediction, _aligned("mean_squared_error", y_true, prediction)))


def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    """``mean(abs(y_true - y_pred))`` over the last axis.

    Parameters
    ----------
    y_true, y_pred : (..., n)
        As for `mean_squared_error`.

    Raises
    ------
    ValueError
        The shapes differ otherwise: nothing is broadcast.
    """
    prediction = _as_tensor(y_pred)
    return F.absolute_error(*_rows(prediction, _aligned("mean_absolute_error", y_true, prediction)))


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
    prediction = _as_tensor(y_pred)
    return F.huber(*_rows(prediction, _aligned("huber", y_true, prediction)), delta=delta)


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


class BinaryCrossentropy(Loss):
    """Cross-entropy of yes or no; see `binary_crossentropy`."""

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"BinaryCrossentropy: expected label_smoothing in [0, 1], got {label_smoothing}")
        self.from_logits, self.label_smoothing = bool(from_logits), float(label_smoothing)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        return binary_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "from_logits": self.from_logits, "label_smoothing": self.label_smoothing}


class MeanSquaredError(Loss):
    """Mean of the squared differences; see `mean_squared_error`."""

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        return mean_squared_error(y_true, y_pred)


class MeanAbsoluteError(Loss):
    """Mean of the absolute differences; see `mean_absolute_error`."""

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        return mean_absolute_error(y_true, y_pred)


class Huber(Loss):
    """Squares of small differences, absolute values of large ones; see `huber`."""

    def __init__(self, delta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 < delta < float("inf"):
            raise ValueError(f"Huber: expected a delta that is finite and above 0, got {delta}")
        self.delta = float(delta)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        return huber(y_true, y_pred, self.delta)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "delta": self.delta}


class FunctionLoss(Loss):
    """A function of (y_true, y_pred) that gives one loss per sample, or one in all, as a loss."""

    def __init__(self, function: Callable[[Any, Any], Tensor]) -> None:
        super().__init__(name=getattr(function, "__name__", "loss"))
        self.function = function

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        return self.function(y_true, y_pred)

    def get_config(self) -> dict[str, Any]:
        raise ValueError(f"loss: {self.name} is a function of your own, which a configuration can't hold")


_FUNCTIONS: dict[Any, type[Loss]] = {
    sparse_categorical_crossentropy: SparseCategoricalCrossentropy,
    categorical_crossentropy: CategoricalCrossentropy,
    binary_crossentropy: BinaryCrossentropy,
    mean_squared_error: MeanSquaredError,
    mean_absolute_error: MeanAbsoluteError,
    huber: Huber,
}
_NAMES: dict[str, type[Loss]] = {
    **{cls.__name__: cls for cls in _FUNCTIONS.values()},
    **{function.__name__: cls for function, cls in _FUNCTIONS.items()},
    "mse": MeanSquaredError,
    "MSE": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "MAE": MeanAbsoluteError,
    "bce": BinaryCrossentropy,
    "BCE": BinaryCrossentropy,
}


def get(identifier: Any) -> Loss:
    """A loss from a name ("mse"), an object, a class, a configuration, or a function(y_true, y_pred)."""
    if callable(identifier) and not isinstance(identifier, type | Loss):
        return _FUNCTIONS[identifier]() if identifier in _FUNCTIONS else FunctionLoss(identifier)
    return resolve("loss", identifier, Loss, _NAMES)


def _as_tensor(value: Any) -> Tensor:
    """A Tensor as it is, anything else as float32."""
    return value if isinstance(value, Tensor) else Tensor(np.ascontiguousarray(value, dtype=np.float32))


def _aligned(name: str, y_true: Any, prediction: Tensor) -> Tensor:
    """Targets of the shape of the predictions; a last axis of size one comes or goes, nothing is broadcast."""
    target = _as_tensor(y_true)
    shape, got = tuple(prediction.shape), tuple(target.shape)
    if got != shape and (got == (*shape, 1) or (*got, 1) == shape):
        return F.reshape(target, (-1, *shape[1:]))
    if got != shape:
        raise ValueError(f"{name}: expected y_true {shape}, got {got}")
    return target


def _rows(prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Both with a last axis to take the mean over: of (n,) every number is a sample."""
    if prediction.ndim > 1:
        return prediction, target
    return F.reshape(prediction, (-1, 1)), F.reshape(target, (-1, 1))


def _warn_of_logits(name: str, activation: str) -> None:
    warnings.warn(f"{name}: from_logits=True, but a {activation} made y_pred; its logits are used", stacklevel=5)


def _logits(name: str, y_pred: Any, from_logits: bool) -> Tensor:
    """What the softmax gets, or got."""
    prediction = _as_tensor(y_pred)
    if prediction.logits is not None and prediction.activation == "softmax":
        if from_logits:
            _warn_of_logits(name, "softmax")
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
