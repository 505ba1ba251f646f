"""Constraints of weights by Keras 3's names: what a weight is projected onto after every step of an optimizer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from . import _config
from . import functional as F
from .losses.regression import EPSILON
from .tensor import Tensor

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]

Axis = int | list[int] | tuple[int, ...] | None


class Constraint(_config.Configurable):
    """Base of the constraints. A subclass defines ``__call__(w)``, which gives the values that w takes on."""

    def __call__(self, w: Tensor) -> Tensor:
        """What w becomes."""
        return w


def _axis(axis: Axis) -> int | tuple[int, ...] | None:
    return tuple(axis) if isinstance(axis, list) else axis


def _norms(w: Tensor, axis: Axis) -> Tensor:
    return F.sqrt(F.sum(F.multiply(w, w), _axis(axis), keepdims=True))


class MaxNorm(Constraint):
    """Weights of no more than a norm along an axis.

    Parameters
    ----------
    max_value : float, default 2
        The largest norm.
    axis : int or list of int, default 0
        For a kernel (in, out) 0: the weights that lead to one unit. For one (height, width, in, out) [0, 1, 2].
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Tensor) -> Tensor:
        """What w becomes."""
        norms = _norms(w, self.axis)
        return F.multiply(w, F.divide(F.clip(norms, 0.0, self.max_value), F.add(norms, EPSILON)))

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value, "axis": self.axis}


class NonNeg(Constraint):
    """Weights that are not negative: others become 0."""

    def __call__(self, w: Tensor) -> Tensor:
        """What w becomes."""
        return F.maximum(w, 0.0)


class UnitNorm(Constraint):
    """Weights of norm 1 along an axis, which is given as for `MaxNorm`."""

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = axis

    def __call__(self, w: Tensor) -> Tensor:
        """What w becomes."""
        return F.divide(w, F.add(_norms(w, self.axis), EPSILON))

    def get_config(self) -> dict[str, Any]:
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """Weights whose norms along an axis lie between two values.

    Parameters
    ----------
    min_value, max_value : float, default 0 and 1
    rate : float, default 1
        How far a norm goes towards its bound in one step: 1 goes all the way.
    axis : int or list of int, default 0
        As for `MaxNorm`.
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0) -> None:
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis
        if not min_value <= max_value < math.inf:
            raise ValueError(f"MinMaxNorm: expected min_value up to max_value, got {min_value} and {max_value}")

    def __call__(self, w: Tensor) -> Tensor:
        """What w becomes."""
        norms = _norms(w, self.axis)
        clipped = F.clip(norms, self.min_value, self.max_value)
        desired = F.add(F.multiply(clipped, self.rate), F.multiply(norms, 1 - self.rate))
        return F.multiply(w, F.divide(desired, F.add(norms, EPSILON)))

    def get_config(self) -> dict[str, Any]:
        own = {"min_value": self.min_value, "max_value": self.max_value}
        return {**own, "rate": self.rate, "axis": self.axis}


max_norm, non_neg, unit_norm, min_max_norm = MaxNorm, NonNeg, UnitNorm, MinMaxNorm

ConstraintLike = Callable[[Tensor], Any] | str | Mapping[str, Any] | None

_CLASSES: tuple[type[Constraint], ...] = (MaxNorm, NonNeg, UnitNorm, MinMaxNorm)
_NAMES: dict[str, type[Constraint]] = {
    name: cls for cls in _CLASSES for name in (cls.__name__, _config.snake_case(cls.__name__))
}


def get(identifier: ConstraintLike) -> Callable[[Tensor], Any] | None:
    """A constraint from a name ("non_neg"), an object, a class, a configuration or a function; None for None."""
    if identifier is None or (callable(identifier) and not isinstance(identifier, type)):
        return identifier
    return _config.resolve("constraint", identifier, Constraint, _NAMES)


def serialize(constraint: Any) -> Any:
    """The description of a constraint, or the name of a function of the user's own.

    Raises
    ------
    ValueError
        It is a function without a name, such as a lambda, or with the name of another constraint.
    """
    return _config.serialize_or_name("constraint", constraint, Constraint, _NAMES)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The constraint that a description or a name tells of; custom_objects maps names to classes and functions of your
    own."""
    return _config.deserialize_or_get("constraint", config, _NAMES, custom_objects, get)
