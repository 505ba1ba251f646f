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
        (lambda: optimizers.SGD(-1.0), "sgd: expected learning_rate finite and not negative, got -1.0"),
        (lambda: optimizers.Adam(float("nan")), "adam: expected learning_rate"),
        (lambda: optimizers.SGD(momentum=1.0), r"sgd: expected momentum in \[0, 1\), got 1.0"),
        (lambda: optimizers.Adam(beta_2=1.5), r"adam: expected beta_2 in \[0, 1\), got 1.5"),
        (lambda: optimizers.Adam(epsilon=-1e-7), "adam: expected epsilon finite and above 0"),
        (lambda: optimizers.Adam(epsilon=0), "adam: expected epsilon finite and above 0, got 0"),
        (lambda: setattr(optimizers.Adam(), "beta_1", float("nan")), r"adam: expected beta_1 in \[0, 1\), got nan"),
        (lambda: setattr(optimizers.SGD(), "learning_rate", 10**400), "sgd: expected learning_rate finite"),
    ],
)
def test_hyper_parameters_that_make_no_sense(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("value", ["a", None, True])
def test_hyper_parameters_that_are_no_numbers(value: Any) -> None:
    optimizer = optimizers.Adam()
    for name in ("learning_rate", "beta_1", "epsilon"):
        with pytest.raises(TypeError, match=f"adam: expected {name} to be a number, got {value!r}"):
            setattr(optimizer, name, value)
    optimizer.learning_rate = np.float32(0.5)  # type: ignore[assignment]
    assert optimizer.learning_rate == 0.5
    with pytest.raises(TypeError, match="sgd: expected nesterov to be True or False, got 'a'"):
        optimizers.SGD(nesterov="a")  # type: ignore[arg-type]


def test_momentum_may_be_set_later() -> None:
    weight = Tensor(np.ones(3, np.float32), requires_grad=True, name="w")
    optimizer = optimizers.SGD(1.0)
    for momentum, want in ((0.0, 0.0), (0.5, -1.0), (0.5, -2.5)):
        optimizer.momentum = momentum
        optimizer.apply([Tensor(np.ones(3, np.float32))], [weight])
        np.testing.assert_array_equal(weight.numpy(), want)
    assert len(optimizer.variables) == 1
    optimizer.momentum = 0.0
    assert optimizer.variables == []


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
    with pytest.raises(ValueError, match="to_categorical: expected labels to be whole numbers"):
        fastnn.utils.to_categorical([0.5])
    with pytest.raises(ValueError, match="to_categorical: expected labels to be whole numbers"):
        fastnn.utils.to_categorical([float("nan")])


@pytest.mark.parametrize(
    ("seed", "error"), [(-1, ValueError), (2**32, ValueError), (1.5, TypeError), (True, TypeError)]
)
def test_set_random_seed_refuses(seed: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="set_random_seed: expected"):
        fastnn.utils.set_random_seed(seed)
