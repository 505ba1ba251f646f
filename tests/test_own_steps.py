"""Steps of the user's own: train_step, test_step and predict_step of subclasses of Model, as Keras's guides write them.

They are recorded as programs. Where they do what the library's step does, they leave the same bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import functional as F
from fastnn import layers, metrics

RNG = np.random.default_rng(0)
X = RNG.standard_normal((50, 6)).astype(np.float32)
Y = RNG.integers(0, 3, 50)
T = (X @ RNG.standard_normal((6, 1))).astype(np.float32)
W = RNG.uniform(0.5, 2, 50).astype(np.float32)
SIZE = 8


def same_state(one: fastnn.Model, other: fastnn.Model) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True))


class Guide(fastnn.Sequential):
    """The step of Keras's guide, with our tape in place of GradientTape."""

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y, sample_weight = fastnn.utils.unpack_x_y_sample_weight(data)
        y_pred = self(x, training=True)
        loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)
        gradients = fastnn.grad(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))  # type: ignore[union-attr]
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss, sample_weight=F.sum(F.fill(y_pred[:, 0], 1.0)))
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}

    def test_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        y_pred = self(x, training=False)
        for metric in self.metrics:
            metric.update_state(*((self.compute_loss(y=y, y_pred=y_pred),) if metric.name == "loss" else (y, y_pred)))
        return {m.name: m.result() for m in self.metrics}


class Backward(Guide):
    """The same by `backward`, and the optimizer's `apply`."""

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y, sample_weight = fastnn.utils.unpack_x_y_sample_weight(data)
        y_pred = self(x, training=True)
        self.compute_loss(x, y, y_pred, sample_weight).backward()
        self.optimizer.apply([w.grad for w in self.trainable_weights], self.trainable_weights)  # type: ignore[union-attr]
        return self.compute_metrics(x, y, y_pred, sample_weight)


class Around(fastnn.Sequential):
    """Calls the library's own."""

    def train_step(self, data: Any) -> dict[str, Any]:
        return super().train_step(data)

    def test_step(self, data: Any) -> dict[str, Any]:
        return {**super().test_step(data), "seven": 7}


class Loss(fastnn.Sequential):
    """Overrides the loss alone, without Keras's newest argument."""

    def compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> Any:  # type: ignore[override]
        return super().compute_loss(x, y, y_pred, sample_weight)


