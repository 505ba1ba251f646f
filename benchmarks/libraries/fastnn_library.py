"""fastnn: a training step of one's own by fastnn.compile, fit over several batches, predict, and fastnn.kernels."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import fastnn
from fastnn import _core, layers, losses, optimizers

from .. import networks as N
from ..kernels import CLASS_COLUMNS
from . import LONG, QUEUED, Call, Library, fastnn_kernels

LOSSES = {
    "classes": lambda: losses.SparseCategoricalCrossentropy(from_logits=True),
    "binary": lambda: losses.BinaryCrossentropy(from_logits=True),
    "numbers": losses.MeanSquaredError,
}


class Residual(layers.Layer):  # type: ignore[misc]
    """main(x) + shortcut(x), or + x without a shortcut."""

    def __init__(self, main: list[Any], shortcut: list[Any]) -> None:
        super().__init__()
        self.main, self.shortcut = main, shortcut

    def call(self, inputs: Any) -> Any:
        y = x = inputs
        for layer in self.main:
            y = layer(y)
        for layer in self.shortcut:
            x = layer(x)
        return y + x


class SelfAttention(layers.Layer):  # type: ignore[misc]
    def __init__(self, heads: int, width: int) -> None:
        super().__init__()
        self.attention = layers.MultiHeadAttention(heads, width // heads)

    def call(self, inputs: Any) -> Any:
        return self.attention(inputs, inputs)


def made(described: Sequence[N.Layer], shape: N.Shape) -> list[Any]:
    """The layers of a network."""
    found: list[Any] = []
    for layer in described:
        match layer:
            case N.Conv(filters, size, stride, padding, bias, activation):
                found.append(layers.Conv2D(filters, size, stride, padding, activation=activation, use_bias=bias))
            case N.Dense(units, activation):
                found.append(layers.Dense(units, activation=activation))
            case N.Pool():
                found.append(layers.MaxPooling2D())
            case N.Flatten():
                found.append(layers.Flatten())
            case N.Mean():
                found.append(layers.GlobalAveragePooling2D() if len(shape) == 3 else layers.GlobalAveragePooling1D())
            case N.Relu():
                found.append(layers.ReLU())
            case N.BatchNorm():
                found.append(layers.BatchNormalization())
            case N.LayerNorm():
                found.append(layers.LayerNormalization())
            case N.Embedding(rows, width):
                found.append(layers.Embedding(rows, width))
            case N.Lstm(units, all_steps):
                found.append(layers.LSTM(units, return_sequences=all_steps))
            case N.Attention(heads):
                found.append(SelfAttention(heads, shape[1]))
            case N.Residual(main, shortcut):
                found.append(Residual(made(main, shape), made(shortcut, shape)))
        shape = layer.output(shape)
    return found


def sequential(described: Sequence[N.Layer], shape: N.Shape, weights: N.Weights) -> fastnn.Sequential:
    model = fastnn.Sequential([fastnn.Input(shape), *made(described, shape)])
    model.set_weights(weights)
    return model


class Fastnn(Library):
    columns = ("fastnn", "fastnn-fit", *(column for column in CLASS_COLUMNS if column.startswith("fastnn")))
    several = ("fastnn-fit",)

    def __init__(self, threads: int) -> None:
        fastnn.set_num_threads(threads)
        self.profile: Callable[[int], Any] | None = None
        self.isa = _core.active_isa()
        self.about = f"fastnn {fastnn.__version__}, kernels {self.isa}"

    def step(self, network: N.Network, column: str) -> Call | None:
        model = sequential(network.layers, network.input_shape, network.weights())
        adam = network.optimizer == "adam"
        optimizer = optimizers.Adam() if adam else optimizers.SGD(0.01, momentum=0.9)
        loss = LOSSES[network.loss]()
        model.compile(optimizer, loss)
        x, y = network.data()
        if column == "fastnn-fit":
            return self.fit(model, x, y)

        @fastnn.compile
        def train(x: fastnn.Tensor, y: fastnn.Tensor) -> fastnn.Tensor:
            value = loss(y, model(x, training=True))
            optimizer.minimize(value, model.trainable_weights)
            return value

        self.profile = lambda steps: model.profile(x, y, batch_size=network.batch, steps=steps)
        return lambda: train(x, y).item()

    def fit(self, model: fastnn.Sequential, x: Any, y: Any) -> Call | None:
        """QUEUED steps of fit."""
        batch, options = len(x), {"epochs": 1, "shuffle": False, "verbose": 0}
        for _ in range(3):
            start = time.perf_counter()
            model.fit(x, y, batch_size=batch, **options)
        if time.perf_counter() - start > LONG:
            return None
        many_x, many_y = np.concatenate([x] * QUEUED), np.concatenate([y] * QUEUED)
        return lambda: model.fit(many_x, many_y, batch_size=batch, **options)

    def gan(self, gan: N.Gan, column: str) -> Call | None:
        if column != "fastnn":
            return None
        self.profile = None
        weights = gan.weights()
        generator = sequential(gan.generator, (gan.noise,), weights[0])
        discriminator = sequential(gan.discriminator, (gan.size,), weights[1])
        of_generator, of_discriminator = (optimizers.Adam(2e-4, beta_1=0.5) for _ in range(2))
        loss = LOSSES["binary"]()

        @fastnn.compile
        def train(images: fastnn.Tensor, first: fastnn.Tensor, second: fastnn.Tensor) -> fastnn.Tensor:
            ones, zeros = fastnn.ones(len(images), 1), fastnn.zeros(len(images), 1)
            with fastnn.no_grad():
                fake = generator(first)
            value = (loss(ones, discriminator(images)) + loss(zeros, discriminator(fake))) * 0.5
            of_discriminator.minimize(value, discriminator.trainable_weights)
            value = loss(ones, discriminator(generator(second)))
            of_generator.minimize(value, generator.trainable_weights)
            return value

        arrays = gan.data()
        return lambda: train(*arrays).item()

    def inference(self, network: N.Network, batch: int, column: str) -> Call | None:
        if column != "fastnn":
            return None
        model = sequential(network.layers, network.input_shape, network.weights())
        x = network.samples(batch)
        self.profile = lambda steps: model.profile(x, batch_size=batch, steps=steps)
        return lambda: model.predict(x, batch_size=batch, verbose=0)

    def kernel_seconds(self, steps: int) -> float | None:
        return None if self.profile is None else sum(seconds for _, seconds in self.profile(steps).nodes)

    def stream(self, network: N.Network, column: str) -> Call | None:
        if column == "fastnn-fit":
            return None
        self.profile = None
        stepper = sequential(network.layers, network.input_shape, network.weights()).stream()
        x = network.samples(1)[:, 0]
        return lambda: stepper.step(x)

    def kernel(self, kernel: Any, column: str) -> Call | None:
        if column == "fastnn-fit":
            return None
        return fastnn_kernels.make(kernel, CLASS_COLUMNS.get(column, "float32"))

    def case(self, case: Any, inputs: list[Any], column: str) -> Call | None:
        if column != "fastnn":
            return None
        function = getattr(fastnn.kernels, case.op)
        return lambda: function(*inputs, **case.attributes)
