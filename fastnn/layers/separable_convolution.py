"""Convolution layers with filters for each channel, then filters that mix them: SeparableConv1D and 2D."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from .. import activations, initializers
from .. import functional as F
from ..tensor import Tensor
from .base import Shape, arguments
from .window_layer import WindowLayer

__all__ = ["SeparableConv1D", "SeparableConv2D", "SeparableConvolution1D", "SeparableConvolution2D"]


class _SeparableConvolution(WindowLayer):
    """What SeparableConv1D and 2D share: a depthwise convolution, then one with a window of one over all channels."""

    _depthwise: ClassVar[Callable[..., Tensor]]
    _pointwise: ClassVar[Callable[..., Tensor]]

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        depth_multiplier: int = 1,
        activation: str | activations.Activation | None = None,
        use_bias: bool = True,
        depthwise_initializer: initializers.InitializerLike = "glorot_uniform",
        pointwise_initializer: initializers.InitializerLike = "glorot_uniform",
        bias_initializer: initializers.InitializerLike = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        cls = type(self).__name__
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self.filters = arguments.positive(cls, "filters", filters)
        self.depth_multiplier = arguments.positive(cls, "depth_multiplier", depth_multiplier)
        self._set_output(activation, use_bias, bias_initializer)
        self.depthwise_initializer = self._told("depthwise_initializer", initializers.get, depthwise_initializer)
        self.pointwise_initializer = self._told("pointwise_initializer", initializers.get, pointwise_initializer)

    def build(self, input_shape: Shape) -> None:
        channels = input_shape[-1] or 0
        depthwise = (*self.kernel_size, channels, self.depth_multiplier)
        pointwise = (*(1,) * self.axes, channels * self.depth_multiplier, self.filters)
        self.add_weight(depthwise, self.depthwise_initializer, name="depthwise_kernel")
        self.add_weight(pointwise, self.pointwise_initializer, name="pointwise_kernel")
        self._add_bias(self.filters)

    @property
    def depthwise_kernel(self) -> Tensor:
        """The kernel of each channel, (window..., channels, depth_multiplier)."""
        return self._weights["depthwise_kernel"]

    @property
    def pointwise_kernel(self) -> Tensor:
        """The kernel over the channels, (1..., channels * depth_multiplier, filters)."""
        return self._weights["pointwise_kernel"]

    def _channels(self) -> int:
        return self.depthwise_kernel.shape[-2]

    def check_input(self, shape: Shape) -> None:
        super().check_input(shape)
        self._check_room(shape)

    def _convolved(self, inputs: Tensor, padding: str, dilation: tuple[int, ...]) -> Tensor:
        y = type(self)._depthwise(
            inputs,
            self.depthwise_kernel,
            strides=self.strides,
            padding=padding,
            dilation=dilation,
        )
        return self._activated(
            lambda fused: type(self)._pointwise(y, self.pointwise_kernel, self.bias, activation=fused)
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self.check_input(input_shape)
        return (input_shape[0], *self._sizes(input_shape), self.filters)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            **self._window_config(),
            "depth_multiplier": self.depth_multiplier,
            **self._output_config(),
            "depthwise_initializer": initializers.serialize(self.depthwise_initializer),
            "pointwise_initializer": initializers.serialize(self.pointwise_initializer),
        }


class SeparableConv1D(_SeparableConvolution):
    """Convolution of each channel of (batch, steps, channels) by itself, then one that mixes the channels.

    Parameters
    ----------
    filters : int
        Channels of the output.
    kernel_size : int
    strides : int, default 1
    padding : {"valid", "same", "causal"}, default "valid"
        As for `Conv1D`.
    data_format : None or "channels_last"
    dilation_rate : int, default 1
    depth_multiplier : int, default 1
        Outputs of each channel between the two.
    activation : str or function, optional
    use_bias : bool, default True
    depthwise_initializer, pointwise_initializer : default "glorot_uniform"
        Of the kernels, (kernel_size, channels, depth_multiplier) and (1, channels * depth_multiplier, filters).
    bias_initializer : default "zeros"
        Of the bias, (filters,).
    """

    axes = 1
    _causal = True
    _depthwise = staticmethod(F.depthwise_conv1d)
    _pointwise = staticmethod(F.conv1d)


class SeparableConv2D(_SeparableConvolution):
    """Convolution of each channel of (batch, height, width, channels) by itself, then one that mixes the channels.

    Parameters
    ----------
    filters : int
        Channels of the output.
    kernel_size : int or (int, int)
    strides : int or (int, int), default 1
    padding : {"valid", "same"}, default "valid"
    data_format : None or "channels_last"
    dilation_rate : int or (int, int), default 1
    depth_multiplier : int, default 1
        Outputs of each channel between the two.
    activation : str or function, optional
    use_bias : bool, default True
    depthwise_initializer, pointwise_initializer : default "glorot_uniform"
        Of the kernels, (height, width, channels, depth_multiplier) and (1, 1, channels * depth_multiplier, filters).
    bias_initializer : default "zeros"
        Of the bias, (filters,).
    """

    axes = 2
    _depthwise = staticmethod(F.depthwise_conv2d)
    _pointwise = staticmethod(F.conv2d)


SeparableConvolution1D = SeparableConv1D
SeparableConvolution2D = SeparableConv2D
