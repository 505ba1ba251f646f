"""GroupNormalization: by the statistics of each sample's groups of channels."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from .. import initializers
from ..tensor import Tensor
from .base import Shape, arguments
from .normalization import AffineLayer, one_axis, positive_epsilon

__all__ = ["GroupNormalization"]


class GroupNormalization(AffineLayer):
    """Normalises each sample's groups of channels: ``(x - mean) / sqrt(variance + epsilon) * gamma + beta``.

    A group is some neighbouring channels at all positions.

    Parameters
    ----------
    groups : int, default 32
        Divides the channels. 1 normalises all of them together, -1 each by itself (instance normalisation).
    axis : int, default -1
        The channels; the last axis only.
    epsilon : float, default 0.001
        Positive.
    center, scale : bool, default True
        Whether there is a beta and a gamma.
    beta_initializer, gamma_initializer : default "zeros" and "ones"
    """

    _streams = "it normalises over all steps; use LayerNormalization"

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: initializers.InitializerLike = "zeros",
        gamma_initializer: initializers.InitializerLike = "ones",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.groups = groups if groups == -1 else arguments.positive("GroupNormalization", "groups", groups)
        self.axis = one_axis("GroupNormalization", axis)
        self.epsilon = positive_epsilon("GroupNormalization", epsilon)
        self._set_affine(center, scale, beta_initializer, gamma_initializer)

    def check_input(self, shape: Shape) -> None:
        super().check_input(shape)
        if (shape[-1] or 0) % self.groups:
            raise self.expected(f"(batch, ..., channels) with channels divisible by {self.groups} groups", shape)

    def call(self, inputs: Tensor) -> Tensor:
        groups = inputs.shape[-1] if self.groups == -1 else self.groups
        return F.group_normalization(inputs, self.gamma, self.beta, groups, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "groups": self.groups,
            "axis": self.axis,
            "epsilon": self.epsilon,
            **self._affine_config(),
        }
