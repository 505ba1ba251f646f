"""TextVectorization: texts cut into tokens, and these into numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...tensor import Tensor
from ..base import Layer, Shape
from .batches import batches_of
from .encoding import check_mode, padded_rows
from .on_data import symbolic_of_data
from .string_lookup import StringLookup
from .tokenizer import Tokenizer

__all__ = ["TextVectorization"]


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
    """

    _streams = "it is called on arrays before the model"
    _on_data = True

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
        if ragged:
            raise ValueError(f"TextVectorization: expected ragged False, got {ragged!r}")
        self.standardize, self.split, self.ngrams = standardize, split, ngrams
        self._tokenizer = Tokenizer("TextVectorization", standardize, split, ngrams, encoding)
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
        batches = batches_of(self.name, data, steps, lists=True)
        self.lookup._learn(self._tokenizer.rows(self.name, batch) for batch in batches)

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """See `StringLookup.get_vocabulary`."""
        return self.lookup.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """How many places there are, those of padding and unknown tokens included."""
        return self.lookup.vocabulary_size()

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """See `StringLookup.set_vocabulary`."""
        self.lookup.set_vocabulary(vocabulary, idf_weights)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        """Texts as numbers.

        Parameters
        ----------
        inputs : array or list of texts, or one text

        Returns
        -------
        Tensor, (batch, n); (n,) for one text
        """
        if (symbolic := symbolic_of_data(self, inputs)) is not None:
            return symbolic
        result = self.call(inputs)
        return result if np.ndim(inputs) else result[0]

    def call(self, inputs: Any) -> Tensor:
        rows = [self.lookup._places(row) for row in self._tokenizer.rows(self.name, inputs)]
        if self.output_mode != "int":
            return Tensor(self.lookup._encoded(rows))
        return Tensor(padded_rows(rows, self.output_sequence_length))

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
