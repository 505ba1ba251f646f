"""Products that walk the items of the batch with those who read their results: which do, and always with the bits of
eager."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import numpy as np
import pytest
from op_calls import each_level
from tolerances import assert_same_bits

import fastnn
from fastnn import _core, layers

Op = Callable[..., _core.Array]


def op(name: str) -> Op:
    return _core.op(name)


def array(values: np.ndarray) -> _core.Array:
    return _core.Array.from_numpy(np.ascontiguousarray(values))


def normal(*shape: int) -> _core.Array:
    return array(np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32))


def recorded(function: Op, x: _core.Array, states: list[_core.Array]) -> _core.Program:
    recorder = _core.Recorder()
    recorder.argument(x, "x", False)
    for index, state in enumerate(states):
        recorder.state(state, f"w{index}")
    with recorder:
        recorder.result(function(x, *states), "y")
    return _core.Program(recorder.finish(), 1)


def together(text: str) -> list[list[str]]:
    """The names of the ops of each step that has several."""
    steps: list[list[str]] = []
    for line in text[text.index("fastnn-program") :].splitlines():
        if line.startswith("together"):
            steps.append([])
        elif line.startswith("  ") and (found := re.search(r"= (\w+)\.\d+\(", line)):
            steps[-1].append(found[1])
    return steps


DENSE = [normal(64, 160), normal(160)]
CONV = [normal(3, 3, 16, 16), normal(16)]
ROWS, IMAGES = normal(48, 64, 64), normal(48, 16, 18, 16)


CASES: dict[str, tuple[_core.Array, list[_core.Array], Op, list[str]]] = {
    "dense, gelu": (ROWS, DENSE, lambda x, w, b: op("gelu")(op("linear")(x, w, b)), ["linear", "gelu"]),
    "dense, tanh": (ROWS, DENSE, lambda x, w, b: op("tanh")(op("linear")(x, w, b)), ["linear", "tanh"]),
    "dense, softmax": (ROWS, DENSE, lambda x, w, b: op("softmax")(op("linear")(x, w, b)), ["linear", "softmax"]),
    "dense, residual": (
        ROWS,
        [normal(64, 64)],
        lambda x, w: op("add")(op("linear")(x, w), x),
        ["linear", "add"],
    ),
    "convolution, pooling": (
        IMAGES,
        CONV,
        lambda x, w, b: op("max_pool2d")(op("conv2d")(x, w, b, padding="same", activation="relu"), pool_size=(2, 2))[0],
        ["conv2d", "max_pool2d"],
    ),
    "strided convolution, pooling": (
        IMAGES,
        CONV,
        lambda x, w, b: op("avg_pool2d")(op("conv2d")(x, w, b, strides=(2, 1)), pool_size=(2, 2)),
        ["conv2d", "avg_pool2d"],
    ),
    "depthwise, sigmoid": (
        IMAGES,
        [normal(3, 3, 1, 32)],
        lambda x, w: op("sigmoid")(op("conv2d")(x, w, groups=16, padding="same")),
        ["conv2d", "sigmoid"],
    ),
    "convolution over steps, tanh": (
        normal(48, 40, 16),
        [normal(3, 16, 32)],
        lambda x, w: op("tanh")(op("conv1d")(x, w)),
        ["conv1d", "tanh"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_product_joins_who_reads_it(name: str, engine_settings: None) -> None:
    x, states, function, ops = CASES[name]
    program = recorded(function, x, states)
    text = program.text()
    assert together(text) == [ops], text
    assert " in scratch" in text
    assert program.info["moved_bytes"] < program.info["unfused_bytes"]
    for _, _, where in each_level(counts=(1, 2, 3)):
        want = function(x, *states).numpy()
        for _ in range(2):
            assert_same_bits(program.run([x])[0].numpy(), want, f"{name} {where}")


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, 3e38])
def test_images_that_are_not_finite(value: float) -> None:
    """Winograd's transforms leave their tiles to the direct products, in a block as in the whole batch."""
    _, states, function, _ = CASES["convolution, pooling"]
    values = IMAGES.numpy().copy()
    values[7, 3, 4, 5] = values[40, 0, 0, 0] = value
    x = array(values)
    program = recorded(function, x, states)
    assert_same_bits(program.run([x])[0].numpy(), function(x, *states).numpy(), program.text())


