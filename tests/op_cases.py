"""THE list of op cases: every op of the schema, with inputs, a NumPy reference and what PyTorch calls the same thing.

One entry yields the correctness test on every level and number of threads, with strided, read-only and misaligned
inputs, the gradient check, the run on the guard device, the comparison with PyTorch and the benchmark. To add an op:
write its reference (plain NumPy, independent of the C++) and add entries to the CASES of its family in tests/cases;
cases/case.py says what the fields mean.
"""

from __future__ import annotations

from cases import (
    activations,
    attention,
    convolution,
    elementwise,
    indexing,
    lookup,
    losses,
    matmul,
    normalization,
    pooling,
    products,
    random,
    recurrent,
    reductions,
    resizing,
    shape,
    sorting,
    state,
)
from cases.case import OpCase

__all__ = ["CASES", "OpCase"]

FAMILIES = (
    products,
    matmul,
    attention,
    convolution,
    pooling,
    normalization,
    lookup,
    activations,
    losses,
    elementwise,
    reductions,
    sorting,
    shape,
    indexing,
    resizing,
    random,
    recurrent,
    state,
)
CASES: list[OpCase] = [case for family in FAMILIES for case in family.CASES]
