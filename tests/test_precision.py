"""The accuracy class: who says it, what it changes, and that a model keeps the one it was compiled with.

test_accuracy_classes.py has what each class computes."""

from __future__ import annotations

import copy
import multiprocessing
import re
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tolerances import BFLOAT16_NORM, FAST_NORM, assert_same_bits

import fastnn
from fastnn import Sequential, _core, kernels, layers

SHAPE = (8, 12, 12, 16)


each_class = pytest.mark.parametrize(("name", "norm"), [("fast", FAST_NORM), ("bfloat16", BFLOAT16_NORM)])


def convolved() -> np.ndarray:
    rng = np.random.default_rng(5)
    x, weight = (rng.standard_normal(shape).astype(np.float32) for shape in (SHAPE, (3, 3, 16, 16)))
    return kernels.conv2d(x, weight, padding="same")


def model() -> Sequential:
    fastnn.manual_seed(3)
    made = Sequential(
        [layers.Input(SHAPE[1:]), layers.Conv2D(16, 3, padding="same"), layers.Flatten(), layers.Dense(3)]
    )
    made.compile("sgd", "mse")
    return made


@each_class
def test_the_classes(name: str, norm: float) -> None:
    assert fastnn.get_precision() == "float32"
    exact = convolved()
    fastnn.set_precision(name)
    assert fastnn.get_precision() == name
    fast = convolved()
    difference = np.linalg.norm(fast.astype(np.float64) - exact) / np.linalg.norm(exact)
    assert 0 < difference < norm
    fastnn.set_precision("float32")
    np.testing.assert_array_equal(convolved(), exact)


ONE_OF = "expected one of 'float32', 'fast', 'bfloat16'"


@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        (
            "float16",
            ValueError,
            "expected one of 'float32', 'fast', 'bfloat16', got 'float16'; did you mean 'bfloat16'?",
        ),
        (
            "BFloat16",
            ValueError,
            "expected one of 'float32', 'fast', 'bfloat16', got 'BFloat16'; did you mean 'bfloat16'?",
        ),
        ("fp32", ValueError, "expected one of 'float32', 'fast', 'bfloat16', got 'fp32'"),
        (None, TypeError, "expected a string for precision, got None"),
        (2, TypeError, "expected a string for precision, got 2"),
    ],
)
def test_an_unknown_class_is_refused(name: Any, kind: type[Exception], sentence: str) -> None:
    fastnn.set_precision("fast")
    with pytest.raises(kind, match=f"^set_precision: {re.escape(sentence)}$"):
        fastnn.set_precision(name)
    assert fastnn.get_precision() == "fast"


@each_class
def test_a_model_keeps_the_class_it_was_compiled_with(name: str, norm: float) -> None:
    rng = np.random.default_rng(6)
    x, y = rng.standard_normal(SHAPE).astype(np.float32), rng.standard_normal((8, 3)).astype(np.float32)
    exact = model()
    fastnn.set_precision(name)
    fast, again = model(), exact.predict(x)
    results = [fast.predict(x) for _ in range(3)]
    fastnn.set_precision("float32")
    results += [fast.predict(x) for _ in range(3)]
    with fastnn.no_grad():
        results += [fast(x).numpy() for _ in range(3)]
    assert all(np.array_equal(result, results[0]) for result in results)
    np.testing.assert_array_equal(again, exact.predict(x))
    assert not np.array_equal(again, results[0])
    np.testing.assert_allclose(again, results[0], atol=norm * np.abs(again).max() * 10)
    exact.fit(x, y, epochs=2, verbose=0)
    fast.fit(x, y, epochs=2, verbose=0)
    assert fastnn.get_precision() == "float32"
    changed = [np.array_equal(a, b) for a, b in zip(exact.get_weights(), fast.get_weights(), strict=True)]
    assert not all(changed)
    fast.compile("sgd", "mse")
    fast.set_weights(exact.get_weights())
    np.testing.assert_array_equal(fast.predict(x), exact.predict(x))


