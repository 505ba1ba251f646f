"""Ops on tensors, each with its gradient right below it.

A rule returns one gradient per input. The keyword `into` of gradient ops is a buffer that the tape owns: the op adds
into it (the accumulate flag of the op table) and the rule returns it. Rules are written with the functions of this
file, so the gradient of a gradient works wherever every op used has a rule; fused ops say so when they have none.
"""

from __future__ import annotations

import builtins
import operator
import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal, cast

import numpy as np

from . import _core
from .tensor import Node, Rule, Tensor, as_tensor, is_grad_enabled, use_operations

__all__ = [
    "add",
    "categorical_accuracy",
    "conv2d",
    "copy",
    "divide",
    "dropout",
    "linear",
    "matmul",
    "max_pool2d",
    "mean",
    "multiply",
    "negative",
    "relu",
    "reshape",
    "softmax",
    "softmax_cross_entropy",
    "subtract",
    "sum",
]

Activation = Literal["linear", "relu"]
Padding = Literal["valid", "same"] | Sequence[int]
Gradients = Sequence[Tensor | None]

_op = lru_cache(maxsize=None)(_core.op)


def _result(
    name: str,
    array: _core.Array,
    rule: Rule,
    inputs: Sequence[Tensor | None],
    saved: tuple[Tensor, ...] = (),
    save_output: bool = False,
    into: Tensor | None = None,
    **attributes: Any,
) -> Tensor:
    """The tensor of an op's result, on the tape when one of the inputs is; `into` when the op has added into that."""
    if into is not None:
        return into
    result = Tensor._wrap(array)
    if is_grad_enabled() and any(t is not None and t.requires_grad for t in inputs):
        result.requires_grad = True
        result._node = Node(name, rule, inputs, saved, array if save_output else None, attributes)
    return result


def _run(name: str, *inputs: Tensor | None, into: Tensor | None = None, **attributes: Any) -> _core.Array:
    """The result of an op with one output, added into a buffer when there is one."""
    arrays = [None if t is None else t._array for t in inputs]
    if into is None:
        array: _core.Array = _op(name)(*arrays, **attributes)
        return array
    _op(name)(*arrays, out=into._array, accumulate=1, **attributes)
    return into._array


def _shape_of(t: Tensor) -> Tensor:
    """A stand-in for ops that look at the shape only: keeps no memory alive."""
    return Tensor._wrap(t._array.shape_only)


def _no_second_derivative(name: str) -> Rule:
    def rule(node: Node, dy: Tensor, into: Gradients) -> Gradients:
        raise RuntimeError(f"backward: the second derivative of {name} is not available")

    return rule


def _pair(op: str, name: str, value: int | Sequence[int]) -> tuple[int, int]:
    items = (value, value) if isinstance(value, (int, np.integer)) else tuple(value)
    if len(items) != 2:
        raise ValueError(f"{op}: expected {name} to be an integer or two, got {value!r}")
    return operator.index(items[0]), operator.index(items[1])


def _padding(op: str, padding: Padding) -> dict[str, Any]:
    if isinstance(padding, str):
        return {"padding": padding.lower()}
    if len(padding) != 4:
        raise ValueError(f"{op}: expected padding 'valid', 'same' or (top, bottom, left, right), got {padding!r}")
    return {"padding": "explicit", "pads": tuple(padding)}


# ---- products --------------------------------------------------------------------------------------------------------


def matmul(
    a: Tensor, b: Tensor, transpose_a: bool = False, transpose_b: bool = False, *, into: Tensor | None = None
) -> Tensor:
    """Matrix product of two matrices, either of them transposed first when asked to.

    Parameters
    ----------
    a : Tensor, (m, k), or (k, m) when transpose_a
    b : Tensor, (k, n), or (n, k) when transpose_b
    transpose_a, transpose_b : bool

    Returns
    -------
    Tensor, (m, n)
    """
    array = _run("gemm", a, b, into=into, transpose_a=transpose_a, transpose_b=transpose_b)
    return _result(
        "gemm", array, _matmul_gradient, (a, b), (a, b), transpose_a=transpose_a, transpose_b=transpose_b, into=into
    )


