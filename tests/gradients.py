"""Gradients of functions of tensors against finite differences, the first and the second ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from tolerances import GRADIENT_ATOL, GRADIENT_RTOL, GRADIENT_STEP

from fastnn import Tensor, no_grad


def check_gradients(function: Callable[..., Tensor], *arrays: np.ndarray, second: bool = True) -> None:
    """Compares the tape's gradients of a function of float64 arrays with central differences along random directions,
    and with `second` those of the gradients as well."""
    rng = np.random.default_rng(11)
    with no_grad():
        weights = rng.standard_normal(function(*map(Tensor, arrays)).shape)
    directions = [rng.standard_normal(array.shape) for array in arrays]

    def value(points: list[np.ndarray]) -> float:
        with no_grad():
            return float((function(*map(Tensor, points)).numpy() * weights).sum())

    def differentiated(points: list[np.ndarray], create_graph: bool = False) -> list[Tensor]:
        tensors = [Tensor(point, requires_grad=True) for point in points]
        function(*tensors).backward(Tensor(weights), create_graph=create_graph)
        for tensor in tensors:
            assert tensor.grad is not None
            assert tensor.grad.shape == tensor.shape
        return tensors

    def along(tensors: list[Tensor]) -> float:
        return sum(
            float((tensor.grad.numpy() * direction).sum())
            for tensor, direction in zip(tensors, directions, strict=True)
            if tensor.grad is not None
        )

    def slope(points: list[np.ndarray]) -> float:
        return along(differentiated(points))

    def difference(of: Callable[[list[np.ndarray]], float]) -> float:
        moved = [[a + sign * GRADIENT_STEP * d for a, d in zip(arrays, directions, strict=True)] for sign in (1, -1)]
        return (of(moved[0]) - of(moved[1])) / (2 * GRADIENT_STEP)

    def close(got: float, want: float, what: str) -> None:
        assert abs(got - want) <= 10 * GRADIENT_ATOL * max(1.0, abs(want)) + GRADIENT_RTOL * abs(want), (
            f"{what}: {got}, finite difference {want}"
        )

    close(slope(list(arrays)), difference(value), "gradient")
    if second:
        tensors = differentiated(list(arrays), create_graph=True)
        firsts = [tensor.grad for tensor in tensors]
        for tensor in tensors:
            tensor.grad = None
        parts = [(first * Tensor(d)).sum() for first, d in zip(firsts, directions, strict=True) if first is not None]
        sum(parts[1:], parts[0]).backward()
        close(along(tensors), difference(slope), "second derivative")
