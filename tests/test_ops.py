"""Every op case on every level: values against NumPy, same bits on any number of threads, odd memory, gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from op_calls import (
    call,
    can_accumulate,
    cast,
    check,
    each_level,
    flatten,
    is_update,
    levels,
    map_arrays,
    reference,
)
from op_cases import CASES, OpCase
from op_references import philox
from tolerances import (
    GRADIENT_ATOL,
    GRADIENT_NORM,
    GRADIENT_RTOL,
    GRADIENT_STEP,
    UNIT_ROUNDOFF,
    assert_same_bits,
    assert_within,
    bound,
    lost_in_tiles,
)

import fastnn
from fastnn import _core, kernels
from fastnn import functional as F

every_case = pytest.mark.parametrize("case", CASES, ids=str)
# ops that update their arguments need writable memory of their own: test_kernels_door.py
reading = pytest.mark.parametrize("case", [case for case in CASES if not is_update(case)], ids=str)
benchmarked = pytest.mark.parametrize("case", [case for case in CASES if case.benchmark], ids=str)
differentiable = pytest.mark.parametrize("case", [case for case in CASES if case.differentiable], ids=str)


def test_every_op_has_a_case_and_a_benchmark() -> None:
    names = set(_core.op_names())
    assert names == set(kernels.__all__)
    assert names == {case.op for case in CASES}
    assert names == {case.op for case in CASES if case.benchmark}
    assert len({case.name for case in CASES}) == len(CASES)


@every_case
def test_float32_on_every_level(case: OpCase) -> None:
    inputs = cast(case, "float32")
    present = [value for value in inputs if value is not None]
    kept = map_arrays(np.array, present)
    for level, threads, text in each_level((1, 2)):
        got = call(case, inputs)
        if threads == 1:
            check(case, got, inputs, "float32", f"{case} {text}")
            first = got
        for index, (a, b) in enumerate(zip(got, first, strict=True)):
            assert_same_bits(a, b, f"{case} {text} output {index}: threads differ")
        for value, before in zip(flatten(present), flatten(kept), strict=True):
            assert_same_bits(value, before, f"{case} {level}: an argument was modified")


@every_case
def test_float64(case: OpCase) -> None:
    inputs = cast(case, "float64")
    for _, _, text in each_level((1, 2), [levels()[0]]):
        check(case, call(case, inputs), inputs, "float64", f"{case} float64 {text}")


@benchmarked
def test_any_number_of_threads_gives_the_same_bits(case: OpCase, rng: np.random.Generator) -> None:
    inputs = cast(case, "float32", case.benchmark.make(rng))
    for level in levels()[:-1]:
        first = None
        for _, _, text in each_level((1, 2, 3, 7), [level]):
            got = call(case, inputs)
            first = first or got
            for index, (a, b) in enumerate(zip(got, first, strict=True)):
                assert_same_bits(a, b, f"{case} large {text} output {index}")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_updates_count_subnormal_numbers_as_zero(dtype: str) -> None:
    """What decays comes to rest there, where arithmetic takes several times as long; elsewhere it stays as it is."""
    least = np.finfo(dtype).smallest_subnormal * 8
    for level in levels():
        _core.set_isa(level)
        for threads in (1, 2):
            fastnn.set_num_threads(threads)
            weight, velocity, moment, second = (np.full(20_000, least, dtype) for _ in range(4))
            zero = np.zeros(20_000, dtype)
            kernels.adam_update([weight], [zero], [moment], [second], iterations=3)
            assert not np.any([weight, moment, second]), f"{level} {threads} threads"
            kernels.sgd_update([weight], [zero], [velocity], momentum=0.9)
            assert not np.any(velocity), f"{level} {threads} threads"
            half = kernels.multiply(np.full(20_000, least, dtype), np.asarray(0.5, dtype))
            np.testing.assert_array_equal(half, least / 2)


def test_calls_repeated_on_many_threads_give_the_same_bits(rng: np.random.Generator) -> None:
    """A race shows once in many calls: a panel packed by one thread while another reads it, say."""
    a, b = (rng.standard_normal(shape).astype(np.float32) for shape in ((301, 513), (513, 257)))
    x, weight = (rng.standard_normal(shape).astype(np.float32) for shape in ((6, 17, 15, 20), (3, 3, 20, 33)))
    dy = kernels.conv2d(x, weight, padding="same")
    calls = {
        "gemm": lambda: kernels.gemm(a, b),
        "gemm transposed": lambda: kernels.gemm(a.T, b.T, transpose_a=True, transpose_b=True),
        "conv2d": lambda: kernels.conv2d(x, weight, padding="same"),
        "conv2d_backward_input": lambda: kernels.conv2d_backward_input(dy, weight, x, padding="same"),
        "conv2d_backward_weight": lambda: kernels.conv2d_backward_weight(x, dy, weight, padding="same"),
        "depthwise conv2d_backward_weight": lambda: kernels.conv2d_backward_weight(
            dy, dy, weight[:, :, :1], padding="same", groups=33
        ),
        "sum": lambda: kernels.sum(dy, axes=(0, 1, 2)),
    }
    for level in levels()[:-1]:
        _core.set_isa(level)
        for name, run in calls.items():
            fastnn.set_num_threads(1)
            want = run()
            for threads in (2, 7):
                fastnn.set_num_threads(threads)
                for repeat in range(10):
                    assert_same_bits(run(), want, f"{name} isa={level} threads={threads} repeat={repeat}")


# ---- memory of every kind --------------------------------------------------------------------------------------------


def gaps(a: np.ndarray) -> np.ndarray:
    """The same values with a gap behind each element of the last axis."""
    wide = np.zeros((*a.shape[:-1], 2 * a.shape[-1]) if a.ndim else (2,), a.dtype)
    view = wide[..., ::2] if a.ndim else wide[:1].reshape(())
    view[...] = a
    return view


def padded_rows(a: np.ndarray) -> np.ndarray:
    """The same values, the last axis contiguous and a gap behind each row."""
    if a.ndim == 0:
        return a
    wide = np.zeros((*a.shape[:-1], a.shape[-1] + 3), a.dtype)
    wide[..., : a.shape[-1]] = a
    return wide[..., : a.shape[-1]]


def reversed_axes(a: np.ndarray) -> np.ndarray:
    turned = (slice(None, None, -1),) * a.ndim
    return a[turned].copy()[turned]


def off_by_one_element(a: np.ndarray) -> np.ndarray:
    view = np.empty(a.size + 1, a.dtype)[1:].reshape(a.shape)
    view[...] = a
    return view


def off_by_one_byte(a: np.ndarray) -> np.ndarray:
    view = np.ndarray(a.shape, a.dtype, bytearray(a.nbytes + 1), offset=1)
    view[...] = a
    return view


def read_only(a: np.ndarray) -> np.ndarray:
    a = a.copy()
    a.flags.writeable = False
    return a


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "gaps": gaps,
    "padded rows": padded_rows,
    "negative strides": reversed_axes,
    "Fortran order": lambda a: a.copy(order="F"),
    "one element off": off_by_one_element,
    "one byte off": off_by_one_byte,
    "byte-swapped": lambda a: a.astype(a.dtype.newbyteorder()),
    "read-only": read_only,
}


@reading
def test_memory_of_every_kind_gives_the_same_bits(case: OpCase) -> None:
    for dtype, names in (("float32", levels()), ("float64", levels()[:1])):
        inputs = cast(case, dtype)
        for _, _, text in each_level(names=names):
            want = call(case, inputs)
            for name, layout in LAYOUTS.items():
                for index, (a, b) in enumerate(zip(call(case, map_arrays(layout, inputs)), want, strict=True)):
                    assert_same_bits(a, b, f"{case} {dtype} {text} {name} output {index}")


@reading
def test_zero_strides_equal_copies(case: OpCase) -> None:
    def repeat(a: np.ndarray) -> np.ndarray:
        return np.broadcast_to(a[:1], a.shape) if a.ndim and a.size else a

    inputs = map_arrays(repeat, cast(case, "float32"))
    for _, _, text in each_level():
        want = call(case, map_arrays(np.copy, inputs))
        for index, (a, b) in enumerate(zip(call(case, inputs), want, strict=True)):
            assert_same_bits(a, b, f"{case} {text} output {index}")


@pytest.mark.parametrize("case", [case for case in CASES if case.batched], ids=str)
def test_empty_batch(case: OpCase) -> None:
    for dtype in ("float32", "float64"):
        inputs = cast(case, dtype)
        shapes = [value.shape for value in reference(case, inputs)]
        inputs = [value[:0] if index in case.batched else value for index, value in enumerate(inputs)]
        for _, _, text in each_level():
            for got, shape in zip(call(case, inputs), shapes, strict=True):
                assert got.shape == (0, *shape[1:]), f"{case} {dtype} {text}"


@pytest.mark.parametrize("case", [case for case in CASES if can_accumulate(case)], ids=str)
def test_accumulate_adds(case: OpCase, rng: np.random.Generator) -> None:
    for dtype in ("float32", "float64"):
        inputs = cast(case, dtype)
        for _, _, text in each_level():
            plain, *others = call(case, inputs)
            if plain.dtype != dtype:
                return
            start = rng.standard_normal(plain.shape).astype(dtype)
            out = start.copy()
            call(case, inputs, out=(out, *(None for _ in others)) if others else out, accumulate=True)
            want = start.astype(np.float64) + plain
            # the sum may be rounded once or, with a fused multiply-add, not at all
            allowed = bound("elementwise", dtype, np.where(np.isfinite(plain), np.abs(start) + np.abs(plain), 0.0))
            assert_within(out, want, 4 * allowed, f"{case} {dtype} {text} accumulate")


# ---- special numbers -------------------------------------------------------------------------------------------------


def test_gemm_does_not_skip_zeros() -> None:
    for special in (np.nan, np.inf):
        for m, n, k in ((1, 1, 1), (5, 17, 9), (33, 40, 64)):
            a, b = np.zeros((m, k), np.float32), np.ones((k, n), np.float32)
            b[k // 2, n - 1] = special
            for _, _, text in each_level():
                for y in (kernels.gemm(a, b), kernels.gemm(b.T.copy(), a.T.copy()).T, kernels.linear(a, b)):
                    what = f"gemm {m}x{n}x{k} 0*{special} {text}"
                    assert np.isnan(y[:, n - 1]).all(), what
                    assert (y[:, : n - 1] == 0).all(), what


def test_nan_and_infinity_spread(rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 6, 6, 5)).astype(np.float32)
    weight = rng.standard_normal((3, 3, 5, 17)).astype(np.float32)
    x[1, 3, 3, 2] = np.nan
    for _, _, text in each_level():
        y = kernels.conv2d(x, weight, padding="same", activation="relu")
        assert np.isnan(y[1, 2:5, 2:5]).all(), text
        assert np.isfinite(y[0]).all(), text
        assert np.isfinite(y[1, :2]).all(), text
        relu = kernels.relu(np.array([np.nan, np.inf, -np.inf, -0.0, 2] * 5, np.float32))
        assert_same_bits(relu, np.array([np.nan, np.inf, 0, 0, 2] * 5, np.float32) + 0, text)
        pooled, _ = kernels.max_pool2d(x)
        assert np.isnan(pooled[1, 1, 1, 2]), text
        assert np.isnan(pooled).sum() == 1, text
        dense = kernels.linear(x.reshape(2, -1), np.ones((180, 3), np.float32), activation="relu")
        assert np.isnan(dense[1]).all(), text


@pytest.mark.parametrize("special", [np.inf, -np.inf])
@pytest.mark.parametrize(("channels", "out", "groups"), [(3, 5, 1), (20, 33, 1), (17, 17, 17), (4, 8, 4)])
def test_padding_adds_nothing_to_infinite_numbers(
    special: float, channels: int, out: int, groups: int, rng: np.random.Generator
) -> None:
    """Taps on padding take no part: convolving with a special weight equals leaving those products out."""
    x, dy, bias = (rng.random(shape).astype("f4") + 1 for shape in ((2, 5, 6, channels), (2, 5, 6, out), (out,)))
    weight = rng.random((3, 3, channels // groups, out)).astype("f4") + 1
    weight[0, 0, 0, out // 2] = special
    gradient = dy.copy()
    gradient[1, 0, 2, out // 2] = special
    kept = np.where(np.isfinite(weight), weight, 0)
    options = {"padding": "same", "groups": groups}
    channel = 0 if groups == 1 else out // 2 * groups // out
    for _, _, text in each_level((1, 2)):
        y = kernels.conv2d(x, weight, bias, **options)
        spoiled = np.zeros(y.shape, bool)
        spoiled[:, 1:, 1:, out // 2] = True
        assert (np.isnan(y) | np.isinf(y))[spoiled].all(), text
        close_to(y[~spoiled], kernels.conv2d(x, kept, bias, **options)[~spoiled], f"y {text}")
        dx = kernels.conv2d_backward_input(dy, weight, x, **options)
        spoiled = np.zeros(dx.shape, bool)
        spoiled[:, :-1, :-1, channel] = True
        assert (np.isnan(dx) | np.isinf(dx))[spoiled].all(), text
        close_to(dx[~spoiled], kernels.conv2d_backward_input(dy, kept, x, **options)[~spoiled], f"dx {text}")
        plain = kernels.conv2d_backward_weight(x, dy, weight, **options)
        for accumulate in (False, True):
            dw = np.ones_like(weight)
            kernels.conv2d_backward_weight(x, gradient, weight, out=dw, accumulate=accumulate, **options)
            spoiled = np.zeros(dw.shape, bool)
            spoiled[1:, :, :, out // 2] = True  # the first row of taps meets the padding above the first line
            assert (np.isnan(dw) | np.isinf(dw))[spoiled].all(), text
            assert np.isfinite(dw[~spoiled]).all(), text
            others = np.arange(out) != out // 2
            close_to(dw[..., others], plain[..., others] + accumulate, f"dw {text}")


def close_to(got: np.ndarray, want: np.ndarray, what: str) -> None:
    """Within the error of sums of positive numbers."""
    assert_within(got, want, 1e-5 * np.abs(want), what)


def test_softmax_and_cross_entropy_at_the_edges() -> None:
    x = np.array([[0, -np.inf, 500, -500, 1], [-np.inf, 3, -np.inf, -np.inf, -np.inf]], np.float32)
    far = np.zeros((2, 17), np.float32)
    far[:, 3] = 500
    for _, _, text in each_level():
        y = kernels.softmax(x)
        assert (y[:, 1] == [0, 1]).all(), text
        assert_within(y.sum(axis=1), np.ones(2), np.full(2, 1e-6), text)
        assert np.isnan(kernels.softmax(np.array([[1, np.nan, 2]], np.float32))).all(), text
        loss, probabilities = kernels.softmax_cross_entropy(far, np.array([3, 4]))
        assert (loss == [0, 500]).all(), text
        assert np.isfinite(probabilities).all(), text


def test_a_gradient_that_goes_past_the_caches_has_the_same_bits(rng: np.random.Generator) -> None:
    """Of 50 MB it does, of half of that it doesn't; rows begin at every place in a cache line."""
    logits = rng.standard_normal((1400, 9001), np.float32)
    labels, dloss = rng.integers(0, 9001, 1400), rng.standard_normal(1400, np.float32)
    for level in levels()[:-1]:
        _core.set_isa(level)
        whole = kernels.softmax_cross_entropy_with_gradient(logits, labels, dloss)
        for half in (slice(0, 700), slice(700, 1400)):
            parts = kernels.softmax_cross_entropy_with_gradient(logits[half], labels[half], dloss[half])
            for part, of in zip(parts, whole, strict=True):
                assert_same_bits(of[half], part, level)


