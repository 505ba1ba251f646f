"""Cases of products: gemm, linear."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import op_references as ref

from cases.case import WIDTHS, OpCase, large, normal, text


def gemm_case(m: int, n: int, k: int, transpose: str = "nn", benchmark: tuple[int, int, int] | None = None) -> OpCase:
    ta, tb = (letter == "t" for letter in transpose)

    def shapes(m: int, n: int, k: int) -> list[tuple[int, int]]:
        return [(k, m) if ta else (m, k), (n, k) if tb else (k, n)]

    options = {"transpose_a": ta, "transpose_b": tb}
    return OpCase(
        name=f"gemm-{transpose}-{m}x{n}x{k}",
        op="gemm",
        make=normal(*shapes(m, n, k)),
        attributes=options,
        reference=ref.gemm,
        apply=lambda F, a, b: F.matmul(a, b, **options),
        differentiable=(0, 1),
        torch=lambda torch, a, b: (a.mT if ta else a) @ (b.mT if tb else b),
        tolerance="product",
        benchmark=benchmark
        and large(2 * math.prod(benchmark), *shapes(*benchmark), written=benchmark[0] * benchmark[1]),
    )


def linear_case(
    batch: Sequence[int], cin: int, out: int, bias: bool = True, activation: str = "linear", benchmark: bool = False
) -> OpCase:
    shapes = [(*batch, cin), (cin, out), (out,) if bias else None]

    def torch_linear(torch: Any, x: Any, weight: Any, bias: Any = None) -> Any:
        y = torch.nn.functional.linear(x, weight.mT, bias)
        return torch.relu(y) if activation == "relu" else y

    return OpCase(
        name=f"linear-{text(shapes[0])}-{out}{'' if bias else '-nobias'}-{activation}",
        op="linear",
        make=normal(*shapes),
        attributes={"activation": activation},
        reference=ref.linear,
        apply=lambda F, x, weight, bias=None: F.linear(x, weight, bias, activation=activation),
        differentiable=(0, 1, 2) if bias else (0, 1),
        torch=torch_linear,
        torch_order={1: (1, 0)},
        tolerance="product",
        batched=(0,) if len(batch) else (),
        benchmark=large(2 * 128 * 784 * 512, (128, 784), (784, 512), (512,), written=128 * 512) if benchmark else None,
    )


CASES: list[OpCase] = [
    *(gemm_case(3, n, 5) for n in WIDTHS),
    *(gemm_case(m, 17, 9) for m in WIDTHS),
    *(gemm_case(7, 15, k) for k in WIDTHS),
    *(gemm_case(70, n, 260, transpose) for n in (52, 100) for transpose in ("nn", "nt")),  # end in half a vector
    *(gemm_case(*sizes, transpose) for transpose in ("nt", "tn", "tt") for sizes in ((6, 16, 8), (17, 33, 31))),
    gemm_case(65, 129, 70, benchmark=(1024, 1024, 1024)),
    gemm_case(5, 6, 700),
    gemm_case(130, 7, 3, "tn"),
    *(gemm_case(m, n, k, "tn") for m, n, k in ((67, 2, 20), (150, 5, 300), (300, 12, 9))),  # computed transposed
    gemm_case(14, 60, 9),
    gemm_case(1, 257, 33, "nt"),
    gemm_case(15, 133, 530),  # cut along k
    *(gemm_case(67, 197, 530, transpose) for transpose in ("nn", "nt", "tn", "tt")),  # pieces share copies of a
    gemm_case(125, 128, 1030, "tn"),  # and 1024 of k at a time
    gemm_case(270, 67, 530, "tn"),  # turned after its transpose
    gemm_case(3, 4, 0),
    gemm_case(0, 4, 3),
    gemm_case(3, 0, 4),
    *(linear_case((3,), cin, out) for cin, out in ((1, 1), (5, 7), (17, 16), (33, 33))),
    linear_case((5,), 31, 10, activation="relu", benchmark=True),
    linear_case((5,), 8, 15, bias=False),
    linear_case((2,), 9, 17, bias=False, activation="relu"),
    linear_case((2, 3, 4), 7, 9),
    linear_case((70,), 1, 3, activation="relu"),
    linear_case((), 6, 5),
    linear_case((33,), 64, 3, activation="relu"),
    linear_case((29,), 600, 65, activation="relu"),  # cut along k
    linear_case((66,), 290, 130, activation="relu"),  # pieces share copies of x
]
