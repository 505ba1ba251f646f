"""fastnn.utils: padding, windows, cuts, norms, pictures of models."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import graphviz
import numpy as np
import pytest

import fastnn
from fastnn import Input, Model, Sequential, layers, utils

LISTS = [[1], [2, 3], [4, 5, 6], []]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[0, 0, 1], [0, 2, 3], [4, 5, 6], [0, 0, 0]]),
        ({"padding": "post", "value": -1}, [[1, -1, -1], [2, 3, -1], [4, 5, 6], [-1, -1, -1]]),
        ({"maxlen": 2}, [[0, 1], [2, 3], [5, 6], [0, 0]]),
        ({"maxlen": 2, "truncating": "post"}, [[0, 1], [2, 3], [4, 5], [0, 0]]),
        ({"maxlen": 4, "padding": "post"}, [[1, 0, 0, 0], [2, 3, 0, 0], [4, 5, 6, 0], [0, 0, 0, 0]]),
        ({"maxlen": 0}, [[], [], [], []]),
    ],
)
def test_pad_sequences(options: dict[str, object], expected: list[list[int]]) -> None:
    padded = utils.pad_sequences(LISTS, **options)
    assert padded.dtype == np.int32
    assert padded.tolist() == expected


def test_pad_sequences_of_vectors_and_texts() -> None:
    padded = utils.pad_sequences([np.ones((2, 3)), np.zeros((1, 3))], dtype="float32", padding="post", value=2)
    assert padded.shape == (2, 2, 3)
    assert padded[1].tolist() == [[0, 0, 0], [2, 2, 2]]
    assert utils.pad_sequences([["a"], ["b", "c"]], dtype=object, value="-").tolist() == [["-", "a"], ["b", "c"]]
    assert utils.pad_sequences([]).shape == (0, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sequences": [[1]], "padding": "left"}, "expected padding 'pre' or 'post', got 'left'"),
        ({"sequences": [[1]], "truncating": "left"}, "expected truncating 'pre' or 'post', got 'left'"),
        ({"sequences": 1}, "expected a list of sequences, got int"),
        ({"sequences": [[1], 2]}, "expected sequences, got 2 at position 1"),
        ({"sequences": [[1]], "value": "x"}, "expected dtype=object with a text as value, got int32"),
        (
            {"sequences": [np.ones((1, 2)), np.ones((1, 3))]},
            r"expected steps of shape (2,) as in the first sequence, got (3,) at position 1",
        ),
    ],
)
def test_pad_sequences_says_what_is_wrong(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole message is compared)
        utils.pad_sequences(**arguments)
    assert str(caught.value) == f"pad_sequences: {message}"


def test_windows_over_a_series() -> None:
    data = np.arange(100)
    windows = utils.timeseries_dataset_from_array(data, data + 1000, 10, sequence_stride=3, sampling_rate=2)
    assert len(windows) == 1
    inputs, targets = windows[0]
    assert inputs.shape == (28, 10)  # from step 0, 3, ..., 81: 81 + 9 * 2 = 99
    assert inputs[1].tolist() == list(range(3, 23, 2))
    assert targets.tolist() == list(range(1000, 1082, 3))


def test_windows_in_batches_and_between_two_steps() -> None:
    data = np.arange(30.0).reshape(15, 2)
    windows = utils.timeseries_dataset_from_array(data, None, 4, batch_size=5, start_index=2, end_index=12)
    batches = list(windows)
    assert [batch.shape for batch in batches] == [(5, 4, 2), (2, 4, 2)]
    assert batches[0][0].tolist() == data[2:6].tolist()
    assert batches[1][1].tolist() == data[8:12].tolist()
    assert len(list(windows)) == len(windows) == 2  # again and again
    np.testing.assert_array_equal(windows[-1], batches[1])
    with pytest.raises(IndexError, match="expected a batch below 2, got 2"):
        windows[2]


def test_windows_end_with_the_targets() -> None:
    data = np.arange(10)
    inputs, targets = utils.timeseries_dataset_from_array(data[:-3], data[3:], 3)[0]
    np.testing.assert_array_equal(targets, inputs[:, 0] + 3)
    assert len(targets) == 5
    single = utils.timeseries_dataset_from_array(data, data[:4], 3, batch_size=None)
    assert len(single) == 4
    assert single[3][0].tolist() == [3, 4, 5]
    assert single[3][1] == 3
    assert len(utils.timeseries_dataset_from_array(data, None, 8, sampling_rate=2)) == 0


def test_windows_in_random_order() -> None:
    data = np.arange(50)
    first, again = (utils.timeseries_dataset_from_array(data, data, 5, shuffle=True, seed=3)[0] for _ in range(2))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[0][:, 0], first[1])
    assert sorted(first[1]) == list(range(46))
    assert first[1].tolist() != list(range(46))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sequence_length": 0}, "expected sequence_length of at least 1 and below 11, got 0"),
        ({"sequence_stride": 0}, "expected sequence_stride of at least 1 and below 10, got 0"),
        ({"sampling_rate": 10}, "expected sampling_rate of at least 1 and below 10, got 10"),
        ({"start_index": 10}, "expected start_index of at least 0 and below 10, got 10"),
        ({"start_index": 4, "end_index": 4}, "expected end_index of at least 5 and below 10, got 4"),
        ({"batch_size": 0}, "expected batch_size of at least 1, got 0"),
    ],
)
def test_windows_that_make_no_sense(options: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole message is compared)
        utils.timeseries_dataset_from_array(np.arange(10), None, **{"sequence_length": 2, **options})
    assert str(caught.value) == f"timeseries_dataset_from_array: {message}"


def test_split_dataset() -> None:
    x, y = np.arange(20).reshape(10, 2), np.arange(10)
    left, right = utils.split_dataset((x, y), left_size=0.7)
    assert [part.shape for part in left] == [(7, 2), (7,)]
    assert right[1].tolist() == [7, 8, 9]
    left, right = utils.split_dataset(y, right_size=2)
    assert (left.tolist(), right.tolist()) == (list(range(8)), [8, 9])
    left, right = utils.split_dataset(y, left_size=2, right_size=0.5)
    assert (left.tolist(), right.tolist()) == ([0, 1], [5, 6, 7, 8, 9])
    (x_left, y_left), (_, y_right) = utils.split_dataset([x, y], 4, shuffle=True, seed=1)
    np.testing.assert_array_equal(x_left[:, 0], 2 * y_left)
    assert sorted([*y_left, *y_right]) == list(range(10))
    assert y_left.tolist() != [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, ValueError, "expected left_size or right_size, got neither"),
        ({"left_size": 1.5}, ValueError, "expected left_size from 0 to 1, got 1.5"),
        ({"right_size": 11}, ValueError, "expected right_size from 0 to 10, got 11"),
        ({"left_size": "half"}, TypeError, "expected left_size to be a number, got 'half'"),
        ({"left_size": 10}, ValueError, "expected sizes that leave samples on both sides of 10, got 10 and None"),
        (
            {"left_size": 6, "right_size": 5},
            ValueError,
            "expected sizes that leave samples on both sides of 10, got 6 and 5",
        ),
        (
            {"dataset": (np.ones(2), np.ones(3)), "left_size": 1},
            ValueError,
            "expected arrays of as many samples, got shapes [(2,), (3,)]",
        ),
    ],
)
def test_split_dataset_says_what_is_wrong(arguments: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        utils.split_dataset(**{"dataset": np.arange(10), **arguments})
    assert str(caught.value) == f"split_dataset: {message}"


def test_normalize() -> None:
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    assert utils.normalize(x).tolist() == [[0.6, 0.8], [0.0, 0.0]]
    assert utils.normalize(x, axis=0, order=1).tolist() == [[1.0, 1.0], [0.0, 0.0]]
    assert utils.normalize([3, 4]).tolist() == [0.6, 0.8]
    assert utils.normalize(x.astype(np.float32)).dtype == np.float32
    with pytest.raises(ValueError, match=r"^normalize: expected an axis of an array of 2 axes, got 2$"):
        utils.normalize(x, axis=2)


def nested() -> Sequential:
    inner = Sequential([layers.Dense(4, activation="relu", name="a"), layers.Dropout(0.5, name="b")], name="inner")
    return Sequential([Input((3,)), inner, layers.Dense(2, name="c")], name="outer")


def test_model_to_dot() -> None:
    source = utils.model_to_dot(nested(), show_shapes=True, rankdir="LR").source
    assert "rankdir=LR" in source
    assert "0 -> 1" in source
    assert "c (Dense)\n(None, 4) → (None, 2)" in source
    assert "Dropout" not in source


def test_models_inside_a_model_can_be_drawn() -> None:
    source = utils.model_to_dot(nested(), expand_nested=True, show_layer_activations=True, show_trainable=True).source
    assert "cluster_0" in source
    assert "label=inner" in source
    assert "\t0.0 -> 0.1\n" in source
    assert "\t0.1 -> 1\n" in source
    assert "a (Dense)\nactivation: relu\ntrainable" in source


def test_layers_of_a_model_with_its_own_code_stand_side_by_side() -> None:
    class Own(Model):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = layers.Dense(2), layers.Dense(2)

        def call(self, x: object) -> object:
            return self.second(self.first(x))

    source = utils.model_to_dot(Own()).source
    assert source.count("Dense") == 2
    assert "->" not in source


def test_branches_shared_layers_and_several_ends_are_drawn() -> None:
    a, b = Input((4,), name="a"), Input((4,), name="b")
    shared = layers.Dense(3, activation="tanh", name="shared")
    inner_x, inner_y = Input((3,), name="inner_x"), Input((3,), name="inner_y")
    inner = Model([inner_x, inner_y], layers.Add(name="inner_add")([inner_x, inner_y]), name="inner")
    joined = inner([shared(a), shared(b)])
    model = Model([a, b], [joined, layers.Dense(1, name="top")(joined)], name="m")
    source = utils.model_to_dot(model, show_shapes=True, show_layer_activations=True).source
    places = {layer.name: str(index) for index, layer in enumerate(model.operations)}
    edges = [line.strip() for line in source.splitlines() if "->" in line]
    wanted = [("a", "shared"), ("b", "shared"), ("shared", "inner"), ("inner", "top")]
    assert sorted(edges) == sorted(f"{places[start]} -> {places[end]}" for start, end in wanted)
    assert "(None, 3), (None, 3) → (None, 3)" in source
    assert "activation: tanh\n(None, 4) → (None, 3)" in source
    expanded = utils.model_to_dot(model, expand_nested=True, subgraph=True)
    inside = {layer.name: f"{places['inner']}.{index}" for index, layer in enumerate(inner.operations)}
    assert f"{places['shared']} -> {inside['inner_x']}" in expanded.source
    assert f"{inside['inner_add']} -> {places['top']}" in expanded.source
    assert expanded.name == "cluster_m"


def test_pictures_and_arrays(tmp_path: Path) -> None:
    x = np.random.default_rng(3).integers(0, 256, (6, 4, 3)).astype(np.float32)
    utils.save_img(tmp_path / "x.png", x, scale=False)
    np.testing.assert_array_equal(utils.img_to_array(utils.load_img(tmp_path / "x.png")), x)
    grey = utils.load_img(tmp_path / "x.png", color_mode="grayscale", target_size=(3, 5), interpolation="bilinear")
    assert utils.img_to_array(grey).shape == (3, 5, 1)
    middle = utils.load_img(tmp_path / "x.png", target_size=(4, 4), keep_aspect_ratio=True)
    np.testing.assert_array_equal(utils.img_to_array(middle), x[1:5])
    scaled = np.asarray(utils.array_to_img(np.array([[[1.0], [2.0]], [[3.0], [5.0]]])))
    np.testing.assert_array_equal(scaled, [[0, 63], [127, 255]])
    with pytest.raises(ValueError, match=r"^array_to_img: expected \(height, width, .*, got shape \(2,\)"):
        utils.array_to_img(np.zeros(2))
    with pytest.raises(ValueError, match=r"^load_img: expected color_mode grayscale, rgb, rgba, got 'hsv'"):
        utils.load_img(tmp_path / "x.png", color_mode="hsv")
    with pytest.raises(ValueError, match=r"^load_img: expected interpolation nearest, .*, got 'linear'"):
        utils.load_img(tmp_path / "x.png", interpolation="linear")
    with pytest.raises(ValueError, match=r"^array_to_img: expected data_format 'channels_last', got 'x'"):
        utils.save_img(tmp_path / "x.png", x, data_format="x")


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.Dense(3, activation="relu", name="d"),
        lambda: fastnn.losses.Huber(0.5),
        lambda: fastnn.metrics.MeanSquaredError(name="mse"),
        lambda: fastnn.optimizers.SGD(0.5, momentum=0.25),
        lambda: fastnn.initializers.HeNormal(seed=3),
        lambda: fastnn.regularizers.L2(0.5),
        lambda: fastnn.constraints.MaxNorm(2.0),
        nested,
    ],
)
def test_objects_as_data(make: Callable[[], Any]) -> None:
    thing = make()
    data = json.loads(json.dumps(utils.serialize_keras_object({"things": [thing, 1, None]})))
    again, one, nothing = utils.deserialize_keras_object(data)["things"]
    assert (type(again), again.get_config(), one, nothing) == (type(thing), thing.get_config(), 1, None)
    with pytest.raises(ValueError, match="unknown layer 'Nothing'"):
        utils.deserialize_keras_object({"class_name": "Nothing", "config": {}})
    with pytest.raises(TypeError, match="serialize_keras_object: expected an object with get_config"):
        utils.serialize_keras_object(object())


def test_names_begin_anew() -> None:
    utils.clear_session()
    assert [layers.Dense(1).name, layers.Dense(1).name] == ["dense", "dense_1"]
    utils.clear_session(free_memory=False)
    assert layers.Dense(1).name == "dense"


def test_batches_packed_and_unpacked() -> None:
    assert utils.pack_x_y_sample_weight(1) == 1
    assert utils.pack_x_y_sample_weight([1]) == ([1],)
    assert utils.pack_x_y_sample_weight(1, 2) == (1, 2)
    assert utils.unpack_x_y_sample_weight((1, 2)) == (1, 2, None)
    assert utils.unpack_x_y_sample_weight(utils.pack_x_y_sample_weight(1, 2, 3)) == (1, 2, 3)
    with pytest.raises(ValueError, match=r"expected x, .* got 4"):
        utils.unpack_x_y_sample_weight((1, 2, 3, 4))


def test_symbolic_tensors_and_what_they_come_from() -> None:
    a, b = Input((3,)), Input((3,))
    total = layers.Dense(2)(a + b) * 2.0
    assert set(map(id, utils.get_source_inputs(total))) == {id(a), id(b)}
    assert utils.is_keras_tensor(total)
    assert not utils.is_keras_tensor(np.zeros(3))
    with pytest.raises(ValueError, match="is_keras_tensor: expected a tensor, got 'x'"):
        utils.is_keras_tensor("x")
    assert [utils.standardize_dtype(d) for d in (None, "int", np.float64, bool)] == [
        "float32",
        "int64",
        "float64",
        "bool",
    ]


def test_plot_model_writes_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    utils.plot_model(nested(), tmp_path / "model.dot")
    assert (tmp_path / "model.dot").read_text(encoding="utf-8").startswith("digraph outer {")
    monkeypatch.setattr(graphviz.Digraph, "pipe", lambda graph, format: f"{format} of {graph.name}".encode())
    utils.plot_model(nested(), tmp_path / "model.svg")
    assert (tmp_path / "model.svg").read_bytes() == b"svg of outer"
    assert utils.plot_model(nested(), None).name == "outer"
    with pytest.raises(ValueError, match=r"^plot_model: expected to_file to end in \.svg, .*, got 'model\.bmp'$"):
        utils.plot_model(nested(), "model.bmp")


def test_plot_model_names_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_dot(graph: object, format: str) -> bytes:
        raise graphviz.ExecutableNotFound(["dot"])

    monkeypatch.setattr(graphviz.Digraph, "pipe", no_dot)
    with pytest.raises(RuntimeError, match=r"^plot_model: expected Graphviz's program dot, which is not there"):
        utils.plot_model(nested(), tmp_path / "model.svg")
    monkeypatch.setitem(sys.modules, "graphviz", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "fastnn-core\[plot\]"$'):
        utils.plot_model(nested())