def _matmul_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    a, b = node.saved
    ta, tb = node.attributes["transpose_a"], node.attributes["transpose_b"]
    da = db = None
    if node.needs[0]:
        da = matmul(b, dy, tb, True, into=into[0]) if ta else matmul(dy, b, False, not tb, into=into[0])
    if node.needs[1]:
        db = matmul(dy, a, True, ta, into=into[1]) if tb else matmul(a, dy, not ta, False, into=into[1])
    return da, db


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None, activation: Activation = "linear") -> Tensor:
    """Dense layer ``y = activation(x @ weight + bias)``.

    Parameters
    ----------
    x : Tensor, (..., in)
    weight : Tensor, (in, out)
    bias : Tensor, (out,), optional
    activation : {'linear', 'relu'}
        Fused into the product.

    Returns
    -------
    Tensor, (..., out)
    """
    array = _run("linear", x, weight, bias, activation=activation)
    return _result(
        "linear",
        array,
        _linear_gradient,
        (x, weight, bias),
        (x, weight),
        save_output=activation == "relu",
        activation=activation,
    )


def _linear_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    x, weight = node.saved
    if node.attributes["activation"] == "relu":
        dy = relu_backward(dy, node.saved_output())
    rows = dy if dy.ndim == 2 else reshape(dy, (-1, dy.shape[-1]))
    dx = dw = db = None
    if node.needs[0]:
        if x.ndim == 2:
            dx = matmul(rows, weight, False, True, into=into[0])
        else:
            dx = _reshape_like(matmul(rows, weight, False, True), x)
    if node.needs[1]:
        dw = matmul(x if x.ndim == 2 else reshape(x, (-1, x.shape[-1])), rows, True, False, into=into[1])
    if node.needs[2]:
        db = sum(rows, 0, into=into[2])
    return dx, dw, db


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
    geometry = {
        "strides": _pair("conv2d", "strides", strides),
        "dilation": _pair("conv2d", "dilation", dilation),
        "groups": groups,
        **_padding("conv2d", padding),
    }
    array = _run("conv2d", x, weight, bias, activation=activation, **geometry)
    return _result(
        "conv2d",
        array,
        _conv2d_gradient,
        (x, weight, bias),
        (x, weight),
        save_output=activation == "relu",
        activation=activation,
        geometry=geometry,
    )


def _conv2d_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    x, weight = node.saved
    geometry = node.attributes["geometry"]
    if node.attributes["activation"] == "relu":
        dy = relu_backward(dy, node.saved_output())
    dx = dw = db = None
    if node.needs[0]:
        dx = conv2d_backward_input(dy, weight, x, geometry, into=into[0])
    if node.needs[1]:
        dw = conv2d_backward_weight(x, dy, weight, geometry, into=into[1])
    if node.needs[2]:
        db = sum(dy, (0, 1, 2), into=into[2])
    return dx, dw, db


def conv2d_backward_input(
    dy: Tensor, weight: Tensor, x: Tensor, geometry: dict[str, Any], *, into: Tensor | None = None
) -> Tensor:
    """Gradient of conv2d with respect to its input, whose shape x gives; geometry holds conv2d's attributes."""
    like = _shape_of(x)
    array = _run("conv2d_backward_input", dy, weight, like, into=into, **geometry)
    return _result(
        "conv2d_backward_input",
        array,
        _conv2d_backward_input_gradient,
        (dy, weight),
        (dy, weight),
        geometry=geometry,
        into=into,
    )


def _conv2d_backward_input_gradient(node: Node, g: Tensor, into: Gradients) -> Gradients:
    dy, weight = node.saved
    geometry = node.attributes["geometry"]
    ddy = _conv2d_plain(g, weight, geometry) if node.needs[0] else None
    dw = conv2d_backward_weight(g, dy, weight, geometry, into=into[1]) if node.needs[1] else None
    return ddy, dw


