"""IMDB: 50,000 film reviews as lists of word numbers, and whether each is positive."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _pickled_lists
from ._files import fetch

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["get_word_index", "load_data"]

_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_HASH = "sha256:69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"
_INDEX_HASH = "md5:bfafd718b763782e994055a2d397834f"

_Split = tuple[NDArray[Any], NDArray[np.int64]]


def load_data(
    path: str = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[_Split, _Split]:
    """Load the reviews as Keras does, in the same order. The file's lists are read as data, nothing is unpickled: that
    takes about half a minute.

    Parameters
    ----------
    path : str, default "imdb.npz"
        Name of the file in ``$FASTNN_HOME/datasets/imdb``.
    num_words : int, optional
        Word numbers from this one on, which are the rarer ones, become `oov_char`.
    skip_top : int, default 0
        Word numbers below this one, which are the most frequent ones, become `oov_char`.
    maxlen : int, optional
        Reviews of this length or more are left out.
    seed : int, default 113
        Decides the order.
    start_char : int, default 1
        Begins every review; None: nothing does.
    oov_char : int, default 2
        Stands for words left out; None: nothing does.
    index_from : int, default 3
        Is added to all word numbers.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuples of numpy.ndarray
        Arrays (n,) of lists, and labels 0 and 1, int64 (n,); 25,000 each without maxlen.

    Raises
    ------
    FileNotFoundError
        The file isn't there and can't be downloaded.
    ValueError
        The file isn't in its format, or no review is shorter than maxlen.

    Notes
    -----
    A. Maas, R. Daly, P. Pham, D. Huang, A. Ng, C. Potts (2011), Learning word vectors for sentiment analysis, ACL.
    """
    file = fetch("imdb", _URL + "imdb.npz", _HASH, path)
    generator = np.random.RandomState(seed)
    parts = [
        _reviews(file, part, generator, [] if start_char is None else [start_char], index_from, maxlen)
        for part in ("train", "test")
    ]
    limit = num_words or max(max(words, default=0) for part in parts for words, _ in part)
    train, test = (_arrays(part, skip_top, limit, oov_char) for part in parts)
    return train, test


def _reviews(
    file: Path, part: str, generator: np.random.RandomState, begin: list[int], index_from: int, maxlen: int | None
) -> list[tuple[list[int], int]]:
    """Words and label of every review of a part that is short enough, shuffled."""
    reviews = _pickled_lists.read(file, f"x_{part}")
    with np.load(file, allow_pickle=False) as arrays:
        labels = arrays[f"y_{part}"]
    order = np.arange(len(reviews))
    generator.shuffle(order)
    found = [(begin + [word + index_from for word in reviews[i]], int(labels[i])) for i in order]
    if maxlen is not None:
        found = [(words, label) for words, label in found if len(words) < maxlen]
        if not found:
            raise ValueError(f"imdb: expected maxlen to leave reviews in both parts, got {maxlen}")
    return found


def _arrays(reviews: list[tuple[list[int], int]], low: int, high: int, oov: int | None) -> _Split:
    """Reviews and labels as arrays; words outside of [low, high) are replaced, or left out without oov."""
    x = np.empty(len(reviews), dtype=object)
    for i, (words, _) in enumerate(reviews):
        if oov is None:
            x[i] = [word for word in words if low <= word < high]
        else:
            x[i] = [word if low <= word < high else oov for word in words]
    return x, np.array([label for _, label in reviews], dtype=np.int64)


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """The number of each word, before `index_from` is added.

    Parameters
    ----------
    path : str, default "imdb_word_index.json"
        Name of the file in ``$FASTNN_HOME/datasets/imdb``.

    Returns
    -------
    dict from str to int

    Raises
    ------
    FileNotFoundError
        The file isn't there and can't be downloaded.
    """
    file = fetch("imdb", _URL + "imdb_word_index.json", _INDEX_HASH, path)
    found: dict[str, int] = json.loads(file.read_text(encoding="utf-8"))
    return found
