"""Activations and initializers that Keras's tests don't reach: arrays, the simplex, programs, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Tensor, activations, initializers, layers


def test_sparsemax_projects_onto_the_simplex(rng: np.random.Generator) -> None:
    """By bisection of the threshold."""
    x = 2 * rng.standard_normal((20, 7))
    y = activations.sparsemax(Tensor(x)).numpy()
    for row, got in zip(x, y, strict=True):
        low, high = row.min() - 1, row.max()
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if np.maximum(row - middle, 0).sum() > 1 else (low, middle)
        np.testing.assert_allclose(got, np.maximum(row - low, 0), atol=1e-9)
    np.testing.assert_allclose(activations.sparsemax(Tensor(x), axis=0).numpy().sum(axis=0), 1)
    assert fastnn.gradcheck(activations.sparsemax, (Tensor(x[:3], requires_grad=True),))


@pytest.mark.parametrize("name", [name for name in activations._NAMES if name != "threshold"])
def test_programs(name: str, rng: np.random.Generator) -> None:
    """A layer with each activation trains in a program as by hand, in batches of two sizes."""
    x = rng.standard_normal((10, 3)).astype(np.float32)
    y = rng.standard_normal((10, 2 if name == "glu" else 4)).astype(np.float32)
    fitted, stepped = (
        fastnn.Sequential([fastnn.Input((3,)), layers.Dense(4), layers.Activation(name)]) for _ in range(2)
    )
    stepped.set_weights(fitted.get_weights())
    fitted.compile(fastnn.optimizers.SGD(0.1), "mse")
    fitted.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0)
    assert not fitted._train_step.eager_reasons()
    optimizer = fastnn.optimizers.SGD(0.1)
    for _ in range(3):
        for part in (slice(0, 4), slice(4, 8), slice(8, 10)):
            loss = fastnn.losses.mean_squared_error(y[part], stepped(x[part])).mean()
            optimizer.minimize(loss, stepped.trainable_weights)
    for got, want in zip(fitted.get_weights(), stepped.get_weights(), strict=True):
        np.testing.assert_array_equal(got, want)
    again = fastnn.Sequential.from_config(fitted.get_config())
    assert again.get_config() == fitted.get_config()


def test_arrays_and_functions_initialize() -> None:
    values = np.arange(6, dtype=np.float64).reshape(3, 2)
    layer = layers.Dense(2, kernel_initializer=values, bias_initializer=lambda shape, dtype: np.full(shape, 7))
    layer(np.zeros((1, 3), np.float32))
    np.testing.assert_array_equal(layer.get_weights()[0], values)
    np.testing.assert_array_equal(layer.get_weights()[1], 7)
    wrong = layers.Dense(3, kernel_initializer=values)
    with pytest.raises(ValueError, match=r"expected kernel of shape \(3, 3\), got \(3, 2\)"):
        wrong(np.zeros((1, 3), np.float32))
    assert initializers.he_normal is initializers.HeNormal
    assert type(initializers.get(initializers.he_normal(seed=3))) is initializers.HeNormal
    own = initializers.deserialize({"class_name": "Mine", "config": {}}, {"Mine": initializers.Ones})
    assert type(own) is initializers.Ones


def test_windows_of_fourier_transforms() -> None:
    for name, window in (("hann", np.hanning), ("hamming", np.hamming)):
        for periodic in (False, True):
            own = window(9)[:8] if periodic else window(8)
            want = initializers.STFT(window=own, scaling="spectrum")((8, 1, 5))
            got = initializers.STFT(window=name, scaling="spectrum", periodic=periodic)((8, 1, 5))
            np.testing.assert_allclose(got, want, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: activations.get("rleu"), ValueError, r"unknown activation 'rleu'; did you mean '.*relu'\?"),
        (lambda: activations.get(3), TypeError, "activation: expected a name or a function, got 3"),
        (lambda: layers.Dense(3, activation="sotfmax"), ValueError, r"did you mean 'softmax'\?"),
        (lambda: activations.glu(Tensor([[1.0, 2.0, 3.0]])), ValueError, "glu: expected an even size along axis -1"),
        (lambda: initializers.get("glorot"), ValueError, "unknown initializer 'glorot'"),
        (lambda: initializers.Identity()((2, 3, 4)), ValueError, r"Identity: expected a shape of two axes, got \(2, 3"),
        (lambda: initializers.STFT(side="x"), ValueError, "STFT: expected side 'real' or 'imag', got 'x'"),
        (lambda: initializers.STFT(window="x"), ValueError, "STFT: expected window hann, hamming, an array or None"),
        (lambda: initializers.STFT(scaling="x"), ValueError, "STFT: expected scaling"),
        (lambda: initializers.STFT(window=np.ones(3))((4, 1, 3)), ValueError, r"expected a window \(4,\), got \(3,\)"),
    ],
)
def test_refused(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("name", sorted(set(activations._NAMES) - {"linear", "threshold"}))
def test_activations_take_arrays_and_lists(name: str) -> None:
    x = np.array([[-3.0, 0.5], [0.0, 2.0]])
    function = activations.get(name)
    expected = function(Tensor(x.astype(np.float32))).numpy()
    for given in (x, x.astype(np.float32), x.tolist()):
        got = function(given)
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got.numpy(), expected)
    assert activations.serialize(function) in activations._NAMES
