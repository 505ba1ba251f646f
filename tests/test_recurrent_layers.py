"""Recurrent layers: Keras's weights and values, masks, states, dropout, programs, files."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import recurrent as ref

import fastnn
from fastnn import Input, Sequential, Tensor, layers
from fastnn import functional as F
from fastnn.layers.recurrent_loop import loop

LAYERS: dict[str, Any] = {"lstm": layers.LSTM, "gru": layers.GRU, "simple_rnn": layers.SimpleRNN}
each_layer = pytest.mark.parametrize("op", list(LAYERS))


def data(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


X = data(5, 4, 3)
COUNTS = np.array([[1, 1, 1, 1], [1, 0, 1, 0], [0, 0, 1, 1], [0, 0, 0, 0], [1, 1, 0, 0]], bool)


def close(got: Any, want: Any) -> None:
    np.testing.assert_allclose(np.asarray(got), want, rtol=1e-5, atol=2e-6)


def reference(op: str, layer: Any, x: np.ndarray, *states: Any, mask: Any = None, **options: Any) -> list[np.ndarray]:
    """The results of all steps, and of LSTM the last c."""
    count = 1 + (op == "lstm")
    given = [*states, *([None] * (count - len(states)))]
    found = ref.FORWARD[op](x.astype(np.float64), *layer.get_weights(), *given, mask, None, **options)
    return list(found[:2]) if op == "lstm" else [found[0] if isinstance(found, tuple) else found]


def test_weights_are_keras_s() -> None:
    shapes = {
        "lstm": [(3, 24), (6, 24), (24,)],
        "gru": [(3, 18), (6, 18), (2, 18)],
        "simple_rnn": [(3, 6), (6, 6), (6,)],
    }
    for op, cls in LAYERS.items():
        layer = cls(6)
        layer(X)
        assert [w.shape for w in layer.weights] == shapes[op]
        assert [w.name for w in layer.weights] == ["kernel", "recurrent_kernel", "bias"]
        recurrent = layer.recurrent_kernel.numpy()[:, :6] if op == "simple_rnn" else layer.recurrent_kernel.numpy()
        close(recurrent @ recurrent.T, np.eye(6))
        assert layer.units == 6
        assert len(cls(6, use_bias=False)(X).shape) == 2
    bias = layers.LSTM(2)
    bias(X)
    np.testing.assert_array_equal(bias.bias.numpy(), [0, 0, 1, 1, 0, 0, 0, 0])
    plain = layers.LSTM(2, unit_forget_bias=False)
    plain(X)
    assert not plain.bias.numpy().any()
    before = layers.GRU(6, reset_after=False)
    before._build((None, 4, 3))
    assert before.bias.shape == (18,)


@each_layer
def test_values_states_and_direction(op: str) -> None:
    for backwards in (False, True):
        layer = LAYERS[op](6, return_sequences=True, return_state=True, go_backwards=backwards)
        y, *states = layer(X)
        want, *cells = reference(op, layer, X, go_backwards=backwards)
        close(y, want)
        close(states[0], want[:, -1])
        if op == "lstm":
            close(states[1], cells[0])
        start = [data(5, 6, seed=i) for i in range(len(states))]
        y, *_ = layer(X, initial_state=start if len(start) > 1 else start[0])
        close(y, reference(op, layer, X, *start, go_backwards=backwards)[0])
        last = LAYERS[op].from_config({**layer.get_config(), "return_sequences": False, "return_state": False})
        last(X)
        last.set_weights(layer.get_weights())
        close(last(X), want[:, -1])
        assert last.compute_output_shape((None, 4, 3)) == (None, 6)
        assert layer.compute_output_shape((None, 4, 3))[0] == (None, 4, 6)


@each_layer
def test_masked_steps_repeat_results_and_states(op: str) -> None:
    for backwards in (False, True):
        layer = LAYERS[op](6, return_sequences=True, go_backwards=backwards)
        y = layer(X, mask=COUNTS)
        want = reference(op, layer, X, mask=COUNTS, go_backwards=backwards)[0]
        close(y, want)
        zero = LAYERS[op](6, return_sequences=True, go_backwards=backwards, zero_output_for_mask=True)
        zero(X)
        zero.set_weights(layer.get_weights())
        order = COUNTS[:, ::-1] if backwards else COUNTS
        close(zero(X, mask=COUNTS), np.where(order[..., None], want, 0))
    masked = layers.Masking()(np.where(COUNTS[..., None], X, 0))
    close(layer(masked), want)
    np.testing.assert_array_equal(layer(masked)._mask.numpy(), COUNTS)
    assert LAYERS[op](6)(masked)._mask is None
    with pytest.raises(ValueError, match=r"expected mask of shape \(5, 4\), got \(5, 3\)"):
        layer(X, mask=COUNTS[:, :3])


@each_layer
def test_wrong_inputs_are_named(op: str) -> None:
    layer = LAYERS[op](6, name="r")
    layer(X)
    with pytest.raises(ValueError, match=r"^r: expected input \(batch, time, 3\) with at least one step, got \(5, 3\)"):
        layer(X[:, 0])
    with pytest.raises(ValueError, match=r"^r: expected input \(batch, time, 3\)"):
        layer(X[..., :2])
    with pytest.raises(ValueError, match=r"^r: expected initial_state \(5, 6\)"):
        layer(X, initial_state=data(5, 5))
    with pytest.raises(ValueError, match="expected a positive units"):
        LAYERS[op](0)
    with pytest.raises(ValueError, match=r"expected dropout in \[0, 1\)"):
        LAYERS[op](3, dropout=1.0)


@each_layer
def test_dropout_keeps_its_masks_over_time(op: str) -> None:
    x = np.ones((64, 5, 4), np.float32)
    layer = LAYERS[op](8, dropout=0.5, return_sequences=True, seed=3)
    layer(x)
    ones = [np.zeros_like(w) for w in layer.get_weights()]
    ones[0][:] = 0.01
    layer.set_weights(ones)
    y = layer(x, training=True).numpy()
    plain = layer(x).numpy()
    assert (plain == plain[:1]).all()
    assert len(np.unique(y[:, 0, 0])) > 1
    if op == "simple_rnn":
        np.testing.assert_array_equal(y, np.repeat(y[:, :1], 5, axis=1))
    other = layer(x, training=True).numpy()
    assert (other != y).any()
    again = LAYERS[op].from_config(layer.get_config())
    again(x)
    again.set_weights(ones)
    np.testing.assert_array_equal(again(x, training=True).numpy(), y)
    # one mask for the state: with x = 0 and a first state of ones, what is dropped stays dropped
    held = LAYERS[op](8, recurrent_dropout=0.5, return_sequences=True, activation="linear")
    held(x)
    states = [np.ones((64, 8), np.float32)] * (1 + (op == "lstm"))
    first = held(x, initial_state=states, training=True).numpy()
    assert (first != held(x, initial_state=states).numpy()).any()


def rows(count: int = 48) -> tuple[np.ndarray, np.ndarray]:
    x = data(count, 6, 3, seed=7)
    return x, x.sum((1, 2), keepdims=False)[:, None].astype(np.float32)


@each_layer
def test_fit_runs_as_a_program(op: str) -> None:
    fastnn.utils.set_random_seed(3)
    x, y = rows()
    for options in ({}, {"dropout": 0.2, "recurrent_dropout": 0.2}, {"go_backwards": True}):
        model = Sequential(
            [Input((6, 3)), LAYERS[op](5, return_sequences=True), LAYERS[op](7, **options), layers.Dense(1)]
        )
        model.compile("adam", "mse")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            history = model.fit(x, y, batch_size=16, epochs=4, verbose=0)
            predicted = [model.predict(x, batch_size=20) for _ in range(2)][1]
        assert model._train_step.info()[0]["replays"] > 0
        assert not model._train_step.eager_reasons()
        assert history.history["loss"][-1] < history.history["loss"][0]
        np.testing.assert_array_equal(predicted, model(x).numpy())


def test_eager_steps_equal_programs() -> None:
    """The first two steps run eagerly and later ones replay; running all of them eagerly trains to the same bits."""
    x, y = rows(64)
    found = []
    for replay in (True, False):
        fastnn.utils.set_random_seed(3)
        model = Sequential([Input((6, 3)), layers.Masking(), layers.LSTM(5, dropout=0.3), layers.Dense(1)])
        model.compile("adam", "mse")
        for start in range(0, 64, 8):
            if not replay:
                model._train_step.drop()
            model.fit(x[start : start + 8], y[start : start + 8], batch_size=8, verbose=0)
        found.append(model.get_weights())
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


@each_layer
def test_stateful_layers_go_on_where_they_ended(op: str) -> None:
    whole = data(4, 12, 3, seed=2)
    layer = LAYERS[op](6, return_sequences=True, stateful=True, name="s")
    parts = [layer(whole[:, start : start + 4]).numpy() for start in (0, 4, 8)]
    want = reference(op, layer, whole)[0]
    close(np.concatenate(parts, axis=1), want)
    layer.reset_state()
    close(layer(whole[:, :4]), want[:, :4])
    with pytest.raises(ValueError, match=r"^s: expected batches of 4, as the one before, got 2"):
        layer(whole[:2])
    model = Sequential([layer, layers.Dense(1)])
    model.compile("sgd", "mse")
    layer.reset_state()
    model._build((None, 4, 3))
    outputs = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            layer.reset_state()
            outputs.append([model.predict(whole[:, start : start + 4], batch_size=4) for start in (0, 4, 8)])
    expected = want @ model.layers[1].get_weights()[0] + model.layers[1].get_weights()[1]
    for run in outputs:
        close(np.concatenate(run, axis=1), expected)
    layer.reset_state()
    model.fit(whole[:, :4], np.zeros((4, 4, 1), np.float32), batch_size=4, epochs=3, shuffle=False, verbose=0)
    assert any(state.numpy().any() for state in layer.states)
    assert len(layer.weights) == 3


@each_layer
def test_files_and_configurations(op: str, tmp_path: Path) -> None:
    model = Sequential([Input((6, 3)), LAYERS[op](5, dropout=0.1, seed=4), layers.Dense(1)])
    model.compile("adam", "mse")
    x, y = rows()
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "model.safetensors")
    again = fastnn.models.load_model(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert again.layers[0].get_config() == model.layers[0].get_config()


def test_embeddings_make_masks_for_recurrent_layers() -> None:
    rng = np.random.default_rng(5)
    ids = rng.integers(1, 9, (40, 6))
    ids[:, 4:] = 0
    model = Sequential([layers.Embedding(9, 4, mask_zero=True), layers.LSTM(5), layers.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(ids, (ids[:, 0] > 4).astype(np.float32)[:, None], epochs=3, batch_size=8, verbose=0)
        predicted = model.predict(ids)
    assert model._train_step.info()[0]["replays"] > 0
    np.testing.assert_allclose(predicted, model.predict(ids[:, :4]), rtol=1e-6)


# ---- cells, and networks step by step --------------------------------------------------------------------------------


CELLS: dict[str, Any] = {"lstm": layers.LSTMCell, "gru": layers.GRUCell, "simple_rnn": layers.SimpleRNNCell}


class Minimal(layers.Layer):
    """A cell of the user's own."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = self.state_size = units

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight((input_shape[-1], self.units), "uniform", name="kernel")
        self.recurrent = self.add_weight((self.units, self.units), "uniform", name="recurrent")

    def call(self, inputs: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        output = F.add(F.matmul(inputs, self.kernel), F.matmul(states[0], self.recurrent))
        return output, [output]


@each_layer
def test_a_cell_step_by_step_equals_the_op(op: str) -> None:
    for options in ({}, {"mask": COUNTS}):
        for backwards in (False, True):
            layer = LAYERS[op](6, return_sequences=True, return_state=True, go_backwards=backwards)
            want = layer(X, **options)
            mask = None if not options else Tensor(COUNTS)
            y, last = loop(layer.cell, Tensor(X), None, mask, False, backwards)
            close(y, want[0].numpy())
            for a, b in zip(last, want[1:], strict=True):
                close(a, b.numpy())


def test_other_activations_and_reset_before_go_step_by_step() -> None:
    units, x = 6, X.astype(np.float64)
    for layer in (
        layers.GRU(units, reset_after=False, return_sequences=True),
        layers.LSTM(units, activation="softsign", return_sequences=True),
        layers.SimpleRNN(units, activation="elu", return_sequences=True),
    ):
        y = layer(X)
        assert y.shape == (5, 4, units)
    gru = layers.GRU(units, reset_after=False, return_sequences=True)
    y = gru(X)
    kernel, recurrent, bias = (w.astype(np.float64) for w in gru.get_weights())
    sigmoid, h = ref.ACTIVATIONS["sigmoid"], np.zeros((5, units))
    for t in range(4):
        p = x[:, t] @ kernel + bias
        z = sigmoid(p[:, :units] + h @ recurrent[:, :units])
        r = sigmoid(p[:, units : 2 * units] + h @ recurrent[:, units : 2 * units])
        h = z * h + (1 - z) * np.tanh(p[:, 2 * units :] + (r * h) @ recurrent[:, 2 * units :])
        close(y[:, t], h)


def test_networks_of_cells() -> None:
    x, y = rows(32)
    cells = [CELLS["lstm"](4), CELLS["gru"](3, dropout=0.2), Minimal(5)]
    model = Sequential([layers.RNN(cells, return_sequences=True), layers.RNN(CELLS["simple_rnn"](4)), layers.Dense(1)])
    model.compile("adam", "mse")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(x, y, batch_size=8, epochs=2, verbose=0)
        predicted = model.predict(x)
    np.testing.assert_array_equal(predicted, model(x).numpy())
    whole, *states = layers.RNN([CELLS["lstm"](4), CELLS["lstm"](2)], return_state=True)(X)
    assert [whole.shape, *(s.shape for s in states)] == [(5, 2), (5, 4), (5, 4), (5, 2), (5, 2)]
    cell = CELLS["lstm"](4)
    h, (again, c) = cell(X[:, 0], cell.get_initial_state(5))
    np.testing.assert_array_equal(h.numpy(), again.numpy())
    assert c.shape == (5, 4)
    with pytest.raises(ValueError, match="RNN: expected a cell with call and state_size"):
        layers.RNN(layers.Dense(3))


# ---- wrappers --------------------------------------------------------------------------------------------------------


@each_layer
@pytest.mark.parametrize("mode", ["concat", "sum", "mul", "ave", None])
def test_bidirectional(op: str, mode: str | None) -> None:
    for sequences in (False, True):
        layer = layers.Bidirectional(LAYERS[op](6, return_sequences=sequences), merge_mode=mode)
        got = layer(X, mask=COUNTS)
        ways = []
        for one in (layer.forward_layer, layer.backward_layer):
            back = one.go_backwards
            y = reference(op, one, X, mask=COUNTS, go_backwards=back)[0]
            if sequences:
                order = COUNTS[:, ::-1] if back else COUNTS
                y = np.where(order[..., None], y, 0)
                ways.append(y[:, ::-1] if back else y)
            else:
                ways.append(y[:, -1])
        a, b = ways
        if mode is None:
            close(got[0], a)
            close(got[1], b)
            continue
        merged = {"concat": np.concatenate(ways, -1), "sum": a + b, "mul": a * b, "ave": (a + b) / 2}[mode]
        close(got, merged)
        assert layer.compute_output_shape((None, 4, 3)) == (None, *merged.shape[1:])


def test_bidirectional_states_files_and_programs(tmp_path: Path) -> None:
    layer = layers.Bidirectional(layers.LSTM(6, return_state=True))
    y, *states = layer(X)
    assert [y.shape, *(s.shape for s in states)] == [(5, 12)] + [(5, 6)] * 4
    again, *_ = layer(X, initial_state=[np.zeros((5, 6), np.float32)] * 4)
    np.testing.assert_array_equal(again.numpy(), y.numpy())
    x, target = rows()
    model = Sequential([Input((6, 3)), layers.Bidirectional(layers.GRU(5)), layers.Dense(1)])
    model.compile("adam", "mse")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(x, target, batch_size=16, epochs=3, verbose=0)
    model.save(tmp_path / "model.safetensors")
    loaded = fastnn.models.load_model(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))
    with pytest.raises(ValueError, match="expected layers of different go_backwards"):
        layers.Bidirectional(layers.LSTM(3), backward_layer=layers.LSTM(3))
    with pytest.raises(ValueError, match="Bidirectional: expected merge_mode"):
        layers.Bidirectional(layers.LSTM(3), merge_mode="max")


