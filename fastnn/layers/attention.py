"""Attention layers: MultiHeadAttention, Attention, AdditiveAttention."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import functional as F
from .. import initializers
from ..tensor import Tensor, constant
from . import arguments
from .base import Shape
from .regularization import Drawing, drop_rate
from .streaming import LOOKS_AT_ALL

__all__ = ["AdditiveAttention", "Attention", "MultiHeadAttention"]

_NEVER = -1e9  # a masked score, as Keras has it


def _is_true(mask: Tensor) -> Tensor:
    """A mask as bools."""
    return mask if mask.dtype.kind in "bu" else F.not_equal(mask, 0)


def _both(a: Tensor | None, b: Tensor | None) -> Tensor | None:
    """True where both masks are, with broadcasting; a mask that is not there is true."""
    if a is None or b is None:
        return a if b is None else b
    return F.logical_and(a, b)


def _masked_softmax(scores: Tensor, mask: Tensor | None) -> Tensor:
    return F.softmax(scores if mask is None else F.where(mask, scores, _NEVER))


def _causal(queries: int, keys: int) -> Tensor:
    """(queries, keys): query i may look at keys 0 to i."""
    return constant(np.tri(queries, keys, dtype=bool))


class MultiHeadAttention(Drawing):
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

    supports_masking = True
    _streams = LOOKS_AT_ALL

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
        self.flash_attention = flash_attention
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)

    def build(self, input_shape: Shape, value_shape: Shape | None = None, key_shape: Shape | None = None) -> None:
        super().build(input_shape)
        value_shape = input_shape if value_shape is None else value_shape
        key_shape = value_shape if key_shape is None else key_shape
        for name, shape, size in (
            ("query", input_shape, self.key_dim),
            ("key", key_shape, self.key_dim),
            ("value", value_shape, self.value_dim),
        ):
            self.add_weight((shape[-1] or 0, self.num_heads, size), self.kernel_initializer, name=f"{name}.kernel")
            if self.use_bias:
                self.add_weight((self.num_heads, size), self.bias_initializer, name=f"{name}.bias")
        outputs = self.output_size or input_shape[-1] or 0
        shape = (self.num_heads, self.value_dim, outputs)
        self.add_weight(shape, self.kernel_initializer, name="attention_output.kernel")
        if self.use_bias:
            self.add_weight((outputs,), self.bias_initializer, name="attention_output.bias")

    def check_input(self, shape: Shape) -> None:
        inputs = self._weights["query.kernel"].shape[0] if self.built else "n"
        if len(shape) != 3 or not shape[-1] or (self.built and shape[-1] != inputs):
            raise self.expected(f"(batch, steps, {inputs})", shape)

    def _heads(self, name: str, x: Tensor) -> Tensor:
        """x (batch, steps, inputs) projected to (batch, steps, num_heads, size)."""
        kernel, bias = self._weights[f"{name}.kernel"], self._weights.get(f"{name}.bias")
        if x.ndim != 3 or x.shape[-1] != kernel.shape[0]:
            raise ValueError(f"{self.name}: expected {name} (batch, steps, {kernel.shape[0]}), got {x.shape}")
        flat = F.reshape(kernel, (kernel.shape[0], -1))
        y = F.linear(x, flat, None if bias is None else F.reshape(bias, -1))
        return F.reshape(y, (-1, x.shape[1], *kernel.shape[1:]))

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
        mask = None if attention_mask is None else _is_true(attention_mask)
        if mask is not None and mask.ndim == 3:
            mask = mask[:, None]
        if query_mask is not None:
            mask = _both(mask, _is_true(query_mask)[:, None, :, None])
        for steps in (value_mask, key_mask):
            if steps is not None:
                mask = _both(mask, _is_true(steps)[:, None, None, :])
        rate = self.dropout if training else 0.0
        scores = None
        if return_attention_scores:
            if use_causal_mask:
                mask = _both(mask, _causal(q.shape[1], k.shape[1]))
            scores, y = self._in_the_open(q, k, v, mask, rate)
        else:
            attend, operands = F.scaled_dot_product_attention, (q, k, v, mask, rate, use_causal_mask)
            y = self._draw(attend, *operands, heads_axis=2) if rate > 0 else attend(*operands, heads_axis=2)
        kernel, bias = self._weights["attention_output.kernel"], self._weights.get("attention_output.bias")
        y = F.reshape(y, (-1, y.shape[1], self.num_heads * self.value_dim))
        y = F.linear(y, F.reshape(kernel, (-1, kernel.shape[-1])), bias)
        return y if scores is None else (y, scores)

    def _in_the_open(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, rate: float) -> tuple[Tensor, Tensor]:
        """The probabilities, and the heads' results (batch, queries, num_heads, value_dim) by them."""
        scores = F.einsum("bqhd,bkhd->bhqk", F.multiply(q, 1 / math.sqrt(self.key_dim)), k)
        scores = _masked_softmax(scores, mask)
        if mask is not None:
            scores = F.where(mask, scores, 0.0)
        kept = self._drop(scores, rate) if rate > 0 else scores
        return scores, F.einsum("bhqk,bkhd->bqhd", kept, v)

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
            "output_shape": self.output_size,
            "flash_attention": self.flash_attention,
            "kernel_initializer": initializers.describe(self.kernel_initializer),
            "bias_initializer": initializers.describe(self.bias_initializer),
            "seed": self.seed,
        }


