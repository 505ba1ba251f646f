"""Losses by themselves: reductions, weights and masks against NumPy, gradients, programs, names and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Tensor, losses
from fastnn.losses import identifiers

EVERY = [name for name in losses.__all__ if name[0].isupper() and name != "Loss"]
SPARSE = {"SparseCategoricalCrossentropy", "CategoricalGeneralizedCrossEntropy"}


def data_of(name: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Labels and predictions that every loss takes: distributions over four classes."""
    p = rng.dirichlet(np.ones(4), 6).astype(np.float32)
    if name in SPARSE:
        return rng.integers(0, 4, 6), p
    if name == "Circle":
        return np.array([0, 1, 0, 1, 2, 2]), p / np.linalg.norm(p, axis=1, keepdims=True)
    return np.eye(4, dtype=np.float32)[rng.integers(0, 4, 6)], p


@pytest.mark.parametrize("name", EVERY)
def test_reductions(name: str, rng: np.random.Generator) -> None:
    y, p = data_of(name, rng)
    values = getattr(losses, name)(reduction=None)(y, p)
    weights = np.array([0.5, 0, 2, 1, 1, 3], np.float32)
    if name in ("Dice", "Tversky"):  # one number in all: nothing to reduce
        assert values.shape == ()
        return
    counts = values._mask.numpy() if values._mask is not None else np.ones(6, bool)
    assert values.shape == (6,)
    want = {
        "sum_over_batch_size": values.numpy()[counts].mean(),
        "mean": values.numpy()[counts].mean(),
        "sum": values.numpy()[counts].sum(),
        "mean_with_sample_weight": values.numpy()[counts].mean(),
    }
    for reduction, result in want.items():
        loss = getattr(losses, name)(reduction=reduction)
        assert loss(y, p).item() == pytest.approx(result, rel=1e-5)
    loss = getattr(losses, name)(reduction="sum")
    assert loss(y, p, weights).item() == pytest.approx((values.numpy() * weights)[counts].sum(), rel=1e-5)


@pytest.mark.parametrize("name", EVERY)
def test_gradients(name: str, rng: np.random.Generator) -> None:
    """Central differences in float64."""
    y, p = data_of(name, rng)
    function = losses.get(next(function for function, cls in identifiers._CLASS_OF.items() if cls == name))
    options = {"q": 0.5} if name == "CategoricalGeneralizedCrossEntropy" else {}
    labels = Tensor(y if y.dtype.kind == "i" else y.astype(np.float64))
    x = Tensor(np.clip(p, 0.02, None).astype(np.float64), requires_grad=True)
    assert fastnn.gradcheck(lambda t: function(labels, t, **options), (x,))


@pytest.mark.parametrize("name", EVERY)
def test_a_program_computes_what_eager_code_does(name: str, rng: np.random.Generator) -> None:
    """Fitted in batches that differ in size, against `minimize`."""
    y, _ = data_of(name, np.random.default_rng(3))
    y = np.concatenate([y, y[:4]])
    x = rng.standard_normal((10, 3)).astype(np.float32)
    loss = getattr(losses, name)()
    fitted, stepped = (
        fastnn.Sequential([fastnn.Input((3,)), fastnn.layers.Dense(4, activation="sigmoid")]) for _ in range(2)
    )
    stepped.set_weights(fitted.get_weights())
    fitted.compile(fastnn.optimizers.SGD(0.1), loss)
    history = fitted.fit(x, y, batch_size=4, epochs=4, shuffle=False, verbose=0)
    assert not fitted._train_step.eager_reasons()
    optimizer = fastnn.optimizers.SGD(0.1)
    for _ in range(4):
        for part in (slice(0, 4), slice(4, 8), slice(8, 10)):
            optimizer.minimize(loss(y[part], stepped(x[part])), stepped.trainable_weights)
    for got, want in zip(fitted.get_weights(), stepped.get_weights(), strict=True):
        np.testing.assert_array_equal(got, want)
    assert np.isfinite(history.history["loss"]).all()


def test_weights_of_samples_hold_for_all_their_steps() -> None:
    y, p = np.zeros((2, 3, 1)), np.ones((2, 3, 1), np.float32)
    loss = losses.MeanSquaredError()
    assert loss(y, p, sample_weight=[1.0, 3.0]).item() == 2
    assert loss(y, p, sample_weight=[[1.0, 0.0, 0.0], [3.0, 3.0, 2.0]]).item() == 1.5
    with pytest.raises(ValueError, match=r"loss: expected sample_weight that broadcasts to \(2, 3\), got \(3,\)"):
        loss(y, p, sample_weight=[1.0, 2.0, 3.0])


