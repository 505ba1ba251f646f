"""What losses and metrics make of their arguments: Tensors of one dtype and one shape, and class numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F
from ..tensor import Tensor

__all__ = ["aligned", "as_tensor", "class_numbers", "last", "pair", "whole_numbers", "with_ranks_aligned"]


def as_tensor(value: Any, like: Tensor | None = None) -> Tensor:
    """A Tensor of the dtype of another one; a Tensor as it is, and anything else as float32, when there is none."""
    if isinstance(value, Tensor):
        return value if like is None else F.cast(value, like.dtype)
    return Tensor(np.ascontiguousarray(value, dtype=np.float32 if like is None else like.dtype))


def pair(name: str, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Predictions, and targets of their shape and dtype."""
    prediction = as_tensor(y_pred)
    if prediction.dtype.kind != "f":
        prediction = F.cast(prediction, np.float32)
    return aligned(name, y_true, prediction)


def aligned(name: str, y_true: Any, prediction: Tensor) -> tuple[Tensor, Tensor]:
    """Predictions and targets of one shape; a last axis of size one comes or goes, nothing is broadcast."""
    target = as_tensor(y_true, prediction)
    shape, got = tuple(prediction.shape), tuple(target.shape)
    if got == shape:
        return prediction, target
    if (*got, 1) == shape:
        return prediction, F.expand_dims(target, -1)
    if got == (*shape, 1):
        if len(shape) == 1:
            return F.expand_dims(prediction, -1), target
        return prediction, F.squeeze(target, -1)
    raise ValueError(f"{name}: expected y_true {shape}, got {got}")


def with_ranks_aligned(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Two Tensors whose ranks differ by one, with as many axes, when the last one of the longer has size one."""
    if a.ndim == b.ndim + 1 and a.shape[-1] == 1:
        return (a, F.expand_dims(b, -1)) if b.ndim == 1 else (F.squeeze(a, -1), b)
    if b.ndim == a.ndim + 1 and b.shape[-1] == 1:
        return (F.expand_dims(a, -1), b) if a.ndim == 1 else (a, F.squeeze(b, -1))
    return a, b


def last(name: str, axis: int, *tensors: Tensor) -> tuple[Tensor, ...]:
    """Tensors whose axis is moved to the end."""
    if isinstance(axis, bool) or not isinstance(axis, int | np.integer):
        raise TypeError(f"{name}: expected axis to be an integer, got {axis!r}")
    rank = tensors[0].ndim
    if not -rank <= axis < rank:
        raise ValueError(f"{name}: expected axis in [{-rank}, {rank}), got {axis}")
    if axis in (-1, rank - 1):
        return tensors
    return tuple(F.moveaxis(tensor, int(axis), -1) for tensor in tensors)


def class_numbers(name: str, y_true: Any, logits: Tensor) -> Tensor:
    """Class numbers (...) for logits (..., classes); a last axis of size one is dropped."""
    labels = y_true if isinstance(y_true, Tensor) else Tensor(whole_numbers(name, np.asarray(y_true)))
    if labels.dtype.kind == "f" or labels.dtype.kind == "b":
        labels = F.cast(labels, np.int64)
    if labels.ndim == logits.ndim and labels.shape[-1] == 1:
        labels = F.squeeze(labels, -1)
    if tuple(labels.shape) != tuple(logits.shape[:-1]):
        wanted, got = tuple(logits.shape[:-1]), tuple(labels.shape)
        one_hot = name.startswith("sparse_") and got == tuple(logits.shape)
        instead = f"; for one-hot labels use {name.removeprefix('sparse_')}" if one_hot else ""
        raise ValueError(f"{name}: expected class numbers y_true {wanted}, got {got}{instead}")
    return labels


def whole_numbers(name: str, labels: np.ndarray) -> np.ndarray:
    """Labels as uint8, int32 or int64."""
    if labels.dtype in (np.uint8, np.int32, np.int64):
        return labels
    if labels.dtype.kind not in "iubf":
        raise TypeError(f"{name}: expected labels to be integers, got {labels.dtype}")
    # the bounds refuse NaN and what int64 can't hold
    if labels.dtype.kind == "f" and not np.all((np.abs(labels) < 2**62) & (np.trunc(labels) == labels)):
        raise ValueError(f"{name}: expected labels to be whole numbers, got {labels.dtype} with others")
    return labels.astype(np.int64)
