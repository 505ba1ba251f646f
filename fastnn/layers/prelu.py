"""PReLU, whose slopes are learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import functional as F
from .. import initializers
from ..tensor import Tensor
from .base import Shape
from .base.same_shape import SameShape

__all__ = ["PReLU"]


class PReLU(SameShape):
    """x where x > 0, else ``alpha * x`` with a learned alpha of the shape of a sample (He et al. 2015).

    Parameters
    ----------
    alpha_initializer : default "zeros"
    shared_axes : sequence of int, optional
        Axes along which all numbers have one alpha, the batch being axis 0: (1, 2) gives an image one for each channel.
    """

    def __init__(
        self,
        alpha_initializer: initializers.InitializerLike = "zeros",
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = self._told("alpha_initializer", initializers.get, alpha_initializer)
        axes = (shared_axes,) if isinstance(shared_axes, int) else tuple(shared_axes or ())
        for axis in axes:
            if axis == 0:
                raise ValueError(f"PReLU: expected shared_axes other than 0, the batch, got {shared_axes!r}")
        self.shared_axes = axes or None

    def build(self, input_shape: Shape) -> None:
        rank = len(input_shape)
        shared = set()
        for axis in self.shared_axes or ():
            if not -rank < axis < rank:
                raise ValueError(f"{self.name}: expected shared_axes within {rank} axes, got {axis}")
            shared.add(axis % rank)
        sizes = [1 if axis in shared else input_shape[axis] for axis in range(1, rank)]
        if rank < 2 or None in sizes:
            raise self.expected("(batch, ...) with sizes of all axes that are not shared", input_shape)
        self.add_weight([size or 0 for size in sizes], self.alpha_initializer, name="alpha")

    @property
    def alpha(self) -> Tensor:
        """The slopes of negative numbers, as a sample with ones where axes are shared."""
        return self._weights["alpha"]

    def stream_states(self, input_shape: Shape) -> dict[str, Any]:
        if self.alpha.shape[0] != 1:
            raise self._not_streamed("it has slopes for each step; share them by shared_axes=[1]")
        return {}

    def check_input(self, shape: Shape) -> None:
        wanted = self.alpha.shape if self.built else shape[1:]
        if len(shape) != len(wanted) + 1 or any(a not in (1, b) for a, b in zip(wanted, shape[1:], strict=True)):
            raise self.expected(f"(batch, {', '.join(map(str, wanted))}), 1 for any", shape)

    def call(self, inputs: Tensor) -> Tensor:
        return F.prelu(inputs, self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "alpha_initializer": initializers.serialize(self.alpha_initializer),
            "shared_axes": self.shared_axes,
        }
