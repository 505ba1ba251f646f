"""Reductions over axes and sums along one, with NumPy's arguments."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..tensor import Node, Tensor, no_grad
from ._base import Gradients, _array_of, _integer, _no_second_derivative, _result, _run, _shape_of
from .elementwise import _as_mask, cast, divide, equal, exp, multiply, sqrt, subtract, where
from .shape import copy, reshape

Axis = int | Sequence[int] | None


def _axes(axis: Axis, ndim: int) -> tuple[int, ...] | None:
    """Axes for the op; None when there is nothing to sum over."""
    if axis is None:
        return ()
    axes = (axis,) if isinstance(axis, (int, np.integer)) else tuple(axis)
    return tuple(operator.index(a) for a in axes) if axes else None


def sum(x: Tensor, axis: Axis = None, keepdims: bool = False, *, into: Tensor | None = None) -> Tensor:
    """Sum over axes, in an order that depends on the shape alone.

    Parameters
    ----------
    x : Tensor, (...)
        The sum of integers and bools is int64 and wraps around.
    axis : int or sequence of int, optional
        All axes when not given.
    keepdims : bool
        Keep the axes with size one.
    """
    return _reduction("sum", x, axis, keepdims, into)


def mean(x: Tensor, axis: Axis = None, keepdims: bool = False, *, into: Tensor | None = None) -> Tensor:
    """Mean over axes; the mean of nothing is NaN. Parameters as in `sum`, of floating dtypes only."""
    return _reduction("mean", x, axis, keepdims, into)


def _reduction(name: str, x: Tensor, axis: Axis, keepdims: bool, into: Tensor | None) -> Tensor:
    axes = _axes(axis, x.ndim)
    if axes is None:
        return copy(x, into=into)
    array = _run(name, x, into=into, axes=axes, keepdims=keepdims)
    return _result(name, array, _reduction_gradient, (x,), like=_shape_of(x), axes=axes, keepdims=keepdims, into=into)


def _reduction_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    attributes = node.attributes
    return (_spread(node.name, dy, attributes["like"], attributes["axes"], attributes["keepdims"], into[0]),)


def _spread(
    reduction: str, dy: Tensor, like: Tensor, axes: tuple[int, ...], keepdims: bool, into: Tensor | None = None
) -> Tensor:
    """The gradient of sum or mean: dy repeated along the axes, divided by their size for mean."""
    name = f"{reduction}_backward"
    array = _run(name, dy, like, into=into, axes=axes, keepdims=keepdims)
    return _result(
        name,
        array,
        _spread_gradient,
        (dy,),
        reduction=reduction,
        axes=axes,
        keepdims=keepdims,
        into=into,
    )


def _spread_gradient(node: Node, g: Tensor, into: Gradients) -> Gradients:
    attributes = node.attributes
    # the empty tuple means all axes to the op, None to sum and mean
    axes = attributes["axes"] or None
    return (_reduction(attributes["reduction"], g, axes, attributes["keepdims"], into[0]),)


def _kept(t: Tensor, shape: tuple[int, ...], axes: tuple[int, ...]) -> Tensor:
    """What a reduction of the shape gave, with ones where the axes were. A leading batch axis stays open."""
    reduced = {a % len(shape) for a in axes} or set(range(len(shape)))
    sizes = [1 if a in reduced else size for a, size in enumerate(shape)]
    if t.shape == tuple(sizes):
        return t
    if 0 not in reduced and 0 not in sizes:
        sizes[0] = -1
    return reshape(t, sizes)


# ---- largest, smallest, product --------------------------------------------------------------------------------------


def max(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Largest number over axes, NaN when one is. Where several are largest they share the gradient evenly.

    Parameters
    ----------
    x : Tensor, (...)
        Of any dtype.
    axis : int or sequence of int, optional
        All axes when not given.
    keepdims : bool
        Keep the axes with size one.

    Raises
    ------
    ValueError
        When there is no number along the axes.
    """
    return _extreme("max", x, axis, keepdims)


