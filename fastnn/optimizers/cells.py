"""The learning rate and the number of steps as an optimizer shows them: numbers that can be assigned, as in Keras.

Both stand in cells that programs read when they run. What is shown is the number of that moment; `numpy`, `value` and
`assign` look at the optimizer itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from .base import Optimizer

__all__ = ["Count", "Rate"]


class _Cell:
    """What a number has in common with the other variables of an optimizer."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...] = ()
    ndim = 0
    size = 1
    trainable = False
    _optimizer: Optimizer

    def __new__(cls, value: float, optimizer: Optimizer) -> Self:
        self: Self = super().__new__(cls, value)  # type: ignore[call-arg]
        self._optimizer = optimizer
        return self

    def __reduce__(self) -> tuple[type, tuple[Any]]:
        number: Any = self
        kind = float if isinstance(number, float) else int
        return kind, (kind(number),)

    def assign(self, value: Any) -> Self:
        """Set it; the number that it is then."""
        self._put(value)
        return type(self)(self._now(), self._optimizer)

    def _put(self, value: Any) -> None:
        raise NotImplementedError

    def _now(self) -> Any:
        return getattr(self._optimizer, self.name)

    @property
    def value(self) -> np.generic:
        """The number as it is now."""
        number: np.generic = self.dtype.type(self._now())
        return number

    def numpy(self) -> np.generic:
        """The number as it is now."""
        return self.value

    def assign_add(self, value: Any) -> Self:
        """Add to the number."""
        return self.assign(self._now() + value)

    def assign_sub(self, value: Any) -> Self:
        """Subtract from the number."""
        return self.assign(self._now() - value)


class Rate(_Cell, float):
    """A learning rate."""

    name = "learning_rate"
    dtype = np.dtype(np.float32)

    def _put(self, value: Any) -> None:
        self._optimizer.learning_rate = value


class Count(_Cell, int):
    """A number of steps."""

    name = "iterations"
    dtype = np.dtype(np.int64)

    def _put(self, value: Any) -> None:
        self._optimizer._set_iterations(value)
