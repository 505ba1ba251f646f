"""What the machine can do at most: float32 multiply-adds from registers, and memory traffic of a triad a = b + s * c
(python -m benchmarks.peak). peak.cpp is compiled for the instruction set that fastnn uses, into a temporary folder.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .libraries import use_cpus

SOURCE = Path(__file__).with_name("peak.cpp")
FLAGS = {
    "base": ["-DWIDTH=4"],
    "avx2": ["-DWIDTH=8", "-mavx2", "-mfma"],
    "avx512": ["-DWIDTH=16", "-mavx512f", "-mavx512vl", "-mavx512dq", "-mfma", "-mprefer-vector-width=512"],
    "neon": ["-DWIDTH=4"],
}


@dataclass(frozen=True)
class Peak:
    """Operations and bytes a second."""

    flops: float
    bandwidth: float

    def share(self, seconds: float, flops: int, size: int) -> float:
        """The least time that the machine could take for this work over the time it took. It passes 1 where the data
        stay in the caches, which are faster than the memory measured."""
        return max(flops / self.flops, size / self.bandwidth) / seconds

    def __str__(self) -> str:
        return f"{self.flops / 1e9:.0f} GFLOP/s of float32 multiply-adds, {self.bandwidth / 1e9:.1f} GB/s of triad"


def measure(isa: str, threads: int) -> Peak:
    """Compiles and runs the program; RuntimeError says why where that can't be done."""
    compiler = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++")
    flags = FLAGS.get("avx512" if isa == "amx" else isa)
    if compiler is None or flags is None:
        raise RuntimeError("no C++ compiler is there" if compiler is None else f"no peak program for {isa}")
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "peak"
        common = ["-std=c++20", "-O3", "-ffp-contract=fast", "-pthread"]
        command = [compiler, *common, *flags, str(SOURCE), "-o", str(program)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{compiler} failed: {done.stderr.strip()[:200]}")
        done = subprocess.run(
            [str(program), str(threads)],
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=lambda: use_cpus(threads),
        )
        if done.returncode:
            raise RuntimeError(f"the peak program ended with status {done.returncode}")
    flops, bandwidth = (float(word) * 1e9 for word in done.stdout.split())
    return Peak(flops, bandwidth)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peak", description="The machine's ceilings.")
    parser.add_argument("--isa", choices=list(FLAGS), default=None, help="default: what fastnn uses here")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="default: %(default)s")
    options = parser.parse_args()
    isa = options.isa
    if isa is None:
        from fastnn import _core

        isa = _core.active_isa()
    print(f"{isa}, {options.threads} threads: {measure(isa, options.threads)}")


if __name__ == "__main__":
    main()
