"""Running a step twice, eagerly and as a program, and comparing all that it hands back and writes to the bit.

Whoever changes what a plan does to a graph is held to account by `assert_replay_equals_eager`: a step goes in as a
function over Tensors, so whatever recording, planning and replay do to it lies in between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from tolerances import assert_same_bits, assert_within

from fastnn import Tensor, _core
from fastnn.program import Step, _argument_array
from fastnn.recording import Run

Scalars = Mapping[str, tuple[_core.Scalar, int]]

# THE closed list of ops whose replay may differ from eager: op -> (reason, largest difference in units of |want|).
EXCEPTIONS: dict[str, tuple[str, float]] = {}


def eager(step: Step, *arguments: Any) -> list[np.ndarray]:
    """One step by its function alone: not recorded, not planned."""
    arrays = [_argument_array(argument) for argument in arguments]
    run = Run(arrays, step._states(), step._scalars(), record=False)

    def compute() -> list[np.ndarray]:
        outputs = step._function(*map(Tensor._wrap, arrays))
        results = [np.array(output.numpy()) for output in outputs]
        run.commit()
        return results

    return run.within(compute)


def snapshot(states: Mapping[str, Tensor], scalars: Scalars) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Copies of everything a step may write."""
    return (
        {name: np.array(state.numpy()) for name, state in states.items()},
        {name: scalar.value for name, (scalar, _) in scalars.items()},
    )


def restore(states: Mapping[str, Tensor], scalars: Scalars, kept: tuple[dict[str, np.ndarray], dict[str, Any]]) -> None:
    for name, value in kept[0].items():
        states[name].assign(value)
    for name, number in kept[1].items():
        scalars[name][0].value = number


def assert_same(got: Sequence[np.ndarray], want: Sequence[np.ndarray], ops: Sequence[str], what: str) -> None:
    """The same bits, or, of an op in the list of exceptions, within its bound."""
    assert len(got) == len(want), f"{what}: {len(got)} results, wanted {len(want)}"
    allowed = max((EXCEPTIONS[op][1] for op in ops if op in EXCEPTIONS), default=0.0)
    for index, (a, b) in enumerate(zip(got, want, strict=True)):
        if allowed and np.asarray(b).dtype.kind == "f":
            assert_within(a, b, allowed * np.abs(b), f"{what} result {index}")
        else:
            assert_same_bits(a, b, f"{what} result {index}")


def assert_replay_equals_eager(
    function: Callable[..., tuple[Tensor, ...]],
    batches: Sequence[Sequence[np.ndarray]],
    what: str,
    *,
    states: Callable[[], Mapping[str, Tensor]] = dict,
    scalars: Callable[[], Scalars] = dict,
    ops: Sequence[str] = (),
    replays: int = 1,
) -> Step:
    """Runs every batch of arguments eagerly and through a Step, from the same state each time, and compares results,
    states and scalars after each. At least `replays` of them must have been replays of a program.

    `ops` are the ops under test, to be looked up in the list of exceptions.
    """
    step = Step(function, states=states, scalars=scalars, name="step")
    for index, batch in enumerate(batches):
        where = f"{what} step {index} batch {len(batch[0])}"
        before = snapshot(states(), scalars())
        wanted = eager(step, *batch)
        wanted_state, wanted_numbers = snapshot(states(), scalars())
        restore(states(), scalars(), before)
        got = [np.array(result.numpy()) for result in step(*batch)]
        got_state, got_numbers = snapshot(states(), scalars())
        assert_same(got, wanted, ops, where)
        for name, value in wanted_state.items():
            assert_same([got_state[name]], [value], ops, f"{where} state {name}")
        assert got_numbers == wanted_numbers, where
    assert step.eager_reasons() == [], what
    done = sum({id(entry): entry.replays for entry in step._entries.values()}.values())
    assert done >= replays, f"{what}: {done} replays of {len(batches)} steps, wanted {replays}"
    return step
