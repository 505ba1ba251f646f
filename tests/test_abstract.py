"""Tensors with a shape and no values: every op describes its results, nothing is computed, read or written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras_cases import CASES as LAYER_CASES
from keras_cases import LayerCase
from op_calls import cast, is_update, map_arrays
from op_cases import CASES, OpCase
from tolerances import assert_same_bits

import fastnn
from fastnn import Tensor, _core, layers
from fastnn import functional as F
from fastnn.abstract import Spec, abstract, infer, is_abstract
from fastnn.layers.base import Layer

F32 = np.dtype(np.float32)


def results_of(values: Any) -> list[_core.Array]:
    values = values if isinstance(values, tuple | list) else [values]
    return [value for value in values if value is not None]


@pytest.mark.parametrize("case", [case for case in CASES if not is_update(case)], ids=str)
def test_every_op_describes_the_results_that_it_computes(case: OpCase) -> None:
    op = _core.op(case.op)
    given = cast(case, "float32")
    want = results_of(op(*map_arrays(_core.Array.from_numpy, given), **case.attributes))
    shapes = map_arrays(lambda a: _core.Array.abstract(a.shape, a.dtype), given)
    before = _core.allocated_bytes()
    got = results_of(op(*shapes, **case.attributes))
    assert _core.allocated_bytes() == before
    assert [(a.shape, a.dtype, a.is_abstract) for a in got] == [(a.shape, a.dtype, True) for a in want]


@pytest.mark.parametrize("case", [c for c in CASES if c.apply and c.differentiable and "dropout" not in c.op], ids=str)
def test_gradients_have_shapes_too(case: OpCase) -> None:
    tensors: list[Any] = []
    for index, value in enumerate(cast(case, "float32")):
        if index in case.differentiable:
            tensors.append(abstract(value.shape, value.dtype).requires_grad_(True))
        else:
            tensors.append(None if value is None else Tensor(value))
    y = case.apply(F, *tensors)
    assert is_abstract(y)
    y.sum().backward()
    for index in case.differentiable:
        assert tensors[index].grad.shape == tensors[index].shape
        assert is_abstract(tensors[index].grad)


def test_there_is_nothing_to_read() -> None:
    x = abstract((2, 3))
    assert (x.shape, x.dtype, is_abstract(x)) == ((2, 3), F32, True)
    assert repr(x) == "Tensor(shape=(2, 3), dtype=float32, without values)"
    for read in (
        lambda: x.numpy(),
        lambda: np.asarray(x),
        lambda: memoryview(x._array),
        lambda: np.from_dlpack(x._array),
        lambda: F.sum(x).item(),
        lambda: bool(F.sum(x) > 0),
        lambda: x._array.to("guard:0") if "guard:0" in _core.devices() else x.numpy(),
    ):
        with pytest.raises((ValueError, TypeError, BufferError)):
            read()
    with pytest.raises(ValueError, match=r"memory of the tensor"):
        x.assign(np.zeros((2, 3), np.float32))


def test_memory_is_not_written_from_nothing() -> None:
    x, out = abstract((2, 3)), _core.Array.from_numpy(np.zeros((2, 3), np.float32))
    with pytest.raises(ValueError, match=r"^exp: can't write y, for other arguments are abstract and have no values$"):
        _core.op("exp")(x._array, out=out)
    weight = Tensor(np.zeros((2, 3), np.float32))
    with pytest.raises(ValueError, match=r"^sgd_update: can't write parameters, for other arguments are abstract"):
        fastnn.optimizers.SGD().apply([x], [weight])
    with pytest.raises(ValueError, match=r"^multiply: expected"):
        x * abstract((4,))
    with pytest.raises(TypeError):
        F.add(x, abstract((2, 3), np.float64))


def test_sizes_beyond_all_memory() -> None:
    y = F.conv2d(abstract((2**20, 2**10, 2**10, 3)), Tensor(np.zeros((3, 3, 3, 64), np.float32)), padding="same")
    assert y.shape == (2**20, 2**10, 2**10, 64)
    with pytest.raises(ValueError, match="exceeds"):
        abstract((2**40, 2**40))


def test_views_stay_views() -> None:
    x = abstract((4, 6))
    assert x[1:3]._array.shares_storage(x._array)
    assert x.transpose()._array.shares_storage(x._array)
    assert not x.transpose().reshape(24)._array.shares_storage(x._array)
    assert not F.exp(x)._array.shares_storage(x._array)


def test_a_program_can_be_made_without_running_the_step() -> None:
    weight = Tensor(np.random.default_rng(3).standard_normal((4, 5)).astype(np.float32), requires_grad=True)
    before = weight.numpy().copy()
    rate = _core.Scalar(0.1, "float")

    def train(x: Tensor) -> Tensor:
        loss = F.mean(F.tanh(F.matmul(x.transpose().transpose(), weight)))
        weight.grad = None
        loss.backward()
        return loss

    recorder = _core.Recorder()
    argument = abstract((3, 4))
    recorder.argument(argument._array, "x", True)
    recorder.state(weight._array, "weight")
    recorder.scalar(rate, "rate")
    with recorder:
        loss = train(argument)
        update = (_core.op("sgd_update"), ([weight._array], [weight.grad._array], [], []), {"learning_rate": rate})
        _core.commit([update], [])
    recorder.result(loss._array, "loss")
    assert_same_bits(weight.numpy(), before, "recording")
    program = _core.Program(recorder.finish(), 7)
    x = np.random.default_rng(4).standard_normal((7, 4)).astype(np.float32)
    with pytest.raises(ValueError, match="argument x has no data"):
        program.run([abstract((7, 4))._array])
    (got,) = program.run([_core.Array.from_numpy(x)])
    after = weight.numpy().copy()
    weight.assign(before)
    assert_same_bits(got.numpy(), train(Tensor(x)).numpy(), "loss")
    fastnn.optimizers.SGD(0.1).apply([weight.grad], [weight])
    assert_same_bits(after, weight.numpy(), "weight")


def test_state_must_have_memory() -> None:
    with pytest.raises(ValueError, match=r"^record: w has no storage$"):
        _core.Recorder().state(abstract((2,))._array, "w")


# ---- shapes of functions and layers ----------------------------------------------------------------------------------


def test_open_sizes_stay_open_where_they_matter() -> None:
    open_rows = Spec((None, None, 4), F32)
    assert infer(lambda x: F.sum(x, axis=1), open_rows) == Spec((None, 4), F32)
    assert infer(lambda x: [x[:, :3], {"a": x.shape[-1]}], open_rows) == [Spec((None, 3, 4), F32), {"a": 4}]
    assert infer(lambda x: F.reshape(x, (x.shape[0], -1)), open_rows) == Spec((None, None), F32)
    assert infer(lambda a, b: F.matmul(a, b), open_rows, Spec((4, 2), F32)) == Spec((None, None, 2), F32)
    assert infer(lambda x: x > 0, open_rows).dtype == np.bool_
    wide = Tensor(np.zeros((500, 1, 1), np.float32))
    assert infer(lambda x: F.conv1d(x, wide), Spec((None, None, 1), F32)) == Spec((None, None, 1), F32)
    with pytest.raises(ValueError, match=r"matmul|gemm"):
        infer(lambda a: F.matmul(a, Tensor(np.zeros((5, 2), np.float32))), open_rows)


@pytest.mark.parametrize("case", [case for case in LAYER_CASES if case.times == 1 and not case.call], ids=str)
def test_layers_say_the_shape_that_they_put_out(case: LayerCase) -> None:
    """By their own rule, and by the one of the base class, which asks call."""
    shapes = case.shape if isinstance(case.shape, list) else [case.shape]
    opened = [(None, *shape[1:]) for shape in shapes]
    argument = opened if isinstance(case.shape, list) else opened[0]
    arrays = case.inputs()
    for ask in (type(case.make(layers)).compute_output_shape, Layer.compute_output_shape):
        layer = case.make(layers)
        got = ask(layer, argument)
        result = layer(arrays if isinstance(case.shape, list) else arrays[0])
        want = [r.shape for r in results_of_layer(result)]
        assert [tuple(shape[1:]) for shape in flat_shapes(got)] == [shape[1:] for shape in want]


def results_of_layer(result: Any) -> list[Tensor]:
    return [t for part in result for t in results_of_layer(part)] if isinstance(result, list | tuple) else [result]


def flat_shapes(shape: Any) -> list[tuple[int | None, ...]]:
    if any(isinstance(part, list | tuple) for part in shape):
        return [one for part in shape for one in flat_shapes(part)]
    return [tuple(shape)]


def test_a_layer_without_a_rule_of_its_own() -> None:
    class Twice(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.inner = layers.Dense(input_shape[-1])

        def call(self, x: Tensor) -> Any:
            y = self.inner(x)
            return {"sum": F.sum(y, axis=1), "both": [x, F.concatenate([y, x], axis=1)]}

    layer = Twice()
    assert layer.compute_output_shape((None, None, 4)) == {
        "sum": (None, 4),
        "both": [(None, None, 4), (None, None, 4)],
    }
    assert layer.built
    assert layer(np.ones((2, 3, 4), np.float32))["both"][1].shape == (2, 6, 4)
    assert layer.compute_output_shape((None, 3, 4))["both"] == [(None, 3, 4), (None, 6, 4)]
