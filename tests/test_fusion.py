"""What a plan changes about a step: ops that run together, copies that are not made, sums that are not written; always
with the bits of eager, and fewer bytes moved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from op_calls import each_level, levels
from tolerances import assert_same_bits

import fastnn
from fastnn import Tensor, _core
from fastnn import functional as F
from fastnn.program import Step

SIGMOIDS = ["sigmoid", "tanh", "softsign", "hard_sigmoid"]
UNITS = ["relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus"]
UNARY = [*SIGMOIDS, *UNITS, "exp", "log", "sqrt", "abs", "clip", "copy"]
BACKWARD = [*SIGMOIDS, *UNITS, "abs", "clip"]
BINARY = ["add", "subtract", "multiply", "divide", "maximum", "minimum", "power"]
COMPARE = ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"]
SHAPES = ((5,), (7, 33), (3, 5, 4), (64, 97), (2, 9, 16, 24), (40_000,))


class Drawn:
    """A random graph of elementwise ops over one shape, run as often as wanted on the same arguments."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        shape = SHAPES[seed % len(SHAPES)]
        self.dtype = np.dtype(np.float64 if seed % 5 == 4 else np.float32)
        whole = [shape] * 2
        repeated = [shape[-1:], tuple(1 if axis % 2 else size for axis, size in enumerate(shape)), ()]
        self.arguments = [
            _core.Array.from_numpy(np.asarray(rng.standard_normal(shape), self.dtype)) for shape in whole + repeated
        ]
        self.whole = len(whole)
        self.seed = _core.Scalar(seed, "int")
        self.step = _core.Scalar(3, "int")
        self.draws = [(float(rng.random()), rng.integers(0, 1 << 30, 4)) for _ in range(int(rng.integers(6, 30)))]

    def run(self) -> list[_core.Array]:
        """The values nobody reads, and one that others read too."""
        values, masks, chosen = list(self.arguments[: self.whole]), [], []
        read: set[int] = set()

        def pick(number: int, pool: list[_core.Array]) -> _core.Array:
            array = pool[number % len(pool)]
            read.add(array.identity)
            return array

        def operand(number: int) -> _core.Array:
            return pick(number, values if number % 3 else [*values, *self.arguments])

        def call(name: str, *inputs: _core.Array, **attributes: Any) -> _core.Array:
            result: _core.Array = _core.op(name)(*inputs, **attributes)
            return result

        # every value hangs on the one before, so that all of them are one graph
        for choice, (a, b, c, d) in self.draws:
            newest = values[-1]
            read.add(newest.identity)
            if choice < 0.3:
                made = call(UNARY[a % len(UNARY)], newest)
            elif choice < 0.45:
                made = call(BACKWARD[a % len(BACKWARD)] + "_backward", newest, pick(b, values))
            elif choice < 0.7:
                pair = (newest, operand(b)) if c % 2 else (operand(b), newest)
                made = call(BINARY[a % len(BINARY)], *pair)
            elif choice < 0.8:
                condition = call(COMPARE[a % len(COMPARE)], newest, operand(b))
                made = call("where", condition, newest if d % 2 else operand(c), pick(d, values))
            elif choice < 0.85:
                wide = "float32" if self.dtype == np.float64 else "float64"
                made = call("cast", call("exp", call("cast", newest, dtype=wide)), dtype=str(self.dtype))
            elif choice < 0.92:
                made, mask = _core.op("dropout")(newest, rate=0.3, seed=self.seed, stream=int(a % 7), step=self.step)
                masks.append(mask)
            elif choice < 0.95 and masks:
                made = call("dropout_backward", newest, pick(a, masks), rate=0.3)
            else:
                # a sum that two ops write, the second in place
                made = call("add", newest, call("fill", newest, value=0.5))
                _core.op("multiply")(newest, operand(a), out=made, accumulate=1)
            values.append(made)
            if choice > 0.97:
                chosen.append(made)
        return [*chosen, *(value for value in values[self.whole :] if value.identity not in read)]

    def program(self) -> _core.Program:
        recorder = _core.Recorder()
        for index, argument in enumerate(self.arguments):
            recorder.argument(argument, f"x{index}", False)
        recorder.scalar(self.seed, "seed")
        recorder.scalar(self.step, "step")
        with recorder:
            for index, result in enumerate(self.run()):
                recorder.result(result, f"y{index}")
        return _core.Program(recorder.finish(), 1)


