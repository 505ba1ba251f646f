"""A training step in plain NumPy: the yardstick that the demo and the benchmarks hold fastnn against.

float32, NHWC, strided im2col, one GEMM per product, buffers allocated once, weights and gradients in one flat vector
each, and an optimizer that works in place by Keras's formulas. Only NumPy is imported. Run as a program, it serves
steps to another process over pipes (see serve), so that its threads and the other library's never share a process.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float32]
LayerSpec = Sequence[Any]  # ("conv", filters, padding) | ("pool",) | ("flatten",) | ("dense", units, activation)


class Blas:
    """The matrix products, and how long they took."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def matmul(self, a: Array, b: Array, out: Array) -> None:
        start = time.perf_counter()
        np.matmul(a, b, out=out)
        self.seconds += time.perf_counter() - start


class Layer:
    """Forward keeps what backward needs; backward writes the gradients of the weights and returns that of the input."""

    weight_shapes: tuple[tuple[int, ...], ...] = ()

    def __init__(self) -> None:
        self.weights: list[Floats] = []
        self.gradients: list[Floats] = []
        self._buffers: dict[str, Array] = {}

    def buffer(self, name: str, shape: tuple[int, ...], dtype: Any = np.float32) -> Array:
        """The array kept under a name, zeros when new; another batch size makes a new one."""
        kept = self._buffers.get(name)
        if kept is None or kept.shape != shape:
            kept = self._buffers[name] = np.zeros(shape, dtype)
        return kept

    def forward(self, x: Floats, blas: Blas) -> Floats:
        raise NotImplementedError

    def backward(self, dy: Floats, blas: Blas, first: bool) -> Floats | None:
        raise NotImplementedError


class Affine(Layer):
    """y = act(columns @ weight + bias): what Dense and Conv share."""

    relu = True

    def product(self, columns: Floats, blas: Blas) -> Floats:
        weight, bias = self.weights
        y = self.buffer("y", (len(columns), bias.size))
        blas.matmul(columns, weight.reshape(-1, bias.size), y)
        y += bias
        if self.relu:
            np.maximum(y, 0, out=y)
        self.columns, self.y = columns, y
        return y

    def weight_gradients(self, dy: Floats, blas: Blas) -> None:
        """Masks dy by the activation, in place, then dw and db."""
        dw, db = self.gradients
        if self.relu:
            dy *= np.greater(self.y, 0, out=self.buffer("active", dy.shape, bool))
        blas.matmul(self.columns.T, dy, dw.reshape(-1, db.size))
        np.sum(dy, axis=0, out=db)


class Dense(Affine):
    def __init__(self, inputs: int, units: int, activation: str) -> None:
        super().__init__()
        self.weight_shapes = ((inputs, units), (units,))
        self.relu = activation == "relu"

    def forward(self, x: Floats, blas: Blas) -> Floats:
        return self.product(x, blas)

    def backward(self, dy: Floats, blas: Blas, first: bool) -> Floats | None:
        self.weight_gradients(dy, blas)
        if first:
            return None
        dx = self.buffer("dx", self.columns.shape)
        blas.matmul(dy, self.weights[0].T, dx)
        return dx


class Conv(Affine):
    """3x3, stride 1, relu, over x (n, h, w, c)."""

    def __init__(self, channels: int, filters: int, padding: str) -> None:
        super().__init__()
        self.weight_shapes = ((3, 3, channels, filters), (filters,))
        self.pad = 1 if padding == "same" else 0

    def columns_of(self, x: Floats, pad: int, name: str) -> tuple[Floats, tuple[int, ...]]:
        """im2col: (n * oh * ow, 9 * c), each row of a window copied as one run of 3 * c numbers; and (n, oh, ow)."""
        n, h, w, c = x.shape
        if pad:
            padded = self.buffer(f"{name} padded", (n, h + 2 * pad, w + 2 * pad, c))  # the border stays zero
            padded[:, pad:-pad, pad:-pad] = x
            x = padded
        rows = x.reshape(n, x.shape[1], x.shape[2] * c)
        windows = sliding_window_view(rows, (3, 3 * c), axis=(1, 2))[:, :, ::c]
        columns = self.buffer(f"{name} columns", windows.shape)
        np.copyto(columns, windows)
        return columns.reshape(-1, 9 * c), windows.shape[:3]

    def forward(self, x: Floats, blas: Blas) -> Floats:
        columns, shape = self.columns_of(x, self.pad, "x")
        return self.product(columns, blas).reshape(*shape, -1)

    def backward(self, dy: Floats, blas: Blas, first: bool) -> Floats | None:
        self.weight_gradients(dy.reshape(self.y.shape), blas)
        if first:
            return None
        weight = self.weights[0]
        channels, filters = weight.shape[2:]
        turned = self.buffer("turned", (3, 3, filters, channels))
        np.copyto(turned, weight[::-1, ::-1].transpose(0, 1, 3, 2))
        columns, shape = self.columns_of(dy, 2 - self.pad, "dy")
        dx = self.buffer("dx", (len(columns), channels))
        blas.matmul(columns, turned.reshape(-1, channels), dx)
        return dx.reshape(*shape, channels)


