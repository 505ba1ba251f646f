"""What layers share whose result has the shape of the input, and its mask."""

from __future__ import annotations

from .layer import Layer, Shape

__all__ = ["SameShape"]


class SameShape(Layer):
    supports_masking = True

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape
