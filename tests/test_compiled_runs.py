"""Runs of compiled functions: within each other, failing, beside others, with gradients that are there already."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from tolerances import assert_same_bits

import fastnn
from fastnn import Sequential, Tensor, _core, layers, optimizers
from fastnn import functional as F

X = np.random.default_rng(0).standard_normal((8, 3)).astype(np.float32)
Y = np.zeros((8, 1), np.float32)


@pytest.fixture(autouse=True)
def no_warning() -> Iterator[None]:
    """A function that isn't recorded says so: no warning means that all were."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def net() -> Sequential:
    fastnn.manual_seed(1)
    return Sequential([fastnn.Input((3,)), layers.Dense(4, activation="tanh"), layers.Dense(1)])


# ---- within others ---------------------------------------------------------------------------------------------------


def test_a_function_that_is_compiled_and_called_by_itself_too_is_part_of_another() -> None:
    model, scale = net(), Tensor(np.float32(2))
    inner = fastnn.compile(lambda x: model(x) * scale)
    outer = fastnn.compile(lambda x: inner(x) + 1)
    for call in range(6):
        want = model(Tensor(X)).numpy() * scale.numpy()
        assert_same_bits(inner(X).numpy(), want, f"inner {call}")
        assert_same_bits(outer(X).numpy(), want + 1, f"outer {call}")
        scale.add_(1)
    assert inner.recorded
    assert outer.info()[0]["replays"] == 4


def test_a_compiled_function_may_call_itself() -> None:
    @fastnn.compile
    def power(x: Tensor, n: int) -> Tensor:
        return x if n == 0 else power(x, n - 1) * 2.0

    for _ in range(4):
        assert_same_bits(power(X, 3).numpy(), X * 8, "three times")
        assert_same_bits(power(X, 1).numpy(), X * 2, "once")
    assert power.recorded
    assert [info["replays"] for info in power.info()] == [2, 2]


# ---- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [OSError("full"), ValueError("no"), TypeError("odd"), AttributeError("none")])
def test_an_error_of_the_function_is_raised_once_and_by_itself(error: Exception) -> None:
    calls = []

    def fails() -> None:
        calls.append(1)
        raise error

    @fastnn.compile
    def function(x: Tensor, rate: float) -> Tensor:
        fails()
        return x * rate

    with pytest.raises(type(error)) as caught:
        function(X, 0.5)
    assert caught.value.__context__ is None
    assert len(calls) == 1


@pytest.mark.parametrize(
    "function",
    [
        lambda x, rate: layers.Dropout(rate)(x, training=False) * rate,
        lambda x, rate: x * [3.0, 4.0][rate.as_integer_ratio()[0]],
        lambda x, rate: x * (2.0 if _checked(rate) else 1.0),
    ],
)
def test_where_only_a_float_will_do_it_is_one(function: Callable[..., Tensor]) -> None:
    compiled = fastnn.compile(function)
    for _ in range(4):
        assert_same_bits(compiled(X, 0.5).numpy(), function(Tensor(X), 0.5).numpy(), "one")
    assert compiled.recorded


def _checked(rate: object) -> bool:
    if not isinstance(rate, float):
        raise TypeError("expected a float")
    return True


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_the_first_call_takes_back_what_it_did_to_state_that_it_made(error: type[BaseException]) -> None:
    class Stop(error):  # type: ignore[misc,valid-type]
        pass

    def make(fails: list[bool]) -> tuple[Sequential, optimizers.Optimizer, Callable[..., Tensor]]:
        fastnn.manual_seed(1)
        model = Sequential([layers.Dense(4), layers.BatchNormalization(), layers.Dense(1)])
        adam = optimizers.Adam(0.1)

        def step(x: Tensor) -> Tensor:
            loss = F.mean(model(x, training=True) ** 2)
            adam.minimize(loss, model.trainable_weights)
            if fails[0]:
                raise Stop
            return loss

        return model, adam, fastnn.compile(step)

    fails = [True]
    model, adam, step = make(fails)
    for _ in range(2):
        with pytest.raises(Stop):
            step(X)
        assert adam.iterations == 0
        assert not any(np.any(moment.numpy()) for moment in adam.variables[2:])
        normalization = model.layers[1]
        assert not np.any(normalization.moving_mean.numpy())
        assert np.all(normalization.moving_variance.numpy() == 1)
    fails[0] = False
    other, plain, clean = make(fails)
    for _ in range(5):
        assert_same_bits(step(X).numpy(), clean(X).numpy(), "loss")
    for got, want in zip(model.weights + adam.variables[2:], other.weights + plain.variables[2:], strict=True):
        assert_same_bits(got.numpy(), want.numpy(), str(want.name))
    assert step.recorded  # type: ignore[attr-defined]


