"""TextVectorization: texts cut into tokens, and these into numbers."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ...program import in_step
from ...tensor import Tensor
from ..base import Layer, Shape
from .batches import batches_of
from .encoding import check_mode
from .string_lookup import StringLookup, as_strings

__all__ = ["TextVectorization"]

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)  # of ASCII only, as Keras does
_WORDS = re.compile(r"[^ \t\n\v\f\r]+")
_STANDARDS = (None, "lower_and_strip_punctuation", "lower", "strip_punctuation")


class TextVectorization(Layer):
    """Texts as rows of numbers: put into a standard form, split into tokens, joined to n-grams, looked up.

    It is called on arrays or lists of texts, (batch,) or (batch, 1), before the model, for strings are no tensors. The
    result is a Tensor of int64, or float32 for "tf_idf".

    Parameters
    ----------
    max_tokens : int, optional
        How many places the vocabulary has at most, those of padding and unknown tokens included.
    standardize : {"lower_and_strip_punctuation", "lower", "strip_punctuation"}, None or function
        By default the first. A function gets and gives an array of strings.
    split : {"whitespace", "character"}, None or function
        By default the first. A function gets an array of texts and gives a list of tokens for each.
    ngrams : int or tuple of int, optional
        Sequences of so many tokens, joined by spaces, in place of tokens; an integer n stands for 1 to n.
    output_mode : {"int", "multi_hot", "count", "tf_idf"}, default "int"
        See `StringLookup`.
    output_sequence_length : int, optional
        For "int": rows are cut, or padded with 0, to this length; the longest of a batch when not given.
    pad_to_max_tokens : bool, default False
        Rows of max_tokens for the other modes.
    vocabulary : sequence of str, or path of a text file with one a line, optional
    idf_weights : sequence of float, optional
        For "tf_idf", of each token of the vocabulary.
    sparse, ragged : False
    encoding : str, default "utf-8"
        Of texts that come as bytes.
    """

    _streams = "it is called on arrays before the model"

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: str | Callable[[Any], Any] | None = "lower_and_strip_punctuation",
        split: str | Callable[[Any], Any] | None = "whitespace",
        ngrams: Any = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        adapted = bool(kwargs.pop("adapted", False))
        super().__init__(name=name, **kwargs)
        if not callable(standardize) and standardize not in _STANDARDS:
            raise ValueError(f"TextVectorization: expected standardize {_STANDARDS[1:]} or None, got {standardize!r}")
        if not callable(split) and split not in (None, "whitespace", "character"):
            raise ValueError(f"TextVectorization: expected split 'whitespace', 'character' or None, got {split!r}")
        widths = range(1, ngrams + 1) if isinstance(ngrams, int) else ngrams
        if widths is not None and not all(isinstance(width, int) and width > 0 for width in widths):
            raise ValueError(f"TextVectorization: expected ngrams to be an integer or a tuple of them, got {ngrams!r}")
        if ragged:
            raise ValueError(f"TextVectorization: expected ragged False, got {ragged!r}")
        self.standardize, self.split, self.ngrams = standardize, split, ngrams
        self._widths = None if widths is None else tuple(widths)
        self.output_sequence_length = output_sequence_length
        mode = check_mode("TextVectorization", output_mode, ("int", "multi_hot", "count", "tf_idf"))
        self.lookup = StringLookup(
            max_tokens,
            mask_token="",
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            output_mode=mode,
            pad_to_max_tokens=pad_to_max_tokens,
            sparse=sparse,
            encoding=encoding,
        )
        self.lookup._given = self.lookup._given and not adapted
        self.output_mode = mode
        if output_sequence_length is not None and self.output_mode != "int":
            raise ValueError(f"TextVectorization: expected output_sequence_length with 'int', got {output_mode!r}")
        self.built = True

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Find the vocabulary in one pass over texts; see `StringLookup.adapt`.

        Parameters
        ----------
        data : array or list of texts, or iterable of batches of them
        batch_size : int, optional
            Accepted as in Keras.
        steps : int, optional
            How many batches to look at.
        """
        self.lookup._learn(self._rows(batch) for batch in batches_of(self.name, data, steps, lists=True))

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """See `StringLookup.get_vocabulary`."""
        return self.lookup.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """How many places there are, those of padding and unknown tokens included."""
        return self.lookup.vocabulary_size()

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """See `StringLookup.set_vocabulary`."""
        self.lookup.set_vocabulary(vocabulary, idf_weights)

    def _rows(self, texts: Any) -> list[list[str]]:
        """The tokens of each text."""
        array = as_strings(self.name, texts, self.lookup.encoding)
        if array.ndim == 0:
            array = array.reshape(1)
        if callable(self.standardize):
            array = as_strings(self.name, self.standardize(array), self.lookup.encoding)
        elif self.standardize is not None:
            flat = (self._standard(text) for text in array.reshape(-1))
            array = np.array([*flat, None], object)[:-1].reshape(array.shape)
        if self.split is None:
            rows = [list(row) for row in array.reshape(len(array), -1)]
        else:
            if array.ndim > 2 or (array.ndim == 2 and array.shape[1] != 1):
                raise ValueError(f"{self.name}: expected texts (batch,) or (batch, 1) to split, got {array.shape}")
            rows = self._split(array.reshape(-1))
        return rows if self._widths is None else [list(_ngrams(row, self._widths)) for row in rows]

    def _standard(self, text: str) -> str:
        if self.standardize != "strip_punctuation":
            text = text.translate(_LOWER)
        return text if self.standardize == "lower" else text.translate(_PUNCTUATION)

    def _split(self, texts: np.ndarray) -> list[list[str]]:
        if callable(self.split):
            return [list(row) for row in self.split(texts)]
        return [_WORDS.findall(text) if self.split == "whitespace" else list(text) for text in texts]

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        """Texts as numbers.

        Parameters
        ----------
        inputs : array or list of texts, or one text

        Returns
        -------
        Tensor, (batch, n); (n,) for one text
        """
        if in_step():
            raise ValueError(f"{self.name}: expected to be called on data before the model, not inside of it")
        result = self.call(inputs)
        return result if np.ndim(inputs) else result[0]

    def call(self, inputs: Any) -> Tensor:
        rows = [self.lookup._places(row) for row in self._rows(inputs)]
        if self.output_mode != "int":
            return Tensor(self.lookup._encoded(rows))
        length = self.output_sequence_length
        if length is None:
            length = max(map(len, rows), default=0)
        result = np.zeros((len(rows), length), np.int64)
        for row, ids in enumerate(rows):
            result[row, : len(ids)] = ids[:length]
        return Tensor(result)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if self.output_mode == "int":
            return (input_shape[0], self.output_sequence_length)
        return (input_shape[0], self.lookup._depth())

    def get_config(self) -> dict[str, Any]:
        for argument, value in (("standardize", self.standardize), ("split", self.split)):
            if callable(value):
                raise ValueError(f"{self.name}: expected {argument} by name in a configuration, got a function")
        inner = self.lookup.get_config()
        shared = ("max_tokens", "output_mode", "pad_to_max_tokens", "vocabulary", "idf_weights", "adapted", "encoding")
        return {
            **super().get_config(),
            "standardize": self.standardize,
            "split": self.split,
            "ngrams": list(self.ngrams) if isinstance(self.ngrams, tuple | list) else self.ngrams,
            "output_sequence_length": self.output_sequence_length,
            **{name: inner[name] for name in shared},
        }


def _ngrams(tokens: Sequence[str], widths: Iterable[int]) -> Iterator[str]:
    """All sequences of as many tokens as each width says."""
    for width in widths:
        for start in range(len(tokens) - width + 1):
            yield " ".join(tokens[start : start + width])
