"""`==` and `!=` of tensors: elements as in NumPy, identity for what is no array, and hashes of identity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Input, Model, Tensor, layers
from fastnn import functional as F

DTYPES = ["float32", "float64", "int32", "int64", "uint8", "bool"]
NUMBERS: list[Any] = [1, 1.0, 1.5, True, False, 300, -1, 2**40, float("nan"), np.float32(1), np.int64(2)]


def check(got: Any, want: Any) -> None:
    assert got.dtype == np.bool_
    assert not got.requires_grad
    np.testing.assert_array_equal(got.numpy(), want)


@pytest.mark.parametrize("left", DTYPES)
@pytest.mark.parametrize("right", DTYPES)
def test_elements_of_all_dtypes(left: str, right: str) -> None:
    x, y = np.array([0, 1, 2, 1]).astype(left), np.array([[0, 2, 2, 1], [1, 1, 1, 1]]).astype(right)
    for other in (Tensor(y), y):
        check(Tensor(x) == other, x == y)
        check(Tensor(x) != other, x != y)
    check(y == Tensor(x), x == y)
    check(y != Tensor(x), x != y)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("number", [*NUMBERS, [0, 1, 1, 1], (0.0, 1.0, 2.0, 1.0)], ids=str)
def test_numbers_and_lists(dtype: str, number: Any) -> None:
    x = np.array([0, 1, 2, 1]).astype(dtype)
    check(Tensor(x) == number, x == number)
    check(Tensor(x) != number, x != number)
    check(number == Tensor(x), x == number)


def test_what_is_no_array_is_another_thing() -> None:
    x = Tensor([1.0, 2.0])
    for other in (None, "a", object(), {}, {x}, np.array(["a", "b"]), [Tensor([1.0, 2.0])], 1j):
        assert (x == other) is False
        assert (other == x) is False
        assert (x != other) is True
    assert len({x: 1, Tensor([1.0, 2.0]): 2, x.detach(): 3}) == 3
    assert hash(x) == hash(x)
    assert x in [x, Tensor([3.0, 4.0])]


def test_truth_of_several_elements_is_refused() -> None:
    x = Tensor([1.0, 2.0])
    message = r"^bool: expected a tensor with one element, or any\(\) or all\(\) of it, got \(2,\)$"
    with pytest.raises(ValueError, match=message):
        bool(x == [1.0, 2.0])
    with pytest.raises(ValueError, match=message):
        assert x in [Tensor([1.0, 2.0])]
    with pytest.raises(ValueError, match=r"got \(0,\)$"):
        bool(Tensor(np.zeros(0, np.float32)))
    with pytest.raises(ValueError, match=r"^equal: expected shapes that broadcast, got \(2,\) and \(3,\)$"):
        _ = x == Tensor([1.0, 2.0, 3.0])
    assert (x == [1.0, 2.0]).all()
    assert bool(Tensor([3.0]) == 3)
    assert not bool(Tensor(np.array([3])) == 2**70)


def test_comparisons_in_steps_and_beside_gradients() -> None:
    @fastnn.compile
    def step(a: Tensor, b: Tensor, k: Tensor) -> Any:
        return a == b, a != 2.0, k == 1.5, a == k, a == None  # noqa: E711

    a, b, k = np.array([1.0, 2.0], np.float32), np.array([1.0, 3.0], np.float32), np.array([1, 2])
    for _ in range(4):
        same, other, none, mixed, nothing = step(Tensor(a), Tensor(b), Tensor(k))
        check(same, [True, False])
        check(other, [True, False])
        check(none, [False, False])
        check(mixed, [True, True])
        assert not nothing
    x = Tensor([1.0, 2.0], requires_grad=True)
    F.where(x == 2.0, x * 3, 0.0).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 3.0]


def test_in_place_arithmetic_of_parts_compares_no_elements() -> None:
    x = fastnn.zeros((3, 2))
    x[0] += 1
    y = x[1:]
    y[0] += 2
    assert x.tolist() == [[1.0, 1.0], [2.0, 2.0], [0.0, 0.0]]


def test_symbolic_tensors_compare_as_in_keras() -> None:
    x, y = Input((3,)), Input((3,))
    assert x == x
    assert (x == y) is False
    assert x in [y, x]
    assert len({x, y}) == 2
    assert x != None  # noqa: E711
    results = [x != y, x != 1, x < y, x <= y, x > 0, x >= y, (x > 0) & (y > 0), (x > 0) | (y > 0), (x > 0) ^ (y > 0)]
    model = Model([x, y], [*results, ~(x > y)])
    a, b = np.array([[0.0, 1.0, 2.0]], np.float32), np.array([[1.0, 1.0, -1.0]], np.float32)
    wants = [a != b, a != 1, a < b, a <= b, a > 0, a >= b, (a > 0) & (b > 0), (a > 0) | (b > 0), (a > 0) ^ (b > 0)]
    for one in (model, Model.from_config(model.get_config())):
        for got, want in zip(one([a, b]), [*wants, ~(a > b)], strict=True):
            check(got, want)


def test_weights_compare_elements() -> None:
    layer = layers.Dense(2, kernel_initializer="ones", use_bias=False)
    layer.build((None, 3))
    check(layer.kernel == 1, np.ones((3, 2), bool))
    assert layer.kernel in {layer.kernel}
