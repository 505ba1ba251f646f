"""Functional models of several inputs and outputs against Keras 3 on TensorFlow; networks are in
tests/test_keras_networks.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import layers

pytestmark = pytest.mark.keras


def test_several_inputs_and_outputs(keras: Any) -> None:
    def build(Input: Any, L: Any, Model: Any) -> Any:
        users, items = Input((5,), dtype="int32", name="users"), Input((4,), name="items")
        a = L.LSTM(6, name="lstm")(L.Embedding(11, 8, name="table")(users))
        shared = L.Dense(6, activation="relu", name="shared")
        b = L.Dense(6, name="to_six")(items)
        dot = L.Dot(axes=1, name="dot")([shared(a), shared(b)])
        return Model([users, items], [dot, b])

    theirs, ours = (build(library.Input, library.layers, library.Model) for library in (keras, fastnn))
    ours.set_weights(theirs.get_weights())
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert ours.output_names == list(theirs.output_names)
    assert ours.output_shape == theirs.output_shape
    rng = np.random.default_rng(7)
    data = [rng.integers(0, 11, (6, 5)).astype(np.int32), rng.standard_normal((6, 4)).astype(np.float32)]
    for mine, other in zip(ours(data), theirs(data), strict=True):
        np.testing.assert_allclose(mine.numpy(), np.asarray(other), rtol=2e-5, atol=2e-6)


def two_towers(Input: Any, L: Any, Model: Any) -> Any:
    a, b = Input((3,), name="a"), Input((2,), name="b")
    hidden = L.Dense(6, activation="tanh", name="hidden")(L.Concatenate(name="both")([a, b]))
    return Model([a, b], [L.Dense(1, name="p")(hidden), L.Dense(4, activation="softmax", name="q")(hidden)], name="t")


@pytest.mark.parametrize("weighted", [False, True])
def test_training_with_two_inputs_and_two_outputs(weighted: bool) -> None:
    import keras

    rng = np.random.default_rng(5)
    x = [rng.standard_normal((40, size)).astype(np.float32) for size in (3, 2)]
    y = [rng.standard_normal((40, 1)).astype(np.float32), rng.integers(0, 4, (40, 1))]
    weights = [rng.uniform(0, 2, 40).astype(np.float32) for _ in y] if weighted else None
    theirs = two_towers(keras.Input, keras.layers, keras.Model)
    ours = two_towers(fastnn.Input, layers, fastnn.Model)
    ours.set_weights(theirs.get_weights())
    histories, results, logs = [], [], []
    for model in (theirs, ours):
        model.compile(
            "adam",
            loss={"p": "mse", "q": "sparse_categorical_crossentropy"},
            loss_weights={"p": 0.3, "q": 2.0},
            metrics={"p": ["mae", "mse"], "q": ["accuracy"]},
            weighted_metrics={"p": ["mape"], "q": []},
        )
        options: Any = {"validation_data": (x, y), "sample_weight": weights, "shuffle": False, "verbose": 0}
        histories.append(model.fit(x, y, batch_size=10, epochs=4, **options).history)
        results.append(model.predict(x, verbose=0))
        logs.append(model.evaluate(x, y, batch_size=10, verbose=0))
    assert set(histories[1]) == set(histories[0])
    for name, values in histories[0].items():
        np.testing.assert_allclose(histories[1][name], values, rtol=1e-4 if "mape" in name else 1e-5, atol=1e-5)
    for want, got in zip(*results, strict=True):
        np.testing.assert_allclose(got, want, atol=1e-5)
    assert logs[1] == pytest.approx(logs[0], rel=1e-4)


def test_paths_of_weights(keras: Any) -> None:
    def build(library: Any) -> list[Any]:
        L, Input = library.layers, library.Input

        class Own(library.Model):  # type: ignore[name-defined,misc]
            def __init__(self) -> None:
                super().__init__(name="own")
                self.out = L.Dense(2, name="out")
                self.blocks = [library.Sequential([L.Dense(3, name="a")], name="block")]

            def call(self, x: Any) -> Any:
                return self.out(self.blocks[0](x))

        own = Own()
        own(np.ones((1, 3), np.float32))
        late = library.Sequential([L.Dense(2, name="d"), L.PReLU(name="p")], name="late")
        late(np.ones((1, 3), np.float32))
        inner = library.Sequential([Input((3,)), L.Dense(2, name="e")], name="inner")
        x = Input((4, 3), name="x")
        recurrent = L.Bidirectional(L.LSTM(2, name="lstm"), name="both")(L.TimeDistributed(inner, name="each")(x))
        graph = library.Model(x, L.Dense(1, name="f")(recurrent), name="graph")
        nested = library.Sequential([Input((3,)), library.Sequential([L.Dense(2, name="g")], name="in")], name="around")
        return [own, late, graph, nested, L.Dense(3)]

    for mine, other in zip(build(fastnn), build(keras), strict=True):
        assert [(w.name, w.path) for w in mine.weights] == [(w.name, w.path) for w in other.weights]
        paths = [[layer.path for layer in getattr(made, "layers", [made]) if layer.weights] for made in (mine, other)]
        assert paths[0] == paths[1]
    for library in (fastnn, keras):
        mean = library.metrics.Mean(name="mean")
        assert (mean.variables[0].name, mean.variables[0].path) == ("total", "mean/total")


def test_parts_of_models() -> None:
    import keras

    def build(Input: Any, L: Any, Model: Any) -> Any:
        x = Input((8,), name="x")
        hidden = L.Dense(6, activation="tanh", name="hidden")(x)
        both = L.Concatenate(name="both")([hidden, L.Dense(6, name="other")(x)])
        y = L.Dense(3, name="out")(both)
        return [Model(x, y), Model(both, y), Model([hidden, x], both)]

    theirs, ours = build(keras.Input, keras.layers, keras.Model), build(fastnn.Input, layers, fastnn.Model)
    ours[0].set_weights(theirs[0].get_weights())
    rng = np.random.default_rng(7)
    x, hidden, both = (rng.standard_normal((6, size)).astype(np.float32) for size in (8, 6, 12))
    for data, mine, other in zip((x, both, [hidden, x]), ours, theirs, strict=True):
        assert [type(layer).__name__ for layer in mine.layers] == [type(layer).__name__ for layer in other.layers]
        got, want = (np.asarray(model.predict(data, verbose=0)) for model in (mine, other))
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6)


def test_inputs_of_another_rank_by_one(keras: Any) -> None:
    def build(library: Any) -> Any:
        parts = [library.Input((5,), name="wide"), library.Input((1,), name="age")]
        model = library.Model(parts, library.layers.Dense(2)(library.layers.Concatenate()(parts)))
        model.compile("sgd", "mse")
        return model

    ours, theirs = build(fastnn), build(keras)
    ours.set_weights(theirs.get_weights())
    rng = np.random.default_rng(7)
    wide, age, y = (rng.standard_normal(shape).astype(np.float32) for shape in ((20, 5, 1), (20,), (20, 2)))
    for data in ([wide, age], {"wide": wide, "age": age}):
        got, want = (m.fit(data, y, batch_size=8, shuffle=False, verbose=0).history["loss"] for m in (ours, theirs))
        np.testing.assert_allclose(got, want, rtol=2e-5)
        for call in (lambda m, data=data: m.predict(data, verbose=0), lambda m, data=data: np.asarray(m(data))):
            np.testing.assert_allclose(call(ours), call(theirs), rtol=2e-5, atol=2e-6)


def test_the_guide_of_sequences_from_parts_of_a_trained_model(keras: Any) -> None:
    """Encoder and decoder of a sequence-to-sequence model, taken out of it by the inputs and outputs of its layers."""

    def build(library: Any) -> Any:
        layers = library.layers
        encoder_inputs = library.Input((None, 7))
        _, h, c = layers.LSTM(6, return_state=True)(encoder_inputs)
        decoder_inputs = library.Input((None, 9))
        lstm = layers.LSTM(6, return_sequences=True, return_state=True)
        outputs, _, _ = lstm(decoder_inputs, initial_state=[h, c])
        return library.Model([encoder_inputs, decoder_inputs], layers.Dense(9, activation="softmax")(outputs))

    def parts(library: Any, model: Any) -> tuple[Any, Any]:
        _, h, c = model.layers[2].output
        states = [library.Input((6,)), library.Input((6,))]
        outputs, h2, c2 = model.layers[3](model.input[1], initial_state=states)
        decoder = library.Model([model.input[1], *states], [model.layers[4](outputs), h2, c2])
        return library.Model(model.input[0], [h, c]), decoder

    ours, theirs = build(fastnn), build(keras)
    assert [type(layer).__name__ for layer in ours.layers] == [type(layer).__name__ for layer in theirs.layers]
    ours.set_weights(theirs.get_weights())
    rng = np.random.default_rng(7)
    x, y = (rng.standard_normal(shape).astype(np.float32) for shape in ((2, 5, 7), (2, 1, 9)))
    results = []
    for library, model in ((fastnn, ours), (keras, theirs)):
        encoder, decoder = parts(library, model)
        states = encoder.predict(x, verbose=0)
        results.append([*states, *decoder.predict([y, *states], verbose=0)])
    for got, want in zip(*results, strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6)


def test_names_of_weights_without_one(keras: Any) -> None:
    def build(library: Any) -> Any:
        class Pair(library.layers.Layer):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.w = self.add_weight(shape=(2, 2), initializer="zeros")
                self.b = self.add_weight(shape=(2,), initializer="zeros")

            def call(self, x: Any) -> Any:
                return x @ self.w + self.b

        library.utils.clear_session() if library is fastnn else library.backend.clear_session()
        return [weight.path for weight in Pair().weights]

    assert build(fastnn) == build(keras)
