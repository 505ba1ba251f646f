"""Cases of products of many matrices: gemm over batch axes that broadcast."""

from __future__ import annotations

import math

import numpy as np
import op_references as ref

from cases.case import OpCase, large, normal, text


def batched_gemm_case(
    of_a: tuple[int, ...],
    of_b: tuple[int, ...],
    sizes: tuple[int, int, int],
    transpose: str = "nn",
    benchmark: tuple[int, int, int, int] | None = None,
) -> OpCase:
    """Matrices m x k and k x n under the batch axes of_a and of_b; benchmark: batch, m, n, k."""
    ta, tb = (letter == "t" for letter in transpose)

    def shapes(of_a: tuple[int, ...], of_b: tuple[int, ...], m: int, n: int, k: int) -> list[tuple[int, ...]]:
        return [(*of_a, *((k, m) if ta else (m, k))), (*of_b, *((n, k) if tb else (k, n)))]

    options = {"transpose_a": ta, "transpose_b": tb}
    batch = np.broadcast_shapes(of_a, of_b)
    batched = tuple(i for i, axes in enumerate((of_a, of_b)) if 0 < len(axes) == len(batch) and axes[0] == batch[0])
    return OpCase(
        name=f"gemm-{transpose}-{text(of_a)}-{text(of_b)}-{text(sizes)}",
        op="gemm",
        make=normal(*shapes(of_a, of_b, *sizes)),
        attributes=options,
        reference=ref.gemm,
        apply=lambda F, a, b: F.matmul(a, b, **options),
        differentiable=(0, 1),
        torch=lambda torch, a, b: (a.mT if ta else a) @ (b.mT if tb else b),
        tolerance="product",
        batched=batched,
        benchmark=benchmark
        and large(
            2 * math.prod(benchmark),
            *shapes(benchmark[:1], benchmark[:1], *benchmark[1:]),
            written=math.prod(benchmark[:3]),
        ),
    )


CASES: list[OpCase] = [
    *(batched_gemm_case((3,), (3,), sizes, t) for t in ("nn", "nt", "tn", "tt") for sizes in ((5, 7, 4), (17, 33, 15))),
    batched_gemm_case((40,), (40,), (3, 2, 5), benchmark=(128, 64, 64, 32)),
    batched_gemm_case((4,), (), (3, 17, 9)),
    batched_gemm_case((2, 3), (), (4, 5, 8), "nt"),
    batched_gemm_case((4,), (), (6, 5, 7), "tn"),
    batched_gemm_case((), (4,), (3, 17, 9)),
    batched_gemm_case((2, 1), (5,), (3, 6, 4)),
    batched_gemm_case((2, 3), (2, 1), (1, 16, 8), "tt"),
    batched_gemm_case((2, 3), (1, 3), (4, 1, 1)),
    batched_gemm_case((2,), (2,), (70, 66, 300)),
    batched_gemm_case((3,), (3,), (2, 4, 0)),
    batched_gemm_case((3,), (3,), (0, 4, 2)),
    batched_gemm_case((2,), (2,), (3, 0, 2)),
    batched_gemm_case((0,), (0,), (3, 4, 2)),
]
