"""Convolution layers with filters for each channel: DepthwiseConv1D and 2D."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from .. import activations, initializers
from .. import functional as F
from ..tensor import Tensor
from .base import Shape, arguments
from .window_layer import WindowLayer

__all__ = ["DepthwiseConv1D", "DepthwiseConv2D"]


class _DepthwiseConvolution(WindowLayer):
    """What DepthwiseConv1D and 2D share."""

    _convolve: ClassVar[Callable[..., Tensor]]

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: str | activations.Activation | None = None,
        use_bias: bool = True,
        depthwise_initializer: initializers.InitializerLike = "glorot_uniform",
        bias_initializer: initializers.InitializerLike = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self.depth_multiplier = arguments.positive(type(self).__name__, "depth_multiplier", depth_multiplier)
        self._set_output(activation, use_bias, bias_initializer)
        self.depthwise_initializer = self._told("depthwise_initializer", initializers.get, depthwise_initializer)

    def build(self, input_shape: Shape) -> None:
        channels = input_shape[-1] or 0
        self.add_weight(
            (*self.kernel_size, channels, self.depth_multiplier),
            self.depthwise_initializer,
            regularizer=self._penalty("depthwise_kernel", "regularizer"),
            constraint=self._penalty("depthwise_kernel", "constraint"),
            name="kernel",
        )
        self._add_bias(channels * self.depth_multiplier)

    @property
    def kernel(self) -> Tensor:
        """The kernel, (window..., channels, depth_multiplier)."""
        return self._weights["kernel"]

    def _channels(self) -> int:
        return self.kernel.shape[-2]

    def check_input(self, shape: Shape) -> None:
        super().check_input(shape)
        self._check_room(shape)

    def _convolved(self, inputs: Tensor, padding: str, dilation: tuple[int, ...]) -> Tensor:
        return self._activated(
            lambda fused: type(self)._convolve(
                inputs,
                self.kernel,
                self.bias,
                strides=self.strides,
                padding=padding,
                dilation=dilation,
                activation=fused,
            )
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self.check_input(input_shape)
        return (input_shape[0], *self._sizes(input_shape), (input_shape[-1] or 0) * self.depth_multiplier)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            **self._window_config(),
            "depth_multiplier": self.depth_multiplier,
            **self._output_config(),
            "depthwise_initializer": initializers.serialize(self.depthwise_initializer),
        }


class DepthwiseConv1D(_DepthwiseConvolution):
    """One-dimensional convolution of each channel of (batch, steps, channels) by itself.

    Parameters
    ----------
    kernel_size : int
    strides : int, default 1
    padding : {"valid", "same", "causal"}, default "valid"
        As for `Conv1D`.
    depth_multiplier : int, default 1
        Outputs of each channel; those of channel c follow each other from c * depth_multiplier on.
    data_format : None or "channels_last"
    dilation_rate : int, default 1
    activation : str or function, optional
    use_bias : bool, default True
    depthwise_initializer : default "glorot_uniform"
        Of the kernel, (kernel_size, channels, depth_multiplier).
    bias_initializer : default "zeros"
        Of the bias, (channels * depth_multiplier,).
    """

    axes = 1
    _causal = True
    _convolve = staticmethod(F.depthwise_conv1d)


class DepthwiseConv2D(_DepthwiseConvolution):
    """Two-dimensional convolution of each channel of (batch, height, width, channels) by itself.

    Parameters
    ----------
    kernel_size : int or (int, int)
    strides : int or (int, int), default 1
    padding : {"valid", "same"}, default "valid"
    depth_multiplier : int, default 1
        Outputs of each channel; those of channel c follow each other from c * depth_multiplier on.
    data_format : None or "channels_last"
    dilation_rate : int or (int, int), default 1
    activation : str or function, optional
    use_bias : bool, default True
    depthwise_initializer : default "glorot_uniform"
        Of the kernel, (height, width, channels, depth_multiplier).
    bias_initializer : default "zeros"
        Of the bias, (channels * depth_multiplier,).
    """

    axes = 2
    _convolve = staticmethod(F.depthwise_conv2d)
