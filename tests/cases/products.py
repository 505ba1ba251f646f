"""Cases of products: gemm, linear, convolution."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import op_references as ref

from cases.case import WIDTHS, OpCase, large, normal, text


def gemm_case(m: int, n: int, k: int, transpose: str = "nn", benchmark: tuple[int, int, int] | None = None) -> OpCase:
    ta, tb = (letter == "t" for letter in transpose)

    def shapes(m: int, n: int, k: int) -> list[tuple[int, int]]:
        return [(k, m) if ta else (m, k), (n, k) if tb else (k, n)]

    options = {"transpose_a": ta, "transpose_b": tb}
    return OpCase(
        name=f"gemm-{transpose}-{m}x{n}x{k}",
        op="gemm",
        make=normal(*shapes(m, n, k)),
        attributes=options,
        reference=ref.gemm,
        apply=lambda F, a, b: F.matmul(a, b, **options),
        differentiable=(0, 1),
        torch=lambda torch, a, b: (a.mT if ta else a) @ (b.mT if tb else b),
        tolerance="product",
        benchmark=benchmark
        and large(2 * math.prod(benchmark), *shapes(*benchmark), written=benchmark[0] * benchmark[1]),
    )


def linear_case(
    batch: Sequence[int], cin: int, out: int, bias: bool = True, activation: str = "linear", benchmark: bool = False
) -> OpCase:
    shapes = [(*batch, cin), (cin, out), (out,) if bias else None]

    def torch_linear(torch: Any, x: Any, weight: Any, bias: Any = None) -> Any:
        y = torch.nn.functional.linear(x, weight.mT, bias)
        return torch.relu(y) if activation == "relu" else y

    return OpCase(
        name=f"linear-{text(shapes[0])}-{out}{'' if bias else '-nobias'}-{activation}",
        op="linear",
        make=normal(*shapes),
        attributes={"activation": activation},
        reference=ref.linear,
        apply=lambda F, x, weight, bias=None: F.linear(x, weight, bias, activation=activation),
        differentiable=(0, 1, 2) if bias else (0, 1),
        torch=torch_linear,
        torch_order={1: (1, 0)},
        tolerance="product",
        batched=(0,) if len(batch) else (),
        benchmark=large(2 * 128 * 784 * 512, (128, 784), (784, 512), (512,), written=128 * 512) if benchmark else None,
    )


def torch_pad(torch: Any, x: Any, kernel: Sequence[int], options: dict[str, Any], fill: float) -> Any:
    """x (batch, height, width, channels), padded explicitly, as (batch, channels, height, width)."""
    strides, dilation = options.get("strides", (1, 1)), options.get("dilation", (1, 1))
    (top, bottom), (left, right) = ref.window_pads(
        x.shape[1:3], kernel, strides, dilation, options.get("padding", "valid"), options.get("pads", (0, 0, 0, 0))
    )
    x = x.permute(0, 3, 1, 2)
    if top or bottom or left or right:
        x = torch.nn.functional.pad(x, (left, right, top, bottom), value=fill)
    return x


def torch_conv2d(options: dict[str, Any]) -> Callable[..., Any]:
    def run(torch: Any, x: Any, weight: Any, bias: Any = None) -> Any:
        padded = torch_pad(torch, x, weight.shape[:2], options, 0.0)
        y = torch.nn.functional.conv2d(
            padded,
            weight.permute(3, 2, 0, 1),
            bias,
            stride=tuple(options.get("strides", (1, 1))),
            dilation=tuple(options.get("dilation", (1, 1))),
            groups=options.get("groups", 1),
        ).permute(0, 2, 3, 1)
        return torch.relu(y) if options.get("activation") == "relu" else y

    return run


def torch_conv2d_backward(which: int, options: dict[str, Any]) -> Callable[..., Any]:
    """The gradient of input (0) or weight (1) by PyTorch's own backward, from our arguments in our order."""

    def run(torch: Any, *arguments: Any) -> Any:
        dy, weight, x = arguments if which == 0 else (arguments[1], arguments[2], arguments[0])
        padded = torch_pad(torch, x, weight.shape[:2], options, 0.0)
        gradient = torch.ops.aten.convolution_backward(
            dy.permute(0, 3, 1, 2),
            padded,
            weight.permute(3, 2, 0, 1),
            None,
            tuple(options.get("strides", (1, 1))),
            (0, 0),
            tuple(options.get("dilation", (1, 1))),
            False,
            (0, 0),
            options.get("groups", 1),
            (which == 0, which == 1, False),
        )[which]
        if which == 1:
            return gradient.permute(2, 3, 1, 0)
        strides, dilation = options.get("strides", (1, 1)), options.get("dilation", (1, 1))
        (top, _), (left, _) = ref.window_pads(
            x.shape[1:3],
            weight.shape[:2],
            strides,
            dilation,
            options.get("padding", "valid"),
            options.get("pads", (0, 0, 0, 0)),
        )
        return gradient.permute(0, 2, 3, 1)[:, top : top + x.shape[1], left : left + x.shape[2]]

    return run


