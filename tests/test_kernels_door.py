"""fastnn.kernels over NumPy arrays, DLPack objects and buffers: what it takes, writes, and does not copy."""

from __future__ import annotations

import array
from typing import Any

import numpy as np
import pytest
from op_calls import call, cast, each_level, is_update, map_arrays
from op_cases import CASES, OpCase
from tolerances import assert_same_bits

from fastnn import _core, kernels

VIEWS = ("reshape", "slice")
writing = pytest.mark.parametrize("case", [c for c in CASES if not is_update(c) and c.op not in VIEWS], ids=str)
updating = pytest.mark.parametrize("case", [c for c in CASES if is_update(c)], ids=str)


def written(case: OpCase) -> set[int]:
    """The groups of arguments that an update op writes."""
    return {i for i, argument in enumerate(_core.op(case.op).schema["inputs"]) if argument["role"] == "update"}


class DLPackOnly:
    """An array that speaks DLPack and nothing else."""

    def __init__(self, values: np.ndarray) -> None:
        self._values = values

    def __dlpack__(self, **options: Any) -> Any:
        return self._values.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._values.__dlpack_device__()


def address(a: np.ndarray) -> int:
    return a.__array_interface__["data"][0]


def arrays_of(groups: list[Any]) -> list[np.ndarray]:
    return [a for group in groups for a in (group if isinstance(group, list) else [group]) if a is not None]


def with_gaps(a: np.ndarray) -> np.ndarray:
    view = np.zeros((*a.shape, 3), a.dtype)[..., 1]
    view[...] = a
    return view


def one_element_off(a: np.ndarray) -> np.ndarray:
    view = np.empty(a.size + 1, a.dtype)[1:].reshape(a.shape)
    view[...] = a
    return view


# ---- what comes in ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", [c for c in CASES if not is_update(c)], ids=str)
def test_dlpack_and_engine_arrays_equal_numpy(case: OpCase) -> None:
    inputs = cast(case, "float32")
    want = call(case, inputs)
    kinds = {
        "DLPack": lambda a: DLPackOnly(a) if a.dtype != bool else a,
        "Array": _core.Array.from_numpy,
        "memoryview": lambda a: memoryview(a) if a.ndim and a.size else a,
    }
    for name, convert in kinds.items():
        for index, (a, b) in enumerate(zip(call(case, map_arrays(convert, inputs)), want, strict=True)):
            assert_same_bits(a, b, f"{case} {name} output {index}")


def test_buffers_lists_and_numbers_come_in() -> None:
    values = array.array("f", [1, -2, 3])
    assert kernels.relu(values).tolist() == [1, 0, 3]
    assert kernels.relu(array.array("d", [-1, 2])).dtype == np.float64
    out = array.array("f", [9, 9, 9])
    assert kernels.relu(values, out=out) is out
    assert out.tolist() == [1, 0, 3]
    view = memoryview(bytearray(12)).cast("f")
    kernels.add(values, values, out=view)
    assert view.tolist() == [2, -4, 6]


def test_results_are_writable_numpy_arrays_that_own_their_values() -> None:
    x = np.ones((3, 4), np.float32)
    y = kernels.relu(x)
    assert type(y) is np.ndarray
    assert y.flags.writeable
    y[:] = 5
    assert (x == 1).all()
    assert kernels.sum(x).shape == ()


def test_only_ordinary_arrays_take_the_short_way() -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    locked = np.full((2, 3), 9, np.float32)
    locked.flags.writeable = False
    unaligned = np.zeros(25, np.uint8)[1:].view(np.float32).reshape(2, 3)

    def longer(*arguments: Any, **attributes: Any) -> Any:
        return (*arguments, attributes)

    call = _core.short_way(longer)

    def short_way(a: Any, out: Any) -> bool:
        return call("add", (a, values), (out,), False) is out

    out = np.full((2, 3), 9, np.float32)
    unusual = [values.tolist(), values.astype(">f4"), values.astype(np.float16), unaligned]
    assert not any(short_way(a, out) for a in [*unusual, _core.Array.from_numpy(values)])
    assert not any(short_way(values, bad) for bad in [None, locked, unaligned, _core.Array.from_numpy(locked)])
    for unlike in [("add", (values,), (out,), False), ("add", (values, values), None, False)]:
        assert call(*unlike) == (*unlike, {})
    reshape = ("reshape", (values,), (out,), False)
    assert call(*reshape, shape=(2, 3)) == (*reshape, {"shape": (2, 3)})
    assert out.tolist() == locked.tolist() == [[9] * 3] * 2
    assert short_way(values.T[::-1].T, out)
    assert out.tolist() == (values[:, ::-1] + values).tolist()
    with pytest.raises(KeyError, match="no op is named plus"):
        call("plus", (values, values), (out,), False)
    with pytest.raises(ValueError, match=r"^add: expected y \(2, 3\), got \(6,\)$"):
        call("add", (values, values), (out.reshape(6),), False)
    with pytest.raises(TypeError, match="add: got an unexpected argument 'alpha'"):
        call("add", (values, values), (out,), False, alpha=2)


