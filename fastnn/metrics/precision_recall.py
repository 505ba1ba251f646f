"""Precision and Recall."""

from __future__ import annotations

from typing import Any

from .base import Result
from .threshold_metric import OneOrMore, ThresholdMetric, listed, one_or_all
from .thresholds import NEVER, divide

__all__ = ["Precision", "Recall"]


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
        super().__init__(listed(type(self).__name__, thresholds, default), dtype, name)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account."""
        self._update(y_true, y_pred, sample_weight, top_k=self.top_k, class_id=self.class_id)

    def result(self) -> Result:
        """The share so far, or that of each threshold; 0 when there is nothing to divide by."""
        first, second = self._values()
        return one_or_all(divide(first, first + second))

    def get_config(self) -> dict[str, Any]:
        own = {"thresholds": self.init_thresholds, "top_k": self.top_k, "class_id": self.class_id}
        return {**super().get_config(), **own}


class Precision(_Share):
    """Share of positive predictions that are right. Arguments: thresholds, top_k, class_id, name, dtype."""

    kinds = ("true_positives", "false_positives")


class Recall(_Share):
    """Share of positive labels that predictions find. Arguments: thresholds, top_k, class_id, name, dtype."""

    kinds = ("true_positives", "false_negatives")
