"""Schedules, averages, accumulated gradients and excluded weight decay: programs, files, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Tensor, optimizers
from fastnn.optimizers import schedules

OPTIONS: list[dict[str, Any]] = [
    {"learning_rate": schedules.CosineDecay(0.1, 9)},
    {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 2},
    {"gradient_accumulation_steps": 3, "use_ema": True},
    {"learning_rate": schedules.CosineDecay(0.1, 9), "gradient_accumulation_steps": 2},
]


def regression(options: dict[str, Any]) -> fastnn.Sequential:
    model = fastnn.Sequential([fastnn.Input((3,)), fastnn.layers.Dense(2, kernel_initializer="ones")])
    model.compile(optimizers.Adam(**options), "mse")
    return model


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: " ".join(options))
def test_programs_and_files(options: dict[str, Any], tmp_path: Path, rng: np.random.Generator) -> None:
    """Steps of fit are those of eager code; a file in the middle changes nothing."""
    x = rng.standard_normal((20, 3)).astype(np.float32)
    y = rng.standard_normal((20, 2)).astype(np.float32)
    fitted, stepped = regression(options), regression(options)
    fitted.fit(x, y, batch_size=8, epochs=4, shuffle=False, verbose=0)
    assert not fitted._train_step.eager_reasons()
    assert stepped.optimizer is not None
    for _ in range(4):
        for part in (slice(0, 8), slice(8, 16), slice(16, 20)):
            loss = fastnn.losses.mean_squared_error(y[part], stepped(x[part], training=True)).mean()
            stepped.optimizer.minimize(loss, stepped.trainable_weights)
    stepped.optimizer.finalize_variable_values(stepped.trainable_weights)
    for got, want in zip(fitted.get_weights(), stepped.get_weights(), strict=True):
        np.testing.assert_array_equal(got, want)
    fitted.save(tmp_path / "m.safetensors")
    loaded = fastnn.models.load_model(tmp_path / "m.safetensors")
    for model in (fitted, loaded):
        model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    for got, want in zip(loaded.get_weights(), fitted.get_weights(), strict=True):
        np.testing.assert_array_equal(got, want)


def test_a_schedule_has_one_program(rng: np.random.Generator) -> None:
    class Warmup(schedules.LearningRateSchedule):
        def __call__(self, step: int) -> float:
            return 0.01 * min(step, 5)

    model = regression({"learning_rate": Warmup()})
    x = rng.standard_normal((16, 3)).astype(np.float32)
    model.fit(x, x[:, :2], batch_size=4, epochs=3, verbose=0)
    assert len(model._train_step.info()) == 1
    assert model.optimizer is not None
    assert model.optimizer.learning_rate == pytest.approx(0.05)
    with pytest.raises(TypeError, match=r"adam: the learning rate follows .*Warmup.*, and is not set"):
        model.optimizer.learning_rate = 0.1
    with pytest.raises(NotImplementedError, match=r"Warmup does not implement get_config\(\)"):
        model.optimizer.get_config()
    model.optimizer.learning_rate = schedules.ExponentialDecay(1.0, 1, 0.5)
    assert model.optimizer.learning_rate == 0.5**12


def test_excluded_variables_do_not_decay() -> None:
    decayed = Tensor(np.ones(2, np.float32), requires_grad=True, name="dense/kernel")
    kept = Tensor(np.ones(2, np.float32), requires_grad=True, name="bias_layer/bias")
    optimizer = optimizers.SGD(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["^bias"])
    optimizer.apply([Tensor(np.zeros(2, np.float32))] * 2, [decayed, kept])
    np.testing.assert_allclose(decayed.numpy(), 0.95)
    np.testing.assert_array_equal(kept.numpy(), 1)
    with pytest.raises(ValueError, match="sgd: expected exclude_from_weight_decay before build and the first step"):
        optimizer.exclude_from_weight_decay([kept])


def test_accumulated_gradients_of_a_table(rng: np.random.Generator) -> None:
    ids = rng.integers(0, 6, (8, 3))
    y = rng.standard_normal((8, 2)).astype(np.float32)
    models = []
    for options in ({}, {"gradient_accumulation_steps": 2}):
        model = fastnn.Sequential(
            [
                fastnn.Input((3,)),
                fastnn.layers.Embedding(6, 2, embeddings_initializer="ones"),
                fastnn.layers.GlobalAveragePooling1D(),
            ]
        )
        model.compile(optimizers.SGD(0.5, **options), "mse")
        model.fit(ids, y, batch_size=4 if options else 8, epochs=3, shuffle=False, verbose=0)
        models.append(model)
    np.testing.assert_allclose(models[1].get_weights()[0], models[0].get_weights()[0], rtol=1e-5)
    assert models[1].optimizer.iterations == 3


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: optimizers.SGD(ema_momentum=2.0), ValueError, r"sgd: expected ema_momentum in \[0, 1\), got 2.0"),
        (
            lambda: optimizers.SGD(ema_overwrite_frequency=0),
            ValueError,
            "frequency to be an integer from 1",
        ),
        (lambda: optimizers.SGD(gradient_accumulation_steps=1), ValueError, "steps to be an integer from 2, or None"),
        (lambda: schedules.CosineDecay(0.1, 0), ValueError, "CosineDecay: expected decay_steps above 0, got 0"),
        (lambda: schedules.PiecewiseConstantDecay([1], [1.0]), ValueError, "expected one boundary less than values"),
        (lambda: schedules.PiecewiseConstantDecay([3, 1], [1.0, 2, 3]), ValueError, "expected rising boundaries"),
        (
            lambda: optimizers.SGD(lambda: -1.0),
            ValueError,
            "learning_rate finite and not negative, got -1",
        ),
        (
            lambda: schedules.deserialize({"class_name": "X", "config": {}}),
            ValueError,
            "unknown learning rate",
        ),
        (
            lambda: optimizers.SGD(lambda: 0.1).get_config(),
            ValueError,
            "the learning rate is a function of your own",
        ),
    ],
)
def test_refused(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: " ".join(options))
def test_compiled_functions(options: dict[str, Any], rng: np.random.Generator) -> None:
    x = rng.standard_normal((8, 3)).astype(np.float32)
    models = [regression(options) for _ in range(2)]

    def step(model: fastnn.Sequential, batch: Tensor) -> Tensor:
        loss = (model(batch, training=True) * model(batch, training=True)).mean()
        assert model.optimizer is not None
        model.optimizer.minimize(loss, model.trainable_weights)
        return loss

    compiled = fastnn.compile(lambda batch: step(models[0], batch))
    for _ in range(12):
        compiled(Tensor(x))
        step(models[1], Tensor(x))
    for got, want in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_array_equal(got, want)
