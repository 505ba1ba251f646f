"""Dropout of whole channels: SpatialDropout1D, SpatialDropout2D, SpatialDropout3D."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .base import Shape
from .base.arguments import channels_last
from .dropout import Dropout

__all__ = ["SpatialDropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"]


class SpatialDropout(Dropout):
    """Dropout of whole channels."""

    _rank: int  # of the input

    def __init__(self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any) -> None:
        channels_last(type(self).__name__, data_format)
        super().__init__(rate, seed=seed, **kwargs)

    def check_input(self, shape: Shape) -> None:
        if len(shape) != self._rank:
            raise ValueError(f"{self.name}: expected an input of {self._rank} axes, got {tuple(shape)}")

    def _noise_shape(self, inputs: Tensor) -> tuple[int | None, ...]:
        return (None, *(1 for _ in inputs.shape[1:-1]), None)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["noise_shape"]
        return config


class SpatialDropout1D(SpatialDropout):
    """While training, zeroes each channel of a sequence with probability rate and scales the rest by 1 / (1 - rate).

    Neighbouring steps of a channel say much the same, so that dropping single ones regularises little.

    Parameters
    ----------
    rate : float
        In [0, 1).
    seed : int, optional

    References
    ----------
    Tompson et al., "Efficient object localization using convolutional networks", CVPR 2015.
    """

    _rank = 3

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, seed=seed, **kwargs)


class SpatialDropout2D(SpatialDropout):
    """While training, zeroes each channel of an image with probability rate; see `SpatialDropout1D`.

    Parameters
    ----------
    rate : float
        In [0, 1).
    data_format : None or "channels_last"
    seed : int, optional
    """

    _rank = 4


class SpatialDropout3D(SpatialDropout):
    """While training, zeroes each channel of a volume with probability rate; see `SpatialDropout1D`.

    Parameters
    ----------
    rate : float
        In [0, 1).
    data_format : None or "channels_last"
    seed : int, optional
    """

    _rank = 5
