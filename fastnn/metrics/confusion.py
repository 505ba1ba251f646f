"""Metrics of right and wrong predictions above thresholds: counts, precision, recall, and one at a value of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..tensor import no_grad
from .base import Metric, Result
from .thresholds import NEVER, Thresholds, divide

__all__ = [
    "FalseNegatives",
    "FalsePositives",
    "Precision",
    "PrecisionAtRecall",
    "Recall",
    "RecallAtPrecision",
    "SensitivityAtSpecificity",
    "SpecificityAtSensitivity",
    "TrueNegatives",
    "TruePositives",
]

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


def _listed(name: str, thresholds: OneOrMore, default: float) -> list[float]:
    """Thresholds as a list."""
    if thresholds is None:
        return [default]
    values = list(thresholds) if isinstance(thresholds, Sequence | np.ndarray) else [thresholds]
    if not values or not all(0 <= value <= 1 for value in values):
        raise ValueError(f"{name}: expected thresholds in [0, 1], got {thresholds!r}")
    return [float(value) for value in values]


def _one_or_all(values: np.ndarray) -> Result:
    """The number for one threshold, the numbers for several."""
    return float(values[0]) if len(values) == 1 else values.astype(np.float32)


class _Count(ThresholdMetric):
    """How many predictions are of one kind.

    Parameters
    ----------
    thresholds : float or list of float, default 0.5
        In [0, 1]; predictions above are positive.
    name : str, optional
    dtype : str, optional
    """

    def __init__(self, thresholds: OneOrMore = None, name: str | None = None, dtype: Any = None) -> None:
        self.init_thresholds = thresholds
        super().__init__(_listed(type(self).__name__, thresholds, 0.5), dtype, name)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account."""
        self._update(y_true, y_pred, sample_weight)

    def result(self) -> Result:
        """The count so far, or that of each threshold."""
        return _one_or_all(self._values()[0])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self.init_thresholds}


class TruePositives(_Count):
    """How many positive predictions are right. Arguments: thresholds, name, dtype."""

    kinds = ("true_positives",)


class FalsePositives(_Count):
    """How many positive predictions are wrong. Arguments: thresholds, name, dtype."""

    kinds = ("false_positives",)


class TrueNegatives(_Count):
    """How many negative predictions are right. Arguments: thresholds, name, dtype."""

    kinds = ("true_negatives",)


class FalseNegatives(_Count):
    """How many negative predictions are wrong. Arguments: thresholds, name, dtype."""

    kinds = ("false_negatives",)


class _Share(ThresholdMetric):
    """The first kind of counts, divided by the sum of both.

    Parameters
    ----------
    thresholds : float or list of float, default 0.5
        In [0, 1]; predictions above are positive. With top_k none is left out unless given.
    top_k : int, optional
        Only the k largest predictions of a row may be positive.
    class_id : int, optional
        Look at this column of predictions (..., classes) only.
    name : str, optional
    dtype : str, optional
    """

    _direction = "up"

    def __init__(
        self,
        thresholds: OneOrMore = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self.init_thresholds, self.top_k, self.class_id = thresholds, top_k, class_id
        default = 0.5 if top_k is None else NEVER
        super().__init__(_listed(type(self).__name__, thresholds, default), dtype, name)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account."""
        self._update(y_true, y_pred, sample_weight, top_k=self.top_k, class_id=self.class_id)

    def result(self) -> Result:
        """The share so far, or that of each threshold; 0 when there is nothing to divide by."""
        first, second = self._values()
        return _one_or_all(divide(first, first + second))

    def get_config(self) -> dict[str, Any]:
        own = {"thresholds": self.init_thresholds, "top_k": self.top_k, "class_id": self.class_id}
        return {**super().get_config(), **own}


class Precision(_Share):
    """Share of positive predictions that are right. Arguments: thresholds, top_k, class_id, name, dtype."""

    kinds = ("true_positives", "false_positives")


class Recall(_Share):
    """Share of positive labels that predictions find. Arguments: thresholds, top_k, class_id, name, dtype."""

    kinds = ("true_positives", "false_negatives")


class _AtValue(ThresholdMetric):
    """The best of one rate over the thresholds at which another one reaches a value."""

    _direction = "up"
    argument = ""

    def __init__(
        self,
        value: float,
        num_thresholds: Any = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        cls = type(self).__name__
        if not 0 <= value <= 1:
            raise ValueError(f"{cls}: expected {self.argument} in [0, 1], got {value}")
        if isinstance(num_thresholds, bool) or not isinstance(num_thresholds, int) or num_thresholds < 1:
            raise ValueError(f"{cls}: expected num_thresholds to be an integer above 0, got {num_thresholds!r}")
        self.value, self.num_thresholds, self.class_id = float(value), num_thresholds, class_id
        last = num_thresholds - 1
        super().__init__([i / last for i in range(num_thresholds)] if last else [0.5], dtype, name)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account."""
        self._update(y_true, y_pred, sample_weight, class_id=self.class_id)

    def _rates(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Precision, recall (or sensitivity) and specificity at each threshold."""
        tp, fp, tn, fn = self._values()
        return divide(tp, tp + fp), divide(tp, tp + fn), divide(tn, tn + fp)

    def _best(self, rate: np.ndarray, constrained: np.ndarray) -> float:
        # Keras compares in float32
        return float(np.where(constrained.astype(np.float32) >= np.float32(self.value), rate, 0).max(initial=0))

    def get_config(self) -> dict[str, Any]:
        own = {"num_thresholds": self.num_thresholds, self.argument: self.value, "class_id": self.class_id}
        return {**super().get_config(), **own}


class SensitivityAtSpecificity(_AtValue):
    """The best sensitivity where specificity reaches a value.

    Parameters
    ----------
    specificity : float
        In [0, 1].
    num_thresholds : int, default 200
        How many thresholds in [0, 1] are tried.
    class_id : int, optional
        Look at this column of predictions (..., classes) only.
    name : str, optional
    dtype : str, optional
    """

    argument = "specificity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self.specificity = specificity
        super().__init__(specificity, num_thresholds, class_id, name, dtype)

    def result(self) -> float:
        """The best sensitivity so far."""
        _, sensitivity, specificity = self._rates()
        return self._best(sensitivity, specificity)


class SpecificityAtSensitivity(_AtValue):
    """The best specificity where sensitivity reaches a value. Arguments as for `SensitivityAtSpecificity`."""

    argument = "sensitivity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self.sensitivity = sensitivity
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)

    def result(self) -> float:
        """The best specificity so far."""
        _, sensitivity, specificity = self._rates()
        return self._best(specificity, sensitivity)


class PrecisionAtRecall(_AtValue):
    """The best precision where recall reaches a value. Arguments as for `SensitivityAtSpecificity`."""

    argument = "recall"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self.recall = recall
        super().__init__(recall, num_thresholds, class_id, name, dtype)

    def result(self) -> float:
        """The best precision so far."""
        precision, recall, _ = self._rates()
        return self._best(precision, recall)


class RecallAtPrecision(_AtValue):
    """The best recall where precision reaches a value. Arguments as for `SensitivityAtSpecificity`."""

    argument = "precision"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self.precision = precision
        super().__init__(precision, num_thresholds, class_id, name, dtype)

    def result(self) -> float:
        """The best recall so far."""
        precision, recall, _ = self._rates()
        return self._best(recall, precision)
