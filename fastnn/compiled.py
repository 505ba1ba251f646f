"""`compile`: a function from arrays to values that runs as a program, for training loops of one's own.

The function runs eagerly twice, recorded, and is replayed from then on. What it reads besides its arguments is found by
follow.py; what can't be recorded makes it run eagerly, with one warning that names the line.
"""

from __future__ import annotations

import inspect
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial, update_wrapper
from typing import Any, NamedTuple, overload

from . import _core
from .arguments import Arguments, Number, misses_float, results_of, with_form
from .follow import Followed
from .guard import restarts_in_child
from .program import Recordings, own, plan_text, switches
from .reach import Reach
from .recording import Run, Unfinished, in_step, overlap
from .tensor import Tensor, is_grad_enabled
from .user_code import called, calls_of_library, user_line

__all__ = ["Compiled", "compile"]

MAX_WORLDS = 8  # states of what the function reads that are remembered; the one used longest ago goes first
MAX_KEYS = 16  # forms of arguments remembered in each
MAX_IN_VAIN = 16  # recordings never replayed, after which a warning tells


class _Entry(Recordings):
    """Recordings and the form of what they return."""

    def __init__(self, name: str, line: str) -> None:
        super().__init__(name, every_size=True, line=line)
        self.form: Any = None
        self.writes = False
        self.optimizes = False
        self.cells: frozenset[int] = frozenset()  # those whose numbers are part of the key
        self.waits = False  # whether to record it only when it comes again


class _World:
    """What the function can reach, and the recordings made of it."""

    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        self.entries: OrderedDict[Any, _Entry] = OrderedDict()

    def shares_memory(self, arrays: Sequence[_core.Array]) -> bool:
        """Whether one of the arrays is in the memory of state."""
        states = [tensor._array for tensor in self.reach.tensors.values()]
        return any(overlap(array, state) for array in arrays for state in states)


class _Replayed(NamedTuple):
    """The last call that replayed a program, of those with nothing but arrays."""

    world: _World
    entry: _Entry
    program: _core.Program
    switches: tuple[Any, ...]
    looked_at: tuple[tuple[int, str], ...]


class _Looks:
    """At which floats Python looks in a run: arguments, by their place, and cells that its key doesn't hold."""

    def __init__(self, held: frozenset[int]) -> None:
        self.held = held
        self.places: set[int] = set()
        self.cells: dict[int, _core.Scalar] = {}

    def __bool__(self) -> bool:
        return bool(self.places or self.cells)