def min(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Smallest number over axes, NaN when one is. Gradient, parameters and errors as in `max`."""
    return _extreme("min", x, axis, keepdims)


def _extreme(name: str, x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    axes = _axes(axis, x.ndim)
    if axes is None:
        return copy(x)
    array = _run(name, x, axes=axes, keepdims=keepdims)
    return _result(name, array, _extreme_gradient, (x,), (x,), True, axes=axes)


def _extreme_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    (x,), axes = node.saved, node.attributes["axes"]
    y = _kept(node.saved_output().detach(), x.shape, axes)
    ties = cast(equal(x.detach(), y), x.dtype)
    share = divide(ties, sum(ties, axes or None, keepdims=True))
    return (multiply(_kept(dy, x.shape, axes), share),)


def any(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether any number over axes is not 0, as bool; of nothing False. Parameters as in `max`."""
    return _extreme("max", _as_mask(x), axis, keepdims)


def all(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether no number over axes is 0, as bool; of nothing True. Parameters as in `max`."""
    return _extreme("min", _as_mask(x), axis, keepdims)


def prod(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Product over axes, of floats in double and rounded once; of nothing 1. Parameters as in `sum`.

    The gradient of a number is the product of all others, also where numbers are 0.
    """
    axes = _axes(axis, x.ndim)
    if axes is None:
        return copy(x)
    array = _run("prod", x, axes=axes, keepdims=keepdims)
    return _result("prod", array, _prod_gradient, (x,), (x,), axes=axes)


def _prod_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    (x,), axes = node.saved, node.attributes["axes"]
    with no_grad():
        zero = equal(x, 0.0)
        nonzero = where(zero, 1.0, x)
        others = prod(nonzero, axes or None, keepdims=True)
        zeros = sum(cast(zero, x.dtype), axes or None, keepdims=True)
        # one 0 takes the gradient alone; of two each has the other's
        of_zero = where(equal(zeros, 1.0), others, 0.0)
        of_others = where(equal(zeros, 0.0), divide(others, nonzero), 0.0)
        dx = multiply(_kept(dy, x.shape, axes), where(zero, of_zero, of_others))
    return (_result("prod", dx._array, _no_second_derivative("prod"), (dy, x)),)


# ---- where the largest is --------------------------------------------------------------------------------------------


def argmax(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the largest number along an axis first stands; the first NaN, when there is one.

    Parameters
    ----------
    x : Tensor, (...)
        Of any dtype.
    axis : int, optional
        When not given, the place in the flattened tensor.
    keepdims : bool
        Keep the axis, or all of them, with size one.

    Returns
    -------
    Tensor of int64, without gradient

    Raises
    ------
    ValueError
        When there is no number along the axis.
    """
    return _argument("argmax", x, axis, keepdims)


def argmin(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the smallest number along an axis first stands. NaN, parameters and errors as in `argmax`."""
    return _argument("argmin", x, axis, keepdims)


def _argument(name: str, x: Tensor, axis: int | None, keepdims: bool) -> Tensor:
    _array_of(name, x)
    if axis is not None:
        return Tensor._wrap(_run(name, x, axis=_integer(name, "an axis", axis), keepdims=keepdims))
    index = Tensor._wrap(_run(name, reshape(x.detach(), (x.size,)), axis=0))
    return reshape(index, (1,) * x.ndim) if keepdims else index


# ---- moments and logarithms ------------------------------------------------------------------------------------------


def var(x: Tensor, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
    """Variance over axes, ``sum((x - mean) ** 2) / (n - ddof)``, in two passes; NaN when n <= ddof.

    Parameters
    ----------
    x : Tensor, (...) of float32 or float64
    axis : int or sequence of int, optional
        All axes when not given.
    ddof : int
        What is subtracted from the number of terms: 0 as NumPy and Keras, PyTorch's ``correction`` is 1.
    keepdims : bool
        Keep the axes with size one.
    """
    axes = _axes(axis, x.ndim)
    if axes is None:  # each number is its own mean
        return subtract(x, x)
    array = _run("var", x, axes=axes, keepdims=keepdims, ddof=ddof)
    return _result("var", array, _var_gradient, (x,), (x,), axes=axes, ddof=ddof, keepdims=keepdims)


def _var_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    (x,), axes, ddof = node.saved, node.attributes["axes"], node.attributes["ddof"]
    # the mean's gradient divides by n, which a step program takes from the batch
    share = _spread("mean", dy, _shape_of(x), axes, node.attributes["keepdims"])
    if ddof != 0:
        n = x.size // np.maximum(1, dy.size)
        share = multiply(share, float(np.divide(n, np.maximum(n - ddof, 0))))
    return (multiply(share, multiply(subtract(x, mean(x, axes or None, keepdims=True)), 2.0)),)


def std(x: Tensor, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
    """Standard deviation over axes, the square root of `var`, with its parameters."""
    return sqrt(var(x, axis, ddof, keepdims))


def norm(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Euclidean norm over axes, ``sqrt(sum(x * x))``; its gradient at 0 is 0. Parameters as in `mean`."""
    with no_grad():
        y = sqrt(sum(multiply(x, x), axis, keepdims))
    axes = _axes(axis, x.ndim)
    return _result("norm", y._array, _norm_gradient, (x,), (x,), True, axes=axes)


def _norm_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    (x,), y, axes = node.saved, node.saved_output(), node.attributes["axes"]
    if axes is not None:
        dy, y = _kept(dy, x.shape, axes), _kept(y, x.shape, axes)
    return (multiply(dy, divide(x, where(equal(y, 0.0), 1.0, y))),)


def logsumexp(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """``log(sum(exp(x)))`` over axes, of numbers of any size: the largest is subtracted first; of nothing -infinity.

    Parameters as in `mean`. The gradient is the softmax; 0 where all numbers are -infinity.
    """
    axes = _axes(axis, x.ndim)
    if axes is None:
        return copy(x)
    array = _run("logsumexp", x, axes=axes, keepdims=keepdims)
    return _result("logsumexp", array, _logsumexp_gradient, (x,), (x,), True, axes=axes)


def _logsumexp_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    (x,), axes = node.saved, node.attributes["axes"]
    y = _kept(node.saved_output(), x.shape, axes)
    softmax = exp(subtract(x, where(equal(y, -np.inf), 0.0, y)))
    return (multiply(_kept(dy, x.shape, axes), softmax),)


# ---- cumulative sums -------------------------------------------------------------------------------------------------


def cumsum(
    x: Tensor, axis: int | None = None, reverse: bool = False, exclusive: bool = False, *, into: Tensor | None = None
) -> Tensor:
    """Sums of all numbers up to each along an axis, of floats in double; of int32, uint8 and bool as int64.

    Parameters
    ----------
    x : Tensor, (...)
    axis : int, optional
        The flattened tensor when not given.
    reverse : bool
        Sum from the end.
    exclusive : bool
        Leave each number out of its own sum, so that the first is 0.
    """
    _array_of("cumsum", x)
    if x.dtype.kind != "f":
        x = cast(x, np.int64)
    if axis is None:
        return cumsum(reshape(x, (x.size,)), 0, reverse, exclusive)
    place = _integer("cumsum", "an axis", axis)
    options: dict[str, Any] = {"axis": place, "reverse": bool(reverse), "exclusive": bool(exclusive)}
    array = _run("cumsum", x, into=into, **options)
    return _result("cumsum", array, _cumsum_gradient, (x,), into=into, **options)


def _cumsum_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    options = node.attributes
    return (cumsum(dy, options["axis"], not options["reverse"], options["exclusive"], into=into[0]),)
