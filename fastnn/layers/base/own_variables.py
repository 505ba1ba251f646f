"""Keras's methods for building a layer, asking for its results and moving its own weights, one by one."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...tensor import Tensor
from .calls import as_shape
from .symbolic import symbolic_call

if TYPE_CHECKING:
    from .layer import Layer

__all__ = ["OwnVariables"]


class OwnVariables:
    """The part of `Layer` that few programs call."""

    name: str
    built: bool
    _built_for: Any
    _weights: dict[str, Tensor]

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        name: str | None = None,
    ) -> Tensor:
        """`add_weight`, with an initializer that must be given."""
        options = {"regularizer": regularizer, "constraint": constraint, "name": name}
        return self.add_weight(shape, initializer, dtype, trainable, **options)

    def get_build_config(self) -> dict[str, Any] | None:
        """What `build_from_config` needs to make the same weights: the shape of the inputs; None before `build`."""
        return {"input_shape": self._built_for} if self.built else None

    def build_from_config(self, config: Mapping[str, Any] | None) -> None:
        """Make the weights that `get_build_config` tells of."""
        if config and "input_shape" in config:
            self._build(as_shape(config["input_shape"]))

    def symbolic_call(self: Any, *args: Any, **kwargs: Any) -> Any:
        """The result for symbolic tensors, as symbolic tensors."""
        layer: Layer = self
        return symbolic_call(layer, args, kwargs)

    compute_output_spec = symbolic_call

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Put the layer's own weights into a dictionary: "0", "1", ... Files are written by weights' paths instead."""
        for place, weight in enumerate(self._weights.values()):
            store[str(place)] = weight.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Take the layer's own weights from what `save_own_variables` has made.

        Raises
        ------
        ValueError
            The dictionary has other weights than the layer.
        """
        places = [str(place) for place in range(len(self._weights))]
        if set(store) != set(places):
            raise ValueError(f"{self.name}: expected own variables {places}, got {sorted(store)}")
        for place, weight in zip(places, self._weights.values(), strict=True):
            value = np.asarray(store[place])
            if value.shape != weight.shape:
                raise ValueError(f"{self.name}: expected variable {place} of shape {weight.shape}, got {value.shape}")
        for place, weight in zip(places, self._weights.values(), strict=True):
            weight.assign(np.asarray(store[place], weight.dtype))

    def add_weight(self, *args: Any, **kwargs: Any) -> Tensor:
        raise NotImplementedError

    def _build(self, input_shape: Any) -> None:
        raise NotImplementedError
