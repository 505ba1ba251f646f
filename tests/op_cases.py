"""THE list of op cases: every op of the schema, with inputs, a NumPy reference and what PyTorch calls the same thing.

One entry yields the correctness test on every level and number of threads, with strided, read-only and misaligned
inputs, the gradient check, the run on the guard device, the comparison with PyTorch and the benchmark. To add an op:
write its reference (plain NumPy, independent of the C++) in op_references.py and add entries to CASES below.

Fields of an OpCase
-------------------
name : unique; "<op>-<what is special>".
op : the name in csrc/ops/schema.toml and in fastnn.kernels.
make : ``make(rng)`` gives one value per input of the schema: a float64 or integer array, None for an absent optional
    one, a list of arrays for a variadic one. Tests cast float64 arrays to the dtype under test, but those in `keep`.
attributes : the op's attributes, as fastnn.kernels takes them.
reference : ``reference(*inputs, **attributes)`` gives the output, or a tuple of them, in the dtype of the inputs; for
    an op that updates its arguments, the new values of all variadic inputs, or of all inputs, in order.
apply : ``apply(F, *tensors)`` calls fastnn.functional on Tensors and gives a Tensor; None when there is no such call.
differentiable : the inputs `apply` has gradients for.
torch : ``torch(torch, *tensors)`` computes output 0 from tensors of our shapes and layouts; None when PyTorch has
    nothing to compare with.
torch_order : {input: axes} says in which order of axes PyTorch keeps that input in memory. Benchmarks lay the tensor
    out so before they start the clock; the values and the shape stay.
tolerance : a kind of tests/tolerances.py.
batched : the inputs whose leading axis is the batch, when output 0 has it too and samples don't mix.
keep : the inputs that stay float64 whatever the dtype under test.
benchmark : None or Benchmark(make, flops, bytes): larger inputs for the same attributes, the operations they take and
    the bytes of float32 data that must move at least once. Every op has one case with a benchmark.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import op_references as ref

Inputs = Sequence[Any]
Make = Callable[[np.random.Generator], Inputs]


@dataclass(frozen=True)
class Benchmark:
    make: Make
    flops: int
    bytes: int


@dataclass(frozen=True)
class OpCase:
    name: str
    op: str
    make: Make
    reference: Callable[..., Any]
    attributes: dict[str, Any] = field(default_factory=dict)
    apply: Callable[..., Any] | None = None
    differentiable: tuple[int, ...] = ()
    torch: Callable[..., Any] | None = None
    torch_order: dict[int, tuple[int, ...]] = field(default_factory=dict)
    tolerance: str = "elementwise"
    batched: tuple[int, ...] = ()
    keep: tuple[int, ...] = ()
    benchmark: Benchmark | None = None

    def __str__(self) -> str:
        return self.name


def text(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape)) if len(shape) else "scalar"


def normal(*shapes: Sequence[int] | None) -> Make:
    """Standard normal inputs of the shapes; None stays None."""
    return lambda rng: [None if shape is None else rng.standard_normal(shape) for shape in shapes]


def size(*shapes: Sequence[int] | None) -> int:
    return sum(math.prod(shape) for shape in shapes if shape is not None)


def large(flops: int, *shapes: Sequence[int] | None, written: int, make: Make | None = None) -> Benchmark:
    """A benchmark on float32 inputs of the shapes that writes so many float32 numbers."""
    return Benchmark(make or normal(*shapes), flops, 4 * (size(*shapes) + written))


# ---- products --------------------------------------------------------------------------------------------------------


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


# ---- pooling ---------------------------------------------------------------------------------------------------------


def distinct(*shape: int) -> Make:
    """Different numbers everywhere, so that each maximum is one tap, and finite differences never cross a tie."""
    return lambda rng: [(rng.permutation(math.prod(shape)) / 7.0 - 3.0).reshape(shape)]


def with_nan(make: Make) -> Make:
    def inputs(rng: np.random.Generator) -> Inputs:
        x, *rest = make(rng)
        x = x.copy()
        x.reshape(-1)[:: max(2, x.size // 5)] = np.nan
        x.reshape(-1)[1] = -np.inf
        return [x, *rest]

    return inputs


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


# ---- normalisation ---------------------------------------------------------------------------------------------------


def batch_normalization_cases(
    shape: Sequence[int],
    gamma: bool = True,
    beta: bool = True,
    epsilon: float = 1e-3,
    offset: float = 0.0,
    benchmark: Sequence[int] | None = None,
) -> list[OpCase]:
    """batch_statistics, batch_normalization and its gradient, by the batch's statistics and by others."""
    options = {"epsilon": epsilon}

    def inputs(shape: Sequence[int], training: bool, backward: bool = False) -> Make:
        def make(rng: np.random.Generator) -> Inputs:
            channels = shape[-1]
            moving = (rng.standard_normal(channels), 0.5 + rng.random(channels))
            scale = rng.standard_normal(channels) if gamma else None
            x = rng.standard_normal(shape) + offset
            mean, variance = ref.batch_statistics(x) if training else moving
            if backward:
                return [rng.standard_normal(shape), x, mean, variance, scale]
            return [x, mean, variance, scale, rng.standard_normal(channels) if beta else None]

        return make

    def train(F: Any, x: Any, mean: Any, variance: Any, scale: Any = None, shift: Any = None) -> Any:
        return F.batch_normalization(x, *F.batch_statistics(x), scale, shift, epsilon, training=True)

    def torch_normalize(training: bool) -> Callable[..., Any]:
        def run(torch: Any, x: Any, mean: Any, variance: Any, scale: Any = None, shift: Any = None) -> Any:
            flat = x.reshape(-1, x.shape[-1])
            moving = (None, None) if training else (mean, variance)
            y = torch.nn.functional.batch_norm(flat, *moving, scale, shift, training, 0.0, epsilon)
            return y.reshape(x.shape)

        return run

    name = (
        f"{text(shape)}{'' if gamma else '-nogamma'}{'' if beta else '-nobeta'}{f'-offset{offset:g}' if offset else ''}"
    )
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
                    x, mean, variance, scale, shift, epsilon
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


