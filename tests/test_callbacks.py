"""Callbacks: what they do to training, the files they write, and training that is killed and goes on."""

from __future__ import annotations

import csv
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import callbacks, layers, optimizers

X = np.random.default_rng(0).standard_normal((40, 4)).astype(np.float32)
Y = (X @ np.array([[1.0], [-2.0], [0.5], [0.0]], np.float32)).astype(np.float32)


def network(optimizer: Any = "sgd", dropout: bool = False) -> fastnn.Sequential:
    """The same numbers on every call."""
    fastnn.utils.set_random_seed(3)
    middle = [layers.Dropout(0.3)] if dropout else []
    model = fastnn.Sequential([fastnn.Input((4,)), layers.Dense(6, "tanh"), *middle, layers.Dense(1)])
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


class Recorded(callbacks.Callback):
    """Sets the results of epochs to given ones, for the callbacks behind it."""

    def __init__(self, values: list[float]) -> None:
        self.values = values
        self.weights: list[list[np.ndarray]] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs["val_loss"] = self.values[epoch]
        self.weights.append(self.model.get_weights())


@pytest.mark.parametrize(
    ("options", "values", "epochs", "best"),
    [
        ({}, [3.0, 2.0, 2.5, 1.0], 3, 1),
        ({"patience": 2}, [3.0, 2.0, 2.5, 2.2, 1.0], 4, 1),
        ({"patience": 2, "min_delta": 0.5}, [3.0, 2.8, 2.7, 0.0], 3, 0),
        ({"mode": "max"}, [1.0, 2.0, 1.5, 9.0], 3, 1),
        ({"baseline": 0.5}, [3.0, 2.0, 2.5, 0.1], 3, 1),
        ({"patience": 1, "start_from_epoch": 2}, [0.0, 0.1, 3.0, 2.0, 2.5, 1.0], 5, 3),
    ],
)
def test_early_stopping(options: dict[str, Any], values: list[float], epochs: int, best: int) -> None:
    model, recorded = network(), Recorded(values)
    stop = callbacks.EarlyStopping(restore_best_weights=True, **options)
    history = model.fit(X, Y, epochs=len(values), verbose=0, callbacks=[recorded, stop])
    assert len(history.epoch) == epochs
    assert stop.best_epoch == best
    for got, want in zip(model.get_weights(), recorded.weights[best], strict=True):
        np.testing.assert_array_equal(got, want)


def test_what_is_better_follows_from_the_metric() -> None:
    model = network()
    model.compile("sgd", "mse", metrics=["accuracy", fastnn.metrics.Mean("own")])
    for monitor, rises in (("val_accuracy", True), ("loss", False)):
        stop = callbacks.EarlyStopping(monitor)
        stop.set_model(model)
        assert stop._rises() == rises
    stop = callbacks.EarlyStopping("val_own")
    stop.set_model(model)
    with pytest.raises(ValueError, match="expected mode='min' or mode='max' for monitor='val_own'"):
        stop._rises()
    with pytest.warns(UserWarning, match="EarlyStopping: there is no 'val_loss', only"):
        network().fit(X, Y, verbose=0, callbacks=callbacks.EarlyStopping())


def test_reduce_on_plateau() -> None:
    model, recorded = network(optimizers.SGD(1.0)), Recorded([3.0, 3.0, 3.0, 3.0, 2.0, 2.0, 2.0, 2.0])
    reduce = callbacks.ReduceLROnPlateau(factor=0.5, patience=1, cooldown=1, min_lr=0.2)
    history = model.fit(X * 0.01, Y, epochs=8, verbose=0, callbacks=[recorded, reduce]).history
    np.testing.assert_allclose(history["learning_rate"], [1, 1, 0.5, 0.25, 0.2, 0.2, 0.2, 0.2])


