"""LearnedVocabulary: a vocabulary that `adapt` can find in data, by how often tokens are seen.

It stands in the configuration, so that a model's file holds it as data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np

from .batches import batches_of, is_whole
from .vocabulary import Vocabulary

__all__ = ["LearnedVocabulary"]


class LearnedVocabulary(Vocabulary):
    """A vocabulary that is given, or found by `adapt`."""

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
        weighted = self.output_mode == "tf_idf"
        counts = TokenCounts(batches, (self.mask_token, self.oov_token), by_document=weighted)
        tokens = counts.most_frequent(None if self.max_tokens is None else self.max_tokens - self._first_known)
        if not tokens:
            return
        if weighted:
            weights = counts.rarity(tokens)
            front = np.full(self._first_known, np.mean(weights), np.float32)
            self._weights_of_tokens = np.concatenate([front, weights])
        self._set_tokens(tokens)

    def get_config(self) -> dict[str, Any]:
        weights = self._weights_of_tokens
        return {
            **super().get_config(),
            "vocabulary": self.get_vocabulary() if self._tokens else None,
            "idf_weights": None if weights is None else weights.tolist(),
            "adapted": not self._given,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a layer from what `get_config` returned; one that was adapted may be adapted again."""
        given = dict(config)
        adapted = given.pop("adapted", False)
        layer = cls(**given)
        layer._given = layer._given and not adapted
        return layer


class TokenCounts:
    """How often each token is seen, and in how many documents.

    Parameters
    ----------
    batches : iterable of documents, which are sequences of tokens
    special : sequence of tokens
        Not counted.
    by_document : bool
        Whether `rarity` will be asked for.
    """

    def __init__(
        self, batches: Iterable[Sequence[Sequence[Any]]], special: Sequence[Any], *, by_document: bool
    ) -> None:
        self._counts: Counter[Any] = Counter()
        self._containing: Counter[Any] = Counter()
        self._documents = 0
        for rows in batches:
            self._documents += len(rows)
            for row in rows:
                self._counts.update(row)
                if by_document:
                    self._containing.update(set(row))
        for token in special:
            self._counts.pop(token, None)

    def most_frequent(self, count: int | None) -> list[Any]:
        """So many tokens, or all, the most frequent first, equally frequent ones from the last in order on."""
        counts = self._counts
        return sorted(counts, key=lambda token: (counts[token], token), reverse=True)[:count]

    def rarity(self, tokens: Sequence[Any]) -> np.ndarray:
        """``log(1 + documents / (1 + documents with the token))`` of each token."""
        found = np.array([self._containing[token] for token in tokens], np.float64)
        return np.log1p(self._documents / (1 + found)).astype(np.float32)


def _documents(tokens: np.ndarray, alone: bool) -> list[list[Any]]:
    """The tokens of each row, or of all of it when it stands alone."""
    if alone or tokens.size == 0:
        return [tokens.reshape(-1).tolist()]
    rows: list[list[Any]] = tokens.reshape(len(tokens), -1).tolist()
    return rows
