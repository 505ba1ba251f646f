"""One run of a step's function: what is written down of it, why it can't be, and how its writes are taken back.

State is written by ops, in the order of the function. Before a state is written first its values are copied, so that an
error or Ctrl-C leaves the state of the last whole step. What can't be recorded stops the recording, not the run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from . import _core
from .functional._base import _op
from .grad_mode import is_grad_enabled, set_grad_enabled
from .tensor import Tensor, step_memory
from .user_code import user_line

if TYPE_CHECKING:
    from .outside import Outside

__all__ = [
    "Run",
    "Unfinished",
    "advance",
    "assign",
    "current_run",
    "in_step",
    "look",
    "overlap",
    "refuse",
    "unseen",
    "update",
]

_T = TypeVar("_T")

MAX_UNFINISHED = 3  # runs in a row that make weights or moments, or read files, after which a step always does so

_Copy = tuple[_core.Array, _core.Array]  # what is written, and its values before
Update = tuple[_core.Op, tuple[Any, ...], dict[str, Any]]

_ASSIGN = _op("assign_update")  # made here: taking back what was written is no time to ask for memory
_SWEEP = 1 << 20  # bytes of copies of what a run has made, after which those of what is gone are looked for


class _ThreadState(threading.local):
    run: Run | None = None


_thread = _ThreadState()


def current_run() -> Run | None:
    """The run that the calling thread is in."""
    return _thread.run


def in_step() -> bool:
    """Whether the calling thread is inside a step."""
    return _thread.run is not None


def refuse(reason: str) -> None:
    """Say that what the calling thread does next can't be part of a program; outside of a step nothing happens."""
    if _thread.run is not None:
        _thread.run.refuse(reason)


def advance(cell: _core.Scalar) -> None:
    """Count one more in a cell: at once, and again whenever the step that the calling thread is in replays."""
    if _thread.run is None:
        cell.value += 1
    else:
        _thread.run.advance(cell)


def assign(cell: _core.Scalar, value: float, what: str) -> None:
    """Set a cell from Python, which a program can't repeat; a step that fails takes it back."""
    if _thread.run is not None:
        _thread.run.assign(cell, what)
    cell.value = value


def look(cell: _core.Scalar, what: str, steady: bool) -> None:
    """Say that Python is given the number in a cell; steady is one that stays the same for many steps."""
    if _thread.run is not None:
        _thread.run.look(cell, what, steady)


@contextmanager
def unseen() -> Iterator[None]:
    """Let Python look at cells for what is set anew before each replay, such as the rate that a schedule gives."""
    run = _thread.run
    if run is None:
        yield
        return
    before, run.watches = run.watches, False
    try:
        yield
    finally:
        run.watches = before


