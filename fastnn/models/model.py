"""`Model`: a layer that can be trained, saved and printed, to subclass or to make of inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np

from ..abstract import Spec, map_structure, sizes_for
from ..batches import batch_size_of, whole_number
from ..compile_config import compile_config, compile_from_config
from ..interactive_logging import print_message
from ..layers.base import Layer, Shape
from ..layers.base.serialization import serialize
from ..saving import load_weights, save_model, save_weights
from ..training.fitting import Trainer
from .training_state import take_training_state, training_state

if TYPE_CHECKING:
    from ..profiling import Profile
    from ..stepper import Stepper

__all__ = ["Model"]


class Model(Trainer):
    """A layer that can be trained, saved and printed. Subclass it: layers in `__init__`, the forward pass in `call`.

    ``Model(inputs, outputs)`` makes a functional model of what layers made of an `Input`. Classes of your own may be
    made so too: with a `train_step` and no `call`, say.

    The first calls of `call` are recorded as a program (see `Step`), which then runs in its place. `call` may read
    attributes, global variables, variables of functions around it and the insides of other objects: when one of these
    changes, it is recorded anew. What can't be repeated, such as counting in Python, makes it run eagerly, with one
    warning; prints and other effects that leave no trace in objects happen only in the first calls.

    Examples
    --------
    >>> import fastnn
    >>> class Net(fastnn.Model):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.hidden = fastnn.layers.Dense(64, activation="relu")
    ...         self.out = fastnn.layers.Dense(10)
    ...     def call(self, x, training=False):
    ...         return self.out(self.hidden(x))
    """

    _unrecorded = Trainer._unrecorded | {"_seen_shape"}

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if cls is Model and (args or "inputs" in kwargs):  # Model(inputs, outputs)
            from .functional import Functional

            return cast("Self", super().__new__(Functional, *args, **kwargs))
        return super().__new__(cls, *args, **kwargs)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if len(args) > 1 or {"inputs", "outputs"} & set(kwargs):  # a class of one's own, made of a graph
            from .functional import Functional, functional_class

            object.__setattr__(self, "__class__", functional_class(type(self)))
            Functional.__init__(cast("Functional", self), *args, **kwargs)
            return
        if args:
            raise TypeError(f"{type(self).__name__}: expected arguments by name, got {args!r}")
        super().__init__(**kwargs)
        self._seen_shape: Shape | None = None  # of the inputs that the weights were made for

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, type[Layer]] | None = None) -> Self:
        """Make a model from what `get_config` returned; custom_objects maps names to layer classes of your own."""
        if {"layers", "input_layers", "output_layers"} <= set(config):
            from .functional import from_graph

            return from_graph(cls, config, custom_objects)
        return super().from_config(config)

    @property
    def layers(self) -> list[Layer]:
        """The layers right below this one."""
        return [child for _, child in self._children() if isinstance(child, Layer)]

    @property
    def input_shape(self) -> Shape | None:
        """Shape of the input, whose first entry is None; None before it is known."""
        return self._input_shape or self._seen_shape

    @property
    def output_shape(self) -> Shape | None:
        """Shape of the result, whose first entry is None; None before it is known."""
        return self._output_shape

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer right below of a name or at an index."""
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ValueError(f"{self.name}: no layer at {index}; there are {len(self.layers)}")
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(
            f"{self.name}: no layer named {name!r}; there are: {', '.join(layer.name for layer in self.layers)}"
        )

    def get_weights(self) -> list[np.ndarray]:
        with self._guard.shared("get_weights"):
            return super().get_weights()

    def build(self, input_shape: Any) -> None:
        """Make the weights of all layers below for inputs of a shape, whose first entry is None, by asking `call` for
        the shape of its result; lists and dictionaries of shapes for several inputs. The first call does it too."""

    def _makes_weights(self) -> bool:
        return type(self).build is not Model.build

    def _build_by_hand(self, input_shape: Any, shapes: Mapping[str, Any]) -> None:
        if input_shape is None:
            raise ValueError(f"{self.name}: expected an input_shape to build for, got None")
        super()._build_by_hand(input_shape, shapes)
        if type(self).build is Model.build and not shapes:
            try:
                self.compute_output_shape(input_shape)
            except BaseException:
                self.built, self._seen_shape = False, None
                raise

    def _build(self, input_shape: Any, shapes: Mapping[str, Any] = MappingProxyType({})) -> None:
        super()._build(input_shape, shapes)
        if self._seen_shape is None and isinstance(input_shape, tuple):
            self._seen_shape = input_shape

    def _takes_ids(self) -> bool:
        return any(layer._takes_ids() for layer in self.layers)

    def set_weights(self, weights: Sequence[Any]) -> None:
        with self._guard.exclusive("set_weights", nested=True):
            super().set_weights(weights)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """None: the layers inside have decided which mask the result carries."""
        return None

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], object] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
        *,
        batch_size: int = 32,
    ) -> None:
        """Print the layers, the shapes of their results, how many parameters they have, and what a batch costs.

        Shapes, operations and memory are read from the graph of the model's call, which is recorded without computing
        anything; a question mark stands for what is not known before the model is built.

        Parameters
        ----------
        line_length : int, optional
            Width of the table; as wide as its contents when not given.
        positions : sequence of numbers, optional
            Where the columns end, in characters or in shares of the line; without one for the operations, that column
            is left out.
        print_fn : function of a string, default print
        expand_nested : bool, default False
            Whether the layers of models within the model have rows too.
        show_trainable : bool, default False
            Whether a column says which layers train.
        layer_range : two names, optional
            The first and the last layer to show; regular expressions that the beginning of a name matches.
        batch_size : int, default 32
            What operations and memory are given for. A multiplication with an addition counts as two operations.

        Raises
        ------
        ValueError
            `layer_range` names no layers, or `positions` don't fit the columns.
        """
        from ..summary import summary_text

        size = batch_size_of("summary", batch_size)
        text = summary_text(self, line_length, positions, expand_nested, show_trainable, layer_range, size)
        (print_message if print_fn is None else print_fn)(text)

    def program(self, batch_size: int = 32, training: bool = False, passes: bool = False) -> str:
        """The program that one step runs, as text: the recorded graph, then what was planned of it for a batch size.

        The graph names each op with its version, what it reads and its attributes; N is the open batch dimension. The
        plan gives shapes, bytes, offsets in the arena, and the ops whose results nobody reads, which do not run.

        Parameters
        ----------
        batch_size : int, default 32
        training : bool, default False
            The step of `fit`, at a batch size that it has trained with; else the step of `predict`.
        passes : bool, default False
            Show how the plan came about: what it is before all passes of the planner, where every op runs by itself and
            nothing has a place, and after each pass that changes it. docs/design.md says what each pass does.

        Raises
        ------
        RuntimeError
            The model has not been built, or runs eagerly, or `fit` has not run batches of this size, or, for inputs of
            open shapes, `predict` has not.
        """
        batch_size = whole_number("program", "batch_size", batch_size)
        if training:
            step = self._train_step
        else:
            shape = self._input_shape or self._built_for
            if shape is None:
                raise RuntimeError(f"{self.name}: expected a built model; call it on data, or give it an Input")
            specs: list[Spec] = []
            map_structure(specs.append, self._specs(shape), Spec)
            step = self._predict_step
            with self._guard.shared("program"):
                self._notice(self._structure)
                open_shapes = any(None in spec.shape[1:] for spec in specs)
                for _ in range(3):  # the last replays, or finds what stands against a program
                    if open_shapes or step.eager or step.plans(batch_size):
                        break
                    sizes = [sizes_for(spec.shape, batch_size, 0) for spec in specs]
                    zeros = [np.zeros(size, spec.dtype) for size, spec in zip(sizes, specs, strict=True)]
                    prepared = self._prepared("program", step, zeros[0] if len(zeros) == 1 else zeros)
                    self._run(step, *prepared.arrays, key=prepared.key)
        plans = step.plans(batch_size, passes)
        if not plans and (step.eager or step.eager_reasons()):
            raise RuntimeError(f"{self.name}: {next(iter(step.eager_reasons()), 'it runs eagerly, as it was told to')}")
        if not plans:
            ran = "fit has not trained" if training else "predict has not run"
            raise RuntimeError(f"{self.name}: {ran} with batches of {batch_size} yet")
        return f"{step.text()}\n{plans}"

    def profile(self, x: Any, y: Any = None, batch_size: int | None = None, steps: int = 20) -> Profile:
        """Where the time of a step goes, by the nodes of its program. The model stays as it was.

        Parameters
        ----------
        x : array, (samples, ...)
            The first batch of it is taken.
        y : array, (samples, ...), optional
            The step of `fit` is timed; without it that of `predict`.
        batch_size : int, default 32
        steps : int, default 20
            How many are timed; the median of each node counts.

        Returns
        -------
        Profile
            `nodes`, `batches`, `between`, `total` and `overhead`, in seconds; print it for a table.

        Raises
        ------
        ValueError, TypeError, IndexError
            The data doesn't fit, as in `fit` and `predict`.
        RuntimeError
            The step runs without a program, the model isn't compiled, or another thread uses it.
        """
        from ..profiling import profile

        return profile(self, x, y, batch_size, steps)

    def stream(self, batch_size: int = 1) -> Stepper:
        """Take sequences step by step: ``stepper.step(x[:, t])`` equals ``predict(x)[:, t]``.

        The layers must be causal, with results that depend on no later step: recurrent layers keep their states, and
        convolutions with ``padding="causal"`` their last inputs. For a model that gives one result for a sequence, a
        step gives that of the sequence so far. Layers and models with a `call` of their own say how by the hooks
        `stream_states` and `stream_step`.

        Parameters
        ----------
        batch_size : int, default 1
            How many sequences go on side by side.

        Returns
        -------
        Stepper
            With `step` and `reset`; each one that is made begins at its own first step.

        Raises
        ------
        ValueError
            A layer can't be streamed; the message names it and says why.
        RuntimeError
            The model has not been built.

        Examples
        --------
        >>> import numpy as np
        >>> import fastnn
        >>> lstm = fastnn.layers.LSTM(50, return_sequences=True)
        >>> model = fastnn.Sequential([fastnn.Input((None, 8)), lstm, fastnn.layers.Dense(1)])
        >>> stepper = model.stream()
        >>> stepper.step(np.zeros((1, 8), np.float32)).shape
        (1, 1)
        """
        with self._guard.shared("stream"):
            from ..stepper import Stepper

            return Stepper(self, batch_size)

    def save(self, filepath: Any, overwrite: bool = True, zipped: bool | None = None) -> None:
        """Write architecture, weights, optimizer and random state to one safetensors file.

        The file is written beside its target under a hidden name (``.<name>.<16 digits>.tmp``), flushed and renamed:
        whoever reads the target finds the old file or the new one. A process that is killed meanwhile may leave the
        hidden file, which is safe to remove.

        Parameters
        ----------
        filepath : str or path
        overwrite : bool, default True
            Whether an existing file may be replaced.
        zipped : bool, optional
            Accepted as in Keras.

        Raises
        ------
        ValueError
            The model is of a class of your own without get_config, or has no weights yet. A class with get_config is
            told of by custom_objects of `load_model`: its code is in no file.
        OSError
            The file can't be written; an old one is left as it was.
        RuntimeError
            Another thread trains the model; a callback may save it.
        """
        with self._guard.shared("save"):
            save_model(self, filepath, overwrite)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the weights to a safetensors file. Arguments and errors as for `save`."""
        with self._guard.shared("save_weights"):
            save_weights(self, filepath, overwrite)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False) -> None:
        """Read weights that `save_weights` or `save` wrote.

        Parameters
        ----------
        filepath : str or path
        skip_mismatch : bool, default False
            Whether weights that are missing, or of another shape, stay as they are, with a warning that names them.

        Raises
        ------
        ValueError
            The file is damaged or its weights don't fit the model; nothing has changed then.
        """
        with self._guard.exclusive("load_weights", nested=True):
            load_weights(self, filepath, skip_mismatch)

    def _copying(self) -> AbstractContextManager[Any]:
        return self._guard.shared("copy")

    def _training_state(self) -> dict[str, Any]:
        return training_state(self)

    def _take_training_state(self, state: dict[str, Any]) -> None:
        take_training_state(self, state)

    def to_json(self) -> str:
        """The architecture as JSON, for `model_from_json`; without weights.

        Raises
        ------
        ValueError
            A layer holds something that no configuration can.
        """
        import json

        return json.dumps(serialize(self))

    def get_compile_config(self) -> dict[str, Any]:
        """What `compile` was given, as data that JSON can hold; empty for a model that isn't compiled.

        Raises
        ------
        ValueError
            Something without a name or a configuration is among it, such as a lambda. A function of your own is told of
            by its name.
        """
        return compile_config(self)

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compile with what `get_compile_config` returned."""
        compile_from_config(self, config)
