"""Gradients without `grad`, functions with a backward of their own, hooks, and the tape's switches."""

from __future__ import annotations

import copy
import pickle
import re
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Function, Tensor
from fastnn import functional as F
from fastnn.program import Step


def leaf(*shape: int, seed: int = 0) -> Tensor:
    return Tensor(np.random.default_rng(seed).uniform(0.5, 1.5, shape), requires_grad=True)


# ---- grad of tensors -------------------------------------------------------------------------------------------------


def test_grad_gives_gradients_and_leaves_grad_alone() -> None:
    x, w = leaf(3), leaf(3, seed=1)
    y = x * w
    z = (y * y).sum()
    dx, dy = fastnn.grad(z, [x, y], retain_graph=True)
    np.testing.assert_allclose(dx.numpy(), 2 * y.numpy() * w.numpy())
    np.testing.assert_allclose(dy.numpy(), 2 * y.numpy())
    assert x.grad is None
    assert w.grad is None
    (dw,) = fastnn.grad(z, w)
    np.testing.assert_allclose(dw.numpy(), 2 * y.numpy() * x.numpy())
    with pytest.raises(RuntimeError, match="freed after the first backward"):
        fastnn.grad(z, w)


def test_grad_of_several_outputs_adds_up() -> None:
    x = leaf(3)
    y = x * 2
    z = y * x
    (dx,) = fastnn.grad([y, z], x, [Tensor(np.ones(3)), Tensor(np.full(3, 10.0))])
    np.testing.assert_allclose(dx.numpy(), 2 + 40 * x.numpy())
    total = (x * 3).sum()
    (dx,) = fastnn.grad((total, total), x)
    np.testing.assert_allclose(dx.numpy(), 6)
    (itself,) = fastnn.grad(total, total)
    assert itself.item() == 1


def test_grad_walks_only_where_the_inputs_are() -> None:
    x, w = leaf(3, 4), leaf(3, seed=1)
    loss = F.softmax_cross_entropy(x, Tensor(np.array([0, 1, 2]))) * w
    (dw,) = fastnn.grad(loss.sum(), w, create_graph=True)  # no second derivative of the loss is needed
    assert dw.requires_grad
    calls: list[str] = []
    a, b = leaf(2), leaf(2, seed=1)
    left, right = a * 2, b * 2
    left.register_hook(lambda gradient: calls.append("left"))
    right.register_hook(lambda gradient: calls.append("right"))
    fastnn.grad((left * right).sum(), b)
    assert calls == ["right"]


def test_grad_says_what_is_wrong() -> None:
    x, unused, constant = leaf(3), leaf(3), Tensor(np.ones(3))
    y = (x * x).sum()
    calls: list[tuple[type[Exception], str, Callable[[], Any]]] = [
        (RuntimeError, "grad: input 1 was not used in computing the outputs", lambda: fastnn.grad(y, [x, unused])),
        (RuntimeError, "grad: input 0 doesn't require a gradient", lambda: fastnn.grad(y, constant)),
        (RuntimeError, "grad: the tensor doesn't require a gradient", lambda: fastnn.grad(constant.sum(), x)),
        (RuntimeError, "grad: expected a tensor with one element", lambda: fastnn.grad(x * 2, x)),
        (ValueError, "grad: expected a gradient of shape (), got (3,)", lambda: fastnn.grad(y, x, constant)),
        (ValueError, "grad: expected a gradient for each of 1 outputs, got 2", lambda: fastnn.grad(y, x, [y, y])),
        (TypeError, "grad: expected inputs to be a Tensor or a sequence", lambda: fastnn.grad(y, np.ones(3))),
        (TypeError, "grad: expected inputs to be Tensors, got int", lambda: fastnn.grad(y, [1])),
    ]
    for error, message, call in calls:
        with pytest.raises(error, match=re.escape(message)):
            call()
        y = (x * x).sum()
    assert fastnn.grad(y, [x, unused], allow_unused=True)[1] is None


def test_backward_into_chosen_tensors() -> None:
    x, w = leaf(3), leaf(3, seed=1)
    y = x * w
    (y * y).sum().backward(inputs=[y, w])
    assert x.grad is None
    np.testing.assert_allclose(y.grad.numpy(), 2 * y.numpy())
    np.testing.assert_allclose(w.grad.numpy(), 2 * y.numpy() * x.numpy())


