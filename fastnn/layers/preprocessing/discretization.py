"""Discretization: numbers become the ranges they lie in.

`adapt` finds ranges of equal counts from a summary of the data: sorted values, each standing for a number of samples,
merged batch by batch and made small again by interpolation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from ... import functional as F
from ...tensor import Tensor, constant
from ..base import Layer, Shape, arguments
from .batches import batches_of
from .encoding import check_mode, encoded, encoded_shape

__all__ = ["Discretization"]


class Discretization(Layer):
    """The number of the range that each number lies in: i where ``bin_boundaries[i - 1] <= x < bin_boundaries[i]``.

    Parameters
    ----------
    bin_boundaries : sequence of float, optional
        Ascending; the first range goes down to -infinity, the last one up to infinity.
    num_bins : int, optional
        Instead of boundaries: `adapt` finds so many ranges of about equally many samples.
    epsilon : float, default 0.01
        How exact the ranges that `adapt` finds are to be, as a share of the samples.
    output_mode : {"int", "one_hot", "multi_hot", "count"}, default "int"
        See `CategoryEncoding`; "int" gives int32 numbers of the shape of the input.
    sparse : False
    """

    def __init__(
        self,
        bin_boundaries: Sequence[float] | None = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(dtype=dtype, name=name, **kwargs)
        if (num_bins is None) == (bin_boundaries is None):
            raise ValueError(
                f"Discretization: expected num_bins or bin_boundaries, got {num_bins} and {bin_boundaries}"
            )
        self.bin_boundaries = None if bin_boundaries is None else [float(value) for value in bin_boundaries]
        if self.bin_boundaries is not None and sorted(self.bin_boundaries) != self.bin_boundaries:
            raise ValueError(f"Discretization: expected ascending bin_boundaries, got {bin_boundaries}")
        self.num_bins = None if num_bins is None else arguments.positive("Discretization", "num_bins", num_bins)
        self.epsilon = float(epsilon)
        if not 0 < self.epsilon < 1:
            raise ValueError(f"Discretization: expected epsilon between 0 and 1, got {epsilon}")
        self.output_mode = check_mode("Discretization", output_mode, ("int", "one_hot", "multi_hot", "count"))
        self.sparse = arguments.dense("Discretization", sparse)

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Find the boundaries in one pass over data.

        Parameters
        ----------
        data : array, Tensor, or iterable of batches
        steps : int, optional
            How many batches to look at.
        """
        if self.num_bins is None:
            raise ValueError(f"{self.name}: expected no adapt, as bin_boundaries were given")
        summary = np.zeros((2, 0), np.float32)
        for batch in batches_of(self.name, data, steps):
            merged = np.concatenate([_summary(batch.astype(np.float32), self.epsilon), summary], axis=1)
            summary = _compressed(merged[:, np.argsort(merged[0])], self.epsilon)
        self.bin_boundaries = _compressed(summary, 1 / self.num_bins)[0, :-1].tolist()

    def call(self, inputs: Tensor) -> Tensor:
        if self.bin_boundaries is None:
            raise ValueError(f"{self.name}: expected bin_boundaries; call adapt on data first")
        x = F.expand_dims(F.cast(inputs, "float32"), -1)
        below = F.less(x, constant(np.asarray(self.bin_boundaries, np.float32)))  # NaN is below nothing, as in NumPy
        ids = F.cast(F.sum(F.where(below, 0.0, F.fill(x, 1.0)), -1), "int32")
        return ids if self.output_mode == "int" else encoded(ids, self.output_mode, self._depth())

    def _depth(self) -> int:
        return (self.num_bins or 1) if self.bin_boundaries is None else len(self.bin_boundaries) + 1

    def stream_states(self, input_shape: Shape) -> dict[str, Any]:
        if self.output_mode != "int":
            raise self._not_streamed(f"its output_mode {self.output_mode!r} puts steps together")
        return {}

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return encoded_shape(input_shape, self.output_mode, self._depth())

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "bin_boundaries": self.bin_boundaries,
            "num_bins": self.num_bins,
            "epsilon": self.epsilon,
            "output_mode": self.output_mode,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a layer from what `get_config` returned; one that was adapted has boundaries beside num_bins."""
        given = dict(config)
        found = given.pop("bin_boundaries") if given.get("num_bins") is not None else None
        layer = cls(**given)
        if found is not None:
            layer.bin_boundaries = [float(value) for value in found]
        return layer


def _summary(values: np.ndarray, epsilon: float) -> np.ndarray:
    """Values in order, about 1 / epsilon of them, and how many samples each stands for: (2, n)."""
    ordered = np.sort(values, axis=None)
    step = max(ordered.size * epsilon, 1.0)
    kept = ordered[int(step - 1) :: int(step)]
    return np.stack([kept, np.full_like(kept, step)])


def _compressed(summary: np.ndarray, epsilon: float) -> np.ndarray:
    """A summary of 1 / epsilon values at equal distances in samples."""
    if summary.shape[1] * epsilon < 1:
        return summary
    shares = epsilon + np.arange(0.0, 1.0, epsilon)
    samples = summary[1].cumsum()
    values = np.interp(shares, samples / samples[-1], summary[0])
    counts = np.interp(shares, samples / samples[-1], samples)
    return np.stack([values, np.diff(counts, prepend=0)]).astype(np.float32)
