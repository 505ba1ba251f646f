"""What all layers share: the base class, and what it is made of.

Names and arguments, weights and states, shapes and errors, calls on data and on symbolic tensors, masks, penalties,
streaming, configurations. A layer's own file holds none of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._first_use import at_first_use

__all__ = ["Layer", "Shape"]

_FILES = {
    "layer": "Layer Shape",
}

if TYPE_CHECKING:
    from .layer import Layer, Shape
else:
    __getattr__, __dir__ = at_first_use(__name__, _FILES)
