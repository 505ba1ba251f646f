"""Cases of pooling, alone and behind a convolution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import op_references as ref

from cases.case import WIDTHS, Benchmark, Inputs, Make, OpCase, distinct, large, normal, with_nan
from cases.convolution import torch_conv, torch_pad


def max_pool2d_cases(
    what: str,
    image: Sequence[int],
    make: Make | None = None,
    differentiable: tuple[int, ...] = (0,),
    benchmark: Sequence[int] | None = None,
    **options: Any,
) -> list[OpCase]:
    make = make or distinct(*image)
    pool = options.get("pool_size", (2, 2))
    call = {"pool_size": pool, "strides": options.get("strides", (2, 2)), "padding": options.get("padding", "valid")}
    if call["padding"] == "explicit":
        call["padding"] = options["pads"]

    def torch_pool(torch: Any, x: Any) -> Any:
        padded = torch_pad(torch, x, pool, {"strides": (2, 2), **options}, -math.inf)
        return torch.nn.functional.max_pool2d(padded, pool, call["strides"]).permute(0, 2, 3, 1)

    def backward_inputs(make: Make) -> Make:
        def inputs(rng: np.random.Generator) -> Inputs:
            (x,) = make(rng)
            y, index = ref.max_pool2d(x, **options)
            return [rng.standard_normal(y.shape), index, x]

        return inputs

    def benchmarks(image: Sequence[int]) -> list[Benchmark]:
        make = distinct(*image)
        outputs = math.prod(ref.max_pool2d(np.zeros((1, *image[1:])), **options)[0].shape) * image[0]
        taps = math.prod(pool)
        return [
            Benchmark(make, outputs * taps, 4 * math.prod(image) + 5 * outputs),
            Benchmark(backward_inputs(make), outputs, 4 * math.prod(image) + 5 * outputs),
        ]

    forward, backward = benchmarks(benchmark) if benchmark else (None, None)
    return [
        OpCase(
            name=f"max_pool2d-{what}",
            op="max_pool2d",
            make=make,
            attributes=options,
            reference=ref.max_pool2d,
            apply=lambda F, x: F.max_pool2d(x, **call),
            differentiable=differentiable,
            torch=torch_pool,
            tolerance="exact",
            batched=(0,),
            benchmark=forward,
        ),
        OpCase(
            name=f"max_pool2d_backward-{what}",
            op="max_pool2d_backward",
            make=backward_inputs(make),
            attributes=options,
            reference=ref.max_pool2d_backward,
            tolerance="elementwise",
            batched=(0, 1, 2),
            benchmark=backward,
        ),
    ]


def avg_pool2d_cases(
    what: str, image: Sequence[int], benchmark: Sequence[int] | None = None, **options: Any
) -> list[OpCase]:
    pool = options.get("pool_size", (2, 2))
    call = {"pool_size": pool, "strides": options.get("strides", (2, 2)), "padding": options.get("padding", "valid")}
    if call["padding"] == "explicit":
        call["padding"] = options["pads"]

    def output(image: Sequence[int]) -> tuple[int, ...]:
        return ref.avg_pool2d(np.zeros((1, *image[1:])), **options).shape[1:]

    def torch_pool(torch: Any, x: Any) -> Any:
        # sums of the padded image over sums of ones: the mean of what a window meets
        sums = [torch_pad(torch, t, pool, {"strides": (2, 2), **options}, 0.0) for t in (x, torch.ones_like(x))]
        total, count = (torch.nn.functional.avg_pool2d(t, pool, call["strides"]).permute(0, 2, 3, 1) for t in sums)
        return total / count

    y = (image[0], *output(image))
    forward = backward = None
    if benchmark:
        large_y = (benchmark[0], *output(benchmark))
        flops = math.prod(large_y) * math.prod(pool)
        forward = large(flops, benchmark, written=math.prod(large_y))
        backward = large(flops, large_y, written=math.prod(benchmark), make=normal(large_y, benchmark))
    return [
        OpCase(
            name=f"avg_pool2d-{what}",
            op="avg_pool2d",
            make=normal(image),
            attributes=options,
            reference=ref.avg_pool2d,
            apply=lambda F, x: F.avg_pool2d(x, **call),
            differentiable=(0,),
            torch=torch_pool,
            batched=(0,),
            benchmark=forward,
        ),
        OpCase(
            name=f"avg_pool2d_backward-{what}",
            op="avg_pool2d_backward",
            make=normal(y, image),
            attributes=options,
            reference=ref.avg_pool2d_backward,
            batched=(0, 1),
            benchmark=backward,
        ),
    ]


def pooled_convolution_case(
    what: str,
    image: Sequence[int],
    kernel: Sequence[int],
    out: int,
    bias: bool = True,
    make: Make | None = None,
    benchmark: Sequence[int] | None = None,
    **options: Any,
) -> OpCase:
    """A convolution and the maxima of windows of its result. benchmark: a larger image."""
    weight = (*kernel, image[-1], out)
    rest = (out,) if bias else None

    def written(image: Sequence[int]) -> int:
        return math.prod(ref.conv2d_max_pool2d(np.zeros(image), np.zeros(weight), **options)[0].shape)

    def torch_pooled(torch: Any, x: Any, weight: Any, bias: Any = None) -> Any:
        pool = options.get("pool_size", (2, 2))
        convolution = {name: value for name, value in options.items() if name != "pool_size"}
        y = torch_conv(convolution)(torch, x, weight, bias).movedim(-1, 1)
        return torch.nn.functional.max_pool2d(y, pool, pool).movedim(1, -1)

    large_case = None
    if benchmark:
        outputs = written(benchmark)
        flops = outputs * math.prod(options.get("pool_size", (2, 2))) * (2 * math.prod(weight[:-1]) + 1)
        large_case = large(flops, benchmark, weight, rest, written=outputs)
    return OpCase(
        name=f"conv2d_max_pool2d-{what}",
        op="conv2d_max_pool2d",
        make=make or normal(image, weight, rest),
        attributes=options,
        reference=ref.conv2d_max_pool2d,
        torch=torch_pooled,
        tolerance="product",
        batched=(0,),
        benchmark=large_case,
    )


def convolution_with_nan(image: Sequence[int], weight: Sequence[int]) -> Make:
    def inputs(rng: np.random.Generator) -> Inputs:
        x = rng.standard_normal(image)
        x[:, 3, 2] = np.nan
        return [x, rng.standard_normal(weight), rng.standard_normal(weight[-1])]

    return inputs


CASES: list[OpCase] = [
    pooled_convolution_case("first", (2, 8, 12, 1), (3, 3), 5, activation="relu", benchmark=(32, 28, 28, 1)),
    *(pooled_convolution_case(f"C{out}", (1, 7, 9, 3), (3, 3), out, activation="relu") for out in (*WIDTHS, 40, 70)),
    pooled_convolution_case("same-stride", (2, 9, 10, 2), (3, 2), 6, padding="same", strides=(1, 2)),
    pooled_convolution_case("dilated", (2, 9, 9, 2), (2, 3), 6, padding="explicit", pads=(1, 0, 2, 3), dilation=(3, 1)),
    pooled_convolution_case("dilated-line", (2, 9, 12, 2), (3, 3), 4, bias=False, dilation=(1, 2)),
    pooled_convolution_case("many-terms", (2, 6, 7, 40), (3, 3), 9, activation="relu"),
    pooled_convolution_case("3x2", (2, 10, 9, 1), (3, 3), 17, pool_size=(3, 2), activation="relu"),
    pooled_convolution_case("pointwise", (2, 4, 5, 3), (1, 1), 8),
    pooled_convolution_case("wide-window", (1, 18, 18, 2), (2, 2), 3, pool_size=(17, 17)),
    pooled_convolution_case("whole-image", (3, 4, 5, 2), (3, 4), 4),
    pooled_convolution_case("empty", (0, 6, 6, 1), (3, 3), 4),
    pooled_convolution_case("nan", (2, 8, 9, 1), (3, 3), 5, make=convolution_with_nan((2, 8, 9, 1), (3, 3, 1, 5))),
    *max_pool2d_cases("2x2", (2, 6, 8, 3), benchmark=(32, 32, 32, 64)),
    *(max_pool2d_cases(f"2x2-C{channels}", (1, 4, 6, channels))[i] for channels in WIDTHS for i in (0, 1)),
    *max_pool2d_cases("2x2-odd-image", (2, 7, 5, 4)),
    *max_pool2d_cases("3x3-overlap", (2, 7, 8, 5), pool_size=(3, 3), strides=(2, 2)),
    *max_pool2d_cases("3x3-overlap-1", (1, 6, 6, 16), pool_size=(3, 3), strides=(1, 1), padding="same"),
    *max_pool2d_cases("2x3-same", (2, 7, 8, 3), pool_size=(2, 3), strides=(2, 3), padding="same"),
    *max_pool2d_cases("explicit", (1, 5, 6, 3), pool_size=(3, 3), padding="explicit", pads=(1, 0, 2, 1)),
    *max_pool2d_cases("stride-over-window", (1, 9, 9, 3), pool_size=(2, 2), strides=(3, 4)),
    *max_pool2d_cases("whole-image", (2, 5, 4, 7), pool_size=(5, 4), strides=(5, 4)),
    *max_pool2d_cases("wide-window", (1, 17, 17, 2), pool_size=(17, 17), strides=(1, 1)),
    *max_pool2d_cases("negative", (1, 4, 4, 3), make=lambda rng: [-1 - rng.random((1, 4, 4, 3))], padding="same"),
    *max_pool2d_cases("nan", (2, 6, 7, 5), make=with_nan(distinct(2, 6, 7, 5)), differentiable=(), padding="same"),
    *avg_pool2d_cases("2x2", (2, 6, 8, 3), benchmark=(32, 32, 32, 64)),
    *(avg_pool2d_cases(f"2x2-C{channels}", (1, 4, 6, channels))[i] for channels in WIDTHS for i in (0, 1)),
    *avg_pool2d_cases("2x2-odd-image", (2, 7, 5, 4)),
    *avg_pool2d_cases("3x3-overlap", (2, 7, 8, 5), pool_size=(3, 3), strides=(2, 2)),
    *avg_pool2d_cases("3x3-overlap-same", (1, 6, 6, 16), pool_size=(3, 3), strides=(1, 1), padding="same"),
    *avg_pool2d_cases("2x3-same", (2, 7, 8, 3), pool_size=(2, 3), strides=(2, 3), padding="same"),
    *avg_pool2d_cases("explicit", (1, 5, 6, 3), pool_size=(3, 3), padding="explicit", pads=(1, 0, 2, 1)),
    *avg_pool2d_cases("stride-over-window", (1, 9, 9, 3), pool_size=(2, 2), strides=(3, 4)),
    *avg_pool2d_cases("whole-image", (2, 5, 4, 7), pool_size=(5, 4), strides=(5, 4)),
    *avg_pool2d_cases("wide-window", (1, 17, 17, 2), pool_size=(17, 17), strides=(1, 1)),
]
