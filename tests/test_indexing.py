"""Indexing, take and scatter are NumPy's, with gradients, and hold in step programs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gradients import check_gradients
from hypothesis import given
from hypothesis import strategies as st
from tolerances import assert_same_bits

import fastnn
from fastnn import Tensor
from fastnn import functional as F
from fastnn.program import Step

X = np.arange(120, dtype=np.float32).reshape(4, 5, 6)

KEYS: list[Any] = [
    [2, 0, 2],
    [[0, 1], [-1, 3]],
    np.array([1, -4]),
    np.array([3, 1], np.uint8),
    (slice(None), [1, -1, 1]),
    (slice(1, 3), [0, 4]),
    (..., [5, 0]),
    ([0, 1], [2, 3]),
    ([0, 1], slice(None), [2, 3]),
    ([[0], [3]], slice(1, 4), [2, 3]),
    (slice(None), [0, 1], [2, 3]),
    (slice(None), [[0], [1]], [2, 3]),
    (0, slice(None), [1, 2]),
    (0, [1, 2]),
    ([1, 2], 0),
    ([1, 2], slice(None), 0),
    (slice(None), 0, [1, 2]),
    (slice(None), [1, 2], 0),
    (None, [1, 2]),
    ([1, 2], None, [0, 1]),
    (slice(None), None, [1, 2], [0, 1]),
    (0, None, [1, 2]),
    ([0, 1], ..., [2, 3]),
    ([0, 1], [1, 2], ..., [2, 3]),
    (slice(None, None, -2), [0, 3], slice(None, None, -1)),
    [],
    ([], slice(0, 2)),
    X[:, 0, 0] > 30,
    X > 60,
    (slice(None), X[0, :, 0] > 6),
    (slice(None), X[0] > 17),
    (X[:, :, 0] > 40, [0]),
    (X[:, :, 0] > 40, 0),
    (X[:, 0, 0] > 30, slice(None), [0, 1]),
    [True, False, False, True],
    np.zeros(4, bool),
    np.zeros((4, 5, 6), bool),
]


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_arrays_of_indices_are_numpys(key: Any) -> None:
    want = X[key]
    got = Tensor(X)[key]
    assert got.shape == want.shape
    np.testing.assert_array_equal(got.numpy(), want)
    x = Tensor(X, requires_grad=True)
    weights = np.random.default_rng(0).standard_normal(want.shape).astype(np.float32)
    y = x[key]
    (y * y).backward(Tensor(weights))
    gradient = np.zeros(X.shape)
    np.add.at(gradient, key, 2 * weights.astype(np.float64) * want)
    np.testing.assert_allclose(x.grad.numpy(), gradient, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_tensors_are_indices(dtype: str) -> None:
    rows, columns = np.array([[0, 3], [-1, 2]], dtype), np.array([4, -5], dtype)
    x = Tensor(X)
    np.testing.assert_array_equal(x[Tensor(rows)].numpy(), X[rows])
    np.testing.assert_array_equal(x[:, Tensor(columns)].numpy(), X[:, columns])
    np.testing.assert_array_equal(x[Tensor(rows), Tensor(columns)].numpy(), X[rows, columns])
    np.testing.assert_array_equal(x[Tensor(rows[0, 0])].numpy(), X[rows[0, 0]])
    np.testing.assert_array_equal(x[x > 50].numpy(), X[X > 50])


def test_every_dtype_is_indexed() -> None:
    for dtype in ("float64", "int32", "int64", "uint8", "bool"):
        array = (X % 7).astype(dtype)
        got = Tensor(array)[:, [1, 0], 2]
        assert got.dtype == array.dtype
        np.testing.assert_array_equal(got.numpy(), array[:, [1, 0], 2])


@st.composite
def keys(draw: st.DrawFn) -> tuple[tuple[int, ...], Any]:
    """A shape, and an index of integers, slices, None, Ellipsis, arrays and masks that fits it."""
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    result_shape = tuple(draw(st.lists(st.integers(0, 3), max_size=2)))
    seed = draw(st.integers(0, 2**16))
    rng = np.random.default_rng(seed)
    items: list[Any] = []
    axis = 0
    masked = False
    used = draw(st.integers(0, len(shape)))
    while axis < used:
        kind = draw(st.sampled_from(("int", "slice", "array", "none", "mask")))
        size = shape[axis]
        if kind == "none":
            if sum(item is None for item in items) < 2:
                items.append(None)
            continue
        if kind == "int":
            items.append(draw(st.integers(-size, size - 1)))
        elif kind == "slice":
            items.append(draw(st.slices(size)))
        elif kind == "array" or masked:
            part = result_shape[draw(st.integers(0, len(result_shape))) :]
            part = tuple(1 if draw(st.booleans()) else n for n in part)
            items.append(rng.integers(-size, size, part) if not masked else slice(None))
        else:
            # as many elements as broadcast with other arrays: one
            mask = np.zeros(size, bool)
            mask[rng.integers(0, size)] = True
            items.append(mask)
            masked = True
        axis += 1
    if draw(st.booleans()):
        # the items behind an Ellipsis index the last axes: elsewhere than at the end it must stand for no axis
        items.insert(draw(st.integers(0 if used == len(shape) else len(items), len(items))), Ellipsis)
    return shape, tuple(items)


@given(keys())
def test_any_index_is_numpys(case: tuple[tuple[int, ...], Any]) -> None:
    shape, key = case
    x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    want = x[key]
    got = Tensor(x)[key]
    assert got.shape == want.shape, key
    np.testing.assert_array_equal(got.numpy(), want)


def test_indexing_without_arrays_shares_memory() -> None:
    x = Tensor(X)
    for key in (1, (slice(None), 2), (..., 0), (0, None, slice(None, None, -1), 3), (slice(1, 3), None)):
        assert np.shares_memory(x[key].numpy(), x.numpy()), key
        np.testing.assert_array_equal(x[key].numpy(), X[key])


def test_gradients_of_gradients() -> None:
    x = np.random.default_rng(3).standard_normal((3, 4))
    indices, along = Tensor(np.array([[0, 2], [2, -3]])), Tensor(np.array([[0, 1, 1, 3], [-1, 0, 0, 0], [2, 2, 2, 2]]))
    check_gradients(lambda a: F.take(a * a, indices, 0) * F.take(a, indices, 0), x)
    check_gradients(lambda a: F.take(a * a, indices) * 2.0, x)
    check_gradients(lambda a: F.take_along_axis(a * a, along, 1) * F.take_along_axis(a, along, 1), x)
    check_gradients(lambda a: (a * a)[:, [1, 1, 3]] * a[:, 0, None], x)
    check_gradients(lambda a: F.scatter([[0], [2], [0]], a * a, (4, 4)) * F.scatter([[1], [2], [2]], a, (4, 4)), x)


def test_take_along_axis_broadcasts_as_numpys() -> None:
    rng = np.random.default_rng(0)
    for x_shape, index_shape, axis in (((3, 1, 4), (1, 5, 2), 2), ((1, 4), (3, 2), 1), ((3, 4), (2, 1), 0)):
        x = rng.standard_normal(x_shape).astype(np.float32)
        indices = rng.integers(0, x_shape[axis], index_shape)
        got = F.take_along_axis(Tensor(x), Tensor(indices), axis)
        np.testing.assert_array_equal(got.numpy(), np.take_along_axis(x, indices, axis))
    flat = F.take_along_axis(Tensor(X), [3, 100, -1], None)
    np.testing.assert_array_equal(flat.numpy(), X.reshape(-1)[[3, 100, -1]])


def test_take_flattens_without_an_axis() -> None:
    np.testing.assert_array_equal(F.take(Tensor(X), [[7, -1]]).numpy(), np.take(X, [[7, -1]]))
    np.testing.assert_array_equal(Tensor(X).take(2, 1).numpy(), np.take(X, 2, 1))


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_scatter_along_axis_is_the_transpose_of_take_along_axis(axis: int) -> None:
    rng = np.random.default_rng(3)
    places = rng.integers(-7, 7, (4, 5, 6))
    values = rng.standard_normal((4, 5, 6))
    got = F.scatter_along_axis(Tensor(places), Tensor(values), 7, axis)
    weights = rng.standard_normal(got.shape)
    np.testing.assert_allclose(
        (got.numpy() * weights).sum(), (np.take_along_axis(weights, places, axis) * values).sum(), rtol=1e-12
    )
    check_gradients(lambda a: F.scatter_along_axis(Tensor(places), a * a, 7, axis), values)
    with pytest.raises(IndexError, match="take_along_axis_backward: expected indices in"):
        F.scatter_along_axis(Tensor(places), Tensor(values), 6, axis)
    with pytest.raises(ValueError, match=r"scatter_along_axis: expected values \(4, 5, 6\), not empty, got \(4, 5\)"):
        F.scatter_along_axis(Tensor(places), Tensor(values[..., 0]), 7)


def test_scatter_adds_equal_indices() -> None:
    got = F.scatter([[0, 1], [2, 0], [0, -2]], Tensor([1.0, 2.0, 4.0]), (3, 3))
    np.testing.assert_array_equal(got.numpy(), [[0, 5, 0], [0, 0, 0], [2, 0, 0]])
    rows = F.scatter(Tensor(np.array([[1], [1]], np.int32)), Tensor(np.ones((2, 3), np.float64)), (2, 3))
    np.testing.assert_array_equal(rows.numpy(), [[0, 0, 0], [2, 2, 2]])
    assert rows.dtype == np.float64


def test_one_hot_rows() -> None:
    labels = Tensor(np.array([[2, 0], [1, 1]]))
    for dtype in ("float32", "float64", "int32", "bool"):
        got = F.one_hot(labels, 3, dtype)
        assert got.dtype == dtype
        np.testing.assert_array_equal(got.numpy(), np.eye(3, dtype=dtype)[labels.numpy()])
    np.testing.assert_array_equal(F.one_hot(labels, 3, axis=1).numpy(), np.moveaxis(np.eye(3)[labels.numpy()], -1, 1))


def test_gradients_of_many_equal_indices_have_the_same_bits_on_any_number_of_threads() -> None:
    rng = np.random.default_rng(1)
    indices = Tensor(rng.integers(0, 50, 5000))
    x = rng.standard_normal((3, 50, 33)).astype(np.float32)
    weights = Tensor(rng.standard_normal((3, 5000, 33)).astype(np.float32))
    want = None
    for threads in (1, 2, 3, 7):
        fastnn.set_num_threads(threads)
        tensor = Tensor(x, requires_grad=True)
        F.take(tensor, indices, 1).backward(weights)
        want = tensor.grad.numpy() if want is None else want
        assert_same_bits(tensor.grad.numpy(), want, f"threads={threads}")


# ---- in programs -----------------------------------------------------------------------------------------------------


def replayed(function: Callable[..., Tensor], *make: Callable[[int], np.ndarray]) -> Step:
    """Runs the function as a step for several batch sizes and compares with eager calls."""
    step = Step(lambda *inputs: (function(*inputs),), states=dict, name="indexing")
    for batch in (4, 4, 6, 6, 3, 4, 1, 1, 1, 2):
        arrays = [each(batch) for each in make]
        (got,) = step(*arrays)
        want = function(*map(Tensor, arrays))
        assert_same_bits(got.numpy(), want.numpy(), f"batch {batch}")
    assert not step.eager_reasons()
    assert max(entry["replays"] for entry in step.info()) >= 3
    return step


def features(batch: int) -> np.ndarray:
    return np.random.default_rng(batch).standard_normal((batch, 5, 3)).astype(np.float32)


def test_lists_are_part_of_a_program() -> None:
    replayed(lambda x: x[:, [0, 2, 2]], features)
    replayed(lambda x: x[:, [0, 2], [1, 1]], features)
    replayed(lambda x: x[:, 1, None, [0, 1]], features)


def test_indices_are_arguments_of_a_program() -> None:
    def labels(batch: int) -> np.ndarray:
        return np.random.default_rng(batch).integers(0, 5, (batch, 1, 3))

    replayed(lambda x, labels: F.take_along_axis(x, labels, 1), features, labels)
    replayed(lambda x, labels: x.sum((0, 2)).take(labels), features, labels)


def test_arrays_and_masks_are_not_frozen_silently() -> None:
    indices = np.array([0, 2])
    for key in (indices, Tensor(indices), np.array([True, False, True, False, False])):
        step = Step(lambda x, key=key: (x[:, key],), states=dict, name="indexing")
        with pytest.warns(RuntimeWarning, match="runs without a program: .*neither an argument, nor registered state"):
            result = step(features(4))[0]
        np.testing.assert_array_equal(result.numpy(), features(4)[:, [0, 2]])
    replayed(lambda x: x[:, fastnn.constant(indices)], features)
    replayed(lambda x: x[:, fastnn.constant(np.array([True, False, True, False, False]))], features)
    step = Step(lambda x: (x[x > 0],), states=dict, name="indexing")
    with pytest.warns(RuntimeWarning, match="runs without a program: .*Python reads the values of a Tensor"):
        result = step(features(4))[0]
    values = features(4)
    np.testing.assert_array_equal(result.numpy(), values[values > 0])


# ---- errors ----------------------------------------------------------------------------------------------------------

WRONG: list[tuple[Any, type[Exception], str]] = [
    ([0, 4], IndexError, "take: expected indices in [-4, 4), got 4 at position 1"),
    ((slice(None), [0, -6]), IndexError, "take: expected indices in [-5, 5), got -6 at position 1"),
    (([0, 1], [0, 5]), IndexError, "ravel_multi_index: expected indices in [-5, 5) for axis 1, got 5"),
    (([0, 1], [0, 1, 2]), ValueError, "ravel_multi_index: expected shapes that broadcast, got (2,) and (3,)"),
    (np.zeros(5, bool), IndexError, "index: expected a mask (4,) at axis 0, got (5,)"),
    ((0, np.zeros((5, 5), bool)), IndexError, "index: expected a mask (5, 6) at axis 1, got (5, 5)"),
    ([0.5], TypeError, "index: expected arrays of integers or bool, got float64"),
    (np.zeros(2, np.float32), TypeError, "index: expected arrays of integers or bool, got float32"),
    (Tensor([0.0]), TypeError, "take: expected indices of int32 or int64, got float32"),
    (([0], [0], [0], [0]), IndexError, "index: expected at most 3 indices for shape (4, 5, 6), got 4"),
    ((..., [0], ...), IndexError, "index: expected at most one Ellipsis"),
    (
        True,
        TypeError,
        "index: expected integers, slices, Ellipsis, None or arrays of integers or bool, got bool",
    ),
    (
        "a",
        TypeError,
        "index: expected integers, slices, Ellipsis, None or arrays of integers or bool, got str",
    ),
]


@pytest.mark.parametrize(("key", "kind", "message"), WRONG)
def test_wrong_indices_are_named(key: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        Tensor(X)[key]


CALLS: list[tuple[Callable[[Tensor], Any], type[Exception], str]] = [
    (lambda x: F.take(x, [[5]], 1), IndexError, "take: expected indices in [-5, 5), got 5 at position 0"),
    (lambda x: F.take(x, [0], 3), ValueError, "take: expected an axis in [-3, 3), got 3"),
    (lambda x: F.take(x, [0.5], 0), TypeError, "take: expected indices of integers, got float64"),
    (
        lambda x: F.take_along_axis(x, [0], 0),
        ValueError,
        "take_along_axis: expected indices of the shape (4, 5, 6) but for axis 0, got (1,)",
    ),
    (
        lambda x: F.take_along_axis(x, np.full((4, 5, 1), 6), 2),
        IndexError,
        "take_along_axis: expected indices in [-6, 6), got 6 at position 0",
    ),
    (
        lambda x: F.scatter([[3]], x[:1, 0, 0], (3,)),
        IndexError,
        "ravel_multi_index: expected indices in [-3, 3) for axis 0, got 3",
    ),
    (lambda x: F.scatter([[0]], x, (3,)), ValueError, "scatter: expected values (1,), got (4, 5, 6)"),
    (
        lambda x: F.scatter([[0, 0]], x, (3,)),
        ValueError,
        "scatter: expected indices (..., k) with k from 1 to 1, got (1, 2)",
    ),
    (
        lambda x: F.one_hot(Tensor([0, 3], dtype="int32"), 3),
        IndexError,
        "one_hot: expected labels in [0, 3), got 3 at position 1",
    ),
    (lambda x: F.one_hot(x, 3), TypeError, "one_hot: expected labels of uint8, int32 or int64, got float32"),
    (lambda x: F.one_hot(Tensor([0], dtype="int32"), 0), ValueError, "one_hot: expected classes of at least 1, got 0"),
]


@pytest.mark.parametrize(("call", "kind", "message"), CALLS)
def test_wrong_arguments_are_named(call: Callable[[Tensor], Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        call(Tensor(X))


def test_nothing_is_written_before_an_index_is_refused() -> None:
    out = np.full((3, 2), 7, np.float32)
    with pytest.raises(IndexError):
        fastnn.kernels.take(np.ones((4, 2), np.float32), np.array([0, 1, 4]), out=out)
    with pytest.raises(IndexError):
        fastnn.kernels.take_backward(np.ones((1, 2), np.float32), np.array([3]), out, out=out.copy())
    np.testing.assert_array_equal(out, 7)
