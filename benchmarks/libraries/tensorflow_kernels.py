"""The kernels in TensorFlow: each a tf.function over its own operations and Keras's layers, with and without XLA."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from . import Call


def make(kernel: Any, jit: bool) -> Call | None:
    made: Call | None = globals()[kernel.kind](kernel.arrays(), jit, **kernel.sizes)
    return made


def compiled(jit: bool, function: Callable[..., Any], *arrays: Any) -> Call:
    """The function over tensors that are made before the clock starts; an eager result is ready when it is there."""
    traced, inputs = tf.function(function, jit_compile=jit), [tf.convert_to_tensor(array) for array in arrays]
    return lambda: traced(*inputs)


def gradients(function: Callable[..., Any], dy: Any, *inputs: Any) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        y = function(*inputs)
    return tape.gradient(y, inputs, dy)


def gemm(arrays: Any, jit: bool, transpose_a: bool, transpose_b: bool) -> Call:
    return compiled(jit, lambda a, b: tf.matmul(a, b, transpose_a, transpose_b), *arrays)


def conv(arrays: Any, jit: bool, part: str, stride: int, groups: int, epilogue: bool) -> Call | None:
    x, w, dy = arrays
    if w.shape[2] == 1 and groups > 1:
        return depthwise(x, w, dy, jit, part)
    if groups > 1 and not (jit or part == "forward"):
        return None  # TensorFlow has no gradient of grouped convolutions on the CPU
    strides = [stride, stride]

    def forward(x: Any, w: Any) -> Any:
        return tf.nn.conv2d(x, w, strides, "SAME")

    if part == "forward":
        bias = np.zeros(w.shape[3], np.float32)
        if epilogue:
            return compiled(jit, lambda x, w, b: tf.nn.relu(tf.nn.bias_add(forward(x, w), b)), x, w, bias)
        return compiled(jit, forward, x, w)
    if part == "input":
        return compiled(jit, lambda dy, w, x: gradients(lambda x: forward(x, w), dy, x), dy, w, x)

    def backward(x: Any, dy: Any, w: Any) -> Any:
        dw = gradients(lambda w: forward(x, w), dy, w)
        return (*dw, tf.reduce_sum(dy, (0, 1, 2))) if epilogue else dw

    return compiled(jit, backward, x, dy, w)


def depthwise(x: Any, w: Any, dy: Any, jit: bool, part: str) -> Call:
    kernel = np.ascontiguousarray(w.transpose(0, 1, 3, 2))

    def forward(x: Any, w: Any) -> Any:
        return tf.nn.depthwise_conv2d(x, w, [1, 1, 1, 1], "SAME")

    if part == "forward":
        return compiled(jit, forward, x, kernel)
    if part == "input":
        return compiled(jit, lambda dy, w, x: gradients(lambda x: forward(x, w), dy, x), dy, kernel, x)
    return compiled(jit, lambda x, dy, w: gradients(lambda w: forward(x, w), dy, w), x, dy, kernel)


def transposed(arrays: Any, jit: bool, part: str) -> Call:
    x, w, dy = arrays

    def forward(x: Any, w: Any) -> Any:
        return tf.nn.conv2d_transpose(x, w, dy.shape, 2)

    if part == "forward":
        return compiled(jit, forward, x, w)
    if part == "input":
        return compiled(jit, lambda dy, w, x: gradients(lambda x: forward(x, w), dy, x), dy, w, x)
    return compiled(jit, lambda x, dy, w: gradients(lambda w: forward(x, w), dy, w), x, dy, w)


def pool(arrays: Any, jit: bool, channels: int) -> Call:
    x, dy = arrays
    return compiled(jit, lambda x, dy: gradients(lambda x: tf.nn.max_pool2d(x, 2, 2, "VALID"), dy, x), x, dy)


def batchnorm_relu(arrays: Any, jit: bool, channels: int) -> Call:
    x, dy = arrays

    def forward(x: Any, gamma: Any, beta: Any) -> Any:
        return tf.nn.relu(tf.compat.v1.nn.fused_batch_norm(x, gamma, beta, epsilon=1e-3)[0])

    ones, zeros = np.ones(channels, np.float32), np.zeros(channels, np.float32)
    return compiled(jit, lambda x, a, b, dy: gradients(forward, dy, x, a, b), x, ones, zeros, dy)


def cross_entropy(arrays: Any, jit: bool, classes: int) -> Call:
    logits, labels = arrays

    def backward(logits: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(logits)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        return tape.gradient(loss, logits)

    return compiled(jit, backward, logits, labels)


def rnn(arrays: Any, jit: bool, cell: str, training: bool, units: int) -> Call:
    x, kernel, recurrent, bias, dy = arrays
    layer = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[cell](units, return_sequences=True)
    layer.build(x.shape)
    layer.set_weights([kernel, recurrent, bias])
    if not training:
        return compiled(jit, layer, x)

    def backward(x: Any, dy: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=True)
        return tape.gradient(y, [x, *layer.trainable_variables], dy)

    return compiled(jit, backward, x, dy)


def attention(arrays: Any, jit: bool) -> Call:
    *inputs, dy = arrays
    scale = np.float32(1 / np.sqrt(inputs[0].shape[-1]))

    def forward(q: Any, k: Any, v: Any) -> Any:
        return tf.matmul(tf.nn.softmax(tf.matmul(q, k, transpose_b=True) * scale), v)

    return compiled(jit, lambda q, k, v, dy: gradients(forward, dy, q, k, v), *inputs, dy)


def adam(arrays: Any, jit: bool) -> Call:
    weights = [tf.Variable(tf.zeros(array.shape)) for array in arrays]
    optimizer = keras.optimizers.Adam()
    optimizer.build(weights)

    def update(*gradients: Any) -> None:
        optimizer.apply_gradients(zip(gradients, weights, strict=True))

    call = compiled(jit, update, *arrays)

    def updated() -> Any:
        call()
        return weights

    return updated


def embedding(arrays: Any, jit: bool, rows: int, lazy: bool) -> Call | None:
    if lazy:
        return None
    table, dy, ids = arrays
    weight = tf.Variable(table)
    optimizer = keras.optimizers.Adam()
    optimizer.build([weight])

    def step(ids: Any, dy: Any) -> Any:
        with tf.GradientTape() as tape:
            y = tf.gather(weight, ids)
        optimizer.apply_gradients(zip(tape.gradient(y, [weight], dy), [weight], strict=True))
        return y

    return compiled(jit, step, ids, dy)
