"""Rescaling: numbers times a scale plus an offset."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import functional as F
from ...tensor import Tensor, constant
from ..base import Layer, Shape

__all__ = ["Rescaling"]


class Rescaling(Layer):
    """``inputs * scale + offset``, in training and inference alike.

    Parameters
    ----------
    scale : float, or array that broadcasts to the inputs
        ``1 / 255`` brings pixels into [0, 1].
    offset : float, or such an array, default 0
    """

    supports_masking = True
    _streams = True

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = _numbers("scale", scale)
        self.offset = _numbers("offset", offset)

    def call(self, inputs: Tensor) -> Tensor:
        return F.add(F.multiply(F.cast(inputs, "float32"), _operand(self.scale)), _operand(self.offset))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}


def _numbers(argument: str, value: Any) -> Any:
    """A float, or nested lists of floats."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"Rescaling: expected {argument} to be a number or an array of numbers, got {value!r}")
    return array.astype(np.float64).tolist()


def _operand(value: Any) -> Any:
    return value if isinstance(value, float) else constant(np.asarray(value, np.float32))
