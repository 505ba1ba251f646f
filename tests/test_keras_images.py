"""Layers of images against Keras 3 on TensorFlow: what is not random exactly, what is by the same transformation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastnn import layers
from fastnn.tensor import Tensor

pytestmark = pytest.mark.keras

RNG = np.random.default_rng(2)
IMAGES = RNG.uniform(0, 255, (4, 9, 7, 3)).astype(np.float32)


def close(got: Any, want: Any, atol: float = 2e-3) -> None:
    want = np.asarray(want)
    assert got.shape == want.shape
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-4, atol=atol)


def column(values: Any) -> Tensor:
    return Tensor(np.asarray(values, np.float32).reshape(-1, 1, 1, 1))


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize(
    "aspect", [{}, {"crop_to_aspect_ratio": True}, {"pad_to_aspect_ratio": True, "fill_value": 7.0}]
)
@pytest.mark.parametrize("size", [(4, 4), (13, 5), (6, 20), (9, 7), (1, 3)])
def test_resizing(size: tuple[int, int], aspect: dict[str, Any], interpolation: str, keras: Any) -> None:
    theirs, ours = (L.Resizing(*size, interpolation=interpolation, **aspect) for L in (keras.layers, layers))
    for x in (IMAGES, IMAGES[0], IMAGES[:, :6, :, :1]):
        close(ours(x), theirs(x))
        assert ours.compute_output_shape(x.shape) == theirs.compute_output_shape(x.shape)


@pytest.mark.parametrize("size", [(3, 4), (9, 7), (4, 7), (12, 5), (10, 20)])
def test_center_crop(size: tuple[int, int], keras: Any) -> None:
    theirs, ours = keras.layers.CenterCrop(*size), layers.CenterCrop(*size)
    for x in (IMAGES, IMAGES[0]):
        close(ours(x), theirs(x))


@pytest.mark.parametrize("mode", ["horizontal", "vertical", "horizontal_and_vertical"])
def test_flips(mode: str, keras: Any) -> None:
    theirs, ours = keras.layers.RandomFlip(mode), layers.RandomFlip(mode)
    flips = np.array([1, 0, 0, 1], bool).reshape(4, 1, 1, 1)
    want = theirs.transform_images(IMAGES, {"flips": keras.ops.convert_to_tensor(flips)})
    close(ours._flipped(Tensor(IMAGES), Tensor(flips)), want, 0)


@pytest.mark.parametrize("size", [(3, 4), (8, 6), (9, 4), (12, 5), (4, 9)])
def test_crops(size: tuple[int, int], keras: Any) -> None:
    theirs, ours = keras.layers.RandomCrop(*size), layers.RandomCrop(*size)
    if size[0] < 9 and size[1] < 7:
        want = theirs.transform_images(keras.ops.convert_to_tensor(IMAGES), (1, 1))
        close(ours._window(Tensor(IMAGES), column([1.7]), column([1.0])), want, 0)
    else:
        close(ours(IMAGES, training=True), theirs(IMAGES, training=True))


FILLS = [("reflect", 0.0), ("wrap", 0.0), ("nearest", 0.0), ("constant", 9.0)]


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize(("fill_mode", "fill_value"), FILLS)
def test_rotations(fill_mode: str, fill_value: float, interpolation: str, keras: Any) -> None:
    made: dict[str, Any] = {"fill_mode": fill_mode, "fill_value": fill_value, "interpolation": interpolation}
    theirs, ours = keras.layers.RandomRotation(1.0, **made), layers.RandomRotation(1.0, **made)
    degrees = np.array([-355.0, 31.0, 177.7, 260.3], np.float32)
    zeros, ones = np.zeros(4, np.float32), np.ones(4, np.float32)
    matrix = theirs._compute_affine_matrix(
        center_x=0.5, center_y=0.5, angle=keras.ops.convert_to_tensor(degrees), translate_x=zeros, translate_y=zeros,
        scale=ones, shear_x=zeros, shear_y=zeros, height=9, width=7,
    )  # fmt: skip
    want = theirs.transform_images(IMAGES, {"rotation_matrix": matrix})
    close(ours._turned(Tensor(IMAGES), column(np.deg2rad(degrees))), want, 2e-2)


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize(("fill_mode", "fill_value"), FILLS)
def test_translations_and_zooms(fill_mode: str, fill_value: float, interpolation: str, keras: Any) -> None:
    made: dict[str, Any] = {"fill_mode": fill_mode, "fill_value": fill_value, "interpolation": interpolation}
    down, right = np.array([[0.31, -0.97, 1.0, 0.0], [-0.77, 0.11, -1.0, 0.04]], np.float32)
    theirs, ours = keras.layers.RandomTranslation(1.0, 1.0, **made), layers.RandomTranslation(1.0, 1.0, **made)
    moves = np.stack([right * 7, down * 9], axis=1)
    want = theirs.transform_images(IMAGES, {"translations": keras.ops.convert_to_tensor(moves)})
    close(ours._shifted(Tensor(IMAGES), column(down), column(right)), want)
    theirs, ours = keras.layers.RandomZoom(0.5, 0.5, **made), layers.RandomZoom(0.5, 0.5, **made)
    height, width = np.array([[1.3, 0.55, 1.9, 1.0], [0.7, 1.45, 1.99, 0.1]], np.float32)
    zooms = {"height_zoom": keras.ops.reshape(height, (4, 1)), "width_zoom": keras.ops.reshape(width, (4, 1))}
    want = theirs.transform_images(IMAGES, zooms)
    close(ours._zoomed(Tensor(IMAGES), column(height), column(width)), want)


def test_contrast_and_brightness(keras: Any) -> None:
    theirs, ours = (L.RandomContrast(0.7, value_range=(10, 240)) for L in (keras.layers, layers))
    assert tuple(theirs.factor) == ours.factor
    contrast = np.array([0.3, 1.7, 1.0, 0.0], np.float32).reshape(4, 1, 1, 1)
    close(
        ours._adjusted(Tensor(IMAGES), Tensor(contrast)), theirs.transform_images(IMAGES, {"contrast_factor": contrast})
    )
    theirs, ours = keras.layers.RandomBrightness([0.4, -0.2]), layers.RandomBrightness([0.4, -0.2])
    assert tuple(theirs.factor) == ours.factor
    share = np.array([-0.2, 0.4, 0.0, 1.0], np.float32).reshape(4, 1, 1, 1)
    want = theirs.transform_images(keras.ops.convert_to_tensor(IMAGES), {"rgb_delta": share * 255})
    close(ours._adjusted(Tensor(IMAGES), Tensor(share)), want)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Resizing", (4, 5)),
        ("CenterCrop", (4, 5)),
        ("AutoContrast", ()),
        ("RandomCrop", (9, 7)),
        ("RandomColorDegeneration", ((0.5, 0.5),)),
        ("RandomTranslation", ((0.2, 0.2), (0.1, 0.1))),
    ],
)
def test_labels_go_along(name: str, arguments: tuple[Any, ...], training: bool, keras: Any) -> None:
    theirs, ours = (getattr(L, name)(*arguments) for L in (keras.layers, layers))
    for images, labels in ((IMAGES, np.arange(4)), (IMAGES[0], np.arange(3))):
        got = ours({"images": images, "labels": labels}, training=training)
        want = theirs({"images": images, "labels": labels}, training=training)
        close(got["images"], want["images"])
        np.testing.assert_array_equal(got["labels"].numpy(), labels)
    shapes = ours.compute_output_shape({"images": (None, 9, 7, 3), "labels": (None, 5)})
    assert shapes == {"images": (None, *got["images"].shape), "labels": (None, 5)}


def test_both_change_images_in_calls_that_do_not_say(keras: Any) -> None:
    for L in (keras.layers, layers):
        layer = L.RandomBrightness(0.5)
        assert np.abs(np.asarray(layer(IMAGES)) - IMAGES).max() > 1
        np.testing.assert_array_equal(np.asarray(layer(IMAGES, training=False)), IMAGES)