def conv2d_backward_weight(
    x: Tensor, dy: Tensor, weight: Tensor, geometry: dict[str, Any], *, into: Tensor | None = None
) -> Tensor:
    """Gradient of conv2d with respect to its weight, whose shape weight gives; geometry holds conv2d's attributes."""
    like = _shape_of(weight)
    array = _run("conv2d_backward_weight", x, dy, like, into=into, **geometry)
    return _result(
        "conv2d_backward_weight",
        array,
        _conv2d_backward_weight_gradient,
        (x, dy),
        (x, dy),
        geometry=geometry,
        into=into,
    )


def _conv2d_backward_weight_gradient(node: Node, g: Tensor, into: Gradients) -> Gradients:
    x, dy = node.saved
    geometry = node.attributes["geometry"]
    dx = conv2d_backward_input(dy, g, x, geometry, into=into[0]) if node.needs[0] else None
    ddy = _conv2d_plain(x, g, geometry) if node.needs[1] else None
    return dx, ddy


def _conv2d_plain(x: Tensor, weight: Tensor, geometry: dict[str, Any]) -> Tensor:
    array = _run("conv2d", x, weight, None, **geometry)
    return _result(
        "conv2d", array, _conv2d_gradient, (x, weight, None), (x, weight), activation="linear", geometry=geometry
    )


# ---- pooling ---------------------------------------------------------------------------------------------------------


def max_pool2d(
    x: Tensor,
    pool_size: int | Sequence[int] = 2,
    strides: int | Sequence[int] | None = None,
    padding: Padding = "valid",
) -> Tensor:
    """Maximum over windows; NaN propagates and padding never wins.

    Parameters
    ----------
    x : Tensor, (batch, height, width, channels)
    pool_size : int or two ints
    strides : int or two ints, optional
        As pool_size when not given.
    padding : {'valid', 'same'} or (top, bottom, left, right)

    Returns
    -------
    Tensor, (batch, out_height, out_width, channels)
    """
    window = _pair("max_pool2d", "pool_size", pool_size)
    geometry = {
        "pool_size": window,
        "strides": window if strides is None else _pair("max_pool2d", "strides", strides),
        **_padding("max_pool2d", padding),
    }
    needs_index = is_grad_enabled() and x.requires_grad
    y, index = _op("max_pool2d")(x._array, wanted=3 if needs_index else 1, **geometry)
    if not needs_index:
        return Tensor._wrap(y)
    saved = (Tensor._wrap(index),)
    return _result("max_pool2d", y, _max_pool2d_gradient, (x,), saved, like=_shape_of(x), geometry=geometry)


def _max_pool2d_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    (index,) = node.saved
    like, geometry = node.attributes["like"], node.attributes["geometry"]
    array = _run("max_pool2d_backward", dy, index, like, into=into[0], **geometry)
    dx = _result("max_pool2d_backward", array, _no_second_derivative("max_pool2d"), (dy,), into=into[0])
    return (dx,)


# ---- activations and losses ------------------------------------------------------------------------------------------


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
        result.logits = x
    return result


def _softmax_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    y = node.saved_output()
    array = _run("softmax_backward", dy, y, into=into[0], axis=node.attributes["axis"])
    dx = _result("softmax_backward", array, _no_second_derivative("softmax"), (dy, y), into=into[0])
    return (dx,)


