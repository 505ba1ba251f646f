"""Cases of elements by number: take, take_along_axis and their gradients, numbers of elements, one-hot rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from cases.case import WIDTHS, Benchmark, Inputs, Make, OpCase, text


def draw(rng: np.random.Generator, size: int, shape: Sequence[int], dtype: str) -> np.ndarray:
    """Indices from -size on."""
    return rng.integers(-size, size, shape).astype(dtype)


def take_reference(x: np.ndarray, indices: np.ndarray, axis: int) -> np.ndarray:
    return np.take(x, indices, axis)


def take_backward_reference(
    dy: np.ndarray, indices: np.ndarray, x: np.ndarray | None = None, axis: int = 0, size: int = 0
) -> np.ndarray:
    rank = dy.ndim - indices.ndim + 1
    axis %= rank
    after = dy.shape[axis + indices.ndim :]
    dx = np.zeros((*dy.shape[:axis], size, *after) if x is None else x.shape, dy.dtype)
    lines = dy.reshape((*dy.shape[:axis], -1, *after)) if dy.size else dy
    for place, index in enumerate(indices.reshape(-1) if dy.size else ()):
        dx[(slice(None),) * axis + (index,)] += lines[(slice(None),) * axis + (place,)]
    return dx


def take_cases(
    shape: Sequence[int],
    indices: Sequence[int],
    axis: int,
    dtype: str = "int64",
    big: tuple[Sequence[int], Sequence[int]] | None = None,
) -> list[OpCase]:
    place = axis % len(shape)

    def inputs(shape: Sequence[int], indices: Sequence[int]) -> Make:
        return lambda rng: [rng.standard_normal(shape), draw(rng, shape[place], indices, dtype)]

    def backward_inputs(shape: Sequence[int], indices: Sequence[int]) -> Make:
        return lambda rng: [
            rng.standard_normal((*shape[:place], *indices, *shape[place + 1 :])),
            draw(rng, shape[place], indices, dtype),
            rng.standard_normal(shape),
        ]

    def torch_take(torch: Any, x: Any, indices: Any) -> Any:
        flat = torch.index_select(x, place, torch.remainder(indices, shape[place]).reshape(-1))
        return flat.reshape((*shape[:place], *indices.shape, *shape[place + 1 :]))

    name = f"{text(shape)}-{text(indices)}-axis{axis}-{dtype}"
    forward = backward = None
    if big:
        moved = math.prod(big[1]) * math.prod(big[0]) // big[0][place]
        forward = Benchmark(inputs(*big), 0, 8 * moved)
        backward = Benchmark(backward_inputs(*big), moved, 4 * (moved + math.prod(big[0])))
    return [
        OpCase(
            name=f"take-{name}",
            op="take",
            make=inputs(shape, indices),
            attributes={"axis": axis},
            reference=take_reference,
            apply=lambda F, x, indices: F.take(x, indices, axis),
            differentiable=(0,),
            torch=torch_take,
            tolerance="exact",
            batched=(0,) if place else (1,) if len(indices) else (),
            benchmark=forward,
        ),
        OpCase(
            name=f"take_backward-{name}",
            op="take_backward",
            make=backward_inputs(shape, indices),
            attributes={"axis": axis},
            reference=take_backward_reference,
            benchmark=backward,
        ),
    ]


def put_reference(target: np.ndarray, indices: np.ndarray, values: np.ndarray) -> Inputs:
    result = target.copy()
    rows = values.reshape(indices.size, *target.shape[1:])
    for place, index in enumerate(indices.reshape(-1)):
        result[index] = rows[place]
    return [result, indices, values]


def put_case(
    shape: Sequence[int], indices: Sequence[int], dtype: str = "float32", big: tuple[int, int, int] | None = None
) -> OpCase:
    def inputs(shape: Sequence[int], indices: Sequence[int]) -> Make:
        def make(rng: np.random.Generator) -> Inputs:
            drawn = [rng.standard_normal(shape), rng.standard_normal((*indices, *shape[1:]))]
            target, values = drawn if dtype == "float32" else [(100 * array).astype(dtype) for array in drawn]
            return [target, draw(rng, shape[0], indices, "int64"), values]

        return make

    return OpCase(
        name=f"put_update-{text(shape)}-{text(indices)}-{dtype}",
        op="put_update",
        make=inputs(shape, indices),
        reference=put_reference,
        tolerance="exact",
        benchmark=Benchmark(inputs((big[0], big[2]), (big[1],)), 0, 8 * big[1] * big[2]) if big else None,
    )


def scatter_case(shape: Sequence[int], indices: Sequence[int], axis: int) -> OpCase:
    """take_backward with a size instead of x."""
    place = axis % len(shape)
    return OpCase(
        name=f"take_backward-{text(shape)}-{text(indices)}-axis{axis}-size",
        op="take_backward",
        make=lambda rng: [
            rng.standard_normal((*shape[:place], *indices, *shape[place + 1 :])),
            draw(rng, shape[place], indices, "int32"),
        ],
        attributes={"axis": axis, "size": shape[place]},
        reference=take_backward_reference,
    )


def any_dtype_case(op: str, dtype: str) -> OpCase:
    def inputs(rng: np.random.Generator) -> Inputs:
        x = (100 * rng.random((3, 5))).astype(dtype)
        return [x, draw(rng, 3, (2, 5), "int32")]

    along = op == "take_along_axis"
    return OpCase(
        name=f"{op}-of-{dtype}",
        op=op,
        make=inputs,
        attributes={"axis": 0},
        reference=along_reference if along else take_reference,
        tolerance="exact",
    )


def along_reference(x: np.ndarray, indices: np.ndarray, axis: int) -> np.ndarray:
    return np.take_along_axis(x, indices.astype(np.int64), axis)


def along_backward_reference(dy: np.ndarray, indices: np.ndarray, x: np.ndarray, axis: int) -> np.ndarray:
    dx = np.zeros(x.shape, dy.dtype)
    moved, target, source = (np.moveaxis(a, axis, 0) for a in (indices, dx, dy))
    for place in np.ndindex(moved.shape):
        target[(moved[place], *place[1:])] += source[place]
    return dx


def along_cases(
    shape: Sequence[int], count: int, axis: int, dtype: str = "int64", big: tuple[Sequence[int], int] | None = None
) -> list[OpCase]:
    place = axis % len(shape)

    def indices(rng: np.random.Generator, shape: Sequence[int], count: int) -> np.ndarray:
        return draw(rng, shape[place], (*shape[:place], count, *shape[place + 1 :]), dtype)

    def inputs(shape: Sequence[int], count: int) -> Make:
        return lambda rng: [rng.standard_normal(shape), indices(rng, shape, count)]

    def backward_inputs(shape: Sequence[int], count: int) -> Make:
        def make(rng: np.random.Generator) -> Inputs:
            drawn = indices(rng, shape, count)
            return [rng.standard_normal(drawn.shape), drawn, rng.standard_normal(shape)]

        return make

    def torch_gather(torch: Any, x: Any, indices: Any) -> Any:
        return torch.gather(x, place, torch.remainder(indices, shape[place]).long())

    name = f"{text(shape)}-{count}-axis{axis}-{dtype}"
    forward = backward = None
    if big:
        moved = math.prod(big[0]) // big[0][place] * big[1]
        forward = Benchmark(inputs(*big), 0, 12 * moved)
        backward = Benchmark(backward_inputs(*big), moved, 8 * moved + 4 * math.prod(big[0]))
    return [
        OpCase(
            name=f"take_along_axis-{name}",
            op="take_along_axis",
            make=inputs(shape, count),
            attributes={"axis": axis},
            reference=along_reference,
            apply=lambda F, x, indices: F.take_along_axis(x, indices, axis),
            differentiable=(0,),
            torch=torch_gather,
            tolerance="exact",
            batched=(0, 1) if place else (1,),
            benchmark=forward,
        ),
        OpCase(
            name=f"take_along_axis_backward-{name}",
            op="take_along_axis_backward",
            make=backward_inputs(shape, count),
            attributes={"axis": axis},
            reference=along_backward_reference,
            benchmark=backward,
        ),
    ]


def ravel_case(dims: Sequence[int], *shapes: Sequence[int], big: Sequence[int] | None = None) -> OpCase:
    def inputs(*shapes: Sequence[int]) -> Make:
        return lambda rng: [[draw(rng, n, shape, "int64") for n, shape in zip(dims, shapes, strict=True)]]

    return OpCase(
        name=f"ravel_multi_index-{text(dims)}-{'+'.join(map(text, shapes))}",
        op="ravel_multi_index",
        make=inputs(*shapes),
        attributes={"dims": tuple(dims)},
        reference=lambda indices, dims: np.asarray(
            np.ravel_multi_index(np.broadcast_arrays(*indices), dims, mode="wrap")
        ),
        benchmark=Benchmark(inputs(*[big] * len(dims)), 0, 8 * (len(dims) + 1) * math.prod(big)) if big else None,
    )


def one_hot_case(shape: Sequence[int], classes: int, labels: str, dtype: str = "int32", big: int = 0) -> OpCase:
    def inputs(shape: Sequence[int]) -> Make:
        return lambda rng: [rng.integers(0, classes, shape).astype(labels)]

    return OpCase(
        name=f"one_hot-{text(shape)}-{classes}-{labels}-{dtype}",
        op="one_hot",
        make=inputs(shape),
        attributes={"classes": classes, "dtype": dtype},
        # floating results have the dtype that was asked for, not that of the test: test_indexing.py
        reference=lambda labels, classes, dtype: np.eye(classes, dtype=dtype)[labels],
        tolerance="exact",
        benchmark=Benchmark(inputs((big,)), 0, 4 * classes * big) if big else None,
    )


CASES: list[OpCase] = [
    *(case for width in WIDTHS for case in take_cases((5, width), (7,), 0)),
    *take_cases((4, 6), (2, 3), 1, "int32", big=((64, 1000), (2000,))),
    *take_cases((2, 5, 3), (4,), 1, big=((8, 1000, 64), (2000,))),
    *take_cases((2, 5, 3), (2, 2), -2, "int32"),
    *take_cases((6,), (40,), 0),
    *take_cases((6, 3), (), 0),
    *take_cases((3, 4), (0,), 1),
    *take_cases((2, 3, 0), (4,), 1),
    scatter_case((6, 3), (4,), 0),
    scatter_case((2, 5, 3), (2, 2), 1),
    *(put_case((5, width), (7,)) for width in WIDTHS),
    put_case((6,), (3, 4), "int64"),
    put_case((3, 5000), (2,), "uint8", big=(1000, 2000, 64)),
    put_case((4, 2), ()),
    put_case((4, 2), (0,)),
    *(any_dtype_case(op, dtype) for op in ("take", "take_along_axis") for dtype in ("int64", "int32", "uint8", "bool")),
    *(case for width in WIDTHS for case in along_cases((5, width), 7, 0)),
    *along_cases((3, 6), 4, -1, "int32", big=((512, 1000), 100)),
    *along_cases((2, 5, 3), 4, 1),
    *along_cases((7,), 30, 0),
    *along_cases((2, 5, 3), 0, 1),
    ravel_case((5,), (4,)),
    ravel_case((3, 4), (6,), (6,), big=(100_000,)),
    ravel_case((3, 4, 5), (2, 1), (3,), ()),
    ravel_case((3, 4), (0,), (1,)),
    one_hot_case((4,), 3, "int64", big=10_000),
    one_hot_case((2, 3), 17, "int32"),
    one_hot_case((), 4, "uint8"),
    one_hot_case((0,), 4, "int64"),
    *(one_hot_case((5,), 3, "int64", dtype) for dtype in ("int64", "uint8", "bool")),
]
