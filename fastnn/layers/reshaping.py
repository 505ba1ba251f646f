"""Layers that change shapes: Flatten."""

from __future__ import annotations

import math
from typing import Any

from .. import functional as F
from ..tensor import Tensor
from . import arguments
from .base import Layer, Shape

__all__ = ["Flatten"]


class Flatten(Layer):
    """(batch, ...) to (batch, n), in C order; (batch,) to (batch, 1)."""

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        arguments.channels_last("Flatten", data_format)

    def check_input(self, shape: Shape) -> None:
        if not shape:
            raise self.expected("(batch, ...)", shape)

    def call(self, inputs: Tensor) -> Tensor:
        size = math.prod(inputs.shape[1:])
        return F.reshape(inputs, (-1 if size else inputs.shape[0], size))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        sizes = [size for size in input_shape[1:] if size is not None]
        return (input_shape[0], math.prod(sizes) if len(sizes) == len(input_shape) - 1 else None)
