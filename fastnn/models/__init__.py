"""Models by Keras 3's names: `Model`, `Sequential`, and what makes them again, of files, of JSON, of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._first_use import at_first_use

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]

_FILES = {
    "cloning": "clone_model",
    "described": "load_model model_from_json save_model",
    "model": "Model",
    "sequential": "Sequential",
}

if TYPE_CHECKING:
    from .cloning import clone_model
    from .described import load_model, model_from_json, save_model
    from .model import Model
    from .sequential import Sequential
else:
    __getattr__, __dir__ = at_first_use(__name__, _FILES)
