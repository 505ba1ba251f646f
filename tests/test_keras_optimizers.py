"""Every optimizer with every option and schedule against Keras 3 on TensorFlow: weights after steps by hand and in a
compiled `fit`, defaults and configurations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_keras_schedules import SCHEDULES

import fastnn
from fastnn import optimizers
from fastnn.tensor import Tensor

pytestmark = pytest.mark.keras

OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.5, "rho": 0.8}),
    ("RMSprop", {"momentum": 0.5, "centered": True, "rho": 0.8}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "learning_rate": 0.1, "epsilon": 1e-3}),
    ("AdamW", {}),
    ("AdamW", {"weight_decay": 0.1, "learning_rate": 0.01}),
    ("Adagrad", {"learning_rate": 0.1}),
    ("Adadelta", {"learning_rate": 1.0}),
    ("Adamax", {}),
    ("Nadam", {}),
    ("Lion", {}),
    ("Adafactor", {}),
    ("Adafactor", {"learning_rate": 0.5, "beta_2_decay": -0.5, "epsilon_2": 0.1, "clip_threshold": 0.7}),
    ("Muon", {}),
    ("Muon", {"learning_rate": 0.1, "exclude_layers": ["dense/k", "none"], "adam_lr_ratio": 0.5}),
    ("Muon", {"nesterov": False, "rms_rate": None, "ns_steps": 3, "momentum": 0.5, "adam_weight_decay": None}),
    ("ScheduleFreeAdamW", {}),
    ("ScheduleFreeAdamW", {"warmup_steps": 3, "beta_1": 0.5, "beta_2": 0.9, "learning_rate": 0.1}),
]
KINDS = [case for case in OPTIMIZERS if case[0] not in ("SGD", "RMSprop", "Adam") or len(case[1]) > 2] + OPTIMIZERS[:1]
OPTIONS: list[dict[str, Any]] = [
    {},
    {"clipnorm": 0.5},
    {"clipvalue": 0.2},
    {"global_clipnorm": 0.5},
    {"weight_decay": 0.1, "exclude": True},
    {"use_ema": True},
    {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 3},
    {"gradient_accumulation_steps": 3},
    {"gradient_accumulation_steps": 2, "clipnorm": 0.5, "weight_decay": 0.1},
    {"gradient_accumulation_steps": 2, "use_ema": True, "ema_overwrite_frequency": 2},
]


def written(case: Any) -> str:
    """How a case is called."""
    name, options = case if isinstance(case, tuple) else ("", case)
    return "-".join([*([name] if name else []), *(f"{key}={value}" for key, value in options.items())]) or "plain"


def remedied(optimizer: Any, variables: Any) -> None:
    """Let ScheduleFreeAdamW read what its z was before the step, as on JAX.

    On TensorFlow `value` is the variable itself, so that Keras reads z after the step, where beta_1 cancels out.
    """
    if type(optimizer).__name__ == "ScheduleFreeAdamW" and not isinstance(optimizer, optimizers.Optimizer):
        optimizer.build(variables)
        for momentum in optimizer._momentums:
            cls = type(momentum)
            copied = property(lambda self, cls=cls: cls.value.fget(self) + 0.0)
            momentum.__class__ = type(cls.__name__, (cls,), {"value": copied})
        # Keras's own writes to the `value`, which is a copy now
        optimizer.assign_sub = lambda variable, value: variable.assign(variable - value)


@pytest.mark.parametrize("case", OPTIMIZERS, ids=written)
def test_five_steps_by_hand(case: Any, keras: Any, rng: np.random.Generator) -> None:
    name, options = case
    values = [rng.standard_normal(shape).astype(np.float32) for shape in ((3, 5), (5,), (2, 3, 4), (4, 2))]
    gradients = [[rng.standard_normal(value.shape).astype(np.float32) for value in values] for _ in range(5)]
    theirs, ours = getattr(keras.optimizers, name)(**options), getattr(optimizers, name)(**options)
    variables = [keras.Variable(value) for value in values]
    tensors = [Tensor(value, requires_grad=True) for value in values]
    remedied(theirs, variables)
    for step in gradients:
        theirs.apply([keras.ops.convert_to_tensor(gradient) for gradient in step], variables)
        ours.apply([Tensor(gradient) for gradient in step], tensors)
    for mine, other in zip(tensors, variables, strict=True):
        # Keras raises the betas to the step count in float32, which five steps of size 0.1 feel in the sixth digit
        np.testing.assert_allclose(mine.numpy(), np.asarray(other), rtol=2e-5, atol=1e-5)


KEPT = [*(case for case in OPTIMIZERS if case[0] not in ("Nadam", "Adafactor"))]  # two that keep it in another form
KEPT += [("RMSprop", {"momentum": 0.5, **options}) for options in OPTIONS[5:]] + [("Adam", {"schedule": True})]


@pytest.mark.parametrize("case", KEPT, ids=written)
def test_variables(case: Any, keras: Any, rng: np.random.Generator) -> None:
    name, options = case
    values = [rng.standard_normal(shape).astype(np.float32) for shape in ((3, 2), (2,))]
    gradients = [rng.standard_normal(value.shape).astype(np.float32) for value in values]
    found = []
    for package, own in ((keras, False), (fastnn, True)):
        rate = {"learning_rate": package.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)}
        given = rate if "schedule" in options else options
        optimizer = getattr(package.optimizers, name)(**given)
        variables = [(Tensor if own else keras.Variable)(value) for value in values]
        remedied(optimizer, variables)
        for _ in range(3):
            optimizer.apply([Tensor(g) if own else keras.ops.convert_to_tensor(g) for g in gradients], variables)
        kept = [np.asarray(variable.numpy()) for variable in optimizer.variables]
        # the first one counts calls in Keras when gradients are accumulated
        found.append([np.asarray(optimizer.iterations, np.int64), *kept[1:]])
    assert [one.shape for one in found[1]] == [one.shape for one in found[0]]
    assert [one.dtype for one in found[1]] == [one.dtype for one in found[0]]
    for got, want in zip(found[1], found[0], strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-4, atol=1e-6)


@pytest.mark.parametrize("name", sorted({name for name, _ in OPTIMIZERS}))
def test_defaults(name: str, keras: Any) -> None:
    theirs, ours = getattr(keras.optimizers, name)().get_config(), getattr(optimizers, name)().get_config()
    shared = set(theirs) & set(ours) - {"name", "learning_rate"}
    assert {key: ours[key] for key in shared} == {key: theirs[key] for key in shared}
    assert ours["learning_rate"] == pytest.approx(theirs["learning_rate"], rel=1e-6)


def fitted(library: Any, name: str, options: dict[str, Any], schedule: tuple[str, dict[str, Any]] | None = None) -> Any:
    """A small model after three epochs of four steps, the last of an epoch on fewer samples."""
    rng = np.random.default_rng(5)
    x = rng.standard_normal((14, 4)).astype(np.float32)
    y = rng.standard_normal((14, 2)).astype(np.float32)
    model = library.Sequential([library.layers.Input((4,)), library.layers.Dense(2, activation="tanh")])
    model.set_weights([0.7 * rng.standard_normal(w.shape).astype(np.float32) for w in model.get_weights()])
    arguments = dict(options)
    exclude = arguments.pop("exclude", False)
    if schedule is not None:
        arguments["learning_rate"] = getattr(library.optimizers.schedules, schedule[0])(**schedule[1])
    optimizer = getattr(library.optimizers, name)(**arguments)
    if exclude:
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    eager = {"run_eagerly": True} if library is not fastnn else {}  # tracing takes longer than ten steps do
    model.compile(optimizer, "mse", **eager)
    remedied(optimizer, model.trainable_variables)
    model.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0)
    return model


def assert_same_weights(theirs: Any, ours: Any) -> None:
    assert not ours._train_step.eager_reasons()
    assert sum(entry["replays"] for entry in ours._train_step.info()) > 0
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)
    config = ours.optimizer.get_config()
    assert optimizers.deserialize(optimizers.serialize(ours.optimizer)).get_config() == config


@pytest.mark.parametrize("options", OPTIONS, ids=written)
@pytest.mark.parametrize("case", KINDS, ids=written)
def test_fit(case: Any, options: dict[str, Any], keras: Any) -> None:
    name, own = case
    theirs, ours = (fitted(library, name, {**own, **options}) for library in (keras, fastnn))
    assert_same_weights(theirs, ours)


def several(library: Any) -> Any:
    """A map with an optimizer for biases."""
    found = library.optimizers
    bias = found.SGD(0.1, momentum=0.9, gradient_accumulation_steps=2)
    return found.OptimizerMap(found.AdamW(0.1, clipnorm=0.5, weight_decay=0.1), {".*bias": bias})


def test_fit_by_several_optimizers(keras: Any) -> None:
    theirs, ours = (
        fitted(library, "MultiOptimizer", {"optimizer_map": several(library)}) for library in (keras, fastnn)
    )
    assert_same_weights(theirs, ours)
    chosen = {"kernel": optimizers.AdamW(0.1, clipnorm=0.5, weight_decay=0.1), "bias": several(fastnn)[".bias"]}
    by_function = {"optimizer_map": lambda variable: chosen[variable.name]}
    for mine, other in zip(
        fitted(fastnn, "MultiOptimizer", by_function).get_weights(), ours.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize("case", [("AdamW", {}), ("SGD", {"gradient_accumulation_steps": 2})], ids=written)
@pytest.mark.parametrize("schedule", SCHEDULES, ids=written)
def test_fit_by_a_schedule(schedule: Any, case: Any, keras: Any) -> None:
    theirs, ours = (fitted(library, *case, schedule) for library in (keras, fastnn))
    assert_same_weights(theirs, ours)


@pytest.mark.parametrize("case", [case for case in OPTIMIZERS if case[0] != "ScheduleFreeAdamW"], ids=written)
def test_equal_ids_count_as_in_a_dense_product(case: Any, keras: Any, rng: np.random.Generator) -> None:
    # Keras's Embedding on TensorFlow squares each occurrence by itself, unlike the product that it stands for
    name, options = case
    ids = np.array([[0, 1], [1, 1], [2, 0]])
    table, y = rng.standard_normal((5, 3)).astype(np.float32), rng.standard_normal((3, 2, 3)).astype(np.float32)
    theirs = keras.Sequential([keras.Input((2, 5)), keras.layers.Dense(3, use_bias=False, name="embeddings")])
    ours = fastnn.Sequential([fastnn.layers.Embedding(5, 3)])
    ours.build((None, 2))
    for model, library, x in ((theirs, keras, np.eye(5, dtype=np.float32)[ids]), (ours, fastnn, ids)):
        model.set_weights([table])
        given = {**options, "exclude_embeddings": False} if name == "Muon" else options
        model.compile(getattr(library.optimizers, name)(**given), "mse")
        for _ in range(3):
            model.train_on_batch(x, y)
    np.testing.assert_allclose(ours.get_weights()[0], theirs.get_weights()[0], rtol=2e-5, atol=2e-5)
