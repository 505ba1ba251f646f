"""Steps and calls of a model as programs: recorded on their first calls, replayed from then on.

They go when something changes that they have recorded: attributes of layers, optimizer, losses, metrics and penalties.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from ..abstract import is_abstract
from ..batches import Batches
from ..guard import restarts_in_child
from ..layers.base.layer import BY_NAME, Layer
from ..layers.base.modes import is_inside, is_trying
from ..layers.base.penalties import Weight
from ..layers.base.structure import Node, Watch
from ..metrics import Metric
from ..optimizers import Optimizer
from ..precision import compiled_precision
from ..program import Step, in_step
from ..recording import current_run
from ..tensor import Tensor, is_grad_enabled, no_grad
from ..user_code import is_foreign
from .functions import StepFunctions

if TYPE_CHECKING:
    from ..reach import Reach

__all__ = ["Programs"]


class Programs(StepFunctions):
    """Runs the step functions through a `Step` each."""

    _unrecorded = StepFunctions._unrecorded | {
        "_call_steps",
        "_attached",
        "_carried",
        "_change",
        "_lock",
        "_outputs",
        "_predict_step",
        "_reads",
        "_recorded",
        "_settings",
        "_stateful",
        "_structure",
        "_test_step",
        "_train_step",
        "_trained",
        "_tried",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._lock = threading.Lock()  # programs are dropped under it
        restarts_in_child(self)
        self._change = object()  # another one after each change of what programs record
        self._recorded: object = None  # the change that the programs there are know of
        self._outputs: dict[Any, list[tuple[tuple[int, ...], np.dtype[Any]]]] = {}
        self._stateful: list[Layer] = []  # layers that hand on states from batch to batch
        self._trained: list[Tensor] = []  # the trainable weights
        self._tried: dict[Any, list[int]] = {}  # forms of batches that fit, with the predictions' last sizes
        self._carried: dict[Any, Any] = {}  # by input, what results of calls carry; None: there are several
        own = self._runs_own_code
        self._attached: dict[str, Metric] = {}
        computed = ("compute_loss", "compute_metrics")
        self._train_step = self._own_step("train_step", computed, on_tape=True) or Step(
            self._seen(self._train),
            states=self._train_states,
            scalars=self._train_scalars,
            name="train",
            every_size=own,
            line=self._own_line,
        )
        self._test_step = self._own_step("test_step", computed) or Step(
            self._seen(self._test),
            states=self._test_states,
            scalars=self._draw_scalars,
            name="test",
            every_size=own,
            line=self._own_line,
        )
        self._predict_step = self._own_step("predict_step") or Step(
            self._seen(self._infer),
            states=self._call_states,
            scalars=self._draw_scalars,
            name="predict",
            every_size=own,
            line=self._own_line,
        )
        self._call_steps = {
            training: Step(
                self._seen(partial(self._apply, training)),
                states=self._call_states,
                scalars=self._draw_scalars,
                name="call",
                warns=False,
                every_size=own,
                line=self._own_line,
            )
            for training in (None, False)
        }
        self._structure = self._settings = Watch(tuple)
        self._reads: Reach | None = None  # what code of the user's reads, if any takes part

    def _start_over_in_child(self) -> None:
        self._lock = threading.Lock()

    def _seen(self, function: Callable[..., tuple[Tensor, ...]]) -> Callable[..., tuple[Tensor, ...]]:
        """A function of a step that isn't recorded when code of the user's does what a program would not: read what
        can't be watched, draw numbers elsewhere, change what it reads."""

        def step(*arguments: Tensor) -> tuple[Tensor, ...]:
            reads, run = self._reads, current_run()
            if reads is None or run is None or run.recorder is None:
                return function(*arguments)
            draws = reads.draws()
            results = function(*arguments)
            reason = reads.objection(self._read_by_own_code() or reads, draws)
            if reason is not None:
                run.refuse(reason, self._line_about(reason))
            return results

        return step

    def _own_parts(self) -> dict[str, Any]:
        """Layers, losses, metrics and an optimizer that are the user's, or hold a function of the user's."""
        parts: dict[str, Any] = {path or self.name: node for path, node in self._walk()}
        for index, head in enumerate(self._heads):
            given = [part for part in (head.loss, *head.metrics, *head.weighted_metrics) if part is not None]
            parts |= {f"compiled{index}.{number}": part for number, part in enumerate(given)}
        parts["optimizer"] = self.optimizer
        parts |= {f"{weight.path}.hook": hook for weight in self.weights for hook in weight._leaf_hooks()}
        return {name: part for name, part in parts.items() if _is_own(part)}

    def _read_by_own_code(self) -> Reach | None:
        parts = self._own_parts()
        if not parts:
            return None
        from ..reach import Reach  # not with the package

        return Reach(parts, phases=False)

    def _line_about(self, reason: str) -> str:
        """Where the user's code begins that can't be repeated: in the part that reads what a reason names; nowhere when
        it may be one of several."""
        from ..reach import Reach

        name = reason.partition(", ")[0].rpartition(" ")[2]
        reading = [part for path, part in self._own_parts().items() if Reach({path: part}).names(name)]
        return self._own_line(reading)

    def _own_line(self, parts: Sequence[Any] = ()) -> str:
        """Where the code of the user's begins in some parts, or in all; nowhere when it may be one of several."""
        codes = {code for code in map(_code_of, parts or self._own_parts().values()) if code is not None}
        return "".join(f"{code.co_filename}:{code.co_firstlineno}" for code in codes if len(codes) == 1)

    def _runs_own_code(self) -> bool:
        """Whether a class or function that is not the library's takes part: it may branch on the size of a batch."""
        return bool(self._own_parts())

    @property
    def recorded(self) -> bool:
        """Whether fit, evaluate, predict and calls run programs, and nothing that they did had to run eagerly."""
        ran = [step for step in self._steps() if step.info() or step.eager_reasons()]
        return bool(ran) and all(step.recorded for step in ran)

    def eager_reasons(self) -> list[str]:
        """Why steps run without programs: a sentence for each that can't be recorded, with the line of your code."""
        return [reason for step in self._steps() for reason in step.eager_reasons()]

    def _own_step(self, name: str, parts: tuple[str, ...] = (), on_tape: bool = False) -> Step | None:
        """The step that a method of a subclass defines, by itself or in parts, if one does."""
        cls = type(self)
        own = [part for part in (name, *parts) if getattr(cls, part) is not getattr(StepFunctions, part)]
        if not own:
            return None
        from .own import OwnStep  # few models have one

        return OwnStep(name, getattr(self, name), {f"model.{part}": getattr(self, part) for part in own}, on_tape)

    def _attached_metrics(self) -> dict[str, Metric]:
        return self._attached if self._recorded is self._change else super()._attached_metrics()

    def _steps(self) -> tuple[Step, ...]:
        return self._train_step, self._test_step, self._predict_step, *self._call_steps.values()

    def _run(
        self, step: Step, *arrays: np.ndarray, out: list[np.ndarray] | None = None, key: tuple[Any, ...] = ()
    ) -> None:
        self._drop_programs()
        for layer in self._stateful:
            layer.make_states(len(arrays[0]))
        step(*arrays, out=out, extra_key=key)

    def _run_batches(self, step: Step, batches: Batches, first: int, **options: Any) -> int:
        """Run the next steps of a pass over data: how many samples they took."""
        self._drop_programs()
        for layer in self._stateful:
            layer.make_states(batches.size(first))
        return batches.run(step, first, **options)

    def _notice(self, *watches: Watch) -> None:
        """Before a pass over data: let the programs go when something that they have recorded is different now."""
        if any(watch.changed() for watch in watches) or self._reads_others():
            self._changed()
        self._drop_programs()

    def _reads_others(self) -> bool:
        """Whether code of the user's may read other values now than those that programs have recorded."""
        return self._reads is not None and self._reads.changed()

    def _drop_programs(self) -> None:
        """Forget all programs that know nothing of the last change."""
        if self._recorded is self._change:
            return
        with self._lock:
            change = self._change
            if self._recorded is change:
                return
            containers = [value for _, node in self._walk() for value in node._containers()]
            self._structure = Watch(lambda: containers)
            weights = self.weights
            layers = self._layers_below()
            self._settings = Watch(lambda: self._training_settings(weights, layers))
            self._outputs, self._tried, self._carried = {}, {}, {}
            self._attached = super()._attached_metrics()
            self._stateful = [layer for layer in layers if layer.stateful]
            self._link()
            self._trained = self.trainable_weights
            if self.optimizer is not None:
                self.optimizer._choose(self._trained)
            self._reads = self._read_by_own_code()
            for step in self._steps():
                step.drop()
            self._recorded = change  # last: other threads wait for all of this

    def _training_settings(self, weights: Sequence[Tensor], layers: Sequence[Layer]) -> list[Any]:
        """What training and evaluation record beside the model: attributes of optimizer, loss, metrics, penalties."""
        metrics = (*self._metrics, *self._weighted_metrics, *self._attached_metrics().values())
        penalties = [part for w in weights if isinstance(w, Weight) for part in (w.regularizer, w.constraint)]
        penalties += [layer.activity_regularizer for layer in layers]
        given = [self.optimizer, *(head.loss for head in self._heads), *metrics]
        objects = (*given, *(part for part in penalties if hasattr(part, "__dict__")))
        parts = [part for part in objects if part is not None]
        attributes = [value for part in parts for name, value in vars(part).items() if name != "_slots"]
        hooks = [hook for weight in weights for hook in weight._leaf_hooks()]
        return [*parts, *penalties, *attributes, *hooks, *(weight.requires_grad for weight in weights)]

    def _changed(self) -> None:
        self._change = object()
        super()._changed()

    def _step_key(self, step: Step) -> tuple[Any, ...]:
        """What else changes what a step records."""
        return self._compiled("fit")._key() if step is self._train_step and not step.own else ()

    # ---- calls -------------------------------------------------------------------------------------------------------

    def _apply(self, training: bool | None, x: Tensor) -> tuple[Tensor, ...]:
        """A call's result, and what it carries: the logits that its activation was taken of, and a mask."""
        with no_grad():
            result = super().__call__(x, training=training)
        form = (training, x.shape[1:], x.dtype.str)
        if not isinstance(result, Tensor):
            self._carried[form] = None
            return ()
        extras = [part for part in (result.logits, result._mask) if part is not None]
        self._carried[form] = (result.activation, result.logits is not None, result._mask is not None)
        return result, *extras

    def __call__(
        self, inputs: Any = BY_NAME, *args: Any, training: bool | None = None, mask: Any = None, **kwargs: Any
    ) -> Any:
        """Apply the model as `Layer` does; under `no_grad` by a program, which does not repeat what Python did."""
        plain = not (training or mask is not None or args or kwargs)
        if is_grad_enabled() or not plain or not self._calls_program(inputs):
            return super().__call__(inputs, *args, training=training, mask=mask, **kwargs)
        self._notice(self._structure)
        x = self._as_inputs(inputs)
        if not isinstance(x, Tensor):  # a list or a dictionary of one
            return super().__call__(inputs, training=training)
        self._check(x)
        form = (training, x.shape[1:], x.dtype.str)
        results = self._called(training, x) if self._carried.get(form, "") is not None else ()
        carried = self._carried[form]
        if carried is None:  # several results
            return super().__call__(x, training=training)
        result, *extras = results
        result.activation, has_logits, has_mask = carried
        result.logits = extras[0] if has_logits else None
        result._mask = extras[-1] if has_mask else None
        return result

    @compiled_precision
    def _called(self, training: bool | None, x: Tensor) -> tuple[Tensor, ...]:
        return self._call_steps[training](x)

    def _calls_program(self, inputs: Any) -> bool:
        """Whether a call outside of steps, for results alone, may run as a program."""
        return (
            self.built
            and isinstance(inputs, Tensor | np.ndarray)
            and inputs.ndim > 0
            and not (isinstance(inputs, Tensor) and (inputs._mask is not None or is_abstract(inputs)))
            and not (in_step() or is_trying() or is_inside() or self._stateful or self.run_eagerly)
        )


