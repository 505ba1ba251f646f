"""ReLU, with its variants."""

from __future__ import annotations

from typing import Any

from .. import activations
from ..tensor import Tensor
from .base.same_shape import SameShape

__all__ = ["ReLU"]


class ReLU(SameShape):
    """Rectified linear unit: x from threshold on, at most max_value, and ``negative_slope * (x - threshold)`` below.

    Parameters
    ----------
    max_value : float, optional
        At least 0.
    negative_slope : float, default 0
        At least 0.
    threshold : float, default 0
        At least 0.
    """

    _streams = True

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, value in (("max_value", max_value), ("negative_slope", negative_slope), ("threshold", threshold)):
            if value is not None and not value >= 0:
                raise ValueError(f"ReLU: expected {name} >= 0, got {value}")
        self.max_value = None if max_value is None else float(max_value)
        self.negative_slope = float(negative_slope)
        self.threshold = float(threshold)

    def call(self, inputs: Tensor) -> Tensor:
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }
