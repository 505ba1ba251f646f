"""Normalization: features shifted and scaled to mean 0 and variance 1, by what the data showed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import functional as F
from ...tensor import Tensor, constant
from ..base import Layer, Shape
from .batches import batches_of

__all__ = ["Normalization"]

_EPSILON = 1e-7  # the standard deviation is this at least, as in Keras


class Normalization(Layer):
    """``(inputs - mean) / sqrt(variance)``, with mean and variance given or found by `adapt`.

    Parameters
    ----------
    axis : int, sequence of int or None, default -1
        The axes with a mean and variance for each index; None for one of both for all numbers.
    mean, variance : float or array, optional
        Both or none; they broadcast to the sizes along `axis`.
    invert : bool, default False
        Turn normalised numbers back: ``inputs * sqrt(variance) + mean``.
    """

    supports_masking = True

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis: tuple[int, ...] = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        if (mean is None) != (variance is None):
            raise ValueError(f"Normalization: expected mean and variance, or none, got {mean!r} and {variance!r}")
        if np.shape(mean) != np.shape(variance) or np.ndim(mean) > len(self.axis):
            raise ValueError(
                f"Normalization: expected mean and variance of one shape of at most {len(self.axis)} axes, got shapes "
                f"{np.shape(mean)} and {np.shape(variance)}"
            )
        self.input_mean = None if mean is None else np.asarray(mean, np.float32).tolist()
        self.input_variance = None if variance is None else np.asarray(variance, np.float32).tolist()
        self.invert = bool(invert)
        self._kept: tuple[int, ...] = ()
        self._rank = 0

    def build(self, input_shape: Shape) -> None:
        self._rank = rank = len(input_shape)
        if any(not -rank <= axis < rank for axis in self.axis):
            raise ValueError(f"{self.name}: expected axis within {rank} axes, got {self.axis}")
        self._kept = tuple(sorted(axis % rank for axis in self.axis))
        sizes = [input_shape[axis] for axis in self._kept]
        if None in sizes:
            raise self.expected(f"with known sizes along axis {self.axis}, or axis=None", input_shape)
        if self.input_mean is None:
            shape = [size or 0 for size in sizes]
            self.add_weight(shape, "zeros", trainable=False, name="mean")
            self.add_weight(shape, "ones", trainable=False, name="variance")
            self.add_weight((), "zeros", np.int64, trainable=False, name="count")

    def check_input(self, shape: Shape) -> None:
        if self.built and max(self._kept, default=0) >= len(shape):
            raise self.expected(f"with the axes {self._kept}", shape)
        if self.built and self.input_mean is None:
            sizes = self._weights["mean"].shape
            if tuple(shape[axis] for axis in self._kept) != sizes:
                raise self.expected(f"of sizes {sizes} along axes {self._kept}", shape)

    def adapt(self, data: Any) -> None:
        """Find mean and variance in one pass over data.

        Parameters
        ----------
        data : array, Tensor, or iterable of batches
        """
        if self.input_mean is not None:
            raise ValueError(f"{self.name}: expected no adapt, as mean and variance were given")
        count, mean, variance = 0, np.zeros(()), np.zeros(())
        for batch in batches_of(self.name, data):
            if not self.built:
                self._build((None, *batch.shape[1:]))
            self.check_input(batch.shape)
            values = batch.astype(np.float64)
            axes = tuple(axis for axis in range(values.ndim) if axis not in self._kept)
            size = math.prod(values.shape[axis] for axis in axes)
            if size == 0:
                continue
            # Chan, Golub and LeVeque (1979): means and variances of two parts joined
            count += size
            share = size / count
            change = values.mean(axes) - mean
            variance = (1 - share) * variance + share * values.var(axes) + share * (1 - share) * change**2
            mean = mean + share * change
        if count == 0:
            raise ValueError(f"{self.name}: expected adapt to get numbers, got none")
        self._weights["mean"].assign(mean.astype(np.float32))
        self._weights["variance"].assign(variance.astype(np.float32))

    @property
    def mean(self) -> Tensor:
        """The mean in the rank of the inputs, (1, features), say; once the layer is built."""
        return self._spread(self._weights["mean"] if self.input_mean is None else None, self.input_mean, self._rank)

    @property
    def variance(self) -> Tensor:
        """The variance in the rank of the inputs; once the layer is built."""
        found = self._weights["variance"] if self.input_variance is None else None
        return self._spread(found, self.input_variance, self._rank)

    def _spread(self, value: Any, given: Any, rank: int) -> Tensor:
        """A mean or variance in the rank of the inputs."""
        if given is None:
            shape = [1] * rank
            for axis, size in zip(self._kept, value.shape, strict=True):
                shape[axis] = size
            return F.reshape(value, shape)
        array = np.asarray(given, np.float32)
        shape = [1] * rank
        for place in range(1, array.ndim + 1):
            shape[self._kept[-place]] = array.shape[-place]
        return constant(array.reshape(shape))

    def call(self, inputs: Tensor) -> Tensor:
        x = F.cast(inputs, "float32")
        mean = self._spread(self._weights.get("mean"), self.input_mean, x.ndim)
        variance = self._spread(self._weights.get("variance"), self.input_variance, x.ndim)
        deviation = F.maximum(F.sqrt(variance), _EPSILON)
        return F.add(mean, F.multiply(x, deviation)) if self.invert else F.divide(F.subtract(x, mean), deviation)

    def stream_states(self, input_shape: Shape) -> dict[str, Any]:
        if 1 in self._kept:
            raise self._not_streamed("it has a mean for each step")
        return {}

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        own = {"axis": list(self.axis), "invert": self.invert}
        return {**super().get_config(), **own, "mean": self.input_mean, "variance": self.input_variance}
