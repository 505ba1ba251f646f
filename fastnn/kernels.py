"""The kernels over NumPy arrays, DLPack tensors and buffers: forward and backward, without the tape.

Made by csrc/ops/generate.py from csrc/ops/schema.toml; change those.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ._kernel_call import Array, Arrayish, _many, _of_list, _one, _update

__all__ = [
    "abs",
    "abs_backward",
    "absolute_error",
    "absolute_error_backward",
    "adadelta_update",
    "adagrad_update",
    "adam_update",
    "adamax_update",
    "add",
    "arctan2",
    "argmax",
    "argmin",
    "assign_update",
    "avg_pool2d",
    "avg_pool2d_backward",
    "batch_normalization",
    "batch_normalization_backward",
    "batch_statistics",
    "binary_accuracy",
    "binary_cross_entropy",
    "binary_cross_entropy_backward",
    "broadcast_to",
    "cast",
    "categorical_accuracy",
    "clip",
    "clip_backward",
    "concatenate",
    "conv1d",
    "conv1d_backward_input",
    "conv1d_backward_weight",
    "conv1d_transpose",
    "conv2d",
    "conv2d_backward_input",
    "conv2d_backward_weight",
    "conv2d_max_pool2d",
    "conv2d_transpose",
    "conv3d",
    "conv3d_backward_input",
    "conv3d_backward_weight",
    "conv3d_transpose",
    "copy",
    "cumsum",
    "divide",
    "dropout",
    "dropout_backward",
    "elu",
    "elu_backward",
    "embedding",
    "embedding_backward",
    "equal",
    "exp",
    "fill",
    "gelu",
    "gelu_backward",
    "gemm",
    "greater",
    "greater_equal",
    "group_normalization",
    "group_normalization_backward",
    "gru",
    "gru_backward",
    "hard_sigmoid",
    "hard_sigmoid_backward",
    "huber",
    "huber_backward",
    "layer_normalization",
    "layer_normalization_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "less",
    "less_equal",
    "linear",
    "lion_update",
    "log",
    "log_softmax",
    "log_softmax_backward",
    "logsumexp",
    "lstm",
    "lstm_backward",
    "max",
    "max_pool2d",
    "max_pool2d_backward",
    "maximum",
    "mean",
    "mean_backward",
    "mean_update",
    "min",
    "minimum",
    "moving_average_update",
    "multiply",
    "nadam_update",
    "not_equal",
    "one_hot",
    "pad",
    "power",
    "prod",
    "put_update",
    "random_normal",
    "random_uniform",
    "ravel_multi_index",
    "rearrange",
    "relu",
    "relu_backward",
    "reshape",
    "resize_bilinear",
    "resize_bilinear_backward",
    "rmsprop_update",
    "scaled_dot_product_attention",
    "scaled_dot_product_attention_backward",
    "scaled_dot_product_attention_dropout",
    "selu",
    "selu_backward",
    "sgd_update",
    "sigmoid",
    "sigmoid_backward",
    "silu",
    "silu_backward",
    "simple_rnn",
    "simple_rnn_backward",
    "slice",
    "slice_backward",
    "softmax",
    "softmax_backward",
    "softmax_cross_entropy",
    "softmax_cross_entropy_backward",
    "softmax_cross_entropy_with_gradient",
    "softplus",
    "softplus_backward",
    "softsign",
    "softsign_backward",
    "sort",
    "sqrt",
    "squared_error",
    "squared_error_backward",
    "subtract",
    "sum",
    "sum_backward",
    "sum_to_like",
    "take",
    "take_along_axis",
    "take_along_axis_backward",
    "take_backward",
    "tanh",
    "tanh_backward",
    "top_k",
    "var",
    "where",
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
    """Matrix product ``y = op(a) @ op(b)``, where op transposes the last two axes when asked to; the axes before them
    broadcast as NumPy's do.

    Parameters
    ----------
    a : (..., m, k), or (..., k, m) when transpose_a
    b : (..., k, n), or (..., n, k) when transpose_b
    transpose_a : bool
        Use the transposes of a.
    transpose_b : bool
        Use the transposes of b.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    y : (..., m, n)
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


