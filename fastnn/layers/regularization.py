"""Dropout of elements and of channels, and what all layers have that draw random numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import functional as F
from .. import random
from ..program import advance
from ..tensor import Tensor
from .arguments import channels_last
from .base import Layer, Shape

__all__ = ["Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"]


class Drawing(Layer):
    """A layer that draws random numbers while training.

    The numbers are a function of the seed, the layer's place in its model, and how often it has drawn.

    Parameters
    ----------
    seed : int, optional
        From 0 to 2**63 - 1; the model's seed when not given.
    """

    _unrecorded = Layer._unrecorded | {"_seed_cell", "_draws", "_calls", "_positions"}

    def __init__(self, *, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        cls = type(self).__name__
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int | np.integer)):
            raise TypeError(f"{cls}: expected seed to be an integer, got {seed!r}")
        if seed is not None and not 0 <= seed < 2**63:
            raise ValueError(f"{cls}: expected a seed from 0 to 2**63 - 1, got {seed}")
        self.seed = None if seed is None else int(seed)
        self._seed_cell = random.cell()
        self._draws = random.cell()
        # calls so far in a training step, whose end counts as one draw; None outside of steps
        self._calls: int | None = None
        self._positions: tuple[int, ...] = ()

    def build(self, input_shape: Shape) -> None:
        seed, self._positions = self._origin()
        self._seed_cell.value = seed if self.seed is None else self.seed

    def _drop(self, x: Tensor, rate: float) -> Tensor:
        """Dropout of x by the layer's next random numbers."""
        return self._draw(F.dropout, x, rate)

    def _draw(self, op: Callable[..., Tensor], *arguments: Any, **options: Any) -> Tensor:
        """An op's result that the layer's next random numbers go into."""
        stream = random.stream_of((*self._positions, self._calls or 0))
        y = op(*arguments, **options, seed=self._seed_cell, stream=stream, step=self._draws)
        if self._calls is None:
            advance(self._draws)
        else:
            self._calls += 1
        return y

    def _noise_like(self, x: Tensor, noise_shape: Sequence[int | None] | None) -> Tensor:
        """x, or a part of it with the shape that the noise is to have, which broadcasts to x."""
        if noise_shape is None:
            return x
        if len(noise_shape) != x.ndim or any(
            given not in (None, 1, size) for given, size in zip(noise_shape, x.shape, strict=False)
        ):
            raise ValueError(f"{self.name}: expected a noise_shape that broadcasts to {x.shape}, got {noise_shape}")
        index = tuple(slice(0, 1) if given == 1 else slice(None) for given in noise_shape)
        return x if index == (slice(None),) * x.ndim else x.detach()[index]


def checked_noise_shape(cls: str, value: Any) -> tuple[int | None, ...] | None:
    """None, or a tuple of None and positive integers."""
    if value is None:
        return None
    if not isinstance(value, tuple | list):
        raise TypeError(f"{cls}: expected noise_shape to be a tuple or list, got {value!r}")
    if any(size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 1) for size in value):
        raise ValueError(f"{cls}: expected noise_shape of None and positive integers, got {value!r}")
    return tuple(value)


def drop_rate(cls: str, argument: str, value: Any) -> float:
    """A probability below one."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{cls}: expected {argument} to be a number, got {value!r}")
    if not 0 <= value < 1:
        raise ValueError(f"{cls}: expected {argument} in [0, 1), got {value}")
    return float(value)


class Dropout(Drawing):
    """While training, zeroes each element with probability rate and scales the rest by 1 / (1 - rate).

    The numbers are a function of the seed, the layer's place in its model, and how often it has drawn.

    Parameters
    ----------
    rate : float
        In [0, 1).
    noise_shape : sequence of int or None, optional
        An entry for every axis of the input: 1 where all elements along it are kept or dropped together, None or the
        axis's size elsewhere.
    seed : int, optional
        The model's seed when not given.

    References
    ----------
    Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15, 2014.
    """

    supports_masking = True
    _streams = True

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, **kwargs)
        self.rate = rate
        self.noise_shape = checked_noise_shape(type(self).__name__, noise_shape)

    @property
    def rate(self) -> float:
        """Probability of a zero."""
        return self._rate

    @rate.setter
    def rate(self, value: float) -> None:
        self._rate = drop_rate(type(self).__name__, "rate", value)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if not training or self.rate == 0:
            return inputs
        pattern = self._noise_like(inputs, self._noise_shape(inputs))
        if pattern is inputs:
            return self._drop(inputs, self.rate)
        return F.multiply(inputs, self._drop(F.fill(pattern, 1.0), self.rate))

    def _noise_shape(self, inputs: Tensor) -> tuple[int | None, ...] | None:
        return self.noise_shape

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        shape = None if self.noise_shape is None else list(self.noise_shape)
        return {**super().get_config(), "rate": self.rate, "noise_shape": shape, "seed": self.seed}


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
