"""What all layers share: the base class, and what it is made of.

Names and arguments, weights and states, shapes and errors, calls on data and on symbolic tensors, masks, penalties,
streaming, configurations. A layer's own file holds none of these.
"""

from .layer import Layer, Shape

__all__ = ["Layer", "Shape"]
