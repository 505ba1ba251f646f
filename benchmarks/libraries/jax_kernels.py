"""The kernels in JAX: each one function under jit, whose results are waited for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from . import Call, jax_library

IMAGES = ("NHWC", "HWIO", "NHWC")


def make(kernel: Any) -> Call | None:
    made: Call | None = globals()[kernel.kind](kernel.arrays(), **kernel.sizes)
    return made


def waited(function: Callable[..., Any], *arrays: Any) -> Call:
    """The function compiled; arrays are on its side before the clock starts."""
    compiled, inputs = jax.jit(function), [jnp.asarray(array) for array in arrays]
    return lambda: jax.block_until_ready(compiled(*inputs))


def gemm(arrays: Any, transpose_a: bool, transpose_b: bool) -> Call:
    return waited(lambda a, b: (a.mT if transpose_a else a) @ (b.mT if transpose_b else b), *arrays)


def conv(arrays: Any, part: str, stride: int, groups: int, epilogue: bool) -> Call:
    x, w, dy = arrays

    def forward(x: Any, w: Any) -> Any:
        return jax.lax.conv_general_dilated(
            x, w, (stride, stride), "SAME", dimension_numbers=IMAGES, feature_group_count=groups
        )

    if part == "forward":
        bias = np.zeros(w.shape[3], np.float32)
        return waited(
            (lambda x, w, b: jax.nn.relu(forward(x, w) + b)) if epilogue else lambda x, w, b: forward(x, w), x, w, bias
        )
    if part == "input":
        return waited(lambda dy, w, x: jax.vjp(lambda x: forward(x, w), x)[1](dy)[0], dy, w, x)

    def gradients(x: Any, dy: Any, w: Any) -> Any:
        dw = jax.vjp(lambda w: forward(x, w), w)[1](dy)[0]
        return (dw, dy.sum((0, 1, 2))) if epilogue else dw

    return waited(gradients, x, dy, w)


def transposed(arrays: Any, part: str) -> Call:
    def forward(x: Any, w: Any) -> Any:
        return jax.lax.conv_transpose(x, w, (2, 2), "SAME", dimension_numbers=IMAGES, transpose_kernel=True)

    x, w, dy = arrays
    if part == "forward":
        return waited(forward, x, w)
    if part == "input":
        return waited(lambda dy, w, x: jax.vjp(lambda x: forward(x, w), x)[1](dy)[0], dy, w, x)
    return waited(lambda x, dy, w: jax.vjp(lambda w: forward(x, w), w)[1](dy)[0], x, dy, w)


def pool(arrays: Any, channels: int) -> Call:
    def forward(x: Any) -> Any:
        n, h, w, c = x.shape
        return x.reshape(n, h // 2, 2, w // 2, 2, c).max((2, 4))

    return waited(lambda x, dy: jax.vjp(forward, x)[1](dy), *arrays)


def batchnorm_relu(arrays: Any, channels: int) -> Call:
    def forward(x: Any, gamma: Any, beta: Any) -> Any:
        mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
        return jax.nn.relu((x - mean) * (jax.lax.rsqrt(variance + 1e-3) * gamma) + beta)

    x, dy = arrays
    ones, zeros = np.ones(channels, np.float32), np.zeros(channels, np.float32)
    return waited(lambda x, gamma, beta, dy: jax.vjp(forward, x, gamma, beta)[1](dy), x, ones, zeros, dy)


def cross_entropy(arrays: Any, classes: int) -> Call:
    return waited(jax.grad(partial(jax_library.loss_of, "classes")), *arrays)


def gru(x: Any, kernel: Any, recurrent: Any, bias: Any) -> Any:
    def step(h: Any, p: Any) -> Any:
        q = h @ recurrent + bias[1]
        (p_z, p_r, p_h), (q_z, q_r, q_h) = jnp.split(p, 3, axis=-1), jnp.split(q, 3, axis=-1)
        z = jax.nn.sigmoid(p_z + q_z)
        h = z * h + (1 - z) * jnp.tanh(p_h + jax.nn.sigmoid(p_r + q_r) * q_h)
        return h, h

    zeros = jnp.zeros((x.shape[0], recurrent.shape[0]), x.dtype)
    return jnp.swapaxes(jax.lax.scan(step, zeros, jnp.swapaxes(x @ kernel + bias[0], 0, 1))[1], 0, 1)


def rnn(arrays: Any, cell: str, training: bool, units: int) -> Call:
    x, kernel, recurrent, bias, dy = arrays
    forward = partial(jax_library.lstm, all_steps=True) if cell == "lstm" else gru
    if not training:
        return waited(forward, x, kernel, recurrent, bias)
    return waited(lambda *inputs: jax.vjp(forward, *inputs[:-1])[1](inputs[-1]), x, kernel, recurrent, bias, dy)


def attention(arrays: Any) -> Call:
    def forward(*heads: Any) -> Any:
        y = jax.nn.dot_product_attention(*(jnp.swapaxes(head, 1, 2) for head in heads))
        return jnp.swapaxes(y, 1, 2)

    return waited(lambda q, k, v, dy: jax.vjp(forward, q, k, v)[1](dy), *arrays)


def adam(arrays: Any) -> Call:
    gradients = [jnp.asarray(array) for array in arrays]
    state: Any = ([jnp.zeros_like(g) for g in gradients], jax_library.fresh(gradients))

    @partial(jax.jit, donate_argnums=(0, 2))
    def update(weights: Any, gradients: Any, slots: Any) -> Any:
        return jax_library.adam(weights, gradients, slots)

    def call() -> Any:
        nonlocal state
        weights, slots = state
        state = jax.block_until_ready(update(weights, gradients, slots))
        return state[0]

    return call


def embedding(arrays: Any, rows: int, lazy: bool) -> Call | None:
    if lazy:
        return None
    table, dy, ids = map(jnp.asarray, arrays)
    state: Any = ([table], jax_library.fresh([table]))

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(weights: Any, slots: Any, ids: Any, dy: Any) -> Any:
        y, pull = jax.vjp(lambda table: table[ids], weights[0])
        return y, jax_library.adam(weights, pull(dy), slots)

    def call() -> Any:
        nonlocal state
        y, state = jax.block_until_ready(step(*state, ids, dy))
        return y

    return call
