"""Several steps in one call: batches straight from the user's arrays, with the bits of one step after the other.

And the way from an array to a prediction without Python between.
"""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from step_models import Network
from step_models import batches as made_batches

import fastnn
from fastnn import _core, layers
from fastnn.batches import Batches
from fastnn.callbacks import Callback
from fastnn.program import Step

RNG = np.random.default_rng(4)
X = RNG.integers(0, 256, (70, 6))
Y = X[:, :3].argmax(axis=1)


def classifier(*first: layers.Layer) -> fastnn.Sequential:
    fastnn.utils.set_random_seed(0)
    model = fastnn.Sequential(
        [*(first or (fastnn.Input((6,)), layers.Dropout(0.25))), layers.Dense(8, activation="relu"), layers.Dense(3)]
    )
    loss = fastnn.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    return model


class EachBatch(Callback):
    """Asks for every batch: fit then runs one step in a call."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.batches.append(batch)


def results(model: fastnn.Model, x: np.ndarray, y: np.ndarray, **options: Any) -> list[Any]:
    """All that training, evaluating and predicting leave behind."""
    history = model.fit(x, y, epochs=4, verbose=0, **options)
    evaluated = model.evaluate(x, y, batch_size=16, verbose=0)
    predicted = model.predict(x, batch_size=16)
    slots = [slot.numpy() for slot in model._named_slots().values()]
    return [*model.get_weights(), *slots, *history.history.values(), evaluated, predicted]


def assert_same(got: list[Any], want: list[Any]) -> None:
    assert len(got) == len(want)
    for index, (a, b) in enumerate(zip(got, want, strict=True)):
        assert np.array_equal(np.asarray(a), np.asarray(b)), f"item {index}"


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lets steps run one at a time, on batches that NumPy has gathered and converted."""

    def switch(on: bool) -> None:
        monkeypatch.setattr(Step, "replay", (lambda *_, **__: 0) if on else REPLAY)

    yield switch
    monkeypatch.undo()


REPLAY = Step.replay


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("dtype", ["f4", "f8", "u1", "i4", "i8", "?", "f2", "i2", "u4", ">f4", ">i8"])
def test_the_state_is_that_of_one_step_after_the_other(dtype: str, shuffle: bool, one_by_one: Any) -> None:
    x = (X > 100 if dtype == "?" else X).astype(dtype)
    want = classifier()
    one_by_one(True)
    wanted = results(want, x, Y, batch_size=16, shuffle=shuffle)
    one_by_one(False)
    got = classifier()
    assert_same(results(got, x, Y, batch_size=16, shuffle=shuffle), wanted)
    each, called = classifier(), EachBatch()
    assert_same(results(each, x, Y, batch_size=16, shuffle=shuffle, callbacks=called), wanted)
    assert called.batches == 4 * [0, 1, 2, 3, 4]
    for model in (got, each):
        assert sum(program["replays"] for program in model._train_step.info()) > 0


@pytest.mark.parametrize("view", [lambda x: x[::-1], lambda x: x.T.copy().T, lambda x: np.repeat(x, 2, axis=1)[:, ::2]])
def test_arrays_that_are_views_train_alike(view: Any) -> None:
    x = X.astype(np.float32)
    assert_same(results(classifier(), view(x), Y), results(classifier(), np.array(view(x), order="C"), Y))


def test_data_of_another_alignment_trains_alike() -> None:
    bytes_ = np.zeros(X.size * 4 + 1, np.uint8)
    x = bytes_[1:].view(np.float32).reshape(X.shape)
    x[...] = X
    assert_same(results(classifier(), x, Y), results(classifier(), X.astype(np.float32), Y))


@pytest.mark.parametrize("threads", [2, 3])
def test_the_number_of_threads_changes_no_bit(threads: int) -> None:
    x = RNG.standard_normal((600, 4000)).astype(np.float64)  # large enough to be gathered by several
    y = np.arange(600) % 3
    found = []
    before = fastnn.get_num_threads()
    try:
        for count in (1, threads):
            fastnn.set_num_threads(count)
            found.append(results(classifier(fastnn.Input((4000,))), x, y, batch_size=128))
    finally:
        fastnn.set_num_threads(before)
    assert_same(*found)


