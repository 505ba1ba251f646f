"""Dropout of single elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import functional as F
from ..tensor import Tensor
from .base import Shape
from .base.drawing import Drawing, checked_noise_shape, drop_rate

__all__ = ["Dropout"]


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
