"""StringLookup: strings as places in a vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...tensor import Tensor
from .index_lookup import IndexLookup

__all__ = ["StringLookup"]


class StringLookup(IndexLookup):
    """Strings as their places in a vocabulary, which is given or found by `adapt`.

    It is called on arrays or lists of strings before the model, for strings are no tensors. The result is a Tensor of
    int64, float32 for "tf_idf", and with `invert` an array of strings.

    Parameters
    ----------
    max_tokens : int, optional
        How many places there are at most, those of mask and unknown tokens included.
    num_oov_indices : int, default 1
        Places for unknown tokens; with 0 these are a ValueError, with more than 1 a hash chooses.
    mask_token : str, optional
        Becomes place 0; left out by the other output modes.
    oov_token : str, default "[UNK]"
        What `invert` gives for places of unknown tokens.
    vocabulary : sequence of str, or path of a text file with one a line, optional
    idf_weights, invert, output_mode
        As for `IntegerLookup`.
    pad_to_max_tokens : bool, default False
        Rows of max_tokens, however many tokens there are.
    sparse : False
    encoding : str, default "utf-8"
        Of strings that come as bytes.
    salt : int or (int, int), optional
        The key of SipHash, which takes the place of FarmHash.
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        salt: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
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
        self.encoding = encoding
        self._begin(vocabulary, idf_weights)

    def _as_tokens(self, values: Any) -> np.ndarray:
        return as_strings(self.name, values, self.encoding)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "encoding": self.encoding}


def as_strings(layer: str, values: Any, encoding: str) -> np.ndarray:
    """An array of str objects; refuses what are no strings."""
    if isinstance(values, Tensor):
        raise TypeError(f"{layer}: expected strings, got a Tensor")
    array = np.asarray(values)
    items = array.reshape(-1).tolist()
    texts = [item.decode(encoding) if isinstance(item, bytes) else item for item in items]
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"{layer}: expected strings, got {text!r}")
    result = np.empty(len(texts), object)
    result[:] = texts
    return result.reshape(array.shape)