def softmax_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of softmax(logits) against labels, one loss per sample.

    Parameters
    ----------
    logits : Tensor, (..., classes)
    labels : Tensor, (...) of uint8, int32 or int64; or (..., classes) of the dtype of logits
        Class numbers, or a distribution over the classes.

    Returns
    -------
    Tensor, (...)
        ``logsumexp(logits) - logits[label]``, or ``sum(labels * (logsumexp(logits) - logits))``.

    Raises
    ------
    IndexError
        When a label is not in [0, classes).
    """
    needs = is_grad_enabled() and logits.requires_grad
    loss, probabilities = _op("softmax_cross_entropy")(logits._array, labels._array, wanted=3 if needs else 1)
    if not needs:
        return Tensor._wrap(loss)
    saved = (Tensor._wrap(probabilities), labels)
    return _result("softmax_cross_entropy", loss, _softmax_cross_entropy_gradient, (logits,), saved)


def _softmax_cross_entropy_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    probabilities, labels = node.saved
    array = _run("softmax_cross_entropy_backward", dy, probabilities, labels, into=into[0])
    rule = _no_second_derivative("softmax_cross_entropy")
    inputs = (dy, node.attach(probabilities._array))
    dlogits = _result("softmax_cross_entropy_backward", array, rule, inputs, into=into[0])
    return (dlogits,)


def categorical_accuracy(predictions: Tensor, labels: Tensor) -> Tensor:
    """1 where the first largest prediction is the label, else 0; not differentiable.

    Parameters
    ----------
    predictions : Tensor, (..., classes)
    labels : Tensor, (...) of integers, or (..., classes) one-hot

    Returns
    -------
    Tensor, (...)
    """
    return Tensor._wrap(_run("categorical_accuracy", predictions, labels))


# ---- elementwise -----------------------------------------------------------------------------------------------------


def _operands(a: Any, b: Any) -> tuple[Tensor, Tensor]:
    left = as_tensor(a, b if isinstance(b, Tensor) else None)
    return left, as_tensor(b, left)


def _elementwise(name: str, a: Any, b: Any, rule: Rule, saved: bool) -> Tensor:
    left, right = _operands(a, b)
    kept = (left, right) if saved else ()
    likes = (_shape_of(left), _shape_of(right))
    return _result(name, _run(name, left, right), rule, (left, right), kept, likes=likes)


def _to_operand(node: Node, index: int, gradient: Tensor, into: Tensor | None) -> Tensor:
    """A gradient of the broadcast shape, summed to the operand's."""
    like: Tensor = node.attributes["likes"][index]
    if like.shape == gradient.shape:
        return gradient
    array = _run("sum_to_like", gradient, like, into=into)
    return _result("sum_to_like", array, _sum_to_like_gradient, (gradient,), like=_shape_of(gradient), into=into)


def _sum_to_like_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return (add(fill(node.attributes["like"], 0.0), dy),)


def add(a: Any, b: Any) -> Tensor:
    """``a + b`` with NumPy's broadcasting; Python numbers take the other operand's dtype."""
    return _elementwise("add", a, b, _add_gradient, saved=False)


def _add_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return tuple(_to_operand(node, i, dy, into[i]) if node.needs[i] else None for i in range(2))


def subtract(a: Any, b: Any) -> Tensor:
    """``a - b`` with NumPy's broadcasting; Python numbers take the other operand's dtype."""
    return _elementwise("subtract", a, b, _subtract_gradient, saved=False)


def _subtract_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    da = _to_operand(node, 0, dy, into[0]) if node.needs[0] else None
    db = _to_operand(node, 1, negative(dy), into[1]) if node.needs[1] else None
    return da, db


def multiply(a: Any, b: Any) -> Tensor:
    """``a * b`` with NumPy's broadcasting; Python numbers take the other operand's dtype."""
    return _elementwise("multiply", a, b, _multiply_gradient, saved=True)


def _multiply_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    a, b = node.saved
    da = _to_operand(node, 0, multiply(dy, b), into[0]) if node.needs[0] else None
    db = _to_operand(node, 1, multiply(dy, a), into[1]) if node.needs[1] else None
    return da, db


def divide(a: Any, b: Any) -> Tensor:
    """``a / b`` with NumPy's broadcasting, by IEEE rules; Python numbers take the other operand's dtype."""
    return _elementwise("divide", a, b, _divide_gradient, saved=True)


def _divide_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    a, b = node.saved
    share = divide(dy, b)
    da = _to_operand(node, 0, share, into[0]) if node.needs[0] else None
    db = _to_operand(node, 1, negative(multiply(share, divide(a, b))), into[1]) if node.needs[1] else None
    return da, db


def negative(x: Tensor) -> Tensor:
    """``-x`` elementwise."""
    return multiply(x, -1.0)


# ---- reductions ------------------------------------------------------------------------------------------------------


