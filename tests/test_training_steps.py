"""Steps of fit and of single batches: weights of samples and classes, gradients added up, programs or eagerly."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras_cases import CASES, LayerCase
from tolerances import assert_same_bits

import fastnn
from fastnn import Sequential, Tensor, layers, losses, metrics, optimizers
from fastnn import functional as F


@pytest.fixture(autouse=True)
def no_warning() -> Iterator[None]:
    """A step that isn't recorded says so: no warning means that all were."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        yield


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def classifier(optimizer: Any = "sgd", **options: Any) -> Sequential:
    fastnn.manual_seed(3)
    model = Sequential([fastnn.Input((5,)), layers.Dense(8, activation="relu"), layers.Dense(3, activation="softmax")])
    model.compile(optimizer, "sparse_categorical_crossentropy", **options)
    return model


X, Y = numbers(40, 5), np.random.default_rng(1).integers(0, 3, 40)
WEIGHTS = np.random.default_rng(2).uniform(0, 2, 40).astype(np.float32)


def assert_same_weights(a: Sequential, b: Sequential) -> None:
    for mine, other in zip(a.get_weights(), b.get_weights(), strict=True):
        assert_same_bits(mine, other, "weights")


# ---- weights of samples and classes ----------------------------------------------------------------------------------


def test_weighted_losses_are_divided_by_the_number_of_samples() -> None:
    model = classifier(metrics=["accuracy"], weighted_metrics=["accuracy", metrics.MeanSquaredError(name="mse")][:1])
    probabilities = model.predict(X)
    each = -np.log(probabilities[np.arange(40), Y])
    right = probabilities.argmax(axis=1) == Y
    logs = model.evaluate(X, Y, sample_weight=WEIGHTS, batch_size=40, verbose=0, return_dict=True)
    assert logs["loss"] == pytest.approx((each * WEIGHTS).mean(), rel=1e-5)
    assert logs["accuracy"] == pytest.approx(right.mean())
    assert logs["weighted_accuracy"] == pytest.approx((right * WEIGHTS).sum() / WEIGHTS.sum(), rel=1e-5)
    plain = model.evaluate(X, Y, batch_size=40, verbose=0, return_dict=True)
    assert plain["loss"] == pytest.approx(each.mean(), rel=1e-5)
    assert plain["weighted_accuracy"] == plain["accuracy"] == logs["accuracy"]
    assert model.recorded


def test_a_weight_of_two_counts_as_the_sample_twice_and_zero_as_none() -> None:
    weights = np.zeros(40, np.float32)
    weights[:8], weights[8:16] = 1, 2
    one, other = classifier(optimizers.SGD(0.1 * 40)), classifier(optimizers.SGD(0.1 * 24))
    repeated = np.concatenate([np.arange(16), np.arange(8, 16)])
    for _ in range(4):
        one.fit(X, Y, sample_weight=weights, batch_size=40, verbose=0, shuffle=False)
        other.fit(X[repeated], Y[repeated], batch_size=24, verbose=0, shuffle=False)
    for mine, theirs in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("labels", ["numbers", "column", "one-hot"])
def test_class_weights_are_weights_of_samples(labels: str) -> None:
    y: np.ndarray = {"numbers": Y, "column": Y[:, None], "one-hot": fastnn.utils.to_categorical(Y)}[labels]
    class_weight = {0: 0.5, 2: 3.0}
    models = [classifier("adam") for _ in range(2)]
    if labels == "one-hot":
        for model in models:
            model.compile("adam", "categorical_crossentropy")
    given: list[dict[str, Any]] = [
        {"class_weight": class_weight},
        {"sample_weight": np.array([class_weight.get(int(label), 1.0) for label in Y])},
    ]
    for model, options in zip(models, given, strict=True):
        model.fit(X, y, epochs=2, batch_size=16, verbose=0, **options)
        assert model.recorded
    assert_same_weights(*models)


