"""fastnn.compile: loops of one's own as programs, with the bits of the same function run eagerly; what can't be one."""

from __future__ import annotations

import decimal
import gc
import re
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from tolerances import assert_same_bits

import fastnn
from fastnn import Sequential, Tensor, layers, losses, metrics, optimizers
from fastnn import functional as F
from fastnn.compiled import MAX_KEYS, MAX_WORLDS, Compiled

Case = dict[str, Any]


@pytest.fixture(autouse=True)
def no_warning() -> Iterator[None]:
    """A function that isn't recorded says so: no warning means that all were."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def tensors_of(case: Case) -> dict[str, np.ndarray]:
    """Everything that a case's parts hold."""
    found = {}
    for name, part in case.items():
        if isinstance(part, layers.Layer):
            found |= {f"{name}.{path}": np.array(t.numpy()) for path, t in part._named_weights().items()}
        elif isinstance(part, optimizers.Optimizer):
            found |= {f"{name}.{i}": np.array(t.numpy()) for i, t in enumerate(part.variables)}
            found[f"{name}.iterations"] = np.array(part.iterations)
        elif isinstance(part, metrics.Metric):
            found |= {f"{name}.{i}": np.array(t.numpy()) for i, t in enumerate(part.variables)}
        elif isinstance(part, Tensor):
            found[name] = np.array(part.numpy())
    return found


def assert_same_case(got: Case, want: Case, what: str) -> None:
    a, b = tensors_of(got), tensors_of(want)
    assert a.keys() == b.keys()
    for name, value in b.items():
        assert_same_bits(a[name], value, f"{what}: {name}")


def leaves(value: Any) -> list[np.ndarray]:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
    return [np.array(item.numpy()) for item in items]


def assert_equal_runs(make: Callable[[], tuple[Case, Callable[..., Any]]], calls: list[tuple[Any, ...]]) -> Compiled:
    """The compiled function leaves the same bits as the function, call by call, and was replayed."""
    eager_case, function = make()
    case, other = make()
    compiled = fastnn.compile(other)
    draws = [fastnn.Generator(3).get_state()] * 2
    for index, arguments in enumerate(calls):
        results = []
        for number, run in enumerate((function, compiled)):
            fastnn.random.default_generator().set_state(draws[number])
            given = [Tensor(a) if isinstance(a, np.ndarray) else a for a in arguments] if number == 0 else arguments
            results.append(leaves(run(*given)))
            draws[number] = fastnn.random.default_generator().get_state()
        for got, want in zip(results[1], results[0], strict=True):
            assert_same_bits(got, want, f"call {index}")
        assert_same_case(case, eager_case, f"call {index}")
        assert draws[0] == draws[1]
    assert compiled.recorded
    assert max(info["replays"] for info in compiled.info()) >= 2
    return compiled


# ---- the same as eager -----------------------------------------------------------------------------------------------


def gan() -> tuple[Case, Callable[..., Any]]:
    """The PyTorch tutorial's step: the generator learns from the discriminator as it is after its update."""
    fastnn.manual_seed(1)
    generator = Sequential(
        [
            fastnn.Input((10,)),
            layers.Dense(24, activation="relu"),
            layers.BatchNormalization(),
            layers.Dense(16, activation="tanh"),
        ]
    )
    discriminator = Sequential(
        [fastnn.Input((16,)), layers.Dense(24, activation="relu"), layers.Dropout(0.3), layers.Dense(1, "sigmoid")]
    )
    adam_g, adam_d = (optimizers.Adam(2e-3, beta_1=0.5) for _ in range(2))
    mean = metrics.Mean("d_loss")
    loss = losses.BinaryCrossentropy()

    def step(real: Tensor) -> dict[str, Tensor]:
        count = real.shape[0]
        fake = generator(fastnn.randn(count, 10), training=True)
        d_loss = loss(fastnn.ones(count, 1), discriminator(real, training=True))
        d_loss = d_loss + loss(fastnn.zeros(count, 1), discriminator(fake.detach(), training=True))
        adam_d.minimize(d_loss, discriminator.trainable_weights)
        g_loss = loss(fastnn.ones(count, 1), discriminator(fake, training=True))
        adam_g.minimize(g_loss, generator.trainable_weights)
        mean.update_state(d_loss)
        return {"d": d_loss, "g": g_loss}

    return {"g": generator, "d": discriminator, "adam_g": adam_g, "adam_d": adam_d, "mean": mean}, step


@pytest.mark.parametrize("threads", [1, 2])
def test_the_two_updates_of_a_gan(threads: int) -> None:
    fastnn.set_num_threads(threads)
    sizes = [12, 12, 12, 12, 12, 7, 7, 7, 12, 7, 5, 5]
    compiled = assert_equal_runs(gan, [(numbers(size, 16, seed=i),) for i, size in enumerate(sizes)])
    text = compiled.text()
    first, second = (text.index("adam_update", start) for start in (0, text.index("\ncommit\n")))
    assert first < text.index("\ncommit\n") < second  # the discriminator's update is read, the generator's is not
    assert "undo" not in text  # nothing can fail after it


