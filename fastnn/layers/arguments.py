"""Arguments of layers brought into normal form, or refused with an error that names the class and the argument."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

__all__ = ["channels_last", "edges", "edges2d", "padding_mode", "pair", "positive", "sample_shape", "windows"]


def positive(cls: str, argument: str, value: int) -> int:
    """A positive whole number."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{cls}: expected {argument} to be an integer, got {value!r}")
    if value < 1:
        raise ValueError(f"{cls}: expected a positive {argument}, got {value}")
    return int(value)


def pair(cls: str, argument: str, value: int | Sequence[int]) -> tuple[int, int]:
    """Two positive whole numbers, from one for both or from two."""
    values = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(values) != 2:
        raise ValueError(f"{cls}: expected {argument} to be one integer or two, got {value!r}")
    height, width = (positive(cls, argument, entry) for entry in values)
    return height, width


def edges(cls: str, argument: str, value: Any) -> tuple[int, int]:
    """Two whole numbers of at least 0, before and after, from one for both or from two."""
    values = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(values) != 2:
        raise ValueError(f"{cls}: expected {argument} to be one integer or two, got {value!r}")
    for entry in values:
        if isinstance(entry, bool) or not isinstance(entry, int | np.integer):
            raise TypeError(f"{cls}: expected {argument} to be an integer, got {entry!r}")
        if entry < 0:
            raise ValueError(f"{cls}: expected {argument} of at least 0, got {entry}")
    return int(values[0]), int(values[1])


def edges2d(cls: str, argument: str, value: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    """((top, bottom), (left, right)), from one number for all, one for each axis, or all four."""
    values = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(values) != 2:
        raise ValueError(f"{cls}: expected {argument} to be one integer, two, or two pairs, got {value!r}")
    return edges(cls, argument, values[0]), edges(cls, argument, values[1])


def sample_shape(cls: str, argument: str, value: Any) -> tuple[int | None, ...]:
    """The shape of one sample: sizes, None for those not known; one number means one axis."""
    sizes = value if isinstance(value, tuple | list) else (value,)
    for size in sizes:
        if isinstance(size, bool) or not isinstance(size, int | np.integer | None) or value is None:
            raise TypeError(f"{cls}: expected {argument} to be a shape such as (28, 28, 1), got {value!r}")
        if size is not None and size < 0:
            raise ValueError(f"{cls}: expected {argument} without negative sizes, got {value!r}")
    return tuple(None if size is None else int(size) for size in sizes)


def padding_mode(cls: str, value: Any) -> Literal["valid", "same"]:
    """Keras's padding, in lower case."""
    match str(value).lower():
        case "valid":
            return "valid"
        case "same":
            return "same"
    raise ValueError(f"{cls}: expected padding to be 'valid' or 'same', got {value!r}")


def channels_last(cls: str, data_format: str | None) -> None:
    """Refuse a layout other than (batch, height, width, channels)."""
    if data_format not in (None, "channels_last"):
        raise ValueError(f"{cls}: expected data_format 'channels_last', got {data_format!r}")


def windows(size: int | None, window: int, stride: int, padding: str) -> int | None:
    """How many windows fit along an axis: ceil(size / stride) for 'same', none for a window that is too large."""
    if size is None:
        return None
    if padding == "same":
        return -(-size // stride)
    return max(0, (size - window) // stride + 1)