def test_learning_rate_scheduler() -> None:
    for schedule in (lambda epoch, rate: rate * 0.5, lambda epoch: 0.1 * 0.5 ** (epoch + 1)):
        model = network(optimizers.SGD(0.1))
        history = model.fit(X, Y, epochs=3, verbose=0, callbacks=callbacks.LearningRateScheduler(schedule)).history
        np.testing.assert_allclose(history["learning_rate"], [0.05, 0.025, 0.0125], rtol=1e-6)
    with pytest.raises(ValueError, match="expected schedule to return a float, got 'a'"):
        network().fit(X, Y, verbose=0, callbacks=callbacks.LearningRateScheduler(lambda epoch: "a"))


def test_model_checkpoint(tmp_path: Path) -> None:
    model, recorded = network(), Recorded([3.0, 2.0, 2.5])
    best = callbacks.ModelCheckpoint(tmp_path / "best.keras", save_best_only=True)
    every = callbacks.ModelCheckpoint(f"{tmp_path}/all/{{epoch:02d}}-{{val_loss:.1f}}.w", save_weights_only=True)
    steps = callbacks.ModelCheckpoint(f"{tmp_path}/steps/{{epoch}}-{{batch}}", save_freq=3)
    model.fit(X, Y, batch_size=10, epochs=3, verbose=0, callbacks=[recorded, best, every, steps])
    loaded = fastnn.models.load_model(tmp_path / "best.keras")
    for got, want in zip(loaded.get_weights(), recorded.weights[1], strict=True):
        np.testing.assert_array_equal(got, want)
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == ["01-3.0.w", "02-2.0.w", "03-2.5.w"]
    assert sorted(path.name for path in (tmp_path / "steps").iterdir()) == ["1-3", "2-2", "3-1", "3-4"]
    wrong = callbacks.ModelCheckpoint(f"{tmp_path}/{{f1}}")
    with pytest.raises(KeyError, match="names 'f1', there are: epoch, loss, mae"):
        model.fit(X, Y, verbose=0, callbacks=wrong)


def test_csv_logger(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    model = network()
    first = model.fit(X, Y, epochs=2, verbose=0, validation_data=(X, Y), callbacks=callbacks.CSVLogger(path)).history
    model.fit(X, Y, epochs=1, verbose=0, validation_data=(X, Y), callbacks=callbacks.CSVLogger(path, append=True))
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [row["epoch"] for row in rows] == ["0", "1", "0"]
    assert list(rows[0]) == ["epoch", "loss", "mae", "val_loss", "val_mae"]
    assert [float(row["val_mae"]) for row in rows[:2]] == first["val_mae"]


def test_terminate_on_nan(capsys: pytest.CaptureFixture[str]) -> None:
    y = Y.copy()
    y[25] = np.nan
    model = network()
    history = model.fit(X, y, batch_size=10, epochs=3, shuffle=False, verbose=0, callbacks=callbacks.TerminateOnNaN())
    assert history.epoch == [0]
    assert capsys.readouterr().out == "Batch 2: Invalid loss, terminating training\n"
    with pytest.raises(RuntimeError, match="TerminateOnNaN: the loss is nan at batch 2"):
        network().fit(X, y, batch_size=10, shuffle=False, verbose=0, callbacks=callbacks.TerminateOnNaN(True))


def test_functions_are_called_in_order() -> None:
    seen: list[Any] = []
    names = ["on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end", "on_test_begin"]
    names += ["on_test_end", "on_epoch_end", "on_train_end"]
    functions = {name: lambda *args, name=name: seen.append(name) for name in names}
    own = callbacks.LambdaCallback(**functions, tag=3)
    network().fit(X, Y, epochs=1, verbose=0, validation_split=0.5, callbacks=[own])
    assert seen == names
    assert own.tag == 3  # type: ignore[attr-defined]

    class Old(callbacks.Callback):
        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append((batch, sorted(logs)))

    seen.clear()
    network().fit(X, Y, batch_size=20, verbose=0, callbacks=[Old()])
    assert seen == [(0, ["loss", "mae"]), (1, ["loss", "mae"])]


def test_averages_validate(rng: np.random.Generator) -> None:
    model = network(optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5))
    plain = network(optimizers.SGD(0.1))
    averages = [np.zeros_like(weight) for weight in plain.get_weights()]
    for epoch in range(3):
        plain.fit(X, Y, batch_size=40, shuffle=False, verbose=0)
        momentum = 0.5 if epoch else 0.0
        averages = [momentum * a + (1 - momentum) * w for a, w in zip(averages, plain.get_weights(), strict=True)]
    history = model.fit(
        X,
        Y,
        batch_size=40,
        epochs=3,
        shuffle=False,
        verbose=0,
        validation_data=(X, Y),
        callbacks=callbacks.SwapEMAWeights(),
    ).history
    plain.set_weights(averages)
    assert history["val_loss"][-1] == pytest.approx(plain.evaluate(X, Y, verbose=0)[0], rel=1e-5)  # type: ignore[index]
    with pytest.raises(ValueError, match="SwapEMAWeights: expected an optimizer with use_ema=True"):
        network().fit(X, Y, verbose=0, validation_data=(X, Y), callbacks=callbacks.SwapEMAWeights())


