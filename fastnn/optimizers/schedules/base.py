"""What the schedules share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ... import _config

__all__ = ["Decay", "LearningRateSchedule", "Rate", "steps_of"]


class LearningRateSchedule(_config.Configurable):
    """Base of the schedules. A subclass defines ``__call__(step)``, and `get_config` to be written to files."""

    def __call__(self, step: int) -> Any:
        """The rate of a step, counted from 0: a number or a Tensor of one."""
        raise NotImplementedError(f"{type(self).__name__} does not implement __call__(step)")

    def get_config(self) -> dict[str, Any]:
        raise NotImplementedError(f"{type(self).__name__} does not implement get_config()")


Rate = float | LearningRateSchedule | Callable[[], Any] | Mapping[str, Any]


class Decay(LearningRateSchedule):
    """A schedule whose configuration is what it was made with."""

    arguments: tuple[str, ...]

    def get_config(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.arguments}


def steps_of(cls: str, name: str, value: float) -> float:
    """A number of steps above 0, or a ValueError."""
    if not value > 0:
        raise ValueError(f"{cls}: expected {name} above 0, got {value}")
    return value
