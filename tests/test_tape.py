"""Tensor behaves as PyTorch's: accumulation into grad, no_grad, detach, versions, freed buffers, higher derivatives."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Tensor, _core, no_grad
from fastnn import functional as F
from fastnn.functional._base import _results
from fastnn.tensor import Output, is_grad_enabled


def leaf(*shape: int, seed: int = 0, dtype: str = "float32") -> Tensor:
    return Tensor(np.random.default_rng(seed).standard_normal(shape).astype(dtype), requires_grad=True)


def values(tensor: Any) -> np.ndarray:
    return np.array(tensor.numpy())


# ---- making tensors --------------------------------------------------------------------------------------------------


def test_dtypes_of_new_tensors() -> None:
    assert Tensor([1.5, 2]).dtype == np.float32
    assert Tensor(1.5).dtype == np.float32
    assert Tensor(np.ones(2)).dtype == np.float64
    assert Tensor(np.ones(2, np.float32)).dtype == np.float32
    assert Tensor(np.arange(3)).dtype == np.int64
    assert Tensor(np.arange(3, dtype=np.uint8)).dtype == np.uint8
    assert Tensor(np.ones(2), dtype="float32").dtype == np.float32
    assert fastnn.Tensor([1, 2, 3]).dtype in (np.int64, np.int32)
    with pytest.raises((TypeError, RuntimeError), match="float"):
        Tensor(np.arange(3), requires_grad=True)


def test_a_tensor_owns_its_values() -> None:
    x = np.ones(3, np.float32)
    tensor = Tensor(x)
    x[:] = 7
    assert (tensor.numpy() == 1).all()


def test_numpy_is_a_read_only_view() -> None:
    tensor = leaf(3, 4)
    view = tensor.numpy()
    assert not view.flags.writeable
    assert np.shares_memory(view, tensor.numpy())
    with pytest.raises(ValueError, match="read-only"):
        view[0, 0] = 1
    tensor.assign(np.zeros((3, 4), np.float32))
    assert (view == 0).all()


def test_shape_attributes() -> None:
    tensor = Tensor(np.zeros((3, 1, 4), np.float32), name="x")
    assert (tensor.shape, tensor.ndim, tensor.size, tensor.device) == ((3, 1, 4), 3, 12, "cpu")
    assert tensor.name == "x"
    assert not tensor.requires_grad
    assert tensor.grad is None
    assert len(tensor) == 3


def test_item_and_assign() -> None:
    assert Tensor([[2.5]]).item() == 2.5
    assert Tensor(np.array(3)).item() == 3
    with pytest.raises(ValueError, match="item"):
        Tensor([1.0, 2.0]).item()
    tensor = leaf(2, 3)
    with pytest.raises(ValueError, match=r"expected .*\(2, 3\), got \(3, 2\)"):
        tensor.assign(np.zeros((3, 2), np.float32))
    tensor.assign(np.arange(6).reshape(2, 3))
    assert tensor.dtype == np.float32
    assert tensor.numpy()[1, 2] == 5


def test_numbers_keep_float32_and_float64() -> None:
    for dtype in ("float32", "float64"):
        x = leaf(3, dtype=dtype)
        for y in (x + 1, 1 + x, x * 2.5, 2.5 * x, x - 1e-3, 1 - x, x / 3, 3 / x, -x, x * np.float64(2)):
            assert y.dtype == dtype
        for result in (x + x.numpy(), x.numpy() + x):
            assert isinstance(result, Tensor)
            np.testing.assert_array_equal(result.numpy(), 2 * x.numpy())


def test_mixed_dtypes_are_refused() -> None:
    single, double = leaf(3), leaf(3, dtype="float64")
    for run in (lambda: single + double, lambda: single * double.numpy(), lambda: double.numpy() - single):
        with pytest.raises(TypeError, match=r"expected .* got "):
            run()


# ---- backward --------------------------------------------------------------------------------------------------------


def test_gradients_accumulate_over_two_backwards() -> None:
    x = leaf(4)
    (x * x).sum().backward()
    first = values(x.grad)
    kept = x.grad.numpy()
    (x * 3).sum().backward()
    np.testing.assert_allclose(values(x.grad), first + 3, rtol=1e-6)
    assert kept.shape == first.shape
    x.zero_grad()
    assert x.grad is None or (x.grad.numpy() == 0).all()
    (x * 3).sum().backward()
    np.testing.assert_array_equal(values(x.grad), np.full(4, 3, np.float32))


def test_a_tensor_used_many_times_collects_all_gradients() -> None:
    x = leaf(5)
    y = x * 2
    (y + y * y + y[1:].sum() - (y + x) / 2).sum().backward()
    want = 2 * (1 + 2 * values(y)) + 5 * 2 * np.r_[0, np.ones(4)] - (2 + 1) / 2
    np.testing.assert_allclose(values(x.grad), want, rtol=1e-5)


def test_backward_needs_a_gradient_for_more_than_one_element() -> None:
    x = leaf(3)
    with pytest.raises(RuntimeError, match="one element"):
        (x * 2).backward()
    (x * 2).backward(Tensor([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(values(x.grad), [2, 4, 6])
    with pytest.raises(ValueError, match=r"\(3,?\).*\(2,?\)"):
        (x * 2).backward(Tensor([1.0, 1.0]))
    with pytest.raises(TypeError, match=r"float32.*float64"):
        (x * 2).backward(Tensor(np.ones(3)))
    with pytest.raises(RuntimeError, match="grad"):
        Tensor([1.0]).backward()


def test_only_leaves_keep_gradients_and_constants_get_none() -> None:
    x, constant = leaf(3), Tensor([1.0, 2.0, 3.0])
    y = x * constant
    y.sum().backward()
    assert x.grad is not None
    assert constant.grad is None
    assert y.requires_grad
    assert not constant.requires_grad


def test_detach_shares_values_and_stops_gradients() -> None:
    x = leaf(3)
    y = x * 2
    stopped = y.detach()
    assert not stopped.requires_grad
    assert np.shares_memory(stopped.numpy(), y.numpy())
    (y * stopped).sum().backward()
    np.testing.assert_allclose(values(x.grad), 2 * values(y), rtol=1e-6)


def test_no_grad_is_a_context_and_a_decorator() -> None:
    x = leaf(3)
    with no_grad():
        assert not is_grad_enabled()
        assert not (x * 2).requires_grad
        with no_grad():
            pass
        assert not (x * 2).requires_grad
    assert is_grad_enabled()
    assert (x * 2).requires_grad

    @no_grad()
    def double(t: Tensor) -> Tensor:
        return t * 2

    assert not double(x).requires_grad
    with pytest.raises(ZeroDivisionError), no_grad():
        raise ZeroDivisionError
    assert is_grad_enabled()


def test_no_grad_holds_for_its_thread_only() -> None:
    seen: list[bool] = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append((leaf(2) * 2).requires_grad))
        thread.start()
        thread.join()
        assert not (leaf(2) * 2).requires_grad
    assert seen == [True]


def test_broadcasting_gradients_have_the_shape_of_their_tensor() -> None:
    for a_shape, b_shape in (((3, 4), (4,)), ((3, 4), (3, 1)), ((), (2, 3)), ((2, 1, 4), (3, 1)), ((1,), (5,))):
        for op in (F.add, F.subtract, F.multiply, F.divide):
            a, b = leaf(*a_shape, seed=1), leaf(*b_shape, seed=2)
            op(a, b).sum().backward()
            assert a.grad.shape == a_shape
            assert b.grad.shape == b_shape


# ---- versions and freed buffers --------------------------------------------------------------------------------------


def test_backward_refuses_what_was_changed_after_it_was_saved() -> None:
    x, w = leaf(3, 4), leaf(4, 2)
    cases: list[tuple[str, Callable[[], Tensor], Tensor]] = [
        ("multiply", lambda: x * x, x),
        ("linear", lambda: F.linear(x, w), w),
        ("gemm", lambda: F.matmul(x, w), x),
        ("divide", lambda: x / (x * x + 1), x),
    ]
    for op, run, changed in cases:
        y = run().sum()
        changed.assign(values(changed) + 1)
        with pytest.raises(RuntimeError, match=op):
            y.backward()


def test_a_saved_result_that_was_changed_is_refused() -> None:
    x = leaf(3)
    y = F.relu(x)
    y.detach().assign(np.zeros(3, np.float32))
    with pytest.raises(RuntimeError, match="relu"):
        y.sum().backward()


def test_changing_what_no_gradient_needs_is_fine() -> None:
    x, y = leaf(3), leaf(3, seed=1)
    z = (x + y).sum()
    x.assign(values(x) + 1)
    z.backward()
    assert (x.grad.numpy() == 1).all()


def test_a_second_backward_over_freed_buffers_is_an_error() -> None:
    x = leaf(3)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match=r"second time|retain_graph|freed"):
        y.backward()
    x.zero_grad()
    y = (x * x).sum()
    y.backward(retain_graph=True)
    first = values(x.grad)
    y.backward()
    np.testing.assert_allclose(values(x.grad), 2 * first, rtol=1e-6)
    shared = x * x
    shared.sum().backward()
    with pytest.raises(RuntimeError, match=r"second time|retain_graph|freed"):
        (shared * 2).sum().backward()


def test_an_error_in_backward_leaves_gradients_as_they_were() -> None:
    x, w = leaf(3, 3), leaf(3, 3)
    y = F.matmul(F.relu(F.matmul(x, w)), w).sum()
    x.assign(values(x) * 2)
    with pytest.raises(RuntimeError, match="gemm"):
        y.backward()
    assert x.grad is None


# ---- size ------------------------------------------------------------------------------------------------------------


def test_a_chain_of_100000_ops_does_not_overflow_the_stack() -> None:
    x = leaf(1)
    y = x
    for _ in range(100_000):
        y = y + 1
    y.backward(retain_graph=True)
    assert x.grad.item() == 1
    del y  # frees a graph that backward has left whole


def test_gradients_of_slices_cost_as_much_as_the_slices() -> None:
    """T steps over a (T, n) tensor take O(T n) bytes, not O(T * T n)."""

    def taken(steps: int) -> int:
        x = leaf(steps, 256)
        before = _core.allocated_bytes()
        total = x[0].sum()
        for step in range(1, steps):
            total = total + (x[step] * 2).sum()
        total.backward()
        np.testing.assert_array_equal(values(x.grad)[1:], np.full((steps - 1, 256), 2, np.float32))
        return _core.allocated_bytes() - before

    few, many = taken(50), taken(400)
    assert many < 8 * few * 1.25


# ---- higher derivatives ----------------------------------------------------------------------------------------------


def first_gradients(
    function: Callable[..., Tensor], tensors: list[Tensor], weights: np.ndarray, **keep: bool
) -> list[Tensor]:
    for tensor in tensors:
        tensor.zero_grad()
        tensor.grad = None
    function(*tensors).backward(Tensor(weights), **keep)
    return [tensor.grad for tensor in tensors]


TWICE: dict[str, tuple[Callable[..., Tensor], list[tuple[int, ...]]]] = {
    "add": (lambda a, b: F.add(a * a, b * a), [(3, 2), (2,)]),
    "subtract": (lambda a, b: F.subtract(a * b, b * b), [(3, 2), (3, 1)]),
    "multiply": (F.multiply, [(3, 2), (2,)]),
    "divide": (lambda a, b: F.divide(a, b * b + 1), [(3, 2), (3, 1)]),
    "negative": (lambda a: F.negative(a) * a, [(3,)]),
    "sum": (lambda a: F.sum(a * a, axis=0) * F.sum(a), [(3, 2)]),
    "mean": (lambda a: F.mean(a * a, axis=1, keepdims=True) * a, [(3, 2)]),
    "reshape": (lambda a: F.reshape(a * a, (2, 3)) * F.reshape(a, (2, 3)), [(3, 2)]),
    "slice": (lambda a: a[1:] * a[:-1] * a[::-2][:1], [(4, 2)]),
    "gemm": (lambda a, b: F.matmul(F.matmul(a, b), b, transpose_b=True), [(3, 2), (2, 4)]),
    "gemm transposed": (lambda a, b: F.matmul(a, F.matmul(a, b), transpose_a=True), [(3, 2), (2, 4)]),
    "linear": (lambda x, w, b: F.linear(F.linear(x, w, b), w, b), [(3, 2), (2, 2), (2,)]),
    "linear with relu": (lambda x, w, b: F.linear(x * x, w, b, activation="relu"), [(3, 2), (2, 4), (4,)]),
    "relu": (lambda a: F.relu(a * a * a), [(5,)]),
    "conv2d": (lambda x, w, b: F.conv2d(x, w, b, padding="same"), [(1, 4, 3, 2), (3, 3, 2, 2), (2,)]),
    "conv2d strided": (lambda x, w: F.conv2d(x * x, w, strides=2), [(1, 5, 5, 1), (2, 2, 1, 3)]),
    "conv1d": (lambda x, w: F.conv1d(x * x, w, padding="causal"), [(2, 4, 2), (2, 2, 2)]),
    "conv3d": (lambda x, w: F.conv3d(x, w, strides=2, padding="same"), [(1, 2, 3, 2, 2), (2, 1, 2, 2, 2)]),
    "conv2d_transpose": (lambda x, w, b: F.conv2d_transpose(x, w, b, strides=2), [(1, 2, 2, 2), (3, 2, 2, 2), (2,)]),
    "depthwise_conv2d": (lambda x, w: F.depthwise_conv2d(x * x, w), [(1, 3, 3, 2), (2, 2, 2, 2)]),
    "avg_pool3d": (lambda x: F.avg_pool3d(x * x * x, 2, 1), [(1, 2, 3, 3, 1)]),
}


@pytest.mark.parametrize("name", TWICE)
def test_second_derivatives_equal_differences_of_first_ones(name: str) -> None:
    function, shapes = TWICE[name]
    rng = np.random.default_rng(5)
    start = [rng.standard_normal(shape) for shape in shapes]
    with no_grad():
        weights = rng.standard_normal(function(*(Tensor(value) for value in start)).shape)
    probes = [rng.standard_normal(shape) for shape in shapes]

    def projected(arrays: list[np.ndarray]) -> float:
        tensors = [Tensor(value, requires_grad=True) for value in arrays]
        gradients = first_gradients(function, tensors, weights)
        return sum(float((g.numpy() * p).sum()) for g, p in zip(gradients, probes, strict=True))

    tensors = [Tensor(value, requires_grad=True) for value in start]
    first = first_gradients(function, tensors, weights, create_graph=True)
    assert any(gradient.requires_grad for gradient in first)
    total = sum(((g * Tensor(p)).sum() for g, p in zip(first, probes, strict=True)), Tensor(np.zeros(())))
    for tensor in tensors:
        tensor.grad = None
    total.backward()
    for index, (tensor, value) in enumerate(zip(tensors, start, strict=True)):
        got = np.zeros(value.shape) if tensor.grad is None else values(tensor.grad)
        for at in np.ndindex(value.shape):
            step = np.zeros(value.shape)
            step[at] = 1e-6
            above = projected([v + step if i == index else v for i, v in enumerate(start)])
            below = projected([v - step if i == index else v for i, v in enumerate(start)])
            want = (above - below) / 2e-6
            assert abs(got[at] - want) <= 1e-5 + 1e-3 * abs(want), f"{name} input {index} {at}: {got[at]}, {want}"


def test_fused_ops_say_that_they_have_no_second_derivative() -> None:
    logits = leaf(3, 4)
    loss = F.softmax_cross_entropy(logits, Tensor(np.array([0, 1, 2]))).sum()

    def twice() -> None:
        loss.backward(create_graph=True)
        logits.grad.sum().backward()

    with pytest.raises(RuntimeError, match="second derivative of softmax_cross_entropy is not available"):
        twice()


def test_without_create_graph_gradients_are_plain() -> None:
    x = leaf(3)
    (x * x).sum().backward()
    assert not x.grad.requires_grad


# ---- indexing and methods --------------------------------------------------------------------------------------------


def test_indexing_is_numpys() -> None:
    x = leaf(4, 5, 3)
    array = x.numpy()
    for key in (
        0,
        -1,
        slice(1, 3),
        (slice(None), 2),
        (..., 0),
        (0, ..., 1),
        (None, 1),
        (slice(None, None, -2), None),
        ...,
    ):
        got = x[key]
        assert got.shape == array[key].shape
        np.testing.assert_array_equal(got.numpy(), array[key])
    row = x[1]
    assert np.shares_memory(row.numpy(), array)
    (x[1, :, 2] * 3).sum().backward()
    want = np.zeros((4, 5, 3), np.float32)
    want[1, :, 2] = 3
    np.testing.assert_array_equal(values(x.grad), want)
    for key in (4, -5, (0, 5), (0, 0, 0, 0), "a", 1.5):
        with pytest.raises((IndexError, TypeError)):
            x[key]


def test_iterating_ends() -> None:
    assert [row.shape for row in leaf(3, 2)] == [(2,)] * 3


def test_methods_equal_functions() -> None:
    x = leaf(2, 3, 4)
    array = x.numpy()
    np.testing.assert_allclose(x.sum(axis=1).numpy(), array.sum(axis=1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        x.mean(axis=(0, 2), keepdims=True).numpy(), array.mean(axis=(0, 2), keepdims=True), rtol=1e-4
    )
    assert x.reshape(6, 4).shape == x.reshape((6, -1)).shape == (6, 4)
    np.testing.assert_array_equal((-x).numpy(), -array)
    assert np.asarray(x).shape == (2, 3, 4)


def test_softmax_remembers_its_logits() -> None:
    x = leaf(2, 3)
    assert F.softmax(x).logits is x
    assert F.relu(x).logits is None


def test_a_training_loop_by_hand_learns() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((64, 5)).astype(np.float32)
    labels = (x[:, 0] > 0).astype(np.int64)
    w, b = leaf(5, 2), Tensor(np.zeros(2, np.float32), requires_grad=True)
    losses = []
    for _ in range(60):
        loss = F.mean(F.softmax_cross_entropy(F.linear(Tensor(x), w, b), Tensor(labels)))
        w.zero_grad()
        b.zero_grad()
        loss.backward()
        with no_grad():
            w.assign((w - w.grad * 1.0).numpy())
            b.assign((b - b.grad * 1.0).numpy())
        losses.append(loss.item())
    assert losses[-1] < 0.15 < losses[0]


def test_threads_may_build_their_own_graphs() -> None:
    results: list[np.ndarray] = []

    def work() -> None:
        x = leaf(16, 16)
        for _ in range(20):
            x.zero_grad()
            F.matmul(x, x).sum().backward()
        results.append(values(x.grad))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    for result in results:
        np.testing.assert_array_equal(result, results[0])


def test_numpy_functions_refuse_tensors_rather_than_leave_the_tape() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(TypeError, match="__array_ufunc__"):
        np.exp(x)
    y = np.float32(2) * x  # an operator, so the tensor's own
    assert isinstance(y, Tensor)
    assert y.requires_grad
    np.testing.assert_array_equal(np.asarray(x), [1, 2])


def test_the_gradient_given_to_backward_is_a_tensor_and_stays_the_callers() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(TypeError, match="backward: expected the gradient to be a Tensor, got ndarray"):
        (x + 1.0).backward(np.ones(2, np.float32))  # type: ignore[arg-type]
    for create_graph in (False, True):
        x.grad = None
        given = Tensor([3.0, 4.0])
        (x + 1.0).backward(given, create_graph=create_graph)
        assert x.grad is not None
        given.assign([0.0, 0.0])
        np.testing.assert_array_equal(x.grad.numpy(), [3, 4])


# ---- functions of one number: gradients of gradients -----------------------------------------------------------------

OF_ONE_NUMBER = (
    ("exp", {}), ("log", {}), ("sqrt", {}), ("abs", {}), ("clip", {"minimum": -1.0, "maximum": 1.5}), ("relu", {}),
    ("sigmoid", {}), ("tanh", {}), ("leaky_relu", {}), ("elu", {"alpha": 0.7}), ("selu", {}), ("gelu", {}),
    ("gelu", {"approximate": True}), ("silu", {}), ("softplus", {}), ("softsign", {}), ("hard_sigmoid", {}),
    ("softmax", {}), ("log_softmax", {}),
)  # fmt: skip


@pytest.mark.parametrize(("name", "options"), OF_ONE_NUMBER, ids=str)
def test_the_gradient_of_a_gradient_equals_finite_differences(
    name: str, options: dict[str, float], rng: np.random.Generator
) -> None:
    x = rng.uniform(0.2, 3.0, (2, 6))
    if name not in ("log", "sqrt"):
        x *= np.where(rng.random(x.shape) < 0.5, -1, 1)
    weights, direction = rng.standard_normal((2, *x.shape))

    def slope(at: np.ndarray) -> Tensor:
        t = Tensor(at, requires_grad=True)
        getattr(F, name)(t, **options).backward(Tensor(weights))
        return t.grad.numpy()

    t = Tensor(x, requires_grad=True)
    getattr(F, name)(t, **options).backward(Tensor(weights), create_graph=True)
    first = t.grad
    np.testing.assert_allclose(first.numpy(), slope(x), rtol=1e-9, atol=1e-12)
    t.grad = None
    if not first.requires_grad:  # a step function
        return
    (first * Tensor(direction)).sum().backward()
    second = t.grad.numpy() if t.grad is not None else np.zeros_like(x)
    step = 1e-6
    for index in np.ndindex(x.shape):
        moved = np.zeros_like(x)
        moved[index] = step
        want = ((slope(x + moved) - slope(x - moved)) * direction).sum() / (2 * step)
        assert second[index] == pytest.approx(want, rel=1e-4, abs=1e-6), index


def test_operators_and_methods_of_numbers() -> None:
    values = np.array([0.5, 2.0, 3.0])
    x = Tensor(values, requires_grad=True)
    np.testing.assert_allclose((x**3).numpy(), values**3)
    np.testing.assert_allclose((2.0**x).numpy(), 2**values)
    for got, want in ((x < 2.0, values < 2), (x <= 2.0, values <= 2), (x > 2.0, values > 2), (x >= 2.0, values >= 2)):
        assert got.dtype == bool
        assert (got.numpy() == want).all()
    for name in ("exp", "log", "sqrt", "abs", "tanh"):
        np.testing.assert_allclose(getattr(x, name)().numpy(), getattr(np, name)(values))
    np.testing.assert_allclose(x.clip(1.0, 2.5).numpy(), values.clip(1.0, 2.5))
    np.testing.assert_allclose(x.sigmoid().numpy(), 1 / (1 + np.exp(-values)))
    (x**3 + 2.0**x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 3 * values**2 + 2**values * np.log(2))
    assert x in [x]
    assert {x: 1}[x] == 1


def test_ties_of_maximum_and_minimum_belong_to_the_first() -> None:
    for function in (F.maximum, F.minimum):
        a, b = (Tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
        function(a, b).sum().backward()
        assert a.grad.numpy().tolist() == [1, 1]
        assert b.grad.numpy().tolist() == [0, 0]


def test_an_operand_is_saved_only_for_the_gradient_of_the_other() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = (x * 3.0).sum()
    x.assign([5.0, 5.0])  # no gradient looks at x
    y.backward()
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), [3, 3])
    weight = Tensor(np.ones((2, 2), np.float32), requires_grad=True)
    product = F.matmul(Tensor(np.ones((1, 2), np.float32)), weight).sum()
    weight.assign(np.zeros((2, 2), np.float32))
    product.backward()
    square = (x * x).sum()
    x.assign([7.0, 7.0])
    with pytest.raises(RuntimeError, match="multiply saved has been modified in place"):
        square.backward()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: F.linear(np.ones((2, 2)), x), "linear: expected a Tensor, got ndarray"),
        (
            lambda x: F.softmax_cross_entropy(x, np.zeros(2, int)),
            "softmax_cross_entropy: expected a Tensor, got ndarray",
        ),
        (lambda x: x[1.5:], "index: expected slices of integers, got 1.5"),
        (lambda x: F.max_pool2d(x, 1.5), "max_pool2d: expected pool_size of integers, got 1.5"),
    ],
)
def test_operands_of_a_wrong_type_are_named(call: Callable[[Tensor], Tensor], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call(Tensor(np.ones((2, 2), np.float32)))


def halves(x: Tensor, log: list[list[bool]] | None = None) -> tuple[Tensor, Tensor]:
    """Two results of one node: 2x and x * x."""

    def rule(node: Any, dys: Any, into: Any) -> tuple[Tensor | None]:
        (saved,) = node.saved
        if log is not None:
            log.append([dy is not None for dy in dys])
        first = None if dys[0] is None else F.multiply(dys[0], 2.0)
        second = None if dys[1] is None else F.multiply(F.multiply(dys[1], saved), 2.0)
        if first is None or second is None:
            return (second if first is None else first,)
        return (F.add(first, second),)

    with no_grad():
        arrays = F.multiply(x, 2.0)._array, F.multiply(x, x)._array
    first, second = _results("halves", arrays, rule, (x,), (x,))
    return first, second


def test_a_node_with_several_results_runs_its_rule_once_with_the_gradients_of_all() -> None:
    log: list[list[bool]] = []
    x = leaf(3)
    first, second = halves(F.multiply(x, 3.0), log)
    assert first.requires_grad
    assert not first.is_leaf
    F.sum(F.add(F.multiply(first, second), second)).backward()
    v = values(x).astype(np.float64) * 3
    assert log == [[True, True]]
    np.testing.assert_allclose(values(x.grad), 3 * (6 * v * v + 2 * v), rtol=2e-6, atol=1e-6)


def test_results_of_a_node_that_nobody_used_have_no_gradient() -> None:
    for used in (0, 1):
        log: list[list[bool]] = []
        x = leaf(3)
        F.sum(halves(x, log)[used]).backward()
        assert log == [[used == 0, used == 1]]
        np.testing.assert_allclose(values(x.grad), (np.full(3, 2.0), 2 * values(x))[used], rtol=1e-6)


def test_backward_from_one_of_several_results_frees_and_retains() -> None:
    x = leaf(3)
    _, second = halves(x)
    g = Tensor(np.ones(3, np.float32))
    second.backward(g, retain_graph=True)
    second.backward(g)
    np.testing.assert_allclose(values(x.grad), 4 * values(x), rtol=1e-6)
    with pytest.raises(RuntimeError, match="the values that halves saved are freed"):
        second.backward(g)


def test_gradients_of_gradients_pass_nodes_with_several_results() -> None:
    x = leaf(3)
    first, second = halves(x)
    F.sum(F.multiply(first, second)).backward(create_graph=True)
    gradient = x.grad
    assert gradient is not None
    x.zero_grad()
    F.sum(gradient).backward()
    np.testing.assert_allclose(values(x.grad), 12 * values(x), rtol=1e-5)


def test_no_cycle_keeps_a_node_with_several_results_alive() -> None:
    gc.disable()
    try:
        _, second = halves(leaf(3))
        assert isinstance(second._node, Output)
        saved = weakref.ref(second._node.node.saved[0])
        assert saved() is not None
        del second, _
        assert saved() is None
    finally:
        gc.enable()
