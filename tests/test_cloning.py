"""clone_model, models as JSON, models of a class of the user's own in files, weights that only partly fit, freezing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Input, Model, Sequential, layers, models
from fastnn.models import clone_model

X = np.random.default_rng(1).standard_normal((6, 4)).astype(np.float32)


def sequential() -> Sequential:
    return Sequential([Input((4,)), layers.Dense(5, activation="tanh", name="a"), layers.Dense(2, name="b")], name="s")


def functional() -> Model:
    """A shared layer, a nested model, an operator, two outputs."""
    x = Input((4,), name="x")
    shared = layers.Dense(4, name="shared")
    inner = Sequential([Input((4,)), layers.Dense(3, name="inside")], name="inner")
    y = inner(shared(shared(x)) + x)
    return Model(x, [y, layers.Dense(1, name="top")(y)], name="f")


def same_structure(a: Any, b: Any) -> bool:
    return list(a._named_weights()) == list(b._named_weights()) and all(
        mine.shape == other.shape for mine, other in zip(a.weights, b.weights, strict=True)
    )


@pytest.mark.parametrize("make", [sequential, functional])
@pytest.mark.parametrize("recursive", [False, True])
def test_a_clone_has_the_structure_and_weights_of_its_own(make: Any, recursive: bool) -> None:
    model = make()
    clone = clone_model(model, recursive=recursive)
    assert (type(clone), clone.name) == (type(model), model.name)
    assert same_structure(clone, model)
    assert not {id(layer) for layer in clone._layers_below()} & {id(layer) for layer in model._layers_below()}
    assert any((a.numpy() != b.numpy()).any() for a, b in zip(clone.weights, model.weights, strict=True))
    clone.set_weights(model.get_weights())
    results = [one.predict(X) for one in (clone, model)]
    for got, want in zip(*(one if isinstance(one, list) else [one] for one in results), strict=True):
        np.testing.assert_array_equal(got, want)


def test_a_clone_is_compiled_alike() -> None:
    model = sequential()
    model.compile(fastnn.optimizers.SGD(0.25, momentum=0.5), "mse", metrics=["mae"], weighted_metrics=["mse"])
    clone = clone_model(model)
    assert clone.get_compile_config() == model.get_compile_config()
    assert clone.optimizer is not model.optimizer
    clone.fit(X, X[:, :2], verbose=0)
    assert sequential().get_compile_config() == {}


def test_clone_and_call_functions() -> None:
    def smaller(layer: Any) -> Any:
        return layers.Dense(3, name=layer.name) if layer.name == "a" else type(layer).from_config(layer.get_config())

    assert clone_model(sequential(), clone_function=smaller).layers[0].units == 3
    seen: list[str] = []

    def with_dropout(layer: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(layer.name)
        result = layer(*args, **kwargs)
        return layers.Dropout(0.5)(result) if isinstance(layer, layers.Dense) else result

    model = functional()
    same = clone_model(model, clone_function=lambda layer: layer, call_function=with_dropout)
    assert seen.count("shared") == 2
    assert sum(isinstance(layer, layers.Dropout) for layer in same.layers) == 3
    assert {id(w) for w in same.weights} == {id(w) for w in model.weights}
    everywhere: list[str] = []

    def noted(layer: Any) -> Any:
        everywhere.append(layer.name)
        return type(layer).from_config(layer.get_config())

    clone_model(model, clone_function=noted, recursive=True)
    assert {"inside", "shared", "top"} <= set(everywhere)
    assert "inner" not in everywhere


@pytest.mark.parametrize("make", [sequential, functional])
def test_a_clone_on_given_inputs(make: Any) -> None:
    x = Input((4,), name="given")
    clone = clone_model(make(), input_tensors=[x] if make is sequential else x)
    assert clone.inputs[0].shape == (None, 4)
    assert clone.built


def test_clones_that_are_refused() -> None:
    with pytest.raises(ValueError, match="clone_model: expected call_function for a functional model, got s"):
        clone_model(sequential(), call_function=lambda layer, x: layer(x))
    with pytest.raises(ValueError, match="clone_model: expected 1 input_tensors, got 2"):
        clone_model(functional(), input_tensors=[Input((4,)), Input((4,))])
    with pytest.raises(ValueError, match="expected a Sequential or functional model for clone_function"):
        clone_model(Net(2), clone_function=lambda layer: layer)


class Net(Model):
    """A model with get_config."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.hidden = layers.Dense(units, activation="relu")
        self.out = layers.Dense(1)

    def call(self, inputs: Any, training: bool = False) -> Any:
        return self.out(self.hidden(inputs))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


