"""Losses, metrics, optimizers and helpers by themselves, outside of models."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Tensor, losses, metrics, optimizers


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optimizers.SGD(-1.0), "sgd: expected learning_rate finite and not negative, got -1.0"),
        (lambda: optimizers.Adam(float("nan")), "adam: expected learning_rate"),
        (lambda: optimizers.SGD(momentum=1.0), r"sgd: expected momentum in \[0, 1\), got 1.0"),
        (lambda: optimizers.Adam(beta_2=1.5), r"adam: expected beta_2 in \[0, 1\), got 1.5"),
        (lambda: optimizers.Adam(epsilon=-1e-7), "adam: expected epsilon finite and above 0"),
        (lambda: optimizers.Adam(epsilon=0), "adam: expected epsilon finite and above 0, got 0"),
        (lambda: setattr(optimizers.Adam(), "beta_1", float("nan")), r"adam: expected beta_1 in \[0, 1\), got nan"),
        (lambda: setattr(optimizers.SGD(), "learning_rate", 10**400), "sgd: expected learning_rate finite"),
        (
            lambda: optimizers.Adafactor(beta_2_decay=0.5),
            "adafactor: expected beta_2_decay finite and not above 0, got",
        ),
        (lambda: optimizers.Muon(muon_a=float("inf")), "muon: expected muon_a finite, got inf"),
        (lambda: optimizers.Muon(ns_steps=2.5), "muon: expected ns_steps to be an integer from 0, got 2.5"),
        (
            lambda: optimizers.ScheduleFreeAdamW(warmup_steps=-1),
            "expected warmup_steps to be an integer from 0, got -1",
        ),
        (lambda: optimizers.RMSprop(rho=1.0), r"rmsprop: expected rho in \[0, 1\), got 1.0"),
        (lambda: optimizers.SGD(weight_decay=-1.0), "sgd: expected weight_decay finite and not negative, got -1.0"),
        (lambda: optimizers.Lion(clipnorm=1.0, clipvalue=1.0), "lion: expected one of clipnorm, clipvalue and global"),
    ],
)
def test_hyper_parameters_that_make_no_sense(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("value", ["a", None, True])
def test_hyper_parameters_that_are_no_numbers(value: Any) -> None:
    optimizer = optimizers.Adam()
    for name in ("learning_rate", "beta_1", "epsilon"):
        with pytest.raises(TypeError, match=f"adam: expected {name} to be a number, got {value!r}"):
            setattr(optimizer, name, value)
    optimizer.learning_rate = np.float32(0.5)  # type: ignore[assignment]
    assert optimizer.learning_rate == 0.5
    with pytest.raises(TypeError, match="sgd: expected nesterov to be True or False, got 'a'"):
        optimizers.SGD(nesterov="a")  # type: ignore[arg-type]


def test_momentum_may_be_set_later() -> None:
    weight = Tensor(np.ones(3, np.float32), requires_grad=True, name="w")
    optimizer = optimizers.SGD(1.0)
    for momentum, want in ((0.0, 0.0), (0.5, -1.0), (0.5, -2.5)):
        optimizer.momentum = momentum
        optimizer.apply([Tensor(np.ones(3, np.float32))], [weight])
        np.testing.assert_array_equal(weight.numpy(), want)
    assert len(optimizer.variables) == 3
    optimizer.momentum = 0.0
    assert optimizer.variables == [3, 1.0]


def test_the_learning_rate_is_a_float_that_can_be_assigned() -> None:
    optimizer = optimizers.SGD(0.5)
    rate = optimizer.learning_rate
    assert isinstance(rate, float)
    assert (rate, rate * 2, f"{rate:.2f}", json.dumps({"rate": rate})) == (0.5, 1.0, "0.50", '{"rate": 0.5}')
    assert (rate.name, rate.shape, rate.dtype, rate.trainable) == ("learning_rate", (), np.float32, False)
    assert rate.assign(0.25) == 0.25
    assert optimizer.learning_rate == rate.numpy() == rate.value == 0.25
    assert (rate.assign_add(0.5), rate.assign_sub(0.25)) == (0.75, 0.5)
    for value in (np.float32(0.125), np.array(0.125), Tensor(0.125), optimizers.SGD(0.125).learning_rate):
        optimizer.learning_rate = 1.0
        rate.assign(value)
        assert optimizer.learning_rate == 0.125
    assert type(pickle.loads(pickle.dumps(rate))) is float
    with pytest.raises(ValueError, match=r"^sgd: expected learning_rate finite and not negative, got -1$"):
        rate.assign(-1)
    with pytest.raises(TypeError, match=r"^sgd: expected learning_rate to be a number, got array"):
        optimizer.learning_rate = np.ones(2)
    scheduled = optimizers.SGD(optimizers.schedules.ExponentialDecay(0.5, 1, 0.5))
    assert scheduled.learning_rate.numpy() == 0.5
    with pytest.raises(TypeError, match="the learning rate follows"):
        scheduled.learning_rate.assign(0.1)


def test_the_number_of_steps_is_an_int_that_can_be_assigned() -> None:
    weight = Tensor(np.ones(3, np.float32), requires_grad=True, name="w")
    optimizer = optimizers.Adam(0.1)
    optimizer.build([weight])
    fresh = [np.array(variable.numpy()) for variable in optimizer.variables]
    steps = optimizer.iterations
    for _ in range(2):
        for _ in range(3):
            optimizer.apply([Tensor(np.full(3, 0.5, np.float32))], [weight])
        assert isinstance(steps, int)
        assert (steps, steps.numpy(), int(optimizer.iterations), steps.dtype) == (0, 3, 3, np.int64)
        np.testing.assert_allclose(weight.numpy(), 0.7, rtol=1e-5)
        for variable, value in zip(optimizer.variables, fresh, strict=True):  # begins anew
            variable.assign(value)
        weight.assign(np.ones(3, np.float32))
    assert optimizer.iterations.assign(7) == optimizer.iterations == 7
    with pytest.raises(ValueError, match=r"^adam: expected iterations to be an integer from 0, got -1$"):
        steps.assign(-1)


def test_optimizers_check_their_gradients() -> None:
    weight = Tensor(np.ones(3, np.float32), requires_grad=True, name="w")
    optimizer = optimizers.SGD()
    with pytest.raises(ValueError, match="sgd: expected a gradient for some variable, got none"):
        optimizer.apply([None], [weight])
    with pytest.raises(ValueError, match=r"expected a gradient \(3,\) for w, got \(2,\)"):
        optimizer.apply([Tensor(np.ones(2, np.float32))], [weight])
    with pytest.raises(ValueError, match="expected 1 gradients, got 2"):
        optimizer.apply([None, None], [weight])
    assert optimizer.iterations == 0
    optimizer.apply_gradients([(Tensor(np.ones(3, np.float32)), weight)])
    np.testing.assert_allclose(weight.numpy(), 0.99)
    assert optimizer.iterations == 1


EVERY_OPTIMIZER = [
    optimizers.SGD(0.1),
    optimizers.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    optimizers.RMSprop(0.1),
    optimizers.RMSprop(0.1, momentum=0.5, centered=True),
    optimizers.Adam(0.1, amsgrad=True, clipvalue=0.1),
    optimizers.AdamW(0.1, clipnorm=0.5),
    optimizers.Adagrad(0.5),
    optimizers.Adadelta(5.0),
    optimizers.Adamax(0.1),
    optimizers.Nadam(0.1, global_clipnorm=1.0),
    optimizers.Lion(0.02),
    optimizers.Adafactor(0.5, global_clipnorm=1.0),
    optimizers.Muon(0.1),
    optimizers.Muon(0.2, adam_lr_ratio=0.5, exclude_layers=["dense_1/"], clipvalue=1.0),
    optimizers.ScheduleFreeAdamW(0.2, warmup_steps=3),
]


@pytest.mark.parametrize("optimizer", EVERY_OPTIMIZER, ids=lambda optimizer: optimizer.name)
def test_every_optimizer_descends_and_keeps_its_configuration(optimizer: optimizers.Optimizer) -> None:
    copy = type(optimizer).from_config(optimizer.get_config())
    assert copy.get_config() == optimizer.get_config()
    assert copy._key() == optimizer._key()
    weight = Tensor(np.array([1.0, -2.0], np.float32), requires_grad=True, name="w")
    losses_seen = []
    for _ in range(30):
        loss = (weight * weight).sum()
        losses_seen.append(loss.item())
        copy.minimize(loss, [weight])
        assert weight.grad is None
    assert copy.iterations == 30
    assert losses_seen[-1] < 0.8 * losses_seen[0]
    numbers = 2 - (copy._schedule is not None)
    assert len(copy.variables) == numbers + sum(copy._slot_start(name, weight) is not None for name in copy.slot_names)


SEVERAL = optimizers.MultiOptimizer(
    optimizers.OptimizerMap(
        optimizers.Adam(0.1, clipnorm=0.5),
        {".*bias": optimizers.SGD(0.1, momentum=0.9, gradient_accumulation_steps=2), "none": optimizers.Adafactor()},
    )
)


def test_several_optimizers() -> None:
    copy = optimizers.deserialize(optimizers.serialize(SEVERAL))
    assert copy.get_config() == SEVERAL.get_config()
    assert copy._key() == SEVERAL._key()
    assert [part.name for part in copy.optimizers] == ["sgd", "adafactor", "adam"]
    assert optimizers.get(optimizers.serialize(SEVERAL)).name == "multioptimizer"
    weights = [Tensor(np.ones(2, np.float32), requires_grad=True, name=name) for name in ("a/kernel", "a/bias")]
    for gradients in ([1.0, 2.0], [1.0, None]):
        copy.apply([None if g is None else Tensor(np.full(2, g, np.float32)) for g in gradients], weights)
    assert [part.iterations for part in copy.optimizers] == [0, 0, 2]
    assert [len(part.variables) for part in copy.optimizers] == [4, 2, 4]
    assert len(copy.variables) == 11
    for wrong in (lambda: copy.learning_rate, lambda: setattr(copy, "learning_rate", 0.1)):
        with pytest.raises(AttributeError, match="multioptimizer: a learning_rate is that of one of its optimizers"):
            wrong()
    chosen = optimizers.MultiOptimizer(lambda variable: SEVERAL)
    with pytest.raises(ValueError, match="expected the optimizer of a variable to be an Optimizer, and no MultiOpt"):
        chosen.build(weights)
    with pytest.raises(ValueError, match="a function of your own chooses optimizers"):
        chosen.get_config()


def test_optimizer_map() -> None:
    sgd, adam, lion = optimizers.SGD(), optimizers.Adam(), optimizers.Lion()
    found = optimizers.OptimizerMap(sgd, {"encoder/.*": adam})
    found["encoder/kernel"] = lion
    names = ("encoder/kernel", "encoder/bias", "decoder/kernel")
    assert [found[name] for name in names] == [lion, adam, sgd]
    assert list(found) == ["encoder/.*", "encoder/kernel"]
    with pytest.raises(ValueError, match="expected a new key, got 'encoder/kernel' again"):
        found["encoder/kernel"] = adam
    del found["encoder/kernel"]
    found[".*bias"] = lion
    with pytest.raises(ValueError, match=r"expected one key that matches encoder/bias, got 'encoder/\.\*', '\.\*bias'"):
        found["encoder/bias"]
    with pytest.raises(ValueError, match="expected the optimizer of 'x' to be an Optimizer, and no MultiOptimizer"):
        found["x"] = SEVERAL
    with pytest.raises(TypeError, match="expected default_optimizer to be an Optimizer, got 'sgd'"):
        optimizers.OptimizerMap("sgd")


@pytest.mark.parametrize("optimizer", [*EVERY_OPTIMIZER, SEVERAL], ids=lambda optimizer: optimizer.name)
def test_a_program_takes_the_steps_of_eager_code(optimizer: optimizers.Optimizer) -> None:
    """A binary classifier with labels (n,), fitted, against the same steps by `minimize`."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((48, 5)).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.float32)
    models = []
    for _ in range(2):
        model = fastnn.Sequential([fastnn.Input((5,)), fastnn.layers.Dense(4, "relu"), fastnn.layers.Dense(1)])
        for weight in model.weights:
            weight.assign(np.random.default_rng(weight.size).standard_normal(weight.shape) * 0.5)
        models.append(model)
    fitted, stepped = models
    loss = losses.BinaryCrossentropy(from_logits=True)
    fitted.compile(type(optimizer).from_config(optimizer.get_config()), loss, metrics=["accuracy"])
    history = fitted.fit(x, y, batch_size=16, epochs=3, shuffle=False, verbose=0)
    by_hand = type(optimizer).from_config(optimizer.get_config())
    for _ in range(3):
        for begin in (0, 16, 32):
            batch = slice(begin, begin + 16)
            by_hand.minimize(loss(y[batch], stepped(Tensor(x[batch]))), stepped.trainable_weights)
    for got, want in zip(fitted.weights, stepped.weights, strict=True):
        np.testing.assert_array_equal(got.numpy(), want.numpy())
    assert 0 <= history.history["accuracy"][-1] <= 1


