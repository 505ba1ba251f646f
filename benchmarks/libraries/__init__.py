"""What each library runs, one module per library, imported only in that library's own process.

A library is a class with `about`, a line that names its version, and `columns`, the ways of using it that are timed on
their own. Its methods make a call without arguments that returns when its result is ready, or None where there is
nothing to compare: step(network, column) a training step that returns its loss, gan(gan, column) the same for a GAN,
inference(network, batch, column) a prediction, stream(network, column) one step of a sequence that comes step by step,
kernel(kernel, column) a kernel, and case(case, inputs, column) an op case of the tests. A call of the columns in
`several` makes QUEUED steps.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

Call = Callable[[], Any]

LIBRARIES = {
    "fastnn": "Fastnn",
    "numpy": "Numpy",
    "torch": "Torch",
    "jax": "Jax",
    "tensorflow": "Tensorflow",
    "onnxruntime": "OnnxRuntime",
}
AVX2 = {  # keeps a peer's kernels on AVX2; TensorFlow's own ones, beside oneDNN's and XLA's, can't be kept
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL",
}
QUEUED = 16
LONG = 0.02  # seconds of a step that gains nothing by being one of several


class Library:
    """A library that has nothing to compare."""

    columns: tuple[str, ...] = ()
    several: tuple[str, ...] = ()
    about = ""

    def step(self, network: Any, column: str) -> Call | None:
        return None

    def gan(self, gan: Any, column: str) -> Call | None:
        return None

    def inference(self, network: Any, batch: int, column: str) -> Call | None:
        return None

    def stream(self, network: Any, column: str) -> Call | None:
        return None

    def kernel(self, kernel: Any, column: str) -> Call | None:
        return None

    def case(self, case: Any, inputs: list[Any], column: str) -> Call | None:
        return None

    def kernel_seconds(self, steps: int) -> float | None:
        """Seconds of the kernels in the fastest of so many runs of the last step or prediction; None if not known."""
        return None


def make(name: str, threads: int) -> Library:
    """The library of a name; ModuleNotFoundError when it isn't installed."""
    made: Library = getattr(import_module(f"{__name__}.{name}_library"), LIBRARIES[name])(threads)
    return made


def environment(name: str, threads: int) -> dict[str, str]:
    """The environment of a library's process: its number of threads, and no chatter."""
    names = ("FASTNN_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "NPROC")
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu", "KERAS_BACKEND": "tensorflow"}
    found = {**os.environ, **quiet, **dict.fromkeys(names, str(threads))}
    xla = [found.get("XLA_FLAGS", "")]
    if name == "jax" and threads == 1:
        xla.append("--xla_cpu_multi_thread_eigen=false")
    if found.get("FASTNN_ISA") == "avx2":
        found |= AVX2
        xla.append("--xla_cpu_max_isa=AVX2")
    if any(xla):
        found["XLA_FLAGS"] = " ".join(xla).strip()
    return found


def use_cpus(count: int) -> None:
    """Keeps the process on so many CPUs, one of each core first: no library then takes more, whatever it was told."""
    if not hasattr(os, "sched_setaffinity"):
        return
    usable = sorted(os.sched_getaffinity(0))

    def sibling(cpu: int) -> int:
        """How many of its core's hardware threads come before this one."""
        path = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        try:
            first = path.read_text().replace("-", ",").split(",")[0].strip()
        except OSError:
            return 0
        return int(first != str(cpu))

    os.sched_setaffinity(0, sorted(usable, key=sibling)[:count])
