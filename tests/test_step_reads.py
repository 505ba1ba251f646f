"""fit, evaluate, predict and calls freeze nothing silently either: what the user's code reads may change between them.

The functions and changes are those of test_compiled_reads.py, here called by a layer of the user's own.
"""

from __future__ import annotations

import functools
import inspect
import re
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import test_compiled_reads as compiled_reads
from test_compiled_reads import EAGER, READS, X
from tolerances import assert_same_bits

import fastnn
from fastnn import Tensor, _core, callbacks, layers, losses, metrics, optimizers
from fastnn import functional as F

SCALE = 1.0
COUNT = 0
SEEN: list[Any] = []
COIN = np.random.default_rng(0)
TENSORS = ("a_tensor", "another_tensor")  # that are neither weights nor state of a layer
HOOKS = ("a_hook_of_a_leaf", "a_hook_that_comes_and_goes")  # which act where there is a tape
globals_as_they_were = compiled_reads.globals_as_they_were


class Uses(layers.Layer):
    """A layer that is a function."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def call(self, inputs: Tensor) -> Tensor:
        return self.function(inputs)


class Scaled(layers.Layer):
    def call(self, inputs: Tensor) -> Tensor:
        return inputs * SCALE


class Counting(layers.Layer):
    def call(self, inputs: Tensor) -> Tensor:
        global COUNT
        COUNT += 1
        return inputs * 2.0


class Listing(layers.Layer):
    def call(self, inputs: Tensor) -> Tensor:
        SEEN.append(inputs.shape)
        return inputs * 2.0


class Drawing(layers.Layer):
    def call(self, inputs: Tensor) -> Tensor:
        return inputs * float(COIN.random())


def set_scale(value: float) -> None:
    globals()["SCALE"] = value


def model_of(*own: layers.Layer) -> fastnn.Sequential:
    """The layers behind one that changes nothing, with a weight that doesn't change."""
    same = layers.Dense(2, use_bias=False, kernel_initializer="identity")
    model = fastnn.Sequential([fastnn.Input((2,)), same, *own])
    model.compile(fastnn.optimizers.SGD(0.0), "mse")
    return model


@pytest.mark.parametrize("name", [name for name in READS if name not in TENSORS + HOOKS])
def test_what_changes_between_calls_is_seen(name: str) -> None:
    function, change = READS[name]()
    model = model_of(Uses(function))
    for value in (2.0, 3.0, 4.0):
        want = function(Tensor(X)).numpy()
        for call in range(3):
            assert_same_bits(model.predict(X, verbose=0), want, f"predict before {value}, call {call}")
            with fastnn.no_grad():
                assert_same_bits(model(X).numpy(), want, f"call before {value}, call {call}")
            loss = model.evaluate(X, np.zeros_like(want), verbose=0)
            assert loss == pytest.approx(float(np.mean(want**2)), rel=1e-6), f"evaluate before {value}, call {call}"
        change(value)


@pytest.mark.parametrize("name", [*EAGER, *TENSORS])
def test_what_can_not_be_watched_runs_eagerly(name: str) -> None:
    function, change = EAGER[name][0]() if name in EAGER else READS[name]()
    model = model_of(Uses(function))
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        for value in (2.0, 3.0):
            for _ in range(3):
                model.predict(X, verbose=0)
            change(value)
        assert not model.recorded
        assert len(model.eager_reasons()) == 1


def test_fit_sees_what_changes_between_epochs() -> None:
    model = model_of(Scaled())
    changes = iter([2.0, 3.0, 1.0])
    listener = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: set_scale(next(changes)))
    x, y = np.ones((20, 2), np.float32), np.zeros((20, 2), np.float32)
    history = model.fit(x, y, batch_size=4, epochs=3, verbose=0, callbacks=[listener])
    assert history.history["loss"] == [1.0, 4.0, 9.0]
    assert model.recorded


@pytest.mark.parametrize("layer", [Counting, Drawing])
def test_the_warning_names_the_line_of_the_layer_and_comes_from_that_of_the_call(layer: type[layers.Layer]) -> None:
    model = model_of(Scaled(), layer())
    line = f"{__file__}:{layer.call.__code__.co_firstlineno}: it "
    with pytest.warns(RuntimeWarning, match=re.escape(line)) as caught:
        model.predict(X, verbose=0)
    assert {warning.filename for warning in caught} == {__file__}
    assert model.eager_reasons()[0].startswith(f"predict runs without a program: {line}")