@pytest.mark.parametrize("optimizer", [*EVERY_OPTIMIZER, SEVERAL], ids=lambda optimizer: optimizer.name)
def test_training_goes_on_from_a_file(optimizer: optimizers.Optimizer, tmp_path: Path) -> None:
    """An epoch, a file and another epoch have the bits of two epochs, also where the second backs training up."""
    rng = np.random.default_rng(1)
    x, y = (rng.standard_normal((12, width)).astype(np.float32) for width in (3, 2))
    model = fastnn.Sequential([fastnn.Input((3,)), fastnn.layers.Dense(2, "tanh")])
    model.compile(type(optimizer).from_config(optimizer.get_config()), "mse")
    settings = {"batch_size": 4, "shuffle": False, "verbose": 0}
    model.fit(x, y, **settings)
    model.save(tmp_path / "model.safetensors")
    other = fastnn.models.load_model(tmp_path / "model.safetensors")
    model.fit(x, y, **settings)
    backup = fastnn.callbacks.BackupAndRestore(tmp_path / "backup", delete_checkpoint=False)
    other.fit(x, y, callbacks=[backup], **settings)
    third = fastnn.models.load_model(tmp_path / "model.safetensors")
    third.fit(x, y, epochs=1, callbacks=[backup], **settings)  # restores the end of that epoch
    for found in (other, third):
        assert found.optimizer.iterations == 6
        for got, want in zip(found.weights, model.weights, strict=True):
            np.testing.assert_array_equal(got.numpy(), want.numpy())


