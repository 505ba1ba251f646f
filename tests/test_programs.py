"""Recording and replay: the same bits as eager, nothing frozen silently, nothing half-committed, no allocation."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from op_calls import levels
from step_models import Batch, Network, batches
from tolerances import assert_same_bits

import fastnn
from fastnn import Sequential, Tensor, _core, layers
from fastnn import functional as F
from fastnn.program import MAX_KEYS, Step, update

KINDS = ("dense", "convolution")


def training_step(network: Network) -> Step:
    return Step(network.train, states=network.states, scalars=network.scalars, name="train")


def state(network: Network) -> dict[str, np.ndarray]:
    return {name: np.array(value.numpy()) for name, value in network.states().items()}


def assert_same_state(got: dict[str, np.ndarray], want: dict[str, np.ndarray], what: str = "") -> None:
    for name, value in want.items():
        assert_same_bits(got[name], value, f"{what} {name}")


def counters(network: Network) -> list[float]:
    return [scalar.value for scalar, _ in network.scalars().values()]


def replays(step: Step) -> int:
    """Of a step with one key: every program of a key says how often the key was replayed."""
    return max((program["replays"] for program in step.info()), default=0)


# ---- the same as eager -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_replay_has_the_bits_of_eager_for_20_steps(kind: str, threads: int) -> None:
    fastnn.set_num_threads(threads)
    eager, replayed = Network(kind), Network(kind)
    step = training_step(replayed)
    for index, (x, labels) in enumerate(batches(kind, 20)):
        want = eager.train_eagerly(x, labels)
        (loss,) = step(x, labels)
        assert_same_bits(np.array(loss.numpy()), want, f"{kind} step {index} loss")
        assert_same_state(state(replayed), state(eager), f"{kind} step {index}")
        assert counters(replayed) == counters(eager)
    assert replays(step) == 18
    assert step.eager_reasons() == []
    assert replayed.total.numpy()[1] == 20 * 8


def test_any_number_of_threads_gives_the_same_weights() -> None:
    results = []
    for threads in (1, 2, 3, 7):
        fastnn.set_num_threads(threads)
        network = Network("convolution")
        step = training_step(network)
        for x, labels in batches("convolution", 6, size=64):
            step(x, labels)
        results.append(state(network))
    for other in results[1:]:
        assert_same_state(other, results[0])


@pytest.mark.parametrize("level", levels())
def test_every_level_replays_what_it_computes_eagerly(level: str) -> None:
    _core.set_isa(level)
    eager, replayed = Network("convolution"), Network("convolution")
    step = training_step(replayed)
    for x, labels in batches("convolution", 5):
        eager.train_eagerly(x, labels)
        step(x, labels)
    assert replays(step) == 3
    assert_same_state(state(replayed), state(eager), level)


@pytest.mark.parametrize("kind", KINDS)
def test_other_batch_sizes_are_right(kind: str) -> None:
    eager, replayed = Network(kind), Network(kind)
    step = training_step(replayed)
    data = [batch for size in (8, 8, 8, 5, 5, 8, 5, 1, 3, 17, 8, 1) for batch in batches(kind, 1, size)]
    for index, (x, labels) in enumerate(data):
        want = eager.train_eagerly(x, labels)
        (loss,) = step(x, labels)
        assert_same_bits(np.array(loss.numpy()), want, f"step {index} batch {len(x)}")
        assert_same_state(state(replayed), state(eager), f"step {index} batch {len(x)}")
    assert step.eager_reasons() == []
    assert {entry["batch"] for entry in step.info()} >= {8, 5, 1, 3, 17}


def test_predicting_writes_into_out_and_equals_eager() -> None:
    network = Network("convolution")
    step = Step(network.predict, states=network.states, name="predict")
    for size in (8, 8, 8, 3, 3, 3):
        x = batches("convolution", 1, size)[0][0]
        want = network.predict(Tensor(x))[0].numpy()
        out = np.zeros((size, 10), np.float32)
        (result,) = step(x, out=[out])
        assert_same_bits(out, want, "out")
        assert_same_bits(np.array(result.numpy()), want, "result")


def test_values_of_the_first_steps_stay() -> None:
    network = Network("dense")
    step = training_step(network)
    predict = Step(network.predict, states=network.states, name="predict")
    data = batches("dense", 105)
    kept = []
    for x, labels in data:
        tensors = (*step(x, labels), *predict(x))
        kept.append((tensors, [np.array(tensor.numpy()) for tensor in tensors]))
    for index, (tensors, wanted) in enumerate(kept):
        for tensor, value in zip(tensors, wanted, strict=True):
            assert_same_bits(np.array(tensor.numpy()), value, f"the result of step {index} changed")


# ---- inputs, not constants -------------------------------------------------------------------------------------------


def test_a_new_learning_rate_counts_without_recording_again() -> None:
    eager, replayed = Network("dense"), Network("dense")
    step = training_step(replayed)
    for index, (x, labels) in enumerate(batches("dense", 12)):
        for network in (eager, replayed):
            network.learning_rate.value = 0.01 / (1 + index)
            network.seed.value = index // 4
        eager.train_eagerly(x, labels)
        step(x, labels)
    assert replays(step) == 10
    assert_same_state(state(replayed), state(eager))


def test_weights_set_from_outside_count() -> None:
    network = Network("dense")
    step = Step(network.predict, states=network.states, name="predict")
    x = batches("dense", 1)[0][0]
    for factor in (1, 1, 1, 2, 3):
        network.weights["w1"].assign(network.weights["w1"].numpy() * np.float32(factor))
        assert_same_bits(np.array(step(x)[0].numpy()), network.predict(Tensor(x))[0].numpy(), f"factor {factor}")


def line_of(step: Step) -> str:
    """The line of this file that holds the step's function, a lambda."""
    return f"{__file__}:{step._function.__code__.co_firstlineno}: "  # type: ignore[attr-defined]


