"""Step programs: a step is ordinary eager code; its first two runs are recorded, later ones replay in C++.

The key of a program holds the arguments' shapes without the batch, their dtypes, the kernel level, the gradient mode
and whatever the owner adds. A recording is good for any batch size above one once two recordings of different batch
sizes agree. What can't be recorded runs eagerly, with one warning that names the line.
"""

from __future__ import annotations

import re
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from . import _core
from .functional._base import _op
from .guard import restarts_in_child
from .recording import (
    Run,
    Unfinished,
    advance,
    assign,
    current_run,
    in_step,
    look,
    overlap,
    refuse,
    unseen,
    update,
)
from .tensor import Tensor, is_grad_enabled
from .user_code import called, calls_of_library

__all__ = [
    "Recordings",
    "Step",
    "advance",
    "apart",
    "assign",
    "current_run",
    "in_step",
    "look",
    "own",
    "refuse",
    "switches",
    "unseen",
    "update",
]

MAX_KEYS = 64  # forms of arguments remembered, such as lengths of sequences; the one used longest ago goes first
MAX_PROGRAMS = 16  # planned batch sizes kept per key; the one used longest ago goes first


class Recordings:
    """What is known under one key: graphs by the batch size they were recorded with, programs by that they run with.

    Called with its owner's lock held, but for making it. Where Python may branch on a batch size, each is recorded once
    (`every_size`); otherwise two recordings of different sizes that agree stand for all.
    """

    def __init__(self, name: str, every_size: bool = False, line: str = "") -> None:
        self._line = line  # where the function begins
        self.own_code = every_size
        self.programs: OrderedDict[int, _core.Program] = OrderedDict()
        self.graphs: OrderedDict[int, _core.Graph] = OrderedDict()
        self.eager_because: str | None = None
        self.replays = 0
        self._name = name
        self._any_batch: _core.Graph | None = None
        self._agreed: dict[int, _core.Graph] | None = {} if every_size else None  # what stands for each batch size

    def program(self, batch: int, device: str) -> _core.Program | None:
        """The program for a batch size, planned when a recording allows it."""
        program = self.programs.get(batch)
        if program is not None:
            self.programs.move_to_end(batch)
        else:
            graph = self._any_batch if self._agreed is None else self._agreed.get(batch)
            program = None if graph is None else self._plan(graph, batch, device)
        return program

    def keep(self, graph: _core.Graph, batch: int, device: str) -> None:
        """Compare a new recording with an earlier one; two that agree make a program.

        Recordings of two batch sizes that differ leave each size to itself.
        """
        earlier = self.graphs.get(batch)
        try:
            if earlier is not None:
                graph.compare(earlier)
                self._plan(graph, batch, device)
            else:
                for size, other in self.graphs.items():
                    try:
                        graph.compare(other)
                    except ValueError:
                        continue
                    self._any_batch = graph
                    if self._agreed is not None:
                        self._agreed |= {batch: graph, size: graph}
                    self._plan(graph, batch, device)
                    break
        except ValueError as difference:
            self.give_up(_with_line(str(difference), graph, self._line))
            return
        self.graphs[batch] = graph
        if len(self.graphs) > MAX_PROGRAMS:
            self.graphs.popitem(last=False)

    def give_up(self, reason: str) -> None:
        """Run eagerly from now on."""
        self.eager_because = f"{self._name} runs without a program: {reason}"
        self.programs.clear()
        self._any_batch = None
        if self._agreed is not None:
            self._agreed.clear()

    def _plan(self, graph: _core.Graph, batch: int, device: str) -> _core.Program:
        program = _core.Program(graph, batch, device)
        self.programs[batch] = program
        if len(self.programs) > MAX_PROGRAMS:
            self.programs.popitem(last=False)
        return program


