"""What every op means, in plain NumPy: the oracle of tests/op_cases.py, independent of the C++.

Each function takes the op's inputs and attributes and returns the output or a tuple of outputs, in the dtype of its
inputs (benchmarks use the same functions in float32 as the NumPy peer). Ops that update arguments return their new
values.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

Array = np.ndarray

# ---- products --------------------------------------------------------------------------------------------------------


def gemm(a: Array, b: Array, transpose_a: bool = False, transpose_b: bool = False) -> Array:
    return (a.T if transpose_a else a) @ (b.T if transpose_b else b)


def linear(x: Array, weight: Array, bias: Array | None = None, activation: str = "linear") -> Array:
    y = x @ weight
    if bias is not None:
        y = y + bias
    return relu(y) if activation == "relu" else y


def window_pads(
    image: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
    padding: str,
    pads: Sequence[int],
) -> list[tuple[int, int]]:
    """(before, after) for height and width; `same` puts the odd one after."""
    if padding == "valid":
        return [(0, 0), (0, 0)]
    if padding == "explicit":
        return [(pads[0], pads[1]), (pads[2], pads[3])]
    result = []
    for size, taps, stride, distance in zip(image, kernel, strides, dilation, strict=True):
        reach = (taps - 1) * distance + 1
        total = max((math.ceil(size / stride) - 1) * stride + reach - size, 0)
        result.append((total // 2, total - total // 2))
    return result


def window_outputs(
    image: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
    pads: Sequence[tuple[int, int]],
) -> tuple[int, int]:
    height, width = (
        (size + before + after - (taps - 1) * distance - 1) // stride + 1
        for size, taps, stride, distance, (before, after) in zip(image, kernel, strides, dilation, pads, strict=True)
    )
    return height, width


def conv2d_shape(
    x: Sequence[int],
    weight: Sequence[int],
    strides: Sequence[int] = (1, 1),
    padding: str = "valid",
    pads: Sequence[int] = (0, 0, 0, 0),
    dilation: Sequence[int] = (1, 1),
    groups: int = 1,
) -> tuple[int, int, int, int]:
    edges = window_pads(x[1:3], weight[:2], strides, dilation, padding, pads)
    return (x[0], *window_outputs(x[1:3], weight[:2], strides, dilation, edges), weight[3])


class _Taps:
    """Walks the taps and groups of a convolution: for each, the part of the padded image, of the weight and of the
    output it joins."""

    def __init__(self, x: Sequence[int], weight: Sequence[int], **options: Any) -> None:
        self.strides = options.get("strides", (1, 1))
        self.dilation = options.get("dilation", (1, 1))
        self.groups = options.get("groups", 1)
        self.weight = weight
        self.edges = window_pads(
            x[1:3],
            weight[:2],
            self.strides,
            self.dilation,
            options.get("padding", "valid"),
            options.get("pads", (0, 0, 0, 0)),
        )
        self.output = (x[0], *window_outputs(x[1:3], weight[:2], self.strides, self.dilation, self.edges), weight[3])

    def pad(self, x: Array) -> Array:
        return np.pad(x, [(0, 0), *self.edges, (0, 0)])

    def crop(self, padded: Array) -> Array:
        (top, bottom), (left, right) = self.edges
        return padded[:, top : padded.shape[1] - bottom, left : padded.shape[2] - right]

    def __iter__(self) -> Iterator[tuple[Any, Any, Any]]:
        _, height, width, out = self.output
        kh, kw, cin, _ = self.weight
        per_group = out // self.groups
        for i in range(kh):
            for j in range(kw):
                top, left = i * self.dilation[0], j * self.dilation[1]
                rows = np.s_[top : top + (height - 1) * self.strides[0] + 1 : self.strides[0]]
                columns = np.s_[left : left + (width - 1) * self.strides[1] + 1 : self.strides[1]]
                for group in range(self.groups):
                    channels = np.s_[group * cin : (group + 1) * cin]
                    outputs = np.s_[group * per_group : (group + 1) * per_group]
                    yield np.s_[:, rows, columns, channels], np.s_[i, j, :, outputs], np.s_[..., outputs]


def conv2d(x: Array, weight: Array, bias: Array | None = None, activation: str = "linear", **options: Any) -> Array:
    taps = _Taps(x.shape, weight.shape, **options)
    padded = taps.pad(x)
    y = np.zeros(taps.output, x.dtype)
    for image, kernel, output in taps:
        y[output] += padded[image] @ weight[kernel]
    if bias is not None:
        y += bias
    return relu(y) if activation == "relu" else y


def conv2d_backward_input(dy: Array, weight: Array, x: Array, **options: Any) -> Array:
    taps = _Taps(x.shape, weight.shape, **options)
    padded = taps.pad(np.zeros_like(x))
    for image, kernel, output in taps:
        padded[image] += dy[output] @ weight[kernel].T
    return taps.crop(padded).copy()


def conv2d_backward_weight(x: Array, dy: Array, weight: Array, **options: Any) -> Array:
    taps = _Taps(x.shape, weight.shape, **options)
    padded = taps.pad(x)
    dw = np.zeros_like(weight)
    for image, kernel, output in taps:
        dw[kernel] += np.tensordot(padded[image], dy[output], axes=([0, 1, 2], [0, 1, 2]))
    return dw


# ---- pooling ---------------------------------------------------------------------------------------------------------


def max_pool2d(
    x: Array,
    pool_size: Sequence[int] = (2, 2),
    strides: Sequence[int] = (2, 2),
    padding: str = "valid",
    pads: Sequence[int] = (0, 0, 0, 0),
) -> tuple[Array, Array]:
    """Window by window; the first of equal maxima wins, a NaN wins over everything and the first NaN stays."""
    batch, height, width, channels = x.shape
    edges = window_pads((height, width), pool_size, strides, (1, 1), padding, pads)
    rows, columns = window_outputs((height, width), pool_size, strides, (1, 1), edges)
    taps = pool_size[0] * pool_size[1]
    y = np.full((batch, rows, columns, channels), -np.inf, x.dtype)
    index = np.zeros(y.shape, np.uint8 if taps <= 256 else np.int32)
    for row in range(rows):
        for column in range(columns):
            seen = np.zeros((batch, channels), bool)
            for tap in range(taps):
                i = row * strides[0] - edges[0][0] + tap // pool_size[1]
                j = column * strides[1] - edges[1][0] + tap % pool_size[1]
                if not (0 <= i < height and 0 <= j < width):
                    continue
                value, best = x[:, i, j], y[:, row, column]
                wins = ~seen | (value > best) | (np.isnan(value) & ~np.isnan(best))
                y[:, row, column] = np.where(wins, value, best)
                index[:, row, column] = np.where(wins, tap, index[:, row, column])
                seen[:] = True
    return y, index


def max_pool2d_backward(
    dy: Array,
    index: Array,
    x: Array,
    pool_size: Sequence[int] = (2, 2),
    strides: Sequence[int] = (2, 2),
    padding: str = "valid",
    pads: Sequence[int] = (0, 0, 0, 0),
) -> Array:
    edges = window_pads(x.shape[1:3], pool_size, strides, (1, 1), padding, pads)
    b, row, column, c = np.indices(dy.shape)
    i = row * strides[0] - edges[0][0] + index // pool_size[1]
    j = column * strides[1] - edges[1][0] + index % pool_size[1]
    dx = np.zeros(x.shape, dy.dtype)
    np.add.at(dx, (b, i, j, c), dy)
    return dx


# ---- activations and losses ------------------------------------------------------------------------------------------


def relu(x: Array) -> Array:
    return np.where(x <= 0, 0, x).astype(x.dtype)


def relu_backward(dy: Array, y: Array) -> Array:
    return np.where(y > 0, dy, 0).astype(dy.dtype)


def softmax(x: Array, axis: int = -1) -> Array:
    shifted = np.exp(x - x.max(axis=axis, keepdims=True))
    return shifted / shifted.sum(axis=axis, keepdims=True)


def softmax_backward(dy: Array, y: Array, axis: int = -1) -> Array:
    return y * (dy - (dy * y).sum(axis=axis, keepdims=True))


def _distribution(labels: Array, like: Array) -> Array:
    return labels if labels.dtype.kind == "f" else np.eye(like.shape[-1], dtype=like.dtype)[labels]


def softmax_cross_entropy(logits: Array, labels: Array) -> tuple[Array, Array]:
    top = logits.max(axis=-1, keepdims=True)
    logsumexp = top + np.log(np.exp(logits - top).sum(axis=-1, keepdims=True))
    return (_distribution(labels, logits) * (logsumexp - logits)).sum(axis=-1), np.exp(logits - logsumexp)


def softmax_cross_entropy_backward(dloss: Array, probabilities: Array, labels: Array) -> Array:
    target = _distribution(labels, probabilities)
    return dloss[..., None] * (probabilities * target.sum(axis=-1, keepdims=True) - target)


def categorical_accuracy(predictions: Array, labels: Array) -> Array:
    target = labels.argmax(axis=-1) if labels.dtype.kind == "f" else labels
    return (predictions.argmax(axis=-1) == target).astype(predictions.dtype)


# ---- reductions ------------------------------------------------------------------------------------------------------


def sum(x: Array, axes: Sequence[int] = (), keepdims: bool = False) -> Array:
    return np.asarray(x.sum(axis=tuple(axes) or None, keepdims=keepdims))


def mean(x: Array, axes: Sequence[int] = (), keepdims: bool = False) -> Array:
    total = sum(x, axes, keepdims)
    with np.errstate(invalid="ignore"):
        return total / (np.float64(x.size) / np.float64(total.size)) if total.size else total


def sum_backward(dy: Array, x: Array, axes: Sequence[int] = (), keepdims: bool = False) -> Array:
    kept = np.empty(x.shape, bool).any(axis=tuple(axes) or None, keepdims=True).shape
    return np.broadcast_to(dy.reshape(kept), x.shape).copy()


def mean_backward(dy: Array, x: Array, axes: Sequence[int] = (), keepdims: bool = False) -> Array:
    return sum_backward(dy, x, axes, keepdims) / max(1, x.size // max(1, dy.size))


def sum_to_like(x: Array, like: Array) -> Array:
    missing = x.ndim - like.ndim
    axes = [axis for axis in range(x.ndim) if axis < missing or like.shape[axis - missing] != x.shape[axis]]
    return np.asarray(x.sum(axis=tuple(axes))).reshape(like.shape)


# ---- shape and memory ------------------------------------------------------------------------------------------------


def reshape(x: Array, like: Array | None = None, shape: Sequence[int] = ()) -> Array:
    return x.reshape(shape if like is None else like.shape)


def _slices(starts: Sequence[int], stops: Sequence[int], steps: Sequence[int]) -> tuple[builtins.slice, ...]:
    end, before_start = 2**63 - 1, -(2**63)
    return tuple(
        builtins.slice(start, None if stop in (end, before_start) else stop, step)
        for start, stop, step in zip(starts, stops, steps, strict=True)
    )


def slice(x: Array, starts: Sequence[int] = (), stops: Sequence[int] = (), steps: Sequence[int] = ()) -> Array:
    return x[_slices(starts, stops, steps)]


def slice_backward(
    dy: Array, x: Array, starts: Sequence[int] = (), stops: Sequence[int] = (), steps: Sequence[int] = ()
) -> Array:
    dx = np.zeros_like(x)
    dx[_slices(starts, stops, steps)] = dy
    return dx


# ---- random ----------------------------------------------------------------------------------------------------------


def philox(counter: Array, key: tuple[int, int]) -> Array:
    """Philox 4x32-10 (Salmon et al. 2011) on rows of four 32-bit words."""
    low = np.uint64(0xFFFFFFFF)
    words = [counter[:, i].astype(np.uint64) for i in range(4)]
    key0, key1 = key
    for _ in range(10):
        product0 = words[0] * np.uint64(0xD2511F53)
        product1 = words[2] * np.uint64(0xCD9E8D57)
        words = [
            (product1 >> np.uint64(32)) ^ words[1] ^ np.uint64(key0),
            product1 & low,
            (product0 >> np.uint64(32)) ^ words[3] ^ np.uint64(key1),
            product0 & low,
        ]
        key0, key1 = (key0 + 0x9E3779B9) & 0xFFFFFFFF, (key1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack(words, axis=1).astype(np.uint32)


def dropout(x: Array, rate: float = 0.5, stream: int = 0, seed: int = 0, step: int = 0) -> tuple[Array, Array]:
    """Element i is kept when word i % 4 of block i // 4 is at least rate; stream and step are hashed by the seed."""

    def words(*values: int) -> list[int]:
        return [word for value in values for word in (value & 0xFFFFFFFF, value >> 32)]

    hashed = philox(np.array([words(stream, step)], np.uint64), (seed & 0xFFFFFFFF, seed >> 32))[0]
    counter = np.zeros((math.ceil(x.size / 4), 4), np.uint64)
    counter[:, 0] = np.arange(len(counter))
    counter[:, 2:] = hashed[2:]
    random = philox(counter, (int(hashed[0]), int(hashed[1]))).reshape(-1)[: x.size].reshape(x.shape)
    mask = (random >= math.ceil(rate * 2**32)).astype(np.uint8)
    return dropout_backward(x, mask, rate), mask