def test_masked_steps_do_not_count() -> None:
    p = Tensor(np.array([[[1.0], [2.0]], [[3.0], [4.0]]], np.float32), requires_grad=True)
    p._mask = Tensor(np.array([[True, False], [True, True]]))
    loss = losses.MeanAbsoluteError()(np.zeros((2, 2, 1)), p)
    assert loss.item() == pytest.approx(8 / 3)
    loss.backward()
    np.testing.assert_allclose(p.grad.numpy().ravel(), [1 / 3, 0, 1 / 3, 1 / 3], rtol=1e-6)


def test_ignored_labels() -> None:
    logits = Tensor(np.array([[0.0, 1.0], [np.nan, 2.0], [3.0, 0.0]], np.float32), requires_grad=True)
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=255)([1, 255, 0], logits)
    want = (np.log1p(np.exp(-1)) + np.log1p(np.exp(-3))) / 2
    assert loss.item() == pytest.approx(want, rel=1e-6)
    loss.backward()
    assert np.isfinite(logits.grad.numpy()).all()
    model = fastnn.Sequential([fastnn.Input((2,)), fastnn.layers.Dense(2, activation="softmax")])
    model.compile("sgd", losses.SparseCategoricalCrossentropy(ignore_class=-1))
    model.fit(np.ones((3, 2)), np.array([0, -1, 1]), verbose=0)
    with pytest.raises(IndexError, match=r"fit: expected labels in \[0, 2\), got 2 at position 2"):
        model.fit(np.ones((3, 2)), np.array([0, -1, 2]), verbose=0)


def test_names_and_objects() -> None:
    assert losses.get("mse") is losses.get("MSE") is losses.mean_squared_error
    assert losses.get(None) is None
    assert type(losses.get("Huber")) is losses.Huber
    assert type(losses.get(losses.Poisson)) is losses.Poisson
    assert losses.serialize(losses.mean_absolute_error) == "mean_absolute_error"
    own = losses.deserialize({"class_name": "Mine", "config": {}}, {"Mine": losses.LogCosh})
    assert type(own) is losses.LogCosh
    assert losses.as_loss("kld").name == "kld"
    with pytest.raises(ValueError, match=r"unknown loss 'mean_sqared_error'; did you mean 'mean_squared_error'\?"):
        losses.get("mean_sqared_error")
    with pytest.raises(ValueError, match="unknown loss 'qwertz'; known: "):
        losses.get("qwertz")
    with pytest.raises(ValueError, match=r"expected a Loss or a function of fastnn\.losses"):
        losses.serialize(lambda y_true, y_pred: y_pred)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: losses.Huber(delta=0), ValueError, "Huber: expected a delta that is finite and above 0, got 0"),
        (lambda: losses.Poisson(reduction="avg"), ValueError, "Poisson: expected reduction sum_over_batch_size, sum"),
        (lambda: losses.Poisson(dtype="float16"), TypeError, "Poisson: expected dtype float32, got float16"),
        (lambda: losses.BinaryFocalCrossentropy(label_smoothing=2), ValueError, r"label_smoothing in \[0, 1\], got 2"),
        (lambda: losses.CategoricalGeneralizedCrossEntropy(1), ValueError, r"expected q in \(0, 1\), got 1"),
        (lambda: losses.kl_divergence(np.ones((2, 3)), np.ones((2, 4))), ValueError, r"kl_divergence: expected y_true"),
        (
            lambda: losses.categorical_crossentropy(np.ones((2, 3)), np.ones((2, 3)), axis=2),
            ValueError,
            r"categorical_crossentropy: expected axis in \[-2, 2\), got 2",
        ),
        (
            lambda: losses.categorical_crossentropy(np.ones((2, 3)), np.ones((2, 3)), axis=True),
            TypeError,
            "categorical_crossentropy: expected axis to be an integer, got True",
        ),
        (
            lambda: losses.sparse_categorical_crossentropy([0, 3], np.full((2, 3), 0.3)),
            IndexError,
            r"softmax_cross_entropy: expected labels in \[0, 3\)",
        ),
        (
            lambda: losses.sparse_categorical_crossentropy([0.5, 1], np.full((2, 3), 0.3)),
            ValueError,
            "expected labels to be whole numbers",
        ),
        (lambda: losses.Loss()([1.0], [1.0]), NotImplementedError, "Loss does not implement call"),
    ],
)
def test_refused(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
