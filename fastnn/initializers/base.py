"""What every initializer is: a function of a shape that draws from its own seed, or from a generator it is given."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import random
from .._config import Configurable

if TYPE_CHECKING:
    from numpy.random import Generator

__all__ = ["Initializer", "takes_generator"]


class Initializer(Configurable):
    """Base of the initializers: `draw` makes the values."""

    seed: int | None = None

    def __call__(
        self, shape: Sequence[int], dtype: Any = "float32", *, generator: Generator | None = None
    ) -> np.ndarray:
        """Values of a shape.

        Parameters
        ----------
        shape : sequence of int
        dtype : dtype, default float32
        generator : numpy.random.Generator, optional
            Where the numbers come from when the initializer has no seed; a new one when not given.
        """
        if self.seed is not None or generator is None:
            generator = random.generator(random.next_seed() if self.seed is None else self.seed, 0)
        return np.asarray(self.draw(tuple(shape), generator), dtype=dtype)

    def draw(self, shape: tuple[int, ...], generator: Generator) -> np.ndarray:
        """Values of a shape, from a generator."""
        raise NotImplementedError(f"{type(self).__name__} does not implement draw")


def takes_generator(initializer: Any) -> bool:
    """Whether it draws from a generator it is given; functions and classes of the user's own need not."""
    if not isinstance(initializer, Initializer):
        return False
    parameters = inspect.signature(initializer.__call__).parameters
    return "generator" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())
