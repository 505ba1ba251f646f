"""CategoryEncoding: whole numbers as one-hot rows, sets or counts."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from ..base import Layer, Shape, arguments
from ..base.streaming import JOINS_STEPS
from .encoding import check_mode, encoded, encoded_shape

__all__ = ["CategoryEncoding"]


class CategoryEncoding(Layer):
    """Encodes whole numbers in [0, num_tokens); one that is out of range is an IndexError.

    Called with ids (batch, n), and ``count_weights`` of their shape when counts are to be weighted.

    Parameters
    ----------
    num_tokens : int
    output_mode : {"multi_hot", "one_hot", "count"}, default "multi_hot"
        "one_hot" gives a row of num_tokens for each id, along the last axis when that has size 1; the others give one
        row for each sample: which ids are in it, or how often.
    sparse : False
    """

    _streams = JOINS_STEPS

    def __init__(
        self, num_tokens: int | None = None, output_mode: str = "multi_hot", sparse: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if num_tokens is None:
            raise ValueError("CategoryEncoding: expected num_tokens; IntegerLookup finds the numbers there are")
        self.num_tokens = arguments.positive("CategoryEncoding", "num_tokens", num_tokens)
        self.output_mode = check_mode("CategoryEncoding", output_mode, ("one_hot", "multi_hot", "count"))
        self.sparse = arguments.dense("CategoryEncoding", sparse)

    def _takes_ids(self) -> bool:
        return True

    def call(self, inputs: Tensor, count_weights: Tensor | None = None) -> Tensor:
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(f"{self.name}: expected count_weights with output_mode 'count', got {self.output_mode!r}")
        return encoded(inputs, self.output_mode, self.num_tokens, count_weights)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return encoded_shape(input_shape, self.output_mode, self.num_tokens)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_tokens": self.num_tokens, "output_mode": self.output_mode}