def test_optimizers_by_name() -> None:
    for name in (
        "sgd",
        "rmsprop",
        "adam",
        "adamw",
        "adagrad",
        "adadelta",
        "adamax",
        "nadam",
        "lion",
        "adafactor",
        "muon",
        "schedulefreeadamw",
    ):
        optimizer = optimizers.get(name)
        assert optimizer.name == name
        assert type(optimizers.get(type(optimizer).__name__)) is type(optimizer)
    assert optimizers.get("adamw").weight_decay == 0.004


def test_keras_arithmetic_of_one_step() -> None:
    """Values of Keras 3's formulas by hand: one step from w = 1 with the gradient 0.5."""
    want = {
        optimizers.RMSprop(0.1): 1 - 0.05 / np.sqrt(0.1 * 0.25 + 1e-7),
        optimizers.AdamW(0.1): 1 - 0.1 * 0.004 - 0.1 * 0.5 / (0.5 + 1e-7 / np.sqrt(0.001)),
        optimizers.Adagrad(0.1): 1 - 0.05 / np.sqrt(0.35 + 1e-7),
        optimizers.Adadelta(1.0): 1 - 0.5 * np.sqrt(1e-7 / (0.05 * 0.25 + 1e-7)),
        optimizers.Adamax(0.1): 0.9,
        optimizers.Lion(0.1): 0.9,
        optimizers.SGD(0.1, weight_decay=0.5, clipvalue=0.25): 0.95 - 0.025,
        optimizers.SGD(1.0, clipnorm=0.2): 0.8,
        optimizers.SGD(1.0, clipnorm=2.0): 0.5,
    }
    for optimizer, value in want.items():
        weight = Tensor(np.ones(1, np.float32), requires_grad=True)
        optimizer.apply([Tensor(np.full(1, 0.5, np.float32))], [weight])
        assert weight.item() == pytest.approx(value, rel=1e-5), optimizer.get_config()


