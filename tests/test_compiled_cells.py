"""Learning rates and counts of steps that Python reads and sets within a step: never frozen.

A rate that Python looks at tells programs apart; what changes in every step, or is set in a step, runs eagerly.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from tolerances import assert_same_bits

import fastnn
from fastnn import Sequential, Tensor, callbacks, layers, losses, optimizers
from fastnn import functional as F

X = np.random.default_rng(0).standard_normal((8, 3)).astype(np.float32)
Y = np.zeros((8, 1), np.float32)
Parts = tuple[Sequential, optimizers.Optimizer]


@pytest.fixture(autouse=True)
def no_warning() -> Iterator[None]:
    """A function that isn't recorded says so: no warning means that all were."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def parts(**options: Any) -> Parts:
    fastnn.manual_seed(1)
    model = Sequential([fastnn.Input((3,)), layers.Dense(4, activation="tanh"), layers.Dense(1)])
    return model, optimizers.SGD(**{"learning_rate": 0.125, "momentum": 0.5, **options})


def minimize(model: Sequential, optimizer: optimizers.Optimizer, x: Tensor) -> Tensor:
    loss = F.mean(model(x, training=True) ** 2)
    optimizer.minimize(loss, model.trainable_weights)
    return loss


def assert_same_parts(got: Parts, want: Parts, what: str) -> None:
    (model, optimizer), (other, plain) = got, want
    assert (optimizer.iterations, optimizer.learning_rate) == (plain.iterations, plain.learning_rate), what
    pairs = zip(model.weights + optimizer.variables[2:], other.weights + plain.variables[2:], strict=True)
    for a, b in pairs:
        assert_same_bits(a.numpy(), b.numpy(), f"{what}: {a.name}")


# ---- what runs eagerly -----------------------------------------------------------------------------------------------


def sets_from_argument(model: Sequential, optimizer: optimizers.Optimizer, x: Tensor, rate: float) -> Tensor:
    optimizer.learning_rate = rate
    return minimize(model, optimizer, x)


def decays(model: Sequential, optimizer: optimizers.Optimizer, x: Tensor, rate: float) -> Tensor:
    optimizer.learning_rate = optimizer.learning_rate * 0.75
    return minimize(model, optimizer, x)


def assigns(model: Sequential, optimizer: optimizers.Optimizer, x: Tensor, rate: float) -> Tensor:
    optimizer.learning_rate.assign_sub(0.00390625)
    return minimize(model, optimizer, x)


def counts_again(model: Sequential, optimizer: optimizers.Optimizer, x: Tensor, rate: float) -> Tensor:
    loss = minimize(model, optimizer, x)
    optimizer.iterations.assign(3)
    return loss


def looks_at_steps(model: Sequential, optimizer: optimizers.Optimizer, x: Tensor, rate: float) -> Tensor:
    loss = minimize(model, optimizer, x)
    if optimizer.iterations >= 3:
        with fastnn.no_grad():
            model.weights[0].mul_(0.5)
    return loss


def looks_at_variables(model: Sequential, optimizer: optimizers.Optimizer, x: Tensor, rate: float) -> Tensor:
    return minimize(model, optimizer, x) * float(optimizer.variables[0].numpy() + 1)


SETS_RATE = "it sets the learning rate of sgd, which a replay would not repeat; set it between steps"
SETS_STEPS = "it sets how many steps sgd has taken, which a replay would not repeat; set it between steps"
READS_STEPS = "Python reads how many steps sgd has taken, which a replay would not repeat"
EAGER = [
    (sets_from_argument, 1, SETS_RATE),
    (decays, 1, SETS_RATE),
    (assigns, 1, SETS_RATE),
    (counts_again, 2, READS_STEPS),
    (looks_at_steps, 2, READS_STEPS),
    (looks_at_variables, 1, READS_STEPS),
]


def line(function: Callable[..., Any], offset: int) -> str:
    return f"{__file__}:{function.__code__.co_firstlineno + offset}: "


