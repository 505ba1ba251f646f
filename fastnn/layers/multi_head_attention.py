"""MultiHeadAttention: projections for every head around one fused op."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from .. import initializers
from ..tensor import Tensor
from .attention_masks import attention_mask_of
from .base import Shape, arguments
from .base.drawing import drop_rate
from .base.streaming import LOOKS_AT_ALL
from .projected_attention import ProjectedAttention

__all__ = ["MultiHeadAttention"]


class MultiHeadAttention(ProjectedAttention):
    """Multi-head attention (Vaswani et al. 2017): query, value and key are projected for every head, attention of the
    heads is computed in one fused op, and their results are projected together.

    Parameters
    ----------
    num_heads : int
    key_dim : int
        Size of each head for query and key.
    value_dim : int, optional
        Size of each head for value; key_dim when not given.
    dropout : float, default 0
        Probability of a zero among the attention probabilities while training.
    use_bias : bool, default True
    output_shape : int, optional
        Size of the result's last axis; the query's when not given.
    attention_axes : None or 1
        The axis that is attended over: the only one between batch and features.
    kernel_initializer : default "glorot_uniform"
        Of the kernels: query, key and value (inputs, num_heads, size), attention_output (num_heads, value_dim,
        outputs).
    bias_initializer : default "zeros"
    seed : int, optional
        Of the dropout; the model's when not given.
    """

    _streams = LOOKS_AT_ALL

    _single: ClassVar = {"use_gate": False, "sliding_window": None}

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | Sequence[int] | None = None,
        attention_axes: int | Sequence[int] | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: initializers.InitializerLike = "glorot_uniform",
        bias_initializer: initializers.InitializerLike = "zeros",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, **kwargs)
        cls = "MultiHeadAttention"
        self.num_heads = arguments.positive(cls, "num_heads", num_heads)
        self.key_dim = arguments.positive(cls, "key_dim", key_dim)
        self.value_dim = self.key_dim if value_dim is None else arguments.positive(cls, "value_dim", value_dim)
        self.dropout = drop_rate(cls, "dropout", dropout)
        self.use_bias = bool(use_bias)
        sizes = (
            () if output_shape is None else (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        )
        if len(sizes) > 1:
            raise ValueError(f"{cls}: expected output_shape of one axis, got {output_shape!r}")
        self.output_size = arguments.positive(cls, "output_shape", sizes[0]) if sizes else None
        if attention_axes not in (None, 1, (1,), [1]):
            raise ValueError(f"{cls}: expected attention_axes None or 1, got {attention_axes!r}")
        self.attention_axes = None if attention_axes is None else (1,)
        self.flash_attention = flash_attention
        self.kernel_initializer = self._told("kernel_initializer", initializers.get, kernel_initializer)
        self.bias_initializer = self._told("bias_initializer", initializers.get, bias_initializer)

    def build(self, input_shape: Shape, value_shape: Shape | None = None, key_shape: Shape | None = None) -> None:
        super().build(input_shape)
        value_shape = input_shape if value_shape is None else value_shape
        key_shape = value_shape if key_shape is None else key_shape
        for name, shape, size in (
            ("query", input_shape, self.key_dim),
            ("key", key_shape, self.key_dim),
            ("value", value_shape, self.value_dim),
        ):
            self._add_projection(name, (shape[-1] or 0, self.num_heads, size), (self.num_heads, size))
        outputs = self.output_size or input_shape[-1] or 0
        self._add_projection("attention_output", (self.num_heads, self.value_dim, outputs), (outputs,))

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
        """The result (batch, queries, outputs), with return_attention_scores also the probabilities (batch, num_heads,
        queries, keys).

        Masks are true for what counts: query_mask (batch, queries), value_mask and key_mask (batch, keys),
        attention_mask (batch, queries, keys) or with a second axis for the heads; all of them hold together. A query
        that no key is left for attends to nothing.
        """
        q = self._heads("query", query)
        k = self._heads("key", value if key is None else key)
        v = self._heads("value", value)
        mask = attention_mask_of(attention_mask, query_mask, value_mask, key_mask)
        y, scores = self._attend(q, k, v, mask, use_causal_mask, training, return_attention_scores)
        y = self._joined(y)
        return y if scores is None else (y, scores)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        return previous_mask

    def compute_output_shape(
        self, input_shape: Shape, value_shape: Shape | None = None, key_shape: Shape | None = None
    ) -> Shape:
        return (*input_shape[:-1], self.output_size or input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "value_dim": self.value_dim,
            "dropout": self.dropout,
            "use_bias": self.use_bias,
            "output_shape": None if self.output_size is None else [self.output_size],
            "attention_axes": None if self.attention_axes is None else list(self.attention_axes),
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "seed": self.seed,
        }