@pytest.mark.parametrize("seed", range(60))
def test_random_elementwise_graphs_are_one_node_with_the_bits_of_eager(seed: int) -> None:
    drawn = Drawn(seed)
    with np.errstate(all="ignore"):
        for _, _, text in each_level((1, 2)):
            want = [np.array(value.numpy()) for value in drawn.run()]
            program = drawn.program()
            assert program.info["nodes"] == 1, program.text()
            assert program.info["moved_bytes"] < program.info["unfused_bytes"]
            for _ in range(2):
                got = program.run(drawn.arguments)
                for index, (array, value) in enumerate(zip(got, want, strict=True)):
                    assert_same_bits(np.array(array.numpy()), value, f"{text} result {index}\n{program.text()}")


def replayed(function: Callable[..., tuple[Tensor, ...]], *arguments: np.ndarray) -> tuple[Step, list[np.ndarray]]:
    """The step after a replay, whose results have the bits of the first, eager run."""
    step = Step(function, states=dict)
    want = [np.array(result.numpy()) for result in step(*arguments)]
    for _ in range(3):
        for index, (got, value) in enumerate(zip(step(*arguments), want, strict=True)):
            assert_same_bits(np.array(got.numpy()), value, f"result {index}")
    assert step.eager_reasons() == []
    return step, want


def text_of(step: Step, batch: int) -> list[str]:
    return step.plans(batch).splitlines()


def test_a_value_between_two_members_moves_no_bytes_and_one_read_later_moves_once() -> None:
    x = np.linspace(-1, 1, 6 * 50, dtype=np.float32).reshape(6, 50)

    def function(x: Tensor) -> tuple[Tensor, ...]:
        hidden = F.relu(x) * 2.0
        y = hidden + x
        return (y, F.sum(hidden))

    step, _ = replayed(function, x)
    (info,) = step.info()
    size = x.nbytes
    assert info["nodes"] == 2
    assert info["moved_bytes"] == 3 * size + 4 + size + 4  # x, hidden, y and the 2.0; then hidden and its sum
    assert info["unfused_bytes"] == 2 * size + (2 * size + 4) + 3 * size + size + 4
    lines = text_of(step, 6)
    start = next(index for index, line in enumerate(lines) if line.startswith("together, 300 of 300 elements"))
    assert [line.split(" = ")[1].split(".")[0] for line in lines[start + 1 : start + 4]] == ["relu", "multiply", "add"]
    assert [" in scratch" in line for line in lines[start + 1 : start + 4]] == [True, False, False]


def test_what_waits_for_an_op_between_them_does_not_run_together() -> None:
    def function(x: Tensor) -> tuple[Tensor, ...]:
        e = F.exp(x)
        return (F.relu(e) / F.sum(e, axis=-1, keepdims=True) * 2.0,)

    step, _ = replayed(function, np.linspace(-1, 1, 40, dtype=np.float32).reshape(8, 5))
    assert {info["nodes"] for info in step.info()} == {3}
    groups = [line for line in text_of(step, 8) if line.startswith("together")]
    assert len(groups) == 2


def test_memory_seen_under_another_order_is_not_walked_with_what_writes_it() -> None:
    def function(x: Tensor) -> tuple[Tensor, ...]:
        y = F.exp(x)
        return (F.copy(F.transpose(y, (1, 0))) + 1.0,)

    step, _ = replayed(function, np.arange(30, dtype=np.float32).reshape(5, 6) / 30)
    assert {info["nodes"] for info in step.info()} == {2}


@pytest.mark.parametrize("shape", [(4, 5000), (3, 7, 4099), (1, 1), (2, 0)])
def test_rows_longer_than_a_block_and_empty_ones(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    bias = np.linspace(-1, 1, shape[-1], dtype=np.float32)
    column = np.linspace(0, 1, shape[0], dtype=np.float32).reshape(-1, *[1] * (len(shape) - 1))
    fixed = fastnn.constant(bias)

    def function(x: Tensor, column: Tensor) -> tuple[Tensor, ...]:
        return (F.relu(x + fixed) * column + x,)

    for level, _, _ in each_level((1, 2), levels()):
        step, (want,) = replayed(function, x, column)
        tolerance = 1e-6 if level != "reference" else 0
        np.testing.assert_allclose(want, np.maximum(x + bias, 0) * column + x, rtol=tolerance, atol=tolerance)
        if x.size:
            assert {info["nodes"] for info in step.info()} == {1}


def test_views_of_a_slice_take_part() -> None:
    def function(x: Tensor) -> tuple[Tensor, ...]:
        a, b = x[:, :8], x[:, 8:]
        return (a * b + F.sigmoid(F.copy(b)),)

    step, _ = replayed(function, np.random.default_rng(0).standard_normal((9, 16)).astype(np.float32))
    assert {info["nodes"] for info in step.info()} == {1}


def test_the_gradient_of_a_residual_block_is_added_where_it_lies() -> None:
    """The gradients that meet at the input of a residual sum are added by ops that run together."""

    def function(x: Tensor) -> tuple[Tensor, ...]:
        y = x.detach().requires_grad_()
        F.sum(F.relu(F.tanh(y) * 3.0 + y) * y).backward()
        assert y.grad is not None
        return (y.grad,)

    step, _ = replayed(function, np.random.default_rng(0).standard_normal((33, 40)).astype(np.float32))
    (info,) = step.info()
    assert info["nodes"] < 8
    assert info["moved_bytes"] < 0.6 * info["unfused_bytes"]


# ---- what the other passes change ------------------------------------------------------------------------------------


def recorded(function: Callable[..., Any], *arrays: np.ndarray) -> tuple[_core.Program, list[str]]:
    """A program of ops on plain arrays, run once and equal to eager; its plan's lines."""
    arguments = [_core.Array.from_numpy(array) for array in arrays]
    want = np.array(function(*arguments).numpy())
    recorder = _core.Recorder()
    for index, argument in enumerate(arguments):
        recorder.argument(argument, f"x{index}", False)
    with recorder:
        recorder.result(function(*arguments), "y")
    program = _core.Program(recorder.finish(), 1)
    assert_same_bits(np.array(program.run(arguments)[0].numpy()), want, program.text())
    return program, program.text().splitlines()


def test_a_copy_is_not_made_where_its_reader_can_read_the_original(rng: np.random.Generator) -> None:
    def function(x: _core.Array) -> _core.Array:
        softmax = _core.op("softmax")(x)
        return _core.op("gemm")(_core.op("copy")(softmax), x, transpose_b=True)

    program, lines = recorded(function, rng.standard_normal((5, 7)).astype(np.float32))
    assert program.info["nodes"] == 2
    assert any(line.startswith("not run: ") and "copy" in line for line in lines)


@pytest.mark.parametrize("written", ["copy", "original"])
def test_a_copy_is_made_where_it_or_the_original_is_written_later(written: str, rng: np.random.Generator) -> None:
    def function(x: _core.Array) -> _core.Array:
        original = _core.op("softmax")(x)
        copy = _core.op("copy")(original)
        _core.op("copy")(x, out=copy if written == "copy" else original, accumulate=1)
        return _core.op("gemm")(original, copy, transpose_b=True)

    _, lines = recorded(function, rng.standard_normal((5, 7)).astype(np.float32))
    assert not any(line.startswith("not run: ") for line in lines)


def test_a_gradient_that_is_added_in_place_joins_those_who_read_the_sum(rng: np.random.Generator) -> None:
    """As where a residual sum meets an activation: the sum is not written to memory."""

    def function(x: _core.Array, y: _core.Array) -> _core.Array:
        total = _core.op("gemm")(x, y)
        _core.op("copy")(y, out=total, accumulate=1)
        return _core.op("relu_backward")(total, x)

    arrays = [rng.standard_normal((9, 9)).astype(np.float32) for _ in range(2)]
    program, lines = recorded(function, *arrays)
    assert program.info["nodes"] == 2
    assert any("= add.1" in line and " in scratch" in line for line in lines)
    assert program.info["moved_bytes"] == program.info["unfused_bytes"] - 2 * arrays[0].nbytes


def test_a_gradient_that_is_added_in_place_stays_so_where_others_read_it(rng: np.random.Generator) -> None:
    def function(x: _core.Array, y: _core.Array) -> _core.Array:
        total = _core.op("gemm")(x, y)
        _core.op("copy")(y, out=total, accumulate=1)
        return _core.op("softmax")(total)

    _, lines = recorded(function, *[rng.standard_normal((9, 9)).astype(np.float32) for _ in range(2)])
    assert any("copy.1" in line and "accumulate 1" in line for line in lines)


def test_outputs_that_nobody_reads_are_not_asked_for(rng: np.random.Generator) -> None:
    def function(x: _core.Array) -> _core.Array:
        y, _, _ = _core.op("layer_normalization")(x)
        return y  # type: ignore[no-any-return]

    _, lines = recorded(function, rng.standard_normal((4, 8)).astype(np.float32))
    assert any(", -, - = layer_normalization.1" in line for line in lines)


# ---- ops that work item by item --------------------------------------------------------------------------------------


def group_of(lines: list[str]) -> list[str]:
    """The ops of the only step that walks items."""
    (start,) = [index for index, line in enumerate(lines) if line.startswith("together") and " items at a time" in line]
    names = []
    for line in lines[start + 1 :]:
        if not line.startswith("  "):
            break
        names.append(line.split(" = ")[1].split(".")[0])
    return names


def images(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("batch", [1, 3, 16, 64])
def test_normalisation_sum_activation_and_pooling_run_together(batch: int, rng: np.random.Generator) -> None:
    channels = [np.abs(images(rng, 16)) + 0.1 for _ in range(4)]

    def function(x: _core.Array, y: _core.Array, *parameters: _core.Array) -> _core.Array:
        normal = _core.op("batch_normalization")(x, *parameters)
        pooled, _ = _core.op("max_pool2d")(_core.op("relu")(_core.op("add")(normal, y)))
        return pooled  # type: ignore[no-any-return]

    x, y = (images(rng, batch, 12, 13, 16) for _ in range(2))
    for _, _, text in each_level((1, 2)):
        program, lines = recorded(function, x, y, *channels)
        if batch == 3:  # too few for several threads, and too large for one
            assert program.info["nodes"] > 1
            continue
        assert program.info["nodes"] == 1, text
        assert group_of(lines) == ["batch_normalization", "add", "relu", "max_pool2d"]
        assert program.info["moved_bytes"] == 2 * x.nbytes + 4 * 64 + x.nbytes * 36 // (12 * 13)


def test_the_gradients_of_pooling_and_activation_run_together(rng: np.random.Generator) -> None:
    def function(x: _core.Array) -> _core.Array:
        hidden = _core.op("relu")(x)
        pooled, index = _core.op("max_pool2d")(hidden)
        total = _core.op("sum")(pooled)  # what comes after waits for all of the batch
        dy = _core.op("multiply")(pooled, total)
        return _core.op("relu_backward")(_core.op("max_pool2d_backward")(dy, index, hidden.shape_only), hidden)

    for _, _, text in each_level((1, 2)):
        program, _ = recorded(function, images(rng, 32, 14, 14, 8))
        assert program.info["nodes"] == 3, f"{text}\n{program.text()}"


def test_attention_written_by_hand_runs_together_between_its_products(rng: np.random.Generator) -> None:
    mask = np.triu(np.full((20, 20), -1e9, np.float32), 1)

    def function(scores: Tensor) -> tuple[Tensor, ...]:
        return (F.softmax(scores * 0.25 + fastnn.constant(mask)) * 1.5,)

    for _ in each_level((1, 2)):
        step, _ = replayed(function, images(rng, 24, 4, 20, 20))
        assert {info["nodes"] for info in step.info()} == {1}


@pytest.mark.parametrize("axis", [0, -2])
def test_an_op_along_the_leading_axis_is_not_cut(axis: int, rng: np.random.Generator) -> None:
    def function(x: _core.Array) -> _core.Array:
        return _core.op("relu")(_core.op("log_softmax")(_core.op("exp")(x), axis=axis))

    program, _ = recorded(function, images(rng, 40, 30))
    assert program.info["nodes"] == 3


def test_a_row_of_numbers_has_no_items(rng: np.random.Generator) -> None:
    def function(x: _core.Array) -> _core.Array:
        y, _, _ = _core.op("layer_normalization")(_core.op("exp")(x), wanted=1)
        return _core.op("relu")(y)

    program, _ = recorded(function, images(rng, 40))
    assert program.info["nodes"] == 3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_items_through_views_and_means(dtype: str, rng: np.random.Generator) -> None:
    """Normalised tokens, seen as samples and as rows, with a gradient that is spread over positions."""

    def function(x: Tensor) -> tuple[Tensor, ...]:
        y = F.gelu(F.layer_normalization(F.relu(x)).reshape(-1, 12) * 2.0).reshape(-1, 7, 12)
        z = y.detach().requires_grad_()
        F.sum(F.mean(z, axis=1) * 3.0).backward()
        assert z.grad is not None
        return (y + z.grad, F.softmax(y))

    for _ in each_level((1, 2)):
        replayed(function, rng.standard_normal((96, 7, 12)).astype(dtype))


@pytest.mark.parametrize("read_again", [False, True])
def test_the_gradient_of_relu_behind_a_normalisation_is_taken_in_its_gradient(read_again: bool) -> None:
    rng = np.random.default_rng(0)
    x, weight = (rng.standard_normal(shape).astype(np.float32) for shape in ((6, 5, 5, 7), (6, 7)))

    def function(x: Tensor, weight: Tensor) -> tuple[Tensor, ...]:
        x, scale, shift = (t.detach().requires_grad_() for t in (x, weight[0] * 1.0, weight[1] * 1.0))
        normal = F.batch_normalization(x, *F.batch_statistics(x), scale, shift, training=True)
        y = F.relu(normal)
        if read_again:  # the gradient before relu has another reader
            normal.retain_grad()
        F.sum(y * y).backward()
        gradients = [t.grad for t in (x, scale, shift)]
        assert all(g is not None for g in gradients)
        return (y, *gradients, *([normal.grad] if read_again else []))

    step, _ = replayed(function, x, weight)
    ran = [line for line in text_of(step, 6) if not line.startswith("not run")]
    assert any("relu_backward" in line for line in ran) == read_again
    assert any("activation=linear" in line for line in ran if "batch_normalization_backward" in line) == read_again


def lines_with(step: Step, batch: int, op: str) -> int:
    return sum(f"= {op}." in line for line in text_of(step, batch) if not line.startswith("not run"))


@pytest.mark.parametrize("what", ["pooled", "read", "terms", "strides"])
def test_a_convolution_of_few_terms_is_pooled_before_it_is_written(what: str, rng: np.random.Generator) -> None:
    x = images(rng, 6, 8, 9, 4 if what == "terms" else 2)
    weights = images(rng, 6, 3, 3, x.shape[-1], 5), images(rng, 6, 5)
    strides = (2, 1) if what == "strides" else (2, 2)

    def function(x: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, ...]:
        weight, bias = (t.detach().requires_grad_() for t in (weight[0] * 1.0, bias[0] * 1.0))
        y = F.conv2d(x, weight, bias, padding="same", activation="relu")
        pooled = F.max_pool2d(y, strides=strides)
        F.sum(pooled * pooled).backward()
        assert weight.grad is not None
        assert bias.grad is not None
        return (pooled, weight.grad, bias.grad, *([F.sum(y)] if what == "read" else []))

    for _ in each_level((1, 2)):
        step, _ = replayed(function, x, *weights)
        fused = what == "pooled"
        assert lines_with(step, 6, "conv2d_max_pool2d") == fused
        assert lines_with(step, 6, "max_pool2d") == (not fused)


@pytest.mark.parametrize("overlap", [False, True])
def test_the_gradient_of_relu_before_pooling_is_taken_at_the_windows(overlap: bool, rng: np.random.Generator) -> None:
    x = images(rng, 5, 9, 8, 3)
    x[0, 1:4] = np.nan
    x[1] = -np.abs(x[1])
    x[2, ::2] = 0.0

    def function(x: Tensor) -> tuple[Tensor, ...]:
        x = x.detach().requires_grad_()
        pooled = F.max_pool2d(F.relu(x * 1.0), pool_size=(3, 3), strides=(2, 2) if overlap else (3, 3))
        F.sum(pooled * 3.0).backward()
        assert x.grad is not None
        return (pooled, x.grad)

    for _ in each_level((1, 2)):
        step, _ = replayed(function, x)
        text = "\n".join(text_of(step, 5))
        assert text.index("= relu_backward.") < text.index("= max_pool2d_backward.")
