"""Cases of reductions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import op_references as ref

from cases.case import WIDTHS, Inputs, Make, OpCase, distinct, large, normal, text, with_nan
from cases.elementwise import STORED, integers

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


# Of no numbers there is neither a largest nor, but for NaN, a variance.
FILLED = [item for item in REDUCTIONS if 0 not in item[0]]
BIG = (256, 64, 64)
TORCH_FOLDS: dict[str, Callable[..., Any]] = {
    "max": lambda torch, x, dims, keepdims: torch.amax(x, dims, keepdims),
    "min": lambda torch, x, dims, keepdims: torch.amin(x, dims, keepdims),
    "var": lambda torch, x, dims, keepdims: torch.var(x, dims or None, correction=0, keepdim=keepdims),
    "logsumexp": lambda torch, x, dims, keepdims: torch.logsumexp(x, dims or tuple(range(x.ndim)), keepdims),
}
TORCH_INTEGERS = {"sum": "sum", "max": "amax", "min": "amin"}
FOLD_TOLERANCES = {
    "max": "exact",
    "min": "exact",
    "prod": "reduction",
    "var": "elementwise",
    "logsumexp": "elementwise",
}


def near_one(shape: Sequence[int]) -> Make:
    """Of both signs; the product of a thousand is a float32."""
    return lambda rng: [np.copysign(np.exp(0.3 * rng.standard_normal(shape)), rng.standard_normal(shape))]


def fold_case(
    op: str,
    shape: Sequence[int],
    axes: Sequence[int] = (),
    keepdims: bool = False,
    make: Make | None = None,
    special: str = "",
    gradient: bool = True,
    benchmark: bool = False,
) -> OpCase:
    axis = tuple(axes) or None
    # PyTorch warns of the variance of no numbers
    compare = None if op == "var" and 0 in shape else TORCH_FOLDS.get(op)
    name = f"{text(shape)}-axes{''.join(map(str, axes)) or 'all'}{'-keepdims' if keepdims else ''}{special}"
    return OpCase(
        name=f"{op}-{name}",
        op=op,
        make=make or (distinct(*shape) if op in ("max", "min") else near_one(shape) if op == "prod" else normal(shape)),
        attributes={"axes": tuple(axes), "keepdims": keepdims},
        reference=getattr(ref, op),
        apply=lambda F, x: getattr(F, op)(x, axis=axis, keepdims=keepdims),
        differentiable=(0,) if gradient else (),
        torch=(lambda torch, x: compare(torch, x, axis or (), keepdims)) if compare and len(shape) else None,
        tolerance=FOLD_TOLERANCES[op],
        benchmark=large(math.prod(BIG), BIG, written=1) if benchmark else None,
    )


def arg_case(
    op: str,
    shape: Sequence[int],
    axis: int,
    keepdims: bool = False,
    make: Make | None = None,
    special: str = "",
    benchmark: bool = False,
) -> OpCase:
    def ties(rng: np.random.Generator) -> Inputs:
        return [rng.integers(-3, 4, shape).astype(np.float64)]

    return OpCase(
        name=f"{op}-{text(shape)}-axis{axis}{'-keepdims' if keepdims else ''}{special}",
        op=op,
        make=make or ties,
        attributes={"axis": axis, "keepdims": keepdims},
        reference=getattr(ref, op),
        apply=lambda F, x: getattr(F, op)(x, axis=axis, keepdims=keepdims),
        # PyTorch takes the first of equal numbers too, on the CPU
        torch=lambda torch, x: getattr(torch, op)(x, axis, keepdims),
        tolerance="exact",
        batched=(0,) if axis != 0 and shape[0] > 0 else (),
        benchmark=large(4096 * 256, (4096, 256), written=8192) if benchmark else None,
    )


def cumsum_case(
    shape: Sequence[int],
    axis: int,
    reverse: bool = False,
    exclusive: bool = False,
    make: Make | None = None,
    special: str = "",
    benchmark: bool = False,
) -> OpCase:
    options = "-reverse" * reverse + "-exclusive" * exclusive
    plain = not reverse and not exclusive
    return OpCase(
        name=f"cumsum-{text(shape)}-axis{axis}{options}{special}",
        op="cumsum",
        make=make or normal(shape),
        attributes={"axis": axis, "reverse": reverse, "exclusive": exclusive},
        reference=ref.cumsum,
        apply=lambda F, x: F.cumsum(x, axis, reverse, exclusive),
        differentiable=() if special else (0,),
        torch=(lambda torch, x: torch.cumsum(x, axis)) if plain and not special else None,
        tolerance="exact" if special else "elementwise",
        benchmark=large(4096 * 256, (4096, 256), written=4096 * 256) if benchmark else None,
    )


def infinite(*shape: int) -> Make:
    """Rows of -infinity, of infinity and of both."""

    def inputs(rng: np.random.Generator) -> Inputs:
        x = rng.standard_normal(shape) * 300
        x[0] = -np.inf
        x[1, 1:] = np.inf
        x[2, ::2] = -np.inf
        return [x]

    return inputs


def with_zeros(*shape: int) -> Make:
    """Lines with no zero, one and two of them."""

    def inputs(rng: np.random.Generator) -> Inputs:
        x = rng.standard_normal(shape)
        x[0, 1] = x[1, 2] = x[1, 0] = 0.0
        return [x]

    return inputs


CASES: list[OpCase] = [
    *(case for item in REDUCTIONS for case in reduction_cases(*item, benchmark=item is REDUCTIONS[0])),
    sum_to_like_case((4, 17), (17,), benchmark=True),
    sum_to_like_case((4, 17), (4, 1)),
    sum_to_like_case((2, 3, 4, 5), (3, 1, 5)),
    sum_to_like_case((2, 3, 4), ()),
    sum_to_like_case((6, 8), (6, 8)),
    sum_to_like_case((1, 5), (5,)),
    sum_to_like_case((0, 5), (5,)),
    *(
        fold_case(op, *item, benchmark=item is FILLED[0])
        for op in ("max", "min", "prod", "var", "logsumexp")
        for item in FILLED
    ),
    *(
        fold_case(op, (2, n), axes)
        for op in ("max", "prod", "var", "logsumexp")
        for n in WIDTHS
        for axes in ((0,), (1,))
    ),
    *(
        fold_case(op, (4, 17), axes, make=with_nan(normal((4, 17))), special="-nan", gradient=False)
        for op in FOLD_TOLERANCES
        for axes in ((0,), (1,))
    ),
    *(fold_case(op, (0, 3), (1,)) for op in FOLD_TOLERANCES),
    fold_case("prod", (0, 3), (0,)),
    fold_case("var", (0, 3), (0,), gradient=False),
    fold_case("logsumexp", (0, 3), (0,)),
    *(fold_case("logsumexp", (4, 5), (axis,), make=infinite(4, 5), special="-inf", gradient=False) for axis in (0, 1)),
    *(fold_case("prod", (3, 4), (axis,), make=with_zeros(3, 4), special="-zeros") for axis in (0, 1)),
    *(
        OpCase(
            name=f"{op}-{dtype}-axes{axes}",
            op=op,
            make=integers(dtype, (6, 5)),
            attributes={"axes": axes},
            reference=getattr(ref, op),
            apply=lambda F, x, op=op, axes=axes: getattr(F, op)(x, axes),
            torch=(lambda torch, x, op=op, axes=axes: getattr(torch, TORCH_INTEGERS[op])(x, axes))
            if op in TORCH_INTEGERS
            else None,
            tolerance="exact",
        )
        for op in ("sum", "max", "min", "prod")
        for dtype in STORED
        for axes in ((0,), (1,))
    ),
    *(
        OpCase(f"{op}-bool-empty", op, lambda rng: [np.zeros((0, 3), bool)], getattr(ref, op), {"axes": (0,)})
        for op in ("max", "min", "sum")
    ),
    OpCase(
        "var-ddof",
        "var",
        normal((4, 6)),
        ref.var,
        {"axes": (1,), "ddof": 1},
        apply=lambda F, x: F.var(x, 1, ddof=1),
        differentiable=(0,),
        torch=lambda torch, x: torch.var(x, 1),
    ),
    OpCase("var-too-few", "var", normal((4, 2)), ref.var, {"axes": (1,), "ddof": 2}),
    *(
        arg_case(op, shape, axis, benchmark=op + str(shape) in ("argmax(7,)", "argmin(7,)"))
        for op in ("argmax", "argmin")
        for shape, axis in (((7,), 0), ((3, 17), 1), ((17, 3), 0), ((33, 20), 0), ((2, 5, 7), 1), ((2, 3, 1), -1))
    ),
    *(arg_case("argmax", (2, n), -1) for n in WIDTHS),
    *(arg_case("argmin", (n, n), 0, keepdims=True) for n in WIDTHS),
    *(
        arg_case(op, (6, 19), axis, make=with_nan(normal((6, 19))), special="-nan")
        for op in ("argmax", "argmin")
        for axis in (0, 1)
    ),
    *(
        arg_case(op, (5, 6), axis, make=integers(dtype, (5, 6)), special=f"-{dtype}")
        for op in ("argmax", "argmin")
        for dtype in ("int32", "int64", "uint8")
        for axis in (0, 1)
    ),
    arg_case("argmax", (0, 3), 1),
    *(
        cumsum_case((2, 5, 7), axis, reverse, exclusive)
        for axis in (0, 1, -1)
        for reverse in (False, True)
        for exclusive in (False, True)
    ),
    cumsum_case((40,), 0, benchmark=True),
    *(cumsum_case((3, n), 0) for n in WIDTHS),
    cumsum_case((0, 3), 0),
    cumsum_case((3, 0), 0),
    *(
        cumsum_case((4, 5), axis, True, True, make=integers(dtype, (4, 5)), special=f"-{dtype}")
        for dtype in ("int32", "int64", "uint8")
        for axis in (0, 1)
    ),
]
