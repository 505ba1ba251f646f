"""Descriptions of layers, {"class_name", "config"}, and layers of descriptions: by the names of the package's own
classes, of registered ones, and of those that the caller adds."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from ... import _config
from ..._custom import CustomObjectScope
from .layer import Layer

__all__ = ["deserialize", "known_layers", "serialize"]


def known_layers() -> dict[str, type[Layer]]:
    """The layers and models that a file may name."""
    from ... import layers  # the package that this module is a part of
    from .operation import GetItem, Operation

    found = (getattr(layers, name) for name in layers.__all__)
    classes = [cls for cls in found if isinstance(cls, type) and issubclass(cls, Layer) and cls is not Layer]
    known = {cls.__name__: cls for cls in (*classes, GetItem, Operation)}
    models = import_module("fastnn.models.described")  # layers know no models, but what is described may be one
    return {**known, **models.models_by_name()}


def serialize(layer: Layer) -> dict[str, Any]:
    """The description of a layer.

    Raises
    ------
    ValueError
        The layer holds something that no configuration can, such as a function of your own.
    """
    return _config.serialize(layer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The layer that a description tells of; custom_objects maps names to classes and functions of your own.

    Raises
    ------
    ValueError
        It isn't a description, or names a class that isn't known.
    """
    with CustomObjectScope(custom_objects):
        try:
            return _config.deserialize("layer", config, {**known_layers(), **(custom_objects or {})}, custom_objects)
        except ValueError as error:
            if ": unknown " in str(error) and "custom_objects" not in str(error):  # of an argument
                raise ValueError(f"{error}; tell of functions of your own by custom_objects") from error
            raise
