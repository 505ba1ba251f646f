"""Losses, metrics, optimizers and helpers by themselves, outside of models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Tensor, losses, metrics, optimizers


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optimizers.SGD(-1.0), "sgd: expected a learning_rate that is finite and not negative, got -1.0"),
        (lambda: optimizers.Adam(float("nan")), "adam: expected a learning_rate"),
        (lambda: optimizers.SGD(momentum=1.0), r"sgd: expected a momentum in \[0, 1\), got 1.0"),
        (lambda: optimizers.Adam(beta_2=1.5), r"adam: expected a beta_2 in \[0, 1\), got 1.5"),
        (lambda: optimizers.Adam(epsilon=-1e-7), "adam: expected a epsilon that is finite"),
    ],
)
def test_hyper_parameters_that_make_no_sense(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_optimizers_check_their_gradients() -> None:
    weight = Tensor(np.ones(3, np.float32), requires_grad=True, name="w")
    optimizer = optimizers.SGD()
    with pytest.raises(ValueError, match="sgd: expected a gradient for some variable, got none"):
        optimizer.apply([None], [weight])
    with pytest.raises(ValueError, match=r"expected a gradient \(3,\) for w, got \(2,\)"):
        optimizer.apply([Tensor(np.ones(2, np.float32))], [weight])
    with pytest.raises(ValueError, match="expected 1 gradients, got 2"):
        optimizer.apply([None, None], [weight])
    assert optimizer.iterations == 0
    optimizer.apply_gradients([(Tensor(np.ones(3, np.float32)), weight)])
    np.testing.assert_allclose(weight.numpy(), 0.99)
    assert optimizer.iterations == 1


def test_mean_squared_error_never_broadcasts() -> None:
    predictions = np.zeros((4, 1), np.float32)
    np.testing.assert_array_equal(losses.mean_squared_error([1.0, 2, 3, 4], predictions).numpy(), [1, 4, 9, 16])
    with pytest.raises(ValueError, match=r"mean_squared_error: expected y_true \(4, 1\), got \(4, 4\)"):
        losses.mean_squared_error(np.zeros((4, 4)), predictions)
    assert losses.MeanSquaredError(reduction="sum")([1.0, 2, 3, 4], predictions).item() == 30
    assert losses.MeanSquaredError(reduction=None)([1.0, 2, 3, 4], predictions).shape == (4,)


def test_metrics_stream() -> None:
    accuracy = metrics.SparseCategoricalAccuracy()
    assert accuracy.name == "sparse_categorical_accuracy"
    assert accuracy.result() == 0
    accuracy.update_state([0, 1], [[0.9, 0.1], [0.8, 0.2]])
    accuracy.update_state([[1]], [[0.1, 0.9]])
    assert accuracy.result() == pytest.approx(2 / 3)
    accuracy.reset_state()
    assert accuracy.result() == 0
    one_hot = metrics.CategoricalAccuracy()
    one_hot.update_state([[0.0, 1], [1, 0]], [[0.1, 0.9], [0.1, 0.9]])
    assert one_hot.result() == 0.5
    with pytest.raises(ValueError, match=r"expected one-hot y_true \(1, 2\), got \(1,\)"):
        one_hot.update_state([0], [[0.5, 0.5]])
    mean = metrics.Mean()
    mean.update_state([1.0, 2.0])
    mean.update_state(6)
    assert mean.result() == 3
    with pytest.raises(ValueError, match=r"accuracy: expected predictions \(..., classes\), got \(2, 1\)"):
        metrics.get("accuracy").update_state([0, 1], [[0.0], [1.0]])


def test_to_categorical() -> None:
    np.testing.assert_array_equal(fastnn.utils.to_categorical([0, 2]), [[1, 0, 0], [0, 0, 1]])
    assert fastnn.utils.to_categorical([[1], [0]], num_classes=4).shape == (2, 4)
    assert fastnn.utils.to_categorical([], num_classes=4).shape == (0, 4)
    with pytest.raises(IndexError, match="expected classes from 0 to 1, got 0 to 2"):
        fastnn.utils.to_categorical([0, 2], num_classes=2)
    with pytest.raises(ValueError, match="expected whole numbers"):
        fastnn.utils.to_categorical([0.5])


@pytest.mark.parametrize(
    ("seed", "error"), [(-1, ValueError), (2**32, ValueError), (1.5, TypeError), (True, TypeError)]
)
def test_set_random_seed_refuses(seed: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="set_random_seed: expected"):
        fastnn.utils.set_random_seed(seed)
