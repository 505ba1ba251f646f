"""Activation functions by Keras's names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Literal, TypeVar, cast

import numpy as np

from . import functional as F
from ._config import unknown
from ._custom import function_name, get_registered_object
from .tensor import Tensor, constant

__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]

Activation = Callable[..., Tensor]
Function = TypeVar("Function", bound=Activation)


def _of_arrays(function: Function) -> Function:
    """An activation that takes an array, a list or a number too, as float32."""

    @wraps(function)
    def wrapper(x: Any, *args: Any, **kwargs: Any) -> Tensor:
        if isinstance(x, np.ndarray | np.number | list | tuple | int | float):
            x = Tensor(x, np.float32)
        return function(x, *args, **kwargs)

    return cast("Function", wrapper)


def linear(x: Tensor) -> Tensor:
    """The argument itself."""
    return x


@_of_arrays
def relu(x: Tensor, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    """max(x, 0); with arguments ``negative_slope * (x - threshold)`` below a threshold, and at most max_value."""
    if threshold:
        below = F.multiply(F.subtract(x, threshold), negative_slope)
        y = F.where(F.greater_equal(x, threshold), x, below)
    else:
        y = F.leaky_relu(x, negative_slope) if negative_slope else F.relu(x)
    return y if max_value is None else F.clip(y, maximum=max_value)


@_of_arrays
def relu6(x: Tensor) -> Tensor:
    """min(max(x, 0), 6)."""
    return F.clip(x, 0.0, 6.0)


@_of_arrays
def celu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0)."""
    return F.multiply(F.elu(F.divide(x, alpha)), alpha)


@_of_arrays
def glu(x: Tensor, axis: int = -1) -> Tensor:
    """The first half along an axis, times the sigmoid of the second (Dauphin et al. 2017)."""
    if x.shape[axis] % 2:
        raise ValueError(f"glu: expected an even size along axis {axis}, got shape {tuple(x.shape)}")
    values, gates = F.split(x, 2, axis)
    return F.multiply(values, F.sigmoid(gates))


@_of_arrays
def hard_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """x where abs(x) > threshold, else 0."""
    return F.where(F.greater(F.abs(x), threshold), x, 0.0)


@_of_arrays
def soft_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """x drawn towards 0 by a threshold, and 0 within it."""
    low = F.where(F.less(x, -threshold), F.add(x, threshold), 0.0)
    return F.where(F.greater(x, threshold), F.subtract(x, threshold), low)


@_of_arrays
def tanh_shrink(x: Tensor) -> Tensor:
    """x - tanh(x)."""
    return F.subtract(x, F.tanh(x))


@_of_arrays
def hard_tanh(x: Tensor) -> Tensor:
    """x, clipped to [-1, 1]."""
    return F.clip(x, -1.0, 1.0)


@_of_arrays
def hard_silu(x: Tensor) -> Tensor:
    """x * hard_sigmoid(x), also called hard_swish."""
    return F.multiply(x, F.hard_sigmoid(x))


@_of_arrays
def log_sigmoid(x: Tensor) -> Tensor:
    """log(sigmoid(x)), without overflow."""
    return F.negative(F.softplus(F.negative(x)))


@_of_arrays
def mish(x: Tensor) -> Tensor:
    """x * tanh(softplus(x)) (Misra 2019)."""
    return F.multiply(x, F.tanh(F.softplus(x)))


@_of_arrays
def sparse_plus(x: Tensor) -> Tensor:
    """0 up to -1, x from 1 on, and (x + 1)**2 / 4 between."""
    shifted = F.add(x, 1.0)
    rising = F.multiply(F.multiply(shifted, shifted), 0.25)
    return F.where(F.less_equal(x, -1.0), 0.0, F.where(F.less(x, 1.0), rising, x))


@_of_arrays
def sparse_sigmoid(x: Tensor) -> Tensor:
    """(x + 1) / 2, clipped to [0, 1]."""
    return F.where(F.less_equal(x, -1.0), 0.0, F.where(F.greater_equal(x, 1.0), 1.0, F.multiply(F.add(x, 1.0), 0.5)))


@_of_arrays
def sparsemax(x: Tensor, axis: int = -1) -> Tensor:
    """The nearest point of the probability simplex along an axis: a softmax with zeros (Martins and Astudillo 2016)."""
    rows = F.moveaxis(x, axis, -1)
    descending = F.sort(rows, -1, descending=True)
    sums = F.cumsum(descending, -1)
    counts = constant(np.arange(1, rows.shape[-1] + 1), rows.dtype)
    inside = F.greater(F.add(F.multiply(counts, descending), 1.0), sums)
    size = F.sum(F.cast(inside, rows.dtype), -1, keepdims=True)
    total = F.sum(F.where(inside, descending, 0.0), -1, keepdims=True)
    y = F.maximum(F.subtract(rows, F.divide(F.subtract(total, 1.0), size)), 0.0)
    return F.moveaxis(y, -1, axis)