@pytest.mark.parametrize("inner", [16, 64])
def test_a_value_that_others_read_is_written_too(inner: int) -> None:
    """Which pays where the product waits for memory, and is left alone where it does not."""

    def function(x: _core.Array, w: _core.Array) -> _core.Array:
        y = op("linear")(x, w)
        return op("gemm")(op("gelu")(y), y, transpose_a=True)

    x, weight = normal(48, 64, inner), normal(inner, 96)
    program = recorded(function, x, [weight])
    text = program.text()
    assert together(text) == ([["linear", "gelu"]] if inner == 16 else [])
    assert " in scratch" not in text
    assert_same_bits(program.run([x])[0].numpy(), function(x, weight).numpy(), text)


@pytest.mark.parametrize("shape", [(8, 64, 64), (48, 64)])
def test_few_items_are_left_to_the_product(shape: tuple[int, ...]) -> None:
    _, states, function, _ = CASES["dense, gelu"]
    assert together(recorded(function, normal(*shape), states).text()) == []


def test_weights_that_change_while_threads_run() -> None:
    """A run that finds others on older weights makes its own for the walk."""
    x, (weight, bias), function, _ = CASES["dense, gelu"]
    weight = array(weight.numpy())
    program = recorded(function, x, [weight, bias])
    sets = [normal(64, 160), array(normal(64, 160).numpy() * 2)]
    failed: list[str] = []
    done = threading.Event()

    def run() -> None:
        while not done.is_set():
            if not np.isfinite(program.run([x])[0].numpy()).all():
                failed.append("not finite")

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for index in range(100):
        op("assign_update")(weight, sets[index % 2])
    done.set()
    for thread in threads:
        thread.join()
    assert not failed
    want = function(x, weight, bias).numpy()
    for _ in range(3):
        assert_same_bits(program.run([x])[0].numpy(), want, "after")


def images() -> fastnn.Sequential:
    fastnn.utils.set_random_seed(1)
    return fastnn.Sequential(
        [
            fastnn.Input((32, 32, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, activation="gelu"),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )


@pytest.mark.parametrize("invariant", [False, True])
def test_models_predict_the_bits_of_eager(invariant: bool) -> None:
    x = np.random.default_rng(0).standard_normal((48, 32, 32, 1)).astype(np.float32)
    fastnn.set_batch_invariant(invariant)
    try:
        model, eager = images(), images()
        model.compile("sgd", "mse")
        eager.compile("sgd", "mse", run_eagerly=True)
        want = np.asarray(eager.predict(x, batch_size=48, verbose=0))
        for _ in range(4):
            assert_same_bits(np.asarray(model.predict(x, batch_size=48, verbose=0)), want, str(invariant))
        assert any("conv2d" in ops for ops in together(model.program(batch_size=48)))
    finally:
        fastnn.set_batch_invariant(False)


def test_models_train_with_the_bits_of_eager() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((48, 32, 32, 1)).astype(np.float32), rng.standard_normal((48, 3)).astype(np.float32)
    model, eager = images(), images()
    model.compile("adam", "mse")
    eager.compile("adam", "mse", run_eagerly=True)
    for _ in range(5):
        model.train_on_batch(x, y)
        eager.train_on_batch(x, y)
    ops = together(model.program(batch_size=48, training=True))
    assert any("conv2d" in step and "max_pool2d" in step for step in ops)
    for got, want in zip(model.get_weights(), eager.get_weights(), strict=True):
        assert_same_bits(np.asarray(got), np.asarray(want), "weights")
