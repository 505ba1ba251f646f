"""Step programs: a step is ordinary eager code; its first two runs are recorded, later ones replay in C++.

The key of a program holds the arguments' shapes without the batch, their dtypes, the kernel level, the gradient mode
and whatever the owner adds. A recording is good for any batch size above one once two recordings of different batch
sizes agree.
"""

from __future__ import annotations

import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import _core
from .functional._base import _op
from .tensor import Tensor, is_grad_enabled, step_memory

__all__ = ["Step", "in_step", "update"]

MAX_PROGRAMS = 16  # planned batch sizes kept per key; the one used longest ago goes first

Update = tuple[_core.Op, tuple[Any, ...], dict[str, Any]]


class _ThreadState(threading.local):
    pending: list[Update] | None = None


_thread = _ThreadState()


def in_step() -> bool:
    """Whether the calling thread is inside a step, whose state writes wait for its end."""
    return _thread.pending is not None


def update(op_name: str, *groups: Tensor | Sequence[Tensor | None], **attributes: Any) -> None:
    """Write state by an op whose schema updates arguments in place.

    Inside a step the write is put off to the step's end, where all writes of the step happen together: an error or
    Ctrl-C before that leaves the state of the last whole step. Outside of a step it happens at once.

    Parameters
    ----------
    op_name : str
        For instance ``"adam_update"``.
    *groups : Tensor or sequence of Tensor
        The op's inputs in the order of its schema.
    **attributes
        The op's attributes; those that are inputs at run time as ``_core.Scalar`` inside a step.
    """
    arrays = tuple(
        group._array if isinstance(group, Tensor) else [None if t is None else t._array for t in group]
        for group in groups
    )
    entry = (_op(op_name), arrays, attributes)
    if _thread.pending is None:
        _core.commit([entry], [])
    else:
        _thread.pending.append(entry)


@dataclass
class _Entry:
    """What is known under one key."""

    recordings: dict[int, _core.Graph] = field(default_factory=dict)
    any_batch: _core.Graph | None = None
    programs: OrderedDict[int, _core.Program] = field(default_factory=OrderedDict)
    eager_because: str | None = None
    replays: int = 0


