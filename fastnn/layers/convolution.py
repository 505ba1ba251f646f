"""Convolution layers: Conv1D, Conv2D, Conv3D."""

from __future__ import annotations

from .. import functional as F
from .base_convolution import Convolution

__all__ = ["Conv1D", "Conv2D", "Conv3D", "Convolution1D", "Convolution2D", "Convolution3D"]


class Conv1D(Convolution):
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


class Conv2D(Convolution):
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


class Conv3D(Convolution):
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
