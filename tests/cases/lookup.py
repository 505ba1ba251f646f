"""Cases of embedding."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import op_references as ref

from cases.case import WIDTHS, Benchmark, Make, OpCase, text


def embedding_cases(
    ids: Sequence[int], table: Sequence[int], dtype: str, benchmark: tuple[Sequence[int], Sequence[int]] | None = None
) -> list[OpCase]:
    def draw(rng: np.random.Generator, ids: Sequence[int], table: Sequence[int]) -> np.ndarray:
        return rng.integers(0, table[0], ids).astype(dtype)

    def inputs(ids: Sequence[int], table: Sequence[int]) -> Make:
        return lambda rng: [draw(rng, ids, table), rng.standard_normal(table)]

    def backward_inputs(ids: Sequence[int], table: Sequence[int]) -> Make:
        return lambda rng: [
            rng.standard_normal((*ids, table[1])),
            draw(rng, ids, table),
            rng.standard_normal(table),
        ]

    name = f"{text(ids)}-{text(table)}-{dtype}"
    batched = (0,) if len(ids) else ()
    forward = backward = None
    if benchmark:
        count, dense = math.prod(benchmark[0]) * benchmark[1][1], math.prod(benchmark[1])
        forward = Benchmark(inputs(*benchmark), 0, 8 * count)
        backward = Benchmark(backward_inputs(*benchmark), count, 4 * (count + dense))
    return [
        OpCase(
            name=f"embedding-{name}",
            op="embedding",
            make=inputs(ids, table),
            reference=ref.embedding,
            apply=lambda F, ids, table: F.embedding(ids, table),
            differentiable=(1,),
            torch=lambda torch, ids, table: torch.nn.functional.embedding(ids, table),
            tolerance="exact",
            batched=batched,
            benchmark=forward,
        ),
        OpCase(
            name=f"embedding_backward-{name}",
            op="embedding_backward",
            make=backward_inputs(ids, table),
            reference=ref.embedding_backward,
            benchmark=backward,
        ),
    ]


CASES: list[OpCase] = [
    *(case for width in WIDTHS for case in embedding_cases((5,), (7, width), "int64")),
    *embedding_cases((3, 8), (4, 17), "int32", benchmark=((32, 100), (20000, 128))),
    *embedding_cases((2, 3, 4), (300, 5), "int64"),
    *embedding_cases((), (3, 4), "int32"),
    *embedding_cases((400,), (2, 3), "int32"),
]
