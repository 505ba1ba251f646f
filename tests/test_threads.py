"""Threads: the same bits for any number of them, callers side by side, fork, exit, limits of the environment, idling.

What needs an interpreter of its own (fork, exit, environment, affinity) runs as a script in one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import kernels

TASKS = Path("/proc/self/task")


def run_script(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a script that may use `a`, a matrix whose square takes several threads, and `square`, that product."""
    prelude = """
import os, sys, threading, time, warnings
import numpy as np
warnings.filterwarnings("ignore", "This process .* is multi-threaded")
def start():
    global fastnn, kernels, a, square
    import fastnn
    from fastnn import kernels
    a = np.random.default_rng(1).standard_normal((256, 256), dtype=np.float32)
    square = kernels.gemm(a, a)
def check():
    assert np.array_equal(kernels.gemm(a, a), square)
def wait_for(child):
    end = time.monotonic() + 200
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid == child:
            assert status == 0, status
            return
        time.sleep(0.005)
    os.kill(child, 9)
    sys.exit("the child hangs")
"""
    inherited = {name: value for name, value in os.environ.items() if name != "FASTNN_NUM_THREADS"}
    return subprocess.run(
        [sys.executable, "-c", prelude + script],
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )


def succeed(script: str, **environment: str) -> str:
    """Runs a script that must end with status 0 and no word on stderr; what it printed."""
    done = run_script(script, **environment)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout.strip()


# ---- the same bits ---------------------------------------------------------------------------------------------------


