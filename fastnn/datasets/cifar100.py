"""CIFAR-100: 60,000 colour images of 32x32 pixels in a hundred classes of twenty kinds."""

from __future__ import annotations

from . import _cifar
from ._files import fetch

__all__ = ["load_data"]

_URL = "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"
_HASH = "md5:03b5dce01913d631647c71ecec9e9cb8"


def load_data(label_mode: str = "fine") -> tuple[_cifar.Split, _cifar.Split]:
    """Load CIFAR-100, from its binary version, which holds nothing but bytes.

    Parameters
    ----------
    label_mode : {"fine", "coarse"}, default "fine"
        Labels of the hundred classes, or of the twenty kinds.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuples of numpy.ndarray
        Images, uint8 (50000, 32, 32, 3) and (10000, 32, 32, 3); labels, uint8 (50000, 1) and (10000, 1).

    Raises
    ------
    FileNotFoundError
        The file isn't there and can't be downloaded.
    ValueError
        label_mode is another word, or the file isn't in its format.

    Notes
    -----
    A. Krizhevsky (2009), Learning multiple layers of features from tiny images.
    """
    if label_mode not in ("fine", "coarse"):
        raise ValueError(f"cifar100: expected label_mode 'fine' or 'coarse', got {label_mode!r}")
    archive = fetch("cifar100", _URL, _HASH)
    members = ["cifar-100-binary/train.bin"], "cifar-100-binary/test.bin"
    return _cifar.load(archive, *members, labels=2, label=int(label_mode == "fine"))
