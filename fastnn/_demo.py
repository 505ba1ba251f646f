"""`fastnn demo`: trains a convolutional network on the bundled digits, times its training step against plain NumPy, and
writes the model and a picture of how it did.

The NumPy step is benchmarks/numpy_step.py of the sources. It runs in a process of its own with the same number of
threads, and the rounds alternate, so that neither side's threads disturb the other.
"""

from __future__ import annotations

import io
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core, datasets, losses, metrics, optimizers, utils
from ._report import write_report
from .layers import Conv2D, Dense, Flatten, Input, MaxPooling2D
from .models.sequential import Sequential

__all__ = ["run", "training_step"]

EPOCHS = 40
BATCH = 32
ROUNDS, STEPS, BUDGET = 9, 20, 8.0  # of the comparison with NumPy: at most so many rounds, or seconds after the third
AGREEMENT = 1e-4  # how far the losses of the two may be apart
PAUSE = 0.05  # seconds between two rounds, for threads that wait for work to fall asleep

# the network in the words of the NumPy step, which takes logits where the model has a softmax
NUMPY_LAYERS = [
    ("conv", 32, "same"),
    ("pool",),
    ("conv", 64, "same"),
    ("pool",),
    ("flatten",),
    ("dense", 128, "relu"),
    ("dense", 10, "linear"),
]

Data = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]


def run(epochs: int | None = None, out: str = "fastnn-demo", threads: int | None = None, seed: int = 0) -> int:
    """Run the demo and print how it goes.

    Parameters
    ----------
    epochs : int, default 40
    out : str, default "fastnn-demo"
        Folder for model.safetensors and report.png; made when it is not there.
    threads : int, optional
        As many as the machine offers when not given.
    seed : int, default 0
        Decides the first weights and the order of the samples.

    Returns
    -------
    int
        The exit status: 0 when all went well, 1 when the losses differ from NumPy's, 2 when an option makes no sense.
    """
    try:
        folder = _prepare(EPOCHS if epochs is None else epochs, out, threads, seed)
    except (ValueError, OSError) as problem:
        print(f"fastnn demo: {problem}", file=sys.stderr)
        return 2
    try:
        return _demo(EPOCHS if epochs is None else epochs, folder)
    except KeyboardInterrupt:
        print("\nfastnn demo: stopped", file=sys.stderr)
        return 130


def _prepare(epochs: int, out: str, threads: int | None, seed: int) -> Path:
    """Checks the options, sets threads and seed, and makes the folder."""
    if epochs < 1:
        raise ValueError(f"--epochs: expected at least 1, got {epochs}")
    if threads is not None:
        if threads < 1:
            raise ValueError(f"--threads: expected at least 1, got {threads}")
        _core.set_num_threads(threads)
    if seed < 0:
        raise ValueError(f"--seed: expected a number that is not negative, got {seed}")
    utils.set_random_seed(seed)
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--out: expected a folder, got the file {out}")
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise ValueError(f"--out: the folder {out} can't be written to")
    return folder


