"""Masking: which steps of a sequence count, told by the numbers in them."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from ..tensor import Tensor
from .base import Layer, Shape

__all__ = ["Masking"]


class Masking(Layer):
    """Makes a mask of (batch, time, features): a step whose features all equal mask_value doesn't count.

    The result carries the mask, and is zero in the steps that don't count.

    Parameters
    ----------
    mask_value : float, default 0
    """

    supports_masking = True
    _streams = True

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value

    def check_input(self, shape: Shape) -> None:
        if len(shape) < 2:
            raise self.expected("(batch, ..., features)", shape)

    def _counts(self, inputs: Tensor, keepdims: bool) -> Tensor:
        """Which steps count, of bool."""
        different = F.where(F.not_equal(inputs, self.mask_value), F.fill(inputs, 1.0), 0.0)
        return F.greater(F.sum(different, axis=-1, keepdims=keepdims), 0.0)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Tensor:
        return self._counts(self._as_inputs(inputs), keepdims=False)

    def call(self, inputs: Tensor) -> Tensor:
        return F.where(self._counts(inputs, keepdims=True), inputs, 0.0)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mask_value": self.mask_value}
