"""Layers that change shapes, pad, crop and upsample: values against NumPy, shapes, configurations, errors."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fastnn import layers


def numbers(*shape: int) -> np.ndarray:
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


LAYERS: list[tuple[layers.Layer, tuple[int, ...], Callable[[np.ndarray], np.ndarray]]] = [
    (layers.Reshape((4, 3)), (2, 3, 4), lambda x: x.reshape(2, 4, 3)),
    (layers.Reshape((-1, 2)), (2, 3, 4), lambda x: x.reshape(2, 6, 2)),
    (layers.Reshape(()), (2, 1), lambda x: x.reshape(2)),
    (layers.Permute((3, 1, 2)), (2, 3, 4, 5), lambda x: x.transpose(0, 3, 1, 2)),
    (layers.RepeatVector(3), (2, 4), lambda x: np.repeat(x[:, None], 3, 1)),
    (layers.ZeroPadding1D(), (2, 3, 4), lambda x: np.pad(x, ((0, 0), (1, 1), (0, 0)))),
    (layers.ZeroPadding1D((0, 2)), (2, 3, 4), lambda x: np.pad(x, ((0, 0), (0, 2), (0, 0)))),
    (layers.ZeroPadding2D(), (2, 3, 4, 5), lambda x: np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))),
    (layers.ZeroPadding2D((1, 2)), (2, 3, 4, 5), lambda x: np.pad(x, ((0, 0), (1, 1), (2, 2), (0, 0)))),
    (layers.ZeroPadding2D(((1, 0), (0, 2))), (2, 3, 4, 5), lambda x: np.pad(x, ((0, 0), (1, 0), (0, 2), (0, 0)))),
    (layers.Cropping1D(), (2, 3, 4), lambda x: x[:, 1:-1]),
    (layers.Cropping1D((0, 2)), (2, 3, 4), lambda x: x[:, :-2]),
    (layers.Cropping2D(), (2, 3, 4, 5), lambda x: x),
    (layers.Cropping2D(((1, 0), (0, 2))), (2, 3, 4, 5), lambda x: x[:, 1:, :-2]),
    (layers.UpSampling1D(3), (2, 3, 4), lambda x: np.repeat(x, 3, 1)),
    (layers.UpSampling2D(), (2, 3, 4, 5), lambda x: x.repeat(2, 1).repeat(2, 2)),
    (layers.UpSampling2D((3, 1)), (2, 3, 4, 5), lambda x: x.repeat(3, 1)),
    (
        layers.UpSampling2D(2, interpolation="bilinear"),
        (1, 1, 2, 1),
        lambda x: (
            (np.array([[[1, 0]], [[0.75, 0.25]], [[0.25, 0.75]], [[0, 1]]]) @ x[0, 0]).reshape(1, 1, 4, 1).repeat(2, 1)
        ),
    ),
]


@pytest.mark.parametrize(("layer", "shape", "want"), LAYERS, ids=lambda value: getattr(value, "name", None))
def test_layers_of_shape(layer: layers.Layer, shape: tuple[int, ...], want: Callable[[np.ndarray], np.ndarray]) -> None:
    x = numbers(*shape) + 1
    np.testing.assert_array_equal(layer(x).numpy(), want(x))
    assert layer.compute_output_shape((None, *shape[1:])) == (None, *want(x).shape[1:])
    config = layer.get_config()
    assert type(layer).from_config(config).get_config() == config
    if layer.name.startswith(("zero", "cropping", "up")):
        unknown = layer.compute_output_shape((None,) * (len(shape) - 1) + shape[-1:])
        assert unknown == (None,) * (len(shape) - 1) + shape[-1:]


WRONG_LAYERS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: layers.Reshape((2, -1, -1)), ValueError, "Reshape: expected sizes and at most one -1 in target_shape"),
    (lambda: layers.Reshape((2.0,)), TypeError, "Reshape: expected target_shape of integers, got (2.0,)"),
    (
        lambda: layers.Reshape((5,), name="r")(numbers(2, 6)),
        ValueError,
        "r: expected input of as many elements as (5,), got (2, 6)",
    ),
    (
        lambda: layers.Permute((0, 1)),
        ValueError,
        "Permute: expected dims to be an order of the axes from 1 on, got (0, 1)",
    ),
    (lambda: layers.Permute((2, 1), name="p")(numbers(2, 6)), ValueError, "p: expected input of 3 axes, got (2, 6)"),
    (lambda: layers.RepeatVector(2.5), TypeError, "RepeatVector: expected n to be an integer, got 2.5"),
    (lambda: layers.ZeroPadding1D(-1), ValueError, "ZeroPadding1D: expected padding of at least 0, got -1"),
    (
        lambda: layers.ZeroPadding2D((1, 2, 3)),
        ValueError,
        "ZeroPadding2D: expected padding to be one integer, two, or two pairs",
    ),
    (
        lambda: layers.Cropping1D((2, 1), name="c")(numbers(1, 3, 2)),
        ValueError,
        "c: expected input larger than what is cropped, ((2, 1),), got (1, 3, 2)",
    ),
    (
        lambda: layers.UpSampling2D(interpolation="cubic"),
        ValueError,
        "UpSampling2D: expected interpolation 'nearest' or 'bilinear', got 'cubic'",
    ),
    (
        lambda: layers.UpSampling2D(data_format="channels_first"),
        ValueError,
        "UpSampling2D: expected data_format 'channels_last', got 'channels_first'",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), WRONG_LAYERS)
def test_wrong_layers_are_refused(call: Callable[[], Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=f"^{re.escape(message)}"):
        call()
