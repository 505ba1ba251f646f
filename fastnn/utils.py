"""Small helpers with Keras's names: `to_categorical` and `set_random_seed`."""

from __future__ import annotations

from typing import Any

import numpy as np

from .losses.arrays import whole_numbers
from .random import set_random_seed

__all__ = ["set_random_seed", "to_categorical"]


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """One-hot rows from class numbers.

    Parameters
    ----------
    x : array of integers, (...) or (..., 1)
        Class numbers from 0.
    num_classes : int, optional
        Length of a row; one more than the largest class when not given.

    Returns
    -------
    array of float32, (..., num_classes)

    Raises
    ------
    ValueError
        x isn't whole numbers, or is empty without num_classes.
    TypeError
        x isn't numbers.
    IndexError
        A class is negative or not below num_classes.
    """
    given = np.asarray(x)
    classes = whole_numbers("to_categorical", given).astype(np.int64)
    if classes.ndim > 1 and classes.shape[-1] == 1:
        classes = classes.reshape(classes.shape[:-1])
    if num_classes is None:
        if classes.size == 0:
            raise ValueError("to_categorical: expected num_classes with an empty array, got None")
        num_classes = int(classes.max()) + 1
    if classes.size and (classes.min() < 0 or classes.max() >= num_classes):
        raise IndexError(
            f"to_categorical: expected classes from 0 to {num_classes - 1}, got {classes.min()} to {classes.max()}"
        )
    result = np.zeros((classes.size, num_classes), dtype=np.float32)
    result[np.arange(classes.size), classes.reshape(-1)] = 1
    return result.reshape(*classes.shape, num_classes)