class Pool(Layer):
    """The maximum of 2x2 windows; the first of equal values takes the gradient."""

    def forward(self, x: Floats, blas: Blas) -> Floats:
        n, h, w, c = x.shape
        self.x = x
        self.y = y = self.buffer("y", (n, h // 2, w // 2, c))
        first, *others = self.taps(x)
        np.copyto(y, first)
        for tap in others:
            np.maximum(y, tap, out=y)
        return y

    def backward(self, dy: Floats, blas: Blas, first: bool) -> Floats | None:
        dx = self.buffer("dx", self.x.shape)
        rest = self.buffer("rest", dy.shape)
        largest = self.buffer("largest", dy.shape, bool)
        np.copyto(rest, dy)
        for dtap, tap in zip(self.taps(dx), self.taps(self.x), strict=True):
            np.multiply(rest, np.equal(tap, self.y, out=largest), out=dtap)
            rest -= dtap  # all of it or nothing: what is left for the later taps
        return dx

    @staticmethod
    def taps(x: Floats) -> list[Floats]:
        h, w = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
        return [x[:, i:h:2, j:w:2] for i in range(2) for j in range(2)]


class Flatten(Layer):
    def forward(self, x: Floats, blas: Blas) -> Floats:
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dy: Floats, blas: Blas, first: bool) -> Floats | None:
        return dy.reshape(self.shape)


class Adam:
    """m += (g - m)(1 - b1); v += (g g - v)(1 - b2); w -= rate sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + 1e-7)."""

    def __init__(self, size: int, rate: float = 0.001, beta_1: float = 0.9, beta_2: float = 0.999) -> None:
        self.rate, self.beta_1, self.beta_2, self.iterations = rate, beta_1, beta_2, 0
        self.m, self.v, self.work = np.zeros((3, size), np.float32)

    def update(self, weights: Floats, gradients: Floats) -> None:
        self.iterations += 1
        t, work = self.iterations, self.work
        alpha = self.rate * (1 - self.beta_2**t) ** 0.5 / (1 - self.beta_1**t)
        np.subtract(gradients, self.m, out=work)
        work *= np.float32(1 - self.beta_1)
        self.m += work
        np.square(gradients, out=work)
        work -= self.v
        work *= np.float32(1 - self.beta_2)
        self.v += work
        np.sqrt(self.v, out=work)
        work += np.float32(1e-7)
        np.divide(self.m, work, out=work)
        work *= np.float32(alpha)
        weights -= work


class Momentum:
    """velocity = momentum * velocity - rate * g; w += velocity."""

    def __init__(self, size: int, rate: float = 0.01, momentum: float = 0.9) -> None:
        self.rate, self.momentum = np.float32(rate), np.float32(momentum)
        self.velocity, self.work = np.zeros((2, size), np.float32)

    def update(self, weights: Floats, gradients: Floats) -> None:
        self.velocity *= self.momentum
        self.velocity -= np.multiply(gradients, self.rate, out=self.work)
        weights += self.velocity


class Network:
    """Layers in a row, softmax cross-entropy at the end, and an optimizer.

    Parameters
    ----------
    input_shape : the shape of one sample: (h, w, c) or (features,)
    layers : what follows each other, see LayerSpec; the last is ("dense", classes, "linear") and gives the logits
    optimizer : "adam" or "momentum"
    """

    def __init__(self, input_shape: tuple[int, ...], layers: Sequence[LayerSpec], optimizer: str = "adam") -> None:
        self.blas = Blas()
        self.layers: list[Layer] = []
        shape = tuple(input_shape)
        for kind, *arguments in layers:
            if kind == "conv":
                self.layers.append(Conv(shape[2], *arguments))
                trim = 0 if arguments[1] == "same" else 2
                shape = (shape[0] - trim, shape[1] - trim, arguments[0])
            elif kind == "pool":
                self.layers.append(Pool())
                shape = (shape[0] // 2, shape[1] // 2, shape[2])
            elif kind == "flatten":
                self.layers.append(Flatten())
                shape = (int(np.prod(shape)),)
            elif kind == "dense":
                self.layers.append(Dense(shape[0], *arguments))
                shape = (arguments[0],)
            else:
                raise ValueError(f"expected a layer conv, pool, flatten or dense, got {kind!r}")
        shapes = [s for layer in self.layers for s in layer.weight_shapes]
        sizes = [int(np.prod(s)) for s in shapes]
        self.weights, self.gradients = np.zeros((2, sum(sizes)), np.float32)
        offset = 0
        for layer in self.layers:
            for s in layer.weight_shapes:
                end = offset + int(np.prod(s))
                layer.weights.append(self.weights[offset:end].reshape(s))
                layer.gradients.append(self.gradients[offset:end].reshape(s))
                offset = end
        self.optimizer = Adam(offset) if optimizer == "adam" else Momentum(offset)

    def set_weights(self, weights: Sequence[Array]) -> None:
        """Copies weights in, in Keras's order: kernel and bias of each layer."""
        mine = [w for layer in self.layers for w in layer.weights]
        for target, source in zip(mine, weights, strict=True):
            np.copyto(target, source)

    def reset(self, weights: Sequence[Array]) -> None:
        """Back to the start: these weights and an optimizer that has taken no step."""
        self.set_weights(weights)
        self.optimizer = type(self.optimizer)(self.weights.size)

    def step(self, x: Floats, y: Array) -> float:
        """One training step on x (n, ...) and labels y (n,); returns the mean loss before the update."""
        for layer in self.layers:
            x = layer.forward(x, self.blas)
        rows = np.arange(len(y))
        x -= x.max(axis=1, keepdims=True)
        picked = x[rows, y]
        np.exp(x, out=x)
        total = x.sum(axis=1, keepdims=True)
        loss = float(np.mean(np.log(total[:, 0]) - picked))
        x /= total
        x[rows, y] -= 1
        x /= np.float32(len(y))
        dy: Floats | None = x
        for index in range(len(self.layers) - 1, -1, -1):
            assert dy is not None
            dy = self.layers[index].backward(dy, self.blas, first=index == 0)
        self.optimizer.update(self.weights, self.gradients)
        return loss


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answers requests, one JSON line each, until the input ends.

    The first line is {"input_shape", "layers", "optimizer", "bytes"}, followed by that many bytes of an .npz archive:
    the weights w0, w1, ..., the batches x (batches, n, ...) and the labels y (batches, n). Every later line,
    {"steps": k}, starts again from the weights, takes k steps and is answered by {"seconds": of each step,
    "losses": [...], "blas": share of the time}.
    """
    setup = json.loads(requests.readline())
    with np.load(io.BytesIO(requests.read(setup["bytes"])), allow_pickle=False) as arrays:
        x, y = arrays["x"], arrays["y"]
        weights = [arrays[f"w{i}"] for i in range(len(arrays.files) - 2)]
    network = Network(setup["input_shape"], setup["layers"], setup["optimizer"])
    for line in requests:
        network.reset(weights)
        network.blas.seconds = 0.0
        seconds, losses = [], []
        for k in range(json.loads(line)["steps"]):
            start = time.perf_counter()
            losses.append(network.step(x[k % len(x)], y[k % len(y)]))
            seconds.append(time.perf_counter() - start)
        answer = {"seconds": seconds, "losses": losses, "blas": network.blas.seconds / sum(seconds)}
        replies.write(json.dumps(answer).encode() + b"\n")
        replies.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
