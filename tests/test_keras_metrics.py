"""Metrics against Keras 3 on TensorFlow: streamed results with and without weights, configurations, names, fit."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import metrics

pytestmark = pytest.mark.keras

Case = tuple[str, dict[str, Any], str]

NUMBERS = [
    "MeanSquaredError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredLogarithmicError",
    "RootMeanSquaredError",
    "LogCoshError",
    "CosineSimilarity",
    "PearsonCorrelation",
    "ConcordanceCorrelation",
    "Hinge",
    "SquaredHinge",
    "R2Score",
]
CASES: list[Case] = [
    *((name, {}, "numbers") for name in NUMBERS),
    ("R2Score", {"class_aggregation": "variance_weighted_average"}, "numbers"),
    ("R2Score", {"class_aggregation": None}, "numbers"),
    ("R2Score", {"num_regressors": 2}, "numbers"),
    ("KLDivergence", {}, "one-hot"),
    ("Poisson", {}, "one-hot"),
    ("CategoricalHinge", {}, "one-hot"),
    ("BinaryCrossentropy", {}, "binary"),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, "binary"),
    ("CategoricalCrossentropy", {}, "one-hot"),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, "one-hot"),
    ("SparseCategoricalCrossentropy", {}, "sparse"),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1, "from_logits": True}, "sparse"),
    ("Accuracy", {}, "classes"),
    ("BinaryAccuracy", {}, "binary"),
    ("BinaryAccuracy", {"threshold": 0.3}, "binary"),
    ("CategoricalAccuracy", {}, "one-hot"),
    ("SparseCategoricalAccuracy", {}, "sparse"),
    ("TopKCategoricalAccuracy", {"k": 2}, "one-hot"),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, "sparse"),
    *((name, {}, "binary") for name in ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives")),
    ("TruePositives", {"thresholds": [0.1, 0.5, 0.9]}, "binary"),
    ("FalseNegatives", {"thresholds": [0.0, 0.5, 1.0]}, "binary"),
    ("Precision", {}, "binary"),
    ("Precision", {"thresholds": [0.0, 0.25, 0.5, 0.75, 1.0]}, "binary"),
    ("Precision", {"top_k": 2}, "one-hot"),
    ("Precision", {"class_id": 1, "thresholds": 0.3}, "one-hot"),
    ("Recall", {}, "binary"),
    ("Recall", {"top_k": 2, "class_id": 2}, "one-hot"),
    ("Recall", {"thresholds": [0.2, 0.4]}, "binary"),
    ("SensitivityAtSpecificity", {"specificity": 0.5}, "binary"),
    ("SpecificityAtSensitivity", {"sensitivity": 0.6, "num_thresholds": 20}, "binary"),
    ("PrecisionAtRecall", {"recall": 0.5}, "binary"),
    ("RecallAtPrecision", {"precision": 0.6, "num_thresholds": 1}, "binary"),
    ("RecallAtPrecision", {"precision": 0.3, "class_id": 1}, "one-hot"),
    *(
        ("AUC", {"curve": curve, "summation_method": method}, "binary")
        for curve in ("ROC", "PR", "PRGAIN")
        for method in ("interpolation", "minoring", "majoring")
    ),
    ("AUC", {"num_thresholds": 7}, "binary"),
    ("AUC", {"thresholds": [0.2, 0.7, 0.4]}, "binary"),
    ("AUC", {"thresholds": [0.25, 0.5, 0.75]}, "binary"),
    ("AUC", {"from_logits": True}, "binary"),
    ("AUC", {"multi_label": True}, "one-hot"),
    ("AUC", {"multi_label": True, "num_labels": 4, "curve": "PR"}, "one-hot"),
    ("AUC", {"multi_label": True, "label_weights": [0.1, 0.2, 0.3, 0.4]}, "one-hot"),
    ("AUC", {"label_weights": [0.1, 0.2, 0.3, 0.4]}, "one-hot"),
    ("F1Score", {}, "one-hot"),
    ("F1Score", {"average": "micro"}, "one-hot"),
    ("F1Score", {"average": "macro", "threshold": 0.4}, "one-hot"),
    ("FBetaScore", {"average": "weighted", "beta": 2.0}, "one-hot"),
    ("IoU", {"num_classes": 4, "target_class_ids": [0, 2]}, "classes"),
    ("IoU", {"num_classes": 3, "target_class_ids": [0, 2], "ignore_class": 1}, "classes"),
    ("MeanIoU", {"num_classes": 4}, "classes"),
    ("MeanIoU", {"num_classes": 4, "dtype": "float32", "sparse_y_pred": False}, "sparse"),
    ("BinaryIoU", {"threshold": 0.3}, "binary"),
    ("BinaryIoU", {"target_class_ids": [1]}, "binary"),
    ("OneHotIoU", {"num_classes": 4, "target_class_ids": [1, 3]}, "one-hot"),
    ("OneHotMeanIoU", {"num_classes": 4}, "one-hot"),
]


def batches_of(kind: str, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Three batches of labels and predictions, the last one smaller; some predictions lie on thresholds."""
    result = []
    for size in (7, 7, 4):
        p = np.round(rng.uniform(0, 1, (size, 4)), 2).astype(np.float32)
        p[0] = [0.0, 0.25, 0.5, 1.0]
        if kind == "numbers":
            result.append((rng.standard_normal((size, 4)).astype(np.float32), p))
        elif kind == "binary":
            result.append((rng.integers(0, 2, (size, 4)).astype(np.float32), p))
        elif kind == "one-hot":
            result.append((np.eye(4, dtype=np.float32)[rng.integers(0, 4, size)], p))
        elif kind == "sparse":
            result.append((rng.integers(0, 4, size), p))
        else:
            result.append((rng.integers(0, 4, size), rng.integers(0, 4, size)))
    return result


