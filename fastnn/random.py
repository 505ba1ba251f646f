"""Where random numbers come from.

One global source hands out seeds: from the operating system's entropy, or reproducibly after `set_random_seed`. All
other numbers are Philox streams named by (seed, stream): the stream of a weight or of a dropout layer is its place in
the model's structure, so the order in which things are called or built doesn't matter.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from . import _core

if TYPE_CHECKING:
    from numpy.random import Generator

__all__ = ["generator", "set_random_seed", "stream_of"]

SEEDS = 2**64 - 1  # the stream that the global source draws seeds from
SHUFFLE = 2**64 - 2  # the stream that orders the samples of an epoch


class _Thread(threading.local):
    fixed_seed: int | None = None


_thread = _Thread()
_lock = threading.Lock()
_source: Generator | None = None


def generator(seed: int, stream: int, block: int = 0) -> Generator:
    """NumPy generator over one Philox stream (Philox 4x64-10, Salmon et al. 2011).

    Parameters
    ----------
    seed, stream : int
        The key: the same pair gives the same numbers.
    block : int, default 0
        A part of the stream that doesn't overlap the others, such as one epoch.
    """
    key = np.array([seed % 2**64, stream % 2**64], dtype=np.uint64)
    counter = np.array([0, 0, 0, block], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


def stream_of(path: Sequence[int]) -> int:
    """Stream of a place in a structure: a 63-bit number made of the positions on the way to it."""
    stream = 0
    for position in path:
        stream = (stream * 1_000_003 + position + 1) % 2**63
    return stream


def set_random_seed(seed: int) -> None:
    """Make what follows reproducible: weights, dropout and shuffling, and Python's and NumPy's global generators.

    Parameters
    ----------
    seed : int
        From 0 to 2**32 - 1.

    Raises
    ------
    TypeError, ValueError
        seed is not an integer, or out of range.
    """
    global _source
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise TypeError(f"set_random_seed: expected an integer, got {seed!r}")
    if not 0 <= seed < 2**32:
        raise ValueError(f"set_random_seed: expected a seed from 0 to 2**32 - 1, got {seed}")
    with _lock:
        _source = generator(int(seed), SEEDS)
    import random as python_random

    python_random.seed(int(seed))
    np.random.seed(int(seed))  # noqa: NPY002 - programs that draw from NumPy's global generator repeat too


def next_seed() -> int:
    """Draw a seed below 2**63 from the global source."""
    global _source
    if _thread.fixed_seed is not None:
        return _thread.fixed_seed
    with _lock:
        if _source is None:
            _source = generator(int.from_bytes(os.urandom(8), "little"), SEEDS)
        return int(_source.integers(0, 2**63 - 1))


def cell() -> _core.Scalar:
    """A whole number that programs read when they run: a seed, or how often a layer has drawn."""
    return _core.Scalar(0, "int")


@contextmanager
def fixed_seed(seed: int) -> Iterator[None]:
    """Let `next_seed` answer with one seed in this thread, without moving the global source."""
    before = _thread.fixed_seed
    _thread.fixed_seed = seed
    try:
        yield
    finally:
        _thread.fixed_seed = before
