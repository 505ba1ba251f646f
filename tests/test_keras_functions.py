"""Activations and initializers against Keras 3: values, gradients, distributions, configurations, names."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from fastnn import activations, initializers
from fastnn.tensor import Tensor

pytestmark = pytest.mark.keras

ACTIVATIONS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in activations._NAMES if name not in ("threshold", "sparsemax")),
    ("relu", {"negative_slope": 0.1, "max_value": 1.0, "threshold": 0.3}),
    ("relu", {"max_value": 0.5}),
    ("leaky_relu", {"negative_slope": 0.4}),
    ("elu", {"alpha": 0.5}),
    ("celu", {"alpha": 0.5}),
    ("gelu", {"approximate": True}),
    ("glu", {"axis": 0}),
    ("softmax", {"axis": 0}),
    ("log_softmax", {"axis": 0}),
    ("hard_shrink", {"threshold": 0.2}),
    ("soft_shrink", {"threshold": 0.2}),
    ("squareplus", {"b": 1}),
    ("threshold", {"threshold": 0.3, "default_value": -2.0}),
]


@pytest.mark.parametrize("case", ACTIVATIONS, ids=str)
def test_activations(case: Any, keras: Any, rng: np.random.Generator) -> None:
    import tensorflow as tf

    name, options = case
    x = np.concatenate([2 * rng.standard_normal((4, 10)), [[-30, -3, -1.5, -0.75, 0.1, 0.75, 1.5, 3, 7, 30]] * 2])
    x = x.astype(np.float32)
    variable, tensor = tf.Variable(x), Tensor(x, requires_grad=True)
    with tf.GradientTape() as tape:
        expected = getattr(keras.activations, name)(tf.convert_to_tensor(variable), **options)
        total = tf.reduce_sum(expected * expected)
    got = activations.get(name)(tensor, **options)
    np.testing.assert_allclose(got.numpy(), np.asarray(expected), rtol=2e-5, atol=2e-6)
    (got * got).sum().backward()
    np.testing.assert_allclose(tensor.grad.numpy(), np.asarray(tape.gradient(total, variable)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("module", ["activations", "initializers"])
def test_names(module: str, keras: Any) -> None:
    theirs, ours = getattr(keras, module), {"activations": activations, "initializers": initializers}[module]
    public = {name for name in dir(theirs) if not name.startswith("_")}
    assert set(ours.__all__) == public
    for name in public - {"get", "serialize", "deserialize", "Initializer"}:
        a, b = (inspect.signature(getattr(library, name)).parameters for library in (ours, theirs))
        assert [(p.name, p.default) for p in a.values()] == [(p.name, p.default) for p in b.values()], name


def test_strings(keras: Any) -> None:
    from keras.src.activations import ALL_OBJECTS_DICT as functions
    from keras.src.initializers import ALL_OBJECTS_DICT as classes

    for name, function in functions.items():
        assert activations.get(name).__name__ == function.__name__
        assert activations.serialize(activations.get(name)) == keras.activations.serialize(function)
    for name, cls in classes.items():
        if cls.__name__ != "Initializer":
            assert type(initializers.get(name)).__name__ == cls.__name__


INITIALIZERS: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("Zeros", {}, (3, 2)),
    ("Ones", {}, (3, 2)),
    ("Constant", {"value": 0.3}, (3, 2)),
    ("Identity", {"gain": 2.0}, (3, 4)),
    ("STFT", {}, (8, 1, 5)),
    ("STFT", {"side": "imag", "window": "hamming", "scaling": "spectrum", "periodic": True}, (8, 1, 5)),
    ("STFT", {"window": None}, (7, 1, 4)),
]


@pytest.mark.parametrize("case", INITIALIZERS, ids=str)
def test_fixed_values(case: Any, keras: Any) -> None:
    name, options, shape = case
    theirs, ours = getattr(keras.initializers, name)(**options), getattr(initializers, name)(**options)
    np.testing.assert_allclose(ours(shape), np.asarray(theirs(shape, dtype="float32")), rtol=1e-5, atol=1e-6)
    config = theirs.get_config()
    assert {key: ours.get_config()[key] for key in config} == config


RANDOM: list[tuple[str, dict[str, Any]]] = [
    ("RandomNormal", {"mean": 1.0, "stddev": 0.5}),
    ("RandomUniform", {"minval": -1.0, "maxval": 3.0}),
    ("TruncatedNormal", {"mean": -1.0, "stddev": 0.5}),
    ("GlorotNormal", {}),
    ("GlorotUniform", {}),
    ("HeNormal", {}),
    ("HeUniform", {}),
    ("LecunNormal", {}),
    ("LecunUniform", {}),
    ("VarianceScaling", {"scale": 2.0, "mode": "fan_avg", "distribution": "untruncated_normal"}),
    ("VarianceScaling", {"mode": "fan_out", "distribution": "normal", "input_axes": [0, 2], "output_axes": [1]}),
    ("HeUniform", {"input_axes": [0, 1], "output_axes": [2, 3]}),
    ("Orthogonal", {"gain": 1.5}),
]


@pytest.mark.parametrize("case", RANDOM, ids=str)
def test_distributions(case: Any, keras: Any) -> None:
    """Mean, deviation and range of many numbers."""
    name, options = case
    theirs = getattr(keras.initializers, name)(**options, seed=1)
    ours = getattr(initializers, name)(**options, seed=1)
    shape = (5, 4, 60, 100)
    a, b = ours(shape), np.asarray(theirs(shape))
    scale = float(b.std())
    assert float(a.mean()) == pytest.approx(float(b.mean()), abs=0.02 * scale)
    assert a.std() == pytest.approx(scale, rel=0.02)
    if ("Normal" in name and "Random" not in name) or "Uniform" in name:
        assert float(a.max()) == pytest.approx(float(b.max()), rel=0.02, abs=0.02 * scale)
        assert float(a.min()) == pytest.approx(float(b.min()), rel=0.02, abs=0.02 * scale)
    assert ours.get_config() == theirs.get_config()
    np.testing.assert_array_equal(ours(shape), a)