def conv2d_cases(
    what: str,
    image: Sequence[int],
    kernel: Sequence[int],
    out: int,
    bias: bool = True,
    benchmark: Sequence[int] | None = None,
    **options: Any,
) -> list[OpCase]:
    """conv2d and its two backward ops. image (batch, height, width, channels), kernel (kh, kw); benchmark: a larger
    image and, last, its output channels."""
    groups = options.get("groups", 1)
    backward = {name: value for name, value in options.items() if name != "activation"}

    def shapes(image: Sequence[int], out: int) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
        weight = (*kernel, image[3] // groups, out)
        return image, weight, ref.conv2d_shape(image, weight, **backward)

    x, weight, y = shapes(image, out)
    flops = 0
    if benchmark:
        large_x, large_weight, large_y = shapes(benchmark[:4], benchmark[4])
        flops = 2 * math.prod(large_y) * math.prod(large_weight[:3])
    call = dict(options)
    if call.get("padding") == "explicit":
        call["padding"] = call.pop("pads")
    channels_last = (3, 0, 1, 2)
    return [
        OpCase(
            name=f"conv2d-{what}",
            op="conv2d",
            make=normal(x, weight, (out,) if bias else None),
            attributes=options,
            reference=ref.conv2d,
            apply=lambda F, x, weight, bias=None: F.conv2d(x, weight, bias, **call),
            differentiable=(0, 1, 2) if bias else (0, 1),
            torch=torch_conv2d(options),
            torch_order={1: channels_last},
            tolerance="product",
            batched=(0,),
            benchmark=large(flops, large_x, large_weight, large_y[3:], written=math.prod(large_y))
            if benchmark
            else None,
        ),
        OpCase(
            name=f"conv2d_backward_input-{what}",
            op="conv2d_backward_input",
            make=normal(y, weight, x),
            attributes=backward,
            reference=ref.conv2d_backward_input,
            torch=torch_conv2d_backward(0, backward),
            torch_order={1: channels_last},
            tolerance="product",
            batched=(0, 2),
            benchmark=large(
                flops,
                large_y,
                large_weight,
                written=math.prod(large_x),
                make=normal(large_y, large_weight, large_x),
            )
            if benchmark
            else None,
        ),
        OpCase(
            name=f"conv2d_backward_weight-{what}",
            op="conv2d_backward_weight",
            make=normal(x, y, weight),
            attributes=backward,
            reference=ref.conv2d_backward_weight,
            torch=torch_conv2d_backward(1, backward),
            torch_order={2: channels_last},
            tolerance="product",
            benchmark=large(
                flops,
                large_x,
                large_y,
                written=math.prod(large_weight),
                make=normal(large_x, large_y, large_weight),
            )
            if benchmark
            else None,
        ),
    ]


CASES: list[OpCase] = [
    *(gemm_case(3, n, 5) for n in WIDTHS),
    *(gemm_case(m, 17, 9) for m in WIDTHS),
    *(gemm_case(7, 15, k) for k in WIDTHS),
    *(gemm_case(*sizes, transpose) for transpose in ("nt", "tn", "tt") for sizes in ((6, 16, 8), (17, 33, 31))),
    gemm_case(65, 129, 70, benchmark=(1024, 1024, 1024)),
    gemm_case(5, 6, 700),
    gemm_case(130, 7, 3, "tn"),
    gemm_case(1, 257, 33, "nt"),
    gemm_case(3, 4, 0),
    gemm_case(0, 4, 3),
    gemm_case(3, 0, 4),
    *(linear_case((3,), cin, out) for cin, out in ((1, 1), (5, 7), (17, 16), (33, 33))),
    linear_case((5,), 31, 10, activation="relu", benchmark=True),
    linear_case((5,), 8, 15, bias=False),
    linear_case((2,), 9, 17, bias=False, activation="relu"),
    linear_case((2, 3, 4), 7, 9),
    linear_case((), 6, 5),
    linear_case((33,), 64, 3, activation="relu"),
    *conv2d_cases("3x3-valid-C3", (2, 8, 9, 3), (3, 3), 5, benchmark=(16, 32, 32, 32, 32)),
    *conv2d_cases("3x3-same-relu", (2, 7, 7, 4), (3, 3), 17, padding="same", activation="relu"),
    *conv2d_cases("3x3-same-C1-nobias", (2, 8, 8, 1), (3, 3), 8, padding="same", bias=False),
    *conv2d_cases("3x3-same-C17", (1, 6, 5, 17), (3, 3), 16, padding="same"),
    *conv2d_cases("3x3-same-wide", (1, 3, 40, 2), (3, 3), 33, padding="same", activation="relu"),
    *conv2d_cases("1x1", (2, 5, 3, 16), (1, 1), 15),
    *conv2d_cases("1x1-strided", (2, 6, 7, 5), (1, 1), 4, strides=(2, 3)),
    *conv2d_cases("whole-image", (3, 5, 4, 3), (5, 4), 7),
    *conv2d_cases("strides-2-3", (2, 9, 11, 3), (3, 3), 4, strides=(2, 3)),
    *conv2d_cases("same-strides-2", (2, 9, 8, 3), (3, 3), 4, strides=(2, 2), padding="same"),
    *conv2d_cases("same-even-kernel", (1, 6, 7, 2), (2, 4), 3, padding="same"),
    *conv2d_cases("stride-over-kernel", (2, 9, 9, 3), (2, 2), 4, strides=(3, 4), padding="same"),
    *conv2d_cases("explicit", (2, 5, 6, 3), (3, 3), 4, padding="explicit", pads=(0, 2, 1, 3)),
    *conv2d_cases("explicit-strided", (1, 5, 6, 2), (3, 2), 8, strides=(2, 2), padding="explicit", pads=(2, 1, 0, 1)),
    *conv2d_cases("dilation-2-3", (2, 9, 10, 3), (3, 3), 4, dilation=(2, 3)),
    *conv2d_cases("same-dilation", (1, 9, 8, 4), (3, 3), 3, dilation=(2, 2), padding="same", activation="relu"),
    *conv2d_cases("dilation-strides", (1, 11, 9, 2), (3, 2), 3, dilation=(2, 3), strides=(2, 1), padding="same"),
    *conv2d_cases("groups-2", (2, 6, 5, 6), (3, 3), 8, groups=2, padding="same"),
    *conv2d_cases("groups-3-strided", (1, 7, 7, 9), (3, 3), 6, groups=3, strides=(2, 2)),
    *conv2d_cases("depthwise", (2, 6, 7, 17), (3, 3), 17, groups=17, padding="same"),
    *conv2d_cases(
        "depthwise-C64", (1, 3, 12, 64), (3, 3), 64, benchmark=(16, 32, 32, 64, 64), groups=64, padding="same"
    ),
    *conv2d_cases("depthwise-C1", (2, 7, 20, 1), (3, 3), 1, padding="same"),
    *conv2d_cases("depthwise-C3-strided", (2, 9, 12, 3), (3, 3), 3, groups=3, strides=(2, 2), padding="same"),
    *conv2d_cases("depthwise-C33-relu", (2, 5, 19, 33), (3, 3), 33, groups=33, padding="same", activation="relu"),
    *conv2d_cases("depthwise-strides-3-2", (1, 9, 11, 16), (4, 3), 16, groups=16, strides=(3, 2)),
    *conv2d_cases("depthwise-dilation", (1, 9, 14, 17), (3, 3), 17, groups=17, dilation=(2, 3), padding="same"),
    *conv2d_cases(
        "depthwise-dilation-strides",
        (2, 10, 13, 5),
        (3, 2),
        5,
        groups=5,
        dilation=(2, 3),
        strides=(2, 2),
        padding="explicit",
        pads=(0, 3, 2, 1),
    ),
    *conv2d_cases("depthwise-5x4", (1, 6, 13, 18), (5, 4), 18, groups=18, padding="same", bias=False),
    *conv2d_cases("depthwise-7x7-small", (1, 4, 3, 8), (7, 7), 8, groups=8, padding="same"),
    *conv2d_cases("depthwise-wide", (1, 2, 90, 70), (2, 3), 70, groups=70, padding="same"),
    *conv2d_cases("depthwise-2", (1, 5, 5, 3), (3, 3), 6, groups=3),
    *conv2d_cases("depthwise-2-strided", (2, 7, 8, 17), (3, 3), 34, groups=17, strides=(2, 2), padding="same"),
    *conv2d_cases("depthwise-3-same-relu", (1, 5, 9, 6), (3, 3), 18, groups=6, padding="same", activation="relu"),
    *conv2d_cases("depthwise-4-of-3", (1, 6, 5, 3), (3, 3), 12, groups=3, padding="same"),
    *conv2d_cases("1x5", (2, 3, 12, 3), (1, 5), 7),
    *conv2d_cases("7x7-strided-C3", (1, 15, 15, 3), (7, 7), 16, strides=(2, 2), padding="same"),
    *conv2d_cases("tiny", (1, 1, 1, 1), (1, 1), 1),
    *conv2d_cases("pixel-same", (3, 1, 1, 5), (3, 3), 4, padding="same"),
]