def test_an_array_that_is_nothing_known_is_not_frozen_and_named_with_its_line() -> None:
    hidden = np.arange(4, dtype=np.float32)
    step = Step(lambda x: (x * Tensor(hidden),), states=dict, name="scale")
    reason = re.escape(line_of(step)) + r"multiply: b \(4,\) is neither .*argument.*constant"
    with pytest.warns(RuntimeWarning, match=f"^scale runs without a program: {reason}"):
        step(np.ones((3, 4), np.float32))
    for _ in range(3):  # and warns only once
        hidden += 1
        np.testing.assert_array_equal(step(np.ones((3, 4), np.float32))[0].numpy(), np.tile(hidden, (3, 1)))
    hidden = np.arange(4, dtype=np.float32)
    frozen = fastnn.constant(hidden)
    step = Step(lambda x: (x * frozen,), states=dict, name="scale")
    for _ in range(4):
        np.testing.assert_array_equal(step(np.ones((3, 4), np.float32))[0].numpy(), np.tile(hidden, (3, 1)))
    assert replays(step) == 2


def test_a_constant_that_changes_is_not_frozen() -> None:
    value = [0.0]
    step = Step(lambda x: (x * fastnn.constant(np.full(4, value[0], np.float32)),), states=dict, name="drifting")
    x = np.ones((2, 4), np.float32)
    step(x)
    value[0] = 1.0
    with pytest.warns(RuntimeWarning, match=r"drifting runs without a program: .*constant"):
        (result,) = step(x)
    assert (result.numpy() == 1).all()
    value[0] = 2.0
    assert (step(x)[0].numpy() == 2).all()


def test_a_constant_that_changes_is_told_with_the_line_of_the_op_that_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def function(x: Tensor) -> tuple[Tensor]:
        y = x + 1
        return (y * sys.hidden,)  # type: ignore[attr-defined]

    step = Step(function, states=dict, name="drifting")
    x = np.ones((2, 4), np.float32)
    monkeypatch.setattr(sys, "hidden", 0.5, raising=False)
    step(x)
    monkeypatch.setattr(sys, "hidden", 0.25)
    reason = (
        f"drifting runs without a program: {__file__}:{function.__code__.co_firstlineno + 2}: record: a constant () of "
        "op 1, multiply, has other values in the second recording; pass it as an argument"
    )
    with pytest.warns(RuntimeWarning, match=re.escape(reason)):
        step(x)


@pytest.mark.parametrize("recorded", [0, 1, 3])
def test_a_batch_in_the_memory_of_what_the_step_writes_is_read_as_it_is_written(recorded: int) -> None:
    """Before, between and after the recordings: as without a program."""
    weight = Tensor(np.ones((3, 2), np.float32))

    def function(x: Tensor) -> tuple[Tensor]:
        weight.add_(1)
        return (x * 2,)

    step = Step(function, states=lambda: {"weight": weight}, name="count")
    for _ in range(recorded):
        step(np.zeros((3, 2), np.float32))
    reason = "count runs without a program: .*an argument shares memory with state that the step writes"
    with pytest.warns(RuntimeWarning, match=reason):
        got = [step(weight)[0].tolist()[0][0] for _ in range(4)]
    assert got == [2.0 * (recorded + 2 + call) for call in range(4)]


