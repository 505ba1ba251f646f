"""Fashion-MNIST: 70,000 pictures of clothes of 28x28 pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _idx
from ._files import fetch, folder

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["load_data"]

_URL = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"
_HASHES = (
    "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "md5:25c81989df183df01b3e8a0aad5dffbe",
    "md5:bef4ecab320f06d8554ea6380940ec79",
    "md5:bb300cfdad3c16e7a12a480ee83cd310",
)
_DEBIAN = "/usr/share/datasets/fashion-mnist"  # of the package dataset-fashion-mnist


def _path(name: str) -> Path:
    kept = folder("fashion_mnist")
    packaged = type(kept)(_DEBIAN, name)
    if not (kept / name).is_file() and packaged.is_file():
        return packaged
    return fetch("fashion_mnist", _URL + name, dict(zip(_idx.NAMES, _HASHES, strict=True))[name])


def load_data() -> tuple[_idx.Split, _idx.Split]:
    """Load Fashion-MNIST, from the four idx files of its authors or those of Debian's package dataset-fashion-mnist.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuples of numpy.ndarray
        Images, uint8 (60000, 28, 28) and (10000, 28, 28); labels, uint8 (60000,) and (10000,): T-shirt/top, trouser,
        pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot.

    Raises
    ------
    FileNotFoundError
        The files aren't there and can't be downloaded.
    ValueError
        A file isn't in its format.

    Notes
    -----
    H. Xiao, K. Rasul, R. Vollgraf (2017), Fashion-MNIST, https://arxiv.org/abs/1708.07747, MIT licence.
    """
    return _idx.load(_path)
