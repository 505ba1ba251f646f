"""LayerNormalization and RMSNormalization: rows of the last axis, by one op."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from .. import functional as F
from .. import initializers
from ..tensor import Tensor
from .base import Shape
from .normalization import AffineLayer, LastAxisLayer, one_axis, positive_epsilon

__all__ = ["LayerNormalization", "RMSNormalization"]


class LayerNormalization(AffineLayer):
    """Normalises each row of the last axis: ``(x - mean) / sqrt(variance + epsilon) * gamma + beta``.

    Parameters
    ----------
    axis : int, default -1
        The last axis only.
    epsilon : float, default 0.001
        Positive.
    center, scale : bool, default True
        Whether there is a beta and a gamma.
    beta_initializer, gamma_initializer : default "zeros" and "ones"
    """

    _streams = True

    _single: ClassVar = {"rms_scaling": False}

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: initializers.InitializerLike = "zeros",
        gamma_initializer: initializers.InitializerLike = "ones",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis = one_axis("LayerNormalization", axis)
        self.epsilon = positive_epsilon("LayerNormalization", epsilon)
        self._set_affine(center, scale, beta_initializer, gamma_initializer)

    def call(self, inputs: Tensor) -> Tensor:
        return F.layer_normalization(inputs, self.gamma, self.beta, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "epsilon": self.epsilon,
            **self._affine_config(),
        }


class RMSNormalization(LastAxisLayer):
    """Divides each row of the last axis by its root mean square: ``x / sqrt(mean(x * x) + epsilon) * scale``.

    Parameters
    ----------
    axis : int, default -1
        The last axis only.
    epsilon : float, default 1e-6
        Positive.
    """

    _streams = True

    def __init__(self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = one_axis("RMSNormalization", axis)
        self.epsilon = positive_epsilon("RMSNormalization", epsilon)

    def build(self, input_shape: Shape) -> None:
        self.add_weight((input_shape[-1] or 0,), "ones", name="scale")

    @property
    def scale(self) -> Tensor:
        """The scale, (n,)."""
        return self._weights["scale"]

    def call(self, inputs: Tensor) -> Tensor:
        return F.layer_normalization(inputs, self.scale, None, self.epsilon, rms=True)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}
