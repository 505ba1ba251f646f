"""Cases of shape and memory: views, slices, copies."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import op_references as ref

from cases.case import Benchmark, Inputs, Make, OpCase, large, normal, text


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


def rearranged(x: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    left_out = tuple(axis for axis in range(x.ndim) if axis not in axes)
    kept = [axis for axis in axes if axis >= 0]
    order = [sorted(kept).index(axis) for axis in kept]
    new = tuple(place for place, axis in enumerate(axes) if axis < 0)
    return np.expand_dims(np.squeeze(x, left_out).transpose(order), new).copy()


def rearrange_case(shape: Sequence[int], axes: Sequence[int], batched: bool = False, benchmark: bool = False) -> OpCase:
    return OpCase(
        name=f"rearrange-{text(shape)}-{','.join(map(str, axes))}",
        op="rearrange",
        make=normal(shape),
        attributes={"axes": tuple(axes)},
        reference=rearranged,
        tolerance="exact",
        batched=(0,) if batched else (),
        benchmark=Benchmark(normal((64, 32, 128)), 0, 0) if benchmark else None,
    )


def transpose_case(shape: Sequence[int], axes: Sequence[int]) -> OpCase:
    return OpCase(
        name=f"transpose-{text(shape)}-{','.join(map(str, axes))}",
        op="rearrange",
        make=normal(shape),
        attributes={"axes": tuple(axes)},
        reference=rearranged,
        apply=lambda F, x: F.transpose(x, axes),
        differentiable=(0,),
        torch=lambda torch, x: x.permute(axes),
        tolerance="exact",
    )


def broadcast_case(shape: Sequence[int], new: Sequence[int], benchmark: bool = False) -> OpCase:
    full = [shape[i - len(new) + len(shape)] if size == -1 else size for i, size in enumerate(new)]
    return OpCase(
        name=f"broadcast_to-{text(shape)}-{','.join(map(str, new))}",
        op="broadcast_to",
        make=normal(shape),
        attributes={"shape": tuple(new)},
        reference=lambda x, shape: np.broadcast_to(x, full).copy(),
        apply=lambda F, x: F.broadcast_to(x, new),
        differentiable=(0,),
        torch=lambda torch, x: x.expand(tuple(new)),
        tolerance="exact",
        benchmark=Benchmark(normal((128, 1, 64)), 0, 0) if benchmark else None,
    )


def concatenate_case(shapes: Sequence[Sequence[int]], axis: int, dtype: str = "float64", big: int = 0) -> OpCase:
    def inputs(shapes: Sequence[Sequence[int]]) -> Make:
        return lambda rng: [[(10 * rng.standard_normal(shape)).astype(dtype) for shape in shapes]]

    large = [(big, 256), (2 * big, 256), (1, 256)]
    return OpCase(
        name=f"concatenate-{'+'.join(map(text, shapes))}-axis{axis}-{dtype}",
        op="concatenate",
        make=inputs(shapes),
        attributes={"axis": axis},
        reference=lambda arrays, axis: np.concatenate(arrays, axis),
        torch=lambda torch, arrays: torch.cat(arrays, axis),
        tolerance="exact",
        benchmark=Benchmark(inputs(large), 0, 8 * sum(map(math.prod, large))) if big else None,
    )


def pad_case(
    shape: Sequence[int],
    before: Sequence[int],
    after: Sequence[int],
    value: float = 0.0,
    dtype: str = "float64",
    big: Sequence[int] | None = None,
) -> OpCase:
    widths = list(zip(before, after, strict=True))
    flat = [size for pair in reversed(widths) for size in pair]  # PyTorch begins with the last axis
    return OpCase(
        name=f"pad-{text(shape)}-{widths}-{value:g}-{dtype}",
        op="pad",
        make=lambda rng: [(10 * rng.standard_normal(shape)).astype(dtype)],
        attributes={"before": tuple(before), "after": tuple(after), "value": value},
        reference=lambda x, before, after, value: np.pad(x, widths, constant_values=x.dtype.type(value)),
        apply=lambda F, x: F.pad(x, widths, constant_values=value),
        differentiable=(0,) if dtype == "float64" else (),
        torch=lambda torch, x: torch.nn.functional.pad(x, flat, value=value),
        tolerance="exact",
        batched=(0,) if before and before[0] == after[0] == 0 else (),
        benchmark=Benchmark(normal(big), 0, 8 * math.prod(big)) if big else None,
    )


def assign_case(shape: Sequence[int], value: Sequence[int], benchmark: bool = False) -> OpCase:
    big = (1024, 1024)
    return OpCase(
        name=f"assign_update-{text(shape)}-{text(value)}",
        op="assign_update",
        make=normal(shape, value),
        reference=lambda target, value: (np.broadcast_to(value, target.shape).copy(), value),
        tolerance="exact",
        benchmark=large(0, big, written=math.prod(big), make=normal(big, big)) if benchmark else None,
    )


CASES: list[OpCase] = [
    *(rearrange_case((3, 1, 5), axes) for axes in ((2, 0, 1), (0, 2), (2, -1, 0), (-1, 0, 1, 2), (0, 1, 2, -1))),
    rearrange_case((1, 1), ()),
    rearrange_case((1,), (-1, -1)),
    rearrange_case((), (-1,)),
    rearrange_case((4, 3, 17), (0, 2, 1), batched=True, benchmark=True),
    rearrange_case((2, 0, 3), (1, 2, 0)),
    transpose_case((3, 17), (1, 0)),
    transpose_case((2, 3, 4, 5), (3, 1, 0, 2)),
    transpose_case((5,), (0,)),
    broadcast_case((3, 1, 5), (3, 4, 5)),
    broadcast_case((3, 1, 5), (2, -1, 4, -1), benchmark=True),
    broadcast_case((), (2, 3)),
    broadcast_case((1, 3), (0, 3)),
    broadcast_case((17,), (17,)),
    concatenate_case([(2, 3)], 0),
    concatenate_case([(2, 3), (4, 3), (0, 3)], 0, big=1024),
    concatenate_case([(2, 3), (2, 17), (2, 1)], -1),
    concatenate_case([(2, 0, 3), (2, 5, 3)], 1, "int32"),
    *(concatenate_case([(3, 2, 2), (3, 1, 2)], 1, dtype) for dtype in ("int64", "uint8", "bool")),
    pad_case((3, 5), (1, 0), (2, 3)),
    pad_case((2, 4, 5, 3), (0, 1, 2, 0), (0, 3, 1, 0), 1.5, big=(16, 32, 32, 32)),
    pad_case((17,), (0,), (0,)),
    pad_case((0, 2), (2, 1), (1, 0), -1.0),
    pad_case((3, 2), (1, 1), (0, 2), 7.0, "int32"),
    pad_case((3, 2), (1, 1), (0, 2), 1.0, "bool"),
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
    assign_case((3, 17), (3, 17)),
    assign_case((3, 17), (17,)),
    assign_case((5, 4, 3), (4, 1)),
    assign_case((4,), (), benchmark=True),
    assign_case((), ()),
    assign_case((0, 3), (3,)),
]
