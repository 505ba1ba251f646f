"""Layers that count values, mix images, or count boxes against Keras 3 on TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastnn import layers
from fastnn.layers.preprocessing.boxes import span
from fastnn.tensor import Tensor

pytestmark = pytest.mark.keras

RNG = np.random.default_rng(10)
BYTES = (RNG.beta(2, 5, (3, 19, 14, 3)) * 256).astype(np.uint8)
BYTES[2, ..., 1] = 77
IMAGES = BYTES.astype(np.float32)
RANGES = [((0, 255), IMAGES), ((0, 1), IMAGES / 255), ((-1, 3), IMAGES / 255 * 4 - 1)]
each_range = pytest.mark.parametrize(("value_range", "images"), RANGES, ids=lambda value: str(value)[:8])


def close(got: Any, want: Any, atol: float = 1e-5) -> None:
    want = np.asarray(want)
    assert got.shape == want.shape
    scale = max(1.0, float(np.abs(want).max()))
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-5, atol=atol * scale)


def both(name: str, keras: Any, *args: Any, **options: Any) -> tuple[Any, Any]:
    """Keras's layer and ours."""
    theirs, ours = (getattr(L, name)(*args, **options) for L in (keras.layers, layers))
    return theirs, ours


@each_range
@pytest.mark.parametrize("bins", [256, 16, 300, 1])
def test_equalization(bins: int, value_range: Any, images: np.ndarray, keras: Any) -> None:
    theirs, ours = both("Equalization", keras, value_range, bins)
    images = np.float32(images)
    theirs.value_range = tuple(theirs.value_range)  # which it compares with a tuple
    for x in (images, images[2:], images[0], images[..., :1]):
        close(ours(x, training=True), theirs(x, training=True))
        close(ours(x, training=False), theirs(x, training=False), 0)


@each_range
@pytest.mark.parametrize(
    "options", [{}, {"tile_grid_size": (3, 2)}, {"clip_limit": 0.0}, {"clip_limit": 1.5, "tile_grid_size": (1, 19)}]
)
def test_equalization_of_regions(options: dict[str, Any], value_range: Any, images: np.ndarray, keras: Any) -> None:
    theirs, ours = both("ContrastLimitedAdaptiveHistogramEqualization", keras, value_range, **options)
    images = np.float32(images)
    for x in (images, images[0], images[:, :16, :, :1]):
        for training in (False, True):
            close(ours(x, training=training), theirs(x, training=training))


def test_mixed_images(keras: Any) -> None:
    theirs, ours = both("MixUp", keras)
    labels, share, others = np.eye(3, dtype=np.float32), np.float32([0.1, 1.0, 0.6]), np.array([2, 0, 1])
    drawn = {"mix_weight": keras.ops.convert_to_tensor(share), "permutation_order": others}
    ours._mixed = lambda images: mixed_by(images, share, others)
    got = ours({"images": BYTES, "labels": labels}, training=True)
    close(got["images"], theirs.transform_images(IMAGES, drawn))
    close(got["labels"], theirs.transform_labels(labels, drawn))
    for name in ("MixUp", "CutMix"):
        theirs, ours = both(name, keras)
        got, want = (layer({"images": IMAGES, "labels": labels}, training=False) for layer in (ours, theirs))
        close(got["images"], want["images"], 0)
        close(got["labels"], want["labels"], 0)
        close(ours(IMAGES[0], training=True), theirs(IMAGES[0], training=True))
        got = ours({"images": IMAGES[0], "labels": labels[0]}, training=True)
        close(got["images"], IMAGES[0], 1e-6)


def mixed_by(images: Tensor, share: np.ndarray, others: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
    """What MixUp makes of these numbers."""
    weights = share.reshape(-1, 1, 1, 1)
    result = images.numpy() * weights + images.numpy()[others] * (1 - weights)
    return Tensor(result), Tensor(weights), Tensor(others)


def test_cut_and_mixed_images(keras: Any) -> None:
    theirs, ours = both("CutMix", keras)
    labels, others = np.eye(3, dtype=np.float32), np.array([2, 0, 1])
    place, share = np.array([[0.0, 0.3, 0.8], [0.5, 0.0, 0.9]], np.float32).reshape(2, 3, 1, 1, 1)
    across, down = span(Tensor(place), Tensor(share), 14), span(Tensor(1 - place), Tensor(share), 19)
    corners = [part.numpy().reshape(-1) for part in (*across, *down)]
    masks, weights = theirs._generate_batch_mask(IMAGES.shape, corners)
    drawn = {"batch_masks": masks, "mix_weight": weights, "permutation_order": others}
    images, area, _ = ours._cut(Tensor(IMAGES), Tensor(others), across, down)
    close(images, theirs.transform_images(IMAGES, drawn), 0)
    close(area, weights)
    ours._mixed = lambda given: ours._cut(given, Tensor(others), across, down)
    got = ours({"images": IMAGES, "labels": labels}, training=True)
    close(got["labels"], theirs.transform_labels(labels, drawn))


@pytest.mark.parametrize("number", [1, 2, 5])
def test_numbers_of_boxes(number: int, keras: Any) -> None:
    theirs, ours = both("MaxNumBoundingBoxes", keras, number, -7, bounding_box_format="xyxy")
    boxes, labels = RNG.uniform(0, 9, (3, 2, 4)).astype(np.float32), RNG.integers(0, 5, (3, 2))
    for index in (slice(None), 0):
        given = {"images": IMAGES[index], "bounding_boxes": {"boxes": boxes[index], "labels": labels[index]}}
        got = ours(given)
        want = theirs({**given, "bounding_boxes": dict(given["bounding_boxes"])})
        close(got["images"], want["images"], 0)
        for part in ("boxes", "labels"):
            close(got["bounding_boxes"][part], want["bounding_boxes"][part], 0)
        assert got["bounding_boxes"]["labels"].dtype == np.int64
    close(ours(BYTES), theirs(IMAGES), 0)
