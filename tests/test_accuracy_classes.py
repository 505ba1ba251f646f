"""The accuracy classes over the op list: what each may lose of products of hostile numbers, against float64; that ops
without products lose nothing; same bits for any number of threads; and a network that learns digits in each class."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from cases.attention import attention_cases
from cases.convolution import conv_cases, conv_transpose_case
from cases.matmul import batched_gemm_case
from cases.products import gemm_case, linear_case
from cases.recurrent import recurrent_cases
from op_calls import bounds, call, cast, each_level, levels, reference
from op_cases import CASES, OpCase
from tolerances import BFLOAT16_NORM, FAST_NORM, assert_same_bits, assert_within

import fastnn
from fastnn import Input, Sequential, _core, datasets, layers, utils

CLASSES = {"float32": 0.0, "fast": FAST_NORM, "bfloat16": BFLOAT16_NORM}

# large enough for what classes change: Winograd's F(4x4), and tiles of a unit for bfloat16
LINEAR: list[OpCase] = [
    *(gemm_case(35, 50, 300, transpose) for transpose in ("nn", "nt", "tn", "tt")),
    batched_gemm_case((2,), (2,), (33, 34, 40)),
    linear_case((34,), 70, 40),
    *conv_cases("3x3-classes", (3, 9, 10, 32), (3, 3), 33, padding="same"),
    *conv_cases("3x3-classes-strided", (4, 7, 8, 32), (3, 3), 32, strides=(2, 2), padding="same"),
    *conv_cases("3x3-classes-groups", (2, 9, 9, 64), (3, 3), 64, groups=2, padding="same"),
    *conv_cases("1x1-classes", (2, 6, 5, 48), (1, 1), 40),
    conv_transpose_case("3x3-classes", (2, 5, 5, 32), (3, 3), 32, strides=(2, 2), padding="same"),
]
RECURRENT_AND_ATTENTION: list[OpCase] = [
    *(case for op in ("lstm", "gru", "simple_rnn") for case in recurrent_cases(op, 18, 3, 40, 33)),
    *attention_cases(1, 2, 35, 40, 32),
    *attention_cases(1, 2, 34, 36, 32, rate=0.3, seed=1, stream=2, step=3),
]
OPS_WITH_PRODUCTS = {case.op for case in (*LINEAR, *RECURRENT_AND_ATTENTION)} | {
    case.op for case in CASES if case.op.startswith("conv")
}


def axes_of(case: OpCase) -> tuple[tuple[int, int], tuple[int, int]]:
    """For both operands, the axis that a sum of products runs along, besides those of taps, and one of the results."""
    if case.op == "gemm":
        of_a = (-2, -1) if case.attributes["transpose_a"] else (-1, -2)
        return of_a, ((-1, -2) if case.attributes["transpose_b"] else (-2, -1))
    if case.op.endswith("backward_weight"):
        return (0, -1), (0, -1)
    return (-1, 0), ((-1, -2) if case.op.endswith(("backward_input", "transpose")) else (-2, -1))


def hostile(case: OpCase, kind: str, inputs: list[Any], rng: np.random.Generator) -> list[Any]:
    """The inputs of a case, both operands made difficult in one way."""
    a, b, *rest = inputs
    (summed_a, free_a), (summed_b, free_b) = axes_of(case)
    if kind == "positive":
        a, b = np.abs(a), np.abs(b)
    elif kind == "sparse":
        a = np.maximum(a, 0) * (rng.random(a.shape) < 0.3)
    elif kind == "scaled":
        a, b = scaled(a, free_a, rng), scaled(b, free_b, rng)
    elif kind == "cancelling":
        a, b = paired(a, summed_a, -1.0001), paired(b, summed_b, 1.0)
    elif kind == "huge":
        a, b = a * 1e17, b * 1e17
    return [a, b, *rest]


def scaled(x: np.ndarray, axis: int, rng: np.random.Generator) -> np.ndarray:
    """Parts along an axis times powers of two from 2^-20 to 2^20."""
    factors = 2.0 ** rng.integers(-20, 21, x.shape[axis])
    return x * np.expand_dims(factors, [i for i in range(x.ndim) if i != axis % x.ndim])


def paired(x: np.ndarray, axis: int, factor: float) -> np.ndarray:
    """Every second part along an axis is the one before it, times a factor."""
    moved = np.moveaxis(x, axis, 0).copy()
    pairs = len(moved) // 2
    moved[1 : 2 * pairs : 2] = moved[: 2 * pairs : 2] * factor
    return np.ascontiguousarray(np.moveaxis(moved, 0, axis))


def largest_of_taps(case: OpCase, terms: np.ndarray) -> np.ndarray:
    """The largest sum of terms of an image's channel or a kernel's pair of channels: Winograd's sums mix no more."""
    if not case.op.startswith("conv"):
        return terms
    axes = range(terms.ndim - 2) if case.op.endswith("backward_weight") else range(1, terms.ndim - 1)
    return np.broadcast_to(terms.max(axis=tuple(axes), keepdims=True), terms.shape)


