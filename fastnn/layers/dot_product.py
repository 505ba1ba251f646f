"""Dot: products of two tensors, summed along an axis of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import functional as F
from ..tensor import Tensor
from .base import Shape
from .base_merge import Merge

__all__ = ["Dot"]


class Dot(Merge):
    """Products of two inputs, summed along an axis of each, for every sample of the batch.

    Parameters
    ----------
    axes : int or (int, int)
        The axis of both inputs, or of each; never 0, which is the batch.
    normalize : bool, default False
        Divide by the L2 norms along the axes first: cosine similarity.
    """

    _count = 2
    supports_masking = True
    _streams = "it multiplies steps with other steps"

    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        given = tuple(axes) if isinstance(axes, tuple | list) else (axes, axes)
        if len(given) != 2:
            raise ValueError(f"Dot: expected axes to be one integer or two, got {axes!r}")
        if any(isinstance(axis, bool) or not isinstance(axis, int) for axis in given):
            raise TypeError(f"Dot: expected axes of integers, got {axes!r}")
        self.axes = axes if isinstance(axes, int) else given
        self.normalize = bool(normalize)
        self._both = given

    def _places(self, shapes: Sequence[Shape]) -> tuple[int, int]:
        """The axes counted from the front."""
        places = []
        for axis, shape in zip(self._both, shapes, strict=True):
            if not -len(shape) < axis < len(shape) or axis == 0:
                raise self._refused(f"inputs that have axes {self.axes} behind the batch", shapes)
            places.append(axis % len(shape))
        return places[0], places[1]

    def _sample_shape(self, shapes: list[Shape]) -> Shape:
        a, b = self._places(shapes)
        left, right = shapes
        if left[a] is not None and right[b] is not None and left[a] != right[b]:
            raise self._refused(f"inputs of one size along axes {a} and {b}", shapes)
        sizes = (*left[1:a], *left[a + 1 :], *right[1:b], *right[b + 1 :])
        return sizes if sizes else (1,)

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        places = self._places([x.shape for x in inputs])
        shape = self._sample_shape([x.shape for x in inputs])
        rows: list[Tensor] = []
        for x, axis in zip(inputs, places, strict=True):
            moved = F.moveaxis(_unit(x, axis) if self.normalize else x, axis, -1)
            rows.append(F.reshape(moved, (moved.shape[0], math.prod(moved.shape[1:-1]), moved.shape[-1])))
        product = F.matmul(rows[0], rows[1], transpose_b=True)
        return F.reshape(product, (product.shape[0], *(size or 0 for size in shape)))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None

    def get_config(self) -> dict[str, Any]:
        axes = self.axes if isinstance(self.axes, int) else list(self.axes)
        return {**super().get_config(), "axes": axes, "normalize": self.normalize}


def _unit(x: Tensor, axis: int) -> Tensor:
    """x divided by its L2 norm along an axis, which counts as 1e-7 at least."""
    inverse = F.divide(1.0, F.sqrt(F.sum(F.multiply(x, x), axis, True)))
    return F.multiply(x, F.minimum(inverse, 1e7))
