"""ActivityRegularization: a penalty of what passes through."""

from __future__ import annotations

from typing import Any

from ..regularizers import L1L2
from ..tensor import Tensor
from .base.same_shape import SameShape

__all__ = ["ActivityRegularization"]


class ActivityRegularization(SameShape):
    """The inputs as they are; ``l1 * sum(abs(x)) + l2 * sum(x**2)``, divided by the batch, adds to the loss.

    Parameters
    ----------
    l1, l2 : float, default 0
    """

    _streams = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=L1L2(l1, l2), **kwargs)
        self.l1, self.l2 = l1, l2

    def call(self, inputs: Tensor) -> Tensor:
        return inputs

    def get_config(self) -> dict[str, Any]:
        config = {name: value for name, value in super().get_config().items() if name != "activity_regularizer"}
        return {**config, "l1": self.l1, "l2": self.l2}
