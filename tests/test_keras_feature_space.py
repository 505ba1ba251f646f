"""FeatureSpace against Keras 3 on TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastnn

pytestmark = pytest.mark.keras

RNG = np.random.default_rng(3)
TABLE: dict[str, Any] = {
    "age": RNG.integers(20, 60, 70).astype(np.float32),
    "height": RNG.normal(1.7, 0.1, 70).astype(np.float32),
    "town": RNG.choice(["Rome", "Oslo", "Bern", "Bonn"], 70),
    "size": RNG.integers(0, 4, 70),
    "weight": RNG.normal(70, 9, 70).astype(np.float32),
}


def features(cls: Any) -> dict[str, Any]:
    return {
        "age": "float_discretized",
        "height": "float_normalized",
        "town": cls.string_categorical(max_tokens=3),
        "size": cls.integer_categorical(num_oov_indices=2),
        "weight": cls.float_rescaled(scale=0.01, offset=-0.5),
    }


@pytest.mark.parametrize("output_mode", ["concat", "dict"])
def test_tables(keras: Any, output_mode: str) -> None:
    found = []
    for library in (fastnn, keras):
        cls = library.utils.FeatureSpace
        space = cls(features(cls), output_mode=output_mode, num_discretization_bins=6)
        space.adapt(TABLE)
        single = space({name: column[3] for name, column in TABLE.items()})
        unknown = space({**TABLE, "town": np.full(70, "Lima"), "size": np.full(70, 9)})
        encoded = space.get_encoded_features()
        shapes = {name: part.shape for name, part in encoded.items()} if output_mode == "dict" else encoded.shape
        found.append(([space(TABLE), single, unknown], shapes, set(space.get_config()) - {"name"}))
        assert list(space.get_inputs()) == list(TABLE)
    (ours, shapes, config), (theirs, their_shapes, their_config) = found
    assert shapes == their_shapes
    assert config == their_config
    for mine, other in zip(ours, theirs, strict=True):
        for name in TABLE if output_mode == "dict" else [None]:
            got, want = (np.asarray(part if name is None else part[name]) for part in (mine, other))
            assert got.dtype == want.dtype
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5, err_msg=str(name))


def test_numbers_of_values(keras: Any) -> None:
    """Without one-hot rows, as a dictionary."""
    found = []
    for library in (fastnn, keras):
        cls = library.utils.FeatureSpace
        kinds = {
            "town": cls.string_categorical(output_mode="int"),
            "size": cls.integer_categorical(output_mode="int"),
            "age": cls.float_discretized(4, output_mode="int"),
            "height": cls.float(),
        }
        space = cls(kinds, output_mode="dict")
        table = {name: TABLE[name] for name in kinds}
        space.adapt(table)
        found.append(space(table))
    for name, want in found[1].items():
        got = np.asarray(found[0][name])
        assert got.dtype == np.asarray(want).dtype, name
        np.testing.assert_array_equal(got, np.asarray(want), err_msg=name)
