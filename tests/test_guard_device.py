"""Every op, a training step and a replayed program on the guard device, whose memory the host can't touch.

Whatever treats device memory as host memory ends in a segmentation fault here, without a GPU. The device computes with
the CPU's kernels, so the bits must be the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from op_calls import call, cast, flatten, is_update, map_arrays
from op_cases import CASES, OpCase
from step_models import Network, batches
from tolerances import assert_same_bits

import fastnn
from fastnn import _core
from fastnn.program import Step


def fetch(value: _core.Array) -> np.ndarray:
    """The values of a device array of any strides."""
    return np.array((value if value.is_contiguous else _core.op("copy")(value)).numpy())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_op_gives_the_bits_of_the_cpu(case: OpCase, guard_device: str) -> None:
    for dtype in ("float32", "float64"):
        inputs = cast(case, dtype)
        want = call(case, inputs)
        there = map_arrays(lambda a: _core.Array.from_numpy(a, device=guard_device), inputs)
        result = _core.op(case.op)(*there, **case.attributes)
        if is_update(case):
            result = flatten_values(there)
        got = [fetch(value) for value in (result if isinstance(result, (list, tuple)) else [result])]
        for index, (a, b) in enumerate(zip(got, want, strict=True)):
            assert_same_bits(a, b, f"{case} {dtype} output {index}")
        given = [value for value in inputs if value is not None]
        for index, (a, b) in enumerate(zip(flatten_values(there), flatten(given), strict=False)):
            if not is_update(case):
                assert_same_bits(fetch(a), b, f"{case} {dtype}: argument {index} was modified")


def flatten_values(values: list[Any]) -> list[_core.Array]:
    return [a for value in values for a in (value if isinstance(value, list) else [value]) if a is not None]


def test_host_memory_is_refused_where_device_memory_is(guard_device: str) -> None:
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    there = _core.Array.from_numpy(x, device=guard_device)
    refused: list[Callable[[], Any]] = [
        lambda: np.asarray(there),
        lambda: np.from_dlpack(there),
        lambda: memoryview(there),
        lambda: _core.op("add")(there, _core.Array.from_numpy(x)),
        lambda: _core.op("relu")(there, out=_core.Array.empty((3, 4), np.dtype("f4"))),
        lambda: fastnn.Tensor(x, device=guard_device) + fastnn.Tensor(x),
        lambda: np.asarray(fastnn.Tensor(x, device=guard_device)),
    ]
    for index, run in enumerate(refused):
        with pytest.raises((ValueError, TypeError, BufferError, RuntimeError)):
            pytest.fail(f"call {index} gave {run()!r}")
    assert_same_bits(there.numpy(), x, "a copy")
    assert_same_bits(there.to("cpu").numpy(), x, "a copy")
    there.write(2 * x)
    assert_same_bits(there.numpy(), 2 * x, "written")


def test_a_tensor_there_is_a_tensor(guard_device: str) -> None:
    x = fastnn.Tensor(np.arange(6, dtype=np.float32).reshape(2, 3), device=guard_device, requires_grad=True)
    assert x.device == guard_device
    y = (x * 2 + 1)[:, 1:].sum()
    assert y.device == guard_device
    assert y.item() == 2 * (1 + 2 + 4 + 5) + 4
    y.backward()
    assert x.grad.device == guard_device
    assert_same_bits(x.grad.numpy(), np.array([[0, 2, 2], [0, 2, 2]], np.float32), "gradient")
    assert_same_bits(x.detach().to("cpu").numpy(), np.arange(6, dtype=np.float32).reshape(2, 3), "to cpu")


@pytest.mark.parametrize("kind", ["dense", "convolution"])
def test_a_training_step_gives_the_bits_of_the_cpu(kind: str, guard_device: str) -> None:
    data = batches(kind, 6)
    here, there, replayed = Network(kind), Network(kind, guard_device), Network(kind, guard_device)
    step = Step(replayed.train, states=replayed.states, scalars=replayed.scalars, name="train")
    for x, labels in data:
        want = here.train_eagerly(x, labels)
        assert_same_bits(there.train_eagerly(x, labels), want, "loss")
        (loss,) = step(fastnn.Tensor(x, device=guard_device), fastnn.Tensor(labels, device=guard_device))
        assert_same_bits(loss.numpy(), want, "loss of the replayed step")
    assert step.info()[0]["replays"] >= 4
    for name, value in here.states().items():
        assert_same_bits(there.states()[name].numpy(), value.numpy(), name)
        assert_same_bits(replayed.states()[name].numpy(), value.numpy(), f"{name} of the replayed step")
