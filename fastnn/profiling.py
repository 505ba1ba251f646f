"""Where the time of a step goes: nanoseconds of every node of its program, as the engine sees them.

Nodes are timed only here; a program that runs otherwise reads no clock for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from .batches import batch_size_of, whole_number
from .program import Step

if TYPE_CHECKING:
    from .models.model import Model

__all__ = ["Profile", "profile"]


@dataclass(frozen=True)
class Profile:
    """The median time, of several steps, that each part of a step took; print it for a table.

    Attributes
    ----------
    batch_size : int
    nodes : tuple of (str, float)
        For each node that ran its lines in `Model.program`, and its seconds.
    batches : float
        Seconds for taking the batch from the data.
    between : float
        Seconds between the nodes: scalars, pointers, counts.
    """

    batch_size: int
    nodes: tuple[tuple[str, float], ...]
    batches: float
    between: float

    @property
    def total(self) -> float:
        """Seconds of the step."""
        return sum(seconds for _, seconds in self.nodes) + self.overhead

    @property
    def overhead(self) -> float:
        """Seconds of the step less those of its nodes."""
        return self.batches + self.between

    def __str__(self) -> str:
        rows = [(seconds, text.strip()) for text, seconds in self.nodes]
        rows += [(self.batches, "taking the batch"), (self.between, "between the nodes")]
        lines = [f"{self.total * 1e6:10.1f} us        a step with a batch of {self.batch_size}"]
        lines += [f"{seconds * 1e6:10.1f} us {seconds / self.total:6.1%} {text}" for seconds, text in rows]
        return "\n".join(lines)


def profile(model: Model, x: Any, y: Any, batch_size: int | None, steps: int) -> Profile:
    """What `Model.profile` returns."""
    size = batch_size_of("profile", batch_size)
    steps = whole_number("profile", "steps", steps, 1)
    step = model._predict_step if y is None else model._train_step
    if step.own:
        raise ValueError(f"profile: expected a model whose steps are the library's, got {type(model).__name__}")
    if y is not None:
        model._compiled("profile")
    samples, dtypes, _ = model._prepared("profile", step, x, y)
    if len(samples[0]) == 0:
        raise ValueError(f"profile: expected data, got x of shape {samples[0].shape}")
    with model._guard.exclusive("profile"):
        model._notice(model._structure, model._settings)
        batch = [np.ascontiguousarray(a[:size], dtype=dtype) for a, dtype in zip(samples, dtypes, strict=True)]
        model._try("profile", step, samples)
        key = model._step_key(step)
        with _restored(model):
            program = _program(model, step, batch, key)
            sources = [_core.Array.from_numpy(array, copy=False) for array in batch]
            results = program.run(sources) if y is None else []
            runs = [program.profile(sources, results, None, 0, 1) for _ in range(steps)]
    texts = [text for text, _ in runs[0][1]]
    # a step that another program interrupts is long in one place
    times = np.array([[time for _, time in nodes] for _, nodes, _, _ in runs])
    batches = np.array([run[2] for run in runs])
    between = np.array([run[3] for run in runs]) - times.sum(axis=1) - batches
    seconds = (np.median(times, axis=0) / 1e9).tolist()
    rest = (float(np.median(part)) / 1e9 for part in (batches, between))
    return Profile(len(batch[0]), tuple(zip(texts, seconds, strict=True)), *rest)


def _program(model: Model, step: Step, batch: list[np.ndarray], key: tuple[Any, ...]) -> _core.Program:
    """The program for a batch, after as many runs of the step as it takes to record it."""
    while (program := step.planned(*batch, extra_key=key)) is None:
        if reasons := step.eager_reasons():
            raise RuntimeError(f"profile: {reasons[0]}")
        model._run(step, *batch, key=key)
    return program


@contextmanager
def _restored(model: Model) -> Iterator[None]:
    """Put weights, optimizer, metrics and counts back to what they were."""
    compiled = model.optimizer is not None
    states = model._train_states() if compiled else model._test_states()
    scalars = model._train_scalars() if compiled else {}
    before = [(state, np.array(state.numpy())) for state in states.values()]
    counts = [(cell, cell.value) for cell, _ in scalars.values()]
    try:
        yield
    finally:
        for state, values in before:
            state.assign(values)
        for cell, value in counts:
            cell.value = value