class Attention(Drawing):
    """Dot-product attention, Luong-style (Luong et al. 2015): ``softmax(query @ key.T) @ value`` of one head without
    projections.

    Its inputs are a list: query (batch, queries, depth), value (batch, keys, width), and key (batch, keys, depth), the
    value when not given.

    Parameters
    ----------
    use_scale : bool, default False
        Multiply the scores by a weight, one at first.
    score_mode : {'dot', 'concat'}
        'concat' scores by ``weight * sum(tanh(query + key))``.
    dropout : float, default 0
        Probability of a zero among the attention probabilities while training.
    seed : int, optional
        Of the dropout; the model's when not given.
    """

    _takes_several = True

    _streams = LOOKS_AT_ALL

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, **kwargs)
        cls = type(self).__name__
        if score_mode not in ("dot", "concat"):
            raise ValueError(f"{cls}: expected score_mode 'dot' or 'concat', got {score_mode!r}")
        self.use_scale = bool(use_scale)
        self.score_mode = score_mode
        self.dropout = drop_rate(cls, "dropout", dropout)

    def build(self, input_shape: Any) -> None:
        self._check_shapes(input_shape)
        super().build(input_shape)
        if self.use_scale:
            self.add_weight((), "ones", name="scale")
        if self.score_mode == "concat":
            self.add_weight((), "ones", name="concat_score_weight")

    def _check_shapes(self, shapes: Any) -> None:
        if not isinstance(shapes, list) or len(shapes) not in (2, 3):
            raise ValueError(f"{self.name}: expected a list of query and value, or query, value and key")
        query, value, key = (*shapes, shapes[1])[:3]
        for name, shape in (("query", query), ("value", value), ("key", key)):
            if len(shape) != 3:
                raise self.expected(f"{name} (batch, steps, depth)", shape)
        if query[-1] != key[-1]:
            raise self.expected(f"key (batch, steps, {query[-1]})", key)
        if key[1] != value[1]:
            raise self.expected(f"key (batch, {value[1]}, depth)", key)

    def _scores(self, query: Tensor, key: Tensor) -> Tensor:
        """(batch, queries, keys)"""
        scale = self._weights.get("scale")
        if self.score_mode == "dot":
            scores = F.matmul(query, key, transpose_b=True)
            return scores if scale is None else F.multiply(scores, scale)
        sums = F.add(query[:, :, None], key[:, None])
        inner = F.tanh(sums if scale is None else F.multiply(sums, scale))
        return F.multiply(F.sum(inner, -1), self._weights["concat_score_weight"])

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """The result (batch, queries, width), with return_attention_scores also the probabilities (batch, queries,
        keys).

        mask is a list of the masks of query and value, (batch, steps), true for what counts; either may be None.
        """
        query, value, key = (*inputs, inputs[1])[:3]
        of_query, of_value = (None, None) if mask is None else (*mask, None)[:2]
        keep = None if of_value is None else _is_true(of_value)[:, None]
        if use_causal_mask:
            keep = _both(keep, _causal(query.shape[1], key.shape[1]))
        scores = _masked_softmax(self._scores(query, key), keep)
        if training and self.dropout > 0:
            scores = self._drop(scores, self.dropout)
        y = F.matmul(scores, value)
        if of_query is not None:
            y = F.where(_is_true(of_query)[:, :, None], y, 0.0)
        return (y, scores) if return_attention_scores else y

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        return previous_mask[0] if isinstance(previous_mask, list) else None

    def compute_output_shape(self, input_shape: Any) -> Shape:
        self._check_shapes(input_shape)
        return (*input_shape[0][:-1], input_shape[1][-1])

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "use_scale": self.use_scale,
            "score_mode": self.score_mode,
            "dropout": self.dropout,
            "seed": self.seed,
        }


class AdditiveAttention(Attention):
    """Additive attention (Bahdanau et al. 2015): as `Attention` with the scores ``sum(scale * tanh(query + key))``.

    Parameters
    ----------
    use_scale : bool, default True
        scale is a weight, (depth,), else one.
    dropout : float, default 0
    seed : int, optional
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, seed=seed, **kwargs)

    def build(self, input_shape: Any) -> None:
        self._check_shapes(input_shape)
        Drawing.build(self, input_shape)
        if self.use_scale:
            self.add_weight((input_shape[0][-1],), "glorot_uniform", name="scale")

    def _scores(self, query: Tensor, key: Tensor) -> Tensor:
        inner = F.tanh(F.add(query[:, :, None], key[:, None]))
        scale = self._weights.get("scale")
        return F.sum(inner if scale is None else F.multiply(inner, scale), -1)

    def get_config(self) -> dict[str, Any]:
        return {name: value for name, value in super().get_config().items() if name != "score_mode"}
