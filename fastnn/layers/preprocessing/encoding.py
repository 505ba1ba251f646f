"""How numbers of categories become features: as one-hot rows, as sets, or as counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import functional as F
from ...tensor import Tensor
from ..base import Shape

__all__ = ["check_mode", "encoded", "encoded_rows", "encoded_shape", "padded_rows"]

_NAMES = {"binary": "multi_hot", "tf-idf": "tf_idf"}  # that Keras takes too


def check_mode(cls: str, mode: Any, known: Sequence[str]) -> str:
    """The output mode by its name of today."""
    name = _NAMES.get(mode, mode)
    if name not in known:
        raise ValueError(f"{cls}: expected output_mode {', '.join(known)}, got {mode!r}")
    return str(name)


def encoded(ids: Tensor, mode: str, depth: int, weights: Tensor | None = None) -> Tensor:
    """Ids (..., n) as (..., n, depth) of one-hot rows, or (..., depth) for a set or counts, which weights scale.

    Raises
    ------
    IndexError
        When an id is not in [0, depth).
    """
    if mode == "one_hot":
        return F.one_hot(F.squeeze(ids, -1) if ids.ndim > 1 and ids.shape[-1] == 1 else ids, depth)
    rows = F.one_hot(ids, depth)
    if mode == "multi_hot":
        return F.max(rows, -2)
    return F.sum(rows if weights is None else F.multiply(rows, F.expand_dims(weights, -1)), -2)


def encoded_shape(input_shape: Shape, mode: str, depth: int) -> Shape:
    """The shape of what `encoded` makes."""
    if mode == "int":
        return tuple(input_shape)
    if mode == "one_hot" and (len(input_shape) == 1 or input_shape[-1] != 1):
        return (*input_shape, depth)
    return (*input_shape[:-1], depth)


def encoded_rows(rows: Sequence[Any] | np.ndarray, mode: str, depth: int, dtype: Any) -> np.ndarray:
    """Sets or counts of ids, one for each row of ids; ids outside of [0, depth) are left out."""
    result = np.zeros((len(rows), depth), dtype)
    for row, ids in enumerate(rows):
        ids = np.asarray(ids, np.int64)
        result[row] = np.bincount(ids[(ids >= 0) & (ids < depth)], minlength=depth)
    return np.minimum(result, 1) if mode == "multi_hot" else result


def padded_rows(rows: Sequence[Sequence[int]], length: int | None) -> np.ndarray:
    """Rows of numbers cut, or padded with 0, to a length; to the longest when it is None."""
    if length is None:
        length = max(map(len, rows), default=0)
    result = np.zeros((len(rows), length), np.int64)
    for row, ids in enumerate(rows):
        result[row, : len(ids)] = ids[:length]
    return result
