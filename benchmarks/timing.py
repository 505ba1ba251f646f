"""The one way in which everything here is timed, and the words for what came out."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any


def seconds_per_call(call: Callable[[], Any], budget: float, least: float = 1e-4) -> float:
    """The median time of a call, from as many samples as fit the budget in seconds, at least three.

    A sample is one call, or as many in a row as take `least` seconds, so that reading the clock costs nothing. The call
    must return only when its result is ready.
    """

    def seconds(calls: int) -> float:
        start = time.perf_counter()
        for _ in range(calls):
            call()
        return time.perf_counter() - start

    call()  # after a pause the first call is a slow one, and says nothing
    repeats = 1
    while seconds(repeats) < least:
        repeats *= 2
    samples: list[float] = []
    end = time.perf_counter() + budget
    while len(samples) < 3 or time.perf_counter() < end:
        samples.append(seconds(repeats) / repeats)
    return statistics.median(samples)


def rest(pause: float = 0.03, longest: float = 1.0) -> None:
    """Waits until the threads of this process have slept for a pause, but no longer than `longest` seconds.

    Threads that wait for work awake take a CPU from whoever is measured next: OpenBLAS's do for 0.1 s after a product.
    """
    end = time.perf_counter() + longest
    while time.perf_counter() < end:
        before = time.process_time()
        time.sleep(pause)
        if time.process_time() - before < pause / 10:
            return


def duration(seconds: float) -> str:
    """Three digits and a unit: 12.3 ms."""
    for factor, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "us")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def rate(seconds: float, flops: int, size: int) -> str:
    """GFLOP/s for work of at least ten operations a byte, GB/s for the rest, nothing for work that moves nothing."""
    if flops >= 10 * size > 0 or (flops and not size):
        return f"{flops / seconds / 1e9:.1f} GFLOP/s"
    return f"{size / seconds / 1e9:.1f} GB/s" if size else ""
