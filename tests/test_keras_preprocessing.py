"""Preprocessing layers against Keras 3 on TensorFlow: vocabularies, boundaries, statistics, results."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastnn import layers

pytestmark = pytest.mark.keras

RNG = np.random.default_rng(4)
NUMBERS = RNG.normal(3.0, 2.0, (60, 5)).astype(np.float32)
IDS = RNG.integers(0, 7, (6, 4))
TOKENS = RNG.integers(-4, 12, (40, 3)) ** 3
WORDS = np.array([["ab", "c", "de"], ["c", "c", "x"], ["ünï", "de", ""], ["c", "ab", "[UNK]"]], object)
TEXTS = [
    "The quick, brown fox!",
    "  the Quick\tÉtude ... it's",
    "",
    "fox fox_trot a-b THE end-of-line\nnew",
    "naïve fox 12 12 12",
]


def equal(got: Any, want: Any) -> None:
    want = np.asarray(want)
    got = np.asarray(got)
    assert got.shape == want.shape
    if want.dtype.kind in "OSU":
        decoded = [item.decode() if isinstance(item, bytes) else str(item) for item in want.reshape(-1).tolist()]
        assert got.reshape(-1).tolist() == decoded
    else:
        assert got.dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6)


def adapted(cls: str, data: Any, keras: Any, **options: Any) -> tuple[Any, Any]:
    theirs, ours = getattr(keras.layers, cls)(**options), getattr(layers, cls)(**options)
    theirs.adapt(data() if callable(data) else data)
    ours.adapt(data() if callable(data) else data)
    return theirs, ours


@pytest.mark.parametrize("options", [{"scale": 1 / 255}, {"scale": 2, "offset": -1}, {"scale": [1.0, 2, 3, 4, 5]}])
def test_rescaling(options: dict[str, Any], keras: Any) -> None:
    for x in (NUMBERS, (NUMBERS * 10).astype(np.uint8)):
        equal(layers.Rescaling(**options)(x), keras.layers.Rescaling(**options)(x))


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("axis", [-1, None, 1, (1, 2)])
def test_normalization(axis: Any, invert: bool, keras: Any) -> None:
    x = NUMBERS.reshape(20, 3, 5)
    for data in (x, lambda: iter([x[:3], x[3:15], x[15:]])):
        theirs, ours = adapted("Normalization", data, keras, axis=axis, invert=invert)
        assert [w.name for w in theirs.weights] == [w.name for w in ours.weights]
        for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            equal(mine, other)
        equal(ours(x[:4]), theirs(x[:4]))


@pytest.mark.parametrize(
    "options", [{"mean": 3.0, "variance": 2.0}, {"mean": [1.0, 2, 3, 4, 5], "variance": [0.0, 1, 1, 2, 3]}]
)
def test_normalization_of_given_statistics(options: dict[str, Any], keras: Any) -> None:
    for invert in (False, True):
        options = {**options, "invert": invert}
        equal(layers.Normalization(**options)(NUMBERS), keras.layers.Normalization(**options)(NUMBERS))


@pytest.mark.parametrize("mode", ["one_hot", "multi_hot", "count"])
def test_category_encoding(mode: str, keras: Any) -> None:
    theirs, ours = (L.CategoryEncoding(num_tokens=7, output_mode=mode) for L in (keras.layers, layers))
    shapes: list[Any] = [IDS, IDS[0], IDS[:, :1]]
    for x in shapes:
        equal(ours(x), theirs(x))
    assert ours.compute_output_shape((None, 4)) == theirs.compute_output_shape((None, 4))
    assert ours.compute_output_shape((None, 1)) == theirs.compute_output_shape((None, 1))
    if mode == "count":
        weights = RNG.random(IDS.shape).astype(np.float32)
        equal(ours(IDS, count_weights=weights), theirs(IDS, count_weights=weights))


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
def test_discretization(mode: str, keras: Any) -> None:
    x = np.concatenate([NUMBERS, np.array([[-1, 0, 0.5, 2, np.inf]], np.float32)])
    for boundaries in ([0.0, 0.5, 2.0], [1.0]):
        theirs, ours = (L.Discretization(boundaries, output_mode=mode) for L in (keras.layers, layers))
        got, want = np.asarray(ours(x)), np.asarray(theirs(x))
        np.testing.assert_array_equal(got, want)
        assert got.dtype == (np.int32 if mode == "int" else np.float32)


@pytest.mark.parametrize(("bins", "epsilon"), [(4, 0.01), (10, 0.01), (3, 0.2)])
def test_adapted_discretization(bins: int, epsilon: float, keras: Any) -> None:
    big = RNG.normal(size=3000).astype(np.float32)
    for data in (NUMBERS, big, lambda: iter([big[:100], big[100:1900], big[1900:]])):
        theirs, ours = adapted("Discretization", data, keras, num_bins=bins, epsilon=epsilon)
        np.testing.assert_allclose(ours.bin_boundaries, theirs.bin_boundaries, rtol=1e-6)


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count", "tf_idf"])
@pytest.mark.parametrize(
    "options",
    [{}, {"mask_token": 0}, {"max_tokens": 6}, {"num_oov_indices": 3}, {"max_tokens": 30, "pad_to_max_tokens": True}],
)
def test_integer_lookup(mode: str, options: dict[str, Any], keras: Any) -> None:
    for data in (TOKENS, lambda: iter([TOKENS[:7], TOKENS[7:]])):
        theirs, ours = adapted("IntegerLookup", data, keras, output_mode=mode, **options)
        assert ours.get_vocabulary() == theirs.get_vocabulary()
        assert ours.get_vocabulary(False) == theirs.get_vocabulary(False)
        assert ours.vocabulary_size() == theirs.vocabulary_size()
        for x in (TOKENS[:5], TOKENS[:3, :1], TOKENS[0], TOKENS[:5] + 1):
            equal(ours(x), theirs(x))


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count", "tf_idf"])
@pytest.mark.parametrize("options", [{}, {"mask_token": ""}, {"max_tokens": 4}, {"num_oov_indices": 3, "salt": [3, 5]}])
def test_string_lookup(mode: str, options: dict[str, Any], keras: Any) -> None:
    theirs, ours = adapted("StringLookup", WORDS.tolist(), keras, output_mode=mode, **options)
    assert ours.get_vocabulary() == theirs.get_vocabulary()
    for x in (WORDS.tolist(), [["new", "c", "ab", "other", "things"]], ["c", "zz"], [["c"], ["zz"]]):
        equal(ours(x), theirs(x))


@pytest.mark.parametrize("mode", ["int", "tf_idf"])
def test_vocabularies_of_data_of_one_axis(mode: str, keras: Any) -> None:
    words = ["ab", "c", "ab", "x"]
    for data in (words, np.array(words), lambda: iter([np.array(words), np.array(["c", "x", "x"])])):
        theirs, ours = adapted("StringLookup", data, keras, output_mode=mode)
        assert ours.get_vocabulary() == theirs.get_vocabulary()
        equal(ours([["ab", "x", "x"]]), theirs([["ab", "x", "x"]]))
    numbers = [4, -2, 4, 9]
    for data in (numbers, np.array(numbers), lambda: iter([np.array(numbers), np.array([9, 9])])):
        theirs, ours = adapted("IntegerLookup", data, keras, output_mode=mode)
        assert ours.get_vocabulary() == theirs.get_vocabulary()
        equal(ours([[4, 9, 9]]), theirs([[4, 9, 9]]))


def test_unknown_tokens_have_tensorflow_s_hashes(keras: Any) -> None:
    words = ["w" * length + str(length) for length in range(0, 150, 7)]
    numbers = np.arange(-100, 100) ** 5
    for salt in (None, 7, (1, 2**40)):
        theirs, ours = (L.StringLookup(vocabulary=["a"], num_oov_indices=9, salt=salt) for L in (keras.layers, layers))
        equal(ours(words), theirs(words))
        theirs, ours = (
            L.IntegerLookup(vocabulary=[1], num_oov_indices=9, oov_method="farmhash", salt=salt)
            for L in (keras.layers, layers)
        )
        equal(ours(numbers), theirs(numbers))


@pytest.mark.parametrize("mask", [None, "m"])
def test_inverted_lookups(mask: str | None, keras: Any) -> None:
    places = np.array([[0, 1, 2], [3, 4, 9]])
    theirs, ours = (
        L.StringLookup(vocabulary=["a", "b", "c"], mask_token=mask, invert=True) for L in (keras.layers, layers)
    )
    equal(ours(places), theirs(places))
    theirs, ours = (
        L.IntegerLookup(vocabulary=[5, 7, -3], mask_token=None if mask is None else 9, invert=True, num_oov_indices=2)
        for L in (keras.layers, layers)
    )
    equal(ours(places), theirs(places))


def test_lookups_of_given_vocabularies(keras: Any) -> None:
    for vocabulary, weights in ((["a", "b"], [0.5, 2.0]), (["[UNK]", "a", "b"], [9.0, 0.5, 2.0])):
        for options in ({}, {"max_tokens": 5, "pad_to_max_tokens": True}):
            made = {"vocabulary": vocabulary, "idf_weights": weights, "output_mode": "tf_idf", **options}
            theirs, ours = keras.layers.StringLookup(**made), layers.StringLookup(**made)
            equal(ours([["a", "a", "z"]]), theirs([["a", "a", "z"]]))
            again = layers.StringLookup.from_config(ours.get_config())
            equal(again([["a", "a", "z"]]), theirs([["a", "a", "z"]]))


@pytest.mark.parametrize("standardize", ["lower_and_strip_punctuation", "lower", "strip_punctuation", None])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"split": "character", "max_tokens": 12},
        {"ngrams": 2, "output_sequence_length": 6},
        {"ngrams": (1, 3), "output_mode": "count"},
        {"output_mode": "multi_hot", "max_tokens": 8},
        {"output_mode": "tf_idf"},
        {"output_mode": "tf_idf", "max_tokens": 50, "pad_to_max_tokens": True},
        {"output_sequence_length": 2},
    ],
)
def test_text_vectorization(standardize: str | None, options: dict[str, Any], keras: Any) -> None:
    for data in (TEXTS, lambda: iter([TEXTS[:2], TEXTS[2:]])):
        theirs, ours = adapted("TextVectorization", data, keras, standardize=standardize, **options)
        assert ours.get_vocabulary() == theirs.get_vocabulary()
        assert ours.vocabulary_size() == theirs.vocabulary_size()
        for x in (TEXTS, [["unknown fox the"], ["a"]]):
            equal(ours(x), theirs(x))


def test_text_vectorization_of_other_inputs(keras: Any) -> None:
    made = {"vocabulary": ["a", "b", "ab"], "output_sequence_length": 4}
    theirs, ours = keras.layers.TextVectorization(**made), layers.TextVectorization(**made)
    equal(ours("a b x"), theirs("a b x"))
    made = {"vocabulary": ["a", "b", "ab"], "split": None}
    theirs, ours = keras.layers.TextVectorization(**made), layers.TextVectorization(**made)
    for x in ([["a", "B"], ["AB.", "z"]], np.array([[b"a"], [b"b"]])):
        equal(ours(x), theirs(x))
