"""Convolutions of sequences, images and volumes: plain, transposed and depthwise. Channels are the last axis.

The three dimensions share one implementation, here as in the engine; the gradients of a convolution are its input's and
its weight's op, and a transposed convolution's are the plain ones, so every one of them has its own gradient again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from ..tensor import Node, Tensor
from ._base import Gradients, Padding, _padding, _result, _run, _saved, _shape_of, _sizes
from .activations import relu_backward
from .reductions import sum
from .shape import reshape

Activation = Literal["linear", "relu"]


def conv1d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    strides: int | Sequence[int] = 1,
    padding: Padding | Literal["causal"] = "valid",
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    activation: Activation = "linear",
) -> Tensor:
    """One-dimensional convolution (cross-correlation) ``y = activation(x * weight + bias)``.

    Parameters
    ----------
    x : Tensor, (batch, steps, channels)
    weight : Tensor, (k, channels / groups, out)
    bias : Tensor, (out,), optional
    strides, dilation : int
    padding : {'valid', 'same', 'causal'} or (before, after)
        'same' keeps ceil(steps / stride) and puts the odd one at the end; 'causal' puts all of it before the first
        step, so that no output sees later steps (van den Oord et al. 2016).
    groups : int
        Independent groups of channels; `channels` of them make a depthwise convolution.
    activation : {'linear', 'relu'}
        Fused into the convolution.

    Returns
    -------
    Tensor, (batch, out_steps, out)

    Raises
    ------
    ValueError
        When shapes don't fit, or the kernel is larger than the padded input.
    """
    edges: Any = padding
    if isinstance(padding, str) and padding.lower() == "causal":
        (distance,) = _sizes("conv1d", "dilation", dilation, 1)
        edges = (distance * (weight.shape[0] - 1), 0) if weight.ndim else "valid"
    return _conv("conv1d", 1, x, weight, bias, strides, edges, dilation, groups, activation)


def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    activation: Activation = "linear",
) -> Tensor:
    """Two-dimensional convolution (cross-correlation) ``y = activation(x * weight + bias)``.

    Parameters
    ----------
    x : Tensor, (batch, height, width, channels)
    weight : Tensor, (kh, kw, channels / groups, out)
    bias : Tensor, (out,), optional
    strides, dilation : int or two ints
    padding : {'valid', 'same'} or (top, bottom, left, right)
        'same' keeps ceil(size / stride) and puts the odd one at the bottom and right.
    groups : int
        Independent groups of channels; `channels` of them make a depthwise convolution.
    activation : {'linear', 'relu'}
        Fused into the convolution.

    Returns
    -------
    Tensor, (batch, out_height, out_width, out)

    Raises
    ------
    ValueError
        When shapes don't fit, or the kernel is larger than the padded input.
    """
    return _conv("conv2d", 2, x, weight, bias, strides, padding, dilation, groups, activation)


def conv3d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    activation: Activation = "linear",
) -> Tensor:
    """Three-dimensional convolution (cross-correlation) ``y = activation(x * weight + bias)``.

    Parameters
    ----------
    x : Tensor, (batch, depth, height, width, channels)
    weight : Tensor, (kd, kh, kw, channels / groups, out)
    bias : Tensor, (out,), optional
    strides, dilation : int or three ints
    padding : {'valid', 'same'} or (front, back, top, bottom, left, right)
        'same' keeps ceil(size / stride) and puts the odd one at the back, bottom and right.
    groups : int
        Independent groups of channels.
    activation : {'linear', 'relu'}
        Fused into the convolution.

    Returns
    -------
    Tensor, (batch, out_depth, out_height, out_width, out)

    Raises
    ------
    ValueError
        When shapes don't fit, or the kernel is larger than the padded input.
    """
    return _conv("conv3d", 3, x, weight, bias, strides, padding, dilation, groups, activation)


def depthwise_conv1d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    strides: int | Sequence[int] = 1,
    padding: Padding | Literal["causal"] = "valid",
    dilation: int | Sequence[int] = 1,
    activation: Activation = "linear",
) -> Tensor:
    """One-dimensional convolution of each channel by itself: `conv1d` with as many groups as channels.

    Parameters
    ----------
    x : Tensor, (batch, steps, channels)
    weight : Tensor, (k, channels, multiplier)
    bias : Tensor, (channels * multiplier,), optional
    strides, padding, dilation, activation
        As in `conv1d`.

    Returns
    -------
    Tensor, (batch, out_steps, channels * multiplier)
        Channel c's outputs follow each other from c * multiplier on.
    """
    grouped = _grouped("depthwise_conv1d", "k", x, weight, 3)
    return conv1d(x, grouped, bias, strides, padding, dilation, x.shape[-1], activation)


def depthwise_conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    dilation: int | Sequence[int] = 1,
    activation: Activation = "linear",
) -> Tensor:
    """Two-dimensional convolution of each channel by itself: `conv2d` with as many groups as channels.

    Parameters
    ----------
    x : Tensor, (batch, height, width, channels)
    weight : Tensor, (kh, kw, channels, multiplier)
    bias : Tensor, (channels * multiplier,), optional
    strides, padding, dilation, activation
        As in `conv2d`.

    Returns
    -------
    Tensor, (batch, out_height, out_width, channels * multiplier)
        Channel c's outputs follow each other from c * multiplier on.
    """
    grouped = _grouped("depthwise_conv2d", "kh, kw", x, weight, 4)
    return conv2d(x, grouped, bias, strides, padding, dilation, x.shape[-1], activation)


def _grouped(op: str, window: str, x: Tensor, weight: Tensor, rank: int) -> Tensor:
    """A depthwise weight (..., channels, multiplier) as the weight of a convolution in groups of one channel."""
    channels = x.shape[-1] if x.ndim == rank else "channels"
    if weight.ndim != rank or weight.shape[-2] != channels:
        raise ValueError(f"{op}: expected weight ({window}, {channels}, multiplier), got {weight.shape}")
    return reshape(weight, (*weight.shape[:-2], 1, weight.shape[-2] * weight.shape[-1]))


def _conv(
    op: str,
    axes: int,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    strides: int | Sequence[int],
    padding: Padding,
    dilation: int | Sequence[int],
    groups: int,
    activation: str,
) -> Tensor:
    geometry = {
        "strides": _sizes(op, "strides", strides, axes),
        "dilation": _sizes(op, "dilation", dilation, axes),
        "groups": groups,
        **_padding(op, padding, axes),
    }
    array = _run(op, x, weight, bias, activation=activation, **geometry)
    return _result(
        op,
        array,
        _conv_gradient,
        (x, weight, bias),
        (_saved(x, weight.requires_grad), _saved(weight, x.requires_grad)),
        save_output=activation == "relu",
        op=op,
        activation=activation,
        geometry=geometry,
    )


def _conv_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    x, weight = node.saved
    op, geometry = node.attributes["op"], node.attributes["geometry"]
    if node.attributes["activation"] == "relu":
        dy = relu_backward(dy, node.saved_output())
    dx = _backward_input(op, dy, weight, x, geometry, into=into[0]) if node.needs[0] else None
    dw = _backward_weight(op, x, dy, weight, geometry, into=into[1]) if node.needs[1] else None
    db = sum(dy, range(dy.ndim - 1), into=into[2]) if node.needs[2] else None
    return dx, dw, db


def _plain(op: str, x: Tensor, weight: Tensor, geometry: dict[str, Any]) -> Tensor:
    """The convolution without bias and activation."""
    array = _run(op, x, weight, None, **geometry)
    saved = (x, weight)
    return _result(op, array, _conv_gradient, (*saved, None), saved, op=op, activation="linear", geometry=geometry)


def _backward_input(
    op: str, dy: Tensor, weight: Tensor, x: Tensor, geometry: dict[str, Any], *, into: Tensor | None = None
) -> Tensor:
    """Gradient of a convolution with respect to its input, whose shape x gives; geometry holds its attributes."""
    name, operands = f"{op}_backward_input", (dy, weight)
    array = _run(name, dy, weight, _shape_of(x), into=into, **geometry)
    return _result(name, array, _backward_input_gradient, operands, operands, op=op, geometry=geometry, into=into)


def _backward_input_gradient(node: Node, g: Tensor, into: Gradients) -> Gradients:
    dy, weight = node.saved
    op, geometry = node.attributes["op"], node.attributes["geometry"]
    ddy = _plain(op, g, weight, geometry) if node.needs[0] else None
    dw = _backward_weight(op, g, dy, weight, geometry, into=into[1]) if node.needs[1] else None
    return ddy, dw


def _backward_weight(
    op: str, x: Tensor, dy: Tensor, weight: Tensor, geometry: dict[str, Any], *, into: Tensor | None = None
) -> Tensor:
    """Gradient of a convolution with respect to its weight, whose shape weight gives; geometry holds its attributes."""
    name, operands = f"{op}_backward_weight", (x, dy)
    array = _run(name, x, dy, _shape_of(weight), into=into, **geometry)
    return _result(name, array, _backward_weight_gradient, operands, operands, op=op, geometry=geometry, into=into)


def _backward_weight_gradient(node: Node, g: Tensor, into: Gradients) -> Gradients:
    x, dy = node.saved
    op, geometry = node.attributes["op"], node.attributes["geometry"]
    dx = _backward_input(op, dy, g, x, geometry, into=into[0]) if node.needs[0] else None
    ddy = _plain(op, x, g, geometry) if node.needs[1] else None
    return dx, ddy


def conv1d_transpose(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    output_padding: int | Sequence[int] | None = None,
    dilation: int | Sequence[int] = 1,
    activation: Activation = "linear",
) -> Tensor:
    """One-dimensional transposed convolution; see `conv2d_transpose`.

    Parameters
    ----------
    x : Tensor, (batch, steps, channels)
    weight : Tensor, (k, out, channels)
    bias : Tensor, (out,), optional
    strides, dilation : int
    padding : {'valid', 'same'} or (before, after)
    output_padding : int, optional
    activation : {'linear', 'relu'}

    Returns
    -------
    Tensor, (batch, out_steps, out)
    """
    return _conv_transpose("conv1d", 1, x, weight, bias, strides, padding, output_padding, dilation, activation)


def conv2d_transpose(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    output_padding: int | Sequence[int] | None = None,
    dilation: int | Sequence[int] = 1,
    activation: Activation = "linear",
) -> Tensor:
    """Two-dimensional transposed convolution: every pixel of x adds weight times itself to its window of the result.

    It is the gradient of a convolution's input, as a layer (Zeiler et al. 2010).

    Parameters
    ----------
    x : Tensor, (batch, height, width, channels)
    weight : Tensor, (kh, kw, out, channels)
    bias : Tensor, (out,), optional
    strides, dilation : int or two ints
        Distance between the windows of neighbours, and between the taps of a window.
    padding : {'valid', 'same'} or (top, bottom, left, right)
        With a window of dilation * (k - 1) + 1, sizes become (size - 1) * stride + max(window, stride) for 'valid',
        size * stride for 'same'; numbers are cut off (size - 1) * stride + window.
    output_padding : int or two ints, optional
        Below the stride. Sizes then are (size - 1) * stride + window - padding + output_padding, and for 'same'
        (size - 1) * stride + window % 2 + output_padding.
    activation : {'linear', 'relu'}
        Fused into the convolution.

    Returns
    -------
    Tensor, (batch, out_height, out_width, out)

    Raises
    ------
    ValueError
        When shapes don't fit, or padding leaves nothing.
    """
    return _conv_transpose("conv2d", 2, x, weight, bias, strides, padding, output_padding, dilation, activation)


def conv3d_transpose(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    output_padding: int | Sequence[int] | None = None,
    dilation: int | Sequence[int] = 1,
    activation: Activation = "linear",
) -> Tensor:
    """Three-dimensional transposed convolution; see `conv2d_transpose`.

    Parameters
    ----------
    x : Tensor, (batch, depth, height, width, channels)
    weight : Tensor, (kd, kh, kw, out, channels)
    bias : Tensor, (out,), optional
    strides, dilation : int or three ints
    padding : {'valid', 'same'} or (front, back, top, bottom, left, right)
    output_padding : int or three ints, optional
    activation : {'linear', 'relu'}

    Returns
    -------
    Tensor, (batch, out_depth, out_height, out_width, out)
    """
    return _conv_transpose("conv3d", 3, x, weight, bias, strides, padding, output_padding, dilation, activation)


def _conv_transpose(
    op: str,
    axes: int,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    strides: int | Sequence[int],
    padding: Padding,
    output_padding: int | Sequence[int] | None,
    dilation: int | Sequence[int],
    activation: str,
) -> Tensor:
    name = f"{op}_transpose"
    geometry = {
        "strides": _sizes(name, "strides", strides, axes),
        "dilation": _sizes(name, "dilation", dilation, axes),
        **_padding(name, padding, axes),
    }
    open_sizes = _sizes(name, "output_padding", -1 if output_padding is None else output_padding, axes)
    array = _run(name, x, weight, bias, activation=activation, output_padding=open_sizes, **geometry)
    return _result(
        name,
        array,
        _conv_transpose_gradient,
        (x, weight, bias),
        (_saved(x, weight.requires_grad), _saved(weight, x.requires_grad)),
        save_output=activation == "relu",
        op=op,
        activation=activation,
        geometry=geometry,
    )


def _conv_transpose_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    x, weight = node.saved
    op, geometry = node.attributes["op"], node.attributes["geometry"]
    if node.attributes["activation"] == "relu":
        dy = relu_backward(dy, node.saved_output())
    dx = _plain(op, dy, weight, geometry) if node.needs[0] else None
    dw = _backward_weight(op, dy, x, weight, geometry, into=into[1]) if node.needs[1] else None
    db = sum(dy, range(dy.ndim - 1), into=into[2]) if node.needs[2] else None
    return dx, dw, db
