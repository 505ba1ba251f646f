"""Losses against Keras 3 on TensorFlow: values, gradients, reductions, weights, masks, configurations and names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastnn import losses
from fastnn.tensor import Tensor

pytestmark = pytest.mark.keras

SHAPE = (5, 3, 4)


def labels_of(kind: str, rng: np.random.Generator, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    """Labels such as a loss takes."""
    if kind == "sparse":
        return rng.integers(0, shape[-1], shape[:-1])
    if kind == "rows":
        return rng.integers(0, 3, shape[0])
    if kind == "one-hot":
        return np.eye(shape[-1], dtype=np.float32)[rng.integers(0, shape[-1], shape[:-1])]
    if kind == "binary":
        return rng.integers(0, 2, shape).astype(np.float32)
    if kind == "steps":
        return np.moveaxis(labels_of("shares", rng, (shape[0], shape[2], shape[1])), 1, 2)
    if kind == "shares":
        return rng.dirichlet([1.0] * shape[-1], shape[:-1]).astype(np.float32)
    return rng.standard_normal(shape).astype(np.float32)


def predictions_of(kind: str, rng: np.random.Generator, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    """Predictions such as a loss takes; probabilities don't sum to one, and some are 0 or 1."""
    if kind == "numbers":
        return rng.standard_normal(shape).astype(np.float32)
    if kind == "unit":
        rows = rng.standard_normal((shape[0], 6)).astype(np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)
    values = rng.uniform(0.01, 0.99, shape).astype(np.float32)
    values.reshape(-1)[::11] = 0.0
    values.reshape(-1)[5::13] = 1.0
    return values


CASES: list[tuple[str, dict[str, Any], str, str]] = [
    ("MeanSquaredError", {}, "numbers", "numbers"),
    ("MeanAbsoluteError", {}, "numbers", "numbers"),
    ("MeanAbsolutePercentageError", {}, "numbers", "numbers"),
    ("MeanSquaredLogarithmicError", {}, "numbers", "numbers"),
    ("Huber", {}, "numbers", "numbers"),
    ("Huber", {"delta": 0.3}, "numbers", "numbers"),
    ("LogCosh", {}, "numbers", "numbers"),
    ("CosineSimilarity", {}, "numbers", "numbers"),
    ("CosineSimilarity", {"axis": 1}, "numbers", "numbers"),
    ("BinaryCrossentropy", {}, "binary", "shares"),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, "binary", "numbers"),
    ("BinaryCrossentropy", {"axis": 1}, "binary", "shares"),
    ("BinaryFocalCrossentropy", {}, "binary", "shares"),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "alpha": 0.7, "gamma": 1.5}, "binary", "shares"),
    ("BinaryFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, "binary", "numbers"),
    ("CategoricalCrossentropy", {}, "shares", "shares"),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, "one-hot", "numbers"),
    ("CategoricalCrossentropy", {"axis": 1}, "steps", "shares"),
    ("CategoricalCrossentropy", {"axis": 1, "from_logits": True}, "steps", "numbers"),
    ("CategoricalFocalCrossentropy", {}, "one-hot", "shares"),
    ("CategoricalFocalCrossentropy", {"alpha": [0.1, 0.2, 0.3, 0.4], "gamma": 3.0}, "one-hot", "shares"),
    ("CategoricalFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, "one-hot", "numbers"),
    ("SparseCategoricalCrossentropy", {}, "sparse", "shares"),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, "sparse", "numbers"),
    ("SparseCategoricalCrossentropy", {"ignore_class": 2}, "sparse", "shares"),
    ("SparseCategoricalCrossentropy", {"ignore_class": -1, "from_logits": True}, "sparse", "numbers"),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.3}, "sparse", "shares"),
    ("KLDivergence", {}, "shares", "shares"),
    ("Poisson", {}, "shares", "shares"),
    ("Hinge", {}, "binary", "numbers"),
    ("Hinge", {}, "numbers", "numbers"),
    ("SquaredHinge", {}, "binary", "numbers"),
    ("CategoricalHinge", {}, "one-hot", "numbers"),
    ("Dice", {}, "binary", "shares"),
    ("Dice", {"axis": (1, 2)}, "binary", "shares"),
    ("Tversky", {"alpha": 0.3, "beta": 0.8}, "binary", "shares"),
    ("Tversky", {"axis": -1}, "binary", "shares"),
    ("Circle", {}, "rows", "unit"),
    ("Circle", {"gamma": 10.0, "margin": 0.2, "remove_diagonal": False}, "rows", "unit"),
]


