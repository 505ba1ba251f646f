"""Integers, masks and casts on the tape: Python numbers as operands, operators on masks, gradients of casts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import functional as F
from fastnn.tensor import DTYPES


def test_a_cast_between_floats_has_a_gradient() -> None:
    x = fastnn.Tensor([1.0, -2.0, 3.0], requires_grad=True)
    y = x.astype("float64")
    assert y.dtype == np.float64
    (y * y).sum().backward()
    assert x.grad is not None
    assert x.grad.dtype == np.float32
    assert x.grad.numpy().tolist() == [2.0, -4.0, 6.0]
    x.zero_grad()
    y = x.astype("float64")
    (y * y * y).sum().backward(create_graph=True)
    assert x.grad is not None
    first = x.grad
    x.zero_grad()
    first.sum().backward()
    assert x.grad.numpy().tolist() == [6.0, -12.0, 18.0]


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "bool"])
def test_a_cast_to_integers_leaves_the_tape(dtype: str) -> None:
    x = fastnn.Tensor([0.0, 1.5], requires_grad=True)
    y = x.astype(dtype)
    assert not y.requires_grad
    assert y.numpy().tolist() == [0, 1]


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_cast_to_the_same_dtype_is_the_tensor_itself(dtype: str) -> None:
    x = fastnn.Tensor(np.ones(3, dtype))
    for same in (F.cast(x, dtype), x.astype(np.dtype(dtype)), x.to(dtype), x.to(np.dtype(dtype).type), x.to("cpu")):
        assert same is x


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
def test_python_integers_take_the_dtype_of_integers(dtype: str) -> None:
    x = fastnn.Tensor(np.array([1, 2, 250], dtype))
    with np.errstate(over="ignore"):
        wanted = {"+": x.numpy() + np.array(7, dtype), "-": np.array(7, dtype) - x.numpy()}
    for got, want in (
        (x + 7, wanted["+"]),
        (7 - x, wanted["-"]),
        (x * 2, x.numpy() * np.array(2, dtype)),
        (x**2, x.numpy() ** np.array(2, dtype)),
        (x > 1, x.numpy() > 1),
        (F.equal(x, 2), x.numpy() == 2),
        (F.maximum(x, 2), np.maximum(x.numpy(), 2)),
        (F.where(x > 1, x, 0), np.where(x.numpy() > 1, x.numpy(), 0)),
    ):
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(got.numpy(), want)


def test_negative_integers_and_large_ones_are_exact() -> None:
    x = fastnn.Tensor(np.array([2**62 + 1, -3]))
    assert (-x).numpy().tolist() == [-(2**62) - 1, 3]
    assert (x - (2**62 + 1)).numpy().tolist() == [0, -(2**62) - 4]
    assert F.equal(x, 2**62).numpy().tolist() == [False, False]


MASKS = [np.array([0, 1, 1, 0], bool), np.array([0, 3, 0, 255], np.uint8)]


@pytest.mark.parametrize("a", MASKS, ids=str)
@pytest.mark.parametrize("b", MASKS, ids=str)
def test_masks_are_combined_by_operators(a: np.ndarray, b: np.ndarray) -> None:
    x, y = fastnn.Tensor(a), fastnn.Tensor(b)
    for got, want in (
        (x & y, np.logical_and(a, b)),
        (x | y, np.logical_or(a, b)),
        (x ^ y, np.logical_xor(a, b)),
        (~x, np.logical_not(a)),
        (x & True, np.logical_and(a, True)),
        (False | x, np.logical_or(a, False)),
        (True ^ x, np.logical_xor(a, True)),
    ):
        assert got.dtype == np.bool_
        np.testing.assert_array_equal(got.numpy(), want)


@pytest.mark.parametrize("dtype", DTYPES)
def test_logical_functions_take_numbers_of_any_dtype_as_numpys(dtype: str) -> None:
    a, b = np.array([0, 1, 2, 0], dtype), np.array([[0], [1]], "float32")
    x, y = fastnn.Tensor(a), fastnn.Tensor(b)
    for name in ("logical_and", "logical_or", "logical_xor"):
        np.testing.assert_array_equal(getattr(F, name)(x, y).numpy(), getattr(np, name)(a, b))
    np.testing.assert_array_equal(F.logical_not(x).numpy(), np.logical_not(a))


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (lambda x: x + 0.5, TypeError, "add: expected b of int32 as a is, got float32"),
        (lambda x: x + True, TypeError, "add: expected b of int32 as a is, got bool"),
        (lambda x: x / 2, TypeError, "divide: expected a of float32 or float64, got int32"),
        (lambda x: x + 2**31, ValueError, "Tensor: expected a number that int32 holds, got 2147483648"),
        (lambda x: x & x, TypeError, "&: expected masks of bool or uint8, got int32"),
        (lambda x: (x > 0) | 1, TypeError, "|: expected masks of bool or uint8, got int64"),
        (lambda x: ~x, TypeError, "~: expected masks of bool or uint8, got int32"),
        (
            lambda x: (x > 0) + (x > 1),
            TypeError,
            "add: expected a of float32, float64, int32, int64 or uint8, got bool",
        ),
        (lambda x: F.where(x, x, x), TypeError, "where: expected condition of dtype bool or uint8, got int32"),
        (
            lambda x: x.astype("float16"),
            TypeError,
            "cast: expected dtype float32, float64, int32, int64, uint8 or bool, got float16",
        ),
    ],
)
def test_the_exact_sentences(call: Callable[[fastnn.Tensor], Any], kind: type[Exception], sentence: str) -> None:
    with pytest.raises(kind, match=f"^{re.escape(sentence)}"):
        call(fastnn.Tensor(np.array([1, 2], np.int32)))
