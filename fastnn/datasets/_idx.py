"""MNIST's file format, and the four files of a data set in it.

An idx file is two zero bytes, a byte for the type (8: unsigned bytes), one for the number of axes, each axis's length
in four bytes, big end first, and the values (Y. LeCun, C. Cortes, C. Burges, The MNIST database).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["NAMES", "Split", "load", "read"]

Split = tuple[NDArray[np.uint8], NDArray[np.uint8]]
NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


def read(path: Path) -> NDArray[np.uint8]:
    """The array in a gzipped idx file; ValueError when it isn't one."""
    import gzip  # slow to import, and only needed here

    try:
        content = gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as problem:
        raise ValueError(
            f"{path}: expected a gzipped idx file, got one that can't be unpacked ({problem})"
        ) from problem
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise ValueError(f"{path}: expected an idx file of unsigned bytes, got one that begins with {content[:4]!r}")
    start = 4 + 4 * content[3]
    shape = struct.unpack(f">{content[3]}I", content[4:start]) if len(content) >= start else ()
    if len(content) != start + math.prod(shape):
        raise ValueError(f"{path}: expected {math.prod(shape)} values behind the header, got {len(content) - start}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy()


def load(path_of: Callable[[str], Path]) -> tuple[Split, Split]:
    """Training and test part from the four files, whose paths `path_of` finds."""
    x_train, y_train, x_test, y_test = (read(path_of(name)) for name in NAMES)
    for images, labels in ((x_train, y_train), (x_test, y_test)):
        if images.ndim != 3 or labels.shape != images.shape[:1]:
            raise ValueError(
                f"{path_of(NAMES[0]).parent}: expected images (n, height, width) and labels (n,), got {images.shape} "
                f"and {labels.shape}"
            )
    return (x_train, y_train), (x_test, y_test)
