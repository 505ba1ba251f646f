"""Initial values without chance: zeros, ones, one value, the identity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .base import Initializer

if TYPE_CHECKING:
    from numpy.random import Generator

__all__ = ["Constant", "Identity", "Ones", "Zeros"]


class Zeros(Initializer):
    """Zeros."""

    def draw(self, shape: tuple[int, ...], generator: Generator) -> np.ndarray:
        return np.zeros(shape)


class Ones(Initializer):
    """Ones."""

    def draw(self, shape: tuple[int, ...], generator: Generator) -> np.ndarray:
        return np.ones(shape)


class Constant(Initializer):
    """One value everywhere."""

    def __init__(self, value: float = 0.0) -> None:
        self.value = value

    def draw(self, shape: tuple[int, ...], generator: Generator) -> np.ndarray:
        return np.full(shape, self.value)

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value}


class Identity(Initializer):
    """A matrix with gain on its diagonal, and zeros."""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def draw(self, shape: tuple[int, ...], generator: Generator) -> np.ndarray:
        if len(shape) != 2:
            raise ValueError(f"Identity: expected a shape of two axes, got {shape}")
        return self.gain * np.eye(*shape)

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}
