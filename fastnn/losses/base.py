"""`Loss`: one loss per sample, weighted and reduced as in Keras; and a function as a loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np

from .. import functional as F
from .._config import Configurable, snake_case
from .._custom import function_name, function_of_name
from ..tensor import Tensor
from .arrays import as_tensor, with_ranks_aligned

__all__ = ["FunctionLoss", "Loss", "LossFunctionWrapper", "mask_as_weight", "reduce"]

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)

LossFunction = Callable[..., Tensor]


class Loss(Configurable):
    """Base of the losses. A subclass defines `call`, which gives one loss per sample.

    Parameters
    ----------
    name : str, optional
        The class's name in snake case when not given.
    reduction : default "sum_over_batch_size"
        "sum_over_batch_size" and "mean" divide the sum of the losses by their number, "mean_with_sample_weight" by the
        sum of the weights; "sum" does not divide; "none" or None gives every sample's loss.
    dtype : "float32" or None

    Raises
    ------
    ValueError
        The reduction is another one.
    """

    sparse = False  # whether labels are class numbers
    ignore_class: int | None = None  # a label that is no class number and doesn't count

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None
    ) -> None:
        if reduction not in REDUCTIONS:
            expected = ", ".join(str(item) for item in REDUCTIONS[:-1])
            raise ValueError(f"{type(self).__name__}: expected reduction {expected} or None, got {reduction!r}")
        if dtype is not None and np.dtype(dtype) != np.float32:
            raise TypeError(f"{type(self).__name__}: expected dtype float32, got {dtype}")
        self.name = snake_case(type(self).__name__) if name is None else name
        self.reduction = reduction

    @property
    def dtype(self) -> str:
        """What losses are computed in."""
        return "float32"

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """One loss per sample."""
        raise NotImplementedError(f"{type(self).__name__} does not implement call")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """The losses of the samples, weighted and reduced.

        Parameters
        ----------
        y_true, y_pred : arrays or Tensors, (samples, ...)
            Steps that the mask of y_pred leaves out don't count.
        sample_weight : array or Tensor, optional
            (samples,), or of the shape of what `call` gives.
        """
        return self.reduce(self.call(y_true, y_pred), y_pred, sample_weight)

    def reduce(self, values: Tensor, y_pred: Any = None, sample_weight: Any = None) -> Tensor:
        """What `call` gave for y_pred, weighted and reduced."""
        masks = [mask for item in (y_pred, values) if (mask := getattr(item, "_mask", None)) is not None]
        mask = F.logical_and(*masks) if len(masks) == 2 else (masks[0] if masks else None)
        return reduce(values, sample_weight, mask, self.reduction)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "reduction": self.reduction}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


class LossFunctionWrapper(Loss):
    """A function(y_true, y_pred, **options) that gives one loss per sample, as a loss.

    The library's own losses are subclasses; their options are attributes, which may be set, and in the configuration.
    """

    def __init__(
        self,
        fn: LossFunction,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.fn = fn
        self._option_names = tuple(options)
        for option, value in options.items():
            setattr(self, option, value)

    def _options(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._option_names}

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        if isinstance(y_true, Tensor) and isinstance(y_pred, Tensor) and y_true.ndim != y_pred.ndim:
            y_true, y_pred = with_ranks_aligned(y_true, y_pred)  # else (n,) and (n, 1) give (n, n) differences
        return self.fn(y_true, y_pred, **self._options())

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._options()}


class FunctionLoss(LossFunctionWrapper):
    """A function of the user's own as a loss; a configuration has its name."""

    def __init__(self, fn: LossFunction, name: str | None = None) -> None:
        super().__init__(fn, name=getattr(fn, "__name__", "loss") if name is None else name)

    def get_config(self) -> dict[str, Any]:
        return {"fn": function_name("loss", self.fn), "name": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        return cls(function_of_name("loss", config["fn"]), config["name"])


def reduce(
    values: Tensor, sample_weight: Any = None, mask: Tensor | None = None, reduction: str | None = "mean"
) -> Tensor:
    """Losses of samples, weighted and reduced by Keras's rules.

    Parameters
    ----------
    values : Tensor, (samples, ...)
    sample_weight : array or Tensor, optional
        (samples,) or of the shape of values, or broadcasting to it; any shape for a loss that is one number.
    mask : Tensor of bool, optional
        Values where it is False don't count, nor among those that a mean divides by.
    reduction : str or None
        See `Loss`.

    Raises
    ------
    ValueError
        The weights don't broadcast to the values.
    """
    weights = None if sample_weight is None else as_tensor(sample_weight, values)
    if mask is not None:
        weights = mask_as_weight(weights, mask, values, scaled=reduction in ("mean", "sum_over_batch_size"))
    if weights is not None:
        values, weights = with_ranks_aligned(values, weights)
        values = F.multiply(values, _fitting(weights, values) if values.ndim else weights)
    if reduction in (None, "none") or values.ndim == 0:
        return values
    if reduction == "sum":
        return F.sum(values)
    if reduction == "mean_with_sample_weight" and weights is not None:
        total = F.sum(weights)
        none = F.equal(total, 0.0)
        return F.where(none, 0.0, F.divide(F.sum(values), F.where(none, 1.0, total)))
    return F.mean(values)


def mask_as_weight(weights: Tensor | None, mask: Tensor, like: Tensor, scaled: bool) -> Tensor:
    """Weights that are 0 where a mask is False; scaled so that a mean over all is the mean over those that count."""
    counting = F.cast(mask, like.dtype)
    if scaled:
        share = F.mean(counting)
        none = F.equal(share, 0.0)
        counting = F.multiply(counting, F.where(none, 0.0, F.divide(1.0, F.where(none, 1.0, share))))
    if weights is None:
        return counting
    counting, weights = with_ranks_aligned(counting, weights)
    return F.multiply(weights, _fitting(counting, weights) if counting.ndim < weights.ndim else counting)


def _fitting(weights: Tensor, values: Tensor) -> Tensor:
    """Weights with as many axes as the values; those of samples hold for all steps of a sample."""
    shape, wanted = tuple(weights.shape), tuple(values.shape)
    fits = len(shape) <= len(wanted) and all(a in (1, b) for a, b in zip(shape, wanted, strict=False))
    if not fits:
        raise ValueError(f"loss: expected sample_weight that broadcasts to {wanted}, got {shape}")
    missing = len(wanted) - len(shape)
    return F.expand_dims(weights, tuple(range(len(shape), len(wanted)))) if missing and shape else weights
