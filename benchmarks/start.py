"""From process start to the first trained step of the small convolutional network, for one library.

As a program (python -m benchmarks.start LIBRARY THREADS) it imports the library, builds the network, takes one step and
prints the loss; first_step starts that program and waits for the line. Python keeps the bytecode of what it imports, as
installing a package does: the first start, which may compile it, doesn't count.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from .libraries import environment, make, use_cpus

ROOT = Path(__file__).parents[1]


def first_step(interpreter: Sequence[str], library: str, threads: int) -> float | None:
    """Seconds from the start of the process to the loss of its first step; None for a library that doesn't train."""
    surroundings = environment(library, threads)
    surroundings.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    process = subprocess.Popen(
        [*interpreter, "-m", "benchmarks.start", library, str(threads)],
        cwd=ROOT,
        env=surroundings,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    seconds = time.perf_counter() - start
    process.communicate()
    return seconds if line.strip() else None


def main(name: str, threads: int) -> None:
    from .networks import CNN

    use_cpus(threads)
    sys.path.sort(key=lambda entry: Path(entry or ".").resolve() == ROOT)
    library = make(name, threads)
    step = library.step(CNN, library.columns[0])
    if step is not None:
        print(step(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
