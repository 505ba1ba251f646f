"""What models begin with: Input and InputLayer."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import functional as F
from ..tensor import Tensor
from .base import Layer, Shape, arguments
from .base.calls import carrying
from .base.symbolic import LayerNode, SymbolicTensor

__all__ = ["Input", "InputLayer", "of_rank", "the_only"]


class InputLayer(Layer):
    """The shape of one sample, as the first entry of a Sequential.

    Parameters
    ----------
    shape : tuple of int
        Without the batch.
    batch_size : int, optional
        Accepted as in Keras; any batch is taken.
    dtype : "float32", an integer dtype, "bool", "string", or None
        Integers for the ids of an Embedding, where the layer behind decides; bool for masks; strings for layers that
        are called on data before the model.
    sparse, ragged : bool, optional
        Refused when True.
    batch_shape : tuple of int, optional
        In place of shape, with the batch in front.
    input_tensor : symbolic tensor, optional
        In place of shape: what another Input returned, of the same shape and dtype.
    optional : bool, default False
        Refused when True.
    input_shape, batch_input_shape
        Old names of shape and batch_shape; the first one warns.
    """

    supports_masking = True
    _streams = True

    def __init__(
        self,
        shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Sequence[int | None] | None = None,
        input_tensor: SymbolicTensor | None = None,
        optional: bool = False,
        name: str | None = None,
        **old: Any,
    ) -> None:
        shape, batch_shape = _by_old_names(shape, batch_shape, old)
        for what, value in (("sparse", sparse), ("ragged", ragged), ("optional", optional)):
            if value:
                raise ValueError(f"InputLayer: expected {what} False, got {value!r}")
        if input_tensor is not None:
            batch_shape, dtype = input_tensor.shape, input_tensor.dtype if dtype is None else dtype
        if batch_shape is not None:
            if shape is not None:
                raise ValueError("InputLayer: expected shape or batch_shape or input_tensor, got two of them")
            shape = tuple(batch_shape)[1:]
        text = dtype == "string"
        other = text or (dtype is not None and np.dtype(dtype).kind in "iub")
        super().__init__(dtype=None if other else dtype, name=name, **old)
        self._input_shape = self._output_shape = (None, *arguments.sample_shape("InputLayer", "shape", shape))
        self.dtype = "string" if text else np.dtype(np.float32 if dtype is None else dtype).name
        self.built = True

    @property
    def output(self) -> SymbolicTensor:
        """What `Input` returns."""
        return self.symbolic()

    @property
    def batch_shape(self) -> Shape:
        """The shape with the batch, whose size is None."""
        return self._input_shape or ()

    def symbolic(self) -> SymbolicTensor:
        """What stands for the data in a functional model."""
        if not self._nodes:
            node = LayerNode(self, (), {})
            node.outputs = SymbolicTensor(
                self._input_shape or (), np.dtype(str if self.dtype == "string" else self.dtype), node, 0
            )
        result: SymbolicTensor = self._nodes[0].outputs
        return result

    def call(self, inputs: Tensor) -> Tensor:
        return inputs

    def check_input(self, shape: Shape) -> None:
        wanted = self._input_shape or ()
        pairs = zip(shape[1:], wanted[1:], strict=False)
        if len(shape) != len(wanted) or any(None not in pair and pair[0] != pair[1] for pair in pairs):
            raise self.expected(f"({', '.join(['batch', *map(str, wanted[1:])])})", shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "shape": list((self._input_shape or ())[1:]), "dtype": self.dtype}


def the_only(owner: str, name: str, inputs: Any) -> Any:
    """What a model with one input is given: by itself, in a list of one, or by the name of its Input."""
    if isinstance(inputs, Mapping):
        if name not in inputs:
            raise ValueError(f"{owner}: expected inputs {name}, got {', '.join(map(str, inputs)) or 'nothing'}")
        return inputs[name]
    if isinstance(inputs, list | tuple) and len(inputs) == 1:
        return inputs[0] if isinstance(inputs[0], SymbolicTensor) or hasattr(inputs[0], "__array__") else inputs
    return inputs


def of_rank(value: Any, wanted: Shape | None) -> Any:
    """A model's input with the last axis of size 1 that its Input has and it lacks, or without one that is too much."""
    if not isinstance(value, Tensor) or wanted is None:
        return value
    if value.ndim == len(wanted) - 1 and wanted[-1] == 1:
        result = F.expand_dims(value, -1)
    elif value.ndim == len(wanted) + 1 and value.shape[-1] == 1:
        result = F.squeeze(value, -1)
    else:
        return value
    return carrying(result, value._mask)


def _by_old_names(shape: Any, batch_shape: Any, old: dict[str, Any]) -> tuple[Any, Any]:
    """shape and batch_shape, which may be among arguments under the names that they had in Keras 2; takes these off."""
    for name, given in (("input_shape", shape), ("batch_input_shape", batch_shape)):
        if name in old and given is not None:
            raise ValueError(f"InputLayer: expected {name.replace('input_', '')} or {name}, got both")
    if "input_shape" in old:
        warnings.warn("InputLayer: input_shape is an old name; use shape", UserWarning, stacklevel=3)
    return old.pop("input_shape", shape), old.pop("batch_input_shape", batch_shape)


def Input(
    shape: Sequence[int | None] | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    tensor: SymbolicTensor | None = None,
    optional: bool = False,
) -> SymbolicTensor:
    """What a model begins with: `Sequential([Input((28, 28, 1)), ...])`, or the tensor that the layers of a functional
    `Model(inputs, outputs)` are called on. Arguments as for `InputLayer`."""
    return InputLayer(shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name).symbolic()
