"""Two small networks with Adam, dropout and a metric, written on functional ops: what the program tests record."""

from __future__ import annotations

import numpy as np

import fastnn
from fastnn import _core
from fastnn import functional as F
from fastnn.program import update

Batch = tuple[np.ndarray, np.ndarray]


def batches(kind: str, count: int, size: int = 8) -> list[Batch]:
    """Batches of digits-like data: (x, labels) with ten classes."""
    rng = np.random.default_rng(7)
    shape = (size, 20) if kind == "dense" else (size, 8, 8, 1)
    return [
        (rng.standard_normal(shape).astype(np.float32), rng.integers(0, 10, size).astype(np.int64))
        for _ in range(count)
    ]


class Network:
    """kind is "dense" (Dense, relu, dropout, Dense) or "convolution" (the demo's: two convolutions, pooling, dense)."""

    def __init__(self, kind: str, device: str = "cpu", dropout: float = 0.25) -> None:
        self.kind, self.device, self.rate = kind, device, dropout
        rng = np.random.default_rng(3)
        if kind == "dense":
            shapes = {"w1": (20, 33), "b1": (33,), "w2": (33, 10), "b2": (10,)}
        else:
            shapes = {"k1": (3, 3, 1, 8), "b1": (8,), "k2": (3, 3, 8, 17), "b2": (17,), "w": (68, 10), "b3": (10,)}

        def tensor(value: np.ndarray, requires_grad: bool = False) -> fastnn.Tensor:
            return fastnn.Tensor(value, requires_grad=requires_grad, device=device)

        self.weights = {
            name: tensor((0.3 * rng.standard_normal(shape)).astype(np.float32), True) for name, shape in shapes.items()
        }
        zeros = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
        self.first = {name: tensor(value) for name, value in zeros.items()}
        self.second = {name: tensor(value.copy()) for name, value in zeros.items()}
        self.total = tensor(np.zeros(2))
        self.learning_rate = _core.Scalar(0.01, "float")
        self.iterations = _core.Scalar(0, "int")
        self.seed = _core.Scalar(5, "int")
        self.draws = _core.Scalar(0, "int")

    def states(self) -> dict[str, fastnn.Tensor]:
        groups = {"": self.weights, "first/": self.first, "second/": self.second}
        result = {prefix + name: value for prefix, group in groups.items() for name, value in group.items()}
        return {**result, "total": self.total}

    def scalars(self) -> dict[str, tuple[_core.Scalar, int]]:
        return {
            "learning_rate": (self.learning_rate, 0),
            "iterations": (self.iterations, 1),
            "seed": (self.seed, 0),
            "draws": (self.draws, 1),
        }

    def logits(self, x: fastnn.Tensor, training: bool = False) -> fastnn.Tensor:
        w = self.weights
        if self.kind == "dense":
            hidden = F.linear(x, w["w1"], w["b1"], activation="relu")
            if training and self.rate:
                hidden = F.dropout(hidden, self.rate, seed=self.seed, stream=1, step=self.draws)
            return F.linear(hidden, w["w2"], w["b2"])
        hidden = F.max_pool2d(F.conv2d(x, w["k1"], w["b1"], padding="same", activation="relu"))
        hidden = F.max_pool2d(F.conv2d(hidden, w["k2"], w["b2"], padding="same", activation="relu"))
        return F.linear(hidden.reshape(-1, 68), w["w"], w["b3"])

    def predict(self, x: fastnn.Tensor) -> tuple[fastnn.Tensor]:
        with fastnn.no_grad():
            return (F.softmax(self.logits(x)),)

    def train(self, x: fastnn.Tensor, labels: fastnn.Tensor) -> tuple[fastnn.Tensor]:
        logits = self.logits(x, training=True)
        loss = F.mean(F.softmax_cross_entropy(logits, labels))
        for value in self.weights.values():
            value.zero_grad()
        loss.backward()
        update("mean_update", self.total, F.categorical_accuracy(logits.detach(), labels))
        update(
            "adam_update",
            list(self.weights.values()),
            [value.grad for value in self.weights.values()],
            list(self.first.values()),
            list(self.second.values()),
            learning_rate=self.learning_rate,
            iterations=self.iterations,
        )
        return (loss.detach(),)

    def train_eagerly(self, x: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """One step without a Step: the oracle of replay."""
        (loss,) = self.train(fastnn.Tensor(x, device=self.device), fastnn.Tensor(labels, device=self.device))
        for scalar, advance in self.scalars().values():
            if advance:
                scalar.value = scalar.value + advance
        return np.array(loss.numpy())
