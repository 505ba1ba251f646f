"""Keras on TensorFlow: its layers and optimizers in a tf.function, once as it is and once compiled by XLA.

A tf.function of one's own is faster than fit and train_on_batch, which do more around every step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import layers, losses, optimizers

from .. import networks as N
from . import Call, Library, tensorflow_kernels

LOSSES = {
    "classes": lambda: losses.SparseCategoricalCrossentropy(from_logits=True),
    "binary": lambda: losses.BinaryCrossentropy(from_logits=True),
    "numbers": losses.MeanSquaredError,
}


def apply(described: Sequence[N.Layer], shape: N.Shape, x: Any, weights: N.Weights) -> Any:
    """Calls layers of these weights one after the other on a symbolic tensor; takes the weights off the list."""
    for layer in described:
        made: Any = None
        match layer:
            case N.Conv(filters, size, stride, padding, bias, activation):
                made = layers.Conv2D(filters, size, stride, padding, activation=activation, use_bias=bias)
            case N.Dense(units, activation):
                made = layers.Dense(units, activation=activation)
            case N.Pool():
                made = layers.MaxPooling2D()
            case N.Flatten():
                made = layers.Flatten()
            case N.Mean():
                made = layers.GlobalAveragePooling2D() if len(shape) == 3 else layers.GlobalAveragePooling1D()
            case N.Relu():
                made = layers.ReLU()
            case N.BatchNorm():
                made = layers.BatchNormalization()
            case N.LayerNorm():
                made = layers.LayerNormalization()
            case N.Embedding(rows, width):
                made = layers.Embedding(rows, width)
            case N.Lstm(units, all_steps):
                made = layers.LSTM(units, return_sequences=all_steps)
            case N.Attention(heads):
                made = layers.MultiHeadAttention(heads, shape[1] // heads)
            case N.Residual(main, shortcut):
                y = apply(main, shape, x, weights)
                x = layers.Add()([y, apply(shortcut, shape, x, weights)])
        if made is not None:
            x = made(x, x) if isinstance(layer, N.Attention) else made(x)
            count = len(layer.weights(shape))
            made.set_weights(weights[:count])
            del weights[:count]
        shape = layer.output(shape)
    return x


def model_of(described: Sequence[N.Layer], shape: N.Shape, weights: N.Weights, ids: bool = False) -> Any:
    inputs = keras.Input(shape, dtype="int32" if ids else "float32")
    return keras.Model(inputs, apply(described, shape, inputs, weights))


class Tensorflow(Library):
    columns = ("tensorflow", "tensorflow-jit")

    def __init__(self, threads: int) -> None:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        self.about = f"Keras {keras.__version__} on TensorFlow {tf.__version__}"

    def model(self, network: N.Network) -> Any:
        return model_of(network.layers, network.input_shape, network.weights(), bool(network.ids))

    def step(self, network: N.Network, column: str) -> Call:
        model, loss = self.model(network), LOSSES[network.loss]()
        adam = network.optimizer == "adam"
        optimizer = optimizers.Adam() if adam else optimizers.SGD(0.01, momentum=0.9)
        optimizer.build(model.trainable_variables)

        @tf.function(jit_compile=column.endswith("jit"))
        def train(x: Any, y: Any) -> Any:
            with tf.GradientTape() as tape:
                value = loss(y, model(x, training=True))
            optimizer.apply_gradients(
                zip(tape.gradient(value, model.trainable_variables), model.trainable_variables, strict=True)
            )
            return value

        x, y = network.data()
        return lambda: float(train(tf.convert_to_tensor(x), tf.convert_to_tensor(y)))

    def gan(self, gan: N.Gan, column: str) -> Call:
        weights = gan.weights()
        generator = model_of(gan.generator, (gan.noise,), weights[0])
        discriminator = model_of(gan.discriminator, (gan.size,), weights[1])
        rules = [optimizers.Adam(2e-4, beta_1=0.5) for _ in range(2)]
        for model, rule in zip((generator, discriminator), rules, strict=True):
            rule.build(model.trainable_variables)
        loss = LOSSES["binary"]()
        ones, zeros = tf.ones((gan.batch, 1)), tf.zeros((gan.batch, 1))

        def learn(tape: Any, value: Any, model: Any, rule: Any) -> None:
            gradients = tape.gradient(value, model.trainable_variables)
            rule.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

        @tf.function(jit_compile=column.endswith("jit"))
        def train(images: Any, first: Any, second: Any) -> Any:
            fake = generator(first)
            with tf.GradientTape() as tape:
                value = (loss(ones, discriminator(images)) + loss(zeros, discriminator(fake))) * 0.5
            learn(tape, value, discriminator, rules[1])
            with tf.GradientTape() as tape:
                value = loss(ones, discriminator(generator(second)))
            learn(tape, value, generator, rules[0])
            return value

        arrays = gan.data()
        return lambda: float(train(*(tf.convert_to_tensor(array) for array in arrays)))

    def inference(self, network: N.Network, batch: int, column: str) -> Call:
        model, x = self.model(network), network.samples(batch)
        predict = tf.function(lambda x: model(x, training=False), jit_compile=column.endswith("jit"))
        return lambda: predict(tf.convert_to_tensor(x)).numpy()

    def kernel(self, kernel: Any, column: str) -> Call | None:
        return tensorflow_kernels.make(kernel, column.endswith("jit"))