def test_progress_bar(capsys: pytest.CaptureFixture[str]) -> None:
    network().fit(X, Y, epochs=2, verbose=0, callbacks=callbacks.ProgbarLogger())
    assert "Epoch 2/2: 100%" in capsys.readouterr().out


def test_tensorboard(tmp_path: Path) -> None:
    board = callbacks.TensorBoard(tmp_path, histogram_freq=1, update_freq="batch")
    network().fit(X, Y, epochs=2, verbose=0, validation_data=(X, Y), callbacks=board)
    for part in ("train", "validation"):
        assert b"epoch_loss" in next((tmp_path / part).glob("events*")).read_bytes()


# ---- training that is killed --------------------------------------------------------------------------------


def train(folder: Path, save_freq: Any) -> fastnn.Sequential:
    """Two hidden random streams, moments, a rate that is lowered, a last batch that is smaller."""
    model = network(optimizers.Adam(0.01), dropout=True)
    stages = [callbacks.BackupAndRestore(folder, save_freq)] if save_freq else []
    stages.append(callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9))
    model.fit(X, Y, batch_size=7, epochs=12, verbose=0, validation_data=(X, Y), callbacks=stages)
    return model


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process")
@pytest.mark.parametrize("save_freq", ["epoch", 3])
def test_training_killed_at_any_moment_ends_with_the_same_bits(save_freq: Any, tmp_path: Path) -> None:
    want = train(tmp_path, None)
    seed = random.randrange(2**32)
    rng = np.random.default_rng(seed)
    folder, result = tmp_path / "backup", tmp_path / "result.safetensors"
    for _ in range(20):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                train(folder, save_freq).save_weights(result)
                code = 0
            finally:
                os._exit(code)
        time.sleep(rng.uniform(0.0, 0.3))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    got = train(folder, save_freq)
    for mine, other in zip(got.get_weights(), want.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other, err_msg=f"moments of seed {seed}")
    assert not folder.exists()


