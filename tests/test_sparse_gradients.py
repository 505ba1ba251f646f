"""Gradients of tables by rows: on the tape, in optimizers, in programs; the bits of the dense path."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import pytest
from tolerances import assert_same_bits

import fastnn
from fastnn import Tensor, kernels, layers, optimizers
from fastnn import functional as F
from fastnn.functional.row_gradient import RowGradient

ROWS, WIDTH = 40, 7


def table(seed: int = 0) -> Tensor:
    return Tensor(np.random.default_rng(seed).standard_normal((ROWS, WIDTH)).astype("f4"), requires_grad=True, name="t")


def some_ids(seed: int, *shape: int) -> Tensor:
    return Tensor(np.random.default_rng(seed).integers(0, ROWS // 2, shape))


def dense(ids: Tensor, weight: float) -> np.ndarray:
    want = np.zeros((ROWS, WIDTH), np.float32)
    np.add.at(want, ids.numpy(), np.float32(weight))
    return want


# ---- the tape --------------------------------------------------------------------------------------------------------


def test_a_leaf_gets_the_rows_and_shows_a_dense_gradient() -> None:
    t, ids = table(), some_ids(1, 3, 4)
    (F.embedding(ids, t) * 2.0).sum().backward()
    gradient = t.grad
    assert isinstance(gradient, RowGradient)
    assert (gradient.shape, gradient.dtype, gradient.ndim, gradient.size) == ((ROWS, WIDTH), np.float32, 2, 280)
    assert gradient.device == "cpu"
    ids.assign(np.zeros((3, 4)))  # the next batch, say: the gradient keeps its own
    np.testing.assert_array_equal(gradient.numpy(), dense(some_ids(1, 3, 4), 2))
    assert len(gradient.parts) == 1, "looking at it changes nothing"
    np.testing.assert_array_equal((gradient * 2.0).numpy(), dense(some_ids(1, 3, 4), 4))


def test_lookups_and_other_uses_of_a_table_add_up() -> None:
    first, second = some_ids(1, 3, 4), some_ids(2, 5)
    want = dense(first, 1) + dense(second, 3)

    t = table()
    (F.embedding(first, t).sum() + (F.embedding(second, t) * 3.0).sum()).backward()
    assert isinstance(t.grad, RowGradient)
    assert len(t.grad.parts) == 2
    np.testing.assert_array_equal(t.grad.numpy(), want)

    t = table()
    F.embedding(first, t).sum().backward()
    before = t.grad
    (F.embedding(second, t) * 3.0).sum().backward()
    assert isinstance(t.grad, RowGradient)
    assert isinstance(before, RowGradient)
    assert (len(before.parts), len(t.grad.parts)) == (1, 2)
    np.testing.assert_array_equal(t.grad.numpy(), want)

    for uses in ((0, 1), (1, 0)):  # in either order of the tape
        t = table()
        losses = [F.embedding(first, t).sum(), (t * 2.0).sum()]
        (losses[uses[0]] + losses[uses[1]]).backward()
        np.testing.assert_array_equal(t.grad.numpy(), dense(first, 1) + 2)
    (F.embedding(second, t) * 3.0).sum().backward()
    np.testing.assert_array_equal(t.grad.numpy(), want + 2)


def test_written_values_replace_the_rows() -> None:
    t, ids = table(), some_ids(1, 6)
    F.embedding(ids, t).sum().backward()
    gradient = t.grad
    assert isinstance(gradient, RowGradient)
    gradient.assign(np.ones((ROWS, WIDTH)))
    assert gradient.parts == ()
    optimizers.SGD(1.0).apply([gradient], [t])
    np.testing.assert_array_equal(t.numpy(), table().numpy() - 1)


def test_a_gradient_given_to_backward_must_stay() -> None:
    t, given = table(), Tensor(np.ones((6, WIDTH), np.float32))
    F.embedding(some_ids(1, 6), t).backward(given)
    given.assign(np.zeros((6, WIDTH)))
    assert t.grad is not None
    with pytest.raises(RuntimeError, match=r"backward: a gradient of shape \(6, 7\) .* modified in place since"):
        t.grad.numpy()


def test_gradients_on_the_tape_and_of_computed_tables_are_dense() -> None:
    t, ids = table(), some_ids(1, 6)
    y = F.embedding(ids, t)
    (y * y).sum().backward(create_graph=True)
    assert type(t.grad) is Tensor
    first, t.grad = t.grad, None
    first.sum().backward()
    np.testing.assert_array_equal(t.grad.numpy(), dense(ids, 2))
    t.grad = None
    F.embedding(ids, t * 2.0).sum().backward()
    assert type(t.grad) is Tensor
    np.testing.assert_array_equal(t.grad.numpy(), dense(ids, 2))


# ---- optimizers ------------------------------------------------------------------------------------------------------

EVERY: list[Any] = [
    lambda: optimizers.SGD(0.1),
    lambda: optimizers.SGD(0.1, weight_decay=0.1, clipnorm=0.5),
    lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    lambda: optimizers.RMSprop(0.1, momentum=0.5, centered=True),
    lambda: optimizers.Adam(0.1),
    lambda: optimizers.Adam(0.1, amsgrad=True, clipvalue=0.5),
    lambda: optimizers.AdamW(0.1, global_clipnorm=1.0),
    lambda: optimizers.Adagrad(0.1),
    lambda: optimizers.Adadelta(1.0),
    lambda: optimizers.Adamax(0.1),
    lambda: optimizers.Nadam(0.1),
    lambda: optimizers.Lion(0.1),
    lambda: optimizers.Adafactor(0.1, clipnorm=0.5),
    lambda: optimizers.Muon(0.1, exclude_embeddings=False, global_clipnorm=0.5),
    lambda: optimizers.ScheduleFreeAdamW(0.1),
]


@pytest.mark.parametrize("make", EVERY, ids=lambda make: repr(make().name))
def test_steps_by_rows_have_the_bits_of_dense_steps(make: Any) -> None:
    results = []
    for by_rows in (True, False):
        t, bias, optimizer = table(), Tensor(np.ones(WIDTH, np.float32), requires_grad=True, name="b"), make()
        for step in range(4):
            ids = some_ids(step, 3, 5)
            t.grad = bias.grad = None
            y = F.embedding(ids, t) + bias
            (y * y).sum().backward()
            assert isinstance(t.grad, RowGradient)
            gradient = t.grad if by_rows else Tensor(t.grad.numpy())
            optimizer.apply([gradient, bias.grad], [t, bias])
        results.append([t, bias, *optimizer.variables[2:]])
    for index, (a, b) in enumerate(zip(*results, strict=True)):
        assert_same_bits(a.numpy(), b.numpy(), f"{index}")


@pytest.mark.parametrize("make", [lambda: optimizers.Adam(0.1, lazy=True), lambda: optimizers.AdamW(0.1, lazy=True)])
def test_lazy_steps_leave_other_rows_alone(make: Any) -> None:
    t, optimizer = table(), make()
    for step in range(3):
        ids = some_ids(step, 5)
        before = [np.array(value.numpy()) for value in (t, *optimizer.variables[2:])]
        t.grad = None
        F.embedding(ids, t).sum().backward()
        assert t.grad is not None
        t.grad.numpy()  # looking at the gradient doesn't make it dense
        optimizer.apply([t.grad], [t])
        others = np.setdiff1d(np.arange(ROWS), ids.numpy())
        for value, old in zip((t, *optimizer.variables[2:]), before, strict=False):
            assert_same_bits(value.numpy()[others], old[others], "a row that nobody looked up")
            assert (value.numpy()[ids.numpy()] != old[ids.numpy()]).all()
    first, exact = table(), table()
    for lazy, weight in ((True, first), (False, exact)):
        F.embedding(some_ids(0, 5), weight).sum().backward()
        optimizers.Adam(0.1, lazy=lazy).apply([weight.grad], [weight])
    assert_same_bits(first.numpy(), exact.numpy(), "the first step, where nothing decays")


def test_ids_are_checked_before_anything_is_written() -> None:
    first, second = (np.ones((3, 2), np.float32) for _ in range(2))
    dy = np.ones((2, 2), np.float32)
    good = np.array([0, 1])
    for bad, sentence in (([0, 3], "got 3 at position 1"), ([-1, 0], "got -1 at position 0")):
        with pytest.raises(IndexError, match=rf"sgd_update: expected ids in \[0, 3\), {sentence}"):
            kernels.sgd_update([first, second], [dy, dy], ids=[good, np.array(bad)])
    assert (first == 1).all()
    assert (second == 1).all()
    kernels.sgd_update([first, second], [dy, np.ones((3, 2), np.float32)], ids=[good, None], learning_rate=1.0)
    np.testing.assert_array_equal(first, [[0, 0], [0, 0], [1, 1]])
    assert (second == 0).all()


@pytest.mark.parametrize(
    ("gradient", "ids", "error", "sentence"),
    [
        ((2, 2), np.zeros(2, "f4"), TypeError, "expected ids of int32 or int64, got float32"),
        ((3, 2), np.zeros(2, "i4"), ValueError, "expected gradients[0] of the shape of ids with 2 at its end, got"),
        ((2, 3), np.zeros(2, "i4"), ValueError, "got gradients[0] (2, 3) and ids (2,)"),
    ],
)
def test_gradients_by_rows_that_do_not_fit(gradient: Any, ids: Any, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=re.escape(f"sgd_update: {sentence}" if "expected" in sentence else sentence)):
        kernels.sgd_update([np.ones((3, 2), np.float32)], [np.ones(gradient, np.float32)], ids=[ids])
    with pytest.raises(ValueError, match=re.escape("expected parameters[0] (rows, n) for ids, got (3,)")):
        kernels.sgd_update([np.ones(3, np.float32)], [np.ones(2, np.float32)], ids=[np.zeros(2, "i4")])


def test_wrong_lists_are_refused() -> None:
    t, optimizer = table(), optimizers.Adam()
    g = Tensor(np.ones((ROWS, WIDTH), np.float32))
    for gradients, variables, error, sentence in (
        ([g], None, ValueError, "adam: expected variables, or build(variables) before, got gradients alone"),
        ([g, g], [t, t], ValueError, "adam: expected different variables, got t twice"),
        ([g.numpy()], [t], TypeError, "adam: expected the gradient for t to be a Tensor or None, got ndarray"),
        ([g], [t.numpy()], TypeError, "adam: expected variables to be Tensors, got ndarray"),
    ):
        with pytest.raises(error, match=re.escape(sentence)):
            optimizer.apply(gradients, variables)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="adam: expected pairs of a gradient and a variable in apply_gradients"):
        optimizer.apply_gradients([g, t])  # type: ignore[list-item]
    assert optimizer.iterations == 0
    optimizer.build([t])
    optimizer.apply([g])
    assert optimizer.iterations == 1
    assert [value.shape for value in optimizer.variables[2:]] == [(ROWS, WIDTH)] * 2


def test_lazy_is_part_of_the_configuration() -> None:
    for cls in (optimizers.Adam, optimizers.AdamW):
        assert cls.from_config(cls(lazy=True).get_config()).lazy is True
        assert cls().get_config()["lazy"] is False
    with pytest.raises(TypeError, match="adam: expected lazy to be True or False, got 1"):
        optimizers.Adam(lazy=1)  # type: ignore[arg-type]


def test_a_table_that_is_looked_up_twice() -> None:
    t, optimizer = table(), optimizers.SGD(1.0)
    first, second = some_ids(1, 3, 4), some_ids(2, 5)
    optimizer.minimize(F.embedding(first, t).sum() + F.embedding(second, t).sum(), [t])
    np.testing.assert_allclose(t.numpy(), table().numpy() - dense(first, 1) - dense(second, 1), rtol=1e-6)
    assert t.grad is None


@pytest.mark.parametrize("lazy", [False, True])
def test_two_lookups_of_a_table_in_a_step_count_as_one(lazy: bool) -> None:
    both, joined = table(), table()
    first, second = some_ids(1, 3, 4), some_ids(2, 5)
    optimizer, other = optimizers.Adam(0.1, lazy=lazy), optimizers.Adam(0.1, lazy=lazy)
    everything = Tensor(np.concatenate([first.numpy().ravel(), second.numpy()]))
    for _ in range(3):
        optimizer.minimize(F.embedding(first, both).sum() + F.embedding(second, both).sum(), [both])
        other.minimize(F.embedding(everything, joined).sum(), [joined])
    np.testing.assert_allclose(both.numpy(), joined.numpy(), rtol=1e-6)


# ---- programs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", [lambda: optimizers.Adam(0.05), lambda: optimizers.Adam(0.05, lazy=True)])
@pytest.mark.parametrize("threads", [1, 2])
def test_fit_records_the_step_of_an_embedding(optimizer: Any, threads: int, engine_settings: None) -> None:
    fastnn.set_num_threads(threads)
    rng = np.random.default_rng(3)
    x, y = rng.integers(0, ROWS, (50, 6)), rng.integers(0, 2, 50)

    def model() -> fastnn.Sequential:
        fastnn.utils.set_random_seed(1)
        made = fastnn.Sequential([layers.Embedding(ROWS, 8), layers.Flatten(), layers.Dense(2)])
        made.build((None, 6))
        return made

    fitted, by_hand, steps = model(), model(), optimizer()
    loss = fastnn.losses.SparseCategoricalCrossentropy(from_logits=True)
    fitted.compile(optimizer(), loss)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted.fit(x, y, batch_size=16, epochs=3, shuffle=False, verbose=0)
    assert fitted._train_step.eager_reasons() == []
    info = fitted._train_step.info()
    assert {entry["batch"] for entry in info} == {16, 2}
    assert all(entry["replays"] > 0 for entry in info)
    assert "embedding_backward" not in fitted._train_step.text(), "no dense gradient"
    for _ in range(3):
        for start in range(0, 50, 16):
            batch = slice(start, start + 16)
            steps.minimize(loss(y[batch], by_hand(x[batch])), by_hand.trainable_variables)
    for a, b in zip(fitted.weights, by_hand.weights, strict=True):
        assert_same_bits(a.numpy(), b.numpy(), a.name or "")


class TwoLookups(fastnn.Model):
    """Looks both halves of its input up in one table."""

    def __init__(self) -> None:
        super().__init__()
        self.table = layers.Embedding(ROWS, 8)
        self.out = layers.Dense(2)

    def call(self, x: Tensor) -> Tensor:
        return self.out(F.mean(self.table(x[:, :3]), axis=1) * F.mean(self.table(x[:, 3:]), axis=1))


def test_fit_records_two_lookups_without_a_dense_gradient() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.integers(0, ROWS, (50, 6)), rng.integers(0, 2, 50)
    model = TwoLookups()
    model.compile("adam", fastnn.losses.SparseCategoricalCrossentropy(from_logits=True))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(x, y, batch_size=16, epochs=3, verbose=0)
    assert model._train_step.eager_reasons() == []
    assert {entry["batch"] for entry in model._train_step.info()} == {16, 2}
    assert "embedding_backward" not in model._train_step.text(), "no dense gradient"
