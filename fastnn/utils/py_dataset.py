"""`PyDataset`: batches of the user's own, by number."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from typing import Any

__all__ = ["PyDataset", "Sequence"]


class PyDataset:
    """Base of data sets that make batches in Python; subclass it and define `__getitem__` and `__len__`.

    `fit`, `evaluate` and `predict` take one as x. Its batches are made ahead of the steps, in threads or processes.

    Parameters
    ----------
    workers : int, default 1
        How many threads or processes make batches at a time.
    use_multiprocessing : bool, default False
        Make batches in processes, which get copies of the data set when they start: for the first epoch, and for every
        other one when the data set has an `on_epoch_begin` or `on_epoch_end` of its own.
    max_queue_size : int, default 10
        How many batches may wait.

    Examples
    --------
    >>> import numpy as np
    >>> import fastnn
    >>> class Squares(fastnn.utils.PyDataset):
    ...     def __len__(self):
    ...         return 3
    ...     def __getitem__(self, index):
    ...         x = np.arange(4.0).reshape(4, 1) + index
    ...         return x, x**2
    >>> [float(y.sum()) for x, y in Squares()]
    [14.0, 30.0, 54.0]
    """

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers, self.use_multiprocessing, self.max_queue_size = workers, use_multiprocessing, max_queue_size

    @property
    def workers(self) -> int:
        """How many threads or processes make batches at a time."""
        return int(self._setting("_workers", 1))

    @workers.setter
    def workers(self, value: int) -> None:
        self._workers = value

    @property
    def use_multiprocessing(self) -> bool:
        """Whether batches are made in processes."""
        return bool(self._setting("_use_multiprocessing", False))

    @use_multiprocessing.setter
    def use_multiprocessing(self, value: bool) -> None:
        self._use_multiprocessing = value

    @property
    def max_queue_size(self) -> int:
        """How many batches may wait."""
        return int(self._setting("_max_queue_size", 10))

    @max_queue_size.setter
    def max_queue_size(self, value: int) -> None:
        self._max_queue_size = value

    def _setting(self, name: str, default: Any) -> Any:
        if name not in vars(self):
            warnings.warn(
                f"{type(self).__name__}: call super().__init__(**kwargs) in __init__; kwargs may have workers, "
                "use_multiprocessing and max_queue_size",
                stacklevel=3,
            )
            PyDataset.__init__(self)
        return vars(self).get(name, default)

    def __getitem__(self, index: int) -> Any:
        """The batch of a number: (x,), (x, y) or (x, y, sample_weight)."""
        raise NotImplementedError(f"{type(self).__name__} does not implement __getitem__")

    def __iter__(self) -> Iterator[Any]:
        count = self.num_batches
        return (self[index] for index in (itertools.count() if count is None else range(count)))

    @property
    def num_batches(self) -> int | None:
        """How many batches there are; None for no end. What `__len__` says, unless a subclass defines it."""
        if hasattr(self, "__len__"):
            return len(self)
        raise NotImplementedError(f"{type(self).__name__} implements neither __len__ nor num_batches")

    def on_epoch_begin(self) -> None:
        """Called at the beginning of every epoch."""

    def on_epoch_end(self) -> None:
        """Called at the end of every epoch; no batch is being made then."""


Sequence = PyDataset  # its name of old
