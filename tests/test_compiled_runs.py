"""Runs of compiled functions: within each other, failing, beside others, with gradients that are there already."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from tolerances import assert_same_bits

import fastnn
from fastnn import Sequential, Tensor, layers

X = np.random.default_rng(0).standard_normal((8, 3)).astype(np.float32)
Y = np.zeros((8, 1), np.float32)


@pytest.fixture(autouse=True)
def no_warning() -> Iterator[None]:
    """A function that isn't recorded says so: no warning means that all were."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def net() -> Sequential:
    fastnn.manual_seed(1)
    return Sequential([fastnn.Input((3,)), layers.Dense(4, activation="tanh"), layers.Dense(1)])


# ---- within others ---------------------------------------------------------------------------------------------------


def test_a_function_that_is_compiled_and_called_by_itself_too_is_part_of_another() -> None:
    model, scale = net(), Tensor(np.float32(2))
    inner = fastnn.compile(lambda x: model(x) * scale)
    outer = fastnn.compile(lambda x: inner(x) + 1)
    for call in range(6):
        want = model(Tensor(X)).numpy() * scale.numpy()
        assert_same_bits(inner(X).numpy(), want, f"inner {call}")
        assert_same_bits(outer(X).numpy(), want + 1, f"outer {call}")
        scale.add_(1)
    assert inner.recorded
    assert outer.info()[0]["replays"] == 4


def test_a_compiled_function_may_call_itself() -> None:
    @fastnn.compile
    def power(x: Tensor, n: int) -> Tensor:
        return x if n == 0 else power(x, n - 1) * 2.0

    for _ in range(4):
        assert_same_bits(power(X, 3).numpy(), X * 8, "three times")
        assert_same_bits(power(X, 1).numpy(), X * 2, "once")
    assert power.recorded
    assert [info["replays"] for info in power.info()] == [2, 2]


# ---- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [OSError("full"), ValueError("no"), TypeError("odd"), AttributeError("none")])
def test_an_error_of_the_function_is_raised_once_and_by_itself(error: Exception) -> None:
    calls = []

    def fails() -> None:
        calls.append(1)
        raise error

    @fastnn.compile
    def function(x: Tensor, rate: float) -> Tensor:
        fails()
        return x * rate

    with pytest.raises(type(error)) as caught:
        function(X, 0.5)
    assert caught.value.__context__ is None
    assert len(calls) == 1


@pytest.mark.parametrize(
    "function",
    [
        lambda x, rate: layers.Dropout(rate)(x, training=False) * rate,
        lambda x, rate: x * [3.0, 4.0][rate.as_integer_ratio()[0]],
        lambda x, rate: x * (2.0 if _checked(rate) else 1.0),
    ],
)
def test_where_only_a_float_will_do_it_is_one(function: Callable[..., Tensor]) -> None:
    compiled = fastnn.compile(function)
    for _ in range(4):
        assert_same_bits(compiled(X, 0.5).numpy(), function(Tensor(X), 0.5).numpy(), "one")
    assert compiled.recorded


def _checked(rate: object) -> bool:
    if not isinstance(rate, float):
        raise TypeError("expected a float")
    return True
