"""Layers that change the shape of a sample: Flatten, Reshape, Permute, RepeatVector."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import functional as F
from ..tensor import Tensor
from .base import Layer, Shape, arguments
from .base.streaming import JOINS_STEPS

__all__ = ["Flatten", "Permute", "RepeatVector", "Reshape"]


class Flatten(Layer):
    """(batch, ...) to (batch, n), in C order; (batch,) to (batch, 1)."""

    _streams = JOINS_STEPS

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        arguments.channels_last("Flatten", data_format)

    def check_input(self, shape: Shape) -> None:
        if not shape:
            raise self.expected("(batch, ...)", shape)

    def call(self, inputs: Tensor) -> Tensor:
        size = math.prod(inputs.shape[1:])
        return F.reshape(inputs, (-1 if size else inputs.shape[0], size))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        sizes = [size for size in input_shape[1:] if size is not None]
        return (input_shape[0], math.prod(sizes) if len(sizes) == len(input_shape) - 1 else None)


class Reshape(Layer):
    """The same elements of each sample in C order under another shape.

    Parameters
    ----------
    target_shape : sequence of int
        The shape of a sample, without the batch; one entry may be -1.
    """

    _streams = JOINS_STEPS

    def __init__(self, target_shape: int | Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        sizes = target_shape if isinstance(target_shape, tuple | list) else (target_shape,)
        for size in sizes:
            if isinstance(size, bool) or not isinstance(size, int | np.integer):
                raise TypeError(f"Reshape: expected target_shape of integers, got {target_shape!r}")
        if min(sizes, default=0) < -1 or list(sizes).count(-1) > 1:
            raise ValueError(f"Reshape: expected sizes and at most one -1 in target_shape, got {target_shape!r}")
        self.target_shape = tuple(int(size) for size in sizes)

    def check_input(self, shape: Shape) -> None:
        if not shape:
            raise self.expected("(batch, ...)", shape)
        self._sizes(shape)

    def _sizes(self, shape: Shape) -> Shape:
        """The target with the size that fits in place of -1; None where that isn't known."""
        known = math.prod(size for size in self.target_shape if size != -1)
        sizes = [size for size in shape[1:] if size is not None]
        if len(sizes) < len(shape) - 1:
            return tuple(None if size == -1 else size for size in self.target_shape)
        size = math.prod(sizes)
        fits = known == size if -1 not in self.target_shape else known > 0 and size % known == 0
        if not fits:
            raise self.expected(f"of as many elements as {self.target_shape}", shape)
        return tuple(size // known if entry == -1 else entry for entry in self.target_shape)

    def call(self, inputs: Tensor) -> Tensor:
        sizes = self._sizes(inputs.shape)
        return F.reshape(inputs, (inputs.shape[0], *(size for size in sizes if size is not None)))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], *self._sizes(input_shape))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "target_shape": list(self.target_shape)}


class Permute(Layer):
    """The axes of each sample in another order.

    Parameters
    ----------
    dims : sequence of int
        The axis of the input for every axis of the result, counted from 1: the batch stays in front.
    """

    _streams = JOINS_STEPS

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        given = tuple(dims) if isinstance(dims, tuple | list) else (dims,)
        if sorted(given) != list(range(1, len(given) + 1)):
            raise ValueError(f"Permute: expected dims to be an order of the axes from 1 on, got {dims!r}")
        self.dims = tuple(int(axis) for axis in given)

    def check_input(self, shape: Shape) -> None:
        if len(shape) != len(self.dims) + 1:
            raise self.expected(f"of {len(self.dims) + 1} axes", shape)

    def call(self, inputs: Tensor) -> Tensor:
        return F.transpose(inputs, (0, *self.dims))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self.check_input(input_shape)
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dims": list(self.dims)}


class RepeatVector(Layer):
    """(batch, features) to (batch, n, features), n times the same.

    Parameters
    ----------
    n : int
    """

    _streams = "it makes a sequence of one vector"

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = arguments.positive("RepeatVector", "n", n)

    def check_input(self, shape: Shape) -> None:
        if len(shape) != 2:
            raise self.expected("(batch, features)", shape)

    def call(self, inputs: Tensor) -> Tensor:
        return F.broadcast_to(F.expand_dims(inputs, 1), (-1, self.n, -1))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self.check_input(input_shape)
        return (input_shape[0], self.n, input_shape[1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n}
