"""Creation functions: NumPy's values, PyTorch's names, random numbers that a seed repeats and no program freezes."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from op_calls import each_level
from tolerances import assert_same_bits

import fastnn
from fastnn import Generator, Tensor, _core, kernels
from fastnn import functional as F
from fastnn.program import Step

DTYPES = ("float32", "float64", "int32", "int64", "uint8", "bool")


def same(tensor: Tensor, want: Any, dtype: str) -> None:
    array = np.asarray(want, dtype)
    assert (tensor.shape, tensor.dtype) == (array.shape, array.dtype)
    np.testing.assert_array_equal(tensor.numpy(), array)


def test_tensors_of_one_value() -> None:
    for dtype in DTYPES:
        same(fastnn.zeros(2, 3, dtype=dtype), np.zeros((2, 3)), dtype)
        same(fastnn.ones((2, 3), dtype=dtype), np.ones((2, 3)), dtype)
        same(fastnn.full((4,), 1, dtype=dtype), np.ones(4), dtype)
        same(fastnn.zeros_like(fastnn.ones(3, dtype=dtype)), np.zeros(3), dtype)
        same(fastnn.ones_like(fastnn.zeros(3), dtype=dtype), np.ones(3), dtype)
        same(fastnn.full_like(fastnn.zeros(3, dtype=dtype), 1), np.ones(3), dtype)
    same(fastnn.zeros(2), [0, 0], "float32")
    same(fastnn.ones([]), 1, "float32")
    same(fastnn.zeros(), 0, "float32")
    same(fastnn.zeros(0, 3), np.zeros((0, 3)), "float32")
    same(fastnn.full(2, 7), [7, 7], "int64")
    same(fastnn.full((2,), 0.5), [0.5, 0.5], "float32")
    same(fastnn.full((), True), True, "bool")
    same(fastnn.empty(2, 2), np.zeros((2, 2)), "float32")
    same(fastnn.empty_like(fastnn.ones(2)), [0, 0], "float32")
    assert fastnn.zeros(2, requires_grad=True).requires_grad
    assert fastnn.ones_like(fastnn.ones(2), requires_grad=True).requires_grad


def test_ranges_and_matrices() -> None:
    same(fastnn.arange(4), np.arange(4), "int64")
    same(fastnn.arange(2, 9, 3), np.arange(2, 9, 3), "int64")
    same(fastnn.arange(5, 0, -2), [5, 3, 1], "int64")
    same(fastnn.arange(3.0), [0, 1, 2], "float32")
    same(fastnn.arange(0, 1, 0.25), [0, 0.25, 0.5, 0.75], "float32")
    same(fastnn.arange(3, dtype="float64", requires_grad=True), [0, 1, 2], "float64")
    same(fastnn.linspace(0, 1, 5), np.linspace(0, 1, 5), "float32")
    same(fastnn.linspace(0, 1, 4, endpoint=False, dtype="float64"), [0, 0.25, 0.5, 0.75], "float64")
    same(fastnn.eye(3), np.eye(3), "float32")
    same(fastnn.eye(2, 3, k=1, dtype="int32"), np.eye(2, 3, 1), "int32")
    same(fastnn.tri(3, dtype="bool"), np.tri(3), "bool")
    same(fastnn.asarray([1.5]), [1.5], "float32")
    x = fastnn.ones(2)
    assert fastnn.asarray(x) is x
    assert fastnn.asarray(x, dtype="float32") is x
    same(fastnn.asarray(x, dtype="int64"), [1, 1], "int64")


def test_wrong_arguments_are_named() -> None:
    calls: list[tuple[type[Exception], str, Callable[[], Any]]] = [
        (TypeError, "zeros: expected a shape of integers, got (2.5,)", lambda: fastnn.zeros(2.5)),
        (ValueError, "fill: expected a shape of sizes from 0 on, got (2, -1)", lambda: fastnn.zeros(2, -1)),
        (ValueError, "eye: expected rows of at least 0, got -1", lambda: fastnn.eye(-1)),
        (ValueError, "tri: expected columns of at least 0, got -2", lambda: fastnn.tri(1, -2)),
        (ValueError, "fill: expected value a whole number", lambda: fastnn.full(2, 0.5, dtype="int64")),
        (TypeError, "ones: expected a floating dtype for requires_grad, got int64",
         lambda: fastnn.ones(2, dtype="int64", requires_grad=True)),
        (TypeError, "zeros_like: expected a Tensor, got list", lambda: fastnn.zeros_like([1.0])),
        (ValueError, "arange: expected a step other than 0, got 0", lambda: fastnn.arange(0, 3, 0)),
        (TypeError, "rand: expected dtype float32 or float64, got int64", lambda: fastnn.rand(2, dtype="int64")),
        (TypeError, "expected generator to be a fastnn.Generator, got int", lambda: fastnn.rand(2, generator=3)),
        (ValueError, "random_normal: expected std finite and at least 0, got -1", lambda: fastnn.normal(0, -1, 3)),
        (ValueError, "random_uniform: expected high finite and at least low, got 0", lambda: fastnn.uniform(1, 0, 3)),
        (ValueError, "randint: expected low below high, got 3 and 3", lambda: fastnn.randint(3, 3, 2)),
        (TypeError, "Generator: expected an integer seed, got 1.5", lambda: Generator(1.5)),
        (ValueError, "Generator: expected a seed from 0 to 2**63 - 1, got -1", lambda: Generator(-1)),
    ]  # fmt: skip
    for error, message, call in calls:
        with pytest.raises(error, match=re.escape(message)):
            call()


def test_seeds_repeat_random_numbers() -> None:
    def draws(generator: Generator | None) -> list[list[Any]]:
        return [
            fastnn.rand(3, generator=generator).tolist(),
            fastnn.randn(2, 2, generator=generator).tolist(),
            fastnn.randint(10, size=(5,), generator=generator).tolist(),
            fastnn.randperm(6, generator=generator).tolist(),
            fastnn.rand(3, generator=generator).tolist(),
        ]

    first = draws(Generator(5))
    assert first == draws(Generator(5))
    assert first != draws(Generator(6))
    assert first[0] != first[4]
    assert fastnn.manual_seed(11).initial_seed() == fastnn.manual_seed(11).initial_seed()
    fastnn.manual_seed(11)
    default = draws(None)
    fastnn.utils.set_random_seed(11)
    assert draws(None) == default
    assert draws(None) != default
    generator = Generator(3)
    fastnn.rand(1, generator=generator)
    state = generator.get_state()
    later = draws(generator)
    generator.set_state(state)
    assert draws(generator) == later
    assert Generator().initial_seed() != Generator().initial_seed()


def test_random_numbers_have_their_distribution() -> None:
    for dtype in ("float32", "float64"):
        x = fastnn.rand(200_000, dtype=dtype, generator=Generator(1)).numpy()
        assert x.dtype == dtype
        assert 0 <= x.min() < x.max() < 1
        counts = np.histogram(x, 20, (0, 1))[0] / x.size
        assert np.abs(counts - 0.05).max() < 5 * np.sqrt(0.05 * 0.95 / x.size)
        z = fastnn.randn(200_000, dtype=dtype, generator=Generator(2)).numpy().astype("float64")
        for power, want, spread in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
            assert abs((z**power).mean() - want) < 5 * np.sqrt(spread / z.size)
        assert abs(np.corrcoef(z[::2], z[1::2])[0, 1]) < 5 / np.sqrt(z.size / 2)
        assert np.abs(z).max() > 4
    y = fastnn.uniform(-2, 3, (1000,), generator=Generator(1)).numpy()
    assert -2 <= y.min() < -1.9
    assert 2.9 < y.max() <= 3
    y = fastnn.normal(5, 0.1, (1000,), generator=Generator(1)).numpy()
    assert abs(y.mean() - 5) < 0.02
    dice = fastnn.randint(1, 7, (6000,), generator=Generator(0)).numpy()
    assert (np.abs(np.bincount(dice, minlength=7)[1:] - 1000) < 150).all()
    assert sorted(fastnn.randperm(50, generator=Generator(0)).tolist()) == list(range(50))
    like = fastnn.ones(2, 3, dtype="float64")
    assert fastnn.rand_like(like).dtype == fastnn.randn_like(like).dtype == np.float64


def test_uniform_numbers_have_the_same_bits_everywhere() -> None:
    like = np.zeros(100_003, np.float32)
    want = kernels.random_uniform(like, seed=3, stream=1, step=9)
    normal = kernels.random_normal(like, seed=3, stream=1, step=9)
    for _, _, text in each_level((1, 2)):
        assert_same_bits(kernels.random_uniform(like, seed=3, stream=1, step=9), want, text)
        part = kernels.random_uniform(like[:1000], seed=3, stream=1, step=9)
        assert_same_bits(part, want[:1000], f"{text} prefix")
        assert np.abs(kernels.random_normal(like, seed=3, stream=1, step=9) - normal).max() < 1e-5, text
    double = kernels.random_uniform(like.astype("float64"), seed=3, stream=1, step=9)
    assert np.abs(double - want).max() <= 2.0**-24
    assert (kernels.random_uniform(shape=(100_003,), seed=3, stream=1, step=9) == want).all()
    assert (kernels.random_uniform(shape=(3,), dtype="float64", seed=3, stream=1, step=9) == double[:3]).all()
    for other in ((4, 1, 9), (3, 2, 9), (3, 1, 8)):
        seed, stream, step = other
        assert abs(np.corrcoef(kernels.random_uniform(like, seed=seed, stream=stream, step=step), want)[0, 1]) < 0.02


def test_threads_share_a_generator() -> None:
    generator, draws = Generator(1), []

    def work() -> None:
        for _ in range(50):
            draws.append(tuple(fastnn.rand(2, generator=generator).tolist()))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(draws)) == 200


def test_steps_make_their_own_tensors() -> None:
    """What a step makes is written again by every replay, and ranges are constants of it."""

    def step(x: Tensor) -> tuple[Tensor, ...]:
        total = fastnn.zeros(3)
        total += x.sum(axis=0)
        return x + total + fastnn.arange(3, dtype="float32") + fastnn.ones(3) * fastnn.eye(3)[0], fastnn.zeros_like(x)

    compiled = Step(step, states=dict)
    for batch in (2, 3, 2, 4):
        x = np.random.default_rng(batch).standard_normal((batch, 3)).astype(np.float32)
        for got, want in zip(compiled(x), step(Tensor(x)), strict=True):
            np.testing.assert_array_equal(got.numpy(), want.numpy())
    assert compiled.info()
    assert not compiled.eager_reasons()


def test_steps_draw_as_functions_do() -> None:
    calls: list[Callable[[], Tensor]] = [lambda: fastnn.rand(3), lambda: fastnn.randn(3)]
    integers: list[Callable[[], Tensor]] = [lambda: fastnn.randint(3, size=3), lambda: fastnn.randperm(3)]
    x = np.zeros((2, 3), np.float32)
    for call in (*calls, *integers):
        step = Step(lambda x, call=call: (x + call().astype("float32"),), states=dict)
        fastnn.manual_seed(1)
        if call in integers:
            with pytest.warns(RuntimeWarning, match=r"test_creation.py:\d+: rand.* draws its numbers outside of ops"):
                got = [step(x)[0].numpy()]
        else:
            got = [step(x)[0].numpy()]
        got += [step(x)[0].numpy() for _ in range(4)]
        assert bool(step.info()) == (call in calls)
        fastnn.manual_seed(1)
        for value in got:
            np.testing.assert_array_equal(value, np.stack([call().numpy().astype(np.float32)] * 2))
    with pytest.warns(RuntimeWarning, match="random_normal: seed is an input at run time"):
        Step(lambda x: (F.random_normal(x, seed=3),), states=dict)(x)


def test_steps_draw_anew_with_a_registered_counter() -> None:
    seed, draws = _core.Scalar(5, "int"), _core.Scalar(0, "int")

    def step(x: Tensor) -> tuple[Tensor, ...]:
        return x + F.random_normal(x, std=2.0, seed=seed, step=draws, stream=4), F.random_uniform(
            x, seed=seed, step=draws
        )

    compiled = Step(step, states=dict, scalars=lambda: {"seed": (seed, 0), "draws": (draws, 1)})
    seen = set()
    for number in range(6):
        x = np.zeros((2 + number % 2, 3), np.float32)
        noise, even = (result.numpy() for result in compiled(x))
        np.testing.assert_array_equal(noise, kernels.random_normal(x, std=2.0, seed=5, step=number, stream=4))
        np.testing.assert_array_equal(even, kernels.random_uniform(x, seed=5, step=number))
        seen.add(noise.tobytes())
    assert len(seen) == 6
    assert compiled.info()
