"""Arrays made ready for training: one-hot rows, unit norms, and cuts in two."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..losses.arrays import whole_numbers

__all__ = ["normalize", "split_dataset", "to_categorical"]


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


def normalize(x: Any, axis: int = -1, order: float = 2) -> np.ndarray:
    """An array divided by its norms along an axis; where a norm is zero, nothing changes.

    Parameters
    ----------
    x : array of numbers
    axis : int, default -1
    order : float, default 2
        Of the norm, as NumPy's linalg.norm takes it.

    Returns
    -------
    array, as x; of float64 when x holds integers

    Raises
    ------
    ValueError
        x has no such axis.
    """
    array = np.asarray(x)
    if not -array.ndim <= axis < array.ndim:
        raise ValueError(f"normalize: expected an axis of an array of {array.ndim} axes, got {axis}")
    norm = np.linalg.norm(array, order, axis, keepdims=True)
    norm[norm == 0] = 1
    return np.asarray(array / norm)


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
) -> tuple[Any, Any]:
    """Cut samples in two, such as for training and testing.

    Parameters
    ----------
    dataset : array (samples, ...), or tuple or list of arrays of as many samples
    left_size, right_size : float in [0, 1] or int, optional
        Share or number of the samples on each side. One that is not given gets the rest; with both given, samples may
        be left over.
    shuffle : bool, default False
        Draw the samples of both sides in random order.
    seed : int, optional
        Of the order; a new one each time when not given.

    Returns
    -------
    left, right : as dataset
        Views of the arrays without shuffle.

    Raises
    ------
    ValueError
        No size is given, or one makes no sense, or the arrays differ in length, or there are none.
    TypeError
        A size is not a number.
    """
    several = isinstance(dataset, tuple | list)
    arrays = [np.asarray(part) for part in dataset] if several else [np.asarray(dataset)]
    lengths = {len(array) if array.ndim else -1 for array in arrays}
    if len(lengths) != 1 or min(lengths) < 1:
        raise ValueError(
            f"split_dataset: expected arrays of as many samples, got shapes {[array.shape for array in arrays]}"
        )
    total = lengths.pop()
    left, right = _sizes(total, left_size, right_size)
    if shuffle:
        order = np.random.default_rng(seed).permutation(total)
        arrays = [array[order] for array in arrays]
    parts = [array[:left] for array in arrays], [array[total - right :] for array in arrays]
    if not several:
        return parts[0][0], parts[1][0]
    return type(dataset)(parts[0]), type(dataset)(parts[1])


def _sizes(total: int, left: float | None, right: float | None) -> tuple[int, int]:
    """Numbers of samples on both sides."""
    if left is None and right is None:
        raise ValueError("split_dataset: expected left_size or right_size, got neither")
    counts: list[int | None] = []
    for name, size in (("left_size", left), ("right_size", right)):
        if size is None:
            counts.append(None)
            continue
        if isinstance(size, bool) or not isinstance(size, int | float | np.integer | np.floating):
            raise TypeError(f"split_dataset: expected {name} to be a number, got {size!r}")
        share = isinstance(size, float | np.floating)
        if not 0 <= size <= (1 if share else total):
            raise ValueError(f"split_dataset: expected {name} from 0 to {1 if share else total}, got {size}")
        counts.append(round(size * total) if share else int(size))
    first, second = counts
    first = total - (second or 0) if first is None else first
    second = total - first if second is None else second
    if first + second > total or not (first and second):
        raise ValueError(
            f"split_dataset: expected sizes that leave samples on both sides of {total}, got {left} and {right}"
        )
    return first, second
