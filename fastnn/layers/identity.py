"""Identity: the inputs as they are."""

from __future__ import annotations

from typing import Any

from .base import Layer

__all__ = ["Identity"]


class Identity(Layer):
    """The inputs as they are."""

    supports_masking = True
    _takes_several = True
    _streams = True

    def call(self, inputs: Any) -> Any:
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape
