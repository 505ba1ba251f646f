"""Cases of images of another size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from cases.case import WIDTHS, Make, OpCase, large, normal, text


def weights(size: int, new: int) -> np.ndarray:
    """Bilinear interpolation along an axis as a matrix (new, size)."""
    position = (np.arange(new) + 0.5) * size / new - 0.5
    low = np.floor(position).astype(int)
    share = position - low
    matrix = np.zeros((new, size))
    for i in range(new):
        matrix[i, max(low[i], 0)] += 1 - share[i]
        matrix[i, min(low[i] + 1, size - 1) if low[i] >= 0 else 0] += share[i]
    return matrix


def resize_reference(x: np.ndarray, size: Sequence[int]) -> np.ndarray:
    return np.einsum("bhwc,ih,jw->bijc", x, weights(x.shape[1], size[0]), weights(x.shape[2], size[1]))


def resize_backward_reference(dy: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.einsum("bijc,ih,jw->bhwc", dy, weights(x.shape[1], dy.shape[1]), weights(x.shape[2], dy.shape[2]))


def resize_cases(shape: Sequence[int], size: Sequence[int], benchmark: bool = False) -> list[OpCase]:
    def torch_resize(torch: Any, x: Any) -> Any:
        y = torch.nn.functional.interpolate(x.permute(0, 3, 1, 2), tuple(size), mode="bilinear")
        return y.permute(0, 2, 3, 1)

    def with_size(shape: Sequence[int]) -> tuple[int, ...]:
        return (shape[0], *size, shape[3])

    def backward(shape: Sequence[int]) -> Make:
        return normal(with_size(shape), shape)

    big = (8, 32, 32, 32)
    count = math.prod(with_size(big))
    name = f"{text(shape)}-{text(size)}"
    return [
        OpCase(
            name=f"resize_bilinear-{name}",
            op="resize_bilinear",
            make=normal(shape),
            attributes={"size": tuple(size)},
            reference=resize_reference,
            apply=lambda F, x: F.resize(x, size),
            differentiable=(0,),
            torch=torch_resize,
            torch_order={0: (0, 3, 1, 2)},
            tolerance="elementwise",
            batched=(0,),
            benchmark=large(6 * count, big, written=count) if benchmark else None,
        ),
        OpCase(
            name=f"resize_bilinear_backward-{name}",
            op="resize_bilinear_backward",
            make=backward(shape),
            reference=resize_backward_reference,
            tolerance="elementwise",
            batched=(0, 1),
            benchmark=large(8 * count, with_size(big), written=math.prod(big), make=backward(big))
            if benchmark
            else None,
        ),
    ]


CASES: list[OpCase] = [
    *(case for width in WIDTHS for case in resize_cases((2, 3, 4, width), (6, 5))),
    *resize_cases((1, 7, 5, 3), (3, 2)),
    *resize_cases((2, 4, 4, 2), (4, 4)),
    *resize_cases((1, 1, 1, 2), (3, 5)),
    *resize_cases((1, 6, 9, 1), (1, 1)),
    *resize_cases((2, 3, 3, 4), (7, 11)),
    *resize_cases((2, 4, 5, 8), (8, 10), benchmark=True),
]
