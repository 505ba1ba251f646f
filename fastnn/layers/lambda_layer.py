"""A function as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..tensor import Tensor
from .base import Layer, Shape

__all__ = ["Lambda"]


class Lambda(Layer):
    """A function of tensors as a layer.

    It has no weights, and no file can hold it: a model with a Lambda saves its weights only. Subclass `Layer` for both.

    Parameters
    ----------
    function : callable
        Takes the inputs, and arguments named mask and training where it has them; made of `fastnn.functional`.
    output_shape : sequence of int, or function of the input shape, optional
        The result's shape without the batch; found by trying when not given.
    mask : Tensor, or function(inputs, mask), optional
        The result's mask; none when not given.
    arguments : dict, optional
        More arguments for the function, by name.

    Examples
    --------
    >>> import fastnn
    >>> square = fastnn.layers.Lambda(lambda x: x ** 2)
    >>> square([[1.0, 3.0]]).tolist()
    [[1.0, 9.0]]
    """

    supports_masking = True
    _streams = "its function may look at other steps; write a layer with stream_states for it"

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Sequence[int | None] | Callable[[Shape], Shape] | None = None,
        mask: Tensor | Callable[..., Tensor | None] | None = None,
        arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise TypeError(f"Lambda: expected a function, got {function!r}")
        self.function = function
        self.output_shape_given = output_shape
        self.mask = mask
        self.arguments = dict(arguments or {})
        parameters = inspect.signature(function).parameters
        self._takes = {name for name in ("mask", "training") if name in parameters}

    def call(self, inputs: Any, mask: Tensor | None = None, training: bool = False) -> Any:
        known = {"mask": mask, "training": training}
        return self.function(inputs, **self.arguments, **{name: known[name] for name in self._takes})

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        if self.output_shape_given is None:
            return super().compute_output_shape(input_shape)
        if callable(self.output_shape_given):
            return tuple(self.output_shape_given(input_shape))
        return (input_shape[0], *self.output_shape_given)

    def get_config(self) -> dict[str, Any]:
        raise ValueError(
            f"{self.name}: a configuration can't hold a Lambda's function; save the weights only, or make it a "
            "subclass of Layer"
        )
