"""Activation functions, elementwise and along an axis."""

from __future__ import annotations

import math

from ..tensor import Node, Tensor, is_grad_enabled
from ._base import Gradients, _result, _run
from .elementwise import _unary, add, divide, exp, greater, less, multiply, subtract, where
from .elementwise import abs as absolute
from .reductions import sum
from .shape import fill


def relu(x: Tensor) -> Tensor:
    """``max(x, 0)`` elementwise; NaN stays NaN."""
    return _result("relu", _run("relu", x), _relu_gradient, (x,), save_output=True)


def _relu_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return (relu_backward(dy, node.saved_output(), into=into[0]),)


def relu_backward(dy: Tensor, y: Tensor, *, into: Tensor | None = None) -> Tensor:
    """Gradient of relu from its output: dy where y > 0, else 0."""
    array = _run("relu_backward", dy, y, into=into)
    y = y.detach()  # a step function: its own derivative is zero
    return _result("relu_backward", array, _relu_backward_gradient, (dy,), (y,), into=into)


def _relu_backward_gradient(node: Node, g: Tensor, into: Gradients) -> Gradients:
    return (relu_backward(g, node.saved[0], into=into[0]),)


def leaky_relu(x: Tensor, negative_slope: float = 0.2) -> Tensor:
    """x where x > 0, else ``negative_slope * x``."""
    slope = float(negative_slope)
    return _unary("leaky_relu", x, lambda x: where(greater(x, 0.0), fill(x, 1.0), slope), negative_slope=slope)


def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """x where x > 0, else ``alpha * (exp(x) - 1)`` (Clevert et al. 2016)."""
    factor = float(alpha)
    return _unary("elu", x, lambda x: _elu_slope(x, factor, 1.0), alpha=factor)


def _elu_slope(x: Tensor, alpha: float, scale: float) -> Tensor:
    positive = greater(x, 0.0)
    return where(positive, scale, multiply(exp(where(positive, 0.0, x)), alpha * scale))


_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def selu(x: Tensor) -> Tensor:
    """Scaled elu, ``1.0507 * elu(x, 1.6733)`` (Klambauer et al. 2017)."""
    return _unary("selu", x, lambda x: _elu_slope(x, _SELU_ALPHA, _SELU_SCALE))


def gelu(x: Tensor, approximate: bool = False) -> Tensor:
    """Gaussian error linear unit ``x * (1 + erf(x / sqrt(2))) / 2`` (Hendrycks and Gimpel 2016).

    Parameters
    ----------
    x : Tensor, (...)
    approximate : bool
        ``x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2`` instead.
    """
    return _unary("gelu", x, _gelu_tanh_slope if approximate else _gelu_slope, approximate=bool(approximate))


def _gelu_slope(x: Tensor) -> Tensor:
    """gelu's slope with a gradient: its own slope is ``(2 - x * x) * phi(x)``, phi the normal density."""
    array = _run("gelu_backward", fill(x, 1.0), x, approximate=False)
    return _result("gelu_backward", array, _gelu_slope_gradient, (x,), (x,))


def _gelu_slope_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    (x,) = node.saved
    square = multiply(x, x)
    density = multiply(exp(multiply(square, -0.5)), 1.0 / math.sqrt(2.0 * math.pi))
    return (multiply(dy, multiply(subtract(2.0, square), density)),)


def _gelu_tanh_slope(x: Tensor) -> Tensor:
    square = multiply(x, x)
    factor = 2.0 * math.sqrt(2.0 / math.pi)
    s = sigmoid(multiply(multiply(x, add(multiply(square, 0.044715), 1.0)), factor))
    inner = multiply(add(multiply(square, 3.0 * 0.044715), 1.0), factor)
    return multiply(s, add(multiply(multiply(x, subtract(1.0, s)), inner), 1.0))


def sigmoid(x: Tensor) -> Tensor:
    """``1 / (1 + exp(-x))``; binary cross-entropy finds its logits in the result."""
    result = _unary("sigmoid", x, lambda y: multiply(y, subtract(1.0, y)), from_output=True)
    result.logits, result.activation = x, "sigmoid"
    return result


def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent."""
    return _unary("tanh", x, lambda y: subtract(1.0, multiply(y, y)), from_output=True)


def silu(x: Tensor) -> Tensor:
    """``x * sigmoid(x)``, also called swish."""
    return _unary("silu", x, _silu_slope)


def _silu_slope(x: Tensor) -> Tensor:
    s = sigmoid(x)
    return multiply(s, add(multiply(x, subtract(1.0, s)), 1.0))


def softplus(x: Tensor) -> Tensor:
    """``log(1 + exp(x))``, without overflow."""
    return _unary("softplus", x, sigmoid)


def softsign(x: Tensor) -> Tensor:
    """``x / (1 + |x|)``."""
    return _unary("softsign", x, _softsign_slope)


def _softsign_slope(x: Tensor) -> Tensor:
    share = divide(1.0, add(absolute(x), 1.0))
    return multiply(share, share)


def hard_sigmoid(x: Tensor) -> Tensor:
    """``relu6(x + 3) / 6``, Keras 3's form."""
    return _unary("hard_sigmoid", x, _hard_sigmoid_slope)


def _hard_sigmoid_slope(x: Tensor) -> Tensor:
    return where(less(absolute(x), 3.0), fill(x, 1.0 / 6.0), 0.0)


def softmax(x: Tensor, axis: int = -1) -> Tensor:
    """``exp(x - max(x)) / sum(exp(x - max(x)))`` along an axis.

    The result remembers x as `logits`, from which a cross-entropy that follows is computed.

    Parameters
    ----------
    x : Tensor, (...)
    axis : int
        The axis that sums to one.

    Returns
    -------
    Tensor, as x
    """
    array = _run("softmax", x, axis=axis)
    result = _result("softmax", array, _softmax_gradient, (x,), save_output=True, axis=axis)
    if axis in (-1, x.ndim - 1):
        result.logits, result.activation = x, "softmax"
    return result


def _softmax_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    y, axis = node.saved_output(), node.attributes["axis"]
    if is_grad_enabled():
        return (multiply(y, subtract(dy, sum(multiply(dy, y), axis, keepdims=True))),)
    array = _run("softmax_backward", dy, y, into=into[0], axis=axis)
    return (Tensor._wrap(array) if into[0] is None else into[0],)


def log_softmax(x: Tensor, axis: int = -1) -> Tensor:
    """``x - logsumexp(x)`` along an axis, the logarithm of softmax.

    Parameters
    ----------
    x : Tensor, (...)
    axis : int
        The axis whose exponentials sum to one.

    Returns
    -------
    Tensor, as x
    """
    array = _run("log_softmax", x, axis=axis)
    return _result("log_softmax", array, _log_softmax_gradient, (x,), save_output=True, axis=axis)


def _log_softmax_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    y, axis = node.saved_output(), node.attributes["axis"]
    if is_grad_enabled():
        return (subtract(dy, multiply(exp(y), sum(dy, axis, keepdims=True))),)
    array = _run("log_softmax_backward", dy, y, into=into[0], axis=axis)
    return (Tensor._wrap(array) if into[0] is None else into[0],)