def test_batch_statistics_beside_an_outlier(rng: np.random.Generator) -> None:
    """What cancels doesn't cost the rest its digits, wherever the outlier stands."""
    for scale in (1.0, 1e-3):
        for place in (0, 16, 999):
            x = (100 + scale * rng.standard_normal((1000, 37))).astype(np.float32)
            x[place] = 130
            exact = x.astype(np.float64)
            for _, _, text in each_level():
                mean, variance = kernels.batch_statistics(x)
                assert_within(mean, exact.mean(axis=0), np.full(37, 1e-5), text)
                assert_within(variance, exact.var(axis=0), 2e-6 * exact.var(axis=0), text)


def test_batch_statistics_of_infinities(rng: np.random.Generator) -> None:
    """A mean is what NumPy's is, wherever the infinity stands; other channels don't notice."""
    clean = rng.standard_normal((100, 37)).astype(np.float32)
    for place in (0, 5, 16, 99):
        x = clean.copy()
        x[place, 1], x[place, 20] = np.inf, -np.inf
        for _, _, text in each_level():
            mean, variance = kernels.batch_statistics(x)
            np.testing.assert_array_equal(mean[[1, 20]], [np.inf, -np.inf], text)
            assert np.isnan(variance[[1, 20]]).all(), text
            others = np.delete(np.arange(37), [1, 20])
            assert_within(mean[others], x[:, others].mean(axis=0, dtype=np.float64), np.full(35, 1e-6), text)
            assert np.isfinite(variance[others]).all(), text


