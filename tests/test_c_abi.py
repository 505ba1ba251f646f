"""The C ABI by itself: what a caller in C may get wrong is a status and a sentence, never a crash."""

from __future__ import annotations

import ctypes as c
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fastnn

MAX_RANK = 8
INVALID_VALUE, INVALID_TYPE, INVALID_INDEX, UNAVAILABLE = 1, 2, 3, 5
Int64s, Pointer = c.POINTER(c.c_int64), c.c_void_p


class Dtype(c.Structure):
    _fields_ = (("code", c.c_uint8), ("bits", c.c_uint8), ("lanes", c.c_uint16))


class Device(c.Structure):
    _fields_ = (("type", c.c_int32), ("index", c.c_int32))


class Tensor(c.Structure):
    _fields_ = (
        ("struct_size", c.c_size_t),
        ("data", Pointer),
        ("byte_offset", c.c_uint64),
        ("dtype", Dtype),
        ("device", Device),
        ("rank", c.c_int32),
        ("flags", c.c_int32),
        ("shape", c.c_int64 * MAX_RANK),
        ("strides", c.c_int64 * MAX_RANK),
        ("storage", Pointer),
        ("identity", c.c_uint64),
    )


class Context(c.Structure):
    _fields_ = (
        ("struct_size", c.c_size_t),
        ("device", Device),
        ("stream", Pointer),
        ("parallel_for", Pointer),
        ("executor", Pointer),
        ("allocator", Pointer),
        ("precision", c.c_int32),
        ("batch_invariant", c.c_int32),
        ("recorder", Pointer),
        ("convolution", c.c_int32),
    )


class Call(c.Structure):
    _fields_ = (
        ("struct_size", c.c_size_t),
        ("context", c.POINTER(Context)),
        ("inputs", c.POINTER(c.POINTER(Tensor))),
        ("outputs", c.POINTER(c.POINTER(Tensor))),
        ("input_count", c.c_int64),
        ("output_count", c.c_int64),
        ("attributes", Pointer),
        ("scalars", Pointer),
        ("accumulate", c.c_uint64),
        ("workspace", Pointer),
        ("workspace_size", c.c_size_t),
        ("user_data", Pointer),
        ("first", c.c_int64),
        ("prepared", Pointer),
        ("whole", c.c_int64),
    )


LIBRARY = c.CDLL(str(Path(fastnn.__file__).parent / "lib" / "libfastnn.so"))
LIBRARY.fastnn_last_error.restype = c.c_char_p
LIBRARY.fastnn_tensor_from_host.restype = Tensor
LIBRARY.fastnn_tensor_from_host.argtypes = [Pointer, Dtype, c.c_int32, Int64s]
for name in ("find_op", "op_schema", "op_at", "storage_data", "find_implementation"):
    getattr(LIBRARY, f"fastnn_{name}").restype = Pointer
for name in ("storage_bytes", "storage_references", "storage_version"):
    getattr(LIBRARY, f"fastnn_{name}").restype = c.c_uint64
LIBRARY.fastnn_graph_text.restype = c.c_int64
LIBRARY.fastnn_program_node_text.restype = c.c_int64

FLOAT32 = Dtype(2, 32, 1)
RELU = c.c_void_p(LIBRARY.fastnn_find_op(b"relu"))


class Relu:
    """A call of relu that is right; tests then change a part of it."""

    def __init__(self) -> None:
        self.memory = [(c.c_float * 3)(-1, 2, -3), (c.c_float * 3)()]
        self.x, self.y = (
            LIBRARY.fastnn_tensor_from_host(memory, FLOAT32, 1, (c.c_int64 * 1)(3)) for memory in self.memory
        )
        self.context = Context()
        LIBRARY.fastnn_context_init(c.byref(self.context), c.c_size_t(c.sizeof(Context)))
        self.inputs, self.outputs = ((c.POINTER(Tensor) * 1)(c.pointer(t)) for t in (self.x, self.y))
        self.call = Call(c.sizeof(Call), c.pointer(self.context), self.inputs, self.outputs, 1, 1)

    def run(self) -> int:
        return LIBRARY.fastnn_run(RELU, c.byref(self.call))


def refused(status: int, part: str, kind: int = INVALID_VALUE) -> None:
    sentence = LIBRARY.fastnn_last_error().decode()
    assert status == kind, (status, sentence)
    assert part in sentence, sentence


