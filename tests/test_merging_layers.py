"""Layers that merge lists of inputs: values against NumPy, shapes, masks, configurations, errors by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from gradients import check_gradients

from fastnn import Tensor, layers


def numbers(*shape: int, seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def unit(x: np.ndarray, axis: int) -> np.ndarray:
    return x / np.linalg.norm(x, axis=axis, keepdims=True)


Case = tuple[Callable[[], layers.Layer], list[tuple[int, ...]], Callable[..., np.ndarray]]

CASES: dict[str, Case] = {
    "Add": (layers.Add, [(2, 3), (2, 3), (2, 1)], lambda a, b, c: a + b + c),
    "Add of one": (layers.Add, [(2, 3)], lambda a: a),
    "Add of other ranks": (layers.Add, [(2, 4, 3), (2, 3)], lambda a, b: a + b[:, None]),
    "Subtract": (layers.Subtract, [(2, 3), (2, 3)], lambda a, b: a - b),
    "Multiply": (layers.Multiply, [(2, 3), (2, 3), (2, 3)], lambda a, b, c: a * b * c),
    "Average": (layers.Average, [(2, 3), (2, 3), (2, 3)], lambda a, b, c: (a + b + c) / np.float32(3)),
    "Maximum": (layers.Maximum, [(2, 3), (2, 3), (2, 3)], lambda a, b, c: np.maximum(np.maximum(a, b), c)),
    "Minimum": (layers.Minimum, [(2, 3), (2, 3)], np.minimum),
    "Concatenate": (layers.Concatenate, [(2, 3), (2, 1), (2, 4)], lambda *x: np.concatenate(x, -1)),
    "Concatenate on 1": (lambda: layers.Concatenate(1), [(2, 3, 4), (2, 1, 4)], lambda *x: np.concatenate(x, 1)),
    "Dot of vectors": (lambda: layers.Dot(1), [(2, 3), (2, 3)], lambda a, b: (a * b).sum(1, keepdims=True)),
    "Dot of sequences": (lambda: layers.Dot((2, 2)), [(2, 4, 3), (2, 5, 3)], lambda a, b: a @ b.swapaxes(1, 2)),
    "Dot on other axes": (lambda: layers.Dot((1, 2)), [(2, 3, 5), (2, 10, 3)], lambda a, b: (b @ a).swapaxes(1, 2)),
    "Dot of a sequence and a vector": (
        lambda: layers.Dot(-1),
        [(2, 4, 3), (2, 3)],
        lambda a, b: (a @ b[:, :, None])[..., 0],
    ),
    "Dot of images": (
        lambda: layers.Dot((3, 1)),
        [(2, 4, 5, 3), (2, 3, 2)],
        lambda a, b: np.einsum("bhwc,bcn->bhwn", a, b),
    ),
    "cosine": (
        lambda: layers.Dot(1, normalize=True),
        [(2, 3), (2, 3)],
        lambda a, b: (unit(a, 1) * unit(b, 1)).sum(1, keepdims=True),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_values_shapes_and_configurations(name: str) -> None:
    make, shapes, want = CASES[name]
    inputs = [numbers(*shape, seed=seed) for seed, shape in enumerate(shapes)]
    layer = make()
    got = layer(inputs)
    wanted = want(*inputs)
    assert got.shape == wanted.shape
    np.testing.assert_allclose(got.numpy(), wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(layer(tuple(map(Tensor, inputs))).numpy(), got.numpy())
    assert layer.compute_output_shape([(None, *shape[1:]) for shape in shapes]) == (None, *wanted.shape[1:])
    config = layer.get_config()
    assert type(layer).from_config(config).get_config() == config


@pytest.mark.parametrize("name", [name for name in CASES if name not in ("Maximum", "Minimum")])
def test_gradients(name: str) -> None:
    make, shapes, _ = CASES[name]
    layer = make()
    rng = np.random.default_rng(2)
    check_gradients(lambda *x: layer([a * a + a for a in x]), *(rng.standard_normal(shape) for shape in shapes))


def test_gradients_of_the_largest_and_the_smallest() -> None:
    for layer, wins in ((layers.Maximum(), [0, 1]), (layers.Minimum(), [1, 0])):
        a, b = Tensor([[1.0, 5.0]], requires_grad=True), Tensor([[2.0, 3.0]], requires_grad=True)
        layer([a, b]).sum().backward()
        np.testing.assert_array_equal(a.grad.numpy(), [wins])
        np.testing.assert_array_equal(b.grad.numpy(), [[1 - win for win in wins]])


def masked(values: np.ndarray, mask: Sequence[bool]) -> Tensor:
    """A sequence (1, time, 1) that carries a mask, made by Masking: what doesn't count is -9."""
    x = np.where(np.array(mask)[None, :, None], values, -9).astype(np.float32)
    return layers.Masking(mask_value=-9.0)(x)


