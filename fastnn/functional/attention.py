"""Scaled dot-product attention."""

from __future__ import annotations

import math

from .. import _core
from ..tensor import Node, Tensor, is_grad_enabled
from ._base import Gradients, _array_of, _no_second_derivative, _op, _result

_NAME = "scaled_dot_product_attention"


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    *,
    heads_axis: int = 1,
    seed: int | _core.Scalar | None = None,
    stream: int = 0,
    step: int | _core.Scalar = 0,
) -> Tensor:
    """``dropout(softmax(scale * query @ key.T + mask)) @ value`` for every head (Vaswani et al. 2017).

    The scores are computed in blocks and never stored together (Dao et al. 2022); their softmax is online (Milakov and
    Gimelshein 2018).

    Parameters
    ----------
    query : Tensor, (batch, heads, queries, depth)
    key : Tensor, (batch, kv_heads, keys, depth)
        kv_heads divides heads: as many heads of query in a row share one of key and value.
    value : Tensor, (batch, kv_heads, keys, value_depth)
    attn_mask : Tensor, broadcasts to (batch, heads, queries, keys), optional
        bool or uint8: true where a query attends to a key. As query: added to the scaled scores; it takes no gradient.
    dropout_p : float, default 0
        Probability that a probability becomes zero, in [0, 1); the others are scaled by 1 / (1 - dropout_p).
    is_causal : bool, default False
        Query i attends to keys 0 to i only.
    scale : float, optional
        1 / sqrt(depth) when not given; not 0.
    heads_axis : int, default 1
        With 2, query, key, value and the result are (batch, length, heads, depth) as in Keras.
    seed, stream, step : int
        As in `dropout`; the random number belongs to a batch entry, head, query and key.

    Returns
    -------
    Tensor, (batch, heads, queries, value_depth)
        Zeros for a query that no key is left for.

    Raises
    ------
    TypeError, ValueError
        dtypes or shapes don't fit; scale is 0; dropout_p is above 0 and no seed is given; attn_mask requires a
        gradient. There is no second derivative.
    """
    operands = (query, key, value)
    arrays = [_array_of(_NAME, t) for t in (*operands, attn_mask)]
    if scale is not None and scale == 0:
        raise ValueError(f"{_NAME}: expected a scale other than 0, got {scale}")
    if seed is None and dropout_p > 0:
        raise ValueError(f"{_NAME}: expected a seed with dropout_p above 0")
    if attn_mask is not None and attn_mask.requires_grad:
        raise ValueError(
            f"{_NAME}: expected attn_mask without a gradient; detach() it, or add it to scores of your own"
        )
    if scale is None and query.ndim == 4:
        scale = 1 / math.sqrt(max(query.shape[-1], 1))
    options = {"heads_axis": heads_axis, "is_causal": is_causal, "scale": scale or 0.0}
    needs = is_grad_enabled() and any(t.requires_grad for t in operands)
    draw = None
    if dropout_p > 0:
        draws = {"rate": dropout_p, "seed": seed, "stream": stream, "step": step}
        y, logsumexp, draw = _op(f"{_NAME}_dropout")(*arrays, wanted=7 if needs else 1, **options, **draws)
    else:
        y, logsumexp = _op(_NAME)(*arrays, wanted=3 if needs else 1, **options)
    if not needs:
        return Tensor._wrap(y)
    extra = [t for t in (attn_mask, None if draw is None else Tensor._wrap(draw)) if t is not None]
    return _result(
        _NAME,
        y,
        _attention_gradient,
        operands,
        (*operands, Tensor._wrap(logsumexp), *extra),
        save_output=True,
        options={**options, "rate": dropout_p},
        masked=attn_mask is not None,
    )


def _attention_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    query, key, value, logsumexp, *extra = node.saved
    mask = extra.pop(0) if node.attributes["masked"] else None
    draw = extra.pop(0) if extra else None
    name = f"{_NAME}_backward"
    inputs = (dy, query, key, value, node.saved_output(), logsumexp, mask, draw)
    wanted = sum(1 << index for index, needed in enumerate(node.needs) if needed)
    buffers = [buffer if needed else None for buffer, needed in zip(into, node.needs, strict=True)]
    held = {}
    if any(buffer is not None for buffer in buffers):
        held = {
            "out": tuple(None if buffer is None else buffer._array for buffer in buffers),
            "accumulate": sum(1 << index for index, buffer in enumerate(buffers) if buffer is not None),
        }
    found = _op(name)(*(_array_of(name, t) for t in inputs), wanted=wanted, **held, **node.attributes["options"])
    rule = _no_second_derivative(_NAME)
    gradients = [
        None if array is None else _result(name, array, rule, (dy, query, key, value), into=buffer)
        for array, buffer in zip(found, buffers, strict=True)
    ]
    return tuple(gradients)
