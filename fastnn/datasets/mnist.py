"""MNIST: 70,000 handwritten digits of 28x28 pixels."""

from __future__ import annotations

import numpy as np

from . import _idx
from ._files import fetch, folder

__all__ = ["load_data"]

_URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_HASHES = (
    "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "md5:d53e105ee54ea40749a09fcbcd1e9432",
    "md5:9fb629c4189551a2d022fa330f9573f3",
    "md5:ec29112dd5afa0611ce80d1b7f02629c",
)


def load_data(path: str = "mnist.npz") -> tuple[_idx.Split, _idx.Split]:
    """Load MNIST, from the four idx files of its authors.

    Parameters
    ----------
    path : str, default "mnist.npz"
        Keras's file of this name (x_train, y_train, x_test, y_test) is read instead when it lies in the folder of the
        data set, ``$FASTNN_HOME/datasets/mnist``, or where an absolute path says.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuples of numpy.ndarray
        Images, uint8 (60000, 28, 28) and (10000, 28, 28); labels 0 to 9, uint8 (60000,) and (10000,).

    Raises
    ------
    FileNotFoundError
        The files aren't there and can't be downloaded.
    ValueError
        A file isn't in its format.

    Notes
    -----
    Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits.
    """
    file = folder("mnist") / path
    if file.is_file():
        with np.load(file, allow_pickle=False) as arrays:
            return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])
    hashes = dict(zip(_idx.NAMES, _HASHES, strict=True))
    return _idx.load(lambda name: fetch("mnist", _URL + name, hashes[name]))
