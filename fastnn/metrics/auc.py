"""Area under a curve that a threshold draws: ROC, precision over recall, or precision gain over recall gain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import functional as F
from ..losses.arrays import as_tensor
from ..tensor import constant
from .threshold_metric import ThresholdMetric
from .thresholds import divide

__all__ = ["AUC"]

EPSILON = 1e-7  # Keras's
CURVES = ("ROC", "PR", "PRGAIN")
METHODS = ("interpolation", "majoring", "minoring")


class AUC(ThresholdMetric):
    """Area under a curve, by a Riemann sum over thresholds.

    Parameters
    ----------
    num_thresholds : int, default 200
        Above 1.
    curve : {"ROC", "PR", "PRGAIN"}, default "ROC"
        True positive over false positive rate; precision over recall; or their gains (Flach and Kull 2015).
    summation_method : {"interpolation", "minoring", "majoring"}, default "interpolation"
        Height of a rectangle: the mean, the smaller or the larger of its ends. Precision over recall is interpolated as
        by Davis and Goadrich 2006.
    name : str, optional
    dtype : str, optional
    thresholds : list of float, optional
        In [0, 1]; used instead of num_thresholds, with one below 0 and one above 1 added.
    multi_label : bool, default False
        Take the mean of the areas of all columns of predictions (samples, labels), else one area over all numbers.
    num_labels : int, optional
        How many columns there are; found out when not given.
    label_weights : list of float, optional
        Of the columns.
    from_logits : bool, default False
        Whether a sigmoid is applied to predictions.
    """

    _direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        if str(curve).upper() not in CURVES:
            raise ValueError(f"AUC: expected curve {', '.join(CURVES)}, got {curve!r}")
        if str(summation_method).lower() not in METHODS:
            raise ValueError(f"AUC: expected summation_method {', '.join(METHODS)}, got {summation_method!r}")
        if num_labels and not multi_label:
            raise ValueError("AUC: expected multi_label=True with num_labels")
        self._given = None if thresholds is None else sorted(float(value) for value in thresholds)
        if self._given is not None and not all(0 <= value <= 1 for value in self._given):
            raise ValueError(f"AUC: expected thresholds in [0, 1], got {thresholds!r}")
        if self._given is None and num_thresholds < 2:
            raise ValueError(f"AUC: expected num_thresholds above 1, got {num_thresholds}")
        self.num_thresholds = num_thresholds if self._given is None else len(self._given) + 2
        inner = [i / (num_thresholds - 1) for i in range(1, num_thresholds - 1)] if self._given is None else self._given
        self.curve, self.summation_method = str(curve).upper(), str(summation_method).lower()
        self.multi_label, self.num_labels = bool(multi_label), num_labels
        self.label_weights = None if label_weights is None else [float(weight) for weight in label_weights]
        self._label_weights = None if label_weights is None else constant(self.label_weights, np.float32)
        self.from_logits = bool(from_logits)
        super().__init__([-EPSILON, *inner, 1 + EPSILON], dtype, name)

    def _add_counts(self, shape: tuple[int, ...]) -> None:
        if not self.multi_label:
            super()._add_counts(shape)
        elif self.num_labels:
            super()._add_counts((*shape, self.num_labels))
        else:
            self._counts = {}  # made when the number of labels is known

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account."""
        prediction = as_tensor(y_pred)
        if self.from_logits:
            prediction = F.sigmoid(prediction)
        if not self._counts:
            if prediction.ndim != 2:
                raise ValueError(f"{self.name}: expected predictions (samples, labels), got {tuple(prediction.shape)}")
            super()._add_counts((self.num_thresholds, prediction.shape[1]))
        weights = None if self.multi_label else self._label_weights
        self._update(y_true, prediction, sample_weight, by_label=self.multi_label, label_weights=weights)

    def result(self) -> float:
        """The area so far."""
        if not self._counts:
            return 0.0
        areas = self._areas().sum(axis=0)
        if not self.multi_label:
            return float(areas)
        if self.label_weights is None:
            return float(areas.mean())
        weights = np.asarray(self.label_weights)
        return float(divide((areas * weights).sum(), weights.sum()))

    def _areas(self) -> np.ndarray:
        """Area between every threshold and the next."""
        tp, fp, tn, fn = self._values()
        if self.curve == "PR" and self.summation_method == "interpolation":
            return _interpolated(tp, fp, fn)
        recall = divide(tp, tp + fn)
        if self.curve == "ROC":
            x, y = divide(fp, fp + tn), recall
        elif self.curve == "PR":
            x, y = recall, divide(tp, tp + fp)
        else:
            odds = divide(tp + fn, tn + fp)
            none = tp == 0
            x = np.maximum(np.where(none, 0.0, 1 - odds * divide(fn, tp)), 0.0)
            y = np.where(none, 1.0, 1 - odds * divide(fp, tp))
        left, right = y[:-1], y[1:]
        if self.summation_method == "interpolation":
            heights = (left + right) / 2
        else:
            heights = np.minimum(left, right) if self.summation_method == "minoring" else np.maximum(left, right)
        areas: np.ndarray = (x[:-1] - x[1:]) * heights
        return areas

    def get_config(self) -> dict[str, Any]:
        own = {
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": self.label_weights,
            "from_logits": self.from_logits,
        }
        given = {} if self._given is None else {"thresholds": self._given}
        return {**super().get_config(), **own, **given}


def _interpolated(tp: np.ndarray, fp: np.ndarray, fn: np.ndarray) -> np.ndarray:
    """Areas under precision over recall, between whose points the counts and not the rates lie on a line."""
    steps = tp[:-1] - tp[1:]
    positive = tp + fp
    slope = divide(steps, np.maximum(positive[:-1] - positive[1:], 0))
    intercept = tp[1:] - slope * positive[1:]
    both = (positive[:-1] > 0) & (positive[1:] > 0)
    ratio = np.where(both, divide(positive[:-1], np.maximum(positive[1:], 0)), 1.0)
    return divide(slope * (steps + intercept * np.log(ratio)), np.maximum(tp[1:] + fn[1:], 0))
