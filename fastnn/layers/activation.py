"""Activation: a function of each element, or of rows, as a layer."""

from __future__ import annotations

from typing import Any

from .. import activations
from ..tensor import Tensor
from .base import Layer, Shape

__all__ = ["Activation"]


class Activation(Layer):
    """An activation as a layer of its own.

    Parameters
    ----------
    activation : str or function
    """

    supports_masking = True
    _streams = True

    def __init__(self, activation: str | activations.Activation, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = self._told("activation", activations.get, activation)

    def call(self, inputs: Tensor) -> Tensor:
        return self.activation(inputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": activations.serialize(self.activation)}
