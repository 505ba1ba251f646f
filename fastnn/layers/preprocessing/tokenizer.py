"""Tokenizer: texts put into a standard form, split into tokens, joined to n-grams."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from .string_lookup import as_strings

__all__ = ["Tokenizer"]

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)  # of ASCII only, as Keras does
_WORDS = re.compile(r"[^ \t\n\v\f\r]+")
_STANDARDS = (None, "lower_and_strip_punctuation", "lower", "strip_punctuation")


class Tokenizer:
    """Texts as rows of tokens.

    Parameters
    ----------
    cls : str
        Names the layer's class in errors.
    standardize, split, ngrams, encoding
        See `TextVectorization`.
    """

    def __init__(
        self,
        cls: str,
        standardize: str | Callable[[Any], Any] | None,
        split: str | Callable[[Any], Any] | None,
        ngrams: Any,
        encoding: str,
    ) -> None:
        if not callable(standardize) and standardize not in _STANDARDS:
            raise ValueError(f"{cls}: expected standardize {_STANDARDS[1:]} or None, got {standardize!r}")
        if not callable(split) and split not in (None, "whitespace", "character"):
            raise ValueError(f"{cls}: expected split 'whitespace', 'character' or None, got {split!r}")
        widths = range(1, ngrams + 1) if isinstance(ngrams, int) else ngrams
        if widths is not None and not all(isinstance(width, int) and width > 0 for width in widths):
            raise ValueError(f"{cls}: expected ngrams to be an integer or a tuple of them, got {ngrams!r}")
        self._standardize, self._split, self._encoding = standardize, split, encoding
        self._widths = None if widths is None else tuple(widths)

    def rows(self, layer: str, texts: Any) -> list[list[str]]:
        """The tokens of each text; errors name the layer."""
        array = as_strings(layer, texts, self._encoding)
        if array.ndim == 0:
            array = array.reshape(1)
        if callable(self._standardize):
            array = as_strings(layer, self._standardize(array), self._encoding)
        elif self._standardize is not None:
            flat = (self._standard(text) for text in array.reshape(-1))
            array = np.array([*flat, None], object)[:-1].reshape(array.shape)
        if self._split is None:
            rows = [list(row) for row in array.reshape(len(array), -1)]
        else:
            if array.ndim > 2 or (array.ndim == 2 and array.shape[1] != 1):
                raise ValueError(f"{layer}: expected texts (batch,) or (batch, 1) to split, got {array.shape}")
            rows = self._tokens(array.reshape(-1))
        return rows if self._widths is None else [list(_ngrams(row, self._widths)) for row in rows]

    def _standard(self, text: str) -> str:
        if self._standardize != "strip_punctuation":
            text = text.translate(_LOWER)
        return text if self._standardize == "lower" else text.translate(_PUNCTUATION)

    def _tokens(self, texts: np.ndarray) -> list[list[str]]:
        if callable(self._split):
            return [list(row) for row in self._split(texts)]
        return [_WORDS.findall(text) if self._split == "whitespace" else list(text) for text in texts]


def _ngrams(tokens: Sequence[str], widths: Iterable[int]) -> Iterator[str]:
    """All sequences of as many tokens as each width says."""
    for width in widths:
        for start in range(len(tokens) - width + 1):
            yield " ".join(tokens[start : start + width])
