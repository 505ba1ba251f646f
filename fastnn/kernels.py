"""The kernels over NumPy arrays, DLPack tensors and buffers: forward and backward, without the tape.

Made by csrc/ops/generate.py from csrc/ops/schema.toml; change those.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ._kernel_call import Array, Arrayish, _many, _one, _update

__all__ = [
    "adam_update",
    "add",
    "categorical_accuracy",
    "conv2d",
    "conv2d_backward_input",
    "conv2d_backward_weight",
    "copy",
    "divide",
    "dropout",
    "dropout_backward",
    "fill",
    "gemm",
    "linear",
    "max_pool2d",
    "max_pool2d_backward",
    "mean",
    "mean_backward",
    "mean_update",
    "multiply",
    "relu",
    "relu_backward",
    "reshape",
    "sgd_update",
    "slice",
    "slice_backward",
    "softmax",
    "softmax_backward",
    "softmax_cross_entropy",
    "softmax_cross_entropy_backward",
    "subtract",
    "sum",
    "sum_backward",
    "sum_to_like",
]


def gemm(
    a: Arrayish,
    b: Arrayish,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Matrix product ``y = op(a) @ op(b)``, where op transposes when asked to.

    Parameters
    ----------
    a : (m, k), or (k, m) when transpose_a
    b : (k, n), or (n, k) when transpose_b
    transpose_a : bool
        Use the transpose of a.
    transpose_b : bool
        Use the transpose of b.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    y : (m, n)
    """
    return _one("gemm", (a, b), (out,), accumulate, transpose_a=transpose_a, transpose_b=transpose_b)


def linear(
    x: Arrayish,
    weight: Arrayish,
    bias: Arrayish | None = None,
    *,
    activation: Literal["linear", "relu"] = "linear",
    out: Arrayish | None = None,
) -> Array:
    """Dense layer ``y = activation(x @ weight + bias)``.

    Parameters
    ----------
    x : (..., in)
    weight : (in, out)
    bias : (out,)
    activation : Literal['linear', 'relu']
        Applied to the sum.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : (..., out)
    """
    return _one("linear", (x, weight, bias), (out,), False, activation=activation)


def conv2d(
    x: Arrayish,
    weight: Arrayish,
    bias: Arrayish | None = None,
    *,
    strides: Sequence[int] = (1, 1),
    padding: Literal["valid", "same", "explicit"] = "valid",
    pads: Sequence[int] = (0, 0, 0, 0),
    dilation: Sequence[int] = (1, 1),
    groups: int = 1,
    activation: Literal["linear", "relu"] = "linear",
    out: Arrayish | None = None,
) -> Array:
    """Two-dimensional convolution (cross-correlation) ``y = activation(x * weight + bias)``.

    Parameters
    ----------
    x : (batch, height, width, channels)
    weight : (kh, kw, channels / groups, out)
    bias : (out,)
    strides : Sequence[int]
        Step of the window, (height, width).
    padding : Literal['valid', 'same', 'explicit']
        'same' keeps ceil(size / stride) and puts the odd one at the bottom and right.
    pads : Sequence[int]
        Top, bottom, left, right; with padding='explicit' only.
    dilation : Sequence[int]
        Distance between the taps of the kernel.
    groups : int
        Independent groups of channels.
    activation : Literal['linear', 'relu']
        Applied to the sum.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : (batch, out_height, out_width, out)
    """
    return _one(
        "conv2d",
        (x, weight, bias),
        (out,),
        False,
        strides=strides,
        padding=padding,
        pads=pads,
        dilation=dilation,
        groups=groups,
        activation=activation,
    )


