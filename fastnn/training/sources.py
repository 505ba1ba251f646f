"""Where batches of the user's own come from: a `PyDataset`, a generator, anything else that gives batches by `for`."""

from __future__ import annotations

import itertools
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..tensor import Tensor
from ..utils.py_dataset import PyDataset
from .prefetch import END, Prefetch

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

__all__ = ["IterableSource", "PyDatasetSource", "Source", "is_dataset", "kind_of", "source_of", "window"]

AHEAD = 4  # batches of an iterable that may wait

_dataset: Any = None  # in a process that makes batches: its copy of the data set


def is_dataset(x: Any) -> bool:
    """Whether x gives batches, rather than being arrays."""
    if isinstance(x, PyDataset):
        return True
    if isinstance(x, list | tuple | Mapping | str | bytes | range | np.ndarray | Tensor) or hasattr(x, "__array__"):
        return False
    try:
        memoryview(x)
    except TypeError:
        return hasattr(type(x), "__iter__")
    return False


def kind_of(x: Any) -> str:
    """What to call a data set in messages."""
    return "generator" if isinstance(x, Iterator) else "PyDataset" if isinstance(x, PyDataset) else type(x).__name__


def window(batches: int, most: int | None, epoch: int) -> tuple[int, int, int]:
    """Which batches of all an epoch takes when it takes at most so many: it goes on where the one before stopped.

    Returns
    -------
    turn : int
        How many epochs before it have taken batches of the same pass.
    first, stop : int
    """
    if most is None:
        return 0, 0, batches
    turn = epoch % max(-(-batches // most), 1)
    return turn, turn * most, min((turn + 1) * most, batches)


class Source:
    """Batches epoch by epoch, made ahead in threads. Nothing is read beyond the end of an epoch."""

    batches: int | None = None  # in a pass, when it is known
    over = False  # whether there can be no more batches
    _reader: Prefetch | None = None

    def peek(self) -> Any:
        """The first batch, which comes again in the first epoch; END when there is none."""
        raise NotImplementedError

    def begin(self, epoch: int, most: int | None, done: int) -> None:
        """Begin an epoch of at most so many batches, but for those that are done."""
        raise NotImplementedError

    def take(self) -> Any:
        """The next batch of the epoch, or END."""
        assert self._reader is not None
        return self._reader.take()

    def end(self) -> None:
        """The end of an epoch."""
        self.close()

    def close(self) -> None:
        """End the threads."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()


class PyDatasetSource(Source):
    """The batches of a `PyDataset`, in the order that `order(batches, turn)` gives, if any."""

    def __init__(self, dataset: PyDataset, order: Callable[[int, int], np.ndarray] | None) -> None:
        self._dataset, self._order = dataset, order
        self._pool: ProcessPoolExecutor | None = None  # of processes with copies of the data set
        self._starting = threading.Lock()

    @property
    def batches(self) -> int | None:  # type: ignore[override]
        return self._dataset.num_batches

    def peek(self) -> Any:
        return END if self.batches == 0 else self._dataset[0]

    def begin(self, epoch: int, most: int | None, done: int) -> None:
        super().close()
        dataset = self._dataset
        dataset.on_epoch_begin()
        batches = dataset.num_batches
        indices: Iterable[int]
        if batches is None:
            first = epoch * (most or 0)
            indices = itertools.count(first + done) if most is None else range(first + done, first + most)
        else:
            turn, first, stop = window(batches, most, epoch)
            numbers = range(batches) if self._order is None else self._order(batches, turn).tolist()
            indices = numbers[first + done : stop]
        separate = dataset.use_multiprocessing and dataset.workers > 0
        make = self._made_elsewhere if separate else dataset.__getitem__
        self._reader = Prefetch(iter(indices), make, dataset.workers, dataset.max_queue_size)

    def _made_elsewhere(self, index: int) -> Any:
        """A batch that a process makes."""
        from concurrent.futures.process import BrokenProcessPool

        with self._starting:
            if self._pool is None:
                from concurrent.futures import ProcessPoolExecutor

                self._pool = ProcessPoolExecutor(self._dataset.workers, initializer=_adopt, initargs=(self._dataset,))
            pool = self._pool
        try:
            return pool.submit(_made, index).result()
        except BrokenProcessPool as error:
            raise RuntimeError(
                f"{type(self._dataset).__name__}: a process that makes batches has ended near batch {index}, by crash "
                "or for want of memory; use_multiprocessing=False makes them in threads, where errors show"
            ) from error

    def end(self) -> None:
        super().close()
        self._dataset.on_epoch_end()
        kinds = type(self._dataset), PyDataset
        if len({kind.on_epoch_end for kind in kinds}) > 1 or len({kind.on_epoch_begin for kind in kinds}) > 1:
            self.close()  # the processes' copies may be out of date

    def close(self) -> None:
        super().close()
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)


class IterableSource(Source):
    """The batches that an object gives by `for`: anew for each epoch, or, with steps_per_epoch, one after the other."""

    def __init__(self, data: Iterable[Any]) -> None:
        self._data = data
        self._once = isinstance(data, Iterator)
        self._iterator: Iterator[Any] | None = None
        self._first: list[Any] = []  # looked at, and not taken yet
        self._began = False
        self._most: int | None = None
        self._count = 0  # taken in the epoch
        self._in_pass = 0  # taken of the iterator

    @property
    def batches(self) -> int | None:  # type: ignore[override]
        try:
            return len(self._data)  # type: ignore[arg-type]
        except (TypeError, NotImplementedError):  # some have the method, and no length
            return None

    def peek(self) -> Any:
        self._iterator = iter(self._data)
        self._first = list(itertools.islice(self._iterator, 1))
        return self._first[0] if self._first else END

    def begin(self, epoch: int, most: int | None, done: int) -> None:
        if not self._began and most is not None:
            for _ in range(epoch):  # what an interrupted training has taken comes again, and is passed over
                self._begin(most)
                while self.take() is not END:
                    pass
        self._begin(most)
        for _ in range(done):
            self.take()

    def _begin(self, most: int | None) -> None:
        self.close()
        if most is None and self._began:
            self.rewind()
        self._began, self._most, self._count = True, most, 0
        self._read(most)

    def rewind(self) -> None:
        """Let the next epoch begin with the first batch, where that is possible."""
        if not self._once and self._began:
            self._iterator, self._first, self._in_pass = None, [], 0

    def _read(self, most: int | None) -> None:
        if self._iterator is None:
            self._iterator, self._in_pass = iter(self._data), 0
        batches = itertools.chain(self._first, self._iterator)
        self._first = []
        self._reader = Prefetch(batches if most is None else itertools.islice(batches, most), ahead=AHEAD)

    def take(self) -> Any:
        batch = super().take()
        early = batch is END and self._most is not None and self._count < self._most
        if early and not self._once:
            self._iterator = None
            if self._count == 0 and self._in_pass:  # the pass ended with the epoch before
                self.close()
                self._read(self._most)
                batch = super().take()
        if batch is not END:
            self._count += 1
            self._in_pass += 1
        elif self._once and (early or self._most is None):
            self.over = True
        return batch


def source_of(x: Any, order: Callable[[int, int], np.ndarray] | None) -> Source:
    """The batches of a data set."""
    return PyDatasetSource(x, order) if isinstance(x, PyDataset) else IterableSource(x)


def _adopt(dataset: PyDataset) -> None:
    global _dataset
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that trains
    _dataset = dataset


def _made(index: int) -> Any:
    return _dataset[index]
