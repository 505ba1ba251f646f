"""How many predictions are right and wrong: true and false, positives and negatives."""

from __future__ import annotations

from typing import Any

from .base import Result
from .threshold_metric import OneOrMore, ThresholdMetric, listed, one_or_all

__all__ = ["FalseNegatives", "FalsePositives", "TrueNegatives", "TruePositives"]


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
        super().__init__(listed(type(self).__name__, thresholds, 0.5), dtype, name)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account."""
        self._update(y_true, y_pred, sample_weight)

    def result(self) -> Result:
        """The count so far, or that of each threshold."""
        return one_or_all(self._values()[0])

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
