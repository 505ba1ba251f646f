"""Functional models against Keras 3 on TensorFlow: order of layers and weights, results, shapes, and training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import layers

pytestmark = pytest.mark.keras


def residual_block(L: Any, x: Any, filters: int, strides: int, name: str) -> Any:
    y = L.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False, name=f"{name}_a")(x)
    y = L.Activation("relu", name=f"{name}_relu")(L.BatchNormalization(name=f"{name}_norm_a")(y))
    y = L.BatchNormalization(name=f"{name}_norm_b")(L.Conv2D(filters, 3, padding="same", name=f"{name}_b")(y))
    if strides > 1:
        x = L.Conv2D(filters, 1, strides=strides, padding="same", name=f"{name}_short")(x)
    return L.Activation("relu", name=f"{name}_out")(L.Add(name=f"{name}_add")([x, y]))


def resnet(Input: Any, L: Any, Model: Any) -> Any:
    x = Input((8, 8, 3), name="x")
    y = L.Conv2D(4, 3, padding="same", name="stem")(x)
    for stage, (filters, strides) in enumerate(((4, 1), (8, 2))):
        y = residual_block(L, y, filters, strides, f"block_{stage}")
    return Model(x, L.Dense(5, activation="softmax", name="top")(L.GlobalAveragePooling2D(name="pool")(y)), name="r")


def inception(Input: Any, L: Any, Model: Any) -> Any:
    x = Input((8, 8, 3), name="x")
    ways = [
        L.Conv2D(2, 1, activation="relu", name="one")(x),
        L.Conv2D(3, 3, padding="same", activation="relu", name="three")(L.Conv2D(2, 1, name="to_three")(x)),
        L.Conv2D(2, 1, name="after_pool")(L.MaxPooling2D(3, strides=1, padding="same", name="max")(x)),
    ]
    y = L.Flatten(name="flat")(L.Concatenate(name="ways")(ways))
    return Model(x, L.Dense(5, activation="softmax", name="top")(y), name="i")


def unet(Input: Any, L: Any, Model: Any) -> Any:
    x = Input((8, 8, 3), name="x")
    a = L.Conv2D(4, 3, padding="same", activation="relu", name="down_a")(x)
    b = L.Conv2D(6, 3, padding="same", activation="relu", name="down_b")(L.MaxPooling2D(name="pool")(a))
    up = L.Conv2DTranspose(4, 2, strides=2, name="up")(b)
    y = L.Conv2D(4, 3, padding="same", activation="relu", name="joined")(L.Concatenate(name="skip")([up, a]))
    y = L.GlobalMaxPooling2D(name="end")(y * 0.5 + up / 2.0 - a)
    return Model(x, L.Dense(5, activation="softmax", name="top")(y), name="u")


def nested(Input: Any, L: Any, Model: Any) -> Any:
    x = Input((8, 8, 3), name="x")
    inner_x = Input((3,), name="inner_x")
    shared = L.Dense(3, activation="tanh", name="shared")
    inner = Model(inner_x, shared(shared(inner_x)) + inner_x, name="inner")
    y = L.GlobalAveragePooling2D(name="pool")(x)
    return Model(x, L.Dense(5, activation="softmax", name="top")(inner(inner(y))), name="n")


NETWORKS: list[Callable[[Any, Any, Any], Any]] = [resnet, inception, unet, nested]


def both(build: Callable[[Any, Any, Any], Any], keras: Any) -> tuple[Any, Any]:
    """Keras's model and ours with the same weights."""
    theirs = build(keras.Input, keras.layers, keras.Model)
    ours = build(fastnn.Input, layers, fastnn.Model)
    ours.set_weights([np.array(weight) for weight in theirs.get_weights()])
    return theirs, ours


