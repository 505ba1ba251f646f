"""Pooling over windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..tensor import Node, Tensor, is_grad_enabled
from ._base import Gradients, Padding, _array_of, _no_second_derivative, _op, _padding, _pair, _result, _run, _shape_of


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
    array = _array_of("max_pool2d", x)
    needs_index = is_grad_enabled() and x.requires_grad
    y, index = _op("max_pool2d")(array, wanted=3 if needs_index else 1, **geometry)
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


def avg_pool2d(
    x: Tensor,
    pool_size: int | Sequence[int] = 2,
    strides: int | Sequence[int] | None = None,
    padding: Padding = "valid",
) -> Tensor:
    """Mean over windows; padding is left out, so a window at the edge is the mean of the elements it meets.

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
    window = _pair("avg_pool2d", "pool_size", pool_size)
    geometry = {
        "pool_size": window,
        "strides": window if strides is None else _pair("avg_pool2d", "strides", strides),
        **_padding("avg_pool2d", padding),
    }
    return _average(x, geometry)


def _average(x: Tensor, geometry: dict[str, Any]) -> Tensor:
    array = _run("avg_pool2d", x, **geometry)
    return _result("avg_pool2d", array, _avg_pool2d_gradient, (x,), like=_shape_of(x), geometry=geometry)


def _avg_pool2d_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return (avg_pool2d_backward(dy, node.attributes["like"], node.attributes["geometry"], into=into[0]),)


def avg_pool2d_backward(dy: Tensor, x: Tensor, geometry: dict[str, Any], *, into: Tensor | None = None) -> Tensor:
    """Gradient of avg_pool2d with respect to its input, whose shape x gives; geometry holds avg_pool2d's attributes."""
    array = _run("avg_pool2d_backward", dy, x, into=into, **geometry)
    return _result("avg_pool2d_backward", array, _avg_pool2d_backward_gradient, (dy,), geometry=geometry, into=into)


def _avg_pool2d_backward_gradient(node: Node, g: Tensor, into: Gradients) -> Gradients:
    return (_average(g, node.attributes["geometry"]),)