@pytest.mark.parametrize(("layer", "name"), [(Counting, "COUNT"), (Listing, "SEEN")])
def test_what_a_layer_changes_is_no_part_of_a_program(layer: type[layers.Layer], name: str) -> None:
    model = model_of(layer())
    with pytest.warns(RuntimeWarning, match=rf"it changes .*{name}.*, which a replay would not repeat"):
        model.predict(X, verbose=0)
    for _ in range(5):
        before = len(SEEN) + COUNT
        model.predict(X, verbose=0)
        assert len(SEEN) + COUNT > before
    assert not model.recorded


class Penalized(layers.Layer):
    def call(self, inputs: Tensor) -> Tensor:
        self.add_loss(fastnn.constant(np.float32(sys.getswitchinterval())))
        return inputs


def test_a_constant_that_changes_in_fit_is_told_with_a_line() -> None:
    """That of the user's code whose op reads it, or else where that code begins."""
    interval = sys.getswitchinterval()

    def train(model: fastnn.Sequential) -> None:
        for call in range(3):
            sys.setswitchinterval(interval * (call + 1))
            model.train_on_batch(X, X)

    for layer in (layers.Lambda(lambda x: x * float(sys.getswitchinterval())), Penalized()):
        model = model_of(layer)
        function = layer.function if isinstance(layer, layers.Lambda) else Penalized.call
        try:
            with pytest.warns(RuntimeWarning, match="a constant") as caught:
                train(model)
        finally:
            sys.setswitchinterval(interval)
        (warning,) = caught
        assert f"{__file__}:{function.__code__.co_firstlineno}: record: a constant ()" in str(warning.message)


def test_hooks_of_weights_are_followed_and_may_come_and_go() -> None:
    scale = Scale()
    models = [holding({}), holding({}, eager=True)]
    for change in range(5):
        for model in models:
            (weight, *_) = model.trainable_weights
            if change == 1:
                model.hook = weight.register_hook(lambda gradient: gradient * scale.value)
            if change == 4:
                model.hook.remove()
        scale.value = 1.0 + change
        assert numbers_of(models[0]) == numbers_of(models[1]), f"change {change}"
    assert models[0].recorded


class Unknown(layers.Layer):
    def call(self, inputs: Tensor) -> Tensor:
        self.add_loss(Tensor(np.float32(1)))
        return inputs