def test_recordings_that_disagree_run_eagerly_and_say_so() -> None:
    calls = []

    def function(x: Tensor) -> tuple[Tensor]:
        calls.append(1)
        return (F.relu(x) if len(calls) % 2 else x * 2,)

    step = Step(function, states=dict, name="fickle")
    x = -np.ones((2, 3), np.float32)
    assert (step(x)[0].numpy() == 0).all()
    with pytest.warns(RuntimeWarning, match="fickle runs without a program"):
        assert (step(x)[0].numpy() == -2).all()
    for index in range(4):
        assert (step(x)[0].numpy() == (-2 if index % 2 else 0)).all()
    assert step.info() == []
    (reason,) = step.eager_reasons()
    assert "relu" in reason
    assert "multiply" in reason


def test_a_plain_number_for_a_run_time_input_is_not_frozen() -> None:
    step = Step(lambda x: (F.dropout(x, 0.5, seed=1, stream=0, step=0),), states=dict, name="dropping")
    with pytest.warns(RuntimeWarning, match=r"test_programs.py:\d+: dropout: (seed|step) is an input at run time"):
        step(np.ones((2, 3), np.float32))


def test_state_is_read_as_the_step_has_written_it() -> None:
    counter = Tensor(np.zeros(2))

    def function(x: Tensor) -> tuple[Tensor]:
        update("mean_update", counter, x)
        return (counter * 1.0,)

    step = Step(function, states=lambda: {"counter": counter}, name="count")
    seen = [float(step(np.ones((2, 3), np.float32))[0].numpy()[1]) for _ in range(5)]
    assert seen == [6, 12, 18, 24, 30]
    assert counter.numpy().tolist() == [30, 30]
    assert step.eager_reasons() == []


# ---- nothing half-changed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("at", [0, 1, 2, 5])
def test_a_label_out_of_range_leaves_everything_as_it_was(kind: str, at: int) -> None:
    network = Network(kind)
    step = training_step(network)
    data = batches(kind, 8)
    for x, labels in data[:at]:
        step(x, labels)
    before, counts = state(network), counters(network)
    x, labels = data[at]
    wrong = labels.copy()
    wrong[3] = 10
    with pytest.raises(IndexError, match="10"):
        step(x, wrong)
    assert_same_state(state(network), before, f"{kind} error at step {at}")
    assert counters(network) == counts
    other = Network(kind)
    again = training_step(other)
    for x, labels in data[:at]:
        again(x, labels)
    for x, labels in data[at:]:
        assert_same_bits(np.array(step(x, labels)[0].numpy()), np.array(again(x, labels)[0].numpy()), "after the error")
    assert_same_state(state(network), state(other))


def test_an_exception_in_the_function_leaves_everything_as_it_was() -> None:
    network = Network("dense")
    fail = [False]

    def function(x: Tensor, labels: Tensor) -> tuple[Tensor]:
        result = network.train(x, labels)
        if fail[0]:
            raise KeyboardInterrupt
        return result

    step = Step(function, states=network.states, scalars=network.scalars, name="train")
    (x, labels), *_ = batches("dense", 1)
    fail[0] = True
    before, counts = state(network), counters(network)
    with pytest.raises(KeyboardInterrupt):
        step(x, labels)
    assert_same_state(state(network), before)
    assert counters(network) == counts
    fail[0] = False
    for _ in range(4):
        step(x, labels)
    assert replays(step) == 2


def test_a_bad_learning_rate_in_replay_is_refused_before_anything_is_written() -> None:
    network = Network("dense")
    step = training_step(network)
    for x, labels in batches("dense", 4):
        step(x, labels)
    before, counts = state(network), counters(network)
    network.learning_rate.value = float("nan")
    with pytest.raises(ValueError, match="learning_rate"):
        step(x, labels)
    assert_same_state(state(network), before)
    assert counters(network)[1:] == counts[1:]