def _is_own(part: Any, depth: int = 3) -> bool:
    """Whether an object is of a class of the user's, or holds a function or an object of the user's."""
    if isinstance(part, FunctionType | type):
        return not is_foreign(str(part.__module__))
    if isinstance(part, Tensor | ModuleType):
        return False
    if hasattr(part, "__dict__") and not is_foreign(str(type(part).__module__)):
        return True
    return depth > 0 and any(_is_own(held, depth - 1) for held in _held(part))


def _code_of(part: Any, depth: int = 3) -> CodeType | None:
    """The code of the user's in an object: its own, its class's, or that of a function it holds."""
    if isinstance(part, FunctionType):
        return None if is_foreign(str(part.__module__)) else part.__code__
    if isinstance(part, Tensor | ModuleType | type):
        return None
    for name in ("call", "update_state", "__call__", "apply"):
        found: Any = getattr(type(part), name, None)
        method = inspect.unwrap(found)
        if isinstance(method, FunctionType) and not is_foreign(method.__module__):
            return method.__code__
    codes = (_code_of(held, depth - 1) for held in (_held(part) if depth else ()))
    return next((code for code in codes if code is not None), None)


def _held(part: Any) -> Iterable[Any]:
    """What there may be code of the user's in: what an object hands on to, or keeps."""
    if isinstance(part, Optimizer):  # a schedule is asked before each step
        return getattr(part, "optimizers", ())
    if isinstance(part, MethodType):
        return part.__func__, part.__self__
    if isinstance(part, partial):
        return part.func, *part.args, *part.keywords.values()
    return (value for value in getattr(part, "__dict__", {}).values() if not isinstance(value, Node))
