"""What a step takes at once: counted by the storages while it runs eagerly, and told by its recording."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Sequential, Tensor, _core, layers, optimizers
from fastnn import functional as F

Step = Callable[..., Any]


def dense() -> tuple[Step, tuple[int, ...]]:
    return trained([layers.Dense(300, activation="relu"), layers.Dropout(0.5), layers.Dense(300, activation="tanh")]), (
        50,
    )


def convolution() -> tuple[Step, tuple[int, ...]]:
    parts = [layers.Conv2D(8, 3, activation="relu"), layers.BatchNormalization(), layers.MaxPooling2D()]
    return trained([*parts, layers.Flatten(), layers.Dense(10)]), (16, 16, 3)


def recurrent() -> tuple[Step, tuple[int, ...]]:
    return trained([layers.LSTM(16, return_sequences=True), layers.GRU(8)]), (12, 8)


def attention() -> tuple[Step, tuple[int, ...]]:
    x = fastnn.Input((12, 8))
    y = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, x))
    return trained(fastnn.Model(x, layers.Dense(3)(layers.Flatten()(y)))), (12, 8)


def trained(parts: Any) -> Step:
    model = Sequential(parts) if isinstance(parts, list) else parts
    adam = optimizers.Adam()

    def step(x: Tensor) -> Tensor:
        loss = F.mean(model(x, training=True) ** 2)
        adam.minimize(loss, model.trainable_weights)
        return loss

    return step


def elementwise() -> tuple[Step, tuple[int, ...]]:
    def step(x: Tensor) -> Tensor:
        a = F.exp(x)
        b = a * a
        del a
        c = F.concatenate([b, F.tanh(b)], axis=1)
        return F.sum(F.transpose(c) * 2.0, axis=0)

    return step, (200,)


def measured(step: Step, x: np.ndarray) -> int:
    given = Tensor(x)
    gc.collect()  # what other tests have left must not go while the step runs
    _core.peak_bytes(restart=True)
    before = _core.live_bytes()
    step(given)
    return _core.peak_bytes() - before


@pytest.mark.parametrize("make", [dense, convolution, recurrent, attention, elementwise])
def test_the_eager_peak_of_a_recording_is_that_of_the_eager_step(make: Callable[[], Any]) -> None:
    """Within 3 %: numbers that Python makes tensors of are no results of ops."""
    step, shape = make()
    step(Tensor(np.ones((24, *shape), np.float32)))  # makes weights and moments
    compiled = fastnn.compile(step)
    for _ in range(2):
        for size in (24, 16):
            compiled(np.ones((size, *shape), np.float32))
    infos = {info["batch"]: info for info in compiled.info()}
    for size in (24, 16):
        want = measured(step, np.ones((size, *shape), np.float32))
        assert infos[size]["eager_bytes"] == pytest.approx(want, rel=0.03)
        assert infos[size]["arena_bytes"] < 1.01 * want  # blocks begin at multiples of 64 bytes


def test_a_graph_that_was_read_lets_results_go_after_their_last_reader() -> None:
    step, shape = dense()
    compiled = fastnn.compile(step)
    for _ in range(6):
        compiled(np.ones((24, *shape), np.float32))
    (info,) = compiled.info()
    graph = _core.Graph.parse(compiled.text())
    read = graph.plan(24, "cpu")
    assert 0 < read["eager_bytes"] <= info["eager_bytes"]
    assert read["arena_bytes"] == info["arena_bytes"]


def test_the_text_of_a_program_tells_the_eager_peak_beside_the_arena() -> None:
    model = Sequential([fastnn.Input((50,)), layers.Dense(300, activation="relu"), layers.Dense(10)])
    text = model.program(batch_size=32)
    (info,) = model._predict_step.info()
    assert f"arena {info['arena_bytes']} bytes, " in text
    assert f"\neagerly {info['eager_bytes']} bytes, results and workspace together\n" in text
    assert info["eager_bytes"] >= 4 * 32 * (300 + 10)


def test_live_bytes_are_those_of_the_arrays_there_are() -> None:
    before = _core.live_bytes()
    kept = fastnn.zeros(1000)
    assert _core.live_bytes() - before == 4000
    assert _core.peak_bytes(restart=True) >= _core.live_bytes()
    assert kept.shape == (1000,)
    del kept
    assert _core.live_bytes() == before
