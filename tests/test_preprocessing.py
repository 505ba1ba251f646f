"""Preprocessing layers by themselves: in models and files, what they refuse. Keras: test_keras_preprocessing.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Input, Sequential, Tensor, layers

X = np.random.default_rng(1).normal(2.0, 3.0, (40, 5)).astype(np.float32)


def through_a_file(model: Sequential, folder: Path) -> Sequential:
    model.save(folder / "model.safetensors")
    return fastnn.models.load_model(folder / "model.safetensors")


def test_normalization_inside_a_model(tmp_path: Path) -> None:
    normalization = layers.Normalization()
    model = Sequential([Input((5,)), normalization, layers.Rescaling(0.5, offset=1.0), layers.Dense(2)])
    model.compile("sgd", "mse")
    before = model.predict(X)
    normalization.adapt(X)  # programs that are recorded see it
    expected = ((X - X.mean(0)) / X.std(0) * 0.5 + 1) @ model.layers[-1].kernel.numpy() + model.layers[-1].bias.numpy()
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-4, atol=1e-5)
    assert not np.allclose(before, expected)
    assert model.predict(X[:1]).shape == (1, 2)
    mean = normalization.get_weights()[0]
    model.fit(X, X[:, :2], epochs=1, verbose=0)
    np.testing.assert_array_equal(normalization.get_weights()[0], mean)
    assert not normalization.trainable_weights
    np.testing.assert_array_equal(through_a_file(model, tmp_path).predict(X), model.predict(X))


def test_statistics_are_found_in_one_pass() -> None:
    seen = []

    def batches() -> Any:
        for start in range(0, 40, 7):
            seen.append(start)
            yield (X[start : start + 7], "labels")

    layer = layers.Normalization()
    layer.adapt(batches())
    assert seen == list(range(0, 40, 7))
    big = layers.Normalization(axis=None)
    big.adapt(Tensor(X + np.float32(1e4)))
    np.testing.assert_allclose(layer.get_weights()[0], X.mean(0), rtol=1e-5)
    np.testing.assert_allclose(layer.get_weights()[1], X.var(0), rtol=1e-5)
    np.testing.assert_allclose(big.get_weights()[1], (X + np.float32(1e4)).astype(np.float64).var(), rtol=1e-5)


class Table:
    """What NumPy makes an array of, and iterates over something else, as data frames do over their columns."""

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.values

    def __iter__(self) -> Any:
        return iter(["columns"])


def test_tables_are_arrays() -> None:
    layer = layers.Normalization()
    layer.adapt(Table(X))
    np.testing.assert_allclose(layer.get_weights()[0], X.mean(0), rtol=1e-5)
    words = layers.StringLookup(output_mode="tf_idf")
    words.adapt(Table(["a", "b", "a"]))
    assert words.get_vocabulary() == ["[UNK]", "a", "b"]
    np.testing.assert_allclose(words(["b"]).numpy(), [0, 0, np.log1p(3 / 2)], rtol=1e-6)


def test_categories_inside_a_model(tmp_path: Path) -> None:
    model = Sequential([Input((3,)), layers.CategoryEncoding(6, "count"), layers.Dense(2, use_bias=False)])
    ids = np.random.default_rng(0).integers(0, 6, (33, 3))
    counts = np.stack([np.bincount(row, minlength=6) for row in ids])
    for _ in range(3):
        np.testing.assert_allclose(model.predict(ids), counts @ model.layers[-1].kernel.numpy(), rtol=1e-5, atol=1e-6)
    with pytest.raises(IndexError, match=r"expected .* in \[0, 6\)"):
        model.predict(ids + 1)
    np.testing.assert_array_equal(through_a_file(model, tmp_path).predict(ids), model.predict(ids))


def test_ranges_inside_a_model(tmp_path: Path) -> None:
    ranges = layers.Discretization(num_bins=4, output_mode="one_hot")
    with pytest.raises(ValueError, match="expected bin_boundaries; call adapt on data first"):
        ranges(X)
    ranges.adapt(X[:, 0])
    model = Sequential([Input((1,)), ranges, layers.Dense(2)])
    places = np.digitize(X[:, 0], ranges.bin_boundaries)
    assert (np.bincount(places) >= 9).all()
    for _ in range(3):
        got = model.predict(X[:, :1])
    kernel, bias = model.layers[-1].get_weights()
    np.testing.assert_allclose(got, kernel[places] + bias, rtol=1e-5)
    again = through_a_file(model, tmp_path)
    np.testing.assert_array_equal(again.predict(X[:, :1]), got)
    again.layers[0].adapt(X[:, 1])
    nan = layers.Discretization([0.0, 1.0])(np.array([np.nan, -np.inf, np.inf], np.float32))
    np.testing.assert_array_equal(nan.numpy(), [2, 0, 2])
    ranges.adapt(X[:, 1])
    assert not np.array_equal(model.predict(X[:, :1]), got)


def test_sequences_of_these_layers_can_be_streamed() -> None:
    x = X.reshape(8, 5, 5)
    layer = layers.Normalization()
    layer.adapt(x)
    model = Sequential([Input((None, 5)), layers.Rescaling(2.0), layer, layers.GRU(3, return_sequences=True)])
    stepper = model.stream(8)
    got = np.stack([stepper.step(x[:, t]) for t in range(5)], 1)
    np.testing.assert_allclose(got, model.predict(x), rtol=1e-6, atol=1e-7)
    whole = layers.Normalization(axis=1, name="whole")
    with pytest.raises(
        ValueError, match=r"^whole: expected a layer that can be streamed, got Normalization: it has a mean"
    ):
        Sequential([Input((5, 5)), whole]).stream()
    ranges = layers.Discretization([1.0], output_mode="count", name="ranges")
    with pytest.raises(ValueError, match="its output_mode 'count' puts steps together"):
        Sequential([Input((5, 5)), ranges]).stream()


def test_texts_before_a_model(tmp_path: Path) -> None:
    texts = np.array(["A good film.", "a BAD film", "good, good!", "so bad"])
    vectorize = layers.TextVectorization(output_sequence_length=4)
    vectorize.adapt(texts)
    assert vectorize.get_vocabulary() == ["", "[UNK]", "good", "film", "bad", "a", "so"]
    ids = vectorize(texts)
    np.testing.assert_array_equal(ids.numpy(), [[5, 2, 3, 0], [5, 4, 3, 0], [2, 2, 0, 0], [6, 4, 0, 0]])
    assert vectorize("bad unknown").numpy().tolist() == [4, 1, 0, 0]
    model = Sequential(
        [layers.Embedding(vectorize.vocabulary_size(), 4, mask_zero=True), layers.LSTM(3), layers.Dense(1)]
    )
    model.compile("adam", "mse")
    model.fit(ids, np.array([1.0, 0, 1, 0]), verbose=0)
    assert model.predict(ids).shape == (4, 1)
    holder = Sequential([vectorize, layers.Embedding(7, 2)])
    with pytest.raises(TypeError, match="expected x to be an array of numbers"):
        holder.predict(texts)
    again = layers.TextVectorization.from_config(vectorize.get_config())
    np.testing.assert_array_equal(again(texts).numpy(), ids.numpy())
    again.adapt(["other words"])
    assert again.get_vocabulary() == ["", "[UNK]", "words", "other"]


def test_vocabularies_stand_in_a_model_s_file(tmp_path: Path) -> None:
    lookup = layers.IntegerLookup(name="lookup")
    lookup.adapt([[10**12, -3, -3]])
    model = Sequential([Input((2,)), lookup, layers.Embedding(3, 2)])
    again = through_a_file(model, tmp_path).get_layer("lookup")
    assert again.get_vocabulary() == [-1, -3, 10**12]
    with pytest.raises(ValueError, match="lookup: expected to be called on data before the model, not inside of it"):
        model.predict(np.array([[-3, 4]]))


def test_functions_of_one_s_own() -> None:
    layer = layers.TextVectorization(
        standardize=lambda texts: [text.upper() for text in texts],
        split=lambda texts: [text.split(",") for text in texts],
        vocabulary=["A", "B C"],
    )
    np.testing.assert_array_equal(layer(["a,b c,d", "b c"]).numpy(), [[2, 3, 1], [3, 0, 0]])
    with pytest.raises(ValueError, match="expected standardize by name in a configuration, got a function"):
        layer.get_config()


def test_vocabularies_from_files(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("one\ntwo\nünï\n", encoding="utf-8")
    (tmp_path / "numbers.txt").write_text("7\n-5\n", encoding="utf-8")
    words = layers.StringLookup(vocabulary=tmp_path / "words.txt")
    assert words(["ünï", "one", "six"]).numpy().tolist() == [3, 1, 0]
    assert layers.IntegerLookup(vocabulary=str(tmp_path / "numbers.txt"))([-5, 7]).numpy().tolist() == [2, 1]
    names = layers.StringLookup(vocabulary=words.get_vocabulary(), invert=True)
    assert names(words([["two", "six"]])).tolist() == [["two", "[UNK]"]]


WRONG: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (
        lambda: layers.Rescaling("x"),
        TypeError,
        "Rescaling: expected scale to be a number or an array of numbers, got 'x'",
    ),
    (
        lambda: layers.Normalization(mean=1.0),
        ValueError,
        "Normalization: expected mean and variance, or none, got 1.0 and None",
    ),
    (
        lambda: layers.Normalization(mean=[[1.0]], variance=[[1.0]]),
        ValueError,
        "Normalization: expected mean and variance of one shape of at most 1 axes, got shapes (1, 1) and (1, 1)",
    ),
    (
        lambda: layers.Normalization(mean=1.0, variance=1.0, name="n").adapt(X),
        ValueError,
        "n: expected no adapt, as mean and variance were given",
    ),
    (
        lambda: layers.Normalization(name="n").adapt([]),
        ValueError,
        "n: expected adapt to get at least one batch, got none",
    ),
    (
        lambda: layers.Normalization(name="n").adapt(3),
        TypeError,
        "n: expected adapt to get an array or batches, got int",
    ),
    (lambda: layers.Normalization(name="n").adapt(X[:0]), ValueError, "n: expected adapt to get numbers, got none"),
    (
        lambda: layers.Normalization(name="n").adapt([X, X[:, :2]]),
        ValueError,
        "n: expected input of sizes (5,) along axes (1,), got (40, 2)",
    ),
    (
        lambda: layers.Normalization(name="n").adapt(X[:, 0]),
        ValueError,
        "n: expected input with known sizes along axis (-1,), or axis=None, got (None,)",
    ),
    (lambda: layers.Normalization(axis=3, name="n")(X), ValueError, "n: expected axis within 2 axes, got (3,)"),
    (
        lambda: layers.CategoryEncoding(),
        ValueError,
        "CategoryEncoding: expected num_tokens; IntegerLookup finds the numbers there are",
    ),
    (
        lambda: layers.CategoryEncoding(3, "one"),
        ValueError,
        "CategoryEncoding: expected output_mode one_hot, multi_hot, count, got 'one'",
    ),
    (lambda: layers.CategoryEncoding(3, sparse=True), ValueError, "CategoryEncoding: expected sparse False, got True"),
    (
        lambda: layers.CategoryEncoding(3, name="c")(np.array([[1]]), count_weights=np.ones((1, 1))),
        ValueError,
        "c: expected count_weights with output_mode 'count', got 'multi_hot'",
    ),
    (
        lambda: layers.Discretization(),
        ValueError,
        "Discretization: expected num_bins or bin_boundaries, got None and None",
    ),
    (
        lambda: layers.Discretization([2.0, 1.0]),
        ValueError,
        "Discretization: expected ascending bin_boundaries, got [2.0, 1.0]",
    ),
    (
        lambda: layers.Discretization(num_bins=2, epsilon=1.0),
        ValueError,
        "Discretization: expected epsilon between 0 and 1, got 1.0",
    ),
    (
        lambda: layers.Discretization([1.0], name="d").adapt(X),
        ValueError,
        "d: expected no adapt, as bin_boundaries were given",
    ),
    (lambda: layers.StringLookup(max_tokens=1), ValueError, "StringLookup: expected max_tokens of at least 2, got 1"),
    (
        lambda: layers.StringLookup(pad_to_max_tokens=True),
        ValueError,
        "StringLookup: expected max_tokens with pad_to_max_tokens",
    ),
    (
        lambda: layers.StringLookup(invert=True, output_mode="count"),
        ValueError,
        "StringLookup: expected output_mode 'int' with invert, got 'count'",
    ),
    (
        lambda: layers.StringLookup(vocabulary=["a", "b", "a"], name="s"),
        ValueError,
        "s: expected each token once in the vocabulary, got again: ['a']",
    ),
    (
        lambda: layers.StringLookup(vocabulary=["a", ""], mask_token="", name="s"),
        ValueError,
        "s: expected a vocabulary without '', or beginning with ['', '[UNK]']",
    ),
    (
        lambda: layers.StringLookup(vocabulary=["a", "b"], max_tokens=2, name="s"),
        ValueError,
        "s: expected at most 2 tokens, got 2 and 1 special ones",
    ),
    (lambda: layers.StringLookup(vocabulary=[], name="s"), ValueError, "s: expected a vocabulary, got none"),
    (
        lambda: layers.StringLookup(vocabulary=["a"], name="s").adapt(["b"]),
        ValueError,
        "s: expected no adapt, as a vocabulary was given",
    ),
    (lambda: layers.StringLookup(name="s")([1, 2]), TypeError, "s: expected strings, got 1"),
    (
        lambda: layers.StringLookup(vocabulary=["a"], num_oov_indices=0, name="s")(["a", "b"]),
        ValueError,
        "s: expected tokens of the vocabulary, as num_oov_indices is 0, got ['b']",
    ),
    (
        lambda: layers.StringLookup(vocabulary=["a"], output_mode="tf_idf", name="s"),
        ValueError,
        "s: expected idf_weights with output_mode 'tf_idf' and with no other",
    ),
    (
        lambda: layers.StringLookup(vocabulary=["a"], idf_weights=[1.0, 2.0], output_mode="tf_idf", name="s"),
        ValueError,
        "s: expected 1 idf_weights, one for each token, got (2,)",
    ),
    (
        lambda: layers.StringLookup(output_mode="tf_idf", name="s")([["a"]]),
        ValueError,
        "s: expected a vocabulary; call adapt on data first",
    ),
    (
        lambda: layers.StringLookup(salt=1.5),
        ValueError,
        "StringLookup: expected salt to be one integer or two, got 1.5",
    ),
    (lambda: layers.IntegerLookup(name="i")([0.5]), TypeError, "i: expected whole numbers, got float64"),
    (
        lambda: layers.IntegerLookup(salt=1),
        ValueError,
        "IntegerLookup: expected oov_method 'farmhash' with salt, got 'floormod'",
    ),
    (
        lambda: layers.IntegerLookup(output_mode="count", name="i")(np.zeros((2, 2, 2), int)),
        ValueError,
        "i: expected (batch, n) tokens for 'count', got (2, 2, 2)",
    ),
    (
        lambda: layers.TextVectorization(split="words"),
        ValueError,
        "TextVectorization: expected split 'whitespace', 'character' or None, got 'words'",
    ),
    (
        lambda: layers.TextVectorization(output_mode="count", output_sequence_length=3),
        ValueError,
        "TextVectorization: expected output_sequence_length with 'int', got 'count'",
    ),
    (lambda: layers.TextVectorization(ragged=True), ValueError, "TextVectorization: expected ragged False, got True"),
    (
        lambda: layers.TextVectorization(name="t")([["a", "b"]]),
        ValueError,
        "t: expected texts (batch,) or (batch, 1) to split, got (1, 2)",
    ),
]


@pytest.mark.parametrize(("wrong", "error", "message"), WRONG, ids=[message[:50] for *_, message in WRONG])
def test_wrong_use(wrong: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        wrong()
    assert str(caught.value) == message


def test_normalization_tells_what_it_found() -> None:
    data = np.random.default_rng(0).normal(3.0, 2.0, (50, 6, 4)).astype(np.float32)
    layer = layers.Normalization(name="n")
    with pytest.raises(ValueError, match="n: expected to be built before 'mean' is asked for"):
        _ = layer.mean
    layer.adapt(data)
    for found, wanted in ((layer.mean, data.mean((0, 1))), (layer.variance, data.var((0, 1)))):
        assert found.shape == (1, 1, 4)
        np.testing.assert_allclose(found.numpy()[0, 0], wanted, rtol=1e-5)
    again = layers.Normalization.from_config(layer.get_config())
    again.build((None, 6, 4))
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again.mean.numpy(), layer.mean.numpy())
    given = layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0])
    given.build((None, 2))
    assert given.mean.numpy().tolist() == [[1.0, 2.0]]
    assert given.variance.numpy().tolist() == [[4.0, 9.0]]
