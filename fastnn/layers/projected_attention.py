"""What attention layers of several heads share: projections of inputs and result, and attention between them."""

from __future__ import annotations

import math
from typing import Any

from .. import functional as F
from ..tensor import Tensor
from .attention_masks import both, causal, masked_softmax
from .base import Shape
from .base.drawing import Drawing
from .base.streaming import LOOKS_AT_ALL

__all__ = ["ProjectedAttention"]


class ProjectedAttention(Drawing):
    """Attention of heads, by weights of the names query, key, value and attention_output."""

    supports_masking = True
    _streams = LOOKS_AT_ALL

    dropout: float
    use_bias: bool
    kernel_initializer: Any
    bias_initializer: Any

    def _add_projection(self, name: str, kernel: tuple[int, ...], bias: tuple[int, ...]) -> None:
        self.add_weight(kernel, self.kernel_initializer, name=f"{name}.kernel")
        if self.use_bias:
            self.add_weight(bias, self.bias_initializer, name=f"{name}.bias")

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

    def _attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, use_causal_mask: bool, training: bool, shown: bool
    ) -> tuple[Tensor, Tensor | None]:
        """The heads' results (batch, queries, heads, size), and the probabilities when they are to be shown."""
        rate = self.dropout if training else 0.0
        if shown:
            if use_causal_mask:
                mask = both(mask, causal(q.shape[1], k.shape[1]))
            return self._in_the_open(q, k, v, mask, rate)
        attend, operands = F.scaled_dot_product_attention, (q, k, v, mask, rate, use_causal_mask)
        y = self._draw(attend, *operands, heads_axis=2) if rate > 0 else attend(*operands, heads_axis=2)
        return y, None

    def _in_the_open(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, rate: float) -> tuple[Tensor, Tensor]:
        """The same with the probabilities (batch, heads, queries, keys)."""
        scores = F.einsum("bqhd,bkhd->bhqk", F.multiply(q, 1 / math.sqrt(q.shape[-1])), k)
        scores = masked_softmax(scores, mask)
        if mask is not None:
            scores = F.where(mask, scores, 0.0)
        kept = self._drop(scores, rate) if rate > 0 else scores
        return F.einsum("bhqk,bkhd->bqhd", kept, v), scores

    def _joined(self, y: Tensor) -> Tensor:
        """The heads' results (batch, queries, heads, size) projected to (batch, queries, outputs)."""
        kernel, bias = self._weights["attention_output.kernel"], self._weights.get("attention_output.bias")
        y = F.reshape(y, (-1, y.shape[1], kernel.shape[0] * kernel.shape[1]))
        return F.linear(y, F.reshape(kernel, (-1, kernel.shape[-1])), bias)
