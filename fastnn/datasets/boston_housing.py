"""Boston housing: median prices in 506 districts of Boston in the seventies, and thirteen numbers about each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._files import fetch

__all__ = ["load_data"]

_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/boston_housing.npz"
_HASH = "sha256:f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"

_Split = tuple[NDArray[np.floating], NDArray[np.floating]]


def load_data(path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113) -> tuple[_Split, _Split]:
    """Load the districts, shuffled as Keras shuffles them.

    One of the thirteen numbers was made from the share of black inhabitants, by a formula that takes for granted that
    segregation raises prices; `california_housing` is the better data set for most purposes.

    Parameters
    ----------
    path : str, default "boston_housing.npz"
        Name of the file in ``$FASTNN_HOME/datasets/boston_housing``.
    test_split : float in [0, 1), default 0.2
        Share of the test part.
    seed : int, default 113
        Decides the order.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuples of numpy.ndarray
        Features (n, 13), and median values in thousands of dollars (n,).

    Raises
    ------
    FileNotFoundError
        The file isn't there and can't be downloaded.
    ValueError
        test_split makes no sense.

    Notes
    -----
    D. Harrison, D. Rubinfeld (1978), Hedonic prices and the demand for clean air, J. Environ. Economics & Management 5.
    """
    if not 0 <= test_split < 1:
        raise ValueError(f"boston_housing: expected test_split in [0, 1), got {test_split}")
    with np.load(fetch("boston_housing", _URL, _HASH, path), allow_pickle=False) as arrays:
        x, y = arrays["x"], arrays["y"]
    order = np.arange(len(x))
    np.random.RandomState(seed).shuffle(order)
    x, y = x[order], y[order]
    count = int(len(x) * (1 - test_split))
    return (x[:count], y[:count]), (x[count:], y[count:])
