"""The planner's passes, each run alone on a graph written by hand: what its plan says before and after."""

from __future__ import annotations

import numpy as np
import pytest

import fastnn
from fastnn import _core, layers
from fastnn.program import Step


def graph_of(body: str) -> _core.Graph:
    """A graph of a batch of 4; N is the batch."""
    return _core.Graph.parse(f"fastnn-graph 1\nbatch 4\n{body.strip()}\nend\n")


def change(body: str, name: str, batch: int = 4) -> tuple[list[str], list[str]]:
    """The lines of ops that one pass takes away from a plan, and those that it puts there."""
    graph = graph_of(body)
    texts = [graph.planned_text(batch, passes) for passes in ([], [name])]
    before, after = ([line for line in text.splitlines() if " = " in line] for text in texts)
    return [line for line in before if line not in after], [line for line in after if line not in before]


def test_the_passes_have_names_and_run_in_one_order() -> None:
    names = _core.passes()
    assert names == [
        "forward_copies",
        "split_accumulations",
        "join_relu_gradients",
        "pool_relu_gradients",
        "pool_convolutions",
        "drop_dead_nodes",
        "narrow_outputs",
        "run_together",
        "place_results",
        "prepare_weights",
        "lay_out_arena",
    ]
    graph = graph_of('%0 = argument "x" float32(N, 3)\n%1 = relu.1(%0) float32(N, 3)\nreturn "y" %1')
    assert graph.planned_text(4, names) == _core.Program(graph, 4).text()
    with pytest.raises(ValueError, match=r"^graph_planned_text: expected passes by their names, got fuse$"):
        graph.planned_text(4, ["fuse"])
    with pytest.raises(ValueError, match=r"^graph_planned_text: expected passes in their order, got forward_copies$"):
        graph.planned_text(4, ["run_together", "forward_copies"])
    with pytest.raises(ValueError, match=r"^graph_planned_text: expected a batch of at least 0, got -1$"):
        graph.planned_text(-1, [])


def test_before_all_passes_every_op_runs_by_itself_and_has_no_place() -> None:
    text = graph_of("""
%0 = argument "x" float32(N, 3)
%1 = exp.1(%0) float32(N, 3)
%2 = relu.1(%1) float32(N, 3)
%3 = tanh.1(%0) float32(N, 3)
return "y" %2
""").planned_text(5, [])
    assert text.splitlines() == [
        "fastnn-program 1 batch 5",
        "arena 0 bytes, 0 without sharing, 45 flops",
        "eagerly 120 bytes, results and workspace together",
        "moves 360 bytes, 360 unfused",
        "%1 = exp.1(%0) float32(5, 3) 60 bytes 15 flops",
        "%2 = relu.1(%1) float32(5, 3) 60 bytes 15 flops",
        "%3 = tanh.1(%0) float32(5, 3) 60 bytes 15 flops",
    ]


COPY = """
%0 = argument "x" float32(N, 3)
%1 = softmax.1(%0) {axis=-1} float32(N, 3)
%2 = copy.1(%1) float32(N, 3)
%3 = relu.1(%2) float32(N, 3)
return "y" %3
"""


def test_forward_copies() -> None:
    before, after = change(COPY, "forward_copies")
    assert before == ["%3 = relu.1(%2) float32(4, 3) 48 bytes 12 flops"]
    assert after == ["%3 = relu.1(%1) float32(4, 3) 48 bytes 12 flops"]


@pytest.mark.parametrize("written", [1, 2])
def test_forward_copies_leaves_what_is_written_later(written: int) -> None:
    added = f"%4 = copy.1(%0) accumulate 1 float32(N, 3) in %{written}\nreturn"
    assert change(COPY.replace("return", added), "forward_copies") == ([], [])


SUM = """
%0 = argument "x" float32(N, 3)
%1 = softmax.1(%0) {axis=-1} float32(N, 3)
%2 = copy.1(%0) accumulate 1 float32(N, 3) in %1
%3 = relu.1(%2) float32(N, 3)
return "y" %3
"""