@_of_arrays
def squareplus(x: Tensor, b: float = 4) -> Tensor:
    """(x + sqrt(x**2 + b)) / 2."""
    return F.multiply(F.add(x, F.sqrt(F.add(F.multiply(x, x), float(b)))), 0.5)


@_of_arrays
def threshold(x: Tensor, threshold: float, default_value: float) -> Tensor:
    """x where x > threshold, else default_value."""
    return F.where(F.greater(x, threshold), x, float(default_value))


@_of_arrays
def leaky_relu(x: Tensor, negative_slope: float = 0.2) -> Tensor:
    """x where x > 0, else negative_slope * x."""
    return F.leaky_relu(x, negative_slope)


@_of_arrays
def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """x where x > 0, else alpha * (exp(x) - 1)."""
    return F.elu(x, alpha)


@_of_arrays
def selu(x: Tensor) -> Tensor:
    """Scaled elu."""
    return F.selu(x)


@_of_arrays
def gelu(x: Tensor, approximate: bool = False) -> Tensor:
    """x times the normal distribution function of x; with tanh when approximate."""
    return F.gelu(x, approximate)


@_of_arrays
def silu(x: Tensor) -> Tensor:
    """x * sigmoid(x), also called swish."""
    return F.silu(x)


@_of_arrays
def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    return F.sigmoid(x)


@_of_arrays
def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent."""
    return F.tanh(x)


@_of_arrays
def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x))."""
    return F.softplus(x)


@_of_arrays
def softsign(x: Tensor) -> Tensor:
    """x / (1 + |x|)."""
    return F.softsign(x)


@_of_arrays
def hard_sigmoid(x: Tensor) -> Tensor:
    """relu6(x + 3) / 6."""
    return F.hard_sigmoid(x)


@_of_arrays
def exponential(x: Tensor) -> Tensor:
    """exp(x)."""
    return F.exp(x)


@_of_arrays
def log_softmax(x: Tensor, axis: int = -1) -> Tensor:
    """The logarithm of softmax along an axis."""
    return F.log_softmax(x, axis=axis)


@_of_arrays
def softmax(x: Tensor, axis: int = -1) -> Tensor:
    """exp(x) / sum(exp(x)) along an axis; losses find its logits in the result."""
    return F.softmax(x, axis=axis)


swish, hard_swish = silu, hard_silu

_NAMES: dict[str, Activation] = {
    "celu": celu,
    "elu": elu,
    "exponential": exponential,
    "gelu": gelu,
    "glu": glu,
    "hard_shrink": hard_shrink,
    "hard_sigmoid": hard_sigmoid,
    "hard_silu": hard_silu,
    "hard_tanh": hard_tanh,
    "leaky_relu": leaky_relu,
    "linear": linear,
    "log_sigmoid": log_sigmoid,
    "log_softmax": log_softmax,
    "mish": mish,
    "relu": relu,
    "relu6": relu6,
    "selu": selu,
    "sigmoid": sigmoid,
    "silu": silu,
    "soft_shrink": soft_shrink,
    "softmax": softmax,
    "softplus": softplus,
    "softsign": softsign,
    "sparse_plus": sparse_plus,
    "sparse_sigmoid": sparse_sigmoid,
    "sparsemax": sparsemax,
    "squareplus": squareplus,
    "tanh": tanh,
    "tanh_shrink": tanh_shrink,
    "threshold": threshold,
    "hard_swish": hard_silu,
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
    known = _NAMES.get(identifier) or get_registered_object(identifier)
    if known is None:
        raise unknown("activation", identifier, _NAMES)
    return known() if isinstance(known, type) else known


def serialize(activation: Activation) -> str:
    """The name of an activation.

    Raises
    ------
    ValueError
        It is a function of the user's own without a name, such as a lambda, or with the name of another activation.
    """
    for name, function in _NAMES.items():
        if function is activation:
            return name
    return function_name("activation", activation, _NAMES)


def deserialize(config: str | Activation | None, custom_objects: Mapping[str, Any] | None = None) -> Activation:
    """The activation of a name; custom_objects maps names to functions of your own."""
    if isinstance(config, str) and custom_objects and config in custom_objects:
        own: Activation = custom_objects[config]
        return own
    return get(config)


def fused(activation: Activation) -> Literal["linear", "relu"]:
    """What the linear and convolution ops apply themselves: "relu" for relu, else "linear"."""
    return "relu" if activation is relu else "linear"


def treats_rows_alike(activation: Activation | None) -> bool:
    """Whether an activation is known to take every element, or every row of the last axis, by itself."""
    return activation is None or getattr(activation, "__module__", "") in (__name__, F.relu.__module__)
