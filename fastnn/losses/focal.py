"""Focal losses: cross-entropies in which samples that are predicted well weigh less (Lin et al. 2017)."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from ..tensor import Tensor
from .arrays import last, pair
from .crossentropy import SmoothedCrossentropy, clipped, smoothed, summing_to_one

__all__ = [
    "BinaryFocalCrossentropy",
    "CategoricalFocalCrossentropy",
    "binary_focal_crossentropy",
    "categorical_focal_crossentropy",
]


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """``-(1 - q)**gamma * log(q)``, mean over an axis; q is the probability given to what the label says.

    Parameters
    ----------
    y_true, y_pred : (..., n)
        As for `binary_crossentropy`.
    apply_class_balancing : bool, default False
        Whether labels of 1 weigh alpha, and others 1 - alpha.
    alpha : float, default 0.25
    gamma : float, default 2
        0 gives cross-entropy.
    from_logits : bool, default False
    label_smoothing : float, default 0
    axis : int, default -1

    Raises
    ------
    ValueError
        The shapes differ: nothing is broadcast.
    """
    name = "binary_focal_crossentropy"
    prediction, target = last(name, axis, *pair(name, y_true, y_pred))
    target = smoothed(target, label_smoothing, 2)
    other = F.subtract(1.0, target)
    if from_logits:
        prediction = F.sigmoid(prediction)
    p = clipped(prediction)
    crossentropy = F.negative(F.add(F.multiply(target, F.log(p)), F.multiply(other, F.log(F.subtract(1.0, p)))))
    q = F.add(F.multiply(target, prediction), F.multiply(other, F.subtract(1.0, prediction)))
    values = F.multiply(F.power(F.subtract(1.0, q), gamma), crossentropy)
    if apply_class_balancing:
        values = F.multiply(F.add(F.multiply(target, alpha), F.multiply(other, 1.0 - alpha)), values)
    return F.mean(values, -1)


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """``-sum(alpha * (1 - p)**gamma * y_true * log(p))`` per sample.

    Parameters
    ----------
    y_true, y_pred : (..., classes)
        As for `categorical_crossentropy`.
    alpha : float or list of float, default 0.25
        Weight of all classes, or of each.
    gamma : float, default 2
        0 gives cross-entropy, times alpha.
    from_logits : bool, default False
    label_smoothing : float, default 0
    axis : int, default -1
        That of the classes.

    Raises
    ------
    ValueError
        The shapes differ.
    """
    name = "categorical_focal_crossentropy"
    prediction, labels = last(name, axis, *pair(name, y_true, y_pred))
    labels = smoothed(labels, label_smoothing, prediction.shape[-1])
    if from_logits:
        prediction = F.softmax(prediction)
    p = clipped(summing_to_one(prediction))
    weights = F.power(F.subtract(1.0, p), gamma)
    for_each = isinstance(alpha, list | tuple)
    weights = F.stack([weights[..., i] * a for i, a in enumerate(alpha)], -1) if for_each else weights * alpha
    return F.negative(F.sum(F.multiply(weights, F.multiply(labels, F.log(p))), -1))


class BinaryFocalCrossentropy(SmoothedCrossentropy):
    """Cross-entropy of yes or no in which what is predicted well weighs less; see `binary_focal_crossentropy`."""

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            binary_focal_crossentropy,
            from_logits,
            label_smoothing,
            axis,
            reduction,
            name,
            dtype,
            apply_class_balancing=bool(apply_class_balancing),
            alpha=float(alpha),
            gamma=float(gamma),
        )


class CategoricalFocalCrossentropy(SmoothedCrossentropy):
    """Cross-entropy against one-hot rows in which what is predicted well weighs less.

    See `categorical_focal_crossentropy`.
    """

    def __init__(
        self,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            categorical_focal_crossentropy,
            from_logits,
            label_smoothing,
            axis,
            reduction,
            name,
            dtype,
            alpha=[float(a) for a in alpha] if isinstance(alpha, list | tuple) else float(alpha),
            gamma=float(gamma),
        )
