"""The best of one rate over the thresholds at which another one reaches a value."""

from __future__ import annotations

from typing import Any

import numpy as np

from .threshold_metric import ThresholdMetric
from .thresholds import divide

__all__ = ["PrecisionAtRecall", "RecallAtPrecision", "SensitivityAtSpecificity", "SpecificityAtSensitivity"]


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
