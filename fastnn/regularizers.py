"""Penalties of weights and activations by Keras 3's names: what they add is part of the loss in training."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from . import _config
from . import functional as F
from .losses.regression import unit_length
from .tensor import Tensor, as_tensor, constant

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]


class Regularizer(_config.Configurable):
    """Base of the regularizers. A subclass defines ``__call__(x)``, which gives a number to add to the loss.

    Those of this module take Tensors and arrays.
    """

    def __call__(self, x: Any) -> Any:
        """What x adds to the loss."""
        return 0.0


def _factor(cls: str, name: str, value: Any) -> float:
    """A factor of a penalty, checked."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{cls}: expected {name} to be a number, got {value!r}")
    if not 0 <= value < math.inf:
        raise ValueError(f"{cls}: expected {name} finite and not negative, got {value}")
    return float(value)


def _absolute(x: Any, factor: float) -> Tensor:
    return F.multiply(F.sum(F.abs(as_tensor(x))), factor)


def _squared(x: Any, factor: float) -> Tensor:
    x = as_tensor(x)
    return F.multiply(F.sum(F.multiply(x, x)), factor)


class L1(Regularizer):
    """``l1 * sum(abs(x))``."""

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = _factor("L1", "l1", 0.01 if l1 is None else l1)

    def __call__(self, x: Any) -> Tensor:
        """What x adds to the loss."""
        return _absolute(x, self.l1)

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


class L2(Regularizer):
    """``l2 * sum(x**2)``."""

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = _factor("L2", "l2", 0.01 if l2 is None else l2)

    def __call__(self, x: Any) -> Tensor:
        """What x adds to the loss."""
        return _squared(x, self.l2)

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


class L1L2(Regularizer):
    """``l1 * sum(abs(x)) + l2 * sum(x**2)``."""

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1, self.l2 = _factor("L1L2", "l1", l1 or 0.0), _factor("L1L2", "l2", l2 or 0.0)

    def __call__(self, x: Any) -> Any:
        """What x adds to the loss."""
        parts = [part(x, factor) for part, factor in ((_absolute, self.l1), (_squared, self.l2)) if factor]
        return parts[0] if len(parts) == 1 else F.add(*parts) if parts else 0.0

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


class OrthogonalRegularizer(Regularizer):
    """The mean of the absolute cosines between the rows, or columns, of a matrix, times a factor.

    Parameters
    ----------
    factor : float, default 0.01
    mode : {"rows", "columns"}, default "rows"
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = _factor("OrthogonalRegularizer", "factor", factor)
        if mode not in ("rows", "columns"):
            raise ValueError(f"OrthogonalRegularizer: expected mode 'rows' or 'columns', got {mode!r}")
        self.mode = mode

    def __call__(self, inputs: Any) -> Tensor:
        """What a matrix adds to the loss."""
        inputs = as_tensor(inputs)
        if inputs.ndim != 2:
            raise ValueError(f"OrthogonalRegularizer: expected a matrix, got shape {tuple(inputs.shape)}")
        rows = unit_length(inputs, 1) if self.mode == "rows" else F.transpose(unit_length(inputs, 0))
        size = rows.shape[0]
        others = constant(1.0 - np.eye(size), rows.dtype)
        cosines = F.multiply(F.matmul(rows, F.transpose(rows)), others)
        return F.multiply(F.sum(F.abs(cosines)), self.factor / (size * (size - 1)) if size > 1 else 0.0)

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer

RegularizerLike = Callable[[Tensor], Any] | str | Mapping[str, Any] | None

_CLASSES: tuple[type[Regularizer], ...] = (L1, L2, L1L2, OrthogonalRegularizer)
_NAMES: dict[str, type[Regularizer]] = {
    **{name: cls for cls in _CLASSES for name in (cls.__name__, _config.snake_case(cls.__name__))},
    "l1_l2": L1L2,
}


def get(identifier: RegularizerLike) -> Callable[[Tensor], Any] | None:
    """A regularizer from a name ("l2"), an object, a class, a configuration or a function; None for None."""
    if identifier is None or (callable(identifier) and not isinstance(identifier, type)):
        return identifier
    return _config.resolve("regularizer", identifier, Regularizer, _NAMES)


def serialize(regularizer: Any) -> Any:
    """The description of a regularizer, or the name of a function of the user's own.

    Raises
    ------
    ValueError
        It is a function without a name, such as a lambda, or with the name of another regularizer.
    """
    return _config.serialize_or_name("regularizer", regularizer, Regularizer, _NAMES)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The regularizer that a description or a name tells of; custom_objects maps names to classes and functions of your
    own."""
    return _config.deserialize_or_get("regularizer", config, _NAMES, custom_objects, get)
