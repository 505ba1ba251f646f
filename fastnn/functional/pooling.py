"""Pooling over windows of sequences, images and volumes.

The ops pool images. A sequence is an image of height one; a volume is pooled plane by plane and then along its depth:
the maximum of maxima and the mean of means over a box are those of the whole, the first of equal maxima in the order of
memory takes the gradient, and padding stays left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..tensor import Node, Tensor, is_grad_enabled
from ._base import Gradients, Padding, _array_of, _no_second_derivative, _op, _padding, _result, _run, _shape_of, _sizes
from .shape import reshape


def _geometry(
    op: str, axes: int, pool_size: int | Sequence[int], strides: int | Sequence[int] | None, padding: Padding
) -> dict[str, Any]:
    window = _sizes(op, "pool_size", pool_size, axes)
    return {
        "pool_size": window,
        "strides": window if strides is None else _sizes(op, "strides", strides, axes),
        **_padding(op, padding, axes),
    }


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
    geometry = _geometry("max_pool2d", 2, pool_size, strides, padding)
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
    geometry = _geometry("avg_pool2d", 2, pool_size, strides, padding)
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


def max_pool1d(
    x: Tensor,
    pool_size: int | Sequence[int] = 2,
    strides: int | Sequence[int] | None = None,
    padding: Padding = "valid",
) -> Tensor:
    """Maximum over windows of steps; NaN propagates and padding never wins.

    Parameters
    ----------
    x : Tensor, (batch, steps, channels)
    pool_size : int
    strides : int, optional
        As pool_size when not given.
    padding : {'valid', 'same'} or (before, after)

    Returns
    -------
    Tensor, (batch, out_steps, channels)
    """
    return _pool_steps("max_pool1d", max_pool2d, x, _geometry("max_pool1d", 1, pool_size, strides, padding))


def avg_pool1d(
    x: Tensor,
    pool_size: int | Sequence[int] = 2,
    strides: int | Sequence[int] | None = None,
    padding: Padding = "valid",
) -> Tensor:
    """Mean over windows of steps; padding is left out, so a window at the edge is the mean of the elements it meets.

    Parameters
    ----------
    x : Tensor, (batch, steps, channels)
    pool_size : int
    strides : int, optional
        As pool_size when not given.
    padding : {'valid', 'same'} or (before, after)

    Returns
    -------
    Tensor, (batch, out_steps, channels)
    """
    return _pool_steps("avg_pool1d", avg_pool2d, x, _geometry("avg_pool1d", 1, pool_size, strides, padding))


def max_pool3d(
    x: Tensor,
    pool_size: int | Sequence[int] = 2,
    strides: int | Sequence[int] | None = None,
    padding: Padding = "valid",
) -> Tensor:
    """Maximum over windows of volumes; NaN propagates and padding never wins.

    Parameters
    ----------
    x : Tensor, (batch, depth, height, width, channels)
    pool_size : int or three ints
    strides : int or three ints, optional
        As pool_size when not given.
    padding : {'valid', 'same'} or (front, back, top, bottom, left, right)

    Returns
    -------
    Tensor, (batch, out_depth, out_height, out_width, channels)
    """
    return _pool_volume("max_pool3d", max_pool2d, x, _geometry("max_pool3d", 3, pool_size, strides, padding))


def avg_pool3d(
    x: Tensor,
    pool_size: int | Sequence[int] = 2,
    strides: int | Sequence[int] | None = None,
    padding: Padding = "valid",
) -> Tensor:
    """Mean over windows of volumes; padding is left out, so a window at the edge is the mean of the elements it meets.

    Parameters
    ----------
    x : Tensor, (batch, depth, height, width, channels)
    pool_size : int or three ints
    strides : int or three ints, optional
        As pool_size when not given.
    padding : {'valid', 'same'} or (front, back, top, bottom, left, right)

    Returns
    -------
    Tensor, (batch, out_depth, out_height, out_width, channels)
    """
    return _pool_volume("avg_pool3d", avg_pool2d, x, _geometry("avg_pool3d", 3, pool_size, strides, padding))


def _pool_steps(op: str, pool: Callable[..., Tensor], x: Tensor, geometry: dict[str, Any]) -> Tensor:
    if x.ndim != 3:
        raise ValueError(f"{op}: expected x (batch, steps, channels), got {x.shape}")
    batch, steps, channels = x.shape
    (size,), (stride,) = geometry["pool_size"], geometry["strides"]
    padding = (0, 0, *geometry["pads"]) if "pads" in geometry else geometry["padding"]
    y = pool(_under(x, batch, (1, steps, channels)), (1, size), (1, stride), padding)
    return _under(y, batch, (y.shape[2], channels))


def _pool_volume(op: str, pool: Callable[..., Tensor], x: Tensor, geometry: dict[str, Any]) -> Tensor:
    if x.ndim != 5:
        raise ValueError(f"{op}: expected x (batch, depth, height, width, channels), got {x.shape}")
    batch, depth, height, width, channels = x.shape
    (deep, *size), (forward, *strides) = geometry["pool_size"], geometry["strides"]
    planes, along = geometry["padding"], geometry["padding"]
    if "pads" in geometry:
        planes, along = geometry["pads"][2:], (*geometry["pads"][:2], 0, 0)
    y = pool(_under(x, batch * depth, (height, width, channels)), size, strides, planes)
    out_height, out_width = y.shape[1:3]
    y = pool(_under(y, batch, (depth, out_height * out_width, channels)), (deep, 1), (forward, 1), along)
    return _under(y, batch, (y.shape[1], out_height, out_width, channels))


def _under(x: Tensor, lead: int, shape: tuple[int, ...]) -> Tensor:
    """x as `lead` arrays of a shape. The lead stays open where it can, for a recorded step may change the batch."""
    return reshape(x, (lead if 0 in shape else -1, *shape))