def both(case: Case, keras: Any) -> tuple[Any, Any]:
    name, options, _ = case
    return getattr(keras.metrics, name)(**options), getattr(metrics, name)(**options)


def equal(ours: Any, theirs: Any) -> None:
    np.testing.assert_allclose(ours.result(), np.asarray(theirs.result()), rtol=2e-5, atol=1e-5)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
def test_streaming(case: Case, weighted: bool, keras: Any, rng: np.random.Generator) -> None:
    theirs, ours = both(case, keras)
    whole = case[0].endswith("IoU") and case[1].get("dtype") is None
    for y, p in batches_of(case[2], rng):
        weight = None
        if weighted:
            weight = rng.integers(0, 3, len(y)).astype(np.int32 if whole else np.float32)
            if whole and case[0] == "BinaryIoU":
                weight = np.repeat(weight, 4)
        theirs.update_state(y, p, sample_weight=weight)
        ours.update_state(y, p, sample_weight=weight)
        equal(ours, theirs)
    theirs.reset_state()
    ours.reset_state()
    y, p = batches_of(case[2], rng)[0]
    theirs.update_state(y, p)
    ours.update_state(y, p)
    equal(ours, theirs)


ELEMENTS = [case for case in CASES if case[2] == "binary" and case[0] not in ("BinaryIoU", "BinaryCrossentropy")]


@pytest.mark.parametrize("case", ELEMENTS, ids=str)
def test_weights_of_elements(case: Case, keras: Any, rng: np.random.Generator) -> None:
    theirs, ours = both(case, keras)
    for y, p in batches_of(case[2], rng):
        for shape in (y.shape, (len(y), 1)):
            weight = rng.uniform(0, 2, shape).astype(np.float32)
            theirs.update_state(y, p, sample_weight=weight)
            ours.update_state(y, p, sample_weight=weight)
            equal(ours, theirs)


# undefined for one number, or refused or broadcast by Keras
NEED_THE_LAST_AXIS = ("R2Score", "PearsonCorrelation", "BinaryCrossentropy", "Hinge", "SquaredHinge")
NUMBERS = [case for case in CASES if case[2] in ("binary", "numbers") and case[0] not in NEED_THE_LAST_AXIS]


@pytest.mark.parametrize("case", NUMBERS, ids=str)
def test_labels_without_the_last_axis(case: Case, keras: Any, rng: np.random.Generator) -> None:
    theirs, ours = both(case, keras)
    for y, p in batches_of(case[2], rng):
        theirs.update_state(y[:, 0], p[:, :1])
        ours.update_state(y[:, 0], p[:, :1])
        equal(ours, theirs)
        theirs.update_state(y[:, 0], p[:, 0])
        ours.update_state(y[:, 0], p[:, 0])
        equal(ours, theirs)


@pytest.mark.parametrize("name", ["MeanSquaredError", "BinaryAccuracy", "SparseCategoricalAccuracy", "KLDivergence"])
@pytest.mark.parametrize("weight_shape", [None, (3,), (3, 5)])
@pytest.mark.parametrize("masked", [False, True])
def test_sequences(name: str, weight_shape: Any, masked: bool, keras: Any, rng: np.random.Generator) -> None:
    """Means over (samples, steps), weights of samples and of steps, and masks."""
    theirs, ours = getattr(keras.metrics, name)(), getattr(metrics, name)()
    for _ in range(2):
        p = rng.uniform(0, 1, (3, 5, 4)).astype(np.float32)
        y = rng.integers(0, 4, (3, 5)) if name.startswith("Sparse") else rng.integers(0, 2, p.shape).astype(np.float32)
        weight = None if weight_shape is None else rng.uniform(0, 2, weight_shape).astype(np.float32)
        other, own = keras.ops.convert_to_tensor(p), fastnn.Tensor(p)
        if masked:
            if weight_shape == (3,):
                return
            mask = rng.integers(0, 2, (3, 5)).astype(bool)
            other._keras_mask, own._mask = keras.ops.convert_to_tensor(mask), fastnn.Tensor(mask)
        theirs.update_state(y, other, sample_weight=weight)
        ours.update_state(y, own, sample_weight=weight)
        equal(ours, theirs)


