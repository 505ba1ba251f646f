"""Layers that apply several changes to images against Keras 3 on TensorFlow, with nothing left to chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastnn import layers
from fastnn._config import snake_case
from fastnn.tensor import Tensor

pytestmark = pytest.mark.keras

IMAGES = np.random.default_rng(12).integers(0, 256, (3, 9, 7, 3)).astype(np.float32)


def close(got: Any, want: Any) -> None:
    want = np.asarray(want)
    assert got.shape == want.shape
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-5, atol=2e-3)


def both(name: str, keras: Any, *args: Any, **options: Any) -> tuple[Any, Any]:
    """Keras's layer and ours."""
    theirs, ours = (getattr(L, name)(*args, **options) for L in (keras.layers, layers))
    return theirs, ours


def names(layer: Any) -> list[str]:
    """The changes that our layer chooses from."""
    return [snake_case(type(change).__name__) for change in layer.changes]


def test_color_jitter(keras: Any) -> None:
    for factors in ([(0.2, 0.2), None, None, None], [(-0.1, -0.1), (0, 0), (0.7, 0.7), (0, 0)], [None] * 4):
        theirs, ours = both("RandomColorJitter", keras, (0, 300), *factors)
        for x in (IMAGES, IMAGES[0], IMAGES.astype(np.uint8)):
            close(ours(x, training=True), theirs(x, training=True))
            close(ours(x, training=False), theirs(x, training=False))


@pytest.mark.parametrize("factor", [0, (1, 1)])
def test_changes_to_choose_from(factor: Any, keras: Any) -> None:
    theirs, ours = both("RandAugment", keras, factor=factor, num_ops=1)
    assert tuple(theirs.factor) == ours.factor
    assert set(names(ours)) == set(theirs._AUGMENT_LAYERS)
    drawn = theirs.get_random_transformation(IMAGES, training=True)
    for place, name in enumerate(theirs._AUGMENT_LAYERS):
        if factor and name in ("random_shear", "random_contrast", "solarization", "random_posterization"):
            continue  # in which there is chance
        want = theirs.transform_images(IMAGES, {**drawn, "layer_idxes": [place]})
        number = Tensor(np.full((1, 1, 1, 1), names(ours).index(name), np.float32))
        close(ours._changed_by(Tensor(IMAGES), number), want)
    close(ours(IMAGES, training=False), theirs(IMAGES, training=False))


@pytest.mark.parametrize("all_ops", [True, False])
def test_chains(all_ops: bool, keras: Any) -> None:
    theirs, ours = both("AugMix", keras, (10, 200), factor=0, all_ops=all_ops)
    assert set(names(ours)) == set(theirs._augment_layers)
    chains = [["auto_contrast"], [], ["random_rotation", "equalization"]]
    weights, share = np.float32([0.2, 0.5, 0.3]), np.float32(0.4)
    drawn = {
        "chain_mixing_weights": weights,
        "weight_sample": share,
        "chain_transforms": [
            [{"layer_name": n, "transformation": getattr(theirs, n).get_random_transformation(IMAGES)} for n in chain]
            for chain in chains
        ],
    }
    changed = []
    for chain in chains:
        result = Tensor(IMAGES)
        for name in chain:
            result = ours.changes[names(ours).index(name)](result, training=True)
        changed.append(result)
    got = ours._mixed(Tensor(IMAGES), changed, Tensor(weights.reshape(3, 1)), Tensor(share.reshape(1, 1, 1, 1)))
    close(got, theirs.transform_images(IMAGES, drawn))
    close(ours(IMAGES, training=False), theirs(IMAGES, training=False))
