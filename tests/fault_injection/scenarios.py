"""What the engine's users do, with each allocation failing once: ``python scenarios.py NAME STRIDE`` with faults.cpp
preloaded. Ends with status 0 when every failure was a MemoryError, left the object as it was after its last whole step
and usable, and nothing leaked.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import fastnn
from fastnn import _core, kernels, layers
from fastnn import functional as F

faults = ctypes.CDLL(None)
faults.faults_arm.argtypes = [ctypes.c_int64, ctypes.c_int]
faults.faults_disarm.restype = faults.faults_live.restype = ctypes.c_int64


@dataclass
class Scenario:
    """prepare makes an object, action works on it and gives a value, check looks at the object after an action that
    gave that value, or that failed (None), and uses it. With extension, what the bindings allocate fails too.
    """

    prepare: Callable[[], Any]
    action: Callable[[Any], Any]
    check: Callable[[Any, Any], None]
    extension: bool = False


def live() -> int:
    gc.collect()
    return int(faults.faults_live())


def leaked(before: int) -> int:
    """Blocks beyond those before, once other threads of the process have let go of theirs."""
    more = live() - before
    for _ in range(5000):
        if more <= 0:
            return 0
        time.sleep(0.01)
        more = live() - before
    return more


def attempt(scenario: Scenario, k: int) -> tuple[int, bool]:
    """One round with the k-th allocation failing: how many allocations there were, and whether it raised."""
    subject = scenario.prepare()
    raised = False
    value = None
    faults.faults_arm(k, scenario.extension)
    try:
        value = scenario.action(subject)
    except MemoryError:
        raised = True
    finally:
        count = faults.faults_disarm()
    assert raised != (value is not None)
    scenario.check(subject, value)
    return count, raised


def run(scenario: Scenario, stride: int) -> tuple[int, int, int]:
    """Allocations of the action, rounds with a failure, and how many of those raised."""
    for _ in range(3):  # caches fill
        count, _ = attempt(scenario, 0)
    before = live()
    rounds = raised = 0
    k = 1
    while True:
        total, failed = attempt(scenario, k)
        if total < k:
            break
        rounds += 1
        raised += failed
        assert leaked(before) == 0, f"allocation {k}: {leaked(before)} blocks leaked"
        k += stride
    return count, rounds, raised


def same(got: Any, want: Any) -> None:
    for a, b in zip(got, want, strict=True):
        np.testing.assert_array_equal(a, b)


# ---- calls -----------------------------------------------------------------------------------------------------------

rng = np.random.default_rng(1)
IMAGES = rng.standard_normal((12, 8, 8, 3)).astype(np.float32)
LABELS = rng.integers(0, 4, 12)
MATRIX = rng.standard_normal((160, 160)).astype(np.float32)


def forward() -> Scenario:
    def action(_: None) -> list[np.ndarray]:
        fastnn.set_num_threads(2)  # brings threads that have ended
        weight = fastnn.Tensor(MATRIX[:27, :4].reshape(3, 3, 3, 4), requires_grad=True)
        x = F.relu(F.conv2d(fastnn.Tensor(IMAGES), weight, padding="same"))
        loss = F.mean(F.max_pool2d(x, 2))
        loss.backward()
        return [
            loss.numpy(),
            weight.grad.numpy(),
            kernels.gemm(MATRIX, MATRIX[::-1, ::-1]),  # a copy inside
            kernels.softmax(MATRIX[:, ::2]),
        ]

    def check(_: None, got: list[np.ndarray] | None) -> None:
        if got is not None:
            same(got, want)
        same(action(None), want)
        fastnn.set_num_threads(1)

    want = action(None)
    return Scenario(lambda: None, action, check)


def program() -> Scenario:
    """A step recorded, written, read, planned and replayed, with weights packed at its first replay."""
    x = _core.Array.from_numpy(IMAGES)
    shapes = {"kernel": (3, 3, 3, 4), "bias": (4,), "table": (64, 5)}
    states = {name: _core.Array.from_numpy(rng.standard_normal(shape).astype("f4")) for name, shape in shapes.items()}

    def action(_: None) -> list[Any]:
        recorder = _core.Recorder()
        recorder.argument(x, "x", True)
        for name, state in states.items():
            recorder.state(state, name)
        with recorder:
            y = _core.op("conv2d")(x, states["kernel"], states["bias"], padding="same", activation="relu")
            y, _ = _core.op("max_pool2d")(y, pool_size=(2, 2))
            y = _core.op("linear")(_core.op("reshape")(y, shape=(-1, 64)), states["table"])
            recorder.result(y, "y")
        graph = recorder.finish()
        text = graph.text()
        made = _core.Program(graph, len(IMAGES))
        results = [np.array(made.run([x])[0].numpy()) for _ in range(2)]
        return [text, _core.Graph.parse(text).text(), made.text(), *results]

    def check(_: None, got: list[Any] | None) -> None:
        if got is not None:
            same(got, want)
        same(action(None), want)

    want = action(None)
    return Scenario(lambda: None, action, check)


# ---- models ----------------------------------------------------------------------------------------------------------


def model() -> fastnn.Sequential:
    fastnn.utils.set_random_seed(3)
    made = fastnn.Sequential(
        [
            fastnn.Input((8, 8, 3)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dropout(0.25),
            layers.Dense(4, activation="softmax"),
        ]
    )
    made.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return made


def state(made: fastnn.Sequential) -> list[np.ndarray]:
    tensors = {**made._named_weights(), **made._named_slots()}
    return [np.array(tensor.numpy()) for tensor in tensors.values()]


def predict() -> Scenario:
    subject = model()
    want = subject.predict(IMAGES, batch_size=5)

    def prepare() -> fastnn.Sequential:
        subject._predict_step.drop()
        return subject

    def action(made: fastnn.Sequential) -> np.ndarray:
        return made.predict(IMAGES, batch_size=5)

    def check(made: fastnn.Sequential, got: np.ndarray | None) -> None:
        if got is not None:
            same(got, want)
        same(made.predict(IMAGES, batch_size=5), want)

    return Scenario(prepare, action, check)


def fit() -> Scenario:
    size, steps = 3, 4

    def train(made: fastnn.Sequential, first: int = 0, callbacks: Any = None) -> Any:
        data = IMAGES[first * size :], LABELS[first * size :]
        return made.fit(*data, batch_size=size, shuffle=False, verbose=0, callbacks=callbacks)

    class Keep(fastnn.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            states.append(state(self.model))

    clean = model()
    clean.optimizer.build(clean.trainable_weights)
    states = [state(clean)]
    train(clean, callbacks=Keep())
    assert len(states) == steps + 1

    def prepare() -> fastnn.Sequential:
        made = model()
        made.optimizer.build(made.trainable_weights)
        return made

    def check(made: fastnn.Sequential, got: Any) -> None:
        done = int(made.optimizer.iterations)
        assert got is None or done == steps
        same(state(made), states[done])
        if done < steps:
            train(made, done)
        same(state(made), states[steps])

    return Scenario(prepare, train, check)


FOLDER = Path(tempfile.mkdtemp())


def save() -> Scenario:
    subject = model()
    path = FOLDER / "model.fastnn"
    subject.save(path)
    old = path.read_bytes()
    subject.fit(IMAGES, LABELS, batch_size=6, verbose=0)
    subject.save(path)
    new = path.read_bytes()
    assert new != old

    def prepare() -> None:
        path.write_bytes(old)

    def action(_: None) -> bool:
        subject.save(path)
        return True

    def check(_: None, got: bool | None) -> None:
        assert path.read_bytes() == (old if got is None else new)
        assert list(FOLDER.iterdir()) == [path]
        subject.save(path)
        assert path.read_bytes() == new

    return Scenario(prepare, action, check, extension=True)


def load() -> Scenario:
    path = FOLDER / "model.fastnn"
    subject = model()
    subject.fit(IMAGES, LABELS, batch_size=6, verbose=0)
    subject.save(path)
    want = state(subject)

    def action(_: None) -> fastnn.Sequential:
        return fastnn.models.load_model(path)

    def check(_: None, got: fastnn.Sequential | None) -> None:
        same(state(action(None) if got is None else got), want)

    return Scenario(lambda: None, action, check)


SCENARIOS = {made.__name__: made for made in (forward, program, predict, fit, save, load)}


def main(name: str, stride: int) -> None:
    count, rounds, raised = run(SCENARIOS[name](), stride)
    print(f"{name}: {count} allocations, {rounds} failed, {raised} raised MemoryError")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
