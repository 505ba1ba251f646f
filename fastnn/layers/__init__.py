"""Layers by Keras 3's names, arguments, defaults, weight layouts and semantics."""

from __future__ import annotations

from .base import Layer
from .convolution import Conv2D, Convolution2D
from .core import Activation, Dense, Input, InputLayer
from .pooling import MaxPool2D, MaxPooling2D
from .regularization import Dropout
from .reshaping import Flatten

__all__ = [
    "Activation",
    "Conv2D",
    "Convolution2D",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "InputLayer",
    "Layer",
    "MaxPool2D",
    "MaxPooling2D",
]
