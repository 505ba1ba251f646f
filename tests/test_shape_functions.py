"""Views, joining, splitting, repeating, padding and resizing are NumPy's, with gradients, and hold in step programs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from gradients import check_gradients
from hypothesis import given
from hypothesis import strategies as st
from tolerances import assert_same_bits

from fastnn import Tensor
from fastnn import functional as F
from fastnn.program import Step

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
shapes = st.lists(st.integers(0, 4), max_size=4).map(tuple)


def numbers(*shape: int) -> np.ndarray:
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def same(got: Tensor, want: np.ndarray) -> None:
    assert got.shape == want.shape
    np.testing.assert_array_equal(got.numpy(), want)


def nearest(x: np.ndarray, size: Sequence[int]) -> np.ndarray:
    rows, columns = (
        np.minimum(((np.arange(new) + 0.5) * old / new).astype(int), old - 1)
        for old, new in zip(x.shape[1:3], size, strict=True)
    )
    return x[:, rows][:, :, columns]


# ---- NumPy's results -------------------------------------------------------------------------------------------------


@given(shapes, st.data())
def test_views_are_numpys(shape: tuple[int, ...], data: st.DataObject) -> None:
    x = numbers(*shape)
    t = Tensor(x)
    order = data.draw(st.permutations(range(len(shape))))
    same(F.transpose(t, order), x.transpose(order))
    same(F.transpose(t, [axis - len(shape) for axis in order]), x.transpose(order))
    same(t.T, x.T)
    if shape:
        axes = st.integers(-len(shape), len(shape) - 1)
        a, b = data.draw(axes), data.draw(axes)
        same(F.swapaxes(t, a, b), x.swapaxes(a, b))
        same(F.moveaxis(t, a, b), np.moveaxis(x, a, b))
        same(F.moveaxis(t, order, list(range(len(shape)))), np.moveaxis(x, order, range(len(shape))))
        same(F.flip(t, a), np.flip(x, a))
    same(F.flip(t), np.flip(x))
    places = data.draw(st.sets(st.integers(0, len(shape) + 1), min_size=2, max_size=2))
    same(F.expand_dims(t, tuple(places)), np.expand_dims(x, tuple(places)))
    same(F.squeeze(F.expand_dims(t, tuple(places)), tuple(places)), x)
    same(F.squeeze(t), np.squeeze(x))
    wide = np.broadcast_shapes(shape, tuple(data.draw(st.sampled_from((1, n))) for n in shape))
    target = (data.draw(st.integers(0, 3)), *(data.draw(st.integers(0, 3)) if n == 1 else n for n in wide))
    same(F.broadcast_to(t, target), np.broadcast_to(x, target))


@given(shapes.filter(len), st.data())
def test_joining_and_splitting_are_numpys(shape: tuple[int, ...], data: st.DataObject) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    sizes = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))
    parts = [numbers(*(n if i == axis % len(shape) else m for i, m in enumerate(shape))) for n in sizes]
    joined = np.concatenate(parts, axis)
    same(F.concatenate([Tensor(part) for part in parts], axis), joined)
    cuts = np.cumsum(sizes)[:-1].tolist()
    for got, want in zip(F.split(Tensor(joined), cuts, axis), np.split(joined, cuts, axis), strict=True):
        same(got, want)
    x = numbers(*shape)
    place = data.draw(st.integers(-len(shape) - 1, len(shape)))
    same(F.stack([Tensor(x), Tensor(x + 1)], place), np.stack([x, x + 1], place))
    for got, want in zip(F.split(Tensor(F.concatenate([Tensor(x)] * 3, axis).numpy()), 3, axis), [x] * 3, strict=True):
        same(got, want)


@given(shapes, st.data())
def test_repeating_and_padding_are_numpys(shape: tuple[int, ...], data: st.DataObject) -> None:
    x = numbers(*shape)
    t = Tensor(x)
    counts = data.draw(st.lists(st.integers(0, 3), max_size=5))
    if len(counts) + len(shape) <= 8:
        same(F.tile(t, counts), np.tile(x, counts))
    same(F.repeat(t, 2), np.repeat(x, 2))
    widths = [(data.draw(st.integers(0, 5)), data.draw(st.integers(0, 5))) for _ in shape]
    if shape:
        axis = data.draw(st.integers(-len(shape), len(shape) - 1))
        same(F.repeat(t, 3, axis), np.repeat(x, 3, axis))
        each = [data.draw(st.integers(0, 2)) for _ in range(shape[axis])]
        same(F.repeat(t, each, axis), np.repeat(x, each, axis))
        same(F.pad(t, widths, constant_values=2.5), np.pad(x, widths, constant_values=2.5))
        same(F.pad(t, 1), np.pad(x, 1))
        same(F.pad(t, (1, 2)), np.pad(x, (1, 2)))
        for mode in ("edge", "reflect", "symmetric"):
            if 0 not in shape:
                same(F.pad(t, widths, mode), np.pad(x, widths, mode))


def test_any_dtype_is_moved() -> None:
    for dtype in ("float64", "int32", "int64", "uint8", "bool"):
        x = (X % 3).astype(dtype)
        t = Tensor(x)
        for got, want in (
            (F.transpose(t), x.T),
            (F.stack([t, t], 1), np.stack([x, x], 1)),
            (F.tile(t, 2), np.tile(x, 2)),
            (F.pad(t, 1, "reflect"), np.pad(x, 1, "reflect")),
            (F.pad(t, 1, constant_values=1), np.pad(x, 1, constant_values=1)),
            (F.resize(t, (4, 5), "nearest"), nearest(x[None], (4, 5))[0]),
        ):
            assert got.dtype == dtype
            same(got, want)


def test_methods_are_the_functions() -> None:
    t = Tensor(X)
    same(t.transpose(), X.T)
    same(t.transpose(2, 0, 1), X.transpose(2, 0, 1))
    same(t.permute((2, 0, 1)), X.transpose(2, 0, 1))
    same(t.swapaxes(0, 2), X.swapaxes(0, 2))
    same(t.flatten(), X.reshape(-1))
    same(t.flatten(1), X.reshape(2, -1))
    same(t.flatten(0, 1), X.reshape(6, 4))
    same(Tensor(2.0).flatten(), np.array([2], np.float32))
    same(t.expand_dims(1), X[:, None])
    same(t.unsqueeze(-1).squeeze(-1), X)
    same(t[:, :1].expand(-1, 5, -1), np.broadcast_to(X[:, :1], (2, 5, 4)))
    same(t.broadcast_to(3, 2, 3, 4), np.broadcast_to(X, (3, 2, 3, 4)))


def test_views_share_memory() -> None:
    t = Tensor(X)
    views = [t.T, t.swapaxes(0, 1), F.moveaxis(t, 0, 2), F.flip(t), t.expand_dims((0, 2)), t.broadcast_to(5, 2, 3, 4)]
    for view in [*views, *F.split(t, 2, 2), t.T.squeeze(), t.T[1, None]]:
        assert np.shares_memory(view.numpy(), t.numpy())


@pytest.mark.parametrize("size", [(3, 5), (6, 10), (2, 2), (7, 4), (1, 1)])
def test_nearest_pixels(size: tuple[int, int]) -> None:
    x = numbers(2, 3, 5, 4)
    same(F.resize(Tensor(x), size, "nearest"), nearest(x, size))
    same(F.resize(Tensor(x[0]), size, "nearest"), nearest(x, size)[0])
    assert F.resize(Tensor(x[0]), size).shape == (*size, 4)


# ---- gradients -------------------------------------------------------------------------------------------------------

DIFFERENTIABLE: dict[str, tuple[Callable[..., Tensor], list[tuple[int, ...]]]] = {
    "transpose": (lambda a: F.transpose(a * a, (1, 0)) * F.transpose(a), [(3, 2)]),
    "transposed gradients meet": (lambda a: F.transpose(F.exp(a)) + F.transpose(a * a) + a.T, [(3, 2)]),
    "expand_dims, squeeze": (lambda a: F.squeeze(F.expand_dims(a * a, (0, 2)) * 2.0, 0) * a[:, None], [(3, 2)]),
    "flip": (lambda a: F.flip(a * a, 0) * a, [(3, 2)]),
    "broadcast_to": (lambda a: F.broadcast_to(a * a, (4, 3, 2)) * F.broadcast_to(a, (4, 3, 2)), [(3, 1)]),
    "concatenate": (lambda a, b: F.concatenate([a * b, a, b * b], 1) * 2.0, [(2, 3), (2, 3)]),
    "concatenate with itself": (lambda a: F.concatenate([a, a * a, a]) * F.concatenate([a, a, a]), [(2, 3)]),
    "stack": (lambda a, b: F.stack([a * b, a * a], -1) * 2.0, [(2, 3), (2, 3)]),
    "split": (lambda a: F.split(a * a, 3, 1)[0] * F.split(a, 3, 1)[2], [(2, 6)]),
    "tile": (lambda a: F.tile(a * a, (2, 3)) * 2.0, [(2, 3)]),
    "repeat": (lambda a: F.repeat(a * a, 2, 1) * F.repeat(a, [2, 0, 4], 1), [(2, 3)]),
    "pad": (lambda a: F.pad(a * a, ((1, 0), (2, 1)), constant_values=3.0) * F.pad(a, ((0, 1), (0, 3))), [(2, 3)]),
    "pad by mirrors": (lambda a: F.pad(a * a, 2, "reflect") * F.pad(a, 2, "symmetric"), [(3, 3)]),
    "pad by edges": (lambda a: F.pad(a * a, 1, "edge") * 2.0, [(2, 3)]),
    "resize": (lambda a: F.resize(a * a, (5, 3)) * F.resize(a, (5, 3)), [(1, 3, 4, 2)]),
    "resize to the nearest": (lambda a: F.resize(a * a, (5, 2), "nearest") * 2.0, [(1, 3, 4, 2)]),
    "resize of one image": (lambda a: F.resize(a * a, (2, 2)) * 2.0, [(3, 4, 2)]),
}


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradients_and_second_derivatives(name: str) -> None:
    function, wanted = DIFFERENTIABLE[name]
    rng = np.random.default_rng(7)
    check_gradients(function, *(rng.standard_normal(shape) for shape in wanted))


# ---- in programs -----------------------------------------------------------------------------------------------------

PROGRAMS: dict[str, Callable[[Tensor], Tensor]] = {
    "transpose": lambda x: F.transpose(x, (0, 2, 1)),
    "time first": lambda x: F.relu(F.transpose(x, (1, 0, 2))).transpose(1, 0, 2),
    "gradient of time first": lambda x: gradient(lambda x: F.relu(F.transpose(x, (1, 0, 2)))[::2], x),
    "one step": lambda x: F.relu(x[:, -1]),
    "steps one by one": lambda x: F.stack([F.relu(x[:, t]) for t in range(x.shape[1])], 1),
    "gradient of steps": lambda x: gradient(lambda x: x[:, 0] * x[:, 2] * x[:, 0], x),
    "expand": lambda x: F.expand_dims(x, 1).expand(-1, 3, -1, -1) * 2.0,
    "concatenate": lambda x: F.concatenate([x, F.flip(x, 1), x[:, :1]], 1),
    "gradient of concatenate": lambda x: gradient(lambda x: F.concatenate([x, x * x], 2), x),
    "split": lambda x: F.split(x, 5, 1)[3] + F.split(x, [1, 4], 1)[0],
    "tile": lambda x: F.tile(x, (1, 2, 3)),
    "repeat": lambda x: F.repeat(x, 2, 1),
    "gradient of repeat": lambda x: gradient(lambda x: F.repeat(x * x, 2, 2), x),
    "pad": lambda x: F.pad(x, ((0, 0), (1, 2), (0, 1))),
    "reflect": lambda x: F.pad(x, ((0, 0), (1, 2), (0, 1)), "reflect"),
    "gradient of pad": lambda x: gradient(lambda x: F.pad(x * x, ((0, 0), (1, 2), (0, 1)), "symmetric"), x),
    "resize": lambda x: F.resize(x.expand_dims(-1), (3, 4)),
    "nearest": lambda x: F.resize(x.expand_dims(-1), (7, 4), "nearest"),
    "gradient of resize": lambda x: gradient(lambda x: F.resize(x.expand_dims(-1) * 2.0, (3, 4)), x),
    "reshape by sizes": lambda x: F.reshape(x, (x.shape[0], 5, 3, 1)).reshape(x.shape[0], -1),
    "flatten": lambda x: x.flatten(1),
}


def gradient(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    leaf = x.detach()
    leaf.requires_grad = True
    y = function(leaf)
    y.sum().backward()
    assert leaf.grad is not None
    return leaf.grad


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_serve_any_batch_size(name: str) -> None:
    function = PROGRAMS[name]
    step = Step(lambda x: (function(x),), states=dict, name="shapes")
    for batch in (4, 4, 6, 6, 3, 1, 1, 1, 4, 2):
        x = np.random.default_rng(batch).standard_normal((batch, 5, 3)).astype(np.float32)
        (got,) = step(x)
        assert_same_bits(got.numpy(), np.ascontiguousarray(function(Tensor(x)).numpy()), f"{name} batch {batch}")
    assert not step.eager_reasons()
    assert {entry["batch"] for entry in step.info()} == {1, 2, 3, 4, 6}


# ---- errors ----------------------------------------------------------------------------------------------------------

WRONG: list[tuple[Callable[[Tensor], Any], type[Exception], str]] = [
    (lambda x: F.transpose(x, (0, 0, 1)), ValueError, "transpose: expected different axes, got (0, 0, 1)"),
    (lambda x: F.transpose(x, (0, 1)), ValueError, "transpose: expected 3 axes for shape (2, 3, 4), got (0, 1)"),
    (lambda x: F.swapaxes(x, 0, 3), ValueError, "swapaxes: expected an axis in [-3, 3), got 3"),
    (
        lambda x: F.moveaxis(x, (0, 1), 2),
        ValueError,
        "moveaxis: expected as many destinations as sources, got (0, 1) and 2",
    ),
    (lambda x: F.squeeze(x, 1), ValueError, "squeeze: expected axes of size 1, got axis 1 of shape (2, 3, 4)"),
    (lambda x: F.expand_dims(x, 4), ValueError, "expand_dims: expected an axis in [-4, 4), got 4"),
    (lambda x: F.expand_dims(x, 1.5), TypeError, "expand_dims: expected axes of integers, got 1.5"),
    (lambda x: F.flatten(x, 2, 1), ValueError, "flatten: expected start_axis before end_axis, got 2 and 1"),
    (
        lambda x: F.broadcast_to(x, (2, 5, 4)),
        ValueError,
        "broadcast_to: expected a shape that (2, 3, 4) broadcasts to, got (-1, 5, -1)",
    ),
    (lambda x: F.concatenate([]), ValueError, "concatenate: expected at least one array, got none"),
    (
        lambda x: F.concatenate([x, x[0]]),
        ValueError,
        "concatenate: expected arrays of one shape but for axis 0, got (2, 3, 4) and (3, 4)",
    ),
    (
        lambda x: F.concatenate([x, Tensor(np.zeros((2, 3, 4)))]),
        TypeError,
        "concatenate: expected arrays of float32 as the first is, got float64",
    ),
    (lambda x: F.concatenate([x], 3), ValueError, "concatenate: expected an axis in [-3, 3), got 3"),
    (lambda x: F.concatenate([x, None]), TypeError, "concatenate: expected a Tensor, got None"),
    (lambda x: F.concatenate([x[0, 0, 0]]), ValueError, "concatenate: expected arrays of at least one axis, got ()"),
    (lambda x: F.stack([x, x], axis=5), ValueError, "stack: expected an axis in [-4, 4), got 5"),
    (lambda x: F.einsum("ij,jk->ik", x, None), TypeError, "einsum: expected operands to be Tensors, got NoneType"),
    (lambda x: F.stack([x, x[:1]]), ValueError, "stack: expected arrays of one shape, got (2, 3, 4) and (1, 3, 4)"),
    (lambda x: F.split(x, 2, 1), ValueError, "split: expected a number of parts that divides 3, got 2"),
    (lambda x: F.repeat(x, -1, 0), ValueError, "repeat: expected repeats of at least 0, got -1"),
    (lambda x: F.repeat(x, [1], 0), ValueError, "repeat: expected 2 repeats of at least 0, got [1]"),
    (lambda x: F.tile(x, (1, -2)), ValueError, "tile: expected repeats of at least 0, got [1, -2]"),
    (lambda x: F.pad(x, -1), ValueError, "pad: expected pad_width of at least 0, got -1"),
    (
        lambda x: F.pad(x, ((1, 1),) * 2),
        ValueError,
        "pad: expected pad_width with two numbers for each of 3 axes, got ((1, 1), (1, 1))",
    ),
    (
        lambda x: F.pad(x, 1, "wrap"),
        ValueError,
        "pad: expected mode 'constant', 'edge', 'reflect' or 'symmetric', got 'wrap'",
    ),
    (
        lambda x: F.pad(x[:, :0], 1, "edge"),
        ValueError,
        "pad: expected at least one element along axis 1 for mode 'edge', got (4, 0, 4)",
    ),
    (
        lambda x: F.pad(Tensor(np.zeros(2, np.int32)), 1, constant_values=0.5),
        ValueError,
        "pad: expected value a whole number that int32 holds, got 0.5",
    ),
    (lambda x: F.resize(x, (0, 2)), ValueError, "resize: expected a size of at least 1, got (0, 2)"),
    (
        lambda x: F.resize(x[0], (2, 2)),
        ValueError,
        "resize: expected images ([batch,] height, width, channels), got (3, 4)",
    ),
    (
        lambda x: F.resize(x, (2, 2), "cubic"),
        ValueError,
        "resize: expected interpolation 'nearest' or 'bilinear', got 'cubic'",
    ),
    (lambda x: F.resize(x[:0], (2, 2)), ValueError, "resize: expected images of at least one pixel, got (0, 3, 4)"),
]


@pytest.mark.parametrize(("call", "kind", "message"), WRONG)
def test_wrong_arguments_are_named(call: Callable[[Tensor], Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        call(Tensor(X))


def test_clip_leaves_sides_open() -> None:
    x = Tensor([-2.0, 0.5, 3.0])
    assert F.clip(x, None, 1).tolist() == [-2.0, 0.5, 1.0]
    assert F.clip(x, 0).tolist() == [0.0, 0.5, 3.0]
    assert F.clip(x).tolist() == x.tolist()
