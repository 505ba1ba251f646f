"""fastnn.utils and fastnn.datasets against Keras 3: the same calls on the same data, the same files from a folder."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastnn import datasets, utils

pytestmark = pytest.mark.keras

RAGGED = [[1], [2, 3], [4, 5, 6, 7], []]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"maxlen": 3},
        {"maxlen": 6, "padding": "post"},
        {"maxlen": 2, "truncating": "post", "value": -1},
        {"dtype": "float32", "value": 0.5},
    ],
)
def test_pad_sequences(keras: Any, options: dict[str, Any]) -> None:
    expected = keras.utils.pad_sequences(RAGGED, **options)
    found = utils.pad_sequences(RAGGED, **options)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("axis", "order"), [(-1, 2), (1, 1), (2, 2)])
def test_normalize(keras: Any, axis: int, order: int) -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 4))
    x[0, 1] = 0
    np.testing.assert_allclose(utils.normalize(x, axis, order), keras.utils.normalize(x, axis, order), rtol=1e-12)


@pytest.mark.parametrize(
    ("targets", "options"),
    [
        (True, {}),
        (True, {"sequence_stride": 3, "sampling_rate": 2, "batch_size": 4}),
        (False, {"batch_size": None, "start_index": 5, "end_index": 30}),
        (True, {"start_index": 3, "end_index": 25, "batch_size": 7}),
    ],
)
def test_windows(keras: Any, targets: bool, options: dict[str, Any]) -> None:
    data = np.arange(80.0).reshape(40, 2)
    goals = np.arange(100, 135) if targets else None
    expected = list(keras.utils.timeseries_dataset_from_array(data, goals, 4, **options))
    found = list(utils.timeseries_dataset_from_array(data, goals, 4, **options))
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        pairs = zip(ours, theirs, strict=True) if targets else [(ours, theirs)]
        for a, b in pairs:
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("sizes", [{"left_size": 0.7}, {"right_size": 3}, {"left_size": 4, "right_size": 0.25}])
def test_split_dataset(keras: Any, sizes: dict[str, Any]) -> None:
    x, y = np.arange(20).reshape(10, 2), np.arange(10)
    expected = keras.utils.split_dataset((x, y), **sizes)
    for ours, theirs in zip(utils.split_dataset((x, y), **sizes), expected, strict=True):
        rows = list(theirs)
        for index in range(2):
            np.testing.assert_array_equal(ours[index], [np.asarray(row[index]) for row in rows])


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keras: Any) -> Path:
    """A folder in which both look for files: ours below datasets/, Keras's in place of a download."""
    monkeypatch.setenv("FASTNN_HOME", str(tmp_path))

    def found(fname: str, **_: Any) -> str:
        return str(next(tmp_path.rglob(fname)))

    for name in ("imdb", "california_housing"):
        monkeypatch.setattr(importlib.import_module(f"keras.src.datasets.{name}"), "get_file", found)
    return tmp_path


def save(folder: Path, dataset: str, **arrays: Any) -> None:
    path = folder / "datasets" / dataset / f"{dataset}.npz"
    path.parent.mkdir(parents=True)
    np.savez(path, **arrays)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_words": 50},
        {"num_words": 50, "skip_top": 10, "oov_char": None},
        {"maxlen": 8, "seed": 7},
        {"start_char": None, "index_from": 5},
    ],
)
def test_imdb(keras: Any, shared: Path, options: dict[str, Any]) -> None:
    rng = np.random.default_rng(4)
    arrays: dict[str, Any] = {}
    for part in ("train", "test"):
        arrays[f"x_{part}"] = np.empty(30, dtype=object)
        arrays[f"x_{part}"][:] = [rng.integers(1, 80, rng.integers(1, 15)).tolist() for _ in range(30)]
        arrays[f"y_{part}"] = rng.integers(0, 2, 30)
    save(shared, "imdb", **arrays)
    expected, found = (module.imdb.load_data(**options) for module in (keras.datasets, datasets))
    for (x, y), (their_x, their_y) in zip(found, expected, strict=True):
        assert x.dtype == their_x.dtype == object
        assert x.tolist() == their_x.tolist()
        np.testing.assert_array_equal(y, their_y)


@pytest.mark.parametrize("options", [{}, {"test_split": 0.5, "seed": 3}, {"version": "small"}])
def test_california_housing(keras: Any, shared: Path, options: dict[str, Any]) -> None:
    rng = np.random.default_rng(4)
    save(shared, "california_housing", x=rng.standard_normal((700, 8)), y=rng.standard_normal(700))
    expected, found = (module.california_housing.load_data(**options) for module in (keras.datasets, datasets))
    for ours, theirs in zip(found, expected, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b)