def test_weights_in_validation_data_and_of_validation_splits() -> None:
    model = classifier()
    history = model.fit(
        X[:20], Y[:20], validation_data=(X[20:], Y[20:], WEIGHTS[20:]), epochs=3, batch_size=8, verbose=0
    ).history
    want = model.evaluate(X[20:], Y[20:], sample_weight=WEIGHTS[20:], batch_size=8, verbose=0)
    assert history["val_loss"][-1] == want
    other = classifier()
    split = other.fit(
        X, Y, sample_weight=WEIGHTS, validation_split=0.5, epochs=3, batch_size=8, verbose=0, shuffle=False
    ).history
    assert split["val_loss"][-1] == other.evaluate(X[20:], Y[20:], sample_weight=WEIGHTS[20:], batch_size=8, verbose=0)
    assert model.recorded
    assert other.recorded


def test_weights_of_steps() -> None:
    model = Sequential([fastnn.Input((6, 4)), layers.SimpleRNN(3, return_sequences=True), layers.Dense(1)])
    model.compile("sgd", losses.MeanSquaredError())
    x, y, weights = numbers(8, 6, 4), numbers(8, 6, 1), np.abs(numbers(8, 6, seed=3))
    squares = ((model.predict(x) - y) ** 2)[..., 0]
    got = model.evaluate(x, y, sample_weight=weights, batch_size=8, verbose=0)
    assert got == pytest.approx((squares * weights).mean(), rel=1e-5)
    model.fit(x, y, sample_weight=weights, epochs=3, batch_size=4, verbose=0)
    assert model.recorded


def test_wrong_weights_are_refused() -> None:
    model = classifier()
    with pytest.raises(ValueError, match="fit: expected sample_weight or class_weight, got both"):
        model.fit(X, Y, sample_weight=WEIGHTS, class_weight={0: 1.0}, verbose=0)
    with pytest.raises(ValueError, match="fit: expected a sample_weight for each of 40 samples, got 3"):
        model.fit(X, Y, sample_weight=WEIGHTS[:3], verbose=0)
    with pytest.raises(TypeError, match="fit: expected class_weight to map class numbers to weights, got 2"):
        model.fit(X, Y, class_weight=2, verbose=0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"loss: expected sample_weight that broadcasts to \(40,\), got \(40, 7\)"):
        model.fit(X, Y, sample_weight=np.ones((40, 7)), verbose=0)
    with pytest.raises(ValueError, match="fit: validation_data: expected data y, got None"):
        model.fit(X, Y, validation_data=(X,), verbose=0)
    with pytest.raises(TypeError, match="compile: expected weighted_metrics to be a list"):
        model.compile("sgd", "mse", weighted_metrics="mse")
    with pytest.raises(TypeError, match="compile: expected run_eagerly to be True or False, got 1"):
        model.compile("sgd", "mse", run_eagerly=1)  # type: ignore[arg-type]


# ---- single batches --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
def test_batches_one_by_one_train_as_fit_does(weighted: bool) -> None:
    whole, single = (classifier("adam", metrics=["accuracy"]) for _ in range(2))
    weights = WEIGHTS if weighted else None
    for _ in range(3):
        history = whole.fit(X, Y, sample_weight=weights, batch_size=16, verbose=0, shuffle=False).history
        accuracy = 0.0
        for start in range(0, 40, 16):
            part = slice(start, start + 16)
            logs = single.train_on_batch(
                X[part], Y[part], sample_weight=None if weights is None else weights[part], return_dict=True
            )
            assert isinstance(logs, dict)
            accuracy += logs["accuracy"] * len(X[part]) / 40  # of this batch alone
        assert history["accuracy"] == [pytest.approx(accuracy)]
    assert_same_weights(whole, single)
    assert single.recorded


