"""What fit, evaluate and predict take: arrays in files, generators, PyDatasets and other iterables; steps and epochs.

Batches that the user's code gives must train as the same rows of an array do, to the bit; whatever happens in that
code, the model stays as the last whole step left it, and no thread is left behind.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn.training.prefetch import Prefetch
from fastnn.utils import PyDataset, timeseries_dataset_from_array

X = np.random.default_rng(0).standard_normal((50, 6)).astype(np.float32)
Y = np.random.default_rng(1).integers(0, 3, 50)
WEIGHTS = np.random.default_rng(2).uniform(0.5, 2, 50).astype(np.float32)
SIZE = 8  # seven batches, the last one of two


def make_model(**options: Any) -> fastnn.Sequential:
    fastnn.utils.set_random_seed(3)
    layers = [fastnn.Input((6,)), fastnn.layers.Dense(5, activation="relu"), fastnn.layers.Dropout(0.2)]
    model = fastnn.Sequential([*layers, fastnn.layers.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **options)
    return model


def batches(*arrays: np.ndarray, size: int = SIZE) -> list[tuple[np.ndarray, ...]]:
    return [tuple(a[i : i + size] for a in arrays) for i in range(0, len(arrays[0]), size)]


def endless(*arrays: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
    while True:
        yield from batches(*arrays)


class Rows(PyDataset):
    """Batches of rows; tells of its epochs."""

    def __init__(self, *arrays: np.ndarray, **options: Any) -> None:
        super().__init__(**options)
        self.rows = batches(*arrays)
        self.events: list[Any] = []

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Any:
        self.events.append(index)
        return self.rows[index]

    def on_epoch_begin(self) -> None:
        self.events.append("begin")

    def on_epoch_end(self) -> None:
        self.events.append("end")


class Again:
    """Gives its batches as often as somebody asks."""

    def __init__(self, *arrays: np.ndarray) -> None:
        self.rows = batches(*arrays)
        self.asked = 0

    def __iter__(self) -> Iterator[Any]:
        self.asked += 1
        return iter(self.rows)


SOURCES: dict[str, Callable[..., Any]] = {
    "generator": endless,
    "dataset": Rows,
    "threads": lambda *arrays: Rows(*arrays, workers=3, max_queue_size=2),
    "iterable": Again,
}


def no_threads_are_left() -> bool:
    return not [thread for thread in threading.enumerate() if thread.name == "fastnn data"]


def same_state(one: fastnn.Model, other: fastnn.Model) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True))


# ---- the same rows, however they come --------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", SOURCES)
def test_batches_train_as_rows_of_an_array_do(kind: str, weighted: bool) -> None:
    arrays = (X, Y, WEIGHTS) if weighted else (X, Y)
    want, model = make_model(), make_model()
    weights = {"sample_weight": WEIGHTS} if weighted else {}
    expected = want.fit(X, Y, batch_size=SIZE, epochs=3, shuffle=False, verbose=0, validation_data=(X, Y), **weights)
    test = SOURCES[kind](X, Y)
    data = SOURCES[kind](*arrays)
    history = model.fit(
        data, epochs=3, steps_per_epoch=7, shuffle=False, verbose=0, validation_data=test, validation_steps=7
    )
    assert history.history.keys() == expected.history.keys()
    for name in ("loss", "accuracy"):
        assert history.history[name] == expected.history[name]
    # of 50 samples 32 are validated at a time in the one, 8 in the other
    np.testing.assert_allclose(history.history["val_loss"], expected.history["val_loss"], rtol=1e-6)
    assert same_state(model, want)
    assert model.recorded
    assert no_threads_are_left()


@pytest.mark.parametrize("kind", SOURCES)
def test_evaluate_and_predict(kind: str) -> None:
    model = make_model()
    expected = model.evaluate(X, Y, batch_size=SIZE, verbose=0)
    assert model.evaluate(SOURCES[kind](X, Y), steps=7, verbose=0) == expected
    results = model.predict(X, batch_size=SIZE)
    np.testing.assert_array_equal(model.predict(SOURCES[kind](X, Y), steps=7), results)
    np.testing.assert_array_equal(model.predict(SOURCES[kind](X), steps=2), results[: 2 * SIZE])
    np.testing.assert_array_equal(model.predict(X, batch_size=SIZE, steps=2), results[: 2 * SIZE])
    first = model.evaluate(X[: 3 * SIZE], Y[: 3 * SIZE], batch_size=SIZE, verbose=0)
    assert model.evaluate(X, Y, batch_size=SIZE, steps=3, verbose=0) == first
    assert no_threads_are_left()


def test_a_generator_of_inputs_alone_and_a_list_of_one() -> None:
    model = make_model()
    want = model.predict(X, batch_size=SIZE)
    np.testing.assert_array_equal(model.predict(x for (x,) in batches(X)), want)
    np.testing.assert_array_equal(model.predict([x] for (x,) in batches(X)), want)


def test_windows_of_a_series_train() -> None:
    series = np.sin(np.arange(120) / 5).astype(np.float32).reshape(-1, 1)
    windows = timeseries_dataset_from_array(series[:-1], series[10:], 10, batch_size=16)
    model = fastnn.Sequential([fastnn.Input((10, 1)), fastnn.layers.LSTM(4), fastnn.layers.Dense(1)])
    model.compile("adam", "mse")
    history = model.fit(windows, epochs=8, verbose=0, validation_data=windows)
    assert len(history.history["loss"]) == 8
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert model.recorded


def test_several_inputs_and_outputs() -> None:
    def build() -> fastnn.Model:
        fastnn.utils.set_random_seed(4)
        a, b = fastnn.Input((6,), name="a"), fastnn.Input((2,), name="b")
        joined = fastnn.layers.Concatenate()([a, b])
        outputs = {
            "first": fastnn.layers.Dense(1, name="first")(joined),
            "second": fastnn.layers.Dense(3, activation="softmax", name="second")(joined),
        }
        model = fastnn.Model([a, b], outputs)
        model.compile("sgd", {"first": "mse", "second": "sparse_categorical_crossentropy"})
        return model

    inputs = {"a": X, "b": X[:, :2]}
    targets = {"first": X[:, :1], "second": Y}

    def give() -> Iterator[Any]:
        for i in range(0, 50, SIZE):
            yield {k: v[i : i + SIZE] for k, v in inputs.items()}, {k: v[i : i + SIZE] for k, v in targets.items()}

    want, model = build(), build()
    expected = want.fit(inputs, targets, batch_size=SIZE, shuffle=False, verbose=0).history
    assert model.fit(give(), verbose=0).history == expected
    assert same_state(model, want)
    results = model.predict(give())
    assert {name: array.shape for name, array in results.items()} == {"first": (50, 1), "second": (50, 3)}


def test_batches_of_any_size_and_class_weights() -> None:
    sizes = [3, 11, 1, 20, 15]
    ends = np.cumsum(sizes)
    rows = [(X[end - size : end], Y[end - size : end]) for size, end in zip(sizes, ends, strict=True)]
    model = make_model()
    model.fit(iter(rows), verbose=0, class_weight={0: 2.0, 1: 0.5})
    want = make_model()
    for x, y in rows:
        want.train_on_batch(x, y, class_weight={0: 2.0, 1: 0.5})
    assert same_state(model, want)
    assert model.optimizer is not None
    assert model.optimizer.iterations == 5


# ---- arrays in files -------------------------------------------------------------------------------------------------

MAPPED = """
import resource, sys
import numpy as np
import fastnn
shape = (2_000_000, 64)  # 1 GB of float64
x = np.memmap(sys.argv[1], dtype=np.float64, mode="r", shape=shape)
model = fastnn.Sequential([fastnn.Input((64,)), fastnn.layers.Dense(64)])
model.compile("sgd", "mse")
model.train_on_batch(np.zeros((32, 64)), np.zeros((32, 64)))
used = int(open("/proc/self/statm").read().split()[5]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_DATA, (used + 200_000_000,) * 2)
y = x[:, ::-1] if sys.argv[2] == "backwards" else x
options = {"batch_size": 32, "steps_per_epoch": 20, "verbose": 0}
model.fit(x, y, epochs=2, validation_data=(x, y), validation_steps=3, **options)
model.fit(x, y, validation_split=0.1, validation_steps=3, **options)
model.evaluate(x, y, steps=5, batch_size=32, verbose=0)
print(model.predict(x, steps=5, batch_size=32).shape, model.recorded)
"""


@pytest.mark.parametrize("kind", ["forwards", "backwards"])
def test_mapped_arrays_are_read_batch_by_batch(kind: str, tmp_path: Path) -> None:
    """The process may not take as much memory as the file is long."""
    file = tmp_path / "x.bin"
    with file.open("wb") as opened:
        opened.truncate(2_000_000 * 64 * 8)  # zeros that take no place on the disk
    done = subprocess.run(
        [sys.executable, "-c", MAPPED, file, kind], capture_output=True, text=True, check=False, timeout=250
    )
    assert done.stdout.split("\n")[0] == "(160, 64) True", done.stderr


def test_mapped_arrays_train_as_others_do(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X.astype(np.float64))
    np.save(tmp_path / "y.npy", Y)
    x, y = (np.load(tmp_path / name, mmap_mode="r") for name in ("x.npy", "y.npy"))
    want, model, strided = make_model(), make_model(), make_model()
    want.fit(X, Y, batch_size=SIZE, epochs=2, verbose=0)
    model.fit(x, y, batch_size=SIZE, epochs=2, verbose=0)
    wide = np.memmap(tmp_path / "wide.bin", dtype=np.float32, mode="w+", shape=(50, 12))
    wide[:, ::2] = X
    strided.fit(wide[:, ::2], y, batch_size=SIZE, epochs=2, verbose=0)
    assert same_state(model, want)
    assert same_state(strided, want)


# ---- steps and epochs ------------------------------------------------------------------------------------------------


def test_steps_go_on_where_the_epoch_before_stopped() -> None:
    """Two epochs of three and four batches see what one epoch of seven sees."""
    want = make_model()
    want.fit(X, Y, batch_size=SIZE, shuffle=False, verbose=0)
    for kind, make in SOURCES.items():
        model = make_model()
        data = make(X, Y)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model.fit(data, epochs=2, steps_per_epoch=3, shuffle=False, verbose=0)
        x, y = batches(X, Y)[6]
        model.train_on_batch(x, y)
        assert same_state(model, want), kind
    model = make_model()
    model.fit(X, Y, batch_size=SIZE, epochs=2, steps_per_epoch=3, shuffle=False, verbose=0)
    model.train_on_batch(*batches(X, Y)[6])
    assert same_state(model, want)


def test_nothing_is_read_beyond_the_last_step() -> None:
    data = endless(X, Y)
    model, want = make_model(), make_model()
    for _ in range(7):
        model.fit(data, steps_per_epoch=1, verbose=0)
    want.fit(X, Y, batch_size=SIZE, shuffle=False, verbose=0)
    assert same_state(model, want)
    np.testing.assert_array_equal(next(data)[0], X[:SIZE])


def test_shuffled_steps_take_every_sample_once() -> None:
    """Seven batches in epochs of three: one order for the three epochs of a pass, another for the next pass."""
    seen: list[np.ndarray] = []

    class Spy(fastnn.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = fastnn.layers.Dense(1)

        def call(self, x: Any) -> Any:
            seen.append(np.array(x.numpy()[:, 0]))
            return self.dense(x)

    model = Spy()
    model.compile("sgd", "mse", run_eagerly=True)
    model.train_on_batch(X[:2], X[:2, :1])
    rows = np.arange(50, dtype=np.float32).reshape(50, 1).repeat(6, 1)
    seen.clear()
    with pytest.warns(UserWarning, match="fit: the data ran out before its steps were done"):
        history = model.fit(rows, rows[:, :1], batch_size=SIZE, epochs=6, steps_per_epoch=3, verbose=0)
    taken = [part for part in seen if len(part) in (SIZE, 2)]
    assert len(history.epoch) == 6
    assert sorted(np.concatenate(taken[:7])) == list(range(50))
    assert sorted(np.concatenate(taken[7:14])) == list(range(50))
    assert not np.array_equal(taken[0], taken[7])


def test_the_batches_of_a_dataset_are_shuffled() -> None:
    data = Rows(X, Y)
    model = make_model()
    model.fit(data, epochs=2, verbose=0)
    first, second = data.events[2:9], data.events[11:18]
    assert data.events == [0, "begin", *first, "end", "begin", *second, "end"]
    assert sorted(first) == sorted(second) == list(range(7))
    assert first != second
    data.events.clear()
    model.fit(data, epochs=2, verbose=0, shuffle=False)
    assert data.events == [0, *["begin", *range(7), "end"] * 2]


def test_a_dataset_without_end() -> None:
    class Endless(PyDataset):
        num_batches = None

        def __getitem__(self, index: int) -> Any:
            return batches(X, Y)[index % 7]

    model, want = make_model(), make_model()
    model.fit(Endless(workers=2), epochs=7, steps_per_epoch=2, verbose=0)
    want.fit(X, Y, batch_size=SIZE, epochs=2, shuffle=False, verbose=0)
    assert same_state(model, want)


def test_batches_made_in_processes() -> None:
    model, want = make_model(), make_model()
    data = Rows(X, Y, workers=2, use_multiprocessing=True)
    model.fit(data, epochs=2, shuffle=False, verbose=0)
    want.fit(X, Y, batch_size=SIZE, epochs=2, shuffle=False, verbose=0)
    assert same_state(model, want)
    assert data.events == [0, "begin", "end", "begin", "end"]  # the batches were made elsewhere
    assert no_threads_are_left()


def test_validation_at_some_epochs_only() -> None:
    for frequency, epochs in ((2, [2, 4]), ([1, 4], [1, 4]), ({5}, [5])):
        history = make_model().fit(
            X, Y, epochs=5, verbose=0, validation_data=(X, Y), validation_freq=frequency, batch_size=25
        )
        assert len(history.history["val_loss"]) == len(epochs)
        assert len(history.history["loss"]) == 5


def test_validation_steps_and_batch_size() -> None:
    model = make_model()
    seen: list[int] = []

    class Steps(fastnn.callbacks.Callback):
        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(batch)

    options: dict[str, Any] = {"verbose": 0, "callbacks": [Steps()], "validation_data": (X, Y)}
    history = model.fit(X, Y, epochs=2, batch_size=10, validation_batch_size=20, **options)
    assert seen == [0, 1, 2] * 2
    seen.clear()
    model.fit(X, Y, epochs=2, batch_size=10, validation_steps=2, **options)
    assert seen == [0, 1] * 2
    assert history.params["steps"] == 5


def test_batch_size_follows_from_steps() -> None:
    model = make_model()
    history = model.fit(X, Y, steps_per_epoch=10, verbose=0)
    assert history.params["steps"] == 10
    assert model.optimizer is not None
    assert model.optimizer.iterations == 10


# ---- data that ends --------------------------------------------------------------------------------------------------


def test_a_generator_that_ends_early_gives_one_warning() -> None:
    model = make_model()
    with pytest.warns(UserWarning, match="fit: the data ran out before its steps were done") as caught:
        history = model.fit(iter(batches(X, Y)), epochs=5, steps_per_epoch=3, verbose=0)
    assert len(caught) == 1
    assert Path(caught[0].filename).name == "test_data.py"
    assert history.epoch == [0, 1, 2]
    assert model.optimizer is not None
    assert model.optimizer.iterations == 7


def test_a_generator_for_one_epoch() -> None:
    model = make_model()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(model.fit(iter(batches(X, Y)), verbose=0).epoch) == 1
    with pytest.warns(UserWarning, match="ran out"):
        assert model.fit(iter(batches(X, Y)), epochs=3, verbose=0).epoch == [0]
    with pytest.warns(UserWarning, match="fit: validation_data: the data ran out"):
        history = model.fit(X, Y, epochs=3, verbose=0, validation_data=iter(batches(X, Y))).history
    assert [len(history[name]) for name in ("loss", "val_loss")] == [3, 1]


def test_iterables_that_end_early_begin_anew() -> None:
    for make in (Rows, Again):
        model = make_model()
        with pytest.warns(UserWarning, match="ran out") as caught:
            history = model.fit(make(X, Y), epochs=4, steps_per_epoch=5, verbose=0)
        assert len(caught) == 1
        assert len(history.epoch) == 4
        assert model.optimizer is not None
        assert model.optimizer.iterations == 14


# ---- errors ----------------------------------------------------------------------------------------------------------


def test_an_error_in_the_generator_reaches_the_caller() -> None:
    def broken() -> Iterator[Any]:
        yield from batches(X, Y)[:3]
        raise OSError("the disk is gone")

    model, want = make_model(), make_model()
    with pytest.raises(OSError, match="the disk is gone") as caught:
        model.fit(broken(), verbose=0)
    assert "broken" in [entry.name for entry in caught.traceback]
    want.fit(X[: 3 * SIZE], Y[: 3 * SIZE], batch_size=SIZE, shuffle=False, verbose=0)
    assert same_state(model, want)
    assert no_threads_are_left()
    model.fit(X, Y, verbose=0)  # the model is free again


@pytest.mark.parametrize("options", [{}, {"workers": 3}, {"workers": 2, "use_multiprocessing": True}])
def test_an_error_in_a_dataset_reaches_the_caller(options: dict[str, Any]) -> None:
    class Broken(Rows):
        def __getitem__(self, index: int) -> Any:
            if index == 4:
                raise KeyError("row 4")
            return super().__getitem__(index)

    model = make_model()
    with pytest.raises(KeyError, match="row 4"):
        model.fit(Broken(X, Y, **options), shuffle=False, verbose=0)
    assert model.optimizer is not None
    assert model.optimizer.iterations == 4
    assert no_threads_are_left()


@pytest.mark.parametrize(
    ("data", "options", "error", "message"),
    [
        (lambda: endless(X, Y), {"y": Y}, ValueError, "expected y as it is in the batches that the generator gives"),
        (lambda: Rows(X, Y), {"y": Y}, ValueError, "expected y as it is in the batches that the PyDataset gives"),
        (lambda: Again(X, Y), {"batch_size": 4}, ValueError, "expected batch_size as it is in the batches"),
        (lambda: Again(X, Y), {"sample_weight": Y}, ValueError, "expected sample_weight as it is in the batches"),
        (
            lambda: Rows(X, Y),
            {"validation_split": 0.1},
            ValueError,
            "fit: expected validation_data beside a PyDataset, got validation_split=0.1",
        ),
        (lambda: iter([]), {}, ValueError, "fit: expected batches from the generator, got none"),
        (lambda: Rows(X[:0], Y[:0]), {}, ValueError, "fit: expected batches from the PyDataset, got none"),
        (lambda: iter([(X, Y, Y, Y)]), {}, ValueError, r"fit: expected a batch \(x,\), \(x, y\) or .*, got 4 parts"),
        (lambda: iter(["text"]), {}, TypeError, "expected x to be an array of numbers"),
        (lambda: iter([(X[:, :5], Y)]), {}, ValueError, "expected input"),
        (lambda: iter([(X,)]), {}, ValueError, "fit: expected data y, got None"),
        (lambda: endless(X, Y), {"steps_per_epoch": 0}, ValueError, "expected steps_per_epoch of at least 1, got 0"),
        (lambda: endless(X, Y), {"validation_freq": "two"}, TypeError, "expected validation_freq to be an integer"),
        (lambda: endless(X, Y), {"validation_steps": 1.5}, TypeError, "expected validation_steps to be an integer"),
    ],
)
def test_wrong_use(data: Callable[[], Any], options: dict[str, Any], error: type[Exception], message: str) -> None:
    model = make_model()
    before = model.get_weights()
    with pytest.raises(error, match=message):
        model.fit(data(), verbose=0, **options)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True))
    assert no_threads_are_left()


def test_a_bad_batch_leaves_the_last_whole_step() -> None:
    bad = Y.copy()
    bad[20] = 7
    for rows, error in ((batches(X, bad), IndexError), ([*batches(X, Y)[:2], (X[:4, :3], Y[:4])], ValueError)):
        model, want = make_model(), make_model()
        with pytest.raises(error) as caught:
            model.fit(iter(rows), verbose=0)
        assert "in batch 2 of the generator, counted from 0" in "".join(caught.value.__notes__)
        want.fit(X[:16], Y[:16], batch_size=SIZE, shuffle=False, verbose=0)
        assert same_state(model, want)


def test_a_bad_batch_of_a_generator_has_one_number() -> None:
    bad = Y.copy()
    bad[20] = 7
    with pytest.raises(IndexError) as caught:
        make_model().fit(iter(batches(X, bad)), verbose=0)
    assert [note for note in caught.value.__notes__ if note.startswith("in batch")] == [
        "in batch 2 of the generator, counted from 0"
    ]


class Processes(PyDataset):
    """Rows whose batches tell which process made them."""

    def __init__(self, file: Path) -> None:
        super().__init__(workers=1, use_multiprocessing=True)
        self.file, self.rows = file, batches(X, Y)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Any:
        with self.file.open("a") as file:
            file.write(f"{os.getpid()}\n")
        return self.rows[index]


class Changing(Processes):
    def on_epoch_end(self) -> None:
        self.rows = self.rows[::-1]


@pytest.mark.parametrize(("kind", "pools"), [(Processes, 1), (Changing, 3)])
def test_processes_stay_while_their_copies_are_right(kind: Any, pools: int, tmp_path: Path) -> None:
    data = kind(tmp_path / "processes")
    make_model().fit(data, epochs=3, verbose=0)
    made = {int(line) for line in data.file.read_text().split()} - {os.getpid()}
    assert len(made) == pools
    assert no_threads_are_left()


def test_a_process_that_dies_names_its_dataset() -> None:
    class Dying(Rows):
        def __getitem__(self, index: int) -> Any:
            if index == 2 and multiprocessing.parent_process() is not None:
                os._exit(1)
            return super().__getitem__(index)

    with pytest.raises(RuntimeError, match=r"Dying: a process that makes batches has ended near batch .* threads"):
        make_model().fit(Dying(X, Y, workers=1, use_multiprocessing=True), shuffle=False, verbose=0)
    assert no_threads_are_left()


def test_a_dataset_whose_init_calls_no_super() -> None:
    class Forgetful(Rows):
        def __init__(self) -> None:
            self.rows, self.events = batches(X, Y), []

    with pytest.warns(UserWarning, match=r"Forgetful: call super\(\).__init__"):
        make_model().fit(Forgetful(), verbose=0)


# ---- threads ---------------------------------------------------------------------------------------------------------


def test_batches_are_made_ahead_of_the_steps() -> None:
    made: list[int] = []

    def numbered() -> Iterator[Any]:
        for number in range(40):
            made.append(number)
            yield X[:SIZE], Y[:SIZE]

    ahead: list[int] = []

    class Look(fastnn.callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            end = time.monotonic() + 100
            while batch < 30 and len(made) - batch <= 2 and time.monotonic() < end:
                time.sleep(0.001)
            time.sleep(0.005)
            ahead.append(len(made) - batch)

    make_model().fit(numbered(), verbose=0, callbacks=[Look()])
    assert min(ahead[:30]) > 2  # the thread was ahead, or came to be
    assert max(ahead) <= 6  # and not by more than it may


def test_stopping_ends_the_thread() -> None:
    class Stop(fastnn.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_training = batch == 3

    model = make_model()
    model.fit(endless(X, Y), verbose=0, callbacks=[Stop()])
    assert model.optimizer is not None
    assert model.optimizer.iterations == 4
    assert no_threads_are_left()


@pytest.mark.parametrize("slow", [False, True])
def test_ctrl_c(slow: bool) -> None:
    """In the middle of steps, and while a batch is waited for."""
    go_on = threading.Event()

    def rows() -> Iterator[Any]:
        for number, batch in enumerate(endless(X, Y)):
            if slow and number == 3:
                go_on.wait()
            yield batch

    def interrupt() -> None:
        while optimizer.iterations < (3 if slow else 4):
            time.sleep(0.001)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        go_on.set()

    model = make_model()
    optimizer = model.optimizer
    assert optimizer is not None
    other = threading.Thread(target=interrupt)
    with contextlib.suppress(KeyboardInterrupt):
        other.start()
        model.fit(rows(), verbose=0)
        pytest.fail("fit ended by itself")
    other.join()
    assert no_threads_are_left()
    want = make_model()
    taken = optimizer.iterations
    assert taken == 3 if slow else taken > 3
    want.fit(endless(X, Y), steps_per_epoch=taken, verbose=0)
    assert same_state(model, want)


def test_threads_may_predict_from_generators() -> None:
    model = make_model()
    want = model.predict(X, batch_size=SIZE)
    results: list[np.ndarray] = []

    def work() -> None:
        results.extend(model.predict(iter(batches(X))) for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 15
    assert all(np.array_equal(result, want) for result in results)


# ---- training that was interrupted -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*SOURCES, "array"])
def test_training_goes_on_with_the_same_bits(kind: str, tmp_path: Path) -> None:
    def data() -> dict[str, Any]:
        if kind == "array":
            return {"x": X, "y": Y, "batch_size": SIZE}
        return {"x": SOURCES[kind](X, Y)}

    class Crash(fastnn.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            assert self.model.optimizer is not None
            if self.model.optimizer.iterations == 8:
                raise RuntimeError("crash")

    options: dict[str, Any] = {"epochs": 4, "steps_per_epoch": 3, "verbose": 0}
    want = make_model()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # seven batches in epochs of three
        want.fit(**data(), **options)
        backup = fastnn.callbacks.BackupAndRestore
        model = make_model()
        with pytest.raises(RuntimeError, match="crash"):
            model.fit(**data(), **options, callbacks=[backup(tmp_path, save_freq=1), Crash()])
        again = make_model()
        again.fit(**data(), **options, callbacks=[backup(tmp_path, save_freq=1)])
    assert same_state(again, want)


def test_scripts_end_with_ctrl_c(tmp_path: Path) -> None:
    """A script as a user writes it, in processes of its own: it ends, and prints one traceback."""
    script = tmp_path / "train.py"
    script.write_text(
        textwrap.dedent(
            """
            import os, signal, threading, time
            import numpy as np
            import fastnn

            class Data(fastnn.utils.PyDataset):
                def __len__(self):
                    return 10**6

                def __getitem__(self, index):
                    return np.zeros((4, 3)), np.zeros((4, 1))

            model = fastnn.Sequential([fastnn.Input((3,)), fastnn.layers.Dense(1)])
            model.compile("sgd", "mse")

            def interrupt():
                while model.optimizer.iterations < 20:
                    time.sleep(0.001)
                os.kill(os.getpid(), signal.SIGINT)

            threading.Thread(target=interrupt, daemon=True).start()
            model.fit(Data(workers=2, use_multiprocessing=True), shuffle=False, verbose=0)
            """
        )
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, timeout=250)
    assert done.returncode in (-signal.SIGINT, 1, 130)
    assert done.stderr.count("KeyboardInterrupt") == 1, done.stderr


def test_ctrl_c_while_the_threads_begin_ends_them(monkeypatch: pytest.MonkeyPatch) -> None:
    begin, count, finished = threading.Thread.start, itertools.count(), []

    def start(thread: threading.Thread) -> None:
        if next(count):
            raise KeyboardInterrupt
        begin(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(KeyboardInterrupt):
        Prefetch(iter(range(9)), abs, workers=3, finish=lambda: finished.append(True))
    assert finished == [True]
    assert not [thread for thread in threading.enumerate() if thread.name == "fastnn data"]


def test_lists_of_batches_are_no_array() -> None:
    with pytest.raises(ValueError, match="fit: expected x to be an array of numbers, got a list of parts of several"):
        make_model().fit([(np.ones((4, 3)), np.ones(4)), (np.ones((4, 3)), np.ones(4))], verbose=0)


def test_class_weights_by_names_are_refused() -> None:
    with pytest.raises(TypeError, match="fit: expected class_weight to map class numbers to weights, got 'a': 2"):
        make_model().fit(X, Y, class_weight={"a": 2}, verbose=0)  # type: ignore[dict-item]
