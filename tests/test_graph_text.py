"""The text form of a graph: it says all of it, is refused when damaged, and gives a program with the same bits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from step_models import Network, batches
from tolerances import assert_same_bits

import fastnn
from fastnn import Sequential, Tensor, _core, layers
from fastnn import functional as F
from fastnn.program import Step

KINDS = ("dense", "convolution")


def graphs(step: Step) -> list[_core.Graph]:
    """All recordings of a step."""
    return [graph for entry in step._entries.values() for graph in entry.graphs.values()]


def trained(kind: str) -> tuple[Network, Step]:
    network = Network(kind)
    step = Step(network.train, states=network.states, scalars=network.scalars, name="train")
    for size in (8, 8, 5):
        step(*batches(kind, 1, size)[0])
    return network, step


def text_of(kind: str) -> str:
    _, step = trained(kind)
    return graphs(step)[0].text()


def model_graphs() -> Iterator[tuple[str, _core.Graph]]:
    """Graphs with views, lists, masks, optional arguments, constants and gradients by rows."""
    rng = np.random.default_rng(3)
    stacks: list[tuple[list[layers.Layer], tuple[int, ...], dict[str, Any]]] = [
        ([layers.Embedding(11, 4, mask_zero=True), layers.LSTM(3)], (5,), {"clipnorm": 1.0}),
        ([layers.Conv2D(4, 3, padding="same"), layers.BatchNormalization(), layers.Flatten()], (6, 6, 2), {}),
        ([layers.Dense(4, "gelu"), layers.Dropout(0.5), layers.LayerNormalization()], (3,), {}),
    ]
    for stack, shape, options in stacks:
        model = Sequential([*stack, layers.Dense(2)])
        model.compile(fastnn.optimizers.Adam(amsgrad=True, **options), "mse")
        x = rng.integers(0, 11, (6, *shape)) if shape == (5,) else rng.standard_normal((6, *shape)).astype(np.float32)
        model.fit(x, np.ones((6, 2), np.float32), batch_size=4, epochs=2, verbose=0)
        model.predict(x)
        for step in (model._train_step, model._predict_step):
            for graph in graphs(step):
                yield f"{stack[0].name} {step._name}", graph


def function(x: Tensor) -> tuple[Tensor, ...]:
    turned = fastnn.constant(np.arange(12, dtype=np.float32).reshape(3, 4).T)
    y = F.matmul(x, turned) + fastnn.constant(np.float32([np.pi, -0.0, 1e-30]))
    total = F.copy(y)
    F.copy(y, into=total)
    return total[1:], F.concatenate([y, total], axis=-1), F.clip(y, -np.inf, 0.1)


def constant_graph() -> _core.Graph:
    step = Step(function, states=dict)
    for size in (3, 4, 4):
        step(np.ones((size, 4), np.float32))
    return graphs(step)[0]


def test_every_graph_is_the_same_after_it_was_read() -> None:
    found = [*model_graphs(), ("constants", constant_graph())]
    found += [(kind, graph) for kind in KINDS for graph in graphs(trained(kind)[1])]
    assert len(found) > 10
    for what, graph in found:
        text = graph.text()
        parsed = _core.Graph.parse(text)
        assert parsed.text() == text, what
        assert parsed.compare(graph) is False, what
        assert graph.compare(parsed) is False, what
        for batch in (2, 7):
            assert parsed.flops(batch) == graph.flops(batch), what


@pytest.mark.parametrize("kind", KINDS)
def test_a_program_of_a_read_graph_has_the_same_bits(kind: str) -> None:
    network, step = trained(kind)
    other, other_step = trained(kind)
    graph = _core.Graph.parse(graphs(step)[0].text())
    tensors = {name: state._array for name, state in other.states().items()}
    graph.bind(tensors, {name: scalar for name, (scalar, _) in other.scalars().items()})
    program = _core.Program(graph, 6)
    for x, labels in batches(kind, 4, 6):
        (want,) = step(x, labels)
        (got,) = program.run([_core.Array.from_numpy(x), _core.Array.from_numpy(labels)])
        assert_same_bits(got.numpy(), want.numpy(), "loss")
    for name, state in network.states().items():
        assert_same_bits(other.states()[name].numpy(), state.numpy(), name)
    assert [s.value for s, _ in other.scalars().values()] == [s.value for s, _ in network.scalars().values()]
    assert other_step.eager_reasons() == []


def test_constants_are_bound_by_name() -> None:
    graph = constant_graph()
    parsed = _core.Graph.parse(graph.text())
    with pytest.raises(ValueError, match=r"^program: expected memory for constant constant; bind a tensor to it$"):
        _core.Program(parsed, 3)
    turned = _core.Array.from_numpy(np.arange(12, dtype=np.float32).reshape(3, 4).T, copy=False)
    names = re.findall(r'constant "(\w+)"', graph.text())
    assert len(names) == len(set(names)) > 1
    values = {
        names[0]: turned if "strides" in graph.text() else _core.Array.from_numpy(turned.numpy()),
        names[1]: _core.Array.from_numpy(np.float32([np.pi, -0.0, 1e-30])),
    }
    others = [name for name in names if name not in values]
    assert not others
    parsed.bind(values)
    x = np.random.default_rng(1).standard_normal((5, 4)).astype(np.float32)
    got = _core.Program(parsed, 5).run([_core.Array.from_numpy(x)])
    for a, b in zip(got, function(Tensor(x)), strict=True):
        assert_same_bits(a.numpy(), b.numpy(), "result")


def test_binding_refuses_what_does_not_fit() -> None:
    graph = _core.Graph.parse(text_of("dense"))
    good = _core.Array.from_numpy(np.zeros((20, 33), np.float32))
    for name, array, error, sentence in (
        ("w9", good, ValueError, "graph_bind: the graph has no state or constant named w9"),
        ("argument_0", good, ValueError, "graph_bind: the graph has no state or constant named argument_0"),
        ("w1", np.zeros((20, 33)), TypeError, "graph_bind: expected w1 of float32, got float64"),
        ("w1", np.zeros((33, 20), np.float32).T, ValueError, "graph_bind: expected w1 (20, 33) with strides (33, 1)"),
        ("b1", np.zeros(34, np.float32), ValueError, "graph_bind: expected b1 (33) with strides (1), got (34)"),
    ):
        given = array if isinstance(array, _core.Array) else _core.Array.from_numpy(array, copy=False)
        with pytest.raises(error) as raised:
            graph.bind({name: given})
        assert str(raised.value).replace(",)", ")").startswith(sentence)
    with pytest.raises(ValueError, match=r"^graph_bind_scalar: the graph has no scalar named rate$"):
        graph.bind({}, {"rate": _core.Scalar(1.0, "float")})
    graph.bind({name: state._array for name, state in Network("dense").states().items()})
    with pytest.raises(ValueError, match=r"^program: expected a cell for scalar learning_rate; bind one to it$"):
        _core.Program(graph, 3)


def test_names_of_any_characters_come_back() -> None:
    name = 'a "b" \\ \n\t\x7f é 日本'
    weight = Tensor(np.ones((3, 2), np.float32))
    step = Step(lambda x: (F.matmul(x, weight),), states=lambda: {name: weight})
    for size in (2, 3):
        step(np.ones((size, 3), np.float32))
    graph = graphs(step)[0]
    parsed = _core.Graph.parse(graph.text())
    assert parsed.text() == graph.text()
    parsed.bind({name: weight._array})
    (result,) = _core.Program(parsed, 2).run([_core.Array.from_numpy(np.ones((2, 3), np.float32))])
    assert result.numpy().tolist() == [[3, 3], [3, 3]]


def test_two_states_or_scalars_of_one_name_are_refused() -> None:
    a, b = (_core.Array.from_numpy(np.zeros(2, np.float32)) for _ in range(2))
    recorder = _core.Recorder()
    recorder.state(a, "w")
    with pytest.raises(ValueError, match=r"^record: there is state named w already$"):
        recorder.state(b, "w")
    recorder.scalar(_core.Scalar(1, "int"), "n")
    with pytest.raises(ValueError, match=r"^record: there is a scalar named n already$"):
        recorder.scalar(_core.Scalar(1, "int"), "n")


# ---- damaged text ----------------------------------------------------------------------------------------------------

SMALL = """fastnn-graph 1
batch 4
%0 = argument "x" float32(N, 3)
%1 = state "w" float32(3, 2)
%2 = state "total" float64(2)
$"rate" = scalar advance 0
%3 = gemm.1(%0, %1) {transpose_a=false, transpose_b=false} float32(N, 2)
%4 = reshape.1(%3, -) {shape=[-1]} float32(2*N) in %3
%5 = copy.1(%3) float32(N, 2)
%6 = copy.1(%3) accumulate 1 float32(N, 2) in %5
commit
mean_update.1(%2, %4)
return "y" %6
end
"""

ADDED = "%6 = copy.1(%3) accumulate 1 float32(N, 2) in %5\n"
DAMAGE = [
    ("fastnn-graph 1", "fastnn-graph 2", 'line 1: expected a version from 1 to 1, got "2"'),
    ("fastnn-graph 1", "fastnn-grape 1", 'line 1: expected "fastnn-graph ", got "fastnn-grape 1"'),
    ("batch 4", "batch -4", 'line 2: expected a batch size from 0 to 1099511627776, got "-4"'),
    ("batch 4", "batch", 'line 2: expected "batch ", got "batch"'),
    ('"x" float32', '"x" float31', 'line 3: expected a dtype, got "float31(N, 3)"'),
    ("(N, 3)", "(N, 3", 'line 3: expected ", ", got the end of the line'),
    ("(N, 3)", "(1,2,3)", 'line 3: expected ", ", got ",2,3)"'),
    ("(3, 2)", "(1, 1, 1, 1, 1, 1, 1, 1, 1)", 'line 4: expected at most 8 axes, got "1)"'),
    ("(3, 2)", "(4611686018427387904, 4)", "line 4: fastnn: the size 4611686018427387904 x 4 exceeds"),
    ("(3, 2)", "(5, 2)", "line 7: gemm: expected"),
    ('"total"', '"w"', "line 5: expected state and constants of different names, not w again, got"),
    ("%2 = state", "%1 = state", "line 5: expected a new value, for there is a %1, before this, got"),
    ("%0 = arg", "%9 = arg", 'line 7: expected a value from a line above, got "%0, %1) {transpose_a=false'),
    ('$"rate"', "$rate", 'line 6: expected "\\"", got "rate = scalar advance 0"'),
    ("gemm.1", "gemmm.1", 'line 7: expected an op that this fastnn has, got "gemmm.1(%0, %1)'),
    ("gemm.1", "gemm.2", 'line 7: expected a version of gemm from 1 to 1, got "2(%0, %1)'),
    ("(%0, %1)", "(%0, %7)", 'line 7: expected a value from a line above, got "%7)'),
    ("(%0, %1)", "(%0)", "line 7: gemm: expected 2 inputs, got 1"),
    ("(%0, %1)", "(%0, -)", "line 7: gemm: expected b, got nothing"),
    ("(%0, %1)", "(%0, %2)", "line 7: gemm: expected b"),
    (" transpose_b=false", "", 'line 7: expected ", transpose_b=", got ",}'),
    ("transpose_b=false", "transpose_b=maybe", 'line 7: expected "false", got "maybe}'),
    ("transpose_b=false", "transpose_b=true", "line 7: gemm: expected b"),
    ("%3 = gemm", "- = gemm", "line 7: gemm: expected y, got nothing"),
    ("%3 = gemm", "%3, %9 = gemm", 'line 7: expected 1 results of gemm, got "2"'),
    ("float32(N, 2)\n%4", "float32(N, 3)\n%4", 'line 7: expected float32(N, 2), got "float32(N, 3)"'),
    ("[-1]", "[-1,]", 'line 8: expected an integer, got "]} float32(2*N) in %3"'),
    ("(2*N) in %3", "(2*N) in %0", "line 8: reshape: expected y in the memory of x"),
    ("(2*N) in %3", "(2*N) in %8", 'line 8: expected a value from a line above, got "%8"'),
    ("(N, 2)\n%6", "(N, 2) in %3\n%6", "line 9: program: copy writes the memory of its x"),
    ("(N, 2)\n%6", "(N, 2) in %1\n%6", "line 9: copy: expected to add into (3, 2), got (4, 2)"),
    ("%6 = copy", "%4 = copy", "line 10: expected a new value, for there is a %4, before this, got"),
    ("in %5\n", "in %6\n", 'line 10: expected another value\'s memory, got the end of the line'),
    ("accumulate 1", "accumulate 2", 'line 10: expected bits from 1 to 1, got "2 float32'),
    ("accumulate 1 float32(N, 2) in %5", "accumulate 1 float32(N, 2)", "line 10: copy: can't accumulate into y"),
    (f"{ADDED}commit\n", f"commit\n{ADDED}", "expected ops that write state behind the commit, got copy"),
    ("return", 'undo %2 %5\nreturn', 'line 13: expected a state and a copy of it, got "%2 %5"'),
    ("commit\n", "commit\ncommit\n", "line 12: expected one commit, got the end of the line"),
    ("mean_update.1(%2, %4)", "mean_update.1(%4, %4)", "line 12: mean_update: expected"),
    ("mean_update.1(%2, %4)", "mean_update.1(%2, %4) ", 'line 12: expected the end of the line, got " "'),
    ('"y" %6', '"y" %7', 'line 13: expected a value from a line above, got "%7"'),
    ("return", 'return "y" %5\n%7 = copy.1(%3) float32(N, 2)\nreturn', "line 14: expected ops before the results, got"),
    ("end\n", "", "line 14: expected a whole line, got the end of the line"),
    ("end\n", "end", 'line 14: expected a whole line, got "end"'),
    ("end\n", "end\n\n", "line 15: expected nothing behind the end, got the end of the line"),
]  # fmt: skip


def test_the_small_text_is_good() -> None:
    assert _core.Graph.parse(SMALL).text() == SMALL


@pytest.mark.parametrize(("old", "new", "sentence"), DAMAGE, ids=lambda value: re.sub(r"\W+", "-", value)[:40])
def test_damage_is_refused_with_the_line_and_what_was_expected(old: str, new: str, sentence: str) -> None:
    assert old in SMALL
    with pytest.raises((ValueError, TypeError)) as raised:
        _core.Graph.parse(SMALL.replace(old, new, 1))
    assert str(raised.value).startswith("graph_parse: ")
    assert sentence in str(raised.value)


def test_writing_arguments_or_constants_is_refused() -> None:
    for kind in ("argument", "constant"):
        text = SMALL.replace('%2 = state "total"', f'%2 = {kind} "total"')
        with pytest.raises(ValueError, match=rf"^graph_parse: line 12: program: mean_update writes {kind} total$"):
            _core.Graph.parse(text)


LINES = [line for kind in KINDS for line in text_of(kind).splitlines()]
PIECES = sorted(set(re.findall(r"%\d+|\w+\.1|\d+|\w+=|[^\s\w]|\w+", "\n".join([*LINES, SMALL]))))


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A text with pieces, bytes or lines replaced, left out, doubled or exchanged."""
    text = draw(st.sampled_from([SMALL, *TEXTS]))
    for _ in range(draw(st.integers(1, 4))):
        lines = text.splitlines(keepends=True) or [""]
        where = draw(st.integers(0, len(lines) - 1))
        how = draw(st.sampled_from(["piece", "byte", "drop", "double", "swap", "cut"]))
        if how == "drop":
            lines.pop(where)
        elif how == "double":
            lines.insert(where, lines[where])
        elif how == "swap":
            other = draw(st.integers(0, len(lines) - 1))
            lines[where], lines[other] = lines[other], lines[where]
        elif how == "cut":
            lines = lines[: where + 1]
            lines[-1] = lines[-1][: draw(st.integers(0, len(lines[-1])))]
        elif how == "byte":
            at = draw(st.integers(0, len(lines[where])))
            lines[where] = lines[where][:at] + draw(st.characters(max_codepoint=255)) + lines[where][at + 1 :]
        else:
            found = list(re.finditer(r"%\d+|\w+\.1|\d+|\w+=|[^\s\w]|\w+", lines[where]))
            if found:
                match = draw(st.sampled_from(found))
                lines[where] = (
                    lines[where][: match.start()] + draw(st.sampled_from(PIECES)) + lines[where][match.end() :]
                )
        text = "".join(lines)
    return text


