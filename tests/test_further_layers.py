"""Adaptive pooling, spectrograms, GroupQueryAttention, ReversibleEmbedding, Pipeline, Wrapper and InputSpec.

Configurations, what is refused, and what tests/keras_cases.py does not show.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Input, Model, layers
from fastnn.layers.base.input_spec import check_specs


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).normal(size=shape).astype(np.float32)


MADE = [
    (lambda: layers.AdaptiveAveragePooling1D(3), (2, 7, 4)),
    (lambda: layers.AdaptiveMaxPooling2D((2, 3)), (2, 7, 5, 4)),
    (lambda: layers.AdaptiveAveragePooling3D((2, 3, 1)), (2, 4, 5, 6, 2)),
    (lambda: layers.STFTSpectrogram("psd", 8, 3, window=np.hanning(8), expand_dims=True), (2, 30, 2)),
    (lambda: layers.MelSpectrogram(32, 16, 20, window=None, num_mel_bins=4), (2, 100)),
    (lambda: layers.GroupQueryAttention(3, 4, 2, sliding_window=2, use_gate=True, seed=1), (2, 5, 4)),
    (lambda: layers.ReversibleEmbedding(7, 3, tie_weights=False, logit_soft_cap=2), (2, 5)),
    (lambda: layers.Pipeline([layers.Dense(3), layers.Activation("tanh")]), (2, 5)),
    (lambda: layers.TimeDistributed(layers.Dense(3)), (2, 5, 4)),
]


@pytest.mark.parametrize(("make", "shape"), MADE, ids=lambda value: str(value) if isinstance(value, tuple) else "")
def test_configurations_make_equal_layers(make: Callable[[], layers.Layer], shape: tuple[int, ...]) -> None:
    layer = make()
    x = np.abs(numbers(*shape)).astype(np.int32) if layer._takes_ids() else numbers(*shape)
    operands = (x, x) if isinstance(layer, layers.GroupQueryAttention) else (x,)
    y = layer(*operands)
    assert layer.compute_output_shape((None, *shape[1:])) == (None, *y.shape[1:])
    config = json.loads(json.dumps(layer.get_config()))
    again = layers.deserialize({"class_name": type(layer).__name__, "config": config})
    assert again.get_config() == layer.get_config()
    again(*operands)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(*operands).numpy(), y.numpy())


REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: layers.AdaptiveMaxPooling2D((1, 2, 3)), ValueError, "AdaptiveMaxPooling2D: expected output_size"),
    (lambda: layers.AdaptiveMaxPooling1D(0), ValueError, "AdaptiveMaxPooling1D: expected .* output_size"),
    (lambda: layers.AdaptiveMaxPooling1D(2, name="a")(numbers(2, 3)), ValueError, r"a: expected input \(batch, steps"),
    (lambda: layers.STFTSpectrogram("phase"), ValueError, "STFTSpectrogram: expected mode log, .*, got 'phase'"),
    (lambda: layers.STFTSpectrogram(frame_length=8, frame_step=9), ValueError, "frame_step from 1 to frame_length=8"),
    (lambda: layers.STFTSpectrogram(frame_length=8, fft_length=4), ValueError, "fft_length of at least frame_length=8"),
    (lambda: layers.STFTSpectrogram(window="kaiser"), ValueError, "expected window hann, hamming"),
    (lambda: layers.STFTSpectrogram(name="a")(numbers(2, 8, 1)), ValueError, "a: expected input .* at least 256 steps"),
    (lambda: layers.MelSpectrogram(window="kaiser"), ValueError, "MelSpectrogram: expected window hann, hamming"),
    (lambda: layers.MelSpectrogram(8, sequence_length=9), ValueError, "expected sequence_length up to fft_length=8"),
    (lambda: layers.MelSpectrogram(name="a")(numbers(2, 8)), ValueError, "a: expected input .* more than 1024 samples"),
    (lambda: layers.GroupQueryAttention(3, 4, 3), ValueError, "num_query_heads divisible by num_key_value_heads=3"),
    (lambda: layers.GroupQueryAttention(3, 4, 2, sliding_window=0), ValueError, "expected a positive sliding_window"),
    (lambda: layers.ReversibleEmbedding(3, 2, reverse_dtype="float16"), TypeError, "expected reverse_dtype float32"),
    (
        lambda: layers.ReversibleEmbedding(3, 2, name="a")(numbers(2, 3), reverse=True),
        ValueError,
        r"a: expected input \(\.\.\., 2\) with reverse, got \(2, 3\)",
    ),
    (lambda: layers.Pipeline([3]), ValueError, "Pipeline: expected layers, got 3"),
    (
        lambda: layers.Pipeline.from_config({"layers": None}),
        ValueError,
        "Pipeline: expected a configuration with a list",
    ),
    (lambda: layers.Wrapper(3), ValueError, "Wrapper: expected a layer, got 3"),
    (lambda: layers.InputSpec(axes={"a": 1}), TypeError, "InputSpec: expected axes to be a dictionary of integers"),
    (lambda: layers.InputSpec(ndim=2, axes={2: 1}), ValueError, "InputSpec: expected axes below 2, got 2"),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED, ids=[message[:50] for *_, message in REFUSED])
def test_what_is_refused(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_adaptive_pooling_looks_at_every_position() -> None:
    x = np.arange(10, dtype=np.float32).reshape(1, 10, 1)
    means = layers.AdaptiveAveragePooling1D(3)(x).numpy().ravel()
    np.testing.assert_allclose(means, [x[0, 0:4].mean(), x[0, 3:7].mean(), x[0, 6:10].mean()])
    assert layers.AdaptiveMaxPooling1D(3)(x).numpy().ravel().tolist() == [3, 6, 9]


def test_one_signal_has_the_spectrogram_that_it_has_in_a_batch() -> None:
    layer = layers.MelSpectrogram(32, 16, num_mel_bins=4, power_to_db=False)
    x = numbers(2, 100)
    np.testing.assert_allclose(layer(x[0]).numpy(), layer(x)[0].numpy(), rtol=1e-6)
    assert layer.compute_output_shape((100,)) == layer(x[0]).shape


def test_as_many_key_heads_as_query_heads_are_multi_head_attention() -> None:
    x = numbers(2, 5, 4)
    grouped, whole = layers.GroupQueryAttention(3, 2, 2), layers.MultiHeadAttention(2, 3)
    grouped(x, x), whole(x, x)
    whole.set_weights(grouped.get_weights())
    np.testing.assert_array_equal(grouped(x, x).numpy(), whole(x, x).numpy())


def test_an_embedding_and_its_reverse_share_a_table_in_a_model() -> None:
    table = layers.ReversibleEmbedding(9, 4)
    ids = Input((3,))
    model = Model(ids, layers.Softmax()(table(layers.Dense(4)(table(ids)), reverse=True)))
    model.compile("sgd", "sparse_categorical_crossentropy")
    x = np.array([[1, 2, 3], [4, 5, 8]])
    model.fit(x, x, epochs=2, verbose=0)
    assert model.output_shape == (None, 3, 9)
    assert [w.shape for w in model.weights] == [(9, 4), (4, 4), (4,)]
    states = Input((3, 4))
    assert Model(states, table(states, reverse=True)).predict(numbers(2, 3, 4)).shape == (2, 3, 9)


def test_a_layer_around_an_embedding_takes_integers() -> None:
    class TokenAndPosition(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.tokens, self.positions = layers.Embedding(9, 4), layers.Embedding(3, 4)

        def call(self, inputs: Any) -> Any:
            return self.tokens(inputs) + self.positions(np.arange(3))

    layer = TokenAndPosition()
    assert layer(np.array([[1, 2, 3]])).shape == (1, 3, 4)
    assert TokenAndPosition().compute_output_shape((None, 3)) == (None, 3, 4)
    x = Input((3,))
    model = Model(x, layers.Dense(1)(layers.Flatten()(TokenAndPosition()(x))))
    assert model(np.array([[1, 2, 3]])).shape == (1, 1)


def test_a_pipeline_hands_on_training_and_masks() -> None:
    pipeline = layers.Pipeline([layers.Embedding(5, 4, mask_zero=True), layers.Dropout(0.5), layers.LSTM(2)])
    x = np.array([[1, 2, 0]])
    alone = pipeline.layers[2](pipeline.layers[0](x))
    np.testing.assert_array_equal(pipeline(x, training=False).numpy(), alone.numpy())
    assert not np.array_equal(pipeline(x).numpy(), alone.numpy())  # as in Keras, it trains unless told not to


def test_wrapper_is_a_base() -> None:
    class Twice(layers.Wrapper):
        def call(self, inputs: Any) -> Any:
            return self.layer(self.layer(inputs))

    layer = Twice(layers.Dense(3), name="twice")
    y = layer(numbers(2, 3))
    again = Twice.from_config(layer.get_config())
    again(numbers(2, 3))
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(numbers(2, 3)).numpy(), y.numpy())


SPECS = [
    (layers.InputSpec(ndim=3), "expected input of 3 axes, got"),
    (layers.InputSpec(min_ndim=3), "expected input of at least 3 axes, got"),
    (layers.InputSpec(max_ndim=1), "expected input of at most 1 axes, got"),
    (layers.InputSpec(dtype="int32"), "expected input of dtype int32, got"),
    (layers.InputSpec(axes={-1: 5}), "expected input with 5 along axis -1, got"),
    (layers.InputSpec(shape=(None, 5)), r"expected input \(None, 5\), got"),
    ([layers.InputSpec(), layers.InputSpec()], "expected 2 inputs, got 1"),
]


@pytest.mark.parametrize(("spec", "message"), SPECS, ids=[message for _, message in SPECS])
def test_input_specs_of_own_layers(spec: Any, message: str) -> None:
    class Own(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="own")
            self.input_spec = spec

        def call(self, inputs: Any) -> Any:
            return inputs

    with pytest.raises(ValueError, match=f"own: {message}"):
        Own()(numbers(2, 4))


def test_input_specs_that_fit() -> None:
    spec = layers.InputSpec(shape=(None, 4, 1), allow_last_axis_squeeze=True)
    assert spec.wrong((2, 4), "float32") == spec.wrong((2, 4, 1), "float32") == ""
    assert spec.wrong((2, 5), "float32") == "(None, 4, 1)"
    assert repr(spec) == "InputSpec(shape=(None, 4, 1), ndim=3)"
    assert layers.InputSpec.from_config(spec.get_config()).get_config() == spec.get_config()
    named = [layers.InputSpec(name="b", ndim=2), layers.InputSpec(name="a", ndim=3, optional=True)]
    dense = layers.Dense(2)
    dense.input_spec = layers.InputSpec(min_ndim=2)
    assert dense(numbers(2, 4)).shape == (2, 2)
    check_specs("x", named, {"b": fastnn.Tensor(numbers(2, 4))})
