"""How layers are called: several inputs and arguments, training, and masks that results carry, as in Keras."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Tensor, layers
from fastnn import functional as F


def array(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


class Scaled(layers.Layer):
    """Keeps what it was called with."""

    def call(self, inputs: Any, factor: Any = None, *, extra: Any = None, training: bool = False) -> Any:
        self.seen = {"inputs": inputs, "factor": factor, "extra": extra, "training": training}
        first = inputs[0] if isinstance(inputs, list | tuple) else inputs
        return first if factor is None else F.multiply(first, factor)


def test_arguments_behind_the_inputs_become_tensors() -> None:
    layer, x, factor = Scaled(), array(2, 3), array(2, 3, seed=1).astype(np.float64)
    y = layer(x, factor, extra=[np.arange(2), np.array([True])])
    np.testing.assert_array_equal(y.numpy(), x * factor.astype(np.float32))
    assert layer.seen["factor"].dtype == np.float32
    assert [t.dtype for t in layer.seen["extra"]] == [np.int64, np.bool_]
    assert layer.seen["training"] is False
    layer(x, training=True)
    assert layer.seen["training"] is True
    layer(x, factor=Tensor(factor.astype(np.float32)), extra="text")
    assert layer.seen["extra"] == "text"


def test_inputs_may_be_lists_tuples_and_dictionaries() -> None:
    layer, x = Scaled(), array(2, 3)
    layer([x, Tensor(x)])
    assert isinstance(layer.seen["inputs"], list)
    assert all(isinstance(item, Tensor) for item in layer.seen["inputs"])
    layer((x, x))
    assert isinstance(layer.seen["inputs"], tuple)
    layer([[1.0, 2.0], [3.0, 4.0]])
    assert layer.seen["inputs"].shape == (2, 2)
    assert set(TwoNamed()({"a": x, "b": x}).shape) == {2, 3}


class TwoNamed(layers.Layer):
    def call(self, inputs: dict[str, Tensor]) -> Tensor:
        return F.add(inputs["a"], inputs["b"])


def test_a_layer_of_one_input_refuses_two() -> None:
    layer = layers.Dense(3, name="d")
    with pytest.raises(ValueError, match=r"^d: expected one input, got 2$"):
        layer([array(2, 3), array(2, 3)])
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        layer(array(2, 3), something=1)


class Attending(layers.Layer):
    """Weights by the shapes of two arguments."""

    def build(self, input_shape: Any, value_shape: Any = None) -> None:
        self.shapes = input_shape, value_shape

    def call(self, query: Tensor, value: Tensor, query_mask: Any = None, value_mask: Any = None) -> Tensor:
        self.masks = query_mask, value_mask
        return query


def test_build_gets_the_shapes_of_arguments_that_it_names() -> None:
    layer = Attending()
    layer(array(2, 3), array(2, 5, 4))
    assert layer.shapes == ((None, 3), (None, 5, 4))


X = np.array([[[1, 2], [0, 0], [3, 0]], [[0, 0], [0, 1], [0, 0]]], np.float32)
COUNTS = np.array([[True, False, True], [False, True, False]])


class MaskedMean(layers.Layer):
    """The mean over the steps that count."""

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None:
            return F.mean(inputs, axis=1)
        weights = F.where(F.reshape(mask, (-1, mask.shape[1], 1)), F.fill(inputs[:, :, :1], 1.0), 0.0)
        return F.divide(F.sum(F.multiply(inputs, weights), axis=1), F.sum(weights, axis=1))

    def compute_mask(self, inputs: Tensor, previous_mask: Any) -> None:
        return None


def test_masking_makes_a_mask_that_layers_hand_on() -> None:
    x = layers.Masking()(X)
    np.testing.assert_array_equal(x._mask.numpy(), COUNTS)
    np.testing.assert_array_equal(x.numpy(), X)
    marked = layers.Masking(mask_value=7.0)(np.where(COUNTS[..., None], X, 7).astype(np.float32))
    np.testing.assert_array_equal(marked.numpy(), X)
    handing_on = [
        layers.Dense(4),
        layers.Activation("tanh"),
        layers.Dropout(0.5),
        layers.ReLU(),
        layers.Softmax(),
        layers.LayerNormalization(),
        layers.BatchNormalization(),
        fastnn.Sequential([layers.Dense(2), layers.ReLU()]),
    ]
    for layer in handing_on:
        np.testing.assert_array_equal(layer(x)._mask.numpy(), COUNTS)
    assert layers.Dense(4)(X)._mask is None


def test_masks_reach_the_arguments_that_want_them() -> None:
    masked, layer = layers.Masking()(X), Attending()
    layer(masked, X)
    assert layer.masks == (masked._mask, None)
    layer(X, value=masked)
    assert layer.masks == (None, masked._mask)
    own = Tensor(COUNTS)
    layer(masked, masked, query_mask=own)
    assert layer.masks == (own, masked._mask)
    mean = MaskedMean()
    expected = (X * COUNTS[..., None]).sum(1) / COUNTS.sum(1)[:, None]
    for result in (mean(masked), mean(X, mask=COUNTS), fastnn.Sequential([layers.ReLU(), mean])(X, mask=COUNTS)):
        np.testing.assert_allclose(result.numpy(), expected, rtol=1e-6)
        assert result._mask is None
    np.testing.assert_allclose(mean(X).numpy(), X.mean(1), rtol=1e-6)


def test_a_layer_without_masks_says_that_it_drops_one() -> None:
    with pytest.warns(UserWarning, match=r"^flat: the inputs carry a mask, which the layer does not support"):
        assert layers.Flatten(name="flat")(layers.Masking()(X))._mask is None


def test_masks_work_in_programs() -> None:
    rng = np.random.default_rng(3)
    counts = rng.random((24, 5)) < 0.6
    counts[:, 0] = True
    x = (rng.standard_normal((24, 5, 3)) * counts[..., None]).astype(np.float32)
    y = rng.standard_normal((24, 2)).astype(np.float32)
    model = fastnn.Sequential([layers.Masking(), layers.Dense(4, activation="tanh"), MaskedMean(), layers.Dense(2)])
    model.compile("adam", "mse")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = model.fit(x, y, batch_size=8, epochs=4, verbose=0)
        predicted = model.predict(x, batch_size=8)
        predicted = model.predict(x, batch_size=8)
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert model._train_step.info()[0]["replays"] > 0
    np.testing.assert_array_equal(predicted, model(x).numpy())
    again = fastnn.Sequential.from_config(model.get_config(), {"MaskedMean": MaskedMean})
    assert isinstance(again.layers[0], layers.Masking)


def test_orthogonal_matrices() -> None:
    for shape in ((4, 4), (3, 12), (12, 3), (2, 3, 4)):
        w = fastnn.initializers.Orthogonal(gain=2.0, seed=1)(shape, np.float64).reshape(-1, shape[-1])
        product = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
        np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-12)
    with pytest.raises(ValueError, match=r"Orthogonal: expected a shape of at least two axes, got \(3,\)"):
        fastnn.initializers.Orthogonal()((3,))


def test_a_mask_that_is_given_is_handed_on_and_may_be_an_input() -> None:
    mask = np.array([[True, True, False], [True, False, False]])
    x = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    layer = layers.LSTM(4, return_sequences=True)
    np.testing.assert_array_equal(layer(x, mask=mask)._mask.numpy(), mask)
    inputs, steps = fastnn.Input((3, 2)), fastnn.Input((3,), dtype="bool")
    model = fastnn.Model([inputs, steps], layer(inputs, mask=steps))
    np.testing.assert_array_equal(model.predict([x, mask], verbose=0), layer(x, mask=mask).numpy())
    assert type(model).from_config(model.get_config()).inputs[1].dtype == np.bool_
