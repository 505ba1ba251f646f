"""CIFAR's binary format: records of one or two label bytes and 3,072 of an image, red, green and blue plane in turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import tarfile
    from pathlib import Path

__all__ = ["Split", "load"]

Split = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def load(archive: Path, train: Sequence[str], test: str, labels: int, label: int) -> tuple[Split, Split]:
    """Training and test part from the members of a .tar.gz file.

    Parameters
    ----------
    archive : pathlib.Path
    train, test : names of members
    labels : int
        Label bytes of a record.
    label : int
        Which of them counts.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        Images (n, 32, 32, 3) and labels (n, 1).
    """
    with _opened(archive) as file:
        parts = [_member(file, archive, name, labels, label) for name in (*train, test)]
    *trained, tested = parts
    x_train, y_train = (np.concatenate(arrays) for arrays in zip(*trained, strict=True))
    return (x_train, y_train), tested


def _opened(archive: Path) -> tarfile.TarFile:
    import tarfile  # slow to import, and only needed here

    try:
        return tarfile.open(archive, "r:gz")
    except (tarfile.TarError, OSError, EOFError) as problem:
        raise ValueError(f"{archive}: expected a .tar.gz file, got one that can't be unpacked ({problem})") from problem


def _member(file: tarfile.TarFile, archive: Path, name: str, labels: int, label: int) -> Split:
    try:
        stream = file.extractfile(name)
        content = b"" if stream is None else stream.read()
    except (KeyError, OSError, EOFError) as problem:
        raise ValueError(f"{archive}: expected a member {name}, which can't be read ({problem})") from problem
    size = labels + 32 * 32 * 3
    if not content or len(content) % size:
        raise ValueError(f"{archive}: expected {name} to hold records of {size} bytes, got {len(content)} bytes")
    records = np.frombuffer(content, np.uint8).reshape(-1, size)
    images = records[:, labels:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), records[:, label : label + 1].copy()
