"""Callbacks against Keras 3 on TensorFlow: names, arguments, and trainings that they stop, slow down or write about."""

from __future__ import annotations

import csv
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn

pytestmark = pytest.mark.keras

DEFERRED = {"OrbaxCheckpoint"}


def test_names_and_arguments(keras: Any) -> None:
    public = {name for name in dir(keras.callbacks) if not name.startswith("_")}
    assert public - DEFERRED == set(fastnn.callbacks.__all__)
    for name in public - DEFERRED - {"TensorBoard"}:
        theirs, ours = (getattr(library.callbacks, name).__init__ for library in (keras, fastnn))
        kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        a, b = (
            [(p.name, p.default) for p in inspect.signature(function).parameters.values() if p.kind not in kinds]
            for function in (ours, theirs)
        )
        assert a == b, name


Make = Callable[[Any], list[Any]]
CASES: dict[str, Make] = {
    "early": lambda c: [c.EarlyStopping(patience=2, min_delta=0.02)],
    "restore": lambda c: [c.EarlyStopping("val_mae", patience=1, restore_best_weights=True, start_from_epoch=2)],
    "baseline": lambda c: [c.EarlyStopping("loss", patience=3, baseline=0.1)],
    "plateau": lambda c: [c.ReduceLROnPlateau(factor=0.5, patience=1, min_delta=0.05, cooldown=1, min_lr=0.01)],
    "scheduler": lambda c: [c.LearningRateScheduler(lambda epoch, rate: rate * 0.8)],
    "average": lambda c: [c.SwapEMAWeights()],
    "average-epoch": lambda c: [c.SwapEMAWeights(swap_on_epoch=True), c.EarlyStopping(patience=20)],
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Keras's own, as the next two
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", CASES)
def test_fit(name: str, keras: Any, tmp_path: Path, rng: np.random.Generator) -> None:
    x = rng.standard_normal((30, 3)).astype(np.float32)
    y = (x @ rng.standard_normal((3, 2)) + rng.standard_normal((30, 2))).astype(np.float32)
    weights = [rng.standard_normal((3, 2)).astype(np.float32), np.zeros(2, np.float32)]
    histories, models, rows = [], [], []
    for library in (keras, fastnn):
        model = library.Sequential([library.layers.Input((3,)), library.layers.Dense(2)])
        model.set_weights(weights)
        optimizer = library.optimizers.SGD(0.1, use_ema=name.startswith("average"), ema_momentum=0.5)
        model.compile(optimizer, "mse", metrics=["mae"])
        path = tmp_path / f"{library.__name__}.csv"
        stages = [*CASES[name](library.callbacks), library.callbacks.CSVLogger(str(path))]
        options = {"batch_size": 10, "epochs": 14, "shuffle": False, "verbose": 0, "validation_split": 0.3}
        histories.append(model.fit(x, y, callbacks=stages, **options).history)
        models.append(model)
        rows.append(list(csv.DictReader(path.read_text().splitlines())))
    theirs, ours = histories
    assert set(ours) == set(theirs)
    for key, values in theirs.items():
        np.testing.assert_allclose(ours[key], values, rtol=1e-4, atol=1e-6, err_msg=key)
    for mine, other in zip(models[1].get_weights(), models[0].get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)
    assert [list(row) for row in rows[1]] == [list(row) for row in rows[0]]
    for mine, other in zip(rows[1], rows[0], strict=True):
        assert [float(v) for v in mine.values()] == pytest.approx(
            [float(v) for v in other.values()], rel=1e-4, abs=1e-6
        )
