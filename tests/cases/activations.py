"""Cases of activations and other functions of one number, softmax."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import op_references as ref

from cases.case import WIDTHS, Benchmark, Inputs, Make, OpCase, large, normal, text, with_nan


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
]
