"""Times fastnn beside other libraries on whole training steps, inference and kernels: python -m benchmarks.run --help.

Each library works in a process of its own with the same number of threads; the rounds alternate between them, so that a
slow minute of the machine hits all alike, and a number is the median of the rounds. Run it from the root of the
checkout, with fastnn installed. README.md here says how to read what it prints.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import peak as peak_program
from . import table
from .kernels import CLASS_COLUMNS, KERNELS, Target, Targets, targets_of
from .libraries import LIBRARIES, environment
from .networks import CNN, GAN, INFERENCE_BATCH, LSTM, MLP, NETWORKS
from .start import first_step
from .table import Aim, Was
from .worker import op_cases

ROOT = Path(__file__).parents[1]
FORMAT = 1  # of the JSON file
HOPELESS = 6.0
PRODUCTS = {"gemm", "conv", "transposed", "rnn", "attention"}  # kinds of kernels that accuracy classes change


@dataclass(frozen=True)
class Row:
    """A line of a table: what to ask the workers for, its operations and bytes, and what is aimed at, in accuracy
    classes too."""

    section: str
    name: str
    request: Mapping[str, Any]
    flops: int = 0
    bytes: int = 0
    aims: Sequence[Aim] = ()
    target: str = ""
    must: float | None = None
    aim: float | None = None
    classes: Mapping[str, Target] = field(default_factory=dict)


@dataclass
class Worker:
    """The process of one library."""

    name: str
    interpreter: Sequence[str]
    threads: int
    hello: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (as long as the process)
        self.process = subprocess.Popen(
            [*self.interpreter, "-m", "benchmarks.worker", self.name, str(self.threads)],
            cwd=ROOT,
            env=environment(self.name, self.threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )
        self.hello = self.receive()

    def receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            status = self.process.wait()
            self.errors.seek(0)
            raise SystemExit(f"the worker of {self.name} ended with status {status}:\n{self.errors.read()[-2000:]}")
        return dict(json.loads(line))

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.receive()

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        self.errors.close()


def measure(workers: Sequence[Worker], row: Row, rounds: int, seconds: float) -> dict[str, Any]:
    """A row's median seconds, all rounds and checks, by column, and which columns failed.

    A column that takes HOPELESS times as long as the fastest, and more than a tenth of a second, keeps the time of its
    third call.
    """
    asked = [
        (worker, column)
        for worker in workers
        for column in worker.hello["columns"]
        if column not in CLASS_COLUMNS or CLASS_COLUMNS[column] in row.classes
    ]
    answers = {column: worker.ask({**row.request, "column": column}) for worker, column in asked}
    prepared = [(worker, column) for worker, column in asked if "check" in answers[column]]
    times: dict[str, list[float]] = {column: [] for _, column in prepared}
    warm = {column: answers[column]["warm"] for column in times}
    for worker, column in list(prepared):
        if warm[column] > max(HOPELESS * min(warm.values()), 0.1):
            times[column].append(warm[column])
            prepared.remove((worker, column))
    for _ in range(rounds):
        for worker, column in prepared:
            request = {"kind": "measure", "seconds": seconds, "column": column}
            times[column].append(worker.ask(request)["seconds"])
    ours = answers.get(table.OURS, {})
    known = ours.get("recorded") and workers[0].ask({"kind": "overhead", "column": table.OURS})
    return {
        "seconds": {column: statistics.median(taken) for column, taken in times.items()},
        "rounds": times,
        "check": {column: answers[column]["check"] for column in times},
        "failed": {column: found["missing"] for column, found in answers.items() if "failed" in found},
        "recorded": ours.get("recorded"),
        "first": ours.get("first") if ours.get("recorded") else None,
        "fallback": ours.get("fallback", []),
        "overhead": known["seconds"] if known else None,
    }


def measure_start(workers: Sequence[Worker], rounds: int) -> dict[str, Any]:
    """As measure, for the time from process start to a first step; the workers sleep meanwhile."""
    times: dict[str, list[float]] = {worker.name: [] for worker in workers}
    for index in range(1 + rounds):
        for worker in workers:
            taken = first_step(worker.interpreter, worker.name, worker.threads)
            if taken is not None and index > 0:
                times[worker.name].append(taken)
    times = {name: taken for name, taken in times.items() if taken}
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    nothing = dict.fromkeys(("recorded", "first", "overhead"))
    return {"seconds": medians, "rounds": times, "check": {}, "failed": {}, "fallback": [], **nothing}


def step_rows() -> Iterator[Row]:
    for network in NETWORKS:
        request = {"kind": "step", "name": network.name}
        yield Row("training step", network.name, request, network.flops(), aims=[Aim(network.aim)])
    yield Row("training step", GAN.name, {"kind": "gan", "name": GAN.name}, GAN.flops(), aims=[Aim(GAN.aim)])
    for network in (*NETWORKS, GAN.network()):
        request = {"kind": "inference", "name": network.name, "batch": INFERENCE_BATCH}
        flops = network.inference_flops(INFERENCE_BATCH)
        yield Row(f"inference, batch {INFERENCE_BATCH}", network.name, request, flops, aims=[Aim(0.8)])
    request = {"kind": "inference", "name": MLP.name, "batch": 1}
    aims = [Aim(1.2, "onnxruntime"), Aim(1.0, "numpy")]
    yield Row("predict of one row, whole call", MLP.name, request, MLP.inference_flops(1), aims=aims)
    yield Row("step of a stream", LSTM.name, {"kind": "stream", "name": LSTM.name})
    aims = [Aim(0.35, absolute=True)]
    yield Row("process start to first trained step", CNN.name, {"kind": "start", "name": CNN.name}, aims=aims)


def kernel_rows(targets: Targets, measured: Sequence[str] = ()) -> Iterator[Row]:
    """measured: accuracy classes that all kernels with products are measured in, whatever is asked of them."""
    beside = {"bfloat16": "torch-bf16"}
    nothing = {name: Target("", None, None, against=beside.get(name)) for name in measured}
    for kernel in KERNELS:
        name = targets.name_of(kernel)
        target = targets.kernels[name]
        yield Row(
            "kernels",
            kernel.name,
            {"kind": "kernel", "name": kernel.name},
            kernel.flops,
            kernel.bytes,
            target=name,
            must=target.must if kernel.must is None else kernel.must,
            aim=target.aim,
            classes=(nothing if kernel.kind in PRODUCTS else {}) | targets.classes_of(name),
        )


def case_rows(small: bool) -> Iterator[Row]:
    for name, case in op_cases().items():
        known = case.benchmark
        if known or small:
            request = {"kind": "case", "name": name}
            yield Row("op cases", name, request, known.flops if known else 0, known.bytes if known else 0)


def print_rows(
    rows: Iterable[Row],
    workers: Sequence[Worker],
    peak: peak_program.Peak | None,
    previous: Mapping[tuple[str, str], Was],
    rounds: int,
    seconds: float,
) -> list[dict[str, Any]]:
    """Measures and prints every row; the results as they go into the JSON file."""
    results: list[dict[str, Any]] = []
    section = None
    for row in rows:
        kernels = row.section in ("kernels", "op cases")
        if row.section != section:
            section = row.section
            print(f"\n{section}\n{table.KERNEL_HEAD if kernels else table.STEP_HEAD}")
        found = (
            measure_start(workers, rounds) if row.request["kind"] == "start" else measure(workers, row, rounds, seconds)
        )
        result = {"section": row.section, "name": row.name, "flops": row.flops, "bytes": row.bytes, **found}
        result["ratio"] = 1 / x if kernels and (x := table.times_as_fast(found["seconds"])) else None
        was = previous.get((row.section, row.name))
        if kernels:
            lines = table.kernel_lines(result, row.must, row.aim, row.classes, peak, was)
            x = table.times_as_fast(found["seconds"])
            result |= {"target": row.target, "x": x, "verdict": table.kernel_verdict(x, row.must, row.aim)}
            result["classes"] = table.class_verdicts(found["seconds"], row.classes)
        else:
            result |= {"ratio": table.ratio(found["seconds"]), "met": table.met(row.aims, found["seconds"])}
            lines = table.step_lines(result, row.aims, peak, was)
        print("\n".join(lines), flush=True)
        results.append(result)
    return results


def print_summary(results: Sequence[Mapping[str, Any]], targets: Targets) -> None:
    """The targets of the kernels, each over all of its kernels."""
    print("\ntargets of the kernels, x over all kernels of each")
    for name, target in targets.kernels.items():
        own = [result for result in results if result.get("target") == name and result["x"] is not None]
        if own:
            print(table.summary_line(target, [result["x"] for result in own], [result["verdict"] for result in own]))
        for word, of_class in targets.classes_of(name).items():
            known = [result["classes"][word] for result in own if word in result["classes"]]
            if known:
                print(table.summary_line(of_class, [x for x, _ in known], [verdict for _, verdict in known]))


def print_comparison(results: Sequence[Mapping[str, Any]], previous: Mapping[tuple[str, str], Was], file: Path) -> None:
    """fastnn's times beside those of an earlier run."""
    rows = []
    for result in results:
        was, seconds = previous.get((result["section"], result["name"])), result["seconds"].get(table.OURS)
        if was is not None and seconds is not None:
            rows.append((result["name"], was.seconds / seconds))
    print(f"\nfastnn beside {file}\n{table.comparison_line(rows)}")


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