def _axes(axis: int | Sequence[int] | None, ndim: int) -> tuple[int, ...] | None:
    """Axes for the op; None when there is nothing to sum over."""
    if axis is None:
        return ()
    axes = (axis,) if isinstance(axis, (int, np.integer)) else tuple(axis)
    return tuple(operator.index(a) for a in axes) if axes else None


def sum(
    x: Tensor, axis: int | Sequence[int] | None = None, keepdims: bool = False, *, into: Tensor | None = None
) -> Tensor:
    """Sum over axes, in an order that depends on the shape alone.

    Parameters
    ----------
    x : Tensor, (...)
    axis : int or sequence of int, optional
        All axes when not given.
    keepdims : bool
        Keep the axes with size one.
    """
    return _reduction("sum", x, axis, keepdims, into)


def mean(
    x: Tensor, axis: int | Sequence[int] | None = None, keepdims: bool = False, *, into: Tensor | None = None
) -> Tensor:
    """Mean over axes; the mean of nothing is NaN. Parameters as in `sum`."""
    return _reduction("mean", x, axis, keepdims, into)


def _reduction(name: str, x: Tensor, axis: int | Sequence[int] | None, keepdims: bool, into: Tensor | None) -> Tensor:
    axes = _axes(axis, x.ndim)
    if axes is None:
        return copy(x, into=into)
    array = _run(name, x, into=into, axes=axes, keepdims=keepdims)
    return _result(name, array, _reduction_gradient, (x,), like=_shape_of(x), axes=axes, keepdims=keepdims, into=into)


def _reduction_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    like, axes, keepdims = node.attributes["like"], node.attributes["axes"], node.attributes["keepdims"]
    name = f"{node.name}_backward"
    array = _run(name, dy, like, into=into[0], axes=axes, keepdims=keepdims)
    dx = _result(
        name,
        array,
        _reduction_backward_gradient,
        (dy,),
        reduction=node.name,
        axes=axes,
        keepdims=keepdims,
        into=into[0],
    )
    return (dx,)


def _reduction_backward_gradient(node: Node, g: Tensor, into: Gradients) -> Gradients:
    attributes = node.attributes
    # the empty tuple means all axes to the op, None to sum and mean
    axes = attributes["axes"] or None
    return (_reduction(attributes["reduction"], g, axes, attributes["keepdims"], into[0]),)


# ---- shape and memory ------------------------------------------------------------------------------------------------


def reshape(x: Tensor, shape: int | Sequence[int]) -> Tensor:
    """The same elements in C order under another shape; one entry may be -1. Shares memory where it can."""
    target = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    array = _run("reshape", _contiguous(x), shape=target)
    return _result("reshape", array, _reshape_gradient, (x,), like=_shape_of(x))


def _reshape_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return (_reshape_like(dy, node.attributes["like"]),)


def _reshape_like(x: Tensor, like: Tensor) -> Tensor:
    array = _run("reshape", _contiguous(x), _shape_of(like))
    return _result("reshape", array, _reshape_gradient, (x,), like=_shape_of(x))


def _contiguous(x: Tensor) -> Tensor:
    return x if x._array.is_contiguous else Tensor._wrap(_run("copy", x))


_END = 2**63 - 1
_BEFORE_BEGIN = -(2**63)


def getitem(x: Tensor, index: Any) -> Tensor:
    """``x[index]`` for integers, slices, Ellipsis and None; shares memory. See `Tensor`."""
    items = list(index) if isinstance(index, tuple) else [index]
    used = builtins.sum(item is not None and item is not Ellipsis for item in items)
    if used > x.ndim:
        raise IndexError(f"index: expected at most {x.ndim} indices for shape {x.shape}, got {used}")
    if items.count(Ellipsis) > 1:
        raise IndexError("index: expected at most one Ellipsis")
    if Ellipsis in items:
        at = items.index(Ellipsis)
        items[at : at + 1] = [slice(None)] * (x.ndim - used)
    starts, stops, steps = [], [], []
    for axis, item in enumerate(item for item in items if item is not None):
        if isinstance(item, slice):
            step = 1 if item.step is None else operator.index(item.step)
            first, end = (0, _END) if step > 0 else (_END, _BEFORE_BEGIN)
            starts.append(first if item.start is None else operator.index(item.start))
            stops.append(end if item.stop is None else operator.index(item.stop))
            steps.append(step)
        else:
            position = _position(item, axis, x.shape)
            starts.append(position)
            stops.append(position + 1)
            steps.append(1)
    bounds: dict[str, Any] = {"starts": tuple(starts), "stops": tuple(stops), "steps": tuple(steps)}
    part = _result("slice", _slice(x, bounds), _slice_gradient, (x,), like=_shape_of(x), bounds=bounds)
    return part if all(isinstance(item, slice) for item in items) else _squeezed(part, items)