def test_time_distributed(tmp_path: Path) -> None:
    layer = layers.TimeDistributed(layers.Dense(4))
    y = layer(X)
    close(y, X @ layer.layer.get_weights()[0] + layer.layer.get_weights()[1])
    assert layer.compute_output_shape((None, 4, 3)) == (None, 4, 4)
    images = data(2, 3, 6, 6, 1)
    assert layers.TimeDistributed(layers.Conv2D(2, 3))(images).shape == (2, 3, 4, 4, 2)
    masked = layers.Masking()(np.where(COUNTS[..., None], X, 0))
    np.testing.assert_array_equal(layer(masked)._mask.numpy(), COUNTS)
    x, _ = rows()
    model = Sequential([Input((6, 3)), layers.LSTM(4, return_sequences=True), layers.TimeDistributed(layers.Dense(2))])
    model.compile("adam", "mse")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(x, np.zeros((48, 6, 2), np.float32), batch_size=16, epochs=2, verbose=0)
    model.save(tmp_path / "model.safetensors")
    loaded = fastnn.models.load_model(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))
    with pytest.raises(ValueError, match=r"expected input \(batch, time, ...\), got \(5, 3\)"):
        layers.TimeDistributed(layers.Dense(4))(X[:, 0])


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("op", LAYERS)
def test_a_stateful_layer_may_begin_with_an_initial_state(op: str, steps: int, rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, steps, 3)).astype(np.float32)
    layer = LAYERS[op](4, stateful=True, return_state=True)
    plain = LAYERS[op](4, return_state=True)
    states = [rng.standard_normal((2, 4)).astype(np.float32) for _ in range(2 if op == "lstm" else 1)]
    layer(x, initial_state=states)
    plain(x)
    plain.set_weights(layer.get_weights())
    layer.reset_state()
    got, want = layer(x, initial_state=states), plain(x, initial_state=states)
    for mine, other in zip(got, want, strict=True):
        np.testing.assert_array_equal(mine.numpy(), other.numpy())
    for kept, state in zip(layer.states, want[1:], strict=True):
        np.testing.assert_array_equal(kept.numpy(), state.numpy())


