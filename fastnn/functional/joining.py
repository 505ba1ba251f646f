"""Joining, splitting, repeating and padding: strided copies, and views for what only reads."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from ..tensor import Node, Tensor
from ._base import Gradients, _integer, _result, _run, _run_list
from .elementwise import broadcast_to
from .indexing import _literal_indices, take
from .shape import _END, _axis, _part, _part_along, expand_dims, reshape


def concatenate(arrays: Sequence[Tensor], axis: int = 0) -> Tensor:
    """Tensors of one dtype joined along an axis that they have.

    Parameters
    ----------
    arrays : sequence of Tensor
        At least one, of one shape but for the axis.
    axis : int, default 0
    """
    parts = list(arrays)
    array = _run_list("concatenate", parts, axis=axis)
    place = axis + parts[0].ndim if axis < 0 else axis
    return _result(
        "concatenate", array, _concatenate_gradient, parts, axis=place, sizes=[p.shape[place] for p in parts]
    )


def _concatenate_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    axis, start = node.attributes["axis"], 0
    gradients: list[Tensor | None] = []
    for size, needed in zip(node.attributes["sizes"], node.needs, strict=True):
        gradients.append(_part_along(dy, axis, start, start + size) if needed else None)
        start += size
    return gradients


def stack(arrays: Sequence[Tensor], axis: int = 0) -> Tensor:
    """Tensors of one shape and dtype joined along a new axis."""
    parts = list(arrays)
    for part in parts:
        if part.shape != parts[0].shape:
            raise ValueError(f"stack: expected arrays of one shape, got {parts[0].shape} and {part.shape}")
    place = _axis("stack", axis, parts[0].ndim + 1) if parts else 0
    return concatenate([expand_dims(part, place) for part in parts], place)


def split(x: Tensor, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """Views of parts of x, as NumPy's.

    Parameters
    ----------
    x : Tensor of any dtype
    indices_or_sections : int or sequence of int
        So many equal parts, or the places along the axis where a new part begins.
    axis : int, default 0

    Raises
    ------
    ValueError
        When the axis does not divide into so many parts.
    """
    place = _axis("split", axis, x.ndim)
    size = x.shape[place]
    if isinstance(indices_or_sections, (tuple, list, np.ndarray)):
        cuts = [_integer("split", "indices", cut) for cut in indices_or_sections]
    else:
        sections = _integer("split", "sections", indices_or_sections)
        if sections < 1 or size % sections:
            raise ValueError(f"split: expected a number of parts that divides {size}, got {sections}")
        cuts = list(range(size // sections, size, size // sections)) if size else [0] * (sections - 1)
    return [_part_along(x, place, *edge) for edge in zip([0, *cuts], [*cuts, _END], strict=True)]


# ---- repeating -------------------------------------------------------------------------------------------------------


def repeat(x: Tensor, repeats: int | Sequence[int], axis: int | None = None) -> Tensor:
    """Every element so many times behind itself, as NumPy's.

    Parameters
    ----------
    x : Tensor of any dtype
    repeats : int or sequence of int
        How many times; for every element of the axis or one number for all.
    axis : int, optional
        Of the flattened tensor when not given.
    """
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    place = _axis("repeat", axis, x.ndim)
    size = x.shape[place]
    if isinstance(repeats, (tuple, list, np.ndarray)):
        counts = [_integer("repeat", "repeats", count) for count in repeats]
        if len(counts) != size or min(counts, default=0) < 0:
            raise ValueError(f"repeat: expected {size} repeats of at least 0, got {counts}")
        return take(x, _literal_indices(np.repeat(np.arange(size), counts), x.device), place)
    count = _integer("repeat", "repeats", repeats)
    if count < 0:
        raise ValueError(f"repeat: expected repeats of at least 0, got {count}")
    return _repeated(x, place, size, count, after=True)


def tile(x: Tensor, repeats: int | Sequence[int]) -> Tensor:
    """x as a whole so many times along each axis, as NumPy's; missing axes are put in front."""
    given = repeats if isinstance(repeats, (tuple, list)) else (repeats,)
    counts = [_integer("tile", "repeats", count) for count in given]
    if min(counts, default=0) < 0:
        raise ValueError(f"tile: expected repeats of at least 0, got {counts}")
    if len(counts) > x.ndim:
        x = expand_dims(x, tuple(range(len(counts) - x.ndim)))
    for axis, count in enumerate(counts, start=x.ndim - len(counts)):
        if count != 1:
            x = _repeated(x, axis, x.shape[axis], count, after=False)
    return x


