"""One library in a process of its own, told over pipes what to run: a JSON line for each request and each answer.

    {"kind": "step" | "gan" | "inference" | "stream" | "kernel" | "case", "name": ..., "batch": of inference,
     "column": ...}
        makes the call of that column and runs it three times: {"check": a number to compare between libraries, "warm":
        seconds of the third, "recorded": whether fastnn runs it as a program, "fallback": its words if not}, or
        {"missing": why}
    {"kind": "measure", "seconds": ..., "column": ...}
        times the column's call: {"seconds": median}
    {"kind": "overhead", "column": ...}
        {"seconds": the median of some calls less that of the kernels in as many steps, or null}

The first answer, without a request, says which library this is: {"about": ..., "columns": [...], "isa": of fastnn},
or {"missing": why}.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from .kernels import KERNELS
from .libraries import QUEUED, Call, Library, make, use_cpus
from .networks import BY_NAME, GAN
from .timing import rest, seconds_per_call

ROOT = Path(__file__).parents[1]
WARM_UPS = 2  # fastnn replays from the third call on
OVERHEAD_TURNS = 5


def op_cases() -> dict[str, Any]:
    """The list of op cases, tests/op_cases.py, by name."""
    tests = str(ROOT / "tests")
    if tests not in sys.path:
        sys.path.insert(0, tests)
    import op_cases

    return {case.name: case for case in op_cases.CASES}


def op_inputs(case: Any) -> list[Any]:
    """The benchmark's inputs of a case, or its test's; float64 becomes float32 except where the case keeps it."""
    make_inputs = case.benchmark.make if case.benchmark else case.make

    def cast(value: Any) -> Any:
        if isinstance(value, list):
            return [cast(item) for item in value]
        array = None if value is None else np.asarray(value, order="C")
        return array.astype(np.float32) if array is not None and array.dtype == np.float64 else array

    inputs = make_inputs(np.random.default_rng(0))
    return [value if index in case.keep else cast(value) for index, value in enumerate(inputs)]


def norm(result: Any) -> float | None:
    """The Euclidean norm of the first array in a result; None where there is none."""
    while isinstance(result, tuple | list):
        result = result[0] if result else None
    if result is None:
        return None
    array = result.detach() if hasattr(result, "detach") else result
    if str(array.dtype) == "torch.bfloat16":  # which NumPy doesn't know
        array = array.float()
    return float(np.linalg.norm(np.asarray(array, np.float64)))


def made(library: Library, request: dict[str, Any]) -> Call | None:
    """The call that a request names."""
    name, column = request["name"], request["column"]
    match request["kind"]:
        case "step":
            return library.step(BY_NAME[name], column)
        case "gan":
            return library.gan(GAN, column)
        case "inference":
            return library.inference(BY_NAME[name], request["batch"], column)
        case "stream":
            return library.stream(BY_NAME[name], column)
        case "kernel":
            return library.kernel(next(kernel for kernel in KERNELS if kernel.name == name), column)
        case _:
            case = op_cases()[name]
            return library.case(case, op_inputs(case), column)


def answer(library: Library, request: dict[str, Any]) -> tuple[Call | None, dict[str, Any]]:
    """The call, and what to say about it: the loss of the second step, or the norm of what came out."""
    call = made(library, request)
    if call is None:
        return None, {"missing": "nothing to compare with"}
    own = type(library).__name__ == "Fastnn"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", RuntimeWarning)
        began = time.perf_counter()
        results = [call() for _ in range(WARM_UPS)]
        start = time.perf_counter()
        results.append(call())
        seconds = time.perf_counter() - start
        first = max(0.0, start - began - WARM_UPS * seconds)
    fallback = [str(warning.message) for warning in caught] if own else []
    if request["kind"] in ("step", "gan"):
        check = None if request["column"] in library.several else float(results[1])
    else:
        check = norm(results[-1])
    recorded = not fallback if own and request["kind"] in ("step", "gan", "inference", "stream") else None
    seconds /= QUEUED if request["column"] in library.several else 1
    return call, {"check": check, "warm": seconds, "recorded": recorded, "first": first, "fallback": fallback}


def overhead(library: Library, call: Call | None) -> float | None:
    """Seconds of a call that are not its kernels': the median call less the median kernels, in turns, and of the turns
    the median again. A turn takes as many runs of each as fit a tenth of a second."""
    assert call is not None
    start = time.perf_counter()
    call()
    runs = min(max(3, round(0.1 / (time.perf_counter() - start))), 200)
    rests = []
    for _ in range(OVERHEAD_TURNS):
        kernels = library.kernel_seconds(runs)
        if kernels is None:
            return None
        times = []
        for _ in range(runs):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
        rests.append(statistics.median(times) - kernels)
    return statistics.median(rests)


def main(name: str, threads: int) -> None:
    def reply(message: dict[str, Any]) -> None:
        print(json.dumps(message), file=answers, flush=True)

    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print must not get between the answers
    # started from the checkout, whose folder fastnn/ holds no engine: the installed package goes first
    sys.path.sort(key=lambda entry: Path(entry or ".").resolve() == ROOT)
    use_cpus(threads)
    try:
        library = make(name, threads)
    except ModuleNotFoundError as error:
        reply({"missing": f"{error.name} isn't installed"})
        return
    reply({"about": library.about, "columns": library.columns, "isa": getattr(library, "isa", None)})
    calls: dict[str, Call | None] = {}
    for line in sys.stdin:
        request = json.loads(line)
        column = request["column"]
        if request["kind"] == "measure":
            call = calls[column]
            assert call is not None
            seconds = seconds_per_call(call, request["seconds"])
            message = {"seconds": seconds / QUEUED if column in library.several else seconds}
        elif request["kind"] == "overhead":
            message = {"seconds": overhead(library, calls[column])}
        else:
            calls.pop(column, None)  # frees what its last call held
            try:
                calls[column], message = answer(library, request)
            except Exception as error:  # one network that a library can't run leaves the rest standing
                calls[column], message = None, {"missing": f"{type(error).__name__}: {error}"[:300], "failed": True}
        rest()  # the next to be measured has the CPUs for itself
        reply(message)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