# ---- embedding -------------------------------------------------------------------------------------------------------


def embedding_cases(
    ids: Sequence[int], table: Sequence[int], dtype: str, benchmark: tuple[Sequence[int], Sequence[int]] | None = None
) -> list[OpCase]:
    def draw(rng: np.random.Generator, ids: Sequence[int], table: Sequence[int]) -> np.ndarray:
        return rng.integers(0, table[0], ids).astype(dtype)

    def inputs(ids: Sequence[int], table: Sequence[int]) -> Make:
        return lambda rng: [draw(rng, ids, table), rng.standard_normal(table)]

    def backward_inputs(ids: Sequence[int], table: Sequence[int]) -> Make:
        return lambda rng: [
            rng.standard_normal((*ids, table[1])),
            draw(rng, ids, table),
            rng.standard_normal(table),
        ]

    name = f"{text(ids)}-{text(table)}-{dtype}"
    batched = (0,) if len(ids) else ()
    forward = backward = None
    if benchmark:
        count, dense = math.prod(benchmark[0]) * benchmark[1][1], math.prod(benchmark[1])
        forward = Benchmark(inputs(*benchmark), 0, 8 * count)
        backward = Benchmark(backward_inputs(*benchmark), count, 4 * (count + dense))
    return [
        OpCase(
            name=f"embedding-{name}",
            op="embedding",
            make=inputs(ids, table),
            reference=ref.embedding,
            apply=lambda F, ids, table: F.embedding(ids, table),
            differentiable=(1,),
            torch=lambda torch, ids, table: torch.nn.functional.embedding(ids, table),
            tolerance="exact",
            batched=batched,
            benchmark=forward,
        ),
        OpCase(
            name=f"embedding_backward-{name}",
            op="embedding_backward",
            make=backward_inputs(ids, table),
            reference=ref.embedding_backward,
            benchmark=backward,
        ),
    ]


# ---- activations and losses ------------------------------------------------------------------------------------------


def relu_cases(shape: Sequence[int], make: Make | None = None, what: str = "", benchmark: int = 0) -> list[OpCase]:
    make = make or normal(shape)

    def backward_inputs(make: Make) -> Make:
        def inputs(rng: np.random.Generator) -> Inputs:
            (x,) = make(rng)
            return [rng.standard_normal(x.shape), np.maximum(x, 0.0)]

        return inputs

    name = what or text(shape)
    shapes = (benchmark,)
    return [
        OpCase(
            name=f"relu-{name}",
            op="relu",
            make=make,
            reference=ref.relu,
            apply=lambda F, x: F.relu(x),
            differentiable=() if what else (0,),
            torch=lambda torch, x: torch.relu(x),
            tolerance="exact",
            batched=(0,) if len(shape) else (),
            benchmark=large(benchmark, shapes, written=benchmark) if benchmark else None,
        ),
        OpCase(
            name=f"relu_backward-{name}",
            op="relu_backward",
            make=backward_inputs(make),
            reference=ref.relu_backward,
            torch=None if what else lambda torch, dy, y: dy * (y > 0),
            tolerance="exact",
            batched=(0, 1) if len(shape) else (),
            benchmark=large(benchmark, shapes, shapes, written=benchmark, make=backward_inputs(normal(shapes)))
            if benchmark
            else None,
        ),
    ]


# Numbers at which a careless formula overflows, cancels or loses a NaN.
EDGES = np.array([np.nan, 0.0, -0.0, 1e-30, -1e-30, 1e-6, -1e-6, 3.0, -3.0, 20.0, -20.0, 80.0, -80.0, 500.0, -500.0])


def unary_cases(
    op: str,
    reference: Callable[..., Any],
    torch_function: Callable[..., Any] | None,
    backward: Callable[..., Any] | None = None,
    from_output: bool = False,
    positive: bool = False,
    edges: np.ndarray | None = EDGES,
    what: str = "",
    count: int = 1 << 20,
    **options: Any,
) -> list[OpCase]:
    """A function of one number on several shapes, at the edges, and its gradient op when it has one."""

    def inputs(shape: Sequence[int]) -> Make:
        def make(rng: np.random.Generator) -> Inputs:
            x = 2.0 * rng.standard_normal(shape)
            return [np.abs(x) + 0.1 if positive else x]

        return make

    def backward_inputs(make: Make) -> Make:
        def inputs(rng: np.random.Generator) -> Inputs:
            (x,) = make(rng)
            value = np.asarray(reference(x, **options)) if from_output else x
            return [rng.standard_normal(x.shape), value]

        return inputs

    shapes: list[tuple[str, Make, int]] = [(text(shape), inputs(shape), len(shape)) for shape in ((33,), (3, 5, 7), ())]
    if edges is not None:
        shapes.append(("edges", lambda rng: [edges], 1))
    cases = []
    for name, make, rank in shapes:
        timed = name == "3x5x7" and not what
        cases.append(
            OpCase(
                name=f"{op}{what}-{name}",
                op=op,
                make=make,
                attributes=options,
                reference=reference,
                apply=lambda F, x: getattr(F, op)(x, **options),
                differentiable=() if name == "edges" else (0,),
                torch=torch_function,
                batched=(0,) if rank else (),
                benchmark=large(count, (count,), written=count, make=inputs((count,))) if timed else None,
            )
        )
        if backward:
            size_of = (count,)
            cases.append(
                OpCase(
                    name=f"{op}_backward{what}-{name}",
                    op=f"{op}_backward",
                    make=backward_inputs(make),
                    attributes=options,
                    reference=backward,
                    batched=(0, 1) if rank else (),
                    benchmark=large(count, size_of, size_of, written=count, make=backward_inputs(inputs(size_of)))
                    if timed
                    else None,
                )
            )
    return cases


