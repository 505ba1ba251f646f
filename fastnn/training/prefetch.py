"""Batches of the user's own made ahead of the steps that take them, in threads.

A bounded number of them waits. They come in order, whatever the number of threads. An error in the user's code reaches
the caller at the batch that it belongs to, with its traceback; `close` ends the threads.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["END", "Prefetch"]

END: Any = object()  # there are no more batches
PATIENCE = 5.0  # seconds that the user's code gets for the batch it is at when nobody wants it any more


class Prefetch:
    """Reads ahead.

    Parameters
    ----------
    tasks : iterator
        Read by one thread at a time.
    make : callable, optional
        Makes a batch of what tasks gives, in as many threads as there are; tasks gives batches when not given.
    workers : int
        How many threads.
    ahead : int
        How many batches may wait, those that are being made included.
    finish : callable, optional
        Called when the threads are to end.
    """

    def __init__(
        self,
        tasks: Iterator[Any],
        make: Callable[[Any], Any] | None = None,
        workers: int = 1,
        ahead: int = 4,
        finish: Callable[[], None] | None = None,
    ) -> None:
        self._tasks, self._make, self._ahead, self._finish = tasks, make, max(ahead, 1), finish
        self._turn = threading.Lock()  # held by the thread that reads tasks
        self._changed = threading.Condition()
        self._made: dict[int, tuple[bool, Any]] = {}  # by number, whether it is an error, and the batch
        self._begun = self._taken = 0
        self._ended = False
        self._threads = [
            # in the caller's context: NumPy keeps there what it does about overflows
            threading.Thread(target=contextvars.copy_context().run, args=(self._work,), name="fastnn data", daemon=True)
            for _ in range(max(workers, 1))
        ]
        try:
            for thread in self._threads:
                thread.start()
        except BaseException:  # Ctrl-C
            self.close()
            raise

    def take(self) -> Any:
        """The next batch, or END.

        Raises
        ------
        BaseException
            What the user's code raised for it.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._taken in self._made)
            failed, value = self._made[self._taken]
            if value is not END:
                del self._made[self._taken]
                self._taken += 1
                self._changed.notify_all()
        if failed:
            raise value
        return value

    def close(self) -> None:
        """End the threads. One that is in the user's code is waited for, within reason."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        if self._finish is not None:
            self._finish()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(PATIENCE)

    def _work(self) -> None:
        while True:
            with self._turn:
                with self._changed:
                    self._changed.wait_for(lambda: self._ended or self._begun - self._taken < self._ahead)
                    if self._ended:
                        return
                    number = self._begun
                    self._begun += 1
                try:
                    task = next(self._tasks)
                except StopIteration:
                    self._put(number, False, END)
                    return
                except BaseException as error:
                    self._put(number, True, error)
                    return
            try:
                self._put(number, False, task if self._make is None else self._make(task))
            except BaseException as error:
                self._put(number, True, error)
                return

    def _put(self, number: int, failed: bool, value: Any) -> None:
        with self._changed:
            self._made[number] = failed, value
            self._ended = self._ended or failed or value is END
            self._changed.notify_all()