@pytest.mark.parametrize("build", NETWORKS)
def test_layers_weights_and_results(build: Callable[[Any, Any, Any], Any], keras: Any) -> None:
    theirs, ours = both(build, keras)
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert [weight.shape for weight in ours.weights] == [tuple(weight.shape) for weight in theirs.weights]
    assert (ours.input_shape, ours.output_shape) == (theirs.input_shape, theirs.output_shape)
    assert ours.count_params() == theirs.count_params()
    x = np.random.default_rng(3).standard_normal((6, 8, 8, 3)).astype(np.float32)
    np.testing.assert_allclose(ours.predict(x), theirs.predict(x, verbose=0), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("build", NETWORKS)
def test_losses_in_training(build: Callable[[Any, Any, Any], Any], keras: Any) -> None:
    theirs, ours = both(build, keras)
    rng = np.random.default_rng(5)
    x = rng.standard_normal((24, 8, 8, 3)).astype(np.float32)
    y = rng.integers(0, 5, 24)
    losses = []
    for model, library in ((theirs, keras), (ours, fastnn)):
        model.compile(library.optimizers.SGD(0.05), "sparse_categorical_crossentropy")
        history = model.fit(x, y, batch_size=8, epochs=5, shuffle=False, verbose=0)
        losses.append(history.history["loss"])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)


def test_several_inputs_and_outputs(keras: Any) -> None:
    def build(Input: Any, L: Any, Model: Any) -> Any:
        users, items = Input((5,), dtype="int32", name="users"), Input((4,), name="items")
        a = L.LSTM(6, name="lstm")(L.Embedding(11, 8, name="table")(users))
        shared = L.Dense(6, activation="relu", name="shared")
        b = L.Dense(6, name="to_six")(items)
        dot = L.Dot(axes=1, name="dot")([shared(a), shared(b)])
        return Model([users, items], [dot, b])

    theirs, ours = both(build, keras)
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert ours.output_names == list(theirs.output_names)
    assert ours.output_shape == theirs.output_shape
    rng = np.random.default_rng(7)
    data = [rng.integers(0, 11, (6, 5)).astype(np.int32), rng.standard_normal((6, 4)).astype(np.float32)]
    for mine, other in zip(ours(data), theirs(data), strict=True):
        np.testing.assert_allclose(mine.numpy(), np.asarray(other), rtol=2e-5, atol=2e-6)


def two_towers(Input: Any, L: Any, Model: Any) -> Any:
    a, b = Input((3,), name="a"), Input((2,), name="b")
    hidden = L.Dense(6, activation="tanh", name="hidden")(L.Concatenate(name="both")([a, b]))
    return Model([a, b], [L.Dense(1, name="p")(hidden), L.Dense(4, activation="softmax", name="q")(hidden)], name="t")


@pytest.mark.parametrize("weighted", [False, True])
def test_training_with_two_inputs_and_two_outputs(weighted: bool) -> None:
    import keras

    rng = np.random.default_rng(5)
    x = [rng.standard_normal((40, size)).astype(np.float32) for size in (3, 2)]
    y = [rng.standard_normal((40, 1)).astype(np.float32), rng.integers(0, 4, (40, 1))]
    weights = [rng.uniform(0, 2, 40).astype(np.float32) for _ in y] if weighted else None
    theirs = two_towers(keras.Input, keras.layers, keras.Model)
    ours = two_towers(fastnn.Input, layers, fastnn.Model)
    ours.set_weights(theirs.get_weights())
    histories, results, logs = [], [], []
    for model in (theirs, ours):
        model.compile(
            "adam",
            loss={"p": "mse", "q": "sparse_categorical_crossentropy"},
            loss_weights={"p": 0.3, "q": 2.0},
            metrics={"p": ["mae", "mse"], "q": ["accuracy"]},
            weighted_metrics={"p": ["mape"], "q": []},
        )
        options: Any = {"validation_data": (x, y), "sample_weight": weights, "shuffle": False, "verbose": 0}
        histories.append(model.fit(x, y, batch_size=10, epochs=4, **options).history)
        results.append(model.predict(x, verbose=0))
        logs.append(model.evaluate(x, y, batch_size=10, verbose=0))
    assert set(histories[1]) == set(histories[0])
    for name, values in histories[0].items():
        np.testing.assert_allclose(histories[1][name], values, rtol=1e-4 if "mape" in name else 1e-5, atol=1e-5)
    for want, got in zip(*results, strict=True):
        np.testing.assert_allclose(got, want, atol=1e-5)
    assert logs[1] == pytest.approx(logs[0], rel=1e-4)