def test_what_single_batches_return() -> None:
    model = classifier()
    loss = model.train_on_batch(X, Y)
    assert isinstance(loss, float)
    before = model.get_weights()
    assert model.test_on_batch(X, Y, sample_weight=WEIGHTS) == pytest.approx(
        model.evaluate(X, Y, sample_weight=WEIGHTS, batch_size=40, verbose=0)
    )
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    both = model.test_on_batch(X, Y)
    assert isinstance(both, list)
    assert len(both) == 2
    for mine, other in zip(model.get_weights(), before, strict=True):
        assert_same_bits(mine, other, "weights")
    for size in (40, 7, 1, 40, 40):
        assert_same_bits(model.predict_on_batch(X[:size]), model.predict(X[:size]), "predict_on_batch")
    assert model.predict_on_batch(X[:0]).shape == (0, 3)
    with pytest.raises(IndexError, match="labels"):
        model.train_on_batch(X, Y + 3)
    with pytest.raises(RuntimeError, match="train_on_batch: expected a compiled model"):
        Sequential([layers.Dense(2)]).train_on_batch(X, Y)


# ---- gradients added up ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "Lion", "Nadam"])
def test_adding_up_gradients_is_a_step_with_their_mean(name: str) -> None:
    def make(**options: Any) -> Sequential:
        return classifier(getattr(optimizers, name)(0.05, clipnorm=0.5, **options))

    added, whole = make(gradient_accumulation_steps=4), make()
    for _ in range(3):
        added.fit(X, Y, batch_size=10, verbose=0, shuffle=False)
        whole.fit(X, Y, batch_size=40, verbose=0, shuffle=False)
    for mine, theirs in zip(added.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=2e-5)
    optimizer = added.optimizer
    assert optimizer is not None
    assert optimizer.iterations == 3
    assert optimizer.get_config()["gradient_accumulation_steps"] == 4
    assert added.recorded
    assert len({info["replays"] for info in added._train_step.info()}) == 2  # one program adds up, one changes


def test_adding_up_goes_on_in_files_and_own_loops(tmp_path: Path) -> None:
    def make() -> Sequential:
        return classifier(optimizers.Adam(0.05, gradient_accumulation_steps=3))

    fitted, saved, looped = make(), make(), make()
    fitted.fit(X, Y, epochs=2, batch_size=8, verbose=0, shuffle=False)
    for start in range(0, 32, 8):
        saved.train_on_batch(X[start : start + 8], Y[start : start + 8])
    saved.save(tmp_path / "model.fastnn")
    loaded = fastnn.models.load_model(tmp_path / "model.fastnn")
    for start in (32, 0, 8, 16, 24, 32):
        loaded.train_on_batch(X[start : start + 8], Y[start : start + 8])
    assert_same_weights(loaded, fitted)  # type: ignore[arg-type]
    optimizer, loss = looped.optimizer, losses.SparseCategoricalCrossentropy()
    assert optimizer is not None

    @fastnn.compile
    def step(x: Tensor, y: Tensor) -> Tensor:
        value = loss(y, looped(x, training=True))
        optimizer.minimize(value, looped.trainable_weights)
        return value

    for _ in range(2):
        for start in range(0, 40, 8):
            step(X[start : start + 8], Y[start : start + 8])
    assert_same_weights(looped, fitted)
    assert step.recorded
    assert len(step._worlds) <= 3


def test_wrong_numbers_of_steps_to_add_up() -> None:
    for wrong in (1, 0, 1.5, True):
        with pytest.raises(ValueError, match="adam: expected gradient_accumulation_steps"):
            optimizers.Adam(gradient_accumulation_steps=wrong)  # type: ignore[arg-type]


# ---- programs, or not ------------------------------------------------------------------------------------------------


class Looking(layers.Layer):
    """A layer that decides by values."""

    def call(self, inputs: Tensor) -> Tensor:
        if F.max(inputs) > 1:
            return inputs * 2
        return inputs


