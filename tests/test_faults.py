"""Memory that the system refuses: each allocation of forward, a program, predict, fit, save and load fails once.

fault_injection/scenarios.py runs in an interpreter of its own with fault_injection/faults.cpp preloaded; it checks that
a failure is a MemoryError, leaves the state of the last whole step and a usable object, and leaks nothing. Here every
17th allocation fails; with FASTNN_EVERY_FAULT=1, as in the nightly part (nox -s faults), every one.
"""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastnn
from fastnn import layers

HERE = Path(__file__).parent / "fault_injection"
STRIDE = "1" if os.environ.get("FASTNN_EVERY_FAULT") == "1" else "17"


@pytest.fixture(scope="session")
def faults(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The library to preload, built once for all test processes."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    library = shared / "faults.so"
    with (shared / "faults.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not library.exists():
            flags = ["-std=c++20", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
            command = ["c++", *flags, str(HERE / "faults.cpp"), "-o", str(library)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
    return library


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["forward", "program", "predict", "fit", "save", "load"])
def test_every_allocation_may_fail(name: str, faults: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", str(HERE / "scenarios.py"), name, STRIDE],
        env=os.environ | {"LD_PRELOAD": str(faults)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    counts = re.fullmatch(r"\w+: (\d+) allocations, (\d+) failed, (\d+) raised MemoryError\n", done.stdout)
    assert counts, done.stdout
    allocations, failed, raised = map(int, counts.groups())
    assert failed >= allocations // int(STRIDE) > 0
    # a thread that can't start is done without, a cgroup file that can't be read is no limit
    assert raised > failed // 2


SAVE_FOR_EVER = """
import sys
import fastnn
from fastnn import layers
model = fastnn.Sequential([fastnn.Input((300,)), layers.Dense(300)])
print("ready", flush=True)
while True:
    model.save(sys.argv[1])
"""


def test_a_killed_save_leaves_a_whole_file(tmp_path: Path, rng: np.random.Generator) -> None:
    """The old file or the new one; beside it, at most the hidden file that was being written."""
    path = tmp_path / "model.fastnn"
    model = fastnn.Sequential([fastnn.Input((300,)), layers.Dense(300)])
    model.save(path)
    for _ in range(4):
        with subprocess.Popen([sys.executable, "-c", SAVE_FOR_EVER, str(path)], stdout=subprocess.PIPE) as child:
            assert child.stdout.readline() == b"ready\n"
            with pytest.raises(subprocess.TimeoutExpired):
                child.wait(rng.uniform(0, 0.1))
            child.kill()
        assert fastnn.models.load_model(path).count_params() == 300 * 301
        for other in tmp_path.iterdir():
            assert other == path or re.fullmatch(r"\.model\.fastnn\.[0-9a-f]{16}\.tmp", other.name)
