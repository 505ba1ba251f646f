"""examples/text_lstm.py and examples/text_attention.py against Keras: verse of Shakespeare and of Milton.

TensorFlow's optimizers take equal ids in a batch one by one, ours sum their gradients first, as do Keras's on its other
backends (docs/keras.md). Texts are full of equal words, so Keras's optimizer is given summed gradients here: without
that, accuracies after a few epochs differ by about 1 %, in either direction.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tutorials import EXAMPLES, compared


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the programs write; they find the module of their data, as they do when Python runs them."""
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def summed_gradients(keras: Any, tensorflow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradients of embeddings reach Keras's optimizers as arrays, in which equal ids are summed."""
    apply = keras.optimizers.Optimizer.apply

    def dense(self: Any, grads: Any, trainable_variables: Any = None) -> Any:
        return apply(self, [tensorflow.convert_to_tensor(grad) for grad in grads], trainable_variables)

    monkeypatch.setattr(keras.optimizers.Optimizer, "apply", dense)


@pytest.mark.keras
def test_text_lstm(keras: Any) -> None:
    assert compared("text_lstm", keras, lambda names: names["accuracy"]) >= 0.9


@pytest.mark.keras
def test_text_attention(keras: Any, place: Path) -> None:
    assert compared("text_attention", keras, lambda names: names["accuracy"]) >= 0.9
    assert (place / "text_attention.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
