"""Dense, the fully connected layer."""

from __future__ import annotations

from typing import Any, ClassVar

from .. import activations, initializers
from .. import functional as F
from ..tensor import Tensor
from .base import Layer, Shape, arguments

__all__ = ["Dense"]


class Dense(Layer):
    """Fully connected layer: ``activation(x @ kernel + bias)`` along the last axis.

    Parameters
    ----------
    units : int
        Size of the output's last axis.
    activation : str or function, optional
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
        Of the kernel, (inputs, units).
    bias_initializer : default "zeros"
        Of the bias, (units,).
    """

    supports_masking = True
    _streams = True
    _single: ClassVar = {"quantization_config": None}

    def __init__(
        self,
        units: int,
        activation: str | activations.Activation | None = None,
        use_bias: bool = True,
        kernel_initializer: initializers.InitializerLike = "glorot_uniform",
        bias_initializer: initializers.InitializerLike = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = arguments.positive("Dense", "units", units)
        self.activation = self._told("activation", activations.get, activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = self._told("kernel_initializer", initializers.get, kernel_initializer)
        self.bias_initializer = self._told("bias_initializer", initializers.get, bias_initializer)

    def build(self, input_shape: Shape) -> None:
        self.add_weight((input_shape[-1] or 0, self.units), self.kernel_initializer, name="kernel")
        if self.use_bias:
            self.add_weight((self.units,), self.bias_initializer, name="bias")

    @property
    def kernel(self) -> Tensor:
        """The kernel, (inputs, units)."""
        return self._weights["kernel"]

    @property
    def bias(self) -> Tensor | None:
        """The bias, (units,), or None."""
        return self._weights.get("bias")

    def check_input(self, shape: Shape) -> None:
        inputs = self.kernel.shape[0] if self.built else "n"
        if len(shape) > 1 and shape[-1] is None:
            raise self.expected(f"(..., {inputs}) with a last axis of known size", shape)
        if len(shape) < 2 or not shape[-1] or (self.built and shape[-1] != inputs):
            raise self.expected(f"(..., {inputs})", shape)

    def call(self, inputs: Tensor) -> Tensor:
        fused = activations.fused(self.activation)
        y = F.linear(inputs, self.kernel, self.bias, activation=fused)
        return y if fused == "relu" else self.activation(y)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self.check_input(input_shape)
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
        }
