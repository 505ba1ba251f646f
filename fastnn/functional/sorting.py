"""Numbers in order: sort, argsort, top_k."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from ._base import _array_of, _integer, _op, _result, _shape_of
from .indexing import _take_along_axis_gradient
from .shape import reshape


def sort(x: Tensor, axis: int | None = -1, descending: bool = False) -> Tensor:
    """Numbers in order along an axis; equal ones keep their order.

    NaN counts as the largest number: it comes last, as in NumPy, and first when descending, as in PyTorch.

    Parameters
    ----------
    x : Tensor, (...)
        Of any dtype.
    axis : int or None
        None sorts the flattened tensor.
    descending : bool
        The largest first.
    """
    _array_of("sort", x)
    if axis is None:
        return sort(reshape(x, (x.size,)), 0, descending)
    place = _integer("sort", "an axis", axis)
    return _sorted("sort", x, place, descending=bool(descending))[0]


def argsort(x: Tensor, axis: int | None = -1, descending: bool = False) -> Tensor:
    """Where the numbers stand that `sort` puts in order, as int64. Parameters as in `sort`."""
    _array_of("argsort", x)
    if axis is None:
        return argsort(reshape(x.detach(), (x.size,)), 0, descending)
    place = _integer("argsort", "an axis", axis)
    return Tensor._wrap(_op("sort")(x._array, wanted=2, axis=place, descending=bool(descending))[1])


def top_k(x: Tensor, k: int, sorted: bool = True, axis: int = -1) -> tuple[Tensor, Tensor]:
    """The k largest numbers along an axis and where they stand; of equal ones those that come first.

    Parameters
    ----------
    x : Tensor, (...)
        Of any dtype; NaN counts as the largest number.
    k : int
        At most the size of the axis.
    sorted : bool
        The largest first. When false any order will do; they are sorted all the same.
    axis : int

    Returns
    -------
    values, indices : Tensor, as x with k along the axis
        Indices are int64 and have no gradient.

    Raises
    ------
    ValueError
        When k is negative or above the size of the axis.
    """
    _array_of("top_k", x)
    return _sorted("top_k", x, _integer("top_k", "an axis", axis), k=_integer("top_k", "k", k))


def _sorted(name: str, x: Tensor, axis: int, **options: Any) -> tuple[Tensor, Tensor]:
    values, places = _op(name)(x._array, wanted=3, axis=axis, **options)
    index = Tensor._wrap(places)
    # the values are those that the index takes
    y = _result(name, values, _take_along_axis_gradient, (x, index), (index,), like=_shape_of(x), axis=axis)
    return y, index
