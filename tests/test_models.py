"""Models: compile, fit, evaluate and predict, callbacks and printing, threads, Ctrl-C, and errors."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Tensor, layers, losses, metrics, optimizers
from fastnn.callbacks import Callback
from fastnn.guard import Guard

X = np.random.default_rng(2).normal(size=(70, 6)).astype(np.float32)
Y = X[:, :3].argmax(axis=1)


def classifier(rate: float = 0.0, seed: int = 0, optimizer: Any = "adam") -> fastnn.Sequential:
    """A small network of two dense layers for X and Y, compiled."""
    fastnn.utils.set_random_seed(seed)
    model = fastnn.Sequential(
        [
            fastnn.Input((6,)),
            layers.Dense(8, activation="relu"),
            layers.Dropout(rate),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def assert_same_weights(one: fastnn.Model, other: fastnn.Model) -> None:
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    logits = logits.astype(np.float64)
    return np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(labels)), labels]


# ---- fit -------------------------------------------------------------------------------------------------------------


def test_fit_learns_and_reports_what_evaluate_says() -> None:
    model = classifier(optimizer=optimizers.Adam(0.02))
    history = model.fit(X, Y, epochs=30, batch_size=16, validation_data=(X, Y), verbose=0)
    assert history.epoch == list(range(30))
    assert list(history.history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert history.history["accuracy"][-1] > 0.95
    assert model.evaluate(X, Y, verbose=0) == [history.history[f"val_{name}"][-1] for name in ("loss", "accuracy")]
    assert model.evaluate(X, Y, verbose=0, return_dict=True)["accuracy"] == history.history["val_accuracy"][-1]
    assert model.history is history


def test_evaluate_is_the_mean_over_samples() -> None:
    model = classifier()
    logits = np.log(model.predict(X))
    loss, accuracy = model.evaluate(X, Y, batch_size=32, verbose=0)
    assert loss == pytest.approx(cross_entropy(logits, Y).mean(), rel=1e-6)
    assert accuracy == pytest.approx((logits.argmax(axis=1) == Y).mean())


def numpy_epoch(weights: list[np.ndarray], batch_size: int, momentum: float, nesterov: bool) -> list[float]:
    """Gradient descent on a softmax regression over X in order, by hand; the loss of each batch."""
    kernel, bias = weights
    velocities = [np.zeros_like(kernel), np.zeros_like(bias)]
    found = []
    for start in range(0, len(X), batch_size):
        x, y = X[start : start + batch_size], Y[start : start + batch_size]
        logits = x @ kernel + bias
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        found.append(float(cross_entropy(logits, y).sum()))
        p[np.arange(len(y)), y] -= 1
        for w, v, g in zip(weights, velocities, (x.T @ p / len(y), p.mean(axis=0)), strict=True):
            v *= momentum
            v -= 0.1 * g
            w += momentum * v - 0.1 * g if nesterov else v
    return found


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.9, False), (0.9, True)])
def test_an_epoch_of_sgd_by_hand(momentum: float, nesterov: bool) -> None:
    model = fastnn.Sequential([fastnn.Input((6,)), layers.Dense(3)])
    model.compile(
        optimizers.SGD(0.1, momentum=momentum, nesterov=nesterov),
        losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    weights = [w.astype(np.float64) for w in model.get_weights()]
    sums = numpy_epoch(weights, 16, momentum, nesterov)
    history = model.fit(X, Y, batch_size=16, shuffle=False, verbose=0)
    assert history.history["loss"][0] == pytest.approx(sum(sums) / len(X), rel=1e-5)
    for got, want in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-6)


def test_adam_by_hand() -> None:
    model = fastnn.Sequential([fastnn.Input((6,)), layers.Dense(1)])
    model.compile("adam", "mse")
    kernel = model.get_weights()[0].astype(np.float64)
    target = X.sum(axis=1)
    m, v = np.zeros_like(kernel), np.zeros_like(kernel)
    bias, mb, vb = 0.0, 0.0, 0.0
    for t in range(1, 6):
        error = X @ kernel[:, 0] + bias - target
        g, gb = 2 * (X.T @ error / len(X))[:, None], 2 * error.mean()
        m, v, mb, vb = m + 0.1 * (g - m), v + 0.001 * (g * g - v), mb + 0.1 * (gb - mb), vb + 0.001 * (gb * gb - vb)
        alpha = 0.001 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        kernel -= alpha * m / (np.sqrt(v) + 1e-7)
        bias -= alpha * mb / (np.sqrt(vb) + 1e-7)
    model.fit(X, target, batch_size=70, epochs=5, verbose=0)  # targets (n,) beside predictions (n, 1)
    np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.get_weights()[1], [bias], rtol=1e-4)
    assert model.optimizer is not None
    assert model.optimizer.iterations == 5


@pytest.mark.parametrize("threads", [1, 2])
def test_same_seed_same_bits(threads: int) -> None:
    fastnn.set_num_threads(threads)
    one, other = classifier(0.3), classifier(0.3)
    for model in (one, other):
        model.fit(X, Y, epochs=3, batch_size=16, verbose=0)
        fastnn.set_num_threads(3 - threads)
    assert_same_weights(one, other)
    different = classifier(0.3, seed=1)
    assert not np.array_equal(different.get_weights()[0], one.get_weights()[0])


def test_shuffle_takes_every_sample_once_in_another_order() -> None:
    seen: list[list[int]] = []

    class Net(fastnn.Model):
        def __init__(self) -> None:
            super().__init__()
            self.out = layers.Dense(1)

        def call(self, x: Tensor, training: bool = False) -> Tensor:
            self.out.name = "out"  # set each time, so that every step runs here
            if training:
                seen[-1].extend(int(value) for value in x.numpy()[:, 0])
            return self.out(x)

    class Epochs(Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            seen.append([])

    x = np.arange(40, dtype=np.float32)[:, None]
    model = Net()
    model.compile(optimizers.SGD(1e-6), "mse")
    with pytest.warns(RuntimeWarning, match=r"test_models.py:\d+: Python reads the values of a Tensor"):
        model.fit(x, x, epochs=2, batch_size=16, verbose=0, callbacks=[Epochs()])
    model.fit(x, x, batch_size=16, verbose=0, callbacks=[Epochs()], shuffle=False)
    assert [sorted(order) for order in seen] == [list(range(40))] * 3
    assert seen[0] != seen[1]
    assert seen[2] == list(range(40))


def test_validation_split_takes_the_last_part() -> None:
    model = classifier()
    history = model.fit(X, Y, epochs=1, validation_split=0.2, verbose=0)
    assert history.history["val_loss"][0] == model.evaluate(X[56:], Y[56:], verbose=0)[0]  # type: ignore[index]


def test_data_of_other_dtypes_and_strides() -> None:
    want = classifier()
    want.fit(X, Y, verbose=0)
    wide = np.zeros((70, 12), np.float64)
    wide[:, ::2] = X
    others: list[Any] = [
        (wide[:, ::2], Y[:, None].astype(np.int16)),
        (X.astype(">f4"), Y.astype(np.float64)),
        (Tensor(X), list(Y)),
    ]
    for x, y in others:
        model = classifier()
        model.fit(x, y, verbose=0)
        assert_same_weights(model, want)
        np.testing.assert_array_equal(model.predict(x), want.predict(X))


def test_one_hot_labels_and_label_smoothing() -> None:
    one_hot = fastnn.utils.to_categorical(Y)
    sparse, dense = classifier(), classifier()
    dense.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    for model, y in ((sparse, Y), (dense, one_hot)):
        model.fit(X, y, epochs=2, verbose=0)
    np.testing.assert_allclose(sparse.get_weights()[0], dense.get_weights()[0], atol=1e-6)
    np.testing.assert_allclose(sparse.evaluate(X, Y, verbose=0), dense.evaluate(X, one_hot, verbose=0), rtol=1e-5)
    loss = losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.3)
    logits = X[:, :3]
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    want = -((one_hot * 0.7 + 0.1) * log_p).sum(axis=1).mean()
    assert loss(one_hot, logits).item() == pytest.approx(want, rel=1e-5)


def test_a_loss_and_a_metric_of_your_own() -> None:
    def scaled(y_true: Tensor, y_pred: Tensor) -> Tensor:
        return losses.mean_squared_error(y_true, y_pred) * 3.0

    model = fastnn.Sequential([fastnn.Input((6,)), layers.Dense(1)])
    model.compile("sgd", scaled, metrics=[scaled, metrics.MeanSquaredError(name="plain")])
    loss, own, plain = model.evaluate(X, X[:, 0], verbose=0)  # type: ignore[misc]
    assert loss == own == pytest.approx(3 * plain, rel=1e-6)


def test_names_of_metrics_that_are_functions() -> None:
    model = fastnn.Sequential([fastnn.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[lambda y_true, y_pred: y_pred - y_true])
    x = np.zeros((2, 2), np.float32)
    assert list(model.evaluate(x, x[:, :1], return_dict=True, verbose=0)) == ["loss", "lambda"]


def test_setting_attributes_reaches_recorded_steps() -> None:
    model = classifier(0.5)
    model.fit(X, Y, epochs=3, batch_size=35, verbose=0)
    assert sum(program["replays"] for program in model._train_step.info()) > 0
    assert model.optimizer is not None
    model.optimizer.learning_rate = 0.0
    before = model.get_weights()
    model.fit(X, Y, batch_size=35, verbose=0)
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    model.optimizer.learning_rate = 0.01
    model.layers[0].trainable = False
    model.fit(X, Y, epochs=3, batch_size=35, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    assert not np.array_equal(model.get_weights()[2], before[2])
    # rate 0 makes two models with other dropout seeds train alike
    one, other = classifier(0.5), classifier(0.5)
    other.layers[1]._seed_cell.value = 99  # type: ignore[attr-defined]
    for model in (one, other):
        model.layers[1].rate = 0.0  # type: ignore[attr-defined]
        model.fit(X, Y, epochs=2, verbose=0)
    assert_same_weights(one, other)


class Blocks(fastnn.Model):
    """Reads whatever a model of one's own may: layers in a list, and numbers and flags of any name."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = [layers.Dense(6)]
        self._scale = 1.0
        self.factors = {"last": [1.0]}

    def call(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return x * (self._scale * self.factors["last"][0])


def test_every_change_of_a_model_reaches_recorded_steps() -> None:
    model = Blocks()
    model.compile(optimizers.SGD(0.0), "mse")
    for _ in range(4):
        before = model.predict(X)
        loss = model.evaluate(X, X, verbose=0)
        model.fit(X, X, verbose=0)
    assert model._predict_step.info()[0]["replays"] > 0
    model._scale = 2.0
    np.testing.assert_array_equal(model.predict(X), 2 * before)
    model._scale = 1.0
    model.factors["last"][0] = 4.0
    np.testing.assert_array_equal(model.predict(X), 4 * before)
    model.factors["last"][0] = 1.0
    assert model.evaluate(X, X, verbose=0) == loss
    added = layers.Dense(6)
    model.blocks.append(added)
    assert model.optimizer is not None
    model.optimizer.learning_rate = 0.1
    model.fit(X, X, epochs=1, verbose=0)
    first = added.get_weights()[0]
    model.fit(X, X, epochs=3, verbose=0)
    assert not np.array_equal(added.get_weights()[0], first)
    np.testing.assert_allclose(model.predict(X), added(model.blocks[0](X)).numpy(), rtol=1e-5, atol=1e-6)
    model.blocks.pop()
    np.testing.assert_allclose(model.predict(X), model.blocks[0](X).numpy(), rtol=1e-5, atol=1e-6)


def test_changes_of_what_compile_was_given_reach_recorded_steps() -> None:
    one_hot = fastnn.utils.to_categorical(Y)
    loss = losses.CategoricalCrossentropy()
    model = classifier()
    model.compile(optimizers.SGD(0.1), loss)
    model.fit(X, one_hot, epochs=4, verbose=0)
    model.evaluate(X, one_hot, verbose=0)
    model.evaluate(X, one_hot, verbose=0)
    loss.label_smoothing = 0.9
    fresh = classifier()
    fresh.set_weights(model.get_weights())
    fresh.compile(optimizers.SGD(0.1), losses.CategoricalCrossentropy(label_smoothing=0.9))
    assert model.evaluate(X, one_hot, verbose=0) == fresh.evaluate(X, one_hot, verbose=0)
    assert isinstance(model.optimizer, optimizers.SGD)
    assert isinstance(fresh.optimizer, optimizers.SGD)
    model.optimizer.momentum = fresh.optimizer.momentum = 0.9
    for one in (model, fresh):
        one.fit(X, one_hot, epochs=3, verbose=0, shuffle=False)
    assert_same_weights(model, fresh)


def test_steps_stay_recorded_while_nothing_changes() -> None:
    model = classifier(0.3)
    for _ in range(6):
        model.fit(X, Y, batch_size=35, verbose=0)
        model.evaluate(X, Y, verbose=0)
        model.predict(X)
    for step in (model._train_step, model._test_step, model._predict_step):
        assert sum(program["replays"] for program in step.info()) > 3


def test_dropout_draws_anew_in_every_step() -> None:
    model = fastnn.Sequential([fastnn.Input((6,)), layers.Dropout(0.5), layers.Dense(1, kernel_initializer="ones")])
    model.compile(optimizers.SGD(0.0), "mse")
    x = np.ones((64, 6), np.float32)
    history = model.fit(x, np.zeros(64), batch_size=64, epochs=6, verbose=0)
    assert len(set(history.history["loss"])) == 6


def test_models_in_models() -> None:
    fastnn.utils.set_random_seed(0)
    inner = fastnn.Sequential([layers.Dense(8, activation="relu"), layers.Dropout(0.2)])
    model = fastnn.Sequential([inner, layers.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, Y, epochs=2, verbose=0)
    assert list(model._named_weights()) == ["0.0.kernel", "0.0.bias", "1.kernel", "1.bias"]
    before = inner.get_weights()
    inner.layers[0].trainable = False
    model.fit(X, Y, epochs=1, verbose=0)
    np.testing.assert_array_equal(inner.get_weights()[0], before[0])


def test_fit_leaves_frozen_weights_alone(rng: np.random.Generator) -> None:
    """Those of one layer beside others; what is trained moves as without it."""

    def moves(frozen: int | None, steps: Callable[[fastnn.Model], object]) -> list[np.ndarray]:
        fastnn.utils.set_random_seed(2)
        parts = [layers.Embedding(9, 4), layers.LSTM(3, return_sequences=True), layers.GRU(3)]
        model = fastnn.Sequential([fastnn.Input((5,)), *parts, layers.BatchNormalization(), layers.Dense(2)])
        model.compile("sgd", "mse")
        before = model.get_weights()
        if frozen is not None:
            model.weights[frozen].trainable = False
        steps(model)
        return [after - value for after, value in zip(model.get_weights(), before, strict=True)]

    x, y = rng.integers(0, 9, (8, 5)).astype(np.int32), rng.standard_normal((8, 2)).astype(np.float32)
    every = moves(None, lambda model: model.train_on_batch(x, y))
    for frozen in (0, 1, 2, 3, 4, 5, 6, 7, 8, 11):
        want = [np.zeros_like(move) if place == frozen else move for place, move in enumerate(every)]
        got = moves(frozen, lambda model: model.train_on_batch(x, y))
        for place, (a, b) in enumerate(zip(got, want, strict=True)):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-8, err_msg=f"{frozen} frozen, {place}")
        assert not moves(frozen, lambda model: model.fit(x, y, batch_size=4, epochs=3, verbose=0))[frozen].any()


def test_weights_are_frozen_between_steps() -> None:
    model = classifier()
    first, second = model.layers[0].kernel, model.layers[0].bias  # type: ignore[attr-defined]
    model.fit(X, Y, verbose=0)
    for frozen, trained in ((first, second), (second, first)):
        frozen.trainable, trained.trainable = False, True
        before = frozen.numpy().copy(), trained.numpy().copy()
        model.fit(X, Y, verbose=0, epochs=2)
        model.train_on_batch(X, Y)
        np.testing.assert_array_equal(frozen.numpy(), before[0])
        assert not np.array_equal(trained.numpy(), before[1])
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    assert "Non-trainable params: 8" in lines[0]


def test_sequential_grows_and_shrinks() -> None:
    model = fastnn.Sequential(name="grown")
    model.add(layers.Dense(4, input_shape=(6,)))
    assert model.output_shape == (None, 4)
    model.add(layers.Dense(2))
    with pytest.raises(ValueError, match="expected input"):
        model.add(layers.MaxPooling2D())
    assert model.output_shape == (None, 2)
    assert model.predict(X).shape == (70, 2)
    assert isinstance(model.pop(), layers.Dense)
    assert model.predict(X).shape == (70, 4)
    with pytest.raises(ValueError, match="expected layers of different names"):
        model.add(model.layers[0])
    with pytest.raises(TypeError, match="grown: expected a layer, got 'dense'"):
        model.add("dense")  # type: ignore[arg-type]


# ---- callbacks and printing ------------------------------------------------------------------------------------------


def test_callbacks_are_told_everything_in_order() -> None:
    calls: list[Any] = []

    class Recorder(Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            calls.append(("train", dict(self.params)))

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            calls.append(("epoch", epoch))

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            calls.append((batch, sorted(logs)))

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            calls.append(("end", self.model.evaluate(X, Y, verbose=0)))
            self.model.stop_training = epoch == 1

    model = classifier()
    history = model.fit(X, Y, batch_size=35, epochs=5, verbose=0, callbacks=[Recorder()])
    assert history.epoch == [0, 1]
    assert calls[0] == ("train", {"epochs": 5, "steps": 2, "verbose": 0})
    assert calls[1:4] == [("epoch", 0), (0, ["accuracy", "loss"]), (1, ["accuracy", "loss"])]
    assert len(calls) == 9


def test_a_callback_may_save(tmp_path: Path) -> None:
    class Save(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.save(tmp_path / "model.safetensors")
            self.model.save_weights(tmp_path / "weights.safetensors")
            assert len(self.model.get_weights()) == 4

    model = classifier()
    model.fit(X, Y, verbose=0, callbacks=Save())
    assert_same_weights(fastnn.models.load_model(tmp_path / "model.safetensors"), model)


def test_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    model = classifier()
    model.fit(X, Y, verbose=0)
    model.predict(X)
    assert capsys.readouterr().out == ""
    model.fit(X, Y, epochs=2, verbose=2, validation_split=0.5)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("Epoch 2/2 - ")
    assert " - loss: " in lines[1]
    assert " - val_accuracy: " in lines[1]
    model.fit(X, Y)
    bar = capsys.readouterr().out
    for word in ("Epoch 1/1", "70/70", "samples/s", "loss: ", "accuracy: "):
        assert word in bar
    model.evaluate(X, Y)
    assert "70/70" in capsys.readouterr().out


def test_summary() -> None:
    lines: list[str] = []
    model = classifier()
    model.layers[0].trainable = False
    model.summary(print_fn=lines.append)
    (text,) = lines
    assert "Layer (type)" in text
    assert f"{model.layers[0].name} (Dense)" in text
    assert "(None, 8)" in text
    assert "Total params: 83 (332.00 B)" in text
    assert "Trainable params: 27" in text
    assert "Non-trainable params: 56" in text
    fastnn.Sequential([layers.Dense(3)]).summary(print_fn=lines.append)
    assert "?" in lines[-1]


# ---- predict and threads ---------------------------------------------------------------------------------------------


def test_predict_in_batches() -> None:
    model = classifier()
    whole = model.predict(X, batch_size=70)
    assert whole.dtype == np.float32
    np.testing.assert_allclose(whole.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(model.predict(X, batch_size=16), whole, rtol=1e-5)
    kept = model.predict(X[:16], batch_size=16)
    before = kept.copy()
    for _ in range(5):
        model.predict(X[16:32], batch_size=16)
    np.testing.assert_array_equal(kept, before)
    assert model.predict(X[:0]).shape == (0, 3)
    assert fastnn.Sequential([layers.Dense(5)]).predict(X[:0]).shape == (0, 5)


def test_eight_threads_predict_at_once() -> None:
    model = classifier()
    unbuilt = fastnn.Sequential([layers.Dense(5), layers.Dense(2)])
    want = model.predict(X, batch_size=9)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: (model.predict(X, batch_size=9), unbuilt.predict(X)), range(40)))
    for result, other in results:
        np.testing.assert_array_equal(result, want)
        np.testing.assert_array_equal(other, results[0][1])


def test_fit_beside_fit_and_predict_is_refused() -> None:
    inside, finish = threading.Event(), threading.Event()

    class Wait(Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            inside.set()
            assert finish.wait(200)

    model = classifier()
    thread = threading.Thread(target=model.fit, args=(X, Y), kwargs={"verbose": 0, "callbacks": [Wait()]})
    thread.start()
    try:
        assert inside.wait(200)
        calls = [lambda: model.fit(X, Y), lambda: model.predict(X), lambda: model.evaluate(X, Y), model.pop]
        calls += [model.get_weights, lambda: model.save("never"), lambda: model.save_weights("never")]
        for call in calls:
            with pytest.raises(RuntimeError, match="the model is"):
                call()
    finally:
        finish.set()
        thread.join()
    assert model.predict(X).shape == (70, 3)


def test_ctrl_c_leaves_the_last_whole_step() -> None:
    """In a process of its own, whose main thread is interrupted while it trains."""
    script = """
        import os, signal, threading, time
        import numpy as np, fastnn
        from fastnn import layers
        x = np.random.default_rng(0).normal(size=(20000, 64)).astype(np.float32)
        y = np.arange(20000) % 10
        hidden, out = layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")
        model = fastnn.Sequential([fastnn.Input((64,)), hidden, out])
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(x[:64], y[:64], verbose=0)
        begin = []
        def interrupt():
            while model.optimizer.iterations < 1000:
                time.sleep(0.001)
            begin.append(time.process_time())  # what other programs do doesn't count
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=interrupt, daemon=True).start()
        try:
            model.fit(x, y, epochs=10000, verbose=0)
        except KeyboardInterrupt:
            assert time.process_time() - begin[0] < 1
            slots = model.optimizer.iterations
            assert slots >= 1000 and all(np.isfinite(w).all() for w in model.get_weights())
            model.fit(x[:64], y[:64], verbose=0)
            assert model.optimizer.iterations == slots + 2
            assert model.predict(x[:3]).shape == (3, 10)
            print("usable")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=250, check=False
    )
    assert done.stdout == "usable\n", done.stderr


def test_no_python_runs_when_what_has_locks_goes() -> None:
    """Ctrl-C that came there would be lost, and with it that of `fit`."""
    kept: list[Any] = [Guard() for _ in range(100)]
    ran: list[str] = []
    sys.setprofile(lambda frame, event, _: ran.append(frame.f_code.co_filename) if event == "call" else None)
    try:
        kept.clear()
    finally:
        sys.setprofile(None)
    assert not ran


# ---- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((None, Y), {}, ValueError, "fit: expected data x, got None"),
        ((X, None), {}, ValueError, "fit: expected data y, got None"),
        ((X[:0], Y[:0]), {}, ValueError, r"fit: expected data, got x of shape \(0, 6\)"),
        ((X, Y[:-1]), {}, ValueError, "fit: expected x and y of one length, got 70 and 69"),
        ((X, Y), {"batch_size": 0}, ValueError, "fit: expected batch_size of at least 1, got 0"),
        ((X, Y), {"batch_size": 2.0}, TypeError, "fit: expected batch_size to be an integer"),
        ((X, Y), {"epochs": -1}, ValueError, "fit: expected epochs of at least 0, got -1"),
        ((X, Y), {"epochs": "a"}, TypeError, "fit: expected epochs to be an integer, got 'a'"),
        ((X, Y), {"epochs": 1.5}, TypeError, "fit: expected epochs to be an integer, got 1.5"),
        ((X, Y), {"initial_epoch": None}, TypeError, "fit: expected initial_epoch to be an integer, got None"),
        ((X, Y), {"validation_split": "a"}, TypeError, "fit: expected validation_split to be a number, got 'a'"),
        ((X, Y), {"callbacks": 3}, TypeError, "fit: expected callbacks to be a list of Callback, got 3"),
        ((X, np.where(Y == 0, np.nan, Y)), {}, ValueError, "expected labels to be whole numbers"),
        ((X, Y), {"verbose": 3}, ValueError, "fit: expected verbose 0, 1, 2 or 'auto', got 3"),
        ((X, Y), {"validation_split": 1.0}, ValueError, r"fit: expected validation_split in \[0, 1\)"),
        ((X[:1], Y[:1]), {"validation_split": 0.1}, ValueError, "to leave samples on both sides"),
        ((X, Y), {"validation_data": (X[:0], Y[:0])}, ValueError, "fit: validation_data: expected data"),
        ((X, Y), {"validation_data": X}, ValueError, "fit: validation_data: expected data y, got None; pass y"),
        ((X, Y), {"validation_data": (X, Y, Y, Y)}, ValueError, r"fit: expected validation_data to be \(x, y\)"),
        ((X, Y), {"validation_data": (X[:, :5], Y)}, ValueError, r"expected input \(batch, 6\), got \(70, 5\)"),
        ((X, Y), {"callbacks": [print]}, TypeError, "expected callbacks to be objects of Callback"),
        ((X[:, :5], Y), {}, ValueError, r"input_layer.*: expected input \(batch, 6\), got \(70, 5\)"),
        ((X.astype(str), Y), {}, TypeError, "fit: expected x to be an array of numbers"),
        ((3.0, Y), {}, ValueError, "along its first axis"),
        ((X, Y + 0.5), {}, ValueError, "expected labels to be whole numbers"),
        ((X, np.stack([Y, Y], axis=1)), {}, ValueError, r"expected class numbers y_true \(70,\), got \(70, 2\)"),
        ((X, Y + 2), {}, IndexError, r"fit: expected labels in \[0, 3\), got . at position"),
        ((X, Y), {"validation_data": (X, Y - 1)}, IndexError, r"fit: validation_data: expected labels in \[0, 3\)"),
        ((X, Y - 1), {}, IndexError, "label"),
    ],
)
def test_fit_refuses(arguments: Any, options: dict[str, Any], error: type[Exception], message: str) -> None:
    model = classifier()
    want = classifier()
    with pytest.raises(error, match=message):
        model.fit(*arguments, **{"verbose": 0, "shuffle": False, "batch_size": 70, **options})
    model.fit(X, Y, verbose=0, shuffle=False)
    want.fit(X, Y, verbose=0, shuffle=False)
    assert_same_weights(model, want)


def test_a_bad_label_late_in_an_epoch_leaves_whole_steps() -> None:
    model, want = classifier(0.2), classifier(0.2)
    for one in (model, want):  # of a function's labels, only its op knows which are good
        one.compile("adam", lambda y_true, y_pred: losses.sparse_categorical_crossentropy(y_true, y_pred))
    bad = Y.copy()
    bad[40] = 3
    for _ in range(3):  # eager, recorded, replayed
        with pytest.raises(IndexError):
            model.fit(X, bad, batch_size=16, shuffle=False, verbose=0)
        want.fit(X[:32], Y[:32], batch_size=16, shuffle=False, verbose=0)
        assert_same_weights(model, want)
    assert model.optimizer is not None
    assert model.optimizer.iterations == 6


@pytest.mark.parametrize("fits", [1, 4])
def test_a_refused_fit_changes_nothing(fits: int) -> None:
    model = classifier()
    for _ in range(fits):  # a form of data is tried once: labels are looked at each time
        history = model.fit(X, Y, verbose=0)
    before = (model.get_weights(), [metric.result() for metric in model.metrics], model._epochs)
    bad = Y.copy()
    bad[40] = 3
    for data, more in (((X, bad), {}), ((X, Y), {"validation_data": (X, bad)}), ((X, Y), {"callbacks": [print]})):
        with pytest.raises((IndexError, TypeError)):
            model.fit(*data, batch_size=16, verbose=0, **more)  # type: ignore[arg-type]
    with pytest.raises(IndexError, match=r"evaluate: expected labels in \[0, 3\), got 3 at position 40"):
        model.evaluate(X, bad, batch_size=16, verbose=0)
    for a, b in zip(model.get_weights(), before[0], strict=True):
        np.testing.assert_array_equal(a, b)
    assert [metric.result() for metric in model.metrics] == before[1]
    assert model._epochs == before[2]
    assert model.history is history


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("adma", "mse"), ValueError, r"unknown optimizer 'adma'; did you mean 'adamax'\? known: Adadelta"),
        (("adam", "mes"), ValueError, r"unknown loss 'mes'; did you mean 'mse'\?"),
        (("adam", "mse", ["acuracy"]), ValueError, r"unknown metric 'acuracy'; did you mean 'accuracy'\?"),
        (("adam", "mse", "accuracy"), TypeError, "compile: expected metrics to be a list"),
        (("adam", "mse", ["mse", "mse"]), ValueError, "metrics of different names"),
        ((3, "mse"), TypeError, "optimizer: expected a name or an object of Optimizer, got 3"),
        (("adam", losses.MeanSquaredError(reduction=None)), ValueError, "that gives one number, got reduction None"),
    ],
)
def test_compile_refuses(arguments: Any, error: type[Exception], message: str) -> None:
    model = classifier()
    before = model.optimizer
    with pytest.raises(error, match=message):
        model.compile(*arguments[:2], **({"metrics": arguments[2]} if len(arguments) > 2 else {}))
    assert model.optimizer is before


def test_cross_entropy_from_probabilities_and_logits() -> None:
    """Those that no softmax made are clipped, those of a softmax are not."""
    probabilities = np.full((70, 3), 1 / 3, np.float32)
    assert losses.SparseCategoricalCrossentropy()(Y, probabilities).item() == pytest.approx(np.log(3), rel=1e-6)
    zero = losses.sparse_categorical_crossentropy([1], np.array([[1.0, 0.0]], np.float32)).item()
    assert zero == pytest.approx(-np.log(1e-7), rel=1e-5)
    made = losses.sparse_categorical_crossentropy([1], fastnn.functional.softmax(Tensor([[100.0, 0.0]]))).item()
    assert made == 100
    model = classifier()
    with pytest.warns(UserWarning, match="its logits are used"):
        loss = losses.SparseCategoricalCrossentropy(from_logits=True)(Y, model(X))
    assert loss.item() == pytest.approx(model.evaluate(X, Y, verbose=0)[0], rel=1e-6)  # type: ignore[index]


def test_a_model_that_is_not_compiled() -> None:
    model = fastnn.Sequential([layers.Dense(3)])
    assert model.predict(X).shape == (70, 3)
    for call in (model.fit, model.evaluate):
        with pytest.raises(RuntimeError, match="expected a compiled model; call compile"):
            call(X, Y)
    model.compile("sgd", "mse")
    model.trainable = False
    with pytest.raises(ValueError, match="expected a model with trainable weights"):
        model.fit(X, X[:, :3], verbose=0)


class TwoLayers(fastnn.Model):
    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.out = layers.Dense(4), layers.Dense(1)

    def call(self, inputs: Any) -> Tensor:
        if isinstance(inputs, list):
            return self.hidden(inputs[0]) + self.out(inputs[1])
        return self.out(self.hidden(inputs))


def test_build_makes_the_weights_of_a_model_of_ones_own() -> None:
    model = TwoLayers()
    model.build((None, 3))
    assert [w.shape for w in model.weights] == [(3, 4), (4,), (4, 1), (1,)]
    assert model.built
    assert model.input_shape == (None, 3)
    model.set_weights([np.ones(w.shape, np.float32) for w in model.weights])
    assert model.predict(np.ones((2, 3), np.float32)).tolist() == [[17.0], [17.0]]
    several = TwoLayers()
    several.build([(None, 3), (None, 5)])
    assert [w.shape for w in several.weights] == [(3, 4), (4,), (5, 1), (1,)]


@pytest.mark.parametrize(
    ("shape", "message"), [(None, "expected an input_shape to build for, got None"), ((), "expected input")]
)
def test_build_for_a_wrong_shape_changes_nothing(shape: Any, message: str) -> None:
    model = TwoLayers()
    with pytest.raises(ValueError, match=message):
        model.build(shape)
    assert not model.built
    assert not model.weights
    model.build((None, 3))
    assert len(model.weights) == 4


def test_a_model_whose_call_returns_something_else() -> None:
    class Pair(fastnn.Model):
        def call(self, x: Tensor) -> Any:
            return x, x

    with pytest.raises(TypeError, match=r"pair: expected call to return a Tensor \(batch, ...\), got tuple"):
        Pair().predict(X)

    class Forgotten(fastnn.Model):
        def __init__(self) -> None:
            self.out = layers.Dense(3)

    with pytest.raises(RuntimeError, match=r"Forgotten: call super\(\).__init__\(\) before setting out"):
        Forgotten()
