"""Every layer of tests/keras_cases.py against Keras 3 on TensorFlow.

Compared are weights, results, masks, gradients, output shapes, and the weights of a model after five steps of training.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from keras_cases import CASES, LayerCase

import fastnn
from fastnn import layers
from fastnn.tensor import Tensor

pytestmark = pytest.mark.keras

every_case = pytest.mark.parametrize("case", CASES, ids=str)
# float32 rounding in sums of a few dozen terms, taken in another order
TOLERANCE = {"rtol": 2e-5, "atol": 2e-6}


def call_arguments(case: LayerCase, tensors: list[Any], wrap: Any, library: Any) -> tuple[list[Any], dict[str, Any]]:
    """What the case's layer is called with."""
    if case.steps is not None:
        tensors = [library.layers.Masking()(tensor) for tensor in tensors]
    first = tensors if isinstance(case.shape, list) else tensors[0]
    return [first] * case.times, {name: wrapped(value, wrap) for name, value in case.call.items()}


def wrapped(value: Any, wrap: Any) -> Any:
    if isinstance(value, list):
        return [wrap(item) for item in value]
    return wrap(value) if isinstance(value, np.ndarray) else value


def both_layers(case: LayerCase, keras: Any) -> tuple[Any, Any]:
    """Keras's layer and ours, with the same weights, none of them zero."""
    theirs, ours = case.make(keras.layers), case.make(layers)
    first, options = call_arguments(case, case.inputs(), keras.ops.convert_to_tensor, keras)
    theirs(*first, **options)
    first, options = call_arguments(case, case.inputs(), lambda value: value, fastnn)
    ours(*first, **options)
    rng = np.random.default_rng(11)
    values = [np.array(weight) for weight in theirs.get_weights()]
    values = [np.abs(value + 0.3 * rng.standard_normal(value.shape)).astype(np.float32) for value in values]
    signs = [rng.choice([-1.0, 1.0], value.shape).astype(np.float32) for value in values]
    names = [weight.name for weight in theirs.weights]
    values = [v if "variance" in name else v * s for v, s, name in zip(values, signs, names, strict=True)]
    theirs.set_weights(values)
    ours.set_weights(values)
    return theirs, ours


def flat(result: Any) -> list[Any]:
    return [part for item in result for part in flat(item)] if isinstance(result, list | tuple) else [result]


def counts(case: LayerCase, result: Any) -> Any:
    """What a result of Keras's is compared at: 1, or an array of zeros and ones."""
    return np.asarray(result._keras_mask, np.float32)[..., None] if case.counted else np.float32(1)


@pytest.mark.filterwarnings("ignore:.*mask")  # that a layer drops
@every_case
def test_weights_have_keras_names_order_and_shapes(case: LayerCase, keras: Any) -> None:
    theirs, ours = both_layers(case, keras)
    assert [w.name for w in theirs.weights] == [w.name for w in ours.weights]
    numbers = re.compile(r"_\d+(?=/|$)")  # of automatic names
    assert [numbers.sub("", w.path) for w in theirs.weights] == [numbers.sub("", w.path) for w in ours.weights]
    if theirs.path is not None:  # as in some layers without weights
        assert numbers.sub("", theirs.path) == numbers.sub("", ours.path)
    assert [tuple(w.shape) for w in theirs.weights] == [w.shape for w in ours.weights]
    assert len(theirs.trainable_weights) == len(ours.trainable_weights)


@pytest.mark.filterwarnings("ignore:.*mask")  # that a layer drops
@every_case
@pytest.mark.parametrize("training", [False, True])
def test_result_and_gradients(case: LayerCase, training: bool, keras: Any, tensorflow: Any) -> None:
    training = training and case.training
    theirs, ours = both_layers(case, keras)
    arrays = case.inputs()
    variables = [tensorflow.Variable(array) if array.dtype == np.float32 else array for array in arrays]
    with tensorflow.GradientTape() as tape:
        watched = [tensorflow.convert_to_tensor(v) if v.dtype == np.int32 else v.value() for v in variables]
        first, options = call_arguments(case, watched, tensorflow.convert_to_tensor, keras)
        expected = flat(theirs(*first, training=training, **options))
        seeds = [np.random.default_rng(5).standard_normal(part.shape).astype(np.float32) for part in expected]
        seeds = [seed * counts(case, part) for seed, part in zip(seeds, expected, strict=True)]
        total = sum(tensorflow.reduce_sum(part * seed) for part, seed in zip(expected, seeds, strict=True))
    sources = [v for v in variables if not isinstance(v, np.ndarray)] + [w.value for w in theirs.trainable_weights]
    gradients = tape.gradient(total, sources, unconnected_gradients="zero")

    tensors = [Tensor(array, requires_grad=array.dtype == np.float32) for array in arrays]
    first, options = call_arguments(case, tensors, Tensor, fastnn)
    got = flat(ours(*first, training=training, **options))
    assert [part.shape for part in got] == [tuple(part.shape) for part in expected]
    for mine, other in zip(got, expected, strict=True):
        where = counts(case, other)
        np.testing.assert_allclose(mine.numpy() * where, np.asarray(other) * where, **TOLERANCE)
        mask = getattr(other, "_keras_mask", None)
        assert (mine._mask is None) == (mask is None)
        if mask is not None:
            np.testing.assert_array_equal(mine._mask.numpy(), np.asarray(mask))
    ours_sources = [t for t in tensors if t.requires_grad] + ours.trainable_weights
    ours_total = sum(((part * Tensor(seed)).sum() for part, seed in zip(got, seeds, strict=True)), start=Tensor(0.0))
    if ours_total.requires_grad:
        ours_total.backward()
    for source, other in zip(ours_sources, gradients, strict=True):
        dense = np.asarray(tensorflow.convert_to_tensor(other))
        mine = np.zeros(source.shape, np.float32) if source.grad is None else source.grad.numpy()
        scale = max(1.0, float(np.abs(dense).max(initial=0.0)))
        np.testing.assert_allclose(mine, dense, rtol=1e-4, atol=1e-5 * scale, err_msg=str(source.name))
    # moving statistics and the like
    for mine, other in zip(ours.non_trainable_weights, theirs.non_trainable_variables, strict=False):
        if mine.name is not None and "seed" not in str(other.name):
            np.testing.assert_allclose(mine.numpy(), np.asarray(other), **TOLERANCE)