def each_class() -> Iterator[tuple[str, float]]:
    for name, norm in CLASSES.items():
        fastnn.set_precision(name)
        yield name, norm


@pytest.mark.parametrize("case", LINEAR, ids=str)
@pytest.mark.parametrize("kind", ["normal", "positive", "sparse", "scaled", "cancelling", "huge"])
def test_products_of_hostile_numbers(case: OpCase, kind: str, rng: np.random.Generator) -> None:
    inputs = cast(case, "float32", hostile(case, kind, list(case.make(rng)), rng))
    (want,) = reference(case, inputs)
    (exact,) = bounds(case, inputs, "float32", [want])
    exact = largest_of_taps(case, exact)
    (terms,) = reference(case, [None if x is None else np.abs(x) for x in inputs])
    for name, norm in each_class():
        allowed = exact + norm * largest_of_taps(case, terms)
        for _, threads, text in each_level((1, 2, 3)):
            (got,) = call(case, inputs)
            if threads == 1:
                first = got
                assert_within(got, want, allowed, f"{case} {name} {kind} {text}")
            assert_same_bits(got, first, f"{case} {name} {kind} {text}: threads differ")


@pytest.mark.parametrize("case", RECURRENT_AND_ATTENTION, ids=str)
@pytest.mark.parametrize("kind", ["normal", "positive", "sparse"])
def test_products_within_recurrent_layers_and_attention(case: OpCase, kind: str, rng: np.random.Generator) -> None:
    """Errors are of the results, whose functions are bounded, and of the largest of them where they aren't."""
    change: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "normal": np.array,
        "positive": np.abs,
        "sparse": lambda x: np.maximum(x, 0) * (rng.random(x.shape) < 0.3),
    }
    made = list(case.make(rng))
    first_operand = (
        1 if case.op in ("scaled_dot_product_attention_backward", "gru_backward", "simple_rnn_backward") else 0
    )
    made[first_operand] = change[kind](made[first_operand])
    inputs = cast(case, "float32", made)
    want = reference(case, inputs)
    for name, norm in each_class():
        for _, threads, text in each_level((1, 2, 3)):
            got = call(case, inputs)
            if threads == 1:
                first = got
            for index, (result, wanted) in enumerate(zip(got, want, strict=True)):
                where = f"{case} {name} {kind} {text} output {index}"
                assert_same_bits(result, first[index], f"{where}: threads differ")
                if threads == 1 and wanted.dtype.kind == "f":
                    size = max(1.0, np.abs(wanted).max(initial=0.0))
                    assert_within(result, wanted, np.full(wanted.shape, (3e-6 + norm) * size), where)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_only_products_depend_on_the_class(case: OpCase) -> None:
    """And on a level without a unit for bfloat16 that class is `fast`."""
    inputs = cast(case, "float32")
    for level, _, text in each_level():
        results = {name: call(case, inputs) for name, _ in each_class()}
        for name, exact in (("fast", "float32"), ("bfloat16", "fast")):
            if case.op in OPS_WITH_PRODUCTS and (name == "fast" or level.startswith("amx")):
                continue
            for a, b in zip(results[name], results[exact], strict=True):
                assert_same_bits(a, b, f"{case} {name} {text}")


def small_network() -> Sequential:
    utils.set_random_seed(3)
    model = Sequential(
        [
            Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_digits_are_learned_in_every_class() -> None:
    """On the best level; bfloat16 differs from fast only where that has a unit for it."""
    level = levels()[0]
    _core.set_isa(level)
    (x, y), (x_test, y_test) = datasets.digits.load_data()
    x, x_test = (images[..., None] / np.float32(16) for images in (x, x_test))
    accuracy, losses = {}, {}
    for name, _ in each_class():
        model = small_network()
        history = model.fit(x, y, batch_size=64, epochs=10, verbose=0)
        losses[name] = history.history["loss"][-1]
        accuracy[name] = model.evaluate(x_test, y_test, verbose=0)[1]
        assert {weight.dtype for weight in model.get_weights()} == {np.dtype(np.float32)}
    for name in CLASSES:
        assert accuracy[name] >= max(0.95, accuracy["float32"] - 0.01), accuracy
        assert losses[name] <= 1.1 * losses["float32"]
    assert (losses["bfloat16"] != losses["fast"]) == level.startswith("amx")
