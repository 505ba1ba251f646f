"""Transposed convolution layers: Conv1DTranspose, Conv2DTranspose, Conv3DTranspose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import activations, initializers
from .. import functional as F
from .base_convolution_transpose import ConvolutionTranspose

__all__ = [
    "Conv1DTranspose",
    "Conv2DTranspose",
    "Conv3DTranspose",
    "Convolution1DTranspose",
    "Convolution2DTranspose",
    "Convolution3DTranspose",
]


class Conv1DTranspose(ConvolutionTranspose):
    """One-dimensional transposed convolution of (batch, steps, channels).

    Parameters
    ----------
    filters : int
        Channels of the output.
    kernel_size : int
    strides : int, default 1
        How many steps of the output a step of the input is apart from the next.
    padding : {"valid", "same"}, default "valid"
        The output has (steps - 1) * stride + max(kernel, stride) steps for "valid", steps * stride for "same".
    output_padding : int, optional
        Below the stride: the output then has (steps - 1) * stride + kernel + output_padding steps, with kernel % 2 in
        place of kernel for "same".
    data_format : None or "channels_last"
    dilation_rate : int, default 1
    activation : str or function, optional
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
        Of the kernel, (kernel_size, filters, channels).
    bias_initializer : default "zeros"
        Of the bias, (filters,).
    """

    axes = 1
    _convolve = staticmethod(F.conv1d_transpose)


class Conv2DTranspose(ConvolutionTranspose):
    """Two-dimensional transposed convolution of (batch, height, width, channels).

    Parameters
    ----------
    filters : int
        Channels of the output.
    kernel_size : int or (int, int)
    strides : int or (int, int), default 1
        How many pixels of the output a pixel of the input is apart from the next.
    padding : {"valid", "same"}, default "valid"
        Sizes become (size - 1) * stride + max(kernel, stride) for "valid", size * stride for "same".
    output_padding : int or (int, int), optional
        Below the strides: sizes then become (size - 1) * stride + kernel + output_padding, with kernel % 2 in place of
        kernel for "same".
    data_format : None or "channels_last"
    dilation_rate : int or (int, int), default 1
    activation : str or function, optional
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
        Of the kernel, (height, width, filters, channels).
    bias_initializer : default "zeros"
        Of the bias, (filters,).
    """

    axes = 2
    _convolve = staticmethod(F.conv2d_transpose)


class Conv3DTranspose(ConvolutionTranspose):
    """Three-dimensional transposed convolution of (batch, depth, height, width, channels).

    Parameters
    ----------
    filters : int
        Channels of the output.
    kernel_size : int or (int, int, int)
    strides : int or (int, int, int), default 1
        How many pixels of the output a pixel of the input is apart from the next.
    padding : {"valid", "same"}, default "valid"
        Sizes become (size - 1) * stride + max(kernel, stride) for "valid", size * stride for "same".
    data_format : None or "channels_last"
    output_padding : int or (int, int, int), optional
        Below the strides: sizes then become (size - 1) * stride + kernel + output_padding, with kernel % 2 in place of
        kernel for "same".
    dilation_rate : int or (int, int, int), default 1
    activation : str or function, optional
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
        Of the kernel, (depth, height, width, filters, channels).
    bias_initializer : default "zeros"
        Of the bias, (filters,).
    """

    axes = 3
    _convolve = staticmethod(F.conv3d_transpose)

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        output_padding: int | Sequence[int] | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: str | activations.Activation | None = None,
        use_bias: bool = True,
        kernel_initializer: initializers.InitializerLike = "glorot_uniform",
        bias_initializer: initializers.InitializerLike = "zeros",
        **kwargs: Any,
    ) -> None:
        # Keras has data_format before output_padding in this layer only
        rest = (dilation_rate, activation, use_bias, kernel_initializer, bias_initializer)
        super().__init__(filters, kernel_size, strides, padding, output_padding, data_format, *rest, **kwargs)


Convolution1DTranspose = Conv1DTranspose
Convolution2DTranspose = Conv2DTranspose
Convolution3DTranspose = Conv3DTranspose
