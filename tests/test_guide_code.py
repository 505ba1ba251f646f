"""What the code of Keras's guides does: layers whose configuration holds no name, masks asked for by hand, names."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from fastnn import Input, Model, Sequential, Tensor, layers, saving
from fastnn import functional as F
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


class WithMask(layers.Layer):
    """Can't do without a mask, also when a graph is made."""

    def __init__(self) -> None:
        super().__init__()
        self.supports_masking = True

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        assert mask is not None
        return inputs * F.reshape(F.cast(mask, "float32"), (*mask.shape, 1))


def test_graphs_are_made_with_the_masks_that_tensors_will_carry() -> None:
    ids = Input((None,), dtype="int32")
    embedded = layers.Embedding(10, 4, mask_zero=True)(ids)
    hidden = layers.Dense(2)(embedded)
    model = Model(ids, WithMask()(hidden))
    assert hidden.mask == (None, None)
    data = np.array([[3, 1, 0, 0], [2, 4, 9, 0]])
    result = model(data).numpy()
    assert (result.any(axis=-1) == (data != 0)).all()
    with warnings.catch_warnings():  # nothing is lost yet: a call on data tells
        warnings.simplefilter("error")
        dropped = layers.Conv1D(3, 2)(embedded)
    assert dropped.mask is None
