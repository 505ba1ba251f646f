"""California housing: prices in 20,640 districts of the census of 1990, and eight numbers about each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._files import fetch

__all__ = ["load_data"]

_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/california_housing.npz"
_HASH = "sha256:1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f"

_Split = tuple[NDArray[np.floating], NDArray[np.floating]]


def load_data(
    version: str = "large", path: str = "california_housing.npz", test_split: float = 0.2, seed: int = 113
) -> tuple[_Split, _Split]:
    """Load the districts, shuffled as Keras shuffles them.

    Parameters
    ----------
    version : {"large", "small"}, default "large"
        All 20,640 districts, or the first 600.
    path : str, default "california_housing.npz"
        Name of the file in ``$FASTNN_HOME/datasets/california_housing``.
    test_split : float in [0, 1), default 0.2
        Share of the test part.
    seed : int, default 113
        Decides the order.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuples of numpy.ndarray
        Features (n, 8): longitude, latitude, median age of the houses, rooms, bedrooms, population, households, median
        income; and median value of a house in dollars (n,).

    Raises
    ------
    FileNotFoundError
        The file isn't there and can't be downloaded.
    ValueError
        version or test_split makes no sense.

    Notes
    -----
    R. Pace, R. Barry (1997), Sparse spatial autoregressions, Statistics and Probability Letters 33.
    """
    if version not in ("large", "small"):
        raise ValueError(f"california_housing: expected version 'large' or 'small', got {version!r}")
    if not 0 <= test_split < 1:
        raise ValueError(f"california_housing: expected test_split in [0, 1), got {test_split}")
    with np.load(fetch("california_housing", _URL, _HASH, path), allow_pickle=False) as arrays:
        x, y = arrays["x"], arrays["y"]
    if version == "small":
        x, y = x[:600], y[:600]
    order = np.arange(len(x))
    np.random.RandomState(seed).shuffle(order)
    x, y = x[order], y[order]
    count = int(len(x) * (1 - test_split))
    return (x[:count], y[:count]), (x[count:], y[count:])
