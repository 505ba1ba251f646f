"""How the tests call an op case: casting inputs, choosing level and threads, flattening results, what is wanted."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tolerances
from op_cases import OpCase

import fastnn
from fastnn import _core, kernels


def levels() -> list[str]:
    """The levels this machine has, best first; the last is the reference."""
    return [level["name"] for level in _core.levels() if level["available"]]


def each_level(counts: Sequence[int] = (1,), names: Sequence[str] | None = None) -> Iterator[tuple[str, int, str]]:
    """Every level with every number of threads, set while the loop's body runs: (level, threads, text for messages).

    The fixture engine_settings puts the engine back after the test.
    """
    for name in names or levels():
        _core.set_isa(name)
        for count in counts:
            fastnn.set_num_threads(count)
            yield name, count, f"isa={name} threads={count}"


def map_arrays(function: Callable[[np.ndarray], np.ndarray], inputs: Sequence[Any]) -> list[Any]:
    """The function applied to every array, those in lists too; None stays."""
    return [
        None if value is None else map_arrays(function, value) if isinstance(value, list) else function(value)
        for value in inputs
    ]


def cast(case: OpCase, dtype: str, inputs: Sequence[Any] | None = None) -> list[Any]:
    """The case's inputs with its float64 arrays rounded to dtype, but those it keeps."""
    inputs = case.make(np.random.default_rng(20261122)) if inputs is None else inputs
    rounded = map_arrays(lambda a: np.array(a, dtype if np.asarray(a).dtype == np.float64 else None), inputs)
    return [np.array(inputs[i]) if i in case.keep else value for i, value in enumerate(rounded)]


def is_update(case: OpCase) -> bool:
    return case.op.endswith("_update")


def can_accumulate(case: OpCase) -> bool:
    return "accumulate" in inspect.signature(getattr(kernels, case.op)).parameters


def flatten(values: Any) -> list[np.ndarray]:
    """Arrays of a result, a tuple of results, or groups of arrays, in order; None is left out."""
    if isinstance(values, (list, tuple)):
        return [array for value in values if value is not None for array in flatten(value)]
    return [np.asarray(values)]


def call(case: OpCase, inputs: Sequence[Any], **extra: Any) -> list[np.ndarray]:
    """The op through fastnn.kernels. An op that updates its arguments works on copies and gives all of them back."""
    function = getattr(kernels, case.op)
    if is_update(case):
        inputs = map_arrays(np.array, inputs)
        function(*inputs, **case.attributes, **extra)
        return flatten(inputs)
    return flatten(function(*inputs, **case.attributes, **extra))


def widen(case: OpCase, inputs: Sequence[Any]) -> list[Any]:
    return map_arrays(lambda a: a.astype(np.float64) if a.dtype.kind == "f" else a, inputs)


def reference(case: OpCase, inputs: Sequence[Any]) -> list[np.ndarray]:
    """The reference in float64 on the given, already rounded, inputs."""
    with np.errstate(all="ignore"):
        return flatten(case.reference(*widen(case, inputs), **case.attributes))


def bounds(case: OpCase, inputs: Sequence[Any], dtype: str, want: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The differences allowed to each output. For products the number of terms is what the reference gives for ones,
    their size what it gives for absolute values."""
    if case.tolerance not in ("product", "reduction"):
        return [tolerances.bound(case.tolerance, dtype, value) for value in want]
    terms = reference(case, map_arrays(np.abs, inputs))
    if case.tolerance == "product":
        counts = [float(value.max(initial=0)) for value in reference(case, map_arrays(np.ones_like, inputs))]
    else:
        counts = [inputs[0].size / max(1, value.size) for value in want]
    return [
        tolerances.bound(case.tolerance, dtype, *parts[:2], count=parts[2])
        for parts in zip(want, terms, counts, strict=True)
    ]


def check(case: OpCase, got: Sequence[np.ndarray], inputs: Sequence[Any], dtype: str, what: str) -> None:
    """Compares every output with the float64 reference, within the table of tolerances."""
    want = reference(case, inputs)
    assert len(got) == len(want), f"{what}: {len(got)} outputs, wanted {len(want)}"
    for index, (result, wanted, allowed) in enumerate(zip(got, want, bounds(case, inputs, dtype, want), strict=True)):
        where = f"{what} output {index}"
        if wanted.dtype.kind in "iub":
            tolerances.assert_same_bits(result, wanted, where)
        else:
            kept = is_update(case) and result.dtype == np.float64
            named = case.attributes.get("dtype", dtype)  # cast says its own
            assert kept or result.dtype == named, f"{where}: dtype {result.dtype}, wanted {named}"
            tolerances.assert_within(result, wanted, allowed, where)
