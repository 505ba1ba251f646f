"""Functions of recurrent networks besides what the op cases show: both results of LSTM, cells, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import recurrent as ref

import fastnn
from fastnn import Tensor
from fastnn import functional as F
from fastnn import kernels as K


def arrays(op: str, batch: int = 3, time: int = 4, size: int = 2, units: int = 3, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    columns = ref.GATES[op] * units
    bias = (2, columns) if op == "gru" else (columns,)
    shapes = [(batch, time, size), (size, columns), (units, columns), bias, (batch, units)]
    return [rng.standard_normal(shape) for shape in [*shapes, *([(batch, units)] if op == "lstm" else [])]]


def loss(outputs: tuple[Tensor, ...], weights: list[np.ndarray], used: str) -> Tensor:
    parts = [F.sum(F.multiply(y, Tensor(w))) for y, w, use in zip(outputs, weights, used, strict=True) if use == "1"]
    total = parts[0]
    for part in parts[1:]:
        total = F.add(total, part)
    return total


@pytest.mark.parametrize("used", ["111", "001", "010", "101"])
@pytest.mark.parametrize("options", [{}, {"go_backwards": True, "mask": True}])
def test_gradients_of_all_results_of_lstm(used: str, options: dict[str, Any], rng: np.random.Generator) -> None:
    values = arrays("lstm")
    options = dict(options)
    if options.pop("mask", False):
        options["mask"] = Tensor(rng.random((3, 4)) < 0.6)
    weights = [rng.standard_normal(shape) for shape in ((3, 4, 3), (3, 3), (3, 3))]
    tensors = [Tensor(value, requires_grad=True) for value in values]
    loss(F.lstm(*tensors, **options), weights, used).backward()
    for index, value in enumerate(values):
        for at in ((0,) * value.ndim, tuple(np.array(value.shape) - 1)):
            ends = []
            for sign in (1, -1):
                moved = [np.array(v) for v in values]
                moved[index][at] += sign * 1e-6
                ends.append(loss(F.lstm(*map(Tensor, moved), **options), weights, used).item())
            want = (ends[0] - ends[1]) / 2e-6
            np.testing.assert_allclose(tensors[index].grad.numpy()[at], want, rtol=1e-5, atol=1e-7)


def test_results_used_twice_add_their_gradients_into_one_buffer() -> None:
    """The same weights over two sequences: the second call's gradients are added into the first's."""
    for op in ref.FORWARD:
        x, kernel, recurrent, bias, *_ = (Tensor(a.astype(np.float32), requires_grad=True) for a in arrays(op))
        other = Tensor(np.array(x.numpy())[:, ::-1].copy())
        run = getattr(F, op)
        F.sum(F.add(run(x, kernel, recurrent, bias)[0], run(other, kernel, recurrent, bias)[0])).backward()
        got = [np.array(t.grad.numpy()) for t in (kernel, recurrent, bias)]
        want = [np.zeros_like(g) for g in got]
        for sequence in (x, other):
            for t in (kernel, recurrent, bias):
                t.grad = None
            F.sum(run(sequence, kernel, recurrent, bias)[0]).backward()
            want = [w + t.grad.numpy() for w, t in zip(want, (kernel, recurrent, bias), strict=True)]
        for g, w in zip(got, want, strict=True):
            np.testing.assert_allclose(g, w, rtol=1e-5, atol=1e-5)


def test_cells_are_single_steps() -> None:
    for op in ref.FORWARD:
        x, kernel, recurrent, bias, *states = map(Tensor, arrays(op))
        _, *last = getattr(F, op)(x, kernel, recurrent, bias, *states)
        now: list[Tensor] = states
        for time in range(4):
            found = getattr(F, f"{op}_cell")(x[:, time], *now, kernel, recurrent, bias)
            now = list(found) if isinstance(found, tuple) else [found]
        for a, b in zip(now, last, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_last_state_is_the_last_step_that_counts() -> None:
    x, kernel, recurrent, bias, h0, c0 = arrays("lstm")
    counts = np.array([[1, 1, 0, 0], [0, 0, 0, 0], [0, 1, 0, 1]], np.uint8)
    y, c_n, *_ = K.lstm(x, kernel, recurrent, bias, mask=counts)
    short, c_short, *_ = K.lstm(x[:, :2], kernel, recurrent, bias)
    np.testing.assert_array_equal(y[0], np.concatenate([short[0], short[0, -1:], short[0, -1:]]))
    np.testing.assert_array_equal(c_n[0], c_short[0])
    assert not y[1].any()
    y, c_n, *_ = K.lstm(x, kernel, recurrent, bias, h0, c0, mask=counts)
    np.testing.assert_array_equal(y[1], np.stack([h0[1]] * 4))
    np.testing.assert_array_equal(c_n[1], c0[1])


@pytest.mark.parametrize("op", list(ref.FORWARD))
def test_second_derivatives_say_that_they_are_missing(op: str) -> None:
    tensors = [Tensor(value, requires_grad=True) for value in arrays(op)]
    F.sum(getattr(F, op)(*tensors)[0]).backward(create_graph=True)
    with pytest.raises(RuntimeError, match=f"the second derivative of {op} is not available"):
        F.sum(tensors[0].grad).backward()


def f32(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


WRONG: list[tuple[str, type[Exception], str, Any]] = [
    ("lstm", ValueError, "lstm: expected x (batch, time, in), got (2, 3)", (f32(2, 3), f32(3, 8), f32(2, 8))),
    (
        "lstm",
        ValueError,
        "lstm: expected recurrent_kernel (units, 4 * units), got (2, 6)",
        (f32(1, 2, 3), f32(3, 8), f32(2, 6)),
    ),
    ("lstm", ValueError, "lstm: expected kernel (3, 8), got (2, 8)", (f32(1, 2, 3), f32(2, 8), f32(2, 8))),
    ("lstm", ValueError, "lstm: expected bias (8,), got (7,)", (f32(1, 2, 3), f32(3, 8), f32(2, 8), f32(7))),
    ("lstm", ValueError, "h0", (f32(1, 2, 3), f32(3, 8), f32(2, 8), None, f32(1, 3))),
    ("lstm", ValueError, "mask", (f32(1, 2, 3), f32(3, 8), f32(2, 8), None, None, None, np.ones((1, 3), bool))),
    (
        "lstm",
        TypeError,
        "lstm: expected mask of dtype bool or uint8, got float32",
        (f32(1, 2, 3), f32(3, 8), f32(2, 8), None, None, None, f32(1, 2)),
    ),
    ("lstm", TypeError, "kernel", (f32(1, 2, 3), np.ones((3, 8)), f32(2, 8))),
    ("gru", ValueError, "gru: expected bias (2, 6), got (6,)", (f32(1, 2, 3), f32(3, 6), f32(2, 6), f32(6))),
    (
        "gru",
        ValueError,
        "gru: expected recurrent_kernel (units, 3 * units), got (2, 8)",
        (f32(1, 2, 3), f32(3, 6), f32(2, 8)),
    ),
    (
        "simple_rnn",
        ValueError,
        "recurrent_mask",
        (f32(1, 2, 3), f32(3, 2), f32(2, 2), None, None, None, f32(2, 2)),
    ),
    (
        "gru_backward",
        ValueError,
        "gates",
        (f32(1, 2, 2), f32(1, 2, 3), f32(3, 6), f32(2, 6), f32(1, 2, 2), f32(1, 2, 6)),
    ),
]


@pytest.mark.parametrize(("op", "kind", "part", "inputs"), WRONG, ids=[f"{w[0]}-{i}" for i, w in enumerate(WRONG)])
def test_wrong_arguments_are_named(op: str, kind: type[Exception], part: str, inputs: Any) -> None:
    with pytest.raises(kind) as error:
        getattr(K, op)(*inputs)
    assert part in str(error.value)
    assert str(error.value).startswith(f"{op}: expected ")


def test_sequences_without_steps_have_no_last_one() -> None:
    with pytest.raises(ValueError, match=r"gru: expected x .* with at least one step, got none"):
        F.gru(*(Tensor(v) for v in (f32(2, 0, 3), f32(3, 6), f32(2, 6))))
    y, c_n, *_ = K.lstm(f32(2, 0, 3), f32(3, 8), f32(2, 8), c0=f32(2, 2))
    assert y.shape == (2, 0, 2)
    np.testing.assert_array_equal(c_n, f32(2, 2))
    with pytest.raises(ValueError, match=r"lstm_cell: expected x \(batch, in\), got \(1, 2, 3\)"):
        F.lstm_cell(*(Tensor(v) for v in (f32(1, 2, 3), f32(1, 2), f32(1, 2), f32(3, 8), f32(2, 8))))


def test_many_threads_give_the_same_bits() -> None:
    rng = np.random.default_rng(4)
    shapes = ((40, 6, 9), (9, 4 * 33), (33, 4 * 33))
    inputs = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
    fastnn.set_num_threads(1)
    want = K.lstm(*inputs)[0]
    for threads in (2, 7):
        fastnn.set_num_threads(threads)
        for _ in range(10):
            np.testing.assert_array_equal(K.lstm(*inputs)[0], want)


@pytest.mark.parametrize("size", [256, 257, 300, 384])
def test_steps_of_many_inputs_have_the_bits_of_the_sequence(size: int) -> None:
    """Inputs are projected step by step up to 256 of them, and by one product for all steps beyond."""
    rng = np.random.default_rng(5)
    x, kernel, recurrent, bias = (
        rng.standard_normal(shape).astype(np.float32) for shape in ((5, 4, size), (size, 132), (33, 132), (132,))
    )
    y, last, *_ = K.lstm(x, kernel, recurrent, bias)
    h = c = np.zeros((5, 33), np.float32)
    for step in range(4):
        of_step, c, *_ = K.lstm(x[:, step : step + 1], kernel, recurrent, bias, h, c)
        h = of_step[:, 0]
        np.testing.assert_array_equal(h, y[:, step])
    np.testing.assert_array_equal(c, last)
    gates, both = rng.standard_normal((33, 99)).astype(np.float32), rng.standard_normal((2, 99)).astype(np.float32)
    y, *_ = K.gru(x, kernel[:, :99], gates, both)
    h = np.zeros((5, 33), np.float32)
    for step in range(4):
        h = K.gru(x[:, step : step + 1], kernel[:, :99], gates, both, h)[0][:, 0]
        np.testing.assert_array_equal(h, y[:, step])
