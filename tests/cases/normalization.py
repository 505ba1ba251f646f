"""Cases of batch, layer and group normalisation."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import op_references as ref

from cases.case import WIDTHS, Benchmark, Inputs, Make, OpCase, large, text


def batch_normalization_cases(
    shape: Sequence[int],
    gamma: bool = True,
    beta: bool = True,
    epsilon: float = 1e-3,
    offset: float = 0.0,
    activation: str = "linear",
    benchmark: Sequence[int] | None = None,
) -> list[OpCase]:
    """batch_statistics, batch_normalization and its gradient, by the batch's statistics and by others."""
    options = {"epsilon": epsilon, "activation": activation}

    def inputs(shape: Sequence[int], training: bool, backward: bool = False) -> Make:
        def make(rng: np.random.Generator) -> Inputs:
            channels = shape[-1]
            moving = (rng.standard_normal(channels), 0.5 + rng.random(channels))
            scale = rng.standard_normal(channels) if gamma else None
            x = rng.standard_normal(shape) + offset
            mean, variance = ref.batch_statistics(x) if training else moving
            shift = rng.standard_normal(channels) if beta else None
            if backward:
                return [rng.standard_normal(shape), x, mean, variance, scale, shift]
            return [x, mean, variance, scale, shift]

        return make

    def train(F: Any, x: Any, mean: Any, variance: Any, scale: Any = None, shift: Any = None) -> Any:
        return F.batch_normalization(x, *F.batch_statistics(x), scale, shift, epsilon, True, activation)

    def torch_normalize(training: bool) -> Callable[..., Any]:
        def run(torch: Any, x: Any, mean: Any, variance: Any, scale: Any = None, shift: Any = None) -> Any:
            flat = x.reshape(-1, x.shape[-1])
            moving = (None, None) if training else (mean, variance)
            y = torch.nn.functional.batch_norm(flat, *moving, scale, shift, training, 0.0, epsilon)
            return (torch.relu(y) if activation == "relu" else y).reshape(x.shape)

        return run

    name = text(shape) + ("" if gamma else "-nogamma") + ("" if beta else "-nobeta")
    name += (f"-offset{offset:g}" if offset else "") + (f"-{activation}" if activation != "linear" else "")
    big = benchmark or ()
    count = math.prod(big)
    trainable = tuple(i for i, present in ((0, True), (3, gamma), (4, beta)) if present)
    return [
        OpCase(
            name=f"batch_statistics-{name}",
            op="batch_statistics",
            make=lambda rng: inputs(shape, True)(rng)[:1],
            reference=ref.batch_statistics,
            benchmark=large(4 * count, big, written=2 * big[-1]) if benchmark else None,
        ),
        *(
            OpCase(
                name=f"batch_normalization-{name}-{'training' if training else 'inference'}",
                op="batch_normalization",
                make=inputs(shape, training),
                attributes=options,
                reference=ref.batch_normalization,
                apply=train
                if training
                else lambda F, x, mean, variance, scale=None, shift=None: F.batch_normalization(
                    x, mean, variance, scale, shift, epsilon, activation=activation
                ),
                differentiable=trainable,
                torch=torch_normalize(training),
                batched=() if training else (0,),
                benchmark=Benchmark(inputs(big, training), 2 * count, 8 * count)
                if benchmark and not training
                else None,
            )
            for training in (True, False)
        ),
        *(
            OpCase(
                name=f"batch_normalization_backward-{name}-{'training' if training else 'inference'}",
                op="batch_normalization_backward",
                make=inputs(shape, training, backward=True),
                attributes={**options, "training": training},
                reference=ref.batch_normalization_backward,
                benchmark=Benchmark(inputs(big, True, True), 8 * count, 12 * count) if benchmark and training else None,
            )
            for training in (True, False)
        ),
    ]


def layer_normalization_cases(
    shape: Sequence[int],
    gamma: bool = True,
    beta: bool = True,
    epsilon: float = 1e-3,
    rms: bool = False,
    benchmark: Sequence[int] | None = None,
) -> list[OpCase]:
    def inputs(shape: Sequence[int]) -> Make:
        def make(rng: np.random.Generator) -> Inputs:
            # drawn before x: tests weigh y by the generator's first numbers, and x itself has no gradient
            scale, shift = rng.standard_normal((2, shape[-1]))
            return [rng.standard_normal(shape), scale if gamma else None, shift if beta else None]

        return make

    def backward_inputs(shape: Sequence[int]) -> Make:
        def make(rng: np.random.Generator) -> Inputs:
            x = rng.standard_normal(shape)
            _, mean, inverse = ref.layer_normalization(x, epsilon=epsilon, rms=rms)
            return [rng.standard_normal(shape), x, mean, inverse, rng.standard_normal(shape[-1]) if gamma else None]

        return make

    def torch_normalize(torch: Any, x: Any, scale: Any = None, shift: Any = None) -> Any:
        if rms:
            y = torch.nn.functional.rms_norm(x, x.shape[-1:], scale, epsilon)
            return y if shift is None else y + shift
        return torch.nn.functional.layer_norm(x, x.shape[-1:], scale, shift, epsilon)

    what = "-rms" if rms else ""
    name = f"{text(shape)}{'' if gamma else '-nogamma'}{'' if beta else '-nobeta'}{what}"
    count = math.prod(benchmark or ())
    batched = (0,) if len(shape) > 1 else ()
    return [
        OpCase(
            name=f"layer_normalization-{name}",
            op="layer_normalization",
            make=inputs(shape),
            attributes={"epsilon": epsilon, "rms": rms},
            reference=ref.layer_normalization,
            apply=lambda F, x, scale=None, shift=None: F.layer_normalization(x, scale, shift, epsilon, rms),
            differentiable=tuple(i for i, present in ((0, True), (1, gamma), (2, beta)) if present),
            # a row of one number has no gradient; PyTorch gives rounding noise
            torch=torch_normalize if shape[-1] > 1 else None,
            batched=batched,
            benchmark=Benchmark(inputs(benchmark), 6 * count, 8 * count) if benchmark else None,
        ),
        OpCase(
            name=f"layer_normalization_backward-{name}",
            op="layer_normalization_backward",
            make=backward_inputs(shape),
            attributes={"rms": rms},
            reference=ref.layer_normalization_backward,
            benchmark=Benchmark(backward_inputs(benchmark), 10 * count, 12 * count) if benchmark else None,
        ),
    ]


