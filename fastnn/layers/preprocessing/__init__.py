"""Layers that prepare data: numbers, categories, text.

Those of numbers run in models, as recorded steps do; `IntegerLookup`, `StringLookup` and `TextVectorization` are called
on arrays before the model.
"""

from __future__ import annotations

from .category_encoding import CategoryEncoding
from .discretization import Discretization
from .integer_lookup import IntegerLookup
from .normalization import Normalization
from .rescaling import Rescaling
from .string_lookup import StringLookup
from .text_vectorization import TextVectorization

__all__ = [
    "CategoryEncoding",
    "Discretization",
    "IntegerLookup",
    "Normalization",
    "Rescaling",
    "StringLookup",
    "TextVectorization",
]
