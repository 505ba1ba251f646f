"""IndexLookup: what IntegerLookup and StringLookup share, tokens that become numbers by a vocabulary.

A lookup is plain Python on NumPy arrays: it is called on data before the model, and no part of recorded steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...tensor import Tensor
from ..base import Shape, arguments
from .encoding import encoded_rows, encoded_shape
from .hashing import fingerprint64, key_of_salt, siphash64
from .learned_vocabulary import LearnedVocabulary
from .on_data import symbolic_of_data

__all__ = ["IndexLookup"]


class IndexLookup(LearnedVocabulary):
    """Tokens as their places in a vocabulary."""

    _streams = "it is called on arrays before the model"
    _on_data = True

    def __init__(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        invert: bool,
        output_mode: str,
        sparse: bool,
        pad_to_max_tokens: bool,
        salt: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(max_tokens, num_oov_indices, mask_token, oov_token, invert, output_mode, **kwargs)
        cls = type(self).__name__
        if pad_to_max_tokens and max_tokens is None:
            raise ValueError(f"{cls}: expected max_tokens with pad_to_max_tokens")
        if self.invert and self.output_mode != "int":
            raise ValueError(f"{cls}: expected output_mode 'int' with invert, got {output_mode!r}")
        self.sparse = arguments.dense(cls, sparse)
        self.pad_to_max_tokens = bool(pad_to_max_tokens)
        self.salt = key_of_salt(cls, salt)
        self.built = True

    def _hashed(self, token: Any) -> int:
        """Which of the places for unknown tokens is a token's: chosen by a hash of its text."""
        text = str(token).encode()
        return (fingerprint64(text) if self.salt is None else siphash64(text, self.salt)) % self.num_oov_indices

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        """Look tokens up.

        Parameters
        ----------
        inputs : array or nested lists of tokens; of numbers with invert

        Returns
        -------
        Tensor; an array of tokens with invert
        """
        if (symbolic := symbolic_of_data(self, inputs)) is not None:
            return symbolic
        return self.call(inputs)

    def call(self, inputs: Any) -> Any:
        if isinstance(inputs, Tensor):
            inputs = inputs.numpy()
        if self.invert:
            return self._tokens_of(np.asarray(inputs))
        tokens = self._as_tokens(inputs)
        ids: np.ndarray = np.array(self._places(tokens.reshape(-1).tolist()), np.int64).reshape(tokens.shape)
        if self.output_mode == "int":
            return Tensor(ids)
        if self.output_mode == "one_hot":
            if ids.ndim > 1 and ids.shape[-1] == 1:
                ids = ids[..., 0]
            return Tensor((ids.reshape(-1, 1) == np.arange(self._depth())).astype(np.int64).reshape(*ids.shape, -1))
        if ids.ndim > 2:
            raise ValueError(f"{self.name}: expected (batch, n) tokens for {self.output_mode!r}, got {ids.shape}")
        result = self._encoded(np.atleast_2d(ids))
        return Tensor(result if ids.ndim == 2 else result[0])

    def _places(self, tokens: Sequence[Any]) -> list[int]:
        """The number of each token; -1 for what the encoding leaves out."""
        table, unknown = self._table, self._first_unknown
        skipped = 0 if self.output_mode == "int" else -1
        places = [table.get(token, -2) for token in tokens]
        for at, place in enumerate(places):
            if place != -2:
                continue
            token = tokens[at]
            if self.mask_token is not None and token == self.mask_token:
                places[at] = skipped
            elif self.num_oov_indices == 0:
                wrong = [t for t in tokens if t not in table and t != self.mask_token]
                raise ValueError(
                    f"{self.name}: expected tokens of the vocabulary, as num_oov_indices is 0, got {wrong[:10]}"
                )
            else:
                places[at] = unknown + (self._hashed(token) if self.num_oov_indices > 1 else 0)
        return places

    def _encoded(self, rows: Sequence[Any] | np.ndarray) -> np.ndarray:
        """Sets, counts or weighted counts of rows of numbers."""
        if self.output_mode != "tf_idf":
            return encoded_rows(rows, self.output_mode, self._depth(), np.int64)
        if self._weights_of_tokens is None:
            raise ValueError(f"{self.name}: expected a vocabulary; call adapt on data first")
        weights = np.zeros(self._depth(), np.float32)
        weights[: len(self._weights_of_tokens)] = self._weights_of_tokens
        return encoded_rows(rows, "count", self._depth(), np.float32) * weights

    def _tokens_of(self, ids: np.ndarray) -> Any:
        """The token at each place."""
        if ids.dtype.kind not in "iu":
            raise TypeError(f"{self.name}: expected whole numbers to invert, got {ids.dtype}")
        names = dict(enumerate(self._tokens, self._first_known))
        if self.mask_token is not None:
            names[0] = self.mask_token
        found = [names.get(place, self.oov_token) for place in ids.reshape(-1).tolist()]
        return self._as_result(found, ids.shape)

    def _as_result(self, tokens: list[Any], shape: Shape) -> Any:
        return np.array(tokens).reshape(shape)

    def _depth(self) -> int:
        return self.max_tokens if self.pad_to_max_tokens and self.max_tokens else self.vocabulary_size()

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return encoded_shape(input_shape, self.output_mode, self._depth())

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_tokens": self.max_tokens,
            "num_oov_indices": self.num_oov_indices,
            "mask_token": self.mask_token,
            "oov_token": self.oov_token,
            "invert": self.invert,
            "output_mode": self.output_mode,
            "pad_to_max_tokens": self.pad_to_max_tokens,
            "salt": None if self.salt is None else list(self.salt),
        }