def test_an_error_within_leaves_the_last_whole_step() -> None:
    ids = RNG.integers(0, 50, (64, 5))
    y = np.arange(64) % 3

    def reader() -> fastnn.Sequential:
        return classifier(layers.Embedding(50, 4), layers.Flatten())

    model, whole = reader(), reader()
    for one in (model, whole):
        one.fit(ids, y, batch_size=8, epochs=1, verbose=0, shuffle=False)
    wrong = ids.copy()
    wrong[3 * 8 + 5, 2] = 50
    with pytest.raises(IndexError, match=r"embedding.*50") as caught:
        model.fit(wrong, y, batch_size=8, verbose=0, shuffle=False)
    assert "in batch 3 of the pass" in "".join(getattr(caught.value, "__notes__", []))
    whole.fit(ids[:24], y[:24], batch_size=8, verbose=0, shuffle=False)
    assert_same(model.get_weights(), whole.get_weights())
    assert model.optimizer is not None
    assert whole.optimizer is not None
    assert model.optimizer.iterations == whole.optimizer.iterations == 8 + 3


def test_a_verified_step_runs_its_function_again_between() -> None:
    network = Network("dense")
    calls = []

    def function(x: fastnn.Tensor, labels: fastnn.Tensor) -> tuple[fastnn.Tensor, ...]:
        calls.append(1)
        network.train(x, labels)
        return ()

    step = Step(function, states=network.states, scalars=network.scalars, name="train", verify_every=3)
    x, labels = made_batches("dense", 1, 96)[0]
    data = Batches((x, labels), (x.dtype, labels.dtype), 8)
    done = 0
    while done < data.samples:
        done += data.run(step, done)
    assert len(calls) == 2 + 3  # two recordings, then the third, sixth and ninth of ten
    assert network.iterations.value == 12


def test_switches_are_part_of_every_key() -> None:
    step = Step(lambda x: (x * 2.0,), states=dict, name="double")
    compiled = fastnn.compile(lambda x: x * 2.0)
    x = np.ones((3, 4), np.float32)

    def programs() -> tuple[int, int]:
        for _ in range(3):
            step(x)
            compiled(x)
        return len(step.info()), len(compiled.info())

    assert programs() == (1, 1)
    before = _core.convolution()
    _core.set_convolution(1 if before != 1 else 2)
    try:
        assert programs() == (2, 2)
    finally:
        _core.set_convolution(before)
    assert programs() == (2, 2)


# ---- what a program is given -----------------------------------------------------------------------------------------


def recorded(kind: str = "predict") -> tuple[_core.Program, Network]:
    """A program for batches of 8."""
    network = Network("dense")
    step = Step(network.predict, states=network.states, name=kind)
    for x, _ in made_batches("dense", 3):
        step(x)
    return next(iter(next(iter(step._entries.values())).programs.values())), network


def as_array(values: Any) -> _core.Array:
    return _core.Array.from_numpy(np.asarray(values), copy=False)


def test_what_does_not_fit_is_refused() -> None:
    program, _ = recorded()
    x, out = np.zeros((24, 20), np.float32), np.zeros((24, 10), np.float32)

    def refused(error: type[Exception], message: str, **changed: Any) -> None:
        options = {"arguments": [x], "results": [out], "order": None, "first": 0, "steps": 3, **changed}
        for name in ("arguments", "results"):
            options[name] = [as_array(values) for values in options[name]]
        with pytest.raises(error, match=message):
            program.run_batches(**options)

    refused(ValueError, "expected argument argument_0 of at least 32 rows, got 24", steps=4)
    refused(ValueError, "expected argument argument_0 of at least 25 rows, got 24", first=1)
    refused(ValueError, "expected an order of at least 24 rows, got 23", order=np.arange(23))
    refused(ValueError, "expected first and steps of at least 0, got -1 and 3", first=-1)
    refused(ValueError, "expected first and steps of at least 0, got 0 and -3", steps=-3)
    refused(IndexError, r"expected an order of rows in \[0, 24\), got 24", order=np.arange(24, 0, -1))
    refused(IndexError, r"expected an order of rows in \[0, 24\), got -1", order=np.full(24, -1))
    refused(ValueError, r"argument_0 \(24, 20\), got \(24, 21\)", arguments=[np.zeros((24, 21), np.float32)])
    refused(ValueError, "expected contiguous argument argument_0", arguments=[x.repeat(2, axis=1)[:, ::2]])
    refused(ValueError, "expected 1 arguments, got 2", arguments=[x, x])
    refused(ValueError, "expected 1 results, got 0", results=[])
    refused(ValueError, "expected result result_0 of at least 24 rows, got 16", results=[out[:16]])
    refused(TypeError, "expected result result_0 of float32, got float64", results=[out.astype(float)])
    refused(ValueError, "result result_0 is read-only", results=[np.broadcast_to(out, out.shape)])
    both = np.zeros((24, 20), np.float32)
    shared = both.reshape(-1)[:240].reshape(24, 10)
    refused(ValueError, "result_0 shares memory with argument argument_0", arguments=[both], results=[shared])
    assert program.run_batches([as_array(x)], [as_array(out)], None, 0, 0) == 0


