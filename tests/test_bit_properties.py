"""Bits, tried on many shapes: any number of threads gives the same, and in batch-invariant mode a sample has those that
it has alone. Of the ops that choose among ways of computing, on every level."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from op_calls import levels
from tolerances import assert_same_bits

import fastnn
from fastnn import _core, kernels

Arrays = tuple[np.ndarray, ...]
# what a shape makes: (names, what is computed of one batch, the arrays whose first axis is the batch)
Made = tuple[str, Callable[..., Any], Arrays]

seeds = st.integers(0, 2**32 - 1)
batches = st.one_of(st.integers(1, 9), st.integers(10, 70))
widths = st.one_of(st.integers(1, 20), st.integers(21, 140))
depths = st.one_of(st.integers(1, 40), st.integers(250, 600))


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@st.composite
def products(draw: Any) -> Made:
    seed, m, n, k = draw(seeds), draw(st.one_of(batches, st.integers(90, 500))), draw(widths), draw(depths)
    weight, bias = normal(seed + 1, k, n), normal(seed + 2, n)
    transposed = np.ascontiguousarray(weight.T)
    name, compute = draw(
        st.sampled_from(
            (
                ("gemm", lambda x: kernels.gemm(x, weight)),
                ("gemm of a transpose", lambda x: kernels.gemm(x, transposed, transpose_b=True)),
                ("linear", lambda x: kernels.linear(x, weight, bias, activation="relu")),
                ("products", lambda x: kernels.gemm(x[:, None], weight)),
            )
        )
    )
    return f"{name} {m}x{n}x{k}", compute, (normal(seed, m, k),)


@st.composite
def convolutions(draw: Any) -> Made:
    seed, batch, groups = draw(seeds), draw(batches), draw(st.sampled_from((1, 1, 1, 2)))
    height, width = draw(st.integers(1, 13)), draw(st.integers(1, 13))
    window = draw(st.sampled_from(((3, 3), (3, 3), (1, 1), (2, 3), (5, 5))))
    into, out = groups * draw(st.integers(1, 33)), groups * draw(st.integers(1, 33))
    options = {"padding": "same", "groups": groups, "strides": draw(st.sampled_from(((1, 1), (1, 1), (2, 2))))}
    weight = normal(seed + 1, *window, into // groups, out)
    x = normal(seed, batch, height, width, into)
    dy = normal(seed + 2, *kernels.conv2d(x, weight, **options).shape)

    def both(x: np.ndarray, dy: np.ndarray) -> Any:
        return kernels.conv2d(x, weight, **options), kernels.conv2d_backward_input(dy, weight, x, **options)

    return f"conv2d {x.shape} {weight.shape} {options}", both, (x, dy)


@st.composite
def recurrences(draw: Any) -> Made:
    seed, batch, steps = draw(seeds), draw(batches), draw(st.integers(1, 5))
    into, units = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    name, gates = draw(st.sampled_from((("lstm", 4), ("gru", 3), ("simple_rnn", 1))))
    kernel, recurrent = normal(seed + 1, into, gates * units), normal(seed + 2, units, gates * units) / 8
    bias = normal(seed + 3, *((2, 3 * units) if name == "gru" else (gates * units,)))
    function = getattr(kernels, name)
    return (
        f"{name} {batch}x{steps}x{into} {units}",
        lambda x: function(x, kernel, recurrent, bias),
        (normal(seed, batch, steps, into),),
    )


@st.composite
def attentions(draw: Any) -> Made:
    seed, batch, heads = draw(seeds), draw(st.integers(1, 6)), draw(st.integers(1, 3))
    queries, keys, depth = draw(st.integers(1, 150)), draw(st.integers(1, 150)), draw(st.integers(1, 40))
    causal = draw(st.booleans())
    q, dy = (normal(seed + i, batch, heads, queries, depth) for i in (0, 3))
    k, v = (normal(seed + i, batch, heads, keys, depth) for i in (1, 2))

    def both(q: np.ndarray, k: np.ndarray, v: np.ndarray, dy: np.ndarray) -> Any:
        y, logsumexp = kernels.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return y, *kernels.scaled_dot_product_attention_backward(dy, q, k, v, y, logsumexp, is_causal=causal)

    return f"attention {q.shape} {keys} keys, causal {causal}", both, (q, k, v, dy)


@st.composite
def weight_gradients(draw: Any) -> Made:
    """Sums over the batch: no sample has a result of its own."""
    seed, batch, groups = draw(seeds), draw(batches), draw(st.sampled_from((1, 1, 2)))
    into, out = groups * draw(st.integers(1, 33)), groups * draw(st.integers(1, 33))
    if draw(st.booleans()):
        x = normal(seed, draw(depths), draw(st.integers(1, 300)))
        dy = normal(seed + 1, len(x), draw(widths))
        return f"gemm {x.shape} {dy.shape}", lambda x, dy: kernels.gemm(x, dy, transpose_a=True), (x, dy)
    plane = draw(st.integers(1, 13)), draw(st.integers(1, 13))
    weight = normal(seed, *draw(st.sampled_from(((3, 3), (1, 1), (2, 3)))), into // groups, out)
    options = {"padding": "same", "groups": groups}
    return (
        f"conv2d_backward_weight {batch} {plane} {weight.shape} {options}",
        lambda x, dy: kernels.conv2d_backward_weight(x, dy, weight, **options),
        (normal(seed + 1, batch, *plane, into), normal(seed + 2, batch, *plane, out)),
    )


def results(compute: Callable[..., Any], arrays: Arrays) -> list[np.ndarray]:
    got = compute(*arrays)
    return [part for part in (got if isinstance(got, tuple) else (got,)) if part is not None]


FAMILIES = {
    "products": products(),
    "convolutions": convolutions(),
    "recurrences": recurrences(),
    "attentions": attentions(),
}
SUMS = {"weight gradients": weight_gradients()}


@pytest.mark.parametrize("family", [*FAMILIES, *SUMS])
@settings(max_examples=20)
@given(data=st.data())
def test_threads_make_no_difference(family: str, data: Any) -> None:
    what, compute, arrays = data.draw({**FAMILIES, **SUMS}[family])
    for level in levels()[:-1]:
        _core.set_isa(level)
        fastnn.set_num_threads(1)
        alone = results(compute, arrays)
        for threads in (2, 3, 7):
            fastnn.set_num_threads(threads)
            for got, want in zip(results(compute, arrays), alone, strict=True):
                assert_same_bits(got, want, f"{what} isa={level} threads={threads}")


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=25)
@given(data=st.data())
def test_a_sample_has_the_bits_that_it_has_alone(family: str, data: Any) -> None:
    what, compute, arrays = data.draw(FAMILIES[family])
    sample = data.draw(st.integers(0, len(arrays[0]) - 1))
    _core.set_batch_invariant(True)
    try:
        for level in levels()[:-1]:
            _core.set_isa(level)
            together = results(compute, arrays)
            one = results(compute, tuple(array[sample : sample + 1] for array in arrays))
            for got, want in zip(one, together, strict=True):
                # recurrent layers keep what backward needs with the steps in front of the batch
                sizes = zip(got.shape, want.shape, strict=True)
                axis = next(axis for axis, pair in enumerate(sizes) if pair == (1, len(arrays[0])))
                assert_same_bits(got, want.take([sample], axis), f"{what} isa={level} sample {sample}")
    finally:
        _core.set_batch_invariant(False)
