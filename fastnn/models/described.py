"""Models of descriptions and files: those that one may name, and what makes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..layers.base.serialization import deserialize
from ..saving import load_model, save_model

if TYPE_CHECKING:
    from .model import Model

__all__ = ["load_model", "model_from_json", "models_by_name", "save_model"]


def models_by_name() -> dict[str, type[Model]]:
    """The models that a file may name."""
    from .functional import Functional
    from .sequential import Sequential

    return {"Functional": Functional, "Sequential": Sequential}


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Model:
    """A model, with new weights, from what `Model.to_json` returned.

    Parameters
    ----------
    json_string : str
    custom_objects : dict, optional
        Classes and functions of your own by name, unless they are registered.

    Raises
    ------
    ValueError
        It is no such text, or names a class that isn't known.
    """
    import json

    from .model import Model

    model = deserialize(json.loads(json_string), custom_objects)
    if not isinstance(model, Model):
        raise ValueError(f"model_from_json: expected a model, got {type(model).__name__}")
    return model