@pytest.mark.parametrize("name", ["Mean", "Sum"])
def test_means_and_sums(name: str, keras: Any, rng: np.random.Generator) -> None:
    theirs, ours = getattr(keras.metrics, name)(), getattr(metrics, name)()
    equal(ours, theirs)
    for values, weight in (
        (3.0, None),
        ([1.0, 2.0, 4.0], None),
        ([1.0, 2.0, 4.0], [1.0, 0.5, 0.0]),
        (rng.standard_normal((3, 4)).astype(np.float32), [1.0, 0.5, 0.0]),
        (rng.standard_normal((3, 4)).astype(np.float32), rng.uniform(0, 1, (3, 4)).astype(np.float32)),
        (rng.standard_normal((3, 4, 2)).astype(np.float32), rng.uniform(0, 1, (3, 1)).astype(np.float32)),
        (2.0, 3.0),
    ):
        theirs.update_state(values, sample_weight=weight)
        ours.update_state(values, sample_weight=weight)
        equal(ours, theirs)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_configurations(case: Case, keras: Any) -> None:
    name, options, _ = case
    theirs = getattr(keras.metrics, name)(**options, name="own").get_config()
    ours = getattr(metrics, name)(**options, name="own").get_config()
    if case[0] == "AUC" and theirs["label_weights"] is not None:
        theirs["label_weights"] = pytest.approx(np.asarray(theirs["label_weights"]).tolist())
    assert {key: ours[key] for key in theirs} == theirs
    assert getattr(metrics, name).from_config(ours).get_config() == ours
    assert metrics.deserialize(metrics.serialize(getattr(metrics, name).from_config(ours))).get_config() == ours


def test_names(keras: Any) -> None:
    from keras.src.metrics import ALL_OBJECTS_DICT

    needs_arguments = {"IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU", "MeanMetricWrapper", "Metric"}
    for name, cls in ALL_OBJECTS_DICT.items():
        if cls.__name__ in needs_arguments or "At" in cls.__name__:
            continue
        ours = metrics.get(name)
        assert type(ours).__name__ == cls.__name__
        if inspect.signature(cls).parameters["name"].default is not None:
            assert ours.name == keras.metrics.get(name).name
    public = {name for name in dir(keras.metrics) if not name.startswith("_")}
    assert public == set(metrics.__all__)


def test_signatures(keras: Any) -> None:
    def parameters(function: Any) -> list[tuple[str, Any]]:
        return [(p.name, p.default) for p in inspect.signature(function).parameters.values()]

    for name in metrics.__all__:
        if name not in ("Metric", "MeanMetricWrapper", "get"):
            assert parameters(getattr(metrics, name)) == parameters(getattr(keras.metrics, name)), name


FITTED: list[tuple[str, Callable[[Any], list[Any]]]] = [
    ("binary", lambda library: ["accuracy", "mse", "AUC", library.metrics.Precision(name="p"), "poisson", "Recall"]),
    ("sparse", lambda library: ["acc", "sparse_top_k_categorical_accuracy", "sparse_categorical_crossentropy"]),
    ("one-hot", lambda library: ["Accuracy", library.metrics.F1Score(average="macro"), "kl_divergence", "R2Score"]),
    (
        "one-hot",
        lambda library: [
            library.metrics.AUC(multi_label=True, name="auc"),
            library.metrics.OneHotMeanIoU(6, name="iou"),
        ],
    ),
    (
        "one-hot",
        lambda library: [library.metrics.RecallAtPrecision(0.2, name="r"), "cosine_similarity", "RootMeanSquaredError"],
    ),
]


@pytest.mark.parametrize("number", range(len(FITTED)))
def test_fit(number: int, keras: Any, rng: np.random.Generator) -> None:
    """Recorded in the steps of training and validation, with a last batch that is smaller."""
    kind, make = FITTED[number]
    x = rng.standard_normal((22, 3)).astype(np.float32)
    classes = rng.integers(0, 6, 22)
    y = {"binary": classes[:, None] % 2, "sparse": classes, "one-hot": np.eye(6, dtype=np.float32)[classes]}[kind]
    histories: list[dict[str, list[float]]] = []
    weights = [rng.standard_normal((3, 1 if kind == "binary" else 6)).astype(np.float32)]
    for library in (keras, fastnn):
        units, activation = (1, "sigmoid") if kind == "binary" else (6, "softmax")
        dense = library.layers.Dense(units, activation=activation, use_bias=False)
        model = library.Sequential([library.layers.Input((3,)), dense])
        model.set_weights(weights)
        loss = {"binary": "binary", "sparse": "sparse_categorical", "one-hot": "categorical"}[kind]
        model.compile(library.optimizers.SGD(0.1), loss=f"{loss}_crossentropy", metrics=make(library))
        options = {"batch_size": 5, "epochs": 4, "shuffle": False, "verbose": 0}
        histories.append(model.fit(x, y, validation_data=(x[:8], y[:8]), **options).history)
    assert not model._train_step.eager_reasons()
    theirs, ours = histories
    assert set(ours) == set(theirs)
    for name, want in theirs.items():
        np.testing.assert_allclose(ours[name], want, rtol=1e-4, atol=1e-5, err_msg=name)
