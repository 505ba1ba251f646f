"""Cases of random numbers: dropout, uniform and normal ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import op_references as ref

from cases.case import WIDTHS, Benchmark, Make, OpCase, normal, text


def dropout_cases(shape: Sequence[int], benchmark: bool = False, **options: Any) -> list[OpCase]:
    def backward_inputs(shape: Sequence[int]) -> Make:
        return lambda rng: [rng.standard_normal(shape), rng.integers(0, 2, shape).astype(np.uint8)]

    count = 1024 * 1024
    name = f"{text(shape)}-{','.join(f'{k}{v}' for k, v in options.items())}"
    call = {"seed": 0, "stream": 0, "step": 0, **options}
    return [
        OpCase(
            name=f"dropout-{name}",
            op="dropout",
            make=normal(shape),
            attributes=options,
            reference=ref.dropout,
            apply=lambda F, x: F.dropout(x, **call),
            differentiable=(0,),
            benchmark=Benchmark(normal((count,)), 20 * count, 9 * count) if benchmark else None,
        ),
        OpCase(
            name=f"dropout_backward-{name}",
            op="dropout_backward",
            make=backward_inputs(shape),
            attributes={"rate": options["rate"]},
            reference=ref.dropout_backward,
            benchmark=Benchmark(backward_inputs((count,)), count, 9 * count) if benchmark else None,
        ),
    ]


def drawn_case(op: str, shape: Sequence[int], benchmark: bool = False, **options: Any) -> OpCase:
    count = 1024 * 1024
    call = {"seed": 0, **options}
    return OpCase(
        name=f"{op}-{text(shape)}-{','.join(f'{k}{v}' for k, v in options.items())}",
        op=op,
        make=normal(shape),
        attributes=options,
        reference=getattr(ref, op),
        apply=lambda F, like: getattr(F, op)(like, **call),
        tolerance="random",
        benchmark=Benchmark(normal((count,)), 20 * count, 4 * count) if benchmark else None,
    )


CASES: list[OpCase] = [
    *dropout_cases((5, 33), rate=0.5, seed=7, stream=3, step=11),
    *dropout_cases((1000,), benchmark=True, rate=0.25, seed=2**40 + 5, stream=2, step=2**33),
    *dropout_cases((17,), rate=0.0),
    *dropout_cases((3, 3), rate=0.9, seed=1),
    *(drawn_case(op, (width,), seed=width) for op in ("random_uniform", "random_normal") for width in WIDTHS),
    drawn_case("random_uniform", (5, 33), low=-2.0, high=3.0, seed=7, stream=3, step=11),
    drawn_case("random_uniform", (1000,), benchmark=True, seed=2**40 + 5, stream=2, step=2**33),
    drawn_case("random_uniform", (), low=1.0, high=1.0),
    drawn_case("random_uniform", (0, 3)),
    drawn_case("random_normal", (5, 33), mean=-2.0, std=3.0, seed=7, stream=3, step=11),
    drawn_case("random_normal", (1000,), benchmark=True, seed=2**40 + 5, stream=2, step=2**33),
    drawn_case("random_normal", (3,), mean=0.5, std=0.0),
    drawn_case("random_normal", ()),
]
