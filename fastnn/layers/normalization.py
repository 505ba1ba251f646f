"""What the normalisation layers share: the axis, epsilon, and the scale gamma and offset beta of the result."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import initializers
from ..tensor import Tensor
from .base import Layer, Shape

__all__ = ["AffineLayer", "LastAxisLayer", "one_axis", "positive_epsilon"]


def positive_epsilon(cls: str, value: float) -> float:
    """An epsilon above 0, or a ValueError."""
    number = float(value)
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{cls}: expected a positive epsilon, got {value}")
    return number


def one_axis(cls: str, axis: int | Sequence[int]) -> int:
    """The one axis that may be given as a sequence, or a ValueError."""
    axes = tuple(axis) if isinstance(axis, Sequence) else (axis,)
    if len(axes) != 1:
        raise ValueError(f"{cls}: expected one axis, the last, got {axis!r}")
    return int(axes[0])


class LastAxisLayer(Layer):
    """A layer whose weights lie along the last axis of its input."""

    supports_masking = True

    axis: int

    def check_input(self, shape: Shape) -> None:
        size = next(iter(self._weights.values())).shape[0] if self._weights else "n"
        if len(shape) < 2 or not shape[-1] or (self._weights and shape[-1] != size):
            raise self.expected(f"(batch, ..., {size})", shape)
        if self.axis not in (-1, len(shape) - 1):
            raise ValueError(f"{self.name}: expected axis -1, the last of {tuple(shape)}, got {self.axis}")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self.check_input(input_shape)
        return input_shape


class AffineLayer(LastAxisLayer):
    """A layer that scales what it normalised by gamma and moves it by beta, unless told not to."""

    def _set_affine(
        self,
        center: bool,
        scale: bool,
        beta_initializer: initializers.InitializerLike,
        gamma_initializer: initializers.InitializerLike,
    ) -> None:
        self.center = bool(center)
        self.scale = bool(scale)
        self.beta_initializer = self._told("beta_initializer", initializers.get, beta_initializer)
        self.gamma_initializer = self._told("gamma_initializer", initializers.get, gamma_initializer)

    def build(self, input_shape: Shape) -> None:
        shape = (input_shape[-1] or 0,)
        if self.scale:
            self.add_weight(shape, self.gamma_initializer, name="gamma")
        if self.center:
            self.add_weight(shape, self.beta_initializer, name="beta")

    @property
    def gamma(self) -> Tensor | None:
        """The scale, (n,), or None."""
        return self._weights.get("gamma")

    @property
    def beta(self) -> Tensor | None:
        """The offset, (n,), or None."""
        return self._weights.get("beta")

    def _affine_config(self) -> dict[str, Any]:
        return {
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
        }
