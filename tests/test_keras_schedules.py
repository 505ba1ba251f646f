"""Learning-rate schedules against Keras 3; in training they are in tests/test_keras_optimizers.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn.optimizers import schedules
from fastnn.tensor import Tensor

pytestmark = pytest.mark.keras

SCHEDULES: list[tuple[str, dict[str, Any]]] = [
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9}),
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9, "staircase": True}),
    ("PiecewiseConstantDecay", {"boundaries": [3, 10], "values": [1.0, 0.5, 0.1]}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 9}),
    (
        "PolynomialDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 5, "end_learning_rate": 0.01, "power": 0.5, "cycle": True},
    ),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.5}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.5, "staircase": True}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 12, "alpha": 0.1}),
    ("CosineDecay", {"initial_learning_rate": 0.0, "decay_steps": 12, "warmup_target": 0.1, "warmup_steps": 5}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 4}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 4, "t_mul": 1.0, "m_mul": 0.8}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 3, "t_mul": 1.5, "alpha": 0.2}),
]


@pytest.mark.parametrize("case", SCHEDULES, ids=str)
def test_schedules(case: Any, keras: Any) -> None:
    name, options = case
    theirs = getattr(keras.optimizers.schedules, name)(**options)
    ours = getattr(schedules, name)(**options)
    for step in range(30):
        assert ours(step) == pytest.approx(float(theirs(step)), rel=2e-5, abs=1e-8), step
    assert ours.get_config() == theirs.get_config()
    assert schedules.deserialize(schedules.serialize(ours)).get_config() == ours.get_config()


def test_names(keras: Any) -> None:
    assert set(schedules.__all__) == {name for name in dir(keras.optimizers.schedules) if not name.startswith("_")}


def test_a_function_as_rate(keras: Any) -> None:
    values = []
    for library in (keras, fastnn):
        rates = iter([0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
        optimizer = library.optimizers.SGD(lambda rates=rates: next(rates))
        if library is keras:
            weight = keras.Variable([1.0, 2.0])
            optimizer.apply([keras.ops.ones(2)], [weight])
        else:
            weight = Tensor([1.0, 2.0], requires_grad=True)
            optimizer.apply([Tensor([1.0, 1.0])], [weight])
        values.append(np.asarray(weight.numpy()))
    np.testing.assert_allclose(values[1], values[0], rtol=1e-6)
