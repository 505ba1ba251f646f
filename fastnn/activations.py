"""Activation functions by Keras's names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from . import functional as F
from .tensor import Tensor

__all__ = ["get", "linear", "relu", "serialize", "softmax"]

Activation = Callable[[Tensor], Tensor]


def linear(x: Tensor) -> Tensor:
    """The argument itself."""
    return x


def relu(x: Tensor) -> Tensor:
    """max(x, 0)."""
    return F.relu(x)


def softmax(x: Tensor, axis: int = -1) -> Tensor:
    """exp(x) / sum(exp(x)) along an axis; losses find its logits in the result."""
    return F.softmax(x, axis=axis)


_NAMES: dict[str, Activation] = {"linear": linear, "relu": relu, "softmax": softmax}


def get(identifier: str | Activation | None) -> Activation:
    """An activation from its name, a function of a tensor, or None for linear.

    Raises
    ------
    ValueError
        The name is not known.
    TypeError
        It is neither.
    """
    if identifier is None:
        return linear
    if callable(identifier):
        return identifier
    if not isinstance(identifier, str):
        raise TypeError(f"activation: expected a name or a function, got {identifier!r}")
    if identifier not in _NAMES:
        raise ValueError(f"unknown activation {identifier!r}; known: {', '.join(_NAMES)}")
    return _NAMES[identifier]


def serialize(activation: Activation) -> str:
    """The name of an activation.

    Raises
    ------
    ValueError
        It is a function of the user's own, which a configuration can't hold.
    """
    for name, function in _NAMES.items():
        if function is activation:
            return name
    raise ValueError(f"activation: expected one of {', '.join(_NAMES)} in a configuration, got {activation!r}")


def fused(activation: Activation) -> Literal["linear", "relu"]:
    """What the linear and convolution ops apply themselves: "relu" for relu, else "linear"."""
    return "relu" if activation is relu else "linear"
