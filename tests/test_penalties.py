"""Regularizers, constraints and add_loss: programs and eager code alike, configurations, files, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tolerances import assert_same_bits

import fastnn
from fastnn import Tensor, constraints, layers, losses, optimizers, regularizers
from fastnn import functional as F


def network() -> fastnn.Sequential:
    return fastnn.Sequential(
        [
            fastnn.Input((3,)),
            layers.Dense(4, "tanh", kernel_regularizer="l2", activity_regularizer=regularizers.L1(0.1)),
            layers.Dense(2, kernel_constraint=constraints.MaxNorm(0.5), bias_regularizer=regularizers.L1L2(0.1, 0.2)),
        ]
    )


@pytest.mark.parametrize("optimizer", [optimizers.Adam(0.05), optimizers.SGD(0.1, clipnorm=1.0)], ids=lambda o: o.name)
def test_a_program_takes_the_steps_of_eager_code(optimizer: optimizers.Optimizer, rng: np.random.Generator) -> None:
    x = rng.standard_normal((20, 3)).astype(np.float32)
    y = rng.standard_normal((20, 2)).astype(np.float32)
    fitted, stepped = network(), network()
    stepped.set_weights(fitted.get_weights())
    fitted.compile(type(optimizer).from_config(optimizer.get_config()), "mse")
    history = fitted.fit(x, y, batch_size=8, epochs=4, shuffle=False, verbose=0).history["loss"]
    assert not fitted._train_step.eager_reasons()
    by_hand = type(optimizer).from_config(optimizer.get_config())
    for epoch in range(4):
        seen = 0.0
        for part in (slice(0, 8), slice(8, 16), slice(16, 20)):
            loss = losses.mean_squared_error(y[part], stepped(x[part], training=True)).mean()
            for penalty in stepped.losses:
                loss = loss + penalty
            by_hand.minimize(loss, stepped.trainable_weights)
            seen += loss.item() * len(x[part])
        assert history[epoch] == pytest.approx(seen / 20, rel=1e-5)
    for got, want in zip(fitted.get_weights(), stepped.get_weights(), strict=True):
        np.testing.assert_array_equal(got, want)
    assert np.all(np.linalg.norm(fitted.get_weights()[2], axis=0) <= 0.5)


def test_add_loss_in_a_layer_of_your_own(rng: np.random.Generator) -> None:
    class Entropy(layers.Layer):
        def call(self, inputs: Tensor, training: bool = False) -> Tensor:
            if training:
                self.add_loss(F.mean(inputs * inputs) * 0.5)
            return inputs

    model = fastnn.Sequential([fastnn.Input((3,)), layers.Dense(2), Entropy(), Entropy()])
    x = rng.standard_normal((6, 3)).astype(np.float32)
    y = rng.standard_normal((6, 2)).astype(np.float32)
    prediction = model(x, training=True)
    assert len(model.losses) == 2
    want = 0.5 * (prediction.numpy() ** 2).mean()
    assert [loss.item() for loss in model.losses] == pytest.approx([want, want])
    model(x)
    assert model.losses == []
    model.compile(optimizers.SGD(0.0), "mse")
    plain = model.evaluate(x, y, verbose=0)
    history = model.fit(x, y, verbose=0, epochs=3).history["loss"]
    assert history == pytest.approx([plain + 2 * want] * 3, rel=1e-5)  # type: ignore[operator]
    with pytest.raises(ValueError, match="add_loss: expected a Tensor computed inside call, got 3"):
        model.layers[0].add_loss(3)


def other_constraint(layer: Any) -> None:
    layer.kernel.constraint = constraints.MaxNorm(0.1)


def other_bound(layer: Any) -> None:
    layer.kernel.constraint.max_value = 0.1


def other_regularizer(layer: Any) -> None:
    layer.bias.regularizer = None


def other_strength(layer: Any) -> None:
    layer.bias.regularizer.l2 = 0.5


def other_activity(layer: Any) -> None:
    layer.activity_regularizer.l1 = 0.5


@pytest.mark.parametrize("compiled", [False, True], ids=["fit", "compile"])
@pytest.mark.parametrize("change", [other_constraint, other_bound, other_regularizer, other_strength, other_activity])
def test_programs_follow_penalties_that_change(change: Any, compiled: bool, rng: np.random.Generator) -> None:
    """Programs made before the change must not go on with what they recorded."""
    x = rng.standard_normal((16, 3)).astype(np.float32)
    y = rng.standard_normal((16, 2)).astype(np.float32)
    weights = [weight + 0.5 for weight in network().get_weights()]  # biases of zero have no penalty

    def trained(steps_before: int) -> list[np.ndarray]:
        model = network()
        last = model.layers[-1]
        last.activity_regularizer = regularizers.L1(0.1)
        optimizer = optimizers.SGD(0.1)
        model.compile(optimizer, "mse")

        def step(a: Tensor, b: Tensor) -> Tensor:
            loss = losses.mean_squared_error(b, model(a, training=True)).mean()
            for penalty in model.losses:
                loss = loss + penalty
            loss.backward()
            variables = model.trainable_weights
            optimizer.apply([variable.grad for variable in variables], variables)
            for variable in variables:
                variable.grad = None
            return loss

        run = (
            fastnn.compile(step) if compiled else lambda a, b: model.fit(a, b, batch_size=16, shuffle=False, verbose=0)
        )
        for _ in range(steps_before):
            run(x, y)
        model.set_weights(weights)
        change(last)
        run(x, y)
        return model.get_weights()

    for got, want in zip(trained(4), trained(0), strict=True):
        assert_same_bits(got, want, change.__name__)


def test_weights_know_their_penalties() -> None:
    class Scale(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight(
                (input_shape[-1],), "ones", regularizer=regularizers.L2(0.5), constraint="non_neg", name="scale"
            )

        def call(self, inputs: Tensor) -> Tensor:
            return inputs * self.scale

    layer = Scale()
    layer(np.ones((2, 4), np.float32))
    assert [loss.item() for loss in layer.losses] == [2.0]
    optimizers.SGD(2.0).apply([Tensor(np.ones(4, np.float32))], layer.trainable_weights)
    np.testing.assert_array_equal(layer.scale.numpy(), 0)
    layer.trainable = False
    assert layer.losses == []
    own = layers.Dense(3, kernel_regularizer=lambda w: F.sum(w) * 0.0 + 7.0)
    own(np.ones((1, 2), np.float32))
    assert [loss.item() for loss in own.losses] == [7.0]
    with pytest.raises(ValueError, match="regularizer: expected a function that has a name"):
        own.get_config()
    lstm = layers.LSTM(2, kernel_regularizer="l1", recurrent_constraint="unit_norm")
    assert isinstance(lstm.kernel_regularizer, regularizers.L1)
    assert set(lstm.get_config()) >= {"kernel_regularizer", "recurrent_constraint"}
    attention = layers.MultiHeadAttention(2, 3, kernel_regularizer="l2", bias_constraint="non_neg")
    x = np.ones((1, 3, 4), np.float32)
    attention(x, x)
    assert len(attention.losses) == 4


def test_files_hold_them(tmp_path: Path, rng: np.random.Generator) -> None:
    x = rng.standard_normal((6, 3)).astype(np.float32)
    y = rng.standard_normal((6, 2)).astype(np.float32)
    model = network()
    model.compile("adam", "mse")
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "m.safetensors")
    loaded = fastnn.models.load_model(tmp_path / "m.safetensors")
    for net in (model, loaded):
        net.fit(x, y, epochs=2, verbose=0)
    for got, want in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: layers.Dense(3, kernel_regularizor="l2"),
            TypeError,
            "unexpected keyword argument",
        ),
        (lambda: layers.ReLU(kernel_regularizer="l2"), TypeError, "unexpected keyword argument 'kernel_regularizer'"),
        (
            lambda: layers.Dense(3, kernel_regularizer="l3"),
            ValueError,
            "Dense: kernel_regularizer: unknown regularizer 'l3'",
        ),
        (lambda: layers.Dense(3, activity_regularizer=3), TypeError, "Dense: activity_regularizer: expected a name or"),
        (
            lambda: layers.LSTM(3, recurrent_activation="tan"),
            ValueError,
            "^LSTM: recurrent_activation: unknown activation",
        ),
        (
            lambda: layers.Dense(3, kernel_constraint="max"),
            ValueError,
            "Dense: kernel_constraint: unknown constraint 'max'",
        ),
        (lambda: regularizers.L2(-1), ValueError, "L2: expected l2 finite and not negative, got -1"),
        (lambda: regularizers.L1("a"), TypeError, "L1: expected l1 to be a number, got 'a'"),
        (
            lambda: regularizers.OrthogonalRegularizer(mode="x"),
            ValueError,
            "expected mode 'rows' or 'columns'",
        ),
        (
            lambda: regularizers.OrthogonalRegularizer()(Tensor(np.ones(3, np.float32))),
            ValueError,
            r"OrthogonalRegularizer: expected a matrix, got shape \(3,\)",
        ),
        (lambda: constraints.MinMaxNorm(2.0, 1.0), ValueError, "MinMaxNorm: expected min_value up to max_value"),
        (lambda: constraints.serialize(3), ValueError, "constraint: expected a function that has a name"),
    ],
)
def test_refused(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("make", [np.asarray, np.ndarray.tolist, lambda w: w.astype(np.float64)])
@pytest.mark.parametrize(
    "item",
    [
        *(regularizers.L1(0.1), regularizers.L2(0.1), regularizers.L1L2(0.1, 0.2)),
        *(regularizers.OrthogonalRegularizer(), regularizers.OrthogonalRegularizer(mode="columns")),
        *(constraints.MaxNorm(0.5), constraints.NonNeg(), constraints.UnitNorm(), constraints.MinMaxNorm(0.1, 0.5)),
    ],
    ids=lambda item: type(item).__name__,
)
def test_arrays_and_lists(item: Any, make: Any, rng: np.random.Generator) -> None:
    w = rng.standard_normal((4, 3)).astype(np.float32)
    np.testing.assert_allclose(item(make(w)).numpy(), item(Tensor(w)).numpy(), rtol=1e-6, atol=1e-7)


# ---- without a loss in compile ---------------------------------------------------------------------------------------


class AddsInTraining(layers.Layer):
    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if training:
            self.add_loss(F.mean(x**2))
        return x


def test_added_losses_alone_train_in_programs(rng: np.random.Generator) -> None:
    x = rng.standard_normal((20, 3)).astype(np.float32)
    alone, beside = network(), network()
    for model in (alone, beside):
        model.add(layers.ActivityRegularization(l2=0.1))
    beside.set_weights(alone.get_weights())
    alone.compile("sgd")
    beside.compile("sgd", lambda y_true, y_pred: F.sum(y_pred * 0.0))
    got = alone.fit(x, batch_size=8, epochs=4, shuffle=False, verbose=0).history
    want = beside.fit(x, np.zeros((20, 2)), batch_size=8, epochs=4, shuffle=False, verbose=0).history
    np.testing.assert_allclose(got["loss"], want["loss"], rtol=1e-6)
    assert alone.recorded
    assert alone.loss is None
    for mine, other in zip(alone.get_weights(), beside.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-6)
    alone.loss = "mse"
    both = alone.evaluate(x, np.zeros((20, 2)), verbose=0)
    alone.loss = None
    assert isinstance(both, float)
    assert alone.evaluate(x, verbose=0) < both  # type: ignore[operator]


def test_losses_that_only_training_adds(rng: np.random.Generator) -> None:
    x = rng.standard_normal((20, 3)).astype(np.float32)
    model = fastnn.Sequential([fastnn.Input((3,)), layers.Dense(4), AddsInTraining()])
    model.compile("sgd")
    first, *_, last = model.fit(x, epochs=5, verbose=0).history["loss"]
    assert last < first
    assert model.recorded
    with pytest.raises(ValueError, match="expected a loss in compile, or losses that layers add, got neither"):
        model.evaluate(x, verbose=0)


def test_a_loss_in_vain_leaves_the_model_as_it_was(rng: np.random.Generator) -> None:
    x = rng.standard_normal((20, 3)).astype(np.float32)
    begun: list[str] = []
    told = fastnn.callbacks.LambdaCallback(on_train_begin=lambda logs: begun.append("begun"))
    model = fastnn.Sequential([fastnn.Input((3,)), layers.Dense(4)])
    model.compile("sgd")
    with pytest.raises(ValueError, match=f"^{model.name}: expected a loss in compile, or losses that layers add, got"):
        model.fit(x, callbacks=[told])
    assert not begun
    with pytest.raises(ValueError, match=r"^fit: expected a sample_weight for each of 20 samples, got 3$"):
        model.fit(x, sample_weight=np.ones(3))
    with pytest.raises(ValueError, match=r"^fit: expected data, got x of shape \(0, 3\)$"):
        model.fit(x[:0])
