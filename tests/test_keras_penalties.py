"""Regularizers and constraints against Keras 3 on TensorFlow: by themselves, and in fit of every kind of layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import constraints, regularizers
from fastnn.tensor import Tensor

pytestmark = pytest.mark.keras

REGULARIZERS: list[tuple[str, dict[str, Any]]] = [
    ("L1", {}),
    ("L1", {"l1": 0.3}),
    ("L2", {}),
    ("L1L2", {}),
    ("L1L2", {"l1": 0.1, "l2": 0.2}),
    ("OrthogonalRegularizer", {}),
    ("OrthogonalRegularizer", {"factor": 0.5, "mode": "columns"}),
]
CONSTRAINTS: list[tuple[str, dict[str, Any]]] = [
    ("MaxNorm", {}),
    ("MaxNorm", {"max_value": 0.5, "axis": 1}),
    ("NonNeg", {}),
    ("UnitNorm", {}),
    ("UnitNorm", {"axis": [0, 1]}),
    ("MinMaxNorm", {}),
    ("MinMaxNorm", {"min_value": 1.5, "max_value": 2.0, "rate": 0.3, "axis": 1}),
]


@pytest.mark.parametrize("case", REGULARIZERS, ids=str)
def test_regularizers(case: Any, keras: Any, rng: np.random.Generator) -> None:
    import tensorflow as tf

    name, options = case
    w = rng.standard_normal((4, 3)).astype(np.float32)
    theirs, ours = getattr(keras.regularizers, name)(**options), getattr(regularizers, name)(**options)
    variable, tensor = tf.Variable(w), Tensor(w, requires_grad=True)
    with tf.GradientTape() as tape:
        expected = theirs(variable) + 0.0 * tf.reduce_sum(variable)
    got = ours(tensor)
    assert float(got) == pytest.approx(float(expected), rel=1e-5)
    if isinstance(got, Tensor):
        got.backward()
        np.testing.assert_allclose(tensor.grad.numpy(), tape.gradient(expected, variable), rtol=1e-4, atol=1e-6)
    for key, value in theirs.get_config().items():
        assert ours.get_config()[key] == (value if key == "mode" else pytest.approx(value, rel=1e-6))
    assert regularizers.deserialize(regularizers.serialize(ours)).get_config() == ours.get_config()


@pytest.mark.parametrize("case", CONSTRAINTS, ids=str)
def test_constraints(case: Any, keras: Any, rng: np.random.Generator) -> None:
    name, options = case
    w = (2 * rng.standard_normal((4, 3))).astype(np.float32)
    w[:, 1] *= 0.01
    theirs, ours = getattr(keras.constraints, name)(**options), getattr(constraints, name)(**options)
    np.testing.assert_allclose(ours(Tensor(w)).numpy(), np.asarray(theirs(w)), rtol=1e-5, atol=1e-6)
    assert ours.get_config() == theirs.get_config()
    assert constraints.deserialize(constraints.serialize(ours)).get_config() == ours.get_config()


@pytest.mark.parametrize("module", ["regularizers", "constraints"])
def test_names(module: str, keras: Any) -> None:
    import importlib

    theirs, ours = getattr(keras, module), getattr(fastnn, module)
    assert set(ours.__all__) == {name for name in dir(theirs) if not name.startswith("_")}
    for name in importlib.import_module(f"keras.src.{module}").ALL_OBJECTS_DICT:
        if name.lower() not in ("regularizer", "constraint"):
            assert type(ours.get(name)).__name__ == type(theirs.get(name)).__name__
    assert ours.get(None) is theirs.get(None) is None


Make = Callable[[Any], list[Any]]
MODELS: dict[str, tuple[tuple[int, ...], Make]] = {
    "Dense": (
        (6,),
        lambda k: [
            k.layers.Dense(
                5,
                kernel_regularizer="l2",
                bias_regularizer=k.regularizers.L1(0.2),
                activity_regularizer=k.regularizers.L1L2(0.1, 0.05),
            ),
            k.layers.Dense(3, kernel_constraint="unit_norm", bias_constraint=k.constraints.NonNeg()),
        ],
    ),
    "frozen": (
        (6,),
        lambda k: [
            k.layers.Dense(5, kernel_regularizer="l2", trainable=False),
            k.layers.Dense(3, kernel_constraint="max_norm"),
        ],
    ),
    "Conv2D": (
        (5, 5, 2),
        lambda k: [
            k.layers.Conv2D(
                4, 3, use_bias=False, kernel_regularizer="l1", kernel_constraint=k.constraints.MaxNorm(0.3)
            ),
            k.layers.BatchNormalization(gamma_regularizer="l2", beta_constraint="non_neg"),
            k.layers.Flatten(),
            k.layers.Dense(3),
        ],
    ),
    "separable": (
        (5, 5, 2),
        lambda k: [
            k.layers.SeparableConv2D(4, 3, depthwise_regularizer="l2", pointwise_constraint="unit_norm"),
            k.layers.DepthwiseConv2D(2, depthwise_constraint="non_neg", bias_regularizer="l2"),
            k.layers.ActivityRegularization(l1=0.1, l2=0.01),
            k.layers.GlobalAveragePooling2D(),
            k.layers.Dense(3),
        ],
    ),
    "Conv1DTranspose": (
        (5, 2),
        lambda k: [
            k.layers.Conv1DTranspose(3, 2, kernel_regularizer="l2", bias_constraint="non_neg"),
            k.layers.GlobalMaxPooling1D(),
        ],
    ),
    **{
        kind: (
            (4, 3),
            lambda k, kind=kind: [
                getattr(k.layers, kind)(
                    3,
                    kernel_regularizer="l2",
                    recurrent_regularizer="orthogonal_regularizer" if kind == "SimpleRNN" else "l1",
                    bias_constraint="non_neg",
                    recurrent_constraint=k.constraints.MaxNorm(1.0),
                    activity_regularizer=None if kind == "SimpleRNN" else "l2",  # Keras's ignores it
                ),
            ],
        )
        for kind in ("LSTM", "GRU", "SimpleRNN")
    },
    "EinsumDense": (
        (4, 3),
        lambda k: [
            k.layers.EinsumDense("abc,cd->abd", (4, 3), kernel_regularizer="l2", kernel_constraint="non_neg"),
            k.layers.LayerNormalization(gamma_constraint="non_neg", beta_regularizer="l1"),
            k.layers.PReLU(alpha_regularizer="l2", alpha_initializer="ones", alpha_constraint="unit_norm"),
            k.layers.GlobalAveragePooling1D(),
        ],
    ),
}


@pytest.mark.parametrize("kind", MODELS)
def test_fit(kind: str, keras: Any, rng: np.random.Generator) -> None:
    """Losses of training and evaluation, and the weights after ten steps, the last of each epoch on fewer samples."""
    shape, make = MODELS[kind]
    x = rng.standard_normal((11, *shape)).astype(np.float32)
    y = rng.standard_normal((11, 3)).astype(np.float32)
    models, histories, weights = [], [], None
    for library in (keras, fastnn):
        model = library.Sequential([library.layers.Input(shape), *make(library)])
        weights = weights or [w + 0.1 * rng.standard_normal(w.shape).astype(np.float32) for w in model.get_weights()]
        model.set_weights(weights)
        model.compile(library.optimizers.Adam(0.05), "mse")
        options = {"batch_size": 4, "epochs": 3, "shuffle": False, "verbose": 0}
        histories.append(model.fit(x, y, validation_data=(x[:5], y[:5]), **options).history)
        models.append(model)
    assert not models[1]._train_step.eager_reasons()
    for name in ("loss", "val_loss"):
        assert histories[1][name] == pytest.approx(histories[0][name], rel=1e-4)
    for mine, other in zip(models[1].get_weights(), models[0].get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=2e-3, atol=2e-4)
    assert [float(loss) for loss in models[1].losses] or kind == "frozen"
    again = fastnn.Sequential.from_config(models[1].get_config())
    assert again.get_config() == models[1].get_config()


def test_losses_of_a_call(keras: Any, rng: np.random.Generator) -> None:
    x = rng.standard_normal((4, 6)).astype(np.float32)
    weights, got = None, []
    for library in (keras, fastnn):
        model = library.Sequential([library.layers.Input((6,)), *MODELS["Dense"][1](library)])
        weights = weights or model.get_weights()
        model.set_weights(weights)
        model(x)
        model(2 * x)
        got.append(sorted(float(loss) for loss in model.losses))
    assert got[1] == pytest.approx(got[0], rel=1e-5)


def test_embedding(keras: Any, rng: np.random.Generator) -> None:
    x, y = rng.integers(0, 7, (9, 4)), rng.standard_normal((9, 3)).astype(np.float32)
    models, weights = [], None
    for library in (keras, fastnn):
        embedding = library.layers.Embedding(
            7, 3, embeddings_regularizer="l2", embeddings_constraint=library.constraints.MaxNorm(0.5, axis=1)
        )
        model = library.Sequential([library.layers.Input((4,)), embedding, library.layers.GlobalAveragePooling1D()])
        weights = weights or [rng.standard_normal((7, 3)).astype(np.float32)]
        model.set_weights(weights)
        model.compile(library.optimizers.SGD(0.1), "mse")
        model.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0)
        models.append(model)
    np.testing.assert_allclose(models[1].get_weights()[0], models[0].get_weights()[0], rtol=1e-4, atol=1e-5)
