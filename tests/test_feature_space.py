"""FeatureSpace: tables prepared column by column; beside Keras's in tests/test_keras_feature_space.py."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tolerances import assert_same_bits

import fastnn
from fastnn import Model, layers
from fastnn.models import load_model
from fastnn.utils import FeatureSpace, PyDataset

RNG = np.random.default_rng(3)
TABLE: dict[str, Any] = {
    "age": RNG.integers(20, 60, 70),
    "height": RNG.normal(1.7, 0.1, 70),
    "town": RNG.choice(["Rome", "Oslo", "Bern"], 70),
    "size": RNG.integers(0, 4, 70),
}
KINDS = {
    "age": "float_discretized",
    "height": "float_normalized",
    "town": "string_categorical",
    "size": "integer_categorical",
}


def adapted(**options: Any) -> FeatureSpace:
    space = FeatureSpace(KINDS, num_discretization_bins=5, **options)
    space.adapt(TABLE)
    return space


def rows(start: int, stop: int) -> dict[str, Any]:
    return {name: column[start:stop] for name, column in TABLE.items()}


class Rows(PyDataset):
    def __len__(self) -> int:
        return 7

    def __getitem__(self, index: int) -> Any:
        return rows(10 * index, 10 * index + 10), np.zeros(10)


def test_columns_become_one_vector_or_a_dictionary() -> None:
    vector, parts = adapted()(TABLE), adapted(output_mode="dict")(TABLE)
    assert list(parts) == ["age", "height", "size", "town"]
    assert {name: part.shape for name, part in parts.items()} == {
        "age": (70, 5),
        "height": (70, 1),
        "size": (70, 5),
        "town": (70, 4),
    }
    assert_same_bits(vector.numpy(), np.concatenate([part.numpy() for part in parts.values()], axis=1), "joined")
    height = parts["height"].numpy()
    np.testing.assert_allclose([height.mean(), height.std()], [0, 1], atol=1e-5)
    np.testing.assert_array_equal(parts["town"].numpy().sum(1), 1)


def test_single_rows_and_columns_of_one() -> None:
    space = adapted()
    whole = space(TABLE).numpy()
    assert_same_bits(space({name: column[3] for name, column in TABLE.items()}).numpy(), whole[3], "one row")
    assert_same_bits(space({name: column[:, None] for name, column in TABLE.items()}).numpy(), whole, "(batch, 1)")


def singles() -> Iterator[Any]:
    for row in range(70):
        yield {name: column[row] for name, column in TABLE.items()}


@pytest.mark.parametrize("data", [Rows(), [rows(0, 50), rows(50, 70)], singles()], ids=["dataset", "list", "rows"])
def test_learning_from_batches(data: Any) -> None:
    space = FeatureSpace({**KINDS, "age": "float"})
    space.adapt(data)
    whole = FeatureSpace({**KINDS, "age": "float"})
    whole.adapt(TABLE)
    np.testing.assert_allclose(space(TABLE).numpy(), whole(TABLE).numpy(), rtol=1e-5, atol=1e-5)


def test_models_of_prepared_data_and_of_raw_columns() -> None:
    space = adapted()
    encoded = space.get_encoded_features()
    assert encoded.shape == (None, 15)
    model = Model(encoded, layers.Dense(1)(encoded))
    model.compile("adam", "mse")
    model.fit(space(TABLE).numpy(), np.zeros(70), epochs=1, verbose=0)
    with pytest.raises(ValueError, match="expected town_preprocessor to be called on data before the model; let the"):
        Model({"town": space.get_inputs()["town"]}, space.preprocessors["town"](space.get_inputs()["town"]))
    plain = FeatureSpace({"age": "float_rescaled", "height": "float_normalized"})
    plain.adapt(TABLE)
    whole = Model(plain.get_inputs(), layers.Dense(1)(plain.get_encoded_features()))
    columns = {name: np.asarray(TABLE[name], np.float32)[:, None] for name in ("age", "height")}
    assert whole.predict(columns, verbose=0).shape == (70, 1)


def test_features_of_all_kinds() -> None:
    text = layers.TextVectorization(output_mode="tf_idf")
    space = FeatureSpace(
        {
            "age": FeatureSpace.float_discretized(None, bin_boundaries=[30, 40], output_mode="one_hot"),
            "height": FeatureSpace.float_rescaled(scale=2.0, offset=-1.0),
            "town": FeatureSpace.feature(dtype="string", preprocessor=text, output_mode="float"),
            "size": FeatureSpace.integer_categorical(max_tokens=3, num_oov_indices=1),
        }
    )
    space.adapt(TABLE)
    found = space(TABLE).numpy()
    assert found.shape == (70, 3 + 1 + 3 + 4)
    np.testing.assert_array_equal(found[:, :3].argmax(1), np.digitize(TABLE["age"], [30, 40]))
    np.testing.assert_allclose(found[:, 3], 2 * TABLE["height"] - 1, rtol=1e-6)


def test_what_was_learned_is_written_and_copied(tmp_path: Path) -> None:
    space = adapted(output_mode="dict")
    space.save(tmp_path / "space.keras")
    for other in (load_model(tmp_path / "space.keras"), copy.deepcopy(space)):
        assert isinstance(other, FeatureSpace)
        for name, part in space(TABLE).items():
            assert_same_bits(other(TABLE)[name].numpy(), part.numpy(), name)
        assert other.get_config() == space.get_config()
    with pytest.raises(ValueError, match="expected adapt to be called on data first"):
        FeatureSpace(KINDS).save(tmp_path / "other.keras")
    content = (tmp_path / "space.keras").read_bytes()
    (tmp_path / "cut.keras").write_bytes(content[:-10])
    with pytest.raises(ValueError, match="cut"):
        load_model(tmp_path / "cut.keras")
    renamed = content.replace(b"string_lookup", b"string_looked").replace(b"StringLookup", b"StringLooked")
    (tmp_path / "renamed.keras").write_bytes(renamed)
    with pytest.raises(ValueError, match="can't make the FeatureSpace: unknown layer 'StringLooked'"):
        load_model(tmp_path / "renamed.keras")


@pytest.mark.parametrize(
    ("make", "error", "sentence"),
    [
        (lambda: FeatureSpace({}), ValueError, "expected features, got none"),
        (lambda: FeatureSpace({"a": "number"}), ValueError, "'a' to be a feature or a kind of one, got 'number'"),
        (lambda: FeatureSpace(KINDS, output_mode="list"), ValueError, "output_mode 'concat' or 'dict', got 'list'"),
        (
            lambda: FeatureSpace(KINDS, crosses=[("age", "size")]),
            ValueError,
            "no crosses, which hash values, for which",
        ),
        (lambda: FeatureSpace.cross(("age", "size"), 32), ValueError, "there is no Hashing layer here yet"),
        (lambda: FeatureSpace({"a": "string_hashed"}), ValueError, "there is no Hashing layer here yet"),
        (lambda: FeatureSpace.integer_hashed(8), ValueError, "there is no Hashing layer here yet"),
        (lambda: FeatureSpace.feature("float32", 3, "int"), TypeError, "preprocessor to be a layer, got 3"),
        (
            lambda: FeatureSpace.feature("int32", layers.Identity(), "hot"),
            ValueError,
            "output_mode int, one_hot",
        ),
        (lambda: FeatureSpace(KINDS)(TABLE), ValueError, "expected adapt to be called on data first"),
        (lambda: adapted()(rows(0, 2)["age"]), TypeError, "expected a dictionary of columns, got ndarray"),
        (lambda: adapted()({"age": [3]}), ValueError, "expected the columns height, town, size too, got age"),
        (lambda: adapted()({**TABLE, "town": TABLE["age"]}), TypeError, "expected 'town' of string, got int64"),
        (lambda: adapted()({**TABLE, "size": TABLE["height"]}), TypeError, "expected 'size' of int32, got float64"),
        (lambda: adapted().adapt([]), ValueError, "expected adapt to get data, got none"),
        (lambda: adapted().adapt({**TABLE, "age": [3]}), ValueError, "expected columns of one length, got"),
        (
            lambda: FeatureSpace({"a": FeatureSpace.feature("float32", layers.Identity(), "one_hot")})({"a": [1.0]}),
            ValueError,
            "expected whole numbers of 'a' for 'one_hot', got float32",
        ),
        (
            lambda: FeatureSpace({"a": FeatureSpace.feature("int32", layers.Identity(), "int")})({"a": [1]}),
            ValueError,
            "expected 'a' to be encoded for 'concat', got int32; take output_mode 'dict'",
        ),
    ],
)
def test_wrong_use(make: Any, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error) as caught:
        make()
    assert sentence in str(caught.value)


def test_its_name_is_read_on_first_use() -> None:
    assert fastnn.utils.FeatureSpace is FeatureSpace
    with pytest.raises(AttributeError, match="Features"):
        fastnn.utils.Features  # type: ignore[attr-defined]  # noqa: B018
