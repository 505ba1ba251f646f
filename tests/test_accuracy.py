"""Error of every function of one number, and of its slope, in units of the last place of float32: the largest over
numbers of all exponents, on every level. ``pytest -n 0 -s tests/test_accuracy.py`` prints them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from op_calls import each_level

from fastnn import kernels as K

erfc = np.vectorize(math.erfc, otypes=[np.float64])
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def sigmoid(x: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1.0) / (1 + e)


def gelu_argument(x: np.ndarray) -> np.ndarray:
    return 1.5957691216057308 * (x + 0.044715 * x**3)


def normal_distribution(x: np.ndarray) -> np.ndarray:
    return 0.5 * erfc(-x / math.sqrt(2))


def bounded(x: np.ndarray, most: float) -> np.ndarray:
    return np.clip(x, -most, most)


def gelu_slope(x: np.ndarray) -> np.ndarray:
    x = bounded(x, 38)
    return normal_distribution(x) + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def gelu_tanh_slope(x: np.ndarray) -> np.ndarray:
    x = bounded(x, 30)
    a = gelu_argument(x)
    return sigmoid(a) * (1 + x * sigmoid(-a) * 1.5957691216057308 * (1 + 0.134145 * x * x))


def silu_slope(x: np.ndarray) -> np.ndarray:
    x = bounded(x, 700)
    return sigmoid(x) * (1 + x * sigmoid(-x))


def elu(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


Function = Callable[[np.ndarray], np.ndarray]
# name: (kernel, in float64, largest error)
FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Function, float]] = {
    "exp": (K.exp, np.exp, 1.1),
    "log": (K.log, np.log, 1.0),
    "sqrt": (K.sqrt, np.sqrt, 0.5),
    "sigmoid": (K.sigmoid, sigmoid, 2.5),
    "tanh": (K.tanh, np.tanh, 2.5),
    "softplus": (K.softplus, lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), 2.0),
    "softsign": (K.softsign, lambda x: x / (1 + np.abs(x)), 1.5),
    "hard_sigmoid": (K.hard_sigmoid, lambda x: np.clip((x + 3) / 6, 0, 1), 1.0),
    "elu": (K.elu, elu, 1.5),
    "selu": (K.selu, lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * elu(x)), 2.5),
    "silu": (K.silu, lambda x: x * sigmoid(x), 3.0),
    "gelu": (K.gelu, lambda x: x * normal_distribution(x), 4.0),
    "gelu_tanh": (lambda x: K.gelu(x, approximate=True), lambda x: x * sigmoid(gelu_argument(x)), 3.0),
}
# Slopes that cross zero are off by units of the last place of ROOT there, not of the result.
ROOT = 0.25
SLOPES: dict[str, tuple[Callable[[Any, Any], Any], Function, float]] = {
    "softplus": (K.softplus_backward, sigmoid, 2.5),
    "softsign": (K.softsign_backward, lambda x: (1 + np.abs(x)) ** -2.0, 3.5),
    "elu": (K.elu_backward, lambda x: np.where(x > 0, 1, np.exp(np.minimum(x, 0))), 1.5),
    "selu": (
        K.selu_backward,
        lambda x: SELU_SCALE * np.where(x > 0, 1, SELU_ALPHA * np.exp(np.minimum(x, 0))),
        2.5,
    ),
    "silu": (K.silu_backward, silu_slope, 3.0),
    "gelu": (K.gelu_backward, gelu_slope, 4.0),
    "gelu_tanh": (lambda dy, x: K.gelu_backward(dy, x, approximate=True), gelu_tanh_slope, 3.0),
}


def numbers() -> np.ndarray:
    """Every finite exponent with 64 mantissas and both signs, and 40,000 numbers where functions bend."""
    exponents = np.arange(255, dtype=np.uint32) << 23
    mantissas = np.random.default_rng(0).integers(0, 2**23, (255, 64), np.uint32)
    bits = (exponents[:, None] | mantissas).ravel()
    every = np.concatenate([bits, bits | np.uint32(1 << 31)]).view(np.float32)
    return np.concatenate([every, np.linspace(-105, 20, 40_000, dtype=np.float32)])


def largest_error(got: np.ndarray, want: np.ndarray, floor: np.ndarray | float) -> tuple[float, int]:
    """In units of the last place of want, or of floor where that is larger; only where want is a normal number."""
    tiny, huge = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)
    normal = (np.abs(want) >= tiny) & (np.abs(want) <= huge)
    unit = np.spacing(np.clip(np.abs(want), floor, 2.0**127).astype(np.float32)).astype(np.float64)
    with np.errstate(invalid="ignore"):  # infinity - infinity, where want is not a normal number
        error = np.where(normal, np.abs(got.astype(np.float64) - want) / unit, 0.0)
    assert not np.isnan(error).any()
    return float(error.max()), int(error.argmax())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    kernel, function, limit = FUNCTIONS[name]
    x = numbers()
    if name in ("log", "sqrt"):
        x = np.abs(x)
    with np.errstate(all="ignore"):
        want = function(x.astype(np.float64))
    for level, _, _ in each_level():
        error, worst = largest_error(kernel(x), want, 0.0)
        print(f"{name:14} {level:10} {error:.2f} ulp at {x[worst]!r}")
        assert error <= limit, f"{name} {level}: {error:.3f} ulp at {x[worst]!r}"


@pytest.mark.parametrize("name", SLOPES)
def test_slopes(name: str) -> None:
    kernel, function, limit = SLOPES[name]
    x = numbers()
    with np.errstate(all="ignore"):
        want = function(x.astype(np.float64))
    near_root = np.where((x > -3) & (x < 0), ROOT, 0.0)
    for level, _, _ in each_level():
        error, worst = largest_error(kernel(np.ones_like(x), x), want, near_root)
        print(f"{name + ' slope':14} {level:10} {error:.2f} ulp at {x[worst]!r}")
        assert error <= limit, f"slope of {name} {level}: {error:.3f} ulp at {x[worst]!r}"


def test_arctan2() -> None:
    """Of points of all sizes and directions; signs of zeros and infinities too."""
    y = numbers()
    rng = np.random.default_rng(1)
    factor = np.exp2(rng.uniform(-30, 30, y.size)) * rng.choice([-1.0, 1.0], y.size)
    with np.errstate(all="ignore"):
        near = (y * factor).astype(np.float32)
        for x in (near, rng.permutation(y)):
            want = np.arctan2(y.astype(np.float64), x.astype(np.float64))
            for level, _, _ in each_level():
                got = K.arctan2(y, x)
                error, worst = largest_error(got, want, 0.0)
                print(f"{'arctan2':14} {level:10} {error:.2f} ulp at {y[worst]!r}, {x[worst]!r}")
                assert error <= 2.5, f"arctan2 {level}: {error:.3f} ulp at {y[worst]!r}, {x[worst]!r}"
                np.testing.assert_array_equal(np.signbit(got), np.signbit(want), level)
    ends = np.array([0.0, -0.0, 1, -1, np.inf, -np.inf, np.nan], np.float32)
    y, x = (part.ravel() for part in np.meshgrid(ends, ends))
    want = np.arctan2(y, x)
    for level, _, _ in each_level():
        got = K.arctan2(y, x)
        np.testing.assert_allclose(got, want, rtol=2e-7, err_msg=level)
        np.testing.assert_array_equal(np.signbit(got)[~np.isnan(want)], np.signbit(want)[~np.isnan(want)], level)


def test_ends_of_gelu() -> None:
    x = np.array([np.inf, 1e30, 20, -20, -1e30, -np.inf, np.nan], np.float32)
    for level, _, _ in each_level():
        assert_array_equal(K.gelu(x), [np.inf, np.float32(1e30), 20, 0, 0, np.nan, np.nan], level)
        assert_array_equal(K.gelu_backward(np.ones_like(x), x), [1, 1, 1, 0, 0, 0, np.nan], level)
