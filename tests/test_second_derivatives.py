"""Gradients of gradients, for every op case: they equal finite differences of the gradients, or the op is one of those
that say that they have none.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from op_calls import cast
from op_cases import CASES, OpCase

import fastnn
from fastnn import Tensor
from fastnn import functional as F

# Fused ops whose gradient is an op without a rule of its own. The list is closed: an op that is not here has one.
WITHOUT_SECOND_DERIVATIVE = {
    "absolute_error",
    "batch_normalization",
    "binary_cross_entropy",
    "group_normalization",
    "gru",
    "huber",
    "layer_normalization",
    "lstm",
    "max_pool2d",
    "prod",
    "scaled_dot_product_attention",
    "simple_rnn",
    "softmax_cross_entropy",
    "squared_error",
}

STEP, RTOL, ATOL = 1e-6, 2e-3, 2e-5
MESSAGE = re.compile(r"backward: the second derivative of (\w+) is not available")

differentiable = pytest.mark.parametrize("case", [case for case in CASES if case.differentiable], ids=str)


def gradients(case: OpCase, inputs: list[Any], weights: np.ndarray, create_graph: bool) -> tuple[list[Any], list[Any]]:
    """The leaves of a case, and the gradients of sum(weights * apply(...) ** 2), which look at dy and at the inputs."""
    tensors = [
        None if value is None else Tensor(value, requires_grad=index in case.differentiable)
        for index, value in enumerate(inputs)
    ]
    leaves = [tensors[index] for index in case.differentiable]
    y = case.apply(F, *tensors)
    loss = (y * y * Tensor(weights)).sum()
    return leaves, list(fastnn.grad(loss, leaves, create_graph=create_graph, allow_unused=True))


def refusal(case: OpCase) -> str | None:
    """The op that says that it has no second derivative."""
    inputs = cast(case, "float64")
    with fastnn.no_grad():
        shape = case.apply(F, *(None if value is None else Tensor(value) for value in inputs)).shape
    leaves, first = gradients(case, inputs, np.ones(shape), create_graph=True)
    total = summed(first, [np.ones(leaf.shape) for leaf in leaves])
    try:
        fastnn.grad(total, leaves, allow_unused=True)
    except RuntimeError as error:
        found = MESSAGE.search(str(error))
        if not found:
            raise
        return found[1]
    return None


def summed(gradients: list[Any], probes: list[np.ndarray]) -> Tensor:
    total = Tensor(np.zeros(()), requires_grad=True) + 0.0
    for gradient, probe in zip(gradients, probes, strict=True):
        if gradient is not None:
            total = total + (gradient * Tensor(probe)).sum()
    return total


@differentiable
def test_second_derivatives_equal_finite_differences_of_first_ones(case: OpCase, rng: np.random.Generator) -> None:
    name = refusal(case)
    if name is not None:
        assert name in WITHOUT_SECOND_DERIVATIVE, f"{case}: {name}"
        return
    inputs = cast(case, "float64")
    with fastnn.no_grad():
        shape = case.apply(F, *(None if value is None else Tensor(value) for value in inputs)).shape
    weights = rng.standard_normal(shape)
    probes = [rng.standard_normal(inputs[index].shape) for index in case.differentiable]
    leaves, first = gradients(case, inputs, weights, create_graph=True)
    second = fastnn.grad(summed(first, probes), leaves, allow_unused=True)

    def projected(move: float) -> float:
        moved = list(inputs)
        for index, direction in zip(case.differentiable, directions, strict=True):
            moved[index] = inputs[index] + move * direction
        _, slopes = gradients(case, moved, weights, create_graph=False)
        return sum(float((g.numpy() * p).sum()) for g, p in zip(slopes, probes, strict=True) if g is not None)

    for _ in range(2):
        directions = [rng.standard_normal(probe.shape) for probe in probes]
        want = (projected(STEP) - projected(-STEP)) / (2 * STEP)
        terms = [g.numpy() * d for g, d in zip(second, directions, strict=True) if g is not None]
        got = float(sum(term.sum() for term in terms))
        size = max(1.0, float(sum(np.abs(term).sum() for term in terms)))
        assert abs(got - want) <= ATOL * size + RTOL * abs(want), f"{case}: {got}, finite difference {want}"


def test_the_list_is_closed() -> None:
    names = WITHOUT_SECOND_DERIVATIVE
    first_cases = {case.op: case for case in reversed(CASES) if case.differentiable and case.op in names}
    assert {refusal(case) for case in first_cases.values()} == names
