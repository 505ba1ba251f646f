"""Training by losses that layers add, without one in `compile`, and by losses of some outputs, against Keras 3."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import functional as F

# Keras tells of weights that the losses don't reach, and of generators that have run out
pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore")]

RNG = np.random.default_rng(5)
X = RNG.standard_normal((40, 8)).astype(np.float32)
Y = (X[:, :1] > 0).astype(np.float32)
Z = RNG.standard_normal((40, 2)).astype(np.float32)
WEIGHTS = np.linspace(0, 2, 40).astype(np.float32)
STILL = {"verbose": 0, "shuffle": False, "batch_size": 10}


def start(model: Any) -> Any:
    """The model with weights that are the same for both libraries."""
    rng = np.random.default_rng(7)
    model.set_weights([0.3 * rng.standard_normal(weight.shape) for weight in model.get_weights()])
    return model


def penalised(k: Any, **options: Any) -> Any:
    rows = [k.layers.ActivityRegularization(l2=0.1), k.layers.Dense(1, kernel_regularizer="l2")]
    model = start(k.Sequential([k.Input((8,)), *rows]))
    model.compile(k.optimizers.SGD(0.1), **options)
    return model


def forked(k: Any, loss: Any = None, **options: Any) -> Any:
    x = k.Input((8,))
    outputs = [k.layers.Dense(1, name="a", kernel_regularizer="l2")(x), k.layers.Dense(2, name="b")(x)]
    model = start(k.Model(x, outputs))
    model.compile(k.optimizers.SGD(0.1), loss, **options)
    return model


def autoencoder(k: Any) -> Any:
    """A variational autoencoder that draws nothing: its layers add both parts of the loss."""
    mean, exp = (k.ops.mean, k.ops.exp) if k is not fastnn else (F.mean, F.exp)

    class Divergence(k.layers.Layer):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            centre, spread = inputs
            self.add_loss(-0.5 * mean(1 + spread - centre**2 - exp(spread)))
            return centre

    class Reconstruction(k.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any, restored: Any) -> Any:
            self.add_loss(mean((x - restored) ** 2))
            return restored

    x = k.Input((8,))
    hidden = k.layers.Dense(4, activation="relu")(x)
    code = Divergence()([k.layers.Dense(2)(hidden), k.layers.Dense(2)(hidden)])
    model = start(k.Model(x, Reconstruction()(x, k.layers.Dense(8)(code))))
    model.compile(k.optimizers.Adam(0.01))
    return model


def endpoint(k: Any) -> Any:
    """Targets as an input, which a layer compares with."""
    mean = k.ops.mean if k is not fastnn else F.mean

    class Endpoint(k.layers.Layer):  # type: ignore[misc]
        def call(self, predictions: Any, targets: Any) -> Any:
            self.add_loss(mean((predictions - targets) ** 2))
            return predictions

    x, targets = k.Input((8,), name="inputs"), k.Input((1,), name="targets")
    model = start(k.Model([x, targets], Endpoint()(k.layers.Dense(1)(x), targets)))
    model.compile(k.optimizers.SGD(0.1))
    return model


def subclassed(k: Any) -> Any:
    class Net(k.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.hidden = k.layers.Dense(4, activity_regularizer="l2")
            self.out = k.layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.out(self.hidden(x))

    model = Net()
    model(X[:1])
    model.compile(k.optimizers.SGD(0.1))
    return start(model)


def generated(*parts: Any) -> Iterator[Any]:
    for first in range(0, 40, 10):
        yield tuple(None if part is None else part[first : first + 10] for part in parts)


def with_dataset(k: Any) -> Any:
    class Rows(k.utils.PyDataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int) -> Any:
            return (X[10 * index : 10 * index + 10],)

    model = penalised(k)
    return model.fit(Rows(), verbose=0, shuffle=False).history, model.evaluate(Rows(), verbose=0)


def on_batches(k: Any) -> Any:
    model = penalised(k)
    steps = model.train_on_batch(X), model.train_on_batch(X, return_dict=True), model.train_on_batch(X, Y)
    return steps, model.test_on_batch(X), model.test_on_batch(X, Y), model.get_weights()


def by_config(k: Any) -> Any:
    model = penalised(k, metrics=["mae"])
    again = k.models.clone_model(model)
    again.set_weights(model.get_weights())
    again.compile_from_config(model.get_compile_config())
    return again.loss, again.fit(X, Y, **STILL).history


def fitted(make: Callable[[Any], Any], *data: Any, **options: Any) -> Callable[[Any], Any]:
    def run(k: Any) -> Any:
        model = make(k)
        history = model.fit(*data, **{**STILL, "epochs": 2, **options}).history
        return history, model.get_weights(), model.evaluate(*data, verbose=0)

    return run


def made(make: Callable[..., Any], *args: Any, **options: Any) -> Callable[[Any], Any]:
    return lambda k: make(k, *args, **options)


CASES: dict[str, Callable[[Any], Any]] = {
    "x alone": fitted(penalised, X),
    "x and y": fitted(penalised, X, Y),
    "metrics": fitted(made(penalised, metrics=["mae", "accuracy"]), X, Y),
    "weights": fitted(made(penalised, weighted_metrics=["mse"]), X, Y, sample_weight=WEIGHTS),
    "weights of x": fitted(penalised, X, sample_weight=WEIGHTS),
    "class weights": fitted(penalised, X, Y, class_weight={0: 2.0, 1: 1.0}),
    "eager": fitted(made(penalised, run_eagerly=True), X),
    "a share to validate": fitted(penalised, X, validation_split=0.25),
    "(x, None) to validate": fitted(penalised, X, validation_data=(X, None)),
    "(x,) to validate": fitted(penalised, X, validation_data=(X,)),
    "x to validate": fitted(penalised, X, validation_data=X),
    "two outputs, x alone": fitted(forked, X),
    "two outputs, metrics": fitted(made(forked, metrics=[["mae"], ["mae"]]), X, [Y, Z]),
    "one loss": fitted(made(forked, ["mse", None]), X, [Y, Z]),
    "one loss, None": fitted(made(forked, ["mse", None]), X, [Y, None]),
    "one loss, one target": fitted(made(forked, [None, "mse"]), X, Z),
    "one loss, a list of one": fitted(made(forked, ["mse", None]), X, [Y]),
    "one loss by name": fitted(made(forked, {"a": "mse", "b": None}), X, {"a": Y, "b": Z}),
    "one loss, metrics": fitted(made(forked, ["mse", None], metrics=[["mae"], ["mae"]]), X, [Y, Z]),
    "one loss, shares": fitted(made(forked, ["mse", None], loss_weights=[0.5, None]), X, [Y, Z]),
    "autoencoder": fitted(autoencoder, X),
    "endpoint": fitted(endpoint, [X, Y]),
    "endpoint by name": fitted(endpoint, {"inputs": X, "targets": Y}),
    "subclassed": fitted(subclassed, X),
    "generator of (x,)": lambda k: penalised(k).fit(generated(X), verbose=0).history,
    "generator of (x, None)": lambda k: penalised(k).fit(generated(X, None), verbose=0).history,
    "generator of (x, y)": lambda k: penalised(k, metrics=["mae"]).fit(generated(X, Y), verbose=0).history,
    "PyDataset": with_dataset,
    "batches": on_batches,
    "a configuration": by_config,
}


def assert_alike(got: Any, want: Any) -> None:
    if isinstance(want, dict):
        assert set(got) == set(want)
        got, want = ([results[name] for name in sorted(want)] for results in (got, want))
    if isinstance(want, list | tuple):
        assert len(got) == len(want)
        for mine, theirs in zip(got, want, strict=True):
            assert_alike(mine, theirs)
    elif want is None:
        assert got is None
    else:
        np.testing.assert_allclose(got, np.asarray(want), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_alike(name: str, keras: Any) -> None:
    assert_alike(CASES[name](fastnn), CASES[name](keras))


def test_from_a_file(keras: Any, tmp_path: Path) -> None:
    found = []
    for k, name in ((fastnn, "ours.keras"), (keras, "theirs.keras")):
        model = penalised(k, metrics=["mae"])
        model.fit(X, Y, **STILL)
        model.save(tmp_path / name)
        again = k.models.load_model(tmp_path / name)
        found.append((again.loss, again.fit(X, Y, **STILL).history))
    assert_alike(*found)


def test_what_both_refuse(keras: Any) -> None:
    for k in (fastnn, keras):
        bare = k.Sequential([k.Input((8,)), k.layers.Dense(1)])
        bare.compile("sgd")
        for call in (bare.fit, bare.evaluate):
            with pytest.raises(ValueError, match="loss"):
                call(X, Y, verbose=0)
        with pytest.raises(ValueError, match="None"):
            penalised(k, metrics=["mae"]).fit(X, verbose=0)
        with pytest.raises(ValueError, match="loss"):
            forked(k, {"a": "mse"}).fit(X, [Y, Z], verbose=0)
