"""What the code of Keras's guides does: layers whose configuration holds no name, masks asked for by hand, names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from fastnn import Input, Model, Sequential, layers, saving
from fastnn.models import clone_model

RNG = np.random.default_rng(5)
X = RNG.standard_normal((12, 4)).astype(np.float32)


class Factor(layers.Layer):
    """Whose configuration holds no name, as in Keras's guide."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def build(self, input_shape: Any) -> None:
        self.shift = self.add_weight((1,), "zeros", name="shift")

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor + self.shift

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor}


def test_layers_whose_configuration_holds_no_name_are_found_in_a_graph_by_the_name_they_had(tmp_path: Path) -> None:
    x = Input((4,))
    shared = Factor(0.5)
    model = Model(x, layers.Dense(1)(shared(Factor(3.0)(shared(x)))))
    named = {"Factor": Factor}
    made = Model.from_config(json.loads(json.dumps(model.get_config())), named)
    assert [layer.name for layer in made.layers] == [layer.name for layer in model.layers]
    assert clone_model(model).output_shape == (None, 1)
    for number, one in enumerate((model, Sequential([Input((4,)), Factor(2.0), Factor(3.0), layers.Dense(1)]))):
        one.set_weights([RNG.standard_normal(w.shape).astype(np.float32) for w in one.weights])
        one.save(tmp_path / f"{number}.keras")
        loaded = saving.load_model(tmp_path / f"{number}.keras", custom_objects=named)
        np.testing.assert_array_equal(loaded.predict(X, verbose=0), one.predict(X, verbose=0))


def test_saving_has_the_names_of_descriptions() -> None:
    description = saving.serialize_keras_object(layers.Dense(3, activation="relu"))
    made = saving.deserialize_keras_object(json.loads(json.dumps(description)))
    assert isinstance(made, layers.Dense)
    assert made.get_config() == layers.Dense.from_config(description["config"]).get_config()


def test_compute_mask_of_layers_takes_arrays_and_no_mask() -> None:
    ids = np.array([[3, 1, 0], [2, 0, 0]])
    embedding = layers.Embedding(5, 2, mask_zero=True)
    assert embedding.compute_mask(ids).tolist() == (ids != 0).tolist()  # type: ignore[union-attr]
    assert layers.Embedding(5, 2).compute_mask(ids) is None
    assert layers.Masking().compute_mask(np.float32([[[1, 0], [0, 0]]])).tolist() == [[True, False]]
    assert layers.Add().compute_mask([ids, ids]) is None