def test_wrong_arguments_are_refused() -> None:
    network = Network("dense")
    step = training_step(network)
    (x, labels), *_ = batches("dense", 1)
    for _ in range(3):
        step(x, labels)
    before = state(network)
    with pytest.raises(ValueError, match="batch"):
        step(x, labels[:-1])
    with pytest.raises((ValueError, TypeError), match="linear"):
        step(x[:, :5], labels)
    with pytest.raises(TypeError):
        step(x.astype(np.float64), labels)
    assert_same_state(state(network), before)


# ---- programs --------------------------------------------------------------------------------------------------------


def test_setting_the_level_drops_programs() -> None:
    network = Network("dense")
    step = training_step(network)
    data = batches("dense", 4)
    for x, labels in data:
        step(x, labels)
    assert replays(step) == 2
    if len(levels()) > 1:
        for level in levels():
            _core.set_isa(level)
            eager, other = Network("dense"), Network("dense")
            fresh = training_step(other)
            for x, labels in data:
                eager.train_eagerly(x, labels)
                fresh(x, labels)
            assert_same_state(state(other), state(eager), level)
    step.drop()
    assert step.info() == []


def test_the_arena_is_smaller_than_the_values() -> None:
    for kind in KINDS:
        step = training_step(Network(kind))
        for x, labels in batches(kind, 3):
            step(x, labels)
        (info,) = step.info()
        assert info["nodes"] > 10
        assert 0 < info["arena_bytes"] < 0.8 * info["value_bytes"]


def test_the_text_of_a_graph_is_versioned_and_names_ops_and_inputs() -> None:
    step = training_step(Network("convolution"))
    for x, labels in batches("convolution", 2):
        step(x, labels)
    text = step.text()
    assert text.splitlines()[0] == "fastnn-graph 1"
    for word in (
        "conv2d",
        "conv2d_backward_weight",
        "max_pool2d",
        "softmax_cross_entropy",
        "adam_update",
        "mean_update",
        '$"learning_rate"',
        '$"iterations"',
        "first/k1",
        "N, 8, 8, 1",
    ):
        assert word in text, word


def test_dead_results_are_not_computed() -> None:
    weight = Tensor(np.ones((3, 4), np.float32))

    def function(x: Tensor) -> tuple[Tensor, ...]:
        F.exp(F.matmul(x, weight))  # nobody reads this
        shape_only = F.exp(x)
        return (F.fill(shape_only, 2.0) + F.softmax(x),)

    step = Step(function, states=lambda: {"weight": weight})
    for size in (2, 3, 3):
        (y,) = step(np.zeros((size, 3), np.float32))
        np.testing.assert_array_equal(y.numpy(), np.full((size, 3), 2 + 1 / np.float32(3), np.float32))
    assert {info["nodes"] for info in step.info()} == {1}
    lines = step.plans(3).splitlines()
    assert lines[0] == "fastnn-program 1 batch 3"
    dead = [line for line in lines if line.startswith("not run: ")]
    assert [line.split("= ")[1].split(".")[0] for line in dead] == ["gemm", "exp", "exp"]
    assert sum(" bytes at " in line or " in result " in line for line in lines) == 1
    assert sum(" in scratch" in line for line in lines) == 2


def test_a_buffer_that_several_ops_add_into_keeps_all_of_them() -> None:
    def function(x: Tensor) -> tuple[Tensor, ...]:
        total = F.copy(x)
        F.copy(x, into=total)
        part = total[1:]
        F.copy(x[1:], into=part)
        return (total,)

    step = Step(function, states=dict)
    x = np.arange(6, dtype=np.float32).reshape(3, 2)
    for _ in range(3):
        (y,) = step(x)
        np.testing.assert_array_equal(y.numpy(), np.concatenate([2 * x[:1], 3 * x[1:]]))
    assert "not run" not in step.plans(3)