def test_split_accumulations() -> None:
    before, after = change(SUM, "split_accumulations")
    assert before == ["%2 = copy.1(%0) accumulate 1 float32(4, 3) 48 bytes 0 flops"]
    assert after == ["%2 = add.1(%1, %0) float32(4, 3) 48 bytes 12 flops"]


def test_split_accumulations_leaves_sums_that_others_than_elementwise_ops_read() -> None:
    others = SUM.replace("%3 = relu.1(%2)", "%3 = softmax.1(%2) {axis=-1}")
    assert change(others, "split_accumulations") == ([], [])
    assert change(SUM.replace('"y" %3', '"y" %2'), "split_accumulations") == ([], [])


NORMALIZED = """
%0 = argument "x" float32(N, 3)
%1 = argument "dy" float32(N, 3)
%2 = state "mean" float32(3)
%3 = state "variance" float32(3)
%4 = state "gamma" float32(3)
%5 = state "beta" float32(3)
%6 = batch_normalization.1(%0, %2, %3, %4, %5) {epsilon=0.001, activation=linear} float32(N, 3)
%7 = relu.1(%6) float32(N, 3)
%8 = relu_backward.1(%1, %7) float32(N, 3)
%9, %10, %11 = batch_normalization_backward.1(%8, %0, %2, %3, %4, -) {epsilon=0.001, training=true, activation=linear} float32(N, 3) float32(3) float32(3)
return "dx" %9
"""  # noqa: E501


def test_join_relu_gradients() -> None:
    before, after = change(NORMALIZED, "join_relu_gradients")
    (before_op,), (after_op,) = before, after
    assert (
        "batch_normalization_backward.1(%8, %0, %2, %3, %4, -) {epsilon=0.001, training=true, activation=linear}"
        in before_op
    )
    assert (
        "batch_normalization_backward.1(%1, %0, %2, %3, %4, %5) {epsilon=0.001, training=true, activation=relu}"
        in after_op
    )
    read_again = NORMALIZED.replace('return "dx" %9', 'return "dx" %9\nreturn "slope" %8')
    assert change(read_again, "join_relu_gradients") == ([], [])


POOLED = """
%0 = argument "x" float32(N, 4, 4, 3)
%1 = argument "dy" float32(N, 2, 2, 3)
%2 = relu.1(%0) float32(N, 4, 4, 3)
%3, %4 = max_pool2d.1(%2) {pool_size=[2,2], strides=[2,2], padding=valid, pads=[0,0,0,0]} float32(N, 2, 2, 3) uint8(N, 2, 2, 3)
%5 = max_pool2d_backward.1(%1, %4, %2) {pool_size=[2,2], strides=[2,2], padding=valid, pads=[0,0,0,0]} float32(N, 4, 4, 3)
%6 = relu_backward.1(%5, %2) float32(N, 4, 4, 3)
return "y" %3
return "dx" %6
"""  # noqa: E501


def test_pool_relu_gradients() -> None:
    before, after = change(POOLED, "pool_relu_gradients")
    assert [line.split(" {")[0].split(") float")[0] for line in before] == [
        "%5 = max_pool2d_backward.1(%1, %4, %2)",
        "%6 = relu_backward.1(%5, %2",
    ]
    assert [line.split(" {")[0].split(") float")[0] for line in after] == [
        "%5 = relu_backward.1(%1, %3",
        "%6 = max_pool2d_backward.1(%5, %4, %2)",
    ]
    for changed in (
        POOLED.replace('return "dx" %6', 'return "dx" %6\nreturn "between" %5'),
        POOLED.replace("relu_backward.1(%5, %2)", "relu_backward.1(%5, %0)"),
        POOLED.replace("{pool_size=[2,2], strides=[2,2]", "{pool_size=[1,2], strides=[2,2]", 1),
    ):
        assert change(changed, "pool_relu_gradients") == ([], [])