def softmax_cases(
    shape: Sequence[int],
    axis: int = -1,
    scale: float = 1.0,
    benchmark: Sequence[int] | None = None,
    op: str = "softmax",
) -> list[OpCase]:
    function = getattr(ref, op)

    def inputs(shape: Sequence[int]) -> Make:
        return lambda rng: [scale * rng.standard_normal(shape)]

    def backward_inputs(shape: Sequence[int]) -> Make:
        return lambda rng: [rng.standard_normal(shape), function(rng.standard_normal(shape), axis=axis)]

    name = f"{text(shape)}-axis{axis}{'' if scale == 1 else f'-scale{scale:g}'}"
    count = math.prod(benchmark) if benchmark else 0
    mixes = axis in (0, -len(shape))
    return [
        OpCase(
            name=f"{op}-{name}",
            op=op,
            make=inputs(shape),
            attributes={"axis": axis},
            reference=function,
            apply=lambda F, x: getattr(F, op)(x, axis=axis),
            differentiable=(0,),
            torch=lambda torch, x: getattr(torch, op)(x, axis),
            batched=() if mixes else (0,),
            benchmark=Benchmark(inputs(benchmark), 5 * count, 8 * count) if benchmark else None,
        ),
        OpCase(
            name=f"{op}_backward-{name}",
            op=f"{op}_backward",
            make=backward_inputs(shape),
            attributes={"axis": axis},
            reference=getattr(ref, f"{op}_backward"),
            torch=lambda torch, dy, y: getattr(torch, f"_{op}_backward_data")(dy, y, axis, y.dtype),
            batched=() if mixes else (0, 1),
            benchmark=Benchmark(backward_inputs(benchmark), 4 * count, 12 * count) if benchmark else None,
        ),
    ]


def cross_entropy_cases(
    shape: Sequence[int], labels: str, scale: float = 1.0, benchmark: Sequence[int] | None = None
) -> list[OpCase]:
    """labels: an integer dtype, "onehot", or "distribution" (rows that sum to one)."""

    def make_labels(rng: np.random.Generator, shape: Sequence[int]) -> np.ndarray:
        if labels == "distribution":
            return ref.softmax(rng.standard_normal(shape))
        classes = rng.integers(0, shape[-1], shape[:-1])
        return np.eye(shape[-1])[classes] if labels == "onehot" else classes.astype(labels)

    def inputs(shape: Sequence[int]) -> Make:
        return lambda rng: [scale * rng.standard_normal(shape), make_labels(rng, shape)]

    def backward_inputs(shape: Sequence[int]) -> Make:
        return lambda rng: [
            rng.standard_normal(shape[:-1]),
            ref.softmax(rng.standard_normal(shape)),
            make_labels(rng, shape),
        ]

    def torch_cross_entropy(torch: Any, logits: Any, target: Any) -> Any:
        rows = logits.reshape(-1, logits.shape[-1])
        target = target.reshape(rows.shape) if target.is_floating_point() else target.reshape(-1).long()
        loss = torch.nn.functional.cross_entropy(rows, target, reduction="none")
        return loss.reshape(logits.shape[:-1])

    name = f"{text(shape)}-{labels}{'' if scale == 1 else f'-scale{scale:g}'}"
    batched = len(shape) > 1
    count = math.prod(benchmark) if benchmark else 0
    return [
        OpCase(
            name=f"softmax_cross_entropy-{name}",
            op="softmax_cross_entropy",
            make=inputs(shape),
            reference=ref.softmax_cross_entropy,
            apply=lambda F, logits, target: F.softmax_cross_entropy(logits, target),
            differentiable=(0,),
            torch=torch_cross_entropy,
            batched=(0, 1) if batched else (),
            benchmark=Benchmark(inputs(benchmark), 5 * count, 8 * count) if benchmark else None,
        ),
        OpCase(
            name=f"softmax_cross_entropy_backward-{name}",
            op="softmax_cross_entropy_backward",
            make=backward_inputs(shape),
            reference=ref.softmax_cross_entropy_backward,
            batched=(0, 1, 2) if batched else (),
            benchmark=Benchmark(backward_inputs(benchmark), 2 * count, 8 * count) if benchmark else None,
        ),
    ]


