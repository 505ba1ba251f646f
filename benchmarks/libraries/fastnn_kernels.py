"""The kernels in fastnn: the functions of fastnn.kernels, results written into arrays that are there already."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn import _core
from fastnn import kernels as K
from fastnn.precision import CLASSES

from . import Call


def make(kernel: Any, precision: str) -> Call:
    """The call of a kernel in an accuracy class."""
    arrays = [np.ascontiguousarray(array) for array in kernel.arrays()]
    made: Call = globals()[kernel.kind](arrays, **kernel.sizes)
    own, usual = CLASSES.index(precision), CLASSES.index("float32")

    def call() -> Any:
        _core.set_precision(own)
        try:
            return made()
        finally:
            _core.set_precision(usual)

    return made if own == usual else call


def gemm(arrays: Any, transpose_a: bool, transpose_b: bool) -> Call:
    a, b = arrays
    rows, columns = a.shape[-1 if transpose_a else -2], b.shape[-2 if transpose_b else -1]
    y = np.empty((*a.shape[:-2], rows, columns), np.float32)
    return lambda: K.gemm(a, b, transpose_a=transpose_a, transpose_b=transpose_b, out=y)


def conv(arrays: Any, part: str, stride: int, groups: int, epilogue: bool) -> Call:
    x, w, dy = arrays
    options: Any = {"strides": (stride, stride), "padding": "same", "groups": groups}
    if part == "forward":
        y, bias = np.empty_like(dy), np.zeros(w.shape[3], np.float32) if epilogue else None
        return lambda: K.conv2d(x, w, bias, activation="relu" if epilogue else "linear", out=y, **options)
    if part == "input":
        dx = np.empty_like(x)
        return lambda: K.conv2d_backward_input(dy, w, x, out=dx, **options)
    dw = np.empty_like(w)
    if not epilogue:
        return lambda: K.conv2d_backward_weight(x, dy, w, out=dw, **options)
    return lambda: (K.conv2d_backward_weight(x, dy, w, out=dw, **options), K.sum(dy, axes=(0, 1, 2)))


def transposed(arrays: Any, part: str) -> Call:
    x, w, dy = arrays
    options: Any = {"strides": (2, 2), "padding": "same"}
    if part == "forward":
        y = np.empty_like(dy)
        return lambda: K.conv2d_transpose(x, w, out=y, **options)
    if part == "input":  # a transposed convolution is the gradient of the convolution that leads back
        dx = np.empty_like(x)
        return lambda: K.conv2d(dy, w, out=dx, **options)
    dw = np.empty_like(w)
    return lambda: K.conv2d_backward_weight(dy, x, w, out=dw, **options)


def pool(arrays: Any, channels: int) -> Call:
    x, dy = arrays
    forward, dx = K.max_pool2d(x), np.empty_like(x)

    def call() -> Any:
        _, index = K.max_pool2d(x, out=forward)
        return K.max_pool2d_backward(dy, index, x, out=dx)

    return call


def batchnorm_relu(arrays: Any, channels: int) -> Call:
    x, dy = arrays
    gamma, beta = np.ones(channels, np.float32), np.zeros(channels, np.float32)
    y, gradients = np.empty_like(x), (np.empty_like(x), np.empty_like(gamma), np.empty_like(beta))

    def call() -> Any:
        mean, variance = K.batch_statistics(x)
        K.batch_normalization(x, mean, variance, gamma, beta, activation="relu", out=y)
        return K.batch_normalization_backward(dy, x, mean, variance, gamma, beta, activation="relu", out=gradients)

    return call


def cross_entropy(arrays: Any, classes: int) -> Call:
    logits, labels = arrays
    dloss = np.full(len(logits), 1 / len(logits), np.float32)
    results = np.empty_like(dloss), np.empty_like(logits)

    def call() -> Any:
        _, dlogits = K.softmax_cross_entropy_with_gradient(logits, labels, dloss, out=results)
        return dlogits

    return call


def rnn(arrays: Any, cell: str, training: bool, units: int) -> Call:
    x, kernel, recurrent, bias, dy = arrays
    if cell == "lstm":
        forward = K.lstm(x, kernel, recurrent, bias)
        gradients = (*map(np.empty_like, (x, kernel, recurrent, bias)), *(np.empty_like(forward[1]) for _ in range(2)))

        def call() -> Any:
            y, _, gates, cells = K.lstm(x, kernel, recurrent, bias, out=forward)
            if not training:
                return y
            return K.lstm_backward(x, kernel, recurrent, y, gates, cells, dy, out=gradients)

    else:
        results = K.gru(x, kernel, recurrent, bias)
        slopes = (*map(np.empty_like, (x, kernel, recurrent, bias)), np.empty_like(dy[:, 0]))

        def call() -> Any:
            y, gates = K.gru(x, kernel, recurrent, bias, out=results)
            return K.gru_backward(dy, x, kernel, recurrent, y, gates, out=slopes) if training else y

    return call


def attention(arrays: Any) -> Call:
    query, key, value, dy = arrays
    forward, gradients = (
        K.scaled_dot_product_attention(query, key, value),
        tuple(map(np.empty_like, (query, key, value))),
    )

    def call() -> Any:
        y, logsumexp = K.scaled_dot_product_attention(query, key, value, out=forward)
        return K.scaled_dot_product_attention_backward(dy, query, key, value, y, logsumexp, out=gradients)

    return call


def adam(arrays: Any) -> Call:
    weights, first, second = ([np.zeros_like(array) for array in arrays] for _ in range(3))
    steps = 0

    def call() -> Any:
        nonlocal steps
        K.adam_update(weights, arrays, first, second, iterations=steps)
        steps += 1
        return weights

    return call


def embedding(arrays: Any, rows: int, lazy: bool) -> Call:
    table, dy, ids = arrays
    moments = [np.zeros_like(table) for _ in range(2)]
    y = K.embedding(ids, table)
    steps = 0

    def call() -> Any:
        nonlocal steps
        K.embedding(ids, table, out=y)
        K.adam_update([table], [dy], [moments[0]], [moments[1]], ids=[ids], iterations=steps, lazy=lazy)
        steps += 1
        return y

    return call