def ids(case: Any) -> str:
    return str(case)


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_values_and_gradients(case: Any, keras: Any, rng: np.random.Generator) -> None:
    import tensorflow as tf

    name, options, label, prediction = case
    y, p = labels_of(label, rng), predictions_of(prediction, rng)
    if name == "SparseCategoricalCrossentropy" and options.get("ignore_class") == -1:
        y[0] = -1
    theirs = getattr(keras.losses, name)(**options, reduction="none")
    ours = getattr(losses, name)(**options, reduction="none")
    variable, tensor = tf.Variable(p), Tensor(p, requires_grad=True)
    with tf.GradientTape() as tape:
        expected = theirs(y, variable)
        total = tf.reduce_sum(expected * 1.5)
    got = ours(y, tensor)
    np.testing.assert_allclose(got.numpy(), np.asarray(expected), rtol=2e-5, atol=2e-6)
    (got * 1.5).sum().backward()
    gradient = tape.gradient(total, variable)
    scale = max(1.0, float(np.abs(gradient).max()) if name != "Circle" else 1.0)
    np.testing.assert_allclose(tensor.grad.numpy(), np.asarray(gradient), rtol=5e-5, atol=2e-6 * scale)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None])
@pytest.mark.parametrize("case", CASES, ids=ids)
def test_reductions_and_weights(case: Any, reduction: str | None, keras: Any, rng: np.random.Generator) -> None:
    name, options, label, prediction = case
    y, p = labels_of(label, rng), predictions_of(prediction, rng)
    theirs = getattr(keras.losses, name)(**options, reduction=reduction)
    ours = getattr(losses, name)(**options, reduction=reduction)
    expected = np.asarray(theirs(y, p))
    np.testing.assert_allclose(ours(y, p).numpy(), expected, rtol=2e-5, atol=1e-6)
    shape = ours.call(y, p).shape
    weights = [rng.uniform(0, 2, shape).astype(np.float32), np.zeros(shape, np.float32)]
    if len(shape) == 2:
        weights.append(rng.uniform(0, 2, (shape[0], 1)).astype(np.float32))
    elif shape:
        weights.append(rng.uniform(0, 2, (*shape, 1)).astype(np.float32))
    for weight in weights:
        expected = np.asarray(theirs(y, p, sample_weight=weight))
        np.testing.assert_allclose(ours(y, p, sample_weight=weight).numpy(), expected, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight", "none"])
@pytest.mark.parametrize("weighted", [False, True])
def test_masks(reduction: str, weighted: bool, keras: Any, rng: np.random.Generator) -> None:
    y, p = labels_of("numbers", rng), predictions_of("numbers", rng)
    weight = rng.uniform(0, 2, SHAPE[:2]).astype(np.float32) if weighted else None
    for mask in (rng.integers(0, 2, SHAPE[:2]).astype(bool), np.zeros(SHAPE[:2], bool)):
        theirs, ours = keras.ops.convert_to_tensor(p), Tensor(p)
        theirs._keras_mask, ours._mask = keras.ops.convert_to_tensor(mask), Tensor(mask)
        expected = keras.losses.MeanSquaredError(reduction=reduction)(y, theirs, sample_weight=weight)
        got = losses.MeanSquaredError(reduction=reduction)(y, ours, sample_weight=weight)
        np.testing.assert_allclose(got.numpy(), np.asarray(expected), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_configurations(case: Any, keras: Any) -> None:
    """Keras's configurations lack some arguments: those of ours that they have are equal."""
    name, options = case[:2]
    for arguments in ({}, options, {**options, "name": "own", "reduction": "sum"}):
        theirs = getattr(keras.losses, name)(**arguments).get_config()
        ours = getattr(losses, name)(**arguments).get_config()
        assert {key: ours[key] for key in theirs} == theirs
        assert getattr(losses, name).from_config(ours).get_config() == ours
        assert losses.deserialize(losses.serialize(getattr(losses, name)(**arguments))).get_config() == ours


def test_names(keras: Any) -> None:
    from keras.src.losses import ALL_OBJECTS_DICT

    deferred = {"CTC", "ctc"}
    for name in set(ALL_OBJECTS_DICT) - deferred - {"Loss", "LossFunctionWrapper"}:
        theirs, ours = keras.losses.get(name), losses.get(name)
        if isinstance(theirs, keras.losses.Loss):
            assert type(ours).__name__ == type(theirs).__name__
            assert ours.name == theirs.name
        else:
            assert ours.__name__ == theirs.__name__
    public = {name for name in dir(keras.losses) if not name.startswith("_")}
    assert public - set(losses.__all__) == deferred
    assert set(losses.__all__) <= public


def test_functions_take_keras_arguments(keras: Any) -> None:
    import inspect

    for name in losses.__all__:
        theirs, ours = getattr(keras.losses, name), getattr(losses, name)
        if name not in ("get", "Loss"):
            assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters), name
    for name in losses.__all__:
        theirs, ours = (inspect.signature(getattr(module, name)).parameters for module in (keras.losses, losses))
        if name != "get":
            assert [p.default for p in ours.values()] == [p.default for p in theirs.values()], name


@pytest.mark.parametrize("activation", ["softmax", "sigmoid", None])
@pytest.mark.parametrize("name", ["categorical_crossentropy", "binary_crossentropy", "sparse_categorical_crossentropy"])
def test_fit_from_probabilities(activation: str | None, name: str, keras: Any, rng: np.random.Generator) -> None:
    """Probabilities that come from another activation than the one the loss knows, and logits taken for them."""
    import fastnn

    x = rng.standard_normal((12, 3)).astype(np.float32)
    y = labels_of("sparse" if name.startswith("sparse") else "one-hot", rng, (12, 4))
    weights = [rng.standard_normal((3, 4)).astype(np.float32), np.full(4, 0.1, np.float32)]
    models, histories = [], []
    for library in (keras, fastnn):
        dense = library.layers.Dense(4, activation=activation)
        model = library.Sequential([library.layers.Input((3,)), dense])
        model.set_weights(weights)
        model.compile(library.optimizers.SGD(0.05), loss=name)
        histories.append(model.fit(x, y, batch_size=5, epochs=2, shuffle=False, verbose=0).history["loss"])
        models.append(model)
    assert histories[1] == pytest.approx(histories[0], rel=3e-5)
    for mine, other in zip(models[1].get_weights(), models[0].get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize("reduction", ["sum", "mean_with_sample_weight"])
def test_fit_with_other_reductions(reduction: str, keras: Any, rng: np.random.Generator) -> None:
    import fastnn

    x = rng.standard_normal((12, 3)).astype(np.float32)
    y = rng.standard_normal((12, 2)).astype(np.float32)
    models, histories = [], []
    for library in (keras, fastnn):
        model = library.Sequential([library.layers.Input((3,)), library.layers.Dense(2, kernel_initializer="ones")])
        model.compile(library.optimizers.SGD(0.01), loss=library.losses.MeanSquaredError(reduction=reduction))
        histories.append(model.fit(x, y, batch_size=5, epochs=3, shuffle=False, verbose=0).history["loss"])
        models.append(model)
    assert histories[1] == pytest.approx(histories[0], rel=2e-5)
    for mine, other in zip(models[1].get_weights(), models[0].get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["crossentropy", "CE"])
@pytest.mark.parametrize("kind", ["binary", "sparse", "one-hot"])
def test_fit_with_a_crossentropy_told_by_shape(name: str, kind: str, keras: Any, rng: np.random.Generator) -> None:
    import fastnn

    x = rng.standard_normal((12, 3)).astype(np.float32)
    y = labels_of(kind, rng, (12, 1 if kind == "binary" else 4))
    histories = []
    for library in (keras, fastnn):
        units, activation = (1, "sigmoid") if kind == "binary" else (4, "softmax")
        dense = library.layers.Dense(units, activation, kernel_initializer="ones")
        model = library.Sequential([library.layers.Input((3,)), dense])
        model.compile("sgd", loss=name)
        histories.append(model.fit(x, y, epochs=3, shuffle=False, verbose=0).history["loss"])
    assert histories[1] == pytest.approx(histories[0], rel=2e-5)


def test_fit_with_masked_steps(keras: Any, rng: np.random.Generator) -> None:
    """Steps that Masking leaves out count neither in the loss nor among what it is divided by."""
    import fastnn

    x = rng.standard_normal((10, 6, 3)).astype(np.float32)
    x[rng.integers(0, 2, (10, 6)).astype(bool)] = 0
    y = rng.standard_normal((10, 6, 2)).astype(np.float32)
    histories, weights = [], None
    for library in (keras, fastnn):
        model = library.Sequential(
            [
                library.layers.Input((6, 3)),
                library.layers.Masking(),
                library.layers.SimpleRNN(4, return_sequences=True),
                library.layers.Dense(2),
            ]
        )
        weights = weights or model.get_weights()
        model.set_weights(weights)
        model.compile(library.optimizers.SGD(0.1), loss="mse")
        histories.append(model.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0).history["loss"])
    assert histories[1] == pytest.approx(histories[0], rel=2e-5)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight", "none"])
@pytest.mark.parametrize("name", ["Dice", "Tversky"])
def test_weights_of_a_loss_that_is_one_number(name: str, reduction: str, keras: Any, rng: np.random.Generator) -> None:
    y_true, y_pred = (rng.uniform(0, 1, (4, 3, 3, 1)).astype(np.float32) for _ in range(2))
    for weights in (2.0, [1, 2, 3, 4], *(rng.uniform(0, 1, shape) for shape in ((4,), (4, 1), (4, 3, 3, 1)))):
        want = getattr(keras.losses, name)(reduction=reduction)(y_true, y_pred, sample_weight=np.asarray(weights))
        got = getattr(losses, name)(reduction=reduction)(y_true, y_pred, sample_weight=weights)
        assert got.shape == tuple(want.shape)
        np.testing.assert_allclose(got.numpy(), np.asarray(want), rtol=1e-5)