def accuracy_case(shape: Sequence[int], labels: str, benchmark: Sequence[int] | None = None) -> OpCase:
    def inputs(shape: Sequence[int]) -> Make:
        def make(rng: np.random.Generator) -> Inputs:
            # few different values: ties are common, the first largest counts
            predictions = rng.integers(0, 4, shape) / 4.0
            target = rng.integers(0, shape[-1], shape[:-1])
            return [predictions, np.eye(shape[-1])[target] if labels == "onehot" else target.astype(labels)]

        return make

    count = math.prod(benchmark) if benchmark else 0
    return OpCase(
        name=f"categorical_accuracy-{text(shape)}-{labels}",
        op="categorical_accuracy",
        make=inputs(shape),
        reference=ref.categorical_accuracy,
        apply=lambda F, predictions, target: F.categorical_accuracy(predictions, target),
        tolerance="exact",
        batched=(0, 1) if len(shape) > 1 else (),
        benchmark=Benchmark(inputs(benchmark), count, 4 * count) if benchmark else None,
    )


# ---- elementwise and reductions --------------------------------------------------------------------------------------

BROADCASTS: list[tuple[Sequence[int], Sequence[int]]] = [
    ((3, 17), (3, 17)),
    ((3, 17), (17,)),
    ((15,), (4, 15)),
    ((3, 1), (1, 16)),
    ((2, 3, 1, 5), (3, 4, 1)),
    ((4, 1, 8), (4, 7, 8)),
    ((), (7,)),
    ((33,), ()),
    ((), ()),
    ((1,), (2, 1, 3)),
    ((5, 1, 1, 2), (5, 3, 4, 2)),
    ((3, 0), (3, 1)),
    ((8, 127), (8, 1)),
]


def elementwise_case(op: str, a: Sequence[int], b: Sequence[int], benchmark: bool = False) -> OpCase:
    function = getattr(np, op)

    def inputs(rng: np.random.Generator) -> Inputs:
        second = rng.standard_normal(b)
        # denominators keep away from zero: finite differences must not cross it
        first = rng.standard_normal(a)
        if op == "power":
            first = np.abs(first) + 0.1
        return [first, second + np.copysign(0.5, second) if op == "divide" else second]

    return OpCase(
        name=f"{op}-{text(a)}-{text(b)}",
        op=op,
        make=inputs,
        reference=function,
        apply=lambda F, a, b: getattr(F, op)(a, b),
        differentiable=(0, 1),
        torch=lambda torch, a, b: getattr(torch, "pow" if op == "power" else op)(a, b),
        benchmark=large(4096 * 256, (4096, 256), (256,), written=4096 * 256) if benchmark else None,
    )


COMPARISONS = {
    "equal": "eq",
    "not_equal": "ne",
    "less": "lt",
    "less_equal": "le",
    "greater": "gt",
    "greater_equal": "ge",
}  # our names, as NumPy's, and PyTorch's


