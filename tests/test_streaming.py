"""Models step by step: every step has the bits of the whole sequence, and what isn't causal is refused by name."""

from __future__ import annotations

import functools
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from op_calls import levels

import fastnn
from fastnn import Input, Sequential, Tensor, _core, activations, layers
from fastnn import functional as F
from fastnn.stepper import _Alone

STEPS = 7


def data(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


X = data(3, STEPS, 4)
IDS = np.array([[3, 0, 1, 0, 0, 2, 4], [0, 0, 5, 1, 1, 0, 3], [1, 2, 3, 4, 5, 0, 0]])
MASKED = np.where(IDS[:, :, None] == 0, 0, X).astype(np.float32)


@pytest.fixture(autouse=True)
def same_bits_in_any_batch() -> Iterator[None]:
    fastnn.set_batch_invariant(True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    fastnn.set_batch_invariant(False)


class Accumulator:
    """A cell that is no layer: the sum of its inputs, from one on."""

    state_size = 4

    def get_initial_state(self, batch_size: int) -> Tensor:
        return Tensor(np.ones((batch_size, 4), np.float32))

    def call(self, inputs: Tensor, states: Any) -> Any:
        total = F.add(inputs, states[0])
        return F.multiply(total, 2.0), [total]


def rnn(*cells: Any, **options: Any) -> layers.RNN:
    return layers.RNN(list(cells) if len(cells) > 1 else cells[0], return_sequences=True, **options)


SEQUENCES: dict[str, Callable[[], list[Any]]] = {
    "lstm": lambda: [layers.LSTM(5, return_sequences=True)],
    "lstm by steps": lambda: [layers.LSTM(5, activation="gelu", return_sequences=True)],
    "gru": lambda: [layers.GRU(17, return_sequences=True), layers.Dense(3, activation="softmax")],
    "gru without reset_after": lambda: [layers.GRU(3, reset_after=False, return_sequences=True)],
    "simple rnn": lambda: [layers.SimpleRNN(5, return_sequences=True), layers.SimpleRNN(2, return_sequences=True)],
    "stateful": lambda: [layers.GRU(3, stateful=True, return_sequences=True)],
    "own cell": lambda: [rnn(Accumulator())],
    "stacked cells": lambda: [rnn(layers.LSTMCell(5), layers.GRUCell(3))],
    "dropout": lambda: [layers.LSTM(5, dropout=0.5, recurrent_dropout=0.5, return_sequences=True), layers.Dropout(0.5)],
    "convolution": lambda: [layers.Conv1D(6, 3, padding="causal", activation="relu")],
    "dilated": lambda: [layers.Conv1D(6, 2, padding="causal", dilation_rate=d) for d in (1, 2, 4)],
    "wide": lambda: [layers.Conv1D(130, 9, padding="causal"), layers.Conv1D(7, 5, padding="causal", dilation_rate=2)],
    "groups": lambda: [layers.Conv1D(6, 3, padding="causal", groups=2, use_bias=False)],
    "window of one": lambda: [layers.Conv1D(6, 1, activation="tanh"), layers.SeparableConv1D(3, 1)],
    "depthwise": lambda: [layers.DepthwiseConv1D(3, padding="causal", depth_multiplier=2, dilation_rate=2)],
    "separable": lambda: [layers.SeparableConv1D(5, 4, padding="causal")],
    "normalisations": lambda: [
        layers.BatchNormalization(),
        layers.LayerNormalization(),
        layers.RMSNormalization(),
        layers.UnitNormalization(),
    ],
    "activations": lambda: [
        layers.Activation("swish"),
        layers.LeakyReLU(),
        layers.ELU(),
        layers.PReLU(shared_axes=[1]),
        layers.Softmax(),
        layers.ReLU(max_value=0.4),
    ],
    "einsum": lambda: [
        layers.EinsumDense("abc,cd->abd", (None, 5), bias_axes="d"),
        layers.EinsumDense("...x,xy->...y", 3),
    ],
    "own activations": lambda: [
        layers.LSTM(3, activation=lambda x: F.softmax(x, axis=1), return_sequences=True),
        layers.TimeDistributed(layers.Activation(lambda x: F.softmax(x, axis=1))),
        layers.Dense(2, activation=F.gelu),
    ],
    "time distributed": lambda: [
        layers.TimeDistributed(layers.Reshape((2, 2, 1))),
        layers.TimeDistributed(layers.Conv2D(3, 2)),
        layers.TimeDistributed(layers.Flatten()),
        layers.LSTM(5, return_sequences=True),
    ],
    "nested": lambda: [
        Sequential([layers.Conv1D(3, 2, padding="causal"), Sequential([layers.LSTM(5, return_sequences=True)])]),
        layers.Dense(2),
    ],
}
MASKS: dict[str, Callable[[], list[Any]]] = {
    "lstm": lambda: [layers.LSTM(5, return_sequences=True), layers.GRU(3, return_sequences=True)],
    "zeros": lambda: [rnn(layers.LSTMCell(5), zero_output_for_mask=True)],
    "own cell": lambda: [rnn(Accumulator())],
    "stacked cells": lambda: [rnn(layers.LSTMCell(5), layers.SimpleRNNCell(3)), layers.Dense(2)],
}


def built(parts: list[Any], *first: Any) -> Sequential:
    model = Sequential([*first, *parts]) if first else Sequential([Input((None, 4)), *parts])
    rng = np.random.default_rng(3)
    model.set_weights([rng.uniform(0.1, 0.9, weight.shape) for weight in model.get_weights()])
    return model


def check(model: Any, x: np.ndarray, want: np.ndarray, batch: int) -> None:
    """Steps equal the sequence, twice, and run as a program."""
    stepper = model.stream(batch)
    for _ in range(2):
        for t in range(x.shape[1]):
            np.testing.assert_array_equal(stepper.step(x[:batch, t]), want[:batch, t], f"step {t}")
        stepper.reset()
    assert "commit" in stepper.program() or not stepper._states
    assert stepper._step.eager_reasons() == []


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("name", SEQUENCES)
def test_steps_have_the_bits_of_the_sequence(name: str, batch: int) -> None:
    model = built(SEQUENCES[name]())
    want = model.predict(X)
    if name == "stateful":
        for layer in model.layers:
            layer.reset_state()
    check(model, X, want, batch)


@pytest.mark.parametrize("level", levels())
def test_steps_have_the_bits_of_the_sequence_on_every_level(level: str) -> None:
    _core.set_isa(level)
    for name in ("wide", "groups", "dilated", "lstm", "gru", "separable"):
        model = built(SEQUENCES[name]())
        check(model, X, model.predict(X), 3)


@pytest.mark.parametrize("name", MASKS)
def test_masked_steps(name: str) -> None:
    model = built(MASKS[name](), Input((None, 4)), layers.Masking())
    check(model, MASKED, model.predict(MASKED), 3)
    model = built(MASKS[name](), Input((None,)), layers.Embedding(6, 4, mask_zero=True))
    check(model, IDS, model.predict(IDS), 2)


def test_of_a_model_that_gives_one_result_steps_give_that_of_the_prefix() -> None:
    for parts in (
        [layers.LSTM(5, return_sequences=True), layers.LSTM(4), layers.Dense(3)],
        [Sequential([layers.GRU(6)]), layers.Reshape((2, 3)), layers.Flatten(), layers.BatchNormalization()],
        [layers.SimpleRNN(3), layers.RepeatVector(4), layers.LSTM(5, return_sequences=True)],
    ):
        model = built(parts)
        want = np.stack([model.predict(X[:, : t + 1]) for t in range(STEPS)], axis=1)
        check(model, X, want, 3)


def test_a_sequence_of_a_fixed_length_goes_on_beyond_it() -> None:
    model = Sequential([Input((2, 4)), layers.LSTM(5, return_sequences=True)])
    longer = Sequential([Input((None, 4)), layers.LSTM(5, return_sequences=True)])
    longer.set_weights(model.get_weights())
    check(model, X, longer.predict(X), 3)


def test_steppers_of_one_model_have_states_of_their_own() -> None:
    model = built(SEQUENCES["nested"]())
    want = model.predict(X)
    first, second = model.stream(), model.stream(batch_size=2)
    assert (first.batch_size, second.batch_size) == (1, 2)
    for t in range(STEPS):
        np.testing.assert_array_equal(first(X[:1, t]), want[:1, t])
        if t >= 2:
            np.testing.assert_array_equal(second(X[1:, t - 2]), want[1:, t - 2])


def test_results_are_arrays_of_their_own_or_go_into_out() -> None:
    model = built(SEQUENCES["lstm"]())
    stepper = model.stream()
    results = [stepper.step(X[:1, t].astype(np.float64)) for t in range(STEPS)]
    np.testing.assert_array_equal(np.stack(results, 1), model.predict(X[:1]))
    stepper.reset()
    rows = np.zeros((STEPS, 1, 10), np.float32)[:, :, ::2]
    for t in range(STEPS):
        assert stepper.step(Tensor(X[:1, t]), out=rows[t]).base is rows.base
    np.testing.assert_array_equal(rows, np.stack(results))


def test_a_dilated_convolution_leaves_its_inputs_in_a_ring() -> None:
    """A step makes nothing of the size of the window, and writes its row at the commit."""
    model = built([layers.Dense(3), layers.Conv1D(6, 3, padding="causal", dilation_rate=50)])
    x = data(2, 120, 4)
    check(model, x, model.predict(x), 2)
    stepper = model.stream(2)
    for t in range(3):
        stepper.step(x[:, t])
    text = stepper.program()
    commit = text[text.rindex("\ncommit\n") :]
    assert "put_update" in commit
    assert "undo" not in text
    window = 4 * 2 * 100 * 3
    made = [int(size) for size in re.findall(r" (\d+) bytes (?:at|in) (?!stream)", text)]
    assert made
    assert max(made) < window


def test_weights_that_change_are_seen() -> None:
    model = built([layers.Conv1D(3, 2, padding="causal"), layers.LSTM(5, return_sequences=True), layers.Dense(1)])
    model.compile("adam", "mse")
    stepper = model.stream()
    for t in range(3):
        stepper.step(X[:1, t])
    model.fit(X, X[:, :, :1], epochs=2, verbose=0)
    stepper.reset()
    fitted = model.predict(X)
    for t in range(3):
        np.testing.assert_array_equal(stepper.step(X[:1, t]), fitted[:1, t])
    model.set_weights([0.5 * weight for weight in model.get_weights()])
    model.layers[0].trainable = False
    model.layers[0].activation = fastnn.activations.get("relu")
    stepper.reset()
    check(model, X, model.predict(X), 1)
    for t in range(STEPS):
        np.testing.assert_array_equal(stepper.step(X[:1, t]), model.predict(X)[:1, t])


def test_a_model_that_keeps_other_states_than_before_is_refused() -> None:
    model = built([layers.LSTM(5, return_sequences=True)])
    stepper = model.stream()
    model.add(layers.GRU(3, return_sequences=True))
    with pytest.raises(RuntimeError, match="keeps other states than before it was changed; call stream again"):
        stepper.step(X[:1, 0])
    model.pop()
    np.testing.assert_array_equal(stepper.step(X[:1, 0]), model.predict(X)[:1, 0])


def test_switches_set_in_the_middle() -> None:
    model = built(SEQUENCES["convolution"]())
    stepper = model.stream()
    for t in range(STEPS):
        fastnn.set_batch_invariant(t % 3 == 0)
        _core.set_isa(levels()[t % len(levels())])
        np.testing.assert_allclose(stepper.step(X[:1, t]), model.predict(X)[:1, t], rtol=1e-5, atol=1e-6)


# ---- functional models -----------------------------------------------------------------------------------------------


def residual() -> Any:
    """A temporal convolutional network with residual adds, a shared layer, and operators."""
    x = Input((None, 4))
    shared = layers.Conv1D(4, 2, padding="causal", dilation_rate=2, activation="relu")
    y = layers.Add()([x, layers.LayerNormalization()(shared(x))])
    y = layers.Concatenate()([shared(y), 2.0 - y, y[..., :2]])
    return x, y


def test_functional_models() -> None:
    x, y = residual()
    model = fastnn.Model(x, layers.GRU(5, return_sequences=True)(y) + 1.0)
    check(model, X, model.predict(X), 3)
    nested = built([fastnn.Model(x, y), layers.Dense(2)])
    check(nested, X, nested.predict(X), 2)
    ids = Input((None,), dtype="int32")
    embedded = layers.Embedding(6, 3, mask_zero=True)(ids)
    both = layers.Multiply()([layers.LSTM(4)(embedded), layers.GRU(4, return_sequences=True)(embedded)[:, -1]])
    model = fastnn.Model(ids, layers.Dense(2)(both))
    want = np.stack([model.predict(IDS[:, : t + 1]) for t in range(STEPS)], axis=1)
    check(model, IDS, want, 2)


def test_functional_models_that_cannot_be_streamed() -> None:
    x, y = residual()
    other = Input((None, 4))
    last = layers.LSTM(4)(y)
    add = layers.Add(name="add")
    recurrent = layers.LSTM(4, name="recurrent")
    picked = x[:, 2:]
    refused = [
        (
            fastnn.Model(x, [y, last], name="m"),
            "m: expected a layer that can be streamed, got Functional: it has several",
        ),
        (
            fastnn.Model([x, other], x + other, name="m"),
            "m: expected a model of sequences (batch, steps, ...) in stream",
        ),
        (
            fastnn.Model(x, add([last, x])),
            "add: expected a layer that can be streamed, got Add: it is called with results",
        ),
        (
            fastnn.Model(x, recurrent(x, initial_state=[last, last])),
            "recurrent: expected a layer that can be streamed, got LSTM: it is called with results of whole sequences",
        ),
        (
            fastnn.Model(x, picked),
            f"{picked.node.layer.name}: expected a layer that can be streamed, got GetItem: it picks",
        ),
    ]
    for model, message in refused:
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            model.stream()
        assert str(caught.value).startswith(message)


# ---- layers and models of one's own ----------------------------------------------------------------------------------


class Change(layers.Layer):
    """What a step differs by from the one before."""

    def call(self, inputs: Tensor) -> Tensor:
        before = F.pad(inputs[:, :-1], ((0, 0), (1, 0), (0, 0)))
        return F.subtract(inputs, before)

    def stream_states(self, input_shape: Any) -> dict[str, Any]:
        return {"before": np.zeros((input_shape[0], 1, input_shape[2]))}

    def stream_step(self, inputs: Tensor, states: Mapping[str, Any]) -> Any:
        return F.subtract(inputs, states["before"]), {"before": inputs}


class Swap(layers.Layer):
    """Two states that change places: the result is the step before the last."""

    def call(self, inputs: Tensor) -> Tensor:
        return F.pad(inputs[:, :-2], ((0, 0), (2, 0), (0, 0)))

    def stream_states(self, input_shape: Any) -> dict[str, Any]:
        zeros = np.zeros((input_shape[0], 1, input_shape[2]))
        return {"last": zeros, "before": zeros}

    def stream_step(self, inputs: Tensor, states: Mapping[str, Any]) -> Any:
        return states["before"], {"last": inputs, "before": states["last"]}


class Residual(fastnn.Model):
    """A block with a layer that keeps states and one that doesn't."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = layers.Conv1D(4, 3, padding="causal")
        self.norm = layers.LayerNormalization()
        self.add = layers.Add()

    def call(self, inputs: Tensor) -> Tensor:
        return self.add([inputs, self.norm(self.convolution(inputs))])

    def stream_states(self, input_shape: Any) -> dict[str, Any]:
        return {"convolution": self.convolution.stream_states(input_shape)}

    def stream_step(self, inputs: Tensor, states: Mapping[str, Any]) -> Any:
        y, after = self.convolution.stream_step(inputs, states["convolution"])
        return self.add([inputs, self.norm(y)]), {"convolution": after}


class Double(layers.Layer):
    def call(self, inputs: Tensor) -> Tensor:
        return F.multiply(inputs, 2.0)

    def stream_states(self, input_shape: Any) -> dict[str, Any]:
        return {}


def test_the_hooks_of_own_layers_and_models() -> None:
    model = built([Change(), Double(), Residual(), Swap(), layers.GRU(3, return_sequences=True)], Input((STEPS, 4)))
    check(model, X, model.predict(X), 3)
    alone = Residual()
    with pytest.raises(RuntimeError, match=r"residual.*: expected a built model in stream"):
        alone.stream()
    want = alone.predict(X)
    check(alone, X, want, 2)


class OwnDense(layers.Dense):
    def call(self, inputs: Tensor) -> Tensor:
        return F.sum(super().call(inputs), 1, keepdims=True)


class OwnLSTM(layers.LSTM):
    def call(self, inputs: Tensor, **options: Any) -> Any:
        return super().call(F.flip(inputs, 1), **options)


class OwnSequential(Sequential):
    def call(self, inputs: Tensor, mask: Any = None) -> Any:
        return super().call(F.flip(inputs, 1), mask)


def test_an_own_call_says_anew_how_it_streams() -> None:
    inside = [layers.LSTM(2, return_sequences=True)]
    for layer in (OwnDense(2), OwnLSTM(2, return_sequences=True), OwnSequential(inside)):
        with pytest.raises(
            ValueError, match=f"^{layer.name}: expected a layer that can be streamed, got Own.*: its call"
        ):
            built([layer]).stream()


def test_hooks_that_return_the_wrong_thing() -> None:
    class Wrong(Change):
        def stream_step(self, inputs: Tensor, states: Mapping[str, Any]) -> Any:
            return inputs, {"before": F.add(inputs[:, 0], 0.0)}

    class Short(Change):
        def stream_step(self, inputs: Tensor, states: Mapping[str, Any]) -> Any:
            return inputs[:, 0], states

    class Failing(Change):
        def stream_step(self, inputs: Tensor, states: Mapping[str, Any]) -> Any:
            raise ValueError("no")

    with pytest.raises(
        ValueError, match=r"to give state 0\.before of float32 \(1, 1, 4\) behind a step, got float32 \(1, 4\)"
    ):
        built([Wrong()], Input((STEPS, 4))).stream()
    with pytest.raises(ValueError, match=r"to give a Tensor \(1, 1, '\.\.\.'\) for a step, got \(1, 4\)"):
        built([Short()], Input((STEPS, 4))).stream()
    with pytest.raises(ValueError, match="no") as caught:
        built([Failing(name="failing")], Input((STEPS, 4))).stream()
    assert caught.value.__notes__[0] == "in layer failing, in a step of (None, 1, 4)"


# ---- what is refused -------------------------------------------------------------------------------------------------

CAN = "expected a layer that can be streamed, got "
JOINS = ": it puts steps together; wrap it in TimeDistributed to apply it to every step by itself"
MIXES = (
    ": its activation is a function of your own, which may look at other steps; put it behind the layer, in "
    "TimeDistributed(Activation(function))"
)


def over_steps(x: Tensor) -> Tensor:
    return F.softmax(x, axis=1)


ACTIVATED: dict[str, Callable[[], Any]] = {
    "Activation": lambda: layers.Activation(over_steps, name="l"),
    "Dense": lambda: layers.Dense(2, activation=functools.partial(activations.softmax, axis=1), name="l"),
    "EinsumDense": lambda: layers.EinsumDense("abc,cd->abd", (None, 2), activation=over_steps, name="l"),
    "Conv1D": lambda: layers.Conv1D(2, 3, padding="causal", activation=over_steps, name="l"),
    "SeparableConv1D": lambda: layers.SeparableConv1D(2, 1, activation=over_steps, name="l"),
}
REFUSED: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: layers.Bidirectional(layers.LSTM(2), name="l"),
        CAN + "Bidirectional: it reads sequences from the end too; use the layer inside it alone",
    ),
    (lambda: layers.Conv1D(2, 3, name="l"), "expected padding 'causal' in stream, got 'valid'"),
    (lambda: layers.Conv1D(2, 3, padding="same", name="l"), "expected padding 'causal' in stream, got 'same'"),
    (lambda: layers.Conv1D(2, 3, strides=2, padding="causal", name="l"), "expected strides 1 in stream, got 2"),
    (lambda: layers.DepthwiseConv1D(2, padding="same", name="l"), "expected padding 'causal' in stream, got 'same'"),
    (lambda: layers.Conv1DTranspose(2, 3, name="l"), CAN + "Conv1DTranspose" + JOINS),
    (lambda: layers.MaxPooling1D(name="l"), CAN + "MaxPooling1D" + JOINS),
    (lambda: layers.GlobalAveragePooling1D(name="l"), CAN + "GlobalAveragePooling1D" + JOINS),
    (lambda: layers.GlobalMaxPooling1D(name="l"), CAN + "GlobalMaxPooling1D" + JOINS),
    (lambda: layers.Flatten(name="l"), CAN + "Flatten" + JOINS),
    (lambda: layers.Reshape((4, STEPS), name="l"), CAN + "Reshape" + JOINS),
    (lambda: layers.Permute((2, 1), name="l"), CAN + "Permute" + JOINS),
    (lambda: layers.Cropping1D(name="l"), CAN + "Cropping1D" + JOINS),
    (lambda: layers.UpSampling1D(name="l"), CAN + "UpSampling1D" + JOINS),
    (
        lambda: layers.ZeroPadding1D((1, 0), name="l"),
        CAN + "ZeroPadding1D: it adds steps; use a convolution with padding='causal' instead of zeros in front",
    ),
    (
        lambda: layers.GroupNormalization(2, name="l"),
        CAN + "GroupNormalization: it normalises over all steps; use LayerNormalization",
    ),
    (
        lambda: layers.UnitNormalization((1, 2), name="l"),
        CAN + "UnitNormalization: its axes have that of the steps among them",
    ),
    (lambda: layers.Softmax(axis=-2, name="l"), CAN + "Softmax: its axis is that of the steps"),
    (lambda: layers.PReLU(name="l"), CAN + "PReLU: it has slopes for each step; share them by shared_axes=[1]"),
    (
        lambda: layers.EinsumDense("abc,bd->adc", (5, 4), name="l"),
        CAN + "EinsumDense: its equation 'abc,bd->adc' does not leave axis 'b', the steps, alone",
    ),
    *((make, CAN + kind + MIXES) for kind, make in ACTIVATED.items()),
    (lambda: layers.LSTM(2, go_backwards=True, name="l"), "expected go_backwards=False in stream, got True"),
    (
        lambda: layers.TimeDistributed(Sequential([layers.RepeatVector(2), layers.GRU(2, stateful=True, name="l")])),
        "expected stateful=False in stream here, got True",
    ),
    (
        lambda: Sequential([layers.SimpleRNN(2), layers.RepeatVector(2), layers.GRU(2, stateful=True, name="l")]),
        "expected stateful=False in stream here, got True",
    ),
]


@pytest.mark.parametrize(("make", "message"), REFUSED, ids=[message[:60] for _, message in REFUSED])
def test_refused_by_name(make: Callable[[], Any], message: str) -> None:
    model = Sequential([Input((STEPS, 4)), make()])
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        model.stream()
    assert str(caught.value) == f"l: {message}"


def test_every_layer_of_the_library_says_whether_it_streams() -> None:
    for name in layers.__all__:
        cls = getattr(layers, name)
        if not isinstance(cls, type) or not issubclass(cls, layers.Layer):
            continue
        if cls not in (layers.Layer, layers.Wrapper) and not name.endswith("Cell") and "Cells" not in name:
            own = cls.stream_states is not layers.Layer.stream_states
            assert own or cls._streams, f"{name} has a call, and neither _streams nor stream_states"


def test_models_that_have_no_steps() -> None:
    with pytest.raises(RuntimeError, match="expected a built model in stream; call it on data, or give it an Input"):
        Sequential([layers.LSTM(2)]).stream()
    with pytest.raises(
        ValueError, match=r"expected a model of sequences \(batch, steps, ...\) in stream, got \(None, 4\)"
    ):
        built([layers.Dense(2)], Input((4,))).stream()
    with pytest.raises(ValueError, match=r"expected steps of a known shape in stream, got \(None, None, None, 3\)"):
        built([layers.TimeDistributed(layers.Dense(2))], Input((None, None, 3))).stream()
    with pytest.raises(ValueError, match="stream: expected a positive batch_size, got 0"):
        built([layers.LSTM(2)]).stream(0)


def test_a_wrong_step_leaves_the_sequence_where_it_was() -> None:
    model = built([layers.LSTM(3, return_sequences=True)], Input((None,)), layers.Embedding(6, 4))
    want = model.predict(IDS[:1])
    stepper = model.stream()
    for t in range(STEPS):
        with pytest.raises(IndexError, match="embedding"):
            stepper.step([6])
        with pytest.raises(ValueError, match=r"stream: expected x of shape \(1,\), got \(2,\)"):
            stepper.step([1, 2])
        with pytest.raises(TypeError, match="stream: expected x of ids, which are integers, got float64"):
            stepper.step([1.0])
        with pytest.raises(ValueError, match=r"stream: expected out \(1, 3\) of float32, got \(1, 4\) of float32"):
            stepper.step([1], out=np.zeros((1, 4), np.float32))
        with pytest.raises(TypeError, match="stream: expected out to be a writable array, got ndarray"):
            stepper.step([1], out=np.broadcast_to(np.float32(0), (1, 3)))
        np.testing.assert_array_equal(stepper.step(IDS[:1, t]), want[:, t])
    numbers = built([layers.LSTM(3)]).stream()
    with pytest.raises(TypeError, match="stream: expected x of numbers, got complex128"):
        numbers.step(np.zeros((1, 4), complex))


def test_threads() -> None:
    model = built(SEQUENCES["lstm"]())
    stepper = model.stream()
    refused: list[BaseException] = []

    def other(call: Callable[[], Any]) -> str:
        def run() -> None:
            try:
                call()
            except RuntimeError as error:
                refused.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        return str(refused.pop())

    with _Alone(stepper):
        assert other(lambda: stepper.step(X[:1, 0])) == (
            "stream: another thread is in this stepper; make one for each by stream()"
        )
    with model._guard.exclusive("fit"):
        assert other(lambda: stepper.step(X[:1, 0])) == "stream: the model is in fit or evaluate in another thread"
    want = model.predict(X)
    np.testing.assert_array_equal(stepper.step(X[:1, 0]), want[:1, 0])
    results: dict[int, np.ndarray] = {}

    def walk(row: int) -> None:
        own = model.stream()
        for _ in range(20):
            own.reset()
            results[row] = np.stack([own.step(X[row : row + 1, t]) for t in range(STEPS)], 1)

    threads = [threading.Thread(target=walk, args=(row,)) for row in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(np.concatenate([results[row] for row in range(3)]), want)
