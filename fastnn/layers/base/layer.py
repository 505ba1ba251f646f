"""What every layer has: a name, weights made on the first call, the trainable flag, its configuration, shape errors.

A layer itself is four things: arguments brought into normal form, one call of `functional`, an output shape, and a
configuration. `fit` and a hand-written loop call the same object.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from ..._config import Configurable, snake_case
from ...abstract import Shape
from ...tensor import Tensor
from . import arguments
from .applied import Applied
from .copies import Copied
from .inputs import BY_NAME
from .naming import new_name
from .own_variables import OwnVariables
from .shapes import Shaped
from .streaming import Streamed
from .structure import Node
from .symbolic import LayerNode
from .weights import OwnWeights

__all__ = ["BY_NAME", "Layer", "Shape"]


class Layer(Applied, Copied, Shaped, OwnVariables, Streamed, Configurable):
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

    _unrecorded: frozenset[str] = Node._unrecorded | {
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
        "_path",
    }

    dtype = compute_dtype = variable_dtype = "float32"
    stateful = False  # whether calls hand on states to later ones

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
        self._path: str | None = None
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

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

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
            hint = "" if "_parents" in self.__dict__ else "; call super().__init__() first"
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")