def group_normalization_cases(
    shape: Sequence[int],
    groups: int,
    gamma: bool = True,
    beta: bool = True,
    epsilon: float = 1e-3,
    offset: float = 0.0,
    benchmark: Sequence[int] | None = None,
) -> list[OpCase]:
    def inputs(shape: Sequence[int]) -> Make:
        def make(rng: np.random.Generator) -> Inputs:
            # drawn before x: tests weigh y by the generator's first numbers, and x itself has no gradient
            scale, shift = rng.standard_normal((2, shape[-1]))
            return [rng.standard_normal(shape) + offset, scale if gamma else None, shift if beta else None]

        return make

    def backward_inputs(shape: Sequence[int]) -> Make:
        def make(rng: np.random.Generator) -> Inputs:
            x = rng.standard_normal(shape) + offset
            _, mean, inverse = ref.group_normalization(x, groups=groups, epsilon=epsilon)
            return [rng.standard_normal(shape), x, mean, inverse, rng.standard_normal(shape[-1]) if gamma else None]

        return make

    def torch_normalize(torch: Any, x: Any, scale: Any = None, shift: Any = None) -> Any:
        # PyTorch 2.13 has no gradient of a beta without gamma
        fused = shift if scale is not None else None
        y = torch.nn.functional.group_norm(x.movedim(-1, 1), groups, scale, fused, epsilon).movedim(1, -1)
        return y if shift is None or scale is not None else y + shift

    name = f"{text(shape)}-{groups}{'' if gamma else '-nogamma'}{'' if beta else '-nobeta'}"
    count = math.prod(benchmark or ())
    return [
        OpCase(
            name=f"group_normalization-{name}",
            op="group_normalization",
            make=inputs(shape),
            attributes={"groups": groups, "epsilon": epsilon},
            reference=ref.group_normalization,
            apply=lambda F, x, scale=None, shift=None: F.group_normalization(x, scale, shift, groups, epsilon),
            differentiable=tuple(i for i, present in ((0, True), (1, gamma), (2, beta)) if present),
            # a group of one number has no gradient; PyTorch gives rounding noise
            torch=torch_normalize if math.prod(shape[1:]) > groups else None,
            batched=(0,),
            benchmark=Benchmark(inputs(benchmark), 6 * count, 8 * count) if benchmark else None,
        ),
        OpCase(
            name=f"group_normalization_backward-{name}",
            op="group_normalization_backward",
            make=backward_inputs(shape),
            attributes={"groups": groups},
            reference=ref.group_normalization_backward,
            benchmark=Benchmark(backward_inputs(benchmark), 10 * count, 12 * count) if benchmark else None,
        ),
    ]


CASES: list[OpCase] = [
    *(case for width in WIDTHS for case in batch_normalization_cases((6, width))),
    *batch_normalization_cases((4, 5, 3, 16), benchmark=(64, 32, 32, 16)),
    *batch_normalization_cases((2, 3, 65), gamma=False),
    *batch_normalization_cases((30, 5), beta=False, epsilon=1e-5),
    *batch_normalization_cases((7, 9), gamma=False, beta=False),
    *batch_normalization_cases((300, 3), offset=30.0),
    *batch_normalization_cases((1500, 48)),
    *(case for width in WIDTHS for case in batch_normalization_cases((9, width), activation="relu")),
    *batch_normalization_cases((4, 5, 3, 16), activation="relu", benchmark=(64, 32, 32, 16)),
    *batch_normalization_cases((2, 3, 65), gamma=False, activation="relu"),
    *batch_normalization_cases((30, 5), beta=False, activation="relu"),
    *(case for width in WIDTHS for case in layer_normalization_cases((3, width))),
    *layer_normalization_cases((4, 6, 24), benchmark=(64, 32, 256)),
    *layer_normalization_cases((5, 300), gamma=False, epsilon=1e-5),
    *layer_normalization_cases((9,), beta=False),
    *layer_normalization_cases((700, 130)),
    *layer_normalization_cases((4, 33), gamma=False, beta=False),
    *layer_normalization_cases((5, 20), rms=True, epsilon=1e-6, beta=False),
    *layer_normalization_cases((2, 3, 17), rms=True),
    *(case for width in WIDTHS for case in group_normalization_cases((3, 5, width), 1)),
    *group_normalization_cases((2, 4, 3, 24), 8, benchmark=(64, 32, 32, 64)),
    *group_normalization_cases((2, 3, 2, 2, 10), 5, beta=False, epsilon=1e-5),
    *group_normalization_cases((3, 12), 4, gamma=False),
    *group_normalization_cases((2, 7, 6), 6, gamma=False, beta=False),
    *group_normalization_cases((2, 60, 9), 3, offset=30.0),
    *group_normalization_cases((2, 3000, 48), 4),
    *group_normalization_cases((9, 2, 130), 65),
]
