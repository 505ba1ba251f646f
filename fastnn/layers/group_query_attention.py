"""GroupQueryAttention: several heads of queries share one of keys and values."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F
from .. import initializers
from ..tensor import Tensor, constant
from .attention_masks import attention_mask_of, both
from .base import Shape, arguments
from .base.drawing import Drawing, drop_rate
from .base.naming import new_name
from .base.streaming import LOOKS_AT_ALL
from .projected_attention import ProjectedAttention

__all__ = ["GroupQueryAttention"]


class GroupQueryAttention(ProjectedAttention):
    """Grouped-query attention (Ainslie et al. 2023): as `MultiHeadAttention`, with fewer heads of keys and values than
    of queries; with one it is multi-query attention.

    Parameters
    ----------
    head_dim : int
        Size of each head.
    num_query_heads, num_key_value_heads : int
        The first is a multiple of the second.
    dropout : float, default 0
    use_bias : bool, default True
    sliding_window : int, optional
        Queries look only at keys less than so many steps before or behind them.
    flash_attention : bool, optional
        Accepted as in Keras; it changes nothing.
    kernel_initializer : default "glorot_uniform"
        Of the kernels: query, key and value (inputs, heads, head_dim), attention_output (heads, head_dim, outputs).
    bias_initializer : default "zeros"
    use_gate : bool, default False
        Multiply the heads' results by ``sigmoid`` of another projection of the queries (Qiu et al. 2025).
    seed : int, optional
        Of the dropout; the model's when not given.
    """

    _streams = LOOKS_AT_ALL

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: initializers.InitializerLike = "glorot_uniform",
        bias_initializer: initializers.InitializerLike = "zeros",
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs.get("name") is None and type(self) is GroupQueryAttention:
            kwargs["name"] = new_name("grouped_query_attention")  # as Keras's class is called
        super().__init__(seed=seed, **kwargs)
        cls = "GroupQueryAttention"
        self.head_dim = arguments.positive(cls, "head_dim", head_dim)
        self.num_query_heads = arguments.positive(cls, "num_query_heads", num_query_heads)
        self.num_key_value_heads = arguments.positive(cls, "num_key_value_heads", num_key_value_heads)
        if num_query_heads % num_key_value_heads:
            raise ValueError(
                f"{cls}: expected num_query_heads divisible by num_key_value_heads={num_key_value_heads}, "
                f"got {num_query_heads}"
            )
        self.dropout = drop_rate(cls, "dropout", dropout)
        self.use_bias, self.use_gate = bool(use_bias), bool(use_gate)
        self.sliding_window = None
        if sliding_window is not None:
            self.sliding_window = arguments.positive(cls, "sliding_window", sliding_window)
        self.flash_attention = flash_attention
        self.kernel_initializer = self._told("kernel_initializer", initializers.get, kernel_initializer)
        self.bias_initializer = self._told("bias_initializer", initializers.get, bias_initializer)

    def build(self, input_shape: Shape, value_shape: Shape | None = None, key_shape: Shape | None = None) -> None:
        Drawing.build(self, input_shape)
        value_shape = input_shape if value_shape is None else value_shape
        key_shape = value_shape if key_shape is None else key_shape
        queries = (self.num_query_heads, self.head_dim)
        others = (self.num_key_value_heads, self.head_dim)
        parts = [("query", input_shape, queries), ("key", key_shape, others), ("value", value_shape, others)]
        if self.use_gate:
            parts.insert(2, ("gate", input_shape, queries))
        for name, shape, heads in parts:
            self._add_projection(name, (shape[-1] or 0, *heads), heads)
        outputs = input_shape[-1] or 0
        self._add_projection("attention_output", (*queries, outputs), (outputs,))

    def call(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor | None = None,
        query_mask: Tensor | None = None,
        value_mask: Tensor | None = None,
        key_mask: Tensor | None = None,
        attention_mask: Tensor | None = None,
        return_attention_scores: bool = False,
        training: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """As `MultiHeadAttention.call`; the probabilities have num_query_heads heads."""
        repeats = self.num_query_heads // self.num_key_value_heads
        q = self._heads("query", query)
        k = F.repeat(self._heads("key", value if key is None else key), repeats, axis=2)
        v = F.repeat(self._heads("value", value), repeats, axis=2)
        mask = attention_mask_of(attention_mask, query_mask, value_mask, key_mask)
        if self.sliding_window is not None:
            distances = np.abs(np.arange(q.shape[1])[:, None] - np.arange(k.shape[1]))
            mask = both(mask, constant(distances < self.sliding_window))
        y, scores = self._attend(q, k, v, mask, use_causal_mask, training, return_attention_scores)
        if self.use_gate:
            y = F.multiply(y, F.sigmoid(self._heads("gate", query)))
        y = self._joined(y)
        return y if scores is None else (y, scores)

    def compute_output_shape(
        self, input_shape: Shape, value_shape: Shape | None = None, key_shape: Shape | None = None
    ) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        names = ("head_dim", "num_query_heads", "num_key_value_heads", "use_bias", "dropout", "sliding_window")
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in (*names, "use_gate", "seed")},
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
        }
