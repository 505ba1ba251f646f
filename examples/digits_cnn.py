"""Trains a small convolutional network on the bundled handwritten digits with compile and fit, saves it and loads it.

Run it: python examples/digits_cnn.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

import fastnn
from fastnn import layers

fastnn.utils.set_random_seed(0)
(x_train, y_train), (x_test, y_test) = fastnn.datasets.digits.load_data()
x_train, x_test = (x[..., np.newaxis].astype("float32") / 16 for x in (x_train, x_test))

model = fastnn.Sequential(
    [
        fastnn.Input((8, 8, 1)),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.25),
        layers.Dense(128, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.summary()
model.fit(x_train, y_train, epochs=15, validation_split=0.1, verbose=2)

loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"held-out digits: loss {loss:.3f}, accuracy {100 * accuracy:.1f} %")

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "digits.safetensors"
    model.save(path)
    loaded = fastnn.models.load_model(path)
same = np.array_equal(loaded.predict(x_test, verbose=0), model.predict(x_test, verbose=0))
print(f"the loaded model predicts the same: {same}")