class Bare(Model):
    """A model without."""

    def __init__(self) -> None:
        super().__init__()
        self.out = layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        return self.out(inputs)


def test_a_model_of_your_own_class_in_a_file(tmp_path: Path) -> None:
    model = Net(3, name="net")
    model.compile("adam", "mse")
    model.fit(X, X[:, :1], verbose=0)
    model.save(tmp_path / "net")
    loaded = models.load_model(tmp_path / "net", custom_objects={"Net": Net})
    assert (type(loaded), loaded.units, loaded.name) == (Net, 3, "net")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    for one in (model, loaded):
        one.fit(X, X[:, :1], epochs=2, verbose=0)
    np.testing.assert_array_equal(loaded.get_weights()[0], model.get_weights()[0])
    with pytest.raises(ValueError, match=r"unknown model 'Net'.* tell of one of your own by custom_objects"):
        models.load_model(tmp_path / "net")
    assert type(clone_model(model)) is Net
    bare = Bare()
    bare(X)
    with pytest.raises(ValueError, match="save: expected a Sequential or functional model, or one with get_config"):
        bare.save(tmp_path / "bare")


@pytest.mark.parametrize("make", [sequential, functional])
def test_models_as_json(make: Any) -> None:
    model = make()
    again = models.model_from_json(model.to_json())
    assert same_structure(again, model)
    assert again.to_json() == model.to_json()
    with pytest.raises(ValueError, match="model_from_json: expected a model, got Dense"):
        models.model_from_json('{"class_name": "Dense", "config": {"units": 2}}')


def test_weights_that_fit_in_part(tmp_path: Path) -> None:
    model = sequential()
    model.save_weights(tmp_path / "w")
    other = Sequential([Input((4,)), layers.Dense(5, name="a"), layers.Dense(3, name="b")])
    before = other.get_weights()
    with pytest.raises(ValueError, match=r"the weights don't fit sequential.*: expected 1.kernel \(5, 3\)"):
        other.load_weights(tmp_path / "w")
    with pytest.warns(UserWarning, match=r"left out what doesn't fit: 1.kernel, 1.bias$"):
        other.load_weights(tmp_path / "w", skip_mismatch=True)
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])
    np.testing.assert_array_equal(other.get_weights()[2], before[2])


def test_parts_of_a_sequential_model() -> None:
    model = sequential()
    part = Model(model.input, model.get_layer("a").output)
    want = np.tanh(X @ model.get_weights()[0] + model.get_weights()[1])
    np.testing.assert_allclose(part.predict(X), want, rtol=1e-5, atol=1e-6)
    both = Model(inputs=model.inputs, outputs=[layer.output for layer in model.layers])
    np.testing.assert_array_equal(both.predict(X)[1], model.predict(X))
    model.pop()
    model.add(layers.Dense(3, name="c"))
    assert model.output.shape == (None, 3)
    assert model.outputs[0].node.layer.name == "c"
    with pytest.raises(AttributeError, match="expected to be in a model with a known input to have 'input'"):
        Sequential([layers.Dense(2)]).input  # noqa: B018
    with pytest.raises(AttributeError, match="lonely: expected to be in a model with a known input to have 'output'"):
        layers.Dense(2, name="lonely").output  # noqa: B018


def test_freezing() -> None:
    base = Sequential([Input((4,)), layers.Dense(4, name="d"), layers.BatchNormalization(name="n")], name="base")
    model = Sequential([base, layers.Dense(1, name="top")], name="sequential")
    base.trainable = False
    assert [w.path for w in model.trainable_weights] == ["sequential/top/kernel", "sequential/top/bias"]
    model.compile("sgd", "mse")
    frozen = [np.array(w) for w in base.get_weights()]
    model.fit(X, X[:, :1], epochs=2, verbose=0)
    for mine, before in zip(base.get_weights(), frozen, strict=True):
        np.testing.assert_array_equal(mine, before)  # the moving statistics of the normalisation, too
    np.testing.assert_array_equal(base(X, training=True).numpy(), base(X, training=False).numpy())
    base.trainable = True
    base.get_layer("n").trainable = False
    assert [w.path.rpartition("/")[0] for w in model.trainable_weights] == ["base/d"] * 2 + ["sequential/top"] * 2
    model.fit(X, X[:, :1], epochs=1, verbose=0)
    assert (base.get_weights()[0] != frozen[0]).any()
    np.testing.assert_array_equal(base.get_weights()[-1], frozen[-1])
    model.trainable = False
    base.get_layer("d").trainable = True  # inside of what is frozen
    assert model.trainable_weights == []
