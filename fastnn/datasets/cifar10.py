"""CIFAR-10: 60,000 colour images of 32x32 pixels in ten classes."""

from __future__ import annotations

from . import _cifar
from ._files import fetch

__all__ = ["load_data"]

_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
_HASH = "md5:c32a1d4ab5d03f1284b67883e8d87530"
_FOLDER = "cifar-10-batches-bin/"


def load_data() -> tuple[_cifar.Split, _cifar.Split]:
    """Load CIFAR-10, from its binary version, which holds nothing but bytes: the Python version is pickled.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuples of numpy.ndarray
        Images, uint8 (50000, 32, 32, 3) and (10000, 32, 32, 3); labels, uint8 (50000, 1) and (10000, 1): airplane,
        automobile, bird, cat, deer, dog, frog, horse, ship, truck.

    Raises
    ------
    FileNotFoundError
        The file isn't there and can't be downloaded.
    ValueError
        The file isn't in its format.

    Notes
    -----
    A. Krizhevsky (2009), Learning multiple layers of features from tiny images.
    """
    train = [f"{_FOLDER}data_batch_{number}.bin" for number in range(1, 6)]
    return _cifar.load(fetch("cifar10", _URL, _HASH), train, f"{_FOLDER}test_batch.bin", labels=1, label=0)
