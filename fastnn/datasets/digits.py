"""The optical digits of the UCI repository: 1,797 handwritten digits of 8x8 pixels.

The data lie beside this file in digits.npz; who made them and under which licence says digits.LICENSE.txt.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["load_data"]

_Split = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def load_data() -> tuple[_Split, _Split]:
    """Load the digits, four fifths for training and a held-out fifth for testing.

    The split is part of the file, so it is the same for everybody. Every digit has its share of both parts, and both
    are shuffled, so a ``validation_split`` of the training part is fair too.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuples of numpy.ndarray
        Images, uint8 (1437, 8, 8) and (360, 8, 8) with values 0 (paper) to 16 (ink); labels, uint8 (1437,) and (360,)
        with values 0 to 9. The arrays are new on every call.

    Notes
    -----
    E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning Repository,
    https://doi.org/10.24432/C50P49, CC BY 4.0.

    Examples
    --------
    >>> (x_train, y_train), (x_test, y_test) = load_data()
    >>> x_train.shape, x_test.shape
    ((1437, 8, 8), (360, 8, 8))
    """
    from importlib import resources  # slow to import, and only needed here

    file = resources.files(__package__).joinpath("digits.npz")
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])
