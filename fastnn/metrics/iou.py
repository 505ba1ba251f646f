"""Intersection over union of classes, from a confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import functional as F
from ..losses.arrays import as_tensor
from ..losses.regression import EPSILON
from ..tensor import Tensor, no_grad
from .base import Metric

__all__ = ["BinaryIoU", "IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"]


class IoU(Metric):
    """Mean over some classes of ``right / (labelled + predicted - right)``; classes that don't occur don't count.

    Parameters
    ----------
    num_classes : int
    target_class_ids : list of int
        The classes that count.
    name : str, optional
    dtype : str, default "int"
        With an integer dtype weights are cut to whole numbers.
    ignore_class : int, optional
        Samples of this label don't count.
    sparse_y_true, sparse_y_pred : bool, default True
        Whether labels and predictions are class numbers, else (..., classes), of which the largest counts. Class
        numbers out of range don't count.
    axis : int, default -1
        That of the classes.
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__("int" if dtype is None else dtype, name)
        targets = [int(number) for number in target_class_ids]
        if not targets or min(targets) < 0 or max(targets) >= num_classes:
            raise ValueError(f"{type(self).__name__}: expected target_class_ids in [0, {num_classes}), got {targets}")
        self.num_classes, self.target_class_ids, self.ignore_class = num_classes, targets, ignore_class
        self.sparse_y_true, self.sparse_y_pred, self.axis = bool(sparse_y_true), bool(sparse_y_pred), axis
        shape = (num_classes, num_classes)
        self.total_cm = self.add_variable(shape, dtype="float64", name="total_confusion_matrix")

    def _numbers(self, values: Any, sparse: bool) -> Tensor:
        """Class numbers, (n,)."""
        tensor = values if isinstance(values, Tensor) else as_tensor(values)
        if not sparse:
            tensor = F.argmax(tensor, self.axis)
        return F.reshape(F.cast(tensor, np.int64), (-1,))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account."""
        with no_grad():
            labels, predicted = self._numbers(y_true, self.sparse_y_true), self._numbers(y_pred, self.sparse_y_pred)
            if labels.shape != predicted.shape:
                raise ValueError(f"{self.name}: expected {predicted.shape[0]} labels, got {labels.shape[0]}")
            counts = F.logical_and(self._in_range(labels), self._in_range(predicted))
            if self.ignore_class is not None:
                counts = F.logical_and(counts, F.not_equal(labels, self.ignore_class))
            weights = F.cast(counts, np.float32)
            if sample_weight is not None:
                given = F.reshape(as_tensor(sample_weight), (-1,))
                if self.dtype.startswith("int"):
                    given = F.cast(F.cast(given, np.int64), np.float32)
                weights = F.multiply(weights, given)
            rows, columns = (
                F.one_hot(F.where(counts, numbers, 0), self.num_classes) for numbers in (labels, predicted)
            )
            matrix = F.matmul(F.transpose(F.multiply(rows, F.expand_dims(weights, 1))), columns)
            self.total_cm.assign_add(matrix)

    def _in_range(self, numbers: Tensor) -> Tensor:
        return F.logical_and(F.greater_equal(numbers, 0), F.less(numbers, self.num_classes))

    def result(self) -> float:
        """The mean over the classes so far."""
        matrix = self.total_cm.numpy()
        right = np.diagonal(matrix)[self.target_class_ids]
        union = (matrix.sum(axis=0) + matrix.sum(axis=1) - np.diagonal(matrix))[self.target_class_ids]
        occurs = union > 1e-9
        shares = np.where(occurs, right / (union + EPSILON), 0.0)
        return float(shares.sum() / (occurs.sum() + EPSILON))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "target_class_ids": self.target_class_ids,
            "ignore_class": self.ignore_class,
            "sparse_y_true": self.sparse_y_true,
            "sparse_y_pred": self.sparse_y_pred,
            "axis": self.axis,
        }

    def _config_without(self, *names: str) -> dict[str, Any]:
        return {name: value for name, value in IoU.get_config(self).items() if name not in names}


class BinaryIoU(IoU):
    """`IoU` of two classes, told apart by a threshold.

    Parameters
    ----------
    target_class_ids : list of int, default (0, 1)
    threshold : float, default 0.5
        Predictions that reach it are of class 1.
    name : str, optional
    dtype : str, default "int"
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account."""
        prediction = as_tensor(y_pred)
        super().update_state(y_true, F.greater_equal(prediction, self.threshold), sample_weight)

    def get_config(self) -> dict[str, Any]:
        names = ("num_classes", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")
        return {**self._config_without(*names), "threshold": self.threshold}


class MeanIoU(IoU):
    """`IoU` of all classes. Arguments as for `IoU`, without target_class_ids."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        everything = range(num_classes)
        super().__init__(num_classes, everything, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self._config_without("target_class_ids")


class OneHotIoU(IoU):
    """`IoU` for one-hot labels. Arguments as for `IoU`, without sparse_y_true; sparse_y_pred is False by default."""

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self._config_without("sparse_y_true")


class OneHotMeanIoU(MeanIoU):
    """`IoU` of all classes for one-hot labels. Arguments as for `OneHotIoU`, without target_class_ids."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self._config_without("target_class_ids", "sparse_y_true")
