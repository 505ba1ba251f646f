"""Writing tensors in place: values and gradients are those of writing a copy, views and bases follow each other, and
what can't be written is refused before anything changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Tensor, no_grad
from fastnn import functional as F
from fastnn.program import Step


def leaf(*shape: int, seed: int = 0) -> Tensor:
    return Tensor(np.random.default_rng(seed).uniform(0.5, 1.5, shape), requires_grad=True)


UPDATES: dict[str, tuple[Callable[[Tensor, Tensor], Any], Callable[[Tensor, Tensor], Tensor]]] = {
    "add_": (lambda y, w: y.add_(w), lambda y, w: y + w),
    "sub_": (lambda y, w: y.sub_(w), lambda y, w: y - w),
    "mul_": (lambda y, w: y.mul_(w), lambda y, w: y * w),
    "div_": (lambda y, w: y.div_(w), lambda y, w: y / w),
    "pow_": (lambda y, w: y.pow_(w), lambda y, w: y**w),
    "add_ a number": (lambda y, w: y.add_(2), lambda y, w: y + 2),
    "neg_": (lambda y, w: y.neg_(), lambda y, w: -y),
    "exp_": (lambda y, w: y.exp_(), lambda y, w: y.exp()),
    "log_": (lambda y, w: y.log_(), lambda y, w: y.log()),
    "sqrt_": (lambda y, w: y.sqrt_(), lambda y, w: y.sqrt()),
    "abs_": (lambda y, w: y.abs_(), lambda y, w: y.abs()),
    "sigmoid_": (lambda y, w: y.sigmoid_(), lambda y, w: y.sigmoid()),
    "tanh_": (lambda y, w: y.tanh_(), lambda y, w: y.tanh()),
    "relu_": (lambda y, w: y.relu_(), lambda y, w: F.relu(y)),
    "clip_": (lambda y, w: y.clip_(0.9, 1.1), lambda y, w: y.clip(0.9, 1.1)),
    "clamp_": (lambda y, w: y.clamp_(max=1.1), lambda y, w: y.clip(maximum=1.1)),
    "mul_ by itself": (lambda y, w: y.mul_(y), lambda y, w: y * y),
    "copy_": (lambda y, w: y.copy_(w), lambda y, w: w + y * 0),
    "fill_": (lambda y, w: y.fill_(3), lambda y, w: y * 0 + 3),
    "zero_": (lambda y, w: y.zero_(), lambda y, w: y * 0),
}


@pytest.mark.parametrize("name", UPDATES)
@pytest.mark.parametrize("part", [None, slice(1, 3)], ids=["whole", "view"])
def test_values_and_gradients_are_those_of_a_new_tensor(name: str, part: slice | None) -> None:
    write, plain = UPDATES[name]
    got, want = [], []
    for results, update in ((got, write), (want, plain)):
        x, w = leaf(4, 3), leaf(3, seed=1)
        y = x * 1.25
        if update is write:
            target = y if part is None else y[part]
            assert update(target, w) is target
        elif part is None:
            y = update(y, w)
        else:
            inside = np.zeros((4, 1), bool)
            inside[part] = True
            y = F.where(Tensor(inside), update(y, w), y)
        (y * y * y).sum().backward()
        zeros = np.zeros(3)
        results += [y.numpy(), x.grad.numpy(), zeros if w.grad is None else w.grad.numpy()]
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_operators_write_in_place() -> None:
    x = leaf(3)
    y = x * 2
    same = y
    y += 1
    y *= x
    y -= 2.0
    y /= x
    y **= 2
    assert y is same
    np.testing.assert_allclose(y.numpy(), (((x.numpy() * 2 + 1) * x.numpy() - 2) / x.numpy()) ** 2)
    assert fastnn.gradcheck(_with_operators, leaf(3))


def _with_operators(x: Tensor) -> Tensor:
    y = x * 2
    y += 1
    y *= x
    y -= 2.0
    y /= x
    y **= 2
    return y


WRITES: list[tuple[tuple[int, ...], Any, tuple[int, ...]]] = [
    ((4,), 1, ()),
    ((4,), slice(1, 3), (2,)),
    ((4,), slice(None, None, -1), (4,)),
    ((4, 3), 1, (3,)),
    ((4, 3), (slice(None), 1), (4,)),
    ((4, 3), (slice(None), slice(0, 2)), (1, 2)),
    ((4, 3), (..., 0), ()),
    ((4, 3), (slice(1, 3), None, 2), (2, 1)),
    ((4, 3), ..., (3,)),
    ((2, 3, 4), (0, ..., slice(None, None, 2)), (3, 1)),
    ((2, 3, 4), (slice(None), -1), (1, 1, 4)),
    ((4, 3), (slice(2, 2),), (3,)),
    ((5,), [3, 0, -1], (3,)),
    ((5,), [3, 0, 3, 3], (4,)),
    ((5, 2), [1, 4, 1], (3, 2)),
    ((5, 2), [1, 4], (2,)),
    ((5, 2), ([1, 4, 1], [0, 1, 0]), (3,)),
    ((3, 4, 2), (slice(None), [2, 0]), (3, 2, 2)),
    ((3, 4, 2), (slice(None), [2, 0]), (2,)),
    ((3, 4, 2), ([0, 2], slice(1, 3), 1), (2, 1)),
    ((3, 4, 2), ([[0], [2]], slice(None), [1, 0]), (2, 2, 4)),
    ((3, 4), (slice(None, None, -1), [1, 3]), (3, 2)),
    ((3, 4), [], (4,)),
    ((4,), np.array([True, False, True, False]), (2,)),
    ((4,), np.array([True, False, True, False]), ()),
    ((4,), np.array([True, False, True, False]), (1,)),
    ((2, 3), np.array([[True, False, True], [False, False, True]]), ()),
    ((2, 3), np.array([True, False]), (3,)),
    ((2, 3), np.array([True, False]), (1, 1)),
    ((2, 3), (slice(None), np.array([True, False, True])), (2, 2)),
    ((2, 3), np.array([False, False]), (3,)),
]


@pytest.mark.parametrize(("shape", "index", "value"), WRITES, ids=str)
def test_setitem_is_numpys_with_gradients(shape: tuple[int, ...], index: Any, value: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    x, v = rng.standard_normal(shape), rng.standard_normal(value)
    want = x * 2
    want[index] = v[0] if v.shape == (1, 1, 4) else v

    def run(x: Tensor, v: Tensor) -> Tensor:
        y = x * 2
        y[index] = v
        return y * y

    np.testing.assert_array_equal(run(Tensor(x), Tensor(v)).numpy(), want * want)
    assert fastnn.gradcheck(run, [Tensor(x, requires_grad=True), Tensor(v, requires_grad=True)])
    assert fastnn.gradcheck(run, [Tensor(x), Tensor(v, requires_grad=True)])


def test_other_dtypes_and_values_are_written() -> None:
    for dtype in ("float32", "float64", "int32", "int64", "uint8", "bool"):
        x = fastnn.zeros(2, 3, dtype=dtype)
        x[1] = 1 if dtype != "bool" else True
        x[0, 1:] = np.ones(2, dtype)
        assert x.tolist() == np.array([[0, 1, 1], [1, 1, 1]], dtype).tolist()
    x = fastnn.zeros(2)
    x[:] = [1, 2.5]
    x[0] = np.float64(7)
    assert x.tolist() == [7, 2.5]
    x[1:] = x[:1]
    x[...] = x
    assert x.tolist() == [7, 7]
    y = fastnn.arange(5)
    y[1:] = y[:-1]  # as if the value had been copied first
    assert y.tolist() == [0, 0, 1, 2, 3]
    y[[4, 3]] = y[:2]
    assert y.tolist() == [0, 0, 1, 0, 0]
    y[F.equal(y, 0)] = -1
    assert y.tolist() == [-1, -1, 1, -1, -1]
    y[Tensor([0, 1])] += 5  # reads, adds and writes
    assert y.tolist() == [4, 4, 1, -1, -1]
    z = fastnn.zeros(3, 4)
    z.transpose(1, 0)[[0, 2]] = fastnn.ones(2, 3)
    assert z.tolist() == [[1, 0, 1, 0]] * 3
    z[2:][:, [1]] = 7.0
    assert z.tolist() == [[1, 0, 1, 0]] * 2 + [[1, 7, 1, 0]]


def test_a_buffer_that_is_filled_row_by_row_has_gradients() -> None:
    def run(x: Tensor) -> Tensor:
        rows = fastnn.zeros(3, 2, dtype="float64")
        state = x
        for step in range(3):
            state = (state * x).tanh()
            rows[step] = state
        return rows

    assert fastnn.gradcheck(run, leaf(2))


def test_augmented_items_write_once() -> None:
    def run(x: Tensor) -> Tensor:
        y = x * 3
        y[0] += 1
        y[1:] *= y[0]
        y[:, 1] -= x[:, 0]
        return y * y

    assert fastnn.gradcheck(run, leaf(3, 2))
    y = fastnn.ones(3)
    y[0] = y[0].detach()
    assert y.tolist() == [1, 1, 1]


def test_views_follow_their_base_and_each_other() -> None:
    def run(x: Tensor) -> Tensor:
        y = x * 2
        row, tail = y[1], y[1:]
        flat = y.reshape(-1)
        y *= x
        row.exp_()
        flat[5:] += 2
        return (row * row).sum() + (tail * x[1:] * 3).sum() + (flat * flat).sum() + y.sum()

    assert fastnn.gradcheck(run, leaf(3, 2))


def test_a_view_requires_a_gradient_when_its_base_does() -> None:
    buffer = fastnn.zeros(2, 3)
    row = buffer[0]
    assert not row.requires_grad
    w = fastnn.ones(3, requires_grad=True)
    buffer[0] = w * 2
    assert row.requires_grad
    assert not row.is_leaf
    row.sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == [2, 2, 2]


def test_gradients_of_gradients_go_through_writes() -> None:
    x = leaf(3)

    def first(x: Tensor) -> Tensor:
        y = x * x
        y[1:] = x[:2] * x[1:]
        y.mul_(x)
        (gradient,) = fastnn.grad((y * y).sum(), x, create_graph=True)
        return gradient

    assert fastnn.gradcheck(first, x)


def test_leaves_are_written_under_no_grad_only() -> None:
    x = fastnn.ones(2, 2, requires_grad=True)
    calls: list[tuple[str, str, Callable[[], Any]]] = [
        ("add_", "a leaf", lambda: x.add_(1)),
        ("zero_", "a leaf", lambda: x.zero_()),
        ("setitem", "a leaf", lambda: x.__setitem__(0, 1)),
        ("mul_", "a view of a leaf", lambda: x[0].mul_(2)),
    ]
    for name, what, call in calls:
        with pytest.raises(RuntimeError, match=re.escape(f"{name}: {what} that requires a gradient can't be written")):
            call()
    assert x.tolist() == [[1, 1], [1, 1]]
    with no_grad():
        x += 1
        x[0, 0] = 5
        x[1].zero_()
    assert x.tolist() == [[5, 2], [0, 0]]
    assert x.requires_grad
    assert x.is_leaf


def test_backward_refuses_what_was_saved_before_a_write() -> None:
    x = leaf(3)
    y = x * 2
    z = (y * y).sum()
    y.add_(1)
    with pytest.raises(RuntimeError, match="multiply saved has been modified in place"):
        z.backward()
    y = x * 2
    z = (y * y).sum()
    y[0] = 0.0
    with pytest.raises(RuntimeError, match="multiply saved has been modified in place"):
        z.backward()
    y = x.exp()
    y.detach()[0] = 3.0  # shares memory, outside of the tape
    with pytest.raises(RuntimeError, match="exp saved has been modified in place"):
        y.sum().backward()


def test_what_can_not_be_written_is_refused_first() -> None:
    x = fastnn.ones(2, 3)
    calls: list[tuple[type[Exception], str, Callable[[], Any]]] = [
        (ValueError, "add_: expected a result of shape (2, 3), got (4, 2, 3)", lambda: x.add_(fastnn.ones(4, 1, 1))),
        (ValueError, "copy_: expected a value that broadcasts to (2, 3), got (2,)", lambda: x.copy_(fastnn.ones(2))),
        (
            ValueError,
            "setitem: expected a value that broadcasts to (2,), got (3,)",
            lambda: _set(x, (..., 0), [1, 2, 3]),
        ),
        (TypeError, "setitem: expected values of float32, got float64", lambda: _set(x, 0, Tensor(np.ones(3)))),
        (TypeError, "setitem: expected values of float32, got complex128", lambda: _set(x, 0, 1j)),
        (TypeError, "fill_: expected values of int64, got float64", lambda: fastnn.arange(3).fill_(0.5)),
        (ValueError, "setitem: expected values that uint8 holds, got 300",
         lambda: _set(fastnn.zeros(2, dtype="uint8"), 0, 300)),
        (IndexError, "index: expected an index in [-2, 2) for axis 0, got 2", lambda: _set(x, 2, 1)),
        (IndexError, "put_update: expected indices in [-2, 2), got 2 at position 1", lambda: _set(x, [0, 2], 1)),
        (IndexError, "index: expected a mask (2,) at axis 0, got (3,)", lambda: _set(x, np.ones(3, bool), 1)),
        (ValueError, "setitem: expected a value that broadcasts to (2, 3), got (3, 3)",
         lambda: _set(x, [0, 1], np.ones((3, 3)))),
        (ValueError, "setitem: expected a value that broadcasts to (1, 3), got (2,)",
         lambda: _set(x, np.array([True, False]), [1, 2])),
        (RuntimeError, "add_: the tensor is a constant, whose values", lambda: fastnn.constant([1.0]).add_(1)),
    ]  # fmt: skip
    for error, message, call in calls:
        with pytest.raises(error, match=re.escape(message)):
            call()
    assert x.tolist() == np.ones((2, 3)).tolist()


def _set(x: Tensor, index: Any, value: Any) -> None:
    x[index] = value


def test_activations_forget_their_logits() -> None:
    y = F.softmax(fastnn.ones(2, 3))
    y += 1
    assert y.logits is None
    assert y.activation is None


def test_steps_replay_writes_to_what_they_computed() -> None:
    weight = Tensor([1.0, 2.0, 3.0])

    def step(x: Tensor) -> tuple[Tensor, ...]:
        y = x * weight
        y[:, 0] = 7.0
        y[:, 1:] *= y[:, :2]
        rows = F.fill(x, 0.0)
        rows[...] = y
        rows += 1
        rows[rows > 1.5] = 0.5
        rows[:, [0, 2]] = y[:, [2, 1]]
        return rows, y

    compiled = Step(step, states=lambda: {"weight": weight})
    rng = np.random.default_rng(0)
    for batch in (2, 3, 2, 5, 3):
        x = rng.standard_normal((batch, 3)).astype(np.float32)
        want = [value.numpy() for value in step(Tensor(x))]
        for got, wanted in zip(compiled(x), want, strict=True):
            np.testing.assert_array_equal(got.numpy(), wanted)
    assert compiled.info()
    assert not compiled.eager_reasons()


def test_steps_write_state_in_place_but_no_arguments_and_are_not_recorded_with_strangers() -> None:
    weight, stranger = fastnn.ones(3), fastnn.ones(3)
    message = "the arguments of a step, which are its caller's memory, are not written in place"

    def run(function: Callable[[Tensor], Any]) -> None:
        x = np.ones((2, 3), np.float32)
        try:
            Step(lambda x: (x + 1, function(x))[:1], states=lambda: {"weight": weight})(x)
        finally:
            assert (x == 1).all()

    for write in (lambda x: x.add_(1), lambda x: x[0].zero_()):
        with pytest.raises(RuntimeError, match=message):
            run(write)
    for write in (lambda x: weight.mul_(2), lambda x: _set(weight, 0, 5), lambda x: _set(weight, [1], 7)):
        run(write)
    assert weight.tolist() == [5, 7, 2]
    run(lambda x: weight.detach().zero_())
    with pytest.warns(RuntimeWarning, match=r"assign_update: target \(3,\) is neither an argument, nor registered"):
        run(lambda x: stranger.zero_())
    assert weight.tolist() == stranger.tolist() == [0, 0, 0]
