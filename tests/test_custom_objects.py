"""Classes and functions of the user's own in configurations and files: registered, in a scope, or given by name."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import _custom, activations, functional, layers, saving


class Scaled(layers.Layer):
    """The inputs times a number."""

    def __init__(self, factor: float = 2.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


def squared(x: Any) -> Any:
    return functional.multiply(x, x)


@pytest.fixture
def registered() -> Iterator[None]:
    """Scaled and squared, known for the time of a test."""
    known = saving.get_custom_objects()
    before = dict(known)
    saving.register_keras_serializable("tests")(Scaled)
    saving.register_keras_serializable("tests", name="square")(squared)
    yield
    known.clear()
    known.update(before)
    for item in (Scaled, squared):
        _custom._names.pop(item)


@pytest.mark.usefixtures("registered")
def test_registered_names_stand_in_configurations_and_files(tmp_path: Path) -> None:
    assert layers.serialize(Scaled(name="s"))["class_name"] == "tests>Scaled"
    assert activations.serialize(squared) == "tests>square"
    assert activations.get("tests>square") is squared
    model = fastnn.Sequential([fastnn.Input((3,)), Scaled(3.0), layers.Dense(2, activation=squared)])
    model.compile("adam", "mse")
    model.save(tmp_path / "model")
    loaded = fastnn.models.load_model(tmp_path / "model")
    x = np.ones((4, 3), np.float32)
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))


def test_scopes_and_arguments_tell_of_classes(tmp_path: Path) -> None:
    model = fastnn.Sequential([fastnn.Input((3,)), Scaled(0.5)])
    model.save(tmp_path / "model")
    message = r"unknown layer 'Scaled'.* tell of one of your own by custom_objects=\{'Scaled': ...\}"
    with pytest.raises(ValueError, match=message):
        fastnn.models.load_model(tmp_path / "model")
    assert fastnn.models.load_model(tmp_path / "model", {"Scaled": Scaled}).layers[0].factor == 0.5
    with saving.custom_object_scope({"Scaled": Scaled}):
        assert fastnn.models.load_model(tmp_path / "model").layers[0].factor == 0.5
        assert saving.get_registered_object("Scaled") is Scaled
    assert saving.get_registered_object("Scaled") is None


def thirds(shape: Any, dtype: Any = None) -> Any:
    return np.full(shape, 1 / 3, dtype)


def absolute(w: Any) -> Any:
    return functional.abs(w).sum() * 0.1


def halves(w: Any) -> Any:
    return w * 0.5


FUNCTIONS = {
    "activation": squared,
    "kernel_initializer": thirds,
    "kernel_regularizer": absolute,
    "kernel_constraint": halves,
    "activity_regularizer": absolute,
}


@pytest.mark.parametrize("argument", FUNCTIONS)
def test_functions_in_configurations_go_by_their_names(argument: str, tmp_path: Path) -> None:
    own = FUNCTIONS[argument]
    known = {own.__name__: own}
    model = fastnn.Sequential([fastnn.Input((3,)), layers.Dense(2, **{argument: own}), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.save(tmp_path / "model")
    assert model.layers[0].get_config()[argument] == own.__name__
    with pytest.raises(ValueError, match=rf"{argument}: unknown \w+ {own.__name__!r}.*; tell of functions of your own"):
        fastnn.models.load_model(tmp_path / "model")
    x = np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3)
    others = [fastnn.models.load_model(tmp_path / "model", known), copy.copy(model), pickle.loads(pickle.dumps(model))]
    others += [
        fastnn.models.clone_model(model),
        fastnn.models.model_from_json(model.to_json(), known),
        fastnn.Sequential.from_config(model.get_config(), custom_objects=known),
    ]
    model.fit(x, x[:, :1], epochs=3, verbose=0)
    for other in others:
        assert other.get_config() == model.get_config()
        other.compile("sgd", "mse")
    for other in others[:3]:
        other.fit(x, x[:, :1], epochs=3, verbose=0)
        np.testing.assert_array_equal(other.predict(x), model.predict(x))


@pytest.mark.parametrize("argument", FUNCTIONS)
def test_functions_without_a_name_of_their_own_are_refused(argument: str) -> None:
    def relu(*given: Any) -> Any:
        return given[0]

    kind = argument.rpartition("_")[2]
    with pytest.raises(ValueError, match=f"^{kind}: expected a function that has a name, .*; define it by def$"):
        layers.Dense(2, **{argument: lambda x: x}).get_config()
    relu.__name__ = {"activation": "relu", "initializer": "zeros", "regularizer": "l2"}.get(kind, "non_neg")
    message = f"^{kind}: expected a function of another name than {relu.__name__!r}, which is known already$"
    with pytest.raises(ValueError, match=message):
        layers.Dense(2, **{argument: relu}).get_config()
    with pytest.raises(ValueError, match="register_keras_serializable: expected object to have get_config"):
        saving.register_keras_serializable()(object)


def halved(y_true: Any, y_pred: Any) -> Any:
    return functional.abs(y_true - y_pred).mean(-1) * 0.5


@pytest.mark.parametrize(("loss", "metrics"), [(halved, ["mae"]), ("mse", [halved]), (halved, [halved])])
def test_losses_and_metrics_of_your_own_come_back_by_name(loss: Any, metrics: Any, tmp_path: Path) -> None:
    x = np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3)
    known = {"halved": halved}
    model = fastnn.Sequential([fastnn.Input((3,)), layers.Dense(3)])
    model.compile("adam", loss, metrics=metrics)
    model.fit(x, x, verbose=0)
    model.save(tmp_path / "model")
    message = r": unknown function 'halved'; tell of it by custom_objects=\{'halved': ...\}.* compile=False$"
    with pytest.raises(ValueError, match=message):
        fastnn.models.load_model(tmp_path / "model")
    assert fastnn.models.load_model(tmp_path / "model", compile=False).optimizer is None
    copies = [fastnn.models.load_model(tmp_path / "model", known), copy.deepcopy(model), copy.copy(model)]
    copies += [pickle.loads(pickle.dumps(model))]
    for one in (model, *copies):
        one.fit(x, x, verbose=0)
    for copied in copies:
        assert copied.evaluate(x, x, verbose=0) == model.evaluate(x, x, verbose=0)
    config = model.get_compile_config()
    with saving.custom_object_scope(known):
        model.compile_from_config(json.loads(json.dumps(config)))
    assert model.get_compile_config() == config


def test_what_has_no_name_is_left_out_of_a_file_with_a_warning(tmp_path: Path) -> None:
    model = fastnn.Sequential([fastnn.Input((3,)), layers.Dense(3)])
    model.compile("adam", lambda y, p: functional.abs(y - p))
    with pytest.warns(UserWarning, match=r"^save: the file holds sequential\w* without what compile was given: loss"):
        model.save(tmp_path / "model")
    assert fastnn.models.load_model(tmp_path / "model").optimizer is None


def test_layers_around_models_come_back() -> None:
    inner = fastnn.Sequential([fastnn.Input((3,)), layers.Dense(2)])
    made = layers.deserialize(layers.serialize(layers.TimeDistributed(inner)))
    assert isinstance(made.layer, fastnn.Sequential)
    assert made(np.ones((2, 5, 3), np.float32)).shape == (2, 5, 2)


def test_inputs_by_name() -> None:
    x = np.ones((2, 4, 3), np.float32)
    attention = layers.MultiHeadAttention(2, 3)
    assert attention(query=x, value=x, key=x).shape == (2, 4, 3)
    inputs = fastnn.Input((4, 3))
    assert fastnn.Model(inputs, layers.MultiHeadAttention(2, 3)(query=inputs, value=inputs)).predict(x).shape == x.shape
    assert layers.Dense(2)(inputs=x).shape == (2, 4, 2)
    with pytest.raises(TypeError, match="dense_own: expected inputs, the first argument of call"):
        layers.Dense(2, name="dense_own")()


def test_shapes_with_the_batch() -> None:
    assert fastnn.Input(batch_shape=(8, 5, 3)).shape == (None, 5, 3)
    x = fastnn.Input((4,), dtype="int32")
    again = fastnn.Input(tensor=x)
    assert (again.shape, again.dtype) == (x.shape, x.dtype)
    with pytest.raises(ValueError, match="InputLayer: expected shape or batch_shape or input_tensor, got two of them"):
        fastnn.Input((3,), batch_shape=(2, 3))
    with pytest.raises(ValueError, match="InputLayer: expected sparse False, got True"):
        fastnn.Input((3,), sparse=True)


def test_a_table_that_an_embedding_begins_with() -> None:
    table = np.arange(12, dtype=np.float32).reshape(4, 3)
    for weights in (table, [table]):
        model = fastnn.Sequential([fastnn.Input((2,)), layers.Embedding(4, 3, weights=weights, trainable=False)])
        np.testing.assert_array_equal(model.predict(np.array([[1, 3]])), table[[[1, 3]]])
    with pytest.raises(ValueError, match=r"Embedding: expected weights \(4, 3\), got \(2, 2\)"):
        layers.Embedding(4, 3, weights=np.zeros((2, 2)))


class Forgetful(layers.Layer):
    def __init__(self, factor: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x: Any) -> Any:
        return x * self.factor


def test_an_argument_that_no_configuration_holds_is_not_lost_silently(tmp_path: Any) -> None:
    plain = fastnn.Sequential([fastnn.Input((2,)), Forgetful(name="as_by_default"), layers.Dense(1)])
    plain.save(tmp_path / "plain")
    loaded = fastnn.models.load_model(tmp_path / "plain", custom_objects={"Forgetful": Forgetful})
    np.testing.assert_array_equal(loaded.predict(np.eye(2), verbose=0), plain.predict(np.eye(2), verbose=0))
    model = fastnn.Sequential([fastnn.Input((2,)), Forgetful(3.0, name="mine"), layers.Dense(1)])
    for write in (lambda: model.save(tmp_path / "model"), model.to_json, lambda: fastnn.models.clone_model(model)):
        with pytest.raises(ValueError, match="mine: expected Forgetful to define get_config, since its __init__ takes"):
            write()
    model.save_weights(tmp_path / "weights")


def test_models_are_known_to_descriptions_before_any_is_made() -> None:
    described = {"class_name": "Sequential", "config": {"name": "a", "layers": []}}
    program = f"import fastnn; print(fastnn.layers.deserialize({described}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "<Sequential 'a'>\n"