def test_layers_that_can_not_be_recorded_run_eagerly_with_one_warning() -> None:
    model = Sequential([fastnn.Input((5,)), Looking(), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    reason = r"test_training_steps.py:\d+: Python reads the values of a Tensor"
    with pytest.warns(RuntimeWarning, match=f"^train runs without a program: .*{reason}"):
        model.fit(X, Y, epochs=3, batch_size=16, verbose=0)
    with pytest.warns(RuntimeWarning, match=f"^predict runs without a program: .*{reason}"):
        model.predict(X)
    model.predict(X)
    assert not model.recorded
    assert len(model.eager_reasons()) >= 2
    assert all("test_training_steps.py:" in sentence for sentence in model.eager_reasons())


def test_run_eagerly_runs_the_model_s_python_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    def calls() -> int:  # a change of an object would be a reason to run eagerly
        return capsys.readouterr().out.count("called")

    class Counting(layers.Layer):
        def call(self, inputs: Tensor) -> Tensor:
            print("called")
            return inputs

    def make(eagerly: bool) -> Sequential:
        fastnn.manual_seed(1)
        model = Sequential([fastnn.Input((5,)), Counting(), layers.Dropout(0.5), layers.Dense(3, activation="softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=eagerly)
        return model

    eager, program = make(True), make(False)
    assert eager.run_eagerly
    for model, low, high in ((eager, 30, 40), (program, 0, 15)):
        calls()
        model.fit(X, Y, batch_size=8, epochs=6, verbose=0)
        assert low <= calls() <= high
    assert_same_weights(eager, program)
    assert not eager.recorded
    assert program.recorded
    assert eager.eager_reasons() == []
    calls()
    for _ in range(4):
        eager.predict(X, batch_size=40)
    assert calls() >= 4
    eager.run_eagerly = False
    eager.fit(X, Y, batch_size=8, epochs=2, verbose=0)
    assert eager._train_step.recorded


def test_calls_under_no_grad_are_programs_with_all_that_results_carry(capsys: pytest.CaptureFixture[str]) -> None:
    def calls() -> int:
        return capsys.readouterr().out.count("called")

    class Net(fastnn.Model):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = layers.Embedding(7, 4, mask_zero=True)
            self.rnn = layers.LSTM(3, return_sequences=True)
            self.out = layers.Dense(3, activation="softmax")

        def call(self, x: Tensor, training: bool = False) -> Tensor:
            print("called")
            return self.out(self.rnn(self.embedding(x)))

    model = Net()
    ids = np.random.default_rng(0).integers(0, 7, (6, 5))
    want = model(ids)
    calls()
    loss = losses.SparseCategoricalCrossentropy()
    labels = np.zeros((6, 5), np.int64)
    for _ in range(6):
        with fastnn.no_grad():
            got = model(ids)
        assert_same_bits(got.numpy(), want.numpy(), "result")
        assert got.activation == "softmax"
        assert got.logits is not None
        assert_same_bits(got.logits.numpy(), want.logits.numpy(), "logits")
        assert_same_bits(got._mask.numpy(), want._mask.numpy(), "mask")
        assert loss(labels, got).item() == loss(labels, want).item()
        assert not got.requires_grad
    assert calls() == 2
    assert model(ids).requires_grad
    assert calls() == 1
    model.embedding.set_weights([np.zeros((7, 4), np.float32)])
    with fastnn.no_grad():
        changed = model(ids)
    assert_same_bits(changed.numpy(), model(ids).numpy(), "after the change")


def test_calls_of_models_with_several_results_or_own_arguments() -> None:
    class Two(fastnn.Model):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.other = layers.Dense(2), layers.Dense(3)

        def call(self, x: Tensor, scale: float = 1.0) -> tuple[Tensor, Tensor]:
            return self.one(x) * scale, self.other(x)

    model = Two()
    a, b = model(X)
    with fastnn.no_grad():
        for _ in range(4):
            c, d = model(X)
            assert_same_bits(c.numpy(), a.numpy(), "one")
            assert_same_bits(d.numpy(), b.numpy(), "other")
        assert_same_bits(model(X, scale=2.0)[0].numpy(), 2 * a.numpy(), "scaled")


# ---- every layer -----------------------------------------------------------------------------------------------------


class Around(fastnn.Model):
    """A case's layer, with a weight so that there is something to train."""

    def __init__(self, case: LayerCase, others: list[np.ndarray]) -> None:
        super().__init__()
        self.case = case
        self.layer = case.make(layers)
        self.gain = layers.Dense(1, use_bias=False, kernel_initializer="ones")
        self.others, self.options = others, case.call

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        def constant(value: Any) -> Any:
            """As many rows of an array as the batch has."""
            return fastnn.constant(value[: len(x)]) if isinstance(value, np.ndarray) else value

        inputs: Any = [x, *map(constant, self.others)]
        options = {
            name: [constant(item) for item in value] if isinstance(value, list) else constant(value)
            for name, value in self.options.items()
        }
        given = [inputs] if self.others else [x] * self.case.times
        result = self.layer(*given, **options)
        if isinstance(result, list | tuple):
            result = result[0]
        return self.gain(result.astype("float32"))


MORE_CASES = [  # layers that Keras's cases leave out
    LayerCase("ActivityRegularization", lambda L: L.ActivityRegularization(l2=0.1), (3, 4)),
    LayerCase("Normalization", lambda L: L.Normalization(mean=0.5, variance=2.0), (3, 4)),
    LayerCase("Discretization", lambda L: L.Discretization(bin_boundaries=[-1.0, 0.0, 1.0]), (3, 4)),
    LayerCase("CategoryEncoding", lambda L: L.CategoryEncoding(num_tokens=5), (3, 4), ids=5),
    LayerCase("Rescaling", lambda L: L.Rescaling(0.5, 1.0), (3, 4)),
    LayerCase("Resizing", lambda L: L.Resizing(4, 4), (3, 6, 6, 2)),
    LayerCase("CenterCrop", lambda L: L.CenterCrop(4, 4), (3, 6, 6, 2)),
    LayerCase("RandomCrop", lambda L: L.RandomCrop(4, 4), (3, 6, 6, 2)),
    LayerCase("RandomFlip", lambda L: L.RandomFlip(), (3, 6, 6, 2)),
    LayerCase("RandomRotation", lambda L: L.RandomRotation(0.1), (3, 6, 6, 2)),
    LayerCase("RandomTranslation", lambda L: L.RandomTranslation(0.1, 0.1), (3, 6, 6, 2)),
    LayerCase("RandomZoom", lambda L: L.RandomZoom(0.1), (3, 6, 6, 2)),
    LayerCase("RandomBrightness", lambda L: L.RandomBrightness(0.1), (3, 6, 6, 2)),
    LayerCase("RandomContrast", lambda L: L.RandomContrast(0.1), (3, 6, 6, 2)),
    LayerCase("RandomSaturation", lambda L: L.RandomSaturation(0.8), (3, 6, 6, 3)),
    LayerCase("RandomHue", lambda L: L.RandomHue(0.8), (3, 6, 6, 3)),
    LayerCase("RandomSharpness", lambda L: L.RandomSharpness(0.8), (3, 6, 6, 3)),
    LayerCase("RandomColorDegeneration", lambda L: L.RandomColorDegeneration(0.8), (3, 6, 6, 3)),
    LayerCase("RandomGrayscale", lambda L: L.RandomGrayscale(), (3, 6, 6, 3)),
    LayerCase("RandomInvert", lambda L: L.RandomInvert(), (3, 6, 6, 3)),
    LayerCase("RandomPosterization", lambda L: L.RandomPosterization(4), (3, 6, 6, 3)),
    LayerCase("Solarization", lambda L: L.Solarization(0.1, 0.5), (3, 6, 6, 3)),
    LayerCase("RandomShear", lambda L: L.RandomShear(0.3, 0.3), (3, 6, 6, 2)),
    LayerCase("RandomPerspective", lambda L: L.RandomPerspective(), (3, 6, 6, 2)),
    LayerCase("RandomElasticTransform", lambda L: L.RandomElasticTransform(), (3, 6, 6, 2)),
    LayerCase("RandomGaussianBlur", lambda L: L.RandomGaussianBlur(), (3, 6, 6, 2)),
    LayerCase("RandomErasing", lambda L: L.RandomErasing(), (3, 6, 6, 2)),
    LayerCase("Equalization", lambda L: L.Equalization(), (3, 6, 6, 2)),
    LayerCase("CLAHE", lambda L: L.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(2, 4)), (3, 6, 6, 2)),
    LayerCase("MixUp", lambda L: L.MixUp(), (3, 6, 6, 2)),
    LayerCase("CutMix", lambda L: L.CutMix(), (3, 6, 6, 2)),
    LayerCase("MaxNumBoundingBoxes", lambda L: L.MaxNumBoundingBoxes(5), (3, 6, 6, 2)),
    LayerCase("RandomColorJitter", lambda L: L.RandomColorJitter((-3, 3), 0.1, 0.1, 0.8, 0.1), (3, 6, 6, 3)),
    LayerCase("RandAugment", lambda L: L.RandAugment((-3, 3), num_ops=1), (3, 6, 6, 3)),
    LayerCase("AugMix", lambda L: L.AugMix((-3, 3), num_chains=2, chain_depth=1), (3, 6, 6, 3)),
    LayerCase("AutoContrast", lambda L: L.AutoContrast(), (3, 6, 6, 3)),
]
OUTSIDE = {  # of a model in `fit`
    "Layer": "is abstract",
    "Wrapper": "is abstract",
    "InputLayer": "computes nothing",
    "StringLookup": "takes texts",
    "TextVectorization": "takes texts",
    "IntegerLookup": "is called on data before the model, not inside of it",
}


def test_every_layer_has_a_case_that_trains() -> None:
    """A layer of the library is trained in programs by the test below, or stands here with the reason."""
    there = {
        cls.__name__
        for cls in (getattr(layers, name) for name in layers.__all__)
        if isinstance(cls, type) and issubclass(cls, layers.Layer)
    }
    trained = {type(node).__name__ for case in (*CASES, *MORE_CASES) for _, node in case.make(layers)._walk()}
    assert there - trained == set(OUTSIDE)


@pytest.mark.parametrize("case", [case for case in (*CASES, *MORE_CASES) if case.loss], ids=str)
def test_every_layer_trains_in_programs(case: LayerCase) -> None:
    first, *others = case.inputs()
    model = Around(case, others)
    size = len(first)
    x = np.concatenate([first] * 5)
    y = np.zeros((5 * size, *model(first).shape[1:]), np.float32)
    model.compile("sgd", "mse", metrics=["mae"])
    model.fit(x, y, batch_size=size, epochs=2, verbose=0)
    model.evaluate(x, y, batch_size=size, verbose=0)
    model.predict(x, batch_size=size)
    assert model.recorded
    assert model.eager_reasons() == []
    assert max(info["replays"] for info in model._train_step.info()) == 8


class Positions(layers.Layer):
    """Adds a row of a table for each place in the sequence, of ids that `call` makes."""

    def __init__(self, make: Any) -> None:
        super().__init__()
        self.make, self.table = make, layers.Embedding(5, 1)

    def call(self, x: Tensor) -> Tensor:
        return x + self.table(self.make(x.shape[1]))[:, 0]


def test_ids_that_call_makes_are_part_of_the_program_when_fastnn_makes_them() -> None:
    model = Sequential([fastnn.Input((5,)), Positions(fastnn.arange), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=8, epochs=2, verbose=0)
    assert model.recorded
    other = Sequential([fastnn.Input((5,)), Positions(np.arange), layers.Dense(1)])
    other.compile("sgd", "mse")
    wanted = r"test_training_steps.py:\d+: embedding: ids \(5,\) is neither .* make it with fastnn.arange or the like"
    with pytest.warns(RuntimeWarning, match=wanted):
        other.fit(X, Y, batch_size=8, epochs=2, verbose=0)
