"""What `adapt` looks at: one array, or batches one after the other, each seen once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from ...tensor import Tensor

__all__ = ["batches_of", "is_whole"]


def is_whole(data: Any, lists: bool) -> bool:
    """Whether data is one array, such as a column of a table too, rather than batches; see `batches_of`."""
    return hasattr(data, "__array__") or (lists and isinstance(data, list | tuple))


def batches_of(layer: str, data: Any, steps: int | None = None, *, lists: bool = False) -> Iterator[np.ndarray]:
    """The batches of data as arrays.

    Parameters
    ----------
    layer : str
        Names the layer in errors.
    data : array, Tensor, what NumPy makes an array of, or iterable of batches
        A batch that is a tuple stands for its first item, such as x of (x, y).
    steps : int, optional
        How many batches to take; all when not given.
    lists : bool, default False
        Whether a list or tuple is one array rather than batches.

    Raises
    ------
    ValueError
        There is no batch.
    TypeError
        It is none of these.
    """
    whole = is_whole(data, lists)
    if not whole and (isinstance(data, str | bytes) or not isinstance(data, Iterable)):
        raise TypeError(f"{layer}: expected adapt to get an array or batches, got {type(data).__name__}")
    count = 0
    for batch in [data] if whole else islice(data, steps):
        part = batch[0] if isinstance(batch, tuple) and not whole else batch
        yield part.numpy() if isinstance(part, Tensor) else np.asarray(part)
        count += 1
    if count == 0:
        raise ValueError(f"{layer}: expected adapt to get at least one batch, got none")
