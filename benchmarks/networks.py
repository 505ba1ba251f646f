"""The networks of the benchmarks, in words that every library has: small dataclasses for layers, whose results, weights
and operations are counted here once. Shapes are those of one sample, images (height, width, channels), sequences
(steps, features); weights have Keras's layouts and order, and every library starts from the same ones.

A training step begins at a batch of NumPy arrays in host memory and ends with updated weights and the loss as a number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, ...]
Weight = tuple[Shape, float, float]  # shape, mean and standard deviation
Weights = list[NDArray[np.float32]]


@dataclass(frozen=True)
class Layer:
    """A layer without weights that keeps the shape."""

    def output(self, shape: Shape) -> Shape:
        return shape

    def weights(self, shape: Shape) -> list[Weight]:
        return []

    def flops(self, shape: Shape) -> int:
        """Operations of the matrix products for one sample, forward."""
        return 0

    def input_gradient(self, shape: Shape) -> int:
        """Operations of the products that only the gradient for the input needs: a first layer does without them."""
        return self.flops(shape)


def normal(*shape: int, fan_in: int) -> Weight:
    return shape, 0.0, math.sqrt(2 / fan_in)


@dataclass(frozen=True)
class Conv(Layer):
    filters: int
    size: int = 3
    stride: int = 1
    padding: str = "valid"
    bias: bool = True
    activation: str = "linear"

    def output(self, shape: Shape) -> Shape:
        trim = self.size - 1 if self.padding == "valid" else 0
        return (*(-(-(side - trim) // self.stride) for side in shape[:2]), self.filters)

    def weights(self, shape: Shape) -> list[Weight]:
        kernel = normal(self.size, self.size, shape[2], self.filters, fan_in=self.size**2 * shape[2])
        return [kernel, ((self.filters,), 0.0, 0.0)] if self.bias else [kernel]

    def flops(self, shape: Shape) -> int:
        return 2 * math.prod(self.output(shape)) * self.size**2 * shape[2]


@dataclass(frozen=True)
class Dense(Layer):
    """Over the last axis."""

    units: int
    activation: str = "linear"

    def output(self, shape: Shape) -> Shape:
        return (*shape[:-1], self.units)

    def weights(self, shape: Shape) -> list[Weight]:
        return [normal(shape[-1], self.units, fan_in=shape[-1]), ((self.units,), 0.0, 0.0)]

    def flops(self, shape: Shape) -> int:
        return 2 * math.prod(shape) * self.units


@dataclass(frozen=True)
class Pool(Layer):
    """The maximum of windows of 2x2."""

    def output(self, shape: Shape) -> Shape:
        return (shape[0] // 2, shape[1] // 2, shape[2])


@dataclass(frozen=True)
class Flatten(Layer):
    def output(self, shape: Shape) -> Shape:
        return (math.prod(shape),)


@dataclass(frozen=True)
class Mean(Layer):
    """Over all axes but the last."""

    def output(self, shape: Shape) -> Shape:
        return shape[-1:]


@dataclass(frozen=True)
class Relu(Layer):
    pass


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Momentum 0.99, epsilon 0.001; its weights are gamma, beta, moving mean and moving variance."""

    def weights(self, shape: Shape) -> list[Weight]:
        return [(shape[-1:], mean, 0.0) for mean in (1.0, 0.0, 0.0, 1.0)]


@dataclass(frozen=True)
class LayerNorm(Layer):
    """Epsilon 0.001; its weights are gamma and beta."""

    def weights(self, shape: Shape) -> list[Weight]:
        return [(shape[-1:], 1.0, 0.0), (shape[-1:], 0.0, 0.0)]


@dataclass(frozen=True)
class Embedding(Layer):
    rows: int
    width: int

    def output(self, shape: Shape) -> Shape:
        return (*shape, self.width)

    def weights(self, shape: Shape) -> list[Weight]:
        return [((self.rows, self.width), 0.0, 0.05)]


@dataclass(frozen=True)
class Lstm(Layer):
    units: int
    all_steps: bool = False

    def output(self, shape: Shape) -> Shape:
        return (shape[0], self.units) if self.all_steps else (self.units,)

    def weights(self, shape: Shape) -> list[Weight]:
        gates = 4 * self.units
        recurrent = ((self.units, gates), 0.0, 1 / math.sqrt(self.units))
        return [normal(shape[1], gates, fan_in=shape[1]), recurrent, ((gates,), 0.0, 0.0)]

    def flops(self, shape: Shape) -> int:
        return 2 * shape[0] * (shape[1] + self.units) * 4 * self.units

    def input_gradient(self, shape: Shape) -> int:
        return 2 * math.prod(shape) * 4 * self.units