def test_third_derivatives() -> None:
    x = leaf(4)
    y = (x**4).sum()
    for factor, power in ((4, 3), (12, 2), (24, 1)):
        (gradient,) = fastnn.grad(y, x, create_graph=True)
        np.testing.assert_allclose(gradient.numpy(), factor * x.numpy() ** power)
        y = gradient.sum()


# ---- grad of functions -----------------------------------------------------------------------------------------------


def test_value_and_grad_follows_the_arguments_structure() -> None:
    def loss(parameters: dict[str, Any], x: Tensor, scale: float) -> Tensor:
        return ((parameters["w"] * x + parameters["b"][0]) ** 2).sum() * scale

    parameters = {"w": leaf(3), "b": (leaf(3, seed=1), leaf(2))}
    x = Tensor(np.arange(3.0))
    value, gradient = fastnn.value_and_grad(loss)(parameters, x, scale=2.0)
    inner = parameters["w"].numpy() * x.numpy() + parameters["b"][0].numpy()
    assert value.item() == pytest.approx(2 * (inner**2).sum())
    assert not value.requires_grad
    np.testing.assert_allclose(gradient["w"].numpy(), 4 * inner * x.numpy())
    np.testing.assert_allclose(gradient["b"][0].numpy(), 4 * inner)
    assert gradient["b"][1].tolist() == [0, 0]
    assert parameters["w"].grad is None
    (value, extra), both = fastnn.value_and_grad(lambda a, b: ((a * b).sum(), "extra"), (1, 0), has_aux=True)(x, x)
    assert extra == "extra"
    assert value.item() == 5
    assert [g.tolist() for g in both] == [[0, 1, 2], [0, 1, 2]]


def test_grad_of_functions_nests() -> None:
    def cubes(x: Tensor) -> Tensor:
        return (x**3).sum()

    first = fastnn.grad(cubes)
    second = fastnn.grad(lambda x: first(x).sum())
    third = fastnn.grad(lambda x: second(x).sum())
    x = Tensor([1.0, 2.0])
    assert first(x).tolist() == [3, 12]
    assert second(x).tolist() == [6, 12]
    assert third(x).tolist() == [6, 6]
    gradient, extra = fastnn.grad(lambda x: (cubes(x), 7), has_aux=True)(x)
    assert gradient.tolist() == [3, 12]
    assert extra == 7
    with fastnn.no_grad():
        assert first(x).tolist() == [3, 12]


def test_functions_to_differentiate_are_checked() -> None:
    calls: list[tuple[type[Exception], str, Callable[[], Any]]] = [
        (TypeError, "value_and_grad: expected the function to return a Tensor with one element, got shape (2,)",
         lambda: fastnn.grad(lambda x: x * 2)(fastnn.ones(2))),
        (TypeError, "value_and_grad: expected the function to return a Tensor with one element, got float",
         lambda: fastnn.grad(lambda x: 2.0)(fastnn.ones(2))),
        (TypeError, "value_and_grad: expected arguments of a floating dtype, got int64",
         lambda: fastnn.grad(lambda x: x.sum())(fastnn.arange(2))),
        (ValueError, "value_and_grad: expected argnums of 1 arguments, got 1",
         lambda: fastnn.grad(lambda x: x.sum(), 1)(fastnn.ones(2))),
    ]  # fmt: skip
    for error, message, call in calls:
        with pytest.raises(error, match=re.escape(message)):
            call()


# ---- gradcheck -------------------------------------------------------------------------------------------------------


