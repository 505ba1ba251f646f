"""Saving and loading: nothing lost, nothing executed, the old file or the new one, and damaged files refused."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import fastnn
from fastnn import Tensor, layers, losses, optimizers, saving
from fastnn.models import load_model

X = np.random.default_rng(2).normal(size=(50, 6, 6, 1)).astype(np.float32)
Y = np.arange(50) % 3


def network(optimizer: Any = "adam") -> fastnn.Sequential:
    fastnn.utils.set_random_seed(4)
    model = fastnn.Sequential(
        [
            fastnn.Input((6, 6, 1)),
            layers.Conv2D(4, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class Own(fastnn.Model):
    """A model of the user's own, with layers in a list."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = [layers.Dense(4, activation="relu"), layers.Dense(4)]
        self.out = layers.Dense(2)

    def call(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return self.out(x)


def bytes_of(weights: list[np.ndarray]) -> list[bytes]:
    return [w.tobytes() for w in weights]


@pytest.mark.parametrize(
    "optimizer",
    [
        "adam",
        optimizers.SGD(0.05, momentum=0.9, nesterov=True),
        "sgd",
        optimizers.RMSprop(momentum=0.5, centered=True, clipnorm=1.0),
        optimizers.AdamW(amsgrad=True, global_clipnorm=1.0),
        "adagrad",
        "adadelta",
        "adamax",
        "nadam",
        optimizers.Lion(clipvalue=0.1),
    ],
)
def test_training_goes_on_as_if_it_had_never_been_saved(tmp_path: Path, optimizer: Any) -> None:
    path = tmp_path / "model.safetensors"
    model = network(optimizer)
    model.fit(X, Y, epochs=3, batch_size=16, verbose=0)
    assert model.optimizer is not None
    model.optimizer.learning_rate = 0.02
    model.save(path)
    again = load_model(path)
    for one in (model, again):
        one.fit(X, Y, epochs=3, batch_size=16, verbose=0)
    assert bytes_of(model.get_weights()) == bytes_of(again.get_weights())
    assert again.optimizer is not None
    assert again.optimizer.iterations == model.optimizer.iterations == 24
    assert model.evaluate(X, Y, verbose=0) == again.evaluate(X, Y, verbose=0)
    assert again.get_config() == model.get_config()
    model.save(path)
    again.save(tmp_path / "again.safetensors")
    assert path.read_bytes() == (tmp_path / "again.safetensors").read_bytes()


def test_what_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    model = network()
    model.fit(X, Y, verbose=0)
    model.save(path)
    tensors = load_file(path)
    weights = ["0.kernel", "0.bias", "4.kernel", "4.bias"]
    slots = [f"optimizer.{slot}.{weight}" for slot in ("first_moment", "second_moment") for weight in weights]
    assert sorted(tensors) == sorted(weights + slots)
    np.testing.assert_array_equal(tensors["4.kernel"], model.get_weights()[2])
    with safe_open(path, "np") as file:
        metadata = json.loads(file.metadata()["fastnn"])
    assert metadata["format_version"] == 1
    assert metadata["architecture"]["class_name"] == "Sequential"


def test_loading_without_compiling_and_other_loss(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    model = network()
    model.fit(X, Y, verbose=0)
    model.save(path)
    plain = load_model(path, compile=False)
    assert plain.optimizer is None
    np.testing.assert_array_equal(plain.predict(X), model.predict(X))
    model.compile("adam", lambda y_true, y_pred: losses.sparse_categorical_crossentropy(y_true, y_pred))
    with pytest.warns(UserWarning, match="without what compile was given"):  # the function stays behind
        model.save(path)
    assert load_model(path).optimizer is None
    uncompiled = fastnn.Sequential([layers.Dense(2, input_shape=(3,))])
    uncompiled.save(path)
    assert load_model(path).count_params() == 8


def test_loading_does_not_disturb_the_global_seed(tmp_path: Path) -> None:
    network().save(tmp_path / "model.safetensors")
    fastnn.utils.set_random_seed(1)
    want = fastnn.Sequential([layers.Dense(3, input_shape=(3,))]).get_weights()
    fastnn.utils.set_random_seed(1)
    load_model(tmp_path / "model.safetensors")
    got = fastnn.Sequential([layers.Dense(3, input_shape=(3,))]).get_weights()
    assert bytes_of(got) == bytes_of(want)


def test_nested_models_and_layers_of_your_own(tmp_path: Path) -> None:
    class Scale(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.add_weight((input_shape[-1],), "random_normal", name="factor")

        def call(self, inputs: Tensor) -> Tensor:
            return inputs * self._weights["factor"]

    path = tmp_path / "model.safetensors"
    inner = fastnn.Sequential([layers.Dense(4), Scale(), layers.Dropout(0.5, seed=3)])
    model = fastnn.Sequential([inner, layers.Dense(2)])
    want = model.predict(X[:, 0, :, 0])
    model.save(path)
    with pytest.raises(ValueError, match=r"model.safetensors: can't make the model: unknown layer 'Scale'; known: Act"):
        load_model(path)
    np.testing.assert_array_equal(load_model(path, {"Scale": Scale}).predict(X[:, 0, :, 0]), want)


def test_frozen_layers_stay_frozen(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    model = network()
    model.layers[0].trainable = False
    model.fit(X, Y, verbose=0)
    model.save(path)
    again = load_model(path)
    assert len(again.trainable_weights) == 2
    for one in (model, again):
        one.fit(X, Y, verbose=0)
    assert bytes_of(model.get_weights()) == bytes_of(again.get_weights())


def test_weights_of_a_model_of_your_own(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    one, other = Own(), Own()
    x = X[:, 0, :, 0]
    one.predict(x)
    with pytest.raises(
        ValueError,
        match=r"save: expected a Sequential or functional model, or one with get_config, got Own.*save_weights",
    ):
        one.save(path)
    one.save_weights(path)
    with pytest.raises(ValueError, match=r"load_weights: expected own.* to have weights; call it on a batch first"):
        other.load_weights(path)
    other.predict(x)
    other.load_weights(path)
    np.testing.assert_array_equal(one.predict(x), other.predict(x))
    assert sorted(load_file(path))[:2] == ["blocks.0.bias", "blocks.0.kernel"]
    with pytest.raises(ValueError, match="expected a whole model, got weights"):
        load_model(path)


def test_weights_from_a_whole_model(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    model = network()
    model.fit(X, Y, verbose=0)
    model.save(path)
    fresh = network()
    fresh.load_weights(path)
    np.testing.assert_array_equal(fresh.predict(X), model.predict(X))


def test_weights_that_do_not_fit_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    network().save_weights(path)
    other = fastnn.Sequential([fastnn.Input((6, 6, 1)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(3)])
    before = bytes_of(other.get_weights())
    with pytest.raises(ValueError, match=r"weights.safetensors: the weights don't fit.*expected 2.kernel, which is"):
        other.load_weights(path)
    assert bytes_of(other.get_weights()) == before
    extra = {**load_file(path), "more": np.zeros(1, np.float32)}
    save_file(extra, path, {"fastnn": '{"format_version": 1, "kind": "weights"}'})
    model = network()
    with pytest.raises(ValueError, match="expected nothing else, got more"):
        model.load_weights(path)


def test_an_unbuilt_model_is_not_saved(tmp_path: Path) -> None:
    model = fastnn.Sequential([layers.Dense(3)])
    with pytest.raises(ValueError, match=r"save: expected sequential.* to have weights; call it on a batch first"):
        model.save(tmp_path / "model.safetensors")
    assert list(tmp_path.iterdir()) == []


# ---- the file itself -------------------------------------------------------------------------------------------------


def rewritten(path: Path, change: Any) -> Path:
    """The file with other metadata."""
    with safe_open(path, "np") as file:
        metadata = json.loads(file.metadata()["fastnn"])
    text = change(metadata)
    save_file(load_file(path), path, {"fastnn": text if isinstance(text, str) else json.dumps(metadata)})
    return path


def set_units(metadata: dict[str, Any], units: Any) -> None:
    metadata["architecture"]["config"]["layers"][-1]["config"]["units"] = units


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(format_version=2), "written in format 2 .* reads formats up to 1: install a newer one"),
        (lambda m: m.update(format_version="new"), "expected a format_version, got 'new'"),
        (lambda m: m.update(format_version=True), "expected a format_version, got True"),
        (lambda m: "[]", "expected a file of fastnn, got a safetensors file without its metadata"),
        (lambda m: "{", "not a safetensors file of fastnn, or damaged"),
        (lambda m: "[" * 100000, "not a safetensors file of fastnn, or damaged"),
        (lambda m: m.update(architecture=[]), "can't make the model"),
        (lambda m: m.update(kind="weights"), "expected a whole model, got weights"),
        (lambda m: m.pop("random") and None, "can't make the model"),
        (lambda m: m.update(architecture={"class_name": "os.system", "config": {}}), "unknown model 'os.system'"),
        (lambda m: m.update(format_version=0), "expected a format_version, got 0"),
        (lambda m: m["compile"].update(iterations=-1), "expected iterations to be a whole number from 0 and below"),
        (lambda m: m["compile"].update(iterations=2**70), "expected iterations to be a whole number from 0"),
        (lambda m: m["compile"]["optimizer"]["config"].update(epsilon=0), "expected epsilon finite and above 0"),
        (lambda m: m["random"].update(seed=1e308), "expected seed to be a whole number from 0"),
        (lambda m: m["random"].update(epochs=2**70), "expected epochs to be a whole number from 0"),
        (lambda m: m["random"]["dropouts"].update({"3": [2**70, 0]}), "expected seed to be a whole number from 0"),
        (lambda m: m["random"]["dropouts"].update({"3": [0, 1e308]}), "expected draws to be a whole number from 0"),
        (lambda m: set_units(m, 2), r"expected 4.kernel \(36, 2\) of float32, got \(36, 3\)"),
        (lambda m: set_units(m, 2**40), "expected fewer weights than kernel"),
        (lambda m: set_units(m, "3"), "can't make the model: Dense: expected units to be an integer"),
    ],
)
def test_other_metadata_is_refused(tmp_path: Path, change: Any, message: str) -> None:
    path = tmp_path / "model.safetensors"
    network().save(path)
    with pytest.raises(ValueError, match=f"model.safetensors: .*{message}"):
        load_model(rewritten(path, change))


def refusal(path: Path) -> str | None:
    """What the ValueError of loading says; None when the file is taken."""
    try:
        load_model(path)
    except ValueError as error:
        return str(error)
    return None


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    network().save(path)
    data = path.read_bytes()
    damaged = tmp_path / "damaged.safetensors"
    header = int.from_bytes(data[:8], "little")
    cuts = [0, 1, 7, 8, 9, header, header + 8, header + 9, len(data) - 1]
    rng = np.random.default_rng(0)
    mutants = [data[:cut] for cut in cuts] + [data + b"x", b"\xff" * 8 + data[8:], b"PK" + data]
    for _ in range(100):
        changed = bytearray(data)
        changed[rng.integers(0, header + 8)] ^= int(rng.integers(1, 256))
        mutants.append(bytes(changed))
    refused = 0
    for mutant in mutants:
        damaged.write_bytes(mutant)
        message = refusal(damaged)
        refused += message is not None
        assert message is None or "damaged.safetensors" in message
    assert refused > 50  # some changes, of a name or a digit of a number, leave a valid file
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "missing.safetensors")


def test_a_name_that_comes_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "twice.safetensors"
    text = b'{"__metadata__":{"fastnn":"{}","fastnn":"x"}}'
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(ValueError, match=r"twice.safetensors"):
        load_model(path)


def test_an_error_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.safetensors"
    model = network()
    model.save(path)
    old = path.read_bytes()
    model.fit(X, Y, verbose=0)

    def fail(*_: Any) -> None:
        raise OSError("no space left")

    for name in ("fsync", "fdopen"):
        with monkeypatch.context() as patch:
            patch.setattr(saving.os, name, fail)
            with pytest.raises(OSError, match="no space left"):
                model.save(path)
        assert path.read_bytes() == old
        assert os.listdir(tmp_path) == ["model.safetensors"]  # noqa: PTH208
    with pytest.raises(FileExistsError, match="overwrite is False"):
        model.save(path, overwrite=False)
    assert path.read_bytes() == old


def test_where_files_may_go(tmp_path: Path) -> None:
    model = network()
    real, link = tmp_path / "real.safetensors", tmp_path / "link.safetensors"
    real.touch(mode=0o640)
    link.symlink_to(real)
    model.save(link)
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    np.testing.assert_array_equal(load_model(real).predict(X), model.predict(X))
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(OSError, match="expected a regular file to replace"):
            model.save(path)
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(OSError, match="circle"):
        model.save(tmp_path / "circle")
    with pytest.raises(FileNotFoundError, match="no such folder"):
        model.save(tmp_path / "nowhere" / "model.safetensors")


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the entries of nested dictionaries and lists are."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


@pytest.mark.parametrize("damage", ["gone", None, 3, "x", [], {}], ids=str)
def test_a_damaged_description_is_a_value_or_type_error(damage: Any) -> None:
    """Whatever is broken in a model's JSON, the error says what is wrong with it; or it is of no account."""
    tokens = fastnn.Input((4,), dtype="int32")
    x = fastnn.layers.Embedding(5, 3, mask_zero=True)(tokens)
    x = fastnn.layers.Bidirectional(fastnn.layers.RNN([fastnn.layers.LSTMCell(3)], return_sequences=True))(x)
    x = fastnn.layers.TimeDistributed(fastnn.layers.Dense(2, kernel_regularizer="l2"))(x[:, 1:] * 2)
    inner = fastnn.Sequential([fastnn.Input((3, 2)), fastnn.layers.Flatten(), fastnn.layers.Dense(2)])
    text = fastnn.Model(tokens, inner(x)).to_json()
    wrong = {}
    for path in places(json.loads(text)):
        description = json.loads(text)
        holder = description
        for key in path[:-1]:
            holder = holder[key]
        if damage == "gone":
            del holder[path[-1]]
        else:
            holder[path[-1]] = damage
        try:
            fastnn.models.model_from_json(json.dumps(description))
        except (ValueError, TypeError):
            continue
        except Exception as error:
            wrong[path] = repr(error)
    assert not wrong