def test_a_step_of_a_model_takes_back_what_its_first_call_did_to_moments() -> None:
    class Own(Sequential):
        fails = True

        def train_step(self, data: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
            x, y = data
            loss = F.mean((self(x, training=True) - y) ** 2)
            self.optimizer.minimize(loss, self.trainable_weights)
            if self.fails:
                raise OSError
            return {"loss": loss}

    model = Own([fastnn.Input((3,)), layers.Dense(1)])
    model.compile(optimizers.SGD(0.1, momentum=0.9))
    before = model.get_weights()
    with pytest.raises(OSError):  # noqa: PT011
        model.fit(X, Y, verbose=0)
    assert [moment.numpy().any() for moment in model.optimizer.variables[2:]] == [False, False]
    for got, want in zip(model.get_weights(), before, strict=True):
        assert_same_bits(got, want, "weights")


def test_views_of_tensors_made_in_a_call_that_fails_are_taken_back_in_order() -> None:
    made: list[Tensor] = []
    compiled = fastnn.compile(lambda x: fails(x))

    def fails(x: Tensor) -> Tensor:
        made.append(fastnn.zeros(4))
        made[0][:2] = x
        made[0][1:].add_(1)
        made[0].mul_(3)
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011
        compiled(np.ones(2, np.float32))
    assert made[0].tolist() == [0, 0, 0, 0]


def test_of_what_a_call_makes_only_what_is_still_there_is_taken_back() -> None:
    """More of it than is looked through at once."""
    kept: list[Tensor] = []

    def fails(x: Tensor) -> Tensor:
        for number in range(12):
            gone = fastnn.zeros(1 << 17)
            gone.add_(number)
            made = fastnn.full(1 << 16, float(number))
            made[:3].mul_(2)
            made.add_(1)
            kept.append(made if number % 2 else made[1:9])
        raise OSError

    compiled = fastnn.compile(lambda x: fails(x))
    with pytest.raises(OSError):  # noqa: PT011
        compiled(X)
    assert [set(made.tolist()) for made in kept] == [{float(number)} for number in range(12)]


def test_what_is_written_in_place_and_gone_takes_no_memory() -> None:
    """The peak of a recorded run doesn't grow with it."""

    def step(x: Tensor, count: int) -> Tensor:
        for _ in range(count):
            made = x * 2
            made.add_(1)
        return made.sum()

    x = np.ones(1 << 18, np.float32)  # 1 MB
    peaks = []
    for count in (10, 40):
        gc.collect()
        _core.peak_bytes(restart=True)
        before = _core.live_bytes()
        fastnn.compile(step)(x, count)
        peaks.append((_core.peak_bytes() - before) // x.nbytes)
    assert peaks[0] == peaks[1]


# ---- gradients that are there already --------------------------------------------------------------------------------


def accumulating(model: Sequential, optimizer: optimizers.Optimizer, x: Tensor) -> Tensor:
    loss = F.mean(model(x) ** 2)
    loss.backward()
    optimizer.apply([weight.grad for weight in model.weights], model.weights)
    for weight in model.weights:
        weight.grad = None
    return loss


def minimizing(model: Sequential, optimizer: optimizers.Optimizer, x: Tensor) -> Tensor:
    loss = F.mean(model(x) ** 2)
    optimizer.minimize(loss, model.weights)
    return loss


def branching(model: Sequential, optimizer: optimizers.Optimizer, x: Tensor) -> Tensor:
    there = model.weights[0].grad is not None
    loss = minimizing(model, optimizer, x)
    return loss * 2.0 if there else loss


@pytest.mark.parametrize("function", [accumulating, minimizing, branching])
def test_gradients_that_are_there_before_a_step_count_as_they_do_eagerly(function: Callable[..., Tensor]) -> None:
    got, want = (net(), optimizers.SGD(0.1)), (net(), optimizers.SGD(0.1))
    step = fastnn.compile(lambda x: function(*got, x))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for call in range(12):
            for model, _ in (got, want):
                if call in (3, 5, 6, 7, 10):
                    F.sum(model(Tensor(X))).backward()
            assert_same_bits(step(X).numpy(), function(*want, Tensor(X)).numpy(), f"loss {call}")
            for a, b in zip(got[0].weights, want[0].weights, strict=True):
                assert_same_bits(a.numpy(), b.numpy(), f"{a.name} {call}")
                assert a.grad is None
    reasons = [str(warning.message) for warning in caught]
    assert len(reasons) == (function is accumulating)
    assert max(info["replays"] for info in step.info()) >= 5
    assert step.recorded == (function is not accumulating)


def test_a_gradient_that_a_function_lets_go_of() -> None:
    weight = Tensor(np.ones(3, np.float32), requires_grad=True)

    def clears(x: Tensor) -> Tensor:
        weight.grad = None
        return x * weight.detach()

    compiled = fastnn.compile(clears)
    for _ in range(4):
        compiled(np.ones(3, np.float32))
    assert compiled.recorded
    for call in range(4):
        F.sum(weight * 2.0).backward()
        if call:
            compiled(np.ones(3, np.float32))
        else:
            with pytest.warns(
                RuntimeWarning, match=r":\d+: it lets go of the gradient in .*, which a replay would not"
            ):
                compiled(np.ones(3, np.float32))
        assert weight.grad is None


def test_gradients_that_a_function_does_not_touch_stay_and_keep_its_programs() -> None:
    model = net()
    compiled = fastnn.compile(lambda x: model(x))
    for call in range(8):
        if call == 3:
            F.sum(model(Tensor(X))).backward()
        before = [weight.grad for weight in model.weights]
        assert_same_bits(compiled(X).numpy(), model(Tensor(X)).numpy(), f"call {call}")
        assert all(weight.grad is gradient for weight, gradient in zip(model.weights, before, strict=True))
    assert compiled.recorded
    assert [info["replays"] for info in compiled.info()] == [1, 3]
