"""Metrics by themselves and in steps: against NumPy, state of your own, names and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Tensor, metrics
from fastnn import functional as F


def test_confusion_counts(rng: np.random.Generator) -> None:
    y, p = rng.integers(0, 2, 40), rng.uniform(0, 1, 40).astype(np.float32)
    weight = rng.integers(0, 4, 40).astype(np.float32)
    positive, right = p > 0.5, y == 1
    for cls, chosen in (
        (metrics.TruePositives, positive & right),
        (metrics.FalsePositives, positive & ~right),
        (metrics.TrueNegatives, ~positive & ~right),
        (metrics.FalseNegatives, ~positive & right),
    ):
        metric = cls()
        assert metric(y, p) == chosen.sum()
        metric.reset_state()
        assert metric(y, p, weight) == weight[chosen].sum()
    assert metrics.Precision()(y, p) == pytest.approx((positive & right).sum() / positive.sum())
    assert metrics.Recall()(y, p) == pytest.approx((positive & right).sum() / right.sum())
    assert metrics.Precision()([0, 1], [0.1, 0.2]) == 0


def test_area_under_the_curve(rng: np.random.Generator) -> None:
    """The share of pairs of a positive and a negative that are in order, with a threshold between all predictions."""
    y, p = rng.integers(0, 2, 60), rng.permutation(60) / 60 + 1 / 120
    pairs = p[y == 1][:, None] - p[y == 0][None, :]
    want = (pairs > 0).mean()
    for thresholds in ({"thresholds": (np.arange(59) + 1) / 60}, {"num_thresholds": 61}):
        metric = metrics.AUC(**thresholds)
        for part in (slice(0, 25), slice(25, 60)):
            metric.update_state(y[part], p[part])
        assert metric.result() == pytest.approx(want, abs=1e-6)
    perfect = metrics.AUC(curve="PR")
    assert perfect([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]) == pytest.approx(1, abs=1e-6)


def test_intersection_over_union() -> None:
    metric = metrics.MeanIoU(3)
    # class 0: 1 of 2, class 1: 1 of 3, class 2: 1 of 1; the label 7 is out of range
    metric.update_state([0, 0, 1, 1, 2, 7], [0, 1, 1, 0, 2, 0])
    assert metric.result() == pytest.approx((1 / 3 + 1 / 3 + 1) / 3, rel=1e-5)
    with pytest.raises(ValueError, match="expected 3 labels, got 2"):
        metric.update_state([0, 1], [0, 1, 2])


def test_state_of_a_metric_is_float32_unless_asked() -> None:
    """Whatever its initializer returns, as in Keras."""

    def ones(shape: tuple[int, ...], dtype: Any = None) -> np.ndarray:
        return np.ones(shape)

    metric = metrics.Metric(name="m")
    assert metric.add_variable((2,), ones).dtype == np.float32
    assert metric.add_weight((2,), ones, "int32").dtype == np.int32
    assert metric.add_variable((2,), "ones").dtype == np.float32


def test_a_metric_of_your_own_with_state(rng: np.random.Generator) -> None:
    """As a Keras tutorial writes it; recorded in the steps, in batches of two sizes."""

    class Hits(metrics.Metric):
        def __init__(self, name: str = "hits", **kwargs: Any) -> None:
            super().__init__(name=name, **kwargs)
            self.hits = self.add_weight(name="hits", initializer="zeros")
            self.seen = self.add_variable(shape=(2,), initializer="zeros", name="seen")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            hit = F.cast(F.equal(F.cast(y_pred > 0.5, "float32"), y_true), "float32")
            self.hits.assign_add(F.sum(hit))
            self.seen.assign(self.seen + F.sum(F.fill(y_pred, 1.0)))

        def result(self) -> Any:
            return self.hits / self.seen[0]

    x = rng.standard_normal((11, 3)).astype(np.float32)
    y = (x[:, :1] > 0).astype(np.float32)
    model = fastnn.Sequential([fastnn.Input((3,)), fastnn.layers.Dense(1, activation="sigmoid")])
    model.compile("sgd", "bce", metrics=[Hits(), "binary_accuracy"])
    history = model.fit(x, y, batch_size=4, epochs=4, verbose=0).history
    assert not model._train_step.eager_reasons()
    np.testing.assert_allclose(history["hits"], history["binary_accuracy"], rtol=1e-6)
    own = model.metrics[1]
    assert isinstance(own, Hits)
    np.testing.assert_array_equal(own.seen.numpy(), [11, 11])
    own.reset_state()
    own.seen.assign(3)
    np.testing.assert_array_equal(own.seen.numpy(), [3, 3])
    assert len(own.variables) == 2


def test_lazily_made_state_and_vectors_in_fit(rng: np.random.Generator) -> None:
    x = rng.standard_normal((10, 3)).astype(np.float32)
    y = np.eye(2, dtype=np.float32)[rng.integers(0, 2, 10)]
    model = fastnn.Sequential([fastnn.Input((3,)), fastnn.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "categorical_crossentropy", metrics=[metrics.F1Score(), metrics.R2Score()])
    history = model.fit(x, y, batch_size=4, epochs=3, verbose=0).history
    assert np.shape(history["f1_score"]) == (3, 2)
    assert np.shape(history["r2_score"]) == (3,)
    result = model.evaluate(x, y, verbose=0, return_dict=True)
    by_hand = metrics.F1Score()
    by_hand.update_state(y, model.predict(x))
    np.testing.assert_allclose(result["f1_score"], by_hand.result(), rtol=1e-6)  # type: ignore[index, call-overload]


def test_a_check_leaves_the_state() -> None:
    metric = metrics.F1Score()
    metric.check([[0.0, 1.0]], [[0.2, 0.8]])
    np.testing.assert_array_equal(metric.result(), [0, 0])
    metric.update_state([[0.0, 1.0]], [[0.2, 0.8]])
    before = metric.result()
    with pytest.raises(ValueError, match="f1_score: expected y_true"):
        metric.check([[0.0, 1.0, 2.0]], [[0.2, 0.8]])
    np.testing.assert_array_equal(metric.result(), before)


def test_numbered_names() -> None:
    first, second = metrics.Recall().name, metrics.Recall().name
    assert first.startswith("recall")
    assert second.startswith("recall_")
    assert first != second
    assert metrics.get("mse").name == "mean_squared_error"
    assert metrics.as_metric("mse").name == "mse"
    assert metrics.as_metric("Accuracy").name == "Accuracy"


def test_masks_weigh(rng: np.random.Generator) -> None:
    y, p = np.zeros((2, 3, 1), np.float32), Tensor(np.arange(6, dtype=np.float32).reshape(2, 3, 1))
    p._mask = Tensor(np.array([[True, False, True], [False, True, False]]))
    metric = metrics.MeanAbsoluteError()
    metric.update_state(y, p)
    # Keras: the mean of each sample's steps, over the mean of their weights
    assert metric.result() == pytest.approx(((0 + 2) / 3 + 4 / 3) / (2 / 3 + 1 / 3))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: metrics.AUC(curve="x"), ValueError, "AUC: expected curve ROC, PR, PRGAIN, got 'x'"),
        (lambda: metrics.AUC(summation_method="x"), ValueError, "AUC: expected summation_method interpolation"),
        (lambda: metrics.AUC(num_thresholds=1), ValueError, "AUC: expected num_thresholds above 1, got 1"),
        (lambda: metrics.AUC(thresholds=[2.0]), ValueError, r"AUC: expected thresholds in \[0, 1\], got \[2.0\]"),
        (lambda: metrics.AUC(num_labels=3), ValueError, "AUC: expected multi_label=True with num_labels"),
        (
            lambda: metrics.AUC(multi_label=True, name="a")([1.0], [0.5]),
            ValueError,
            r"a: expected predictions \(samples",
        ),
        (lambda: metrics.Precision(thresholds=-1), ValueError, r"Precision: expected thresholds in \[0, 1\], got -1"),
        (
            lambda: metrics.Recall(class_id=3, name="r")([[1.0, 0]], [[1.0, 0]]),
            IndexError,
            r"r: expected class_id in \[0, 2",
        ),
        (lambda: metrics.PrecisionAtRecall(2), ValueError, r"PrecisionAtRecall: expected recall in \[0, 1\], got 2"),
        (lambda: metrics.RecallAtPrecision(0.5, 0), ValueError, "num_thresholds to be an integer above 0, got 0"),
        (lambda: metrics.FBetaScore(beta=1), ValueError, "FBetaScore: expected beta to be a float above 0, got 1"),
        (
            lambda: metrics.F1Score(average="all"),
            ValueError,
            "F1Score: expected average None, micro, macro",
        ),
        (lambda: metrics.F1Score(threshold=2.0), ValueError, r"F1Score: expected threshold to be a float in \(0, 1\]"),
        (lambda: metrics.IoU(2, [2]), ValueError, r"IoU: expected target_class_ids in \[0, 2\), got \[2\]"),
        (lambda: metrics.R2Score("x"), ValueError, "R2Score: expected class_aggregation uniform_average"),
        (lambda: metrics.BinaryAccuracy(threshold=3), ValueError, r"BinaryAccuracy: expected threshold in \[0, 1\]"),
        (lambda: metrics.Mean(dtype="float16"), TypeError, "mean: expected dtype float32, float64, int32 or int64"),
        (lambda: metrics.get("acuracy"), ValueError, r"unknown metric 'acuracy'; did you mean 'accuracy'\?"),
        (lambda: metrics.serialize(3), TypeError, "metric: expected a Metric, got 3"),
        (lambda: metrics.Metric().update_state(), NotImplementedError, "Metric does not implement update_state"),
        (
            lambda: metrics.as_metric(lambda a, b: a).get_config(),
            ValueError,
            "expected a function that has a name",
        ),
    ],
)
def test_refused(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