def test_the_global_norm_takes_all_gradients_together() -> None:
    weights = [Tensor(np.zeros(1, np.float32), requires_grad=True) for _ in range(2)]
    gradients = [Tensor(np.array([g], np.float32)) for g in (3.0, 4.0)]
    optimizers.SGD(1.0, global_clipnorm=1.0).apply(gradients, weights)
    np.testing.assert_allclose([w.item() for w in weights], [-0.6, -0.8], rtol=1e-6)
    assert [g.item() for g in gradients] == [3, 4]
    gradients[0].assign(np.array([np.nan], np.float32))
    optimizers.SGD(1.0, global_clipnorm=1.0).apply(gradients, weights)
    assert np.isnan([w.item() for w in weights]).all()


def test_minimize_needs_a_dependence() -> None:
    weight, other = (Tensor(np.ones(2, np.float32), requires_grad=True) for _ in range(2))
    optimizers.SGD(0.5).minimize((weight * 2.0).sum(), [weight, other])
    np.testing.assert_array_equal(weight.numpy(), [0, 0])
    np.testing.assert_array_equal(other.numpy(), [1, 1])
    with pytest.raises(ValueError, match="sgd: expected a gradient for some variable, got none"):
        optimizers.SGD().minimize((weight * 2.0).sum(), [other])