@pytest.mark.parametrize(("function", "offset", "reason"), EAGER)
def test_what_a_replay_would_not_repeat_runs_eagerly_and_names_its_line(
    function: Callable[..., Tensor], offset: int, reason: str
) -> None:
    got, want = parts(), parts()
    step = fastnn.compile(lambda x, rate: function(*got, x, rate))
    warned = []
    for call, rate in enumerate((0.5, 0.25, 0.25, 0.125, 0.125, 0.5)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            loss = step(X, rate)
        warned += [str(warning.message) for warning in caught]
        assert_same_bits(loss.numpy(), function(*want, Tensor(X), rate).numpy(), f"loss {call}")
        assert_same_parts(got, want, f"call {call}")
    assert warned == [f"<lambda> runs without a program: {line(function, offset)}{reason}"]
    assert not step.recorded


@pytest.mark.parametrize("function", [sets_from_argument, decays, assigns, counts_again])
def test_numbers_that_a_failing_call_has_set_are_what_they_were(function: Callable[..., Tensor]) -> None:
    got, fails = parts(), [True]

    def step(x: Tensor, rate: float) -> Tensor:
        minimize(*got, x)
        loss = function(*got, x, rate)
        if fails[0]:
            raise OSError
        return loss

    compiled = fastnn.compile(step)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(3):
            with pytest.raises(OSError):  # noqa: PT011
                compiled(X, 0.5)
            assert (got[1].iterations, got[1].learning_rate) == (0, 0.125)
        fails[0] = False
        compiled(X, 0.5)
        assert got[1].iterations > 0
        count, rate = int(got[1].iterations), float(got[1].learning_rate)
        fails[0] = True
        with pytest.raises(OSError):  # noqa: PT011
            compiled(X, 0.5)
        assert (got[1].iterations, got[1].learning_rate) == (count, rate)


# ---- what tells programs apart ---------------------------------------------------------------------------------------


def scaled(model: Sequential, optimizer: optimizers.Optimizer, x: Tensor) -> Tensor:
    loss = F.mean(model(x, training=True) ** 2) * optimizer.learning_rate
    optimizer.minimize(loss, model.trainable_weights)
    return loss


def branching(model: Sequential, optimizer: optimizers.Optimizer, x: Tensor) -> Tensor:
    return minimize(model, optimizer, x if optimizer.learning_rate.value > 0.1 else x * 2.0)


@pytest.mark.parametrize("function", [scaled, branching])
def test_a_rate_that_python_looks_at_tells_programs_apart(function: Callable[..., Tensor]) -> None:
    got, want = parts(), parts()
    step = fastnn.compile(lambda x: function(*got, x))
    for call, rate in enumerate([0.125] * 6 + [0.0625] * 6 + [0.125] * 6):
        got[1].learning_rate = want[1].learning_rate = rate
        assert_same_bits(step(X).numpy(), function(*want, Tensor(X)).numpy(), f"loss {call}")
        assert_same_parts(got, want, f"call {call}")
    assert step.recorded
    assert sum(info["replays"] for info in step.info()) >= 12


def test_a_rate_that_is_another_one_in_every_step_says_so() -> None:
    got, want = parts(), parts()
    step = fastnn.compile(lambda x: scaled(*got, x))
    with pytest.warns(RuntimeWarning) as caught:  # noqa: PT031 - how many there are is what is tested
        for call in range(40):
            got[1].learning_rate = want[1].learning_rate = 0.125 / (call + 1)
            assert_same_bits(step(X).numpy(), scaled(*want, Tensor(X)).numpy(), f"loss {call}")
    assert [str(warning.message) for warning in caught] == [
        f"<lambda> is recorded again and again: Python looks at the learning rate of sgd ({line(scaled, 1)[:-2]}), so "
        "every value needs a program of its own, and calls come with others; pass numpy.float32(value), an input that "
        "ops compute with"
    ]


def test_a_scheduled_rate_is_another_one_in_every_step() -> None:
    got, want = (parts(learning_rate=optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)) for _ in range(2))
    step = fastnn.compile(lambda x: scaled(*got, x))
    reason = "Python reads the learning rate of sgd, which a replay would not repeat"
    for model, optimizer in (got, want):
        optimizer.build(model.trainable_weights)
    with pytest.warns(RuntimeWarning, match=re.escape(line(scaled, 1) + reason)):
        step(X)
    scaled(*want, Tensor(X))
    for call in range(4):
        assert_same_bits(step(X).numpy(), scaled(*want, Tensor(X)).numpy(), f"loss {call}")


def test_a_rate_that_is_a_function_of_the_count_is_set_before_each_replay() -> None:
    def following() -> Parts:
        made: list[optimizers.Optimizer] = []
        model, optimizer = parts(learning_rate=lambda: 0.5 / (1 + sum(one.iterations for one in made)))
        made.append(optimizer)
        return model, optimizer

    got, want = following(), following()
    step = fastnn.compile(lambda x: minimize(*got, x))
    for call in range(6):
        assert_same_bits(step(X).numpy(), minimize(*want, Tensor(X)).numpy(), f"loss {call}")
    assert_same_parts(got, want, "in the end")
    assert step.recorded


