"""Cases of elementwise ops with broadcasting, comparisons, where."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import op_references as ref

from cases.case import WIDTHS, Benchmark, Inputs, Make, OpCase, large, text

BROADCASTS: list[tuple[Sequence[int], Sequence[int]]] = [
    ((3, 17), (3, 17)),
    ((3, 17), (17,)),
    ((15,), (4, 15)),
    ((3, 1), (1, 16)),
    ((2, 3, 1, 5), (3, 4, 1)),
    ((4, 1, 8), (4, 7, 8)),
    ((), (7,)),
    ((33,), ()),
    ((), ()),
    ((1,), (2, 1, 3)),
    ((5, 1, 1, 2), (5, 3, 4, 2)),
    ((3, 0), (3, 1)),
    ((8, 127), (8, 1)),
]


def elementwise_case(op: str, a: Sequence[int], b: Sequence[int], benchmark: bool = False) -> OpCase:
    function = getattr(np, op)

    def inputs(*shapes: Sequence[int]) -> Make:
        def make(rng: np.random.Generator) -> Inputs:
            second = rng.standard_normal(shapes[1])
            first = rng.standard_normal(shapes[0])
            if op == "power":
                first = np.abs(first) + 0.1
            if op == "arctan2":  # away from the origin, and from the half-axis where the angle jumps
                first = first + np.copysign(0.5, first)
            # denominators keep away from zero: finite differences must not cross it
            return [first, second + np.copysign(0.5, second) if op == "divide" else second]

        return make

    wide = (4096, 256), (256,)
    return OpCase(
        name=f"{op}-{text(a)}-{text(b)}",
        op=op,
        make=inputs(a, b),
        reference=function,
        apply=lambda F, a, b: getattr(F, op)(a, b),
        differentiable=(0, 1),
        torch=lambda torch, a, b: getattr(torch, "pow" if op == "power" else op)(a, b),
        benchmark=large(4096 * 256, *wide, written=4096 * 256, make=inputs(*wide)) if benchmark else None,
    )


COMPARISONS = {
    "equal": "eq",
    "not_equal": "ne",
    "less": "lt",
    "less_equal": "le",
    "greater": "gt",
    "greater_equal": "ge",
}  # our names, as NumPy's, and PyTorch's


def comparison_case(op: str, a: Sequence[int], b: Sequence[int], benchmark: bool = False) -> OpCase:
    def inputs(*shapes: Sequence[int]) -> Make:
        def make(rng: np.random.Generator) -> Inputs:
            values = [rng.integers(-2, 3, shape).astype(np.float64) for shape in shapes]
            values[0][..., :1] = np.nan  # not equal to anything, itself included
            return values

        return make

    count = 4096 * 256
    return OpCase(
        name=f"{op}-{text(a)}-{text(b)}",
        op=op,
        make=inputs(a, b),
        reference=getattr(np, op),
        apply=lambda F, a, b: getattr(F, op)(a, b),
        torch=lambda torch, a, b: getattr(torch, COMPARISONS[op])(a, b),
        tolerance="exact",
        benchmark=large(count, (4096, 256), (256,), written=count // 4, make=inputs((4096, 256), (256,)))
        if benchmark
        else None,
    )


def where_case(
    condition: Sequence[int], a: Sequence[int], b: Sequence[int], dtype: str = "bool", benchmark: bool = False
) -> OpCase:
    def inputs(*shapes: Sequence[int]) -> Make:
        return lambda rng: [
            (rng.random(shapes[0]) < 0.5).astype(dtype),
            rng.standard_normal(shapes[1]),
            rng.standard_normal(shapes[2]),
        ]

    count = 4096 * 256
    wide = (4096, 256)
    return OpCase(
        name=f"where-{text(condition)}-{text(a)}-{text(b)}-{dtype}",
        op="where",
        make=inputs(condition, a, b),
        reference=lambda condition, a, b: np.where(condition, a, b),
        apply=lambda F, condition, a, b: F.where(condition, a, b),
        differentiable=(1, 2),
        torch=lambda torch, condition, a, b: torch.where(condition.bool(), a, b),
        tolerance="exact",
        benchmark=Benchmark(inputs(wide, wide, wide), count, 13 * count) if benchmark else None,
    )


def integers(dtype: str, *shapes: Sequence[int]) -> Make:
    """Numbers from the whole range of an integer dtype, with ties; False and True of bool."""

    def make(rng: np.random.Generator) -> Inputs:
        if dtype == "bool":
            return [rng.integers(0, 2, shape).astype(bool) for shape in shapes]
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        return [
            np.where(rng.random(shape) < 0.5, rng.integers(0, 3, shape), rng.integers(low, high, shape, endpoint=True))
            .astype(dtype)
            .reshape(shape)
            for shape in shapes
        ]

    return make


def integer_cases(op: str, dtype: str, a: Sequence[int], b: Sequence[int]) -> OpCase:
    torch_op = {**COMPARISONS, "multiply": "mul", "subtract": "sub"}.get(op, op)
    return OpCase(
        name=f"{op}-{text(a)}-{text(b)}-{dtype}",
        op=op,
        make=integers(dtype, a, b),
        reference=getattr(np, op),
        apply=lambda F, a, b: getattr(F, op)(a, b),
        torch=lambda torch, a, b: getattr(torch, torch_op)(a, b),
        tolerance="exact",
    )


def integer_where(dtype: str) -> OpCase:
    def inputs(rng: np.random.Generator) -> Inputs:
        return [rng.random((4, 1)) < 0.5, *integers(dtype, (4, 7), (7,))(rng)]

    return OpCase(
        name=f"where-{dtype}",
        op="where",
        make=inputs,
        reference=np.where,
        apply=lambda F, condition, a, b: F.where(condition, a, b),
        torch=lambda torch, condition, a, b: torch.where(condition, a, b),
        tolerance="exact",
    )


def cast_case(to: str, make: Make, name: str, torch: bool = True, benchmark: tuple[Make, int] | None = None) -> OpCase:
    return OpCase(
        name=f"cast-{name}-{to}",
        op="cast",
        make=make,
        attributes={"dtype": to},
        reference=ref.cast,
        apply=lambda F, x: F.cast(x, to),
        torch=(lambda torch, x: x.to(getattr(torch, to))) if torch else None,
        tolerance="exact",
        benchmark=Benchmark(benchmark[0], 0, benchmark[1]) if benchmark else None,
    )


def edges_of_integers(rng: np.random.Generator) -> Inputs:
    powers = np.array([2.0**p for p in (0, 7, 8, 30, 31, 32, 53, 62, 63, 64, 100)])
    numbers = np.concatenate([powers, powers - 1, powers / 2 + 0.5, powers * 0.999, [0.0, 0.4, np.nan, np.inf]])
    return [np.concatenate([numbers, -numbers])]


STORED = ("int32", "int64", "uint8", "bool")


def power_edges(rng: np.random.Generator) -> Inputs:
    numbers = np.array([0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, 3.0, -3.0, 2.5, np.inf, -np.inf, np.nan, 25.0, -0.125])
    first, second = (part.ravel() for part in np.meshgrid(numbers, numbers))
    return [first, second]


def arctan2_edges(rng: np.random.Generator) -> Inputs:
    ends = np.array([0.0, 1.0, np.inf, 1e-45, 1e-38, 1e-20, 0.4142135, 0.4142136, 3.4e38, 2e38])
    numbers = np.concatenate([ends, -ends, [np.nan]])
    first, second = (part.ravel() for part in np.meshgrid(numbers, numbers))
    return [first, second]


def with_nan_on_one_side(rng: np.random.Generator) -> Inputs:
    a, b = rng.standard_normal((2, 36))
    a[::5] = b[::5]
    a[1::7] = np.nan
    b[2::7] = np.nan
    return [a, b]


def divide_by_zero(rng: np.random.Generator) -> Inputs:
    return [np.array([1.0, -1.0, 0.0, np.inf, np.nan, 2.0] * 3), np.array([0.0, 0.0, 0.0, np.inf, 1.0, -0.0] * 3)]


CASES: list[OpCase] = [
    *(
        elementwise_case(op, a, b, benchmark=(a, b) == BROADCASTS[1])
        for op in ("add", "subtract", "multiply", "divide", "maximum", "minimum", "power", "arctan2")
        for a, b in BROADCASTS
    ),
    OpCase("power-edges", "power", power_edges, np.power, torch=lambda torch, a, b: torch.pow(a, b)),
    OpCase("arctan2-edges", "arctan2", arctan2_edges, np.arctan2, torch=lambda torch, a, b: torch.arctan2(a, b)),
    OpCase("maximum-nan", "maximum", with_nan_on_one_side, np.maximum, tolerance="exact"),
    OpCase("minimum-nan", "minimum", with_nan_on_one_side, np.minimum, tolerance="exact"),
    *(
        comparison_case(op, a, b, benchmark=(a, b) == BROADCASTS[1])
        for op in COMPARISONS
        for a, b in (*BROADCASTS[:6], ((8, 127), (8, 1)))
    ),
    where_case((3, 17), (3, 17), (3, 17), benchmark=True),
    where_case((17,), (3, 17), ()),
    where_case((3, 1), (17,), (3, 17), "uint8"),
    where_case((4, 1, 8), (), (7, 1)),
    where_case((), (33,), (33,)),
    *(
        integer_cases(op, dtype, *shapes)
        for op in ("add", "subtract", "multiply", "maximum", "minimum")
        for dtype in ("int32", "int64", "uint8")
        for shapes in (BROADCASTS[0], BROADCASTS[4])
    ),
    *(integer_cases(op, "bool", (3, 1), (17,)) for op in ("maximum", "minimum")),
    *(integer_cases(op, dtype, (3, 17), (17,)) for op in COMPARISONS for dtype in STORED),
    *(integer_where(dtype) for dtype in STORED),
    *(cast_case(to, lambda rng: [3 * rng.standard_normal((3, 17))], "float") for to in ("float32", "float64", "int32")),
    *(cast_case(to, edges_of_integers, "edges", torch=False) for to in STORED),
    *(
        cast_case(to, integers(dtype, (3, 17)), dtype)
        for dtype in STORED
        for to in ("float32", "float64", *STORED)
        if to != dtype
    ),
    *(cast_case("float32", integers("uint8", (2, n)), f"uint8-{n}") for n in WIDTHS),
    cast_case("int64", integers("uint8", ()), "scalar"),
    cast_case("uint8", integers("int64", (0, 3)), "empty"),
    cast_case(
        "float32",
        integers("uint8", (2, 3, 4)),
        "images",
        benchmark=(integers("uint8", (64, 64, 64, 3)), 5 * 64 * 64 * 64 * 3),
    ),
    OpCase("divide-by-zero", "divide", divide_by_zero, np.divide, torch=lambda torch, a, b: a / b, tolerance="exact"),
]