def interpreters(words: Sequence[str]) -> dict[str, list[str]]:
    """{library: command} of "torch,jax=/path/python" and the like; this interpreter for the rest."""
    found = {name: [sys.executable] for name in LIBRARIES}
    for word in words:
        names, _, command = word.partition("=")
        chosen = [name for name in LIBRARIES if name != table.OURS] if names == "peers" else names.split(",")
        if not command or set(chosen) - set(LIBRARIES):
            raise ValueError(f"--python: expected LIBRARY[,LIBRARY...]=COMMAND or peers=COMMAND, got {word!r}")
        found |= dict.fromkeys(chosen, shlex.split(command))
    return found


def chosen_peers(text: str) -> list[str]:
    names = [name for name in text.split(",") if name]
    unknown = [name for name in names if name not in LIBRARIES or name == table.OURS]
    if unknown:
        peers = ", ".join(name for name in LIBRARIES if name != table.OURS)
        raise ValueError(f"--peers: expected some of {peers}, got {', '.join(unknown)}")
    return names


def previous_run(path: Path | None) -> dict[tuple[str, str], Was]:
    """{(section, name): what was found} of an earlier run's JSON file."""
    if path is None:
        return {}
    written = json.loads(path.read_text())
    if written.get("format") != FORMAT:
        raise ValueError(f"--compare: expected a file of format {FORMAT}, got {written.get('format')}")
    known = [result for result in written["results"] if table.OURS in result["seconds"]]
    return {(r["section"], r["name"]): Was(r["ratio"], r["seconds"][table.OURS]) for r in known}


