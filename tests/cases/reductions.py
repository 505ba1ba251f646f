"""Cases of reductions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import op_references as ref

from cases.case import OpCase, large, normal, text

REDUCTIONS: list[tuple[Sequence[int], Sequence[int], bool]] = [
    ((17,), (), False),
    ((), (), False),
    ((3, 33), (0,), False),
    ((3, 33), (1,), False),
    ((33, 3), (-1,), True),
    ((2, 3, 4, 5), (0, 2), False),
    ((2, 3, 4, 5), (1, 3), True),
    ((2, 3, 4, 5), (0, 1, 2), False),
    ((7, 1, 15), (), True),
    ((5, 8, 16), (0, 1), False),
    ((0, 4), (0,), False),
    ((0, 4), (1,), False),
    ((1000,), (), False),
    ((4, 300), (1,), False),
    ((300, 4), (0,), False),
]


def reduction_cases(shape: Sequence[int], axes: Sequence[int], keepdims: bool, benchmark: bool = False) -> list[OpCase]:
    name = f"{text(shape)}-axes{''.join(map(str, axes)) or 'all'}{'-keepdims' if keepdims else ''}"
    options = {"axes": tuple(axes), "keepdims": keepdims}
    result = np.zeros(shape).sum(axis=tuple(axes) or None, keepdims=keepdims).shape
    axis = tuple(axes) or None
    dims = axis or ()
    big = (256, 64, 64)
    cases = []
    for op in ("sum", "mean"):
        # PyTorch takes an empty tuple of axes as "all"
        torch_op = lambda torch, x, op=op: getattr(torch, op)(x, dims, keepdim=keepdims)  # noqa: E731
        empty_mean = op == "mean" and 0 in shape
        cases.append(
            OpCase(
                name=f"{op}-{name}",
                op=op,
                make=normal(shape),
                attributes=options,
                reference=getattr(ref, op),
                apply=lambda F, x, op=op: getattr(F, op)(x, axis=axis, keepdims=keepdims),
                differentiable=() if empty_mean else (0,),
                torch=torch_op,
                tolerance="reduction",
                benchmark=large(math.prod(big), big, written=1) if benchmark else None,
            )
        )
        cases.append(
            OpCase(
                name=f"{op}_backward-{name}",
                op=f"{op}_backward",
                make=normal(result, shape),
                attributes=options,
                reference=getattr(ref, f"{op}_backward"),
                benchmark=large(math.prod(big), (1,), written=math.prod(big), make=normal((), big))
                if benchmark
                else None,
            )
        )
    return cases


def sum_to_like_case(shape: Sequence[int], like: Sequence[int], benchmark: bool = False) -> OpCase:
    big = (4096, 256)
    return OpCase(
        name=f"sum_to_like-{text(shape)}-{text(like)}",
        op="sum_to_like",
        make=normal(shape, like),
        reference=ref.sum_to_like,
        torch=lambda torch, x, like: x.sum_to_size(like.shape),
        tolerance="reduction",
        benchmark=large(math.prod(big), big, written=256, make=normal(big, (256,))) if benchmark else None,
    )


CASES: list[OpCase] = [
    *(case for item in REDUCTIONS for case in reduction_cases(*item, benchmark=item is REDUCTIONS[0])),
    sum_to_like_case((4, 17), (17,), benchmark=True),
    sum_to_like_case((4, 17), (4, 1)),
    sum_to_like_case((2, 3, 4, 5), (3, 1, 5)),
    sum_to_like_case((2, 3, 4), ()),
    sum_to_like_case((6, 8), (6, 8)),
    sum_to_like_case((1, 5), (5,)),
    sum_to_like_case((0, 5), (5,)),
]
