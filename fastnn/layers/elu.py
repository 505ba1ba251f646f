"""ELU."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from ..tensor import Tensor
from .base.same_shape import SameShape

__all__ = ["ELU"]


class ELU(SameShape):
    """x where x > 0, else ``alpha * (exp(x) - 1)``.

    Parameters
    ----------
    alpha : float, default 1
    """

    _streams = True

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = float(alpha)

    def call(self, inputs: Tensor) -> Tensor:
        return F.elu(inputs, self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}
