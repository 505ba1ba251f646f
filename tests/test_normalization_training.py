"""Models with moving statistics and with embeddings: fit, hand-written loops, evaluate, predict, save and load."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fastnn
from fastnn import Tensor, layers
from fastnn import functional as F


def normalizing_model() -> fastnn.Sequential:
    fastnn.utils.set_random_seed(3)
    return fastnn.Sequential([layers.Input((5,)), layers.BatchNormalization(momentum=0.8), layers.Dense(2)])


def data(samples: int = 96) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(8)
    x = (2 * rng.standard_normal((samples, 5)) + 1).astype(np.float32)
    return x, (x[:, :2] - 0.5 * x[:, 2:4]).astype(np.float32)


def numpy_steps(model: fastnn.Sequential, x: np.ndarray, y: np.ndarray, steps: int, rate: float) -> list[np.ndarray]:
    """Steps of gradient descent on the mean squared error, by the formulas, in float64."""
    gamma, beta, mean, variance, kernel, bias = (w.astype(np.float64) for w in model.get_weights())
    for _ in range(steps):
        center, spread = x.mean(axis=0, dtype=np.float64), x.var(axis=0, dtype=np.float64)
        normal = (x - center) / np.sqrt(spread + 1e-3)
        hidden = normal * gamma + beta
        difference = 2 * (hidden @ kernel + bias - y) / y.size
        back = difference @ kernel.T
        kernel, bias = kernel - rate * hidden.T @ difference, bias - rate * difference.sum(axis=0)
        gamma, beta = gamma - rate * (back * normal).sum(axis=0), beta - rate * back.sum(axis=0)
        mean, variance = 0.8 * mean + 0.2 * center, 0.8 * variance + 0.2 * spread
    return [gamma, beta, mean, variance, kernel, bias]


def test_fit_equals_the_formulas_and_a_loop_by_hand() -> None:
    x, y = data(32)
    model = normalizing_model()
    want = numpy_steps(model, x, y, 20, 0.1)
    model.compile(fastnn.optimizers.SGD(0.1), "mse")
    model.fit(x, y, batch_size=32, epochs=20, shuffle=False, verbose=0)
    assert model._train_step.info(), "the step runs as a program"
    for got, wanted in zip(model.get_weights(), want, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=2e-4, atol=2e-5)
    by_hand = normalizing_model()
    optimizer = fastnn.optimizers.SGD(0.1)
    for _ in range(20):
        difference = by_hand(x, training=True) - Tensor(y)
        F.mean(difference * difference).backward()
        variables = by_hand.trainable_variables
        optimizer.apply([v.grad for v in variables], variables)
        for variable in variables:
            variable.grad = None
    for got, wanted in zip(by_hand.get_weights(), want, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=2e-4, atol=2e-5)


def test_evaluate_predict_and_files_use_the_moving_statistics(tmp_path: Path) -> None:
    x, y = data()
    model = normalizing_model()
    model.compile("adam", "mse")
    model.fit(x, y, batch_size=32, epochs=3, verbose=0)
    gamma, beta, mean, variance, kernel, bias = model.get_weights()
    assert np.abs(mean).max() > 0.1
    want = ((x - mean) / np.sqrt(variance + 1e-3) * gamma + beta) @ kernel + bias
    before = model.get_weights()
    np.testing.assert_allclose(model.predict(x), want, rtol=1e-4, atol=1e-5)
    assert model.evaluate(x, y, verbose=0) == pytest.approx(float(((want - y) ** 2).mean()), rel=1e-4)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    model.save(tmp_path / "model.fastnn")
    again = fastnn.models.load_model(tmp_path / "model.fastnn")
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


def test_a_frozen_layer_stays_while_the_others_train() -> None:
    x, y = data()
    model = normalizing_model()
    model.compile("adam", "mse")
    model.fit(x, y, epochs=1, verbose=0)
    model.layers[0].trainable = False
    before = model.get_weights()
    model.fit(x, y, epochs=2, verbose=0)
    after = model.get_weights()
    for index in range(4):
        np.testing.assert_array_equal(before[index], after[index])
    assert not np.array_equal(before[4], after[4])


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
def test_ids_reach_an_embedding_as_integers(dtype: str, tmp_path: Path) -> None:
    fastnn.utils.set_random_seed(0)
    model = fastnn.Sequential([layers.Embedding(50, 4), layers.Flatten(), layers.Dense(2, activation="softmax")])
    model.compile(fastnn.optimizers.Adam(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"])
    ids = np.random.default_rng(1).integers(0, 50, (64, 3)).astype(dtype)
    labels = (ids[:, 0] >= 25).astype(np.int64)
    model.fit(ids, labels, batch_size=16, epochs=15, verbose=0)
    assert model.evaluate(ids, labels, verbose=0, return_dict=True)["accuracy"] > 0.9
    model.save(tmp_path / "model.fastnn")
    again = fastnn.models.load_model(tmp_path / "model.fastnn")
    np.testing.assert_array_equal(again.predict(ids), model.predict(ids))
    before = model.get_weights()
    wrong = ids.astype(np.int64)
    wrong[20, 1] = 50
    with pytest.raises(IndexError, match=r"expected ids in \[0, 50\), got 50"):
        model.fit(wrong, labels, batch_size=64, shuffle=False, verbose=0)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_programs_and_eager_code_give_an_embedding_the_same_bits() -> None:
    ids = np.random.default_rng(2).integers(0, 20, (32, 6))
    weights = []
    for threads in (1, 2):
        fastnn.set_num_threads(threads)
        fastnn.utils.set_random_seed(0)
        model = fastnn.Sequential(
            [layers.Embedding(20, 8), layers.LayerNormalization(), layers.Flatten(), layers.Dense(1)]
        )
        model.compile("adam", "mse")
        model.fit(ids, np.ones((32, 1), np.float32), batch_size=8, epochs=4, verbose=0)
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)