def test_what_only_the_library_reads_is_told_with_the_line_where_the_users_code_begins() -> None:
    model = model_of(Unknown())
    line = f"{__file__}:{Unknown.call.__code__.co_firstlineno}: "
    with pytest.warns(RuntimeWarning, match=re.escape(line) + r".* is neither an argument") as caught:
        model.fit(X, X, epochs=3, verbose=0)
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("where", "before", "error"),
    [([(X, "shape")], [], ValueError), ([1], [1], TypeError), ([()], [1], TypeError), ([(X,)], [1], TypeError)],
)
def test_places_that_are_none_are_refused(where: list[Any], before: list[Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^differ: expected "):
        _core.differ(where, before, None)


class Scale:
    """An object whose methods take part in steps."""

    value = 1.0

    def scaled(self, x: Tensor) -> Tensor:
        return x * self.value

    def sum(self, x: Tensor) -> Tensor:
        return F.sum(x) * self.value

    def error(self, y: Tensor, prediction: Tensor) -> Tensor:
        return F.mean((prediction * self.value - y) ** 2, axis=-1)


def scaled_by(scale: Scale, x: Tensor) -> Tensor:
    return x * scale.value


def error_by(scale: Scale, y: Tensor, prediction: Tensor) -> Tensor:
    return scale.error(y, prediction)


def dense(**options: Any) -> layers.Dense:
    return layers.Dense(2, kernel_initializer="ones", **options)


HOLDERS: dict[str, Callable[[Scale], dict[str, Any]]] = {
    "a method in a Lambda": lambda scale: {"layer": layers.Lambda(scale.scaled)},
    "a partial function in a Lambda": lambda scale: {"layer": layers.Lambda(functools.partial(scaled_by, scale))},
    "a partial method in a Lambda": lambda scale: {"layer": layers.Lambda(functools.partial(scale.scaled))},
    "a method in an Activation": lambda scale: {"layer": layers.Activation(scale.scaled)},
    "an activation": lambda scale: {"layer": dense(activation=scale.scaled)},
    "a regularizer": lambda scale: {"layer": dense(kernel_regularizer=scale.sum)},
    "a regularizer of activations": lambda scale: {"layer": dense(activity_regularizer=scale.sum)},
    "a constraint": lambda scale: {"layer": dense(kernel_constraint=scale.scaled)},
    "a method as loss": lambda scale: {"loss": scale.error},
    "a partial function as loss": lambda scale: {"loss": functools.partial(error_by, scale)},
    "a method among losses": lambda scale: {"layer": dense(name="output"), "loss": {"output": scale.error}},
    "a method as metric": lambda scale: {"metrics": [scale.error]},
}


def holding(parts: dict[str, Any], eager: bool = False) -> fastnn.Sequential:
    """A model of layers with weights of 1, one of them behind the others with what is given."""
    fastnn.manual_seed(0)
    model = fastnn.Sequential([fastnn.Input((2,)), dense(name="first"), parts.pop("layer", layers.Identity())])
    model.compile(**{"optimizer": optimizers.SGD(0.001), "loss": "mse", **parts}, run_eagerly=eager)
    return model


def numbers_of(model: fastnn.Sequential, calls: int = 3) -> list[Any]:
    """What fit, evaluate and predict give, and calls."""
    x, y = X, np.zeros((3, 2), np.float32)
    found: list[Any] = []
    for _ in range(calls):
        found += np.atleast_1d(model.train_on_batch(x, y)).tolist()
        found += model.fit(x, y, batch_size=1, shuffle=False, verbose=0).history["loss"]
        found += np.atleast_1d(model.evaluate(x, y, verbose=0)).tolist()
        with fastnn.no_grad():
            found += [*model.predict(x, verbose=0).ravel().tolist(), *model(x).numpy().ravel().tolist()]
    return found


def check_against_eager(make: Callable[[Scale], dict[str, Any]], recorded: bool = True) -> fastnn.Sequential:
    """Steps give what they give eagerly while a value that something in the model reads is another one."""
    scales = Scale(), Scale()
    model, eager = holding(make(scales[0])), holding(make(scales[1]), eager=True)
    for value in (1.0, 0.5, 1.5):
        for scale in scales:
            scale.value = value
        assert numbers_of(model) == numbers_of(eager), f"with {value}"
    assert model.recorded == recorded
    return model


@pytest.mark.parametrize("name", HOLDERS)
def test_methods_and_partial_functions_are_followed(name: str) -> None:
    check_against_eager(HOLDERS[name])


def test_methods_below_a_wrapper_are_followed() -> None:
    scale = Scale()
    model = fastnn.Sequential(
        [fastnn.Input((2,)), layers.Reshape((2, 1)), layers.TimeDistributed(layers.Lambda(scale.scaled))]
    )
    for value in (1.0, 2.0, 3.0):
        scale.value = value
        for _ in range(3):
            assert_same_bits(model.predict(X, verbose=0), X[:, :, None] * np.float32(value), f"with {value}")
    assert model.recorded


class Counted(metrics.Mean):
    """A metric that reads a global."""

    def update_state(self, y: Tensor, prediction: Tensor, sample_weight: Any = None) -> None:  # type: ignore[override]
        super().update_state(prediction * SCALE)


class Held(metrics.Metric):
    """A metric that reads what it holds, in methods that only the library calls."""

    def __init__(self, scale: Scale) -> None:
        super().__init__(name="held")
        self.scale, self.sum = scale, self.add_variable((), name="sum")

    def update_state(self, y: Tensor, prediction: Tensor, sample_weight: Any = None) -> None:
        self.sum.assign_add(self.summed(prediction))

    def summed(self, prediction: Tensor) -> Tensor:
        return self.scale.sum(prediction)

    def result(self) -> Any:
        return self.sum * self.scale.value


class Reduced(losses.Loss):
    """A loss that reads what it holds while it puts values together."""

    def __init__(self, scale: Scale) -> None:
        super().__init__()
        self.scale = scale

    def call(self, y: Tensor, prediction: Tensor) -> Tensor:
        return F.mean((prediction - y) ** 2, axis=-1)

    def reduce(self, values: Tensor, prediction: Any = None, sample_weight: Any = None) -> Tensor:
        return self.scale.sum(values)


@pytest.mark.parametrize("make", [lambda scale: {"metrics": [Held(scale)]}, lambda scale: {"loss": Reduced(scale)}])
def test_methods_that_only_the_library_calls_are_followed(make: Callable[[Scale], dict[str, Any]]) -> None:
    check_against_eager(make)


def test_metrics_read_globals() -> None:
    model = holding({"metrics": [Counted("counted")]})
    found = []
    for value in (1.0, 2.0, 3.0):
        set_scale(value)
        found += [model.evaluate(X, X, verbose=0)[1] for _ in range(3)]
    set_scale(1.0)
    assert found == [7.0] * 3 + [14.0] * 3 + [21.0] * 3
    assert model.recorded


class Numbered(metrics.Mean):
    number = 0

    def update_state(self, y: Tensor, prediction: Tensor, sample_weight: Any = None) -> None:  # type: ignore[override]
        self.number += 1
        super().update_state(prediction * self.number)


ITERATOR = iter(range(100))


class Next(metrics.Mean):
    def update_state(self, y: Tensor, prediction: Tensor, sample_weight: Any = None) -> None:  # type: ignore[override]
        super().update_state(prediction * next(ITERATOR))


class Begun(losses.Loss):
    def call(self, y: Tensor, prediction: Tensor) -> Tensor:
        self.number = getattr(self, "number", 0) + 1
        return F.mean((prediction - y) ** 2, axis=-1) * self.number


class Stepped(optimizers.SGD):
    number = 0

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        self.number += 1
        super().apply([gradient * self.number for gradient in grads], trainable_variables)


@pytest.mark.parametrize(
    ("parts", "method", "reason"),
    [
        (lambda: {"metrics": [Numbered()]}, Numbered.update_state, "it changes compiled0.1.number, which"),
        (lambda: {"metrics": [Next()]}, Next.update_state, "it reads ITERATOR, an iterator, which"),
        (lambda: {"loss": Begun()}, Begun.call, "it changes sequential"),
        (lambda: {"optimizer": Stepped(0.1)}, Stepped.apply, "it changes "),
    ],
)
def test_one_warning_names_the_line_of_what_the_library_calls(
    parts: Callable[[], dict[str, Any]], method: Callable[..., Any], reason: str
) -> None:
    model = holding(parts())
    place = f"{__file__}:{inspect.unwrap(method).__code__.co_firstlineno}: {reason}"
    with pytest.warns(RuntimeWarning, match=re.escape(place)) as caught:
        model.fit(X, X, epochs=4, verbose=0)
    assert len(caught) == 1
    assert len(model.eager_reasons()) == 1


class Slowed(optimizers.Adam):
    """An optimizer with a number of its own."""

    def __init__(self, scale: Scale) -> None:
        super().__init__(0.01)
        self.scale, self.share = scale, 1.0

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        super().apply([self.scale.scaled(gradient) * self.share for gradient in grads], trainable_variables)


@pytest.mark.parametrize("several", [False, True])
def test_optimizers_of_ones_own_are_followed(several: bool) -> None:
    def make(scale: Scale) -> dict[str, Any]:
        own = Slowed(scale)
        return {"optimizer": optimizers.MultiOptimizer(lambda variable: own) if several else own}

    check_against_eager(make)


def test_attributes_of_an_optimizer_of_ones_own_are_watched() -> None:
    pair = Slowed(Scale()), Slowed(Scale())
    model, eager = holding({"optimizer": pair[0]}), holding({"optimizer": pair[1]}, eager=True)
    for share in (1.0, 0.5, 2.0):
        for one in pair:
            one.share = share
        assert numbers_of(model) == numbers_of(eager)
    assert model.recorded
