"""Configurations against Keras 3: the same names and values, and ours are made from Keras's.

What differs is the tables here and their lines in docs/keras.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from keras_cases import CASES, LayerCase

import fastnn
from fastnn import layers

pytestmark = pytest.mark.keras

# described by what is registered, in either library
OWN_CODE = ("Lambda", "RNN-own-cell", "ReversibleEmbedding-both", "ReversibleEmbedding-untied")
ONLY_OURS = {
    "Adam": {"lazy"},
    "AdamW": {"lazy"},
    "CosineSimilarity": {"axis"},
    "Huber": {"delta"},
    "Identity": {"gain"},
    "Pipeline": {"dtype", "trainable"},
    "SimpleRNN": {"seed"},
    "SparseCategoricalCrossentropy": {"axis"},
    "SparseTopKCategoricalAccuracy": {"from_sorted_ids"},
    **{f"SpatialDropout{axes}D": {"trainable"} for axes in (1, 2, 3)},
}
RANGES = ("RandomTranslation", "RandomZoom")


def plain(value: Any) -> Any:
    """A configuration as both libraries would have it: lists, numbers of float32, descriptions without modules, a
    policy by its name; no numbered names, and no activity_regularizer that is None."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return float(np.float32(value))
    if not isinstance(value, dict):
        return value
    if value.get("class_name") == "DTypePolicy":
        return value["config"]["name"]
    if "class_name" in value:
        own = ONLY_OURS.get(value["class_name"], set())
        config = {key: item for key, item in value["config"].items() if key not in own}
        value = {"class_name": value["class_name"], "config": config}
    dropped = {key for key in ("name", "activity_regularizer") if value.get(key) is None or key == "name"}
    return {key: plain(item) for key, item in value.items() if key not in dropped}


def assert_same_config(theirs: Any, ours: Any) -> None:
    cls = type(ours)
    want, got = plain(theirs.get_config()), plain(ours.get_config())
    assert want.keys() <= got.keys()
    assert got.keys() - want.keys() <= ONLY_OURS.get(cls.__name__, set())
    if cls.__name__ not in RANGES:
        assert {key: got[key] for key in want} == want
    again = cls.from_config(theirs.get_config())
    assert plain(again.get_config()) == got
    assert getattr(again, "name", None) == theirs.get_config().get("name")


@pytest.mark.parametrize("case", [case for case in CASES if not case.name.startswith(OWN_CODE)], ids=str)
def test_layers(case: LayerCase, keras: Any) -> None:
    assert_same_config(case.make(keras.layers), case.make(layers))


REQUIRED: dict[str, dict[str, Any]] = {
    "IoU": {"num_classes": 3, "target_class_ids": [0, 2]},
    "MeanIoU": {"num_classes": 3},
    "OneHotIoU": {"num_classes": 3, "target_class_ids": [1]},
    "OneHotMeanIoU": {"num_classes": 3},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
}


def made(library: Any, module: str, name: str) -> Any:
    return getattr(getattr(library, module), name)(**REQUIRED.get(name, {}))


def test_everything_else(keras: Any) -> None:
    """Optimizers, losses, metrics, initializers, regularizers and constraints with their defaults; schedules are in
    tests/test_keras_schedules.py."""

    def classes() -> Iterator[tuple[str, str]]:
        for module in ("optimizers", "losses", "metrics", "initializers", "regularizers", "constraints"):
            for name in dir(getattr(keras, module)):
                both = [getattr(getattr(library, module), name, None) for library in (keras, fastnn)]
                if all(isinstance(cls, type) and "get_config" in dir(cls) for cls in both):
                    yield module, name

    compared = []
    for module, name in classes():
        try:
            theirs = made(keras, module, name)
            theirs.get_config()
        except (TypeError, NotImplementedError):  # a base class, or a wrapper of a function
            continue
        assert_same_config(theirs, made(fastnn, module, name))
        compared.append(name)
    assert len(compared) > 80


def test_what_keras_alone_has_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^LayerNormalization: expected rms_scaling False, got True$"):
        layers.LayerNormalization(rms_scaling=True)
    with pytest.raises(ValueError, match=r"^BatchNormalization: expected renorm False, got True$"):
        layers.BatchNormalization(renorm=True)
    with pytest.raises(ValueError, match=r"^Conv2D: expected data_format 'channels_last', got 'channels_first'$"):
        layers.Conv2D.from_config({"filters": 2, "kernel_size": 3, "data_format": "channels_first"})
    for dtype in ("float16", "mixed_bfloat16", {"class_name": "DTypePolicy", "config": {"name": "mixed_bfloat16"}}):
        with pytest.raises(TypeError, match=r"^Dense: expected dtype float32, got (float16|mixed_bfloat16)$"):
            layers.Dense(3, dtype=dtype)
    with pytest.raises(ValueError, match=r"^adam: expected loss_scale_factor None, .*, got 8$"):
        fastnn.optimizers.Adam(loss_scale_factor=8)
