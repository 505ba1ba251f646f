"""Wrapper: what layers share that hold another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from .base import Layer
from .base.serialization import deserialize, serialize

__all__ = ["Wrapper"]


class Wrapper(Layer):
    """Base of layers around another one, such as `TimeDistributed`: holds it, builds it, writes and reads it.

    Parameters
    ----------
    layer : Layer
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(layer, Layer):
            raise ValueError(f"{type(self).__name__}: expected a layer, got {layer!r}")
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        self.layer._build(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layer": serialize(self.layer)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, type[Layer]] | None = None) -> Self:
        return cls(**{**config, "layer": deserialize(config["layer"], custom_objects)})