def test_mean_of_nothing_is_nan() -> None:
    for dtype in ("float32", "float64"):
        assert np.isnan(kernels.mean(np.zeros((0, 3), dtype), axes=(0,))).all()
        assert np.isnan(kernels.mean(np.zeros((0,), dtype)))
        assert kernels.sum(np.zeros((0,), dtype)) == 0


INPUT_KINDS: dict[str, Callable[[np.random.Generator, tuple[int, int]], np.ndarray]] = {
    "positive": lambda rng, shape: rng.random(shape),
    "sparse": lambda rng, shape: np.maximum(rng.standard_normal(shape), 0),
    "scaled rows": lambda rng, shape: rng.standard_normal(shape) * 2.0 ** rng.integers(-20, 21, (shape[0], 1)),
    "scaled columns": lambda rng, shape: rng.standard_normal(shape) * 2.0 ** rng.integers(-20, 21, shape[1]),
    "cancelling": lambda rng, shape: 1e3 + np.where(rng.random(shape) < 0.5, 1, -1) * rng.random(shape),
    "huge": lambda rng, shape: rng.standard_normal(shape) * 3e17,
    "subnormal": lambda rng, shape: rng.standard_normal(shape) * 1e-40,
}


@pytest.mark.parametrize("kind", INPUT_KINDS)
def test_gemm_accuracy_on_hard_inputs(kind: str, rng: np.random.Generator) -> None:
    for m, n, k in ((17, 33, 65), (4, 16, 4096), (1, 3, 65536)):
        a, b = (INPUT_KINDS[kind](rng, shape).astype(np.float32) for shape in ((m, k), (k, n)))
        if kind == "subnormal":
            b = rng.standard_normal((k, n)).astype(np.float32)
        want, terms = a.astype(np.float64) @ b, np.abs(a).astype(np.float64) @ np.abs(b)
        # a subnormal result is rounded to the spacing of subnormals
        allowed = bound("product", "float32", want, terms, k) + (np.sqrt(k) * 2.0**-149 if kind == "subnormal" else 0)
        for level, _, text in each_level():
            lost = lost_in_tiles(a, b) if level.startswith("amx") else 0
            assert_within(kernels.gemm(a, b), want, allowed + lost, f"gemm {m}x{n}x{k} {kind} {text}")


