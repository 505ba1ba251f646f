"""Activations that are layers: ReLU with its variants, LeakyReLU, PReLU, ELU, Softmax; and a penalty of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import activations, initializers
from .. import functional as F
from ..regularizers import L1L2
from ..tensor import Tensor
from .base import Layer, Shape

__all__ = ["ELU", "ActivityRegularization", "LeakyReLU", "PReLU", "ReLU", "Softmax"]


class _Elementwise(Layer):
    supports_masking = True

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape


class ReLU(_Elementwise):
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


class LeakyReLU(_Elementwise):
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


class PReLU(_Elementwise):
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
        self.alpha_initializer = initializers.get(alpha_initializer)
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

    def call(self, inputs: Tensor) -> Tensor:
        return F.prelu(inputs, self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "alpha_initializer": initializers.describe(self.alpha_initializer),
            "shared_axes": self.shared_axes,
        }


class ELU(_Elementwise):
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


class Softmax(_Elementwise):
    """Softmax along an axis, or over several together; with a mask, over the entries that count.

    Parameters
    ----------
    axis : int or sequence of int, default -1
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis: int | list[int] = [int(one) for one in axis] if isinstance(axis, Sequence) else int(axis)

    def stream_states(self, input_shape: Shape) -> dict[str, Any]:
        axes = self.axis if isinstance(self.axis, list) else [self.axis]
        if 1 in {axis % len(input_shape) for axis in axes}:
            raise self._not_streamed("its axis is that of the steps")
        return {}

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """The shares along the axis; entries where mask, which broadcasts to the inputs, is False get 0. So do steps
        that a mask (batch, time) of inputs (batch, time, features) leaves out."""
        if mask is None:
            return self._shares(inputs)
        counts = mask if mask.dtype.kind == "b" else F.greater(mask, 0.5)
        fits = all(a in (1, b) for a, b in zip(mask.shape[::-1], inputs.shape[::-1], strict=False))
        if not fits and mask.shape == inputs.shape[: mask.ndim]:
            counts = F.expand_dims(counts, tuple(range(mask.ndim, inputs.ndim)))
        return F.where(counts, self._shares(F.where(counts, inputs, -3e38)), 0.0)

    def _shares(self, x: Tensor) -> Tensor:
        if not isinstance(self.axis, list):
            return F.softmax(x, axis=self.axis)
        axes = sorted(axis % x.ndim for axis in self.axis)
        last = tuple(range(x.ndim - len(axes), x.ndim))
        moved = F.moveaxis(x, axes, last)
        flat = F.softmax(F.reshape(moved, (*moved.shape[: last[0]], -1)))
        return F.moveaxis(F.reshape(flat, moved.shape), last, axes)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


class ActivityRegularization(_Elementwise):
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