class TwoOptimizers(fastnn.Model):
    """A train_step that trains two halves by optimizers of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = layers.Dense(4, activation="tanh"), layers.Dense(1)
        self.optimizers = {"first": optimizers.Adam(0.01), "second": optimizers.SGD(0.01, momentum=0.9)}

    def call(self, inputs: Any) -> Any:
        return self.second(self.first(inputs))

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        loss = ((self(x, training=True) - y) ** 2).mean()
        weights = [*self.first.trainable_weights, *self.second.trainable_weights]
        gradients = fastnn.grad(loss, weights)
        self.optimizers["first"].apply(gradients[:2], weights[:2])
        self.optimizers["second"].apply(gradients[2:], weights[2:])
        return {"loss": loss}


class Crash(callbacks.Callback):
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.model.optimizers["first"].iterations == 7:
            raise KeyboardInterrupt


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("save_freq", ["epoch", 2])
def test_optimizers_of_the_models_own_go_on_too(save_freq: Any, again: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((20, 3)).astype(np.float32), rng.standard_normal((20, 1)).astype(np.float32)

    def made() -> TwoOptimizers:
        fastnn.utils.set_random_seed(4)
        model = TwoOptimizers()
        model.compile()
        return model

    def fitted(model: TwoOptimizers, *stages: Any) -> TwoOptimizers:
        model.fit(x, y, batch_size=5, epochs=4, verbose=0, callbacks=[*stages])
        return model

    want = fitted(made())
    crashed = made()
    with pytest.raises(KeyboardInterrupt):
        fitted(crashed, callbacks.BackupAndRestore(tmp_path / "b", save_freq), Crash())
    got = fitted(crashed if again else made(), callbacks.BackupAndRestore(tmp_path / "b", save_freq))
    for mine, other in zip(got.get_weights(), want.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)
    assert got.optimizers["first"].iterations == want.optimizers["first"].iterations


class Stop(Exception):
    """Ends a training from inside."""


class SeveralBesideOne(fastnn.Model):
    """A train_step with the optimizer of `compile`, and several as one of the model's own."""

    def __init__(self) -> None:
        super().__init__(name="beside")
        self.first, self.second, self.third = (layers.Dense(n, "tanh", name=f"layer{n}") for n in (4, 3, 1))
        owned = optimizers.OptimizerMap(optimizers.SGD(0.05, momentum=0.9), {".*/layer3/.*": optimizers.Adam(0.02)})
        self.several = optimizers.MultiOptimizer(owned)

    def call(self, inputs: Any) -> Any:
        return self.third(self.second(self.first(inputs)))

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        loss = ((self(x, training=True) - y) ** 2).mean()
        ours, others = self.first.trainable_weights, [*self.second.trainable_weights, *self.third.trainable_weights]
        gradients = fastnn.grad(loss, [*ours, *others])
        self.optimizer.apply(gradients[:2], ours)  # type: ignore[union-attr]
        self.several.apply(gradients[2:], others)
        return {"loss": loss}


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("save_freq", ["epoch", 2])
@pytest.mark.parametrize("batches", [5, 7])
def test_several_optimizers_beside_that_of_compile_go_on_too(
    batches: int, save_freq: Any, again: bool, tmp_path: Path
) -> None:
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((20, 3)).astype(np.float32), rng.standard_normal((20, 1)).astype(np.float32)

    def made() -> SeveralBesideOne:
        fastnn.utils.set_random_seed(4)
        model = SeveralBesideOne()
        model.compile(optimizers.RMSprop(0.01, momentum=0.5))
        return model

    def fitted(model: SeveralBesideOne, *stages: Any) -> SeveralBesideOne:
        model.fit(x, y, batch_size=5, epochs=4, verbose=0, callbacks=[*stages])
        return model

    def crash(batch: int, logs: Any) -> None:
        if crashed.several.iterations == batches:
            raise Stop

    want, crashed = fitted(made()), made()
    stop = callbacks.LambdaCallback(on_train_batch_end=crash)
    with pytest.raises(Stop):
        fitted(crashed, callbacks.BackupAndRestore(tmp_path / "b", save_freq), stop)
    got = fitted(crashed if again else made(), callbacks.BackupAndRestore(tmp_path / "b", save_freq))
    for mine, other in zip(got.get_weights(), want.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)
    assert [part.name for part in got.several.optimizers] == ["adam", "sgd"]
    for part in (got.optimizer, got.several, *got.several.optimizers):
        assert part.iterations == 16  # type: ignore[union-attr]
    for kept, other in zip(got.several.variables, want.several.variables, strict=True):
        np.testing.assert_array_equal(kept.numpy(), other.numpy())