def test_the_program_of_a_model_leaves_out_the_softmax_that_only_the_loss_skips() -> None:
    model = Sequential([layers.Input((4,)), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(RuntimeError, match="fit has not trained with batches of 8 yet"):
        model.program(8, training=True)
    model.fit(np.ones((24, 4), np.float32), np.zeros(24, np.int64), batch_size=8, verbose=0)
    text = model.program(8, training=True)
    assert any(line.startswith("not run: ") and "softmax.1" in line for line in text.splitlines())
    predicting = model.program(5)
    assert "fastnn-graph 1" in predicting
    assert "fastnn-program 1 batch 5" in predicting
    assert "not run" not in predicting
    with pytest.raises(RuntimeError, match="expected a built model"):
        Sequential([layers.Dense(3)]).program()


def test_extra_keys_have_programs_of_their_own() -> None:
    scale = [2.0]
    step = Step(lambda x: (x * scale[0],), states=dict, name="scale")
    x = np.ones((2, 2), np.float32)
    for value in (2.0, 3.0, 2.0, 3.0, 2.0, 3.0, 2.0, 3.0):
        scale[0] = value
        assert step(x, extra_key=(value,))[0].numpy()[0, 0] == value
    assert step.eager_reasons() == []


def test_the_number_of_forms_is_bounded() -> None:
    step = Step(lambda x: (F.multiply(x, 2.0),), states=dict, name="double")
    for _ in range(2):
        for length in range(1, 2 * MAX_KEYS):
            x = np.ones((2, length), np.float32)
            for _ in range(2):
                (result,) = step(x)
                assert_same_bits(np.array(result.numpy()), 2 * x, f"length {length}")
            step(np.ones((2, 1), np.float32))  # is used all the time, and stays
    assert len(step.info()) == MAX_KEYS
    assert max(program["replays"] for program in step.info()) > 4 * MAX_KEYS - 10


def test_eight_threads_may_replay_one_program() -> None:
    network = Network("convolution")
    step = Step(network.predict, states=network.states, name="predict")
    inputs = [batches("convolution", 8)[i][0] for i in range(8)]
    want = [network.predict(Tensor(x))[0].numpy() for x in inputs]
    wrong: list[str] = []
    start = threading.Barrier(8)

    def work(index: int) -> None:
        start.wait()
        for repeat in range(60):
            got = np.array(step(inputs[index])[0].numpy())
            if got.tobytes() != want[index].tobytes():
                wrong.append(f"thread {index} call {repeat}")

    threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_two_threads_training_two_networks_don_t_meet() -> None:
    data = batches("dense", 30)
    networks = [Network("dense") for _ in range(3)]

    def work(network: Network, data: Sequence[Batch]) -> None:
        step = training_step(network)
        for x, labels in data:
            step(x, labels)

    threads = [threading.Thread(target=work, args=(network, data)) for network in networks[:2]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    work(networks[2], data)
    for network in networks[:2]:
        assert_same_state(state(network), state(networks[2]))


# ---- allocations -----------------------------------------------------------------------------------------------------

COUNTER = r"""
// Counts what all threads allocate while fastnn_program_run or _run_batches is on the stack of one of them, and in how
// many of these calls the interpreter is locked: the engine knows no Python, so it is not locked within.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);

static atomic_int inside;
static atomic_long allocations, runs, locked;

static void seen(void) {
  if (atomic_load(&inside) > 0) atomic_fetch_add(&allocations, 1);
}
void* malloc(size_t n) { seen(); return __libc_malloc(n); }
void* calloc(size_t n, size_t m) { seen(); return __libc_calloc(n, m); }
void* realloc(void* p, size_t n) { seen(); return __libc_realloc(p, n); }
void* memalign(size_t a, size_t n) { seen(); return __libc_memalign(a, n); }
void* aligned_alloc(size_t a, size_t n) { seen(); return __libc_memalign(a, n); }
int posix_memalign(void** p, size_t a, size_t n) {
  seen();
  *p = __libc_memalign(a, n);
  return *p != NULL ? 0 : ENOMEM;
}
void* mmap(void* a, size_t n, int prot, int flags, int fd, long offset) {
  static void* (*next)(void*, size_t, int, int, int, long);
  seen();
  if (next == NULL) next = dlsym(RTLD_NEXT, "mmap");
  return next(a, n, prot, flags, fd, offset);
}

static void enter(void) {
  int (*held)(void) = dlsym(RTLD_DEFAULT, "PyGILState_Check");
  atomic_fetch_add(&locked, held());
  atomic_fetch_add(&inside, 1);
}
// the extension's library is in no scope that RTLD_NEXT looks at
static void* engine(const char* name) { return dlsym(dlopen(getenv("FASTNN_LIBRARY"), RTLD_LAZY | RTLD_NOLOAD), name); }

int fastnn_program_run_batches(void* program, const void* batches, int64_t* done) {
  static int (*next)(void*, const void*, int64_t*);
  if (next == NULL) next = engine("fastnn_program_run_batches");
  enter();
  const int status = next(program, batches, done);
  atomic_fetch_sub(&inside, 1);
  atomic_fetch_add(&runs, *done);
  return status;
}
int fastnn_program_run(void* program, const void* a, int64_t n, void* r, int64_t m) {
  static int (*next)(void*, const void*, int64_t, void*, int64_t);
  if (next == NULL) next = engine("fastnn_program_run");
  atomic_fetch_add(&runs, 1);
  enter();
  const int status = next(program, a, n, r, m);
  atomic_fetch_sub(&inside, 1);
  return status;
}
long counted_allocations(void) { return atomic_load(&allocations); }
long counted_runs(void) { return atomic_load(&runs); }
long counted_locks(void) { return atomic_load(&locked); }
"""

# A thread of the pool takes memory when it begins. None counts before all have begun, and sleep.
SETTLED = """
import os, time
from pathlib import Path

def settled():
    mine = str(os.getpid())
    for task in Path("/proc/self/task").iterdir():
        while task.name != mine and (task / "stat").read_text().rpartition(")")[2].split()[0] != "S":
            time.sleep(0.001)
"""
COUNTED = """
    import ctypes, sys
    import fastnn
    import numpy as np
    from fastnn.batches import Batches
    from fastnn.program import Step
    from step_models import Network, batches

    counter = ctypes.CDLL(None)
    fastnn.set_num_threads(int(sys.argv[2]))
    network = Network(sys.argv[1])
    step = Step(network.train, states=network.states, scalars=network.scalars, name="train")
    predict = Step(network.predict, states=network.states, name="predict")
    data = batches(sys.argv[1], 12, size=64)
    for index, (x, labels) in enumerate(data):
        step(x, labels)
        predict(x)
        if index == 3:  # two recordings, then the first two replays
            settled()
            before, runs = counter.counted_allocations(), counter.counted_runs()
    print(counter.counted_runs() - runs, counter.counted_allocations() - before, counter.counted_locks())

    def train(x, labels):
        network.train(x, labels)
        return ()

    step = Step(train, states=network.states, scalars=network.scalars, name="train")
    x, labels = batches(sys.argv[1], 1, size=640)[0]
    many = Batches((x.astype(float), labels), (np.float32, labels.dtype), 64)
    order = np.random.default_rng(0).permutation(640)
    for _ in range(3):  # two recordings, then the replay that makes memory for batches
        many.run(step, 0, order=order, most=1)
    settled()
    before, runs = counter.counted_allocations(), counter.counted_runs()
    done = 0
    while done < 640:
        done += many.run(step, done, order=order)
    print(counter.counted_runs() - runs, counter.counted_allocations() - before, counter.counted_locks())
"""


COUNTED_STREAM = """
    import ctypes, sys
    import numpy as np
    import fastnn
    from fastnn import layers

    counter = ctypes.CDLL(None)
    fastnn.set_num_threads(int(sys.argv[2]))
    model = fastnn.Sequential([
        fastnn.Input((None, 8)),
        layers.Conv1D(64, 3, padding="causal", dilation_rate=2, activation="relu"),
        layers.LayerNormalization(),
        layers.LSTM(200, return_sequences=True),
        layers.GRU(64, return_sequences=True),
        layers.TimeDistributed(layers.Dense(10, activation="softmax")),
    ])
    stepper = model.stream(batch_size=16)
    for step, x in enumerate(np.random.default_rng(0).normal(size=(20, 16, 8))):
        stepper.step(x)
        if step == 3:  # two recordings, then the first two replays
            settled()
            before, runs = counter.counted_allocations(), counter.counted_runs()
    print(counter.counted_runs() - runs, counter.counted_allocations() - before, counter.counted_locks())
"""
COUNTED_MODEL = """
    import ctypes, sys
    import numpy as np
    import fastnn
    from fastnn import functional as F, layers, optimizers

    counter = ctypes.CDLL(None)
    fastnn.set_num_threads(int(sys.argv[2]))
    model = fastnn.Sequential([
        fastnn.Input((12, 12, 3)),
        layers.Conv2D(16, 3, activation="relu", padding="same"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(),
        layers.Dropout(0.3),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(320, 12, 12, 3)).astype(np.float32), rng.integers(0, 10, 320)
    adam = optimizers.Adam()

    @fastnn.compile
    def step(x, y):
        loss = F.mean(F.softmax_cross_entropy(model(x, training=True), y))
        adam.minimize(loss, model.trainable_weights)
        return loss

    def by_hand():
        for start in range(0, 320, 32):
            step(x[start : start + 32], y[start : start + 32])

    for run in (
        lambda: model.fit(x, y, batch_size=32, epochs=1, verbose=0),
        lambda: model.evaluate(x, y, batch_size=32, verbose=0),
        lambda: model.predict(x, batch_size=32),
        by_hand,
    ):
        run()  # two recordings, and the replays that make memory for batches and threads
        run()
        settled()
        before, runs = counter.counted_allocations(), counter.counted_runs()
        run()
        print(counter.counted_runs() - runs, counter.counted_allocations() - before, counter.counted_locks())
"""
SCRIPTS = {"dense": COUNTED, "convolution": COUNTED, "stream": COUNTED_STREAM, "model": COUNTED_MODEL}
REPLAYS = {"stream": [16], "model": [10, 10, 10, 10]}  # else of one step in a call, then of many


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("kind", SCRIPTS)
def test_replay_allocates_nothing_and_leaves_the_gil_alone(kind: str, threads: int, tmp_path: Path) -> None:
    (tmp_path / "counter.c").write_text(COUNTER)
    library = tmp_path / "counter.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-w", "-o", library, tmp_path / "counter.c", "-ldl"], check=True)
    maps = Path("/proc/self/maps").read_text()
    done = subprocess.run(
        [sys.executable, "-c", SETTLED + textwrap.dedent(SCRIPTS[kind]), kind, str(threads)],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "LD_PRELOAD": str(library),
            "FASTNN_LIBRARY": next(line for line in maps.splitlines() if "/libfastnn.so" in line).split()[-1],
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        },
    )
    assert done.returncode == 0, done.stderr
    counts = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    assert counts == [(replays, 0, 0) for replays in REPLAYS.get(kind, [16, 10])]


