"""Floating-point operations: the formulas of the schema, per node and in total."""

from __future__ import annotations

import numpy as np
import pytest
from op_calls import is_update, map_arrays
from op_cases import CASES, OpCase

from fastnn import Sequential, _core, layers


def flops_of(case: OpCase, shapes: list[object]) -> float:
    """What the graph of one application says, of abstract inputs."""
    op = _core.op(case.op)
    inputs = map_arrays(
        lambda a: _core.Array.abstract(np.shape(a), np.dtype("f4" if a.dtype == float else a.dtype)), shapes
    )
    recorder = _core.Recorder()
    for index, array in enumerate(inputs):
        if array is not None:
            recorder.argument(array, f"x{index}", False)
    with recorder:
        op(*inputs, **case.attributes)
    (flops,) = recorder.finish().flops(1)
    return flops


PRODUCTS = ("gemm", "linear", "conv", "lstm", "gru", "simple_rnn", "scaled_dot_product_attention")


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.benchmark and c.op.startswith(PRODUCTS) and "dropout" not in c.op], ids=str
)
def test_products_count_two_for_each_multiplication_and_addition(case: OpCase, rng: np.random.Generator) -> None:
    got = flops_of(case, list(case.benchmark.make(rng)))
    assert case.benchmark.flops / 1.01 <= got <= 1.25 * case.benchmark.flops


@pytest.mark.parametrize(
    ("op", "shapes", "attributes", "want"),
    [
        ("gemm", [(2, 3, 4), (4, 5)], {}, 2 * 2 * 3 * 4 * 5),
        ("gemm", [(4, 3), (5, 4)], {"transpose_a": True, "transpose_b": True}, 2 * 3 * 4 * 5),
        ("gemm", [(0, 4), (4, 5)], {}, 0),
        ("conv2d", [(2, 5, 5, 4), (3, 3, 2, 6)], {"groups": 2}, 2 * (2 * 3 * 3 * 6) * 3 * 3 * 2),
        ("conv2d_transpose", [(2, 3, 3, 4), (2, 2, 5, 4), None], {}, 2 * (2 * 3 * 3 * 4) * 2 * 2 * 5),
        ("max_pool2d", [(2, 4, 4, 3)], {"pool_size": (2, 2)}, 2 * 2 * 2 * 3 * 4),
        ("conv2d_max_pool2d", [(2, 5, 6, 1), (2, 3, 1, 6)], {}, (2 * 2 * 2 * 6) * 4 * (2 * 2 * 3 + 1)),
        ("exp", [(3, 4)], {}, 12),
        ("add", [(3, 4), (4,)], {}, 12),
        ("sum", [(3, 4)], {}, 12),
        ("softmax", [(3, 4)], {}, 60),
        ("reshape", [(3, 4), None], {"shape": (12,)}, 0),
        ("take", [(3, 4), (2,)], {}, 0),
    ],
)
def test_formulas(op: str, shapes: list[tuple[int, ...] | None], attributes: dict[str, object], want: int) -> None:
    case = OpCase("", op, make=lambda rng: [], reference=lambda: None, attributes=attributes)
    arrays: list[object] = [None if shape is None else np.zeros(shape) for shape in shapes]
    if op == "take":
        arrays[1] = np.zeros((2,), np.int64)
    if op.startswith("conv2d") and len(arrays) == 2:
        arrays.append(None)
    assert flops_of(case, arrays) == want


def test_updates_count_each_parameter() -> None:
    assert sum(is_update(case) for case in CASES) > 5
    model = Sequential([layers.Input((4,)), layers.Dense(3)])
    model.compile("adam", "mse")
    model.fit(np.ones((16, 4), np.float32), np.ones((16, 3), np.float32), batch_size=8, epochs=2, verbose=0)
    text = model.program(8, training=True)
    (line,) = [line for line in text.splitlines() if "adam_update" in line and line.endswith("flops")]
    assert line.endswith(f" {12 * 15} flops")


def test_the_plan_shows_every_node_and_the_total() -> None:
    model = Sequential([layers.Input((4,)), layers.Dense(3, "relu"), layers.Dense(2)])
    lines = model.program(8).splitlines()
    plan = lines[lines.index("fastnn-program 1 batch 8") :]
    counts = [int(line.split()[-2]) for line in plan[2:] if line.endswith("flops")]
    assert counts == [2 * 8 * 4 * 3, 2 * 8 * 3 * 2]
    assert plan[1].endswith(f", {sum(counts)} flops")
    assert sum(info["flops"] for info in model._predict_step.info()) == sum(counts)