CONVOLVED = """
%0 = argument "x" float32(N, 6, 6, 3)
%1 = state "weight" float32(3, 3, 3, 8)
%2 = state "bias" float32(8)
%3 = conv2d.1(%0, %1, %2) {strides=[1,1], padding=valid, pads=[0,0,0,0], dilation=[1,1], groups=1, activation=relu} float32(N, 4, 4, 8)
%4, %5 = max_pool2d.1(%3) {pool_size=[2,2], strides=[2,2], padding=valid, pads=[0,0,0,0]} float32(N, 2, 2, 8) uint8(N, 2, 2, 8)
return "y" %4
return "index" %5
"""  # noqa: E501


def test_pool_convolutions() -> None:
    before, after = change(CONVOLVED, "pool_convolutions")
    assert [line.split(" {")[0] for line in before] == ["%4, %5 = max_pool2d.1(%3)"]
    (line,) = after
    assert line.startswith(
        "%4, %5 = conv2d_max_pool2d.1(%0, %1, %2) {strides=[1,1], padding=valid, pads=[0,0,0,0], dilation=[1,1], "
        "activation=relu, pool_size=[2,2]} float32(4, 2, 2, 8)"
    )
    for changed in (
        CONVOLVED.replace('return "y" %4', 'return "y" %4\nreturn "between" %3'),
        CONVOLVED.replace("strides=[2,2]", "strides=[1,2]").replace("(N, 2, 2, 8)", "(N, 3, 2, 8)"),
        CONVOLVED.replace("strides=[2,2], padding=valid", "strides=[2,2], padding=same"),
        CONVOLVED.replace("(N, 6, 6, 3)", "(N, 6, 6, 4)").replace("(3, 3, 3, 8)", "(3, 3, 4, 8)"),
        CONVOLVED.replace("(N, 6, 6, 3)", "(N, 6, 6, 6)").replace("groups=1", "groups=2"),
        CONVOLVED.replace("float32", "float64"),
    ):
        assert change(changed, "pool_convolutions") == ([], [])


DEAD = """
%0 = argument "x" float32(N, 3)
%1 = state "total" float64(2)
%2 = exp.1(%0) float32(N, 3)
%3 = relu.1(%2) float32(N, 3)
%4 = sum.1(%0) {axes=[1], keepdims=false} float32(N)
%5 = mean_backward.1(%4, %3) {axes=[1], keepdims=false} float32(N, 3)
commit
mean_update.1(%1, %4)
return "y" %5
"""


def test_drop_dead_nodes() -> None:
    """Of %3 only the shape is looked at; the update is state's."""
    before, after = change(DEAD, "drop_dead_nodes")
    assert [line.split()[0] for line in before] == ["%2", "%3"]
    assert [line.split()[:3] for line in after] == [["not", "run:", "%2"], ["not", "run:", "%3"]]


def test_narrow_outputs() -> None:
    pooled = """
%0 = argument "x" float32(N, 2, 2, 2)
%1, %2 = max_pool2d.1(%0) {pool_size=[2,2], strides=[2,2], padding=valid, pads=[0,0,0,0]} float32(N, 1, 1, 2) \
uint8(N, 1, 1, 2)
return "y" %1
"""
    before, after = change(pooled.replace("\\\n", ""), "narrow_outputs")
    assert before[0].startswith("%1, %2 = max_pool2d.1(%0)")
    assert after[0].startswith("%1, - = max_pool2d.1(%0)")


ELEMENTS = """
%0 = argument "x" float32(N, 3)
%1 = exp.1(%0) float32(N, 3)
%2 = softmax.1(%0) {axis=0} float32(N, 3)
%3 = multiply.1(%1, %2) float32(N, 3)
%4 = relu.1(%3) float32(N, 3)
return "y" %4
"""


def test_run_together() -> None:
    """Also over what stands between them, which runs before then."""
    text = graph_of(ELEMENTS).planned_text(4, ["run_together"]).splitlines()
    assert [line.split(" = ")[-1].split(".")[0] for line in text[4:]] == [
        "softmax",
        "together, 12 of 12 elements at a time, 128 bytes of scratch:",
        "exp",
        "multiply",
        "relu",
    ]
    assert [" in scratch" in line for line in text[6:]] == [True, True, False]


