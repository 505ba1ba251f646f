"""Means over windows of sequences, images and volumes."""

from __future__ import annotations

from .. import functional as F
from .base_pooling import Pooling

__all__ = ["AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "AvgPool1D", "AvgPool2D", "AvgPool3D"]


class AveragePooling1D(Pooling):
    """Mean over windows of (batch, steps, channels).

    Parameters
    ----------
    pool_size : int, default 2
    strides : int, optional
        The pool size when not given.
    padding : {"valid", "same"}, default "valid"
        "same" keeps ceil(steps / stride); padding is left out of the mean.
    data_format : None or "channels_last"
    """

    _axes = 1
    _pool = staticmethod(F.avg_pool1d)


class AveragePooling2D(Pooling):
    """Mean over windows of (batch, height, width, channels).

    Parameters
    ----------
    pool_size : int or (int, int), default 2
    strides : int or (int, int), optional
        The pool size when not given.
    padding : {"valid", "same"}, default "valid"
        "same" keeps ceil(size / stride); padding is left out of the mean.
    data_format : None or "channels_last"
    """

    _axes = 2
    _pool = staticmethod(F.avg_pool2d)


class AveragePooling3D(Pooling):
    """Mean over windows of (batch, depth, height, width, channels).

    Parameters
    ----------
    pool_size : int or (int, int, int), default 2
    strides : int or (int, int, int), optional
        The pool size when not given.
    padding : {"valid", "same"}, default "valid"
        "same" keeps ceil(size / stride); padding is left out of the mean.
    data_format : None or "channels_last"
    """

    _axes = 3
    _pool = staticmethod(F.avg_pool3d)


AvgPool1D = AveragePooling1D
AvgPool2D = AveragePooling2D
AvgPool3D = AveragePooling3D
