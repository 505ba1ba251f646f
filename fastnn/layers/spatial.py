"""Layers that change the length of sequences and the size of images: zero padding, cropping, upsampling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from .. import functional as F
from ..tensor import Tensor
from . import arguments
from .base import Layer, Shape
from .streaming import JOINS_STEPS

__all__ = ["Cropping1D", "Cropping2D", "UpSampling1D", "UpSampling2D", "ZeroPadding1D", "ZeroPadding2D"]

Edges = tuple[tuple[int, int], ...]


class _Spatial(Layer):
    """What these layers share: the axes between batch and channels."""

    spatial = 1

    def check_input(self, shape: Shape) -> None:
        axes = {1: "(batch, steps, features)", 2: "(batch, height, width, channels)"}[self.spatial]
        if len(shape) != self.spatial + 2:
            raise self.expected(axes, shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self.check_input(input_shape)
        sizes = [None if size is None else self._size(size, axis) for axis, size in enumerate(input_shape[1:-1])]
        return (input_shape[0], *sizes, input_shape[-1])

    def _size(self, size: int, axis: int) -> int:
        """The new size of a spatial axis."""
        raise NotImplementedError


class _ZeroPadding(_Spatial):
    padding: Edges
    _streams = "it adds steps; use a convolution with padding='causal' instead of zeros in front"

    def call(self, inputs: Tensor) -> Tensor:
        return F.pad(inputs, ((0, 0), *self.padding, (0, 0)))

    def _size(self, size: int, axis: int) -> int:
        return size + sum(self.padding[axis])


class ZeroPadding1D(_ZeroPadding):
    """Zeros before and after (batch, steps, features) along the steps.

    Parameters
    ----------
    padding : int or (int, int), default 1
        Steps before and after.
    data_format : None or "channels_last"
    """

    def __init__(self, padding: int | Sequence[int] = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        arguments.channels_last("ZeroPadding1D", data_format)
        self.padding = (arguments.edges("ZeroPadding1D", "padding", padding),)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "padding": list(self.padding[0])}


class ZeroPadding2D(_ZeroPadding):
    """Zeros around (batch, height, width, channels).

    Parameters
    ----------
    padding : int, (int, int) or ((int, int), (int, int)), default (1, 1)
        Rows and columns on both sides, or ((top, bottom), (left, right)).
    data_format : None or "channels_last"
    """

    spatial = 2

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        arguments.channels_last("ZeroPadding2D", data_format)
        self.padding = arguments.edges2d("ZeroPadding2D", "padding", padding)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "padding": [list(edge) for edge in self.padding]}


class _Cropping(_Spatial):
    cropping: Edges
    _streams = JOINS_STEPS

    def check_input(self, shape: Shape) -> None:
        super().check_input(shape)
        for size, (before, after) in zip(shape[1:-1], self.cropping, strict=True):
            if size is not None and before + after >= size:
                raise self.expected(f"larger than what is cropped, {self.cropping}", shape)

    def call(self, inputs: Tensor) -> Tensor:
        # a negative stop of 0 would be the beginning
        kept = tuple(slice(before, -after if after else None) for before, after in self.cropping)
        return inputs[(slice(None), *kept)]

    def _size(self, size: int, axis: int) -> int:
        return size - sum(self.cropping[axis])


class Cropping1D(_Cropping):
    """(batch, steps, features) without its first and last steps.

    Parameters
    ----------
    cropping : int or (int, int), default (1, 1)
        Steps left out at the beginning and at the end.
    """

    def __init__(self, cropping: int | Sequence[int] = (1, 1), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping = (arguments.edges("Cropping1D", "cropping", cropping),)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cropping": list(self.cropping[0])}


class Cropping2D(_Cropping):
    """(batch, height, width, channels) without rows and columns at its edges.

    Parameters
    ----------
    cropping : int, (int, int) or ((int, int), (int, int)), default ((0, 0), (0, 0))
        Rows and columns on both sides, or ((top, bottom), (left, right)).
    data_format : None or "channels_last"
    """

    spatial = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        arguments.channels_last("Cropping2D", data_format)
        self.cropping = arguments.edges2d("Cropping2D", "cropping", cropping)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cropping": [list(edge) for edge in self.cropping]}


class UpSampling1D(_Spatial):
    """Every step of (batch, steps, features) so many times.

    Parameters
    ----------
    size : int, default 2
    """

    _streams = JOINS_STEPS

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = arguments.positive("UpSampling1D", "size", size)

    def call(self, inputs: Tensor) -> Tensor:
        return F.repeat(inputs, self.size, 1)

    def _size(self, size: int, axis: int) -> int:
        return size * self.size

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size}


class UpSampling2D(_Spatial):
    """Images (batch, height, width, channels) so many times as high and wide.

    Parameters
    ----------
    size : int or (int, int), default (2, 2)
        Factors of height and width.
    data_format : None or "channels_last"
    interpolation : {"nearest", "bilinear"}, default "nearest"
    """

    spatial = 2
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
        return F.repeat(F.repeat(inputs, self.size[0], 1), self.size[1], 2)

    def _size(self, size: int, axis: int) -> int:
        return size * self.size[axis]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": list(self.size), "interpolation": self.interpolation}
