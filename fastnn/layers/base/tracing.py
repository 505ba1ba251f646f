"""Which layers a call reaches, in which order and with what results: what `summary` and functional models read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .layer import Layer

__all__ = ["LayerCall", "Trace", "current_trace", "tracing"]


class LayerCall:
    """One call of a layer, and the ops that ran meanwhile, by their numbers from first to before last."""

    def __init__(self, layer: Layer, result: Any, first: int, last: int) -> None:
        self.layer = layer
        self.result = result
        self.first = first
        self.last = last


class Trace:
    """The calls of layers, those within others first.

    Parameters
    ----------
    ops : callable
        Says how many ops have run.
    """

    def __init__(self, ops: Callable[[], int]) -> None:
        self.ops = ops
        self.calls: list[LayerCall] = []

    def add(self, layer: Layer, result: Any, first: int) -> None:
        """Note a call that has returned; `first` is what `ops` said before it."""
        self.calls.append(LayerCall(layer, result, first, self.ops()))


class _Thread(threading.local):
    trace: Trace | None = None


_thread = _Thread()


def current_trace() -> Trace | None:
    """What the calling thread traces into."""
    return _thread.trace


@contextmanager
def tracing(ops: Callable[[], int]) -> Iterator[Trace]:
    """Let the layers called in this thread be noted."""
    before = _thread.trace
    _thread.trace = trace = Trace(ops)
    try:
        yield trace
    finally:
        _thread.trace = before
