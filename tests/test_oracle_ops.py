"""Every op case against PyTorch on the CPU: results, and the tape's gradients against autograd's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from op_calls import bounds, call, cast, map_arrays, reference
from op_cases import CASES, OpCase
from tolerances import GRADIENT_NORM, assert_within

import fastnn
from fastnn import functional as F

pytestmark = pytest.mark.oracle

compared = pytest.mark.parametrize("case", [case for case in CASES if case.torch], ids=str)
with_gradients = pytest.mark.parametrize("case", [c for c in CASES if c.torch and c.differentiable], ids=str)


@pytest.fixture(scope="module")
def torch() -> Any:
    import torch

    torch.set_num_threads(1)
    return torch


def present(values: list[Any]) -> list[Any]:
    """The values without absent ones at their end."""
    while values[-1] is None:
        values = values[:-1]
    return values


@compared
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_results_equal_pytorchs(case: OpCase, dtype: str, torch: Any) -> None:
    inputs = cast(case, dtype)
    want = case.torch(torch, *present(map_arrays(torch.from_numpy, inputs))).numpy()
    got = call(case, inputs)[0]
    assert got.dtype == want.dtype
    # both sides may be off by the tolerance
    allowed = bounds(case, inputs, dtype, reference(case, inputs))[0]
    assert_within(got, want, 2 * allowed, f"{case} {dtype}")


@with_gradients
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_equal_pytorchs(case: OpCase, dtype: str, torch: Any, rng: np.random.Generator) -> None:
    inputs = cast(case, dtype)
    ours = map_arrays(lambda a: fastnn.Tensor(a, requires_grad=a.dtype == dtype), inputs)
    theirs = map_arrays(torch.from_numpy, inputs)
    for index in case.differentiable:
        theirs[index].requires_grad_()
    y = case.apply(F, *ours)
    target = case.torch(torch, *present(theirs))
    weights = rng.standard_normal(y.shape).astype(dtype)
    y.backward(fastnn.Tensor(weights))
    target.backward(torch.from_numpy(weights))
    factor = GRADIENT_NORM if dtype == "float32" else 1e-10
    for index in case.differentiable:
        got, want = ours[index].grad.numpy(), theirs[index].grad.numpy()
        assert got.shape == want.shape
        error, norm = np.linalg.norm((got - want).ravel()), np.linalg.norm(want.ravel())
        assert error <= factor * norm + 1e-30, f"{case} {dtype} input {index}: norm-wise error {error / norm:.3g}"