# ---- out= ------------------------------------------------------------------------------------------------------------


@writing
def test_out_is_written_where_it_lies(case: OpCase) -> None:
    for dtype in ("float32", "float64"):
        inputs = cast(case, dtype)
        want = call(case, inputs)
        out = [np.full(a.shape, 7, a.dtype) for a in want]
        before = [address(a) for a in out]
        result = getattr(kernels, case.op)(*inputs, **case.attributes, out=out[0] if len(out) == 1 else tuple(out))
        results = (result,) if len(out) == 1 else result
        for index, (a, b) in enumerate(zip(results, out, strict=True)):
            assert a is b, f"{case} {dtype} output {index} is another object"
            assert address(a) == before[index]
            assert_same_bits(a, want[index], f"{case} {dtype} output {index}")


@writing
def test_out_with_gaps_is_refused_and_not_touched(case: OpCase) -> None:
    inputs = cast(case, "float32")
    out = [np.zeros((*a.shape, 2), a.dtype)[..., 0] for a in call(case, inputs)]
    if all(a.flags.c_contiguous for a in out):
        return
    with pytest.raises(ValueError, match=f"{case.op}: expected contiguous "):
        getattr(kernels, case.op)(*inputs, **case.attributes, out=out[0] if len(out) == 1 else tuple(out))
    assert not any(a.any() for a in out), f"{case} was written"


@writing
def test_absent_outputs_change_nothing(case: OpCase) -> None:
    inputs = cast(case, "float32")
    want = call(case, inputs)
    if len(want) == 1:
        return
    first = np.empty_like(want[0])
    rest = (None,) * (len(want) - 1)
    result = getattr(kernels, case.op)(*inputs, **case.attributes, out=(first, *rest))
    assert result[0] is first
    assert_same_bits(first, want[0], str(case))


# ---- updates ---------------------------------------------------------------------------------------------------------


@updating
def test_updates_write_in_place(case: OpCase) -> None:
    inputs = cast(case, "float32")
    want = call(case, inputs)
    for layout in (one_element_off, np.array):
        arguments = map_arrays(layout, inputs)
        before = [address(a) for a in arrays_of(arguments)]
        assert getattr(kernels, case.op)(*arguments, **case.attributes) is None
        assert before == [address(a) for a in arrays_of(arguments)]
        for index, (a, b) in enumerate(zip(arrays_of(arguments), want, strict=True)):
            assert_same_bits(a, b, f"{case} {layout.__name__} argument {index}")


@updating
def test_updates_refuse_arrays_with_gaps_that_they_do_not_take(case: OpCase) -> None:
    inputs = cast(case, "float32")
    arguments = map_arrays(with_gaps, inputs)
    if all(a["layout"] == "any" for a in _core.op(case.op).schema["inputs"] if a["role"] == "update"):
        getattr(kernels, case.op)(*arguments, **case.attributes)
        for a, b in zip(arrays_of(arguments), call(case, inputs), strict=True):
            assert_same_bits(a, b, str(case))
        return
    with pytest.raises(ValueError, match=f"{case.op}: expected contiguous "):
        getattr(kernels, case.op)(*arguments, **case.attributes)
    for index, (a, b) in enumerate(zip(arrays_of(arguments), arrays_of(inputs), strict=True)):
        assert_same_bits(a, b, f"{case} argument {index}")


@updating
def test_what_an_update_only_reads_may_have_any_memory(case: OpCase) -> None:
    inputs = cast(case, "float32")
    want = call(case, inputs)
    arguments = [
        value if index in written(case) else map_arrays(with_gaps, [value])[0] for index, value in enumerate(inputs)
    ]
    getattr(kernels, case.op)(*arguments, **case.attributes)
    for index, (a, b) in enumerate(zip(arrays_of(arguments), want, strict=True)):
        assert_same_bits(a, b, f"{case} argument {index}")


