"""ReversibleEmbedding: vectors for whole numbers, and scores of the numbers for vectors."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from .. import initializers
from ..tensor import Tensor
from .base import Shape
from .base.calls import keep_mask
from .embedding import Embedding

__all__ = ["ReversibleEmbedding"]


class ReversibleEmbedding(Embedding):
    """An `Embedding` that, called with ``reverse=True``, turns vectors (..., output_dim) into scores (..., input_dim):
    the product with the transposed table (Press and Wolf 2017), or with a kernel of its own.

    Parameters
    ----------
    input_dim, output_dim : int
    tie_weights : bool, default True
        Whether the table serves both ways.
    embeddings_initializer : default "uniform"
        Of the table (input_dim, output_dim), and of reverse_embeddings (output_dim, input_dim).
    mask_zero : bool, default False
    reverse_dtype : "float32" or None
    logit_soft_cap : float, optional
        Scores become ``tanh(scores / cap) * cap``.
    """

    _streams = True

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: initializers.InitializerLike = "uniform",
        mask_zero: bool = False,
        reverse_dtype: Any = None,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(input_dim, output_dim, embeddings_initializer, mask_zero, **kwargs)
        if reverse_dtype not in (None, "float32"):
            raise TypeError(f"ReversibleEmbedding: expected reverse_dtype float32, got {reverse_dtype!r}")
        self.tie_weights, self.reverse_dtype = bool(tie_weights), reverse_dtype
        self.logit_soft_cap = None if logit_soft_cap is None else float(logit_soft_cap)

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        if not self.tie_weights:
            shape = (self.output_dim, self.input_dim)
            self.add_weight(shape, self.embeddings_initializer, name="reverse_embeddings")

    def _takes_ids_in(self, kwargs: Any) -> bool:
        return not kwargs.get("reverse", False)

    def call(self, inputs: Tensor, reverse: bool = False) -> Tensor:
        if not reverse:
            result = super().call(inputs)
            keep_mask(result, super().compute_mask(inputs, None))
            return result
        if not inputs.ndim or inputs.shape[-1] != self.output_dim:
            raise self.expected(f"(..., {self.output_dim}) with reverse", inputs.shape)
        if self.tie_weights:
            scores = F.matmul(inputs, self.embeddings, transpose_b=True)
        else:
            scores = F.matmul(inputs, self._weights["reverse_embeddings"])
        cap = self.logit_soft_cap
        return scores if cap is None else F.multiply(F.tanh(F.divide(scores, cap)), cap)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """None: `call` says which ids count, and scores have no mask."""

    def compute_output_shape(self, input_shape: Shape, reverse: bool = False) -> Shape:
        return (*input_shape[:-1], self.input_dim) if reverse else (*input_shape, self.output_dim)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "tie_weights": self.tie_weights,
            "reverse_dtype": self.reverse_dtype,
            "logit_soft_cap": self.logit_soft_cap,
        }