@dataclass(frozen=True)
class Attention(Layer):
    """Of a sequence to itself, with a projection for each of query, key, value and result."""

    heads: int

    def weights(self, shape: Shape) -> list[Weight]:
        width, size = shape[1], shape[1] // self.heads
        kernel = ((width, self.heads, size), 0.0, 1 / math.sqrt(width))
        projection: list[Weight] = [kernel, ((self.heads, size), 0.0, 0.0)]
        output: list[Weight] = [((self.heads, size, width), 0.0, 1 / math.sqrt(width)), ((width,), 0.0, 0.0)]
        return [*projection * 3, *output]

    def flops(self, shape: Shape) -> int:
        steps, width = shape
        return 2 * steps * (4 * width * width + 2 * steps * width)

    def input_gradient(self, shape: Shape) -> int:
        return 2 * shape[0] * 3 * shape[1] ** 2


@dataclass(frozen=True)
class Residual(Layer):
    """What the main layers make of the input plus what the shortcut's make of it, or the input itself."""

    main: Sequence[Layer]
    shortcut: Sequence[Layer] = ()

    def output(self, shape: Shape) -> Shape:
        return output_shape(self.main, shape)

    def weights(self, shape: Shape) -> list[Weight]:
        return weights_of(self.main, shape) + weights_of(self.shortcut, shape)

    def flops(self, shape: Shape) -> int:
        return flops_of(self.main, shape) + flops_of(self.shortcut, shape)

    def input_gradient(self, shape: Shape) -> int:
        return sum(path[0].input_gradient(shape) for path in (self.main, self.shortcut) if path)


def output_shape(layers: Sequence[Layer], shape: Shape) -> Shape:
    for layer in layers:
        shape = layer.output(shape)
    return shape


def weights_of(layers: Sequence[Layer], shape: Shape) -> list[Weight]:
    found = []
    for layer in layers:
        found += layer.weights(shape)
        shape = layer.output(shape)
    return found


def flops_of(layers: Sequence[Layer], shape: Shape) -> int:
    total = 0
    for layer in layers:
        total += layer.flops(shape)
        shape = layer.output(shape)
    return total


def draw(weights: list[Weight], seed: int) -> Weights:
    rng = np.random.default_rng(seed)
    return [
        (rng.standard_normal(shape, dtype=np.float32) * np.float32(deviation) + np.float32(mean))
        if deviation
        else np.full(shape, mean, np.float32)
        for shape, mean, deviation in weights
    ]


