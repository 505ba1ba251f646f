"""Losses between distributions, margins and regions: Kullback and Leibler's, hinges, Dice, Tversky, circle."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from ..tensor import Tensor
from .arrays import as_tensor, pair
from .base import LossFunctionWrapper
from .regression import EPSILON

__all__ = [
    "CategoricalHinge",
    "Circle",
    "Dice",
    "Hinge",
    "KLDivergence",
    "Poisson",
    "SquaredHinge",
    "Tversky",
    "categorical_hinge",
    "circle",
    "dice",
    "hinge",
    "kl_divergence",
    "poisson",
    "squared_hinge",
    "tversky",
]


def kl_divergence(y_true: Any, y_pred: Any) -> Tensor:
    """``sum(y_true * log(y_true / y_pred))`` over the last axis, of probabilities clipped to [1e-7, 1].

    Parameters
    ----------
    y_true, y_pred : (..., n)

    Raises
    ------
    ValueError
        The shapes differ: nothing is broadcast.
    """
    prediction, target = pair("kl_divergence", y_true, y_pred)
    target, prediction = F.clip(target, EPSILON, 1.0), F.clip(prediction, EPSILON, 1.0)
    return F.sum(F.multiply(target, F.log(F.divide(target, prediction))), -1)


def poisson(y_true: Any, y_pred: Any) -> Tensor:
    """``mean(y_pred - y_true * log(y_pred + 1e-7))`` over the last axis. Arguments as for `kl_divergence`."""
    prediction, target = pair("poisson", y_true, y_pred)
    return F.mean(F.subtract(prediction, F.multiply(target, F.log(F.add(prediction, EPSILON)))), -1)


def hinge(y_true: Any, y_pred: Any) -> Tensor:
    """``mean(max(1 - y_true * y_pred, 0))`` over the last axis.

    Parameters
    ----------
    y_true : (..., n)
        -1 or 1; labels that are all 0 or 1 become -1 or 1.
    y_pred : (..., n)

    Raises
    ------
    ValueError
        The shapes differ: nothing is broadcast.
    """
    return F.mean(_margins("hinge", y_true, y_pred), -1)


def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """``mean(max(1 - y_true * y_pred, 0)**2)`` over the last axis. Arguments and errors as for `hinge`."""
    margins = _margins("squared_hinge", y_true, y_pred)
    return F.mean(F.multiply(margins, margins), -1)


def _margins(name: str, y_true: Any, y_pred: Any) -> Tensor:
    """How far each prediction falls short of its label's side."""
    prediction, target = pair(name, y_true, y_pred)
    binary = F.all(F.logical_or(F.equal(target, 0.0), F.equal(target, 1.0)))
    target = F.where(binary, F.subtract(F.multiply(target, 2.0), 1.0), target)
    return F.maximum(F.subtract(1.0, F.multiply(target, prediction)), 0.0)


def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """``max(1 + max((1 - y_true) * y_pred) - sum(y_true * y_pred), 0)`` over the last axis.

    Parameters
    ----------
    y_true : (..., classes)
        One-hot rows.
    y_pred : (..., classes)

    Raises
    ------
    ValueError
        The shapes differ.
    """
    prediction, target = pair("categorical_hinge", y_true, y_pred)
    right = F.sum(F.multiply(target, prediction), -1)
    wrong = F.max(F.multiply(F.subtract(1.0, target), prediction), -1)
    return F.maximum(F.add(F.subtract(wrong, right), 1.0), 0.0)


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Tensor:
    """``1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred))`` (Milletari, Navab and Ahmadi 2016).

    Parameters
    ----------
    y_true, y_pred : (...)
        From 0 to 1, of one shape.
    axis : int or tuple of int, optional
        Over which the sums are taken; over all when not given.
    """
    prediction, target = pair("dice", y_true, y_pred)
    both = F.sum(F.multiply(target, prediction), axis)
    sizes = F.add(F.add(F.sum(target, axis), F.sum(prediction, axis)), EPSILON)
    return F.subtract(1.0, F.divide(F.multiply(both, 2.0), sizes))


def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Tensor:
    """``1 - both / (both + alpha * missed + beta * added)`` (Salehi, Erdogmus and Gholipour 2017).

    Parameters
    ----------
    y_true, y_pred : (...)
        From 0 to 1, of one shape.
    alpha : float, default 0.5
        Weight of ``missed = sum(y_true * (1 - y_pred))``.
    beta : float, default 0.5
        Weight of ``added = sum((1 - y_true) * y_pred)``.
    axis : int or tuple of int, optional
        As for `dice`.
    """
    prediction, target = pair("tversky", y_true, y_pred)
    both = F.sum(F.multiply(target, prediction), axis)
    missed = F.sum(F.multiply(F.subtract(1.0, prediction), target), axis)
    added = F.sum(F.multiply(prediction, F.subtract(1.0, target)), axis)
    everything = F.add(F.add(F.add(both, F.multiply(missed, alpha)), F.multiply(added, beta)), EPSILON)
    return F.subtract(1.0, F.divide(both, everything))