def array(*shape: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(sum(shape)).standard_normal(shape, dtype=np.float32)


def labels(count: int, classes: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(count).integers(0, classes, count)


LARGE_CASES: dict[str, Callable[[], Any]] = {
    "gemm": lambda: kernels.gemm(array(257, 301), array(301, 263)),
    "gemm, long inner dimension": lambda: kernels.gemm(array(17, 20_001), array(20_001, 19)),
    "linear": lambda: kernels.linear(array(129, 400), array(400, 310), array(310), activation="relu"),
    "linear, few rows": lambda: kernels.linear(array(32, 784), array(784, 128), array(128), activation="relu"),
    "conv2d": lambda: kernels.conv2d(array(3, 31, 33, 16), array(3, 3, 16, 40), padding="same"),
    "conv2d_backward_input": lambda: kernels.conv2d_backward_input(
        array(3, 31, 33, 40), array(3, 3, 16, 40), array(3, 31, 33, 16), padding="same"
    ),
    "conv2d_backward_weight": lambda: kernels.conv2d_backward_weight(
        array(3, 31, 33, 16), array(3, 31, 33, 40), array(3, 3, 16, 40), padding="same"
    ),
    "conv3d": lambda: kernels.conv3d(array(2, 9, 17, 16, 8), array(3, 3, 3, 8, 40), padding="same"),
    "conv3d_transpose": lambda: kernels.conv3d_transpose(
        array(2, 5, 9, 8, 24), array(3, 3, 3, 17, 24), strides=(2, 2, 2)
    ),
    "group_normalization, few samples": lambda: kernels.group_normalization(array(3, 90, 50, 96), groups=8),
    "group_normalization, many samples": lambda: kernels.group_normalization(array(70, 30, 30, 20), groups=5),
    "group_normalization_backward": lambda: kernels.group_normalization_backward(
        array(3, 90, 50, 96), array(3, 90, 50, 96), array(3, 8), array(3, 8), array(96), groups=8
    ),
    "max_pool2d": lambda: kernels.max_pool2d(array(5, 66, 66, 33)),
    "relu": lambda: kernels.relu(array(1_000_003)),
    "softmax": lambda: kernels.softmax(array(3001, 101)),
    "softmax_cross_entropy": lambda: kernels.softmax_cross_entropy(array(3001, 101), labels(3001, 101)),
    "add, broadcast": lambda: kernels.add(array(1009, 1, 501), array(3, 1)),
    "sum of all": lambda: kernels.sum(array(1_000_003)),
    "sum over the first axis": lambda: kernels.sum(array(2003, 503), axes=(0,)),
    "mean over the last axis": lambda: kernels.mean(array(2003, 503), axes=(1,)),
}


@pytest.mark.parametrize("name", LARGE_CASES)
def test_bits_do_not_depend_on_the_number_of_threads(name: str) -> None:
    results = []
    for threads in (1, 2, 3, 7):
        fastnn.set_num_threads(threads)
        result = LARGE_CASES[name]()
        results.append([part.tobytes() for part in (result if isinstance(result, tuple) else (result,))])
    assert all(result == results[0] for result in results[1:])


def test_two_python_threads_compute_at_once() -> None:
    fastnn.set_num_threads(2)
    inputs = [array(200 + i, 300) for i in range(3)]
    expected = [kernels.gemm(x, x, transpose_b=True) for x in inputs]
    barrier = threading.Barrier(len(inputs))
    wrong: list[int] = []

    def compute(i: int) -> None:
        barrier.wait()
        for _ in range(50):
            if not np.array_equal(kernels.gemm(inputs[i], inputs[i], transpose_b=True), expected[i]):
                wrong.append(i)

    callers = [threading.Thread(target=compute, args=(i,)) for i in range(len(inputs))]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert wrong == []


# ---- setting the number ----------------------------------------------------------------------------------------------


def test_set_num_threads_is_remembered_and_zero_asks_for_the_default() -> None:
    fastnn.set_num_threads(0)
    default = fastnn.get_num_threads()
    assert 1 <= default <= len(os.sched_getaffinity(0))
    fastnn.set_num_threads(3)
    assert fastnn.get_num_threads() == 3
    fastnn.set_num_threads(0)
    assert fastnn.get_num_threads() == default


@pytest.mark.parametrize("count", [-1, 4097, -(2**63)])
def test_a_senseless_number_is_refused(count: int) -> None:
    before = fastnn.get_num_threads()
    with pytest.raises(ValueError, match=rf"^set_num_threads: expected a count from 0 .* to 4096, got {count}$"):
        fastnn.set_num_threads(count)
    assert fastnn.get_num_threads() == before


@pytest.mark.parametrize("count", [1.5, "2", None])
def test_something_else_than_a_whole_number_is_refused(count: Any) -> None:
    with pytest.raises(TypeError, match=r"^set_num_threads: expected an integer for count, got "):
        fastnn.set_num_threads(count)


@pytest.mark.skipif(not TASKS.exists(), reason="counts threads in /proc")
def test_the_pool_grows_on_demand_and_shrinks() -> None:
    succeed("""
def threads():
    return len(os.listdir("/proc/self/task"))
def become(count):
    end = time.monotonic() + 200
    while threads() != count and time.monotonic() < end:
        time.sleep(0.002)
    assert threads() == count, (threads(), count)
import fastnn
from fastnn import kernels
alone, x = threads(), np.ones((300, 300), np.float32)
for count in (2, 5):
    fastnn.set_num_threads(count)
    kernels.gemm(x, x)
    assert threads() == alone + count - 1
fastnn.set_num_threads(7)
assert threads() == alone + 4  # until there is work
fastnn.set_num_threads(3)
become(alone + 2)
fastnn.set_num_threads(1)
become(alone)
""")


def test_idle_threads_sleep() -> None:
    """Once they have waited for more work: a thread that spun would take all the time that passes."""
    succeed("""
start()
fastnn.set_num_threads(2)
check()
end = time.monotonic() + 200
while time.monotonic() < end:
    before = time.process_time()
    time.sleep(0.3)
    if time.process_time() - before < 0.03:
        break
else:
    sys.exit("the threads don't sleep")
""")


# ---- fork ------------------------------------------------------------------------------------------------------------


def test_fork_after_use() -> None:
    succeed("""
start()
fastnn.set_num_threads(3)
check()
for _ in range(3):
    child = os.fork()
    if child == 0:
        check()
        grandchild = os.fork()
        if grandchild == 0:
            check()
            os._exit(0)
        wait_for(grandchild)
        assert fastnn.get_num_threads() == 3
        os._exit(0)
    check()
    wait_for(child)
""")


def test_fork_while_another_thread_computes() -> None:
    succeed("""
start()
fastnn.set_num_threads(2)
stop = threading.Event()
def compute():
    while not stop.is_set():
        check()
other = threading.Thread(target=compute)
other.start()
for _ in range(20):
    child = os.fork()
    if child == 0:
        check()
        os._exit(0)
    wait_for(child)
stop.set()
other.join()
""")


def test_multiprocessing_with_fork() -> None:
    succeed("""
import multiprocessing
start()
check()
def work(factor):
    return float(kernels.gemm(a * np.float32(factor), a)[0, 0])
with multiprocessing.get_context("fork").Pool(2) as pool:
    results = pool.map_async(work, [1, 2, 4]).get(timeout=200)
assert results == [square[0, 0] * factor for factor in (1, 2, 4)]
check()
""")


# ---- stacks ----------------------------------------------------------------------------------------------------------


def test_kernels_are_content_with_a_small_stack() -> None:
    """A quarter of a megabyte, Python's own frames included, for each way of computing products and convolutions."""
    printed = succeed(
        """
start()
from fastnn import _core
def ones(*shape):
    return np.ones(shape, np.float32)
def work():
    for level in [level["name"] for level in _core.levels() if level["available"]]:
        _core.set_isa(level)
        for turned in (False, True):
            kernels.gemm(ones(784, 128) if turned else ones(128, 784), ones(784, 512), transpose_a=turned)
            kernels.gemm(ones(512, 100) if turned else ones(100, 512), ones(512, 10), transpose_a=turned)
        kernels.gemm(ones(300, 100), ones(200, 100), transpose_b=True)
        for algorithm in range(7):
            _core.set_convolution(algorithm)
            for channels, groups in ((3, 1), (20, 1), (20, 20)):
                x, weight, dy = ones(8, 12, 12, channels), ones(3, 3, channels // groups, 20), ones(8, 12, 12, 20)
                kernels.conv2d(x, weight, padding="same", groups=groups)
                kernels.conv2d_backward_input(dy, weight, x, padding="same", groups=groups)
                kernels.conv2d_backward_weight(x, dy, weight, padding="same", groups=groups)
        _core.set_convolution(0)
        q = ones(2, 2, 90, 32)
        y, logsumexp = kernels.scaled_dot_product_attention(q, q, q)
        kernels.scaled_dot_product_attention_backward(q, q, q, q, y, logsumexp)
        kernels.lstm(ones(20, 3, 30), ones(30, 80), ones(20, 80), ones(80))
        kernels.softmax_cross_entropy_with_gradient(ones(3, 100), np.zeros(3, np.int32), ones(3))
    done.append(True)
done = []
threading.stack_size(256 * 1024)
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(done)
""",
        FASTNN_NUM_THREADS="1",
    )
    assert printed == "[True]"


# ---- exit ------------------------------------------------------------------------------------------------------------


def test_exit_while_daemon_threads_compute() -> None:
    script = """
start()
begun = threading.Barrier(4)
def compute():
    kernels.gemm(a, a)
    begun.wait()
    while True:
        kernels.gemm(a, a)
for _ in range(3):
    threading.Thread(target=compute, daemon=True).start()
begun.wait()
time.sleep(0.01)
"""
    for _ in range(3):
        succeed(script)


def test_exit_right_after_a_region() -> None:
    succeed("start()\ncheck()")


# ---- environment and affinity ----------------------------------------------------------------------------------------


def test_the_environment_limits_the_threads() -> None:
    assert succeed("start()\nprint(fastnn.get_num_threads())", FASTNN_NUM_THREADS="1") == "1"
    # it only lowers the number: the mask still counts
    cpus = len(os.sched_getaffinity(0))
    assert int(succeed("start()\nprint(fastnn.get_num_threads())", FASTNN_NUM_THREADS="1000")) <= cpus
    # asking in the program goes further than the environment
    assert (
        succeed("start()\nfastnn.set_num_threads(3)\ncheck()\nprint(fastnn.get_num_threads())", FASTNN_NUM_THREADS="1")
        == "3"
    )


@pytest.mark.parametrize("value", ["0", "-1", "two", "2.5", "99999999999999999999"])
def test_a_senseless_environment_is_refused_on_first_use(value: str) -> None:
    output = succeed(
        """
import fastnn
from fastnn import kernels
a = np.ones((300, 300), np.float32)
for use in (fastnn.get_num_threads, lambda: kernels.gemm(a, a), lambda: fastnn.set_num_threads(0)):
    try:
        use()
    except ValueError as error:
        print(error)
fastnn.set_num_threads(2)
assert kernels.gemm(a, a)[0, 0] == 300
""",
        FASTNN_NUM_THREADS=value,
    )
    assert output.splitlines() == [f'FASTNN_NUM_THREADS: expected a positive whole number, got "{value}"'] * 3


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity masks on this system")
def test_one_cpu_in_the_affinity_mask_gives_one_thread() -> None:
    output = succeed("""
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
start()
print(fastnn.get_num_threads())
fastnn.set_num_threads(3)
check()
""")
    assert output == "1"


def test_the_level_is_not_changed_under_a_thread_that_computes() -> None:
    succeed("""
start()
from fastnn import _core
level, done = _core.active_isa(), threading.Event()
large = np.ones((600, 600), np.float32)
def compute():
    while not done.is_set():
        kernels.gemm(large, large)
thread = threading.Thread(target=compute)
thread.start()
end = time.monotonic() + 200
said = ""
while not said and time.monotonic() < end:
    try:
        _core.set_isa(level)  # between two products it may
    except RuntimeError as error:
        said = str(error)
assert said.startswith("set_isa: expected no thread to compute, got 1 that may read"), said
for _ in range(10):
    if (child := os.fork()) == 0:
        _core.set_isa(level)  # a child has one thread, which doesn't compute
        os._exit(0)
    wait_for(child)
done.set()
thread.join()
_core.set_isa(level)
""")
