"""Times fastnn, NumPy and PyTorch on every op case and on whole training steps: python -m benchmarks.run --help.

Each library works in a process of its own with the same number of threads; the rounds alternate between them, so that a
slow minute of the machine hits all alike, and a number is the median of the rounds. Run it from the root of the
checkout, with fastnn installed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import re
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from .libraries import LIBRARIES, environment
from .steps import STEPS
from .timing import duration, rate
from .worker import op_cases

ROOT = Path(__file__).parents[1]
LABEL = 52  # width of the first column


class Worker:
    """The process of one library."""

    def __init__(self, name: str, threads: int) -> None:
        command = [sys.executable, "-m", "benchmarks.worker", name, str(threads)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment(threads), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.name = name
        self.hello = self.receive()

    def receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"the worker of {self.name} ended with status {self.process.wait()}")
        return dict(json.loads(line))

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.receive()

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def measure(workers: list[Worker], request: dict[str, Any], rounds: int, seconds: float) -> dict[str, Any]:
    """For one op case or step: label, seconds {column: median}, rounds {column: [...]} and check {column: number}."""
    prepared = [(worker, column) for worker in workers for column in worker.hello["columns"]]
    answers = {column: worker.ask({**request, "column": column}) for worker, column in prepared}
    prepared = [(worker, column) for worker, column in prepared if "check" in answers[column]]
    times: dict[str, list[float]] = {column: [] for _, column in prepared}
    for _ in range(rounds):
        for worker, column in prepared:
            times[column].append(worker.ask({"measure": seconds, "column": column})["seconds"])
    return {
        "label": next((answers[column]["label"] for column in times), ""),
        "seconds": {column: statistics.median(taken) for column, taken in times.items()},
        "rounds": times,
        "check": {column: answers[column]["check"] for column in times},
    }


def disagreement(checks: dict[str, float | None]) -> str:
    """A remark when the libraries computed different things."""
    known = {column: value for column, value in checks.items() if value is not None}
    reference = known.get("fastnn", next(iter(known.values()), 0.0))
    wrong = [c for c, value in known.items() if not abs(value - reference) <= 1e-3 * max(abs(reference), 1e-3)]
    return f"  RESULTS DIFFER: {known}" if wrong else ""


def table_row(columns: list[str], result: dict[str, Any], flops: int, size: int) -> str:
    """fastnn's time and rate, then every peer's time and how many times as long it took."""
    seconds = result["seconds"]
    ours = seconds.get("fastnn")
    cells = []
    for column in columns:
        taken = seconds.get(column)
        if taken is None:
            cells.append("-")
        elif column == "fastnn":
            cells.append(f"{duration(taken)}, {rate(taken, flops, size)}".rstrip(", "))
        else:
            cells.append(duration(taken) + (f" ({taken / ours:.2f}x)" if ours else ""))
    widths = [26 if column == "fastnn" else 19 for column in columns]
    line = "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
    label = result["label"] if len(result["label"]) <= LABEL else result["label"][: LABEL - 3] + "..."
    return f"{label:<{LABEL}}{line}{disagreement(result['check'])}"


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    try:
        model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    except OSError:
        model = None
    return {
        "cpu": model.group(1) if model else platform.processor(),
        "cpus": len(os.sched_getaffinity(0)),
        "system": platform.platform(),
        "python": platform.python_version(),
        "date": dt.date.today().isoformat(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__.splitlines()[0])
    parser.add_argument("--ops", action="store_true", help="only op cases")
    parser.add_argument("--steps", action="store_true", help="only training steps")
    parser.add_argument("--all-cases", action="store_true", help="the small op cases of the tests too")
    parser.add_argument("--filter", default="", metavar="TEXT", help="only names that match this regular expression")
    parser.add_argument("--libraries", default=",".join(LIBRARIES), help="default: %(default)s")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="one short round: does everything run?")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers here too")
    options = parser.parse_args()
    names = options.libraries.split(",")
    if unknown := set(names) - set(LIBRARIES):
        parser.error(f"--libraries: expected some of {', '.join(LIBRARIES)}, got {', '.join(sorted(unknown))}")
    if options.threads < 1 or options.rounds < 1:
        parser.error("--threads and --rounds: expected at least 1")
    rounds, seconds = (1, 0.01) if options.quick else (options.rounds, 0.2)

    selected: list[tuple[dict[str, Any], int, int]] = []
    if options.ops or not options.steps:
        for name, case in op_cases().items():
            known = case.benchmark
            if known or options.all_cases:
                selected.append(({"op": name}, known.flops if known else 0, known.bytes if known else 0))
    if options.steps or not options.ops:
        selected += [({"step": step.name}, step.flops(), 0) for step in STEPS]
    selected = [item for item in selected if re.search(options.filter, *item[0].values())]

    about = machine()
    print(f"{about['cpu']}, {about['cpus']} CPUs, {options.threads} threads, {about['date']}")
    workers = []
    for library in names:
        worker = Worker(library, options.threads)
        if "missing" in worker.hello:
            print(f"{library}: left out, {worker.hello['missing']}")
        else:
            print(worker.hello["about"])
            workers.append(worker)
    columns = [column for worker in workers for column in worker.hello["columns"]]
    print(f"\n{'':<{LABEL}}" + "".join(f"{c:>{26 if c == 'fastnn' else 19}}" for c in columns))
    results = []
    for request, flops, size in selected:
        result = measure(workers, request, rounds, seconds)
        print(table_row(columns, result, flops, size), flush=True)
        results.append({**request, "flops": flops, "bytes": size, **result})
    for worker in workers:
        worker.close()
    print("\n(2.00x): took twice as long as fastnn.  -: nothing to compare with.")
    if "numpy" in names:
        print("numpy: op cases are the tests' references, written to be read; steps are benchmarks/numpy_step.py.")
    if options.json:
        about |= {"threads": options.threads, "libraries": [worker.hello["about"] for worker in workers]}
        options.json.write_text(json.dumps({"machine": about, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
