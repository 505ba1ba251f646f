"""Classes derived from `Model` that are made of inputs and outputs, as in Keras's guide to `train_step`."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from tolerances import assert_same_bits

import fastnn
from fastnn import Input, Model, layers
from fastnn.models import model_from_json

RNG = np.random.default_rng(5)
X = RNG.standard_normal((24, 8)).astype(np.float32)
Y = RNG.standard_normal((24, 1)).astype(np.float32)


def graph() -> tuple[Any, Any]:
    x = Input((8,), name="x")
    return x, layers.Dense(1, name="out")(layers.Dense(6, activation="tanh", name="hidden")(x))


def own_class() -> type[Model]:
    """A class as in Keras's guide."""

    class Twice(Model):
        def train_step(self, data: Any) -> dict[str, Any]:
            x, y = data
            loss = 2 * self.compute_loss(x=x, y=y, y_pred=self(x, training=True))
            self.optimizer.minimize(loss, self.trainable_variables)  # type: ignore[union-attr]
            return {"loss": loss}

    return Twice


def fitted(model: Model) -> list[np.ndarray]:
    model.compile("sgd", "mse")
    model.fit(X, Y, epochs=2, batch_size=8, shuffle=False, verbose=0)
    return model.get_weights()


@pytest.mark.parametrize("by_name", [False, True])
def test_a_class_with_a_train_step_is_made_of_inputs_and_outputs(by_name: bool) -> None:
    x, y = graph()
    cls = own_class()
    model = cls(inputs=x, outputs=y, name="own") if by_name else cls(x, y, name="own")
    plain = Model(*graph())
    plain.set_weights(model.get_weights())
    plain.compile(fastnn.optimizers.SGD(0.02), "mse")
    plain.fit(X, Y, epochs=2, batch_size=8, shuffle=False, verbose=0)
    for ours, theirs in zip(fitted(model), plain.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    assert isinstance(model, cls)
    assert model.name == "own"
    assert [layer.name for layer in model.layers] == ["x", "hidden", "out"]
    assert model.input_shape == (None, 8)
    assert model.output_shape == (None, 1)
    assert cls(*graph())(X).shape == (24, 1)


def test_a_class_makes_its_graph_itself() -> None:
    class Own(Model):
        def __init__(self, units: int, **kwargs: Any) -> None:
            x = Input((8,))
            hidden = layers.Dense(units)
            super().__init__(inputs=x, outputs=layers.Dense(1)(hidden(x)), **kwargs)
            self.units = units
            self.hidden = hidden

    for units in (3, 5):
        model = Own(units, name=f"own{units}")
        assert model.predict(X, verbose=0).shape == (24, 1)
        assert model.hidden.units == units
        assert len(model.get_weights()) == 4
        fitted(model)
        with pytest.raises(ValueError, match="get_config"):
            model.save("unwritten.safetensors")


def test_it_is_saved_loaded_and_cloned_as_the_class_it_is(tmp_path: Path) -> None:
    cls = own_class()
    model = cls(*graph())
    fitted(model)
    path = tmp_path / "model.safetensors"
    model.save(path)
    with pytest.raises(ValueError, match="Twice"):
        fastnn.models.load_model(path)
    # another class of the name, as in the process that loads
    again = own_class()
    loaded = fastnn.models.load_model(path, custom_objects={"Twice": again})
    assert isinstance(loaded, again)
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        assert_same_bits(one, other, "weights")
    clone = fastnn.models.clone_model(model)
    assert isinstance(clone, cls)
    clone.set_weights(model.get_weights())
    assert_same_bits(clone.predict(X, verbose=0), model.predict(X, verbose=0), "the clone")


def test_classes_between_and_those_that_only_call() -> None:
    class Base(Model):
        factor = 2.0

    class Own(Base):
        def call(self, inputs: Any) -> Any:
            return super().call(inputs) * self.factor

    class Other(Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    model = Own(*graph())
    plain = Model(model.input, model.output)
    assert_same_bits(model.predict(X, verbose=0), 2 * plain.predict(X, verbose=0), "twice")
    assert Other()(X).shape == (24, 2)
    with pytest.raises(TypeError, match="Other: expected arguments by name, got"):
        Model.__init__(Other(), 3)
    with pytest.raises(TypeError, match="symbolic"):
        own_class()(X, Y)


def test_one_class_makes_models_of_both_kinds() -> None:
    """Keras's classes make models of inputs and outputs only once they have made one."""

    class Both(Model):
        made: ClassVar[list[str]] = []

        def __init_subclass__(cls, **kwargs: Any) -> None:
            super().__init_subclass__(**kwargs)
            cls.made.append(cls.__name__)

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.dense = None if args else layers.Dense(2)

        def call(self, inputs: Any) -> Any:
            return super().call(inputs) if self.dense is None else self.dense(inputs)

    class Other(Both):
        pass

    before = Both()
    assert before(X).shape == (24, 2)
    graphs = [Both(*graph()), Both(*graph()), Other(*graph())]
    after = Both()
    for model in (before, after):
        assert model(X).shape == (24, 2)
        assert [layer.name for layer in model.layers] == [model.dense.name]
        model.compile("sgd", "mse")
        model.fit(X, Y.repeat(2, axis=1), verbose=0)
    for model in graphs:
        assert model(X).shape == (24, 1)
        assert [layer.name for layer in model.layers] == ["x", "hidden", "out"]
        assert isinstance(model, Both)
        assert (
            type(model).__name__ == type(model).__qualname__.rpartition(".")[2] == model.name.partition("_")[0].title()
        )
        fitted(model)
    assert type(graphs[0]) is type(graphs[1])
    assert Both.made == ["Other"]
    assert Both.__bases__ == (Model,)


@fastnn.utils.register_keras_serializable("tests")
class Registered(Model):
    """For pickles, which name classes by their module."""


def test_copies_and_descriptions_name_the_class_that_stands_in_the_program() -> None:
    model = Registered(*graph())
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model)), model_from_json(model.to_json())):
        assert type(other) is type(model)
    assert fastnn.utils.serialize_keras_object(model)["class_name"] == "tests>Registered"
