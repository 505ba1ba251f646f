"""examples/gan.py: a classifier recognises what it draws."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

from fastnn import Input, Sequential, datasets, layers, utils

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "gan.py"
PNG = b"\x89PNG\r\n\x1a\n"


def classifier() -> Sequential:
    """A network that reads the digits, trained on those for training."""
    utils.set_random_seed(1)
    model = Sequential(
        [
            Input((8, 8, 1)),
            layers.Conv2D(32, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    (x_train, y_train), (x_test, y_test) = datasets.digits.load_data()
    model.fit(x_train[..., np.newaxis] / np.float32(16), y_train, epochs=30, verbose=0)
    _, accuracy = model.evaluate(x_test[..., np.newaxis] / np.float32(16), y_test, verbose=0)
    assert accuracy >= 0.97
    return model


def test_what_the_gan_draws_is_recognised(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names = runpy.run_path(str(EXAMPLE), run_name="__main__")
    assert "recorded: True" in capsys.readouterr().out
    assert (tmp_path / "gan.png").read_bytes().startswith(PNG)
    noise = np.random.default_rng(2).standard_normal((1000, names["LATENT"]), dtype=np.float32)
    drawn = names["generator"].predict(noise, verbose=0)
    seen = classifier().predict((drawn.reshape(-1, 8, 8, 1) + 1) / 2, verbose=0)
    recognised = seen.max(axis=1) > 0.9
    counts = np.bincount(seen.argmax(axis=1)[recognised], minlength=10)
    assert recognised.mean() >= 0.8, counts
    # all ten classes; evenly, there are 80 of each
    assert counts.min() >= 20, counts
