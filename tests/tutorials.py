"""Tutorial programs in both libraries: the text of examples/<name>.py as it is, and with `fastnn` changed to `keras`.

Both begin with the same weights and take the same batches: what fastnn begins with is set in Keras, and `fit` shuffles
by the seed alone. `compared` runs a program with three seeds in both and demands means within 1 % of each other.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

import fastnn

__all__ = ["EXAMPLES", "SEEDS", "compared", "run"]

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SEEDS = (1, 2, 3)
DATASETS = ("california_housing", "cifar10", "cifar100", "fashion_mnist", "imdb", "mnist")

Weights = list[list[np.ndarray]]  # of each model that a program trains, in order of their first `fit`


def compared(name: str, keras: Any, measure: Callable[[dict[str, Any]], float]) -> float:
    """The mean over the seeds of what a program reaches with fastnn, which must be that of Keras within 1 %.

    Parameters
    ----------
    name : of the program, without .py
    keras : module
    measure : function
        Of the program's names after its run: the number to compare.
    """
    ours, theirs = [], []
    for seed in SEEDS:
        weights: Weights = []
        ours.append(float(measure(run(name, fastnn, seed, weights))))
        theirs.append(float(measure(run(name, keras, seed, weights))))
    assert abs(np.mean(ours) - np.mean(theirs)) <= 0.01 * abs(np.mean(theirs)), f"fastnn {ours}, Keras {theirs}"
    return float(np.mean(ours))


def run(name: str, library: Any, seed: int, weights: Weights) -> dict[str, Any]:
    """A program's names after its run, with the package's name in its text changed to the library's.

    Parameters
    ----------
    weights : list
        What the models begin with. Of models that it has nothing for, what they begin with is appended.
    """
    path = EXAMPLES / f"{name}.py"
    text = re.sub(r"\bfastnn\b", library.__name__, path.read_text(encoding="utf-8"))
    names: dict[str, Any] = {"__name__": "__main__", "__file__": str(path)}
    library.utils.set_random_seed(seed)
    with ExitStack() as stack:
        stack.enter_context(_same_course(library, seed, weights))
        for silenced in (redirect_stdout, redirect_stderr):
            stack.enter_context(silenced(io.StringIO()))
        if library is not fastnn:
            stack.enter_context(_same_data(library))
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")  # Keras's: about input_shape, and those of the libraries below it
        exec(compile(text, path, "exec"), names)
    return names


@contextmanager
def _same_data(keras: Any) -> Iterator[None]:
    """Keras's data sets are read by fastnn: Keras's own come from the network."""
    with ExitStack() as stack:
        for name in DATASETS:
            ours, theirs = getattr(fastnn.datasets, name), getattr(keras.datasets, name)
            stack.enter_context(mock.patch.object(theirs, "load_data", ours.load_data))
        yield


@contextmanager
def _same_course(library: Any, seed: int, weights: Weights) -> Iterator[None]:
    """`fit` of arrays begins with given weights, and takes the samples in an order that the seed and the epoch decide.

    Every epoch is a call of its own, with the arrays as it is to see them; so callbacks see a training for each.
    """
    fit = library.Model.fit
    models: list[Any] = []

    def same(model: Any, x: Any, y: Any, batch_size: int | None = None, epochs: int = 1, **options: Any) -> Any:
        if not any(model is other for other in models):
            models.append(model)
            if not model.built:
                model.build((None, *x.shape[1:]))
            if len(weights) < len(models):
                weights.append(model.get_weights())
            model.set_weights(weights[len(models) - 1])
        if share := options.pop("validation_split", 0):
            count = int(len(x) * (1 - share))
            options["validation_data"] = x[count:], y[count:]
            x, y = x[:count], y[:count]
        options |= {"batch_size": batch_size, "shuffle": False, "verbose": 0}
        past: dict[str, list[float]] = {}
        for epoch in range(epochs):
            order = np.random.default_rng([seed, epoch]).permutation(len(x))
            history = fit(model, x[order], y[order], initial_epoch=epoch, epochs=epoch + 1, **options)
            for key, values in history.history.items():
                past.setdefault(key, []).extend(values)
        history.history, history.epoch = past, list(range(epochs))
        return history

    with mock.patch.object(library.Model, "fit", same):
        yield
