"""Keras tutorials with only the import line changed: small, on the package's digits, enlarged to 28x28, and on texts
that are made up. Those of examples/ are compared with Keras in test_tutorial_*.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastnn as keras
from fastnn import layers


@pytest.fixture(scope="module")
def digits() -> Any:
    (x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
    x_train, x_test = (np.kron(x.reshape(-1, 8, 8), np.ones((1, 3, 3))) / x_train.max() for x in (x_train, x_test))
    x_train, x_test = (np.pad(x, ((0, 0), (2, 2), (2, 2))).astype("float32") for x in (x_train, x_test))
    return (x_train[:1200], y_train[:1200]), (x_test[:300], y_test[:300])


def test_two_inputs_and_two_outputs() -> None:
    keras.utils.set_random_seed(4)
    num_tags, num_words, num_departments = 6, 40, 4
    title_input = keras.Input(shape=(None,), name="title", dtype="int32")
    tags_input = keras.Input(shape=(num_tags,), name="tags")
    title_features = layers.LSTM(16)(layers.Embedding(num_words, 16)(title_input))
    x = layers.concatenate([title_features, tags_input])
    priority_pred = layers.Dense(1, name="priority")(x)
    department_pred = layers.Dense(num_departments, name="department")(x)
    model = keras.Model(
        inputs=[title_input, tags_input], outputs={"priority": priority_pred, "department": department_pred}
    )
    model.compile(
        optimizer=keras.optimizers.RMSprop(1e-2),
        loss={
            "priority": keras.losses.BinaryCrossentropy(from_logits=True),
            "department": keras.losses.CategoricalCrossentropy(from_logits=True),
        },
        loss_weights={"priority": 1.0, "department": 0.2},
    )
    rng = np.random.default_rng(4)
    titles, tags = rng.integers(num_words, size=(128, 5)), rng.integers(2, size=(128, num_tags)).astype("float32")
    targets = {"priority": tags[:, :1], "department": np.eye(num_departments)[titles[:, 0] % num_departments]}
    history = model.fit({"title": titles, "tags": tags}, targets, epochs=20, batch_size=32, verbose=0)
    assert history.history["loss"][-1] < 0.7 * history.history["loss"][0]


def test_transfer_learning_with_freezing(digits: Any) -> None:
    keras.utils.set_random_seed(5)
    (x, y), _ = digits
    x = x[..., None]
    base = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(8, 5, strides=2, activation="relu"),
            layers.BatchNormalization(),
            layers.GlobalAveragePooling2D(),
        ],
        name="base",
    )
    head = keras.Sequential([base, layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    head.compile("adam", loss, metrics=["accuracy"])
    head.fit(x[:600], y[:600], epochs=2, verbose=0)
    base.trainable = False
    before = base.get_weights()
    inputs = keras.Input(shape=(28, 28, 1))
    outputs = layers.Dense(10)(base(inputs, training=False))
    model = keras.Model(inputs, outputs)
    assert len(model.trainable_weights) == 2
    model.compile(optimizer=keras.optimizers.Adam(), loss=loss, metrics=[keras.metrics.SparseCategoricalAccuracy()])
    model.fit(x[600:], y[600:], epochs=2, verbose=0)
    for mine, old in zip(base.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, old)
    base.trainable = True
    model.compile(optimizer=keras.optimizers.Adam(1e-5), loss=loss)
    model.fit(x[600:], y[600:], epochs=1, verbose=0)
    assert (base.get_weights()[0] != before[0]).any()
    features = keras.Model(inputs=base.inputs, outputs=[layer.output for layer in base.layers])
    assert [part.shape for part in features.predict(x[:3], verbose=0)] == [(3, 12, 12, 8), (3, 12, 12, 8), (3, 8)]


def test_convolutional_autoencoder(digits: Any) -> None:
    keras.utils.set_random_seed(6)
    (x, _), (x_test, _) = digits
    x, x_test = x[..., None], x_test[..., None]
    input = layers.Input(shape=(28, 28, 1))
    h = layers.Conv2D(8, (3, 3), activation="relu", padding="same")(input)
    h = layers.MaxPooling2D((2, 2), padding="same")(h)
    h = layers.Conv2DTranspose(8, (3, 3), strides=2, activation="relu", padding="same")(h)
    h = layers.Conv2D(1, (3, 3), activation="sigmoid", padding="same")(h)
    autoencoder = keras.Model(input, h)
    autoencoder.compile(optimizer=keras.optimizers.Adam(0.01), loss="binary_crossentropy")
    history = autoencoder.fit(x=x, y=x, epochs=3, batch_size=64, validation_data=(x_test, x_test), verbose=0)
    assert history.history["val_loss"][-1] < 0.25
