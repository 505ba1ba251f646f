"""What a layer makes of the inputs of a call: tensors of its dtype, of a shape that it takes, or an error by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...abstract import Shape
from ...tensor import Tensor
from .calls import signature_of
from .input_spec import check_specs
from .symbolic import SymbolicTensor

__all__ = ["BY_NAME", "Inputs", "no_numbers"]

BY_NAME: Any = object()  # stands for inputs that come by the name that `call` has for them


def no_numbers(layer: str, value: Any, dtype: Any) -> TypeError:
    """The error for inputs of a dtype that isn't one of numbers."""
    got = f"an array of {dtype}" if isinstance(value, np.ndarray) else type(value).__name__
    return TypeError(f"{layer}: expected a Tensor or an array of numbers, got {got}")


class Inputs:
    """The part of `Layer` that looks at inputs."""

    name: str
    input_spec: Any = None  # an InputSpec, or a list of them, that inputs have to fit
    _takes_several = False  # whether the inputs may be a list though check_input looks at one shape

    def check_input(self, shape: Shape) -> None:
        """Refuse inputs of a wrong shape with a ValueError that names the layer."""

    def expected(self, what: str, shape: Shape) -> ValueError:
        """The error for an input of a wrong shape."""
        return ValueError(f"{self.name}: expected input {what}, got {tuple(shape)}")

    def _check(self, inputs: Any) -> None:
        """Refuse inputs that the layer can't take."""
        if self.input_spec is not None:
            check_specs(self.name, self.input_spec, inputs)
        if isinstance(inputs, Tensor | SymbolicTensor):
            self.check_input(inputs.shape)
        elif not self._takes_several and type(self).check_input is not Inputs.check_input:
            raise ValueError(f"{self.name}: expected one input, got {len(inputs)}")

    def _first_of(self, kwargs: dict[str, Any]) -> Any:
        """Take the inputs out of the keyword arguments of a call."""
        first = signature_of(type(self)).first
        if first not in kwargs:
            raise TypeError(f"{self.name}: expected {first}, the first argument of call")
        return kwargs.pop(first)

    def _as_inputs(self, inputs: Any) -> Any:
        """A Tensor, or a list, tuple or dictionary of them when there are several inputs."""
        if isinstance(inputs, dict):
            return {key: self._as_tensor(item) for key, item in inputs.items()}
        if isinstance(inputs, list | tuple) and any(isinstance(item, Tensor | np.ndarray) for item in inputs):
            items = [self._as_tensor(item) for item in inputs]
            return tuple(items) if isinstance(inputs, tuple) else items
        return self._as_tensor(inputs)

    def _as_tensor(self, inputs: Any) -> Tensor:
        if isinstance(inputs, Tensor):
            return inputs
        array = np.asarray(inputs)
        if array.dtype.kind not in "fiub":
            raise no_numbers(self.name, inputs, array.dtype)
        return Tensor(np.ascontiguousarray(array, dtype=self._input_dtype(array)))

    def _takes_ids(self) -> bool:
        """Whether the inputs are ids: integers that stay integers."""
        return False

    def _takes_ids_in(self, kwargs: Mapping[str, Any]) -> bool:
        """Whether they are in a call with these keyword arguments."""
        return self._takes_ids()

    def _holds_ids(self) -> bool:
        """Whether a layer below takes ids, so that integers may be meant for it."""
        return any(layer._takes_ids() for layer in self._layers_below())

    def _layers_below(self) -> list[Any]:
        raise NotImplementedError

    def _input_dtype(self, array: np.ndarray) -> np.dtype[Any]:
        """What an array is turned into before the layer sees it."""
        if array.dtype.kind in "iu" and (self._takes_ids() or (array.itemsize >= 4 and self._holds_ids())):
            return np.dtype(np.int32 if np.can_cast(array.dtype, np.int32) else np.int64)
        return np.dtype(np.float32)