def test_an_error_and_another_thread_leave_the_class_alone() -> None:
    fastnn.set_precision("fast")
    fast = model()
    fastnn.set_precision("float32")
    seen = []

    class Look(fastnn.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: object = None) -> None:
            thread = threading.Thread(target=lambda: seen.append(fastnn.get_precision()))
            thread.start()
            thread.join()
            seen.append(fastnn.get_precision())

    x, y = np.zeros(SHAPE, np.float32), np.zeros((8, 3), np.float32)
    fast.fit(x, y, verbose=0, callbacks=[Look()])
    assert seen == ["float32", "fast"]
    with pytest.raises(ValueError, match="expected input"):
        fast.predict(np.zeros((8, 5), np.float32))
    assert _core.precision() == 0


def test_every_class_has_a_program_of_its_own() -> None:
    rng = np.random.default_rng(8)
    x, weight = (rng.standard_normal(shape).astype(np.float32) for shape in (SHAPE, (3, 3, 16, 16)))
    kernel = fastnn.Tensor(weight)

    @fastnn.compile
    def step(images: fastnn.Tensor) -> fastnn.Tensor:
        return fastnn.functional.conv2d(images, kernel, padding="same")

    for _ in range(2):
        for name in ("float32", "fast", "bfloat16"):
            fastnn.set_precision(name)
            want = kernels.conv2d(x, weight, padding="same")
            for _ in range(4):
                assert_same_bits(step(x).numpy(), want, name)


@each_class
def test_files_do_not_hold_the_class(name: str, norm: float, tmp_path: Path) -> None:
    """What is loaded has the class of the process that loads it; copies go on in that of their original."""
    x = np.random.default_rng(9).standard_normal(SHAPE).astype(np.float32)
    made = model()
    exact = made.predict(x)
    made.save(tmp_path / "exact.fastnn")
    fastnn.set_precision(name)
    made.compile("sgd", "mse")
    made.save(tmp_path / "fast.fastnn")
    assert (tmp_path / "exact.fastnn").read_bytes() == (tmp_path / "fast.fastnn").read_bytes()
    fastnn.set_precision("float32")
    assert_same_bits(fastnn.models.load_model(tmp_path / "fast.fastnn").predict(x), exact, "loaded")
    assert_same_bits(copy.deepcopy(made).predict(x), made.predict(x), "copied")
    assert not np.array_equal(made.predict(x), exact)


def test_children_of_fork_have_the_class() -> None:
    fastnn.set_precision("bfloat16")
    want = convolved()
    context = multiprocessing.get_context("fork")
    with context.Pool(1) as pool:
        assert pool.apply(fastnn.get_precision) == "bfloat16"
        assert_same_bits(pool.apply(convolved), want, "in a child")


def test_a_stream_keeps_the_class_of_its_model() -> None:
    """Whatever the process's class is when a stepper is made and when it steps."""
    x = np.random.default_rng(7).standard_normal((1, 4, 24, 24, 16)).astype(np.float32)
    convolution = layers.Conv2D(16, 3, padding="same")
    frames = fastnn.Sequential([fastnn.Input((None, *x.shape[2:])), layers.TimeDistributed(convolution)])
    fastnn.set_batch_invariant(True)
    try:
        results = []
        for compiled, process in (("fast", "float32"), ("float32", "fast")):
            fastnn.set_precision(compiled)
            frames.compile("sgd", "mse")
            want = frames.predict(x)
            stepper = frames.stream()
            steps = [stepper.step(x[:, 0]), stepper.step(x[:, 1])]
            fastnn.set_precision(process)
            steps += [stepper.step(x[:, 2]), stepper.step(x[:, 3])]
            np.testing.assert_array_equal(np.stack(steps, axis=1), want)
            np.testing.assert_array_equal(frames.stream().step(x[:, 0]), want[:, 0])
            results.append(want)
        assert not np.array_equal(*results)
    finally:
        fastnn.set_batch_invariant(False)
