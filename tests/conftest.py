"""Fixtures of the whole suite. Every test starts from the same seed and leaves the engine's settings as they were."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest

import fastnn
from fastnn import _core

# Interpreters that tests start import the installed package, not the sources in the current folder.
os.environ["PYTHONSAFEPATH"] = "1"
# A shell's background jobs begin with SIGINT ignored, and so would the interpreters that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# no limits of time: they would be the machine's
UNTIMED: dict[str, Any] = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("fastnn", **UNTIMED, derandomize=True, database=None)
hypothesis.settings.register_profile("nightly", **UNTIMED, database=None, max_examples=3000, print_blob=True)
hypothesis.settings.load_profile("fastnn")


@pytest.fixture(autouse=True)
def engine_settings() -> Iterator[None]:
    """Puts level, number of threads and what contexts begin with back after each test."""
    level, threads, invariant = _core.active_isa(), fastnn.get_num_threads(), _core.batch_invariant()
    precision, convolution = _core.precision(), _core.convolution()
    yield
    _core.set_batch_invariant(invariant)
    _core.set_precision(precision)
    _core.set_convolution(convolution)
    if _core.active_isa() != level:
        _core.set_isa(level)
    if fastnn.get_num_threads() != threads:
        fastnn.set_num_threads(threads)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20261122)


@pytest.fixture(scope="session")
def guard_device(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> str:
    """The name of a device whose memory the host can't touch; its plug-in is built once for all test processes."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    build = shared / "guard_device"
    with (shared / "guard_device.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (build / "guard.so").exists():
            build_with_cmake(Path(__file__).parent / "guard_device", build)
    _core.load_plugin(str(build / "guard.so"))
    return "guard:0"


def build_with_cmake(source: Path, build: Path) -> None:
    """Builds a CMake project against the installed package, as somebody who uses it would."""
    configure = ["cmake", "-S", source, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release"]
    for command in ([*configure, f"-Dfastnn_DIR={fastnn.get_cmake_dir()}"], ["cmake", "--build", build]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="session")
def keras() -> Any:
    """Keras 3 on TensorFlow, for the tests marked keras."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries it imports
        import keras
    assert keras.backend.backend() == "tensorflow"
    return keras


@pytest.fixture(scope="session")
def tensorflow(keras: Any) -> Any:
    """TensorFlow under Keras."""
    import tensorflow as tf

    return tf