class Compiled(Followed):
    """A compiled function; see `compile`."""

    def __init__(self, function: Callable[..., Any], given: dict[str, Any], verify_every: int) -> None:
        self.__name__ = getattr(function, "__name__", type(function).__name__)
        update_wrapper(self, function)
        self._function = function
        self._given = given
        self._verify_every = verify_every
        self._lock = threading.Lock()
        self._running = threading.RLock()  # held by a run that writes
        self._worlds: OrderedDict[Any, _World] = OrderedDict()
        self._latest: dict[Any, _World] = {}  # by the objects among the arguments
        self._replayed: _Replayed | None = None
        self._fixed: set[int] = set()  # floats among the arguments that Python looks at
        self._cells: dict[int, _core.Scalar] = {}  # learning rates that it looks at
        self._looks = ""  # at what it does, and where
        self._torn = False  # whether what it writes may be between two steps
        self._warned: set[str] = set()
        self._in_vain = 0
        self._unfinished = Unfinished()
        self._changes: str | None = None  # why it can never be recorded: it changes what it reads
        self._leaves: str | None = None  # why it isn't recorded with gradients there: it has left some before
        self.eager = False  # whether to run the function itself, always
        code = getattr(inspect.unwrap(getattr(function, "__func__", function)), "__code__", None)
        self._line = "" if code is None else f"{code.co_filename}:{code.co_firstlineno}"
        restarts_in_child(self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if in_step():
            return self._function(*args, **kwargs)
        replayed = self._replayed
        if replayed is not None and not (kwargs or self.eager):
            results = self._again(replayed, args)
            if results is not None:
                return results[0]
        if self._torn:
            raise RuntimeError(
                f"{self.__name__}: when this process was forked another thread was in the middle of a step, so what it "
                "writes may be half written; load it anew, and compile the function again"
            )
        call = Arguments(args, kwargs, self._fixed)
        if call.on_tape and is_grad_enabled():  # gradients are to go through
            return self._function(*args, **kwargs)
        arrays = call.arrays
        device = arrays[0].device if arrays else "cpu"
        batch = next((array.shape[0] for array in arrays if array.shape), 1)
        batched = [bool(array.shape) and array.shape[0] == batch for array in arrays]
        shapes = [
            (array.shape[1:] if one else array.shape, one, array.dtype.str)
            for array, one in zip(arrays, batched, strict=True)
        ]
        key = (call.form, tuple(shapes), device, switches(), min(batch, 2))
        with self._lock:
            world = self._world(call)
            looked_at = self._looked_at(world)
            entry = self._entry(world, (*key, (call.looked_at, looked_at)))
            program = None if self.eager else entry.program(batch, device)
            if program is not None:
                entry.replays += 1
                if self._verify_every and entry.replays % self._verify_every == 0:
                    program = None
        if program is None:
            return self._run(call, world, entry, batch, batched, device)
        done = None
        try:
            done = (self._replay(world, entry, partial(program.run, arrays, None)),)
        except ValueError:
            if not world.shares_memory(arrays):
                raise
        if done is None:  # the program has not begun: it may not write what an argument shows
            return self._run(call, world, entry, batch, batched, device)
        if call.only_arrays and not self._verify_every:
            self._replayed = _Replayed(world, entry, program, switches(), looked_at)
        return done[0]

    def _again(self, replayed: _Replayed, args: tuple[Any, ...]) -> tuple[Any] | None:
        """What the program that ran last makes of these arguments; None when it isn't theirs, or something has changed.

        Looking a program up takes several times as long.
        """
        world, entry, program, held, looked_at = replayed
        given = [arg._array if type(arg) is Tensor and not arg.requires_grad else arg for arg in args]
        if held != switches() or entry.eager_because is not None or not program.takes(given) or world.reach.changed():
            return None
        if self._cells and looked_at != self._looked_at(world):
            return None
        try:
            results = self._replay(world, entry, partial(program.replay, given))
        except ValueError:  # which comes again, or has to do with these arguments
            return None
        entry.replays += 1
        return (results,)

    def _replay(self, world: _World, entry: _Entry, run: Callable[[], list[_core.Array]]) -> Any:
        if entry.writes:
            with self._running:
                results = run()
                if entry.optimizes:
                    for variable in world.reach.variables:
                        variable.grad = None
        else:
            results = run()
        return with_form(entry.form, map(Tensor._wrap, results))

    def _start_over_in_child(self) -> None:
        """After a fork only the thread that forked is there. What another one was writing stays as it is."""
        self._lock = threading.Lock()
        if self._running.acquire(blocking=False):
            self._running.release()
        else:
            self._running, self._torn, self._replayed = threading.RLock(), True, None

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else partial(self, instance)

    @property
    def recorded(self) -> bool:
        """Whether programs run, for all that the function was called with so far: nothing had to run eagerly."""
        with self._lock:
            entries = [entry for world in self._worlds.values() for entry in world.entries.values()]
            return any(entry.programs for entry in entries) and not any(entry.eager_because for entry in entries)

    def eager_reasons(self) -> list[str]:
        """Why the function, or some use of it, runs eagerly: a sentence for each."""
        return sorted(self._warned)

    def drop(self) -> None:
        """Forget all recordings and programs."""
        with self._lock:
            self._worlds.clear()
            self._latest.clear()
            self._replayed = None

    def info(self) -> list[dict[str, int]]:
        """One dict for each program: batch, nodes, arena_bytes, value_bytes, and the replays of its key."""
        with self._lock:
            return [
                {**program.info, "replays": entry.replays}
                for world in self._worlds.values()
                for entry in world.entries.values()
                for program in entry.programs.values()
            ]

    def text(self) -> str:
        """The recorded graphs in their versioned text form, one for each key."""
        with self._lock:
            entries = [entry for world in self._worlds.values() for entry in world.entries.values() if entry.graphs]
            return "\n".join(next(iter(entry.graphs.values())).text() for entry in entries)

    def plans(self, batch: int, passes: bool = False) -> str:
        """What plans made of the recorded graphs at a batch size; see `Model.program`."""
        with self._lock:
            entries = [entry for world in self._worlds.values() for entry in world.entries.values()]
            programs = [entry.programs[batch] for entry in entries if batch in entry.programs]
        return "\n".join(plan_text(program, passes) for program in programs)

    # ---- what is known -----------------------------------------------------------------------------------------------

    def _world(self, call: Arguments) -> _World:
        """What the function reads now. With the lock held."""
        if self._changes is not None:
            return _World(self._reach(call))
        objects = tuple(map(id, call.objects.values()))
        latest = self._latest.get(objects)
        if latest is not None and not latest.reach.changed():
            return latest
        reach = self._reach(call)
        signature = (objects, reach.signature, reach.phase, reach.gradients)
        world = self._worlds.get(signature)
        if world is None:
            world = self._worlds[signature] = _World(reach)
            if len(self._worlds) > MAX_WORLDS:
                _, gone = self._worlds.popitem(last=False)
                self._latest = {key: other for key, other in self._latest.items() if other is not gone}
                self._count_in_vain(list(gone.entries.values()), gone.reach.difference(reach) or "something")
        world.reach = reach
        self._worlds.move_to_end(signature)
        self._latest[objects] = world
        return world

    def _reach(self, call: Arguments) -> Reach:
        return Reach({**self._followed(), **call.objects})

    def _followed(self) -> dict[str, Any]:
        return {"function": self._function, **self._given}

    def _entry(self, world: _World, key: Any) -> _Entry:
        entry = world.entries.get(key)
        if entry is None:
            entry = world.entries[key] = _Entry(self.__name__, self._line)
            entry.cells = frozenset(cell for cell, _ in key[-1][1])
            entry.waits = self._in_vain >= MAX_IN_VAIN
            if self._changes is not None:
                entry.give_up(self._changes)
            elif self._leaves is not None and any(world.reach.gradients):  # what it finds is what it has left
                entry.give_up(self._leaves)
            if len(world.entries) > MAX_KEYS:
                gone, dropped = world.entries.popitem(last=False)
                by_floats = any(other[:-1] == gone[:-1] for other in world.entries)
                self._count_in_vain([dropped], None if by_floats else "what it is called with")
        world.entries.move_to_end(key)
        return entry

    def _looked_at(self, world: _World) -> tuple[tuple[int, str], ...]:
        """The learning rates that Python looks at."""
        if not self._cells:
            return ()
        cells = world.reach.scalars.values()
        return tuple((id(cell), repr(cell.value)) for cell in cells if id(cell) in self._cells)

    def _count_in_vain(self, gone: Sequence[_Entry], other: str | None) -> None:
        """Count recordings that go without having been replayed, and tell what is another one with every call: floats
        that Python looks at, if nothing else."""
        before = self._in_vain
        self._in_vain += sum(entry.replays == 0 and entry.eager_because is None for entry in gone)
        if not before < MAX_IN_VAIN <= self._in_vain:
            return
        if other is None:
            reason = (
                f"Python looks at {self._looks}, so every value needs a program of its own, and calls come with "
                "others; pass numpy.float32(value), an input that ops compute with"
            )
        else:
            reason = f"{other} is another one with every call; pass numbers that change as floats or arrays"
        self._warn(f"{self.__name__} is recorded again and again: {reason}")

    def _warn(self, reason: str) -> None:
        if reason not in self._warned:
            self._warned.add(reason)
            warnings.warn(reason, RuntimeWarning, stacklevel=calls_of_library())

    # ---- running the function itself ---------------------------------------------------------------------------------

    def _run(
        self, call: Arguments, world: _World, entry: _Entry, batch: int, batched: Sequence[bool], device: str
    ) -> Any:
        with self._running:
            record = entry.eager_because is None and not (entry.waits or self.eager)
            looks = _Looks(entry.cells)
            done = None
            try:
                done = self._attempt(call, world, batched if record else None, looks)
            except (TypeError, AttributeError) as error:
                if not (record and misses_float(error)):
                    raise
            if done is None:  # everything is as before, so once more
                looks.places.update(place for place, _ in call.numbers)
                done = self._attempt(call, world, None, looks)
            results, form, run = done
            graph = None if looks else run.graph(results)
        with self._lock:
            self._fixed |= looks.places
            self._cells |= looks.cells
            was, waited = entry.eager_because, entry.waits
            entry.waits = False
            if was is None and not (looks or waited or self.eager):
                self._keep(entry, run, graph, form, batch, device)
            reason = entry.eager_because
        if reason is not None and was is None:
            self._warn(reason)
        return with_form(form, map(Tensor._wrap, results))

    def _keep(self, entry: _Entry, run: Run, graph: _core.Graph | None, form: Any, batch: int, device: str) -> None:
        if graph is not None and run.refusal is None:
            if entry.graphs and entry.form != form:
                entry.give_up(f"it returned values in the form {entry.form}, then in the form {form}")
                return
            entry.form = form
            self._unfinished.finished()
            entry.writes, entry.optimizes = entry.writes or run.writes, entry.optimizes or run.optimized
            entry.keep(graph, batch, device)
        elif run.refusal is not None:
            entry.give_up(run.refusal)
        else:
            reason = self._unfinished.reason(run)
            if reason is not None:
                entry.give_up(reason)

    def _attempt(
        self, call: Arguments, world: _World, batched: Sequence[bool] | None, looks: _Looks
    ) -> tuple[list[_core.Array], Any, Run]:
        """Run the function once, recorded when it is told what is batched. Floats that Python looks at are noted."""
        reach = world.reach
        scalars = {name: (cell, 0) for name, cell in reach.scalars.items()}
        tensors = [Tensor._wrap(array) for array in call.arrays[: call.count]]
        numbers: list[Any] = [value for _, value in call.numbers]
        if batched is not None:

            def noticed(place: int) -> None:
                looks.places.add(place)
                self._note("the value of a float that it is called with")
                run.abandon()

            given = zip(call.arrays[call.count :], call.numbers, strict=True)
            numbers = [Number(array, value, partial(noticed, place)) for array, (place, value) in given]

        def noticed_cell(cell: _core.Scalar, what: str) -> None:
            if id(cell) not in looks.held:
                looks.cells[id(cell)] = cell
                self._note(what)
                run.abandon()

        draws = reach.draws() if batched is not None else {}
        args, kwargs = call.rebuilt(tensors, numbers)
        gradients = [(variable, variable.grad) for variable in reach.variables]
        run = Run(
            call.arrays,
            reach.tensors,
            scalars,
            batched=batched,
            record=batched is not None,
            looked=noticed_cell,
            line=lambda: self._line,
        )

        def compute() -> tuple[list[_core.Array], Any]:
            if reach.unwatched is not None:
                run.refuse(f"it reads {reach.unwatched}", self._line)
            value = called(self._function, *args, **kwargs)
            arrays, form = results_of(self.__name__, value)
            shared = [*call.arrays, *(tensor._array for tensor in reach.tensors.values())]
            results = [own(array, shared) for array in arrays]
            recorded = run.recorder is not None or run.refusal is not None
            later = self._reach(call) if recorded or run.optimizes_others(reach.variables) else reach
            self._settle_gradients(run, gradients, later)
            for drawn in [name for name, state in draws.items() if reach.draws()[name] != state][:1]:
                run.refuse(f"it draws numbers from {drawn}, which a replay would not repeat", self._line)
            if recorded and later.signature != reach.signature:
                reach.stale = True
                change = reach.difference(later)
                if change is None:
                    run.abandon()
                else:
                    reason = reach.told(change)
                    run.refuse(reason, self._line)
                    if len(later.tensors) > len(reach.tensors):  # the weights that it made have stopped it before
                        run.refusal = f"{self._line}: {reason}"
                    self._changes = run.refusal
            run.commit()
            return results, form

        try:
            results, form = run.within(compute)
        except BaseException:
            for variable in self._reach(call).variables:  # also of weights that it has made
                variable.grad = None
            for variable, gradient in gradients:
                variable.grad = gradient
            raise
        return results, form, run

    def _note(self, what: str) -> None:
        """What Python looks at, for `_count_in_vain`."""
        line = user_line()
        if line or not self._looks:
            self._looks = f"{what} ({line})"

    def _settle_gradients(self, run: Run, before: Sequence[tuple[Tensor, Tensor | None]], after: Reach) -> None:
        """Gradients that the function leaves behind are let go where an optimizer has taken a step, also those of
        weights that it has made."""
        left = [(variable, gradient) for variable, gradient in before if variable.grad is not gradient]
        if run.optimized:
            for variable in (*(variable for variable, _ in before), *after.variables):
                variable.grad = None
        elif left:
            (variable, _), *_ = left
            name = variable.path or "a tensor"
            if variable.grad is not None:
                run.refuse(f"it leaves a gradient in {name}, which no optimizer in it takes", self._line)
                self._leaves = run.refusal
            else:
                run.refuse(f"it lets go of the gradient in {name}, which a replay would not repeat", self._line)


@overload
def compile(
    function: Callable[..., Any], *, state: Any = None, models: Any = None, verify_every: int = 0
) -> Compiled: ...
@overload
def compile(
    function: None = None, *, state: Any = None, models: Any = None, verify_every: int = 0
) -> Callable[[Callable[..., Any]], Compiled]: ...
def compile(
    function: Callable[..., Any] | None = None, *, state: Any = None, models: Any = None, verify_every: int = 0
) -> Any:
    """Let a function from arrays to values run as a program: a training step of one's own, say.

    The first two calls of a kind run eagerly and are recorded, later ones replay in C++, to the same bits. A kind is
    told by shapes without the batch (the leading axis of the first array, and of those that have it as long), dtypes,
    whether the tape is on, and every argument that is neither array nor float. Use it as a decorator too, also of
    methods.

    Parameters
    ----------
    function : callable
        Takes tensors for what it is called with: tensors, arrays, and tuples, lists and dictionaries of them. Floats
        are inputs as well where ops take them, until Python looks at one; then their values tell kinds apart, as those
        of integers, strings and objects do. Returns tensors and numbers, also in tuples, lists and dictionaries.
    state : Tensor or object, or list or dict of them, optional
        What the function reads and writes that can't be found by its closure, its globals, `self` and their attributes:
        tensors, optimizers, metrics.
    models : Layer, or list or dict of them, optional
        The same for layers and models.
    verify_every : int, default 0
        Run the function itself again, and compare, after so many replays; 0 never does.

    Returns
    -------
    Compiled
        Called as the function is. All values come back as Tensors that are not on the tape. `recorded` tells whether
        programs run, `eager_reasons()` why not.

    Raises
    ------
    TypeError, ValueError
        function can't be called, or verify_every is no count.

    Notes
    -----
    * Layers, optimizers, metrics and tensors that the function uses are its state. It reads what it has written: a
      GAN's second update sees the weights that the first one made. An error or Ctrl-C leaves the state as it was before
      the call.
    * Draws count as they do without `compile`: dropout, `fastnn.randn` and the like.
    * What can't be repeated makes the function run eagerly, with one warning that names the line: Python that looks at
      the values of a tensor (``if loss > 1``, ``float(loss)``, ``x[mask]``), arrays from elsewhere (`fastnn.constant`
      admits one), changes of Python's own objects, iterators, numbers drawn by ``random`` or NumPy, the time, files,
      ``eval`` and the like, gradients left behind for somebody else.
    * Values that the function reads through its closure, globals, defaults, attributes, the environment or arrays of at
      most a megabyte may change between calls. Settings that Python's and NumPy's own modules keep to themselves
      (``decimal``'s precision, ``numpy.seterr``) are not seen to.
    * So may an optimizer's learning rate; one that Python looks at tells kinds apart. Its iterations are other ones in
      every step, so a function that looks at them, or sets either of the two, runs eagerly.
    * Each batch size runs eagerly once before it is replayed, for the function may branch on it.
    * Gradients are gone after a function in which an optimizer takes a step.
    * A Python number that counts calls is such a change; a tensor that counts, ``count = fastnn.zeros(())`` and in the
      function ``count.add_(1)``, is state.
    * Prints and other effects that leave no trace in the function's objects happen only in the first calls.
    * Within another compiled function, or a step of `fit`, it is a part of that one. When an argument requires a
      gradient, and the tape is on, it runs as if it were not compiled.

    Examples
    --------
    >>> import numpy as np
    >>> import fastnn
    >>> from fastnn import functional as F
    >>> model = fastnn.Sequential([fastnn.Input((3,)), fastnn.layers.Dense(1, kernel_initializer="ones")])
    >>> optimizer = fastnn.optimizers.SGD(0.1)
    >>> @fastnn.compile
    ... def step(x, y):
    ...     loss = F.mean((model(x, training=True) - y) ** 2)
    ...     optimizer.minimize(loss, model.trainable_weights)
    ...     return loss
    >>> x, y = np.eye(3, dtype="float32"), np.zeros((3, 1), "float32")
    >>> [round(step(x, y).item(), 4) for _ in range(4)]
    [1.0, 0.5378, 0.2892, 0.1555]
    >>> step.recorded
    True
    """
    if function is None:
        return partial(compile, state=state, models=models, verify_every=verify_every)
    if not callable(function):
        raise TypeError(f"compile: expected a function, got {type(function).__name__}")
    if isinstance(verify_every, bool) or not isinstance(verify_every, int):
        raise TypeError(f"compile: expected verify_every to be an integer, got {verify_every!r}")
    if verify_every < 0:
        raise ValueError(f"compile: expected verify_every of at least 0, got {verify_every}")
    given = {name: value for name, value in (("state", state), ("models", models)) if value is not None}
    return Compiled(function, given, verify_every)
