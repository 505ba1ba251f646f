"""Layers against overfitting: Dropout, and what all layers have that draw random numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import functional as F
from .. import random
from ..tensor import Tensor
from .base import Layer, Shape

__all__ = ["Dropout"]


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
            self._draws.value += 1
        else:
            self._calls += 1
        return y


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
    seed : int, optional
        The model's seed when not given.
    """

    supports_masking = True
    _streams = True

    def __init__(self, rate: float, noise_shape: None = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        if noise_shape is not None:
            raise ValueError(f"Dropout: expected noise_shape None, got {noise_shape!r}")
        self.rate = rate

    @property
    def rate(self) -> float:
        """Probability of a zero."""
        return self._rate

    @rate.setter
    def rate(self, value: float) -> None:
        self._rate = drop_rate("Dropout", "rate", value)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        return self._drop(inputs, self.rate) if training and self.rate > 0 else inputs

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
