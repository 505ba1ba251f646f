"""Cases of scaled dot-product attention and its gradient, and what they mean in plain NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import op_references as ref

from cases.case import Benchmark, Inputs, OpCase, size, text

Array = np.ndarray


def heads_first(x: Array, heads_axis: int) -> Array:
    return x.swapaxes(1, 2) if heads_axis == 2 else x


def grouped(x: Array, heads: int) -> Array:
    """Heads of key and value once for each head of query."""
    return np.repeat(x, heads // x.shape[1], axis=1) if x.shape[1] else x


def scores(query: Array, key: Array, mask: Array | None, is_causal: bool, scale: float) -> Array:
    """Scaled and masked, (batch, heads, queries, keys); operands with their heads first."""
    s = (scale or 1 / np.sqrt(query.shape[-1])) * query @ grouped(key, query.shape[1]).swapaxes(-2, -1)
    if mask is not None:
        s = np.where(mask != 0, s, -np.inf) if mask.dtype.kind in "bu" else s + mask
    return np.where(np.tri(*s.shape[-2:], dtype=bool), s, -np.inf) if is_causal else s


def kept(shape: Sequence[int], rate: float, **draw: int) -> Array:
    """What dropout multiplies the probabilities by: a row of keys takes whole blocks of four random numbers."""
    if rate == 0:
        return np.ones(shape)
    padded = np.ones((*shape[:-1], -(-shape[-1] // 4) * 4))
    return ref.dropout(padded, rate=rate, **draw)[0][..., : shape[-1]]


def attention(
    query: Array,
    key: Array,
    value: Array,
    mask: Array | None = None,
    heads_axis: int = 1,
    is_causal: bool = False,
    scale: float = 0.0,
    rate: float = 0.0,
    **draw: int,
) -> tuple[Array, ...]:
    q, k, v = (heads_first(x, heads_axis) for x in (query, key, value))
    s = scores(q, k, mask, is_causal, scale)
    largest = s.max(axis=-1, keepdims=True, initial=-np.inf)
    e = np.exp(s - np.where(np.isneginf(largest), 0, largest))
    total = e.sum(axis=-1, keepdims=True)
    p = np.where(total == 0, 0, e / np.where(total == 0, 1, total)) * kept(s.shape, rate, **draw)
    y = heads_first(p @ grouped(v, q.shape[1]), heads_axis)
    with np.errstate(divide="ignore"):
        logsumexp = (largest + np.log(total))[..., 0]
    if not draw:
        return y.astype(query.dtype), logsumexp
    return y.astype(query.dtype), logsumexp, np.array([draw[name] for name in ("seed", "stream", "step")])


def attention_backward(
    dy: Array,
    query: Array,
    key: Array,
    value: Array,
    y: Array,
    logsumexp: Array,
    mask: Array | None = None,
    draw: Array | None = None,
    heads_axis: int = 1,
    is_causal: bool = False,
    scale: float = 0.0,
    rate: float = 0.0,
) -> tuple[Array, Array, Array]:
    dy, q, k, v, y = (heads_first(x, heads_axis) for x in (dy, query, key, value, y))
    p = np.exp(scores(q, k, mask, is_causal, scale) - np.where(np.isneginf(logsumexp), 0, logsumexp)[..., None])
    numbers = {} if draw is None else dict(zip(("seed", "stream", "step"), draw.tolist(), strict=True))
    keep = kept(p.shape, rate, **numbers)
    heads = q.shape[1]
    dp = dy @ grouped(v, heads).swapaxes(-2, -1) * keep
    ds = p * (dp - (dy * y).sum(axis=-1, keepdims=True)) * (scale or 1 / np.sqrt(q.shape[-1]))

    def ungrouped(x: Array) -> Array:
        batch, kv_heads = k.shape[:2]
        return x.reshape(batch, kv_heads, heads // max(kv_heads, 1), *x.shape[2:]).sum(axis=2)

    dq, dk = ds @ grouped(k, heads), ungrouped(ds.swapaxes(-2, -1) @ q)
    dv = ungrouped((p * keep).swapaxes(-2, -1) @ dy)
    dq, dk, dv = (heads_first(x, heads_axis) for x in (dq, dk, dv))
    return dq, dk, dv


MakeMask = Callable[[np.random.Generator, Sequence[int]], Array]


def random_mask(kind: str, shape: Sequence[int], empty_row: bool = False) -> MakeMask:
    """Broadcasts to (batch, heads, queries, keys): a mask of bools, uint8 or numbers. 0 in shape stands for that size;
    with empty_row nothing is left for the first query."""

    def make(rng: np.random.Generator, sizes: Sequence[int]) -> Array:
        full = [size or whole for size, whole in zip(shape, sizes[4 - len(shape) :], strict=True)]
        keep = rng.random(full) < 0.7
        if full[-1] > 1:
            keep[..., 0] = True
        if empty_row:
            keep[..., 0, :] = False
        if kind == "float":
            return np.where(keep, rng.standard_normal(full), -np.inf)
        return keep.astype(kind)

    return make


def attention_cases(
    batch: int,
    heads: int,
    queries: int,
    keys: int,
    depth: int,
    value_depth: int | None = None,
    kv_heads: int | None = None,
    what: str = "",
    mask: MakeMask | None = None,
    mask_has_batch: bool = False,
    benchmark: Sequence[int] | None = None,
    **options: Any,
) -> list[OpCase]:
    """Forward and backward; benchmark: batch, heads, queries, keys, depth."""
    axis = options.get("heads_axis", 1)

    def shapes(batch: int, heads: int, queries: int, keys: int, depth: int) -> list[tuple[int, ...]]:
        width = depth if value_depth is None else value_depth
        kv = heads if kv_heads is None else kv_heads
        found = [(batch, heads, queries, depth), (batch, kv, keys, depth), (batch, kv, keys, width)]
        return [(b, t, h, d) if axis == 2 else (b, h, t, d) for b, h, t, d in found]

    def make(sizes: Sequence[int]) -> Callable[[np.random.Generator], Inputs]:
        def inputs(rng: np.random.Generator) -> Inputs:
            batch, heads, queries, keys, _ = sizes
            operands = [rng.standard_normal(shape) for shape in shapes(*sizes)]
            return [*operands, None if mask is None else mask(rng, (batch, heads, queries, keys))]

        return inputs

    def make_backward(sizes: Sequence[int]) -> Callable[[np.random.Generator], Inputs]:
        def inputs(rng: np.random.Generator) -> Inputs:
            forward = make(sizes)(rng)
            y, logsumexp, *draw = attention(*forward, **options)
            return [rng.standard_normal(y.shape), *forward[:3], y, logsumexp, forward[3], *(draw or [None])]

        return inputs

    def apply(F: Any, q: Any, k: Any, v: Any, m: Any = None) -> Any:
        return F.scaled_dot_product_attention(q, k, v, None if m is None else m.detach(), **call)

    def torch_attention(torch: Any, query: Any, key: Any, value: Any, mask: Any = None) -> Any:
        q, k, v = (x.transpose(1, 2) if axis == 2 else x for x in (query, key, value))
        y = torch.nn.functional.scaled_dot_product_attention(
            q,
            k,
            v,
            mask.bool() if mask is not None and mask.dtype == torch.uint8 else mask,
            is_causal=options.get("is_causal", False),
            scale=options.get("scale"),
            enable_gqa=kv_heads is not None,
        )
        return y.transpose(1, 2) if axis == 2 else y

    sizes = (batch, heads, queries, keys, depth)
    name = what or text(sizes)
    plain = "rate" not in options
    op = "scaled_dot_product_attention" + ("" if plain else "_dropout")
    call = dict(options)
    call["dropout_p"] = call.pop("rate", 0.0)
    call.setdefault("seed", 0)
    backward = {k: v for k, v in options.items() if k not in ("seed", "stream", "step")}
    flops = 0
    if benchmark:
        flops = 4 * int(np.prod(benchmark))
    masked = (3,) if mask_has_batch else ()
    # PyTorch takes no mask beside is_causal; of one key the gradients of query and key are rounding alone
    comparable = plain and keys > 1 and not (mask is not None and options.get("is_causal"))
    torch_counterpart = torch_attention if comparable else None
    numbers = size(*shapes(*benchmark)) if benchmark else 0
    return [
        OpCase(
            name=f"{op}-{name}",
            op=op,
            make=make(sizes),
            attributes=options,
            reference=attention,
            apply=apply,
            differentiable=(0, 1, 2),
            torch=torch_counterpart,
            batched=(0, 1, 2, *masked) if plain else (),
            benchmark=Benchmark(make(benchmark), flops, 4 * (numbers + size(shapes(*benchmark)[0])))
            if benchmark
            else None,
        ),
        OpCase(
            name=f"scaled_dot_product_attention_backward-{name}",
            op="scaled_dot_product_attention_backward",
            make=make_backward(sizes),
            attributes=backward,
            reference=attention_backward,
            batched=(0, 1, 2, 3, 4, 5, *(i + 3 for i in masked)) if plain else (),
            benchmark=Benchmark(
                make_backward(benchmark), 5 * flops // 2, 4 * (2 * numbers + size(shapes(*benchmark)[0]))
            )
            if benchmark
            else None,
        ),
    ]


CASES: list[OpCase] = [
    *attention_cases(2, 3, 5, 7, 4, benchmark=(8, 4, 256, 256, 64)),
    *attention_cases(2, 2, 9, 9, 17, what="causal", is_causal=True),
    *attention_cases(1, 2, 3, 8, 5, what="causal-more-keys", is_causal=True),
    *attention_cases(1, 2, 8, 3, 5, what="causal-more-queries", is_causal=True),
    *attention_cases(2, 2, 6, 5, 8, value_depth=3, what="heads-last", heads_axis=2),
    *attention_cases(2, 4, 5, 6, 3, kv_heads=2, what="grouped", scale=0.7),
    *attention_cases(1, 3, 4, 5, 3, kv_heads=1, what="grouped-heads-last", heads_axis=2, is_causal=True),
    *attention_cases(2, 2, 5, 17, 4, what="mask-bool", mask=random_mask("bool", (0, 1, 0, 0)), mask_has_batch=True),
    *attention_cases(2, 2, 4, 9, 4, what="mask-uint8-empty-row", mask=random_mask("uint8", (0, 0), empty_row=True)),
    *attention_cases(2, 2, 4, 5, 4, what="mask-keys", mask=random_mask("bool", (0, 1, 1, 0)), mask_has_batch=True),
    *attention_cases(2, 1, 4, 5, 4, what="mask-queries", mask=random_mask("uint8", (0, 1, 0, 1)), mask_has_batch=True),
    *attention_cases(1, 2, 5, 6, 4, what="mask-float", mask=random_mask("float", (1, 0, 0, 0))),
    *attention_cases(1, 2, 4, 18, 4, what="mask-float-causal", mask=random_mask("float", (0,)), is_causal=True),
    *attention_cases(1, 2, 5, 7, 4, what="p0.4", rate=0.4, seed=5, stream=7, step=3, benchmark=(8, 4, 256, 256, 64)),
    *attention_cases(1, 1, 66, 258, 3, what="p0.5-blocks", rate=0.5, seed=2**40, stream=0, step=2**33),
    *attention_cases(1, 1, 130, 300, 16, what="blocks"),
    *attention_cases(1, 2, 300, 300, 8, value_depth=33, what="blocks-causal", is_causal=True),
    *attention_cases(1, 1, 70, 270, 4, what="blocks-mask", mask=random_mask("bool", (0, 0), empty_row=True)),
    *attention_cases(1, 1, 1, 1, 1),
    *attention_cases(2, 2, 3, 1, 4),
    *attention_cases(1, 2, 1, 33, 16, what="one-query", is_causal=False),
    *attention_cases(1, 2, 3, 0, 4, what="no-keys"),
    *attention_cases(1, 2, 0, 3, 4, what="no-queries"),
    *attention_cases(0, 2, 3, 4, 4, what="no-samples"),
]
