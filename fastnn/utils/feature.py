"""Feature: what a `FeatureSpace` does with one column of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from .._config import Configurable
from ..layers.base import Layer
from ..layers.base.serialization import deserialize, serialize
from ..layers.preprocessing.discretization import Discretization
from ..layers.preprocessing.normalization import Normalization
from ..tensor import Tensor

__all__ = ["Feature"]

_MODES = ("int", "one_hot", "float")


class Feature(Configurable):
    """A column, the layer that prepares it, and what becomes of the result.

    Parameters
    ----------
    dtype : {"float32", "int32", "int64", "string"}
        Of the column.
    preprocessor : Layer
        Called on the column, (batch, 1); one with `adapt` learns from data.
    output_mode : {"int", "one_hot", "float"}
        "one_hot": the whole numbers that the preprocessor gives become rows of zeros and a one.
    """

    def __init__(self, dtype: str, preprocessor: Any, output_mode: str) -> None:
        if output_mode not in _MODES:
            raise ValueError(f"Feature: expected output_mode {', '.join(_MODES)}, got {output_mode!r}")
        if isinstance(preprocessor, Mapping):
            preprocessor = deserialize(preprocessor)
        if not isinstance(preprocessor, Layer):
            raise TypeError(f"Feature: expected preprocessor to be a layer, got {preprocessor!r}")
        self.dtype = dtype if dtype == "string" else np.dtype(dtype).name
        self.preprocessor: Any = preprocessor
        self.output_mode = output_mode

    @property
    def learns(self) -> bool:
        """Whether `adapt` of the preprocessor is to be called: not where it was made with what it would find."""
        layer = self.preprocessor
        given = getattr(getattr(layer, "lookup", layer), "_given", False)  # a vocabulary
        if isinstance(layer, Normalization):
            given = layer.input_mean is not None
        if isinstance(layer, Discretization):
            given = layer.num_bins is None
        return hasattr(layer, "adapt") and not given

    def column(self, name: str, values: Any) -> np.ndarray:
        """Values as an array of the column's dtype."""
        array = values.numpy() if isinstance(values, Tensor) else np.asarray(values)
        wanted = "OSU" if self.dtype == "string" else "fiub" if self.dtype.startswith("float") else "iub"
        if array.size and array.dtype.kind not in wanted:
            raise TypeError(f"FeatureSpace: expected {name!r} of {self.dtype}, got {array.dtype}")
        return array if self.dtype == "string" else array.astype(self.dtype)

    def get_config(self) -> dict[str, Any]:
        return {"dtype": self.dtype, "preprocessor": serialize(self.preprocessor), "output_mode": self.output_mode}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        return cls(**config)