@dataclass(frozen=True)
class Network:
    """Layers in a row, trained on batches.

    optimizer is "adam" with Keras's defaults, or "momentum": SGD of learning rate 0.01 and momentum 0.9. The loss says
    what the labels are: "classes" (softmax cross-entropy of the logits), "binary" (cross-entropy of one logit) or
    "numbers" (mean squared error). aim is how long a training step should take beside the fastest peer's.
    """

    name: str
    input_shape: Shape
    layers: Sequence[Layer]
    batch: int
    optimizer: str
    loss: str
    aim: float
    ids: int = field(default=0)  # the input is numbers below this instead of samples of a normal distribution

    def flops(self) -> int:
        """Operations of the products of a training step: forward and both gradients."""
        unneeded = self.layers[0].input_gradient(self.input_shape)
        return self.batch * (3 * flops_of(self.layers, self.input_shape) - unneeded)

    def inference_flops(self, batch: int) -> int:
        return batch * flops_of(self.layers, self.input_shape)

    def weights(self) -> Weights:
        """Kernels drawn at random, the same for every library."""
        return draw(weights_of(self.layers, self.input_shape), 1)

    def parameters(self) -> int:
        return sum(math.prod(shape) for shape, *_ in weights_of(self.layers, self.input_shape))

    def samples(self, batch: int) -> NDArray[Any]:
        rng = np.random.default_rng(2)
        if self.ids:
            return rng.integers(0, self.ids, (batch, *self.input_shape), dtype=np.int32)
        return rng.standard_normal((batch, *self.input_shape), dtype=np.float32)

    def data(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """A batch and its labels."""
        rng = np.random.default_rng(3)
        if self.loss == "classes":
            labels: NDArray[Any] = rng.integers(0, 10, self.batch, dtype=np.int32)
        elif self.loss == "binary":
            labels = rng.integers(0, 2, (self.batch, 1)).astype(np.float32)
        else:
            labels = rng.standard_normal((self.batch, 1), dtype=np.float32)
        return self.samples(self.batch), labels


@dataclass(frozen=True)
class Gan:
    """A training step of the discriminator, then one of the generator, each with Adam(2e-4, beta_1=0.5).

    The discriminator learns from a batch of data and one that the generator makes of the first noise; the generator
    from what the discriminator thinks of what it makes of the second noise. Losses are binary cross-entropies of the
    logits: the mean over data and made samples for one, over made samples for the other.
    """

    name: str
    noise: int
    generator: Sequence[Layer]
    discriminator: Sequence[Layer]
    batch: int
    aim: float

    @property
    def size(self) -> int:
        return output_shape(self.generator, (self.noise,))[0]

    def flops(self) -> int:
        generator = flops_of(self.generator, (self.noise,))
        discriminator = flops_of(self.discriminator, (self.size,))
        spared = self.generator[0].input_gradient((self.noise,)), self.discriminator[0].input_gradient((self.size,))
        first = generator + 2 * (3 * discriminator - spared[1])
        second = 3 * generator - spared[0] + 2 * discriminator
        return self.batch * (first + second)

    def weights(self) -> tuple[Weights, Weights]:
        """The generator's and the discriminator's."""
        return (
            draw(weights_of(self.generator, (self.noise,)), 1),
            draw(weights_of(self.discriminator, (self.size,)), 2),
        )

    def data(self) -> list[NDArray[np.float32]]:
        """Data in (-1, 1), the first noise and the second."""
        rng = np.random.default_rng(2)
        shapes = [(self.batch, self.size), (self.batch, self.noise), (self.batch, self.noise)]
        images, *noise = (rng.standard_normal(shape, dtype=np.float32) for shape in shapes)
        return [np.tanh(images), *noise]

    def network(self) -> Network:
        """The generator alone, for inference."""
        return Network(f"{self.name} (G)", (self.noise,), self.generator, self.batch, "adam", "numbers", self.aim)


def vgg() -> list[Layer]:
    stages = [[Conv(filters, padding="same", activation="relu")] * 2 + [Pool()] for filters in (64, 128, 256)]
    return [*(layer for stage in stages for layer in stage), Flatten(), Dense(10)]


def resnet(blocks: int) -> list[Layer]:
    """He et al. 2015, their networks for CIFAR: stages of 16, 32 and 64 channels. A shortcut is a 1x1 convolution where
    the channels change, and the input elsewhere."""

    def convolution(filters: int, stride: int = 1, size: int = 3) -> Conv:
        return Conv(filters, size, stride, "same", bias=False)

    layers: list[Layer] = [convolution(16), BatchNorm(), Relu()]
    for stage, filters in enumerate((16, 32, 64)):
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            main = [convolution(filters, stride), BatchNorm(), Relu(), convolution(filters), BatchNorm()]
            layers += [Residual(main, [convolution(filters, stride, 1)] if stride > 1 else ()), Relu()]
    return [*layers, Mean(), Dense(10)]


def transformer(width: int, heads: int, inner: int) -> list[Layer]:
    """An encoder block, normalised behind its residuals, and a classifier of the mean over all steps."""
    attention = Residual([Attention(heads)])
    mlp = Residual([Dense(inner, "gelu"), Dense(width)])
    return [attention, LayerNorm(), mlp, LayerNorm(), Mean(), Dense(10)]


def small_cnn(*filters: int, units: int) -> list[Layer]:
    convolutions = [[Conv(count, activation="relu"), Pool()] for count in filters]
    return [*(layer for pair in convolutions for layer in pair), Flatten(), Dense(units, "relu"), Dense(10)]


def mlp(*units: int) -> list[Layer]:
    return [*(Dense(count, "relu") for count in units), Dense(10)]


MLP = Network("MLP 784-128-10", (784,), mlp(128), 32, "adam", "classes", 0.33)
CNN = Network("CNN 28x28x1", (28, 28, 1), small_cnn(32, units=128), 32, "adam", "classes", 0.4)
LSTMS = [Lstm(50, all_steps=True), Lstm(50), Dense(1)]
LSTM = Network("LSTM 50, 50 (60x8)", (60, 8), LSTMS, 32, "adam", "numbers", 0.35)
TEXT = [Embedding(20000, 128), Lstm(128), Dense(1)]
NETWORKS = (
    MLP,
    Network("MLP 784-1024-1024-10", (784,), mlp(1024, 1024), 256, "adam", "classes", 0.55),
    CNN,
    Network("CNN 32x32x3", (32, 32, 3), small_cnn(32, 64, units=64), 64, "adam", "classes", 0.4),
    Network("VGG-like", (32, 32, 3), vgg(), 64, "momentum", "classes", 0.5),
    Network("ResNet-20", (32, 32, 3), resnet(3), 64, "momentum", "classes", 0.5),
    LSTM,
    Network("Embedding + LSTM 128", (80,), TEXT, 32, "adam", "binary", 0.55, ids=20000),
    Network("Transformer block", (64, 128), transformer(128, 4, 512), 32, "adam", "classes", 0.45),
)
GAN = Gan(
    "GAN",
    100,
    [Dense(256, "relu"), Dense(512, "relu"), Dense(784, "tanh")],
    [Dense(512, "relu"), Dense(256, "relu"), Dense(1)],
    64,
    0.5,
)
INFERENCE_BATCH = 64
BY_NAME: dict[str, Network] = {network.name: network for network in (*NETWORKS, GAN.network())}
