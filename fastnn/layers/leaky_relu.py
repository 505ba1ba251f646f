"""LeakyReLU."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from ..tensor import Tensor
from .base.same_shape import SameShape

__all__ = ["LeakyReLU"]


class LeakyReLU(SameShape):
    """x where x > 0, else ``negative_slope * x``.

    Parameters
    ----------
    negative_slope : float, default 0.3
        At least 0.
    """

    _streams = True

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not negative_slope >= 0:
            raise ValueError(f"LeakyReLU: expected negative_slope >= 0, got {negative_slope}")
        self.negative_slope = float(negative_slope)

    def call(self, inputs: Tensor) -> Tensor:
        return F.leaky_relu(inputs, self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "negative_slope": self.negative_slope}
