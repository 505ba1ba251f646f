"""Weights that a program packs or transforms once for many runs: the bits of eager whatever happens to the weights, and
a plan that says what is kept."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from op_calls import each_level
from tolerances import assert_same_bits

import fastnn
from fastnn import Tensor, _core, layers

Shapes = dict[str, tuple[int, ...]]

# name: op, attributes, shapes of its inputs, of which all but the first are state
CASES: dict[str, tuple[str, dict[str, Any], list[tuple[int, ...]]]] = {
    "gemm": ("gemm", {}, [(40, 170), (170, 65)]),
    "gemm, transposed": ("gemm", {"transpose_b": True}, [(40, 70), (33, 70)]),
    "gemm, few rows transposed": ("gemm", {"transpose_b": True}, [(3, 70), (33, 70)]),
    "gemm, one b for many": ("gemm", {"transpose_a": True}, [(5, 120, 30), (120, 90)]),
    "gemm, slabs": ("gemm", {}, [(13, 600), (600, 2100)]),
    "gemm, few rows": ("gemm", {}, [(2, 520), (520, 530)]),
    "linear": ("linear", {"activation": "relu"}, [(40, 170), (170, 65), (65,)]),
    "conv1d": ("conv1d", {"strides": [2]}, [(3, 40, 5), (3, 5, 20), (20,)]),
    "conv2d, direct": ("conv2d", {"padding": "same", "strides": [2, 1]}, [(2, 9, 11, 5), (3, 3, 5, 20), (20,)]),
    "conv2d, winograd": ("conv2d", {"padding": "same"}, [(2, 14, 18, 16), (3, 3, 16, 20), (20,)]),
    "conv2d, groups": ("conv2d", {"groups": 2, "dilation": [2, 2]}, [(2, 9, 11, 8), (3, 3, 4, 20), (20,)]),
    "conv2d, one window": ("conv2d", {}, [(20, 4, 3, 8), (4, 3, 8, 100), (100,)]),
    "conv3d": ("conv3d", {"padding": "same"}, [(2, 4, 5, 6, 3), (2, 3, 3, 3, 7), (7,)]),
    "conv1d_transpose": ("conv1d_transpose", {"strides": [2]}, [(3, 12, 5), (3, 20, 5), (20,)]),
    "conv2d_transpose": ("conv2d_transpose", {"padding": "same"}, [(2, 14, 18, 16), (3, 3, 20, 16), (20,)]),
    "lstm": ("lstm", {}, [(5, 7, 9), (9, 48), (12, 48), (48,)]),
    "gru": ("gru", {"go_backwards": True}, [(5, 7, 9), (9, 36), (12, 36), (2, 36)]),
    "simple_rnn": ("simple_rnn", {}, [(5, 7, 9), (9, 12), (12, 12), (12,)]),
}


def run_op(name: str, attributes: dict[str, Any], arrays: list[_core.Array]) -> _core.Array:
    result = _core.op(name)(*arrays, **attributes)
    return result[0] if isinstance(result, tuple) else result


def recorded(function: Callable[..., _core.Array], x: _core.Array, states: list[_core.Array]) -> _core.Program:
    """The program of function(x, *states)."""
    recorder = _core.Recorder()
    recorder.argument(x, "x", False)
    for index, state in enumerate(states):
        recorder.state(state, f"w{index}")
    with recorder:
        recorder.result(function(x, *states), "y")
    return _core.Program(recorder.finish(), 1)


def array(values: np.ndarray) -> _core.Array:
    return _core.Array.from_numpy(np.ascontiguousarray(values))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CASES)
def test_prepared_weights_have_the_bits_of_eager(
    name: str, dtype: str, rng: np.random.Generator, engine_settings: None
) -> None:
    op, attributes, shapes = CASES[name]
    x, *weights = (array(rng.standard_normal(shape).astype(dtype)) for shape in shapes)
    program = recorded(lambda *arrays: run_op(op, attributes, list(arrays)), x, weights)
    assert program.info["kept_bytes"] >= weights[0].nbytes
    assert " kept" in program.text()
    for _, _, where in each_level(counts=(1, 2)):
        for change in range(3):
            want = run_op(op, attributes, [x, *weights]).numpy()
            for _ in range(3):
                assert_same_bits(program.run([x])[0].numpy(), want, f"{name} {where} change={change}")
            for weight in weights:
                if change == 1 and weight is not weights[0]:
                    continue  # one of several
                _core.op("assign_update")(weight, array(rng.standard_normal(weight.shape).astype(dtype)))


def test_infinite_weights_meet_no_padding(rng: np.random.Generator) -> None:
    """The reference kernels take over, and give back when the weight is finite again."""
    x = array(rng.standard_normal((2, 5, 5, 3)).astype(np.float32))
    values = rng.standard_normal((3, 3, 3, 4)).astype(np.float32)
    weight = array(values)
    program = recorded(lambda x, w: _core.op("conv2d")(x, w, padding="same"), x, [weight])
    for first in (values[0, 0, 0, 0], np.inf, -1.0):
        values[0, 0, 0, 0] = first
        _core.op("assign_update")(weight, array(values))
        want = _core.op("conv2d")(x, weight, padding="same").numpy()
        for _ in range(2):
            assert_same_bits(program.run([x])[0].numpy(), want, str(first))


@pytest.mark.parametrize("dilation", [1, 2])
def test_gradients_of_images_of_two_sizes_share_no_phases(dilation: int, rng: np.random.Generator) -> None:
    """The padding "same" begins elsewhere in images of other sizes, and with it the taps that a pixel meets."""
    options = {"strides": [2, 3], "dilation": [dilation, dilation], "padding": "same"}
    weight = array(rng.standard_normal((3, 4, 6, 8)).astype(np.float32))
    gradient = _core.op("conv2d_backward_input")
    for sizes in [((8, 9), (7, 9)), ((7, 9), (7, 8)), ((8, 8), (7, 10))]:
        x = [array(np.zeros((2, *size, 6), np.float32)) for size in sizes]
        dy = [array(rng.standard_normal((2, 4, -(-size[1] // 3), 8)).astype(np.float32)) for size in sizes]
        recorder = _core.Recorder()
        for index, given in enumerate([*dy, *x]):
            recorder.argument(given, f"x{index}", False)
        recorder.state(weight, "w")
        with recorder:
            want = [gradient(dy[i], weight, x[i], **options) for i in range(2)]
            for index, result in enumerate(want):
                recorder.result(result, f"y{index}")
        program = _core.Program(recorder.finish(), 1)
        for _ in range(2):
            for got, expected in zip(program.run([*dy, *x]), want, strict=True):
                assert_same_bits(got.numpy(), expected.numpy(), f"{sizes} dilation={dilation}")


@pytest.mark.parametrize("rows", [2, 40])
def test_writes_of_others_are_seen(rows: int, rng: np.random.Generator) -> None:
    """NumPy and whoever has the memory by DLPack write it without a word."""
    x = Tensor(rng.standard_normal((rows, 520)).astype(np.float32))
    values = rng.standard_normal((520, 530)).astype(np.float32)
    given = fastnn.from_numpy(values)
    own = Tensor(values)
    for weight in (given, own):
        step = fastnn.compile(lambda x, weight=weight: x @ weight)
        for _ in range(4):
            step(x)
        seen = values if weight is given else np.from_dlpack(weight)
        for _ in range(3):
            seen *= -2
            for _ in range(2):
                assert_same_bits(step(x).numpy(), (x @ weight).numpy(), "after a write")


def test_two_storages_of_the_same_memory(rng: np.random.Generator) -> None:
    """What is kept of one isn't what the other's writes change."""
    x, weight = (array(rng.standard_normal(shape).astype(np.float32)) for shape in ((40, 170), (170, 65)))
    other = _core.Array.from_numpy(np.from_dlpack(Tensor._wrap(weight)), copy=False)
    fresh = array(rng.standard_normal((170, 65)).astype(np.float32))
    for order in ((weight, other), (other, weight)):
        programs = [recorded(lambda x, w: _core.op("linear")(x, w), x, [w]) for w in order]
        for written in order:
            _core.op("assign_update")(written, fresh)
            want = _core.op("linear")(x, weight).numpy()
            for program in programs:
                assert_same_bits(program.run([x])[0].numpy(), want, "another storage")
            fresh = array(-2 * fresh.numpy())


def network() -> fastnn.Sequential:
    fastnn.utils.set_random_seed(3)
    model = fastnn.Sequential(
        [
            fastnn.Input((12, 10, 4)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Conv2D(16, 3, padding="same"),
            layers.BatchNormalization(),
            layers.Reshape((20, 64)),
            layers.LSTM(9),
            layers.Dense(5),
        ]
    )
    model.compile("sgd", "mse")
    return model


def changes(model: fastnn.Sequential, folder: Path) -> list[Callable[[], object]]:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(16, 12, 10, 4)), rng.normal(size=(16, 5))
    model.save_weights(folder / "start.weights.safetensors")
    other = [rng.normal(size=w.shape).astype(np.float32) for w in model.get_weights()]

    def in_place() -> None:
        with fastnn.no_grad():
            model.layers[-1].kernel.assign(model.layers[-1].kernel * 2.0)

    def in_a_thread() -> None:
        thread = threading.Thread(target=lambda: model.fit(x, y, verbose=0))
        thread.start()
        thread.join()

    return [
        lambda: model.set_weights(other),
        lambda: model.fit(x, y, verbose=0),
        lambda: model.train_on_batch(x, y),
        in_place,
        lambda: model.load_weights(folder / "start.weights.safetensors"),
        in_a_thread,
    ]


@pytest.mark.parametrize("size", [1, 20])
def test_a_model_predicts_with_the_weights_it_has(size: int, tmp_path: Path) -> None:
    model, eager = network(), network()
    eager.compile("sgd", "mse", run_eagerly=True)
    x = np.random.default_rng(0).normal(size=(size, 12, 10, 4)).astype(np.float32)
    for change in [lambda: None, *changes(model, tmp_path)]:
        change()
        eager.set_weights(model.get_weights())
        want = eager.predict(x, verbose=0)
        for _ in range(4):
            assert_same_bits(np.asarray(model.predict(x, verbose=0)), np.asarray(want), str(change))


def test_threads_run_while_weights_change(rng: np.random.Generator) -> None:
    """What they get meanwhile is of old and new weights; nothing breaks, and then all have the new ones."""
    x, weight = (array(rng.standard_normal(shape).astype(np.float32)) for shape in ((40, 300), (300, 200)))
    program = recorded(lambda x, w: _core.op("linear")(x, w), x, [weight])
    sets = [array(rng.standard_normal((300, 200)).astype(np.float32)) for _ in range(2)]
    failed: list[str] = []
    done = threading.Event()

    def run() -> None:
        while not done.is_set():
            if not np.isfinite(program.run([x])[0].numpy()).all():
                failed.append("not finite")

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for index in range(200):
        _core.op("assign_update")(weight, sets[index % 2])
    done.set()
    for thread in threads:
        thread.join()
    assert not failed
    want = _core.op("linear")(x, weight).numpy()
    for _ in range(3):
        assert_same_bits(program.run([x])[0].numpy(), want, "after")


def test_threads_predict_at_once() -> None:
    model = network()
    x = np.random.default_rng(0).normal(size=(3, 12, 10, 4)).astype(np.float32)
    want = np.asarray(model.predict(x, verbose=0))
    wrong: list[int] = []

    def predict(number: int) -> None:
        for _ in range(20):
            if not np.array_equal(model.predict(x, verbose=0), want):
                wrong.append(number)

    threads = [threading.Thread(target=predict, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_text_says_what_is_kept() -> None:
    model = network()
    text = model.program(batch_size=8)
    kept = [line for line in text.splitlines() if " kept" in line]
    assert [line.split(" = ")[1].split(".")[0] for line in kept] == ["conv2d", "conv2d", "lstm"]
    # few rows read a small weight in place
    assert "prepared" not in next(line for line in text.splitlines() if "linear.1" in line and " bytes" in line)
    assert any(line.startswith("keeps ") and line.endswith(" bytes of prepared weights") for line in text.splitlines())


def test_a_step_that_trains_keeps_what_it_does_not_write() -> None:
    model = network()
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(16, 12, 10, 4)), rng.normal(size=(16, 5))
    for _ in range(3):
        model.train_on_batch(x, y)
    kept = [line for line in model.program(batch_size=16, training=True).splitlines() if " kept" in line]
    assert [line.split(" = ")[1].split(".")[0] for line in kept] == ["conv2d"]


def test_weights_that_a_step_writes_are_prepared_once_in_each_run(rng: np.random.Generator) -> None:
    """Where two calls read them before they are written; a third call, behind the write, prepares its own."""
    x = array(rng.standard_normal((80, 140)).astype(np.float32))
    weight = array(rng.standard_normal((140, 140)).astype(np.float32))
    start = weight.numpy().copy()

    def step(x: _core.Array, weight: _core.Array) -> _core.Array:
        y = x
        for _ in range(2):
            y = _core.op("linear")(y, weight)
        _core.op("assign_update")(weight, _core.op("gemm")(x, x, transpose_a=True))
        return _core.op("linear")(y, weight)

    want = [step(x, weight).numpy() for _ in range(2)]
    _core.op("assign_update")(weight, array(start))
    recorder = _core.Recorder(in_order=True)
    recorder.argument(x, "x", False)
    recorder.state(weight, "w")
    with recorder:
        recorder.result(step(x, weight), "y")
    program = _core.Program(recorder.finish(), 1)
    text = program.text()
    assert program.info["kept_bytes"] == 0
    assert [" prepared " in line for line in text.splitlines() if "linear.1" in line] == [True, True, False]
    _core.op("assign_update")(weight, array(start))
    for index in range(2):
        assert_same_bits(program.run([x])[0].numpy(), want[index], text)


@pytest.mark.parametrize(("m", "n", "k"), [(32, 128, 784), (15, 133, 530), (64, 65, 1000)])
def test_few_rows_have_the_bits_of_many(m: int, n: int, k: int, rng: np.random.Generator) -> None:
    """Few rows are cut along k, the weight in place; many pack it."""
    x, weight, bias = (rng.standard_normal(shape).astype(np.float32) for shape in ((100, k), (k, n), (n,)))

    def result(x: np.ndarray) -> np.ndarray:
        return _core.op("linear")(array(x), array(weight), array(bias), activation="relu").numpy()

    for _, _, where in each_level():
        assert_same_bits(result(x[:m]), result(x)[:m], where)


@pytest.mark.parametrize("transpose_b", [False, True])
@pytest.mark.parametrize("transpose_a", [False, True])
def test_hundreds_of_rows_have_the_bits_of_few(transpose_a: bool, transpose_b: bool, rng: np.random.Generator) -> None:
    """Hundreds of rows share copies of a, in chunks of at most 384; few don't."""
    a, b = (rng.standard_normal(shape).astype(np.float32) for shape in ((395, 511), (511, 410)))

    def result(a: np.ndarray) -> np.ndarray:
        left, right = (a.T.copy() if transpose_a else a), (b.T.copy() if transpose_b else b)
        gemm = _core.op("gemm")
        return gemm(array(left), array(right), transpose_a=transpose_a, transpose_b=transpose_b).numpy()

    for _, _, where in each_level():
        product = result(a)
        np.testing.assert_allclose(product, a.astype(np.float64) @ b, rtol=0, atol=1e-4, err_msg=where)
        for rows in (slice(50), slice(190, 200), slice(345, None)):
            assert_same_bits(result(a[rows]), product[rows], where)


def test_programs_share_what_they_keep(rng: np.random.Generator) -> None:
    weight = array(rng.standard_normal((1000, 500)).astype(np.float32))
    programs = []
    for rows in (20, 40, 60):
        x = array(rng.standard_normal((rows, 1000)).astype(np.float32))
        before = _core.allocated_bytes()
        programs.append(recorded(lambda x, w: _core.op("linear")(x, w), x, [weight]))
        taken = _core.allocated_bytes() - before - programs[-1].info["arena_bytes"]
        assert (taken >= weight.nbytes) == (rows == 20)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_predicts_with_its_own_weights() -> None:
    model = network()
    x = np.zeros((2, 12, 10, 4), np.float32)
    for _ in range(4):
        model.predict(x, verbose=0)
    child = os.fork()
    if child == 0:
        try:
            with fastnn.no_grad():
                model.layers[-1].bias.assign(Tensor(np.full(5, 7.0, np.float32)))
                model.layers[0].kernel.assign(model.layers[0].kernel * 0.0)
            got = [np.asarray(model.predict(x, verbose=0)) for _ in range(3)]
            os._exit(int(not all(np.array_equal(g, got[0]) for g in got)))
        except BaseException:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