def test_the_second_update_sees_the_first_one() -> None:
    weight = Tensor(np.ones(1, np.float32), requires_grad=True)
    sgd = optimizers.SGD(0.5)

    def step(x: Tensor) -> tuple[Tensor, ...]:
        seen = []
        for _ in range(3):
            seen.append(F.copy(weight))
            sgd.minimize(F.sum(weight * x), [weight])
        return (*seen, weight)

    compiled = fastnn.compile(step)
    x = np.ones(1, np.float32)
    for index in range(5):
        start = 1 - 1.5 * index
        assert [t.item() for t in compiled(x)] == [start, start - 0.5, start - 1, start - 1.5]
        assert sgd.iterations == 3 * (index + 1)
    assert compiled.recorded


def dqn(write: str) -> Callable[[], tuple[Case, Callable[..., Any]]]:
    """Double Q-learning with Huber's loss and a target network that follows slowly."""

    def make() -> tuple[Case, Callable[..., Any]]:
        fastnn.manual_seed(4)

        def network() -> Sequential:
            return Sequential([fastnn.Input((6,)), layers.Dense(16, activation="relu"), layers.Dense(3)])

        online, target = network(), network()
        target.set_weights(online.get_weights())
        adam = optimizers.Adam(1e-2, clipnorm=1.0)

        def step(
            state: Tensor, action: Tensor, reward: Tensor, following: Tensor, done: Tensor, gamma: float, tau: float
        ) -> tuple[Tensor, Tensor]:
            with fastnn.no_grad():
                best = F.argmax(online(following), axis=1)
                value = F.take_along_axis(target(following), best.reshape(-1, 1), axis=1).reshape(-1)
                wanted = reward + gamma * value * (1 - done)
            chosen = F.take_along_axis(online(state), action.reshape(-1, 1), axis=1).reshape(-1)
            loss = F.mean(F.huber(chosen.reshape(-1, 1), wanted.reshape(-1, 1)))
            adam.minimize(loss, online.trainable_weights)
            with fastnn.no_grad():
                for slow, fast in zip(target.weights, online.weights, strict=True):
                    if write == "assign":
                        slow.assign(tau * fast + (1 - tau) * slow)
                    elif write == "in place":
                        slow.mul_(1 - tau).add_(tau * fast)
                    else:
                        slow[...] = slow * (1 - tau) + fast * tau
            return loss, chosen

        return {"online": online, "target": target, "adam": adam}, step

    return make