def test_place_results() -> None:
    """Memory of the step's own is computed where the caller wants it, by whatever view; a second result is copied."""
    body = """
%0 = argument "x" float32(N, 3)
%1 = exp.1(%0) float32(N, 3)
%2 = reshape.1(%1, -) {shape=[-1]} float32(3*N) in %1
%3 = relu.1(%0) float32(N, 3)
%4 = reshape.1(%3, -) {shape=[-1]} float32(3*N) in %3
return "row" %2
return "column" %4
return "y" %3
return "same" %0
"""
    before, after = change(body, "place_results")
    assert [line.split()[0] for line in before] == ["%1", "%2", "%3", "%4"]
    assert [line.split(" in result ")[-1].split()[0] for line in after] == ["row", "row", "column", "column"]


TWICE = """
%0 = argument "x" float32(N, 100)
%1 = argument "v" float32(100, 100)
%2 = state "w" float32(100, 100)
%3 = gemm.1(%0, %2) {transpose_a=false, transpose_b=true} float32(N, 100)
%4 = gemm.1(%3, %2) {transpose_a=false, transpose_b=true} float32(N, 100)
return "y" %4
"""


def test_prepare_weights() -> None:
    """Once for two products that read the same, and for all runs where no op writes it."""
    before, after = change(TWICE, "prepare_weights")
    assert [line.split()[0] for line in before] == ["%3", "%4"]
    assert [" prepared 44800 bytes kept" in line for line in after] == [True, True]
    _, after = change(TWICE.replace("return", "commit\nassign_update.1(%2, %1)\nreturn"), "prepare_weights")
    assert [" prepared 44800 bytes " in line for line in after] == [True, True]
    assert not any(" kept" in line for line in after)


def test_lay_out_arena() -> None:
    """A value's memory is another's when nothing reads it any more."""
    body = """
%0 = argument "x" float32(N, 32)
%1 = softmax.1(%0) {axis=0} float32(N, 32)
%2 = softmax.1(%1) {axis=0} float32(N, 32)
%3 = softmax.1(%2) {axis=0} float32(N, 32)
%4 = add.1(%2, %3) float32(N, 32)
return "y" %4
"""
    text = graph_of(body).planned_text(4, ["lay_out_arena"]).splitlines()
    assert text[1].startswith("arena 1536 bytes, 2048 without sharing")
    assert [line.split(" bytes at ")[1].split()[0] for line in text[4:]] == ["0", "512", "0", "1024"]


# ---- all of them, of a model's step ----------------------------------------------------------------------------------


def test_a_model_shows_its_plan_before_and_after_each_pass() -> None:
    model = fastnn.Sequential([fastnn.Input((6,)), layers.Dense(8, "gelu"), layers.Dense(3)])
    model.compile("adam", "mse")
    model.fit(np.ones((24, 6), np.float32), np.zeros((24, 3), np.float32), batch_size=8, verbose=0)
    plain = model.program(8, training=True)
    text = model.program(8, training=True, passes=True)
    graph, stages = text.split("before all passes:\n")
    assert plain.startswith(graph)
    assert [line.split()[1].rstrip(":") for line in stages.splitlines() if line.startswith("after ")] == _core.passes()
    assert "after join_relu_gradients: no change" in stages
    assert stages.endswith(plain.removeprefix(graph))
    assert "at 0" not in stages.split("after ")[0]


def test_a_step_of_ones_own_shows_its_passes() -> None:
    step = Step(lambda x: (x + x,), states=dict)
    for size in (3, 3):
        step(np.ones((size, 2), np.float32))
    assert step.plans(3, passes=True).count("after ") == len(_core.passes())

    @fastnn.compile
    def double(x: fastnn.Tensor) -> fastnn.Tensor:
        return x + x

    for _ in range(3):
        double(np.ones((3, 2), np.float32))
    assert double.plans(3, passes=True).count("after ") == len(_core.passes())
