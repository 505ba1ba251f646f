"""Vocabulary: the tokens of a lookup layer, and the weights of rare ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np

from ..base import Layer, arguments
from .encoding import check_mode

__all__ = ["Vocabulary"]

_MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")


class Vocabulary(Layer):
    """A layer with places for the mask token, for unknown tokens, and then for the known ones."""

    _unrecorded = Layer._unrecorded | {"_tokens", "_table", "_weights_of_tokens", "_given"}

    def __init__(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        invert: bool,
        output_mode: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        cls = type(self).__name__
        if max_tokens is not None and arguments.positive(cls, "max_tokens", max_tokens) < 2:
            raise ValueError(f"{cls}: expected max_tokens of at least 2, got {max_tokens}")
        self.max_tokens = max_tokens
        self.num_oov_indices = arguments.not_negative(cls, "num_oov_indices", num_oov_indices)
        self.mask_token, self.oov_token = mask_token, oov_token
        self.output_mode = check_mode(cls, output_mode, _MODES)
        self.invert = bool(invert)
        self._tokens: list[Any] = []
        self._table: dict[Any, int] = {}
        self._weights_of_tokens: np.ndarray | None = None  # for tf_idf, with those of the places before the tokens
        self._given = False  # whether the vocabulary is the one that the layer was made with

    def _begin(self, vocabulary: Any, idf_weights: Any) -> None:
        """Take the vocabulary that the layer is made with, if there is one."""
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)
            self._given = True
        elif idf_weights is not None:
            raise ValueError(f"{type(self).__name__}: expected a vocabulary with idf_weights")

    def _as_tokens(self, values: Any) -> np.ndarray:
        """Values as an array of tokens; refuses what are none."""
        raise NotImplementedError

    def _from_lines(self, lines: Sequence[str]) -> Sequence[Any]:
        """Tokens as they stand in a file."""
        return lines

    @property
    def _first_unknown(self) -> int:
        return int(self.mask_token is not None and self.output_mode == "int")

    @property
    def _first_known(self) -> int:
        return self._first_unknown + self.num_oov_indices

    def _special(self) -> list[Any]:
        return [self.mask_token] * self._first_unknown + [self.oov_token] * self.num_oov_indices

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The tokens in the order of their numbers, those of mask and unknown tokens first.

        Parameters
        ----------
        include_special_tokens : bool, default True
        """
        return [*(self._special() if include_special_tokens else []), *self._tokens]

    def vocabulary_size(self) -> int:
        """How many places there are, those of mask and unknown tokens included."""
        return self._first_known + len(self._tokens)

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Set the tokens.

        Parameters
        ----------
        vocabulary : sequence of tokens, or path of a text file with one a line
            Most frequent first; may begin with the mask token and the tokens for unknown ones.
        idf_weights : sequence of float, optional
            Of each token of the vocabulary; needed by "tf_idf", refused by other modes.
        """
        if (idf_weights is None) == (self.output_mode == "tf_idf"):
            raise ValueError(f"{self.name}: expected idf_weights with output_mode 'tf_idf' and with no other")
        if isinstance(vocabulary, str | PathLike):
            from pathlib import Path

            vocabulary = self._from_lines(Path(vocabulary).read_text(encoding="utf-8").splitlines())
        given = self._as_tokens(vocabulary).reshape(-1).tolist()
        special = self._special()
        whole = given[: len(special)] == special
        tokens = given[len(special) :] if whole else given
        self._check_tokens(given, tokens, special)
        if idf_weights is not None:
            weights = np.asarray(idf_weights, np.float32)
            if weights.shape != (len(given),):
                raise ValueError(
                    f"{self.name}: expected {len(given)} idf_weights, one for each token, got {weights.shape}"
                )
            front = np.full(0 if whole else len(special), np.mean(weights, dtype=np.float64), np.float32)
            self._weights_of_tokens = np.concatenate([front, weights])
        self._set_tokens(tokens)

    def _check_tokens(self, given: list[Any], tokens: list[Any], special: list[Any]) -> None:
        """Whether the tokens, of which the special ones may have been taken off, can be a vocabulary."""
        cls = self.name
        if not given:
            raise ValueError(f"{cls}: expected a vocabulary, got none")
        if repeated := [token for token, count in Counter(tokens).items() if count > 1]:
            raise ValueError(f"{cls}: expected each token once in the vocabulary, got again: {repeated[:10]}")
        for reserved in (self.mask_token, self.oov_token if self.invert else None):
            if reserved is not None and reserved in tokens:
                raise ValueError(f"{cls}: expected a vocabulary without {reserved!r}, or beginning with {special}")
        if self.max_tokens is not None and len(special) + len(tokens) > self.max_tokens:
            raise ValueError(
                f"{cls}: expected at most {self.max_tokens} tokens, got {len(tokens)} and {len(special)} special ones"
            )

    def _set_tokens(self, tokens: list[Any]) -> None:
        self._tokens = tokens
        self._table = {token: place for place, token in enumerate(tokens, self._first_known)}
        self._changed()
