"""Convolution layers: Conv1D, Conv2D, Conv3D."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from .. import activations, initializers
from .. import functional as F
from ..tensor import Tensor
from . import arguments
from .base import Shape
from .window_layer import WindowLayer

__all__ = ["Conv1D", "Conv2D", "Conv3D", "Convolution1D", "Convolution2D", "Convolution3D"]


class _Convolution(WindowLayer):
    """What Conv1D, Conv2D and Conv3D share."""

    _convolve: ClassVar[Callable[..., Tensor]]

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        groups: int = 1,
        activation: str | activations.Activation | None = None,
        use_bias: bool = True,
        kernel_initializer: initializers.InitializerLike = "glorot_uniform",
        bias_initializer: initializers.InitializerLike = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        cls = type(self).__name__
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self.filters = arguments.positive(cls, "filters", filters)
        self.groups = arguments.positive(cls, "groups", groups)
        if self.filters % self.groups:
            raise ValueError(f"{cls}: expected filters divisible by groups={self.groups}, got {self.filters}")
        self._set_output(activation, use_bias, bias_initializer)
        self.kernel_initializer = initializers.get(kernel_initializer)

    def build(self, input_shape: Shape) -> None:
        channels = (input_shape[-1] or 0) // self.groups
        self.add_weight((*self.kernel_size, channels, self.filters), self.kernel_initializer, name="kernel")
        self._add_bias(self.filters)

    @property
    def kernel(self) -> Tensor:
        """The kernel, (window..., channels / groups, filters)."""
        return self._weights["kernel"]

    def _channels(self) -> int:
        return self.kernel.shape[-2] * self.groups

    def check_input(self, shape: Shape) -> None:
        super().check_input(shape)
        if (shape[-1] or 0) % self.groups:
            raise self.expected(f"{arguments.layout(self.axes)} with channels divisible by {self.groups}", shape)
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
                groups=self.groups,
                activation=fused,
            )
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self.check_input(input_shape)
        return (input_shape[0], *self._sizes(input_shape), self.filters)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            **self._window_config(),
            "groups": self.groups,
            **self._output_config(),
            "kernel_initializer": initializers.describe(self.kernel_initializer),
        }


class Conv1D(_Convolution):
    """One-dimensional convolution of (batch, steps, channels).

    Parameters
    ----------
    filters : int
        Channels of the output.
    kernel_size : int
    strides : int, default 1
    padding : {"valid", "same", "causal"}, default "valid"
        "same" keeps ceil(steps / stride) and puts the odd zero at the end; "causal" puts all of them before the first
        step, so that no output depends on later steps.
    data_format : None or "channels_last"
    dilation_rate : int, default 1
        Distance between the taps of the kernel.
    groups : int, default 1
        Groups of channels convolved apart from each other; divides channels and filters.
    activation : str or function, optional
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
        Of the kernel, (kernel_size, channels / groups, filters).
    bias_initializer : default "zeros"
        Of the bias, (filters,).
    """

    axes = 1
    _causal = True
    _convolve = staticmethod(F.conv1d)


class Conv2D(_Convolution):
    """Two-dimensional convolution of (batch, height, width, channels).

    Parameters
    ----------
    filters : int
        Channels of the output.
    kernel_size : int or (int, int)
    strides : int or (int, int), default 1
    padding : {"valid", "same"}, default "valid"
        "same" keeps ceil(size / stride) and puts the odd zero at the bottom and right.
    data_format : None or "channels_last"
    dilation_rate : int or (int, int), default 1
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

    axes = 2
    _convolve = staticmethod(F.conv2d)


class Conv3D(_Convolution):
    """Three-dimensional convolution of (batch, depth, height, width, channels).

    Parameters
    ----------
    filters : int
        Channels of the output.
    kernel_size : int or (int, int, int)
    strides : int or (int, int, int), default 1
    padding : {"valid", "same"}, default "valid"
        "same" keeps ceil(size / stride) and puts the odd zero at the back, bottom and right.
    data_format : None or "channels_last"
    dilation_rate : int or (int, int, int), default 1
        Distance between the taps of the kernel.
    groups : int, default 1
        Groups of channels convolved apart from each other; divides channels and filters.
    activation : str or function, optional
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
        Of the kernel, (depth, height, width, channels / groups, filters).
    bias_initializer : default "zeros"
        Of the bias, (filters,).
    """

    axes = 3
    _convolve = staticmethod(F.conv3d)


Convolution1D = Conv1D
Convolution2D = Conv2D
Convolution3D = Conv3D
