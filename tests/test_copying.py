"""copy and pickle of models, layers and optimizers: equal, of their own, and training on to the same bits."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Input, Model, Sequential, layers, losses, metrics, optimizers

X = np.random.default_rng(1).standard_normal((12, 4)).astype(np.float32)
Y = X[:, :1] * 2


def pickled(item: Any) -> Any:
    return pickle.loads(pickle.dumps(item))


WAYS = [pickled, copy.deepcopy, copy.copy]


class Bare(Model):
    """Without arguments and get_config, with an unusual weight."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = layers.Dense(5, activation="tanh")
        self.drop = layers.Dropout(0.5)
        self.out = layers.Dense(1)

    def call(self, inputs: Any, training: bool = False) -> Any:
        return self.out(self.drop(self.hidden(inputs), training=training))


class Scale(layers.Layer):
    """A layer with an argument and a weight of float64."""

    def __init__(self, factor: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight((input_shape[-1],), "ones", name="scale")
        self.counts = self.add_weight((2,), "ones", dtype="float64", trainable=False, name="counts")

    def call(self, inputs: Any) -> Any:
        return inputs * self.scale * self.factor

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


class Lost(layers.Layer):
    """A layer whose configuration lacks its argument."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor


def sequential() -> Model:
    return Sequential(
        [
            Input((4,)),
            layers.Dense(6, activation="relu"),
            layers.BatchNormalization(),
            Scale(0.5),
            layers.Dropout(0.3),
            layers.Dense(1),
        ]
    )


def functional() -> Model:
    x = Input((4,), name="x")
    shared = layers.Dense(4, name="shared")
    inner = Sequential([Input((4,)), layers.Dense(3), layers.Dropout(0.2)], name="inner")
    return Model(x, layers.Dense(1)(inner(shared(shared(x)) + x)))


def same_bits(a: Any, b: Any) -> None:
    assert [w.dtype for w in a.weights] == [w.dtype for w in b.weights]
    for mine, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("make", [sequential, functional, Bare])
def test_a_copied_model_trains_on_to_the_same_bits(make: Callable[[], Model], way: Any) -> None:
    model = make()
    model.compile(optimizers.Adam(0.01, use_ema=True), "mse", metrics=["mae"])
    model.fit(X, Y, batch_size=4, epochs=2, verbose=0)
    copied = way(model)
    assert (type(copied), copied.name) == (type(model), model.name)
    assert [layer.name for layer in copied.layers] == [layer.name for layer in model.layers]
    assert not {id(w) for w in copied.weights} & {id(w) for w in model.weights}
    assert copied.optimizer is not model.optimizer
    assert copied.optimizer.iterations == model.optimizer.iterations
    same_bits(copied, model)
    np.testing.assert_array_equal(copied.predict(X), model.predict(X))
    before = model.get_weights()
    for one in (copied, model):
        one.fit(X, Y, batch_size=4, epochs=2, verbose=0)
    same_bits(copied, model)
    assert (copied.get_weights()[0] != before[0]).any()
    for mine, other in zip(copied.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(mine.numpy(), other.numpy())


@pytest.mark.parametrize("way", WAYS)
def test_models_that_are_not_built_or_compiled(way: Any) -> None:
    unbuilt = way(Sequential([layers.Dense(2, name="d")], name="s"))
    assert (unbuilt.name, unbuilt.built, unbuilt.optimizer) == ("s", False, None)
    assert unbuilt(X).shape == (12, 2)
    model = sequential()
    model.layers[0].trainable = False
    copied = way(model)
    assert copied.optimizer is None
    assert [w.name for w in copied.trainable_weights] == [w.name for w in model.trainable_weights]
    assert [w.requires_grad for w in copied.weights] == [w.requires_grad for w in model.weights]
    inner = functional().get_layer("inner")
    np.testing.assert_array_equal(way(inner)(X).numpy(), inner(X).numpy())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "layer",
    [
        lambda: layers.Dense(3, kernel_regularizer="l2", name="d"),
        lambda: Scale(2.0),
        lambda: layers.Bidirectional(layers.LSTM(2)),
        lambda: layers.MultiHeadAttention(2, 3),
        lambda: layers.LSTM(2, stateful=True),
    ],
)
def test_copied_layers(layer: Any, way: Any) -> None:
    made = layer()
    assert way(made).get_config() == made.get_config()
    x = np.ones((2, 3, 4), np.float32)
    others = (np.ones((2, 5, 6), np.float32),) if isinstance(made, layers.MultiHeadAttention) else ()
    made(x, *others)
    copied = way(made)
    assert (type(copied), copied.get_config()) == (type(made), made.get_config())
    same_bits(copied, made)
    np.testing.assert_array_equal(copied(x, *others).numpy(), made(x, *others).numpy())
    copied.weights[0].assign(np.zeros(copied.weights[0].shape, np.float32))
    assert (made.weights[0].numpy() != 0).any()


@pytest.mark.parametrize("way", WAYS)
def test_copied_optimizers_go_on_with_the_next_variables(way: Any) -> None:
    def step(optimizer: Any, variables: Any) -> None:
        loss = sum(((w * w).sum() for w in variables), start=fastnn.constant(0.0))
        optimizer.minimize(loss, variables)

    rate = optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
    optimizer = optimizers.AdamW(rate, weight_decay=0.1)
    variables = [fastnn.Tensor(X[:2], requires_grad=True), fastnn.Tensor(X[:3], requires_grad=True)]
    optimizer.exclude_from_weight_decay(var_list=variables[1:])
    with pytest.raises(TypeError, match="adamw: can't be copied: expected build before"):
        way(optimizer)
    for _ in range(3):
        step(optimizer, variables)
    copied = way(way(optimizer))
    assert (copied.iterations, copied.learning_rate) == (3, optimizer.learning_rate)
    assert copied.get_config() == optimizer.get_config()
    others = [copy.deepcopy(w) for w in variables]
    for one, ws in ((optimizer, variables), (copied, others)):
        step(one, ws)
        step(one, ws)
    for mine, other in zip(others, variables, strict=True):
        np.testing.assert_array_equal(mine.numpy(), other.numpy())
    with pytest.raises(ValueError, match=r"adamw: expected the variables .* \(2, 4\), .* \(3, 4\), got .* \(7,\)"):
        way(optimizer).build([fastnn.Tensor(np.ones(7, np.float32))])


@pytest.mark.parametrize("way", WAYS)
def test_copies_of_several_optimizers(way: Any) -> None:
    def several() -> Any:
        owned = optimizers.OptimizerMap(optimizers.SGD(0.1, momentum=0.9), {".*/a/.*": optimizers.AdamW(0.01)})
        return optimizers.MultiOptimizer(owned)

    model = Sequential([Input((4,)), layers.Dense(3, name="a"), layers.Dense(1, name="b")])
    model.compile(several(), "mse")
    model.optimizer.exclude_from_weight_decay(model.layers[0].weights[1:])
    model.fit(X, Y, batch_size=4, verbose=0)
    copied = way(way(model))
    assert not {id(part) for part in model.optimizer.optimizers} & {id(part) for part in copied.optimizer.optimizers}
    model.optimizer.optimizers[0].learning_rate = 0.5
    assert copied.optimizer.optimizers[0].learning_rate == 0.01
    model.optimizer.optimizers[0].learning_rate = 0.01
    for one in (copied, model):
        one.fit(X, Y, batch_size=4, verbose=0)
    same_bits(copied, model)
    optimizer = way(way(model.optimizer))
    others = [copy.deepcopy(weight) for weight in model.trainable_weights]
    gradients = [weight * 2 for weight in others]
    optimizer.apply(gradients, others)
    model.optimizer.apply(gradients, model.trainable_weights)
    for mine, other in zip(others, model.trainable_weights, strict=True):
        np.testing.assert_array_equal(mine.numpy(), other.numpy())
    for mine, other in zip(optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(mine.numpy(), other.numpy())
    chosen = optimizers.MultiOptimizer(lambda variable: optimizers.SGD())
    with pytest.raises(TypeError, match="multioptimizer: can't be copied: expected an OptimizerMap"):
        way(chosen)


def test_losses_and_metrics_of_one_name_are_copied() -> None:
    model = sequential()
    model.compile("adam", losses.MeanSquaredError(), metrics=[metrics.MeanSquaredError()])
    for way in WAYS:
        assert way(model).get_compile_config() == model.get_compile_config()


def test_a_deepcopy_keeps_what_belongs_together() -> None:
    model = functional()
    model.compile("adam", "mse")
    again, layer, weight, optimizer = copy.deepcopy([model, model.layers[1], model.weights[0], model.optimizer])
    assert layer is again.layers[1]
    assert weight is again.weights[0]
    assert optimizer is again.optimizer


def test_copies_while_threads_predict() -> None:
    model = functional()
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    want = model.predict(X)
    done = threading.Event()
    wrong: list[Any] = []

    def predict() -> None:
        try:
            while not done.is_set():
                np.testing.assert_array_equal(model.predict(X), want)
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=predict) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        copies = [way(model) for way in WAYS]
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert not wrong
    for copied in copies:
        np.testing.assert_array_equal(copied.predict(X), want)


def test_copies_of_layers_that_have_learned_from_data() -> None:
    words = layers.StringLookup()
    words.adapt(["a", "b", "b"])
    scaled = layers.Normalization()
    scaled.adapt(X)
    text = layers.TextVectorization(output_mode="tf_idf", pad_to_max_tokens=False)
    text.adapt(["a b", "b c"])
    bins = layers.Discretization(num_bins=3)
    bins.adapt(X)
    for layer, data in ((words, np.array(["b", "c"])), (scaled, X), (text, np.array(["b c", "a"])), (bins, X)):
        for way in WAYS:
            np.testing.assert_array_equal(way(layer)(data).numpy(), layer(data).numpy())


def test_what_cannot_be_copied_says_what_to_do() -> None:
    doubled = Sequential([Input((4,)), layers.Lambda(lambda x: x * 2, name="double")], name="s")
    unknown = sequential()
    unknown.compile("adam", lambda y, p: y - p)
    two = sequential()
    two.compile("adam", "mse")
    two.other = optimizers.SGD()
    same = Sequential([type("Dense", (layers.Dense,), {})(2), layers.Dense(2)], name="same")
    for way in WAYS:
        with pytest.raises(TypeError, match=r"s: can't be copied: double: .* make it a subclass of Layer"):
            way(doubled)
        with pytest.raises(TypeError, match=r"can't be copied: loss: expected a function that has a name, .* by def"):
            way(unknown)
        with pytest.raises(TypeError, match=r"can't be copied: .*got other too; .*get_weights"):
            way(two)
        with pytest.raises(TypeError, match="can't be copied: expected Lost to define get_config"):
            way(Lost(2.0))
        with pytest.raises(TypeError, match=r"same: can't be copied: expected different names .* Dense"):
            way(same)