def conv2d_backward_input(
    dy: Arrayish,
    weight: Arrayish,
    x: Arrayish,
    *,
    strides: Sequence[int] = (1, 1),
    padding: Literal["valid", "same", "explicit"] = "valid",
    pads: Sequence[int] = (0, 0, 0, 0),
    dilation: Sequence[int] = (1, 1),
    groups: int = 1,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of conv2d with respect to its input.

    Parameters
    ----------
    dy : (batch, out_height, out_width, out)
    weight : (kh, kw, channels / groups, out)
    x : (batch, height, width, channels)
        Only its shape and dtype are used.
    strides : Sequence[int]
        As in conv2d.
    padding : Literal['valid', 'same', 'explicit']
        As in conv2d.
    pads : Sequence[int]
        As in conv2d.
    dilation : Sequence[int]
        As in conv2d.
    groups : int
        As in conv2d.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : (batch, height, width, channels)
    """
    return _one(
        "conv2d_backward_input",
        (dy, weight, x),
        (out,),
        accumulate,
        strides=strides,
        padding=padding,
        pads=pads,
        dilation=dilation,
        groups=groups,
    )


def conv2d_backward_weight(
    x: Arrayish,
    dy: Arrayish,
    weight: Arrayish,
    *,
    strides: Sequence[int] = (1, 1),
    padding: Literal["valid", "same", "explicit"] = "valid",
    pads: Sequence[int] = (0, 0, 0, 0),
    dilation: Sequence[int] = (1, 1),
    groups: int = 1,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of conv2d with respect to its weight.

    Parameters
    ----------
    x : (batch, height, width, channels)
    dy : (batch, out_height, out_width, out)
    weight : (kh, kw, channels / groups, out)
        Only its shape and dtype are used.
    strides : Sequence[int]
        As in conv2d.
    padding : Literal['valid', 'same', 'explicit']
        As in conv2d.
    pads : Sequence[int]
        As in conv2d.
    dilation : Sequence[int]
        As in conv2d.
    groups : int
        As in conv2d.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dw : (kh, kw, channels / groups, out)
    """
    return _one(
        "conv2d_backward_weight",
        (x, dy, weight),
        (out,),
        accumulate,
        strides=strides,
        padding=padding,
        pads=pads,
        dilation=dilation,
        groups=groups,
    )


def max_pool2d(
    x: Arrayish,
    *,
    pool_size: Sequence[int] = (2, 2),
    strides: Sequence[int] = (2, 2),
    padding: Literal["valid", "same", "explicit"] = "valid",
    pads: Sequence[int] = (0, 0, 0, 0),
    out: Sequence[Arrayish | None] | None = None,
) -> tuple[Array, Array]:
    """Maximum over windows. NaN propagates; padding never wins. index is the tap of the maximum within its window,
    kept for the gradient: uint8, or int32 for windows of more than 256 taps.

    Parameters
    ----------
    x : (batch, height, width, channels)
    pool_size : Sequence[int]
        Size of the window, (height, width).
    strides : Sequence[int]
        Step of the window.
    padding : Literal['valid', 'same', 'explicit']
        As in conv2d.
    pads : Sequence[int]
        Top, bottom, left, right; with padding='explicit' only.
    out : array, or one for each result, optional
        Written instead of a new array.

    Returns
    -------
    y : (batch, out_height, out_width, channels)
    index : (batch, out_height, out_width, channels)
    """
    y, index = _many("max_pool2d", (x,), out, False, pool_size=pool_size, strides=strides, padding=padding, pads=pads)
    return y, index


def max_pool2d_backward(
    dy: Arrayish,
    index: Arrayish,
    x: Arrayish,
    *,
    pool_size: Sequence[int] = (2, 2),
    strides: Sequence[int] = (2, 2),
    padding: Literal["valid", "same", "explicit"] = "valid",
    pads: Sequence[int] = (0, 0, 0, 0),
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of max_pool2d: every dy goes to the tap that index names; overlapping windows add.

    Parameters
    ----------
    dy : (batch, out_height, out_width, channels)
    index : (batch, out_height, out_width, channels)
    x : (batch, height, width, channels)
        Only its shape and dtype are used.
    pool_size : Sequence[int]
        As in max_pool2d.
    strides : Sequence[int]
        As in max_pool2d.
    padding : Literal['valid', 'same', 'explicit']
        As in max_pool2d.
    pads : Sequence[int]
        As in max_pool2d.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : (batch, height, width, channels)
    """
    return _one(
        "max_pool2d_backward",
        (dy, index, x),
        (out,),
        accumulate,
        pool_size=pool_size,
        strides=strides,
        padding=padding,
        pads=pads,
    )


def relu(x: Arrayish, *, out: Arrayish | None = None) -> Array:
    """``y = max(x, 0)``; NaN stays NaN.

    Parameters
    ----------
    x : (...)
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as x
    """
    return _one("relu", (x,), (out,), False)


def relu_backward(dy: Arrayish, y: Arrayish, *, out: Arrayish | None = None, accumulate: bool = False) -> Array:
    """Gradient of relu from its output: ``dx = dy`` where ``y > 0``, else 0.

    Parameters
    ----------
    dy : as y
    y : (...)
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : as y
    """
    return _one("relu_backward", (dy, y), (out,), accumulate)


def softmax(x: Arrayish, *, axis: int = -1, out: Arrayish | None = None) -> Array:
    """``y = exp(x - max(x)) / sum(exp(x - max(x)))`` along one axis; softmax(-inf) is 0.

    Parameters
    ----------
    x : (...)
    axis : int
        The axis that sums to one.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as x
    """
    return _one("softmax", (x,), (out,), False, axis=axis)


def softmax_backward(
    dy: Arrayish,
    y: Arrayish,
    *,
    axis: int = -1,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of softmax from its output: ``dx = y * (dy - sum(dy * y))``.

    Parameters
    ----------
    dy : as y
    y : (...)
    axis : int
        As in softmax.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : as y
    """
    return _one("softmax_backward", (dy, y), (out,), accumulate, axis=axis)


def softmax_cross_entropy(
    logits: Arrayish,
    labels: Arrayish,
    *,
    out: Sequence[Arrayish | None] | None = None,
) -> tuple[Array, Array]:
    """Cross-entropy of softmax(logits) against labels, one loss per sample: ``logsumexp(logits) - logits[label]`` for
    integer labels, ``sum(labels * (logsumexp(logits) - logits))`` for a distribution. Labels out of range are refused.

    Parameters
    ----------
    logits : (..., classes)
    labels : (...) of uint8, int32 or int64, or (..., classes) of the dtype of logits
    out : array, or one for each result, optional
        Written instead of a new array.

    Returns
    -------
    loss : (...)
    probabilities : (..., classes)
    """
    loss, probabilities = _many("softmax_cross_entropy", (logits, labels), out, False)
    return loss, probabilities


def softmax_cross_entropy_backward(
    dloss: Arrayish,
    probabilities: Arrayish,
    labels: Arrayish,
    *,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of softmax_cross_entropy: ``dlogits = dloss * (probabilities * sum(labels) - labels)``.

    Parameters
    ----------
    dloss : (...)
    probabilities : (..., classes)
    labels : as in softmax_cross_entropy
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dlogits : (..., classes)
    """
    return _one("softmax_cross_entropy_backward", (dloss, probabilities, labels), (out,), accumulate)


def categorical_accuracy(predictions: Arrayish, labels: Arrayish, *, out: Arrayish | None = None) -> Array:
    """1 where the first largest prediction is the label, else 0; labels are integers or one-hot.

    Parameters
    ----------
    predictions : (..., classes)
    labels : (...) of uint8, int32 or int64, or (..., classes) of the dtype of predictions
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    matches : (...)
    """
    return _one("categorical_accuracy", (predictions, labels), (out,), False)


def add(a: Arrayish, b: Arrayish, *, out: Arrayish | None = None, accumulate: bool = False) -> Array:
    """``y = a + b`` with broadcasting.

    Parameters
    ----------
    a : (...)
    b : (...)
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    y : broadcast of a and b
    """
    return _one("add", (a, b), (out,), accumulate)


def subtract(a: Arrayish, b: Arrayish, *, out: Arrayish | None = None, accumulate: bool = False) -> Array:
    """``y = a - b`` with broadcasting.

    Parameters
    ----------
    a : (...)
    b : (...)
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    y : broadcast of a and b
    """
    return _one("subtract", (a, b), (out,), accumulate)


def multiply(a: Arrayish, b: Arrayish, *, out: Arrayish | None = None, accumulate: bool = False) -> Array:
    """``y = a * b`` with broadcasting.

    Parameters
    ----------
    a : (...)
    b : (...)
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    y : broadcast of a and b
    """
    return _one("multiply", (a, b), (out,), accumulate)


def divide(a: Arrayish, b: Arrayish, *, out: Arrayish | None = None, accumulate: bool = False) -> Array:
    """``y = a / b`` with broadcasting, by IEEE rules: 1 / 0 is infinity.

    Parameters
    ----------
    a : (...)
    b : (...)
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    y : broadcast of a and b
    """
    return _one("divide", (a, b), (out,), accumulate)


def sum(
    x: Arrayish,
    *,
    axes: Sequence[int] = (),
    keepdims: bool = False,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Sum over axes, in a fixed order: the bits don't depend on the number of threads.

    Parameters
    ----------
    x : (...)
    axes : Sequence[int]
        Axes to sum over; none named means all.
    keepdims : bool
        Keep the axes with size one.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    y : x without the axes, or with ones there when keepdims
    """
    return _one("sum", (x,), (out,), accumulate, axes=axes, keepdims=keepdims)


def mean(
    x: Arrayish,
    *,
    axes: Sequence[int] = (),
    keepdims: bool = False,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Mean over axes; the mean of nothing is NaN.

    Parameters
    ----------
    x : (...)
    axes : Sequence[int]
        Axes to average over; none named means all.
    keepdims : bool
        Keep the axes with size one.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    y : x without the axes, or with ones there when keepdims
    """
    return _one("mean", (x,), (out,), accumulate, axes=axes, keepdims=keepdims)


def sum_backward(
    dy: Arrayish,
    x: Arrayish,
    *,
    axes: Sequence[int] = (),
    keepdims: bool = False,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of sum: dy spread over the axes of x.

    Parameters
    ----------
    dy : the shape of y in sum
    x : (...)
        Only its shape and dtype are used.
    axes : Sequence[int]
        As in sum.
    keepdims : bool
        As in sum.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : as x
    """
    return _one("sum_backward", (dy, x), (out,), accumulate, axes=axes, keepdims=keepdims)


def mean_backward(
    dy: Arrayish,
    x: Arrayish,
    *,
    axes: Sequence[int] = (),
    keepdims: bool = False,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of mean: dy divided by the number of elements averaged, spread over the axes of x.

    Parameters
    ----------
    dy : the shape of y in mean
    x : (...)
        Only its shape and dtype are used.
    axes : Sequence[int]
        As in mean.
    keepdims : bool
        As in mean.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : as x
    """
    return _one("mean_backward", (dy, x), (out,), accumulate, axes=axes, keepdims=keepdims)


def sum_to_like(x: Arrayish, like: Arrayish, *, out: Arrayish | None = None, accumulate: bool = False) -> Array:
    """Sums x down to a shape that broadcasts to it: the gradient of broadcasting.

    Parameters
    ----------
    x : (...)
    like : a shape that broadcasts to x
        Only its shape and dtype are used.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    y : as like
    """
    return _one("sum_to_like", (x, like), (out,), accumulate)


def reshape(
    x: Arrayish,
    like: Arrayish | None = None,
    *,
    shape: Sequence[int] = (),
    out: Arrayish | None = None,
) -> Array:
    """The same elements in C order under another shape; the result shares x's memory. With like, its shape counts.

    Parameters
    ----------
    x : (...)
    like : the wanted shape
        Only its shape and dtype are used.
    shape : Sequence[int]
        The new shape; one entry may be -1.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : shape
    """
    return _one("reshape", (x, like), (out,), False, shape=shape)


def slice(
    x: Arrayish,
    *,
    starts: Sequence[int] = (),
    stops: Sequence[int] = (),
    steps: Sequence[int] = (),
    out: Arrayish | None = None,
) -> Array:
    """A part of x, as x[start:stop:step] along each axis; the result shares x's memory. Starts and stops count as in
    Python; missing axes are whole.

    Parameters
    ----------
    x : (...)
    starts : Sequence[int]
        First index along each axis.
    stops : Sequence[int]
        Index after the last; 2**63 - 1 means the end.
    steps : Sequence[int]
        Distances, positive or negative; -2**63 as a stop means before the first.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : by the slices
    """
    return _one("slice", (x,), (out,), False, starts=starts, stops=stops, steps=steps)


def slice_backward(
    dy: Arrayish,
    x: Arrayish,
    *,
    starts: Sequence[int] = (),
    stops: Sequence[int] = (),
    steps: Sequence[int] = (),
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of slice: dy in its place in x's shape. Accumulating touches only that place.

    Parameters
    ----------
    dy : the shape of y in slice
    x : (...)
        Only its shape and dtype are used.
    starts : Sequence[int]
        As in slice.
    stops : Sequence[int]
        As in slice.
    steps : Sequence[int]
        As in slice.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : as x
    """
    return _one("slice_backward", (dy, x), (out,), accumulate, starts=starts, stops=stops, steps=steps)


def copy(x: Arrayish, *, out: Arrayish | None = None, accumulate: bool = False) -> Array:
    """A contiguous copy, of any dtype; accumulating needs float32 or float64.

    Parameters
    ----------
    x : (...)
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    y : as x
    """
    return _one("copy", (x,), (out,), accumulate)


def fill(like: Arrayish, *, value: float = 0.0, out: Arrayish | None = None) -> Array:
    """A tensor like another, every element the same value.

    Parameters
    ----------
    like : (...)
        Only its shape and dtype are used.
    value : float
        Every element.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as like
    """
    return _one("fill", (like,), (out,), False, value=value)


def dropout(
    x: Arrayish,
    *,
    rate: float = 0.5,
    stream: int = 0,
    seed: int = 0,
    step: int = 0,
    out: Sequence[Arrayish | None] | None = None,
) -> tuple[Array, Array]:
    """Zeroes each element with probability rate and scales the rest by 1 / (1 - rate). The random number of element i
    is a function of (seed, stream, step, i) alone (Philox 4x32-10, Salmon et al. 2011).

    Parameters
    ----------
    x : (...)
    rate : float
        Probability of a zero, in [0, 1).
    stream : int
        Which random stream.
    seed : int
        The seed.
    step : int
        Which draw from the stream.
    out : array, or one for each result, optional
        Written instead of a new array.

    Returns
    -------
    y : as x
    mask : as x, uint8
    """
    y, mask = _many("dropout", (x,), out, False, rate=rate, stream=stream, seed=seed, step=step)
    return y, mask


def dropout_backward(
    dy: Arrayish,
    mask: Arrayish,
    *,
    rate: float = 0.5,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of dropout: ``dx = dy * mask / (1 - rate)``.

    Parameters
    ----------
    dy : (...)
    mask : as dy, uint8
    rate : float
        As in dropout.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : as dy
    """
    return _one("dropout_backward", (dy, mask), (out,), accumulate, rate=rate)


def sgd_update(
    parameters: Sequence[Arrayish],
    gradients: Sequence[Arrayish],
    velocities: Sequence[Arrayish] = (),
    *,
    learning_rate: float = 0.01,
    momentum: float = 0.0,
    nesterov: bool = False,
) -> None:
    """One step of gradient descent on all parameters. With momentum m: ``v = m * v - learning_rate * g``, then ``w +=
    v``, or with Nesterov's form ``w += m * v - learning_rate * g``. Keras's formula.

    Parameters
    ----------
    parameters : (...)
        Updated in place; must be a writable array.
    gradients : as parameters
    velocities : as parameters; none when momentum is 0
        Updated in place; must be a writable array.
    learning_rate : float
        Step size.
    momentum : float
        In [0, 1).
    nesterov : bool
        Nesterov's form.
    """
    _update(
        "sgd_update",
        (parameters, gradients, velocities),
        learning_rate=learning_rate,
        momentum=momentum,
        nesterov=nesterov,
    )


def adam_update(
    parameters: Sequence[Arrayish],
    gradients: Sequence[Arrayish],
    first_moments: Sequence[Arrayish],
    second_moments: Sequence[Arrayish],
    *,
    learning_rate: float = 0.001,
    iterations: int = 0,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-07,
) -> None:
    """One step of Adam (Kingma and Ba 2015) on all parameters, by Keras's formula: with t = iterations + 1, ``alpha =
    learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t)``, ``m += (g - m) * (1 - beta_1)``, ``v += (g * g - v) * (1 -
    beta_2)``, ``w -= alpha * m / (sqrt(v) + epsilon)``. The powers are computed in double.

    Parameters
    ----------
    parameters : (...)
        Updated in place; must be a writable array.
    gradients : as parameters
    first_moments : as parameters
        Updated in place; must be a writable array.
    second_moments : as parameters
        Updated in place; must be a writable array.
    learning_rate : float
        Step size.
    iterations : int
        Steps taken before this one.
    beta_1 : float
        Decay of the first moment, in [0, 1).
    beta_2 : float
        Decay of the second moment, in [0, 1).
    epsilon : float
        Added outside the root.
    """
    _update(
        "adam_update",
        (parameters, gradients, first_moments, second_moments),
        learning_rate=learning_rate,
        iterations=iterations,
        beta_1=beta_1,
        beta_2=beta_2,
        epsilon=epsilon,
    )


def mean_update(total: Arrayish, values: Arrayish) -> None:
    """A running mean: ``total[0] += sum(values)``, ``total[1] += size(values)``, summed in double.

    Parameters
    ----------
    total : (2,) of float64
        Updated in place; must be a writable array.
    values : (...)
    """
    _update("mean_update", (total, values))