def update(op_name: str, *groups: Tensor | Sequence[Tensor | None], **attributes: Any) -> None:
    """Write state by an op whose schema updates arguments in place.

    Inside a step an error or Ctrl-C before its end takes the write back: it leaves the state of the last whole step.

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
    run = _thread.run
    if run is not None:
        for group, updated in zip(arrays, _updated(op_name), strict=False):
            if not updated:
                continue
            for array in [group] if isinstance(group, _core.Array) else group:
                if array is not None:
                    run.before_write(array)
    _core.commit([(_op(op_name), arrays, attributes)], [])


@cache
def _updated(op_name: str) -> tuple[bool, ...]:
    """For each input of an op whether it is updated."""
    return tuple(argument["role"] == "update" for argument in _op(op_name).schema["inputs"])


class _Made:
    """Values, as they were before they were written first, of tensors that the run has made and that may outlast it:
    moments of an optimizer, say. Those of tensors that are gone go too.
    """

    def __init__(self) -> None:
        self._copies: dict[int, list[_Copy]] = {}  # by storage
        self._kept: set[int] = set()  # identities
        self._bytes, self._sweeps_at = 0, _SWEEP

    def keep(self, array: _core.Array) -> None:
        """Copy an array that is about to be written, if it is the first time."""
        if array.identity in self._kept:
            return
        self._kept.add(array.identity)
        self._copies.setdefault(array.storage, []).append((array.alias(), _unrecorded_copy(array)))
        self._bytes += array.nbytes
        if self._bytes > self._sweeps_at:
            self._sweep()

    def copies(self) -> Iterator[_Copy]:
        """The latest first: arrays may be parts of each other."""
        return (copy for copies in self._copies.values() for copy in reversed(copies))

    def _sweep(self) -> None:
        self._copies = {
            storage: copies for storage, copies in self._copies.items() if copies[0][0].references != len(copies)
        }
        self._bytes = sum(copy.nbytes for _, copy in self.copies())
        self._sweeps_at = max(_SWEEP, 2 * self._bytes)


class Run:
    """One run of a step's function; `recorder` is None once it isn't recorded.

    Parameters
    ----------
    arguments : sequence of Array
        What the function is called with; it may not write them.
    states : mapping from name to Tensor
        What it may read and write besides.
    scalars : mapping from name to (Scalar, advance)
        The cells that ops read, and what the end of the step adds to each.
    batched : sequence of bool, optional
        Which arguments have the batch as their leading axis; all when not given.
    record : bool
        Whether to write the run down.
    looked : callable, optional
        Told of a steady cell that Python looks at, and what it is. When not given, a look is a reason not to record.
    line : callable, optional
        Returns where the user's code begins, for what the library does without it.
    own_code : bool, default True
        Whether code of the user's takes part, which may take something from outside.
    """

    def __init__(
        self,
        arguments: Sequence[_core.Array],
        states: Mapping[str, Tensor],
        scalars: Mapping[str, tuple[_core.Scalar, int]],
        *,
        batched: Sequence[bool] | None = None,
        record: bool = True,
        looked: Callable[[_core.Scalar, str], None] | None = None,
        line: Callable[[], str] = lambda: "",
        own_code: bool = True,
    ) -> None:
        self._looked, self._line = looked, line
        self.watches = True  # whether it minds looks at cells
        self.refusal: str | None = None
        self.unrepeated: str | None = None  # what a replay would not repeat, though a later run may not do it
        self.profiled = False  # whether somebody else's profiler hides what it takes from outside
        self.optimized = False  # whether an optimizer took a step
        self._optimizers: list[Any] = []  # which did
        self._varying: set[int] = set()  # optimizers that took one
        self.writes = any(amount for _, amount in scalars.values())
        self._arguments = list(arguments)
        self._states = [state._array for state in states.values()]
        self._known = {array.identity: array for array in self._states}
        self._known_storages = {array.storage: array for array in reversed(self._states)}
        self._advances = [(cell, amount) for cell, amount in scalars.values() if amount]
        self._declared = {id(cell) for cell, _ in self._advances}
        self._registered = {id(cell) for cell, _ in scalars.values()}
        self._copies: dict[int, _Copy] = {}  # of states, by identity
        self._made = _Made()
        self._counts: dict[int, tuple[_core.Scalar, int]] = {}  # how far the run has advanced each cell
        self._assigned: dict[int, tuple[_core.Scalar, float]] = {}  # cells that Python has set, as they were before
        self._over = _core.Scalar(0, "int")  # 1 once the writes stay or are taken back
        self._inside = False
        self._on_tape = is_grad_enabled()
        self._outside: Outside | None = None
        self.recorder: _core.Recorder | None = None
        if record:
            self.recorder = recorder = _core.Recorder(in_order=True, refused=refuse, where=user_line)
            for index, array in enumerate(arguments):
                recorder.argument(array, f"argument_{index}", batched is None or batched[index])
            for name, state in states.items():
                recorder.state(state._array, name)
            for name, (cell, amount) in scalars.items():
                recorder.scalar(cell, name, amount)
            if own_code:
                from .outside import Outside  # not with the package

                self._outside = Outside(self.leave_out)

    def within(self, body: Callable[[], _T]) -> _T:
        """What `body` returns, called inside the run. Unless it has committed, what it wrote is taken back.

        Not a context manager: Ctrl-C that arrives as Python enters `__exit__` would leave the thread inside the run.
        """
        if _thread.run is not None:
            raise RuntimeError("a step can't run inside another step")
        try:
            self._enter()
            return body()
        finally:
            interrupt: BaseException | None = None
            while self._inside:
                try:
                    self._leave()
                except BaseException as error:
                    if interrupt is not None:
                        self._release()
                        raise
                    interrupt = error  # Ctrl-C in the middle: once more
            if interrupt is not None:
                raise interrupt

    def _enter(self) -> None:
        self._inside = True
        _thread.run = self
        step_memory.arguments = self._arguments
        step_memory.writing = self.before_write
        if self.recorder is not None:
            step_memory.reading = self._before_read
            self.recorder.__enter__()
            if self._outside is not None and not self._outside.begin():
                self.profiled = True
                self.abandon()

    def _leave(self) -> None:
        """May be interrupted, and called again."""
        self._stop_recording()
        if not self._over.value:
            set_grad_enabled(self._on_tape)
            self._take_back()
        self._release()

    def _release(self) -> None:
        step_memory.arguments = ()
        step_memory.reading = step_memory.writing = None
        _thread.run = None
        self._inside = False

    def commit(self) -> None:
        """The end of the step: cells count, and what was written stays. One call, so that Ctrl-C can't come between."""
        _core.commit([], [*self._advances, (self._over, 1)])

    def graph(self, results: Sequence[_core.Array]) -> _core.Graph | None:
        """What was recorded, once the step is over; None when it wasn't."""
        try:
            if self.recorder is not None:
                for index, result in enumerate(results):
                    self.recorder.result(result, f"result_{index}")
                return self.recorder.finish()
        except ValueError as error:
            self.refusal = str(error)
        return None

    def refuse(self, reason: str, line: str = "") -> None:
        """Stop recording, for a reason that a warning will tell with the line of the user's code, now running if not
        given."""
        if self.recorder is None:
            return
        line = line or user_line() or self._line()
        self.refusal = f"{line}: {reason}" if line else reason
        self._stop_recording()
        self.recorder = None

    def abandon(self) -> None:
        """Keep nothing of what was recorded, without a warning: the next run may go better."""
        self._stop_recording()
        self.recorder = self.refusal = None

    def leave_out(self, reason: str) -> None:
        """Keep nothing of what was recorded, for a reason that a warning will tell if it is there in each run: the
        first one may read what later ones remember."""
        line = user_line() or self._line()
        self.abandon()
        self.unrepeated = f"{line}: {reason}" if line else reason

    def before_write(self, array: _core.Array) -> None:
        """Keep the values of a state, or a tensor made in the run, that is about to be written for the first time."""
        state = self._known.get(array.identity) or self._known_storages.get(array.storage)
        if state is None:
            self._made.keep(array)
            return
        if state.identity in self._copies:
            return
        self._copies[state.identity] = state, _unrecorded_copy(state)
        self.writes = True
        if any(overlap(state, argument) for argument in self._arguments):
            self.refuse("an argument shares memory with state that the step writes")

    def advance(self, cell: _core.Scalar) -> None:
        """Count one more in a cell, unless the end of the step does."""
        if id(cell) in self._declared:
            return
        if id(cell) not in self._assigned:
            _, count = self._counts.get(id(cell), (cell, 0))
            self._counts[id(cell)] = cell, count + 1
        self.writes = True
        cell.value += 1
        if id(cell) not in self._registered:
            self.refuse("a count that the step does not know of is advanced")
        if self.recorder is not None:
            self.recorder.advance(cell, 1)

    def assign(self, cell: _core.Scalar, what: str) -> None:
        """Keep the number of a cell that Python is about to set."""
        self._assigned.setdefault(id(cell), (cell, cell.value))
        self.refuse(f"it sets {what}, which a replay would not repeat; set it between steps")

    def look(self, cell: _core.Scalar, what: str, steady: bool) -> None:
        """See the function of that name."""
        if not self.watches or self.recorder is None:
            return
        if steady and self._looked is not None and id(cell) in self._registered:
            self._looked(cell, what)
        else:
            self.refuse(f"Python reads {what}, which a replay would not repeat")

    def optimize(self, optimizer: object, varies: bool) -> None:
        """Note that an optimizer takes a step. One that varies has only its first step in the key."""
        self.optimized = True
        self._optimizers.append(optimizer)
        if varies and id(optimizer) in self._varying:
            self.refuse("an optimizer with a schedule, averages or accumulated gradients takes several steps in one")
        self._varying.add(id(optimizer))

    def optimizes_others(self, variables: Sequence[Tensor]) -> bool:
        """Whether an optimizer that took a step has variables that are not among these."""
        known = set(map(id, variables))
        owned = (variable for optimizer in self._optimizers for variable, _ in optimizer._slots.values())
        return any(id(variable) not in known for variable in owned)

    def register(self, cell: _core.Scalar, name: str) -> None:
        """Let ops read a cell that was not known before."""
        if id(cell) not in self._registered:
            self._registered.add(id(cell))
            if self.recorder is not None:
                self.recorder.scalar(cell, name, 0)

    def _before_read(self, tensor: Tensor) -> None:
        if not tensor._array.is_constant:
            self.refuse(
                "Python reads the values of a Tensor (float, int, if, a mask as an index, numpy, print), "
                "which a replay would not repeat"
            )

    def _stop_recording(self) -> None:
        if self._outside is not None:
            self._outside.end()
        step_memory.reading = None
        if self.recorder is not None:
            self.recorder.__exit__()

    def _take_back(self) -> None:
        """Put states and cells back to what they were."""
        for cell, value in self._assigned.values():
            cell.value = value
        writes: list[Update] = [(_ASSIGN, copy, {}) for copy in (*self._copies.values(), *self._made.copies())]
        _core.commit(writes, [*((cell, -count) for cell, count in self._counts.values()), (self._over, 1)])


class Unfinished:
    """Counts runs in a row of which nothing could be kept, and tells after some why that is."""

    def __init__(self) -> None:
        self._count = 0

    def reason(self, run: Run) -> str | None:
        """Of one more run, why no other shall be recorded; None when the next one may go better."""
        if run.profiled:  # those after the profiler are recorded
            return None
        self._count += 1
        if self._count <= MAX_UNFINISHED:
            return None
        if run.unrepeated is not None:
            return run.unrepeated
        return "it makes weights or state of its own in every call"

    def finished(self) -> None:
        self._count = 0


def overlap(a: _core.Array, b: _core.Array) -> bool:
    """Whether two arrays share memory."""
    return a.device == b.device and a.address < b.address + b.nbytes and b.address < a.address + a.nbytes


def _unrecorded_copy(array: _core.Array) -> _core.Array:
    return _core.Array.from_numpy(array.numpy(), copy=True, device=array.device)
