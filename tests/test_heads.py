"""Training, evaluation and prediction of functional models with several inputs and outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import layers

RNG = np.random.default_rng(7)
A = RNG.standard_normal((50, 3)).astype(np.float32)
B = RNG.standard_normal((50, 2)).astype(np.float32)
P = RNG.standard_normal((50, 1)).astype(np.float32)
Q = RNG.integers(0, 4, 50)


def towers(as_dict: bool = False) -> Any:
    fastnn.utils.set_random_seed(3)
    a, b = fastnn.Input((3,), name="a"), fastnn.Input((2,), name="b")
    hidden = layers.Dense(8, activation="tanh", name="hidden")(layers.Concatenate()([a, b]))
    p = layers.Dense(1, name="p")(hidden)
    q = layers.Dense(4, activation="softmax", name="q")(hidden)
    return fastnn.Model({"a": a, "b": b} if as_dict else [a, b], {"p": p, "q": q} if as_dict else [p, q])


def compiled(as_dict: bool = False, **options: Any) -> Any:
    model = towers(as_dict)
    settings = {"loss": {"p": "mse", "q": "sparse_categorical_crossentropy"}, "loss_weights": {"q": 0.5}}
    model.compile("sgd", **{**settings, "metrics": {"p": ["mae"], "q": "accuracy"}, **options})
    return model


def test_lists_and_dictionaries_train_alike_in_programs() -> None:
    in_lists = compiled(
        loss=["mse", "sparse_categorical_crossentropy"], loss_weights=[1, 0.5], metrics=[["mae"], ["accuracy"]]
    )
    want = in_lists.fit([A, B], [P, Q], batch_size=8, epochs=3, verbose=0).history
    assert set(want) == {"loss", "p_loss", "q_loss", "p_mae", "q_accuracy"}
    assert in_lists.recorded
    assert in_lists.eager_reasons() == []
    for as_dict in (False, True):
        model = compiled(as_dict)
        assert model.fit({"b": B, "a": A}, {"q": Q, "p": P}, 8, 3, 0).history == want
    eager = compiled(run_eagerly=True)
    history = eager.fit((A, B), (P, Q), batch_size=8, epochs=3, verbose=0).history
    for name, values in want.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-5, atol=1e-6)


def test_the_loss_is_the_weighted_sum() -> None:
    model = compiled()
    logs = model.evaluate([A, B], [P, Q], verbose=0, return_dict=True)
    p, q = model.predict([A, B])
    assert logs["p_loss"] == pytest.approx(np.mean((p - P) ** 2), rel=1e-5)
    assert logs["q_loss"] == pytest.approx(-np.mean(np.log(q[np.arange(50), Q])), rel=1e-5)
    assert logs["loss"] == pytest.approx(logs["p_loss"] + 0.5 * logs["q_loss"], rel=1e-5)
    assert logs["p_mae"] == pytest.approx(np.mean(np.abs(p - P)), rel=1e-5)
    assert logs["q_accuracy"] == pytest.approx(np.mean(q.argmax(1) == Q), rel=1e-5)
    assert model.evaluate([A, B], [P, Q], verbose=0) == list(logs.values())


def test_validation_data_and_split() -> None:
    split = compiled().fit([A, B], [P, Q], verbose=0, validation_split=0.2).history
    data = ({"a": A[40:], "b": B[40:]}, {"p": P[40:], "q": Q[40:]})
    given = compiled().fit([A[:40], B[:40]], [P[:40], Q[:40]], verbose=0, validation_data=data).history
    assert split == given
    assert set(split) >= {"val_loss", "val_p_loss", "val_q_loss", "val_p_mae", "val_q_accuracy"}


def test_predictions_have_the_structure_of_the_outputs() -> None:
    model, named = towers(), towers(as_dict=True)
    p, q = model.predict([A, B], batch_size=16)
    want = model([A, B])
    np.testing.assert_array_equal(p, want[0].numpy())
    np.testing.assert_array_equal(q, want[1].numpy())
    result = named.predict({"a": A, "b": B})
    assert list(result) == ["p", "q"]
    np.testing.assert_array_equal(result["q"], q)
    for _ in range(3):
        one = model.predict_on_batch([A[:1], B[:1]])
        assert [array.shape for array in one] == [(1, 1), (1, 4)]
    x = fastnn.Input((3,))
    assert isinstance(fastnn.Model(x, [layers.Dense(2)(x)]).predict(A), list)


def test_single_batches() -> None:
    model, other = compiled(), compiled()
    for start in range(0, 48, 16):
        part = slice(start, start + 16)
        model.train_on_batch([A[part], B[part]], [P[part], Q[part]])
    other.fit([A[:48], B[:48]], [P[:48], Q[:48]], batch_size=16, shuffle=False, verbose=0)
    for got, want in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(got, want)
    model.reset_metrics()
    logs = model.test_on_batch([A, B], [P, Q], return_dict=True)
    assert logs == pytest.approx(model.evaluate([A, B], [P, Q], batch_size=50, return_dict=True, verbose=0))


def test_weights_of_samples() -> None:
    weights = RNG.uniform(0, 2, 50).astype(np.float32)
    model = compiled(weighted_metrics={"p": ["mae"]})
    logs = model.evaluate([A, B], [P, Q], sample_weight={"p": weights}, verbose=0, return_dict=True)
    p, q = model.predict([A, B])
    errors = np.abs(p - P)[:, 0]
    assert logs["p_loss"] == pytest.approx(np.mean(weights * errors**2), rel=1e-5)
    assert logs["q_loss"] == pytest.approx(-np.mean(np.log(q[np.arange(50), Q])), rel=1e-5)
    assert logs["p_weighted_mae"] == pytest.approx(np.average(errors, weights=weights), rel=1e-5)
    listed = model.evaluate([A, B], [P, Q], sample_weight=[weights, None], verbose=0, return_dict=True)
    assert listed == logs
    shared = model.evaluate([A, B], [P, Q], sample_weight=weights, verbose=0, return_dict=True)
    assert shared["p_loss"] == logs["p_loss"]
    assert shared["q_loss"] == pytest.approx(-np.mean(weights * np.log(q[np.arange(50), Q])), rel=1e-5)


def test_one_loss_for_all_and_outputs_of_one_layer() -> None:
    x, y = fastnn.Input((3,), name="x"), fastnn.Input((3,), name="y")
    tower = layers.Dense(1, name="tower")
    model = fastnn.Model([x, y], [tower(x), tower(y)])
    model.compile("sgd", "mse")
    assert set(model.fit([A, A], [P, P], verbose=0).history) == {"loss", "tower_loss", "tower_1_loss"}


@pytest.mark.parametrize("as_dict", [False, True])
def test_a_file_holds_what_compile_was_given(tmp_path: Path, as_dict: bool) -> None:
    model = compiled(as_dict)
    model.fit([A, B], [P, Q], verbose=0)
    model.save(tmp_path / "model.fastnn")
    loaded = fastnn.models.load_model(tmp_path / "model.fastnn")
    first, second = (m.fit([A, B], [P, Q], epochs=2, verbose=0).history for m in (model, loaded))
    assert first == second


def test_one_output_by_name_and_with_a_share() -> None:
    x = fastnn.Input((3,), name="x")
    model = fastnn.Model(x, layers.Dense(1, name="out")(x))
    model.compile("sgd", {"out": "mse"}, loss_weights=[2.0], metrics={"out": ["mae"]})
    logs = model.evaluate({"x": A}, {"out": P}, verbose=0, return_dict=True)
    assert logs["loss"] == pytest.approx(2 * np.mean((model.predict(A) - P) ** 2), rel=1e-5)
    assert set(logs) == {"loss", "mae"}


def test_the_profile_of_a_step() -> None:
    model = compiled()
    assert model.profile([A, B], [P, Q], steps=1).nodes
    assert model.profile({"a": A, "b": B}, steps=1).nodes


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        ([A], [P, Q], ValueError, "fit: expected x with a, b, got a list of 1"),
        (A, [P, Q], TypeError, "fit: expected x to be a list or a dict of a, b, got ndarray"),
        (None, [P, Q], ValueError, "fit: expected data x, got None"),
        ({"a": A}, [P, Q], ValueError, "fit: expected x with a, b, got a dictionary with a"),
        ({"a": A, "b": B, "c": B}, [P, Q], ValueError, "fit: expected x with a, b, got a dictionary with a, b, c"),
        ([A, B[:3]], [P, Q], ValueError, "fit: expected x of one length, got 50 in a, 3 in b"),
        ([A, B], [P, Q[:4]], ValueError, "fit: expected y of one length, got 50 in p, 4 in q"),
        ([A[:9], B[:9]], [P, Q], ValueError, "fit: expected x and y of one length, got 9 and 50"),
        ([A, B], {"p": P}, ValueError, "fit: expected y with p, q, got a dictionary with p"),
        ([A, "b"], [P, Q], TypeError, "fit: expected x['b'] to be an array of numbers, got str"),
        ([A, B], [P, Q + 9], IndexError, f"fit: y['q']: expected labels in [0, 4), got {Q[0] + 9} at position 0"),
        ([A[:0], B[:0]], [P[:0], Q[:0]], ValueError, "fit: expected data, got x of shape (0, 3)"),
    ],
)
def test_data_that_does_not_fit(x: Any, y: Any, error: type[Exception], message: str) -> None:
    model = compiled()
    before = model.get_weights()
    with pytest.raises(error) as caught:
        model.fit(x, y, verbose=0)
    assert str(caught.value) == message
    for got, want in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(got, want)


def test_a_dictionary_for_a_model_of_one_input() -> None:
    class Net(fastnn.Model):
        def call(self, inputs: Any) -> Any:
            return inputs

    several = "with a, b; several inputs by name are for Model"
    with pytest.raises(ValueError, match=f"expected x with input, or one array alone, got a dictionary {several}"):
        Net().predict({"a": A, "b": B})
    with pytest.raises(ValueError, match=r"expected x with input, or one array alone, got a dictionary with a$"):
        Net().predict({"a": A})


def test_weights_that_do_not_fit() -> None:
    model = compiled()
    with pytest.raises(ValueError, match=r"^fit: expected class_weight for a model with one output only, got 2 output"):
        model.fit([A, B], [P, Q], class_weight={0: 2.0})
    with pytest.raises(ValueError, match=r"^fit: expected sample_weight with p, q, got a dictionary with p, q, r$"):
        model.fit([A, B], [P, Q], sample_weight={"r": P})
    with pytest.raises(ValueError, match=r"^fit: expected a sample_weight for each of 50 samples, got 4$"):
        model.fit([A, B], [P, Q], sample_weight=P[:4])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"loss": ["mse"]}, ValueError, "compile: expected loss for each of the outputs p, q, got 1 of them"),
        ({"loss": {"r": "mse"}}, ValueError, "compile: expected loss by the outputs p, q, got r"),
        ({"loss": {"p": "mse"}}, ValueError, "compile: expected a loss for every output, or None, got nothing for q"),
        ({"loss_weights": 2.0}, TypeError, "compile: expected loss_weights for p, q as a list or a dict, got 2.0"),
        ({"loss_weights": [1, "2"]}, TypeError, "compile: expected loss_weights to be numbers, got '2'"),
        ({"metrics": ["mae"]}, ValueError, "compile: expected metrics for each of the outputs p, q, got 1 of them"),
        ({"metrics": "mae"}, TypeError, "compile: expected metrics to be a list, got 'mae'"),
    ],
)
def test_settings_that_do_not_fit(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        compiled(**options)
    assert str(caught.value) == message


def test_a_dictionary_of_losses_may_leave_out_outputs_of_a_dictionary() -> None:
    model = compiled(True, loss={"p": "mse"}, loss_weights=None, metrics=None)
    told = compiled(True, loss={"p": "mse", "q": None}, loss_weights=None, metrics=None)
    x = {"a": A, "b": B}
    want = told.fit(x, {"p": P}, epochs=2, verbose=0).history
    assert model.fit(x, {"p": P}, epochs=2, verbose=0).history == want
    assert want["loss"][1] < want["loss"][0]
    for targets in ({"p": P}, {"p": P, "q": Q}):
        assert model.evaluate(x, targets, verbose=0) == told.evaluate(x, {"p": P}, verbose=0)
        assert model.test_on_batch(x, targets) == told.test_on_batch(x, {"p": P})
        assert model.train_on_batch(x, targets) == told.train_on_batch(x, {"p": P})
    model.loss = {"q": "sparse_categorical_crossentropy"}
    assert [loss is None for loss in model.loss] == [True, False]
    with pytest.raises(ValueError, match=r"^compile: expected a loss for every output, or None, got nothing for p, q$"):
        model.compile("sgd", {})


@pytest.mark.parametrize("known", [False, True])
def test_the_output_of_a_sequential_by_name(known: bool) -> None:
    start = [fastnn.Input((3,))] if known else []
    model = fastnn.Sequential([*start, layers.Dense(5, name="first"), layers.Dense(4, name="last")])
    plain = fastnn.models.clone_model(model)
    model.compile("sgd", {"last": "mse"}, {"last": 0.5}, metrics={"last": "mae"}, weighted_metrics={"last": ["mape"]})
    plain.compile("sgd", "mse", 0.5, metrics=["mae"], weighted_metrics=["mape"])
    y = np.eye(4, dtype=np.float32)[Q]
    model.predict(A)
    plain.predict(A)
    plain.set_weights(model.get_weights())
    got = model.fit(A, {"last": y}, epochs=2, shuffle=False, verbose=0).history
    assert got == plain.fit(A, y, epochs=2, shuffle=False, verbose=0).history
    assert sorted(got) == ["loss", "mae", "mape"]
    for arguments in ({"loss": {"first": "mse"}}, {"loss": "mse", "metrics": {"first": "mae"}}):
        argument = list(arguments)[-1]
        with pytest.raises(ValueError, match=f"^compile: expected {argument} by the outputs last, got first$"):
            model.compile("sgd", **arguments)  # type: ignore[arg-type]
    with pytest.raises(
        ValueError, match=r"^fit: expected y with last, or one array alone, got a dictionary with first$"
    ):
        model.fit(A, {"first": y}, verbose=0)


def test_an_output_without_a_name_has_that_of_compile() -> None:
    class Net(fastnn.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(4)

        def call(self, inputs: Any) -> Any:
            return self.dense(inputs)

    class Steps(Net):
        def train_step(self, data: Any) -> Any:
            return super().train_step(data)

    y = np.eye(4, dtype=np.float32)[Q]
    for net in (Net(), Steps()):
        net.compile("sgd", {"output_1": "mse"}, metrics={"output_1": ["mae"]})
        assert sorted(net.fit(A, {"output_1": y}, verbose=0).history) == ["loss", "mae"]
    with pytest.raises(ValueError, match=r"^compile: expected metrics by the outputs a, got b$"):
        Net().compile("sgd", {"a": "mse"}, metrics={"b": "mae"})


def test_outputs_without_a_loss() -> None:
    model = compiled(loss={"p": "mse", "q": None}, loss_weights=None, metrics={"q": "accuracy"})
    got = model.fit([A, B], [P, Q], batch_size=8, shuffle=False, verbose=0).history
    assert sorted(got) == ["loss", "q_accuracy"]
    assert model.recorded
    assert model.loss[1] is None
    with pytest.raises(ValueError, match=r"^fit: expected data y\['q'\], got None"):
        model.fit([A, B], [P, None], verbose=0)
    model.loss = ["mse", "sparse_categorical_crossentropy"]
    assert [metric.name for metric in model.metrics][:3] == ["loss", "p_loss", "q_loss"]
    logs = model.evaluate([A, B], [P, Q], verbose=0, return_dict=True)
    assert sorted(logs) == ["loss", "p_loss", "q_accuracy", "q_loss"]
    model.compile("sgd", {"p": "mse", "q": None})
    for y in ([P, None], [P], P, {"p": P}, {"p": P, "q": None}):
        assert list(model.fit([A, B], y, verbose=0).history) == ["loss"]
    with pytest.raises(ValueError, match=r"^fit: expected y with p, q, got a list of 3$"):
        model.fit([A, B], [P, P, P], verbose=0)
    with pytest.raises(ValueError, match=r"^fit: expected data y\['p'\], got None$"):
        model.fit([A, B], [None, Q], verbose=0)