@updating
def test_what_an_update_only_reads_may_be_read_only(case: OpCase) -> None:
    inputs = cast(case, "float32")
    want = call(case, inputs)
    arguments = map_arrays(np.array, inputs)
    for index, group in enumerate(arguments):
        for part in arrays_of([group]):
            part.flags.writeable = index in written(case)
    getattr(kernels, case.op)(*arguments, **case.attributes)
    for index, (a, b) in enumerate(zip(arrays_of(arguments), want, strict=True)):
        assert_same_bits(a, b, f"{case} argument {index}")


# ---- copies ----------------------------------------------------------------------------------------------------------


def test_views_share_memory() -> None:
    x = np.arange(24, dtype=np.float32).reshape(4, 6)
    part = kernels.slice(x, starts=(1,), stops=(3,), steps=(1,))
    assert np.shares_memory(part, x)
    assert address(part) == address(x) + 24
    flat = kernels.reshape(x, shape=(-1,))
    assert np.shares_memory(flat, x)
    assert address(flat) == address(x)
    backwards = kernels.slice(x, starts=(2**63 - 1,), stops=(-(2**63),), steps=(-1,))
    assert backwards.strides == (-24, 4)
    assert np.shares_memory(backwards, x)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8", "bool"])
def test_arrays_wrap_without_a_copy(dtype: str) -> None:
    x = np.zeros(31, dtype)
    for view in (x, x[1:], x[::3], x[::-1], x[:30].reshape(5, 6).T):
        wrapped = _core.Array.from_numpy(view, copy=False)
        assert wrapped.address == address(view)
        assert wrapped.numpy().strides == view.strides
        assert np.shares_memory(wrapped.numpy(), x)
        assert address(np.from_dlpack(wrapped)) == address(view)
        assert address(np.asarray(memoryview(wrapped))) == address(view)


def test_element_aligned_arguments_of_accepted_strides_are_not_copied() -> None:
    """Counted in bytes: the engine allocates less than one argument's size, whatever the call."""
    big = np.ones((513, 1025), np.float32)
    square, out = big[1:, 1:], np.empty((512, 512), np.float32)
    image = np.ones(1 * 64 * 64 * 16 + 1, np.float32)[1:].reshape(1, 64, 64, 16)
    calls = [
        (lambda: kernels.add(square[::-1, ::2], square.T[::2], out=out), out.nbytes),
        (lambda: kernels.multiply(square[:, :512], square[0, 0], out=out), out.nbytes),
        (lambda: kernels.relu(image, out=np.empty_like(image)), image.nbytes),
        (lambda: kernels.copy(square[:, :512].T, out=out), out.nbytes),
        (lambda: kernels.max_pool2d(image, out=(np.empty((1, 32, 32, 16), np.float32), None)), image.nbytes),
    ]
    for index, (run, size) in enumerate(calls):
        before = _core.allocated_bytes()
        run()
        taken = _core.allocated_bytes() - before
        assert taken < size / 2, f"call {index} allocated {taken} bytes"


def test_an_update_in_place_sees_what_numpy_wrote() -> None:
    w, g = np.ones(5, np.float32), np.ones(5, np.float32)
    kernels.sgd_update([w], [g], learning_rate=0.5)
    g[:] = 2
    kernels.sgd_update([w], [g], learning_rate=0.25)
    assert (w == 0).all()


@pytest.mark.parametrize(("averages", "values"), [(3, 1), (0, 2), (1, 2)])
def test_lists_of_different_lengths_are_refused(averages: int, values: int) -> None:
    """Were they joined and shared out again, values would be written instead of averages."""
    first = [np.full(3, float(index), np.float32) for index in range(averages)]
    second = [np.full(3, 7.0, np.float32) for _ in range(values)]
    message = f"moving_average_update: expected as many values as averages, {averages}, got {values}"
    with pytest.raises(ValueError, match=message):
        kernels.moving_average_update(first, second, momentum=0.0)
    assert [array[0] for array in first] == list(range(averages))
    assert all(array[0] == 7.0 for array in second)


def test_gelu_of_a_zero_has_its_sign(engine_settings: None) -> None:
    zeros = np.array([-0.0, 0.0] * 20, np.float32)
    for _, _, where in each_level():
        assert (np.signbit(kernels.gelu(zeros)) == np.signbit(zeros)).all(), where


def test_a_name_of_an_op_is_taken_whole() -> None:
    a = np.ones((2, 2), np.float32)
    with pytest.raises(KeyError, match="no op is named"):
        _core.short_way(lambda: None)("gemm\0", (a, a), (np.empty((2, 2), np.float32),), False)
