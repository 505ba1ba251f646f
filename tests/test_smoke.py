"""A readable tour of the API: if only one test file is run, it is this one."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import fastnn
from fastnn import _core, kernels, layers
from fastnn import functional as F
from fastnn.__main__ import main


def test_kernels_are_functions_over_arrays() -> None:
    images = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    kernel = np.ones((2, 2, 1, 1), np.float32)
    y = kernels.conv2d(images, kernel)
    assert y.shape == (1, 3, 3, 1)
    assert y[0, 0, 0, 0] == 0 + 1 + 4 + 5

    dx = np.empty_like(images)
    assert kernels.conv2d_backward_input(np.ones_like(y), kernel, images, out=dx) is dx
    assert dx[0, 1, 1, 0] == 4  # four windows hold this pixel


def test_tensors_remember_how_they_were_made() -> None:
    x = fastnn.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = (x * x).sum()
    y.backward()
    assert y.item() == 14
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), [2, 4, 6])
    with fastnn.no_grad():
        assert not (x * x).requires_grad


def test_a_loop_of_your_own() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 3)).astype(np.float32)
    y = x @ np.array([[1.0], [-2.0], [0.5]], np.float32)
    fastnn.utils.set_random_seed(0)
    layer = layers.Dense(1)
    layer(x)  # makes the weights
    optimizer = fastnn.optimizers.SGD(learning_rate=0.2)
    for _ in range(100):
        difference = layer(x) - y
        loss = F.mean(difference * difference)
        loss.backward()
        optimizer.apply([w.grad for w in layer.trainable_variables], layer.trainable_variables)
        for weight in layer.weights:
            weight.zero_grad()
    assert loss.item() < 1e-6
    np.testing.assert_allclose(layer.kernel.numpy()[:, 0], [1, -2, 0.5], atol=1e-3)


def test_fit_evaluate_predict(capsys: pytest.CaptureFixture[str]) -> None:
    fastnn.utils.set_random_seed(1)
    (x, y), (x_test, y_test) = fastnn.datasets.digits.load_data()
    x, x_test = x.reshape(-1, 8, 8, 1) / 16, x_test.reshape(-1, 8, 8, 1) / 16
    model = fastnn.Sequential(
        [
            fastnn.Input((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.1),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    assert model.optimizer is not None
    model.optimizer.learning_rate = 0.01
    history = model.fit(x, y, epochs=4, validation_data=(x_test, y_test), verbose=0)
    assert history.history["val_accuracy"][-1] > 0.9
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    assert loss == history.history["val_loss"][-1]
    probabilities = model.predict(x_test)
    assert probabilities.shape == (len(x_test), 10)
    assert np.mean(probabilities.argmax(axis=1) == y_test) == pytest.approx(accuracy)
    assert capsys.readouterr().out == ""
    model.summary()
    assert "Total params: 1,610" in capsys.readouterr().out


def test_a_model_of_your_own() -> None:
    class Branches(fastnn.Model):
        def __init__(self) -> None:
            super().__init__()
            self.paths = [layers.Dense(8, activation="relu"), layers.Dense(8, activation="relu")]
            self.out = layers.Dense(2)

        def call(self, x: fastnn.Tensor) -> fastnn.Tensor:
            return self.out(self.paths[0](x) * self.paths[1](x))

    fastnn.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(np.int64)
    model = Branches()
    model.compile(
        fastnn.optimizers.Adam(0.03),
        fastnn.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    history = model.fit(x, y, epochs=20, verbose=0)
    assert history.history["accuracy"][-1] > 0.9


def test_save_and_load(tmp_path: object) -> None:
    model = fastnn.Sequential([fastnn.Input((3,)), layers.Dense(2, activation="softmax")])
    model.save(f"{tmp_path}/model.safetensors")
    again = fastnn.models.load_model(f"{tmp_path}/model.safetensors")
    x = np.ones((5, 3), np.float32)
    np.testing.assert_array_equal(model.predict(x), again.predict(x))


def test_the_command_tells_what_it_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    text = capsys.readouterr().out
    for word in (
        fastnn.__version__,
        "active",
        "FASTNN_ISA",
        "bfloat16",
        "threads",
        "affinity",
        "quota",
        "memory",
        "numpy",
    ):
        assert word in text


@pytest.mark.parametrize(
    ("available", "active", "line"),
    [
        (False, False, "as class fast: no unit for it here"),
        (True, False, "as class fast; FASTNN_ISA=amx has a unit"),
        (True, True, "on the matrix unit of level amx"),
    ],
)
def test_the_command_tells_what_class_bfloat16_is(
    available: bool, active: bool, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    levels = [{"name": "amx", "available": available, "active": active, "reason": ""}]
    monkeypatch.setattr(_core, "levels", lambda: levels)
    assert main(["info"]) == 0
    assert f"\nbfloat16       {line}\n" in capsys.readouterr().out


def test_the_command_goes_on_after_a_bad_setting_and_a_closed_pipe() -> None:
    command = [sys.executable, "-m", "fastnn", "info"]
    environment = {**os.environ, "FASTNN_NUM_THREADS": "foo"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=250, check=False)
    assert done.returncode == 0
    assert 'expected a positive whole number, got "foo"' in done.stdout
    assert "affinity" in done.stdout
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=250, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_errors_name_what_was_expected() -> None:
    with pytest.raises(ValueError, match=r"conv2d: expected weight .* got \(3, 3, 2, 4\)"):
        kernels.conv2d(np.zeros((1, 8, 8, 1), np.float32), np.zeros((3, 3, 2, 4), np.float32))
    model = fastnn.Sequential([fastnn.Input((64,)), layers.Dense(10, name="head")])
    with pytest.raises(ValueError, match=r"head: expected input \(\.\.\., 64\), got \(32, 32\)"):
        model.layers[0](np.zeros((32, 32), np.float32))
