"""Layers that disturb their input while training: Gaussian noise, added or multiplied, and dropout for selu."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import functional as F
from ..tensor import Tensor
from .base import Shape
from .base.drawing import Drawing, checked_noise_shape, drop_rate

__all__ = ["AlphaDropout", "GaussianDropout", "GaussianNoise"]

# -scale * alpha of selu: what its negative side saturates at
_SELU_FLOOR = -1.7580993408473766


class GaussianNoise(Drawing):
    """While training, adds normally distributed numbers with mean 0.

    Parameters
    ----------
    stddev : float
        Their standard deviation, at least 0.
    seed : int, optional
        The model's seed when not given.
    """

    supports_masking = True
    _streams = True

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        if isinstance(stddev, bool) or not isinstance(stddev, int | float):
            raise TypeError(f"GaussianNoise: expected stddev to be a number, got {stddev!r}")
        if not 0 <= stddev < math.inf:
            raise ValueError(f"GaussianNoise: expected stddev finite and at least 0, got {stddev}")
        self.stddev = float(stddev)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if not training or self.stddev == 0:
            return inputs
        return F.add(inputs, self._draw(F.random_normal, inputs, std=self.stddev))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}


class GaussianDropout(Drawing):
    """While training, multiplies by normally distributed numbers with mean 1 and variance ``rate / (1 - rate)``.

    Parameters
    ----------
    rate : float
        In [0, 1); the variance is that of dropout with this rate.
    seed : int, optional
        The model's seed when not given.

    References
    ----------
    Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15, 2014, section 10.
    """

    supports_masking = True
    _streams = True

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.rate = drop_rate("GaussianDropout", "rate", rate)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if not training or self.rate == 0:
            return inputs
        std = math.sqrt(self.rate / (1 - self.rate))
        return F.multiply(inputs, self._draw(F.random_normal, inputs, mean=1.0, std=std))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


class AlphaDropout(Drawing):
    """Dropout for networks of selu: while training, sets elements to selu's negative saturation, then scales and shifts
    all of them so that mean and variance stay as they are.

    Parameters
    ----------
    rate : float
        In [0, 1).
    noise_shape : sequence of int or None, optional
        As for `Dropout`.
    seed : int, optional
        The model's seed when not given.

    References
    ----------
    Klambauer et al., "Self-normalizing neural networks", NeurIPS 2017.
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
        self.rate = drop_rate("AlphaDropout", "rate", rate)
        self.noise_shape = checked_noise_shape("AlphaDropout", noise_shape)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if not training or self.rate == 0:
            return inputs
        drawn = self._draw(F.random_uniform, self._noise_like(inputs, self.noise_shape))
        kept = F.greater_equal(drawn, self.rate)
        scale = ((1 - self.rate) * (1 + self.rate * _SELU_FLOOR**2)) ** -0.5
        return F.subtract(F.multiply(F.where(kept, inputs, _SELU_FLOOR), scale), scale * _SELU_FLOOR * self.rate)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        shape = None if self.noise_shape is None else list(self.noise_shape)
        return {**super().get_config(), "rate": self.rate, "noise_shape": shape, "seed": self.seed}
