"""Bits of matrix products: an element's follow from its row of a, its column of b and how long these are. The rows and
columns beside it, how a and b lie in memory, and how the product was cut make no difference.
"""

from __future__ import annotations

import numpy as np
import pytest
from op_calls import levels

import fastnn
from fastnn import _core, kernels

ROWS, COLUMNS = 450, 260
# (m, n): one piece; in place; shared along k; b packed; copies of a shared; turned; a^T b by its transpose; many pieces
CUTS = (
    (1, COLUMNS),
    (12, 7),
    (32, 128),
    (64, COLUMNS),
    (70, 129),
    (200, 128),
    (440, 20),
    (ROWS, 5),
    (ROWS, 80),
    (ROWS, COLUMNS),
)


@pytest.mark.parametrize("k", [100, 257, 530, 784, 1300])
def test_bits_follow_from_rows_and_columns_alone(rng: np.random.Generator, k: int) -> None:
    a = rng.standard_normal((ROWS, k), dtype=np.float32)
    b = rng.standard_normal((k, COLUMNS), dtype=np.float32)
    for level in levels()[:-1]:
        _core.set_isa(level)
        expected = kernels.gemm(a, b)
        np.testing.assert_allclose(expected, a.astype(np.float64) @ b, atol=4e-6 * k**0.5, rtol=0)
        for m, n in CUTS:
            left, right = a[:m], np.ascontiguousarray(b[:, :n])
            left_t, right_t = np.ascontiguousarray(left.T), np.ascontiguousarray(right.T)
            for threads in (1, 2):
                fastnn.set_num_threads(threads)
                products = [
                    kernels.gemm(left, right),
                    kernels.gemm(left_t, right, transpose_a=True),
                    kernels.gemm(left, right_t, transpose_b=True),
                    kernels.gemm(left_t, right_t, transpose_a=True, transpose_b=True),
                    kernels.linear(left, right),
                ]
                for product in products:
                    assert product.tobytes() == expected[:m, :n].tobytes(), (level, m, n, threads)


@pytest.mark.parametrize("transpose_b", [False, True])
def test_bits_of_broad_pieces(rng: np.random.Generator, transpose_b: bool) -> None:
    """Some rows by all columns of a slab of b, of which there are two side by side and two along k."""
    a = rng.standard_normal((800, 530), dtype=np.float32)
    b = rng.standard_normal((530, 2100), dtype=np.float32)
    right = np.ascontiguousarray(b.T) if transpose_b else b
    for level in levels()[:-1]:
        _core.set_isa(level)
        expected = [kernels.gemm(a[:100], np.ascontiguousarray(b[:, at : at + 120])) for at in (0, 1980)]
        for threads in (1, 2):
            fastnn.set_num_threads(threads)
            product = kernels.gemm(a, right, transpose_b=transpose_b)
            assert product[:100, :120].tobytes() == expected[0].tobytes(), (level, threads)
            assert product[:100, 1980:].tobytes() == expected[1].tobytes(), (level, threads)
            assert product[700:].tobytes() == kernels.gemm(a[700:], b).tobytes(), (level, threads)
