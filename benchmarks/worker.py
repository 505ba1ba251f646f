"""One library in a process of its own, told over pipes what to run: a JSON line for each request and each answer.

    {"op": case name, "column": ...} or {"step": name, "column": ...}
        makes the call of that column: {"check": a number to compare between libraries}, or {"missing": why}
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

PAUSE = 0.03  # seconds before the clock starts: the threads of the process measured last must have stopped spinning


def op_cases() -> dict[str, Any]:
    """The list of op cases, tests/op_cases.py, by name."""
    tests = str(Path(__file__).parents[1] / "tests")
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
    if isinstance(result, tuple | list):
        result = result[0] if result else None
    return None if result is None else float(np.linalg.norm(np.asarray(result, np.float64)))


def answer(
    library: Any, request: dict[str, Any], cases: dict[str, Any]
) -> tuple[Callable[[], Any] | None, dict[str, Any]]:
    """Makes the call that a request names."""
    column = request["column"]
    if "op" in request:
        case = cases[request["op"]]
        call = library.op(case, op_inputs(case), column)
        return call, {"missing": "nothing to compare with"} if call is None else {"check": norm(call())}
    call = library.step(next(step for step in STEPS if step.name == request["step"]), column)
    if call is None:
        return None, {"missing": "nothing to compare with"}
    losses = [float(call()) for _ in range(3)]  # fastnn replays from the third on
    return call, {"check": losses[1]}


def main(name: str, threads: int) -> None:
    def reply(message: dict[str, Any]) -> None:
        print(json.dumps(message), flush=True)

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
