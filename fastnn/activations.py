"""Activation functions by Keras's names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from . import functional as F
from .tensor import Tensor

__all__ = [
    "elu",
    "exponential",
    "gelu",
    "get",
    "hard_sigmoid",
    "leaky_relu",
    "linear",
    "log_softmax",
    "relu",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
]

Activation = Callable[[Tensor], Tensor]


def linear(x: Tensor) -> Tensor:
    """The argument itself."""
    return x


def relu(x: Tensor) -> Tensor:
    """max(x, 0)."""
    return F.relu(x)


def leaky_relu(x: Tensor, negative_slope: float = 0.2) -> Tensor:
    """x where x > 0, else negative_slope * x."""
    return F.leaky_relu(x, negative_slope)


def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """x where x > 0, else alpha * (exp(x) - 1)."""
    return F.elu(x, alpha)


def selu(x: Tensor) -> Tensor:
    """Scaled elu."""
    return F.selu(x)


def gelu(x: Tensor, approximate: bool = False) -> Tensor:
    """x times the normal distribution function of x; with tanh when approximate."""
    return F.gelu(x, approximate)


def silu(x: Tensor) -> Tensor:
    """x * sigmoid(x), also called swish."""
    return F.silu(x)


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    return F.sigmoid(x)


def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent."""
    return F.tanh(x)


def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x))."""
    return F.softplus(x)


def softsign(x: Tensor) -> Tensor:
    """x / (1 + |x|)."""
    return F.softsign(x)


def hard_sigmoid(x: Tensor) -> Tensor:
    """relu6(x + 3) / 6."""
    return F.hard_sigmoid(x)


def exponential(x: Tensor) -> Tensor:
    """exp(x)."""
    return F.exp(x)


def log_softmax(x: Tensor, axis: int = -1) -> Tensor:
    """The logarithm of softmax along an axis."""
    return F.log_softmax(x, axis=axis)


def softmax(x: Tensor, axis: int = -1) -> Tensor:
    """exp(x) / sum(exp(x)) along an axis; losses find its logits in the result."""
    return F.softmax(x, axis=axis)


_NAMES: dict[str, Activation] = {
    "elu": elu,
    "exponential": exponential,
    "gelu": gelu,
    "hard_sigmoid": hard_sigmoid,
    "leaky_relu": leaky_relu,
    "linear": linear,
    "log_softmax": log_softmax,
    "relu": relu,
    "selu": selu,
    "sigmoid": sigmoid,
    "silu": silu,
    "softmax": softmax,
    "softplus": softplus,
    "softsign": softsign,
    "tanh": tanh,
    "swish": silu,
}


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
