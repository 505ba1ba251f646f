"""Cases of shape and memory: views, slices, copies."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import op_references as ref

from cases.case import Benchmark, Inputs, OpCase, large, normal, text


def reshape_case(shape: Sequence[int], new: Sequence[int], like: bool = False, benchmark: bool = False) -> OpCase:
    big = (1024, 256)
    return OpCase(
        name=f"reshape-{text(shape)}-{text(new)}{'-like' if like else ''}",
        op="reshape",
        make=normal(shape, new if like else None),
        attributes={} if like else {"shape": tuple(new)},
        reference=ref.reshape,
        apply=None if like else lambda F, x, like=None: F.reshape(x, tuple(new)),
        differentiable=() if like else (0,),
        torch=None if like else lambda torch, x: x.reshape(tuple(new)),
        tolerance="exact",
        benchmark=Benchmark(normal(big, (256, 1024)), 0, 0) if benchmark else None,
    )


END, BEFORE_START = 2**63 - 1, -(2**63)


def slice_cases(shape: Sequence[int], *slices: slice, benchmark: bool = False) -> list[OpCase]:
    def edge(piece: slice) -> tuple[int, int, int]:
        step = 1 if piece.step is None else piece.step
        start = (0 if step > 0 else END) if piece.start is None else piece.start
        stop = (END if step > 0 else BEFORE_START) if piece.stop is None else piece.stop
        return start, stop, step

    starts, stops, steps = zip(*map(edge, slices), strict=True) if slices else ((), (), ())
    options = {"starts": starts, "stops": stops, "steps": steps}
    part = np.zeros(shape)[slices]
    name = ",".join(":".join("" if v is None else str(v) for v in (s.start, s.stop, s.step)) for s in slices) or "all"
    big = (1024, 256)
    return [
        OpCase(
            name=f"slice-{text(shape)}[{name}]",
            op="slice",
            make=normal(shape),
            attributes=options,
            reference=ref.slice,
            apply=lambda F, x: x[slices],
            differentiable=(0,),
            tolerance="exact",
            benchmark=Benchmark(normal(big), 0, 0) if benchmark else None,
        ),
        OpCase(
            name=f"slice_backward-{text(shape)}[{name}]",
            op="slice_backward",
            make=normal(part.shape, shape),
            attributes=options,
            reference=ref.slice_backward,
            tolerance="exact",
            benchmark=large(0, big, written=math.prod(big), make=normal(np.zeros(big)[slices].shape, big))
            if benchmark
            else None,
        ),
    ]


def copy_case(shape: Sequence[int], dtype: str = "float64", benchmark: bool = False) -> OpCase:
    def inputs(rng: np.random.Generator) -> Inputs:
        x = rng.standard_normal(shape)
        return [x if dtype == "float64" else (x > 0) if dtype == "bool" else np.abs(100 * x).astype(dtype)]

    return OpCase(
        name=f"copy-{text(shape)}-{dtype}",
        op="copy",
        make=inputs,
        reference=np.array,
        torch=lambda torch, x: x.clone(),
        tolerance="exact",
        benchmark=large(0, (1024, 1024), written=1024 * 1024) if benchmark else None,
    )


def fill_case(shape: Sequence[int], value: float, benchmark: bool = False) -> OpCase:
    return OpCase(
        name=f"fill-{text(shape)}-{value:g}",
        op="fill",
        make=normal(shape),
        attributes={"value": value},
        reference=lambda like, value: np.full_like(like, value),
        torch=lambda torch, like: torch.full_like(like, value),
        tolerance="exact",
        benchmark=Benchmark(normal((1024, 1024)), 0, 4 * 1024 * 1024) if benchmark else None,
    )


CASES: list[OpCase] = [
    reshape_case((3, 8), (4, 6)),
    reshape_case((3, 8), (2, -1)),
    reshape_case((24,), (2, 3, 4), like=True, benchmark=True),
    reshape_case((1,), ()),
    reshape_case((0, 3), (3, 0, 5)),
    *slice_cases((7,), slice(2, 5)),
    *slice_cases((7,), slice(None, None, -1)),
    *slice_cases((9, 5), slice(8, 0, -3), slice(1, 4), benchmark=True),
    *slice_cases((4, 6, 3), slice(-3, -1), slice(None, None, 2)),
    *slice_cases((4, 6, 3), slice(None), slice(100, None, -2), slice(-1, None)),
    *slice_cases((4, 3), slice(3, 1)),
    *slice_cases((4, 3)),
    *slice_cases((1, 2, 3, 4, 5), slice(None), slice(1, None), slice(None, 2), slice(1, -1), slice(None, None, -2)),
    *(copy_case((3, 17), dtype) for dtype in ("float64", "int32", "int64", "uint8", "bool")),
    copy_case((5, 3, 2), benchmark=True),
    copy_case(()),
    fill_case((3, 17), 0.0),
    fill_case((4,), -2.5, benchmark=True),
    fill_case((), 1.0),
]
