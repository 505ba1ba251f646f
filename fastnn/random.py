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

import numpy as np

from . import _core
from .guard import lock_of_module

__all__ = ["Generator", "default_generator", "generator", "manual_seed", "set_random_seed", "stream_of"]

SEEDS = 2**64 - 1  # the stream that the global source draws seeds from
SHUFFLE = 2**64 - 2  # the stream that orders the samples of an epoch
CREATION = 2**64 - 3  # the stream of random integers and orders that are asked for one by one


class _Thread(threading.local):
    fixed_seed: int | None = None


_thread = _Thread()
_lock = lock_of_module()
_source: np.random.Generator | None = None
_default: Generator | None = None


def generator(seed: int, stream: int, block: int = 0) -> np.random.Generator:
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


class Generator:
    """A source of random numbers for the creation functions (`fastnn.rand` and others): a seed, and how often it drew.

    The numbers of a draw are a function of the seed and of how many draws came before it, the same on every machine's
    levels and for any number of threads. Threads may draw from one generator; who comes first is then up to them.

    Parameters
    ----------
    seed : int, optional
        From 0 to 2**63 - 1; from the global source when not given.

    Examples
    --------
    >>> import fastnn
    >>> generator = fastnn.Generator(42)
    >>> first = fastnn.randn(3, generator=generator)
    >>> again = fastnn.randn(3, generator=generator.manual_seed(42))
    >>> first.tolist() == again.tolist()
    True
    """

    def __init__(self, seed: int | None = None) -> None:
        self._seed, self._draws = cell(), cell()  # which programs read when they run
        self._seed.value = _checked_seed(next_seed() if seed is None else seed)

    def manual_seed(self, seed: int) -> Generator:
        """Start again from a seed, and return the generator."""
        self._set(_checked_seed(seed), 0)
        return self

    def initial_seed(self) -> int:
        """The seed it was started with."""
        from .recording import look  # which is built on tensors

        look(self._seed, "the seed of a generator", steady=True)
        return int(self._seed.value)

    def get_state(self) -> tuple[int, int]:
        """The seed and the number of draws, for `set_state`."""
        from .recording import look  # which is built on tensors

        look(self._draws, "the draws of a generator", steady=False)
        with _lock:
            return int(self._seed.value), int(self._draws.value)

    def set_state(self, state: tuple[int, int]) -> None:
        """Go on where a generator was when its `get_state` was called."""
        seed, draws = state
        self._set(_checked_seed(seed), int(draws))

    def _set(self, seed: int, draws: int) -> None:
        from .recording import assign  # which is built on tensors

        with _lock:
            assign(self._seed, seed, "the seed of a generator")
            assign(self._draws, draws, "the draws of a generator")

    def draw(self) -> tuple[int, int]:
        """The seed and the step of the next draw."""
        with _lock:
            seed, step = int(self._seed.value), int(self._draws.value)
            self._draws.value = step + 1
            return seed, step

    @property
    def cells(self) -> tuple[_core.Scalar, _core.Scalar]:
        """The seed and the number of draws, which a step reads when it replays."""
        return self._seed, self._draws

    def numpy_generator(self) -> np.random.Generator:
        """NumPy's generator for the next draw."""
        seed, step = self.draw()
        return generator(seed, CREATION, step)


def _checked_seed(seed: object) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise TypeError(f"Generator: expected an integer seed, got {seed!r}")
    if not 0 <= seed < 2**63:
        raise ValueError(f"Generator: expected a seed from 0 to 2**63 - 1, got {seed}")
    return int(seed)


def default_generator() -> Generator:
    """The generator that creation functions use when none is given."""
    global _default
    with _lock:
        made = _default
    if made is None:
        fresh = Generator()
        with _lock:
            made = _default = _default or fresh
    return made


def manual_seed(seed: int) -> Generator:
    """As `fastnn.utils.set_random_seed`, by PyTorch's name; returns the generator of the creation functions."""
    set_random_seed(seed)
    return default_generator()


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
    global _source, _default
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise TypeError(f"set_random_seed: expected an integer, got {seed!r}")
    if not 0 <= seed < 2**32:
        raise ValueError(f"set_random_seed: expected a seed from 0 to 2**32 - 1, got {seed}")
    with _lock:
        _source = generator(int(seed), SEEDS)
        _default = None
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