def test_a_right_call_runs() -> None:
    relu = Relu()
    assert relu.run() == 0
    assert list(relu.memory[1]) == [0, 2, 0]


def change(target: str, **fields: Any) -> Callable[[Relu], None]:
    def apply(relu: Relu) -> None:
        for field, value in fields.items():
            setattr(getattr(relu, target), field, value)

    return apply


@pytest.mark.parametrize(
    ("spoil", "part", "kind"),
    [
        *((change("call", struct_size=size), "struct_size", INVALID_VALUE) for size in (0, 1, c.sizeof(Call) - 8)),
        *((change("context", struct_size=size), "struct_size", INVALID_VALUE) for size in (0, 1)),
        (change("x", struct_size=8), "struct_size", INVALID_VALUE),
        (change("call", context=None), "relu: expected context, got NULL", INVALID_VALUE),
        (change("call", inputs=None), "relu: expected inputs, got NULL", INVALID_VALUE),
        (change("call", outputs=None), "relu: expected outputs, got NULL", INVALID_VALUE),
        (change("call", input_count=-1), "relu: expected 1 inputs, got -1", INVALID_VALUE),
        (change("call", output_count=-1), "relu: expected 1 outputs, got -1", INVALID_VALUE),
        (change("call", accumulate=6), "accumulate", INVALID_VALUE),
        (change("x", rank=9), "rank 9", INVALID_VALUE),
        (change("x", data=None), "no data", INVALID_VALUE),
        (change("x", dtype=Dtype(2, 32, 2)), "float32 with 2 lanes", INVALID_TYPE),
        (change("x", device=Device(1, 5)), "got it on cpu:5", INVALID_VALUE),
    ],
)
def test_a_wrong_call_is_refused(spoil: Callable[[Relu], None], part: str, kind: int) -> None:
    relu = Relu()
    spoil(relu)
    refused(relu.run(), part, kind)
    assert list(relu.memory[1]) == [0, 0, 0]


def test_null_is_refused() -> None:
    relu = Relu()
    tensor, context, out = c.byref(relu.x), c.byref(relu.context), c.byref(c.c_void_p())
    cpu, one, size = Device(1, 0), c.c_int64(1), c.c_size_t(12)
    calls: list[tuple[str, tuple[Any, ...]]] = [
        ("run", (None, c.byref(relu.call))),
        ("run", (RELU, None)),
        ("infer", (None, c.byref(relu.call), None)),
        ("infer", (RELU, None, None)),
        ("run_named", (context, None, None, one, None, one, None, c.c_uint64(0))),
        ("run_named", (context, b"relu", None, one, None, one, None, c.c_uint64(0))),
        ("run_named", (None, b"relu", relu.inputs, one, relu.outputs, one, None, c.c_uint64(0))),
        ("run_groups", (context, b"sgd_update", None, c.c_int64(4), one, None, c.c_int64(0), None, c.c_uint64(0))),
        ("run_groups", (context, None, None, c.c_int64(3), one, None, c.c_int64(0), None, c.c_uint64(0))),
        ("set_level", (None,)),
        ("active_level", (None,)),
        ("level_at", (c.c_int64(0), None)),
        ("get_machine_info", (None,)),
        ("storage_create", (cpu, size, None)),
        ("storage_wrap", (cpu, relu.memory[0], size, None, None, None)),
        ("copy_from_host", (None, relu.memory[0], size)),
        ("copy_from_host", (tensor, None, size)),
        ("copy_to_host", (relu.memory[0], None, size)),
        ("copy_to_host", (None, tensor, size)),
        ("register_device", (None,)),
        ("register_op", (None,)),
        ("register_implementation", (b"relu", c.c_int32(12), None)),
        ("register_implementation", (None, c.c_int32(12), None)),
        ("load_plugin", (None,)),
        ("recorder_create", (None,)),
        ("recorder_argument", (None, tensor, b"x", c.c_int32(1))),
        ("recorder_state", (None, None, b"x")),
        ("recorder_constant", (None, tensor, None)),
        ("recorder_scalar", (None, None, b"x", one)),
        ("recorder_result", (None, tensor, b"x")),
        ("recorder_finish", (None, out)),
        ("graph_compare", (None, None, None)),
        ("program_create", (None, context, one, out)),
        ("program_run", (None, None, c.c_int64(0), None, c.c_int64(0))),
        ("program_result", (None, c.c_int64(0), tensor)),
        ("program_get_info", (None, None)),
        ("program_run_batches", (None, None, None)),
        ("program_argument", (None, c.c_int64(0), tensor)),
        ("commit", (None, None, one, None, None, c.c_int64(0))),
        ("commit", (None, None, c.c_int64(0), None, None, one)),
    ]
    for function, arguments in calls:
        refused(getattr(LIBRARY, f"fastnn_{function}")(*arguments), "NULL")


