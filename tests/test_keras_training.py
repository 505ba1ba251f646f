"""Losses, and weights of samples and classes, against Keras 3 on TensorFlow: five steps from the same start."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastnn

pytestmark = pytest.mark.keras

LOSSES: list[tuple[str, dict[str, Any]]] = [
    ("MeanSquaredError", {}),
    ("MeanAbsoluteError", {}),
    ("Huber", {}),
    ("Huber", {"delta": 0.3}),
    ("BinaryCrossentropy", {"from_logits": True}),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.2}),
    ("CategoricalCrossentropy", {"from_logits": True}),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}),
    ("SparseCategoricalCrossentropy", {"from_logits": True}),
]


@pytest.mark.parametrize(("name", "options"), LOSSES, ids=lambda value: str(value))
def test_fit_with_each_loss(name: str, options: dict[str, Any], keras: Any, rng: np.random.Generator) -> None:
    """Five steps of a small network: the loss of every epoch and all weights at the end."""
    x = rng.standard_normal((20, 6)).astype(np.float32)
    y: Any = rng.standard_normal((20, 4)).astype(np.float32)
    if name == "BinaryCrossentropy":
        y = (y > 0).astype(np.float32)
    elif name == "CategoricalCrossentropy":
        y = np.eye(4, dtype=np.float32)[rng.integers(0, 4, 20)]
    elif name == "SparseCategoricalCrossentropy":
        y = rng.integers(0, 4, 20)
    shapes = [(6, 8), (8,), (8, 4), (4,)]
    weights = [0.5 * rng.standard_normal(shape).astype(np.float32) for shape in shapes]
    histories, models = [], []
    for library in (keras, fastnn):
        model = library.Sequential(
            [library.layers.Input((6,)), library.layers.Dense(8, activation="tanh"), library.layers.Dense(4)]
        )
        model.set_weights(weights)
        model.compile(library.optimizers.Adam(0.01), loss=getattr(library.losses, name)(**options))
        histories.append(model.fit(x, y, batch_size=4, epochs=1, shuffle=False, verbose=0).history["loss"])
        models.append(model)
    assert histories[1] == pytest.approx(histories[0], rel=2e-5)
    for mine, other in zip(models[1].get_weights(), models[0].get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)


WEIGHTING: list[dict[str, Any]] = [
    {},
    {"sample_weight": True},
    {"class_weight": {0: 1.0, 1: 3.0, 2: 0.5, 3: 0.0}},
]


@pytest.mark.parametrize("options", WEIGHTING, ids=lambda value: "-".join(value) or "plain")
def test_weights_of_samples_and_classes(options: dict[str, Any], keras: Any, rng: np.random.Generator) -> None:
    """History with metrics, weighted and not, validation with weights, then single batches."""
    x = rng.standard_normal((22, 6)).astype(np.float32)
    y = rng.integers(0, 4, 22)
    given = {**options, "sample_weight": rng.random(22).astype(np.float32)} if "sample_weight" in options else options
    validation = (x[:9], y[:9], rng.random(9).astype(np.float32))
    weights = [0.5 * rng.standard_normal(shape).astype(np.float32) for shape in ((6, 4), (4,))]
    histories, batches = [], []
    for library in (keras, fastnn):
        model = library.Sequential([library.layers.Input((6,)), library.layers.Dense(4, activation="softmax")])
        model.set_weights(weights)
        model.compile(
            library.optimizers.Adam(0.01),
            "sparse_categorical_crossentropy",
            metrics=["accuracy"],
            weighted_metrics=["sparse_categorical_crossentropy"],
        )
        fitted = model.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0, validation_data=validation, **given)
        histories.append(fitted.history)
        alone = {name: value[:4] if name == "sample_weight" else value for name, value in given.items()}
        trained = model.train_on_batch(x[:4], y[:4], return_dict=True, **alone)
        tested = model.test_on_batch(x[:4], y[:4], return_dict=True)
        batches.append({**trained, **{f"test_{name}": value for name, value in tested.items()}})
    assert set(histories[1]) == set(histories[0])
    for name, values in histories[0].items():
        assert histories[1][name] == pytest.approx(values, rel=1e-4), name
    assert {name: float(value) for name, value in batches[1].items()} == pytest.approx(
        {name: float(value) for name, value in batches[0].items()}, rel=1e-4
    )