# ---- what a step refuses ---------------------------------------------------------------------------------------------


def test_a_step_inside_a_step_is_refused_when_it_replays_too() -> None:
    inner = Step(lambda x: (x * 2.0,), states=dict, name="inner")
    x = np.ones((2, 3), np.float32)
    for _ in range(4):
        inner(x)
    outer = Step(lambda x: inner(x), states=dict, name="outer")
    with pytest.raises(RuntimeError, match="inner: a step can't run inside another step"):
        outer(x)


def test_assigning_what_python_has_computed_runs_eagerly() -> None:
    counter = Tensor(np.zeros(1, np.float32))

    def count(x: Tensor) -> tuple[Tensor, ...]:
        counter.assign(counter.numpy() + 1)
        return (x * 2.0,)

    step = Step(count, states=lambda: {"counter": counter}, name="count")
    with pytest.warns(RuntimeWarning, match=r"test_programs.py:\d+: Python reads the values of a Tensor"):
        step(np.ones((2, 3), np.float32))
    for _ in range(2):
        step(np.ones((2, 3), np.float32))
    assert counter.item() == 3


def test_assigning_what_the_step_has_computed_is_part_of_it() -> None:
    counter = Tensor(np.zeros(1, np.float32), requires_grad=True)

    def count(x: Tensor) -> tuple[Tensor, ...]:
        counter.assign(counter + 1)
        return (x * counter,)

    step = Step(count, states=lambda: {"counter": counter}, name="count")
    for index in range(1, 6):
        assert (step(np.ones((2, 3), np.float32))[0].numpy() == index).all()
    assert replays(step) == 3


