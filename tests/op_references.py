"""What every op means, in plain NumPy: the oracle of tests/op_cases.py, independent of the C++.

Each function takes the op's inputs and attributes and returns the output or a tuple of outputs, in the dtype of its
inputs (benchmarks use the same functions in float32 as the NumPy peer). Ops that update arguments return their new
values.
"""

from __future__ import annotations

import builtins
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

Array = np.ndarray

# ---- products --------------------------------------------------------------------------------------------------------


def gemm(a: Array, b: Array, transpose_a: bool = False, transpose_b: bool = False) -> Array:
    return (a.swapaxes(-2, -1) if transpose_a else a) @ (b.swapaxes(-2, -1) if transpose_b else b)


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
    """(before, after) for every spatial axis; `same` puts the odd one after."""
    if padding == "valid":
        return [(0, 0)] * len(image)
    if padding == "explicit":
        return list(zip(pads[::2], pads[1::2], strict=True))
    result = []
    for size, taps, stride, distance in zip(image, kernel, strides, dilation, strict=True):
        reach = (taps - 1) * distance + 1
        total = builtins.max((math.ceil(size / stride) - 1) * stride + reach - size, 0)
        result.append((total // 2, total - total // 2))
    return result


def window_outputs(
    image: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
    pads: Sequence[tuple[int, int]],
) -> tuple[int, ...]:
    return tuple(
        (size + before + after - (taps - 1) * distance - 1) // stride + 1
        for size, taps, stride, distance, (before, after) in zip(image, kernel, strides, dilation, pads, strict=True)
    )


class _Taps:
    """Walks the taps and groups of a convolution with any number of spatial axes: for each, the part of the padded
    image, of the weight and of the output it joins."""

    def __init__(self, x: Sequence[int], weight: Sequence[int], **options: Any) -> None:
        axes = len(x) - 2
        self.strides = options.get("strides", (1,) * axes)
        self.dilation = options.get("dilation", (1,) * axes)
        self.groups = options.get("groups", 1)
        self.weight = weight
        window = (x[1:-1], weight[:-2], self.strides, self.dilation)
        self.edges = window_pads(*window, options.get("padding", "valid"), options.get("pads", (0, 0) * axes))
        self.output = (x[0], *window_outputs(*window, self.edges), weight[-1])

    def pad(self, x: Array) -> Array:
        return np.pad(x, [(0, 0), *self.edges, (0, 0)])

    def crop(self, padded: Array) -> Array:
        sizes = zip(padded.shape[1:-1], self.edges, strict=True)
        return padded[:, *(np.s_[before : size - after] for size, (before, after) in sizes)]

    def __iter__(self) -> Iterator[tuple[Any, Any, Any]]:
        cin, out = self.weight[-2:]
        per_group = out // self.groups
        for tap in np.ndindex(*self.weight[:-2]):
            axes = zip(tap, self.dilation, self.strides, self.output[1:-1], strict=True)
            places = [
                np.s_[i * distance : i * distance + (size - 1) * stride + 1 : stride]
                for i, distance, stride, size in axes
            ]
            for group in range(self.groups):
                channels = np.s_[group * cin : (group + 1) * cin]
                outputs = np.s_[group * per_group : (group + 1) * per_group]
                yield np.s_[:, *places, channels], np.s_[*tap, :, outputs], np.s_[..., outputs]


def conv_shape(x: Sequence[int], weight: Sequence[int], **options: Any) -> tuple[int, ...]:
    return _Taps(x, weight, **options).output


def conv(x: Array, weight: Array, bias: Array | None = None, activation: str = "linear", **options: Any) -> Array:
    """conv1d, conv2d and conv3d."""
    taps = _Taps(x.shape, weight.shape, **options)
    padded = taps.pad(x)
    y = np.zeros(taps.output, x.dtype)
    for image, kernel, output in taps:
        y[output] += padded[image] @ weight[kernel]
    if bias is not None:
        y += bias
    return relu(y) if activation == "relu" else y


def conv_backward_input(dy: Array, weight: Array, x: Array, **options: Any) -> Array:
    taps = _Taps(x.shape, weight.shape, **options)
    padded = taps.pad(np.zeros_like(x))
    for image, kernel, output in taps:
        padded[image] += dy[output] @ weight[kernel].T
    return taps.crop(padded).copy()


def conv_backward_weight(x: Array, dy: Array, weight: Array, **options: Any) -> Array:
    taps = _Taps(x.shape, weight.shape, **options)
    padded = taps.pad(x)
    dw = np.zeros_like(weight)
    axes = list(range(x.ndim - 1))
    for image, kernel, output in taps:
        dw[kernel] += np.tensordot(padded[image], dy[output], axes=(axes, axes))
    return dw


def conv_transpose_sizes(
    image: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    padding: str,
    pads: Sequence[int],
    dilation: Sequence[int],
    output_padding: Sequence[int],
) -> list[tuple[int, int]]:
    """By Keras's rule, for every spatial axis: size of the output, and how much is cut off before it."""
    result = []
    for axis, (size, taps, stride, distance) in enumerate(zip(image, kernel, strides, dilation, strict=True)):
        window, extra = (taps - 1) * distance + 1, output_padding[axis]
        if padding == "same":
            out = size * stride if extra < 0 else (size - 1) * stride + window % 2 + extra
            before = builtins.max((size - 1) * stride + window - out, 0) // 2
        elif padding == "valid":
            out, before = (size - 1) * stride + (builtins.max(window, stride) if extra < 0 else window + extra), 0
        else:
            before, after = pads[2 * axis : 2 * axis + 2]
            out = (size - 1) * stride + window + builtins.max(extra, 0) - before - after
        result.append((out, before))
    return result


def conv_transpose(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    strides: Sequence[int] | None = None,
    padding: str = "valid",
    pads: Sequence[int] | None = None,
    dilation: Sequence[int] | None = None,
    output_padding: Sequence[int] | None = None,
    activation: str = "linear",
) -> Array:
    """Every pixel of x adds weight times itself to its window of y."""
    axes = x.ndim - 2
    strides, dilation = strides or (1,) * axes, dilation or (1,) * axes
    options = (padding, pads or (0, 0) * axes, dilation, output_padding or (-1,) * axes)
    sizes = conv_transpose_sizes(x.shape[1:-1], weight.shape[:-2], strides, *options)
    room = [
        builtins.max((size - 1) * stride + (taps - 1) * distance + 1, out + before)
        for size, stride, taps, distance, (out, before) in zip(
            x.shape[1:-1], strides, weight.shape[:-2], dilation, sizes, strict=True
        )
    ]
    whole = np.zeros((x.shape[0], *room, weight.shape[-2]), x.dtype)
    for tap in np.ndindex(*weight.shape[:-2]):
        places = zip(tap, dilation, strides, x.shape[1:-1], strict=True)
        where = [np.s_[i * d : i * d + (size - 1) * stride + 1 : stride] for i, d, stride, size in places]
        whole[:, *where] += x @ weight[tap].T
    y = whole[:, *(np.s_[before : before + out] for out, before in sizes)]
    y = y.copy() if bias is None else y + bias
    return relu(y) if activation == "relu" else y


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


def conv2d_max_pool2d(
    x: Array, weight: Array, bias: Array | None = None, pool_size: Sequence[int] = (2, 2), **options: Any
) -> tuple[Array, Array]:
    return max_pool2d(conv(x, weight, bias, **options), pool_size, pool_size)


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


def avg_pool2d(
    x: Array,
    pool_size: Sequence[int] = (2, 2),
    strides: Sequence[int] = (2, 2),
    padding: str = "valid",
    pads: Sequence[int] = (0, 0, 0, 0),
) -> Array:
    """Window by window; padding is left out of the mean."""
    windows = _average_windows(x.shape, pool_size, strides, padding, pads)
    y = np.empty((x.shape[0], len(windows), len(windows[0]) if windows else 0, x.shape[3]), x.dtype)
    for row, line in enumerate(windows):
        for column, window in enumerate(line):
            y[:, row, column] = x[window].mean(axis=(1, 2))
    return y


def avg_pool2d_backward(
    dy: Array,
    x: Array,
    pool_size: Sequence[int] = (2, 2),
    strides: Sequence[int] = (2, 2),
    padding: str = "valid",
    pads: Sequence[int] = (0, 0, 0, 0),
) -> Array:
    dx = np.zeros(x.shape, dy.dtype)
    for row, line in enumerate(_average_windows(x.shape, pool_size, strides, padding, pads)):
        for column, window in enumerate(line):
            taps = dx[window].shape[1] * dx[window].shape[2]
            dx[window] += (dy[:, row, column] / taps)[:, None, None]
    return dx


def _average_windows(
    image: Sequence[int], pool_size: Sequence[int], strides: Sequence[int], padding: str, pads: Sequence[int]
) -> list[list[Any]]:
    """The part of the image that each window meets."""
    edges = window_pads(image[1:3], pool_size, strides, (1, 1), padding, pads)
    starts = [
        [index * stride - before for index in range(count)]
        for count, stride, (before, _) in zip(
            window_outputs(image[1:3], pool_size, strides, (1, 1), edges), strides, edges, strict=True
        )
    ]
    return [
        [
            np.s_[:, builtins.max(top, 0) : top + pool_size[0], builtins.max(left, 0) : left + pool_size[1]]
            for left in starts[1]
        ]
        for top in starts[0]
    ]


# ---- normalisation ---------------------------------------------------------------------------------------------------


def batch_statistics(x: Array) -> tuple[Array, Array]:
    axes = tuple(range(x.ndim - 1))
    return x.mean(axis=axes), x.var(axis=axes)


def batch_normalization(
    x: Array,
    mean: Array,
    variance: Array,
    gamma: Array | None = None,
    beta: Array | None = None,
    epsilon: float = 1e-3,
    activation: str = "linear",
) -> Array:
    y = (x - mean) / np.sqrt(variance + epsilon)
    y = y if gamma is None else y * gamma
    y = y if beta is None else y + beta
    return np.maximum(y, 0) if activation == "relu" else y


def batch_normalization_backward(
    dy: Array,
    x: Array,
    mean: Array,
    variance: Array,
    gamma: Array | None = None,
    beta: Array | None = None,
    epsilon: float = 1e-3,
    training: bool = True,
    activation: str = "linear",
) -> tuple[Array, Array, Array]:
    axes = tuple(range(x.ndim - 1))
    if activation == "relu":
        dy = np.where(batch_normalization(x, mean, variance, gamma, beta, epsilon) > 0, dy, 0)
    deviation = np.sqrt(variance + epsilon)
    normal = (x - mean) / deviation
    g = dy if gamma is None else dy * gamma
    dx = g / deviation
    if training:
        dx = (g - g.mean(axis=axes) - normal * (g * normal).mean(axis=axes)) / deviation
    return dx, (dy * normal).sum(axis=axes), dy.sum(axis=axes)


def layer_normalization(
    x: Array, gamma: Array | None = None, beta: Array | None = None, epsilon: float = 1e-3, rms: bool = False
) -> tuple[Array, Array, Array]:
    mean = np.zeros_like(x[..., 0]) if rms else x.mean(axis=-1)
    centered = x - mean[..., None]
    inverse = 1 / np.sqrt((centered**2).mean(axis=-1) + epsilon)
    y = centered * inverse[..., None]
    y = y if gamma is None else y * gamma
    return y if beta is None else y + beta, mean, inverse


def layer_normalization_backward(
    dy: Array, x: Array, mean: Array, inverse_deviation: Array, gamma: Array | None = None, rms: bool = False
) -> tuple[Array, Array, Array]:
    normal = (x - mean[..., None]) * inverse_deviation[..., None]
    g = dy if gamma is None else dy * gamma
    inner = g - normal * (g * normal).mean(axis=-1, keepdims=True)
    if not rms:
        inner = inner - g.mean(axis=-1, keepdims=True)
    axes = tuple(range(x.ndim - 1))
    return inner * inverse_deviation[..., None], (dy * normal).sum(axis=axes), dy.sum(axis=axes)


def group_normalization(
    x: Array, gamma: Array | None = None, beta: Array | None = None, groups: int = 32, epsilon: float = 1e-3
) -> tuple[Array, Array, Array]:
    parts = x.reshape(x.shape[0], math.prod(x.shape[1:-1]), groups, x.shape[-1] // groups)
    mean = parts.mean(axis=(1, 3))
    centered = parts - mean[:, None, :, None]
    inverse = 1 / np.sqrt((centered**2).mean(axis=(1, 3)) + epsilon)
    y = (centered * inverse[:, None, :, None]).reshape(x.shape)
    y = y if gamma is None else y * gamma
    return y if beta is None else y + beta, mean, inverse


def group_normalization_backward(
    dy: Array, x: Array, mean: Array, inverse_deviation: Array, gamma: Array | None = None, groups: int = 32
) -> tuple[Array, Array, Array]:
    shape = (x.shape[0], math.prod(x.shape[1:-1]), groups, x.shape[-1] // groups)
    inverse = inverse_deviation[:, None, :, None]
    normal = (x.reshape(shape) - mean[:, None, :, None]) * inverse
    g = (dy if gamma is None else dy * gamma).reshape(shape)
    dx = (g - g.mean(axis=(1, 3), keepdims=True) - normal * (g * normal).mean(axis=(1, 3), keepdims=True)) * inverse
    axes = tuple(range(x.ndim - 1))
    return dx.reshape(x.shape), (dy * normal.reshape(x.shape)).sum(axis=axes), dy.sum(axis=axes)


# ---- embedding -------------------------------------------------------------------------------------------------------


def embedding(ids: Array, table: Array) -> Array:
    return table[ids]


def embedding_backward(dy: Array, ids: Array, table: Array) -> Array:
    dtable = np.zeros(table.shape, dy.dtype)
    np.add.at(dtable, ids, dy)
    return dtable


# ---- activations and losses ------------------------------------------------------------------------------------------


def relu(x: Array) -> Array:
    return np.where(x <= 0, 0, x).astype(x.dtype)


def relu_backward(dy: Array, y: Array) -> Array:
    return np.where(y > 0, dy, 0).astype(dy.dtype)


def sigmoid(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, np.where(np.isnan(x), x, 1)) / (1 + e)


def sigmoid_backward(dy: Array, y: Array) -> Array:
    return dy * y * (1 - y)


def tanh_backward(dy: Array, y: Array) -> Array:
    return dy * (1 - y * y)


def leaky_relu(x: Array, negative_slope: float = 0.2) -> Array:
    return np.where(x > 0, x, negative_slope * x)


def leaky_relu_backward(dy: Array, x: Array, negative_slope: float = 0.2) -> Array:
    return np.where(x > 0, dy, negative_slope * dy)


def elu(x: Array, alpha: float = 1.0) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def elu_backward(dy: Array, x: Array, alpha: float = 1.0) -> Array:
    return np.where(x > 0, dy, dy * alpha * np.exp(np.minimum(x, 0)))


SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def selu(x: Array) -> Array:
    return SELU_SCALE * elu(x, SELU_ALPHA)


def selu_backward(dy: Array, x: Array) -> Array:
    return SELU_SCALE * elu_backward(dy, x, SELU_ALPHA)


def _normal_distribution(x: Array) -> Array:
    values = [0.5 * math.erfc(-value / math.sqrt(2)) for value in np.ravel(x).tolist()]
    return np.array(values, x.dtype).reshape(x.shape)


def gelu(x: Array, approximate: bool = False) -> Array:
    if approximate:
        return x * sigmoid(2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
    return x * _normal_distribution(x)


def gelu_backward(dy: Array, x: Array, approximate: bool = False) -> Array:
    if approximate:
        s = sigmoid(2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
        return dy * (s + x * s * (1 - s) * 2 * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2))
    return dy * (_normal_distribution(x) + x * np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi))


def silu(x: Array) -> Array:
    return x * sigmoid(x)


def silu_backward(dy: Array, x: Array) -> Array:
    s = sigmoid(x)
    return dy * s * (1 + x * (1 - s))


def softplus(x: Array) -> Array:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def softplus_backward(dy: Array, x: Array) -> Array:
    return dy * sigmoid(x)


def softsign(x: Array) -> Array:
    return x / (1 + np.abs(x))


def softsign_backward(dy: Array, x: Array) -> Array:
    return dy / (1 + np.abs(x)) ** 2


def hard_sigmoid(x: Array) -> Array:
    return np.minimum(np.maximum(x + 3, 0), 6) / 6


def hard_sigmoid_backward(dy: Array, x: Array) -> Array:
    return np.where((x <= -3) | (x >= 3), 0, dy / 6)


def abs_backward(dy: Array, x: Array) -> Array:
    return np.where(np.isnan(x), x, np.where(x == 0, 0, dy * np.sign(x)))


def clip(x: Array, minimum: float = 0.0, maximum: float = 1.0) -> Array:
    return np.minimum(np.maximum(x, minimum), maximum)


def clip_backward(dy: Array, x: Array, minimum: float = 0.0, maximum: float = 1.0) -> Array:
    return np.where((x < minimum) | (x > maximum), 0, dy)


def log_softmax(x: Array, axis: int = -1) -> Array:
    shifted = x - x.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def log_softmax_backward(dy: Array, y: Array, axis: int = -1) -> Array:
    return dy - np.exp(y) * dy.sum(axis=axis, keepdims=True)


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


def softmax_cross_entropy_with_gradient(logits: Array, labels: Array, dloss: Array) -> tuple[Array, Array]:
    loss, probabilities = softmax_cross_entropy(logits, labels)
    return loss, softmax_cross_entropy_backward(dloss, probabilities, labels)


def squared_error(predictions: Array, targets: Array) -> Array:
    return ((predictions - targets) ** 2).mean(axis=-1)


def squared_error_backward(dloss: Array, predictions: Array, targets: Array) -> Array:
    return dloss[..., None] * 2 * (predictions - targets) / predictions.shape[-1]


def absolute_error(predictions: Array, targets: Array) -> Array:
    return abs(predictions - targets).mean(axis=-1)


def absolute_error_backward(dloss: Array, predictions: Array, targets: Array) -> Array:
    return dloss[..., None] * np.sign(predictions - targets) / predictions.shape[-1]


def huber(predictions: Array, targets: Array, delta: float = 1.0) -> Array:
    size = abs(predictions - targets)
    return np.where(size <= delta, size**2 / 2, delta * size - delta**2 / 2).mean(axis=-1)


def huber_backward(dloss: Array, predictions: Array, targets: Array, delta: float = 1.0) -> Array:
    return dloss[..., None] * np.clip(predictions - targets, -delta, delta) / predictions.shape[-1]


def binary_cross_entropy(predictions: Array, targets: Array, from_logits: bool = False) -> Array:
    if from_logits:
        terms = targets * np.logaddexp(0, -predictions) + (1 - targets) * np.logaddexp(0, predictions)
    else:
        p = np.clip(predictions, 1e-7, 1 - 1e-7)
        terms = -(targets * np.log(p) + (1 - targets) * np.log(1 - p))
    return terms.mean(axis=-1)


def binary_cross_entropy_backward(dloss: Array, predictions: Array, targets: Array, from_logits: bool = False) -> Array:
    if from_logits:
        slopes = 1 / (1 + np.exp(-predictions)) - targets
    else:
        inside = (predictions >= 1e-7) & (predictions <= 1 - 1e-7)
        slopes = np.where(inside, (1 - targets) / (1 - predictions) - targets / predictions, 0)
    return dloss[..., None] * slopes / predictions.shape[-1]


def binary_accuracy(predictions: Array, targets: Array, threshold: float = 0.5) -> Array:
    return ((predictions > threshold) == targets).mean(axis=-1)


def categorical_accuracy(predictions: Array, labels: Array) -> Array:
    target = labels.argmax(axis=-1) if labels.dtype.kind == "f" else labels
    return (predictions.argmax(axis=-1) == target).astype(predictions.dtype)


# ---- reductions ------------------------------------------------------------------------------------------------------


def sum(x: Array, axes: Sequence[int] = (), keepdims: bool = False) -> Array:
    return np.asarray(_integers_as_int64(x).sum(axis=tuple(axes) or None, keepdims=keepdims))


def _over(axes: Sequence[int]) -> tuple[int, ...] | None:
    return tuple(axes) or None


def max(x: Array, axes: Sequence[int] = (), keepdims: bool = False) -> Array:
    if x.dtype == bool:
        return np.asarray(x.any(axis=_over(axes), keepdims=keepdims))
    return np.asarray(x.max(axis=_over(axes), keepdims=keepdims))


def min(x: Array, axes: Sequence[int] = (), keepdims: bool = False) -> Array:
    if x.dtype == bool:
        return np.asarray(x.all(axis=_over(axes), keepdims=keepdims))
    return np.asarray(x.min(axis=_over(axes), keepdims=keepdims))


def _integers_as_int64(x: Array) -> Array:
    return x if x.dtype.kind == "f" else x.astype(np.int64)


def prod(x: Array, axes: Sequence[int] = (), keepdims: bool = False) -> Array:
    return np.asarray(_integers_as_int64(x).prod(axis=_over(axes), keepdims=keepdims))


def var(x: Array, axes: Sequence[int] = (), keepdims: bool = False, ddof: int = 0) -> Array:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(x.var(axis=_over(axes), keepdims=keepdims, ddof=ddof))


def logsumexp(x: Array, axes: Sequence[int] = (), keepdims: bool = False) -> Array:
    largest = x.max(axis=_over(axes), keepdims=True, initial=-np.inf)
    shift = np.where(np.isfinite(largest), largest, 0)
    with np.errstate(all="ignore"):
        y = np.log(np.exp(x - shift).sum(axis=_over(axes), keepdims=True)) + shift
    return y if keepdims else y.squeeze(axis=_over(axes))


def argmax(x: Array, axis: int = -1, keepdims: bool = False) -> Array:
    return np.argmax(x, axis, keepdims=keepdims)


def argmin(x: Array, axis: int = -1, keepdims: bool = False) -> Array:
    return np.argmin(x, axis, keepdims=keepdims)


def cumsum(x: Array, axis: int = -1, reverse: bool = False, exclusive: bool = False) -> Array:
    x = np.flip(x, axis) if reverse else x
    y = np.cumsum(x, axis, dtype=x.dtype)
    y = y - x if exclusive else y
    return np.flip(y, axis) if reverse else y


def mean(x: Array, axes: Sequence[int] = (), keepdims: bool = False) -> Array:
    total = sum(x, axes, keepdims)
    with np.errstate(invalid="ignore"):
        return total / (np.float64(x.size) / np.float64(total.size)) if total.size else total


def sum_backward(dy: Array, x: Array, axes: Sequence[int] = (), keepdims: bool = False) -> Array:
    kept = np.empty(x.shape, bool).any(axis=tuple(axes) or None, keepdims=True).shape
    return np.broadcast_to(dy.reshape(kept), x.shape).copy()


def mean_backward(dy: Array, x: Array, axes: Sequence[int] = (), keepdims: bool = False) -> Array:
    return sum_backward(dy, x, axes, keepdims) / builtins.max(1, x.size // builtins.max(1, dy.size))


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


def random_numbers(count: int, stream: int, seed: int, step: int, more: bool = False) -> Array:
    """Number i is word i % 4 of block i // 4; stream and step are hashed by the seed. `more` gives the second words."""

    def words(*values: int) -> list[int]:
        return [word for value in values for word in (value & 0xFFFFFFFF, value >> 32)]

    hashed = philox(np.array([words(stream, step)], np.uint64), (seed & 0xFFFFFFFF, seed >> 32))[0]
    counter = np.zeros((math.ceil(count / 4), 4), np.uint64)
    counter[:, 0] = np.arange(len(counter))
    counter[:, 2:] = hashed[2:]
    if more:
        counter[:, 3] ^= np.uint64(0x80000000)
    return philox(counter, (int(hashed[0]), int(hashed[1]))).reshape(-1)[:count]


def dropout(x: Array, rate: float = 0.5, stream: int = 0, seed: int = 0, step: int = 0) -> tuple[Array, Array]:
    """An element is kept when its random number is at least rate."""
    random = random_numbers(x.size, stream, seed, step).reshape(x.shape)
    mask = (random >= math.ceil(rate * 2**32)).astype(np.uint8)
    return dropout_backward(x, mask, rate), mask


def unit_numbers(count: int, stream: int, seed: int, step: int) -> Array:
    """In [0, 1), of 53 bits."""
    words = random_numbers(count, stream, seed, step).astype(np.float64)
    more = random_numbers(count, stream, seed, step, more=True) >> np.uint32(11)
    return (words + more * 2.0**-21) * 2.0**-32


def random_uniform(
    like: Array, low: float = 0.0, high: float = 1.0, stream: int = 0, seed: int = 0, step: int = 0
) -> Array:
    return (low + (high - low) * unit_numbers(like.size, stream, seed, step)).reshape(like.shape)


def random_normal(
    like: Array, mean: float = 0.0, std: float = 1.0, stream: int = 0, seed: int = 0, step: int = 0
) -> Array:
    u = unit_numbers(2 * math.ceil(like.size / 2), stream, seed, step).reshape(-1, 2)
    length, turn = np.sqrt(-2 * np.log(u[:, 0] + 2.0**-54)), 2 * np.pi * u[:, 1]
    z = np.stack([length * np.cos(turn), length * np.sin(turn)], axis=1).reshape(-1)[: like.size]
    return (mean + std * z).reshape(like.shape)


def dropout_backward(dy: Array, mask: Array, rate: float) -> Array:
    return np.where(mask != 0, dy * dy.dtype.type(1 / (1 - rate)), 0).astype(dy.dtype)


# ---- state -----------------------------------------------------------------------------------------------------------


def prepared(
    parameters: list[Array],
    gradients: list[Array],
    learning_rate: float,
    weight_decay: float = 0.0,
    clipvalue: float = 0.0,
    clipnorm: float = 0.0,
    global_clipnorm: float = 0.0,
) -> tuple[list[Array], list[Array]]:
    """What Keras does to parameters and gradients before the formula of an optimizer."""
    if clipvalue:
        gradients = [np.clip(g, -clipvalue, clipvalue) for g in gradients]
    if clipnorm:
        gradients = [g * clipnorm / builtins.max(math.sqrt((g * g).sum()), clipnorm) for g in gradients]
    if global_clipnorm:
        norm = math.sqrt(math.fsum((g * g).sum() for g in gradients))
        gradients = [g * global_clipnorm / builtins.max(norm, global_clipnorm) for g in gradients]
    return [w - w * weight_decay * learning_rate for w in parameters], gradients


def sgd_update(
    parameters: list[Array],
    gradients: list[Array],
    velocities: Sequence[Array] = (),
    learning_rate: float = 0.01,
    momentum: float = 0.0,
    nesterov: bool = False,
    **common: float,
) -> tuple[list[Array], ...]:
    given = gradients
    parameters, gradients = prepared(parameters, gradients, learning_rate, **common)
    if not momentum:
        return [w - learning_rate * g for w, g in zip(parameters, gradients, strict=True)], given
    velocities = [momentum * v - learning_rate * g for v, g in zip(velocities, gradients, strict=True)]
    steps = velocities
    if nesterov:
        steps = [momentum * v - learning_rate * g for v, g in zip(velocities, gradients, strict=True)]
    return [w + step for w, step in zip(parameters, steps, strict=True)], given, velocities


def adam_update(
    parameters: list[Array],
    gradients: list[Array],
    first_moments: list[Array],
    second_moments: list[Array],
    largest_second_moments: Sequence[Array] = (),
    learning_rate: float = 0.001,
    iterations: int = 0,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    amsgrad: bool = False,
    **common: float,
) -> tuple[list[Array], ...]:
    given = gradients
    parameters, gradients = prepared(parameters, gradients, learning_rate, **common)
    t = iterations + 1
    alpha = learning_rate * math.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    first = [m + (g - m) * (1 - beta_1) for m, g in zip(first_moments, gradients, strict=True)]
    second = [v + (g * g - v) * (1 - beta_2) for v, g in zip(second_moments, gradients, strict=True)]
    largest = [np.maximum(h, v) for h, v in zip(largest_second_moments, second, strict=amsgrad)]
    below = largest if amsgrad else second
    values = [w - alpha * m / (np.sqrt(v) + epsilon) for w, m, v in zip(parameters, first, below, strict=True)]
    return values, given, first, second, largest


def rmsprop_update(
    parameters: list[Array],
    gradients: list[Array],
    velocities: list[Array],
    momenta: Sequence[Array] = (),
    average_gradients: Sequence[Array] = (),
    learning_rate: float = 0.001,
    rho: float = 0.9,
    momentum: float = 0.0,
    epsilon: float = 1e-7,
    centered: bool = False,
    **common: float,
) -> tuple[list[Array], ...]:
    given = gradients
    parameters, gradients = prepared(parameters, gradients, learning_rate, **common)
    velocities = [rho * v + (1 - rho) * g * g for v, g in zip(velocities, gradients, strict=True)]
    averages = [rho * a + (1 - rho) * g for a, g in zip(average_gradients, gradients, strict=centered)]
    variances = [v - a * a for v, a in zip(velocities, averages, strict=True)] if centered else velocities
    steps = [learning_rate * g / np.sqrt(v + epsilon) for g, v in zip(gradients, variances, strict=True)]
    if momentum:
        momenta = steps = [momentum * m + step for m, step in zip(momenta, steps, strict=True)]
    values = [w - step for w, step in zip(parameters, steps, strict=True)]
    return values, given, velocities, list(momenta), averages


def adagrad_update(
    parameters: list[Array],
    gradients: list[Array],
    accumulators: list[Array],
    learning_rate: float = 0.001,
    epsilon: float = 1e-7,
    **common: float,
) -> tuple[list[Array], ...]:
    given = gradients
    parameters, gradients = prepared(parameters, gradients, learning_rate, **common)
    sums = [a + g * g for a, g in zip(accumulators, gradients, strict=True)]
    steps = [learning_rate * g / np.sqrt(a + epsilon) for g, a in zip(gradients, sums, strict=True)]
    return [w - step for w, step in zip(parameters, steps, strict=True)], given, sums


def adadelta_update(
    parameters: list[Array],
    gradients: list[Array],
    accumulated_gradients: list[Array],
    accumulated_steps: list[Array],
    learning_rate: float = 0.001,
    rho: float = 0.95,
    epsilon: float = 1e-7,
    **common: float,
) -> tuple[list[Array], ...]:
    given = gradients
    parameters, gradients = prepared(parameters, gradients, learning_rate, **common)
    squares = [rho * a + (1 - rho) * g * g for a, g in zip(accumulated_gradients, gradients, strict=True)]
    steps = [
        -np.sqrt(b + epsilon) * g / np.sqrt(a + epsilon)
        for g, a, b in zip(gradients, squares, accumulated_steps, strict=True)
    ]
    moved = [rho * b + (1 - rho) * d * d for b, d in zip(accumulated_steps, steps, strict=True)]
    return [w + learning_rate * d for w, d in zip(parameters, steps, strict=True)], given, squares, moved


def adamax_update(
    parameters: list[Array],
    gradients: list[Array],
    first_moments: list[Array],
    norms: list[Array],
    learning_rate: float = 0.001,
    iterations: int = 0,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    **common: float,
) -> tuple[list[Array], ...]:
    given = gradients
    parameters, gradients = prepared(parameters, gradients, learning_rate, **common)
    first = [m + (g - m) * (1 - beta_1) for m, g in zip(first_moments, gradients, strict=True)]
    norms = [np.maximum(beta_2 * u, abs(g)) for u, g in zip(norms, gradients, strict=True)]
    rate = learning_rate / (1 - beta_1 ** (iterations + 1))
    return [w - rate * m / (u + epsilon) for w, m, u in zip(parameters, first, norms, strict=True)], given, first, norms


def nadam_update(
    parameters: list[Array],
    gradients: list[Array],
    first_moments: list[Array],
    second_moments: list[Array],
    learning_rate: float = 0.001,
    iterations: int = 0,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    **common: float,
) -> tuple[list[Array], ...]:
    given = gradients
    parameters, gradients = prepared(parameters, gradients, learning_rate, **common)
    t = iterations + 1
    schedule = beta_1 * (1 - 0.5 * 0.96 ** np.arange(1.0, t + 2))
    product = schedule[:-1].prod()
    first = [m + (g - m) * (1 - beta_1) for m, g in zip(first_moments, gradients, strict=True)]
    second = [v + (g * g - v) * (1 - beta_2) for v, g in zip(second_moments, gradients, strict=True)]
    values = []
    for w, g, m, v in zip(parameters, gradients, first, second, strict=True):
        look_ahead = schedule[-1] * m / (1 - product * schedule[-1]) + (1 - schedule[-2]) * g / (1 - product)
        values.append(w - learning_rate * look_ahead / (np.sqrt(v / (1 - beta_2**t)) + epsilon))
    return values, given, first, second


def lion_update(
    parameters: list[Array],
    gradients: list[Array],
    momenta: list[Array],
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.99,
    **common: float,
) -> tuple[list[Array], ...]:
    given = gradients
    parameters, gradients = prepared(parameters, gradients, learning_rate, **common)
    signs = [np.sign(beta_1 * m + (1 - beta_1) * g) for m, g in zip(momenta, gradients, strict=True)]
    values = [w - learning_rate * sign for w, sign in zip(parameters, signs, strict=True)]
    return values, given, [beta_2 * m + (1 - beta_2) * g for m, g in zip(momenta, gradients, strict=True)]


def update_rows(update: Callable[..., tuple[list[Array], ...]]) -> Callable[..., list[list[Array]]]:
    """The update by rows: gradients with ids are summed into dense ones; lazily, other rows keep what they had."""

    def by_rows(*groups: list[Array], lazy: bool = False, **options: Any) -> list[list[Array]]:
        parameters, gradients, *slots, ids = groups
        dense = [
            g if i is None else embedding_backward(g, i, w) for w, g, i in zip(parameters, gradients, ids, strict=True)
        ]
        new = [list(group) for group in update(parameters, dense, *slots, **options)]
        if lazy:
            for after, before in zip([new[0], *new[2:]], [parameters, *slots], strict=True):
                for index, touched in enumerate(ids if after else ()):
                    if touched is not None:
                        kept = np.setdiff1d(np.arange(len(before[index])), touched)
                        after[index][kept] = before[index][kept]
        return [new[0], gradients, *new[2:], ids]

    return by_rows


def mean_update(total: Array, values: Array) -> tuple[Array, Array]:
    return total + np.array([values.astype(np.float64).sum(), values.size]), values


def moving_average_update(
    averages: Sequence[Array], values: Sequence[Array], momentum: float = 0.99
) -> tuple[list[Array], list[Array]]:
    return [momentum * a + (1 - momentum) * v for a, v in zip(averages, values, strict=True)], list(values)


# ---- dtypes ----------------------------------------------------------------------------------------------------------


def cast(x: Array, dtype: str) -> Array:
    to = np.dtype(dtype)
    if x.dtype.kind == "f" and to.kind in "iu":
        low, high = np.iinfo(to).min, np.iinfo(to).max
        inside = (x > low) & (x < high)
        cut = np.where(inside, x, 0).astype(to)
        return np.where(inside | np.isnan(x), cut, np.where(x > 0, high, low)).astype(to)
    return x.astype(to)


# ---- sorting ---------------------------------------------------------------------------------------------------------


def sort(x: Array, axis: int = -1, descending: bool = False) -> tuple[Array, Array]:
    # from the end, so that equal numbers keep their order when all is turned round
    order = np.argsort(np.flip(x, axis) if descending else x, axis, kind="stable")
    if descending:
        order = np.flip(x.shape[axis] - 1 - order, axis)
    return np.take_along_axis(x, order, axis), order


def top_k(x: Array, k: int = 1, axis: int = -1) -> tuple[Array, Array]:
    values, order = sort(x, axis, True)
    first = np.arange(k)
    return values.take(first, axis), order.take(first, axis)