def comparison_case(op: str, a: Sequence[int], b: Sequence[int], benchmark: bool = False) -> OpCase:
    def inputs(*shapes: Sequence[int]) -> Make:
        def make(rng: np.random.Generator) -> Inputs:
            values = [rng.integers(-2, 3, shape).astype(np.float64) for shape in shapes]
            values[0][..., :1] = np.nan  # not equal to anything, itself included
            return values

        return make

    count = 4096 * 256
    return OpCase(
        name=f"{op}-{text(a)}-{text(b)}",
        op=op,
        make=inputs(a, b),
        reference=getattr(np, op),
        apply=lambda F, a, b: getattr(F, op)(a, b),
        torch=lambda torch, a, b: getattr(torch, COMPARISONS[op])(a, b),
        tolerance="exact",
        benchmark=large(count, (4096, 256), (256,), written=count // 4, make=inputs((4096, 256), (256,)))
        if benchmark
        else None,
    )


def where_case(
    condition: Sequence[int], a: Sequence[int], b: Sequence[int], dtype: str = "bool", benchmark: bool = False
) -> OpCase:
    def inputs(*shapes: Sequence[int]) -> Make:
        return lambda rng: [
            (rng.random(shapes[0]) < 0.5).astype(dtype),
            rng.standard_normal(shapes[1]),
            rng.standard_normal(shapes[2]),
        ]

    count = 4096 * 256
    wide = (4096, 256)
    return OpCase(
        name=f"where-{text(condition)}-{text(a)}-{text(b)}-{dtype}",
        op="where",
        make=inputs(condition, a, b),
        reference=lambda condition, a, b: np.where(condition, a, b),
        apply=lambda F, condition, a, b: F.where(condition, a, b),
        differentiable=(1, 2),
        torch=lambda torch, condition, a, b: torch.where(condition.bool(), a, b),
        tolerance="exact",
        benchmark=Benchmark(inputs(wide, wide, wide), count, 13 * count) if benchmark else None,
    )


def power_edges(rng: np.random.Generator) -> Inputs:
    numbers = np.array([0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, 3.0, -3.0, 2.5, np.inf, -np.inf, np.nan, 25.0, -0.125])
    first, second = (part.ravel() for part in np.meshgrid(numbers, numbers))
    return [first, second]


def with_nan_on_one_side(rng: np.random.Generator) -> Inputs:
    a, b = rng.standard_normal((2, 36))
    a[::5] = b[::5]
    a[1::7] = np.nan
    b[2::7] = np.nan
    return [a, b]


def divide_by_zero(rng: np.random.Generator) -> Inputs:
    return [np.array([1.0, -1.0, 0.0, np.inf, np.nan, 2.0] * 3), np.array([0.0, 0.0, 0.0, np.inf, 1.0, -0.0] * 3)]


REDUCTIONS: list[tuple[Sequence[int], Sequence[int], bool]] = [
    ((17,), (), False),
    ((), (), False),
    ((3, 33), (0,), False),
    ((3, 33), (1,), False),
    ((33, 3), (-1,), True),
    ((2, 3, 4, 5), (0, 2), False),
    ((2, 3, 4, 5), (1, 3), True),
    ((2, 3, 4, 5), (0, 1, 2), False),
    ((7, 1, 15), (), True),
    ((5, 8, 16), (0, 1), False),
    ((0, 4), (0,), False),
    ((0, 4), (1,), False),
    ((1000,), (), False),
    ((4, 300), (1,), False),
    ((300, 4), (0,), False),
]


def reduction_cases(shape: Sequence[int], axes: Sequence[int], keepdims: bool, benchmark: bool = False) -> list[OpCase]:
    name = f"{text(shape)}-axes{''.join(map(str, axes)) or 'all'}{'-keepdims' if keepdims else ''}"
    options = {"axes": tuple(axes), "keepdims": keepdims}
    result = np.zeros(shape).sum(axis=tuple(axes) or None, keepdims=keepdims).shape
    axis = tuple(axes) or None
    dims = axis or ()
    big = (256, 64, 64)
    cases = []
    for op in ("sum", "mean"):
        # PyTorch takes an empty tuple of axes as "all"
        torch_op = lambda torch, x, op=op: getattr(torch, op)(x, dims, keepdim=keepdims)  # noqa: E731
        empty_mean = op == "mean" and 0 in shape
        cases.append(
            OpCase(
                name=f"{op}-{name}",
                op=op,
                make=normal(shape),
                attributes=options,
                reference=getattr(ref, op),
                apply=lambda F, x, op=op: getattr(F, op)(x, axis=axis, keepdims=keepdims),
                differentiable=() if empty_mean else (0,),
                torch=torch_op,
                tolerance="reduction",
                benchmark=large(math.prod(big), big, written=1) if benchmark else None,
            )
        )
        cases.append(
            OpCase(
                name=f"{op}_backward-{name}",
                op=f"{op}_backward",
                make=normal(result, shape),
                attributes=options,
                reference=getattr(ref, f"{op}_backward"),
                benchmark=large(math.prod(big), (1,), written=math.prod(big), make=normal((), big))
                if benchmark
                else None,
            )
        )
    return cases


def sum_to_like_case(shape: Sequence[int], like: Sequence[int], benchmark: bool = False) -> OpCase:
    big = (4096, 256)
    return OpCase(
        name=f"sum_to_like-{text(shape)}-{text(like)}",
        op="sum_to_like",
        make=normal(shape, like),
        reference=ref.sum_to_like,
        torch=lambda torch, x, like: x.sum_to_size(like.shape),
        tolerance="reduction",
        benchmark=large(math.prod(big), big, written=256, make=normal(big, (256,))) if benchmark else None,
    )


# ---- shape and memory ------------------------------------------------------------------------------------------------


def reshape_case(shape: Sequence[int], new: Sequence[int], like: bool = False, benchmark: bool = False) -> OpCase:
    big = (1024, 256)
    return OpCase(
        name=f"reshape-{text(shape)}-{text(new)}{'-like' if like else ''}",
        op="reshape",
        make=normal(shape, new if like else None),
        attributes={} if like else {"shape": tuple(new)},
        reference=ref.reshape,
        apply=None if like else lambda F, x, like=None: F.reshape(x, tuple(new)),
        differentiable=() if like else (0,),
        torch=None if like else lambda torch, x: x.reshape(tuple(new)),
        tolerance="exact",
        benchmark=Benchmark(normal(big, (256, 1024)), 0, 0) if benchmark else None,
    )


END, BEFORE_START = 2**63 - 1, -(2**63)


def slice_cases(shape: Sequence[int], *slices: slice, benchmark: bool = False) -> list[OpCase]:
    def edge(piece: slice) -> tuple[int, int, int]:
        step = 1 if piece.step is None else piece.step
        start = (0 if step > 0 else END) if piece.start is None else piece.start
        stop = (END if step > 0 else BEFORE_START) if piece.stop is None else piece.stop
        return start, stop, step

    starts, stops, steps = zip(*map(edge, slices), strict=True) if slices else ((), (), ())
    options = {"starts": starts, "stops": stops, "steps": steps}
    part = np.zeros(shape)[slices]
    name = ",".join(":".join("" if v is None else str(v) for v in (s.start, s.stop, s.step)) for s in slices) or "all"
    big = (1024, 256)
    return [
        OpCase(
            name=f"slice-{text(shape)}[{name}]",
            op="slice",
            make=normal(shape),
            attributes=options,
            reference=ref.slice,
            apply=lambda F, x: x[slices],
            differentiable=(0,),
            tolerance="exact",
            benchmark=Benchmark(normal(big), 0, 0) if benchmark else None,
        ),
        OpCase(
            name=f"slice_backward-{text(shape)}[{name}]",
            op="slice_backward",
            make=normal(part.shape, shape),
            attributes=options,
            reference=ref.slice_backward,
            tolerance="exact",
            benchmark=large(0, big, written=math.prod(big), make=normal(np.zeros(big)[slices].shape, big))
            if benchmark
            else None,
        ),
    ]


def copy_case(shape: Sequence[int], dtype: str = "float64", benchmark: bool = False) -> OpCase:
    def inputs(rng: np.random.Generator) -> Inputs:
        x = rng.standard_normal(shape)
        return [x if dtype == "float64" else (x > 0) if dtype == "bool" else np.abs(100 * x).astype(dtype)]

    return OpCase(
        name=f"copy-{text(shape)}-{dtype}",
        op="copy",
        make=inputs,
        reference=np.array,
        torch=lambda torch, x: x.clone(),
        tolerance="exact",
        benchmark=large(0, (1024, 1024), written=1024 * 1024) if benchmark else None,
    )


def fill_case(shape: Sequence[int], value: float, benchmark: bool = False) -> OpCase:
    return OpCase(
        name=f"fill-{text(shape)}-{value:g}",
        op="fill",
        make=normal(shape),
        attributes={"value": value},
        reference=lambda like, value: np.full_like(like, value),
        torch=lambda torch, like: torch.full_like(like, value),
        tolerance="exact",
        benchmark=Benchmark(normal((1024, 1024)), 0, 4 * 1024 * 1024) if benchmark else None,
    )


# ---- random and state ------------------------------------------------------------------------------------------------


def dropout_cases(shape: Sequence[int], benchmark: bool = False, **options: Any) -> list[OpCase]:
    def backward_inputs(shape: Sequence[int]) -> Make:
        return lambda rng: [rng.standard_normal(shape), rng.integers(0, 2, shape).astype(np.uint8)]

    count = 1024 * 1024
    name = f"{text(shape)}-{','.join(f'{k}{v}' for k, v in options.items())}"
    call = {"seed": 0, "stream": 0, "step": 0, **options}
    return [
        OpCase(
            name=f"dropout-{name}",
            op="dropout",
            make=normal(shape),
            attributes=options,
            reference=ref.dropout,
            apply=lambda F, x: F.dropout(x, **call),
            differentiable=(0,),
            benchmark=Benchmark(normal((count,)), 20 * count, 9 * count) if benchmark else None,
        ),
        OpCase(
            name=f"dropout_backward-{name}",
            op="dropout_backward",
            make=backward_inputs(shape),
            attributes={"rate": options["rate"]},
            reference=ref.dropout_backward,
            benchmark=Benchmark(backward_inputs((count,)), count, 9 * count) if benchmark else None,
        ),
    ]


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


MEAN_LOSSES = [
    ("squared_error", {}),
    ("absolute_error", {}),
    ("huber", {"delta": 1.0}),
    ("huber", {"delta": 0.4}),
    ("binary_cross_entropy", {"from_logits": True}),
    ("binary_cross_entropy", {"from_logits": False}),
]


def torch_mean_loss(op: str, options: dict[str, Any]) -> Callable[..., Any]:
    def loss(torch: Any, p: Any, t: Any) -> Any:
        F = torch.nn.functional
        if op == "huber":
            terms = F.huber_loss(p, t, reduction="none", delta=options["delta"])
        elif op == "binary_cross_entropy":
            function = F.binary_cross_entropy_with_logits if options["from_logits"] else F.binary_cross_entropy
            terms = function(p, t, reduction="none")
        else:
            terms = (F.mse_loss if op == "squared_error" else F.l1_loss)(p, t, reduction="none")
        return terms.mean(-1)

    return loss


def mean_loss_cases(op: str, options: dict[str, Any], shape: Sequence[int], benchmark: bool = False) -> list[OpCase]:
    """A loss that is a mean over the last axis, and its gradient."""
    what = text(shape) + "".join(f"-{name}-{value}" for name, value in options.items())

    def pair(shape: Sequence[int]) -> Make:
        def make(rng: np.random.Generator) -> Inputs:
            if op != "binary_cross_entropy":
                return [rng.standard_normal(shape), rng.standard_normal(shape)]
            if options["from_logits"]:
                return [rng.normal(scale=5, size=shape), rng.integers(0, 2, shape).astype(np.float64)]
            return [rng.uniform(0.02, 0.98, shape), rng.random(shape)]

        return make

    def with_dloss(shape: Sequence[int]) -> Make:
        return lambda rng: [rng.standard_normal(shape[:-1]), *pair(shape)(rng)]

    big = (4096, 128)
    count = size(big)
    batched = len(shape) > 1
    symmetric = op != "binary_cross_entropy"
    return [
        OpCase(
            name=f"{op}-{what}",
            op=op,
            make=pair(shape),
            attributes=options,
            reference=getattr(ref, op),
            apply=lambda F, p, t: getattr(F, op)(p, t, **options),
            differentiable=(0, 1) if symmetric else (0,),
            torch=torch_mean_loss(op, options),
            batched=(0, 1) if batched else (),
            benchmark=Benchmark(pair(big), 3 * count, 4 * (2 * count + big[0])) if benchmark else None,
        ),
        OpCase(
            name=f"{op}_backward-{what}",
            op=f"{op}_backward",
            make=with_dloss(shape),
            attributes=options,
            reference=getattr(ref, f"{op}_backward"),
            batched=(0, 1, 2) if batched else (),
            benchmark=Benchmark(with_dloss(big), 3 * count, 4 * (3 * count + big[0])) if benchmark else None,
        ),
    ]


def binary_accuracy_case(shape: Sequence[int], benchmark: bool = False, **options: Any) -> OpCase:
    def inputs(shape: Sequence[int]) -> Make:
        return lambda rng: [rng.random(shape), rng.integers(0, 2, shape).astype(np.float64)]

    big = (4096, 128)
    return OpCase(
        name=f"binary_accuracy-{text(shape)}{'-threshold' if options else ''}",
        op="binary_accuracy",
        make=inputs(shape),
        attributes=options,
        reference=ref.binary_accuracy,
        apply=lambda F, p, t: F.binary_accuracy(p, t, **options),
        batched=(0, 1) if len(shape) > 1 else (),
        benchmark=Benchmark(inputs(big), 2 * size(big), 4 * (2 * size(big) + big[0])) if benchmark else None,
    )


# ---- the list --------------------------------------------------------------------------------------------------------

WIDTHS = (1, 3, 4, 7, 8, 15, 16, 17, 33)  # around the vector widths of every level
LABELS = ("uint8", "int32", "int64", "onehot", "distribution")

# hard_sigmoid is spelled out: the gradient of PyTorch's own takes 1 / 6 in float32
UNARY_CASES: list[OpCase] = [
    *unary_cases("sigmoid", ref.sigmoid, lambda torch, x: torch.sigmoid(x), ref.sigmoid_backward, from_output=True),
    *unary_cases("tanh", np.tanh, lambda torch, x: torch.tanh(x), ref.tanh_backward, from_output=True),
    *unary_cases(
        "leaky_relu", ref.leaky_relu, lambda torch, x: torch.nn.functional.leaky_relu(x, 0.2), ref.leaky_relu_backward
    ),
    *unary_cases(
        "leaky_relu",
        ref.leaky_relu,
        lambda torch, x: torch.nn.functional.leaky_relu(x, 0.3),
        ref.leaky_relu_backward,
        what="-0.3",
        negative_slope=0.3,
    ),
    *unary_cases("elu", ref.elu, lambda torch, x: torch.nn.functional.elu(x), ref.elu_backward),
    *unary_cases(
        "elu", ref.elu, lambda torch, x: torch.nn.functional.elu(x, 0.7), ref.elu_backward, what="-0.7", alpha=0.7
    ),
    *unary_cases("selu", ref.selu, lambda torch, x: torch.nn.functional.selu(x), ref.selu_backward),
    *unary_cases("gelu", ref.gelu, lambda torch, x: torch.nn.functional.gelu(x), ref.gelu_backward, count=1 << 16),
    *unary_cases(
        "gelu",
        ref.gelu,
        lambda torch, x: torch.nn.functional.gelu(x, approximate="tanh"),
        ref.gelu_backward,
        what="-tanh",
        approximate=True,
    ),
    *unary_cases("silu", ref.silu, lambda torch, x: torch.nn.functional.silu(x), ref.silu_backward),
    *unary_cases(
        "softplus", ref.softplus, lambda torch, x: torch.nn.functional.softplus(x, threshold=100), ref.softplus_backward
    ),
    *unary_cases("softsign", ref.softsign, lambda torch, x: torch.nn.functional.softsign(x), ref.softsign_backward),
    *unary_cases(
        "hard_sigmoid", ref.hard_sigmoid, lambda torch, x: torch.clamp(x + 3, 0, 6) / 6, ref.hard_sigmoid_backward
    ),
    *unary_cases("exp", np.exp, lambda torch, x: torch.exp(x), edges=EDGES[:-2]),
    *unary_cases(
        "log", np.log, lambda torch, x: torch.log(x), positive=True, edges=np.array([0.0, -1.0, np.nan, 1e30, 1.0])
    ),
    *unary_cases(
        "sqrt", np.sqrt, lambda torch, x: torch.sqrt(x), positive=True, edges=np.array([0.0, -1.0, np.nan, 1e30])
    ),
    *unary_cases("abs", np.abs, lambda torch, x: torch.abs(x), ref.abs_backward),
    *unary_cases(
        "clip", ref.clip, lambda torch, x: torch.clamp(x, -1.5, 3.0), ref.clip_backward, minimum=-1.5, maximum=3.0
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
    *(case for width in WIDTHS for case in batch_normalization_cases((6, width))),
    *batch_normalization_cases((4, 5, 3, 16), benchmark=(64, 32, 32, 16)),
    *batch_normalization_cases((2, 3, 65), gamma=False),
    *batch_normalization_cases((30, 5), beta=False, epsilon=1e-5),
    *batch_normalization_cases((7, 9), gamma=False, beta=False),
    *batch_normalization_cases((300, 3), offset=30.0),
    *batch_normalization_cases((1500, 48)),
    *(case for width in WIDTHS for case in layer_normalization_cases((3, width))),
    *layer_normalization_cases((4, 6, 24), benchmark=(64, 32, 256)),
    *layer_normalization_cases((5, 300), gamma=False, epsilon=1e-5),
    *layer_normalization_cases((9,), beta=False),
    *layer_normalization_cases((700, 130)),
    *layer_normalization_cases((4, 33), gamma=False, beta=False),
    *layer_normalization_cases((5, 20), rms=True, epsilon=1e-6, beta=False),
    *layer_normalization_cases((2, 3, 17), rms=True),
    *(case for width in WIDTHS for case in embedding_cases((5,), (7, width), "int64")),
    *embedding_cases((3, 8), (4, 17), "int32", benchmark=((32, 100), (20000, 128))),
    *embedding_cases((2, 3, 4), (300, 5), "int64"),
    *embedding_cases((), (3, 4), "int32"),
    *embedding_cases((400,), (2, 3), "int32"),
    *(case for width in (*WIDTHS, 0, 1000) for case in relu_cases((width,))),
    *relu_cases((3, 5, 7), benchmark=1 << 20),
    *relu_cases(()),
    *relu_cases((35,), make=with_nan(normal((35,))), what="nan"),
    *(case for width in WIDTHS for case in softmax_cases((3, width))),
    *softmax_cases((5, 10), benchmark=(4096, 128)),
    *UNARY_CASES,
    *(case for width in (1, 5, 17, 300) for case in softmax_cases((3, width), op="log_softmax")),
    *softmax_cases((5, 10), op="log_softmax", benchmark=(4096, 128)),
    *softmax_cases((2, 3, 17), axis=1, op="log_softmax"),
    *softmax_cases((3, 11), scale=200.0, op="log_softmax"),
    *softmax_cases((2, 3, 17), axis=1),
    *softmax_cases((4, 3, 2), axis=0),
    *softmax_cases((4, 3, 9), axis=-2),
    *softmax_cases((8,)),
    *softmax_cases((3, 11), scale=200.0),
    *softmax_cases((2, 300)),
    *(case for labels in LABELS for case in cross_entropy_cases((5, 7), labels)),
    *(case for width in WIDTHS for case in cross_entropy_cases((2, width), "int64")),
    *cross_entropy_cases((3, 10), "int32", scale=200.0, benchmark=(4096, 128)),
    *cross_entropy_cases((2, 3, 5), "int64"),
    *cross_entropy_cases((2, 3, 5), "onehot"),
    *cross_entropy_cases((6,), "uint8"),
    *(case for op, options in MEAN_LOSSES for case in mean_loss_cases(op, options, (5, 33), options != {"delta": 0.4})),
    *(
        case
        for op, options in MEAN_LOSSES
        for shape in ((1,), (17, 1), (2, 3, 4), (3, 1000), (0, 3))
        for case in mean_loss_cases(op, options, shape)
    ),
    binary_accuracy_case((33, 1), benchmark=True),
    binary_accuracy_case((5, 19), threshold=0.25),
    accuracy_case((9, 10), "int64", benchmark=(4096, 128)),
    accuracy_case((9, 3), "uint8"),
    accuracy_case((17, 5), "int32"),
    accuracy_case((9, 10), "onehot"),
    accuracy_case((2, 3, 4), "int64"),
    *(
        elementwise_case(op, a, b, benchmark=(a, b) == BROADCASTS[1])
        for op in ("add", "subtract", "multiply", "divide", "maximum", "minimum", "power")
        for a, b in BROADCASTS
    ),
    OpCase("power-edges", "power", power_edges, np.power, torch=lambda torch, a, b: torch.pow(a, b)),
    OpCase("maximum-nan", "maximum", with_nan_on_one_side, np.maximum, tolerance="exact"),
    OpCase("minimum-nan", "minimum", with_nan_on_one_side, np.minimum, tolerance="exact"),
    *(
        comparison_case(op, a, b, benchmark=(a, b) == BROADCASTS[1])
        for op in COMPARISONS
        for a, b in (*BROADCASTS[:6], ((8, 127), (8, 1)))
    ),
    where_case((3, 17), (3, 17), (3, 17), benchmark=True),
    where_case((17,), (3, 17), ()),
    where_case((3, 1), (17,), (3, 17), "uint8"),
    where_case((4, 1, 8), (), (7, 1)),
    where_case((), (33,), (33,)),
    OpCase("divide-by-zero", "divide", divide_by_zero, np.divide, torch=lambda torch, a, b: a / b, tolerance="exact"),
    *(case for item in REDUCTIONS for case in reduction_cases(*item, benchmark=item is REDUCTIONS[0])),
    sum_to_like_case((4, 17), (17,), benchmark=True),
    sum_to_like_case((4, 17), (4, 1)),
    sum_to_like_case((2, 3, 4, 5), (3, 1, 5)),
    sum_to_like_case((2, 3, 4), ()),
    sum_to_like_case((6, 8), (6, 8)),
    sum_to_like_case((1, 5), (5,)),
    sum_to_like_case((0, 5), (5,)),
    reshape_case((3, 8), (4, 6)),
    reshape_case((3, 8), (2, -1)),
    reshape_case((24,), (2, 3, 4), like=True, benchmark=True),
    reshape_case((1,), ()),
    reshape_case((0, 3), (3, 0, 5)),
    *slice_cases((7,), slice(2, 5)),
    *slice_cases((7,), slice(None, None, -1)),
    *slice_cases((9, 5), slice(8, 0, -3), slice(1, 4), benchmark=True),
    *slice_cases((4, 6, 3), slice(-3, -1), slice(None, None, 2)),
    *slice_cases((4, 6, 3), slice(None), slice(100, None, -2), slice(-1, None)),
    *slice_cases((4, 3), slice(3, 1)),
    *slice_cases((4, 3)),
    *slice_cases((1, 2, 3, 4, 5), slice(None), slice(1, None), slice(None, 2), slice(1, -1), slice(None, None, -2)),
    *(copy_case((3, 17), dtype) for dtype in ("float64", "int32", "int64", "uint8", "bool")),
    copy_case((5, 3, 2), benchmark=True),
    copy_case(()),
    fill_case((3, 17), 0.0),
    fill_case((4,), -2.5, benchmark=True),
    fill_case((), 1.0),
    *dropout_cases((5, 33), rate=0.5, seed=7, stream=3, step=11),
    *dropout_cases((1000,), benchmark=True, rate=0.25, seed=2**40 + 5, stream=2, step=2**33),
    *dropout_cases((17,), rate=0.0),
    *dropout_cases((3, 3), rate=0.9, seed=1),
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
    mean_update_case((17,), benchmark=True),
    mean_update_case((3, 1000)),
    mean_update_case(()),
    mean_update_case((0,)),
]  # fmt: skip