def chosen_classes(text: str) -> list[str]:
    names, known = [name for name in text.split(",") if name], sorted(set(CLASS_COLUMNS.values()))
    if set(names) - set(known):
        raise ValueError(f"--classes: expected some of {', '.join(known)}, got {text}")
    return names


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m benchmarks.run", description=(__doc__ or "").splitlines()[0])
    made.add_argument("--steps", action="store_true", help="training steps, inference, start (default with --ops)")
    made.add_argument("--ops", action="store_true", help="the kernels that have targets (default with --steps)")
    made.add_argument("--cases", action="store_true", help="every op case of the tests that has a benchmark")
    made.add_argument("--all-cases", action="store_true", help="the small op cases too")
    made.add_argument("--filter", default="", metavar="TEXT", help="only names that match this regular expression")
    made.add_argument("--section", default="", metavar="TEXT", help="only sections that match this regular expression")
    made.add_argument("--peers", default="torch,jax,tensorflow,onnxruntime,numpy", help="default: %(default)s")
    made.add_argument(
        "--classes",
        default="",
        metavar="CLASS,...",
        help="measure all products in these accuracy classes (fast, bfloat16), not only those with such a target",
    )
    made.add_argument("--without", default="", metavar="COLUMN,...", help="leave these columns out")
    made.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="LIBRARY=COMMAND",
        help="interpreter of libraries, e.g. torch,jax=venv/bin/python; peers= for all of them",
    )
    made.add_argument("--isa", help="FASTNN_ISA of fastnn; avx2 keeps the peers on AVX2 too")
    made.add_argument("--threads", type=int, default=min(2, len(os.sched_getaffinity(0))), help="default: %(default)s")
    made.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    made.add_argument("--seconds", type=float, default=0.2, help="of a measurement in a round, default: %(default)s")
    made.add_argument("--quick", action="store_true", help="one short round: does everything run?")
    made.add_argument("--json", type=Path, metavar="FILE", help="write all numbers here too")
    made.add_argument("--compare", type=Path, metavar="FILE", help="print what this earlier --json found beside")
    return made