def _demo(epochs: int, folder: Path) -> int:
    data = _data()
    x_train, y_train, x_test, y_test = data
    model = _model()
    threads = _core.get_num_threads()
    print(
        f"fastnn {_core.version()}, {_core.active_isa()}, {_threads(threads)}: "
        f"{len(x_train)} handwritten digits to train on, {len(x_test)} held out"
    )
    start = time.perf_counter()
    history = model.fit(x_train, y_train, batch_size=BATCH, epochs=epochs, validation_data=(x_test, y_test)).history
    seconds = time.perf_counter() - start
    probabilities = model.predict(x_test, verbose=0)
    wrong = int((probabilities.argmax(axis=1) != y_test).sum())
    accuracy = 1 - wrong / len(y_test)
    print(
        f"\nAccuracy on the held-out digits: {100 * accuracy:.1f} % ({wrong} of {len(y_test)} wrong) "
        f"after {seconds:.1f} s of training"
    )
    agreed = _compare(data, threads)
    model.save(folder / "model.safetensors")
    print(f"Wrote {folder / 'model.safetensors'}")
    _draw(folder / "report.png", accuracy, history, data, probabilities, model)
    return 0 if agreed else 1


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def _data() -> Data:
    """Images (n, 8, 8, 1) in [0, 1] and labels, for training and held out."""
    (x_train, y_train), (x_test, y_test) = datasets.digits.load_data()

    def scaled(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        return images[..., np.newaxis].astype(np.float32) / np.float32(16)

    return scaled(x_train), y_train.astype(np.int32), scaled(x_test), y_test.astype(np.int32)


def _model() -> Sequential:
    """The demo's network, ready to train."""
    model = Sequential(
        [
            Input((8, 8, 1)),
            Conv2D(32, 3, padding="same", activation="relu"),
            MaxPooling2D(),
            Conv2D(64, 3, padding="same", activation="relu"),
            MaxPooling2D(),
            Flatten(),
            Dense(128, activation="relu"),
            Dense(10, activation="softmax"),
        ]
    )
    accuracy = metrics.SparseCategoricalAccuracy(name="accuracy")
    model.compile(optimizers.Adam(), losses.SparseCategoricalCrossentropy(), metrics=[accuracy])
    return model


def training_step(model: Sequential) -> Callable[[NDArray[Any], NDArray[Any]], float]:
    """The step that `fit` takes for a batch x, y, as a function that returns the batch's loss."""
    optimizer = model.optimizer
    assert optimizer is not None
    optimizer.build(model.trainable_weights)

    def step(x: NDArray[Any], y: NDArray[Any]) -> float:
        model.reset_metrics()
        model._run(model._train_step, x, y, key=optimizer._key())
        return float(model._results()["loss"])

    return step


class _NumpyStep:
    """The NumPy step in its own process."""

    def __init__(self, threads: int, weights: list[NDArray[Any]], x: NDArray[Any], y: NDArray[Any]) -> None:
        spec = find_spec("fastnn._demo_numpy_step")
        if spec is None or spec.origin is None:
            raise RuntimeError("demo: the NumPy step is missing from this installation of fastnn")
        names = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "BLIS_NUM_THREADS")
        self._process = subprocess.Popen(
            [sys.executable, "-P", spec.origin],
            env={**os.environ, **dict.fromkeys(names, str(threads))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        archive = io.BytesIO()
        np.savez(archive, allow_pickle=False, x=x, y=y, **{f"w{i}": weight for i, weight in enumerate(weights)})
        setup = {"input_shape": x.shape[2:], "layers": NUMPY_LAYERS, "optimizer": "adam", "bytes": archive.tell()}
        self._send(json.dumps(setup).encode() + b"\n" + archive.getvalue())

    def _send(self, message: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(message)
        self._process.stdin.flush()

    def round(self, steps: int) -> dict[str, Any]:
        """{"seconds", "losses", "blas"} of so many steps from the first weights."""
        self._send(json.dumps({"steps": steps}).encode() + b"\n")
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"demo: the NumPy step ended with status {self._process.wait()}")
        return dict(json.loads(answer))

    def close(self) -> None:
        self._process.communicate()


def _compare(data: Data, threads: int) -> bool:
    """Times fastnn's step and NumPy's from the same weights over the same batches; says whether the losses agree."""
    x, y = (array[: STEPS * BATCH].reshape(STEPS, BATCH, *array.shape[1:]) for array in data[:2])
    model = _model()
    weights = model.get_weights()
    step = training_step(model)

    def ours() -> tuple[list[float], list[float]]:
        """Seconds and losses of STEPS steps from the first weights."""
        optimizer = model.optimizer
        assert optimizer is not None
        model.set_weights(weights)
        optimizer.iterations.assign(0)
        for slot in optimizer.variables[2:]:
            slot.assign(np.zeros(slot.shape, np.float32))
        seconds, values = [], []
        for images, labels in zip(x, y, strict=True):
            start = time.perf_counter()
            values.append(step(images, labels))
            seconds.append(time.perf_counter() - start)
        return seconds, values

    # small products can be faster on one thread than on several: NumPy may choose
    peers = {count: _NumpyStep(count, weights, x, y) for count in sorted({1, threads})}
    mine: list[float] = []
    theirs: dict[int, list[float]] = {count: [] for count in peers}
    shares: dict[int, list[float]] = {count: [] for count in peers}
    difference = 0.0
    try:
        ours()  # the first round records the step, and lets NumPy allocate
        for peer in peers.values():
            peer.round(STEPS)
        end = time.perf_counter() + BUDGET
        while len(mine) < ROUNDS * STEPS and (len(mine) < 3 * STEPS or time.perf_counter() < end):
            time.sleep(PAUSE)
            seconds, values = ours()
            mine += seconds
            for count, peer in peers.items():
                time.sleep(PAUSE)
                answer = peer.round(STEPS)
                difference = max(difference, float(np.abs(np.subtract(values, answer["losses"])).max()))
                theirs[count] += answer["seconds"]
                shares[count].append(answer["blas"])
    finally:
        for peer in peers.values():
            peer.close()
    best = min(theirs, key=lambda count: statistics.median(theirs[count]))
    our_time, their_time = statistics.median(mine), statistics.median(theirs[best])
    print(
        f"The training step ran {their_time / our_time:.1f} times faster than the same step in plain NumPy "
        f"({100 * statistics.median(shares[best]):.0f} % of whose time is BLAS)\n"
        f"  {1e3 * our_time:.2f} ms against {1e3 * their_time:.2f} ms: medians of {len(mine)} steps, "
        f"batches of {BATCH}, {_threads(threads)}"
        + (f" (NumPy is fastest with {_threads(best)})" if best != threads else "")
    )
    agreed = difference <= AGREEMENT
    if agreed:
        print(f"  the losses of all these steps agree to {difference:.0e}")
    else:
        print(f"  but the losses differ by {difference:.0e}, more than {AGREEMENT:.0e}: the comparison is void")
    return agreed


def _draw(
    path: Path,
    accuracy: float,
    history: dict[str, list[float]],
    data: Data,
    probabilities: NDArray[Any],
    model: Sequential,
) -> None:
    """Writes the report, or says how to get it."""
    _, _, x_test, y_test = data
    try:
        write_report(
            path,
            title=f"fastnn demo: {100 * accuracy:.1f} % of {len(y_test)} held-out digits recognised",
            history=history,
            images=x_test[..., 0],
            labels=y_test,
            probabilities=probabilities,
            kernels=model.get_weights()[0],
        )
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] != "matplotlib":
            raise
        print('For the report with pictures: pip install "fastnn-core[plot]", then run this again')
    else:
        print(f"Wrote {path}")
