"""Layers that move and cover pixels against Keras 3 on TensorFlow: the same results for the same random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastnn import layers
from fastnn.layers.preprocessing.blur import blurred, gaussian
from fastnn.layers.preprocessing.boxes import inside, span
from fastnn.tensor import Tensor

pytestmark = pytest.mark.keras

RNG = np.random.default_rng(9)
IMAGES = RNG.uniform(0, 255, (4, 11, 8, 3)).astype(np.float32)
INTERPOLATIONS = ["bilinear", "nearest"]
FILLS = [("reflect", 0.0), ("wrap", 0.0), ("nearest", 0.0), ("constant", 9.0)]


def close(got: Any, want: Any, atol: float = 2e-3) -> None:
    want = np.asarray(want)
    assert got.shape == want.shape
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-4, atol=atol)


def column(values: Any) -> Tensor:
    return Tensor(np.asarray(values, np.float32).reshape(-1, 1, 1, 1))


def both(name: str, keras: Any, *args: Any, **options: Any) -> tuple[Any, Any]:
    """Keras's layer and ours."""
    theirs, ours = (getattr(L, name)(*args, **options) for L in (keras.layers, layers))
    return theirs, ours


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize(("fill_mode", "fill_value"), FILLS)
def test_shears(fill_mode: str, fill_value: float, interpolation: str, keras: Any) -> None:
    options = {"fill_mode": fill_mode, "fill_value": fill_value, "interpolation": interpolation}
    theirs, ours = both("RandomShear", keras, 0.7, (0.2, 0.4), **options)
    assert (
        (tuple(theirs.x_factor), tuple(theirs.y_factor)) == (ours.x_factor, ours.y_factor) == ((-0.7, 0.7), (0.2, 0.4))
    )
    x, y = np.array([[0.31, -0.97, 0.0, 1.0], [-0.77, 0.11, 0.23, 0.0]], np.float32)
    drawn = {"shear_factor": keras.ops.convert_to_tensor(np.stack([x, y], 1)), "input_shape": IMAGES.shape}
    want = theirs.transform_images(keras.ops.convert_to_tensor(IMAGES), drawn)
    close(ours._sheared(Tensor(IMAGES), column(x), column(y)), want)


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("size", [(11, 8), (2, 8), (11, 2)])
def test_perspectives(size: tuple[int, int], interpolation: str, keras: Any) -> None:
    theirs, ours = both("RandomPerspective", keras, 1.0, 1.0, interpolation=interpolation, fill_value=5.0)
    images = IMAGES[:, : size[0], : size[1]]
    corners = np.array([[0, 0], [size[1] - 1, 0], [0, size[0] - 1], [size[1] - 1, size[0] - 1]], np.float32)
    moved = RNG.uniform(0.55, 1.45, (4, 4, 2)).astype(np.float32)
    drawn = {
        "apply_perspective": keras.ops.ones((4,), "bool"),
        "start_points": keras.ops.convert_to_tensor(np.tile(corners, (4, 1, 1))),
        "end_points": keras.ops.convert_to_tensor(corners * moved),
    }
    want = theirs.transform_images(keras.ops.convert_to_tensor(images), drawn)
    numbers = moved[:, 1, 0], moved[:, 2, 1], moved[:, 3, 0], moved[:, 3, 1]
    got = ours._seen(Tensor(images), *(column(part) for part in numbers))
    # where rounding decides between two pixels, or between the image and what is outside
    apart = np.abs(got.numpy() - np.asarray(want)).max(-1) > 0.05
    assert apart.mean() < 0.02


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("fill_mode", ["reflect", "wrap", "nearest", "constant"])
def test_elastic_fields_move_pixels_as_map_coordinates_does(fill_mode: str, interpolation: str, keras: Any) -> None:
    _, ours = both("RandomElasticTransform", keras, interpolation=interpolation, fill_mode=fill_mode, fill_value=3.0)
    across, down = RNG.normal(0, 4, (2, 4, 11, 8, 1)).astype(np.float32)
    rows, columns = np.mgrid[:11, :8].astype(np.float32)
    want = [
        [
            keras.ops.image.map_coordinates(
                image[..., channel],
                np.stack([rows + down[place, ..., 0], columns + across[place, ..., 0]]),
                order=INTERPOLATIONS[::-1].index(interpolation),
                fill_mode=fill_mode,
                fill_value=3.0,
            )
            for channel in range(3)
        ]
        for place, image in enumerate(IMAGES)
    ]
    close(ours._moved(Tensor(IMAGES), Tensor(across), Tensor(down)), np.moveaxis(np.array(want), 1, -1))


def test_gaussian_windows(keras: Any) -> None:
    for size, deviation in ((1, 0.4), (3, 1.0), (7, 2.5), (5, 1e-6)):
        sigma = Tensor(np.float32([deviation]))
        want = keras.ops.image.gaussian_blur(IMAGES, (size, size), (deviation, deviation))
        window = gaussian(size // 2, sigma)
        close(blurred(Tensor(IMAGES), window, window), want)
        farther = gaussian(size // 2 + 4, sigma, within=Tensor(np.float32([size // 2])))
        close(blurred(Tensor(IMAGES), farther, farther), want)


def test_gaussian_blur(keras: Any) -> None:
    theirs, ours = both("RandomGaussianBlur", keras, (1.0, 1.0), 5, (0.2, 0.8), value_range=(30, 200))
    assert (tuple(theirs.factor), tuple(theirs.sigma)) == (ours.factor, ours.sigma)
    drawn = {
        "should_apply_blur": keras.ops.ones((4,), "bool"),
        "blur_factor": keras.ops.convert_to_tensor(np.float32([0.3, 0.7])),
    }
    want = theirs.transform_images(keras.ops.convert_to_tensor(IMAGES), drawn)
    sigma = [Tensor(np.float32([value])) for value in (0.7, 0.3)]
    close(ours._blurred(Tensor(IMAGES), *sigma).clip(30, 200), want)
    theirs, ours = both("RandomGaussianBlur", keras, (1.0, 1.0), 3, (0.6, 0.6))
    for x in (IMAGES, IMAGES[0]):
        close(ours(x, training=True), theirs(x, training=True))


@pytest.mark.parametrize("fill_value", [7.0, [1.0, 300.0, 3.0]])
def test_erased_rectangles(fill_value: Any, keras: Any) -> None:
    theirs, ours = both("RandomErasing", keras, (1.0, 1.0), (1.0, 1.0), fill_value)  # all of the image
    for x in (IMAGES, IMAGES[0]):
        close(ours(x, training=True), theirs(x, training=True), 0)
    place, share = np.array([[0.0, 0.3, 0.8, 1.0], [0.2, 0.55, 1.0, 0.0]], np.float32)
    across, down = span(column(place), column(share), 8), span(column(1 - place), column(share), 11)
    corners = [part.numpy().reshape(-1) for part in (*across, *down)]
    want = np.asarray(theirs._generate_batch_mask(IMAGES.shape, corners))
    np.testing.assert_array_equal(np.broadcast_to(inside(Tensor(IMAGES), across, down).numpy(), IMAGES.shape), want)


@pytest.mark.parametrize("name", ["Shear", "Perspective", "ElasticTransform", "GaussianBlur", "Erasing"])
def test_inference_leaves_images_alone(name: str, keras: Any) -> None:
    theirs, ours = both(f"Random{name}", keras)
    for x in (IMAGES, IMAGES[0].astype(np.uint8)):
        close(ours(x, training=False), theirs(x, training=False), 0)