# ---- in fit ----------------------------------------------------------------------------------------------------------


def fitted(function: Callable[..., Tensor], eager: bool) -> Sequential:
    class Own(Sequential):
        def train_step(self, data: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
            return {"loss": function(self, self.optimizer, data[0], 0.25)}

    fastnn.manual_seed(1)
    model = Own([fastnn.Input((3,)), layers.Dense(4, activation="tanh"), layers.Dense(1)])
    model.compile(optimizers.SGD(0.125, momentum=0.5), run_eagerly=eager)
    model.fit(X, Y, batch_size=2, epochs=3, shuffle=False, verbose=0)
    return model


@pytest.mark.parametrize(("function", "offset", "reason"), EAGER)
def test_steps_of_models_name_the_line_too(function: Callable[..., Tensor], offset: int, reason: str) -> None:
    with pytest.warns(RuntimeWarning, match=re.escape(line(function, offset) + reason)):
        model = fitted(function, eager=False)
    want = fitted(function, eager=True)
    assert_same_parts((model, model.optimizer), (want, want.optimizer), "fit")


def test_losses_that_look_at_numbers_run_eagerly_in_fit() -> None:
    class Scaled(losses.Loss):
        def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
            return F.mean((y_pred - y_true) ** 2, axis=-1) * OPTIMIZER[0].learning_rate

    def run(eager: bool) -> Parts:
        model, optimizer = parts()
        OPTIMIZER[:] = [optimizer]
        model.compile(optimizer, Scaled(), run_eagerly=eager)
        halve = callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)
        model.fit(X, Y, batch_size=2, epochs=3, shuffle=False, verbose=0, callbacks=[halve])
        return model, optimizer

    reason = "Python reads the learning rate of sgd, which a replay would not repeat"
    with pytest.warns(RuntimeWarning, match=re.escape(line(Scaled.call, 1) + reason)):
        got = run(False)
    assert_same_parts(got, run(True), "fit")


OPTIMIZER: list[optimizers.Optimizer] = []


# ---- generators ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["manual_seed", "set_state"])
def test_a_seed_that_is_set_in_a_step_is_no_part_of_a_program(way: str) -> None:
    generator, fails = fastnn.Generator(1), [False]

    def step(x: Tensor) -> Tensor:
        generator.manual_seed(5) if way == "manual_seed" else generator.set_state((5, 0))
        y = x + fastnn.randn(8, 3, generator=generator)
        if fails[0]:
            raise OSError
        return y

    compiled = fastnn.compile(step)
    want = step(Tensor(X)).numpy()
    with pytest.warns(RuntimeWarning, match=re.escape(line(step, 1) + "it sets the seed of a generator, which")):
        assert_same_bits(compiled(X).numpy(), want, "first")
    for _ in range(4):
        assert_same_bits(compiled(X).numpy(), want, "later")
    generator.set_state((7, 3))
    fails[0] = True
    with pytest.raises(OSError):  # noqa: PT011
        compiled(X)
    assert generator.get_state() == (7, 3)


def test_draws_that_python_counts_are_no_part_of_a_program() -> None:
    generator = fastnn.Generator(1)

    def step(x: Tensor) -> Tensor:
        drawn = generator.get_state()[1]
        return x * float(drawn) + fastnn.randn(8, 3, generator=generator)

    want = [step(Tensor(X)).numpy() for _ in range(5)]
    generator.manual_seed(1)
    compiled = fastnn.compile(step)
    reason = "Python reads the draws of a generator, which a replay would not repeat"
    with pytest.warns(RuntimeWarning, match=re.escape(line(step, 1) + reason)):
        got = [compiled(X).numpy() for _ in range(5)]
    for a, b in zip(got, want, strict=True):
        assert_same_bits(a, b, "draws")


def test_a_seed_that_python_looks_at_tells_programs_apart() -> None:
    generator = fastnn.Generator(1)
    compiled = fastnn.compile(
        lambda x: x * float(generator.initial_seed()) + fastnn.rand(8, 3, generator=generator) * 0.0
    )
    for call in range(12):
        if call == 6:
            generator.manual_seed(2)
        assert_same_bits(compiled(X).numpy(), X * np.float32(1 + (call >= 6)), f"call {call}")
    assert compiled.recorded
