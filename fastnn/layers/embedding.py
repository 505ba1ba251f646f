"""Embedding: vectors for whole numbers."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from .. import functional as F
from .. import initializers
from ..tensor import Tensor
from .base import Layer, Shape, arguments

__all__ = ["Embedding"]


class Embedding(Layer):
    """Turns ids, whole numbers in [0, input_dim), into vectors: ``embeddings[ids]``.

    Training takes one pass over the table for each step: no dense gradient is made. With ``Adam(lazy=True)`` a step
    touches only the rows that it looked up.

    As the first layer of a model it receives integer data as integers; an id out of range is an IndexError.

    Parameters
    ----------
    input_dim : int
        How many ids there are.
    output_dim : int
        Size of a vector.
    embeddings_initializer : default "uniform"
        Of the table, (input_dim, output_dim).
    mask_zero : bool, default False
        Whether id 0 is padding: the result carries the mask ``inputs != 0``.
    weights : array, (input_dim, output_dim), or a list of one, optional
        What the table begins with instead.
    input_length : int, optional
        Of older programs; any length is taken.
    """

    _streams = True

    _single: ClassVar = {"quantization_config": None}

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: initializers.InitializerLike = "uniform",
        mask_zero: bool = False,
        weights: Any = None,
        input_length: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.input_dim = arguments.positive("Embedding", "input_dim", input_dim)
        self.output_dim = arguments.positive("Embedding", "output_dim", output_dim)
        self.embeddings_initializer = self._told("embeddings_initializer", initializers.get, embeddings_initializer)
        self.mask_zero = bool(mask_zero)
        self.supports_masking = self.mask_zero
        self._first_table: Any = None
        if weights is not None:
            (self._first_table,) = weights if isinstance(weights, list) and len(weights) == 1 else [weights]
            if np.shape(self._first_table) != (self.input_dim, self.output_dim):
                raise ValueError(
                    f"Embedding: expected weights {(self.input_dim, self.output_dim)}, got {np.shape(weights)}"
                )

    def build(self, input_shape: Shape) -> None:
        table = self.add_weight((self.input_dim, self.output_dim), self.embeddings_initializer, name="embeddings")
        if self._first_table is not None:
            table.assign(np.asarray(self._first_table, np.float32))
            self._first_table = None

    @property
    def embeddings(self) -> Tensor:
        """The table, (input_dim, output_dim)."""
        return self._weights["embeddings"]

    def _takes_ids(self) -> bool:
        return True

    def call(self, inputs: Tensor) -> Tensor:
        return F.embedding(inputs, self.embeddings)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Tensor | None:
        return F.not_equal(self._as_inputs(inputs), 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape, self.output_dim)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "embeddings_initializer": initializers.serialize(self.embeddings_initializer),
            "mask_zero": self.mask_zero,
        }
