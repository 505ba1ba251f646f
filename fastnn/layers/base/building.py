"""Who makes a layer's weights: one thread at a time, while others that want the layer wait.

No lock is held while `build` runs, for it may be the user's: it may start threads that build other layers, or fork and
wait for the child. A build that fails leaves its layers as they were; so does, in a child, one of a thread that isn't
there.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ...guard import lock_of_module, restarts_in_child

if TYPE_CHECKING:
    from .layer import Layer

__all__ = ["only_builder"]


class _Thread(threading.local):
    build: _Build | None = None  # the innermost that runs


class _Build:
    """A build that runs, and what was there before of the layers without weights."""

    def __init__(self, layer: Layer) -> None:
        self.thread = threading.get_ident()
        self.done = threading.Event()
        self._before = [
            (below, dict(below._weights), set(below._fixed)) for below in layer._layers_below() if not below.built
        ]
        self.made: set[int] = set()  # ids of the layers that it has built

    def undo(self) -> None:
        """Let its layers be as before, but those that another thread builds or has built."""
        for layer, weights, fixed in self._before:
            other = _builds.running.get(id(layer), self)
            if other.thread != self.thread or (layer.built and id(layer) not in self.made):
                continue
            for name in set(layer._weights) - set(weights):
                del layer._weights[name]
            layer._fixed = fixed
            layer.built, layer._output_shape, layer._path = False, None, None


class _Builds:
    """The builds that run, by the ids of their layers."""

    def __init__(self) -> None:
        self.lock = lock_of_module()
        self.running: dict[int, _Build] = {}
        restarts_in_child(self)

    def _start_over_in_child(self) -> None:
        me = threading.get_ident()
        for layer, build in list(self.running.items()):
            if build.thread != me:
                build.undo()
                del self.running[layer]


_thread = _Thread()
_builds = _Builds()


@contextmanager
def only_builder(layer: Layer) -> Iterator[bool]:
    """Around the making of a layer's weights: yields whether they are still to be made. The layer is linked then."""
    me = threading.get_ident()
    mine, outer = None, _thread.build
    try:
        while True:
            with _builds.lock:
                running = _builds.running.get(id(layer))
                if running is None and not layer.built:
                    layer._link()
                    mine = running = _Build(layer)
                    _builds.running[id(layer)] = mine
            if running is None or running.thread == me:
                break
            running.done.wait()
        _thread.build = mine or outer
        yield not layer.built
        if mine is not None and outer is not None:
            outer.made |= {id(layer), *mine.made}
    except BaseException:
        if mine is not None:
            with _builds.lock:
                mine.undo()
        raise
    finally:
        _thread.build = outer
        if mine is not None:
            with _builds.lock:
                _builds.running.pop(id(layer), None)
            mine.done.set()