@pytest.mark.parametrize("name", ["mean_squared_error", "mean_absolute_error", "huber", "binary_crossentropy"])
def test_losses_never_broadcast(name: str) -> None:
    predictions = np.full((4, 1), 0.25, np.float32)
    loss = losses.as_loss(name)
    want = loss.call(np.array([[1.0], [0], [0], [1]], np.float32), predictions).numpy()
    assert want.shape == (4,)
    for labels in ([1.0, 0, 0, 1], np.array([1, 0, 0, 1])):
        np.testing.assert_array_equal(loss.call(labels, predictions).numpy(), want)
    with pytest.raises(ValueError, match=rf"{name}: expected y_true \(4, 1\), got \(4, 4\)"):
        loss.call(np.zeros((4, 4)), predictions)
    copy = type(loss).from_config(loss.get_config())
    assert copy.get_config() == loss.get_config()


def test_losses_by_hand() -> None:
    assert losses.MeanAbsoluteError()([1.0, 3.0], [[2.0], [1.0]]).item() == 1.5
    assert losses.Huber(delta=1.0)([0.0, 0.0], [[0.5], [3.0]]).item() == (0.125 + 2.5) / 2
    assert losses.mean_squared_error([[1.0, 2.0]], [[0.0, 0.0]]).numpy() == [2.5]
    smooth = losses.BinaryCrossentropy(label_smoothing=0.2)([1.0], [[0.7]]).item()
    assert smooth == pytest.approx(-0.9 * np.log(0.7) - 0.1 * np.log(0.3), rel=1e-6)
    for wrong in (lambda: losses.Huber(delta=0.0), lambda: losses.BinaryCrossentropy(label_smoothing=2.0)):
        with pytest.raises(ValueError, match="expected"):
            wrong()


def test_binary_crossentropy_at_the_ends() -> None:
    logits = Tensor(np.array([[500.0], [-500], [500], [-500], [0]], np.float32), requires_grad=True)
    loss = losses.binary_crossentropy([1, 0, 0, 1, 1], logits, from_logits=True)
    np.testing.assert_allclose(loss.numpy(), [0, 0, 500, 500, np.log(2)], rtol=1e-7)
    loss.sum().backward()
    np.testing.assert_array_equal(logits.grad.numpy().ravel(), [0, 0, 1, -1, -0.5])
    recovered = losses.binary_crossentropy([1, 0, 0, 1, 1], fastnn.functional.sigmoid(logits))
    np.testing.assert_array_equal(recovered.numpy(), loss.numpy())
    with pytest.warns(UserWarning, match="a sigmoid made y_pred; its logits are used"):
        losses.binary_crossentropy([1, 0, 0, 1, 1], fastnn.functional.sigmoid(logits), from_logits=True)
    # Keras's clipping, in float32: 1 - 1e-7 is 1 - 2**-23
    sure = losses.binary_crossentropy([1, 0, 0, 1], np.array([[1.0], [0], [1], [0]], np.float32)).numpy()
    np.testing.assert_allclose(sure, [2.0**-23, 1e-7, 23 * np.log(2), -np.log(1e-7)], rtol=1e-6, atol=1e-7)