def test_gradcheck_finds_wrong_gradients() -> None:
    class Wrong(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return x * x

        @staticmethod
        def backward(ctx: Any, dy: Tensor) -> Tensor:
            return dy * 3

    x = Tensor([1.0, 2.0], dtype="float64", requires_grad=True)
    assert fastnn.gradcheck(lambda x: (x * x, x.exp()), x)
    message = (
        "gradcheck: the gradient of output 0 at (0,) with respect to input 0 at (0,) is 3, by finite differences 2"
    )
    with pytest.raises(RuntimeError, match=re.escape(message)):
        fastnn.gradcheck(Wrong.apply, x)
    assert not fastnn.gradcheck(Wrong.apply, x, raise_exception=False)
    assert fastnn.gradcheck(lambda a, n, b: a * b * n, [x, 3, leaf(2)])
    with pytest.raises(TypeError, match="gradcheck: expected input 0 of float64, got float32"):
        fastnn.gradcheck(lambda x: x, fastnn.ones(2, requires_grad=True))
    with pytest.raises(ValueError, match="gradcheck: expected at least one input that requires a gradient"):
        fastnn.gradcheck(lambda x: x, fastnn.ones(2))


# ---- functions with a backward of their own --------------------------------------------------------------------------


class Product(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, factor: float) -> Tensor:
        assert not fastnn.is_grad_enabled()
        ctx.save_for_backward(a, b)
        ctx.factor = factor
        return a * b * factor

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        a, b = ctx.saved_tensors
        da = dy * b * ctx.factor if ctx.needs_input_grad[0] else None
        return da, dy * a * ctx.factor, None


class Exponential(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> Tensor:
        (y,) = ctx.saved_tensors
        return dy * y


def test_functions_are_differentiated_by_their_backward() -> None:
    a, b = leaf(3), leaf(3, seed=1)
    assert fastnn.gradcheck(lambda a, b: Product.apply(a, b, 2.5), [a, b])
    assert fastnn.gradcheck(lambda b: Product.apply(Tensor(np.ones(3)), b, 2.5), b)
    assert fastnn.gradcheck(Exponential.apply, a)
    assert not Product.apply(Tensor(np.ones(3)), Tensor(np.ones(3)), 1.0).requires_grad


def test_gradients_of_their_gradients() -> None:
    def slope(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        return lambda x: fastnn.grad((function(x) ** 2).sum(), x, create_graph=True)[0]

    assert fastnn.gradcheck(slope(lambda x: Product.apply(x, x * x, 2.0)), leaf(3))
    assert fastnn.gradcheck(slope(Exponential.apply), leaf(3))


def test_functions_with_several_outputs() -> None:
    class Parts(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            sign = F.where(x > 1, 1.0, x * 0)
            ctx.mark_non_differentiable(sign)
            ctx.save_for_backward(x)
            return x * 2, sign, x * x

        @staticmethod
        def backward(ctx: Any, first: Tensor, sign: None, second: Tensor) -> Tensor:
            assert sign is None
            (x,) = ctx.saved_tensors
            return first * 2 + second * 2 * x

    x = leaf(3)
    double, sign, square = Parts.apply(x)
    assert not sign.requires_grad
    (dx,) = fastnn.grad(square.sum(), x, retain_graph=True)  # zeros come for the other
    np.testing.assert_allclose(dx.numpy(), 2 * x.numpy())
    (dx,) = fastnn.grad((double * square).sum(), x)
    np.testing.assert_allclose(dx.numpy(), 6 * x.numpy() ** 2)


def test_a_function_that_returns_its_input_gives_memory_of_its_own() -> None:
    class Reverse(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return x

        @staticmethod
        def backward(ctx: Any, dy: Tensor) -> Tensor:
            return -dy

    x = leaf(3)
    y = Reverse.apply(x)
    assert not np.shares_memory(x.numpy(), y.numpy())
    y.sum().backward()
    assert x.grad.tolist() == [-1, -1, -1]


def test_what_functions_save_is_checked_and_freed() -> None:
    a, b = leaf(3), leaf(3, seed=1)
    y = Product.apply(a, b, 1.0).sum()
    with fastnn.no_grad():
        b += 1
    with pytest.raises(RuntimeError, match=r"a tensor of shape .* that Product saved has been modified in place"):
        y.backward()
    y = Product.apply(a, b, 1.0).sum()
    y.backward()
    with pytest.raises(RuntimeError, match=r"the values that .* saved are freed"):
        y.backward()


def test_backwards_that_are_wrong_are_refused() -> None:
    def function(result: Callable[[Tensor], Any]) -> type[Function]:
        class Custom(Function):
            @staticmethod
            def forward(ctx: Any, x: Tensor) -> Tensor:
                return x * 2

            @staticmethod
            def backward(ctx: Any, dy: Tensor) -> Any:
                return result(dy)

        return Custom

    calls: list[tuple[type[Exception], str, Callable[[Tensor], Any]]] = [
        (RuntimeError, "Custom: expected backward to return 1 gradients, one for each input, got 2", lambda g: (g, g)),
        (TypeError, "Custom: expected backward to return Tensors, got float", lambda g: 1.0),
        (ValueError, "Custom: expected the gradient of input 0 (3,) of float64, got () of float64", lambda g: g.sum()),
    ]
    for error, message, result in calls:
        with pytest.raises(error, match=re.escape(message)):
            function(result).apply(leaf(3)).sum().backward()
    x = leaf(3)
    function(lambda g: (g, None)).apply(x).sum().backward()
    assert x.grad.tolist() == [1, 1, 1]

    class Nothing(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> float:
            return 1.0

    with pytest.raises(TypeError, match="Nothing: expected forward to return Tensors, got float"):
        Nothing.apply(x)
    with pytest.raises(NotImplementedError, match="expected a static method forward"):
        Function.apply(x)


def test_once_differentiable_refuses_second_derivatives() -> None:
    class ByNumPy(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            ctx.save_for_backward(x)
            return Tensor(np.sin(x.numpy()))

        @staticmethod
        @fastnn.once_differentiable
        def backward(ctx: Any, dy: Tensor) -> Tensor:
            (x,) = ctx.saved_tensors
            return Tensor(dy.numpy() * np.cos(x.numpy()))

    x = leaf(3)
    assert fastnn.gradcheck(ByNumPy.apply, x)
    (first,) = fastnn.grad(ByNumPy.apply(x).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="second derivative of a function whose backward is once_differentiable"):
        first.sum().backward()


def test_functions_are_recorded_in_steps() -> None:
    weight = Tensor([1.0, 2.0, 3.0], requires_grad=True)

    def step(x: Tensor) -> tuple[Tensor, ...]:
        y = Product.apply(x, F.fill(x, 1.0) * weight, 2.0)
        (gradient,) = fastnn.grad((y * y).sum(), weight)
        return y, x + gradient

    compiled = Step(step, states=lambda: {"weight": weight})
    for batch in (2, 3, 2, 4):
        x = np.random.default_rng(batch).standard_normal((batch, 3)).astype(np.float32)
        for got, want in zip(compiled(x), step(Tensor(x)), strict=True):
            np.testing.assert_array_equal(got.numpy(), want.numpy())
    assert compiled.info()
    assert not compiled.eager_reasons()


# ---- hooks and kept gradients ----------------------------------------------------------------------------------------


def test_hooks_see_and_change_gradients() -> None:
    x = leaf(3)
    seen: list[list[float]] = []
    y = x * 2
    first = y.register_hook(lambda gradient: seen.append(gradient.tolist()))
    second = y.register_hook(lambda gradient: gradient * 10)
    (y * 3 + y).sum().backward()
    assert seen == [[4, 4, 4]]
    assert x.grad.tolist() == [80, 80, 80]
    first.remove()
    first.remove()
    second.remove()
    x.zero_grad()
    with x.register_hook(lambda gradient: gradient + 1):
        (x * 2 + x).sum().backward()
        assert x.grad.tolist() == [4, 4, 4]
    (x * 2).sum().backward()
    assert x.grad.tolist() == [6, 6, 6]
    with pytest.raises(RuntimeError, match="register_hook: expected a tensor that requires a gradient"):
        Tensor([1.0]).register_hook(print)
    x.register_hook(lambda gradient: gradient.sum())
    with pytest.raises(
        TypeError, match=r"register_hook: expected the hook to return None or a Tensor of float64 \(3,\)"
    ):
        x.sum().backward()


def test_retain_grad_keeps_the_gradient_of_what_was_computed() -> None:
    x = leaf(3)
    y = x * 2
    y.retain_grad()
    y.retain_grad()
    y.register_hook(lambda gradient: gradient * 5)
    assert y.retains_grad
    (y * 3).sum().backward()
    assert y.grad is not None
    assert y.grad.tolist() == [15, 15, 15]
    y = x * 2
    y.retain_grad()
    y.mul_(3)
    (y * 2).sum().backward()
    assert y.grad.tolist() == [2, 2, 2]
    x.retain_grad()
    assert not x.retains_grad
    with pytest.raises(RuntimeError, match="retain_grad: expected a tensor that requires a gradient"):
        Tensor([1.0]).retain_grad()


# ---- switches --------------------------------------------------------------------------------------------------------


def test_switches_of_the_tape() -> None:
    x = leaf(2)
    with fastnn.no_grad(), fastnn.enable_grad():
        assert (x * 2).requires_grad
    with fastnn.inference_mode():
        assert not (x * 2).requires_grad
        with fastnn.inference_mode(False):
            assert (x * 2).requires_grad
    with fastnn.set_grad_enabled(False):
        assert not fastnn.is_grad_enabled()
    assert fastnn.is_grad_enabled()
    fastnn.set_grad_enabled(False)
    assert not fastnn.is_grad_enabled()
    fastnn.set_grad_enabled(True)

    @fastnn.set_grad_enabled(False)
    def plain(x: Tensor) -> Tensor:
        return x * 2

    assert fastnn.is_grad_enabled()
    assert not plain(x).requires_grad


def test_threads_have_their_own_switch_and_share_leaves() -> None:
    x = Tensor(np.ones(1000), requires_grad=True)
    with fastnn.no_grad():
        modes: list[bool] = []
        thread = threading.Thread(target=lambda: modes.append(fastnn.is_grad_enabled()))
        thread.start()
        thread.join()
    assert modes == [True]

    def work() -> None:
        for _ in range(25):
            (x * 2).sum().backward()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (x.grad.numpy() == 200).all()


# ---- conveniences ----------------------------------------------------------------------------------------------------


def test_conveniences_of_tensors() -> None:
    x = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True, name="x")
    assert x.tolist() == [[1, 2], [3, 4]]
    assert Tensor(2.5).tolist() == 2.5
    copied = x.clone()
    copied.sum().backward()
    assert x.grad.tolist() == [[1, 1], [1, 1]]
    assert not np.shares_memory(copied.numpy(), x.numpy())
    assert x.view(4).shape == x.view((2, 2, 1)).reshape(-1).shape == (4,)
    assert f"{Tensor(2.0):.3f}" == "2.000"
    assert f"{Tensor([1.0, 2.0])}" == "Tensor([1., 2.], dtype=float32)"
    assert int(Tensor(3.7)) == 3
    assert [10, 20, 30][Tensor(np.array(1))] == 20
    assert 3 in x
    assert 5 not in x
    with pytest.raises(TypeError, match="index: expected a tensor with one integer, got float32"):
        range(Tensor(3.0))  # type: ignore[arg-type]
    y = Tensor([1.0])
    assert y.requires_grad_() is y
    assert y.requires_grad
    with pytest.raises(RuntimeError, match="requires_grad_: the tensor was computed from others"):
        (y * 2).requires_grad_(False)
    with pytest.raises(TypeError, match="requires_grad_: expected a floating dtype, got int64"):
        fastnn.arange(3).requires_grad_()


def test_leaves_are_copied_and_pickled() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True, name="x")
    (x * 3).sum().backward()
    same = copy.deepcopy([x, x])
    assert same[0] is same[1]
    assert (same[0].tolist(), same[0].requires_grad, same[0].name) == ([1, 2], True, "x")
    assert same[0].grad is not x.grad
    assert same[0].grad.tolist() == [3, 3]
    again = pickle.loads(pickle.dumps(x))
    assert (again.tolist(), again.dtype, again.requires_grad, again.name) == ([1, 2], np.float32, True, "x")
    for who, function in (("deepcopy", copy.deepcopy), ("pickle", pickle.dumps)):
        with pytest.raises(RuntimeError, match=f"{who}: the tensor was computed from others on the tape"):
            function(x * 2)


def test_memory_is_shared_by_dlpack_and_numpy() -> None:
    x = Tensor([1.0, 2.0])
    assert np.shares_memory(np.from_dlpack(x), x.numpy())
    with pytest.raises(RuntimeError, match="__dlpack__: the tensor requires a gradient"):
        np.from_dlpack(Tensor([1.0], requires_grad=True))
    array = np.arange(3.0)
    for shared in (fastnn.from_numpy(array), fastnn.from_dlpack(array)):
        assert np.shares_memory(shared.numpy(), array)
    fastnn.from_numpy(array)[0] = 5
    assert array[0] == 5
    with pytest.raises(TypeError, match="from_numpy: expected an ndarray, got list"):
        fastnn.from_numpy([1.0])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="from_dlpack: expected an array with __dlpack__, got list"):
        fastnn.from_dlpack([1.0])


def test_gradients_of_arctan2_at_its_ends() -> None:
    """Of points too far away or too near for their square, and at the origin, where there is none."""
    for size in (1e-30, 1.0, 1e30):
        y = Tensor(np.array([3 * size, 0.0, -4 * size], np.float32), requires_grad=True)
        x = Tensor(np.array([4 * size, 0.0, -3 * size], np.float32), requires_grad=True)
        F.arctan2(y, x).sum().backward()
        np.testing.assert_allclose(y.grad.numpy() * size, [4 / 25, 0, -3 / 25], rtol=1e-6)
        np.testing.assert_allclose(x.grad.numpy() * size, [-3 / 25, 0, 4 / 25], rtol=1e-6)