def plan_text(program: _core.Program, passes: bool) -> str:
    """What `Step.plans` says of a program."""
    if not passes:
        return program.text()
    names = _core.passes()
    stages = [program.planned_text(names[:count]) for count in range(len(names) + 1)]
    parts = [f"before all passes:\n{stages[0]}"]
    for name, before, after in zip(names, stages, stages[1:], strict=False):
        parts.append(f"after {name}: no change\n" if after == before else f"after {name}:\n{after}")
    return "\n".join(parts)


def _with_line(difference: str, graph: _core.Graph, line: str) -> str:
    """What graphs differ in, with the line of the user's code that called the op, or one for the whole step."""
    found = re.search(r"(?:differ at|of) op (\d+)", difference)
    if found is None or int(found[1]) >= len(graph.lines) or not graph.lines[int(found[1])]:
        return f"{line}: {difference}" if line else difference
    return f"{graph.lines[int(found[1])]}: {difference}"


class Step:
    """A function from arrays to tensors that runs as a program.

    Parameters
    ----------
    function : callable
        Takes one Tensor for each argument and returns a tuple of Tensors. It writes state by ops: `update`,
        `Tensor.assign`, in place.
    states : callable
        Returns a dict from name to Tensor of all that `function` reads or writes besides its arguments.
    scalars : callable, optional
        Returns a dict from name to ``(Scalar, advance)``; advance is added to an integer Scalar when the step commits.
    name : str
        Names the step in messages.
    verify_every : int
        Run the function itself again, and compare, after so many replays; 0 never does.
    warns : bool
        Whether to say that something can't be recorded; `eager_reasons` tells in any case.
    every_size : callable, optional
        Returns whether `function` may branch on the batch size: then each size is recorded before it is replayed.
    line : callable, optional
        Returns where the user's code is that `function` calls, for messages about what no op of it tells.

    Notes
    -----
    What a program does is what the function did when it was recorded. A function that reads arrays that are neither
    arguments nor state, or values of tensors, runs eagerly, with one warning that names the line. Python numbers and
    branches on them can't be seen, so a function must take them from `extra_key`, from Scalars, or not change them. Two
    recordings that differ make the step run eagerly too; `verify_every` looks again.
    """

    def __init__(
        self,
        function: Callable[..., tuple[Tensor, ...]],
        *,
        states: Callable[[], Mapping[str, Tensor]],
        scalars: Callable[[], Mapping[str, tuple[_core.Scalar, int]]] | None = None,
        name: str = "step",
        verify_every: int = 0,
        warns: bool = True,
        every_size: Callable[[], bool] = lambda: False,
        line: Callable[[], str] = lambda: "",
    ) -> None:
        if verify_every < 0:
            raise ValueError(f"{name}: expected verify_every of at least 0, got {verify_every}")
        self._verify_every, self._warns = verify_every, warns
        self._function = function
        self._every_size, self._line = every_size, line
        self._states = states
        self._scalars = scalars if scalars is not None else dict
        self._name = name
        self._lock = threading.Lock()
        self._entries: OrderedDict[Any, Recordings] = OrderedDict()
        self._warned: set[str] = set()
        self._shortcuts = _core.Shortcuts()
        self._unfinished = Unfinished()
        restarts_in_child(self)
        self.eager = False  # whether to run the function itself, always

    own = False  # whether the function is the user's, and gives results of its own

    def __call__(
        self, *arguments: Any, out: Sequence[np.ndarray[Any, Any]] | None = None, extra_key: tuple[Any, ...] = ()
    ) -> tuple[Tensor, ...]:
        """Run the step; every argument's leading axis is the batch.

        Parameters
        ----------
        *arguments : Tensor or ndarray
        out : sequence of ndarray, optional
            Contiguous arrays that the results are written into.
        extra_key : tuple
            Whatever else changes what the step records.

        Returns
        -------
        tuple of Tensor
            What `function` returned; the values own their memory.

        Raises
        ------
        ValueError
            When the arguments' batch sizes differ.
        """
        if in_step():
            raise RuntimeError(f"{self._name}: a step can't run inside another step")
        arrays = [_argument_array(argument) for argument in arguments]
        targets = None if out is None else [_target_array(self._name, array) for array in out]
        batch = _batch_size(self._name, arrays)
        device = arrays[0].device if arrays else "cpu"
        key = _key(arrays, [array.dtype for array in arrays], batch, device, extra_key)
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                entry = self._entries[key] = Recordings(self._name, self._every_size(), self._line())
                if len(self._entries) > MAX_KEYS:
                    self._entries.popitem(last=False)
            self._entries.move_to_end(key)
            program = None if self.eager else entry.program(batch, device)
            if program is not None:
                entry.replays += 1
                if self._verify_every and entry.replays % self._verify_every == 0:
                    program = None
        results = None if program is None else self._run_program(program, arrays, targets)
        if results is None:
            results = self._run_eagerly(entry, arrays, batch, device, targets)
        return tuple(Tensor._wrap(array) for array in results)

    def _run_program(
        self, program: _core.Program, arrays: list[_core.Array], targets: Sequence[_core.Array] | None
    ) -> list[_core.Array] | None:
        """A program's results; None when it may not write what an argument shows, and has not begun."""
        try:
            return program.run(arrays, targets)
        except ValueError:
            if not self._shares_memory(arrays):
                raise
            return None

    def _shares_memory(self, arrays: Sequence[_core.Array]) -> bool:
        """Whether one of the arrays is in the memory of state."""
        states = [state._array for state in self._states().values()]
        return any(overlap(array, state) for array in arrays for state in states)

    def planned(self, *arguments: Any, extra_key: tuple[Any, ...] = ()) -> _core.Program | None:
        """The program that a call with such arguments replays; None when there is none (yet). It may be run as long as
        nothing that the key holds changes, and `drop` isn't called."""
        arrays = [_argument_array(argument) for argument in arguments]
        batch = _batch_size(self._name, arrays)
        device = arrays[0].device if arrays else "cpu"
        with self._lock:
            entry = self._entries.get(_key(arrays, [array.dtype for array in arrays], batch, device, extra_key))
            return None if entry is None else entry.program(batch, device)

    def replay(
        self,
        arrays: Sequence[_core.Array],
        dtypes: Sequence[np.dtype[Any]],
        batch: int,
        first: int,
        steps: int,
        *,
        order: np.ndarray[Any, Any] | None = None,
        out: Sequence[np.ndarray[Any, Any]] = (),
        extra_key: tuple[Any, ...] = (),
        seconds: float = 0.0,
    ) -> int:
        """Run several steps in one call, each with the next batch of the arrays.

        Parameters
        ----------
        arrays : sequence of Array, (samples, ...)
            Contiguous, on the CPU.
        dtypes : sequence of dtype
            What the batches of each are to be.
        batch, steps : int
            Samples in a step, and most steps to run.
        first : int
            Where in the order the first batch begins.
        order : int64 array, optional
            Numbers of the samples that batches are made of; as they stand when not given.
        out : sequence of ndarray, (samples, ...)
            Contiguous arrays that each step writes the rows of its batch into.
        extra_key : tuple
        seconds : float
            No further step begins after that; 0 sets no limit.

        Returns
        -------
        int
            How many steps have run: 0 when there is no program for such batches. Call the step itself for the next one.

        Raises
        ------
        ValueError, IndexError
            The first step failed; a later one that fails ends the call, with the state of the last whole step.
        """
        if in_step():
            raise RuntimeError(f"{self._name}: a step can't run inside another step")
        key = _key(arrays, dtypes, batch, "cpu", extra_key)
        with self._lock:
            entry = self._entries.get(key)
            program = None if entry is None or self.eager else entry.program(batch, "cpu")
            if entry is None or program is None:
                return 0
            self._entries.move_to_end(key)
            if self._verify_every:
                steps = min(steps, self._verify_every - 1 - entry.replays % self._verify_every)
        if steps <= 0:
            return 0
        targets = [_target_array(self._name, array) for array in out]
        try:
            done = program.run_batches(arrays, targets, order, first, steps, seconds)
        except ValueError:
            if not self._shares_memory(arrays):
                raise
            return 0
        with self._lock:
            entry.replays += done
        return done

    def shorten(self, x: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> None:
        """Let `shortcut` answer for arrays like x, when there is a program for them as dtype."""
        array = _core.Array.from_numpy(np.empty((0, *x.shape[1:]), dtype=dtype))
        with self._lock:
            entry = self._entries.get(_key([array], [dtype], len(x), "cpu", ()))
            program = None if entry is None or self._verify_every else entry.program(len(x), "cpu")
            if program is not None:
                self._shortcuts.add(program, x)

    def shortcut(self, x: Any, most: int) -> np.ndarray[Any, Any] | None:
        """The only result for the only argument in a new array, or None: call the step then.

        Parameters
        ----------
        x : anything
            Answered are arrays of shapes and dtypes that `shorten` was told of.
        most : int
            Of at most so many samples.
        """
        return None if in_step() or self.eager else self._shortcuts(x, most)

    def _start_over_in_child(self) -> None:
        self._lock = threading.Lock()

    def drop(self) -> None:
        """Forget all recordings and programs."""
        with self._lock:
            self._entries.clear()
            self._shortcuts.clear()

    def info(self) -> list[dict[str, int]]:
        """One dict for each program: batch, nodes, arena_bytes, value_bytes, and the replays of its key."""
        with self._lock:
            return [
                {**program.info, "replays": entry.replays}
                for entry in self._entries.values()
                for program in entry.programs.values()
            ]

    def text(self) -> str:
        """The recorded graphs in their versioned text form, one for each key."""
        with self._lock:
            graphs = [next(iter(entry.graphs.values())) for entry in self._entries.values() if entry.graphs]
        return "\n".join(graph.text() for graph in graphs)

    def plans(self, batch: int, passes: bool = False) -> str:
        """What plans made of the recorded graphs at a batch size: shapes, bytes, offsets in the arena, dead results.

        With `passes` the text before all passes of the planner, then that after each of them that changes it.
        """
        with self._lock:
            programs = [
                program for entry in self._entries.values() for size, program in entry.programs.items() if size == batch
            ]
        return "\n".join(plan_text(program, passes) for program in programs)

    def eager_reasons(self) -> list[str]:
        """Why keys run without a program: one sentence for each key that can't be recorded."""
        with self._lock:
            return [entry.eager_because for entry in self._entries.values() if entry.eager_because is not None]

    @property
    def recorded(self) -> bool:
        """Whether programs run, and nothing that the step was called with has to run eagerly."""
        with self._lock:
            entries = list(self._entries.values())
        return not self.eager and any(e.programs for e in entries) and not any(e.eager_because for e in entries)

    def _run_eagerly(
        self,
        entry: Recordings,
        arrays: list[_core.Array],
        batch: int,
        device: str,
        targets: Sequence[_core.Array] | None,
    ) -> list[_core.Array]:
        """Run the function itself, recording it unless that failed before."""
        states = self._states()
        shared = [*arrays, *(state._array for state in states.values())]
        known = {state._array.storage for state in states.values()}
        arrays = [array if array.storage not in known else apart(array) for array in arrays]
        record = entry.eager_because is None and not self.eager
        run = Run(arrays, states, self._scalars(), record=record, line=self._line, own_code=entry.own_code)

        def compute() -> list[_core.Array]:
            outputs = called(self._function, *(Tensor._wrap(array) for array in arrays))
            if not isinstance(outputs, tuple) or not all(isinstance(output, Tensor) for output in outputs):
                raise TypeError(f"{self._name}: expected the function to return a tuple of Tensors, got {outputs!r}")
            results = [own(output._array, shared) for output in outputs]
            if targets is not None:
                self._check_targets(results, targets)
            run.commit()
            return results

        results = run.within(compute)
        graph = run.graph(results)
        with self._lock:
            was = entry.eager_because
            if graph is not None and was is None:
                entry.keep(graph, batch, device)
                self._unfinished.finished()
            elif record and was is None:
                unkept = run.refusal or self._unfinished.reason(run)
                if unkept is not None:
                    entry.give_up(unkept)
            reason = entry.eager_because
            new = reason is not None and was is None and reason not in self._warned
            if reason is not None:
                self._warned.add(reason)
        if new and self._warns:
            warnings.warn(str(reason), RuntimeWarning, stacklevel=calls_of_library())
        return _filled(results, targets)

    def _check_targets(self, results: list[_core.Array], targets: Sequence[_core.Array]) -> None:
        if len(targets) != len(results):
            raise ValueError(f"{self._name}: expected {len(results)} arrays in out, got {len(targets)}")
        for target, result in zip(targets, results, strict=True):
            if target.shape != result.shape or target.dtype != result.dtype:
                raise ValueError(
                    f"{self._name}: expected out {result.shape} of {result.dtype}, got {target.shape} of {target.dtype}"
                )


def switches() -> tuple[Any, ...]:
    """What of the process and the thread is part of every program's key."""
    return _core.active_isa(), _core.batch_invariant(), _core.precision(), _core.convolution(), is_grad_enabled()


def _key(
    arrays: Sequence[_core.Array], dtypes: Sequence[np.dtype[Any]], batch: int, device: str, extra: tuple[Any, ...]
) -> tuple[Any, ...]:
    """What a program depends on, for arrays whose batches have these dtypes."""
    return (
        tuple((array.shape[1:], dtype.str) for array, dtype in zip(arrays, dtypes, strict=True)),
        device,
        switches(),
        min(batch, 2),  # memory with an axis of size 0 or 1 is contiguous where that of larger ones isn't
        extra,
    )


def _argument_array(value: Any) -> _core.Array:
    """A contiguous array over the value's memory where that is possible."""
    if isinstance(value, Tensor):
        value = value._array
    if isinstance(value, _core.Array):
        return value if value.is_contiguous else _op("copy")(value)
    array = np.asarray(value)
    if not (array.flags.aligned and array.dtype.isnative and array.flags.c_contiguous):
        array = array.astype(array.dtype.newbyteorder("="), order="C", copy=True)
    return _core.Array.from_numpy(array, copy=False)


def apart(array: _core.Array) -> _core.Array:
    """The array's memory under a name of its own: it may be given twice, or be state too."""
    if not array.is_contiguous or array.device != "cpu":
        copied: _core.Array = _op("copy")(array)
        return copied
    return _core.Array.from_numpy(array.numpy(), copy=False)


def _target_array(name: str, value: Any) -> _core.Array:
    """An array over memory that a result is written into."""
    if isinstance(value, _core.Array):
        return value
    usable = isinstance(value, np.ndarray) and value.flags.carray and value.dtype.isnative
    if not usable:
        raise ValueError(f"{name}: expected out to be writable, aligned arrays in C order, got {type(value).__name__}")
    return _core.Array.from_numpy(value, copy=False)


def _filled(results: list[_core.Array], targets: Sequence[_core.Array] | None) -> list[_core.Array]:
    """The results, copied into what the caller gave for them."""
    if targets is None:
        return results
    for target, result in zip(targets, results, strict=True):
        target.write(result.numpy())
    return list(targets)


def _batch_size(name: str, arrays: list[_core.Array]) -> int:
    sizes = {array.shape[0] if array.shape else None for array in arrays}
    if len(sizes) != 1 or None in sizes:
        raise ValueError(
            f"{name}: expected arguments with one batch size along their first axis, got shapes "
            f"{', '.join(str(array.shape) for array in arrays) or 'none'}"
        )
    size = sizes.pop()
    assert size is not None
    return size


def own(array: _core.Array, shared: Sequence[_core.Array]) -> _core.Array:
    """The result itself, or a copy when it is a view of something the caller or the state owns."""
    if array.is_contiguous and not any(array.shares_storage(other) for other in shared):
        return array
    copied: _core.Array = _op("copy")(array)
    return copied