def conv1d(
    x: Arrayish,
    weight: Arrayish,
    bias: Arrayish | None = None,
    *,
    strides: Sequence[int] = (1,),
    padding: Literal["valid", "same", "explicit"] = "valid",
    pads: Sequence[int] = (0, 0),
    dilation: Sequence[int] = (1,),
    groups: int = 1,
    activation: Literal["linear", "relu"] = "linear",
    out: Arrayish | None = None,
) -> Array:
    """One-dimensional convolution (cross-correlation) ``y = activation(x * weight + bias)``.

    Parameters
    ----------
    x : (batch, steps, channels)
    weight : (k, channels / groups, out)
    bias : (out,)
    strides : Sequence[int]
        Step of the window.
    padding : Literal['valid', 'same', 'explicit']
        'same' keeps ceil(size / stride) and puts the odd one at the end.
    pads : Sequence[int]
        Before, after; with padding='explicit' only.
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
    y : (batch, out_steps, out)
    """
    return _one(
        "conv1d",
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


def conv1d_backward_input(
    dy: Arrayish,
    weight: Arrayish,
    x: Arrayish,
    *,
    strides: Sequence[int] = (1,),
    padding: Literal["valid", "same", "explicit"] = "valid",
    pads: Sequence[int] = (0, 0),
    dilation: Sequence[int] = (1,),
    groups: int = 1,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of conv1d with respect to its input.

    Parameters
    ----------
    dy : (batch, out_steps, out)
    weight : (k, channels / groups, out)
    x : (batch, steps, channels)
        Only its shape and dtype are used.
    strides : Sequence[int]
        As in conv1d.
    padding : Literal['valid', 'same', 'explicit']
        As in conv1d.
    pads : Sequence[int]
        As in conv1d.
    dilation : Sequence[int]
        As in conv1d.
    groups : int
        As in conv1d.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : (batch, steps, channels)
    """
    return _one(
        "conv1d_backward_input",
        (dy, weight, x),
        (out,),
        accumulate,
        strides=strides,
        padding=padding,
        pads=pads,
        dilation=dilation,
        groups=groups,
    )


def conv1d_backward_weight(
    x: Arrayish,
    dy: Arrayish,
    weight: Arrayish,
    *,
    strides: Sequence[int] = (1,),
    padding: Literal["valid", "same", "explicit"] = "valid",
    pads: Sequence[int] = (0, 0),
    dilation: Sequence[int] = (1,),
    groups: int = 1,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of conv1d with respect to its weight.

    Parameters
    ----------
    x : (batch, steps, channels)
    dy : (batch, out_steps, out)
    weight : (k, channels / groups, out)
        Only its shape and dtype are used.
    strides : Sequence[int]
        As in conv1d.
    padding : Literal['valid', 'same', 'explicit']
        As in conv1d.
    pads : Sequence[int]
        As in conv1d.
    dilation : Sequence[int]
        As in conv1d.
    groups : int
        As in conv1d.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dw : (k, channels / groups, out)
    """
    return _one(
        "conv1d_backward_weight",
        (x, dy, weight),
        (out,),
        accumulate,
        strides=strides,
        padding=padding,
        pads=pads,
        dilation=dilation,
        groups=groups,
    )


def conv1d_transpose(
    x: Arrayish,
    weight: Arrayish,
    bias: Arrayish | None = None,
    *,
    strides: Sequence[int] = (1,),
    padding: Literal["valid", "same", "explicit"] = "valid",
    pads: Sequence[int] = (0, 0),
    dilation: Sequence[int] = (1,),
    output_padding: Sequence[int] = (-1,),
    activation: Literal["linear", "relu"] = "linear",
    out: Arrayish | None = None,
) -> Array:
    """One-dimensional transposed convolution: every pixel of x adds weight times itself to its window of y; then ``y =
    activation(y + bias)``. It is the gradient of the input of the conv1d that leads back to x, and its own gradients
    are that conv1d of dy and conv1d_backward_weight of dy and x.

    Parameters
    ----------
    x : (batch, steps, channels)
    weight : (k, out, channels)
    bias : (out,)
    strides : Sequence[int]
        Distance between the windows of neighbours.
    padding : Literal['valid', 'same', 'explicit']
        Sizes become (size - 1) * stride + max(window, stride) for 'valid', size * stride for 'same'.
    pads : Sequence[int]
        Cut off (size - 1) * stride + window: before, after; with padding='explicit' only.
    dilation : Sequence[int]
        Distance between the taps of the kernel.
    output_padding : Sequence[int]
        Below the stride: sizes become (size - 1) * stride + window + it - pads, for 'same' (size - 1) * stride +
        window % 2 + it; -1 leaves them as padding says.
    activation : Literal['linear', 'relu']
        Applied to the sum.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : (batch, out_steps, out)
    """
    return _one(
        "conv1d_transpose",
        (x, weight, bias),
        (out,),
        False,
        strides=strides,
        padding=padding,
        pads=pads,
        dilation=dilation,
        output_padding=output_padding,
        activation=activation,
    )


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


def conv2d_transpose(
    x: Arrayish,
    weight: Arrayish,
    bias: Arrayish | None = None,
    *,
    strides: Sequence[int] = (1, 1),
    padding: Literal["valid", "same", "explicit"] = "valid",
    pads: Sequence[int] = (0, 0, 0, 0),
    dilation: Sequence[int] = (1, 1),
    output_padding: Sequence[int] = (-1, -1),
    activation: Literal["linear", "relu"] = "linear",
    out: Arrayish | None = None,
) -> Array:
    """Two-dimensional transposed convolution: every pixel of x adds weight times itself to its window of y; then ``y =
    activation(y + bias)``. It is the gradient of the input of the conv2d that leads back to x, and its own gradients
    are that conv2d of dy and conv2d_backward_weight of dy and x.

    Parameters
    ----------
    x : (batch, height, width, channels)
    weight : (kh, kw, out, channels)
    bias : (out,)
    strides : Sequence[int]
        Distance between the windows of neighbours, (height, width).
    padding : Literal['valid', 'same', 'explicit']
        Sizes become (size - 1) * stride + max(window, stride) for 'valid', size * stride for 'same'.
    pads : Sequence[int]
        Cut off (size - 1) * stride + window: top, bottom, left, right; with padding='explicit' only.
    dilation : Sequence[int]
        Distance between the taps of the kernel.
    output_padding : Sequence[int]
        Below the stride: sizes become (size - 1) * stride + window + it - pads, for 'same' (size - 1) * stride +
        window % 2 + it; -1 leaves them as padding says.
    activation : Literal['linear', 'relu']
        Applied to the sum.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : (batch, out_height, out_width, out)
    """
    return _one(
        "conv2d_transpose",
        (x, weight, bias),
        (out,),
        False,
        strides=strides,
        padding=padding,
        pads=pads,
        dilation=dilation,
        output_padding=output_padding,
        activation=activation,
    )


def conv3d(
    x: Arrayish,
    weight: Arrayish,
    bias: Arrayish | None = None,
    *,
    strides: Sequence[int] = (1, 1, 1),
    padding: Literal["valid", "same", "explicit"] = "valid",
    pads: Sequence[int] = (0, 0, 0, 0, 0, 0),
    dilation: Sequence[int] = (1, 1, 1),
    groups: int = 1,
    activation: Literal["linear", "relu"] = "linear",
    out: Arrayish | None = None,
) -> Array:
    """Three-dimensional convolution (cross-correlation) ``y = activation(x * weight + bias)``.

    Parameters
    ----------
    x : (batch, depth, height, width, channels)
    weight : (kd, kh, kw, channels / groups, out)
    bias : (out,)
    strides : Sequence[int]
        Step of the window, (depth, height, width).
    padding : Literal['valid', 'same', 'explicit']
        'same' keeps ceil(size / stride) and puts the odd one at the end.
    pads : Sequence[int]
        Front, back, top, bottom, left, right; with padding='explicit' only.
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
    y : (batch, out_depth, out_height, out_width, out)
    """
    return _one(
        "conv3d",
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


def conv3d_backward_input(
    dy: Arrayish,
    weight: Arrayish,
    x: Arrayish,
    *,
    strides: Sequence[int] = (1, 1, 1),
    padding: Literal["valid", "same", "explicit"] = "valid",
    pads: Sequence[int] = (0, 0, 0, 0, 0, 0),
    dilation: Sequence[int] = (1, 1, 1),
    groups: int = 1,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of conv3d with respect to its input.

    Parameters
    ----------
    dy : (batch, out_depth, out_height, out_width, out)
    weight : (kd, kh, kw, channels / groups, out)
    x : (batch, depth, height, width, channels)
        Only its shape and dtype are used.
    strides : Sequence[int]
        As in conv3d.
    padding : Literal['valid', 'same', 'explicit']
        As in conv3d.
    pads : Sequence[int]
        As in conv3d.
    dilation : Sequence[int]
        As in conv3d.
    groups : int
        As in conv3d.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : (batch, depth, height, width, channels)
    """
    return _one(
        "conv3d_backward_input",
        (dy, weight, x),
        (out,),
        accumulate,
        strides=strides,
        padding=padding,
        pads=pads,
        dilation=dilation,
        groups=groups,
    )


def conv3d_backward_weight(
    x: Arrayish,
    dy: Arrayish,
    weight: Arrayish,
    *,
    strides: Sequence[int] = (1, 1, 1),
    padding: Literal["valid", "same", "explicit"] = "valid",
    pads: Sequence[int] = (0, 0, 0, 0, 0, 0),
    dilation: Sequence[int] = (1, 1, 1),
    groups: int = 1,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of conv3d with respect to its weight.

    Parameters
    ----------
    x : (batch, depth, height, width, channels)
    dy : (batch, out_depth, out_height, out_width, out)
    weight : (kd, kh, kw, channels / groups, out)
        Only its shape and dtype are used.
    strides : Sequence[int]
        As in conv3d.
    padding : Literal['valid', 'same', 'explicit']
        As in conv3d.
    pads : Sequence[int]
        As in conv3d.
    dilation : Sequence[int]
        As in conv3d.
    groups : int
        As in conv3d.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dw : (kd, kh, kw, channels / groups, out)
    """
    return _one(
        "conv3d_backward_weight",
        (x, dy, weight),
        (out,),
        accumulate,
        strides=strides,
        padding=padding,
        pads=pads,
        dilation=dilation,
        groups=groups,
    )


def conv3d_transpose(
    x: Arrayish,
    weight: Arrayish,
    bias: Arrayish | None = None,
    *,
    strides: Sequence[int] = (1, 1, 1),
    padding: Literal["valid", "same", "explicit"] = "valid",
    pads: Sequence[int] = (0, 0, 0, 0, 0, 0),
    dilation: Sequence[int] = (1, 1, 1),
    output_padding: Sequence[int] = (-1, -1, -1),
    activation: Literal["linear", "relu"] = "linear",
    out: Arrayish | None = None,
) -> Array:
    """Three-dimensional transposed convolution: every pixel of x adds weight times itself to its window of y; then ``y
    = activation(y + bias)``. It is the gradient of the input of the conv3d that leads back to x, and its own gradients
    are that conv3d of dy and conv3d_backward_weight of dy and x.

    Parameters
    ----------
    x : (batch, depth, height, width, channels)
    weight : (kd, kh, kw, out, channels)
    bias : (out,)
    strides : Sequence[int]
        Distance between the windows of neighbours, (depth, height, width).
    padding : Literal['valid', 'same', 'explicit']
        Sizes become (size - 1) * stride + max(window, stride) for 'valid', size * stride for 'same'.
    pads : Sequence[int]
        Cut off (size - 1) * stride + window: front, back, top, bottom, left, right; with padding='explicit' only.
    dilation : Sequence[int]
        Distance between the taps of the kernel.
    output_padding : Sequence[int]
        Below the stride: sizes become (size - 1) * stride + window + it - pads, for 'same' (size - 1) * stride +
        window % 2 + it; -1 leaves them as padding says.
    activation : Literal['linear', 'relu']
        Applied to the sum.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : (batch, out_depth, out_height, out_width, out)
    """
    return _one(
        "conv3d_transpose",
        (x, weight, bias),
        (out,),
        False,
        strides=strides,
        padding=padding,
        pads=pads,
        dilation=dilation,
        output_padding=output_padding,
        activation=activation,
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


def conv2d_max_pool2d(
    x: Arrayish,
    weight: Arrayish,
    bias: Arrayish | None = None,
    *,
    strides: Sequence[int] = (1, 1),
    padding: Literal["valid", "same", "explicit"] = "valid",
    pads: Sequence[int] = (0, 0, 0, 0),
    dilation: Sequence[int] = (1, 1),
    activation: Literal["linear", "relu"] = "linear",
    pool_size: Sequence[int] = (2, 2),
    out: Sequence[Arrayish | None] | None = None,
) -> tuple[Array, Array]:
    """``max_pool2d(conv2d(x, weight, bias))`` for windows side by side, without the image between them: a window's
    sums stay at hand until the largest of them is known. The bits are those of the two ops.

    Parameters
    ----------
    x : (batch, height, width, channels)
    weight : (kh, kw, channels, out)
    bias : (out,)
    strides : Sequence[int]
        As in conv2d.
    padding : Literal['valid', 'same', 'explicit']
        As in conv2d.
    pads : Sequence[int]
        As in conv2d.
    dilation : Sequence[int]
        As in conv2d.
    activation : Literal['linear', 'relu']
        Applied to the sum.
    pool_size : Sequence[int]
        Size of the windows and distance between them, (height, width); pixels behind the last whole one are left out.
    out : array, or one for each result, optional
        Written instead of a new array.

    Returns
    -------
    y : (batch, out_height, out_width, out)
    index : (batch, out_height, out_width, out)
    """
    y, index = _many(
        "conv2d_max_pool2d",
        (x, weight, bias),
        out,
        False,
        strides=strides,
        padding=padding,
        pads=pads,
        dilation=dilation,
        activation=activation,
        pool_size=pool_size,
    )
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


def avg_pool2d(
    x: Arrayish,
    *,
    pool_size: Sequence[int] = (2, 2),
    strides: Sequence[int] = (2, 2),
    padding: Literal["valid", "same", "explicit"] = "valid",
    pads: Sequence[int] = (0, 0, 0, 0),
    out: Arrayish | None = None,
) -> Array:
    """Mean over windows. Padding is left out: a window at the edge is the mean of the elements it meets.

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
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : (batch, out_height, out_width, channels)
    """
    return _one("avg_pool2d", (x,), (out,), False, pool_size=pool_size, strides=strides, padding=padding, pads=pads)


def avg_pool2d_backward(
    dy: Arrayish,
    x: Arrayish,
    *,
    pool_size: Sequence[int] = (2, 2),
    strides: Sequence[int] = (2, 2),
    padding: Literal["valid", "same", "explicit"] = "valid",
    pads: Sequence[int] = (0, 0, 0, 0),
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of avg_pool2d: every dy is shared out evenly over the elements its window meets.

    Parameters
    ----------
    dy : (batch, out_height, out_width, channels)
    x : (batch, height, width, channels)
        Only its shape and dtype are used.
    pool_size : Sequence[int]
        As in avg_pool2d.
    strides : Sequence[int]
        As in avg_pool2d.
    padding : Literal['valid', 'same', 'explicit']
        As in avg_pool2d.
    pads : Sequence[int]
        As in avg_pool2d.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : (batch, height, width, channels)
    """
    return _one(
        "avg_pool2d_backward",
        (dy, x),
        (out,),
        accumulate,
        pool_size=pool_size,
        strides=strides,
        padding=padding,
        pads=pads,
    )


def scaled_dot_product_attention(
    query: Arrayish,
    key: Arrayish,
    value: Arrayish,
    mask: Arrayish | None = None,
    *,
    heads_axis: int = 1,
    is_causal: bool = False,
    scale: float = 0.0,
    out: Sequence[Arrayish | None] | None = None,
) -> tuple[Array, Array]:
    """``y = softmax(scale * query @ key.T + mask) @ value`` for every head (Vaswani et al. 2017), in blocks whose
    scores are never stored together (Dao et al. 2022). Heads of query share those of key and value in equal groups. A
    query that no key is left for gives zeros. A masked key takes no part, unless its value is inf or NaN: its
    probability is 0, and 0 * NaN is NaN.

    Parameters
    ----------
    query : (batch, heads, queries, depth); with heads_axis 2 (batch, queries, heads, depth)
    key : (batch, kv_heads, keys, depth), axes as query's
    value : (batch, kv_heads, keys, value_depth), axes as query's
    mask : broadcasts to (batch, heads, queries, keys): bool or uint8, true where a query attends to a key; or as
    query, added to the scaled scores
    heads_axis : int
        Axis of the heads, 1 or 2.
    is_causal : bool
        Query i attends to keys 0 to i only.
    scale : float
        Factor of the scores; 0 stands for 1 / sqrt(depth).
    out : array, or one for each result, optional
        Written instead of a new array.

    Returns
    -------
    y : (batch, heads, queries, value_depth), axes as query's
    logsumexp : (batch, heads, queries), of the scores; for the gradient
    """
    y, logsumexp = _many(
        "scaled_dot_product_attention",
        (query, key, value, mask),
        out,
        False,
        heads_axis=heads_axis,
        is_causal=is_causal,
        scale=scale,
    )
    return y, logsumexp


def scaled_dot_product_attention_dropout(
    query: Arrayish,
    key: Arrayish,
    value: Arrayish,
    mask: Arrayish | None = None,
    *,
    heads_axis: int = 1,
    is_causal: bool = False,
    scale: float = 0.0,
    rate: float = 0.5,
    stream: int = 0,
    seed: int = 0,
    step: int = 0,
    out: Sequence[Arrayish | None] | None = None,
) -> tuple[Array, Array, Array]:
    """As scaled_dot_product_attention, with dropout of the probabilities: ``y = dropout(softmax(...)) @ value``. The
    random number of a probability is a function of (seed, stream, step), its sample, head, query and key alone.

    Parameters
    ----------
    query : (batch, heads, queries, depth); with heads_axis 2 (batch, queries, heads, depth)
    key : (batch, kv_heads, keys, depth), axes as query's
    value : (batch, kv_heads, keys, value_depth), axes as query's
    mask : broadcasts to (batch, heads, queries, keys): bool or uint8, true where a query attends to a key; or as
    query, added to the scaled scores
    heads_axis : int
        As in scaled_dot_product_attention.
    is_causal : bool
        As in scaled_dot_product_attention.
    scale : float
        As in scaled_dot_product_attention.
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
    y : (batch, heads, queries, value_depth), axes as query's
    logsumexp : (batch, heads, queries), of the scores; for the gradient
    draw : (3,) int64: seed, stream and step; for the gradient
    """
    y, logsumexp, draw = _many(
        "scaled_dot_product_attention_dropout",
        (query, key, value, mask),
        out,
        False,
        heads_axis=heads_axis,
        is_causal=is_causal,
        scale=scale,
        rate=rate,
        stream=stream,
        seed=seed,
        step=step,
    )
    return y, logsumexp, draw


def scaled_dot_product_attention_backward(
    dy: Arrayish,
    query: Arrayish,
    key: Arrayish,
    value: Arrayish,
    y: Arrayish,
    logsumexp: Arrayish,
    mask: Arrayish | None = None,
    draw: Arrayish | None = None,
    *,
    heads_axis: int = 1,
    is_causal: bool = False,
    scale: float = 0.0,
    rate: float = 0.0,
    out: Sequence[Arrayish | None] | None = None,
    accumulate: bool = False,
) -> tuple[Array, Array, Array]:
    """Gradient of scaled_dot_product_attention; the probabilities are computed again.

    Parameters
    ----------
    dy : as y
    query : (batch, heads, queries, depth); with heads_axis 2 (batch, queries, heads, depth)
    key : (batch, kv_heads, keys, depth), axes as query's
    value : (batch, kv_heads, keys, value_depth), axes as query's
    y : (batch, heads, queries, value_depth), axes as query's
    logsumexp : (batch, heads, queries)
    mask : as in scaled_dot_product_attention
    draw : (3,) int64; needed when rate is above 0
    heads_axis : int
        As in scaled_dot_product_attention.
    is_causal : bool
        As in scaled_dot_product_attention.
    scale : float
        As in scaled_dot_product_attention.
    rate : float
        As in scaled_dot_product_attention_dropout.
    out : array, or one for each result, optional
        Written instead of a new array.
    accumulate : bool
        Add into the first entry of out instead of overwriting it.

    Returns
    -------
    dquery : as query
    dkey : as key
    dvalue : as value
    """
    dquery, dkey, dvalue = _many(
        "scaled_dot_product_attention_backward",
        (dy, query, key, value, y, logsumexp, mask, draw),
        out,
        accumulate,
        heads_axis=heads_axis,
        is_causal=is_causal,
        scale=scale,
        rate=rate,
    )
    return dquery, dkey, dvalue


def batch_statistics(x: Arrayish, *, out: Sequence[Arrayish | None] | None = None) -> tuple[Array, Array]:
    """Mean and biased variance of each channel, over all axes but the last: one pass, in float around the mean of 16
    rows, in double over those.

    Parameters
    ----------
    x : (..., channels)
    out : array, or one for each result, optional
        Written instead of a new array.

    Returns
    -------
    mean : (channels,)
    variance : (channels,)
    """
    mean, variance = _many("batch_statistics", (x,), out, False)
    return mean, variance


def batch_normalization(
    x: Arrayish,
    mean: Arrayish,
    variance: Arrayish,
    gamma: Arrayish | None = None,
    beta: Arrayish | None = None,
    *,
    epsilon: float = 0.001,
    activation: Literal["linear", "relu"] = "linear",
    out: Arrayish | None = None,
) -> Array:
    """``y = activation((x - mean) / sqrt(variance + epsilon) * gamma + beta)`` (Ioffe and Szegedy 2015), for mean and
    variance of the batch or moving ones.

    Parameters
    ----------
    x : (..., channels)
    mean : (channels,)
    variance : (channels,)
    gamma : (channels,)
    beta : (channels,)
    epsilon : float
        Added to the variance, positive.
    activation : Literal['linear', 'relu']
        Applied to the result.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as x
    """
    return _one(
        "batch_normalization", (x, mean, variance, gamma, beta), (out,), False, epsilon=epsilon, activation=activation
    )


def batch_normalization_backward(
    dy: Arrayish,
    x: Arrayish,
    mean: Arrayish,
    variance: Arrayish,
    gamma: Arrayish | None = None,
    beta: Arrayish | None = None,
    *,
    epsilon: float = 0.001,
    training: bool = True,
    activation: Literal["linear", "relu"] = "linear",
    out: Sequence[Arrayish | None] | None = None,
    accumulate: bool = False,
) -> tuple[Array, Array, Array]:
    """Gradient of batch_normalization. With training, mean and variance are those of x itself and the gradient goes
    through them; without, they are constants. beta matters to an activation, whose slope is computed again from x.

    Parameters
    ----------
    dy : as x
    x : (..., channels)
    mean : (channels,)
    variance : (channels,)
    gamma : (channels,)
    beta : (channels,)
    epsilon : float
        As in batch_normalization.
    training : bool
        Mean and variance are those of x.
    activation : Literal['linear', 'relu']
        As in batch_normalization.
    out : array, or one for each result, optional
        Written instead of a new array.
    accumulate : bool
        Add into the first entry of out instead of overwriting it.

    Returns
    -------
    dx : as x
    dgamma : (channels,)
    dbeta : (channels,)
    """
    dx, dgamma, dbeta = _many(
        "batch_normalization_backward",
        (dy, x, mean, variance, gamma, beta),
        out,
        accumulate,
        epsilon=epsilon,
        training=training,
        activation=activation,
    )
    return dx, dgamma, dbeta


def layer_normalization(
    x: Arrayish,
    gamma: Arrayish | None = None,
    beta: Arrayish | None = None,
    *,
    epsilon: float = 0.001,
    rms: bool = False,
    out: Sequence[Arrayish | None] | None = None,
) -> tuple[Array, Array, Array]:
    """``y = (x - mean) / sqrt(variance + epsilon) * gamma + beta`` with mean and variance of each row of the last axis
    (Ba et al. 2016); with rms, ``y = x / sqrt(mean(x * x) + epsilon) * gamma + beta`` (Zhang and Sennrich 2019).

    Parameters
    ----------
    x : (..., n)
    gamma : (n,)
    beta : (n,)
    epsilon : float
        Added to the variance, positive.
    rms : bool
        Divide by the root of the mean square and subtract nothing.
    out : array, or one for each result, optional
        Written instead of a new array.

    Returns
    -------
    y : as x
    mean : (...), zeros with rms
    inverse_deviation : (...): 1 / sqrt(variance + epsilon)
    """
    y, mean, inverse_deviation = _many("layer_normalization", (x, gamma, beta), out, False, epsilon=epsilon, rms=rms)
    return y, mean, inverse_deviation


def layer_normalization_backward(
    dy: Arrayish,
    x: Arrayish,
    mean: Arrayish,
    inverse_deviation: Arrayish,
    gamma: Arrayish | None = None,
    *,
    rms: bool = False,
    out: Sequence[Arrayish | None] | None = None,
    accumulate: bool = False,
) -> tuple[Array, Array, Array]:
    """Gradient of layer_normalization from what it kept of each row.

    Parameters
    ----------
    dy : as x
    x : (..., n)
    mean : (...)
    inverse_deviation : (...)
    gamma : (n,)
    rms : bool
        As in layer_normalization.
    out : array, or one for each result, optional
        Written instead of a new array.
    accumulate : bool
        Add into the first entry of out instead of overwriting it.

    Returns
    -------
    dx : as x
    dgamma : (n,)
    dbeta : (n,)
    """
    dx, dgamma, dbeta = _many(
        "layer_normalization_backward", (dy, x, mean, inverse_deviation, gamma), out, accumulate, rms=rms
    )
    return dx, dgamma, dbeta


def group_normalization(
    x: Arrayish,
    gamma: Arrayish | None = None,
    beta: Arrayish | None = None,
    *,
    groups: int = 32,
    epsilon: float = 0.001,
    out: Sequence[Arrayish | None] | None = None,
) -> tuple[Array, Array, Array]:
    """``y = (x - mean) / sqrt(variance + epsilon) * gamma + beta`` with mean and variance of each sample's groups of
    neighbouring channels, over all positions (Wu and He 2018): two passes, summed in double.

    Parameters
    ----------
    x : (batch, ..., channels)
    gamma : (channels,)
    beta : (channels,)
    groups : int
        Divides the channels.
    epsilon : float
        Added to the variance, positive.
    out : array, or one for each result, optional
        Written instead of a new array.

    Returns
    -------
    y : as x
    mean : (batch, groups)
    inverse_deviation : (batch, groups): 1 / sqrt(variance + epsilon)
    """
    y, mean, inverse_deviation = _many(
        "group_normalization", (x, gamma, beta), out, False, groups=groups, epsilon=epsilon
    )
    return y, mean, inverse_deviation


def group_normalization_backward(
    dy: Arrayish,
    x: Arrayish,
    mean: Arrayish,
    inverse_deviation: Arrayish,
    gamma: Arrayish | None = None,
    *,
    groups: int = 32,
    out: Sequence[Arrayish | None] | None = None,
    accumulate: bool = False,
) -> tuple[Array, Array, Array]:
    """Gradient of group_normalization from what it kept of each group.

    Parameters
    ----------
    dy : as x
    x : (batch, ..., channels)
    mean : (batch, groups)
    inverse_deviation : (batch, groups)
    gamma : (channels,)
    groups : int
        As in group_normalization.
    out : array, or one for each result, optional
        Written instead of a new array.
    accumulate : bool
        Add into the first entry of out instead of overwriting it.

    Returns
    -------
    dx : as x
    dgamma : (channels,)
    dbeta : (channels,)
    """
    dx, dgamma, dbeta = _many(
        "group_normalization_backward", (dy, x, mean, inverse_deviation, gamma), out, accumulate, groups=groups
    )
    return dx, dgamma, dbeta


def lstm(
    x: Arrayish,
    kernel: Arrayish,
    recurrent_kernel: Arrayish,
    bias: Arrayish | None = None,
    h0: Arrayish | None = None,
    c0: Arrayish | None = None,
    mask: Arrayish | None = None,
    recurrent_mask: Arrayish | None = None,
    *,
    activation: Literal["linear", "relu", "tanh", "sigmoid", "hard_sigmoid"] = "tanh",
    recurrent_activation: Literal["linear", "relu", "tanh", "sigmoid", "hard_sigmoid"] = "sigmoid",
    go_backwards: bool = False,
    out: Sequence[Arrayish | None] | None = None,
) -> tuple[Array, Array, Array, Array]:
    """Long short-term memory over a whole sequence (Hochreiter and Schmidhuber 1997; with forget gates, Gers et al.
    2000). With ``z = x[t] @ kernel + bias + h @ recurrent_kernel`` cut into i, f, c, o: ``c = f(z_f) * c + f(z_i) *
    a(z_c)`` and ``h = f(z_o) * a(c)``, where f is the recurrent activation and a the activation. A step whose mask is
    zero repeats both states. y holds h of all steps in the order in which they are processed. The recurrent mask
    multiplies the h of the product in every step (Gal and Ghahramani 2016).

    Parameters
    ----------
    x : (batch, time, in)
    kernel : (in, 4 * units)
    recurrent_kernel : (units, 4 * units)
    bias : (4 * units,)
    h0 : (batch, units); zeros when absent
    c0 : (batch, units); zeros when absent
    mask : (batch, time) of bool or uint8: which steps count
    recurrent_mask : (batch, units)
    activation : Literal['linear', 'relu', 'tanh', 'sigmoid', 'hard_sigmoid']
        Of the candidate and of the cell.
    recurrent_activation : Literal['linear', 'relu', 'tanh', 'sigmoid', 'hard_sigmoid']
        Of the gates.
    go_backwards : bool
        Process x from its last step to its first.
    out : array, or one for each result, optional
        Written instead of a new array.

    Returns
    -------
    y : (batch, time, units)
    c_n : (batch, units): c of the last step
    gates : (batch, time, 4 * units): i, f, c, o behind their activations, at the time of their x
    cells : (batch, time, units): c of all steps, as y
    """
    y, c_n, gates, cells = _many(
        "lstm",
        (x, kernel, recurrent_kernel, bias, h0, c0, mask, recurrent_mask),
        out,
        False,
        activation=activation,
        recurrent_activation=recurrent_activation,
        go_backwards=go_backwards,
    )
    return y, c_n, gates, cells


def lstm_backward(
    x: Arrayish,
    kernel: Arrayish,
    recurrent_kernel: Arrayish,
    y: Arrayish,
    gates: Arrayish,
    cells: Arrayish,
    dy: Arrayish | None = None,
    dc_n: Arrayish | None = None,
    h0: Arrayish | None = None,
    c0: Arrayish | None = None,
    mask: Arrayish | None = None,
    recurrent_mask: Arrayish | None = None,
    *,
    activation: Literal["linear", "relu", "tanh", "sigmoid", "hard_sigmoid"] = "tanh",
    recurrent_activation: Literal["linear", "relu", "tanh", "sigmoid", "hard_sigmoid"] = "sigmoid",
    go_backwards: bool = False,
    out: Sequence[Arrayish | None] | None = None,
    accumulate: bool = False,
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Gradient of lstm from what it kept.

    Parameters
    ----------
    x : (batch, time, in)
    kernel : (in, 4 * units)
    recurrent_kernel : (units, 4 * units)
    y : (batch, time, units)
    gates : (batch, time, 4 * units)
    cells : (batch, time, units)
    dy : (batch, time, units)
    dc_n : (batch, units)
    h0 : (batch, units)
    c0 : (batch, units)
    mask : (batch, time) of bool or uint8
    recurrent_mask : (batch, units)
    activation : Literal['linear', 'relu', 'tanh', 'sigmoid', 'hard_sigmoid']
        As in lstm.
    recurrent_activation : Literal['linear', 'relu', 'tanh', 'sigmoid', 'hard_sigmoid']
        As in lstm.
    go_backwards : bool
        As in lstm.
    out : array, or one for each result, optional
        Written instead of a new array.
    accumulate : bool
        Add into the first entry of out instead of overwriting it.

    Returns
    -------
    dx : as x
    dkernel : as kernel
    drecurrent_kernel : as recurrent_kernel
    dbias : (4 * units,)
    dh0 : (batch, units)
    dc0 : (batch, units)
    """
    dx, dkernel, drecurrent_kernel, dbias, dh0, dc0 = _many(
        "lstm_backward",
        (x, kernel, recurrent_kernel, y, gates, cells, dy, dc_n, h0, c0, mask, recurrent_mask),
        out,
        accumulate,
        activation=activation,
        recurrent_activation=recurrent_activation,
        go_backwards=go_backwards,
    )
    return dx, dkernel, drecurrent_kernel, dbias, dh0, dc0


def gru(
    x: Arrayish,
    kernel: Arrayish,
    recurrent_kernel: Arrayish,
    bias: Arrayish | None = None,
    h0: Arrayish | None = None,
    mask: Arrayish | None = None,
    recurrent_mask: Arrayish | None = None,
    *,
    activation: Literal["linear", "relu", "tanh", "sigmoid", "hard_sigmoid"] = "tanh",
    recurrent_activation: Literal["linear", "relu", "tanh", "sigmoid", "hard_sigmoid"] = "sigmoid",
    go_backwards: bool = False,
    out: Sequence[Arrayish | None] | None = None,
) -> tuple[Array, Array]:
    """Gated recurrent units over a whole sequence (Cho et al. 2014), the reset gate behind the product. With ``p =
    x[t] @ kernel + bias[0]`` and ``q = h @ recurrent_kernel + bias[1]`` cut into z, r, h: ``z = f(p_z + q_z)``, ``r =
    f(p_r + q_r)`` and ``h = z * h + (1 - z) * a(p_h + r * q_h)``, where f is the recurrent activation and a the
    activation. Masks and y as for lstm.

    Parameters
    ----------
    x : (batch, time, in)
    kernel : (in, 3 * units)
    recurrent_kernel : (units, 3 * units)
    bias : (2, 3 * units)
    h0 : (batch, units); zeros when absent
    mask : (batch, time) of bool or uint8: which steps count
    recurrent_mask : (batch, units)
    activation : Literal['linear', 'relu', 'tanh', 'sigmoid', 'hard_sigmoid']
        Of the candidate.
    recurrent_activation : Literal['linear', 'relu', 'tanh', 'sigmoid', 'hard_sigmoid']
        Of the gates.
    go_backwards : bool
        Process x from its last step to its first.
    out : array, or one for each result, optional
        Written instead of a new array.

    Returns
    -------
    y : (batch, time, units)
    gates : (batch, time, 4 * units): z, r, the candidate and q_h, at the time of their x
    """
    y, gates = _many(
        "gru",
        (x, kernel, recurrent_kernel, bias, h0, mask, recurrent_mask),
        out,
        False,
        activation=activation,
        recurrent_activation=recurrent_activation,
        go_backwards=go_backwards,
    )
    return y, gates


def gru_backward(
    dy: Arrayish,
    x: Arrayish,
    kernel: Arrayish,
    recurrent_kernel: Arrayish,
    y: Arrayish,
    gates: Arrayish,
    h0: Arrayish | None = None,
    mask: Arrayish | None = None,
    recurrent_mask: Arrayish | None = None,
    *,
    activation: Literal["linear", "relu", "tanh", "sigmoid", "hard_sigmoid"] = "tanh",
    recurrent_activation: Literal["linear", "relu", "tanh", "sigmoid", "hard_sigmoid"] = "sigmoid",
    go_backwards: bool = False,
    out: Sequence[Arrayish | None] | None = None,
    accumulate: bool = False,
) -> tuple[Array, Array, Array, Array, Array]:
    """Gradient of gru from what it kept.

    Parameters
    ----------
    dy : (batch, time, units)
    x : (batch, time, in)
    kernel : (in, 3 * units)
    recurrent_kernel : (units, 3 * units)
    y : (batch, time, units)
    gates : (batch, time, 4 * units)
    h0 : (batch, units)
    mask : (batch, time) of bool or uint8
    recurrent_mask : (batch, units)
    activation : Literal['linear', 'relu', 'tanh', 'sigmoid', 'hard_sigmoid']
        As in gru.
    recurrent_activation : Literal['linear', 'relu', 'tanh', 'sigmoid', 'hard_sigmoid']
        As in gru.
    go_backwards : bool
        As in gru.
    out : array, or one for each result, optional
        Written instead of a new array.
    accumulate : bool
        Add into the first entry of out instead of overwriting it.

    Returns
    -------
    dx : as x
    dkernel : as kernel
    drecurrent_kernel : as recurrent_kernel
    dbias : (2, 3 * units)
    dh0 : (batch, units)
    """
    dx, dkernel, drecurrent_kernel, dbias, dh0 = _many(
        "gru_backward",
        (dy, x, kernel, recurrent_kernel, y, gates, h0, mask, recurrent_mask),
        out,
        accumulate,
        activation=activation,
        recurrent_activation=recurrent_activation,
        go_backwards=go_backwards,
    )
    return dx, dkernel, drecurrent_kernel, dbias, dh0


def simple_rnn(
    x: Arrayish,
    kernel: Arrayish,
    recurrent_kernel: Arrayish,
    bias: Arrayish | None = None,
    h0: Arrayish | None = None,
    mask: Arrayish | None = None,
    recurrent_mask: Arrayish | None = None,
    *,
    activation: Literal["linear", "relu", "tanh", "sigmoid", "hard_sigmoid"] = "tanh",
    go_backwards: bool = False,
    out: Arrayish | None = None,
) -> Array:
    """Simple recurrent network (Elman 1990): ``h = activation(x[t] @ kernel + bias + h @ recurrent_kernel)`` over a
    whole sequence. Masks and y as for lstm.

    Parameters
    ----------
    x : (batch, time, in)
    kernel : (in, units)
    recurrent_kernel : (units, units)
    bias : (units,)
    h0 : (batch, units); zeros when absent
    mask : (batch, time) of bool or uint8: which steps count
    recurrent_mask : (batch, units)
    activation : Literal['linear', 'relu', 'tanh', 'sigmoid', 'hard_sigmoid']
        Of the sum.
    go_backwards : bool
        Process x from its last step to its first.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : (batch, time, units)
    """
    return _one(
        "simple_rnn",
        (x, kernel, recurrent_kernel, bias, h0, mask, recurrent_mask),
        (out,),
        False,
        activation=activation,
        go_backwards=go_backwards,
    )


def simple_rnn_backward(
    dy: Arrayish,
    x: Arrayish,
    kernel: Arrayish,
    recurrent_kernel: Arrayish,
    y: Arrayish,
    h0: Arrayish | None = None,
    mask: Arrayish | None = None,
    recurrent_mask: Arrayish | None = None,
    *,
    activation: Literal["linear", "relu", "tanh", "sigmoid", "hard_sigmoid"] = "tanh",
    go_backwards: bool = False,
    out: Sequence[Arrayish | None] | None = None,
    accumulate: bool = False,
) -> tuple[Array, Array, Array, Array, Array]:
    """Gradient of simple_rnn from its result.

    Parameters
    ----------
    dy : (batch, time, units)
    x : (batch, time, in)
    kernel : (in, units)
    recurrent_kernel : (units, units)
    y : (batch, time, units)
    h0 : (batch, units)
    mask : (batch, time) of bool or uint8
    recurrent_mask : (batch, units)
    activation : Literal['linear', 'relu', 'tanh', 'sigmoid', 'hard_sigmoid']
        As in simple_rnn.
    go_backwards : bool
        As in simple_rnn.
    out : array, or one for each result, optional
        Written instead of a new array.
    accumulate : bool
        Add into the first entry of out instead of overwriting it.

    Returns
    -------
    dx : as x
    dkernel : as kernel
    drecurrent_kernel : as recurrent_kernel
    dbias : (units,)
    dh0 : (batch, units)
    """
    dx, dkernel, drecurrent_kernel, dbias, dh0 = _many(
        "simple_rnn_backward",
        (dy, x, kernel, recurrent_kernel, y, h0, mask, recurrent_mask),
        out,
        accumulate,
        activation=activation,
        go_backwards=go_backwards,
    )
    return dx, dkernel, drecurrent_kernel, dbias, dh0


def embedding(ids: Arrayish, table: Arrayish, *, out: Arrayish | None = None) -> Array:
    """Rows of a table by number: ``y[i] = table[ids[i]]``. Ids out of range are refused before anything is written.

    Parameters
    ----------
    ids : (...) of int32 or int64
    table : (rows, n)
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : (..., n)
    """
    return _one("embedding", (ids, table), (out,), False)


def embedding_backward(
    dy: Arrayish,
    ids: Arrayish,
    table: Arrayish,
    *,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of embedding with respect to its table: the dy of equal ids are summed in their order, other rows are
    0.

    Parameters
    ----------
    dy : (..., n)
    ids : (...) of int32 or int64
    table : (rows, n)
        Only its shape and dtype are used.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dtable : (rows, n)
    """
    return _one("embedding_backward", (dy, ids, table), (out,), accumulate)


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


def sigmoid(x: Arrayish, *, out: Arrayish | None = None) -> Array:
    """``y = 1 / (1 + exp(-x))``, from ``exp(-|x|)``.

    Parameters
    ----------
    x : (...)
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as x
    """
    return _one("sigmoid", (x,), (out,), False)


def sigmoid_backward(dy: Arrayish, y: Arrayish, *, out: Arrayish | None = None, accumulate: bool = False) -> Array:
    """Gradient of sigmoid from its output: ``dx = dy * y * (1 - y)``.

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
    return _one("sigmoid_backward", (dy, y), (out,), accumulate)


def tanh(x: Arrayish, *, out: Arrayish | None = None) -> Array:
    """Hyperbolic tangent.

    Parameters
    ----------
    x : (...)
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as x
    """
    return _one("tanh", (x,), (out,), False)


def tanh_backward(dy: Arrayish, y: Arrayish, *, out: Arrayish | None = None, accumulate: bool = False) -> Array:
    """Gradient of tanh from its output: ``dx = dy * (1 - y * y)``.

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
    return _one("tanh_backward", (dy, y), (out,), accumulate)


def leaky_relu(x: Arrayish, *, negative_slope: float = 0.2, out: Arrayish | None = None) -> Array:
    """``y = x`` where ``x > 0``, else ``negative_slope * x``.

    Parameters
    ----------
    x : (...)
    negative_slope : float
        Factor of negative numbers.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as x
    """
    return _one("leaky_relu", (x,), (out,), False, negative_slope=negative_slope)


def leaky_relu_backward(
    dy: Arrayish,
    x: Arrayish,
    *,
    negative_slope: float = 0.2,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of leaky_relu: ``dx = dy`` where ``x > 0``, else ``negative_slope * dy``.

    Parameters
    ----------
    dy : as x
    x : (...)
    negative_slope : float
        As in leaky_relu.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : as x
    """
    return _one("leaky_relu_backward", (dy, x), (out,), accumulate, negative_slope=negative_slope)


def elu(x: Arrayish, *, alpha: float = 1.0, out: Arrayish | None = None) -> Array:
    """Exponential linear unit (Clevert et al. 2016): ``y = x`` where ``x > 0``, else ``alpha * (exp(x) - 1)``.

    Parameters
    ----------
    x : (...)
    alpha : float
        Limit of negative numbers.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as x
    """
    return _one("elu", (x,), (out,), False, alpha=alpha)


def elu_backward(
    dy: Arrayish,
    x: Arrayish,
    *,
    alpha: float = 1.0,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of elu: ``dx = dy`` where ``x > 0``, else ``dy * alpha * exp(x)``.

    Parameters
    ----------
    dy : as x
    x : (...)
    alpha : float
        As in elu.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : as x
    """
    return _one("elu_backward", (dy, x), (out,), accumulate, alpha=alpha)


def selu(x: Arrayish, *, out: Arrayish | None = None) -> Array:
    """Scaled exponential linear unit (Klambauer et al. 2017): 1.0507... times elu with alpha 1.6732...

    Parameters
    ----------
    x : (...)
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as x
    """
    return _one("selu", (x,), (out,), False)


def selu_backward(dy: Arrayish, x: Arrayish, *, out: Arrayish | None = None, accumulate: bool = False) -> Array:
    """Gradient of selu.

    Parameters
    ----------
    dy : as x
    x : (...)
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : as x
    """
    return _one("selu_backward", (dy, x), (out,), accumulate)


def gelu(x: Arrayish, *, approximate: bool = False, out: Arrayish | None = None) -> Array:
    """Gaussian error linear unit (Hendrycks and Gimpel 2016): ``y = x * (1 + erf(x / sqrt(2))) / 2``, or the form with
    tanh, ``x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2``.

    Parameters
    ----------
    x : (...)
    approximate : bool
        The form with tanh.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as x
    """
    return _one("gelu", (x,), (out,), False, approximate=approximate)


def gelu_backward(
    dy: Arrayish,
    x: Arrayish,
    *,
    approximate: bool = False,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of gelu.

    Parameters
    ----------
    dy : as x
    x : (...)
    approximate : bool
        As in gelu.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : as x
    """
    return _one("gelu_backward", (dy, x), (out,), accumulate, approximate=approximate)


def silu(x: Arrayish, *, out: Arrayish | None = None) -> Array:
    """``y = x * sigmoid(x)``.

    Parameters
    ----------
    x : (...)
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as x
    """
    return _one("silu", (x,), (out,), False)


def silu_backward(dy: Arrayish, x: Arrayish, *, out: Arrayish | None = None, accumulate: bool = False) -> Array:
    """Gradient of silu: ``dx = dy * s * (1 + x * (1 - s))`` with ``s = sigmoid(x)``.

    Parameters
    ----------
    dy : as x
    x : (...)
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : as x
    """
    return _one("silu_backward", (dy, x), (out,), accumulate)


def softplus(x: Arrayish, *, out: Arrayish | None = None) -> Array:
    """``y = log(1 + exp(x))``, as ``max(x, 0) + log(1 + exp(-|x|))``.

    Parameters
    ----------
    x : (...)
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as x
    """
    return _one("softplus", (x,), (out,), False)


def softplus_backward(dy: Arrayish, x: Arrayish, *, out: Arrayish | None = None, accumulate: bool = False) -> Array:
    """Gradient of softplus: ``dx = dy * sigmoid(x)``.

    Parameters
    ----------
    dy : as x
    x : (...)
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : as x
    """
    return _one("softplus_backward", (dy, x), (out,), accumulate)


def softsign(x: Arrayish, *, out: Arrayish | None = None) -> Array:
    """``y = x / (1 + |x|)``.

    Parameters
    ----------
    x : (...)
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as x
    """
    return _one("softsign", (x,), (out,), False)


def softsign_backward(dy: Arrayish, x: Arrayish, *, out: Arrayish | None = None, accumulate: bool = False) -> Array:
    """Gradient of softsign: ``dx = dy / (1 + |x|)**2``.

    Parameters
    ----------
    dy : as x
    x : (...)
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : as x
    """
    return _one("softsign_backward", (dy, x), (out,), accumulate)


def hard_sigmoid(x: Arrayish, *, out: Arrayish | None = None) -> Array:
    """``y = min(max(x + 3, 0), 6) / 6``.

    Parameters
    ----------
    x : (...)
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as x
    """
    return _one("hard_sigmoid", (x,), (out,), False)


def hard_sigmoid_backward(dy: Arrayish, x: Arrayish, *, out: Arrayish | None = None, accumulate: bool = False) -> Array:
    """Gradient of hard_sigmoid: ``dx = dy / 6`` where ``-3 < x < 3``, else 0.

    Parameters
    ----------
    dy : as x
    x : (...)
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : as x
    """
    return _one("hard_sigmoid_backward", (dy, x), (out,), accumulate)


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


def log_softmax(x: Arrayish, *, axis: int = -1, out: Arrayish | None = None) -> Array:
    """``y = x - max(x) - log(sum(exp(x - max(x))))`` along one axis.

    Parameters
    ----------
    x : (...)
    axis : int
        The axis whose exponentials sum to one.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as x
    """
    return _one("log_softmax", (x,), (out,), False, axis=axis)


def log_softmax_backward(
    dy: Arrayish,
    y: Arrayish,
    *,
    axis: int = -1,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of log_softmax from its output: ``dx = dy - exp(y) * sum(dy)``.

    Parameters
    ----------
    dy : as y
    y : (...)
    axis : int
        As in log_softmax.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : as y
    """
    return _one("log_softmax_backward", (dy, y), (out,), accumulate, axis=axis)


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


def softmax_cross_entropy_with_gradient(
    logits: Arrayish,
    labels: Arrayish,
    dloss: Arrayish,
    *,
    out: Sequence[Arrayish | None] | None = None,
) -> tuple[Array, Array]:
    """softmax_cross_entropy and its gradient in one pass over the logits, for a gradient of the losses that is known
    already, such as ones or the weights of the samples. The bits are those of the two ops.

    Parameters
    ----------
    logits : (..., classes)
    labels : as in softmax_cross_entropy
    dloss : (...)
    out : array, or one for each result, optional
        Written instead of a new array.

    Returns
    -------
    loss : (...)
    dlogits : (..., classes)
    """
    loss, dlogits = _many("softmax_cross_entropy_with_gradient", (logits, labels, dloss), out, False)
    return loss, dlogits


def squared_error(predictions: Arrayish, targets: Arrayish, *, out: Arrayish | None = None) -> Array:
    """Mean over the last axis of ``(predictions - targets)**2``.

    Parameters
    ----------
    predictions : (..., n)
    targets : as predictions
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    loss : (...)
    """
    return _one("squared_error", (predictions, targets), (out,), False)


def squared_error_backward(
    dloss: Arrayish,
    predictions: Arrayish,
    targets: Arrayish,
    *,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of squared_error: ``dpredictions = dloss * 2 * (predictions - targets) / n``.

    Parameters
    ----------
    dloss : (...)
    predictions : (..., n)
    targets : as predictions
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dpredictions : (..., n)
    """
    return _one("squared_error_backward", (dloss, predictions, targets), (out,), accumulate)


def absolute_error(predictions: Arrayish, targets: Arrayish, *, out: Arrayish | None = None) -> Array:
    """Mean over the last axis of ``abs(predictions - targets)``.

    Parameters
    ----------
    predictions : (..., n)
    targets : as predictions
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    loss : (...)
    """
    return _one("absolute_error", (predictions, targets), (out,), False)


def absolute_error_backward(
    dloss: Arrayish,
    predictions: Arrayish,
    targets: Arrayish,
    *,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of absolute_error: ``dpredictions = dloss * sign(predictions - targets) / n``.

    Parameters
    ----------
    dloss : (...)
    predictions : (..., n)
    targets : as predictions
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dpredictions : (..., n)
    """
    return _one("absolute_error_backward", (dloss, predictions, targets), (out,), accumulate)


def huber(predictions: Arrayish, targets: Arrayish, *, delta: float = 1.0, out: Arrayish | None = None) -> Array:
    """Huber's loss, mean over the last axis: with d = predictions - targets ``d * d / 2`` where abs(d) <= delta, else
    ``delta * (abs(d) - delta / 2)``.

    Parameters
    ----------
    predictions : (..., n)
    targets : as predictions
    delta : float
        Where the parabola ends, above 0.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    loss : (...)
    """
    return _one("huber", (predictions, targets), (out,), False, delta=delta)


def huber_backward(
    dloss: Arrayish,
    predictions: Arrayish,
    targets: Arrayish,
    *,
    delta: float = 1.0,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of huber: ``dpredictions = dloss * clip(predictions - targets, -delta, delta) / n``.

    Parameters
    ----------
    dloss : (...)
    predictions : (..., n)
    targets : as predictions
    delta : float
        As in huber.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dpredictions : (..., n)
    """
    return _one("huber_backward", (dloss, predictions, targets), (out,), accumulate, delta=delta)


def binary_cross_entropy(
    predictions: Arrayish,
    targets: Arrayish,
    *,
    from_logits: bool = False,
    out: Arrayish | None = None,
) -> Array:
    """Mean over the last axis of ``-(targets * log(p) + (1 - targets) * log(1 - p))``. Probabilities p are predictions
    clipped to [1e-7, 1 - 1e-7], as in Keras; of logits p is the sigmoid, and nothing overflows or is clipped.

    Parameters
    ----------
    predictions : (..., n)
    targets : as predictions
    from_logits : bool
        Predictions are logits, else probabilities.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    loss : (...)
    """
    return _one("binary_cross_entropy", (predictions, targets), (out,), False, from_logits=from_logits)


def binary_cross_entropy_backward(
    dloss: Arrayish,
    predictions: Arrayish,
    targets: Arrayish,
    *,
    from_logits: bool = False,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of binary_cross_entropy: ``dloss * (p - targets) / n`` of logits; of probabilities ``dloss * (p -
    targets) / (p * (1 - p)) / n``, and 0 where they are clipped.

    Parameters
    ----------
    dloss : (...)
    predictions : (..., n)
    targets : as predictions
    from_logits : bool
        As in binary_cross_entropy.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dpredictions : (..., n)
    """
    return _one(
        "binary_cross_entropy_backward", (dloss, predictions, targets), (out,), accumulate, from_logits=from_logits
    )


def binary_accuracy(
    predictions: Arrayish,
    targets: Arrayish,
    *,
    threshold: float = 0.5,
    out: Arrayish | None = None,
) -> Array:
    """Share of the last axis where ``predictions > threshold`` is what targets say, 1 or 0.

    Parameters
    ----------
    predictions : (..., n)
    targets : as predictions
    threshold : float
        Predictions above it say 1.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    matches : (...)
    """
    return _one("binary_accuracy", (predictions, targets), (out,), False, threshold=threshold)


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
    """``y = a + b`` with broadcasting; integers wrap around, here and in subtract and multiply.

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


def maximum(a: Arrayish, b: Arrayish, *, out: Arrayish | None = None, accumulate: bool = False) -> Array:
    """The larger of a and b with broadcasting, NaN when one is; of bools ``a or b``.

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
    return _one("maximum", (a, b), (out,), accumulate)


def minimum(a: Arrayish, b: Arrayish, *, out: Arrayish | None = None, accumulate: bool = False) -> Array:
    """The smaller of a and b with broadcasting, NaN when one is; of bools ``a and b``.

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
    return _one("minimum", (a, b), (out,), accumulate)


def power(a: Arrayish, b: Arrayish, *, out: Arrayish | None = None, accumulate: bool = False) -> Array:
    """``y = a ** b`` with broadcasting, as C's pow: ``pow(x, 0) = 1``, NaN for a negative number to a power that is
    not whole.

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
    return _one("power", (a, b), (out,), accumulate)


def arctan2(a: Arrayish, b: Arrayish, *, out: Arrayish | None = None, accumulate: bool = False) -> Array:
    """The angle between the first axis and the point (b, a), in [-pi, pi], with broadcasting; zeros and infinities as
    C's atan2 has them.

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
    return _one("arctan2", (a, b), (out,), accumulate)


def equal(a: Arrayish, b: Arrayish, *, out: Arrayish | None = None) -> Array:
    """``y = a == b`` with broadcasting.

    Parameters
    ----------
    a : (...)
    b : (...)
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : broadcast of a and b, bool
    """
    return _one("equal", (a, b), (out,), False)


def not_equal(a: Arrayish, b: Arrayish, *, out: Arrayish | None = None) -> Array:
    """``y = a != b`` with broadcasting.

    Parameters
    ----------
    a : (...)
    b : (...)
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : broadcast of a and b, bool
    """
    return _one("not_equal", (a, b), (out,), False)


def less(a: Arrayish, b: Arrayish, *, out: Arrayish | None = None) -> Array:
    """``y = a < b`` with broadcasting.

    Parameters
    ----------
    a : (...)
    b : (...)
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : broadcast of a and b, bool
    """
    return _one("less", (a, b), (out,), False)


def less_equal(a: Arrayish, b: Arrayish, *, out: Arrayish | None = None) -> Array:
    """``y = a <= b`` with broadcasting.

    Parameters
    ----------
    a : (...)
    b : (...)
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : broadcast of a and b, bool
    """
    return _one("less_equal", (a, b), (out,), False)


def greater(a: Arrayish, b: Arrayish, *, out: Arrayish | None = None) -> Array:
    """``y = a > b`` with broadcasting.

    Parameters
    ----------
    a : (...)
    b : (...)
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : broadcast of a and b, bool
    """
    return _one("greater", (a, b), (out,), False)


def greater_equal(a: Arrayish, b: Arrayish, *, out: Arrayish | None = None) -> Array:
    """``y = a >= b`` with broadcasting.

    Parameters
    ----------
    a : (...)
    b : (...)
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : broadcast of a and b, bool
    """
    return _one("greater_equal", (a, b), (out,), False)


def where(condition: Arrayish, a: Arrayish, b: Arrayish, *, out: Arrayish | None = None) -> Array:
    """``y = a`` where condition is true, else b, with broadcasting.

    Parameters
    ----------
    condition : (...), bool or uint8
    a : (...)
    b : (...)
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : broadcast of condition, a and b
    """
    return _one("where", (condition, a, b), (out,), False)


def cast(
    x: Arrayish,
    *,
    dtype: Literal["float32", "float64", "int32", "int64", "uint8", "bool"] = "float32",
    out: Arrayish | None = None,
) -> Array:
    """The same numbers of another dtype. Floats are cut towards zero to integers and held within the dtype's ends, NaN
    is 0; integers wrap around; as bool everything but 0 is true.

    Parameters
    ----------
    x : (...)
    dtype : Literal['float32', 'float64', 'int32', 'int64', 'uint8', 'bool']
        Dtype of the result.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as x, of dtype
    """
    return _one("cast", (x,), (out,), False, dtype=dtype)


def exp(x: Arrayish, *, out: Arrayish | None = None) -> Array:
    """``y = e ** x``.

    Parameters
    ----------
    x : (...)
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as x
    """
    return _one("exp", (x,), (out,), False)


def log(x: Arrayish, *, out: Arrayish | None = None) -> Array:
    """Natural logarithm; log(0) is -infinity, NaN for negative numbers.

    Parameters
    ----------
    x : (...)
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as x
    """
    return _one("log", (x,), (out,), False)


def sqrt(x: Arrayish, *, out: Arrayish | None = None) -> Array:
    """Square root; NaN for negative numbers.

    Parameters
    ----------
    x : (...)
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as x
    """
    return _one("sqrt", (x,), (out,), False)


def abs(x: Arrayish, *, out: Arrayish | None = None) -> Array:
    """``y = |x|``.

    Parameters
    ----------
    x : (...)
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as x
    """
    return _one("abs", (x,), (out,), False)


def abs_backward(dy: Arrayish, x: Arrayish, *, out: Arrayish | None = None, accumulate: bool = False) -> Array:
    """Gradient of abs: ``dx = dy * sign(x)``, 0 at 0.

    Parameters
    ----------
    dy : as x
    x : (...)
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : as x
    """
    return _one("abs_backward", (dy, x), (out,), accumulate)


def clip(x: Arrayish, *, minimum: float = 0.0, maximum: float = 1.0, out: Arrayish | None = None) -> Array:
    """``y = min(max(x, minimum), maximum)``; NaN stays NaN.

    Parameters
    ----------
    x : (...)
    minimum : float
        Smallest result.
    maximum : float
        Largest result.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as x
    """
    return _one("clip", (x,), (out,), False, minimum=minimum, maximum=maximum)


def clip_backward(
    dy: Arrayish,
    x: Arrayish,
    *,
    minimum: float = 0.0,
    maximum: float = 1.0,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of clip: ``dx = dy`` where ``minimum <= x <= maximum``, else 0.

    Parameters
    ----------
    dy : as x
    x : (...)
    minimum : float
        As in clip.
    maximum : float
        As in clip.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : as x
    """
    return _one("clip_backward", (dy, x), (out,), accumulate, minimum=minimum, maximum=maximum)


def sum(
    x: Arrayish,
    *,
    axes: Sequence[int] = (),
    keepdims: bool = False,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Sum over axes, in a fixed order: the bits don't depend on the number of threads. Of integers and bools int64,
    which wraps around.

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


def max(x: Arrayish, *, axes: Sequence[int] = (), keepdims: bool = False, out: Arrayish | None = None) -> Array:
    """Largest number over axes, NaN when one is; of bools whether any is true. Of nothing there is none but of bools.

    Parameters
    ----------
    x : (...)
    axes : Sequence[int]
        Axes to reduce; all when empty.
    keepdims : bool
        Keep the reduced axes with size one.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : x without the axes
    """
    return _one("max", (x,), (out,), False, axes=axes, keepdims=keepdims)


def min(x: Arrayish, *, axes: Sequence[int] = (), keepdims: bool = False, out: Arrayish | None = None) -> Array:
    """Smallest number over axes, NaN when one is; of bools whether all are true. Of nothing there is none but of
    bools.

    Parameters
    ----------
    x : (...)
    axes : Sequence[int]
        Axes to reduce; all when empty.
    keepdims : bool
        Keep the reduced axes with size one.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : x without the axes
    """
    return _one("min", (x,), (out,), False, axes=axes, keepdims=keepdims)


def prod(x: Arrayish, *, axes: Sequence[int] = (), keepdims: bool = False, out: Arrayish | None = None) -> Array:
    """Product over axes; of integers int64, which wraps around.

    Parameters
    ----------
    x : (...)
    axes : Sequence[int]
        Axes to reduce; all when empty.
    keepdims : bool
        Keep the reduced axes with size one.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : x without the axes
    """
    return _one("prod", (x,), (out,), False, axes=axes, keepdims=keepdims)


def var(
    x: Arrayish,
    *,
    axes: Sequence[int] = (),
    keepdims: bool = False,
    ddof: int = 0,
    out: Arrayish | None = None,
) -> Array:
    """Variance over axes: the sum of ``(x - mean)**2``, in double about the mean in double, over ``n - ddof``.

    Parameters
    ----------
    x : (...)
    axes : Sequence[int]
        Axes to reduce; all when empty.
    keepdims : bool
        Keep the reduced axes with size one.
    ddof : int
        What is subtracted from the number of terms; 1 for an estimate from a sample.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : x without the axes
    """
    return _one("var", (x,), (out,), False, axes=axes, keepdims=keepdims, ddof=ddof)


def logsumexp(x: Arrayish, *, axes: Sequence[int] = (), keepdims: bool = False, out: Arrayish | None = None) -> Array:
    """``log(sum(exp(x)))`` over axes as ``m + log(sum(exp(x - m)))`` with the largest m; of nothing -infinity.

    Parameters
    ----------
    x : (...)
    axes : Sequence[int]
        Axes to reduce; all when empty.
    keepdims : bool
        Keep the reduced axes with size one.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : x without the axes
    """
    return _one("logsumexp", (x,), (out,), False, axes=axes, keepdims=keepdims)


def argmax(x: Arrayish, *, axis: int = -1, keepdims: bool = False, out: Arrayish | None = None) -> Array:
    """Where the largest number along one axis first stands; as in NumPy the first NaN, when there is one.

    Parameters
    ----------
    x : (...)
    axis : int
        The axis to look along.
    keepdims : bool
        Keep the axis with size one.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    index : x without the axis, int64
    """
    return _one("argmax", (x,), (out,), False, axis=axis, keepdims=keepdims)


def argmin(x: Arrayish, *, axis: int = -1, keepdims: bool = False, out: Arrayish | None = None) -> Array:
    """Where the smallest number along one axis first stands; as in NumPy the first NaN, when there is one.

    Parameters
    ----------
    x : (...)
    axis : int
        The axis to look along.
    keepdims : bool
        Keep the axis with size one.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    index : x without the axis, int64
    """
    return _one("argmin", (x,), (out,), False, axis=axis, keepdims=keepdims)


def cumsum(
    x: Arrayish,
    *,
    axis: int = -1,
    reverse: bool = False,
    exclusive: bool = False,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Sums of all numbers up to each along one axis, in double for floats; integers wrap around.

    Parameters
    ----------
    x : (...)
    axis : int
        The axis to sum along.
    reverse : bool
        Sum from the end.
    exclusive : bool
        Leave each number out of its own sum.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    y : as x
    """
    return _one("cumsum", (x,), (out,), accumulate, axis=axis, reverse=reverse, exclusive=exclusive)


def sort(
    x: Arrayish,
    *,
    axis: int = -1,
    descending: bool = False,
    out: Sequence[Arrayish | None] | None = None,
) -> tuple[Array, Array]:
    """Numbers in order along one axis and where they stood. The order is stable, and NaN is the largest number: last,
    or first when descending.

    Parameters
    ----------
    x : (...)
    axis : int
        The axis to sort along.
    descending : bool
        The largest first.
    out : array, or one for each result, optional
        Written instead of a new array.

    Returns
    -------
    y : as x
    index : as x, int64
    """
    y, index = _many("sort", (x,), out, False, axis=axis, descending=descending)
    return y, index


def top_k(
    x: Arrayish,
    *,
    k: int = 1,
    axis: int = -1,
    out: Sequence[Arrayish | None] | None = None,
) -> tuple[Array, Array]:
    """The k largest numbers along one axis, the largest first, and where they stood; of equal ones those that come
    first. NaN is the largest number.

    Parameters
    ----------
    x : (...)
    k : int
        How many, at most the size of the axis.
    axis : int
        The axis to look along.
    out : array, or one for each result, optional
        Written instead of a new array.

    Returns
    -------
    y : as x, with k along the axis
    index : as y, int64
    """
    y, index = _many("top_k", (x,), out, False, k=k, axis=axis)
    return y, index


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


def rearrange(x: Arrayish, *, axes: Sequence[int] = (), out: Arrayish | None = None) -> Array:
    """x with its axes in another order, the result shares x's memory: axes names the axis of x for every axis of y. -1
    puts in a new axis of size one, and axes of size one may be left out.

    Parameters
    ----------
    x : (...)
    axes : Sequence[int]
        Axes of x, from 0 on, each at most once; -1 for a new one.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : by the axes
    """
    return _one("rearrange", (x,), (out,), False, axes=axes)


def broadcast_to(x: Arrayish, *, shape: Sequence[int] = (), out: Arrayish | None = None) -> Array:
    """x repeated to a shape by NumPy's broadcasting; the result shares x's memory, with strides of 0.

    Parameters
    ----------
    x : (...)
    shape : Sequence[int]
        The new shape; -1 keeps the size that x has there.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : shape
    """
    return _one("broadcast_to", (x,), (out,), False, shape=shape)


def concatenate(arrays: Sequence[Arrayish], *, axis: int = 0, out: Arrayish | None = None) -> Array:
    """Arrays of any dtype joined along an axis that they have.

    Parameters
    ----------
    arrays : (...), alike but for the axis
    axis : int
        The axis to join along; negative counts from the end.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as the arrays, with the sum of their sizes along the axis
    """
    return _of_list("concatenate", (arrays,), (out,), False, axis=axis)


def pad(
    x: Arrayish,
    *,
    before: Sequence[int] = (),
    after: Sequence[int] = (),
    value: float = 0.0,
    out: Arrayish | None = None,
) -> Array:
    """x of any dtype with a border of one value. The gradient is a slice.

    Parameters
    ----------
    x : (...)
    before : Sequence[int]
        Elements put before each axis.
    after : Sequence[int]
        Elements put after each axis.
    value : float
        The value of the border.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : x with before + after more elements along each axis
    """
    return _one("pad", (x,), (out,), False, before=before, after=after, value=value)


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


def fill(
    like: Arrayish | None = None,
    *,
    value: float = 0.0,
    shape: Sequence[int] = (),
    dtype: Literal["float32", "float64", "int32", "int64", "uint8", "bool"] = "float32",
    out: Arrayish | None = None,
) -> Array:
    """A tensor whose elements all have one value, like another or, without one, of a shape and dtype.

    Parameters
    ----------
    like : (...)
        Only its shape and dtype are used.
    value : float
        Every element.
    shape : Sequence[int]
        The shape without like.
    dtype : Literal['float32', 'float64', 'int32', 'int64', 'uint8', 'bool']
        The dtype without like.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as like, or shape
    """
    return _one("fill", (like,), (out,), False, value=value, shape=shape, dtype=dtype)


def assign_update(target: Arrayish, value: Arrayish) -> None:
    """``target[...] = value`` for any dtype, with NumPy's broadcasting of value. target may be a view of something
    larger.

    Parameters
    ----------
    target : (...)
        Updated in place; must be a writable array.
    value : broadcasts to target
    """
    _update("assign_update", (target, value), (), False)


def take(x: Arrayish, indices: Arrayish, *, axis: int = 0, out: Arrayish | None = None) -> Array:
    """Parts of x by number along an axis: ``y[..., i, ...] = x[..., indices[i], ...]``, of any dtype. Negative indices
    count from the end; others out of range are refused before anything is written.

    Parameters
    ----------
    x : (...)
    indices : (...) of int32 or int64
    axis : int
        The axis of x; negative counts from the end.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : x with the shape of indices in place of the axis
    """
    return _one("take", (x, indices), (out,), False, axis=axis)


def put_update(target: Arrayish, indices: Arrayish, values: Arrayish) -> None:
    """``target[indices[i]] = values[i]`` along the first axis, for any dtype; of equal indices the last one stays.
    Negative indices count from the end; others out of range are refused before anything is written.

    Parameters
    ----------
    target : (rows, ...)
        Updated in place; must be a writable array.
    indices : (...) of int32 or int64
    values : (*indices, ...)
    """
    _update("put_update", (target, indices, values), (), False)


def take_backward(
    dy: Arrayish,
    indices: Arrayish,
    x: Arrayish | None = None,
    *,
    axis: int = 0,
    size: int = 0,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of take: the dy of equal indices are summed in their order, other elements are 0. With size instead of
    x it scatters: an array of that size along the axis, in which values of equal indices are added.

    Parameters
    ----------
    dy : the shape of y in take
    indices : (...) of int32 or int64
    x : (...)
        Only its shape and dtype are used.
    axis : int
        As in take.
    size : int
        Size of x along the axis, without x.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : as x
    """
    return _one("take_backward", (dy, indices, x), (out,), accumulate, axis=axis, size=size)


def take_along_axis(x: Arrayish, indices: Arrayish, *, axis: int = -1, out: Arrayish | None = None) -> Array:
    """One element for each index: ``y[.., i, ..] = x[.., indices[.., i, ..], ..]``, as NumPy's, of any dtype. Negative
    indices count from the end; others out of range are refused before anything is written.

    Parameters
    ----------
    x : (...)
    indices : as x but for the axis, of int32 or int64
    axis : int
        The axis of x; negative counts from the end.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as indices
    """
    return _one("take_along_axis", (x, indices), (out,), False, axis=axis)


def take_along_axis_backward(
    dy: Arrayish,
    indices: Arrayish,
    x: Arrayish,
    *,
    axis: int = -1,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of take_along_axis: the dy of equal indices are summed in their order, other elements are 0.

    Parameters
    ----------
    dy : as indices
    indices : as x but for the axis, of int32 or int64
    x : (...)
        Only its shape and dtype are used.
    axis : int
        As in take_along_axis.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : as x
    """
    return _one("take_along_axis_backward", (dy, indices, x), (out,), accumulate, axis=axis)


def ravel_multi_index(indices: Sequence[Arrayish], *, dims: Sequence[int] = (), out: Arrayish | None = None) -> Array:
    """Numbers of elements in C order from an index for each axis, with broadcasting. Negative indices count from the
    end; others out of range are refused before anything is written.

    Parameters
    ----------
    indices : (...) of int32 or int64, one for each axis
    dims : Sequence[int]
        Sizes of the axes.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : broadcast of the indices, int64
    """
    return _of_list("ravel_multi_index", (indices,), (out,), False, dims=dims)


def one_hot(
    labels: Arrayish,
    *,
    classes: int = 1,
    dtype: Literal["float32", "float64", "int32", "int64", "uint8", "bool"] = "float32",
    out: Arrayish | None = None,
) -> Array:
    """1 at the label of each row, else 0. Labels out of range are refused before anything is written.

    Parameters
    ----------
    labels : (...) of uint8, int32 or int64
    classes : int
        The number of classes, at least 1.
    dtype : Literal['float32', 'float64', 'int32', 'int64', 'uint8', 'bool']
        The dtype of the result.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : (..., classes)
    """
    return _one("one_hot", (labels,), (out,), False, classes=classes, dtype=dtype)


def resize_bilinear(x: Arrayish, *, size: Sequence[int] = (1, 1), out: Arrayish | None = None) -> Array:
    """Images of another size by bilinear interpolation between the centres of pixels, without antialiasing. Output
    pixel i lies at ``(i + 0.5) * height / out_height - 0.5``; beyond the outer centres the image goes on as it is
    there.

    Parameters
    ----------
    x : (batch, height, width, channels)
    size : Sequence[int]
        Height and width of the result.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : (batch, out_height, out_width, channels)
    """
    return _one("resize_bilinear", (x,), (out,), False, size=size)


def resize_bilinear_backward(
    dy: Arrayish,
    x: Arrayish,
    *,
    out: Arrayish | None = None,
    accumulate: bool = False,
) -> Array:
    """Gradient of resize_bilinear.

    Parameters
    ----------
    dy : (batch, out_height, out_width, channels)
    x : (batch, height, width, channels)
        Only its shape and dtype are used.
    out : array, optional
        Written instead of a new array.
    accumulate : bool
        Add into out instead of overwriting it.

    Returns
    -------
    dx : as x
    """
    return _one("resize_bilinear_backward", (dy, x), (out,), accumulate)


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


def random_uniform(
    like: Arrayish | None = None,
    *,
    low: float = 0.0,
    high: float = 1.0,
    shape: Sequence[int] = (),
    dtype: Literal["float32", "float64"] = "float32",
    stream: int = 0,
    seed: int = 0,
    step: int = 0,
    out: Arrayish | None = None,
) -> Array:
    """Numbers spread evenly over [low, high): ``low + (high - low) * u``. The random number of element i is a function
    of (seed, stream, step, i) alone, as in dropout; float32 has 32 random bits, float64 53, of which the first are the
    same.

    Parameters
    ----------
    like : (...)
        Only its shape and dtype are used.
    low : float
        The smallest number.
    high : float
        Above all numbers, but for rounding.
    shape : Sequence[int]
        The shape without like.
    dtype : Literal['float32', 'float64']
        The dtype without like.
    stream : int
        Which random stream.
    seed : int
        The seed.
    step : int
        Which draw from the stream.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as like, or shape
    """
    return _one(
        "random_uniform",
        (like,),
        (out,),
        False,
        low=low,
        high=high,
        shape=shape,
        dtype=dtype,
        stream=stream,
        seed=seed,
        step=step,
    )


def random_normal(
    like: Arrayish | None = None,
    *,
    mean: float = 0.0,
    std: float = 1.0,
    shape: Sequence[int] = (),
    dtype: Literal["float32", "float64"] = "float32",
    stream: int = 0,
    seed: int = 0,
    step: int = 0,
    out: Arrayish | None = None,
) -> Array:
    """Normally distributed numbers ``mean + std * z``, z by Box and Muller's transform (1958) of the numbers of
    random_uniform: elements 2i and 2i + 1 are the cosine and the sine.

    Parameters
    ----------
    like : (...)
        Only its shape and dtype are used.
    mean : float
        The expected value.
    std : float
        The standard deviation, at least 0.
    shape : Sequence[int]
        The shape without like.
    dtype : Literal['float32', 'float64']
        The dtype without like.
    stream : int
        Which random stream.
    seed : int
        The seed.
    step : int
        Which draw from the stream.
    out : array, optional
        Written instead of a new array.

    Returns
    -------
    y : as like, or shape
    """
    return _one(
        "random_normal",
        (like,),
        (out,),
        False,
        mean=mean,
        std=std,
        shape=shape,
        dtype=dtype,
        stream=stream,
        seed=seed,
        step=step,
    )


def sgd_update(
    parameters: Sequence[Arrayish],
    gradients: Sequence[Arrayish],
    velocities: Sequence[Arrayish] = (),
    ids: Sequence[Arrayish] = (),
    *,
    learning_rate: float = 0.01,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
    clipvalue: float = 0.0,
    clipnorm: float = 0.0,
    global_clipnorm: float = 0.0,
) -> None:
    """One step of gradient descent on all parameters. With momentum m: ``v = m * v - learning_rate * g``, then ``w +=
    v``, or with Nesterov's form ``w += m * v - learning_rate * g``. Keras's formula.

    Parameters
    ----------
    parameters : (...)
        Updated in place; must be a writable array.
    gradients : as parameters, or (..., n) with ids
    velocities : as parameters; none when momentum is 0
        Updated in place; must be a writable array.
    ids : (...) of int32 or int64 for gradients (..., n) of these rows of a parameter (rows, n); nothing for others
    learning_rate : float
        Step size.
    momentum : float
        In [0, 1).
    nesterov : bool
        Nesterov's form.
    weight_decay : float
        W is first multiplied by 1 - learning_rate * weight_decay.
    clipvalue : float
        Gradients are clipped to [-clipvalue, clipvalue]; 0 does not.
    clipnorm : float
        Every gradient is scaled down to this norm; 0 does not.
    global_clipnorm : float
        All gradients together are scaled down to this norm; 0 does not.
    """
    _update(
        "sgd_update",
        (parameters, gradients, velocities, ids),
        (),
        False,
        learning_rate=learning_rate,
        momentum=momentum,
        nesterov=nesterov,
        weight_decay=weight_decay,
        clipvalue=clipvalue,
        clipnorm=clipnorm,
        global_clipnorm=global_clipnorm,
    )


def adam_update(
    parameters: Sequence[Arrayish],
    gradients: Sequence[Arrayish],
    first_moments: Sequence[Arrayish],
    second_moments: Sequence[Arrayish],
    largest_second_moments: Sequence[Arrayish] = (),
    ids: Sequence[Arrayish] = (),
    *,
    learning_rate: float = 0.001,
    iterations: int = 0,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-07,
    amsgrad: bool = False,
    lazy: bool = False,
    weight_decay: float = 0.0,
    clipvalue: float = 0.0,
    clipnorm: float = 0.0,
    global_clipnorm: float = 0.0,
) -> None:
    """One step of Adam (Kingma and Ba 2015) on all parameters, by Keras's formula: with t = iterations + 1, ``alpha =
    learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t)``, ``m += (g - m) * (1 - beta_1)``, ``v += (g * g - v) * (1 -
    beta_2)``, ``w -= alpha * m / (sqrt(v) + epsilon)``. The powers are computed in double.

    Parameters
    ----------
    parameters : (...)
        Updated in place; must be a writable array.
    gradients : as parameters, or (..., n) with ids
    first_moments : as parameters
        Updated in place; must be a writable array.
    second_moments : as parameters
        Updated in place; must be a writable array.
    largest_second_moments : as parameters; none without amsgrad
        Updated in place; must be a writable array.
    ids : (...) of int32 or int64 for gradients (..., n) of these rows of a parameter (rows, n); nothing for others
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
    amsgrad : bool
        Divide by the largest second moment so far.
    lazy : bool
        Leave rows that ids don't name, and their moments, as they are.
    weight_decay : float
        W is first multiplied by 1 - learning_rate * weight_decay.
    clipvalue : float
        Gradients are clipped to [-clipvalue, clipvalue]; 0 does not.
    clipnorm : float
        Every gradient is scaled down to this norm; 0 does not.
    global_clipnorm : float
        All gradients together are scaled down to this norm; 0 does not.
    """
    _update(
        "adam_update",
        (parameters, gradients, first_moments, second_moments, largest_second_moments, ids),
        (),
        False,
        learning_rate=learning_rate,
        iterations=iterations,
        beta_1=beta_1,
        beta_2=beta_2,
        epsilon=epsilon,
        amsgrad=amsgrad,
        lazy=lazy,
        weight_decay=weight_decay,
        clipvalue=clipvalue,
        clipnorm=clipnorm,
        global_clipnorm=global_clipnorm,
    )


def rmsprop_update(
    parameters: Sequence[Arrayish],
    gradients: Sequence[Arrayish],
    velocities: Sequence[Arrayish],
    momenta: Sequence[Arrayish] = (),
    average_gradients: Sequence[Arrayish] = (),
    ids: Sequence[Arrayish] = (),
    *,
    learning_rate: float = 0.001,
    rho: float = 0.9,
    momentum: float = 0.0,
    epsilon: float = 1e-07,
    centered: bool = False,
    weight_decay: float = 0.0,
    clipvalue: float = 0.0,
    clipnorm: float = 0.0,
    global_clipnorm: float = 0.0,
) -> None:
    """One step of RMSprop (Hinton 2012) on all parameters, by Keras's formula: ``v = rho * v + (1 - rho) * g * g``;
    when centered ``a = rho * a + (1 - rho) * g`` and a * a is taken off v below; ``step = learning_rate * g / sqrt(v +
    epsilon)``; ``w -= step``, or with momentum ``m = momentum * m + step``, ``w -= m``.

    Parameters
    ----------
    parameters : (...)
        Updated in place; must be a writable array.
    gradients : as parameters, or (..., n) with ids
    velocities : as parameters
        Updated in place; must be a writable array.
    momenta : as parameters; none when momentum is 0
        Updated in place; must be a writable array.
    average_gradients : as parameters; none unless centered
        Updated in place; must be a writable array.
    ids : (...) of int32 or int64 for gradients (..., n) of these rows of a parameter (rows, n); nothing for others
    learning_rate : float
        Step size.
    rho : float
        Decay of the averages, in [0, 1).
    momentum : float
        In [0, 1).
    epsilon : float
        Added inside the root.
    centered : bool
        Divide by the variance instead of the second moment.
    weight_decay : float
        W is first multiplied by 1 - learning_rate * weight_decay.
    clipvalue : float
        Gradients are clipped to [-clipvalue, clipvalue]; 0 does not.
    clipnorm : float
        Every gradient is scaled down to this norm; 0 does not.
    global_clipnorm : float
        All gradients together are scaled down to this norm; 0 does not.
    """
    _update(
        "rmsprop_update",
        (parameters, gradients, velocities, momenta, average_gradients, ids),
        (),
        False,
        learning_rate=learning_rate,
        rho=rho,
        momentum=momentum,
        epsilon=epsilon,
        centered=centered,
        weight_decay=weight_decay,
        clipvalue=clipvalue,
        clipnorm=clipnorm,
        global_clipnorm=global_clipnorm,
    )


def adagrad_update(
    parameters: Sequence[Arrayish],
    gradients: Sequence[Arrayish],
    accumulators: Sequence[Arrayish],
    ids: Sequence[Arrayish] = (),
    *,
    learning_rate: float = 0.001,
    epsilon: float = 1e-07,
    weight_decay: float = 0.0,
    clipvalue: float = 0.0,
    clipnorm: float = 0.0,
    global_clipnorm: float = 0.0,
) -> None:
    """One step of Adagrad (Duchi, Hazan and Singer 2011) on all parameters, by Keras's formula: ``a += g * g``, ``w -=
    learning_rate * g / sqrt(a + epsilon)``.

    Parameters
    ----------
    parameters : (...)
        Updated in place; must be a writable array.
    gradients : as parameters, or (..., n) with ids
    accumulators : as parameters
        Updated in place; must be a writable array.
    ids : (...) of int32 or int64 for gradients (..., n) of these rows of a parameter (rows, n); nothing for others
    learning_rate : float
        Step size.
    epsilon : float
        Added inside the root.
    weight_decay : float
        W is first multiplied by 1 - learning_rate * weight_decay.
    clipvalue : float
        Gradients are clipped to [-clipvalue, clipvalue]; 0 does not.
    clipnorm : float
        Every gradient is scaled down to this norm; 0 does not.
    global_clipnorm : float
        All gradients together are scaled down to this norm; 0 does not.
    """
    _update(
        "adagrad_update",
        (parameters, gradients, accumulators, ids),
        (),
        False,
        learning_rate=learning_rate,
        epsilon=epsilon,
        weight_decay=weight_decay,
        clipvalue=clipvalue,
        clipnorm=clipnorm,
        global_clipnorm=global_clipnorm,
    )


def adadelta_update(
    parameters: Sequence[Arrayish],
    gradients: Sequence[Arrayish],
    accumulated_gradients: Sequence[Arrayish],
    accumulated_steps: Sequence[Arrayish],
    ids: Sequence[Arrayish] = (),
    *,
    learning_rate: float = 0.001,
    rho: float = 0.95,
    epsilon: float = 1e-07,
    weight_decay: float = 0.0,
    clipvalue: float = 0.0,
    clipnorm: float = 0.0,
    global_clipnorm: float = 0.0,
) -> None:
    """One step of Adadelta (Zeiler 2012) on all parameters, by Keras's formula: ``a = rho * a + (1 - rho) * g * g``,
    ``d = -g * sqrt(b + epsilon) / sqrt(a + epsilon)``, ``b = rho * b + (1 - rho) * d * d``, ``w += learning_rate *
    d``.

    Parameters
    ----------
    parameters : (...)
        Updated in place; must be a writable array.
    gradients : as parameters, or (..., n) with ids
    accumulated_gradients : as parameters
        Updated in place; must be a writable array.
    accumulated_steps : as parameters
        Updated in place; must be a writable array.
    ids : (...) of int32 or int64 for gradients (..., n) of these rows of a parameter (rows, n); nothing for others
    learning_rate : float
        Step size.
    rho : float
        Decay of the averages, in [0, 1).
    epsilon : float
        Added inside the roots.
    weight_decay : float
        W is first multiplied by 1 - learning_rate * weight_decay.
    clipvalue : float
        Gradients are clipped to [-clipvalue, clipvalue]; 0 does not.
    clipnorm : float
        Every gradient is scaled down to this norm; 0 does not.
    global_clipnorm : float
        All gradients together are scaled down to this norm; 0 does not.
    """
    _update(
        "adadelta_update",
        (parameters, gradients, accumulated_gradients, accumulated_steps, ids),
        (),
        False,
        learning_rate=learning_rate,
        rho=rho,
        epsilon=epsilon,
        weight_decay=weight_decay,
        clipvalue=clipvalue,
        clipnorm=clipnorm,
        global_clipnorm=global_clipnorm,
    )


def adamax_update(
    parameters: Sequence[Arrayish],
    gradients: Sequence[Arrayish],
    first_moments: Sequence[Arrayish],
    norms: Sequence[Arrayish],
    ids: Sequence[Arrayish] = (),
    *,
    learning_rate: float = 0.001,
    iterations: int = 0,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-07,
    weight_decay: float = 0.0,
    clipvalue: float = 0.0,
    clipnorm: float = 0.0,
    global_clipnorm: float = 0.0,
) -> None:
    """One step of Adamax (Kingma and Ba 2015, section 7) on all parameters, by Keras's formula: with t = iterations +
    1, ``m += (g - m) * (1 - beta_1)``, ``u = max(beta_2 * u, abs(g))``, ``w -= learning_rate / (1 - beta_1**t) * m /
    (u + epsilon)``.

    Parameters
    ----------
    parameters : (...)
        Updated in place; must be a writable array.
    gradients : as parameters, or (..., n) with ids
    first_moments : as parameters
        Updated in place; must be a writable array.
    norms : as parameters
        Updated in place; must be a writable array.
    ids : (...) of int32 or int64 for gradients (..., n) of these rows of a parameter (rows, n); nothing for others
    learning_rate : float
        Step size.
    iterations : int
        Steps taken before this one.
    beta_1 : float
        Decay of the first moment, in [0, 1).
    beta_2 : float
        Decay of the norm, in [0, 1).
    epsilon : float
        Added to the norm.
    weight_decay : float
        W is first multiplied by 1 - learning_rate * weight_decay.
    clipvalue : float
        Gradients are clipped to [-clipvalue, clipvalue]; 0 does not.
    clipnorm : float
        Every gradient is scaled down to this norm; 0 does not.
    global_clipnorm : float
        All gradients together are scaled down to this norm; 0 does not.
    """
    _update(
        "adamax_update",
        (parameters, gradients, first_moments, norms, ids),
        (),
        False,
        learning_rate=learning_rate,
        iterations=iterations,
        beta_1=beta_1,
        beta_2=beta_2,
        epsilon=epsilon,
        weight_decay=weight_decay,
        clipvalue=clipvalue,
        clipnorm=clipnorm,
        global_clipnorm=global_clipnorm,
    )


def nadam_update(
    parameters: Sequence[Arrayish],
    gradients: Sequence[Arrayish],
    first_moments: Sequence[Arrayish],
    second_moments: Sequence[Arrayish],
    ids: Sequence[Arrayish] = (),
    *,
    learning_rate: float = 0.001,
    iterations: int = 0,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-07,
    weight_decay: float = 0.0,
    clipvalue: float = 0.0,
    clipnorm: float = 0.0,
    global_clipnorm: float = 0.0,
) -> None:
    """One step of Nadam (Dozat 2016) on all parameters, by Keras's formula: with t = iterations + 1, ``u(t) = beta_1 *
    (1 - 0.96**t / 2)`` and ``p(t) = u(1) * ... * u(t)``: ``m += (g - m) * (1 - beta_1)``, ``v += (g * g - v) * (1 -
    beta_2)``, ``h = u(t + 1) * m / (1 - p(t + 1)) + (1 - u(t)) * g / (1 - p(t))``, ``w -= learning_rate * h / (sqrt(v
    / (1 - beta_2**t)) + epsilon)``. The powers and p are computed in double.

    Parameters
    ----------
    parameters : (...)
        Updated in place; must be a writable array.
    gradients : as parameters, or (..., n) with ids
    first_moments : as parameters
        Updated in place; must be a writable array.
    second_moments : as parameters
        Updated in place; must be a writable array.
    ids : (...) of int32 or int64 for gradients (..., n) of these rows of a parameter (rows, n); nothing for others
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
    weight_decay : float
        W is first multiplied by 1 - learning_rate * weight_decay.
    clipvalue : float
        Gradients are clipped to [-clipvalue, clipvalue]; 0 does not.
    clipnorm : float
        Every gradient is scaled down to this norm; 0 does not.
    global_clipnorm : float
        All gradients together are scaled down to this norm; 0 does not.
    """
    _update(
        "nadam_update",
        (parameters, gradients, first_moments, second_moments, ids),
        (),
        False,
        learning_rate=learning_rate,
        iterations=iterations,
        beta_1=beta_1,
        beta_2=beta_2,
        epsilon=epsilon,
        weight_decay=weight_decay,
        clipvalue=clipvalue,
        clipnorm=clipnorm,
        global_clipnorm=global_clipnorm,
    )


def lion_update(
    parameters: Sequence[Arrayish],
    gradients: Sequence[Arrayish],
    momenta: Sequence[Arrayish],
    ids: Sequence[Arrayish] = (),
    *,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.99,
    weight_decay: float = 0.0,
    clipvalue: float = 0.0,
    clipnorm: float = 0.0,
    global_clipnorm: float = 0.0,
) -> None:
    """One step of Lion (Chen et al. 2023) on all parameters, by Keras's formula: ``w -= learning_rate * sign(beta_1 *
    m + (1 - beta_1) * g)``, then ``m = beta_2 * m + (1 - beta_2) * g``.

    Parameters
    ----------
    parameters : (...)
        Updated in place; must be a writable array.
    gradients : as parameters, or (..., n) with ids
    momenta : as parameters
        Updated in place; must be a writable array.
    ids : (...) of int32 or int64 for gradients (..., n) of these rows of a parameter (rows, n); nothing for others
    learning_rate : float
        Step size.
    beta_1 : float
        Share of the momentum in the step, in [0, 1).
    beta_2 : float
        Decay of the momentum, in [0, 1).
    weight_decay : float
        W is first multiplied by 1 - learning_rate * weight_decay.
    clipvalue : float
        Gradients are clipped to [-clipvalue, clipvalue]; 0 does not.
    clipnorm : float
        Every gradient is scaled down to this norm; 0 does not.
    global_clipnorm : float
        All gradients together are scaled down to this norm; 0 does not.
    """
    _update(
        "lion_update",
        (parameters, gradients, momenta, ids),
        (),
        False,
        learning_rate=learning_rate,
        beta_1=beta_1,
        beta_2=beta_2,
        weight_decay=weight_decay,
        clipvalue=clipvalue,
        clipnorm=clipnorm,
        global_clipnorm=global_clipnorm,
    )


def moving_average_update(averages: Sequence[Arrayish], values: Sequence[Arrayish], *, momentum: float = 0.99) -> None:
    """Exponential moving averages: ``average = momentum * average + (1 - momentum) * value`` for each of a list.

    Parameters
    ----------
    averages : (...)
        Updated in place; must be a writable array.
    values : as averages
    momentum : float
        Share of the old average, in [0, 1].
    """
    _update("moving_average_update", (averages, values), (), False, momentum=momentum)


def mean_update(total: Arrayish, values: Arrayish) -> None:
    """A running mean: ``total[0] += sum(values)``, ``total[1] += size(values)``, summed in double.

    Parameters
    ----------
    total : (2,) of float64
        Updated in place; must be a writable array.
    values : (...)
    """
    _update("mean_update", (total, values), (), False)
