"""Convolution layers: Conv2D."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import activations, initializers
from .. import functional as F
from ..tensor import Tensor
from . import arguments
from .base import Layer, Shape

__all__ = ["Conv2D", "Convolution2D"]


class Conv2D(Layer):
    """Two-dimensional convolution of (batch, height, width, channels).

    Parameters
    ----------
    filters : int
        Channels of the output.
    kernel_size : int or (int, int)
    strides : int or (int, int), default (1, 1)
    padding : {"valid", "same"}, default "valid"
        "same" keeps ceil(size / stride) and puts the odd zero at the bottom and right.
    data_format : None or "channels_last"
    dilation_rate : int or (int, int), default (1, 1)
        Distance between the taps of the kernel.
    groups : int, default 1
        Groups of channels convolved apart from each other; divides channels and filters.
    activation : str or function, optional
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
        Of the kernel, (height, width, channels / groups, filters).
    bias_initializer : default "zeros"
        Of the bias, (filters,).
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = (1, 1),
        groups: int = 1,
        activation: str | activations.Activation | None = None,
        use_bias: bool = True,
        kernel_initializer: initializers.InitializerLike = "glorot_uniform",
        bias_initializer: initializers.InitializerLike = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        arguments.channels_last("Conv2D", data_format)
        self.filters = arguments.positive("Conv2D", "filters", filters)
        self.kernel_size = arguments.pair("Conv2D", "kernel_size", kernel_size)
        self.strides = arguments.pair("Conv2D", "strides", strides)
        self.padding = arguments.padding_mode("Conv2D", padding)
        self.dilation_rate = arguments.pair("Conv2D", "dilation_rate", dilation_rate)
        self.groups = arguments.positive("Conv2D", "groups", groups)
        if self.filters % self.groups:
            raise ValueError(f"Conv2D: expected filters divisible by groups={self.groups}, got {self.filters}")
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)

    def build(self, input_shape: Shape) -> None:
        channels = (input_shape[-1] or 0) // self.groups
        self.add_weight((*self.kernel_size, channels, self.filters), self.kernel_initializer, name="kernel")
        if self.use_bias:
            self.add_weight((self.filters,), self.bias_initializer, name="bias")

    @property
    def kernel(self) -> Tensor:
        """The kernel, (height, width, channels / groups, filters)."""
        return self._weights["kernel"]

    @property
    def bias(self) -> Tensor | None:
        """The bias, (filters,), or None."""
        return self._weights.get("bias")

    def check_input(self, shape: Shape) -> None:
        channels = self.kernel.shape[2] * self.groups if self.built else "channels"
        if len(shape) != 4 or not shape[-1] or (self.built and shape[-1] != channels):
            raise self.expected(f"(batch, height, width, {channels})", shape)
        if shape[-1] % self.groups:
            raise self.expected(f"(batch, height, width, channels) with channels divisible by {self.groups}", shape)
        if self.padding == "valid" and 0 in self._sizes(shape):
            extents = [d * (k - 1) + 1 for k, d in zip(self.kernel_size, self.dilation_rate, strict=True)]
            raise self.expected(f"at least {extents[0]} high and {extents[1]} wide for the kernel", shape)

    def call(self, inputs: Tensor) -> Tensor:
        fused = activations.fused(self.activation)
        y = F.conv2d(
            inputs,
            self.kernel,
            self.bias,
            strides=self.strides,
            padding=self.padding,
            dilation=self.dilation_rate,
            groups=self.groups,
            activation=fused,
        )
        return y if fused == "relu" else self.activation(y)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self.check_input(input_shape)
        return (input_shape[0], *self._sizes(input_shape), self.filters)

    def _sizes(self, shape: Shape) -> tuple[int | None, ...]:
        """Height and width of the output."""
        taps = zip(shape[1:3], self.kernel_size, self.strides, self.dilation_rate, strict=True)
        return tuple(arguments.windows(size, d * (k - 1) + 1, s, self.padding) for size, k, s, d in taps)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": list(self.kernel_size),
            "strides": list(self.strides),
            "padding": self.padding,
            "dilation_rate": list(self.dilation_rate),
            "groups": self.groups,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.describe(self.kernel_initializer),
            "bias_initializer": initializers.describe(self.bias_initializer),
        }


Convolution2D = Conv2D
