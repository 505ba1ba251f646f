"""IndexLookup: what IntegerLookup and StringLookup share, tokens that become numbers by a vocabulary.

A lookup is plain Python on NumPy arrays: it is called on data before the model, and no part of recorded steps. The
vocabulary stands in the configuration, so that a model's file holds it as data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any, Self

import numpy as np

from ...program import in_step
from ...tensor import Tensor
from .. import arguments
from ..base import Layer, Shape
from .batches import batches_of, is_whole
from .encoding import check_mode, encoded_rows, encoded_shape
from .hashing import fingerprint64, siphash64

__all__ = ["IndexLookup"]

_MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")


class IndexLookup(Layer):
    """Tokens as their places in a vocabulary: the mask token, places for unknown tokens, then the known ones."""

    _unrecorded = Layer._unrecorded | {"_tokens", "_table", "_weights_of_tokens", "_given"}
    _streams = "it is called on arrays before the model"

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
        super().__init__(**kwargs)
        cls = type(self).__name__
        if max_tokens is not None and arguments.positive(cls, "max_tokens", max_tokens) < 2:
            raise ValueError(f"{cls}: expected max_tokens of at least 2, got {max_tokens}")
        if pad_to_max_tokens and max_tokens is None:
            raise ValueError(f"{cls}: expected max_tokens with pad_to_max_tokens")
        self.max_tokens = max_tokens
        self.num_oov_indices = arguments.not_negative(cls, "num_oov_indices", num_oov_indices)
        self.mask_token, self.oov_token = mask_token, oov_token
        self.output_mode = check_mode(cls, output_mode, _MODES)
        self.invert, self.sparse = bool(invert), arguments.dense(cls, sparse)
        self.pad_to_max_tokens = bool(pad_to_max_tokens)
        self.salt = _key(cls, salt)
        if self.invert and self.output_mode != "int":
            raise ValueError(f"{cls}: expected output_mode 'int' with invert, got {output_mode!r}")
        self._tokens: list[Any] = []
        self._table: dict[Any, int] = {}
        self._weights_of_tokens: np.ndarray | None = None  # for tf_idf, with those of the places before the tokens
        self._given = False  # whether the vocabulary is the one that the layer was made with
        self.built = True

    def _begin(self, vocabulary: Any, idf_weights: Any) -> None:
        """Take the vocabulary that the layer is made with, if there is one."""
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)
            self._given = True
        elif idf_weights is not None:
            raise ValueError(f"{type(self).__name__}: expected a vocabulary with idf_weights")

    # ---- what tokens are, for subclasses -----------------------------------------------------------------------------

    def _as_tokens(self, values: Any) -> np.ndarray:
        """Values as an array of tokens; refuses what are none."""
        raise NotImplementedError

    def _hashed(self, token: Any) -> int:
        """Which of the places for unknown tokens is a token's: chosen by a hash of its text."""
        text = str(token).encode()
        return (fingerprint64(text) if self.salt is None else siphash64(text, self.salt)) % self.num_oov_indices

    # ---- the vocabulary ----------------------------------------------------------------------------------------------

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
        cls = self.name
        if (idf_weights is None) == (self.output_mode == "tf_idf"):
            raise ValueError(f"{cls}: expected idf_weights with output_mode 'tf_idf' and with no other")
        if isinstance(vocabulary, str | PathLike):
            from pathlib import Path

            vocabulary = Path(vocabulary).read_text(encoding="utf-8").splitlines()
            vocabulary = self._from_lines(vocabulary)
        given = self._as_tokens(vocabulary).reshape(-1).tolist()
        if not given:
            raise ValueError(f"{cls}: expected a vocabulary, got none")
        special = self._special()
        whole = given[: len(special)] == special
        tokens = given[len(special) :] if whole else given
        if repeated := [token for token, count in Counter(tokens).items() if count > 1]:
            raise ValueError(f"{cls}: expected each token once in the vocabulary, got again: {repeated[:10]}")
        for reserved in (self.mask_token, self.oov_token if self.invert else None):
            if reserved is not None and reserved in tokens:
                raise ValueError(f"{cls}: expected a vocabulary without {reserved!r}, or beginning with {special}")
        if self.max_tokens is not None and len(special) + len(tokens) > self.max_tokens:
            raise ValueError(
                f"{cls}: expected at most {self.max_tokens} tokens, got {len(tokens)} and {len(special)} special ones"
            )
        if idf_weights is not None:
            weights = np.asarray(idf_weights, np.float32)
            if weights.shape != (len(given),):
                raise ValueError(f"{cls}: expected {len(given)} idf_weights, one for each token, got {weights.shape}")
            front = np.full(0 if whole else len(special), np.mean(weights, dtype=np.float64), np.float32)
            self._weights_of_tokens = np.concatenate([front, weights])
        self._set_tokens(tokens)

    def _from_lines(self, lines: Sequence[str]) -> Sequence[Any]:
        return lines

    def _set_tokens(self, tokens: list[Any]) -> None:
        self._tokens = tokens
        self._table = {token: place for place, token in enumerate(tokens, self._first_known)}
        self._changed()

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Find the vocabulary in one pass over data: the most frequent tokens first, equally frequent ones from the
        last in order to the first.

        Parameters
        ----------
        data : array, list, Tensor, or iterable of batches
            For "tf_idf", a row of an array is a document, and a batch of one axis is one.
        steps : int, optional
            How many batches to look at.
        """
        whole = is_whole(data, lists=True)
        batches = map(self._as_tokens, batches_of(self.name, data, steps, lists=True))
        self._learn(_documents(batch, alone=batch.ndim < 2 and not whole) for batch in batches)

    def _learn(self, batches: Iterable[Sequence[Sequence[Any]]]) -> None:
        """Find the vocabulary of batches of documents, which are sequences of tokens."""
        if self._given:
            raise ValueError(f"{self.name}: expected no adapt, as a vocabulary was given")
        counts: Counter[Any] = Counter()
        containing: Counter[Any] = Counter()
        documents = 0
        for rows in batches:
            documents += len(rows)
            for row in rows:
                counts.update(row)
                if self.output_mode == "tf_idf":
                    containing.update(set(row))
        for special in (self.mask_token, self.oov_token):
            counts.pop(special, None)
        if not counts:
            return
        tokens = sorted(counts, key=lambda token: (counts[token], token), reverse=True)
        if self.max_tokens is not None:
            tokens = tokens[: self.max_tokens - self._first_known]
        if self.output_mode == "tf_idf":
            found = np.array([containing[token] for token in tokens], np.float64)
            weights = np.log1p(documents / (1 + found)).astype(np.float32)
            front = np.full(self._first_known, np.mean(weights), np.float32)
            self._weights_of_tokens = np.concatenate([front, weights])
        self._set_tokens(tokens)

    # ---- looking up --------------------------------------------------------------------------------------------------

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        """Look tokens up.

        Parameters
        ----------
        inputs : array or nested lists of tokens; of numbers with invert

        Returns
        -------
        Tensor; an array of tokens with invert
        """
        if in_step():
            raise ValueError(f"{self.name}: expected to be called on data before the model, not inside of it")
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

    # ---- the configuration -------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        weights = self._weights_of_tokens
        return {
            **super().get_config(),
            "max_tokens": self.max_tokens,
            "num_oov_indices": self.num_oov_indices,
            "mask_token": self.mask_token,
            "oov_token": self.oov_token,
            "vocabulary": self.get_vocabulary() if self._tokens else None,
            "idf_weights": None if weights is None else weights.tolist(),
            "adapted": not self._given,
            "invert": self.invert,
            "output_mode": self.output_mode,
            "pad_to_max_tokens": self.pad_to_max_tokens,
            "salt": None if self.salt is None else list(self.salt),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a layer from what `get_config` returned; one that was adapted may be adapted again."""
        given = dict(config)
        adapted = given.pop("adapted", False)
        layer = cls(**given)
        layer._given = layer._given and not adapted
        return layer


def _documents(tokens: np.ndarray, alone: bool) -> list[list[Any]]:
    """The tokens of each row, or of all of it when it stands alone."""
    if alone or tokens.size == 0:
        return [tokens.reshape(-1).tolist()]
    rows: list[list[Any]] = tokens.reshape(len(tokens), -1).tolist()
    return rows


def _key(cls: str, salt: Any) -> tuple[int, int] | None:
    """The key of the hash: two integers, or one for both."""
    parts = tuple(salt) if isinstance(salt, tuple | list) else (salt, salt)
    if salt is None:
        return None
    if len(parts) != 2 or any(isinstance(part, bool) or not isinstance(part, int) for part in parts):
        raise ValueError(f"{cls}: expected salt to be one integer or two, got {salt!r}")
    return parts[0], parts[1]
