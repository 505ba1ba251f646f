"""A causal model step by step: sequences come one step at a time, and what layers know of earlier ones is kept.

A step is a program (see `program.Step`) whose state, besides the weights, is what the layers keep: recurrent layers
their states, convolutions their last inputs. It is written by ops at the step's end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from . import functional as F
from .abstract import is_shape
from .guard import restarts_in_child
from .layers.base import Shape, arguments
from .layers.base.modes import in_training, trying
from .precision import compiled_precision
from .program import Step, switches, update
from .tensor import Tensor, no_grad

if TYPE_CHECKING:
    from .models.model import Model

__all__ = ["Stepper"]


class Stepper:
    """A batch of sequences on their way through a model; `Model.stream` makes one.

    Steppers of one model have states of their own. They see weights that `fit` or `set_weights` change meanwhile.

    Parameters
    ----------
    model : Model
        Built; every layer can be streamed.
    batch_size : int, default 1
        How many sequences go on side by side.

    Notes
    -----
    With `fastnn.set_batch_invariant(True)` the results are to the bit those of the whole sequence. The first two steps
    are recorded; those after them replay in C++ without allocating memory. A layer with ``stateful=True`` begins from
    zeros here, and its own states stay as they are.
    """

    def __init__(self, model: Model, batch_size: int = 1) -> None:
        self._model = model
        self._batch = arguments.positive("stream", "batch_size", batch_size)
        self._lock, self._busy = threading.Lock(), False
        restarts_in_child(self)
        self._change = model._change
        self._sample = _step_shape(model)
        first = self._first_states()
        self._initial = dict(_leaves(first))
        self._tree = _mapped(lambda value: Tensor(value.copy()), first)
        self._states: dict[str, Tensor] = dict(_leaves(self._tree))
        # what a step reads and writes stays in place, so that nothing is made for one
        self._x = np.zeros((self._batch, *self._sample), np.int64 if model._takes_ids() else np.float32)
        with trying():
            trial = self._results(Tensor(self._x))[0]
        for path, value in self._initial.items():  # a layer may have put the trial's step into its states
            self._states[path].assign(value)
        self._y = np.zeros(trial.shape, trial.dtype)
        self._arrays = [_core.Array.from_numpy(self._x, copy=False)], [_core.Array.from_numpy(self._y, copy=False)]
        self._step = Step(self._advance, states=self._step_states, name="stream")
        self._program: _core.Program | None = None
        self._mode: object = None  # what the program was recorded under

    def _start_over_in_child(self) -> None:
        self._lock = threading.Lock()

    @property
    def batch_size(self) -> int:
        """How many sequences go on side by side."""
        return self._batch

    @property
    def _precision(self) -> int:
        return self._model._precision

    @compiled_precision
    def step(self, x: Any, out: np.ndarray[Any, Any] | None = None) -> np.ndarray[Any, Any]:
        """Take the next step of every sequence.

        Parameters
        ----------
        x : array, (batch, ...)
            The steps' features without the axis of time; (batch,) for ids.
        out : array, optional
            The result is written into it.

        Returns
        -------
        array, (batch, ...)
            What the model gives for this step; for a model that gives one result for a whole sequence, that of the
            sequence so far.

        Raises
        ------
        ValueError, TypeError, IndexError
            x or out doesn't fit, or an id is out of range; the sequences stand where they stood.
        RuntimeError
            Another thread trains the model or is in this stepper, or the model's structure is another one now.
        """
        if out is not None:
            self._check_out(out)
        with _Alone(self), self._model._guard.shared("stream"):
            self._follow()
            self._take(x)
            mode = switches()
            if self._program is not None and self._mode == mode:
                self._program.run(*self._arrays)
            else:
                self._step(self._x, out=[self._y])
                self._program, self._mode = self._step.planned(self._x), mode
            if out is None:
                return self._y.copy()
            np.copyto(out, self._y)
            return out

    __call__ = step

    def reset(self) -> None:
        """Begin all sequences anew."""
        with _Alone(self):
            for path, value in self._initial.items():
                self._states[path].assign(value)

    def program(self) -> str:
        """The program that a step runs, as text; see `Model.program`. Empty before the second step."""
        plans = self._step.plans(self._batch)
        return f"{self._step.text()}\n{plans}" if plans else ""

    def _check_out(self, out: Any) -> None:
        if not isinstance(out, np.ndarray) or not out.flags.writeable:
            raise TypeError(f"stream: expected out to be a writable array, got {type(out).__name__}")
        if (out.shape, out.dtype) != (self._y.shape, self._y.dtype):
            raise ValueError(f"stream: expected out {self._y.shape} of {self._y.dtype}, got {out.shape} of {out.dtype}")

    def _take(self, x: Any) -> None:
        """Put x where the step reads it."""
        array = x if isinstance(x, np.ndarray) else np.asarray(x)
        if array.shape != self._x.shape:
            raise ValueError(f"stream: expected x of shape {self._x.shape}, got {array.shape}")
        if array.dtype.kind not in ("iu" if self._x.dtype.kind == "i" else "fiub"):
            wanted = "ids, which are integers" if self._x.dtype.kind == "i" else "numbers"
            raise TypeError(f"stream: expected x of {wanted}, got {array.dtype}")
        np.copyto(self._x, array, casting="same_kind")

    def _follow(self) -> None:
        """Record anew when something that programs have recorded is different now."""
        model = self._model
        model._notice(model._structure)
        if self._change is model._change:
            return
        change = model._change
        initial = dict(_leaves(self._first_states()))
        before, now = ({k: (v.shape, v.dtype) for k, v in group.items()} for group in (self._initial, initial))
        if before != now or _step_shape(model) != self._sample:
            raise RuntimeError(f"stream: {model.name} keeps other states than before it was changed; call stream again")
        self._step.drop()
        self._initial, self._program, self._change = initial, None, change

    def _first_states(self) -> Mapping[str, Any]:
        """What the model's layers keep before the first step, as arrays; floats are float32."""
        shape = _sequence_shape(self._model)
        return _mapped(_as_state, self._model.stream_states((self._batch, *shape[1:])))

    def _step_states(self) -> dict[str, Tensor]:
        states = {f"stream.{path}": state for path, state in self._states.items()}
        return {**self._model._named_states(), **states}

    def _advance(self, x: Tensor) -> tuple[Tensor, ...]:
        """One step of the model; the states are written when all is computed."""
        result, after = self._results(x)
        states = list(self._states.values())

        def apart(value: Tensor) -> Tensor:
            return F.copy(value) if any(value._shares_memory(state) for state in states) else value

        with no_grad():
            result = apart(result)
            moved = [(state, after[path]) for path, state in self._states.items() if after[path] is not state]
            written = [(state, apart(value)) for state, value in moved]
            for state, value in written:
                update("assign_update", state, value)
        return (result,)

    def _results(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """What the model gives for a step, and the states behind it by path."""
        model = self._model
        with no_grad(), in_training(False):
            result, states = model._advance(F.expand_dims(x, 1), self._tree)
            name, ended = model.name, model._ends_sequence()
            wanted = (self._batch,) if ended else (self._batch, 1)
            if _shape(result)[: len(wanted)] != wanted:
                raise ValueError(
                    f"stream: expected {name} to give a Tensor {(*wanted, '...')} for a step, got {_shape(result)}"
                )
            after = dict(_leaves(states))
            for path, state in self._states.items():
                value: Any = after.get(path)
                if _shape(value) != state.shape or value.dtype != state.dtype:
                    raise ValueError(
                        f"stream: expected {name} to give state {path} of {state.dtype} {state.shape} behind a step, "
                        f"got {getattr(value, 'dtype', None)} {_shape(value)}"
                    )
            return result if ended else F.reshape(result, (-1, *result.shape[2:])), after


class _Alone:
    """One call of a stepper, which refuses a second one; cheaper than a generator's context manager.

    Ctrl-C as Python enters `__exit__` skips it: then the end of the object lets go.
    """

    __slots__ = ("_inside", "_stepper")

    def __init__(self, stepper: Stepper) -> None:
        self._stepper = stepper
        self._inside = False

    def __enter__(self) -> None:
        stepper = self._stepper
        with stepper._lock:
            if stepper._busy:
                raise RuntimeError("stream: another thread is in this stepper; make one for each by stream()")
            stepper._busy = self._inside = True

    def __exit__(self, *exception: object) -> None:
        if self._inside:
            self._inside = self._stepper._busy = False

    __del__ = __exit__


def _sequence_shape(model: Model) -> Shape:
    """The shape of the model's input, (None, steps or None, ...)."""
    shape = model.input_shape
    if shape is None or not model.built:
        raise RuntimeError(f"{model.name}: expected a built model in stream; call it on data, or give it an Input")
    if not is_shape(shape) or len(shape) < (2 if model._takes_ids() else 3):
        raise ValueError(f"{model.name}: expected a model of sequences (batch, steps, ...) in stream, got {shape}")
    return shape


def _step_shape(model: Model) -> tuple[int, ...]:
    """The shape of one step of one sequence."""
    shape = _sequence_shape(model)
    sizes = tuple(size for size in shape[2:] if size is not None)
    if len(sizes) < len(shape) - 2:
        raise ValueError(f"{model.name}: expected steps of a known shape in stream, got {shape}")
    return sizes


def _shape(value: Any) -> tuple[int, ...]:
    """A Tensor's shape; none for anything else."""
    return value.shape if isinstance(value, Tensor) else ()


def _leaves(states: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """The states in a dictionary of dictionaries, by path."""
    for key, value in states.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def _mapped(function: Callable[[Any], Any], states: Mapping[str, Any]) -> dict[str, Any]:
    """A dictionary of dictionaries with function(state) for every state."""
    return {
        key: _mapped(function, value) if isinstance(value, Mapping) else function(value)
        for key, value in states.items()
    }


def _as_state(value: Any) -> np.ndarray[Any, Any]:
    array = np.asarray(value)
    return np.array(array, dtype=np.float32 if array.dtype.kind == "f" else array.dtype, order="C")
