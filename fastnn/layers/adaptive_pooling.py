"""Pooling to sizes that are given: AdaptiveAveragePooling1D to 3D, AdaptiveMaxPooling1D to 3D."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from .. import functional as F
from ..tensor import Tensor, constant
from .base import Layer, Shape, arguments
from .base.streaming import JOINS_STEPS

__all__ = [
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
]


class AdaptivePooling(Layer):
    """What these layers share. Of n positions that become m, result i pools those from floor(i n / m) up to
    ceil((i + 1) n / m), axis by axis."""

    _axes: ClassVar[int]
    _pool: ClassVar[Callable[..., Tensor]]  # of sequences
    _streams = JOINS_STEPS

    def __init__(self, output_size: int | Sequence[int], data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        arguments.channels_last(type(self).__name__, data_format)
        self.output_size = arguments.sizes(type(self).__name__, "output_size", output_size, self._axes)

    def check_input(self, shape: Shape) -> None:
        if len(shape) != self._axes + 2 or 0 in shape[1:-1]:
            raise self.expected(arguments.layout(self._axes), shape)

    def call(self, inputs: Tensor) -> Tensor:
        y = inputs
        for axis, size in enumerate(self.output_size, 1):
            before, behind = y.shape[1:axis], y.shape[axis + 1 :]
            flat = F.reshape(y, (-1, y.shape[axis], int(np.prod(behind))))
            y = F.reshape(self._pooled(flat, size), (-1, *before, size, *behind))
        return y

    def _pooled(self, x: Tensor, size: int) -> Tensor:
        """x (batch, n, features) as (batch, size, features)."""
        pool, given = type(self)._pool, x.shape[1]
        if given % size == 0:
            return pool(x, given // size)
        starts = np.arange(size) * given // size
        widths = -(-np.arange(1, size + 1) * given // size) - starts
        narrow, wide = int(widths.min()), int(widths.max())
        pooled = pool(x, narrow, 1)
        if wide > narrow:
            starts = np.where(widths > narrow, starts + pooled.shape[1], starts)
            pooled = F.concatenate([pooled, pool(x, wide, 1)], axis=1)
        return F.take(pooled, constant(starts), axis=1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self.check_input(input_shape)
        return (input_shape[0], *self.output_size, input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "output_size": list(self.output_size)}


class AdaptiveAveragePooling1D(AdaptivePooling):
    """Means over as many windows of (batch, steps, channels) as output_size says.

    Parameters
    ----------
    output_size : int
    data_format : None or "channels_last"
    """

    _axes = 1
    _pool = staticmethod(F.avg_pool1d)


class AdaptiveAveragePooling2D(AdaptivePooling):
    """Means over as many windows of (batch, height, width, channels) as output_size says.

    Parameters
    ----------
    output_size : int or (int, int)
    data_format : None or "channels_last"
    """

    _axes = 2
    _pool = staticmethod(F.avg_pool1d)


class AdaptiveAveragePooling3D(AdaptivePooling):
    """Means over as many windows of (batch, depth, height, width, channels) as output_size says.

    Parameters
    ----------
    output_size : int or (int, int, int)
    data_format : None or "channels_last"
    """

    _axes = 3
    _pool = staticmethod(F.avg_pool1d)


class AdaptiveMaxPooling1D(AdaptivePooling):
    """Maxima over as many windows of (batch, steps, channels) as output_size says.

    Parameters
    ----------
    output_size : int
    data_format : None or "channels_last"
    """

    _axes = 1
    _pool = staticmethod(F.max_pool1d)


class AdaptiveMaxPooling2D(AdaptivePooling):
    """Maxima over as many windows of (batch, height, width, channels) as output_size says.

    Parameters
    ----------
    output_size : int or (int, int)
    data_format : None or "channels_last"
    """

    _axes = 2
    _pool = staticmethod(F.max_pool1d)


class AdaptiveMaxPooling3D(AdaptivePooling):
    """Maxima over as many windows of (batch, depth, height, width, channels) as output_size says.

    Parameters
    ----------
    output_size : int or (int, int, int)
    data_format : None or "channels_last"
    """

    _axes = 3
    _pool = staticmethod(F.max_pool1d)