def make(kind: type[Any], **options: Any) -> Any:
    fastnn.utils.set_random_seed(1)
    stack = [fastnn.Input((6,)), layers.Dense(8, activation="relu", kernel_regularizer="l2"), layers.Dropout(0.3)]
    model = kind([*stack, layers.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **options)
    return model


@pytest.mark.parametrize("kind", [Guide, Backward, Around, Loss])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_same_bits_as_the_librarys_step(kind: type[Any], weighted: bool) -> None:
    want, model, eager = make(fastnn.Sequential), make(kind), make(kind, run_eagerly=True)
    options: dict[str, Any] = {"batch_size": SIZE, "epochs": 3, "verbose": 0}
    options |= {"sample_weight": W} if weighted else {}
    histories = [m.fit(X, Y, **options).history for m in (want, model, eager)]
    assert same_state(model, want)
    assert same_state(eager, want)
    assert model.recorded
    assert model.eager_reasons() == []
    assert histories[1] == histories[2]
    assert list(histories[1]) == list(histories[0])
    np.testing.assert_allclose(histories[1]["accuracy"], histories[0]["accuracy"])
    if kind is not Backward:  # which keeps no running loss
        np.testing.assert_allclose(histories[1]["loss"], histories[0]["loss"], rtol=1e-6)


class Late(fastnn.Model):
    """Its first step makes its weights."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.last = layers.Dense(8, activation="relu"), layers.Dense(3, activation="softmax")
        self.fails = False

    def call(self, x: Any) -> Any:
        return self.last(self.hidden(x))


class LateBackward(Late):
    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        assert x.shape[1:] == (6,), f"data of shape {x.shape}"
        assert all(w.ndim in (1, 2) for w in self.weights)
        loss = self.compute_loss(x, y, self(x, training=True))
        loss.backward()
        if self.fails:
            raise RuntimeError("this step")
        self.optimizer.apply([w.grad for w in self.trainable_weights], self.trainable_weights)  # type: ignore[union-attr]
        return {"loss": loss}


def late(kind: type[Late], **options: Any) -> Late:
    fastnn.utils.set_random_seed(2)
    model = kind()
    model.compile("adam", "sparse_categorical_crossentropy", **options)
    return model


@pytest.mark.parametrize("eagerly", [False, True])
def test_no_gradients_stay_in_weights_that_the_first_step_makes(eagerly: bool) -> None:
    want, model = late(Late), late(LateBackward, run_eagerly=eagerly)
    for one in (want, model):
        one.fit(X, Y, batch_size=SIZE, epochs=2, verbose=0)
    assert same_state(model, want)
    assert model.recorded is not eagerly
    assert model.eager_reasons() == []


def test_no_gradients_stay_after_an_error() -> None:
    want, model = late(Late), late(LateBackward)
    model.fails = True
    for _ in range(2):  # the first one makes the weights
        with pytest.raises(RuntimeError, match="this step"):
            model.train_on_batch(X, Y)
        assert [w.grad for w in model.weights] == [None] * 4
    model.fails = False
    for one in (want, model):
        one.fit(X, Y, batch_size=SIZE, epochs=2, verbose=0)
    assert same_state(model, want)


@pytest.mark.parametrize("data", ["rows", "generator"])
def test_fit_validates_and_evaluates_with_them(data: str) -> None:
    want, model = make(fastnn.Sequential), make(Around)
    options: dict[str, Any] = {"epochs": 2, "verbose": 0, "validation_data": (X, Y)}
    expected = want.fit(X, Y, batch_size=SIZE, shuffle=False, **options).history
    if data == "rows":
        history = model.fit(X, Y, batch_size=SIZE, shuffle=False, **options).history
    else:
        rows = ((X[i : i + SIZE], Y[i : i + SIZE]) for _ in range(2) for i in range(0, 50, SIZE))
        history = model.fit(rows, steps_per_epoch=7, validation_batch_size=SIZE, **options).history
    assert same_state(model, want)
    assert history.pop("val_seven") == [7, 7]
    np.testing.assert_allclose(history["val_loss"], expected["val_loss"], rtol=1e-6)
    results = model.evaluate(X, Y, batch_size=16, verbose=0, return_dict=True)
    assert list(results) == ["loss", "accuracy", "seven"]
    assert results["loss"] == pytest.approx(want.evaluate(X, Y, batch_size=16, verbose=0)[0])
    assert len(model.evaluate(X, Y, verbose=0)) == 3
    assert model.train_on_batch(X[:4], Y[:4], return_dict=True).keys() == {"loss", "accuracy"}
    assert model.test_on_batch(X[:4], Y[:4], return_dict=True).keys() == {"loss", "accuracy", "seven"}


# ---- models that are no row of layers --------------------------------------------------------------------------------


class GAN(fastnn.Model):
    """As Keras's guide has it: two networks, two optimizers, x alone."""

    def __init__(self) -> None:
        super().__init__()
        self.discriminator = fastnn.Sequential(
            [fastnn.Input((2,)), layers.Dense(16, activation="relu"), layers.Dense(1)], name="discriminator"
        )
        self.generator = fastnn.Sequential(
            [fastnn.Input((4,)), layers.Dense(16, activation="relu"), layers.Dense(2)], name="generator"
        )
        self.d_loss_tracker = metrics.Mean(name="d_loss")
        self.g_loss_tracker = metrics.Mean(name="g_loss")

    @property
    def metrics(self) -> list[Any]:
        return [self.d_loss_tracker, self.g_loss_tracker]

    def compile(self, d_optimizer: Any, g_optimizer: Any, loss_fn: Any) -> None:  # type: ignore[override]
        super().compile()
        self.d_optimizer, self.g_optimizer, self.loss_fn = d_optimizer, g_optimizer, loss_fn

    def train_step(self, data: Any) -> dict[str, Any]:
        real = data[0] if isinstance(data, tuple) else data
        batch = real.shape[0]
        generated = self.generator(fastnn.randn(batch, 4), training=True)
        scores = self.discriminator(F.concatenate([generated.detach(), real], axis=0))
        labels = F.concatenate([F.fill(generated[:, :1], 1.0), F.fill(real[:, :1], 0.0)], axis=0)
        d_loss = self.loss_fn(labels.detach(), scores)
        self.d_optimizer.minimize(d_loss, self.discriminator.trainable_weights)
        scores = self.discriminator(self.generator(fastnn.randn(batch, 4), training=True))
        g_loss = self.loss_fn(F.fill(scores.detach(), 0.0), scores)
        self.g_optimizer.minimize(g_loss, self.generator.trainable_weights)
        self.d_loss_tracker.update_state(d_loss)
        self.g_loss_tracker.update_state(g_loss)
        return {"d_loss": self.d_loss_tracker.result(), "g_loss": self.g_loss_tracker.result()}


def make_gan(**options: Any) -> GAN:
    fastnn.utils.set_random_seed(5)
    fastnn.manual_seed(5)
    model = GAN()
    rates = (fastnn.optimizers.Adam(1e-2, beta_1=0.5) for _ in range(2))
    model.compile(*rates, fastnn.losses.BinaryCrossentropy(from_logits=True))
    for name, value in options.items():
        setattr(model, name, value)
    return model


def test_a_gan_trains_as_a_program() -> None:
    angles = np.random.default_rng(1).uniform(0, 2 * np.pi, 256)
    circle = np.stack([np.cos(angles), np.sin(angles)], 1)
    histories, models = [], []
    for eager in (False, True):
        model = make_gan(run_eagerly=eager)
        histories.append(model.fit(circle, batch_size=32, epochs=3, verbose=0).history)
        models.append(model)
    assert histories[0] == histories[1]
    assert list(histories[0]) == ["d_loss", "g_loss"]
    assert all(0 < value < 5 for values in histories[0].values() for value in values)
    assert same_state(*models)
    assert models[0].recorded
    assert models[0].d_optimizer.iterations == models[0].g_optimizer.iterations == 24
    assert models[0].optimizer is not None
    assert models[0].optimizer.iterations == 0


def test_a_gan_trains_on_a_generator_of_arrays() -> None:
    data = [np.random.default_rng(n).standard_normal((8, 2)) for n in range(6)]
    one = make_gan()
    one.fit(iter(data), verbose=0)
    other = make_gan()
    other.fit(((batch,) for batch in data), verbose=0)
    assert same_state(one, other)
    assert one.recorded


class Sampling(layers.Layer):
    def call(self, inputs: Any) -> Any:
        mean, log_var = inputs
        return mean + F.exp(log_var * 0.5) * fastnn.randn(mean.shape[0], mean.shape[1])


class VAE(fastnn.Model):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = layers.Dense(8, activation="relu")
        self.mean, self.log_var, self.sampling = layers.Dense(2), layers.Dense(2), Sampling()
        self.decoder = layers.Dense(6)
        self.trackers = {name: metrics.Mean(name=name) for name in ("loss", "reconstruction", "kl")}

    @property
    def metrics(self) -> list[Any]:
        return list(self.trackers.values())

    def train_step(self, data: Any) -> dict[str, Any]:
        hidden = self.hidden(data)
        mean, log_var = self.mean(hidden), self.log_var(hidden)
        reconstruction = F.mean(F.sum((self.decoder(self.sampling([mean, log_var])) - data) ** 2, axis=1))
        kl = F.mean(F.sum((F.exp(log_var) + mean**2 - 1.0 - log_var) * 0.5, axis=1))
        total = reconstruction + kl
        self.optimizer.minimize(total, self.trainable_weights)  # type: ignore[union-attr]
        for name, value in zip(self.trackers, (total, reconstruction, kl), strict=True):
            self.trackers[name].update_state(value)
        return {name: tracker.result() for name, tracker in self.trackers.items()}

    def predict_step(self, data: Any) -> Any:
        hidden = self.hidden(data)
        return {"mean": self.mean(hidden), "log_var": self.log_var(hidden)}


def test_a_variational_autoencoder() -> None:
    fastnn.manual_seed(0)
    model = VAE()  # not built before its first step
    model.compile("adam")
    history = model.fit(X, batch_size=SIZE, epochs=15, verbose=0).history
    assert list(history) == ["loss", "reconstruction", "kl"]
    assert history["loss"][-1] < history["loss"][0]
    np.testing.assert_allclose(np.add(history["reconstruction"], history["kl"]), history["loss"], rtol=1e-5)
    assert model.recorded
    results = model.predict(X, batch_size=SIZE)
    assert {name: array.shape for name, array in results.items()} == {"mean": (50, 2), "log_var": (50, 2)}
    np.testing.assert_array_equal(model.predict(iter([X[:SIZE]]))["mean"], results["mean"][:SIZE])
    assert model.predict_on_batch(X[:3])["mean"].shape == (3, 2)


class Contrastive(fastnn.Model):
    """Two views of each sample, given as a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = fastnn.Sequential([fastnn.Input((6,)), layers.Dense(8, activation="relu"), layers.Dense(4)])
        self.norm = layers.UnitNormalization()
        self.temperature = 0.5
        self.accuracy = metrics.SparseCategoricalAccuracy(name="contrast")

    def train_step(self, data: Any) -> dict[str, Any]:
        (views,) = data if isinstance(data, tuple) else (data,)
        first, second = (self.norm(self.encoder(views[name])) for name in ("left", "right"))
        similar = F.matmul(first, F.transpose(second)) / self.temperature
        labels = F.cast(F.cumsum(F.fill(similar[:, 0].detach(), 1.0)) - 1.0, np.int64)
        loss = F.mean(fastnn.losses.sparse_categorical_crossentropy(labels, similar, from_logits=True))
        self.optimizer.minimize(loss, self.trainable_weights)  # type: ignore[union-attr]
        self.accuracy.update_state(labels, similar)
        return {"loss": loss, "contrast": self.accuracy.result()}


def test_a_contrastive_step_with_a_dictionary_of_inputs() -> None:
    fastnn.utils.set_random_seed(0)
    model = Contrastive()
    model.compile(fastnn.optimizers.Adam(1e-2))
    views = {"left": X[:48], "right": X[:48] + 0.01}
    history = model.fit(views, batch_size=12, epochs=20, verbose=0).history
    assert history["contrast"][-1] > history["contrast"][0]
    assert model.recorded, model.eager_reasons()
    before = len(model._train_step.info())
    model.temperature = 0.1  # is noticed
    model.fit(views, batch_size=12, verbose=0)
    assert model.recorded
    assert before


class Ratio(metrics.Metric):
    """A metric of the user's own, with state that is a ratio of two sums."""

    def __init__(self, name: str = "ratio") -> None:
        super().__init__(name=name)
        self.above = self.add_variable(name="above")
        self.below = self.add_variable(name="below")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        self.above.assign_add(F.sum(F.abs(y_pred)).detach())
        self.below.assign_add(F.sum(F.abs(y_true)))

    def result(self) -> float:
        return float(self.above.numpy() / self.below.numpy())


def test_a_metric_of_ones_own_in_a_step() -> None:
    class Model(fastnn.Sequential):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.ratio = Ratio()

        def train_step(self, data: Any) -> dict[str, Any]:
            x, y = data
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
            self.optimizer.minimize(loss, self.trainable_weights)  # type: ignore[union-attr]
            self.ratio.update_state(y, y_pred)
            return {"loss": loss, "ratio": self.ratio.result()}

    results = []
    for eager in (False, True):
        fastnn.utils.set_random_seed(0)
        model = Model([fastnn.Input((6,)), layers.Dense(1)])
        model.compile("sgd", "mse", run_eagerly=eager)
        results.append(model.fit(X, T, batch_size=SIZE, epochs=3, verbose=0).history)
        assert [metric.name for metric in model.metrics] == ["loss", "ratio"]
        assert eager or model.recorded
    assert results[0] == results[1]
    assert list(results[0]) == ["loss", "ratio"]


def test_metrics_of_layers_are_counted_by_the_librarys_step() -> None:
    class Spread(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.mean = metrics.Mean(name="spread")

        def call(self, inputs: Any) -> Any:
            self.mean.update_state(F.abs(inputs))
            return inputs

    model = fastnn.Sequential([fastnn.Input((6,)), Spread(), layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(X, T, batch_size=SIZE, epochs=2, verbose=0).history
    np.testing.assert_allclose(history["spread"], np.abs(X).mean(), rtol=1e-5)
    assert model.recorded


# ---- what can't be recorded, and what goes wrong ---------------------------------------------------------------------


def test_a_step_that_looks_at_numbers_runs_as_it_is_with_one_warning() -> None:
    class Looks(Guide):
        def train_step(self, data: Any) -> dict[str, Any]:
            results = super().train_step(data)
            return {**results, "double": float(results["loss"]) * 2}

    model, want = make(Looks), make(Guide)
    with pytest.warns(RuntimeWarning, match=r"train_step runs without a program: .*test_own_steps.py:\d+:") as caught:
        history = model.fit(X, Y, batch_size=SIZE, epochs=2, verbose=0).history
    assert len(caught) == 1
    assert not model.recorded
    expected = want.fit(X, Y, batch_size=SIZE, epochs=2, verbose=0).history
    assert same_state(model, want)
    assert history["loss"] == expected["loss"]
    np.testing.assert_allclose(history["double"], np.multiply(history["loss"], 2), rtol=1e-6)


def test_a_step_that_fails_leaves_the_last_whole_step() -> None:
    class Fails(Guide):
        limit = 3

        def train_step(self, data: Any) -> dict[str, Any]:
            results = super().train_step(data)
            if data[0].shape[0] == 2:
                raise ZeroDivisionError("in the step")
            return results

    model, want = make(Fails), make(Guide)
    with pytest.raises(ZeroDivisionError, match="in the step"):
        model.fit(X, Y, batch_size=SIZE, shuffle=False, verbose=0)
    want.fit(X[:48], Y[:48], batch_size=SIZE, shuffle=False, verbose=0)
    assert same_state(model, want)


def test_messages() -> None:
    class Wrong(fastnn.Sequential):
        def train_step(self, data: Any) -> Any:
            return self(data[0], training=True)

    model = make(Wrong)
    with pytest.raises(TypeError, match="train_step: expected a dictionary of results by name, got Tensor"):
        model.fit(X, Y, verbose=0)
    with pytest.raises(RuntimeError, match="fit: expected a compiled model; call compile"):
        Guide([fastnn.Input((6,)), layers.Dense(1)]).fit(X, T)
    with pytest.raises(ValueError, match="expected a loss in compile, or losses that layers add, got neither"):
        Guide([fastnn.Input((6,)), layers.Dense(1)]).compute_loss()
    with pytest.raises(ValueError, match="fit: expected data of one length, got 50, 49"):
        make(Guide).fit(X, Y[:49], verbose=0)
    with pytest.raises(ValueError, match="fit: expected data x, got None"):
        make(Guide).fit(verbose=0)
    gan = make_gan()
    with pytest.raises(NotImplementedError, match="GAN does not implement call"):
        gan.evaluate(X)


# ---- what changes after compile --------------------------------------------------------------------------------------


def test_another_loss_or_optimizer_counts_from_the_next_step_on() -> None:
    def build() -> fastnn.Sequential:
        fastnn.utils.set_random_seed(2)
        model = fastnn.Sequential([fastnn.Input((6,)), layers.Dense(1)])
        model.compile(fastnn.optimizers.SGD(0.1), "mse")
        return model

    model, want = build(), build()
    for one in (model, want):
        one.fit(X, T, batch_size=SIZE, epochs=2, verbose=0, shuffle=False)
    model.loss = "mae"
    model.optimizer = fastnn.optimizers.SGD(0.01)
    want.compile(fastnn.optimizers.SGD(0.01), "mae")
    for one in (model, want):
        one.fit(X, T, batch_size=SIZE, epochs=2, verbose=0, shuffle=False)
    assert same_state(model, want)
    assert isinstance(model.loss, fastnn.losses.MeanAbsoluteError)
    model.optimizer = "adam"
    assert isinstance(model.optimizer, fastnn.optimizers.Adam)
    with pytest.raises(ValueError, match="did you mean"):
        model.loss = "mea"
    with pytest.raises(ValueError, match="did you mean"):
        model.optimizer = "adamm"


def test_changes_of_a_callback_count_from_the_next_batch_on() -> None:
    class Change(fastnn.callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            if batch == 3:
                self.model.loss.delta = 0.1
                self.model.layers[0].kernel_regularizer.l2 = 0.5

    def build() -> fastnn.Sequential:
        fastnn.utils.set_random_seed(2)
        model = fastnn.Sequential([fastnn.Input((6,)), layers.Dense(1, kernel_regularizer=fastnn.regularizers.L2(0.1))])
        model.compile(fastnn.optimizers.SGD(0.1), fastnn.losses.Huber(delta=1.0))
        return model

    model, want = build(), build()
    model.fit(X, T, batch_size=SIZE, shuffle=False, verbose=0, callbacks=[Change()])
    for i in range(0, 50, SIZE):
        if i == 3 * SIZE:
            want.loss.delta = 0.1
            want.layers[0].kernel_regularizer.l2 = 0.5  # type: ignore[attr-defined]
        want.train_on_batch(X[i : i + SIZE], T[i : i + SIZE])
    assert same_state(model, want)
    assert model.recorded


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X[:, :5], Y, r"expected input \(batch, 6\), got \(50, 5\)"),
        (X, np.zeros((50, 4)), r"expected class numbers y_true \(50,\), got \(50, 4\)"),
    ],
)
def test_messages_show_the_shape_that_the_user_gave(x: np.ndarray, y: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(fastnn.Sequential).fit(x, y, verbose=0)


def test_the_program_of_a_model_with_several_inputs() -> None:
    a, b = fastnn.Input((3,), name="a"), fastnn.Input((4,), dtype="int32", name="b")
    table = layers.Flatten()(layers.Embedding(5, 2)(b))
    model = fastnn.Model({"a": a, "b": b}, layers.Dense(2)(layers.Concatenate()([a, table])))
    text = model.program(batch_size=7)
    assert "float32(N, 3)" in text
    assert "int32(N, 4)" in text
    assert "batch 7" in text
    sequences = fastnn.Sequential([fastnn.Input((None, 3)), layers.LSTM(2)])
    with pytest.raises(RuntimeError, match="predict has not run with batches of 4 yet"):
        sequences.program(batch_size=4)


def test_the_program_of_a_step_of_ones_own() -> None:
    class Doubled(fastnn.Sequential):
        def predict_step(self, data: Any) -> Any:
            return self(data, training=False) * 2.0

    text = Doubled([fastnn.Input((6,)), layers.Dense(3)]).program(batch_size=4)
    assert "batch 4" in text
    assert "multiply" in text


@pytest.mark.filterwarnings("ignore:predict runs without a program:RuntimeWarning")
def test_models_that_run_eagerly_have_no_program() -> None:
    class Draws(layers.Layer):
        def call(self, inputs: fastnn.Tensor) -> fastnn.Tensor:
            return inputs * float(RNG.random())

    with pytest.raises(RuntimeError, match=r"predict runs without a program: .*: it draws numbers from RNG"):
        fastnn.Sequential([fastnn.Input((6,)), Draws()]).program()
    model = fastnn.Sequential([fastnn.Input((6,)), layers.Dense(3)])
    model.compile("sgd", "mse", run_eagerly=True)
    with pytest.raises(RuntimeError, match="it runs eagerly, as it was told to"):
        model.program()
    with pytest.raises(ValueError, match="program: expected batch_size of at least 0, got -1"):
        model.program(-1)


@pytest.mark.parametrize("name", ["train_step", "test_step"])
def test_a_share_for_validation_is_in_the_form_that_the_step_takes(name: str) -> None:
    class Own(fastnn.Sequential):
        pass

    setattr(Own, name, getattr(Guide, name))

    def history(x: np.ndarray, y: np.ndarray, **validation: Any) -> dict[str, list[float]]:
        model = Own([fastnn.Input((6,)), layers.Dense(3, activation="softmax", kernel_initializer="ones")])
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model.fit(x, y, verbose=0, shuffle=False, **validation).history

    given = history(X[:40], Y[:40], validation_data=(X[40:], Y[40:]))
    assert history(X, Y, validation_split=0.2) == given


def test_results_that_are_no_numbers() -> None:
    class Wrong(fastnn.Sequential):
        def train_step(self, data: Any) -> dict[str, Any]:
            return {"loss": "text"}

    with pytest.raises(TypeError, match="train_step: expected a number for 'loss', got "):
        make(Wrong).fit(X, Y, verbose=0)


def test_the_reason_is_what_python_changes_not_the_weights_of_the_first_step() -> None:
    seen: list[int] = []

    class Counting(Late):
        def train_step(self, data: Any) -> dict[str, Any]:
            seen.append(1)
            return super().train_step(data)

    model = late(Counting)
    with pytest.warns(RuntimeWarning, match="it changes the length of seen, which a replay would not repeat"):
        model.fit(X, Y, batch_size=SIZE, verbose=0)
    assert len(seen) == 7


class Counts(Guide):
    """Counts its steps: a number of Python's, or a tensor."""

    def __init__(self, count: Any, **kwargs: Any) -> None:
        super().__init__([fastnn.Input((6,)), layers.Dense(1)], **kwargs)
        self.count = count

    def train_step(self, data: Any) -> dict[str, Any]:
        if isinstance(self.count, int):
            self.count += 1
        else:
            self.count.add_(1)
        return super().train_step(data)


def test_a_step_that_counts_is_told_to_count_in_a_tensor() -> None:
    x, y = np.ones((32, 6), np.float32), np.ones((32, 1), np.float32)
    python, tensor = Counts(0), Counts(fastnn.zeros(()))
    for model in (python, tensor):
        model.compile("sgd", "mse")
    message = (
        r"it changes self.count, which a replay would not repeat; a Tensor is: begin with count = "
        r"fastnn.zeros\(\(\)\), and here count with count.add_\(1\)"
    )
    with pytest.warns(RuntimeWarning, match=message):
        python.fit(x, y, batch_size=8, epochs=2, verbose=0)
    tensor.fit(x, y, batch_size=8, epochs=2, verbose=0)
    assert (python.count, int(tensor.count)) == (8, 8)
    assert (python.recorded, tensor.recorded) == (False, True)


def test_arithmetic_with_results_of_metrics_stays_in_the_program() -> None:
    class Net(fastnn.Sequential):
        scale = 2.0

        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
            found = super().compute_metrics(x, y, y_pred, sample_weight)
            loss, mae = found["loss"], found["mae"]
            return {**found, "a": loss * self.scale + mae, "b": abs(1 - loss) / (1 + mae**2), "c": -(3.0 // loss) % 5}

    def made() -> Net:
        model = Net([fastnn.Input((6,)), layers.Dense(1, kernel_initializer="ones")])
        model.compile("sgd", "mse", metrics=["mae"])
        return model

    model, eager = made(), made()
    eager.run_eagerly = True
    for one in (model, eager):
        history = one.fit(X, T, batch_size=SIZE, epochs=3, shuffle=False, verbose=0).history
        loss, mae = np.array(history["loss"]), np.array(history["mae"])
        np.testing.assert_allclose(history["a"], 2 * loss + mae, rtol=1e-6)
        np.testing.assert_allclose(history["b"], np.abs(1 - loss) / (1 + mae**2), rtol=1e-6)
        np.testing.assert_allclose(history["c"], -(3.0 // loss) % 5, rtol=1e-6)
    assert model.recorded
    assert same_state(model, eager)
    model.scale = 3.0
    history = model.fit(X, T, batch_size=SIZE, epochs=1, verbose=0).history
    np.testing.assert_allclose(history["a"], 3 * history["loss"][0] + history["mae"][0], rtol=1e-6)
