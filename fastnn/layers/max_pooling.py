"""Maxima over windows of sequences, images and volumes."""

from __future__ import annotations

from .. import functional as F
from .base_pooling import Pooling

__all__ = ["MaxPool1D", "MaxPool2D", "MaxPool3D", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D"]


class MaxPooling1D(Pooling):
    """Maximum over windows of (batch, steps, channels).

    Parameters
    ----------
    pool_size : int, default 2
    strides : int, optional
        The pool size when not given.
    padding : {"valid", "same"}, default "valid"
        "same" keeps ceil(steps / stride); padding never is the maximum.
    data_format : None or "channels_last"
    """

    _axes = 1
    _pool = staticmethod(F.max_pool1d)


class MaxPooling2D(Pooling):
    """Maximum over windows of (batch, height, width, channels).

    Parameters
    ----------
    pool_size : int or (int, int), default 2
    strides : int or (int, int), optional
        The pool size when not given.
    padding : {"valid", "same"}, default "valid"
        "same" keeps ceil(size / stride); padding never is the maximum.
    data_format : None or "channels_last"
    """

    _axes = 2
    _pool = staticmethod(F.max_pool2d)


class MaxPooling3D(Pooling):
    """Maximum over windows of (batch, depth, height, width, channels).

    Parameters
    ----------
    pool_size : int or (int, int, int), default 2
    strides : int or (int, int, int), optional
        The pool size when not given.
    padding : {"valid", "same"}, default "valid"
        "same" keeps ceil(size / stride); padding never is the maximum.
    data_format : None or "channels_last"
    """

    _axes = 3
    _pool = staticmethod(F.max_pool3d)


MaxPool1D = MaxPooling1D
MaxPool2D = MaxPooling2D
MaxPool3D = MaxPooling3D