def test_masks_are_those_of_keras() -> None:
    first, second = np.array([[[1.0], [2.0], [3.0]]]), np.array([[[4.0], [5.0], [6.0]]])
    a, b = masked(first, [True, True, False]), masked(second, [False, True, False])
    for layer in (layers.Add(), layers.Multiply(), layers.Maximum(), layers.Minimum(), layers.Concatenate()):
        result = layer([a, b])
        assert result._mask is not None
        np.testing.assert_array_equal(result._mask.numpy(), [[True, True, False]])
        assert layer([a, Tensor(second.astype(np.float32))])._mask is None or isinstance(layer, layers.Concatenate)
    np.testing.assert_array_equal(layers.Multiply()([a, b]).numpy(), [[[1], [10], [0]]])
    np.testing.assert_array_equal(layers.Maximum()([a, b]).numpy()[:, :2], [[[1], [5]]])
    np.testing.assert_array_equal(layers.Minimum()([a, b]).numpy()[:, :2], [[[1], [2]]])
    joined = layers.Concatenate(axis=1)([a, Tensor(second.astype(np.float32))])
    np.testing.assert_array_equal(joined._mask.numpy(), [[True, True, False, True, True, True]])
    assert layers.Dot(1)([a, b])._mask is None


WRONG: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: layers.Add(name="a")(numbers(2, 3)), ValueError, "a: expected a list of inputs, got one of shape (2, 3)"),
    (
        lambda: layers.Add(name="a")([numbers(2, 3), numbers(2, 4)]),
        ValueError,
        "a: expected inputs of shapes that broadcast, got shapes (2, 3) and (2, 4)",
    ),
    (
        lambda: layers.Add(name="a")([numbers(2, 3), numbers(3, 3)]),
        ValueError,
        "a: expected inputs of one batch size, got shapes (2, 3) and (3, 3)",
    ),
    (lambda: layers.Subtract(name="s")([numbers(2, 3)] * 3), ValueError, "s: expected 2 inputs, got 3"),
    (
        lambda: layers.Concatenate(name="c")([numbers(2, 3, 1), numbers(2, 4, 1)]),
        ValueError,
        "c: expected inputs of one shape but for axis 2, got shapes (2, 3, 1) and (2, 4, 1)",
    ),
    (
        lambda: layers.Concatenate(3, name="c")([numbers(2, 3)] * 2),
        ValueError,
        "c: expected inputs of as many axes that have axis 3, got shapes (2, 3) and (2, 3)",
    ),
    (lambda: layers.Concatenate("last"), TypeError, "Concatenate: expected axis to be an integer, got 'last'"),
    (
        lambda: layers.Dot(1, name="d")([numbers(2, 3), numbers(2, 4)]),
        ValueError,
        "d: expected inputs of one size along axes 1 and 1, got shapes (2, 3) and (2, 4)",
    ),
    (
        lambda: layers.Dot(0, name="d")([numbers(2, 3), numbers(2, 3)]),
        ValueError,
        "d: expected inputs that have axes 0 behind the batch, got shapes (2, 3) and (2, 3)",
    ),
    (lambda: layers.Dot((1, 2, 3)), ValueError, "Dot: expected axes to be one integer or two, got (1, 2, 3)"),
    (lambda: layers.Dot(1.5), TypeError, "Dot: expected axes of integers, got 1.5"),
]


@pytest.mark.parametrize(("call", "kind", "message"), WRONG)
def test_wrong_inputs_are_refused(call: Callable[[], Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        call()
