"""Cases of sort and top_k."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import op_references as ref

from cases.case import WIDTHS, Benchmark, Inputs, Make, OpCase, distinct, normal, text, with_nan
from cases.elementwise import STORED, integers

BIG = (256, 1024)


def ties(*shape: int) -> Make:
    """Few different numbers, zeros of both signs among them: the order of equal ones shows in the index."""

    def inputs(rng: np.random.Generator) -> Inputs:
        return [np.copysign(rng.integers(0, 3, shape), rng.standard_normal(shape))]

    return inputs


def sort_case(
    shape: Sequence[int],
    axis: int = -1,
    descending: bool = False,
    make: Make | None = None,
    special: str = "",
    benchmark: bool = False,
) -> OpCase:
    floats = special in ("", "-ties")
    return OpCase(
        name=f"sort-{text(shape)}-axis{axis}{'-descending' * descending}{special}",
        op="sort",
        make=make or distinct(*shape),
        attributes={"axis": axis, "descending": descending},
        reference=ref.sort,
        apply=lambda F, x: F.sort(x, axis, descending),
        differentiable=(0,) if special == "" else (),
        torch=lambda torch, x: torch.sort(x, dim=axis, descending=descending, stable=True).values,
        tolerance="exact",
        batched=(0,) if floats and axis == 1 else (),
        benchmark=Benchmark(normal(BIG), 0, 16 * BIG[0] * BIG[1]) if benchmark else None,
    )


def top_k_case(
    shape: Sequence[int],
    k: int,
    axis: int = -1,
    make: Make | None = None,
    special: str = "",
    benchmark: bool = False,
) -> OpCase:
    return OpCase(
        name=f"top_k-{text(shape)}-{k}-axis{axis}{special}",
        op="top_k",
        make=make or distinct(*shape),
        attributes={"k": k, "axis": axis},
        reference=ref.top_k,
        apply=lambda F, x: F.top_k(x, k, axis=axis)[0],
        differentiable=(0,) if special == "" else (),
        # PyTorch has no top-k of bools
        torch=None if special == "-bool" else lambda torch, x: torch.topk(x, k, axis).values,
        tolerance="exact",
        benchmark=Benchmark(normal(BIG), 0, 4 * BIG[0] * (BIG[1] + 3 * k)) if benchmark else None,
    )


CASES: list[OpCase] = [
    *(sort_case((3, n)) for n in WIDTHS),
    sort_case((3, 17), 1, True, benchmark=True),
    sort_case((17, 3), 0),
    sort_case((2, 5, 7), 1, True),
    sort_case((40,), 0),
    sort_case((0, 3), 0),
    sort_case((3, 0), 0),
    *(sort_case((4, 20), axis, d, ties(4, 20), "-ties") for axis in (0, 1) for d in (False, True)),
    *(sort_case((4, 9), axis, d, with_nan(normal((4, 9))), "-nan") for axis in (0, 1) for d in (False, True)),
    *(sort_case((4, 9), 1, d, integers(t, (4, 9)), f"-{t}") for t in STORED for d in (False, True)),
    *(top_k_case((3, n), (n + 1) // 2) for n in WIDTHS),
    top_k_case((3, 17), 5, 1, benchmark=True),
    top_k_case((17, 3), 2, 0),
    top_k_case((2, 5, 7), 3, 1),
    top_k_case((2, 5), 0),
    top_k_case((4, 20), 7, -1, ties(4, 20), "-ties"),
    top_k_case((4, 9), 3, -1, with_nan(normal((4, 9))), "-nan"),
    *(top_k_case((4, 9), 4, -1, integers(t, (4, 9)), f"-{t}") for t in STORED),
]
