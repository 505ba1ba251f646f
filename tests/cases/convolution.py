"""Cases of convolution over sequences, images and volumes: plain, grouped, depthwise and transposed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import op_references as ref

from cases.case import OpCase, large, normal


def torch_pad(torch: Any, x: Any, kernel: Sequence[int], options: dict[str, Any], fill: float) -> Any:
    """x (batch, ..., channels), padded explicitly, as (batch, channels, ...)."""
    axes = x.ndim - 2
    strides, dilation = options.get("strides", (1,) * axes), options.get("dilation", (1,) * axes)
    pads = options.get("pads", (0, 0) * axes)
    edges = ref.window_pads(x.shape[1:-1], kernel, strides, dilation, options.get("padding", "valid"), pads)
    x = x.movedim(-1, 1)
    if any(map(any, edges)):
        x = torch.nn.functional.pad(x, [size for edge in reversed(edges) for size in edge], value=fill)
    return x


def window_options(axes: int, options: dict[str, Any]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Strides and dilation."""
    return tuple(options.get("strides", (1,) * axes)), tuple(options.get("dilation", (1,) * axes))


def torch_conv(options: dict[str, Any]) -> Callable[..., Any]:
    def run(torch: Any, x: Any, weight: Any, bias: Any = None) -> Any:
        axes = x.ndim - 2
        strides, dilation = window_options(axes, options)
        padded = torch_pad(torch, x, weight.shape[:-2], options, 0.0)
        y = getattr(torch.nn.functional, f"conv{axes}d")(
            padded,
            weight.movedim((-1, -2), (0, 1)),
            bias,
            stride=strides,
            dilation=dilation,
            groups=options.get("groups", 1),
        ).movedim(1, -1)
        return torch.relu(y) if options.get("activation") == "relu" else y

    return run


def torch_conv_backward(which: int, options: dict[str, Any]) -> Callable[..., Any]:
    """The gradient of input (0) or weight (1) by PyTorch's own backward, from our arguments in our order."""

    def run(torch: Any, *arguments: Any) -> Any:
        dy, weight, x = arguments if which == 0 else (arguments[1], arguments[2], arguments[0])
        axes = x.ndim - 2
        strides, dilation = window_options(axes, options)
        padded = torch_pad(torch, x, weight.shape[:-2], options, 0.0)
        gradient = torch.ops.aten.convolution_backward(
            dy.movedim(-1, 1),
            padded,
            weight.movedim((-1, -2), (0, 1)),
            None,
            strides,
            (0,) * axes,
            dilation,
            False,
            (0,) * axes,
            options.get("groups", 1),
            (which == 0, which == 1, False),
        )[which]
        if which == 1:
            return gradient.movedim((0, 1), (-1, -2))
        pads = options.get("pads", (0, 0) * axes)
        window = (x.shape[1:-1], weight.shape[:-2], strides, dilation)
        edges = ref.window_pads(*window, options.get("padding", "valid"), pads)
        for axis, (before, _) in enumerate(edges, 1):
            gradient = gradient.narrow(axis + 1, before, x.shape[axis])
        return gradient.movedim(1, -1)

    return run


