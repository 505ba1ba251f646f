"""Calls of layers that run in Python on data, before the model: not in a step, and as symbols for symbolic tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...program import in_step
from ..base.symbolic import LayerNode, SymbolicTensor

__all__ = ["symbolic_of_data"]


def symbolic_of_data(layer: Any, inputs: Any) -> SymbolicTensor | None:
    """What stands for the result of a lookup for a symbolic tensor; None for data.

    Raises
    ------
    ValueError
        It is called within a step.
    """
    if in_step():
        raise ValueError(f"{layer.name}: expected to be called on data before the model, not inside of it")
    if not isinstance(inputs, SymbolicTensor):
        return None
    dtype = np.dtype(np.float32 if layer.output_mode == "tf_idf" else np.int64)
    node = LayerNode(layer, (inputs,), {})
    made = node.outputs = SymbolicTensor(layer.compute_output_shape(inputs.shape), dtype, node, 0)
    return made