def _repeated(x: Tensor, axis: int, size: int, count: int, *, after: bool) -> Tensor:
    """An axis `count` times: each element behind itself, or the whole behind itself."""
    place = axis + 1 if after else axis
    wide = expand_dims(x, place)
    wide = broadcast_to(wide, [count if i == place else -1 for i in range(wide.ndim)])
    shape = [*x.shape[:axis], size * count, *x.shape[axis + 1 :]]
    # the leading size is the one that is not known when a program is made for any batch
    return reshape(wide, [-1, *shape[1:]] if 0 not in shape else shape)


# ---- padding ---------------------------------------------------------------------------------------------------------

PadMode = Literal["constant", "edge", "reflect", "symmetric"]


def pad(
    x: Tensor,
    pad_width: int | Sequence[int] | Sequence[Sequence[int]],
    mode: PadMode = "constant",
    constant_values: float = 0.0,
) -> Tensor:
    """x with a border, as NumPy's pad.

    Parameters
    ----------
    x : Tensor of any dtype
    pad_width : int, (int, int) or a sequence of (int, int)
        Elements before and after: of every axis, or of each.
    mode : {"constant", "edge", "reflect", "symmetric"}, default "constant"
        "reflect" mirrors at the outer elements, "symmetric" at their outer edges; "edge" repeats the outer elements.
    constant_values : float, default 0
        The border's value with mode "constant".
    """
    widths = _pad_widths(pad_width, x.ndim)
    if mode == "constant":
        before, after = (tuple(width[side] for width in widths) for side in range(2))
        array = _run("pad", x, before=before, after=after, value=constant_values)
        return _result("pad", array, _pad_gradient, (x,), before=before, after=after)
    if mode not in ("edge", "reflect", "symmetric"):
        raise ValueError(f"pad: expected mode 'constant', 'edge', 'reflect' or 'symmetric', got {mode!r}")
    for axis, width in enumerate(widths):
        if width != (0, 0):
            if x.shape[axis] == 0:
                raise ValueError(
                    f"pad: expected at least one element along axis {axis} for mode {mode!r}, got {x.shape}"
                )
            x = take(x, _literal_indices(_padded_places(x.shape[axis], width, mode), x.device), axis)
    return x


@lru_cache(maxsize=256)
def _padded_places(size: int, width: tuple[int, int], mode: PadMode) -> np.ndarray[Any, Any]:
    """Which element of an axis stands at each place of the padded one."""
    return np.pad(np.arange(size), width, mode)


def _pad_widths(pad_width: Any, ndim: int) -> list[tuple[int, int]]:
    given = np.asarray(pad_width)
    if given.dtype.kind not in "iu" and given.size:
        raise TypeError(f"pad: expected pad_width of integers, got {pad_width!r}")
    try:
        widths = np.broadcast_to(given, (ndim, 2))
    except ValueError:
        raise ValueError(f"pad: expected pad_width with two numbers for each of {ndim} axes, got {pad_width}") from None
    if (widths < 0).any():
        raise ValueError(f"pad: expected pad_width of at least 0, got {pad_width}")
    return [(int(before), int(after)) for before, after in widths]


def _pad_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    before, after = node.attributes["before"], node.attributes["after"]
    bounds = {"starts": before, "stops": tuple(-n if n else _END for n in after), "steps": (1,) * len(before)}
    return (_part(dy, bounds),)
