"""Masks of attention: true for what counts, put together and laid over scores."""

from __future__ import annotations

import numpy as np

from .. import functional as F
from ..tensor import Tensor, constant

__all__ = ["attention_mask_of", "both", "causal", "is_true", "masked_softmax"]

_NEVER = -1e9  # a masked score, as Keras has it


def is_true(mask: Tensor) -> Tensor:
    """A mask as bools."""
    return mask if mask.dtype.kind in "bu" else F.not_equal(mask, 0)


def both(a: Tensor | None, b: Tensor | None) -> Tensor | None:
    """True where both masks are, with broadcasting; a mask that is not there is true."""
    if a is None or b is None:
        return a if b is None else b
    return F.logical_and(a, b)


def masked_softmax(scores: Tensor, mask: Tensor | None) -> Tensor:
    """Probabilities of scores, all but zero where the mask is false."""
    return F.softmax(scores if mask is None else F.where(mask, scores, _NEVER))


def causal(queries: int, keys: int) -> Tensor:
    """(queries, keys): query i may look at keys 0 to i."""
    return constant(np.tri(queries, keys, dtype=bool))


def attention_mask_of(
    mask: Tensor | None, queries: Tensor | None, values: Tensor | None, keys: Tensor | None
) -> Tensor | None:
    """All masks as one over scores (batch, heads, queries, keys): mask is (batch, queries, keys) or has a second axis
    for the heads, queries (batch, queries), values and keys (batch, keys)."""
    found = None if mask is None else is_true(mask)
    if found is not None and found.ndim == 3:
        found = found[:, None]
    if queries is not None:
        found = both(found, is_true(queries)[:, None, :, None])
    for steps in (values, keys):
        if steps is not None:
            found = both(found, is_true(steps)[:, None, None, :])
    return found
