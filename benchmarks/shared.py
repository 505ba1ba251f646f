"""fastnn beside others on the same cores, against the same work one after the other.

    python -m benchmarks.shared                    # two threads each, on as many CPUs
    python -m benchmarks.shared --threads 4 --rounds 9

Two processes train at once; and in one process steps take turns with matrix products of NumPy and of PyTorch, whose
threads wait for work as ours do. A ratio above 1 is what threads that wait cost the others.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .libraries import Call, make, use_cpus
from .networks import BY_NAME, CNN, MLP
from .timing import duration, rest, seconds_per_call

ROOT = Path(__file__).parents[1]
WARM_UPS = 20
SIZE = 512  # of the products in between


def step_of(name: str, threads: int) -> Call:
    step = make("fastnn", threads).step(BY_NAME[name], "fastnn")
    assert step is not None
    for _ in range(WARM_UPS):
        step()
    return step


def train_when_told(name: str, threads: int) -> None:
    """A process of its own: for each line with a number so many steps, and a line with the seconds."""
    use_cpus(threads)
    step = step_of(name, threads)
    print("ready", flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            step()
        print(time.perf_counter() - start, flush=True)


class Trainer:
    def __init__(self, name: str, threads: int) -> None:
        command = [sys.executable, "-m", "benchmarks.shared", "--train", name, "--threads", str(threads)]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, cwd=ROOT, **pipes)
        self.answer()

    def tell(self, steps: int) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def two_processes(name: str, threads: int, seconds: float, rounds: int) -> tuple[float, float]:
    """Seconds of both at once, and of one after the other."""
    trainers = [Trainer(name, threads) for _ in range(2)]
    trainers[0].tell(WARM_UPS)
    steps = max(3, round(seconds * WARM_UPS / float(trainers[0].answer())))
    together, apart = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        for trainer in trainers:
            trainer.tell(steps)
        for trainer in trainers:
            trainer.answer()
        together.append(time.perf_counter() - start)
        start = time.perf_counter()
        for trainer in trainers:
            trainer.tell(steps)
            trainer.answer()
        apart.append(time.perf_counter() - start)
    for trainer in trainers:
        trainer.close()
    return statistics.median(together), statistics.median(apart)


def in_turns(step: Call, other: Call, seconds: float, rounds: int) -> tuple[float, float]:
    """Seconds of a step and a product in turns, and of both measured alone."""

    def both() -> None:
        step()
        other()

    together, apart = [], []
    for _ in range(rounds):
        together.append(seconds_per_call(both, seconds))
        rest()
        alone = seconds_per_call(step, seconds)
        apart.append(alone + seconds_per_call(other, seconds))
        rest()
    return statistics.median(together), statistics.median(apart)


def numpy_product(threads: int) -> Call:
    a = np.random.default_rng(0).random((SIZE, SIZE), np.float32)
    out = np.empty_like(a)
    return lambda: np.matmul(a, a, out=out)


def torch_product(threads: int) -> Call:
    import torch

    torch.set_num_threads(threads)
    a = torch.rand(SIZE, SIZE)
    return lambda: a @ a


PRODUCTS: dict[str, Callable[[int], Call]] = {"NumPy": numpy_product, "PyTorch": torch_product}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shared", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--threads", type=int, default=min(2, len(os.sched_getaffinity(0))), help="default: %(default)s"
    )
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=0.2, help="of a measurement in a round, default: %(default)s")
    parser.add_argument("--train", metavar="NETWORK", help=argparse.SUPPRESS)
    options = parser.parse_args()
    # started from the checkout, whose folder fastnn/ holds no engine: the installed package goes first
    sys.path.sort(key=lambda entry: Path(entry or ".").resolve() == ROOT)
    os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)
    if options.train:
        train_when_told(options.train, options.threads)
        return

    def report(what: str, times: tuple[float, float]) -> None:
        together, apart = times
        print(f"{what:<64}{duration(together):>9}{duration(apart):>9}{together / apart:>7.2f}", flush=True)

    print(f"{'':<64}{'together':>9}{'apart':>9}{'ratio':>7}")
    for network in (MLP, CNN):
        times = two_processes(network.name, options.threads, options.seconds, options.rounds)
        report(f"two processes train {network.name}", times)
    use_cpus(options.threads)
    for network in (MLP, CNN):
        step = step_of(network.name, options.threads)
        for name, product in PRODUCTS.items():
            try:
                other = product(options.threads)
            except ModuleNotFoundError:
                print(f"{name}: LEFT OUT, it isn't installed")
                continue
            report(
                f"a step of {network.name}, a product of {name}", in_turns(step, other, options.seconds, options.rounds)
            )


if __name__ == "__main__":
    main()