def without_chance(case: LayerCase, library: Any) -> Any:
    """The case's layer; within one that calls it as in inference where its training draws random numbers."""
    inner = case.make(library.layers)
    if case.training:
        return inner

    class Quiet(library.layers.Layer):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.inner = inner

        def call(self, inputs: Any) -> Any:
            return self.inner(inputs, training=False)

    return Quiet()


def model_of(case: LayerCase, library: Any) -> tuple[Any, list[np.ndarray]]:
    """A model of the case's layer behind a Dense for each of its inputs of numbers, and its data: the inputs, and the
    arrays among the other arguments of the call."""
    data: list[np.ndarray] = []
    inputs: list[Any] = []

    def given(array: np.ndarray) -> Any:
        data.append(array)
        inputs.append(library.Input(array.shape[1:], dtype=array.dtype.name))
        return inputs[-1]

    tensors = [given(array) for array in case.inputs()]
    if not case.ids:
        tensors = [library.layers.Dense(x.shape[-1], use_bias=False)(x) for x in tensors]
    first, options = call_arguments(case, tensors, given, library)
    outputs = flat(without_chance(case, library)(*first, **options))
    model = library.Model(inputs, outputs if len(outputs) > 1 else outputs[0])
    losses = ["mse"] * len(outputs) if len(outputs) > 1 else "mse"
    eager = {"run_eagerly": True} if library is not fastnn else {}  # tracing takes it longer than five steps do
    model.compile(library.optimizers.SGD(0.02, momentum=0.9), loss=losses, **eager)
    return model, data


@pytest.mark.filterwarnings("ignore")  # of masks that a layer drops, and of Keras under NumPy
@pytest.mark.parametrize("case", [case for case in CASES if case.loss], ids=str)
def test_weights_after_five_steps(case: LayerCase, keras: Any, rng: np.random.Generator) -> None:
    """As a step program; moving statistics are among the weights."""
    theirs, data = model_of(case, keras)
    ours, _ = model_of(case, fastnn)
    start = [values + 0.2 * rng.standard_normal(values.shape) for values in theirs.get_weights()]
    start = [np.abs(v) if "variance" in w.path else v for v, w in zip(start, theirs.weights, strict=True)]
    theirs.set_weights(start)
    ours.set_weights(start)
    arrays = data if len(data) > 1 else data[0]
    y = [rng.standard_normal(part.shape).astype(np.float32) for part in flat(ours(arrays))]
    targets = y if len(y) > 1 else y[0]
    losses = [[np.ravel(m.train_on_batch(arrays, targets))[0] for _ in range(5)] for m in (theirs, ours)]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)
    assert not ours._train_step.eager_reasons()
    trained = zip(ours.get_weights(), theirs.get_weights(), theirs.weights, strict=True)
    for mine, other, weight in trained:
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5, err_msg=weight.path)


# Keras's cells don't tell
@pytest.mark.parametrize("case", [c for c in CASES if not (c.name.endswith("Cell") and "states" in c.call)], ids=str)
def test_output_shape(case: LayerCase, keras: Any) -> None:
    theirs, ours = case.make(keras.layers), case.make(layers)
    shapes = case.shape if isinstance(case.shape, list) else [case.shape]
    opened = [(None, *shape[1:]) for shape in shapes]
    argument = opened if isinstance(case.shape, list) else opened[0]
    if case.times > 1:  # asked of a layer that has seen its inputs
        theirs, ours = both_layers(case, keras)
    try:
        expected = flat_shapes(theirs.compute_output_shape(*[argument] * case.times))
    except NotImplementedError:  # Keras asks only `call`
        data = keras.Input(argument[1:], dtype="int32" if case.ids else None)
        expected = flat_shapes(theirs(data).shape)
    got = flat_shapes(ours.compute_output_shape(*[argument] * case.times))
    assert [len(shape) for shape in got] == [len(shape) for shape in expected]
    for mine, other in zip(got, expected, strict=True):
        # where Keras leaves a size open but the batch's, ours may know it
        known = [size if other[axis] is not None or axis == 0 else None for axis, size in enumerate(mine)]
        assert known == list(other)


def flat_shapes(shape: Any) -> list[tuple[int | None, ...]]:
    """One shape, or several however nested, as a list of tuples."""
    if any(isinstance(part, list | tuple) for part in shape):
        return [one for part in shape for one in flat_shapes(part)]
    return [tuple(shape)]