def dropout_backward(dy: Array, mask: Array, rate: float) -> Array:
    return np.where(mask != 0, dy * dy.dtype.type(1 / (1 - rate)), 0).astype(dy.dtype)


# ---- state -----------------------------------------------------------------------------------------------------------


def sgd_update(
    parameters: list[Array],
    gradients: list[Array],
    velocities: Sequence[Array] = (),
    learning_rate: float = 0.01,
    momentum: float = 0.0,
    nesterov: bool = False,
) -> tuple[list[Array], ...]:
    if not momentum:
        return [w - learning_rate * g for w, g in zip(parameters, gradients, strict=True)], gradients
    velocities = [momentum * v - learning_rate * g for v, g in zip(velocities, gradients, strict=True)]
    steps = velocities
    if nesterov:
        steps = [momentum * v - learning_rate * g for v, g in zip(velocities, gradients, strict=True)]
    return [w + step for w, step in zip(parameters, steps, strict=True)], gradients, velocities


def adam_update(
    parameters: list[Array],
    gradients: list[Array],
    first_moments: list[Array],
    second_moments: list[Array],
    learning_rate: float = 0.001,
    iterations: int = 0,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
) -> tuple[list[Array], ...]:
    t = iterations + 1
    alpha = learning_rate * math.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    first = [m + (g - m) * (1 - beta_1) for m, g in zip(first_moments, gradients, strict=True)]
    second = [v + (g * g - v) * (1 - beta_2) for v, g in zip(second_moments, gradients, strict=True)]
    values = [w - alpha * m / (np.sqrt(v) + epsilon) for w, m, v in zip(parameters, first, second, strict=True)]
    return values, gradients, first, second


def mean_update(total: Array, values: Array) -> tuple[Array, Array]:
    return total + np.array([values.astype(np.float64).sum(), values.size]), values
