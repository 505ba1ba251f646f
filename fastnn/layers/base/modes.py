"""How this thread calls layers: training or not, only trying whether data fits, or making weights that a file fills."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ...later import at_rest

__all__ = ["in_training", "is_inside", "is_trying", "making", "this_thread", "trying", "zero_weights"]


class _Thread(threading.local):
    training: bool | None = None  # not known outside of layers
    trying = False
    budget: int | None = None
    building: object = None  # the layer whose weights are being made


this_thread = _Thread()


@contextmanager
def in_training(flag: bool | None) -> Iterator[None]:
    """Let the layers called in this thread know whether they train."""
    before = this_thread.training
    this_thread.training = flag
    try:
        yield
    finally:
        this_thread.training = before


@contextmanager
def making(layer: object) -> Iterator[None]:
    """Let the layers built in this thread know whose `build` runs."""
    before = this_thread.building
    this_thread.building = layer
    try:
        yield
    finally:
        this_thread.building = before


@contextmanager
def trying() -> Iterator[None]:
    """Let the layers called in this thread keep no state of the call: it only asks whether data fits."""
    before = this_thread.trying, this_thread.building
    this_thread.trying, this_thread.building = True, None
    try:
        with at_rest():
            yield
    finally:
        this_thread.trying, this_thread.building = before


def is_inside() -> bool:
    """Whether the calling thread is inside a layer's call, which says whether it trains."""
    return this_thread.training is not None


def is_trying() -> bool:
    """Whether the calling thread only asks whether data fits."""
    return this_thread.trying


@contextmanager
def zero_weights(budget: int) -> Iterator[None]:
    """Let the weights made in this thread be zeros, of so many bytes in all: a file decides about both."""
    this_thread.budget = budget
    try:
        yield
    finally:
        this_thread.budget = None
