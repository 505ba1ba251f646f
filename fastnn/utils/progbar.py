"""Progbar: a bar for loops of one's own."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..interactive_logging import is_interactive_logging_enabled, print_message

__all__ = ["Progbar"]


class Progbar:
    """Shows how far a loop is, and averages of what it computes.

    On a terminal and in notebooks one line is drawn anew; elsewhere the last state is written alone.

    Parameters
    ----------
    target : int or None
        How many steps there will be.
    width : int, default 20
        Of the bar, in characters.
    verbose : 0, 1 or 2, default 1
        Nothing, a bar, or a line at the end.
    interval : float, default 0.05
        Seconds between two drawings.
    stateful_metrics : iterable of str, optional
        Names of values that are shown as they are instead of averaged.
    stateless_metrics : iterable of str, optional
        In its place: the names of those that are averaged.
    unit_name : str, default "step"
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError("Progbar: expected stateful_metrics or stateless_metrics, got both")
        self.target, self.width, self.verbose, self.interval = target, width, verbose, interval
        self.unit_name = unit_name
        self.stateful_metrics = set(stateful_metrics or ()) if stateless_metrics is None else None
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self._sums: dict[str, tuple[float, int]] = {}  # and how many steps they are of
        self._seen = 0
        self._begin = time.perf_counter()
        self._drawn = float("-inf")
        self._length = 0  # of the line on the screen

    def update(
        self, current: int, values: Iterable[tuple[str, Any]] | None = None, finalize: bool | None = None
    ) -> None:
        """Say that so many steps are done.

        Parameters
        ----------
        current : int
        values : list of (name, value), optional
            Of the steps since the last call.
        finalize : bool, optional
            Whether that was the last one; when not given, whether the target is reached.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        for name, value in values or ():
            self._add(name, float(np.mean(np.asarray(value))), current, finalize)
        self._seen = current
        now = time.perf_counter()
        live = (sys.stdout.isatty() or "ipykernel" in sys.modules) and is_interactive_logging_enabled()
        if self.verbose == 1 and live and (finalize or now - self._drawn >= self.interval):
            line = self._text(now)
            sys.stdout.write(f"\r{line.ljust(self._length)}" + ("\n" if finalize else ""))
            sys.stdout.flush()
            self._length, self._drawn = len(line), now
        elif self.verbose in (1, 2) and not live and finalize:
            print_message(self._text(now))

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Say that n more steps are done."""
        self.update(self._seen + n, values)

    def _add(self, name: str, value: float, current: int, finalize: bool) -> None:
        stateful, stateless = self.stateful_metrics, self.stateless_metrics
        as_it_is = name in stateful if stateful is not None else name not in (stateless or ())
        if as_it_is or finalize:  # the last values are those of the whole pass, as Keras takes it
            self._sums[name] = value, 1
            return
        steps = max(current - self._seen, 1)
        total, count = self._sums.get(name, (0.0, 0))
        self._sums[name] = total + value * steps, count + steps

    def _text(self, now: float) -> str:
        seconds, each = now - self._begin, (now - self._begin) / max(self._seen, 1)
        if self.target:
            digits = len(str(self.target))
            full = min(int(self.width * self._seen / self.target), self.width)
            bar = f" {'━' * full}{'╌' * (self.width - full)}" if self.verbose == 1 else ""
            begin = f"{self._seen:{digits}}/{self.target}{bar}"
        else:
            begin = f"{self._seen:7}/Unknown"
        rate = f"{each:.0f}s" if each >= 1 else f"{each * 1e3:.0f}ms" if each >= 1e-3 else f"{each * 1e6:.0f}us"
        means = {name: total / count for name, (total, count) in self._sums.items()}
        values = [f" - {name}: {mean:{'.4f' if abs(mean) > 1e-3 else '.4e'}}" for name, mean in means.items()]
        return f"{begin} {seconds:.0f}s {rate}/{self.unit_name}{''.join(values)}"
