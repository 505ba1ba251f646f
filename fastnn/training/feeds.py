"""Data on its way into steps, epoch by epoch: arrays cut into batches, and batches of the user's own."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..batches import Batches, Samples
from ..program import Step
from ..user_code import calls_of_library
from ..utils.objects import unpack_x_y_sample_weight
from .prefetch import END
from .sources import IterableSource, Source, kind_of, window

if TYPE_CHECKING:
    from .trials import Trials

__all__ = ["ArrayFeed", "Feed", "Prepared", "StreamFeed"]

RAN_OUT = (
    "{where}: the data ran out before its steps were done; expected at least steps_per_epoch * epochs batches, or data "
    "that can be read again: arrays, a PyDataset, or an object that `for` goes through more than once"
)


class Prepared(NamedTuple):
    """Checked data: inputs, targets and weights in a row, what their batches become, and what else the step is told."""

    arrays: Samples
    dtypes: list[np.dtype[Any]]
    key: tuple[Any, ...]


class Feed:
    """What a pass over data asks for: `begin`, then `run` as long as there is `more`, then `end`."""

    results: Any = ()  # what the last step gave, where it gives something
    over = False  # whether there can be no more data

    def __init__(self, model: Trials, where: str, step: Step, most: int | None) -> None:
        self._model, self._where, self.step, self._most = model, where, step, most
        self._warned = False

    @property
    def steps(self) -> int | None:
        """In an epoch, when it is known."""
        raise NotImplementedError

    @property
    def total(self) -> tuple[int | None, str]:
        """How much an epoch takes, and of what."""
        raise NotImplementedError

    def check(self) -> None:
        """Refuse data that doesn't fit before anything changes, as far as it is there; makes the weights."""
        raise NotImplementedError

    def begin(self, epoch: int = 0, done: int = 0) -> None:
        """Begin an epoch of this training, of which so many steps are done."""
        raise NotImplementedError

    def more(self) -> bool:
        """Whether there is another batch."""
        raise NotImplementedError

    def run(self, single: bool = True, out: Any = ()) -> tuple[int, int]:
        """Run a step, or several: how many, and how much of the total they took."""
        raise NotImplementedError

    def end(self) -> None:
        """The end of an epoch."""

    def close(self) -> None:
        """Let go of what an epoch that was interrupted holds."""

    def rewind(self) -> None:
        """Let the next epoch begin with the first batch, where that is possible."""

    def warn(self) -> None:
        """Say, once, that there was less data than asked for."""
        if not self._warned:
            self._warned = True
            warnings.warn(RAN_OUT.format(where=self._where), UserWarning, stacklevel=calls_of_library())


class ArrayFeed(Feed):
    """Batches cut from arrays, in the order that `order(samples, turn)` gives, if any."""

    def __init__(
        self,
        model: Trials,
        where: str,
        step: Step,
        prepared: Prepared,
        size: int,
        most: int | None,
        order: Callable[[int, int], np.ndarray] | None,
    ) -> None:
        super().__init__(model, where, step, most)
        self._key, self._order_of = prepared.key, order
        self.batches = Batches(prepared.arrays, prepared.dtypes, size)
        self._samples = prepared.arrays
        self._order: np.ndarray | None = None
        self._done = self._stop = 0
        self._short = False

    @property
    def steps(self) -> int:
        return self._most or len(self.batches)

    @property
    def total(self) -> tuple[int, str]:
        return min(self.steps * self.batches.batch_size, self.batches.samples), " samples"

    def check(self) -> None:
        self._model._try(self._where, self.step, self._samples)

    def begin(self, epoch: int = 0, done: int = 0) -> None:
        batches, size = self.batches, self.batches.batch_size
        turn, first, stop = window(len(batches), self._most, epoch)
        self._order = None if self._order_of is None else self._order_of(batches.samples, turn)
        self._done, self._stop = min((first + done) * size, batches.samples), min(stop * size, batches.samples)
        self._short = self._most is not None and stop - first < self._most

    def more(self) -> bool:
        if self._done < self._stop:
            return True
        if self._short:
            self.warn()
        return False

    def run(self, single: bool = True, out: Any = ()) -> tuple[int, int]:
        batches, step = self.batches, self.step
        most = 1 if single else -(-(self._stop - self._done) // batches.batch_size)
        key = (*self._key, *self._model._step_key(step))
        options = {"order": self._order, "out": out, "key": key, "most": most}
        count = self._model._run_batches(step, batches, self._done, **options)
        self._done += count
        self.results = batches.results
        return -(-count // batches.batch_size), count


class StreamFeed(Feed):
    """Batches that the user's code gives."""

    def __init__(
        self,
        model: Trials,
        where: str,
        step: Step,
        x: Any,
        source: Source,
        most: int | None,
        class_weight: Mapping[int, float] | None = None,
    ) -> None:
        super().__init__(model, where, step, most)
        self._source, self._class_weight, self._kind = source, class_weight, kind_of(x)
        self._batch: Any = END
        self._number = 0

    @property
    def over(self) -> bool:  # type: ignore[override]
        return self._source.over

    @property
    def steps(self) -> int | None:
        return self._most or self._source.batches

    @property
    def total(self) -> tuple[int | None, str]:
        return self.steps, " steps"

    def check(self) -> None:
        first = self._source.peek()
        if first is END:
            raise ValueError(f"{self._where}: expected batches from the {self._kind}, got none")
        self._model._try(self._where, self.step, self._prepared(first).arrays)

    def begin(self, epoch: int = 0, done: int = 0) -> None:
        self._source.begin(epoch, self._most, done)
        self._number = done - 1

    def more(self) -> bool:
        self._batch = self._source.take()
        self._number += 1
        if self._batch is END and self._most is not None and self._number < self._most:
            self.warn()
        return self._batch is not END

    def run(self, single: bool = True, out: Any = ()) -> tuple[int, int]:
        model, step = self._model, self.step
        try:
            prepared = self._prepared(self._batch)
            samples = len(prepared.arrays[0])
            batches = Batches(prepared.arrays, prepared.dtypes, samples)
            model._try_once(self._where, step, prepared.arrays)
            model._run_batches(step, batches, 0, key=(*prepared.key, *model._step_key(step)), keep=True)
        except (ValueError, TypeError, IndexError) as error:
            error.add_note(f"in batch {self._number} of the {self._kind}, counted from 0")
            raise
        self.results = batches.results
        return 1, 1

    def end(self) -> None:
        self._source.end()

    def close(self) -> None:
        self._source.close()

    def rewind(self) -> None:
        if isinstance(self._source, IterableSource):
            self._source.rewind()

    def _prepared(self, batch: Any) -> Prepared:
        if isinstance(batch, tuple | list) and not 1 <= len(batch) <= 3:
            raise ValueError(
                f"{self._where}: expected a batch (x,), (x, y) or (x, y, sample_weight), got {len(batch)} parts"
            )
        x, y, sample_weight = unpack_x_y_sample_weight(batch)
        if self.step.own and isinstance(batch, tuple) and len(batch) == 1:
            return self._model._own_prepared(self._where, x, None, None, None, packed=True)
        return self._model._prepared(self._where, self.step, x, y, sample_weight, self._class_weight)