def start_workers(
    names: Sequence[str], commands: Mapping[str, Sequence[str]], threads: int, without: Sequence[str]
) -> list[Worker]:
    """The workers of fastnn and the peers; who is left out is named."""
    workers = []
    for name in [table.OURS, *names]:
        worker = Worker(name, commands[name], threads)
        if "missing" in worker.hello:
            print(f"{name}: LEFT OUT, {worker.hello['missing']}")
            worker.close()
        else:
            worker.hello["columns"] = [column for column in worker.hello["columns"] if column not in without]
            print(worker.hello["about"])
            workers.append(worker)
    return workers


def main() -> None:
    arguments = parser()
    options = arguments.parse_args()
    try:
        peers, commands = chosen_peers(options.peers), interpreters(options.python)
        previous, classes = previous_run(options.compare), chosen_classes(options.classes)
    except (ValueError, OSError) as error:
        arguments.error(str(error))
    if options.threads < 1 or options.rounds < 1:
        arguments.error("--threads and --rounds: expected at least 1")
    if options.isa:
        os.environ["FASTNN_ISA"] = options.isa
    rounds, seconds = (1, 0.01) if options.quick else (options.rounds, options.seconds)
    about = machine()
    print(f"{about['cpu']}, {about['cpus']} CPUs, {options.threads} threads, {about['date']}")
    workers = start_workers(peers, commands, options.threads, options.without.split(","))
    isa = next((worker.hello.get("isa") for worker in workers if worker.name == table.OURS), None)
    targets = targets_of(isa)
    everything = not (options.steps or options.ops or options.cases)
    rows: list[Row] = []
    if options.steps or everything:
        rows += step_rows()
    if options.ops or everything:
        rows += kernel_rows(targets, classes)
    if options.cases:
        rows += case_rows(options.all_cases)
    rows = [row for row in rows if re.search(options.filter, row.name) and re.search(options.section, row.section)]
    try:
        peak = peak_program.measure(isa or "base", options.threads)
        print(f"peak ({isa}): {peak}")
    except RuntimeError as error:
        peak = None
        print(f"peak: not measured, {error}")
    results = print_rows(rows, workers, peak, previous, rounds, seconds)
    for worker in workers:
        worker.close()
    if any(result.get("target") for result in results):
        print_summary(results, targets)
    if options.compare:
        print_comparison(results, previous, options.compare)
    if options.json:
        about |= {"threads": options.threads, "libraries": [worker.hello["about"] for worker in workers]}
        about["peak"] = None if peak is None else {"isa": isa, "flops": peak.flops, "bandwidth": peak.bandwidth}
        written = {"format": FORMAT, "machine": about, "rounds": rounds, "results": results}
        options.json.write_text(json.dumps(written, indent=1) + "\n")


if __name__ == "__main__":
    main()
