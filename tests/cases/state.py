"""Cases of ops that write state: optimizers, moving averages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import op_references as ref

from cases.case import Benchmark, Inputs, Make, OpCase, size, text

PARAMETERS = [(3, 17), (17,), (), (4, 8, 2), (1,), (0, 3), (33,)]


def optimizer_case(
    op: str,
    what: str,
    slots: str,
    shapes: Sequence[Sequence[int]] = PARAMETERS,
    benchmark: bool = False,
    **options: Any,
) -> OpCase:
    """slots: a letter for each list of state: n for any numbers, s for squares, - for a list that is absent."""

    def inputs(shapes: Sequence[Sequence[int]]) -> Make:
        def make(rng: np.random.Generator) -> Inputs:
            groups = [[rng.standard_normal(shape) for shape in shapes] for _ in range(2)]
            for letter in slots:
                values = [rng.standard_normal(shape) for shape in shapes]
                # a centered second moment is never below the square of the mean
                groups.append([] if letter == "-" else [v * v + 9 for v in values] if letter == "s" else values)
            return groups

        return make

    big = [(784, 512), (512,), (512, 512), (512,), (512, 10), (10,)]
    kept = len(slots.replace("-", ""))
    return OpCase(
        name=f"{op}-{what}",
        op=op,
        make=inputs(shapes),
        attributes=options,
        reference=getattr(ref, op),
        benchmark=Benchmark(inputs(big), (3 + 5 * kept) * size(*big), 4 * (3 + 2 * kept) * size(*big))
        if benchmark
        else None,
    )


def optimizer_cases(op: str, slots: str, **options: Any) -> list[OpCase]:
    """The first step, a later one with weight decay, and the three kinds of clipping."""
    later = {"iterations": 12345} if op in ("adamax_update", "nadam_update") else {}
    return [
        optimizer_case(op, "first", slots, benchmark=True, learning_rate=0.01, **options),
        optimizer_case(op, "later", slots, learning_rate=0.1, weight_decay=0.2, **options, **later),
        optimizer_case(op, "clipvalue", slots, learning_rate=0.1, clipvalue=0.7, **options),
        optimizer_case(op, "clipnorm", slots, learning_rate=0.1, clipnorm=2.0, weight_decay=0.01, **options),
        optimizer_case(op, "global-clipnorm", slots, learning_rate=0.1, global_clipnorm=5.0, **options),
    ]


def row_case(op: str, what: str, slots: str, benchmark: bool = False, **options: Any) -> OpCase:
    """Gradients by rows beside dense ones; slots as in optimizer_case."""

    def inputs(*parameters: tuple[Sequence[int], Sequence[int] | None, str]) -> Make:
        """(shape, shape of ids or None, dtype of ids) of each parameter."""

        def make(rng: np.random.Generator) -> Inputs:
            ids = [None if of is None else rng.integers(0, shape[0], of).astype(i) for shape, of, i in parameters]
            groups = [[rng.standard_normal(shape) for shape, _, _ in parameters]]
            groups.append(
                [rng.standard_normal(shape if of is None else (*of, shape[1])) for shape, of, _ in parameters]
            )
            for letter in slots:
                values = [rng.standard_normal(shape) for shape, _, _ in parameters]
                groups.append([] if letter == "-" else [v * v + 9 for v in values] if letter == "s" else values)
            return [*groups, ids]

        return make

    small = inputs(
        ((17, 5), (3, 4), "int64"),
        ((4, 3), None, ""),
        ((300, 1), (7,), "int32"),
        ((2, 2051), (5,), "int64"),  # rows are cut into pieces
        ((3, 16), (0,), "int64"),
        ((5, 0), (2,), "int32"),
        ((33,), None, ""),
        ((6, 33), (), "int32"),
    )
    rows, n, count = 20000, 128, 2560
    kept = len(slots.replace("-", ""))
    moved = 4 * (2 * (1 + kept) * (count if options.get("lazy") else rows) + count) * n
    return OpCase(
        name=f"{op}-rows-{what}",
        op=op,
        make=small,
        attributes=options,
        reference=ref.update_rows(getattr(ref, op)),
        benchmark=Benchmark(inputs(((rows, n), (32, 80), "int64")), (3 + 5 * kept) * rows * n, moved)
        if benchmark
        else None,
    )


def moving_average_case(what: str, benchmark: bool = False, **options: Any) -> OpCase:
    def inputs(shapes: Sequence[Sequence[int]]) -> Make:
        return lambda rng: [[rng.standard_normal(shape) for shape in shapes] for _ in range(2)]

    return OpCase(
        name=f"moving_average_update-{what}",
        op="moving_average_update",
        make=inputs(PARAMETERS),
        attributes=options,
        reference=ref.moving_average_update,
        benchmark=Benchmark(inputs([(64,), (64,), (1 << 18,)]), 3 << 18, 12 << 18) if benchmark else None,
    )


def mean_update_case(shape: Sequence[int], benchmark: bool = False) -> OpCase:
    def inputs(shape: Sequence[int]) -> Make:
        return lambda rng: [np.array([3.5, 7.0]), rng.standard_normal(shape)]

    return OpCase(
        name=f"mean_update-{text(shape)}",
        op="mean_update",
        make=inputs(shape),
        reference=ref.mean_update,
        tolerance="float64",
        keep=(0,),
        benchmark=Benchmark(inputs((1 << 20,)), 1 << 20, 4 << 20) if benchmark else None,
    )


CASES: list[OpCase] = [
    moving_average_case("default", benchmark=True),
    moving_average_case("none-of-the-old", momentum=0.0),
    moving_average_case("all-of-the-old", momentum=1.0),
    *optimizer_cases("sgd_update", "-"),
    optimizer_case("sgd_update", "momentum", "n", learning_rate=0.1, momentum=0.9),
    optimizer_case("sgd_update", "nesterov", "n", learning_rate=0.05, momentum=0.8, nesterov=True, weight_decay=0.1),
    *optimizer_cases("adam_update", "ns-"),
    optimizer_case("adam_update", "amsgrad", "nss", iterations=3, learning_rate=0.1, amsgrad=True),
    optimizer_case("adam_update", "others", "ns-", iterations=12345, beta_1=0.8, beta_2=0.99, epsilon=1e-3),
    *optimizer_cases("rmsprop_update", "s--"),
    optimizer_case("rmsprop_update", "momentum", "sn-", learning_rate=0.1, momentum=0.9),
    optimizer_case("rmsprop_update", "centered", "s-n", learning_rate=0.1, rho=0.8, centered=True, epsilon=1e-3),
    optimizer_case("rmsprop_update", "both", "snn", learning_rate=0.1, momentum=0.5, centered=True),
    *optimizer_cases("adagrad_update", "s"),
    *optimizer_cases("adadelta_update", "ss"),
    *optimizer_cases("adamax_update", "ns"),
    *optimizer_cases("nadam_update", "ns"),
    *optimizer_cases("lion_update", "n"),
    row_case("sgd_update", "looked-up", "-", benchmark=True, learning_rate=0.1),
    row_case("sgd_update", "clipnorm", "-", learning_rate=0.1, clipnorm=2.0),
    row_case("sgd_update", "decayed", "-", learning_rate=0.1, weight_decay=0.1, clipvalue=0.3),
    row_case("sgd_update", "nesterov", "n", learning_rate=0.1, momentum=0.9, nesterov=True),
    row_case("adam_update", "exact", "ns-", benchmark=True, iterations=2, learning_rate=0.1),
    row_case("adam_update", "lazy", "ns-", benchmark=True, iterations=2, learning_rate=0.1, lazy=True),
    row_case("adam_update", "amsgrad", "nss", amsgrad=True, learning_rate=0.1, weight_decay=0.1, clipvalue=0.3),
    row_case("adam_update", "lazy-decayed", "ns-", learning_rate=0.1, weight_decay=0.1, clipnorm=2.0, lazy=True),
    row_case("adam_update", "global-clipnorm", "ns-", learning_rate=0.1, global_clipnorm=5.0),
    row_case("adam_update", "lazy-global-clipnorm", "ns-", learning_rate=0.1, global_clipnorm=5.0, lazy=True),
    row_case("rmsprop_update", "exact", "snn", learning_rate=0.1, momentum=0.5, centered=True),
    row_case("adagrad_update", "looked-up", "s", benchmark=True, learning_rate=0.1),
    row_case("adagrad_update", "decayed", "s", learning_rate=0.1, weight_decay=0.1, clipnorm=2.0),
    row_case("adadelta_update", "exact", "ss", learning_rate=0.1),
    row_case("adamax_update", "exact", "ns", learning_rate=0.1),
    row_case("nadam_update", "exact", "ns", learning_rate=0.1),
    row_case("lion_update", "exact", "n", learning_rate=0.1),
    mean_update_case((17,), benchmark=True),
    mean_update_case((3, 1000)),
    mean_update_case(()),
    mean_update_case((0,)),
]
