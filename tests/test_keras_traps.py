"""Where a port of Keras goes wrong without a word: each a comparison with Keras 3 on TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import functional as F
from fastnn import layers, losses
from fastnn.tensor import Tensor

pytestmark = pytest.mark.keras


def both(keras: Any, make: Any, x: np.ndarray) -> tuple[Any, Any]:
    """Keras's layer and ours, made on x, with Keras's weights."""
    theirs, ours = make(keras.layers), make(layers)
    theirs(x)
    ours(x)
    ours.set_weights(theirs.get_weights())
    return theirs, ours


def test_batch_normalization_defaults(keras: Any) -> None:
    theirs, ours = keras.layers.BatchNormalization(), layers.BatchNormalization()
    assert (ours.momentum, ours.epsilon) == (theirs.momentum, theirs.epsilon) == (0.99, 1e-3)


def test_batch_normalization_moves_to_the_biased_variance(keras: Any, rng: np.random.Generator) -> None:
    x = rng.standard_normal((4, 3)).astype(np.float32)
    theirs, ours = both(keras, lambda L: L.BatchNormalization(momentum=0.5), x)
    theirs(x, training=True)
    ours(x, training=True)
    np.testing.assert_allclose(ours.moving_variance.numpy(), np.asarray(theirs.moving_variance), rtol=1e-6)
    np.testing.assert_allclose(ours.moving_variance.numpy(), 0.5 + 0.5 * x.var(axis=0), rtol=1e-6)


def test_frozen_batch_normalization_runs_in_inference_mode(keras: Any, rng: np.random.Generator) -> None:
    x = (3 + rng.standard_normal((8, 3))).astype(np.float32)
    theirs, ours = both(keras, lambda L: L.BatchNormalization(), x)
    theirs.trainable = ours.trainable = False
    np.testing.assert_allclose(ours(x, training=True).numpy(), np.asarray(theirs(x, training=True)), rtol=1e-6)
    assert ours.moving_mean.numpy().tolist() == np.asarray(theirs.moving_mean).tolist() == [0.0, 0.0, 0.0]


def test_layer_normalization_epsilon(keras: Any) -> None:
    assert layers.LayerNormalization().epsilon == keras.layers.LayerNormalization().epsilon == 1e-3


def test_leaky_relu_layer_and_function_have_other_slopes(keras: Any) -> None:
    x = np.array([[-1.0, 2.0]], np.float32)
    assert layers.LeakyReLU()(x).numpy().tolist() == np.asarray(keras.layers.LeakyReLU()(x)).tolist()
    np.testing.assert_array_equal(layers.LeakyReLU()(x).numpy(), np.array([[-0.3, 2.0]], np.float32))
    expected = np.asarray(keras.activations.leaky_relu(x))
    np.testing.assert_array_equal(F.leaky_relu(Tensor(x)).numpy(), expected)
    np.testing.assert_array_equal(expected, np.array([[-0.2, 2.0]], np.float32))


def test_gelu_is_exact_by_default(keras: Any, rng: np.random.Generator) -> None:
    x = rng.standard_normal(100).astype(np.float32)
    np.testing.assert_allclose(F.gelu(Tensor(x)).numpy(), np.asarray(keras.activations.gelu(x)), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("size", [5, 6])
@pytest.mark.parametrize("strides", [1, 2, 3])
def test_same_padding_puts_the_odd_one_last(keras: Any, size: int, strides: int, rng: np.random.Generator) -> None:
    x = rng.standard_normal((1, size, size, 2)).astype(np.float32)
    theirs, ours = both(keras, lambda L: L.Conv2D(3, (2, 3), strides=strides, padding="same"), x)
    np.testing.assert_allclose(ours(x).numpy(), np.asarray(theirs(x)), rtol=1e-5, atol=1e-6)


def test_average_pooling_leaves_padding_out(keras: Any) -> None:
    x = np.ones((1, 5, 5, 1), np.float32)
    make = {"pool_size": 3, "strides": 2, "padding": "same"}
    got = layers.AveragePooling2D(**make)(x).numpy()
    np.testing.assert_array_equal(got, np.asarray(keras.layers.AveragePooling2D(**make)(x)))
    np.testing.assert_array_equal(got, np.ones((1, 3, 3, 1), np.float32))


def squared(y_true: Any, y_pred: Any) -> Any:
    return (y_true - y_pred) ** 2


@pytest.mark.parametrize("name", ["mean_squared_error", "mean_absolute_error", "binary_crossentropy", squared])
@pytest.mark.parametrize("shape", [(6,), (6, 1)])
def test_labels_without_the_last_axis_are_aligned(
    keras: Any, name: Any, shape: tuple[int, ...], rng: np.random.Generator
) -> None:
    """Labels (n,) against outputs (n, 1): broadcasting would make (n, n) of them."""
    x = rng.standard_normal((6, 3)).astype(np.float32)
    y = rng.integers(0, 2, shape).astype(np.float32)
    weights = [rng.standard_normal((3, 1)).astype(np.float32), np.zeros(1, np.float32)]
    models = []
    for library in (keras, fastnn):
        model = library.Sequential([library.layers.Input((3,)), library.layers.Dense(1, activation="sigmoid")])
        model.set_weights(weights)
        model.compile("sgd", loss=name)
        models.append(model)
    theirs, ours = (model.fit(x, y, batch_size=6, epochs=1, shuffle=False, verbose=0) for model in models)
    assert ours.history["loss"] == pytest.approx(theirs.history["loss"], rel=1e-5)
    for mine, other in zip(models[1].get_weights(), models[0].get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-7)
    if isinstance(name, str):
        assert losses.get(name)(Tensor(y), models[1](x)).shape == (6,)


def test_unit_forget_bias(keras: Any) -> None:
    x = np.zeros((1, 2, 3), np.float32)
    theirs, ours = keras.layers.LSTM(4), layers.LSTM(4)
    theirs(x)
    ours(x)
    expected = [0.0] * 4 + [1.0] * 4 + [0.0] * 8
    assert ours.get_weights()[2].tolist() == theirs.get_weights()[2].tolist() == expected


def test_gru_resets_after_the_product_and_keeps_two_biases(keras: Any, rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 3, 4)).astype(np.float32)
    theirs, ours = keras.layers.GRU(5), layers.GRU(5)
    theirs(x)
    ours(x)
    assert theirs.reset_after
    assert ours.reset_after
    assert [w.shape for w in ours.weights] == [tuple(w.shape) for w in theirs.weights] == [(4, 15), (5, 15), (2, 15)]
    # one gate at a time: biases of z, r and h in this order, of the input and of the state
    for row in range(2):
        for gate in range(3):
            bias = np.zeros((2, 15), np.float32)
            bias[row, 5 * gate : 5 * gate + 5] = 0.7
            values = [0.3 * rng.standard_normal(w.shape).astype(np.float32) for w in ours.weights[:2]] + [bias]
            theirs.set_weights(values)
            ours.set_weights(values)
            np.testing.assert_allclose(ours(x).numpy(), np.asarray(theirs(x)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
def test_go_backwards_returns_the_reversed_order(keras: Any, kind: str, rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 5, 3)).astype(np.float32)
    _, ours = both(keras, lambda L: getattr(L, kind)(4, return_sequences=True, go_backwards=True), x)
    forward = getattr(layers, kind)(4, return_sequences=True)
    forward(x)
    forward.set_weights(ours.get_weights())
    np.testing.assert_array_equal(ours(x).numpy(), forward(np.ascontiguousarray(x[:, ::-1])).numpy())


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
def test_masked_steps_repeat_output_and_state(keras: Any, kind: str, rng: np.random.Generator) -> None:
    x = rng.standard_normal((1, 4, 3)).astype(np.float32)
    mask = np.array([[True, False, True, False]])
    theirs, ours = both(keras, lambda L: getattr(L, kind)(4, return_sequences=True), x)
    y = ours(x, mask=mask).numpy()
    np.testing.assert_array_equal(y[:, 1], y[:, 0])
    np.testing.assert_array_equal(y[:, 3], y[:, 2])
    np.testing.assert_allclose(y, np.asarray(theirs(x, mask=keras.ops.convert_to_tensor(mask))), rtol=1e-5, atol=1e-6)
