"""Pipeline: layers one behind the other, as a layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from .base import Layer
from .base.calls import mask_of, signature_of
from .base.serialization import deserialize, serialize

__all__ = ["Pipeline"]


class Pipeline(Layer):
    """Calls layers one behind the other: data preparation and augmentation, for one.

    Parameters
    ----------
    layers : list of Layer
    name : str, optional
    """

    _streams = "it holds layers of its own; put them into the model one by one"

    def __init__(self, layers: Sequence[Layer], name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        for layer in layers:
            if not isinstance(layer, Layer):
                raise ValueError(f"Pipeline: expected layers, got {layer!r}")
        self.layers = list(layers)

    def _takes_ids(self) -> bool:
        return bool(self.layers) and self.layers[0]._takes_ids()

    def call(self, inputs: Any, training: bool = True, mask: Any = None) -> Any:
        for layer in self.layers:
            options = {"mask": mask} if signature_of(type(layer)).takes_mask and mask is not None else {}
            inputs = layer(inputs, training=training, **options)
            mask = mask_of(inputs)
        return inputs

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layers": [serialize(layer) for layer in self.layers]}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, type[Layer]] | None = None) -> Self:
        layers = config.get("layers")
        if not isinstance(layers, list | tuple):
            raise ValueError(f"Pipeline: expected a configuration with a list of layers, got {layers!r}")
        return cls(**{**config, "layers": [deserialize(layer, custom_objects) for layer in layers]})