@pytest.mark.parametrize("mask", [[[False, True, True]], [[False, False, False]]])
def test_leading_masked_steps_give_the_initial_state_by_op_and_step_by_step(mask: list[list[bool]]) -> None:
    x, state = np.ones((1, 3, 2), np.float32), np.full((1, 3), 0.5, np.float32)
    fused = layers.GRU(3, return_sequences=True)
    stepwise = layers.GRU(3, return_sequences=True, activation="softsign")
    results = [layer(x, initial_state=state, mask=np.array(mask)).numpy() for layer in (fused, stepwise)]
    for result in results:
        np.testing.assert_array_equal(result[0, 0], state[0])


def test_stacked_and_custom_cells_are_made_again_from_their_description(tmp_path: Path) -> None:
    x = np.ones((2, 3, 2), np.float32)
    model = Sequential([layers.RNN([layers.LSTMCell(3), layers.GRUCell(4)]), layers.Dense(1)])
    want = model.predict(x)
    model.save(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(fastnn.models.load_model(tmp_path / "model.safetensors").predict(x), want)
    inside = layers.Bidirectional(layers.RNN([layers.LSTMCell(3), layers.GRUCell(4)]))
    assert type(inside).from_config(inside.get_config()).get_config() == inside.get_config()

    class Minimal(layers.SimpleRNNCell):
        pass

    both = layers.Bidirectional(layers.RNN(Minimal(3)))
    assert both(x).shape == (2, 6)
    assert isinstance(both.backward_layer.cell, Minimal)
    own = {"Minimal": Minimal}
    again = Sequential.from_config(Sequential([both]).get_config(), custom_objects=own)
    assert isinstance(again.layers[0].forward_layer.cell, Minimal)