# ---- a sample alone and in a batch -----------------------------------------------------------------------------------

FORWARD = (
    "avg_pool2d",
    "batch_normalization",
    "categorical_accuracy",
    "conv1d",
    "conv1d_transpose",
    "conv2d",
    "conv2d_transpose",
    "conv3d",
    "conv3d_transpose",
    "embedding",
    "gemm",
    "gru",
    "group_normalization",
    "layer_normalization",
    "linear",
    "lstm",
    "max_pool2d",
    "pad",
    "rearrange",
    "relu",
    "resize_bilinear",
    "scaled_dot_product_attention",
    "simple_rnn",
    "softmax",
    "softmax_cross_entropy",
    "take",
    "take_along_axis",
)


@pytest.mark.parametrize("case", [case for case in CASES if case.op in FORWARD and case.batched], ids=str)
def test_a_sample_alone_has_the_bits_it_has_in_a_batch(case: OpCase) -> None:
    inputs = cast(case, "float32")
    inputs = [np.concatenate([value] * 5) if index in case.batched else value for index, value in enumerate(inputs)]
    size = len(inputs[0])
    _core.set_batch_invariant(True)
    for _, _, text in each_level():
        together = call(case, inputs)
        for sample in {0, size // 2, size - 1} if size else ():
            one = [value[sample : sample + 1] if i in case.batched else value for i, value in enumerate(inputs)]
            for index, (a, b) in enumerate(zip(call(case, one), together, strict=True)):
                assert_same_bits(a, b[sample : sample + 1], f"{case} {text} sample {sample} output {index}")


# ---- dropout ---------------------------------------------------------------------------------------------------------


def test_the_reference_of_random_numbers_is_philox() -> None:
    """The known answers of Random123 (Salmon et al. 2011)."""
    known = [
        ([0] * 4, (0, 0), [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([0xFFFFFFFF] * 4, (0xFFFFFFFF, 0xFFFFFFFF), [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            (0xA4093822, 0x299F31D0),
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ]
    for counter, key, want in known:
        assert philox(np.array([counter], np.uint64), key)[0].tolist() == want


def test_dropout_is_the_same_everywhere_and_drops_as_many_as_asked() -> None:
    x = np.ones(100_003, np.float32)
    for rate in (0.1, 0.5, 0.8):
        y, mask = kernels.dropout(x, rate=rate, seed=3, stream=1, step=9)
        assert mask.dtype == np.uint8
        assert abs(1 - mask.mean() - rate) < 5 * np.sqrt(rate * (1 - rate) / x.size)
        assert_same_bits(y, np.where(mask != 0, np.float32(1 / (1 - rate)), np.float32(0)), f"dropout {rate}")
        for _, _, text in each_level((1, 2)):
            assert_same_bits(kernels.dropout(x, rate=rate, seed=3, stream=1, step=9)[1], mask, text)
        assert_same_bits(kernels.dropout(x.astype("float64"), rate=rate, seed=3, stream=1, step=9)[1], mask, "float64")
        assert_same_bits(kernels.dropout(x[:1000], rate=rate, seed=3, stream=1, step=9)[1], mask[:1000], "prefix")
    draws = [
        kernels.dropout(x, seed=a, stream=b, step=c)[1] for a, b, c in ((3, 1, 9), (4, 1, 9), (3, 2, 9), (3, 1, 8))
    ]
    for other in draws[1:]:
        assert abs((draws[0] == other).mean() - 0.5) < 0.01


# ---- gradients -------------------------------------------------------------------------------------------------------


def tape(case: OpCase, inputs: list[Any], weights: np.ndarray | None = None) -> tuple[np.ndarray, list[np.ndarray]]:
    """Result and gradients of sum(weights * apply(...)) by the tape."""
    tensors = [
        None if value is None else fastnn.Tensor(value, requires_grad=index in case.differentiable)
        for index, value in enumerate(inputs)
    ]
    y = case.apply(F, *tensors)
    if weights is None:
        return y.numpy(), []
    y.backward(fastnn.Tensor(weights))
    return y.numpy(), [tensors[index].grad.numpy() for index in case.differentiable]


@differentiable
def test_gradients_equal_finite_differences(case: OpCase, rng: np.random.Generator) -> None:
    inputs = cast(case, "float64")
    y, _ = tape(case, inputs)
    weights = rng.standard_normal(y.shape)
    _, gradients = tape(case, inputs, weights)

    def value(index: int, moved: np.ndarray) -> float:
        with fastnn.no_grad():
            return float((tape(case, [*inputs[:index], moved, *inputs[index + 1 :]])[0] * weights).sum())

    for index, gradient in zip(case.differentiable, gradients, strict=True):
        x = inputs[index]
        assert gradient.shape == x.shape, f"{case} input {index}"
        small = x.size <= 64
        directions = np.eye(x.size).reshape(x.size, *x.shape) if small else rng.standard_normal((3, *x.shape))
        for direction in directions:
            step = GRADIENT_STEP * direction
            want = (value(index, x + step) - value(index, x - step)) / (2 * GRADIENT_STEP)
            got = float((gradient * direction).sum())
            size = 1.0 if small else float(np.abs(gradient * direction).sum())
            assert abs(got - want) <= GRADIENT_ATOL * max(1.0, size) + GRADIENT_RTOL * abs(want), (
                f"{case} input {index}: gradient {got}, finite difference {want}"
            )


@differentiable
def test_float32_gradients_on_every_level(case: OpCase, rng: np.random.Generator) -> None:
    inputs = cast(case, "float32")
    wide = [value.astype("float64") if getattr(value, "dtype", None) == np.float32 else value for value in inputs]
    y, _ = tape(case, wide)
    weights = rng.standard_normal(y.shape).astype("float32")
    _, want = tape(case, wide, weights.astype("float64"))
    for _, threads, text in each_level((1, 2)):
        got = tape(case, inputs, weights)[1]
        first = got if threads == 1 else first  # noqa: F821
        for index, gradient, wanted, other in zip(case.differentiable, got, want, first, strict=True):
            what = f"{case} {text} gradient of input {index}"
            assert_same_bits(gradient, other, f"{what}: threads differ")
            error, norm = np.linalg.norm((gradient - wanted).ravel()), np.linalg.norm(wanted.ravel())
            # a gradient that is a difference of larger terms (a saturated softmax) is as exact as those
            allowed = GRADIENT_NORM * norm + 4 * UNIT_ROUNDOFF["float32"] * np.linalg.norm(weights.ravel())
            assert error <= allowed, f"{what}: norm-wise error {error / max(norm, 1e-30):.3g}"