def test_steps_write_their_rows_and_stop_after_the_time() -> None:
    program, network = recorded()
    x = RNG.standard_normal((44, 20))
    out = np.zeros((44, 10), np.float32)
    order = RNG.permutation(44)
    assert program.run_batches([as_array(x)], [as_array(out)], order, 3, 5) == 5
    want = [
        network.predict(fastnn.Tensor(x[order[start : start + 8]].astype(np.float32)))[0].numpy()
        for start in range(3, 43, 8)
    ]
    np.testing.assert_array_equal(out[3:43], np.concatenate(want))
    assert (out[:3] == 0).all()
    assert (out[43:] == 0).all()
    assert program.run_batches([as_array(x)], [as_array(out)], None, 0, 5, 1e-9) == 1


def test_a_profile_tells_the_time_of_every_node() -> None:
    program, _ = recorded()
    x, out = np.zeros((24, 20), np.float32), np.zeros((24, 10), np.float32)
    steps, nodes, taking, total = program.profile([as_array(x)], [as_array(out)], np.arange(24), 0, 3)
    assert steps == 3
    text = program.text()
    assert len(nodes) == program.info["nodes"]
    assert all(lines in text for lines, _ in nodes)
    assert all(time > 0 for _, time in nodes)
    assert 0 < taking < total
    assert sum(time for _, time in nodes) + taking <= total


def test_the_profile_of_a_model_leaves_it_as_it_was() -> None:
    model = classifier()
    x = X.astype(np.float32)
    model.fit(x, Y, verbose=0)
    before = [*model.get_weights(), *(np.array(slot.numpy()) for slot in model._named_slots().values())]
    for y, name in ((None, "linear"), (Y, "adam_update")):
        for rows in (32, 70):
            found = model.profile(x, y, batch_size=rows, steps=3)
            assert found.batch_size == rows
            assert any(name in text for text, _ in found.nodes)
            assert 0 < sum(seconds for _, seconds in found.nodes) + found.overhead == pytest.approx(found.total)
            assert found.overhead > 0
            assert name in str(found)
            assert "between the nodes" in str(found)
    after = [*model.get_weights(), *(np.array(slot.numpy()) for slot in model._named_slots().values())]
    assert_same(after, before)
    assert model.optimizer is not None
    assert model.optimizer.iterations == 3
    again = classifier()
    again.fit(x, Y, verbose=0)
    for one in (model, again):
        one.fit(x, Y, verbose=0, shuffle=False)
    assert_same(model.get_weights(), again.get_weights())
    with pytest.raises(ValueError, match="profile: expected steps of at least 1, got 0"):
        model.profile(x, steps=0)
    with pytest.raises(RuntimeError, match="profile: expected a compiled model"):
        fastnn.Sequential([layers.Dense(2)]).profile(x, Y)


# ---- predicting at once ----------------------------------------------------------------------------------------------


def answered(model: fastnn.Model, x: Any, size: int = 32) -> bool:
    """Whether predict needs no Python."""
    return model._predict_at_once(x, size) is not None