def transitions(size: int, seed: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    return (
        numbers(size, 6, seed=seed),
        rng.integers(0, 3, size),
        numbers(size, seed=seed + 1),
        numbers(size, 6, seed=seed + 2),
        rng.integers(0, 2, size).astype(np.float32),
    )


@pytest.mark.parametrize("write", ["assign", "in place", "setitem"])
def test_the_step_of_a_dqn_and_its_target_network(write: str) -> None:
    calls = [(*transitions(8, seed=i), 0.9 + 0.01 * i, 0.05) for i in range(8)]
    compiled = assert_equal_runs(dqn(write), calls)
    # tau meets Python in 1 - tau, so its value is part of the key; gamma is an input
    assert len(compiled.info()) == 1


def pytorch_style() -> tuple[Case, Callable[..., Any]]:
    fastnn.manual_seed(2)
    model = Sequential(
        [fastnn.Input((5,)), layers.Dense(7, activation="relu"), layers.BatchNormalization(), layers.Dense(1)]
    )
    sgd = optimizers.SGD(0.05, momentum=0.9)
    sgd.build(model.trainable_weights)
    accuracy = metrics.MeanSquaredError("mse")

    def step(x: Tensor, y: Tensor) -> Tensor:
        sgd.zero_grad()
        prediction = model(x, training=True)
        loss = F.mean((prediction - y) ** 2)
        loss.backward()
        squares = [F.sum(weight.grad * weight.grad) for weight in model.trainable_weights]
        norm = F.sqrt(sum(squares[1:], squares[0]))
        for weight in model.trainable_weights:
            weight.grad.mul_(F.minimum(1.0 / (norm + 1e-6), 1.0))
        sgd.step()
        accuracy.update_state(y, prediction)
        return loss

    return {"model": model, "sgd": sgd, "accuracy": accuracy}, step


def test_zero_grad_backward_clipping_and_step() -> None:
    assert_equal_runs(pytorch_style, [(numbers(9, 5, seed=i), numbers(9, 1, seed=i + 50)) for i in range(7)])


def test_a_model_and_an_optimizer_that_are_not_built_yet() -> None:
    def make() -> tuple[Case, Callable[..., Any]]:
        fastnn.manual_seed(6)
        model = Sequential([layers.Dense(4, activation="tanh"), layers.Dropout(0.2), layers.Dense(2)])
        adam = optimizers.Adam()

        def step(x: Tensor, labels: Tensor) -> Tensor:
            loss = F.mean(F.softmax_cross_entropy(model(x, training=True), labels))
            loss.backward()
            adam.apply_gradients([(weight.grad, weight) for weight in model.trainable_weights])
            for weight in model.trainable_weights:
                weight.grad = None
            return loss

        return {"model": model, "adam": adam}, step

    labels = np.array([0, 1, 1, 0, 1, 0])
    assert_equal_runs(make, [(numbers(6, 3, seed=i), labels) for i in range(8)])


def test_freezing_within_the_step_as_keras_gans_do() -> None:
    def make() -> tuple[Case, Callable[..., Any]]:
        fastnn.manual_seed(1)
        first, second = (Sequential([fastnn.Input((4,)), layers.Dense(4)]) for _ in range(2))
        sgd = optimizers.SGD(0.1)

        def step(x: Tensor) -> Tensor:
            second.trainable = False
            loss = F.mean(second(first(x)) ** 2)
            sgd.minimize(loss, first.trainable_weights)
            second.trainable = True
            sgd.minimize(F.mean(second(first(x)) ** 2), second.trainable_weights)
            return loss

        return {"first": first, "second": second, "sgd": sgd}, step

    assert_equal_runs(make, [(numbers(3, 4, seed=i),) for i in range(7)])


def test_ops_that_know_the_batch_size_have_a_program_for_each() -> None:
    sizes = [4, 4, 3, 3, 4, 4, 3, 5, 5, 5]

    def call(x: Tensor) -> Tensor:
        return x * fastnn.full((x.shape[0], 1), x.shape[0] / 2.0)

    compiled = assert_equal_runs(lambda: ({}, call), [(numbers(size, 2, seed=size),) for size in sizes])
    assert {info["batch"] for info in compiled.info()} == {3, 4, 5}


def test_arguments_and_results_in_any_form() -> None:
    def function(pair: tuple[Tensor, Tensor], options: dict[str, Any], *, add: bool = True) -> dict[str, Any]:
        a, b = pair
        total = a + b if add else a - b
        return {"total": total, "nested": [total * options["scale"], (None, "name", 3)], "count": 2.5}

    compiled = fastnn.compile(function)
    a, b = numbers(3, 2), numbers(3, 2, seed=1)
    for scale in (0.5, 0.25, 2.0, 4.0):
        for add in (True, False):
            got = compiled((a, Tensor(b)), {"scale": scale, "name": "x"}, add=add)
            total = a + b if add else a - b
            np.testing.assert_array_equal(got["total"].numpy(), total)
            np.testing.assert_array_equal(got["nested"][0].numpy(), total * np.float32(scale))
            assert got["nested"][1][:2] == (None, "name")
            assert (got["nested"][1][2].item(), got["count"].item()) == (3, 2.5)
            assert not got["total"].requires_grad
    assert compiled.recorded
    assert len(compiled.info()) == 2


def test_an_array_and_what_holds_one_are_told_apart() -> None:
    """However often one of them came before the other."""

    def function(x: Any, *rest: Any) -> Tensor:
        if rest:
            return x * 3.0
        if isinstance(x, dict):
            return x["x"] * 5.0
        return x[0] * 2.0 if isinstance(x, list) else x * 7.0

    compiled = fastnn.compile(function)
    a = numbers(3, 2)
    for args, factor in (([a],), 2), ((a, True), 3), (({"x": a},), 5), ((a, "name"), 3), ((a, None), 3):
        for _ in range(4):
            np.testing.assert_array_equal(compiled(*args).numpy(), a * np.float32(factor))
        np.testing.assert_array_equal(compiled(a).numpy(), a * np.float32(7))
    assert compiled.recorded


def test_eager_is_heeded_after_replays(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = fastnn.compile(lambda x: x * 2.0)
    x = numbers(3, 2)
    for _ in range(4):
        np.testing.assert_array_equal(compiled(x).numpy(), 2 * x)
    monkeypatch.setattr(compiled, "_function", lambda x: x * 4.0)
    compiled.eager = True
    np.testing.assert_array_equal(compiled(x).numpy(), 4 * x)


def test_results_own_their_memory() -> None:
    weight = Tensor(np.ones(3, np.float32))

    @fastnn.compile
    def step(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        weight.add_(1)
        return weight, x, x[0]

    kept = [(step(np.full((2, 3), index, np.float32)), index) for index in range(6)]
    for (seen, given, row), index in kept:
        assert seen.tolist() == [index + 2.0] * 3
        assert (given.numpy() == index).all()
        assert (row.numpy() == index).all()
    assert step.recorded


# ---- inputs, not constants -------------------------------------------------------------------------------------------


def test_floats_are_inputs_until_python_looks_at_one() -> None:
    @fastnn.compile
    def scaled(x: Tensor, a: float) -> Tensor:
        return a * x + x / a

    @fastnn.compile
    def looks(x: Tensor, a: float) -> Tensor:
        return x * 2 if a > 0.5 else x * 3

    @fastnn.compile
    def attribute(x: Tensor, a: float) -> Tensor:
        return F.clip(x, -a, a)

    x = numbers(4, 3)
    values = [0.1, 0.2, 0.3, 0.7, 0.9]
    for a in values:
        assert_same_bits(scaled(x, a).numpy(), (a * Tensor(x) + Tensor(x) / a).numpy(), "scaled")
    assert len(scaled.info()) == 1
    assert scaled.info()[0]["replays"] == 3
    for a in values * 4:
        assert_same_bits(looks(x, a).numpy(), x * np.float32(2 if a > 0.5 else 3), "looks")
        assert_same_bits(attribute(x, a).numpy(), attribute._function(Tensor(x), a).numpy(), "attribute")
    assert scaled.recorded
    assert looks.recorded
    assert attribute.recorded


def test_what_the_function_reads_may_be_another_one_later() -> None:
    class Settings:
        scale = 1.0
        unread = 0

    settings, factor = Settings(), [2.0]
    weight = Tensor(np.ones(2, np.float32))

    def step(x: Tensor) -> Tensor:
        return x * weight * factor[0] * settings.scale

    compiled = fastnn.compile(step)
    x = np.ones((3, 2), np.float32)
    for scale in (1.0, 2.0, 1.0):
        for other in (2.0, 3.0):
            for value in (1, 5):
                weight = Tensor(np.full(2, value, np.float32))
                factor[0], settings.scale = other, scale
                for _ in range(3):
                    settings.unread += 1
                    assert (compiled(x).numpy() == scale * other * value).all()
    assert compiled.recorded


def test_layers_that_change_are_recorded_anew() -> None:
    model = Sequential([fastnn.Input((3,)), layers.Dense(2, kernel_initializer="ones"), layers.Dropout(0.5)])
    predict = fastnn.compile(lambda x: model(x, training=True))
    x = np.ones((4, 3), np.float32)
    for _ in range(3):
        assert set(np.unique(predict(x).numpy())) <= {0.0, 6.0}
    model.layers[1].rate = 0.0
    for _ in range(3):
        assert (predict(x).numpy() == 3).all()
    model.add(layers.Dense(1, kernel_initializer="ones"))
    for _ in range(3):
        assert predict(x).numpy().tolist() == [[6.0]] * 4
    model.set_weights([2 * weight for weight in model.get_weights()])
    assert predict(x).numpy().tolist() == [[24.0]] * 4
    assert predict.recorded


def test_a_learning_rate_set_between_steps_keeps_the_program() -> None:
    weight = Tensor(np.zeros(1, np.float32), requires_grad=True)
    sgd = optimizers.SGD(1.0)

    @fastnn.compile
    def step(x: Tensor) -> Tensor:
        sgd.minimize(F.sum(weight * x), [weight])
        return weight

    rates = [1.0, 0.5, 0.25, 2.0, 4.0]
    for index, rate in enumerate(rates):
        sgd.learning_rate = rate
        assert step(np.ones(1, np.float32)).item() == -sum(rates[: index + 1])
    assert len(step.info()) == 1
    sgd.momentum = 0.9
    assert step(np.ones(1, np.float32)).item() == -sum(rates) - 4
    assert step.recorded


def test_draws_follow_the_seed_and_the_count() -> None:
    own = fastnn.Generator(5)
    draw = fastnn.compile(lambda: (fastnn.rand(2), fastnn.randn(3, generator=own), fastnn.rand(2)))
    for _ in range(2):
        fastnn.manual_seed(8)
        own.manual_seed(5)
        got = [[t.tolist() for t in draw()] for _ in range(5)]
        fastnn.manual_seed(8)
        other = fastnn.Generator(5)
        want = [
            [fastnn.rand(2).tolist(), fastnn.randn(3, generator=other).tolist(), fastnn.rand(2).tolist()]
            for _ in range(5)
        ]
        assert got == want
    assert draw.recorded


def test_methods_are_compiled_for_each_object() -> None:
    class Agent:
        def __init__(self, value: float) -> None:
            self.weight = Tensor(np.full(2, value, np.float32), requires_grad=True)
            self.sgd = optimizers.SGD(0.5)
            self.steps = 0

        def loss(self, x: Tensor) -> Tensor:
            return F.sum(self.weight * x)

        @fastnn.compile
        def learn(self, x: Tensor) -> Tensor:
            self.sgd.minimize(self.loss(x), [self.weight])
            return self.weight

    agents = [Agent(1.0), Agent(10.0)]
    for index in range(5):
        for agent, start in zip(agents, (1, 10), strict=True):
            agent.steps += 1
            assert agent.learn(np.ones(2, np.float32)).tolist() == [start - 0.5 * (index + 1)] * 2
    assert Agent.learn.recorded
    bound = fastnn.compile(agents[0].loss)
    assert [bound(np.ones(2, np.float32)).item() for _ in range(4)] == [-3.0] * 4
    assert bound.recorded


def test_state_that_can_not_be_found_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    weight = Tensor(np.zeros(2, np.float32))
    monkeypatch.setattr(sys, "hidden", weight, raising=False)

    def step(x: Tensor) -> Tensor:
        hidden: Tensor = sys.hidden  # type: ignore[attr-defined]
        return hidden.add_(x)

    x = np.ones(2, np.float32)
    given = fastnn.compile(step, state=[weight])
    assert [given(x).tolist()[0] for _ in range(5)] == [1, 2, 3, 4, 5]
    assert given.recorded
    lost = fastnn.compile(step)
    with pytest.warns(RuntimeWarning, match=r"test_compiled.py:\d+: .* is neither an argument, nor registered state"):
        lost(x)
    assert [lost(x).tolist()[0] for _ in range(3)] == [7, 8, 9]
    assert not lost.recorded


# ---- what can't be recorded ------------------------------------------------------------------------------------------


def line(function: Callable[..., Any], offset: int) -> str:
    return f"{__file__}:{function.__code__.co_firstlineno + offset}: "


def assert_eager(function: Callable[..., Any], offset: int, reason: str, calls: list[np.ndarray]) -> None:
    """One warning, which names the line at an offset from the function's first; and the function's own results."""
    compiled = fastnn.compile(function)
    with pytest.warns(RuntimeWarning) as caught:  # noqa: PT031 - how many there are is what is tested
        for x in calls:
            want = leaves(function(Tensor(x)))
            for got, value in zip(leaves(compiled(x)), want, strict=True):
                assert_same_bits(got, value, reason)
    (warning,) = caught
    message = str(warning.message)
    assert message.startswith(f"{function.__name__} runs without a program: {line(function, offset)}"), message
    assert reason in message
    assert warning.filename == __file__
    assert not compiled.recorded
    assert compiled.eager_reasons() == [message]


def branch(x: Tensor) -> Tensor:
    y = x * 2
    if F.sum(y) > 0:
        return y + 1
    return y - 1


def number(x: Tensor) -> Tensor:
    return x * float(F.max(x))


def masked(x: Tensor) -> Tensor:
    mask = x > 0
    return F.sum(x[mask])


def through_numpy(x: Tensor) -> Tensor:
    y = F.exp(x)
    y = Tensor(np.sort(y.numpy(), axis=0))
    return y * 2


def stranger(x: Tensor) -> Tensor:
    y = x + 1
    return y * Tensor(np.arange(3, dtype=np.float32))


def printed(x: Tensor) -> Tensor:
    y = x + 1
    f"{y}"
    return y


def shuffled(x: Tensor) -> Tensor:
    fastnn.manual_seed(3)
    return x[fastnn.randperm(x.shape[0])]


@pytest.mark.parametrize(
    ("function", "offset", "reason"),
    [
        (branch, 2, "Python reads the values of a Tensor"),
        (number, 1, "Python reads the values of a Tensor"),
        (masked, 2, "Python reads the values of a Tensor"),
        (through_numpy, 2, "Python reads the values of a Tensor"),
        (stranger, 2, "multiply: b (3,) is neither an argument, nor registered state"),
        (printed, 2, "Python reads the values of a Tensor"),
        (shuffled, 2, "randperm draws its numbers outside of ops"),
    ],
)
def test_what_can_not_be_repeated_runs_eagerly_and_names_its_line(
    function: Callable[..., Any], offset: int, reason: str
) -> None:
    assert_eager(function, offset, reason, [numbers(4, 3, seed=i) for i in range(5)])


def test_python_objects_that_the_function_changes() -> None:
    history: list[Tensor] = []

    class Agent:
        def __init__(self) -> None:
            self.steps = 0

        def step(self, x: Tensor) -> Tensor:
            self.steps += 1
            return x + 1

    def appending(x: Tensor) -> Tensor:
        history.append(x * 2)
        return x

    agent = Agent()
    for function, reason in ((agent.step, r"it changes self\.steps"), (appending, "it changes .*history")):
        compiled = fastnn.compile(function)
        with pytest.warns(RuntimeWarning, match=reason):
            compiled(np.ones(3, np.float32))
        for _ in range(3):
            compiled(np.ones(3, np.float32))
    assert agent.steps == len(history) == 4


@pytest.fixture
def hidden() -> Iterator[decimal.Context]:
    """A setting that Python's module keeps in C, where nothing sees that it is another one."""
    with decimal.localcontext() as context:
        yield context


def test_python_branches_on_hidden_state_are_noticed_by_the_second_recording(hidden: decimal.Context) -> None:
    hidden.prec = 2

    def fickle(x: Tensor) -> Tensor:
        if decimal.getcontext().prec % 2:
            return F.relu(x)
        return x * 2

    compiled = fastnn.compile(fickle)
    x = -np.ones((2, 3), np.float32)
    assert (compiled(x).numpy() == -2).all()
    hidden.prec = 3
    with pytest.warns(RuntimeWarning, match=r"test_compiled.py:\d+: .*two recordings of the step differ at op 0"):
        assert (compiled(x).numpy() == 0).all()
    hidden.prec = 2
    assert (compiled(x).numpy() == -2).all()


def test_gradients_for_somebody_else_stay_eager_and_those_of_a_step_are_gone() -> None:
    weight = Tensor(np.ones(2, np.float32), requires_grad=True)
    sgd = optimizers.SGD(0.5)

    def accumulate(x: Tensor) -> Tensor:
        loss = F.sum(weight * x)
        loss.backward()
        return loss

    compiled = fastnn.compile(accumulate)
    with pytest.warns(RuntimeWarning, match="it leaves a gradient in .*, which no optimizer"):
        compiled(np.ones(2, np.float32))
    compiled(np.ones(2, np.float32))
    assert weight.grad is not None
    assert weight.grad.tolist() == [2, 2]
    weight.grad = None

    def learn(x: Tensor) -> Tensor:
        accumulate(x)
        sgd.apply([weight.grad], [weight])
        return weight

    step = fastnn.compile(learn)
    for _ in range(5):
        step(np.ones(2, np.float32))
        assert weight.grad is None
    assert weight.tolist() == [-1.5, -1.5]
    assert step.recorded


def test_arguments_are_not_written() -> None:
    x = np.ones(3, np.float32)
    with pytest.raises(RuntimeError, match="arguments of a step, which are its caller's memory"):
        fastnn.compile(lambda x: x.add_(1))(x)
    assert (x == 1).all()


def test_what_is_returned_and_compiled_is_checked() -> None:
    with pytest.raises(TypeError, match=r"expected the function to return Tensors and numbers, .* got object"):
        fastnn.compile(lambda x: object())(np.ones(2))
    with pytest.raises(TypeError, match="compile: expected a function, got int"):
        fastnn.compile(3)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="compile: expected verify_every to be an integer"):
        fastnn.compile(lambda x: x, verify_every=1.5)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="compile: expected verify_every of at least 0, got -1"):
        fastnn.compile(lambda x: x, verify_every=-1)


def test_functions_recorded_in_vain_say_so_and_programs_are_bounded() -> None:
    scale = fastnn.compile(lambda x, k: x * k)
    x = np.ones(2, np.float32)
    with pytest.warns(RuntimeWarning, match="is recorded again and again: what it is called with is another one"):
        assert [scale(x, k).tolist()[0] for k in range(4 * MAX_KEYS)] == list(range(4 * MAX_KEYS))
    assert sum(len(world.entries) for world in scale._worlds.values()) <= MAX_KEYS
    factor = [0]

    def scaled(x: Tensor) -> Tensor:
        return x * factor[0]

    def scaled_by(value: int) -> float:
        factor[0] = value
        return float(compiled(x).tolist()[0])

    compiled = fastnn.compile(scaled)
    with pytest.warns(RuntimeWarning, match=r"scaled is recorded again and again: factor\[0\] is another one"):
        assert [scaled_by(value) for value in range(4 * MAX_WORLDS)] == list(range(4 * MAX_WORLDS))
    assert len(compiled._worlds) <= MAX_WORLDS
    assert [scaled_by(3) for _ in range(5)] == [3] * 5  # what comes again becomes a program nevertheless
    assert compiled.recorded


def test_floats_that_python_computes_with_say_so_when_they_never_come_again() -> None:
    def squared(x: Tensor, a: float) -> Tensor:
        return x * a**2

    compiled = fastnn.compile(squared)
    x = np.ones(2, np.float32)
    values = [index / 7 for index in range(3 * MAX_KEYS)]
    with pytest.warns(RuntimeWarning) as caught:  # noqa: PT031 - how many there are is what is tested
        for a in values:
            assert_same_bits(compiled(x, a).numpy(), squared(Tensor(x), a).numpy(), str(a))
    (warning,) = caught
    assert str(warning.message) == (
        f"squared is recorded again and again: Python looks at the value of a float that it is called with "
        f"({line(squared, 1)[:-2]}), so every value needs a program of its own, and calls come with others; pass "
        "numpy.float32(value), an input that ops compute with"
    )
    assert sum(len(world.entries) for world in compiled._worlds.values()) <= MAX_KEYS
    for _ in range(4):
        assert_same_bits(compiled(x, 0.3).numpy(), squared(Tensor(x), 0.3).numpy(), "again")
    assert compiled.info()[-1]["replays"] == 1  # seen, recorded twice, replayed
    for a in values:
        assert_same_bits(compiled(x, np.float32(a)).numpy(), squared(Tensor(x), Tensor(np.float32(a))).numpy(), "input")
    assert max(info["replays"] for info in compiled.info()) == len(values) - 3  # likewise


def test_verify_every_looks_again(hidden: decimal.Context) -> None:
    hidden.prec = 2
    compiled = fastnn.compile(lambda x: x * float(decimal.getcontext().prec), verify_every=3)
    x = np.ones(2, np.float32)
    for _ in range(4):
        assert (compiled(x).numpy() == 2).all()
    hidden.prec = 5
    with pytest.warns(RuntimeWarning, match="constant"):
        assert (compiled(x).numpy() == 5).all()


# ---- nothing half-changed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [0, 1, 2, 3, 6])
def test_an_error_after_the_first_update_leaves_the_last_whole_step(at: int) -> None:
    """In the first run, which makes the moments, in recorded ones and in replays."""

    def make() -> tuple[Case, Callable[..., Any]]:
        fastnn.manual_seed(1)
        model = Sequential([fastnn.Input((4,)), layers.Dense(5), layers.Dropout(0.5), layers.BatchNormalization()])
        first, second = optimizers.Adam(0.1), optimizers.SGD(0.1, momentum=0.5)
        for optimizer in (first, second):
            optimizer.build(model.trainable_weights)
        mean = metrics.Mean()

        def step(x: Tensor, labels: Tensor) -> Tensor:
            first.minimize(F.mean(model(x, training=True) ** 2), model.trainable_weights)
            mean.update_state(model(fastnn.randn(3, 4), training=True))
            loss = F.mean(F.softmax_cross_entropy(model(x, training=True), labels))
            second.minimize(loss, model.trainable_weights)
            return loss

        return {"model": model, "first": first, "second": second, "mean": mean}, fastnn.compile(step)

    good, bad = np.array([0, 4, 2]), np.array([0, 5, 2])
    (case, step), (other, clean) = make(), make()
    fastnn.manual_seed(5)
    for index in range(8):
        x = numbers(3, 4, seed=index)
        if index == at:
            before, drawn = tensors_of(case), fastnn.random.default_generator().get_state()
            versions = [weight._array.version for weight in case["model"].trainable_weights]
            with pytest.raises(IndexError, match="expected labels in"):
                step(x, bad)
            after = tensors_of(case)
            for name, value in before.items():
                assert_same_bits(after[name], value, f"after the error: {name}")
            for weight, version in zip(case["model"].trainable_weights, versions, strict=True):
                assert weight._array.version > version, f"{weight.name} was written, and written back"
            assert fastnn.random.default_generator().get_state()[1] == (drawn[1] if at else 0)
        step(x, good)
    fastnn.manual_seed(5)
    for index in range(8):
        clean(numbers(3, 4, seed=index), good)
    assert_same_case(case, other, "in the end")
    assert step.recorded  # type: ignore[attr-defined]
    assert "undo" in step.text()  # type: ignore[attr-defined]


def test_arrays_with_any_strides() -> None:
    compiled = fastnn.compile(lambda x, y: x * 2 + y)
    wide = numbers(6, 8)
    for _ in range(3):
        compiled(numbers(3, 4), numbers(3, 4))
    backwards, every_other, turned = wide[5:2:-1, 7:3:-1], wide[::2, ::2], numbers(4, 3).T
    repeated = np.broadcast_to(numbers(4), (3, 4))
    apart = np.frombuffer(b"\0" + numbers(3, 4).tobytes(), np.float32, offset=1, count=12).reshape(3, 4)
    swapped = numbers(3, 4).astype(">f4")
    for a in (backwards, every_other, turned, repeated, apart, swapped):
        for b in (backwards, every_other, turned, repeated, apart, swapped):
            want = a.astype(np.float32) * 2 + b.astype(np.float32)
            assert_same_bits(compiled(a, b).numpy(), want, f"{a.strides} and {b.strides}")
    assert compiled.recorded


def test_drop_while_others_call() -> None:
    """Each call gets its own result, whether by a program that has just gone or anew."""
    weight = Tensor(np.full(3, 2.0, np.float32))
    compiled = fastnn.compile(lambda x: x * weight)
    stop, wrong = threading.Event(), []

    def call(seed: int) -> None:
        x = numbers(2, 3, seed=seed)
        while not stop.is_set():
            if not np.array_equal(compiled(x).numpy(), x * 2):
                wrong.append(seed)

    threads = [threading.Thread(target=call, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(200):
        compiled.drop()
        time.sleep(0.001)
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []


class Unequal:
    """An object that refuses to be compared."""

    scale = 2.0

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not to be compared")

    __hash__ = object.__hash__


def test_objects_that_refuse_to_be_compared() -> None:
    held = {"now": Unequal()}
    compiled = fastnn.compile(lambda x: x * held["now"].scale)
    given = fastnn.compile(lambda x, what: x * what.scale)
    x = np.ones(2, np.float32)
    for scale in (2.0, 3.0, 2.0):
        held["now"] = what = Unequal()
        what.scale = scale
        for _ in range(3):
            assert (compiled(x).numpy() == scale).all()
            assert (given(x, what).numpy() == scale).all()
    assert compiled.recorded
    assert given.recorded


def test_ctrl_c_in_the_function_takes_everything_back() -> None:
    weight = Tensor(np.zeros(1, np.float32), requires_grad=True)
    sgd = optimizers.SGD(1.0)
    stop = [False]

    def interrupt() -> None:
        if stop[0]:
            raise KeyboardInterrupt

    def step(x: Tensor) -> Tensor:
        sgd.minimize(F.sum(weight * x), [weight])
        interrupt()
        return weight

    compiled = fastnn.compile(step)
    x = np.ones(1, np.float32)
    compiled(x)
    stop[0] = True
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            compiled(x)
        assert (weight.item(), sgd.iterations) == (-1, 1)
    stop[0] = False
    assert [compiled(x).item() for _ in range(4)] == [-2, -3, -4, -5]


# ---- within others, and in threads -----------------------------------------------------------------------------------


def test_compiled_functions_within_others_are_part_of_them() -> None:
    weight = Tensor(np.ones(2, np.float32))
    inner = fastnn.compile(lambda x: x * weight)

    @fastnn.compile
    def outer(x: Tensor) -> Tensor:
        weight.add_(1)
        return inner(x) + inner(x)

    assert [outer(np.ones(2, np.float32)).tolist()[0] for _ in range(5)] == [4, 6, 8, 10, 12]
    assert outer.recorded
    assert inner.info() == []


def test_gradients_go_through_when_an_argument_requires_them() -> None:
    square = fastnn.compile(lambda x: F.sum(x * x))
    for _ in range(4):
        square(np.ones(3, np.float32))
    x = Tensor(np.arange(3, dtype=np.float32), requires_grad=True)
    square(x).backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 2, 4]
    with fastnn.no_grad():
        assert square(x).item() == 5


def test_threads_may_call_a_function_at_once() -> None:
    counter = Tensor(np.zeros(1, np.float32))

    @fastnn.compile
    def count(x: Tensor) -> Tensor:
        counter.add_(1)
        return F.sum(x) + counter

    @fastnn.compile
    def pure(x: Tensor) -> Tensor:
        return F.softmax(x * 2)

    x = numbers(6, 5)
    want = pure(x).numpy()
    seen: list[float] = []
    wrong: list[str] = []

    def work() -> None:
        for _ in range(50):
            seen.append(count(np.zeros(2, np.float32)).item())
            if pure(x).numpy().tobytes() != want.tobytes():
                wrong.append("other bits")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert sorted(seen) == [float(i) for i in range(1, 201)]
    assert count.recorded
    assert pure.recorded


def test_nothing_keeps_a_compiled_function_alive() -> None:
    def used() -> list[weakref.ref[Any]]:
        model = Sequential([fastnn.Input((3,)), layers.Dense(2)])
        step = fastnn.compile(lambda x: model(x))
        for _ in range(3):
            step(np.ones((2, 3), np.float32))
        return [weakref.ref(step), weakref.ref(model)]

    gone = used()
    gc.collect()
    assert [reference() for reference in gone] == [None, None]


def test_a_number_that_is_another_one_in_each_call_is_told_with_the_line_of_the_function(
    hidden: decimal.Context,
) -> None:
    def step(x: Tensor) -> tuple[Tensor, float]:
        return F.sum(x), float(decimal.getcontext().prec)

    compiled, line = fastnn.compile(step), step.__code__.co_firstlineno
    x = np.ones(3, np.float32)
    hidden.prec = 2
    compiled(x)
    hidden.prec = 3
    with pytest.warns(RuntimeWarning, match=rf"{re.escape(__file__)}:{line}: record: a constant .* has other values"):
        compiled(x)
