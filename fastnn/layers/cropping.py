"""Sequences, images and volumes without their edges: Cropping1D, Cropping2D, Cropping3D."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..tensor import Tensor
from .base import Shape, arguments
from .base.streaming import JOINS_STEPS
from .padding import SpatialLayer

__all__ = ["Cropping1D", "Cropping2D", "Cropping3D"]


class _Cropping(SpatialLayer):
    """What the layers share: how much is left out before and after along each axis."""

    _streams = JOINS_STEPS

    def __init__(self, cropping: Any, data_format: str | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        arguments.channels_last(type(self).__name__, data_format)
        self.cropping = arguments.edges(type(self).__name__, "cropping", cropping, self.axes)

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

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cropping": arguments.written_edges(self.cropping)}


class Cropping1D(_Cropping):
    """(batch, steps, channels) without its first and last steps.

    Parameters
    ----------
    cropping : int or (int, int), default (1, 1)
        Steps left out at the beginning and at the end.
    """

    axes = 1

    def __init__(self, cropping: int | Sequence[int] = (1, 1), **kwargs: Any) -> None:
        super().__init__(cropping, None, **kwargs)


class Cropping2D(_Cropping):
    """(batch, height, width, channels) without rows and columns at its edges.

    Parameters
    ----------
    cropping : int, (int, int) or ((int, int), (int, int)), default ((0, 0), (0, 0))
        Rows and columns on both sides, or ((top, bottom), (left, right)).
    data_format : None or "channels_last"
    """

    axes = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)


class Cropping3D(_Cropping):
    """(batch, depth, height, width, channels) without its edges.

    Parameters
    ----------
    cropping : int, three of them or three pairs, default ((1, 1), (1, 1), (1, 1))
        How much is left out on both sides of the axes, or before and after along each.
    data_format : None or "channels_last"
    """

    axes = 3

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)
