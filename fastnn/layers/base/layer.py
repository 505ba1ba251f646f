"""What every layer has: a name, weights made on the first call, the trainable flag, its configuration, shape errors.

A layer itself is four things: arguments brought into normal form, one call of `functional`, an output shape, and a
configuration. `fit` and a hand-written loop call the same object.
"""

from __future__ import annotations

import inspect
import threading
import warnings
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from ..._config import Configurable, snake_case
from ...abstract import Shape, is_abstract
from ...tensor import Tensor
from . import arguments
from .calls import as_argument, build_once, keep_mask, mask_of, shape_of, signature_of
from .copies import Copied
from .inputs import BY_NAME, Inputs
from .modes import in_training, making, this_thread
from .naming import new_name
from .own_variables import OwnVariables
from .penalties import outermost_call
from .shapes import Shaped
from .streaming import Streamed
from .structure import Node
from .symbolic import LayerNode, has_symbolic, symbolic_call
from .tracing import current_trace
from .weights import OwnWeights, Weighted

__all__ = ["BY_NAME", "Layer", "Shape"]

_lock = threading.RLock()  # weights are made under it


class Layer(Weighted, Copied, Inputs, Shaped, OwnVariables, Streamed, Configurable):
    """Base of all layers. A subclass defines `call`, and `build` if it has weights of its own.

    Parameters
    ----------
    trainable : bool, default True
        Whether the weights take part in training.
    dtype : "float32" or None
    name : str, optional
        The class's name with a number when not given.
    input_shape : tuple of int, optional
        On the first layer of a Sequential: the shape of one sample.
    activity_regularizer : optional
        Of the results: a name, an object or a function.
    **penalties
        kernel_regularizer, kernel_constraint and the like, for all that the class has an initializer of.
    """

    _unrecorded = Node._unrecorded | {
        "_weights",
        "_fixed",
        "_states",
        "_input_shape",
        "_output_shape",
        "_added",
        "_call_number",
        "_built_for",
        "_built_with",
        "_nodes",
    }

    dtype = compute_dtype = variable_dtype = "float32"
    stateful = False  # whether calls hand on states to later ones
    supports_masking = False  # whether masks of inputs reach the result, by compute_mask

    def __init__(
        self,
        *,
        trainable: bool = True,
        dtype: Any = None,
        name: str | None = None,
        input_shape: int | Sequence[int | None] | None = None,
        input_dim: int | None = None,
        activity_regularizer: Any = None,
        **penalties: Any,
    ) -> None:
        super().__init__()
        self._set_penalties(activity_regularizer, penalties)
        if name is not None and not isinstance(name, str):
            raise TypeError(f"{type(self).__name__}: expected name to be a string, got {name!r}")
        arguments.only_float32(type(self).__name__, dtype)
        self.name = new_name(snake_case(type(self).__name__)) if name is None else name
        self.built = False
        self._trainable = bool(trainable)
        self._weights: dict[str, Tensor] = OwnWeights(self.name)
        self._fixed: set[str] = set()
        self._states: dict[str, Tensor] = {}
        if input_dim is not None:
            input_shape = (input_dim,)
        self._input_shape: Shape | None = None
        if input_shape is not None:
            self._input_shape = (None, *arguments.sample_shape(type(self).__name__, "input_shape", input_shape))
        self._output_shape: Shape | None = None
        self._nodes: list[LayerNode] = []  # its calls on symbolic tensors
        self._built_for: Any = None  # the shape, or shapes, of the inputs that the weights were made for
        self._built_with: dict[str, Any] = {}  # the shapes of other arguments that build took

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls):
            cls.build = build_once(cls.build)  # type: ignore[method-assign]

    # ---- for subclasses ----------------------------------------------------------------------------------------------

    def build(self, input_shape: Shape) -> None:
        """Make the layer's own weights for inputs of a shape, whose first entry is None."""

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The layer's result. A subclass may take `training`, `mask` and arguments of its own besides."""
        raise NotImplementedError(f"{type(self).__name__} does not implement call")

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The result's mask, from that of the inputs. Asked for in layers that define it, or set `supports_masking`."""
        return previous_mask

    def make_states(self, batch: int) -> None:
        """Make, for a stateful layer, the states of a batch that steps read and write."""

    def get_config(self) -> dict[str, Any]:
        """Arguments that make an equal layer; JSON can hold them."""
        cls: Any = type(self)
        config: dict[str, Any] = {"name": self.name, "trainable": self._trainable, "dtype": self.dtype}
        if self._input_shape is not None:
            config["input_shape"] = list(self._input_shape[1:])
        if arguments.takes(cls, "data_format"):
            config["data_format"] = "channels_last"
        return {**config, **self._penalties_config()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a layer from what `get_config` returned; what all have is set where `__init__` doesn't take it."""
        taken = inspect.signature(cls.__init__).parameters.values()
        every = any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken)
        names = set(config) if every else {parameter.name for parameter in taken}
        set_later = {"name", "trainable", "dtype"} - names
        layer = cls(**{name: value for name, value in config.items() if name not in set_later})
        if "name" in set_later:
            layer.name = config.get("name", layer.name)
        if "trainable" in set_later:
            layer._trainable = bool(config.get("trainable", True))
        return layer

    # ---- calling -----------------------------------------------------------------------------------------------------

    def __call__(
        self, inputs: Any = BY_NAME, *args: Any, training: bool | None = None, mask: Any = None, **kwargs: Any
    ) -> Any:
        """Apply the layer to a Tensor, an array, or a list of them; makes the weights on the first call.

        Parameters
        ----------
        inputs : Tensor or array, or list or tuple of them
            Arrays become float32; where a layer takes ids, integers stay integers. By keyword under the name that
            `call` has for it: ``attention(query=x, value=y)``.
        *args, **kwargs
            What `call` takes besides; arrays among them become Tensors.
        training : bool, optional
            Whether dropout and the like are active; when not given as in the surrounding layer, else the default of
            `call`, which is False in most.
        mask : Tensor or array, optional
            For layers whose `call` has it; which steps count. The mask that the inputs carry when not given.

        Returns
        -------
        Tensor, or what `call` returns
            It carries the mask that `compute_mask` gives for `mask`, or for that of the inputs, or makes.
        """
        if inputs is BY_NAME:
            inputs = self._first_of(kwargs)
        if not isinstance(inputs, Tensor) and has_symbolic((inputs, args, kwargs)):
            given = {"training": training, "mask": mask}
            given = {name: value for name, value in given.items() if value is not None}
            return symbolic_call(self, (inputs, *args), {**kwargs, **given})
        x = self._as_inputs(inputs)
        args, kwargs = as_argument(args), as_argument(kwargs)
        signature = signature_of(type(self))
        self._prepare((x, *args), kwargs)
        training = this_thread.training if training is None else bool(training)
        if signature.takes_training:
            training = signature.training if training is None else training
            kwargs["training"] = bool(training)
        if mask is not None:
            kwargs["mask"] = as_argument(mask)
        carried = mask_of(x)
        signature.add_masks(carried, args, kwargs)
        trace = current_trace()
        first = 0 if trace is None else trace.ops()
        with in_training(training), outermost_call(self):
            try:
                result = self.call(x, *args, **kwargs)
                self._add_activity_loss(result)
            except (ValueError, TypeError, IndexError) as error:
                self._note(error, x)
                raise
        if trace is not None:
            trace.add(self, result, first)
        if self._output_shape is None and isinstance(result, Tensor) and not is_abstract(result):
            self._output_shape = (None, *result.shape[1:])
        self._hand_on_mask(x, kwargs.get("mask", carried), result)
        return result

    def _prepare(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Before a call: refuse what the layer can't take, and make the weights."""
        try:
            self._check(args[0])
            if not self.built:
                self._build(shape_of(args[0]), signature_of(type(self)).build_shapes(args[1:], kwargs))
        except (ValueError, TypeError) as error:
            if self.name not in str(error):
                self._note(error, args[0])
            raise

    def _note(self, error: Exception, inputs: Any) -> None:
        """Let an error say which layer it comes from, and what that was called with."""
        shape = shape_of(inputs) if isinstance(inputs, list | tuple | dict) else inputs.shape
        error.add_note(f"in layer {self.name}, called with {shape}")

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            # here, so that a layer may have attributes of these names
            if name in ("input", "output") and "_nodes" in self.__dict__:
                if not self._nodes:
                    for reference in self._parents:
                        getattr(reference(), "_symbolic", list)()  # of a Sequential
                if not self._nodes:
                    raise AttributeError(f"{self.name}: expected to be in a model with a known input to have {name!r}")
                node = self._nodes[0]
                return node.outputs if name == "output" else node.args[0] if node.args else node.outputs
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _hand_on_mask(self, inputs: Any, carried: Any, result: Any) -> None:
        """Let a result carry the mask that compute_mask gives, unless it carries one already."""
        if self.supports_masking or type(self).compute_mask is not Layer.compute_mask:
            keep_mask(result, self.compute_mask(inputs, carried))
        elif carried is not None and mask_of(result) is None and not _tells_shape(result):
            warnings.warn(
                f"{self.name}: the inputs carry a mask, which the layer does not support and its result does not carry",
                UserWarning,
                stacklevel=4,
            )

    def _build(self, input_shape: Any, shapes: Mapping[str, Any] = MappingProxyType({})) -> None:
        """Make all weights below for an input shape, and the shapes of other arguments; an error leaves no half-made
        layer."""
        with _lock:
            if self.built:
                return
            self._link()
            unbuilt = [layer for layer in self._layers_below() if not layer.built]
            try:
                if isinstance(input_shape, tuple):
                    self.check_input(input_shape)
                with making(self):
                    self.build(input_shape, **shapes)
            except BaseException:
                for layer in unbuilt:
                    layer._weights, layer._fixed = OwnWeights(layer.name), set()
                    layer.built, layer._output_shape = False, None
                raise
            self.built = True
            self._built_for, self._built_with = input_shape, dict(shapes)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


def _tells_shape(result: Any) -> bool:
    """Whether a result is that of a call which only asks for its shape."""
    return isinstance(result, Tensor) and is_abstract(result)
