"""What an op case is, and the inputs that cases are made with.

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


WIDTHS = (1, 3, 4, 7, 8, 15, 16, 17, 33)  # around the vector widths of every level
