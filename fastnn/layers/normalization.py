"""Normalisation layers: of batches, layers, groups, by the root mean square and by the norm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import functional as F
from .. import initializers, program
from ..tensor import Tensor
from . import arguments
from .base import Layer, Shape

__all__ = ["BatchNormalization", "GroupNormalization", "LayerNormalization", "RMSNormalization", "UnitNormalization"]


def _positive_epsilon(cls: str, value: float) -> float:
    number = float(value)
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{cls}: expected a positive epsilon, got {value}")
    return number


def _one_axis(cls: str, axis: int | Sequence[int]) -> int:
    axes = tuple(axis) if isinstance(axis, Sequence) else (axis,)
    if len(axes) != 1:
        raise ValueError(f"{cls}: expected one axis, the last, got {axis!r}")
    return int(axes[0])


class _LastAxisLayer(Layer):
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


class BatchNormalization(_LastAxisLayer):
    """Normalises each channel: ``(x - mean) / sqrt(variance + epsilon) * gamma + beta``.

    While training by mean and biased variance of the batch, over all axes but the last, which also move
    ``moving = momentum * moving + (1 - momentum) * batch``; else by the moving ones. Frozen (``trainable = False``)
    means inference mode, as in Keras.

    Parameters
    ----------
    axis : int, default -1
        The channels; the last axis only.
    momentum : float, default 0.99
        In [0, 1].
    epsilon : float, default 0.001
        Positive.
    center, scale : bool, default True
        Whether there is a beta and a gamma.
    beta_initializer, gamma_initializer : default "zeros" and "ones"
    moving_mean_initializer, moving_variance_initializer : default "zeros" and "ones"
    synchronized : bool, default False
        Accepted as in Keras; there is one device.
    """

    _streams = True

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: initializers.InitializerLike = "zeros",
        gamma_initializer: initializers.InitializerLike = "ones",
        moving_mean_initializer: initializers.InitializerLike = "zeros",
        moving_variance_initializer: initializers.InitializerLike = "ones",
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis = int(axis)
        self.momentum = float(momentum)
        if not 0 <= self.momentum <= 1:
            raise ValueError(f"BatchNormalization: expected momentum in [0, 1], got {momentum}")
        self.epsilon = _positive_epsilon("BatchNormalization", epsilon)
        self.center = bool(center)
        self.scale = bool(scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.synchronized = bool(synchronized)

    def build(self, input_shape: Shape) -> None:
        shape = (input_shape[-1] or 0,)
        if self.scale:
            self.add_weight(shape, self.gamma_initializer, name="gamma")
        if self.center:
            self.add_weight(shape, self.beta_initializer, name="beta")
        self.add_weight(shape, self.moving_mean_initializer, trainable=False, name="moving_mean")
        self.add_weight(shape, self.moving_variance_initializer, trainable=False, name="moving_variance")

    @property
    def gamma(self) -> Tensor | None:
        """The scale, (channels,), or None."""
        return self._weights.get("gamma")

    @property
    def beta(self) -> Tensor | None:
        """The offset, (channels,), or None."""
        return self._weights.get("beta")

    @property
    def moving_mean(self) -> Tensor:
        """The mean used for inference, (channels,)."""
        return self._weights["moving_mean"]

    @property
    def moving_variance(self) -> Tensor:
        """The variance used for inference, (channels,)."""
        return self._weights["moving_variance"]

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if not (training and self.trainable):
            moving = self.moving_mean, self.moving_variance
            return F.batch_normalization(inputs, *moving, self.gamma, self.beta, self.epsilon)
        mean, variance = F.batch_statistics(inputs)
        y = F.batch_normalization(inputs, mean, variance, self.gamma, self.beta, self.epsilon, training=True)
        averages = [self.moving_mean, self.moving_variance]
        program.update("moving_average_update", averages, [mean, variance], momentum=self.momentum)
        return y

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.describe(self.beta_initializer),
            "gamma_initializer": initializers.describe(self.gamma_initializer),
            "moving_mean_initializer": initializers.describe(self.moving_mean_initializer),
            "moving_variance_initializer": initializers.describe(self.moving_variance_initializer),
            "synchronized": self.synchronized,
        }


class LayerNormalization(_LastAxisLayer):
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
        self.axis = _one_axis("LayerNormalization", axis)
        self.epsilon = _positive_epsilon("LayerNormalization", epsilon)
        self.center = bool(center)
        self.scale = bool(scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)

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

    def call(self, inputs: Tensor) -> Tensor:
        return F.layer_normalization(inputs, self.gamma, self.beta, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.describe(self.beta_initializer),
            "gamma_initializer": initializers.describe(self.gamma_initializer),
        }


class RMSNormalization(_LastAxisLayer):
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
        self.axis = _one_axis("RMSNormalization", axis)
        self.epsilon = _positive_epsilon("RMSNormalization", epsilon)

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


class GroupNormalization(_LastAxisLayer):
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
        self.axis = _one_axis("GroupNormalization", axis)
        self.epsilon = _positive_epsilon("GroupNormalization", epsilon)
        self.center = bool(center)
        self.scale = bool(scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)

    def build(self, input_shape: Shape) -> None:
        shape = (input_shape[-1] or 0,)
        if self.scale:
            self.add_weight(shape, self.gamma_initializer, name="gamma")
        if self.center:
            self.add_weight(shape, self.beta_initializer, name="beta")

    @property
    def gamma(self) -> Tensor | None:
        """The scale, (channels,), or None."""
        return self._weights.get("gamma")

    @property
    def beta(self) -> Tensor | None:
        """The offset, (channels,), or None."""
        return self._weights.get("beta")

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
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.describe(self.beta_initializer),
            "gamma_initializer": initializers.describe(self.gamma_initializer),
        }


class UnitNormalization(Layer):
    """Divides by the Euclidean norm along an axis or several: ``x / sqrt(sum(x * x))``; zeros stay zeros.

    Parameters
    ----------
    axis : int or sequence of int, default -1
        The axes over which numbers are squared and summed; not the batch.
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        axes = tuple(axis) if isinstance(axis, Sequence) else (axis,)
        if not axes or any(isinstance(entry, bool) or not isinstance(entry, int) for entry in axes):
            raise TypeError(f"UnitNormalization: expected axis to be an integer or several, got {axis!r}")
        self.axis = axes

    def check_input(self, shape: Shape) -> None:
        if any(not -len(shape) <= axis < len(shape) for axis in self.axis):
            raise self.expected(f"with the axes {self.axis}", shape)

    def stream_states(self, input_shape: Shape) -> dict[str, Any]:
        if 1 in {axis % len(input_shape) for axis in self.axis}:
            raise self._not_streamed("its axes have that of the steps among them")
        return {}

    def call(self, inputs: Tensor) -> Tensor:
        squares = F.sum(inputs * inputs, self.axis, keepdims=True)
        # the norm is 1e-12 at least, as in Keras: zeros have a gradient too
        return inputs / F.sqrt(F.maximum(squares, 1e-24))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self.check_input(input_shape)
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": list(self.axis)}
