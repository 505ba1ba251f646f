"""Arguments of layers brought into normal form, or refused with an error that names the class and the argument."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal

import numpy as np

__all__ = [
    "at_least",
    "channels_last",
    "dense",
    "edges",
    "layout",
    "not_negative",
    "only_float32",
    "padding_mode",
    "pair",
    "positive",
    "sample_shape",
    "sizes",
    "takes",
    "transposed",
    "windows",
    "written_edges",
]


def positive(cls: str, argument: str, value: int) -> int:
    """A positive whole number."""
    number = _whole(cls, argument, value)
    if number < 1:
        raise ValueError(f"{cls}: expected a positive {argument}, got {value}")
    return number


def not_negative(cls: str, argument: str, value: int) -> int:
    """A whole number, zero at least."""
    number = _whole(cls, argument, value)
    if number < 0:
        raise ValueError(f"{cls}: expected {argument} of at least 0, got {value}")
    return number


def _whole(cls: str, argument: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{cls}: expected {argument} to be an integer, got {value!r}")
    return int(value)


def pair(cls: str, argument: str, value: int | Sequence[int]) -> tuple[int, int]:
    """Two positive whole numbers, from one for both or from two."""
    height, width = sizes(cls, argument, value, 2)
    return height, width


def edges(cls: str, argument: str, value: Any, axes: int) -> tuple[tuple[int, int], ...]:
    """Whole numbers of at least 0 before and after for each axis, from one for all, one for each axis, or a pair each;
    for a single axis, from one or a pair."""
    values = tuple(value) if isinstance(value, tuple | list) else (value,) * axes
    if axes == 1:
        values = (value,)
    if len(values) != axes:
        count = {2: "two", 3: "three"}[axes]
        raise ValueError(f"{cls}: expected {argument} to be one integer, {count}, or {count} pairs, got {value!r}")
    pairs = [sizes(cls, argument, item, 2, zero=True) for item in values]
    return tuple((before, after) for before, after in pairs)


def written_edges(value: Sequence[Sequence[int]]) -> list[Any]:
    """What `edges` gave, for a configuration."""
    pairs = [list(pair) for pair in value]
    return pairs[0] if len(pairs) == 1 else pairs


_COUNTS = {1: "one integer", 2: "one integer or two", 3: "one integer or three"}


def sizes(cls: str, argument: str, value: int | Sequence[int], axes: int, zero: bool = False) -> tuple[int, ...]:
    """A positive whole number, or zero where allowed, for each spatial axis, from one for all or from as many."""
    values: tuple[Any, ...] = tuple(value) if isinstance(value, tuple | list) else (value,) * axes
    if len(values) != axes:
        raise ValueError(f"{cls}: expected {argument} to be {_COUNTS[axes]}, got {value!r}")
    number = not_negative if zero else positive
    return tuple(number(cls, argument, entry) for entry in values)


def sample_shape(cls: str, argument: str, value: Any) -> tuple[int | None, ...]:
    """The shape of one sample: sizes, None for those not known; one number means one axis."""
    sizes = value if isinstance(value, tuple | list) else (value,)
    for size in sizes:
        if isinstance(size, bool) or not isinstance(size, int | np.integer | None) or value is None:
            raise TypeError(f"{cls}: expected {argument} to be a shape such as (28, 28, 1), got {value!r}")
        if size is not None and size < 0:
            raise ValueError(f"{cls}: expected {argument} without negative sizes, got {value!r}")
    return tuple(None if size is None else int(size) for size in sizes)


def padding_mode(cls: str, value: Any, causal: bool = False) -> Literal["valid", "same", "causal"]:
    """Keras's padding, in lower case."""
    match str(value).lower():
        case "valid":
            return "valid"
        case "same":
            return "same"
        case "causal" if causal:
            return "causal"
    expected = "'valid', 'same' or 'causal'" if causal else "'valid' or 'same'"
    raise ValueError(f"{cls}: expected padding to be {expected}, got {value!r}")


def dense(cls: str, sparse: Any) -> bool:
    """Refuse sparse results."""
    if sparse:
        raise ValueError(f"{cls}: expected sparse False, got {sparse!r}")
    return False


def channels_last(cls: str, data_format: str | None) -> None:
    """Refuse a layout other than (batch, height, width, channels)."""
    if data_format not in (None, "channels_last"):
        raise ValueError(f"{cls}: expected data_format 'channels_last', got {data_format!r}")


def windows(size: int | None, window: int, stride: int, padding: str) -> int | None:
    """How many windows fit along an axis: ceil(size / stride) unless it is valid, none for one that is too large."""
    if size is None:
        return None
    if padding in ("same", "causal"):
        return -(-size // stride)
    return max(0, (size - window) // stride + 1)


def transposed(size: int | None, window: int, stride: int, padding: str, output_padding: int | None) -> int | None:
    """Size along an axis of a transposed convolution, by Keras's rule."""
    if size is None:
        return None
    if output_padding is None:
        return size * stride if padding == "same" else (size - 1) * stride + max(window, stride)
    return (size - 1) * stride + (window % 2 if padding == "same" else window) + output_padding


def only_float32(cls: str, dtype: Any) -> None:
    """Refuse a dtype other than float32: a name, a type, or a policy as Keras describes it."""
    name = dtype.get("config", {}).get("name") if isinstance(dtype, Mapping) else dtype
    try:
        known = dtype is None or np.dtype(name) == np.float32
    except TypeError:  # NumPy doesn't know it
        known = False
    if not known:
        raise TypeError(f"{cls}: expected dtype float32, got {name}")


@cache
def takes(cls: Any, argument: str) -> bool:
    """Whether a class names an argument that it is made with."""
    return argument in inspect.signature(cls.__init__).parameters


_LAYOUTS = {1: "(batch, steps, {})", 2: "(batch, height, width, {})", 3: "(batch, depth, height, width, {})"}


def layout(axes: int, channels: int | str = "channels") -> str:
    """How an input with so many spatial axes is described."""
    return _LAYOUTS[axes].format(channels)


def at_least(extents: Sequence[int], what: str) -> str:
    """How an input that holds a window is described."""
    match tuple(extents):
        case (steps,):
            return f"at least {steps} steps long for the {what}"
        case (height, width):
            return f"at least {height} high and {width} wide for the {what}"
        case _:
            depth, height, width = extents
            return f"at least {depth} deep, {height} high and {width} wide for the {what}"
