"""What `summary` prints: Keras's columns and arguments, with operations and memory that the graph says."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Model, Sequential, Tensor, layers


def text_of(model: Model, **options: Any) -> str:
    lines: list[str] = []
    model.summary(print_fn=lines.append, **options)
    (text,) = lines
    return text


def rows_of(text: str) -> dict[str, list[str]]:
    """The cells of each row behind the first, by the layer's name."""
    return {
        line.split()[0].strip("└ "): re.split(r"\s{2,}", line.strip())[1:] for line in text.splitlines() if "(" in line
    }


def classifier() -> Sequential:
    return Sequential(
        [
            layers.Input((8, 8, 3)),
            layers.Conv2D(4, 3, activation="relu", name="conv"),
            layers.Flatten(name="flat"),
            layers.Dense(10, activation="softmax", name="out"),
        ],
        name="classifier",
    )


def test_rows_and_totals() -> None:
    model = classifier()
    model.layers[0].trainable = False
    text = text_of(model, batch_size=16)
    rows = rows_of(text)
    conv, dense = 2 * (16 * 6 * 6 * 4) * 27, 2 * 16 * 144 * 10
    assert rows["conv"] == ["(None, 6, 6, 4)", "112", f"{conv:,}"]
    assert rows["flat"] == ["(None, 144)", "0", "0"]
    softmax = 5 * 160
    assert rows["out"] == ["(None, 10)", "1,450", f"{dense + softmax:,}"]
    assert text.startswith('Model: "classifier"\n')
    assert " Total params: 1,562 (6.10 KB)" in text
    assert " Trainable params: 1,450 (5.66 KB)" in text
    assert " Non-trainable params: 112 (448.00 B)" in text
    assert f" FLOPs: {conv + dense + softmax:,} for a batch of 16" in text
    arena = model.program(16).split("arena ")[1].split()[0]
    assert f" Memory: {int(arena) / 1024:.2f} KB beside the weights to predict a batch of 16" in text


def test_the_optimizer_counts_once_it_has_state() -> None:
    model = classifier()
    model.compile("adam", "mse")
    assert "Optimizer params" not in text_of(model)
    model.fit(np.ones((4, 8, 8, 3), np.float32), np.ones((4, 10), np.float32), verbose=0)
    assert " Optimizer params: 3,126 (12.21 KB)" in text_of(model)


def test_a_model_that_is_not_built() -> None:
    text = text_of(Sequential([layers.Dense(3, name="d")], name="later"))
    assert rows_of(text)["d"] == ["?", "0 (unbuilt)", "?"]
    assert " Total params: 0 (0.00 B)" in text
    assert "FLOPs:" not in text


class Net(Model):
    def __init__(self) -> None:
        super().__init__(name="net")
        self.hidden = layers.Dense(4, activation="relu", name="hidden")
        self.shared = layers.Dense(4, name="shared")

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        return self.shared(self.shared(self.hidden(x)))


def test_a_model_of_ones_own_is_read_once_it_is_built() -> None:
    model = Net()
    assert rows_of(text_of(model))["hidden"] == ["?", "0 (unbuilt)", "?"]
    model(np.ones((2, 3), np.float32))
    rows = rows_of(text_of(model, batch_size=2))
    assert rows["hidden"][:2] == ["(None, 4)", "16"]
    assert rows["shared"] == ["(None, 4)", "20", f"{2 * 2 * (2 * 4 * 4)}"]


def test_a_call_that_needs_numbers_leaves_question_marks() -> None:
    class Reads(Net):
        def call(self, x: Tensor, training: bool = False) -> Tensor:
            return self.hidden(x) if float(x.numpy().sum()) > 0 else self.shared(x)

    model = Reads()
    model(np.ones((2, 3), np.float32))
    rows = rows_of(text_of(model))
    assert rows["hidden"] == ["(None, 4)", "16", "?"]


def test_open_sizes() -> None:
    model = Sequential(
        [layers.Input((None, 3)), layers.LSTM(4, return_sequences=True, name="l"), layers.Dense(2, name="d")]
    )
    text = text_of(model)
    assert rows_of(text)["l"] == ["(None, None, 4)", "128", "?"]
    assert rows_of(text)["d"][0] == "(None, None, 2)"
    assert "FLOPs:" not in text


def nested() -> Sequential:
    inner = Sequential([layers.Dense(4, name="inside"), layers.Dense(3, name="last")], name="inner")
    return Sequential([layers.Input((5,)), inner, layers.Dense(2, name="out")], name="outer")


def test_expand_nested() -> None:
    model = nested()
    plain, expanded = text_of(model), text_of(model, expand_nested=True, batch_size=1)
    assert "inside" not in plain
    assert "  └ inside (Dense)" in expanded
    rows = {line.split("(")[0].strip("└ "): line for line in expanded.splitlines()}
    assert rows["inner"].split()[-1] == str(2 * 5 * 4 + 2 * 4 * 3)
    assert rows["inside"].split()[-1] == str(2 * 5 * 4)


def test_show_trainable() -> None:
    model = Sequential(
        [layers.Input((5,)), layers.Dense(2, name="a"), layers.Dropout(0.5, name="b"), layers.Dense(2, name="c")]
    )
    model.layers[0].trainable = False
    rows = rows_of(text_of(model, show_trainable=True))
    assert [rows[name][-1] for name in "abc"] == ["N", "-", "Y"]


def test_layer_range() -> None:
    model = Sequential([layers.Input((5,)), *(layers.Dense(5, name=f"layer_{i}") for i in range(5))])
    assert list(rows_of(text_of(model, layer_range=("layer_1", "layer_3"))))[1:4] == ["layer_1", "layer_2", "layer_3"]
    with pytest.raises(
        ValueError, match=r"expected layer_range to name layers, got \('layer_1', 'x'\); there are: layer_0"
    ):
        model.summary(layer_range=["layer_1", "x"])
    with pytest.raises(ValueError, match="expected layer_range to be two names"):
        model.summary(layer_range="layer_1")


def test_line_length_and_positions() -> None:
    model = classifier()
    text = text_of(model, line_length=60)
    assert {len(line) for line in text.splitlines() if set(line) <= {"─", "═"}} == {60}
    text = text_of(model, line_length=100, positions=[0.4, 0.7, 1.0])
    assert "FLOPs, batch" not in text
    assert [line.index("(None, 10)") for line in text.splitlines() if line.startswith("out")] == [40]
    text = text_of(model, positions=[20, 40, 55, 70])
    assert {len(line) for line in text.splitlines() if set(line) == {"─"}} == {70}
    narrow = text_of(model, positions=[12, 40, 55, 70])
    assert "\nconv\n" not in narrow
    assert "(Conv2D)" in narrow
    for positions, sentence in (([1], "expected 4 positions, got 1"), ([0.01, 0.5, 0.9, 1], "columns at least 4")):
        with pytest.raises(ValueError, match=sentence):
            model.summary(positions=positions)
    with pytest.raises(ValueError, match="summary: expected batch_size"):
        model.summary(batch_size=0)


def test_nothing_is_computed_and_nothing_changes() -> None:
    model = Sequential([layers.Input((50000,)), layers.Dense(4), layers.BatchNormalization(), layers.Dropout(0.5)])
    before = [weight.copy() for weight in model.get_weights()]
    used = fastnn._core.allocated_bytes()
    text_of(model, batch_size=100_000)
    assert fastnn._core.allocated_bytes() - used < 1e6
    for value, weight in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(value, weight)
