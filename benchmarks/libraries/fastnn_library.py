"""fastnn: models as a user writes them, and the functions of fastnn.kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import fastnn
from fastnn import _core, layers, losses, optimizers
from fastnn._demo import training_step

from .. import networks as N
from . import Call, Library, fastnn_kernels

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
    columns = ("fastnn",)

    def __init__(self, threads: int) -> None:
        fastnn.set_num_threads(threads)
        self.isa = _core.active_isa()
        self.about = f"fastnn {fastnn.__version__}, kernels {self.isa}"

    def step(self, network: N.Network, column: str) -> Call:
        model = sequential(network.layers, network.input_shape, network.weights())
        adam = network.optimizer == "adam"
        optimizer = optimizers.Adam() if adam else optimizers.SGD(0.01, momentum=0.9)
        model.compile(optimizer, LOSSES[network.loss]())
        x, y = network.data()
        train = training_step(model)
        return lambda: train(x, y)

    def gan(self, gan: N.Gan, column: str) -> Call:
        weights = gan.weights()
        generator = sequential(gan.generator, (gan.noise,), weights[0])
        discriminator = sequential(gan.discriminator, (gan.size,), weights[1])
        of_generator, of_discriminator = (optimizers.Adam(2e-4, beta_1=0.5) for _ in range(2))
        loss = losses.BinaryCrossentropy(from_logits=True)
        images, first, second = (fastnn.Tensor(array) for array in gan.data())
        ones, zeros = (fastnn.Tensor(fill((gan.batch, 1))) for fill in (fastnn.ones, fastnn.zeros))

        def learn(value: Any, optimizer: Any, variables: Any) -> None:
            optimizer.apply(fastnn.grad(value, variables), variables)

        def step() -> float:
            with fastnn.no_grad():
                fake = generator(first)
            of_data, of_fake = loss(ones, discriminator(images)), loss(zeros, discriminator(fake))
            learn((of_data + of_fake) * 0.5, of_discriminator, discriminator.trainable_weights)
            value = loss(ones, discriminator(generator(second)))
            learn(value, of_generator, generator.trainable_weights)
            return float(value)

        return step

    def inference(self, network: N.Network, batch: int, column: str) -> Call:
        model = sequential(network.layers, network.input_shape, network.weights())
        x = network.samples(batch)
        return lambda: model.predict(x, batch_size=batch, verbose=0)

    def kernel(self, kernel: Any, column: str) -> Call | None:
        return fastnn_kernels.make(kernel)

    def case(self, case: Any, inputs: list[Any], column: str) -> Call:
        function = getattr(fastnn.kernels, case.op)
        return lambda: function(*inputs, **case.attributes)
