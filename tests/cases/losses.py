"""Cases of losses and accuracies."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import op_references as ref

from cases.case import WIDTHS, Benchmark, Inputs, Make, OpCase, size, text


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
        OpCase(
            name=f"softmax_cross_entropy_with_gradient-{name}",
            op="softmax_cross_entropy_with_gradient",
            make=lambda rng: [*inputs(shape)(rng), rng.standard_normal(shape[:-1])],
            reference=ref.softmax_cross_entropy_with_gradient,
            batched=(0, 1, 2) if batched else (),
            benchmark=Benchmark(
                lambda rng: [*inputs(benchmark)(rng), rng.standard_normal(benchmark[:-1])], 7 * count, 8 * count
            )
            if benchmark
            else None,
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


LABELS = ("uint8", "int32", "int64", "onehot", "distribution")


CASES: list[OpCase] = [
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
]