def test_mean_squared_error_never_broadcasts() -> None:
    predictions = np.zeros((4, 1), np.float32)
    np.testing.assert_array_equal(losses.mean_squared_error([1.0, 2, 3, 4], predictions).numpy(), [1, 4, 9, 16])
    with pytest.raises(ValueError, match=r"mean_squared_error: expected y_true \(4, 1\), got \(4, 4\)"):
        losses.mean_squared_error(np.zeros((4, 4)), predictions)
    assert losses.MeanSquaredError(reduction="sum")([1.0, 2, 3, 4], predictions).item() == 30
    assert losses.MeanSquaredError(reduction=None)([1.0, 2, 3, 4], predictions).shape == (4,)


def test_metrics_stream() -> None:
    accuracy = metrics.SparseCategoricalAccuracy()
    assert accuracy.name == "sparse_categorical_accuracy"
    assert accuracy.result() == 0
    accuracy.update_state([0, 1], [[0.9, 0.1], [0.8, 0.2]])
    accuracy.update_state([[1]], [[0.1, 0.9]])
    assert accuracy.result() == pytest.approx(2 / 3)
    accuracy.reset_state()
    assert accuracy.result() == 0
    one_hot = metrics.CategoricalAccuracy()
    one_hot.update_state([[0.0, 1], [1, 0]], [[0.1, 0.9], [0.1, 0.9]])
    assert one_hot.result() == 0.5
    with pytest.raises(ValueError, match=r"expected one-hot y_true \(1, 2\), got \(1,\)"):
        one_hot.update_state([0], [[0.5, 0.5]])
    mean = metrics.Mean()
    mean.update_state([1.0, 2.0])
    mean.update_state(6)
    assert mean.result() == 3
    with pytest.raises(ValueError, match=r"accuracy: expected predictions \(..., classes\), got \(2,\)"):
        metrics.as_metric("accuracy").update_state([0, 1], [0.0, 1.0])


def test_accuracy_of_one_output_is_binary() -> None:
    predictions = [[0.2], [0.5], [0.6], [0.9]]
    for labels in ([0, 1, 1, 0], [[0], [1], [1], [0]]):
        accuracy = metrics.as_metric("accuracy")
        accuracy.update_state(labels, predictions)
        assert accuracy.result() == 0.5  # 0.5 is not above the threshold
    strict = metrics.BinaryAccuracy(threshold=0.4)
    strict.update_state([0, 1, 1, 0], predictions)
    assert strict.result() == 0.75
    assert metrics.BinaryAccuracy.from_config(strict.get_config()).threshold == 0.4
    several = metrics.get("binary_accuracy")
    several.update_state([[1, 0, 1]], [[0.9, 0.8, 0.7]])
    assert several.result() == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match=r"accuracy: expected y_true \(4, 1\), got \(4, 4\)"):
        metrics.as_metric("accuracy").update_state(np.zeros((4, 4)), predictions)


def test_to_categorical() -> None:
    np.testing.assert_array_equal(fastnn.utils.to_categorical([0, 2]), [[1, 0, 0], [0, 0, 1]])
    assert fastnn.utils.to_categorical([[1], [0]], num_classes=4).shape == (2, 4)
    assert fastnn.utils.to_categorical([], num_classes=4).shape == (0, 4)
    with pytest.raises(IndexError, match="expected classes from 0 to 1, got 0 to 2"):
        fastnn.utils.to_categorical([0, 2], num_classes=2)
    with pytest.raises(ValueError, match="to_categorical: expected labels to be whole numbers"):
        fastnn.utils.to_categorical([0.5])
    with pytest.raises(ValueError, match="to_categorical: expected labels to be whole numbers"):
        fastnn.utils.to_categorical([float("nan")])


@pytest.mark.parametrize(
    ("seed", "error"), [(-1, ValueError), (2**32, ValueError), (1.5, TypeError), (True, TypeError)]
)
def test_set_random_seed_refuses(seed: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="set_random_seed: expected"):
        fastnn.utils.set_random_seed(seed)
