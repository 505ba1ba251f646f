"""IntegerLookup: whole numbers, however large, as places in a vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...tensor import Tensor
from ..base import Shape
from .index_lookup import IndexLookup

__all__ = ["IntegerLookup"]


class IntegerLookup(IndexLookup):
    """Whole numbers as their places in a vocabulary, which is given or found by `adapt`.

    It is called on arrays before the model; the result is a Tensor of int64, or float32 for "tf_idf".

    Parameters
    ----------
    max_tokens : int, optional
        How many places there are at most, those of mask and unknown tokens included.
    num_oov_indices : int, default 1
        Places for unknown tokens; with 0 these are a ValueError, with more than 1 `oov_method` chooses.
    mask_token : int, optional
        Becomes place 0; left out by the other output modes.
    oov_token : int, default -1
        What `invert` gives for places of unknown tokens.
    vocabulary : sequence of int, or path of a text file with one a line, optional
    vocabulary_dtype : "int64"
    idf_weights : sequence of float, optional
        For "tf_idf", of each token of the vocabulary.
    invert : bool, default False
        Places to tokens.
    output_mode : {"int", "one_hot", "multi_hot", "count", "tf_idf"}, default "int"
        Places; a row for each place; which tokens are in a sample; how often; that times how rare a token is,
        ``log(1 + documents / (1 + documents with the token))``.
    sparse : False
    pad_to_max_tokens : bool, default False
        Rows of max_tokens, however many tokens there are.
    oov_method : {"floormod", "farmhash"}, default "floormod"
        Unknown tokens by remainder, or by hash.
    salt : int or (int, int), optional
        For "farmhash": the key of SipHash, which then takes its place.
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: int | Sequence[int] | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if vocabulary_dtype != "int64":
            raise ValueError(f"IntegerLookup: expected vocabulary_dtype 'int64', got {vocabulary_dtype!r}")
        if oov_method not in ("floormod", "farmhash"):
            raise ValueError(f"IntegerLookup: expected oov_method 'floormod' or 'farmhash', got {oov_method!r}")
        if salt is not None and oov_method != "farmhash":
            raise ValueError(f"IntegerLookup: expected oov_method 'farmhash' with salt, got {oov_method!r}")
        super().__init__(
            max_tokens,
            num_oov_indices,
            mask_token,
            oov_token,
            invert,
            output_mode,
            sparse,
            pad_to_max_tokens,
            salt,
            name=name,
            **kwargs,
        )
        self.oov_method = oov_method
        self._begin(vocabulary, idf_weights)

    def _as_tokens(self, values: Any) -> np.ndarray:
        array = values.numpy() if isinstance(values, Tensor) else np.asarray(values)
        if array.size and array.dtype.kind not in "iu":
            raise TypeError(f"{self.name}: expected whole numbers, got {array.dtype}")
        return array.astype(np.int64)

    def _takes_ids(self) -> bool:
        return True

    def _from_lines(self, lines: Sequence[str]) -> Sequence[Any]:
        return [int(line) for line in lines]

    def _hashed(self, token: int) -> int:
        return token % self.num_oov_indices if self.oov_method == "floormod" else super()._hashed(token)

    def _as_result(self, tokens: list[Any], shape: Shape) -> Any:
        return Tensor(np.array(tokens, np.int64).reshape(shape))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "oov_method": self.oov_method}
