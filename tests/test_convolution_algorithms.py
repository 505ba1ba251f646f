"""Each algorithm of convolution, forced: all cases, hostile numbers, infinities and NaN, a sample alone and in a batch.

The error of Winograd's transforms is norm-wise: an element may be off by what the largest sum of its image allows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from op_calls import call, cast, each_level, levels, map_arrays, reference
from op_cases import CASES, OpCase
from tolerances import FAST_NORM, PRODUCT_FACTOR, UNIT_ROUNDOFF, assert_same_bits, assert_within, bound

from fastnn import _core
from fastnn import kernels as K

BEST, DIRECT, WINOGRAD_2, WINOGRAD_4, IN_PLACE, WINOGRAD_2X4, WINOGRAD_IMAGE = range(7)
FORCED = pytest.mark.parametrize(
    "algorithm",
    [DIRECT, WINOGRAD_2, WINOGRAD_2X4, WINOGRAD_4, WINOGRAD_IMAGE, IN_PLACE],
    ids=["direct", "F2", "F2x4", "F4", "image", "in place"],
)
CONVOLUTIONS = [
    case
    for case in CASES
    if case.op in ("conv2d", "conv2d_backward_input", "conv2d_backward_weight", "conv2d_transpose")
    and "depthwise" not in case.name
]


def assert_norm_wise(
    got: np.ndarray, want: np.ndarray, terms: np.ndarray, count: float, algorithm: int, dtype: str, what: str
) -> None:
    """Within the class of the algorithm: of each image, or of dw, by the largest sum of absolute terms."""
    axes = tuple(range(1, got.ndim)) if "weight" not in what else None
    largest = terms.max(axis=axes, keepdims=True, initial=0.0)
    relative = PRODUCT_FACTOR * np.sqrt(max(count, 1)) * UNIT_ROUNDOFF[dtype]
    if algorithm == WINOGRAD_4:
        relative = max(relative, FAST_NORM if dtype == "float32" else 1e-13)
    tiny = np.sqrt(count) * 2.0**-145 if dtype == "float32" else 0.0
    error = np.abs(got.astype(np.float64) - want)
    assert np.isfinite(got).all(), f"{what}: not finite"
    assert (error <= relative * largest + tiny).all(), (
        f"{what}: {(error / (largest + tiny)).max():.2e} of the largest sum"
    )


@FORCED
@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
def test_every_case(case: OpCase, algorithm: int) -> None:
    _core.set_convolution(algorithm)
    for dtype, names in (("float32", None), ("float64", levels()[:1])):
        inputs = cast(case, dtype)
        want, terms = reference(case, inputs)[0], reference(case, map_arrays(np.abs, inputs))[0]
        ones = reference(case, map_arrays(np.ones_like, inputs))[0]
        for _, threads, text in each_level((1, 2), names):
            got = call(case, inputs)[0]
            if threads == 1:
                first = got
                what = f"{case} {dtype} {text}"
                assert_norm_wise(got, want, terms, float(ones.max(initial=1.0)), algorithm, dtype, what)
            assert_same_bits(got, first, f"{case} {dtype} {text}")


def hostile(kind: str, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    x = rng.standard_normal(shape)
    if kind == "positive":
        x = np.abs(x)
    elif kind == "sparse":
        x = np.maximum(x, 0) * (rng.random(shape) < 0.3)
    elif kind == "pixels scaled":
        x *= 2.0 ** rng.integers(-20, 21, (*shape[:-1], 1))
    elif kind == "channels scaled":
        x *= 2.0 ** rng.integers(-20, 21, shape[-1:])
    elif kind == "cancelling":
        x[..., 1::2] = -x[..., : shape[-1] // 2 * 2 : 2] * (1 + 1e-4)
    elif kind == "huge":
        x *= 1e34
    elif kind == "subnormal":
        x *= 1e-40
    return x.astype(np.float32)


KINDS = ("normal", "positive", "sparse", "pixels scaled", "channels scaled", "cancelling", "huge", "subnormal")


@FORCED
@pytest.mark.parametrize("kind", KINDS)
def test_error_on_hostile_numbers(kind: str, algorithm: int, rng: np.random.Generator) -> None:
    _core.set_convolution(algorithm)
    for size, channels, out in ((12, 16, 17), (7, 300, 20)):
        x = hostile(kind, rng, (2, size, size + 1, channels))
        weight = (rng.standard_normal((3, 3, channels, out)) / np.sqrt(9 * channels)).astype(np.float32)
        dy = hostile("pixels scaled" if kind == "pixels scaled" else "normal", rng, (2, size, size + 1, out))
        calls: dict[str, tuple[Any, tuple[np.ndarray, ...], int]] = {
            "forward": (K.conv2d, (x, weight), 9 * channels),
            "backward_input": (K.conv2d_backward_input, (x, weight.transpose(0, 1, 3, 2).copy(), dy), 9 * channels),
            "backward_weight": (K.conv2d_backward_weight, (x, dy, weight), 2 * size * (size + 1)),
        }
        wanted = {}
        _core.set_convolution(DIRECT)
        for name, (function, operands, _) in calls.items():
            wide = [a.astype(np.float64) for a in operands]
            wanted[name] = function(*wide, padding="same"), function(*map(np.abs, wide), padding="same")
        _core.set_convolution(algorithm)
        for level in levels()[:-1]:
            _core.set_isa(level)
            for name, (function, operands, count) in calls.items():
                got = function(*operands, padding="same")
                what = f"{name} {kind} {channels} channels isa={level}"
                assert_norm_wise(got, *wanted[name], count, algorithm, "float32", what)


@pytest.mark.parametrize("algorithm", [WINOGRAD_2, WINOGRAD_2X4, WINOGRAD_4], ids=["F2", "F2x4", "F4"])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("where", ["x", "weight", "dy", "overflow"])
def test_what_is_not_finite_is_what_the_direct_sum_gives(
    where: str, groups: int, algorithm: int, rng: np.random.Generator
) -> None:
    shapes = ((2, 13, 10, 20), (3, 3, 20 // groups, 18), (2, 13, 10, 18))
    x, weight, dy = (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
    options: dict[str, Any] = {"padding": "same", "groups": groups}
    if where == "x":
        x[0, 0, 0, 3], x[0, 7, 5, 0], x[1, 12, 9, 19] = np.inf, np.nan, -np.inf
    elif where == "weight":
        weight[0, 1, 2, 3], weight[2, 2, 0, 17] = np.inf, -np.inf
    elif where == "dy":
        dy[0, 0, 4, 2], dy[1, 6, 0, 17] = np.nan, np.inf
    else:
        x[0, 4:6, 4:6] = np.where(x[0, 4:6, 4:6] > 0, 2e38, -2e38)
        weight *= 1e-3
        dy[0, 4:6] *= 1e-3
    calls: tuple[tuple[str, Any, tuple[np.ndarray, ...]], ...] = (
        ("forward", K.conv2d, (x, weight)),
        ("backward_input", K.conv2d_backward_input, (dy, weight, x)),
        ("backward_weight", K.conv2d_backward_weight, (x, dy, weight)),
    )
    for level, _, text in each_level((1, 2), levels()[:-1]):
        for name, function, operands in calls:
            _core.set_convolution(DIRECT)
            want = function(*operands, **options)
            _core.set_convolution(algorithm)
            got = function(*operands, **options)
            finite = np.isfinite(want)
            assert_same_bits(got[~finite], want[~finite], f"{name} {text}")
            scale = np.abs(want[finite]).max(initial=0.0)
            np.testing.assert_allclose(got[finite], want[finite], rtol=0, atol=1e-4 * scale, err_msg=f"{name} {text}")
            if name != "forward":
                into, before = np.ones_like(want), np.ones_like(want)
                function(*operands, **options, out=into, accumulate=True)
                np.testing.assert_array_equal(np.isfinite(into), finite, f"{name} {level} accumulated")
                kept = got[finite] + before[finite]
                np.testing.assert_allclose(into[finite], kept, rtol=1e-6, atol=1e-4 * scale)


@pytest.mark.parametrize(
    ("image", "kernel", "out", "options"),
    [
        ((2, 23, 31, 3), (3, 3), 17, {"padding": "same"}),
        ((1, 40, 19, 1), (3, 3), 70, {"padding": "valid"}),
        ((2, 33, 30, 3), (7, 7), 16, {"padding": "same", "strides": (2, 2)}),
        ((1, 9, 90, 2), (2, 5), 33, {"padding": "explicit", "pads": (2, 0, 7, 6), "strides": (1, 3)}),
        ((2, 12, 14, 16), (3, 3), 16, {"padding": "same", "dilation": (2, 1)}),
    ],
    ids=["3x3", "one channel", "7x7 of stride 2", "wide padding", "dilated lines"],
)
def test_few_channels_in_large_images(
    image: tuple[int, ...], kernel: tuple[int, int], out: int, options: dict[str, Any], rng: np.random.Generator
) -> None:
    """Pieces of pixels begin inside a line, whose copy has padding of its own."""
    x, bias = rng.standard_normal(image), rng.standard_normal(out)
    weight = rng.standard_normal((*kernel, image[-1], out))
    x, weight, bias = (value.astype(np.float32) for value in (x, weight, bias))
    _core.set_convolution(DIRECT)
    wide = [value.astype(np.float64) for value in (x, weight, bias)]
    want = K.conv2d(*wide, **options)
    terms = K.conv2d(*map(np.abs, wide), **options)
    for level, threads, text in each_level((1, 2)):
        got = K.conv2d(x, weight, bias, activation="relu", **options)
        assert_within(got, np.maximum(want, 0), bound("product", "float32", want, terms, weight[..., 0].size), text)
        if threads == 1:
            first = got
        assert_same_bits(got, first, f"{level} threads differ")


@pytest.mark.parametrize(
    ("image", "kernel", "out", "options"),
    [
        ((13, 5, 6, 40), (5, 5), 70, {"padding": "same"}),
        ((7, 9, 8, 20), (3, 3), 33, {"padding": "same", "strides": (2, 2)}),
        ((14, 4, 4, 530), (3, 3), 18, {"padding": "same"}),
        ((3, 8, 9, 24), (3, 2), 20, {"padding": "explicit", "pads": (3, 0, 2, 4), "strides": (1, 3), "groups": 2}),
        ((2, 12, 14, 16), (3, 3), 16, {"padding": "same", "dilation": (2, 3)}),
        ((2, 70, 19, 3), (3, 3), 20, {"padding": "same"}),
        ((3, 20, 23, 1), (5, 5), 16, {"padding": "same", "strides": (2, 2)}),
        ((2, 9, 8, 20), (1, 1), 33, {"padding": "same", "strides": (2, 2)}),
        ((2, 8, 9, 3), (3, 3), 5, {"padding": "valid", "dilation": (1, 2)}),
    ],
    ids=["5x5", "stride 2", "deep", "wide padding", "dilated", "bands", "one channel", "1x1", "few, dilated"],
)
def test_in_place(
    image: tuple[int, ...], kernel: tuple[int, int], out: int, options: dict[str, Any], rng: np.random.Generator
) -> None:
    """Taps outside the image, images that fill no tile, passes over k, lines in bands; as exact as the direct sums."""
    _core.set_convolution(IN_PLACE)
    x, bias = rng.standard_normal(image), rng.standard_normal(out)
    weight = rng.standard_normal((*kernel, image[-1] // options.get("groups", 1), out))
    x, weight, bias = (value.astype(np.float32) for value in (x, weight, bias))
    dy = rng.standard_normal(K.conv2d(x, weight, **options).shape).astype(np.float32)
    calls: tuple[tuple[str, Any, tuple[np.ndarray, ...], int], ...] = (
        ("forward", K.conv2d, (x, weight, bias), weight[..., 0].size + 1),
        ("input", K.conv2d_backward_input, (dy, weight, x), kernel[0] * kernel[1] * out),
        ("weight", K.conv2d_backward_weight, (x, dy, weight), dy[..., 0].size),
    )
    for name, function, operands, count in calls:
        wide = [operand.astype(np.float64) for operand in operands]
        want, terms = function(*wide, **options), function(*map(np.abs, wide), **options)
        for level, threads, text in each_level((1, 2)):
            got = function(*operands, **options)
            assert_within(got, want, bound("product", "float32", want, terms, count), f"{name} {text}")
            if threads == 1:
                first = got
            assert_same_bits(got, first, f"{name} {level} threads differ")
            if name != "forward":
                into = np.ones_like(got)
                function(*operands, **options, out=into, accumulate=True)
                np.testing.assert_allclose(into, got + 1, rtol=1e-5, atol=1e-5 * np.abs(terms).max())


@pytest.mark.parametrize("channels", [3, 20])
@pytest.mark.parametrize("where", ["x", "weight", "dy"])
def test_in_place_with_what_is_not_finite(where: str, channels: int, rng: np.random.Generator) -> None:
    """It stands where the reference kernels, which skip padding, have it."""
    _core.set_convolution(IN_PLACE)
    shapes = ((8, 7, 6, channels), (3, 3, channels, 18), (8, 7, 6, 18))
    x, weight, dy = (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
    operand = {"x": x, "weight": weight, "dy": dy}[where]
    operand[0, 0, 0, 2], operand[2, 2, 1, 1] = np.inf, -np.inf
    for function, operands in (
        (K.conv2d, (x, weight)),
        (K.conv2d_backward_input, (dy, weight, x)),
        (K.conv2d_backward_weight, (x, dy, weight)),
    ):
        _core.set_isa("reference")
        want = function(*operands, padding="same")
        for _, _, text in each_level((1, 2), levels()[:-1]):
            np.testing.assert_allclose(function(*operands, padding="same"), want, rtol=1e-4, atol=1e-4, err_msg=text)


# The transformed weight is larger than a million numbers, tiles are fewer than columns: pieces of columns share tiles.
BY_COLUMNS = [
    pytest.param(WINOGRAD_2, (3, 5, 4, 272), 265, 1, id="F2"),
    pytest.param(WINOGRAD_2, (5, 4, 4, 520), 528, 2, id="F2, groups"),
    pytest.param(WINOGRAD_2X4, (2, 3, 7, 220), 200, 1, id="F2x4"),
    pytest.param(WINOGRAD_4, (14, 4, 5, 270), 140, 1, id="F4"),
    pytest.param(WINOGRAD_IMAGE, (13, 2, 2, 350), 340, 1, id="image"),
]


@pytest.mark.parametrize(("algorithm", "image", "out", "groups"), BY_COLUMNS)
def test_few_tiles_and_many_channels(
    algorithm: int, image: tuple[int, ...], out: int, groups: int, rng: np.random.Generator
) -> None:
    """Error, bias and relu, what is added to, any threads, a sample alone, and numbers that are not finite."""
    options: dict[str, Any] = {"padding": "same", "groups": groups}
    x, bias, dy = rng.standard_normal(image), rng.standard_normal(out), rng.standard_normal((*image[:-1], out))
    weight = rng.standard_normal((3, 3, image[-1] // groups, out)) / np.sqrt(9 * image[-1])
    x, weight, bias, dy = (value.astype(np.float32) for value in (x, weight, bias, dy))
    calls: tuple[tuple[str, Any, tuple[np.ndarray, ...], int], ...] = (
        ("forward", K.conv2d, (x, weight, bias), 9 * image[-1]),
        ("backward_input", K.conv2d_backward_input, (dy, weight, x), 9 * out),
        ("backward_weight", K.conv2d_backward_weight, (x, dy, weight), dy[..., 0].size),
    )
    strange_x, strange_dy = x.copy(), dy.copy()
    strange_x[0, 0, 1, 3], strange_x[1, 1, 0, -1] = np.inf, np.nan
    strange_dy[1, 1, 1, -1], strange_dy[0, 0, 0, 2] = -np.inf, np.inf
    for name, function, operands, count in calls:
        relu = {"activation": "relu"} if name == "forward" else {}
        _core.set_convolution(DIRECT)
        wide = [operand.astype(np.float64) for operand in operands]
        want, terms = function(*wide, **options, **relu), function(*map(np.abs, wide), **options)
        strange = [strange_x if a is x else strange_dy if a is dy else a for a in operands]
        lost = function(*strange, **options)
        _core.set_convolution(algorithm)
        for level, threads, text in each_level((1, 2), [name for name in levels()[:-1] if name != "reference"]):
            got = function(*operands, **options, **relu)
            assert_norm_wise(got, want, terms, count, algorithm, "float32", f"{name} {text}")
            if threads == 1:
                first = got
                if name == "forward":  # so many tiles do not go by columns
                    many = np.tile(x, (out // len(x) + 1, 1, 1, 1))
                    together = function(many, weight, bias, **options, **relu)
                    assert_same_bits(together[: len(x)], got, f"{level} in a larger batch")
                else:
                    into = np.ones_like(got)
                    function(*operands, **options, out=into, accumulate=True)
                    np.testing.assert_allclose(into, got + 1, rtol=1e-6, atol=1e-5)
                found, finite = function(*strange, **options), np.isfinite(lost)
                np.testing.assert_array_equal(found[~finite], lost[~finite])
                scale = np.abs(lost[finite]).max(initial=0.0)
                np.testing.assert_allclose(found[finite], lost[finite], rtol=0, atol=1e-4 * scale)
                if name == "backward_input":
                    into = np.ones_like(got)
                    function(*strange, **options, out=into, accumulate=True)
                    np.testing.assert_array_equal(np.isfinite(into), finite)
                    np.testing.assert_allclose(into[finite], found[finite] + 1, rtol=1e-6, atol=1e-4 * scale)
            assert_same_bits(got, first, f"{name} {level} threads differ")


@FORCED
def test_a_sample_alone_has_the_bits_it_has_in_a_batch(algorithm: int, rng: np.random.Generator) -> None:
    _core.set_convolution(algorithm)
    x, weight = (rng.standard_normal(shape).astype(np.float32) for shape in ((9, 11, 14, 20), (3, 3, 20, 20)))
    x[4, 3, 3, 3] = np.inf
    for _, _, text in each_level():
        for function in (
            lambda x: K.conv2d(x, weight, padding="same"),
            lambda dy: K.conv2d_backward_input(dy, weight, dy, padding="same"),
        ):
            together = function(x)
            for sample in (0, 3, 4, 8):
                assert_same_bits(function(x[sample : sample + 1]), together[sample : sample + 1], text)


def test_no_images_make_gradients_of_zeros() -> None:
    weight = np.ones((3, 3, 16, 32), np.float32)
    x, dy = np.empty((0, 12, 12, 16), np.float32), np.empty((0, 12, 12, 32), np.float32)
    for algorithm in range(7):
        _core.set_convolution(algorithm)
        for _, _, text in each_level():
            dw = np.full_like(weight, 7)
            K.conv2d_backward_weight(x, dy, weight, padding="same", out=dw)
            assert not dw.any(), f"algorithm {algorithm}, {text}"
            K.conv2d_backward_weight(x, dy, weight, padding="same", out=np.add(dw, 7, out=dw), accumulate=True)
            assert (dw == 7).all(), f"algorithm {algorithm}, {text}, added"
            assert K.conv2d(x, weight, padding="same").shape == dy.shape


def test_the_choice(rng: np.random.Generator) -> None:
    """Transforms where they pay, by the batch or, in batch-invariant mode, by the image; never for float64."""

    def bits(algorithm: int, shape: tuple[int, ...], dtype: str = "float32") -> bytes:
        _core.set_convolution(algorithm)
        x = np.random.default_rng(1).standard_normal(shape).astype(dtype)
        weight = np.random.default_rng(2).standard_normal((3, 3, shape[-1], 32)).astype(dtype)
        return K.conv2d(x, weight, padding="same").tobytes()

    for level in levels()[:-1]:
        _core.set_isa(level)
        large, small, thin = (4, 12, 12, 32), (1, 4, 4, 32), (4, 12, 12, 3)
        assert bits(BEST, large) == bits(WINOGRAD_2X4, large) != bits(DIRECT, large)
        for shape in ((4, 12, 12, 65), (4, 12, 6, 32)):  # many channels, short lines
            assert bits(BEST, shape) == bits(WINOGRAD_2, shape) != bits(WINOGRAD_2X4, shape)
        assert bits(BEST, small) == bits(DIRECT, small) != bits(WINOGRAD_2X4, small)
        assert bits(BEST, thin) == bits(DIRECT, thin)
        assert bits(BEST, (6, 2, 2, 32)) == bits(IN_PLACE, (6, 2, 2, 32))
        assert bits(BEST, (12, 2, 2, 32)) == bits(WINOGRAD_IMAGE, (12, 2, 2, 32)) != bits(IN_PLACE, (12, 2, 2, 32))
        _core.set_batch_invariant(True)
        assert bits(BEST, (16, 4, 4, 32)) == bits(DIRECT, (16, 4, 4, 32)) != bits(WINOGRAD_2X4, (16, 4, 4, 32))
        _core.set_batch_invariant(False)
        assert bits(BEST, (16, 4, 4, 32)) == bits(WINOGRAD_2X4, (16, 4, 4, 32))
    assert bits(BEST, (4, 12, 12, 32), "float64") == bits(DIRECT, (4, 12, 12, 32), "float64")
