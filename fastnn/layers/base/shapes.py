"""Shapes of a layer's results: found by calling it on tensors that have no values, unless it knows them itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...abstract import Spec, infer, is_shape, map_structure
from ...tensor import Tensor, no_grad
from .modes import trying

__all__ = ["Shaped"]


class Shaped:
    """The part of `Layer` that tells shapes of results."""

    built: bool

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Shape of the result for inputs of a shape, whose first entry is None; lists and dictionaries of shapes for
        several. Unless a subclass knows, `call` is asked, with tensors that have no values; builds the layer."""
        if not self.built:
            self._build(input_shape)
        try:
            with trying():
                result = self._inferred(input_shape)
        except ValueError as error:
            if "stands for a shape only" not in str(error):
                raise
            return self._shape_of_zeros(input_shape)
        return map_structure(lambda spec: (None, *spec.shape[1:]), result, Spec)

    def _inferred(self, input_shape: Any) -> Any:
        """Specs of what `call` gives for inputs of numbers, or of ids."""
        try:
            return infer(self, self._specs(input_shape))
        except TypeError:
            if self._takes_ids() or not self._holds_ids():
                raise
            ids = map_structure(lambda spec: Spec(spec.shape, np.dtype(np.int32)), self._specs(input_shape), Spec)
            return infer(self, ids)

    def _shape_of_zeros(self, input_shape: Any) -> Any:
        """compute_output_shape of a layer whose `call` looks at values."""
        specs = self._specs(input_shape)
        zeros = map_structure(lambda spec: Tensor(np.zeros((1, *spec.shape[1:]), spec.dtype)), specs, Spec)
        with no_grad(), trying():
            result = self(zeros)
        return map_structure(lambda tensor: (None, *tensor.shape[1:]), result, Tensor)

    def _specs(self, input_shape: Any) -> Any:
        """Specs of inputs of a shape, or of several."""
        dtype = np.dtype(np.int32 if self._takes_ids() else np.float32)
        return map_structure(lambda shape: Spec(shape, dtype), input_shape, is_shape)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    def _build(self, input_shape: Any) -> None:
        raise NotImplementedError

    def _takes_ids(self) -> bool:
        raise NotImplementedError

    def _holds_ids(self) -> bool:
        raise NotImplementedError
