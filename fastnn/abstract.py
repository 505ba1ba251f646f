"""Shapes without numbers: what comes out of a function of tensors, found by calling it on tensors that have a shape and
a dtype and nothing else.

The engine's ops take such tensors, check them and describe their results, so the function runs as it is: no second list
of shape rules. Open sizes are given two different values each; where the results differ, their size is open too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from . import _core
from .tensor import Tensor, no_grad

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Spec", "abstract", "infer", "is_abstract", "is_shape", "map_structure", "merged", "sizes_for"]

Shape: TypeAlias = "tuple[int | None, ...]"


class Spec(NamedTuple):
    """A shape, with None for open sizes, a dtype, and the shape of the mask that the tensor carries."""

    shape: Shape
    dtype: np.dtype[Any]
    mask: Shape | None = None


# Values for open sizes: of the batch and of other axes. The small ones are tried first, for loops over time run in
# Python; large windows need the others.
_OPEN = (((3, 67), (5, 131)), ((3, 1031), (5, 2069)))


def abstract(shape: tuple[int, ...], dtype: npt.DTypeLike = np.float32) -> Tensor:
    """A tensor with a shape and a dtype and no values. Functions of it give such tensors again; reading it raises."""
    return Tensor._wrap(_core.Array.abstract(shape, np.dtype(dtype)))


def is_abstract(t: Tensor) -> bool:
    """Whether a tensor has no values."""
    return t._array.is_abstract


def is_shape(value: Any) -> bool:
    """Whether a value is a shape, rather than a tuple of several."""
    return isinstance(value, tuple) and all(size is None or isinstance(size, int) for size in value)


def map_structure(
    function: Callable[[Any], Any], value: Any, kind: type | tuple[type, ...] | Callable[[Any], bool]
) -> Any:
    """The same lists, tuples and dictionaries with the function applied to what is of a kind."""
    if isinstance(value, kind) if isinstance(kind, type | tuple) else kind(value):
        return function(value)
    if isinstance(value, list | tuple):
        items = [map_structure(function, item, kind) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, dict):
        return {key: map_structure(function, item, kind) for key, item in value.items()}
    return value


def sizes_for(shape: Shape, batch: int, other: int) -> tuple[int, ...]:
    """A shape with numbers for open sizes."""
    return tuple(size if size is not None else other if axis else batch for axis, size in enumerate(shape))


def infer(function: Callable[..., Any], *inputs: Any) -> Any:
    """What comes out of a function, as Specs, when Specs go in.

    Parameters
    ----------
    function : callable
        Takes Tensors where `inputs` has Specs, and returns Tensors.
    *inputs : Spec, or lists, tuples and dictionaries of them
        Anything else is handed on as it is.

    Returns
    -------
    Spec, or lists, tuples and dictionaries of them

    Raises
    ------
    ValueError, TypeError
        What the function raises for inputs that it can't take.
    """
    for small, large in _OPEN:
        try:
            results = [_call(function, inputs, batch, other) for batch, other in (small, large)]
        except ValueError:
            if (small, large) == _OPEN[-1]:
                raise
            continue
        return merged(*results)
    raise AssertionError


def _call(function: Callable[..., Any], inputs: tuple[Any, ...], batch: int, other: int) -> Any:
    def make(spec: Spec) -> Tensor:
        made = abstract(sizes_for(spec.shape, batch, other), spec.dtype)
        if spec.mask is not None:
            made._mask = abstract(sizes_for(spec.mask, batch, other), np.bool_)
        return made

    with no_grad():
        return function(*map_structure(make, inputs, Spec))


def merged(first: Any, second: Any) -> Any:
    """The Specs of two results of one function."""
    if isinstance(first, Tensor):
        if len(first.shape) != len(second.shape):
            raise ValueError(f"infer: the number of axes depends on sizes: {first.shape} and {second.shape}")
        shape = tuple(a if a == b else None for a, b in zip(first.shape, second.shape, strict=True))
        mask = None if first._mask is None else merged(first._mask, second._mask).shape
        return Spec(shape, first.dtype, mask)
    if isinstance(first, list | tuple):
        items = [merged(a, b) for a, b in zip(first, second, strict=True)]
        return tuple(items) if isinstance(first, tuple) else items
    if isinstance(first, dict):
        return {key: merged(first[key], second[key]) for key in first}
    return first