def test_predicting_again_equals_the_first_time_and_owns_its_memory() -> None:
    model = classifier()
    for rows in (1, 5, 32):
        for dtype in (np.float32, np.float64, np.uint8, np.int64):
            x = X[:rows].astype(dtype)
            want = model.predict(x)
            for _ in range(2):
                model.predict(x)
            assert answered(model, x)
            got = model.predict(x)
            np.testing.assert_array_equal(got, want)
            assert got.flags.owndata
            assert got.flags.writeable
            kept = got.copy()
            model.predict(x + 1)
            np.testing.assert_array_equal(got, kept)
            np.testing.assert_array_equal(model.predict(x.astype(x.dtype.newbyteorder())), want)
            np.testing.assert_array_equal(model.predict(np.asfortranarray(x)), want)
            np.testing.assert_array_equal(model.predict(x.tolist()), want)


def test_a_batch_size_below_the_samples_counts() -> None:
    model = classifier()
    x = X[:20].astype(np.float32)
    for _ in range(3):
        model.predict(x)
    assert answered(model, x)
    assert not answered(model, x, 8)
    np.testing.assert_array_equal(
        model.predict(x, batch_size=8),
        np.concatenate([model.predict(x[:8]), model.predict(x[8:16]), model.predict(x[16:])]),
    )


def test_predicting_at_once_notices_changes() -> None:
    model = classifier()
    x = X[:1].astype(np.float32)
    for _ in range(4):
        first = model.predict(x)
    assert answered(model, x)
    model.set_weights([2 * weight for weight in model.get_weights()])
    assert answered(model, x)
    assert not np.array_equal(model.predict(x), first)
    model.layers[2].activation = fastnn.activations.sigmoid
    assert not answered(model, x)
    third = model.predict(x)
    assert 0 <= third.min() <= third.max() <= 1
    model.add(layers.Dense(5))
    assert model.predict(x).shape == (1, 5)
    for level in _core.levels():
        if level["available"] and not level["active"]:
            before = _core.active_isa()
            _core.set_isa(level["name"])
            try:
                assert not answered(model, x)
                model.predict(x)
            finally:
                _core.set_isa(before)
    fastnn.set_batch_invariant(True)
    try:
        assert not answered(model, x)
    finally:
        fastnn.set_batch_invariant(False)


def test_predicting_at_once_respects_who_uses_the_model() -> None:
    model = classifier()
    x = X[:1].astype(np.float32)
    for _ in range(3):
        model.predict(x)
    found: list[str] = []

    class Other(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            def attempt() -> None:
                try:
                    model.predict(x)
                except RuntimeError as error:
                    found.append(str(error))

            thread = threading.Thread(target=attempt)
            thread.start()
            thread.join()
            model.predict(x)  # the thread that trains may

    model.fit(X, Y, verbose=0, callbacks=Other())
    assert found == ["predict: the model is in fit or evaluate in another thread"]
    step = Step(lambda t: (fastnn.Tensor(model.predict(x)) + t,), states=dict, name="outer")
    with pytest.raises(RuntimeError, match="a step can't run inside another step"):
        step(np.ones((1, 3), np.float32))


def test_many_threads_predict_at_once_while_the_model_changes() -> None:
    model = classifier()
    rows = [X[i : i + 1].astype(np.float32) for i in range(16)]
    want = [model.predict(row) for row in rows]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as pool:
            for _ in range(20):
                jobs = [pool.submit(model.predict, rows[index % 16]) for index in range(64)]
                model.note = object()
                for index, job in enumerate(jobs):
                    np.testing.assert_array_equal(job.result(), want[index % 16])
    finally:
        sys.setswitchinterval(interval)


def test_what_is_no_data_is_refused_as_ever() -> None:
    model = classifier()
    x = X[:1].astype(np.float32)
    for _ in range(3):
        model.predict(x)
    for wrong, error in ((None, ValueError), (np.float32(1), ValueError), ([["a"]], TypeError), (x[:, :5], ValueError)):
        with pytest.raises(error):
            model.predict(wrong)
    assert model.predict(x[:0]).shape == (0, 3)
    with pytest.raises(ValueError, match="verbose"):
        model.predict(x, verbose=7)
    with pytest.raises(ValueError, match="batch_size"):
        model.predict(x, batch_size=0)