def _slice(x: Tensor, bounds: dict[str, Any]) -> _core.Array:
    return _run("slice", x, **bounds)


def _position(item: Any, axis: int, shape: tuple[int, ...]) -> int:
    try:
        position = operator.index(item)
    except TypeError:
        raise TypeError(f"index: expected integers, slices, Ellipsis or None, got {type(item).__name__}") from None
    size = shape[axis]
    if not -size <= position < size:
        raise IndexError(f"index: expected an index in [{-size}, {size}) for axis {axis}, got {position}")
    return position + size if position < 0 else position


def _squeezed(part: Tensor, items: list[Any]) -> Tensor:
    """Drops the axes of integers and puts in the axes of None. A leading batch axis stays open."""
    shape = []
    axis = 0
    for item in items:
        if item is None:
            shape.append(1)
            continue
        if isinstance(item, slice):
            shape.append(part.shape[axis])
        axis += 1
    shape += part.shape[axis:]
    keeps_batch = bool(items) and isinstance(items[0], slice) and items[0] == slice(None)
    if keeps_batch and 0 not in shape:
        shape[0] = -1
    return reshape(part, shape)


def _slice_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    like, bounds = node.attributes["like"], node.attributes["bounds"]
    array = _run("slice_backward", dy, like, into=into[0], **bounds)
    dx = _result(
        "slice_backward", array, _slice_backward_gradient, (dy,), like=_shape_of(dy), bounds=bounds, into=into[0]
    )
    return (dx,)


def _slice_backward_gradient(node: Node, g: Tensor, into: Gradients) -> Gradients:
    bounds = node.attributes["bounds"]
    return (_result("slice", _slice(g, bounds), _slice_gradient, (g,), like=_shape_of(g), bounds=bounds),)


def copy(x: Tensor, *, into: Tensor | None = None) -> Tensor:
    """A contiguous copy."""
    array = _run("copy", x, into=into)
    return _result("copy", array, _copy_gradient, (x,), into=into)


def _copy_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return (dy,)


def fill(like: Tensor, value: float) -> Tensor:
    """A tensor of the shape, dtype and device of another, every element the same value."""
    return Tensor._wrap(_run("fill", _shape_of(like), value=value))


# ---- random ----------------------------------------------------------------------------------------------------------


def dropout(
    x: Tensor,
    rate: float,
    *,
    seed: int | _core.Scalar,
    stream: int = 0,
    step: int | _core.Scalar = 0,
) -> Tensor:
    """Zero each element with probability rate and scale the rest by 1 / (1 - rate).

    Parameters
    ----------
    x : Tensor, (...)
    rate : float
        In [0, 1).
    seed, stream, step : int
        The random number of element i is a function of (seed, stream, step, i) alone (Philox 4x32-10). Inside a step
        program seed and step are registered Scalars.

    Returns
    -------
    Tensor, as x
    """
    y, mask = _op("dropout")(x._array, rate=rate, seed=seed, stream=stream, step=step)
    return _result("dropout", y, _dropout_gradient, (x,), (Tensor._wrap(mask),), rate=rate)


def _dropout_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    (mask,) = node.saved
    rate = node.attributes["rate"]
    array = _run("dropout_backward", dy, mask, into=into[0], rate=rate)
    dx = _result("dropout_backward", array, _dropout_gradient, (dy,), (mask,), rate=rate, into=into[0])
    return (dx,)


use_operations(cast("Any", sys.modules[__name__]))
