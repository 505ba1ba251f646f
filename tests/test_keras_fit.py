"""What fit, evaluate and predict do with data, against Keras 3: histories, weights, and what callbacks are told.

The same batches from arrays, generators and PyDatasets, with steps_per_epoch and its like.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import fastnn

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore::UserWarning"),  # Keras's about shuffle and about data that ends
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

RNG = np.random.default_rng(0)
X = RNG.standard_normal((22, 3)).astype(np.float32)
Y = (X @ RNG.standard_normal((3, 2))).astype(np.float32)
W = RNG.uniform(0.5, 2, 22).astype(np.float32)
KERNEL = RNG.standard_normal((3, 2)).astype(np.float32)
SIZE = 4  # six batches, the last one of two
ROWS = [(X[i : i + SIZE], Y[i : i + SIZE], W[i : i + SIZE]) for i in range(0, 22, SIZE)]


def endless(parts: int) -> Iterator[Any]:
    while True:
        yield from (row[:parts] for row in ROWS)


def dataset(library: Any, parts: int = 2, **options: Any) -> Any:
    class Data(library.utils.PyDataset):  # type: ignore[misc, name-defined]
        def __len__(self) -> int:
            return len(ROWS)

        def __getitem__(self, index: int) -> Any:
            return ROWS[index][:parts]

    return Data(**options)


def make_model(library: Any) -> Any:
    model = library.Sequential([library.layers.Input((3,)), library.layers.Dense(2)])
    model.set_weights([KERNEL, np.zeros(2, np.float32)])
    model.compile(library.optimizers.SGD(0.1, momentum=0.5), "mse", metrics=["mae"])
    return model


def listener(library: Any, told: list[Any]) -> Any:
    """A callback that notes what it is told, in order."""
    names = [f"on_{kind}_{moment}" for kind in ("train", "test", "predict") for moment in ("begin", "end")]
    names += [f"on_{kind}_batch_{moment}" for kind in ("train", "test", "predict") for moment in ("begin", "end")]
    names += ["on_epoch_begin", "on_epoch_end"]

    def note(name: str) -> Callable[..., None]:
        def method(self: Any, *numbers: Any, logs: Any = None) -> None:
            if numbers and not isinstance(numbers[-1], int):
                *numbers, logs = numbers  # type: ignore[assignment]
            logs = logs or {}
            if name == "on_train_begin":
                told.append({key: self.params[key] for key in ("epochs", "steps", "verbose")})
            told.append(
                (name, *numbers, sorted(logs), [float(np.mean(value)) for value in map(logs.get, sorted(logs))])
            )

        return method

    return type("Listener", (library.callbacks.Callback,), {name: note(name) for name in names})()


Fit = Callable[[Any], tuple[tuple[Any, ...], dict[str, Any]]]
CASES: dict[str, Fit] = {
    "arrays": lambda _: ((X, Y), {"batch_size": SIZE, "epochs": 2}),
    "arrays-initial-epoch": lambda _: ((X, Y), {"batch_size": SIZE, "epochs": 4, "initial_epoch": 2}),
    "arrays-steps": lambda _: ((X, Y), {"batch_size": SIZE, "epochs": 4, "steps_per_epoch": 2}),
    "arrays-steps-short": lambda _: ((X, Y), {"batch_size": SIZE, "epochs": 3, "steps_per_epoch": 4}),
    "arrays-steps-no-size": lambda _: ((X, Y), {"epochs": 2, "steps_per_epoch": 5}),
    "validation": lambda _: ((X, Y), {"batch_size": SIZE, "epochs": 3, "validation_data": (X, Y, W)}),
    "validation-steps": lambda _: (
        (X, Y),
        {"batch_size": SIZE, "epochs": 3, "validation_data": (X, Y), "validation_steps": 2},
    ),
    "validation-size": lambda _: (
        (X, Y),
        {"batch_size": SIZE, "epochs": 2, "validation_data": (X, Y), "validation_batch_size": 9},
    ),
    "validation-freq": lambda _: (
        (X, Y),
        {"batch_size": SIZE, "epochs": 5, "validation_split": 0.3, "validation_freq": 2},
    ),
    "validation-epochs": lambda _: (
        (X, Y),
        {"batch_size": SIZE, "epochs": 4, "validation_split": 0.3, "validation_freq": [1, 4]},
    ),
    "generator": lambda _: ((endless(2),), {"epochs": 5, "steps_per_epoch": 4}),
    "generator-weights": lambda _: ((endless(3),), {"epochs": 2, "steps_per_epoch": 5}),
    "generator-validation": lambda _: (
        (endless(2),),
        {"epochs": 2, "steps_per_epoch": 6, "validation_data": (X, Y), "validation_batch_size": 8},
    ),
    "dataset": lambda k: ((dataset(k),), {"epochs": 3}),
    "dataset-weights": lambda k: ((dataset(k, 3),), {"epochs": 2}),
    "dataset-workers": lambda k: ((dataset(k, workers=2, max_queue_size=3),), {"epochs": 2}),
    "dataset-steps": lambda k: ((dataset(k),), {"epochs": 4, "steps_per_epoch": 3}),
    "dataset-steps-more": lambda k: ((dataset(k),), {"epochs": 3, "steps_per_epoch": 8}),
    "dataset-validation": lambda k: ((dataset(k),), {"epochs": 2, "validation_data": dataset(k)}),
    "dataset-validation-steps": lambda k: (
        (dataset(k),),
        {"epochs": 2, "validation_data": dataset(k, 3), "validation_steps": 3},
    ),
}


def same(ours: list[Any], theirs: list[Any]) -> None:
    assert [part[:-1] if isinstance(part, tuple) else part for part in ours] == [
        part[:-1] if isinstance(part, tuple) else part for part in theirs
    ]
    for mine, other in zip(ours, theirs, strict=True):
        if isinstance(mine, tuple):
            np.testing.assert_allclose(mine[-1], other[-1], rtol=1e-4, atol=1e-6, err_msg=str(mine[:-1]))


@pytest.mark.parametrize("name", CASES)
def test_fit(name: str, keras: Any) -> None:
    told: list[list[Any]] = [[], []]
    histories, weights = [], []
    for library, notes in zip((keras, fastnn), told, strict=True):
        model = make_model(library)
        data, options = CASES[name](library)
        callbacks = [listener(library, notes)]
        history = model.fit(*data, **options, shuffle=False, verbose=0, callbacks=callbacks)
        histories.append(history.history)
        weights.append(model.get_weights())
    theirs, ours = histories
    assert list(ours) == list(theirs)
    for key, values in theirs.items():
        np.testing.assert_allclose(ours[key], values, rtol=1e-4, atol=1e-6, err_msg=key)
    for mine, other in zip(weights[1], weights[0], strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-6)
    same(told[1], told[0])


@pytest.mark.parametrize("kind", ["arrays", "arrays-steps", "generator", "dataset", "dataset-steps"])
def test_evaluate_and_predict(kind: str, keras: Any) -> None:
    told: list[list[Any]] = [[], []]
    results: list[Any] = []
    for library, notes in zip((keras, fastnn), told, strict=True):
        model = make_model(library)
        steps = {"steps": 4} if kind.endswith("steps") or kind == "generator" else {}
        options = {"verbose": 0, "callbacks": [listener(library, notes)], **steps}
        if kind.startswith("arrays"):
            evaluated = model.evaluate(X, Y, batch_size=SIZE, sample_weight=W, **options)
            predicted = model.predict(X, batch_size=SIZE, **options)
        else:
            make = (lambda: endless(3)) if kind == "generator" else lambda library=library: dataset(library, 3)
            evaluated, predicted = model.evaluate(make(), **options), model.predict(make(), **options)
        results.append([*evaluated, predicted])
    for mine, other in zip(results[1], results[0], strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-6)
    same(told[1], told[0])


def test_arguments(keras: Any) -> None:
    """Names, order and defaults of the arguments."""
    import inspect

    for name in ("fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch"):
        ours, theirs = (
            [(p.name, p.default) for p in inspect.signature(getattr(library.Model, name)).parameters.values()]
            for library in (fastnn, keras)
        )
        assert ours == [item for item in theirs if item[0] != "kwargs"], name
    ours, theirs = (
        [(p.name, p.default) for p in inspect.signature(library.utils.PyDataset.__init__).parameters.values()]
        for library in (fastnn, keras)
    )
    assert ours == theirs
