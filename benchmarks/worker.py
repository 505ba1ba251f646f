"""One library in a process of its own, told over pipes what to run: a JSON line for each request and each answer.

    {"op": case name, "column": ...} or {"step": name, "column": ...}
        makes the call of that column: {"check": a number to compare between libraries, "label": what to call it in the
        table}, or {"missing": why}
    {"measure": seconds, "column": ...}
        times the column's call: {"seconds": median}

The first answer, without a request, says which library this is: {"about": ..., "columns": [...]}, or {"missing": why}.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .libraries import LIBRARIES
from .steps import STEPS
from .timing import seconds_per_call

ROOT = Path(__file__).parents[1]
PAUSE = 0.03  # seconds before the clock starts: the threads of the process measured last must have stopped spinning


def op_cases() -> dict[str, Any]:
    """The list of op cases, tests/op_cases.py, by name."""
    tests = str(ROOT / "tests")
    if tests not in sys.path:
        sys.path.insert(0, tests)
    import op_cases

    return {case.name: case for case in op_cases.CASES}


def op_inputs(case: Any) -> list[Any]:
    """The benchmark's inputs of a case, or its test's; float64 becomes float32 except where the case keeps it."""
    make = case.benchmark.make if case.benchmark else case.make

    def cast(value: Any) -> Any:
        if isinstance(value, list):
            return [cast(item) for item in value]
        array = None if value is None else np.asarray(value, order="C")
        return array.astype(np.float32) if array is not None and array.dtype == np.float64 else array

    inputs = make(np.random.default_rng(0))
    return [value if index in case.keep else cast(value) for index, value in enumerate(inputs)]


def norm(result: Any) -> float | None:
    """The Euclidean norm of an op's first output; None where there is none."""
    while isinstance(result, tuple | list):
        result = result[0] if result else None
    return None if result is None else float(np.linalg.norm(np.asarray(result, np.float64)))


def shapes(inputs: list[Any]) -> str:
    """The shapes of an op's inputs: 16x32x32x32 3x3x32x32 32."""
    words = []
    for value in inputs:
        if isinstance(value, list):
            words.append(f"{len(value)} arrays of {sum(item.size for item in value)}")
        elif value is not None:
            words.append("x".join(map(str, value.shape)) or "scalar")
    return " ".join(words)


def answer(
    library: Any, request: dict[str, Any], cases: dict[str, Any]
) -> tuple[Callable[[], Any] | None, dict[str, Any]]:
    """Makes the call that a request names."""
    column = request["column"]
    if "op" in request:
        case = cases[request["op"]]
        inputs = op_inputs(case)
        call = library.op(case, inputs, column)
        if call is not None:
            return call, {"check": norm(call()), "label": f"{case.op} {shapes(inputs)}"}
    else:
        call = library.step(next(step for step in STEPS if step.name == request["step"]), column)
    if call is None:
        return None, {"missing": "nothing to compare with"}
    losses = [float(call()) for _ in range(3)]  # fastnn replays from the third on
    return call, {"check": losses[1], "label": request["step"]}


def main(name: str, threads: int) -> None:
    def reply(message: dict[str, Any]) -> None:
        print(json.dumps(message), flush=True)

    # started from the checkout, whose folder fastnn/ holds no engine: the installed package goes first
    sys.path.sort(key=lambda entry: Path(entry or ".").resolve() == ROOT)
    try:
        library = LIBRARIES[name](threads)
    except ModuleNotFoundError as error:
        reply({"missing": f"{error.name} isn't installed"})
        return
    cases = op_cases()
    reply({"about": library.about, "columns": library.columns})
    calls: dict[str, Callable[[], Any] | None] = {}
    for line in sys.stdin:
        request = json.loads(line)
        column = request["column"]
        if "measure" in request:
            time.sleep(PAUSE)
            call = calls[column]
            assert call is not None
            reply({"seconds": seconds_per_call(call, request["measure"])})
        else:
            calls.pop(column, None)  # frees what its last call held
            calls[column], message = answer(library, request, cases)
            reply(message)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
