"""What layers share that draw random numbers while training, and their arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ... import functional as F
from ... import random
from ...program import advance
from ...tensor import Tensor
from .layer import Layer, Shape

__all__ = ["Drawing", "checked_noise_shape", "drop_rate"]


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

    def _makes_weights(self) -> bool:
        return type(self).build is not Drawing.build

    def _own_state(self) -> dict[str, Any]:
        return {**super()._own_state(), "draws": (self._seed_cell.value, self._draws.value, self._positions)}

    def _take_own_state(self, state: Mapping[str, Any]) -> None:
        super()._take_own_state(state)
        self._seed_cell.value, self._draws.value, self._positions = state["draws"]

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