@pytest.mark.parametrize("replay", [False, True])
def test_out_of_a_step_is_memory_that_can_be_written(replay: bool) -> None:
    step = Step(lambda x: (x * 3.0,), states=dict, name="triple")
    x = np.ones((2, 3), np.float32)
    for _ in range(3 * replay):
        step(x)
    good = np.zeros((2, 3), np.float32)
    step(x, out=[good])
    np.testing.assert_array_equal(good, 3)
    read_only = np.broadcast_to(np.float32(0), (2, 3))
    for bad in (np.zeros((2, 3), np.float32, order="F"), read_only, np.zeros((2, 6), np.float32)[:, ::2], [0.0]):
        with pytest.raises(ValueError, match="triple: expected out to be writable, aligned arrays in C order"):
            step(x, out=[bad])
    with pytest.raises(ValueError, match=r"expected 1 (arrays in out|results), got 0"):
        step(x, out=[])
    with pytest.raises((ValueError, TypeError)):
        step(x, out=[np.zeros((2, 4), np.float32)])


def test_a_function_that_returns_no_tensors_is_refused() -> None:
    step = Step(lambda x: (1.0,), states=dict, name="arrays")  # type: ignore[arg-type, return-value]
    with pytest.raises(TypeError, match="arrays: expected the function to return a tuple of Tensors"):
        step(np.ones((2, 3), np.float32))


