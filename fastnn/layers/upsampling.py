"""Sequences, images and volumes so many times as large: UpSampling1D, UpSampling2D, UpSampling3D."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from .. import functional as F
from ..tensor import Tensor
from .base import arguments
from .base.streaming import JOINS_STEPS
from .padding import SpatialLayer

__all__ = ["UpSampling1D", "UpSampling2D", "UpSampling3D"]


class _UpSampling(SpatialLayer):
    """What the layers share: a factor for each axis; every entry comes so many times."""

    _streams = JOINS_STEPS
    size: Any

    def _factors(self) -> tuple[int, ...]:
        return (self.size,) if isinstance(self.size, int) else self.size

    def call(self, inputs: Tensor) -> Tensor:
        y = inputs
        for axis, factor in enumerate(self._factors()):
            y = F.repeat(y, factor, axis + 1)
        return y

    def _size(self, size: int, axis: int) -> int:
        return size * self._factors()[axis]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size if isinstance(self.size, int) else list(self.size)}


class UpSampling1D(_UpSampling):
    """Every step of (batch, steps, channels) so many times.

    Parameters
    ----------
    size : int, default 2
    """

    axes = 1

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = arguments.positive("UpSampling1D", "size", size)


class UpSampling2D(_UpSampling):
    """Images (batch, height, width, channels) so many times as high and wide.

    Parameters
    ----------
    size : int or (int, int), default (2, 2)
        Factors of height and width.
    data_format : None or "channels_last"
    interpolation : {"nearest", "bilinear"}, default "nearest"
    """

    axes = 2
    _streams = JOINS_STEPS

    def __init__(
        self,
        size: int | Sequence[int] = (2, 2),
        data_format: str | None = None,
        interpolation: Literal["nearest", "bilinear"] = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        arguments.channels_last("UpSampling2D", data_format)
        self.size = arguments.pair("UpSampling2D", "size", size)
        if interpolation not in ("nearest", "bilinear"):
            raise ValueError(f"UpSampling2D: expected interpolation 'nearest' or 'bilinear', got {interpolation!r}")
        self.interpolation = interpolation

    def call(self, inputs: Tensor) -> Tensor:
        if self.interpolation == "bilinear":
            height, width = (self._size(size, axis) for axis, size in enumerate(inputs.shape[1:3]))
            return F.resize(inputs, (height, width), "bilinear")
        return super().call(inputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "interpolation": self.interpolation}


class UpSampling3D(_UpSampling):
    """Volumes (batch, depth, height, width, channels) so many times as deep, high and wide.

    Parameters
    ----------
    size : int or (int, int, int), default (2, 2, 2)
        Factors of depth, height and width.
    data_format : None or "channels_last"
    """

    axes = 3

    def __init__(self, size: int | Sequence[int] = (2, 2, 2), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        arguments.channels_last("UpSampling3D", data_format)
        self.size = arguments.sizes("UpSampling3D", "size", size, 3)