def test_null_is_harmless_where_there_is_no_status() -> None:
    for function in ("find_op", "op_schema", "storage_data", "storage_bytes", "storage_references", "storage_version"):
        assert not getattr(LIBRARY, f"fastnn_{function}")(None)
    assert LIBRARY.fastnn_find_implementation(None, c.c_int32(1)) is None
    assert LIBRARY.fastnn_graph_text(None, None, c.c_int64(0)) == -INVALID_VALUE
    assert LIBRARY.fastnn_program_node_text(None, c.c_int64(0), None, c.c_int64(0)) == -INVALID_VALUE
    LIBRARY.fastnn_context_init(None, c.c_size_t(c.sizeof(Context)))
    for function in (
        "storage_retain",
        "storage_release",
        "storage_bump_version",
        "storage_expose",
        "recorder_destroy",
        "graph_destroy",
        "program_destroy",
    ):
        getattr(LIBRARY, f"fastnn_{function}")(None)


@pytest.mark.parametrize(("rank", "shape"), [(9, (c.c_int64 * 9)(*[1] * 9)), (-1, None), (2, None)])
def test_an_impossible_tensor_is_refused_by_the_op(rank: int, shape: Any) -> None:
    relu = Relu()
    bad = LIBRARY.fastnn_tensor_from_host(relu.memory[0], FLOAT32, rank, shape)
    relu.inputs[0] = c.pointer(bad)
    refused(relu.run(), "rank")


@pytest.mark.parametrize(("groups", "count"), [(-1, 1), (3, 1), (2**40, 1), (4, -1), (4, 2**40)])
def test_senseless_counts_of_groups_are_refused(groups: int, count: int) -> None:
    relu = Relu()
    lists = (Pointer * 4)()
    status = LIBRARY.fastnn_run_groups(
        c.byref(relu.context),
        b"sgd_update",
        lists,
        c.c_int64(groups),
        c.c_int64(count),
        None,
        c.c_int64(0),
        None,
        c.c_uint64(0),
    )
    refused(status, "lists")


def test_a_senseless_level_is_refused_in_the_functions_name() -> None:
    refused(LIBRARY.fastnn_set_level(b"sse9"), "set_level: expected one of", UNAVAILABLE)
    small = (c.c_size_t * 1)(8)
    refused(LIBRARY.fastnn_level_at(c.c_int64(0), small), "struct_size")
    refused(LIBRARY.fastnn_level_at(c.c_int64(-1), small), "got -1", INVALID_INDEX)


def test_what_is_filled_for_a_caller_is_filled_as_far_as_it_goes() -> None:
    """A caller that was built with an older header knows a shorter struct; what lies behind it stays as it was."""
    model = fastnn.Sequential([fastnn.Input((3,)), fastnn.layers.Dense(2)])
    model.program(4)
    text = model._predict_step.text().encode()
    graph, context = c.c_void_p(), Relu().context
    assert LIBRARY.fastnn_graph_parse(text, c.c_int64(len(text)), Device(1, 0), c.byref(graph)) == 0
    room = (c.c_int64 * 13)(*[-7] * 13)

    def plan(size: int) -> int:
        room[0] = size
        return LIBRARY.fastnn_graph_plan(graph, c.byref(context), c.c_int64(4), room)

    assert plan(48) == 0
    assert list(room)[:2] == [48, 4]
    assert list(room)[6:] == [-7] * 7
    assert plan(96) == 0
    assert room[0] == 96
    assert room[11] > 0  # eager_bytes
    assert room[12] == -7
    refused(plan(40), "graph_plan: expected info with a struct_size of at least 48, got 40")
    LIBRARY.fastnn_graph_destroy(graph)
