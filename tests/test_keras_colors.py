"""Layers that change the colours of images against Keras 3 on TensorFlow: the same results for the same factors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastnn import layers
from fastnn.tensor import Tensor

pytestmark = pytest.mark.keras

RNG = np.random.default_rng(8)
BYTES = RNG.integers(0, 256, (4, 9, 7, 3)).astype(np.uint8)
BYTES[1] = BYTES[1, :, :, :1]  # gray
BYTES[2, :5] = [0, 255, 7]
IMAGES = BYTES.astype(np.float32)
SHARES = (IMAGES / 255).astype(np.float32)
FACTORS = np.array([0.0, 0.3, 0.62, 1.0], np.float32)
RANGES = [((0, 255), IMAGES), ((0, 1), SHARES), ((-1, 3), SHARES * 4 - 1)]
each_range = pytest.mark.parametrize(("value_range", "images"), RANGES, ids=lambda value: str(value)[:8])


def close(got: Any, want: Any, atol: float = 1e-5) -> None:
    want = np.asarray(want)
    assert got.shape == want.shape
    scale = max(1.0, float(np.abs(want).max()))
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-5, atol=atol * scale)


def column(values: Any) -> np.ndarray:
    return np.asarray(values, np.float32).reshape(-1, 1, 1, 1)


def both(name: str, keras: Any, *args: Any, **options: Any) -> tuple[Any, Any]:
    """Keras's layer and ours."""
    theirs, ours = (getattr(L, name)(*args, **options) for L in (keras.layers, layers))
    return theirs, ours


@each_range
def test_saturation_and_hue(value_range: Any, images: np.ndarray, keras: Any) -> None:
    theirs, ours = both("RandomSaturation", keras, 0.5, value_range=value_range)
    assert tuple(theirs.factor) == ours.factor == (-0.5, 0.5)
    for factor in ([0.0, 0.4, 1.0, 1.7], [1e7, -0.5, 2.5, 0.9]):
        want = theirs.transform_images(images, {"factor": np.float32(factor)})
        close(ours._adjusted(Tensor(images), Tensor(column(factor))), want)
    theirs, ours = both("RandomHue", keras, 0.5, value_range=value_range)
    assert tuple(theirs.factor) == ours.factor == (0, 0.5)
    for factor in ([0.0, 0.1, -0.1, 0.5], [-0.5, -0.25, 0.3, 0.2]):
        want = theirs.transform_images(images, {"factor": keras.ops.convert_to_tensor(np.float32(factor))})
        close(ours._adjusted(Tensor(images), Tensor(column(factor))), want)


@each_range
def test_sharpness_and_color_degeneration(value_range: Any, images: np.ndarray, keras: Any) -> None:
    for name, bounds in (("RandomSharpness", (0, 0.6)), ("RandomColorDegeneration", (-0.6, 0.6))):
        theirs, ours = both(name, keras, 0.6, value_range=value_range)
        assert tuple(theirs.factor) == ours.factor == bounds
        factor = keras.ops.reshape(FACTORS, (4, 1, 1, 1))
        want = theirs.transform_images(keras.ops.convert_to_tensor(images), {"factor": factor})
        close(ours._adjusted(Tensor(images), Tensor(column(FACTORS))), want)
        theirs, ours = both(name, keras, (0.7, 0.7), value_range=value_range)  # nothing is left to chance
        close(ours(images, training=True), theirs(images, training=True))
        close(ours(images[0], training=True), theirs(images[0], training=True))
        close(ours(images[..., :1], training=True), theirs(images[..., :1], training=True))


@each_range
def test_posterization_and_solarization(value_range: Any, images: np.ndarray, keras: Any) -> None:
    for bits in range(1, 9):
        theirs, ours = both("RandomPosterization", keras, (bits, bits), value_range=value_range)
        close(ours(images, training=True), theirs(images, training=True), 1e-7)
    assert tuple(both("RandomPosterization", keras, 5)[0].factor) == layers.RandomPosterization(5).factor == (1, 5)
    theirs, ours = both("Solarization", keras, (0.2, 0.5), 0.7, value_range=value_range)
    assert (tuple(theirs.addition_factor), tuple(theirs.threshold_factor)) == (ours.addition_factor, (0, 0.7))
    addition, threshold = column([0.0, 20.5, 100, 255]), column([0.0, 70, 120, 255])
    want = theirs.transform_images(images, {"additions": addition, "thresholds": threshold})
    close(ours._solarized(Tensor(images), Tensor(addition), Tensor(threshold)), want)
    theirs, ours = both("Solarization", keras, value_range=value_range)
    close(ours(images, training=True), theirs(images, training=True))


@each_range
def test_auto_contrast(value_range: Any, images: np.ndarray, keras: Any) -> None:
    theirs, ours = both("AutoContrast", keras, value_range=value_range)
    low, high = value_range
    narrow = (images * 0.4 + low * 0.5 + high * 0.1).astype(np.float32)
    narrow[3, ..., 1] = low
    for x in (narrow, narrow[1:2], images):
        for training in (False, True):
            close(ours(x, training=training), theirs(x, training=training))
    close(ours(narrow[0]), theirs(narrow[:1])[0])


def test_gray_and_inverted_images(keras: Any) -> None:
    theirs, ours = both("RandomGrayscale", keras, 1.0)
    close(ours(IMAGES, training=True), theirs(IMAGES, training=True))
    close(ours(IMAGES[..., :1], training=True), theirs(IMAGES[..., :1], training=True))
    close(ours(BYTES[0], training=True), theirs(IMAGES[:1], training=True)[0])
    theirs, ours = both("RandomInvert", keras, (1.0, 1.0), value_range=(-7, 255))
    for x in (IMAGES, BYTES, IMAGES[0]):
        close(ours(x, training=True), theirs(x, training=True))
    for name in ("RandomGrayscale", "RandomInvert"):
        _, ours = both(name, keras, 0.0)
        close(ours(BYTES, training=True), IMAGES, 0)


@pytest.mark.parametrize(
    "name",
    ["RandomSaturation", "RandomHue", "RandomSharpness", "RandomColorDegeneration", "RandomGrayscale", "RandomInvert"],
)
def test_inference_leaves_images_alone(name: str, keras: Any) -> None:
    theirs, ours = both(name, keras, 0.5)
    for x in (BYTES, IMAGES[0]):
        close(ours(x, training=False), theirs(x, training=False), 0)