TEXTS = [text_of(kind) for kind in KINDS]
HEAD = re.compile(r'%\d+ = (argument|state|constant) "(\w+)" (\w+)\(([^)]*)\)(?: strides \[([^\]]*)\])?')


@given(text=damaged())
def test_no_damage_crashes(text: str) -> None:
    """A damaged text is refused, or it is another graph, which may be planned and run."""
    try:
        graph = _core.Graph.parse(text)
    except (ValueError, TypeError):
        return
    assert _core.Graph.parse(graph.text()).text() == graph.text()
    arguments, tensors = [], {}
    for kind, name, dtype, shape, strides in HEAD.findall(graph.text()):
        sizes = [3 if size == "N" else int(size) for size in shape.split(", ") if size]
        if strides or np.prod(sizes, dtype=float) > 1e5:
            return
        array = _core.Array.from_numpy(np.ones(sizes, dtype))
        if kind == "argument":
            arguments.append(array)
        else:
            tensors[name] = array
    cells = {name: _core.Scalar(1, "int") for name in re.findall(r'^\$"(\w+)"', graph.text(), re.MULTILINE)}
    graph.bind(tensors, cells)
    try:
        _core.Program(graph, 3).run(arguments)
    except (ValueError, TypeError, IndexError, MemoryError):
        return
