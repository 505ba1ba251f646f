"""What metrics share that count right and wrong predictions above thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..tensor import no_grad
from .base import Metric, Result
from .thresholds import Thresholds

__all__ = ["OneOrMore", "ThresholdMetric", "listed", "one_or_all"]


OneOrMore = float | Sequence[float] | None


class ThresholdMetric(Metric):
    """A metric of the counts that `kinds` names, for some thresholds."""

    kinds: tuple[str, ...] = ("true_positives", "false_positives", "true_negatives", "false_negatives")

    def __init__(self, thresholds: Sequence[float], dtype: Any = None, name: str | None = None) -> None:
        super().__init__(dtype, name)
        self._thresholds = Thresholds(thresholds)
        self._add_counts((len(thresholds),))

    def _add_counts(self, shape: tuple[int, ...]) -> None:
        self._counts = {kind: self.add_variable(shape, dtype="float64", name=kind) for kind in self.kinds}

    @property
    def thresholds(self) -> list[float]:
        """What predictions are compared with."""
        return self._thresholds.values

    def _update(self, y_true: Any, y_pred: Any, sample_weight: Any, **options: Any) -> None:
        with no_grad():
            counts = self._thresholds.count(self.name, y_true, y_pred, sample_weight, **options)
            for kind, variable in self._counts.items():
                variable.assign_add(getattr(counts, kind))

    def _values(self) -> list[np.ndarray]:
        return [variable.numpy() for variable in self._counts.values()]


def listed(name: str, thresholds: OneOrMore, default: float) -> list[float]:
    """Thresholds as a list."""
    if thresholds is None:
        return [default]
    values = list(thresholds) if isinstance(thresholds, Sequence | np.ndarray) else [thresholds]
    if not values or not all(0 <= value <= 1 for value in values):
        raise ValueError(f"{name}: expected thresholds in [0, 1], got {thresholds!r}")
    return [float(value) for value in values]


def one_or_all(values: np.ndarray) -> Result:
    """The number for one threshold, the numbers for several."""
    return float(values[0]) if len(values) == 1 else values.astype(np.float32)