def conv_cases(
    what: str,
    image: Sequence[int],
    kernel: Sequence[int],
    out: int,
    bias: bool = True,
    benchmark: Sequence[int] | None = None,
    **options: Any,
) -> list[OpCase]:
    """A convolution and its two backward ops. image (batch, ..., channels), kernel the window's sizes; benchmark: a
    larger image and, last, its output channels."""
    op = f"conv{len(kernel)}d"
    groups = options.get("groups", 1)
    backward = {name: value for name, value in options.items() if name != "activation"}

    def shapes(image: Sequence[int], out: int) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
        weight = (*kernel, image[-1] // groups, out)
        return image, weight, ref.conv_shape(image, weight, **backward)

    x, weight, y = shapes(image, out)
    flops = 0
    if benchmark:
        large_x, large_weight, large_y = shapes(benchmark[:-1], benchmark[-1])
        flops = 2 * math.prod(large_y) * math.prod(large_weight[:-1])
    call = dict(options)
    if call.get("padding") == "explicit":
        call["padding"] = call.pop("pads")
    channels_last = (len(kernel) + 1, *(range(len(kernel) + 1)))
    return [
        OpCase(
            name=f"{op}-{what}",
            op=op,
            make=normal(x, weight, (out,) if bias else None),
            attributes=options,
            reference=ref.conv,
            apply=lambda F, x, weight, bias=None: getattr(F, op)(x, weight, bias, **call),
            differentiable=(0, 1, 2) if bias else (0, 1),
            torch=torch_conv(options),
            torch_order={1: channels_last},
            tolerance="product",
            batched=(0,),
            benchmark=large(flops, large_x, large_weight, large_y[-1:], written=math.prod(large_y))
            if benchmark
            else None,
        ),
        OpCase(
            name=f"{op}_backward_input-{what}",
            op=f"{op}_backward_input",
            make=normal(y, weight, x),
            attributes=backward,
            reference=ref.conv_backward_input,
            torch=torch_conv_backward(0, backward),
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
            name=f"{op}_backward_weight-{what}",
            op=f"{op}_backward_weight",
            make=normal(x, y, weight),
            attributes=backward,
            reference=ref.conv_backward_weight,
            torch=torch_conv_backward(1, backward),
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


def torch_conv_transpose(options: dict[str, Any]) -> Callable[..., Any]:
    """PyTorch's whole result, cut to Keras's size, or continued with zeros before the bias."""

    def run(torch: Any, x: Any, weight: Any, bias: Any = None) -> Any:
        axes = x.ndim - 2
        strides, dilation = window_options(axes, options)
        y = getattr(torch.nn.functional, f"conv_transpose{axes}d")(
            x.movedim(-1, 1), weight.movedim((-1, -2), (0, 1)), stride=strides, dilation=dilation
        ).movedim(1, -1)
        pads, extra = options.get("pads", (0, 0) * axes), options.get("output_padding", (-1,) * axes)
        window = (x.shape[1:-1], weight.shape[:-2], strides)
        sizes = ref.conv_transpose_sizes(*window, options.get("padding", "valid"), pads, dilation, extra)
        for axis, (size, before) in enumerate(sizes, 1):
            missing = max(before + size - y.shape[axis], 0)
            y = torch.nn.functional.pad(y, [0, 0] * (y.ndim - 1 - axis) + [0, missing])
            y = y.narrow(axis, before, size)
        y = y if bias is None else y + bias
        return torch.relu(y) if options.get("activation") == "relu" else y

    return run


def conv_transpose_case(
    what: str,
    image: Sequence[int],
    kernel: Sequence[int],
    out: int,
    bias: bool = True,
    benchmark: Sequence[int] | None = None,
    **options: Any,
) -> OpCase:
    """A transposed convolution; arguments as conv_cases."""
    op = f"conv{len(kernel)}d_transpose"
    call = dict(options)
    if call.get("padding") == "explicit":
        call["padding"] = call.pop("pads")
    larger = None
    if benchmark:
        large_x, large_weight = benchmark[:-1], (*kernel, benchmark[-1], benchmark[-2])
        written = math.prod(s * t for s, t in zip(options["strides"], large_x[1:-1], strict=True)) * large_x[0]
        flops = 2 * math.prod(large_x) * math.prod(large_weight[:-1])
        larger = large(flops, large_x, large_weight, large_weight[-2:-1], written=written * benchmark[-1])
    return OpCase(
        name=f"{op}-{what}",
        op=op,
        make=normal(image, (*kernel, out, image[-1]), (out,) if bias else None),
        attributes=options,
        reference=ref.conv_transpose,
        apply=lambda F, x, weight, bias=None: getattr(F, op)(x, weight, bias, **call),
        differentiable=(0, 1, 2) if bias else (0, 1),
        torch=torch_conv_transpose(options),
        tolerance="product",
        batched=(0,),
        benchmark=larger,
    )


CASES: list[OpCase] = [
    *conv_cases("3x3-valid-C3", (2, 8, 9, 3), (3, 3), 5, benchmark=(16, 32, 32, 32, 32)),
    *conv_cases("3x3-same-relu", (2, 7, 7, 4), (3, 3), 17, padding="same", activation="relu"),
    *conv_cases("3x3-same-C1-nobias", (2, 8, 8, 1), (3, 3), 8, padding="same", bias=False),
    *conv_cases("3x3-same-C17", (1, 6, 5, 17), (3, 3), 16, padding="same"),
    *conv_cases("3x3-same-wide", (1, 3, 40, 2), (3, 3), 33, padding="same", activation="relu"),
    *conv_cases("1x1", (2, 5, 3, 16), (1, 1), 15),
    *conv_cases("1x1-strided", (2, 6, 7, 5), (1, 1), 4, strides=(2, 3)),
    *conv_cases("whole-image", (3, 5, 4, 3), (5, 4), 7),
    *conv_cases("strides-2-3", (2, 9, 11, 3), (3, 3), 4, strides=(2, 3)),
    *conv_cases("same-strides-2", (2, 9, 8, 3), (3, 3), 4, strides=(2, 2), padding="same"),
    *conv_cases("same-even-kernel", (1, 6, 7, 2), (2, 4), 3, padding="same"),
    *conv_cases("stride-over-kernel", (2, 9, 9, 3), (2, 2), 4, strides=(3, 4), padding="same"),
    *conv_cases("explicit", (2, 5, 6, 3), (3, 3), 4, padding="explicit", pads=(0, 2, 1, 3)),
    *conv_cases("explicit-strided", (1, 5, 6, 2), (3, 2), 8, strides=(2, 2), padding="explicit", pads=(2, 1, 0, 1)),
    *conv_cases("dilation-2-3", (2, 9, 10, 3), (3, 3), 4, dilation=(2, 3)),
    *conv_cases("same-dilation", (1, 9, 8, 4), (3, 3), 3, dilation=(2, 2), padding="same", activation="relu"),
    *conv_cases("dilation-strides", (1, 11, 9, 2), (3, 2), 3, dilation=(2, 3), strides=(2, 1), padding="same"),
    *conv_cases("groups-2", (2, 6, 5, 6), (3, 3), 8, groups=2, padding="same"),
    *conv_cases("groups-3-strided", (1, 7, 7, 9), (3, 3), 6, groups=3, strides=(2, 2)),
    *conv_cases("depthwise", (2, 6, 7, 17), (3, 3), 17, groups=17, padding="same"),
    *conv_cases("depthwise-C64", (1, 3, 12, 64), (3, 3), 64, benchmark=(16, 32, 32, 64, 64), groups=64, padding="same"),
    *conv_cases("depthwise-C1", (2, 7, 20, 1), (3, 3), 1, padding="same"),
    *conv_cases("depthwise-C3-strided", (2, 9, 12, 3), (3, 3), 3, groups=3, strides=(2, 2), padding="same"),
    *conv_cases("depthwise-C33-relu", (2, 5, 19, 33), (3, 3), 33, groups=33, padding="same", activation="relu"),
    *conv_cases("depthwise-strides-3-2", (1, 9, 11, 16), (4, 3), 16, groups=16, strides=(3, 2)),
    *conv_cases("depthwise-dilation", (1, 9, 14, 17), (3, 3), 17, groups=17, dilation=(2, 3), padding="same"),
    *conv_cases(
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
    *conv_cases("depthwise-5x4", (1, 6, 13, 18), (5, 4), 18, groups=18, padding="same", bias=False),
    *conv_cases("depthwise-7x7-small", (1, 4, 3, 8), (7, 7), 8, groups=8, padding="same"),
    *conv_cases("depthwise-wide", (1, 2, 90, 70), (2, 3), 70, groups=70, padding="same"),
    *conv_cases("depthwise-2", (1, 5, 5, 3), (3, 3), 6, groups=3),
    *conv_cases("depthwise-2-strided", (2, 7, 8, 17), (3, 3), 34, groups=17, strides=(2, 2), padding="same"),
    *conv_cases("depthwise-3-same-relu", (1, 5, 9, 6), (3, 3), 18, groups=6, padding="same", activation="relu"),
    *conv_cases("depthwise-4-of-3", (1, 6, 5, 3), (3, 3), 12, groups=3, padding="same"),
    *conv_cases("1x5", (2, 3, 12, 3), (1, 5), 7),
    *conv_cases("7x7-strided-C3", (1, 15, 15, 3), (7, 7), 16, strides=(2, 2), padding="same"),
    *conv_cases("tiny", (1, 1, 1, 1), (1, 1), 1),
    *conv_cases("pixel-same", (3, 1, 1, 5), (3, 3), 4, padding="same"),
    *conv_cases("3-valid", (2, 9, 3), (3,), 5, benchmark=(32, 256, 64, 64)),
    *conv_cases("5-same-relu", (2, 8, 17), (5,), 16, padding="same", strides=(2,), activation="relu"),
    *conv_cases("causal", (2, 7, 4), (3,), 3, padding="explicit", pads=(4, 0), dilation=(2,)),
    *conv_cases("depthwise", (2, 9, 6), (4,), 6, groups=6, padding="same"),
    *conv_cases("groups-2-nobias", (1, 6, 4), (2,), 6, groups=2, bias=False),
    *conv_cases("3x3x3-valid", (2, 4, 5, 6, 3), (3, 3, 3), 5, benchmark=(4, 16, 16, 16, 32, 32)),
    *conv_cases("3x3x3-same-relu", (1, 3, 4, 5, 4), (3, 3, 3), 17, padding="same", activation="relu"),
    *conv_cases("2x3x1-same-C1", (2, 3, 4, 5, 1), (2, 3, 1), 3, padding="same", bias=False),
    *conv_cases("2x2x2-C33", (1, 3, 3, 4, 33), (2, 2, 2), 8),
    *conv_cases("strides-2-1-3", (2, 5, 4, 7, 3), (3, 2, 3), 4, strides=(2, 1, 3)),
    *conv_cases("same-strides-2", (1, 5, 4, 5, 2), (3, 3, 3), 3, strides=(2, 2, 2), padding="same"),
    *conv_cases("stride-over-kernel", (1, 5, 7, 5, 2), (1, 2, 2), 3, strides=(3, 3, 2), padding="same"),
    *conv_cases("explicit", (1, 3, 4, 4, 3), (3, 3, 2), 4, padding="explicit", pads=(2, 0, 0, 1, 1, 1)),
    *conv_cases("dilation-2-1-2", (2, 5, 4, 6, 3), (2, 3, 3), 4, dilation=(2, 1, 2), padding="same"),
    *conv_cases("dilation-strides", (1, 7, 6, 5, 2), (3, 2, 2), 3, dilation=(2, 3, 1), strides=(2, 2, 1)),
    *conv_cases("groups-2", (1, 3, 4, 4, 4), (2, 2, 2), 6, groups=2, padding="same"),
    *conv_cases("depthwise", (1, 3, 4, 5, 3), (3, 3, 3), 3, groups=3, padding="same"),
    *conv_cases("whole-volume", (2, 3, 2, 4, 5), (3, 2, 4), 7),
    conv_transpose_case("3-valid", (2, 5, 3), (3,), 4, strides=(2,)),
    conv_transpose_case("4-same-relu", (2, 6, 17), (4,), 16, strides=(2,), padding="same", activation="relu"),
    conv_transpose_case(
        "output-padding", (1, 4, 3), (3,), 2, strides=(3,), output_padding=(2,), benchmark=(32, 64, 64, 64)
    ),
    conv_transpose_case("3x3-valid", (2, 4, 5, 3), (3, 3), 5),
    conv_transpose_case(
        "3x3-same-strides-2", (2, 4, 3, 8), (3, 3), 17, strides=(2, 2), padding="same", benchmark=(16, 16, 16, 64, 32)
    ),
    conv_transpose_case("4x4-same-relu", (1, 5, 4, 4), (4, 4), 3, strides=(2, 2), padding="same", activation="relu"),
    conv_transpose_case("stride-over-kernel", (2, 3, 4, 3), (2, 1), 4, strides=(3, 4)),
    conv_transpose_case("stride-over-kernel-same", (2, 3, 4, 3), (2, 1), 4, strides=(3, 4), padding="same", bias=False),
    conv_transpose_case("output-padding", (1, 4, 3, 2), (3, 2), 3, strides=(3, 2), output_padding=(2, 0)),
    conv_transpose_case(
        "output-padding-same", (1, 4, 3, 2), (3, 4), 3, strides=(2, 3), padding="same", output_padding=(0, 2)
    ),
    conv_transpose_case("explicit", (2, 4, 5, 3), (3, 4), 4, strides=(2, 2), padding="explicit", pads=(1, 0, 2, 1)),
    conv_transpose_case("dilation", (1, 4, 3, 3), (3, 2), 4, dilation=(2, 3), padding="same"),
    conv_transpose_case("dilation-strides", (1, 3, 4, 2), (3, 2), 3, dilation=(2, 1), strides=(3, 2)),
    conv_transpose_case("C1", (2, 3, 5, 1), (3, 3), 1, strides=(2, 2), padding="same"),
    conv_transpose_case("1x1", (2, 3, 2, 16), (1, 1), 15),
    conv_transpose_case("3x3x3-valid", (1, 2, 3, 4, 3), (3, 3, 3), 5, strides=(1, 2, 1)),
    conv_transpose_case(
        "2x3x4-same", (2, 2, 3, 2, 4), (2, 3, 4), 17, strides=(2, 1, 2), padding="same", benchmark=(2, 8, 8, 8, 32, 32)
    ),
    conv_transpose_case(
        "stride-over-kernel", (1, 2, 2, 3, 2), (1, 2, 2), 3, strides=(2, 3, 2), padding="same", activation="relu"
    ),
]