def train_stateful(folder: Path, save_freq: Any) -> fastnn.Sequential:
    """States that each batch hands on to the next one, within and across epochs."""
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((24, 5, 3)).astype(np.float32), rng.standard_normal((24, 1)).astype(np.float32)
    fastnn.utils.set_random_seed(3)
    recurrent = [layers.LSTM(4, stateful=True, return_sequences=True), layers.GRU(3, stateful=True)]
    model = fastnn.Sequential([fastnn.Input(batch_shape=(6, 5, 3)), *recurrent, layers.Dense(1)])
    model.compile("adam", "mse")
    stages = [callbacks.BackupAndRestore(folder, save_freq)] if save_freq else []
    model.fit(x, y, batch_size=6, epochs=10, shuffle=False, verbose=0, callbacks=stages)
    return model


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process")
@pytest.mark.parametrize("save_freq", ["epoch", 3])
def test_states_of_recurrent_layers_outlive_a_killed_training(save_freq: Any, tmp_path: Path) -> None:
    want = train_stateful(tmp_path, None)
    rng = np.random.default_rng(6)
    folder = tmp_path / "backup"
    for _ in range(5):
        child = os.fork()
        if child == 0:
            try:
                train_stateful(folder, save_freq)
            finally:
                os._exit(0)
        time.sleep(rng.uniform(0.02, 0.15))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    got = train_stateful(folder, save_freq)
    for mine, other in zip(got.get_weights(), want.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)
    for index in (0, 1):
        for mine, other in zip(got.layers[index].states, want.layers[index].states, strict=True):
            np.testing.assert_array_equal(mine.numpy(), other.numpy())


def test_a_training_with_states_goes_on_in_the_process_where_it_stopped(tmp_path: Path) -> None:
    x = np.random.default_rng(3).standard_normal((12, 5, 3)).astype(np.float32)

    def stop(batch: int, logs: Any) -> None:
        raise Stop

    def made() -> fastnn.Sequential:
        fastnn.utils.set_random_seed(3)
        model = fastnn.Sequential([fastnn.Input((5, 3)), layers.LSTM(4, stateful=True), layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    options: Any = {"batch_size": 4, "epochs": 2, "shuffle": False, "verbose": 0}
    want, model = made(), made()
    want.fit(x, x[:, 0, :1], **options)
    keep = callbacks.BackupAndRestore(tmp_path / "b")
    with pytest.raises(Stop):
        model.fit(x, x[:, 0, :1], callbacks=[keep, callbacks.LambdaCallback(on_train_batch_end=stop)], **options)
    model.fit(x, x[:, 0, :1], callbacks=keep, **options)
    np.testing.assert_array_equal(model.get_weights()[0], want.get_weights()[0])


def test_a_backup_of_another_model_is_refused(tmp_path: Path) -> None:
    keep = callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)
    network().fit(X, Y, verbose=0, callbacks=keep)
    other = fastnn.Sequential([fastnn.Input((4,)), layers.Dense(1)])
    other.compile("sgd", "mse")
    before = other.get_weights()
    with pytest.raises(ValueError, match=r"latest.safetensors: can't go on with the training of sequential.*expected"):
        other.fit(X, Y, verbose=0, callbacks=callbacks.BackupAndRestore(tmp_path))
    np.testing.assert_array_equal(other.get_weights()[0], before[0])
    with pytest.raises(ValueError, match="got weights"):
        fastnn.models.load_model(tmp_path / "latest.safetensors")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: callbacks.EarlyStopping(mode="up"), "EarlyStopping: expected mode 'auto', 'min' or 'max', got 'up'"),
        (lambda: callbacks.ReduceLROnPlateau(factor=1.0), "expected factor above 0 and below 1, got 1.0"),
        (lambda: callbacks.ModelCheckpoint("a", save_freq="batch"), "expected save_freq 'epoch' or a number of steps"),
        (lambda: callbacks.BackupAndRestore(""), "expected the name of a folder as backup_dir"),
        (lambda: callbacks.BackupAndRestore("a", save_freq=0), "BackupAndRestore: expected save_freq 'epoch'"),
    ],
)
def test_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