class Step:
    """A function from arrays to tensors that runs as a program.

    Parameters
    ----------
    function : callable
        Takes one Tensor for each argument and returns a tuple of Tensors. Its state writes go through `update`.
    states : callable
        Returns a dict from name to Tensor of all that `function` reads or writes besides its arguments.
    scalars : callable, optional
        Returns a dict from name to ``(Scalar, advance)``; advance is added to an integer Scalar when the step commits.
    name : str
        Names the step in messages.
    verify_every : int
        Run the function itself again, and compare, after so many replays; 0 never does.

    Notes
    -----
    What a program does is what the function did when it was recorded. Arrays that are neither arguments nor state are
    refused; Python numbers and branches can't be seen, so a function must take them from `extra_key`, from Scalars, or
    not change them. Two recordings that differ make the step run eagerly, with one warning; `verify_every` looks again.
    """

    def __init__(
        self,
        function: Callable[..., tuple[Tensor, ...]],
        *,
        states: Callable[[], Mapping[str, Tensor]],
        scalars: Callable[[], Mapping[str, tuple[_core.Scalar, int]]] | None = None,
        name: str = "step",
        verify_every: int = 0,
    ) -> None:
        if verify_every < 0:
            raise ValueError(f"{name}: expected verify_every of at least 0, got {verify_every}")
        self._verify_every = verify_every
        self._function = function
        self._states = states
        self._scalars = scalars if scalars is not None else dict
        self._name = name
        self._lock = threading.Lock()
        self._entries: dict[Any, _Entry] = {}

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
            When the arguments' batch sizes differ, or the step reads an array that is neither argument nor state.
        """
        if in_step():
            raise RuntimeError(f"{self._name}: a step can't run inside another step")
        arrays = [_argument_array(argument) for argument in arguments]
        targets = None if out is None else [_target_array(self._name, array) for array in out]
        batch = _batch_size(self._name, arrays)
        device = arrays[0].device if arrays else "cpu"
        key = self._key(arrays, batch, device, extra_key)
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            program = self._program(entry, batch, device)
            if program is not None:
                entry.replays += 1
                if self._verify_every and entry.replays % self._verify_every == 0:
                    program = None
        if program is not None:
            results = program.run(arrays, targets)
        else:
            results = self._run_eagerly(entry, arrays, batch, device, targets)
        return tuple(Tensor._wrap(array) for array in results)

    def planned(self, *arguments: Any, extra_key: tuple[Any, ...] = ()) -> _core.Program | None:
        """The program that a call with such arguments replays; None when there is none (yet). It may be run as long as
        nothing that the key holds changes, and `drop` isn't called."""
        arrays = [_argument_array(argument) for argument in arguments]
        batch = _batch_size(self._name, arrays)
        device = arrays[0].device if arrays else "cpu"
        with self._lock:
            entry = self._entries.get(self._key(arrays, batch, device, extra_key))
            return None if entry is None else self._program(entry, batch, device)

    def _key(self, arrays: list[_core.Array], batch: int, device: str, extra_key: tuple[Any, ...]) -> tuple[Any, ...]:
        return (
            tuple((array.shape[1:], array.dtype.str) for array in arrays),
            device,
            _core.active_isa(),
            _core.batch_invariant(),
            is_grad_enabled(),
            min(batch, 2),  # memory with an axis of size 0 or 1 is contiguous where that of larger ones isn't
            extra_key,
        )

    def drop(self) -> None:
        """Forget all recordings and programs."""
        with self._lock:
            self._entries.clear()

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
            graphs = [next(iter(entry.recordings.values())) for entry in self._entries.values() if entry.recordings]
        return "\n".join(graph.text() for graph in graphs)

    def plans(self, batch: int) -> str:
        """What plans made of the recorded graphs at a batch size: shapes, bytes, offsets in the arena, dead results."""
        with self._lock:
            programs = [
                program for entry in self._entries.values() for size, program in entry.programs.items() if size == batch
            ]
        return "\n".join(program.text() for program in programs)

    def eager_reasons(self) -> list[str]:
        """Why keys run without a program: one sentence for each key whose recordings differ."""
        with self._lock:
            return [entry.eager_because for entry in self._entries.values() if entry.eager_because is not None]

    def _program(self, entry: _Entry, batch: int, device: str) -> _core.Program | None:
        """The program for a batch size, planned when a recording allows it; called with the lock held."""
        program = entry.programs.get(batch)
        if program is not None:
            entry.programs.move_to_end(batch)
        elif entry.any_batch is not None:
            program = self._plan(entry, entry.any_batch, batch, device)
        return program

    def _plan(self, entry: _Entry, graph: _core.Graph, batch: int, device: str) -> _core.Program:
        program = _core.Program(graph, batch, device)
        entry.programs[batch] = program
        if len(entry.programs) > MAX_PROGRAMS:
            entry.programs.popitem(last=False)
        return program

    def _run_eagerly(
        self,
        entry: _Entry,
        arrays: list[_core.Array],
        batch: int,
        device: str,
        targets: Sequence[_core.Array] | None,
    ) -> list[_core.Array]:
        """Run the function itself, recording it unless an earlier comparison failed."""
        states, scalars = self._states(), self._scalars()
        advances = [(scalar, advance) for scalar, advance in scalars.values() if advance != 0]
        if entry.eager_because is not None:
            return _filled(self._run_and_commit(arrays, states, advances, targets), targets)
        recorder = _core.Recorder()
        for index, array in enumerate(arrays):
            recorder.argument(array, f"argument_{index}", True)
        for name, state in states.items():
            recorder.state(state._array, name)
        for name, (scalar, advance) in scalars.items():
            recorder.scalar(scalar, name, advance)
        with recorder:
            results = self._run_and_commit(arrays, states, advances, targets)
        for index, result in enumerate(results):
            recorder.result(result, f"result_{index}")
        self._keep(entry, recorder.finish(), batch, device)
        return _filled(results, targets)

    def _run_and_commit(
        self,
        arrays: list[_core.Array],
        states: Mapping[str, Tensor],
        advances: list[tuple[_core.Scalar, int]],
        targets: Sequence[_core.Array] | None,
    ) -> list[_core.Array]:
        shared = [*arrays, *(state._array for state in states.values())]
        _thread.pending = []
        step_memory.arrays = shared
        try:
            outputs = self._function(*(Tensor._wrap(array) for array in arrays))
            if not all(isinstance(output, Tensor) for output in outputs):
                raise TypeError(f"{self._name}: expected the function to return a tuple of Tensors, got {outputs!r}")
            results = [_own(output._array, shared) for output in outputs]
            pending = _thread.pending
        finally:
            _thread.pending = None
            step_memory.arrays = ()
        if targets is not None:
            self._check_targets(results, targets)
        _core.commit(pending, advances)
        return results

    def _check_targets(self, results: list[_core.Array], targets: Sequence[_core.Array]) -> None:
        if len(targets) != len(results):
            raise ValueError(f"{self._name}: expected {len(results)} arrays in out, got {len(targets)}")
        for target, result in zip(targets, results, strict=True):
            if target.shape != result.shape or target.dtype != result.dtype:
                raise ValueError(
                    f"{self._name}: expected out {result.shape} of {result.dtype}, got {target.shape} of {target.dtype}"
                )

    def _keep(self, entry: _Entry, graph: _core.Graph, batch: int, device: str) -> None:
        """Compare a new recording with an earlier one; two that agree make a program."""
        with self._lock:
            if not entry.recordings:
                entry.recordings[batch] = graph
                return
            earlier = entry.recordings.get(batch) or next(iter(entry.recordings.values()))
            try:
                differs_in_batch = graph.compare(earlier)
            except ValueError as difference:
                entry.eager_because = f"{self._name} runs without a program: {difference}"
                entry.programs.clear()
                entry.any_batch = None
            else:
                if differs_in_batch:
                    entry.any_batch = graph
                entry.recordings[batch] = graph
                self._plan(entry, graph, batch, device)
                return
        warnings.warn(entry.eager_because, RuntimeWarning, stacklevel=4)


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


def _own(array: _core.Array, shared: Sequence[_core.Array]) -> _core.Array:
    """The result itself, or a copy when it is a view of something the caller or the state owns."""
    if array.is_contiguous and not any(array.shares_storage(other) for other in shared):
        return array
    copied: _core.Array = _op("copy")(array)
    return copied