def test_verify_every_notices_a_number_that_changed() -> None:
    factor = [2.0]
    step = Step(lambda x: (x * factor[0],), states=dict, name="scale", verify_every=3)
    x = np.ones((2, 3), np.float32)
    for _ in range(4):
        (y,) = step(x)
        np.testing.assert_array_equal(y.numpy(), 2)
    factor[0] = 5.0
    with pytest.warns(RuntimeWarning, match="scale runs without a program"):
        (y,) = step(x)
    np.testing.assert_array_equal(y.numpy(), 5)
    np.testing.assert_array_equal(step(x)[0].numpy(), 5)


@pytest.fixture
def two_results() -> tuple[_core.Program, _core.Array, _core.Array]:
    """A program of (x + w, x * w), its argument and its state."""
    x, w = (_core.Array.from_numpy(np.array(values, np.float32)) for values in ([1, 2, 3], [4, 5, 6]))
    recorder = _core.Recorder()
    recorder.argument(x, "x", False)
    recorder.state(w, "w")
    with recorder:
        for op, name in (("add", "sum"), ("multiply", "product")):
            recorder.result(_core.op(op)(x, w), name)
    return _core.Program(recorder.finish(), 1), x, w


def test_results_that_share_memory_are_refused(two_results: tuple[_core.Program, _core.Array, _core.Array]) -> None:
    program, x, w = two_results
    own = _core.Array.empty([3], np.dtype(np.float32))
    # all but the last element of the one is the other without its first
    whole = np.zeros(5, np.float32)
    first, second = (_core.Array.from_numpy(part, copy=False) for part in (whole[:3], whole[2:]))
    for results, sentence in (
        ([x, own], "result sum shares memory with argument x"),
        ([own, w], "result product shares memory with state w"),
        ([own, own], "result product shares memory with result sum"),
        ([first, second], "result product shares memory with result sum"),
    ):
        with pytest.raises(ValueError, match=f"^program: {sentence}; give it memory of its own$"):
            program.run([x], results)
    assert x.numpy().tolist() == [1, 2, 3]
    assert w.numpy().tolist() == [4, 5, 6]
    assert [result.numpy().tolist() for result in program.run([x], [own, None])] == [[5, 7, 9], [4, 10, 18]]


def test_results_have_the_number_and_the_strides_of_the_plan(
    two_results: tuple[_core.Program, _core.Array, _core.Array],
) -> None:
    program, x, _ = two_results
    for count in (0, 1, 3):
        with pytest.raises(ValueError, match=f"^program: expected 2 results, got {count}$"):
            program.run([x], [None] * count)
    gaps = _core.Array.from_numpy(np.zeros(6, np.float32)[::2], copy=False)
    with pytest.raises(ValueError, match=r"^program: expected contiguous result sum, got strides \(2,\)$"):
        program.run([x], [gaps, None])


def test_a_replay_takes_what_it_says_it_takes(
    two_results: tuple[_core.Program, _core.Array, _core.Array],
) -> None:
    program, x, _ = two_results
    wrong: list[list[object]] = [
        [],
        [x, x],
        [None],
        [[1.0, 2.0, 3.0]],
        [np.ones(2, np.float32)],
        [np.ones((3, 1), np.float32)],
        [np.ones(3)],
        [np.ones(6, np.float32)[::2]],
        [_core.Array.from_numpy(np.ones(2, np.float32))],
    ]
    for given in wrong:
        assert not program.takes(given)
        with pytest.raises(ValueError, match=r"^program: expected arguments that it takes$"):
            program.replay(given)
    for given in ([x], [np.array([1, 2, 3], np.float32)]):
        assert program.takes(given)
        assert [result.numpy().tolist() for result in program.replay(given)] == [[5, 7, 9], [4, 10, 18]]


def test_a_recorder_that_is_dropped_inside_records_no_longer() -> None:
    x = _core.Array.from_numpy(np.ones(3, np.float32))
    for _ in range(3):
        _core.Recorder().__enter__()
        assert _core.op("add")(x, x).numpy().tolist() == [2, 2, 2]