def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80.0,
    margin: float = 0.4,
) -> Tensor:
    """Circle loss of embeddings (Sun et al. 2020): those of one label are drawn together, others pushed apart.

    Parameters
    ----------
    y_true : (samples,) of integers
    y_pred : (samples, features)
        Embeddings of length 1.
    ref_labels : (references,) of integers, optional
        Labels of ref_embeddings; y_true when not given.
    ref_embeddings : (references, features), optional
        Those to compare with; y_pred when not given.
    remove_diagonal : bool, default True
        Whether a sample is not compared with the reference of its own number.
    gamma : float, default 80
        Scale.
    margin : float, default 0.4

    Returns
    -------
    Tensor, (samples,)
        It carries a mask of the losses above 0.
    """
    embeddings, labels = as_tensor(y_pred), as_tensor(y_true)
    references = embeddings if ref_embeddings is None else as_tensor(ref_embeddings)
    other_labels = labels if ref_labels is None else as_tensor(ref_labels)
    labels, other_labels = F.reshape(labels, (-1,)), F.reshape(other_labels, (-1,))
    distances = F.maximum(F.subtract(1.0, F.matmul(embeddings, F.transpose(references))), 0.0)
    alike = F.equal(F.expand_dims(labels, 1), F.expand_dims(other_labels, 0))
    different = F.logical_not(alike)
    if remove_diagonal:
        places, others = (F.cumsum(F.fill(item, 1.0)) for item in (labels, other_labels))
        alike = F.logical_and(alike, F.not_equal(F.expand_dims(places, 1), F.expand_dims(others, 0)))
    near = F.multiply(F.multiply(F.add(distances, margin), F.subtract(margin, distances)), -gamma)
    reach = F.maximum(F.subtract(1.0 + margin, distances), 0.0)
    far = F.multiply(F.multiply(reach, F.subtract(1.0 - margin, distances)), gamma)
    nothing = -1e30  # no pair of this kind: adds nothing, and its gradient is 0
    drawn = F.logsumexp(F.where(alike, near, nothing), 1)
    pushed = F.logsumexp(F.where(different, far, nothing), 1)
    values = F.softplus(F.add(drawn, pushed))
    values._mask = F.greater(values, 0.0)
    return values


class KLDivergence(LossFunctionWrapper):
    """Kullback and Leibler's divergence; see `kl_divergence`. Arguments as for `Loss`."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "kl_divergence", dtype: Any = None
    ) -> None:
        super().__init__(kl_divergence, reduction, name, dtype)


class Poisson(LossFunctionWrapper):
    """Poisson's negative log-likelihood without what y_pred doesn't change; see `poisson`. Arguments as for `Loss`."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "poisson", dtype: Any = None
    ) -> None:
        super().__init__(poisson, reduction, name, dtype)


class Hinge(LossFunctionWrapper):
    """How far predictions fall short of a margin; see `hinge`. Arguments as for `Loss`."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "hinge", dtype: Any = None
    ) -> None:
        super().__init__(hinge, reduction, name, dtype)


class SquaredHinge(LossFunctionWrapper):
    """The square of `Hinge`, before the mean; see `squared_hinge`. Arguments as for `Loss`."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "squared_hinge", dtype: Any = None
    ) -> None:
        super().__init__(squared_hinge, reduction, name, dtype)


class CategoricalHinge(LossFunctionWrapper):
    """How little the right class stands above the best wrong one; see `categorical_hinge`. Arguments as for `Loss`."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "categorical_hinge", dtype: Any = None
    ) -> None:
        super().__init__(categorical_hinge, reduction, name, dtype)


class Dice(LossFunctionWrapper):
    """How little two regions overlap; see `dice`."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dice, reduction, name, dtype, axis=axis)


class Tversky(LossFunctionWrapper):
    """How little two regions overlap, with weights for what is missed and what is added; see `tversky`."""

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(tversky, reduction, name, dtype, alpha=float(alpha), beta=float(beta), axis=axis)


class Circle(LossFunctionWrapper):
    """Circle loss of embeddings; see `circle`."""

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "circle",
        dtype: Any = None,
    ) -> None:
        options = {"gamma": float(gamma), "margin": float(margin), "remove_diagonal": bool(remove_diagonal)}
        super().__init__(circle, reduction, name, dtype, **options)
