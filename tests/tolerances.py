"""How far a result may lie from the float64 reference of the same rounded inputs: the one table of tolerances.

An element may differ by ``rtol * |want| + atol * max(1, max|want|)``; products and reductions, whose error grows with
the number of terms K, by ``5 * sqrt(K) * u * sum(|terms|)`` with the unit roundoff u, element by element. Loosening an
entry needs a written reason here.
"""

from __future__ import annotations

import numpy as np

ELEMENTWISE = {"float32": (2e-6, 1e-6), "float64": (1e-10, 1e-12)}
UNIT_ROUNDOFF = {"float32": 2.0**-24, "float64": 2.0**-53}
PRODUCT_FACTOR = 5.0
# the least normal number of float32: what is below counts as zero in a matrix unit
LEAST = 2.0**-126
# accuracy classes `fast` and `bfloat16`: of the largest sum of absolute terms. Numbers rounded to bfloat16 make 2^-8 of
# the products' own, and what Winograd's F(2x2) makes of them stays below this
FAST_NORM = 5e-5
BFLOAT16_NORM = 1e-2
# a draw of float32 has the first 32 of float64's bits, and the length of a normal pair is as exact as 1 - u
RANDOM = {"float32": 1e-5, "float64": 1e-12}
# finite differences of float64, as PyTorch's gradcheck
GRADIENT_STEP, GRADIENT_RTOL, GRADIENT_ATOL = 1e-6, 1e-3, 1e-5
# norm of the difference over norm of the wanted float32 gradients of a whole network
GRADIENT_NORM = 1e-5


def bound(kind: str, dtype: str, want: np.ndarray, terms: np.ndarray | None = None, count: float = 1) -> np.ndarray:
    """The largest difference allowed, element by element.

    kind is exact, elementwise, product, reduction, random, or float64 (in double whatever the inputs' dtype); terms
    is the sum of the terms' absolute values and count their number, for product and reduction.
    """
    want = np.asarray(want, np.float64)
    if kind == "exact":
        return np.zeros(want.shape)
    if kind in ("product", "reduction"):
        return PRODUCT_FACTOR * np.sqrt(max(count, 1)) * UNIT_ROUNDOFF[dtype] * np.asarray(terms, np.float64)
    if kind == "random":
        return RANDOM[dtype] * (1 + np.abs(want))
    rtol, atol = ELEMENTWISE["float64" if kind == "float64" else dtype]
    finite = np.abs(want[np.isfinite(want)])
    return rtol * np.where(np.isfinite(want), np.abs(want), 0.0) + atol * max(1.0, finite.max(initial=0.0))


def lost_in_tiles(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """What a product a @ b on a matrix unit may lose below LEAST: parts of both operands, products and their sums."""
    a, b = np.abs(a.astype(np.float64)), np.abs(b.astype(np.float64))
    return LEAST * (2 * b.sum(axis=0) + 2 * a.sum(axis=1)[:, None] + 12 * len(b))


def assert_within(got: np.ndarray, want: np.ndarray, allowed: np.ndarray, what: str) -> None:
    """Fails, naming `what` and the worst element, unless |got - want| <= allowed; NaN and infinities must agree."""
    got = np.asarray(got)
    assert got.shape == np.shape(want), f"{what}: shape {got.shape}, wanted {np.shape(want)}"
    got, want = got.astype(np.float64), np.asarray(want, np.float64)
    with np.errstate(invalid="ignore"):
        wrong = ~((got == want) | (np.isnan(got) & np.isnan(want)) | (np.abs(got - want) <= allowed))
    if wrong.any():
        worst = tuple(int(i) for i in np.argwhere(wrong)[0])
        limit = np.broadcast_to(allowed, want.shape)[worst]
        raise AssertionError(
            f"{what}: {wrong.sum()} of {wrong.size} elements off; at {worst} got {got[worst]!r}, "
            f"wanted {want[worst]!r} within {limit:.3g}"
        )


def assert_same_bits(got: np.ndarray, want: np.ndarray, what: str) -> None:
    """Fails, naming `what`, unless dtype, shape and bits are the same."""
    got, want = np.ascontiguousarray(got), np.ascontiguousarray(want)
    assert got.dtype == want.dtype, f"{what}: dtype {got.dtype}, wanted {want.dtype}"
    assert got.shape == want.shape, f"{what}: shape {got.shape}, wanted {want.shape}"
    if got.tobytes() != want.tobytes():
        wrong = np.argwhere(~((got == want) | ((got != got) & (want != want))))
        where = tuple(int(i) for i in wrong[0]) if len(wrong) else "NaN or zero signs only"
        values = f"{got[where]!r}, wanted {want[where]!r}" if len(wrong) else ""
        raise AssertionError(f"{what}: bits differ at {where}: {values}")
