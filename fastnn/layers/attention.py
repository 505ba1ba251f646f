"""Attention of one head without projections: Attention, and AdditiveAttention, which differs in its scores alone."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from ..tensor import Tensor
from .attention_masks import both, causal, is_true, masked_softmax
from .base import Shape
from .base.drawing import Drawing, drop_rate
from .base.streaming import LOOKS_AT_ALL

__all__ = ["AdditiveAttention", "Attention"]


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
            raise ValueError(f"{self.name}: expected a list of query and value, or query, value and key, got {shapes}")
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
        keep = None if of_value is None else is_true(of_value)[:, None]
        if use_causal_mask:
            keep = both(keep, causal(query.shape[1], key.shape[1]))
        scores = masked_softmax(self._scores(query, key), keep)
        if training and self.dropout > 0:
            scores = self._drop(scores, self.dropout)
        y = F.matmul(scores, value)
        if of_query is not None:
            y = F.where(is_true(of_query)[:, :, None], y, 0.0)
        return (y, scores) if return_attention_scores else y

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return mask[0] if isinstance(mask, list) else None

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
