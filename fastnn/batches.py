"""The data of fit, evaluate and predict: checked arrays, cut into batches.

Steps that are programs take their batches from the arrays themselves, many steps in one call. For all others batches
are slices where they need no change, else gathered and converted into buffers that are used again.
"""

from __future__ import annotations

import mmap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import _core, losses
from .losses.arrays import whole_numbers
from .losses.base import FunctionLoss
from .losses.crossentropy import CrossentropyByShape
from .program import Step
from .tensor import DTYPES, Tensor

__all__ = [
    "Batches",
    "Samples",
    "as_numbers",
    "as_target",
    "batch_size_of",
    "check_labels",
    "class_weights",
    "is_mapped",
    "labelled_samples",
    "nothing_given",
    "split",
    "target_dtype",
    "whole_number",
]

Samples = tuple[np.ndarray, ...]  # inputs, targets, and the samples' weights for each target where there are some


SECONDS = 0.05  # steps run together for so long: Ctrl-C and a progress bar wait no longer


class Batches:
    """Cuts arrays of equal length into batches; the last one may be shorter.

    Parameters
    ----------
    arrays : sequence of arrays, (samples, ...)
    dtypes : sequence of dtypes
        What the batches of each are to be.
    batch_size : int
    """

    def __init__(self, arrays: Sequence[np.ndarray], dtypes: Sequence[Any], batch_size: int) -> None:
        # what lies in a file stays there: only batches are read
        self.arrays = [array if is_mapped(array) else np.ascontiguousarray(array) for array in arrays]
        self.dtypes = [np.dtype(dtype) for dtype in dtypes]
        self.batch_size = batch_size
        self.samples = len(self.arrays[0])
        self.results: tuple[Tensor, ...] = ()  # of the last step that ran by itself
        self._buffers: dict[tuple[int, int, str], np.ndarray] = {}
        usable = all(a.dtype.isnative and a.dtype.name in DTYPES and _plain(a) for a in self.arrays)
        self._sources = [_core.Array.from_numpy(array, copy=False) for array in self.arrays] if usable else None

    def __len__(self) -> int:
        return -(-self.samples // self.batch_size)

    def size(self, first: int) -> int:
        """Samples of the batch that begins at a place in the order."""
        return min(self.batch_size, self.samples - first)

    def run(
        self,
        step: Step,
        first: int,
        *,
        order: np.ndarray | None = None,
        out: Sequence[np.ndarray] = (),
        key: tuple[Any, ...] = (),
        most: int | None = None,
        keep: bool = False,
    ) -> int:
        """Run the next steps.

        Parameters
        ----------
        step : Step
        first : int
            How many samples of the order are done.
        order : int64 array, optional
            The samples as the pass takes them; as they stand when not given.
        out : sequence of arrays, (samples, ...)
            What the results of each batch are written into.
        key : tuple
            What else changes what the step records.
        most : int, optional
            How many to run at most.
        keep : bool
            Whether to run one only, and keep what it gives in `results`.

        Returns
        -------
        int
            How many samples the steps took.

        Raises
        ------
        ValueError, TypeError, IndexError
            The first of them failed; a note names the batch.
        """
        try:
            return self._run(step, first, order, out, key, most, keep)
        except (ValueError, TypeError, IndexError) as error:
            if not keep:  # else whoever gives batches one by one knows their numbers
                error.add_note(f"in batch {first // self.batch_size} of the pass, counted from 0")
            raise

    def _run(
        self,
        step: Step,
        first: int,
        order: np.ndarray | None,
        out: Sequence[np.ndarray],
        key: tuple[Any, ...],
        most: int | None,
        keep: bool,
    ) -> int:
        size = self.size(first)
        if self._sources is not None and not keep:
            steps = (self.samples - first) // size
            steps = steps if most is None else min(steps, most)
            done = step.replay(
                self._sources, self.dtypes, size, first, steps, order=order, out=out, extra_key=key, seconds=SECONDS
            )
            if done:
                return done * size
        stop = first + size
        batch = [self._batch(index, first, stop, order) for index in range(len(self.arrays))]
        self.results = step(*batch, out=[array[first:stop] for array in out] or None, extra_key=key)
        return size

    def _batch(self, index: int, start: int, stop: int, order: np.ndarray | None) -> np.ndarray:
        array, dtype = self.arrays[index], self.dtypes[index]
        if order is None:
            batch = array[start:stop]
        else:
            batch = self._buffer(index, stop - start, array.dtype)
            if array.flags.c_contiguous:
                # mode="clip" writes into out directly; the indices are in range
                np.take(array, order[start:stop], axis=0, out=batch, mode="clip")
            else:  # take would copy all of it first
                batch[...] = array[order[start:stop]]
        if batch.dtype == dtype:
            return batch
        converted = self._buffer(index, stop - start, dtype)
        np.copyto(converted, batch, casting="unsafe")
        return converted

    def _buffer(self, index: int, length: int, dtype: np.dtype[Any]) -> np.ndarray:
        key = (index, length, dtype.str)
        if key not in self._buffers:
            self._buffers[key] = np.empty((length, *self.arrays[index].shape[1:]), dtype=dtype)
        return self._buffers[key]


def _plain(array: np.ndarray) -> bool:
    """Whether programs can take batches from an array's memory."""
    return bool(array.flags.aligned and array.flags.c_contiguous)


def nothing_given(where: str, name: str) -> ValueError:
    """The error for data that is None."""
    remedy = "; pass y, or batches (x, y), since loss or metrics compare with it" if name == "y" else ""
    return ValueError(f"{where}: expected data {name}, got None{remedy}")


def as_numbers(where: str, name: str, value: Any) -> np.ndarray:
    """An array of numbers with at least one axis, or an error that names the argument."""
    if value is None:
        raise nothing_given(where, name)
    try:
        array = value.numpy() if isinstance(value, Tensor) else np.asarray(value)
    except ValueError:  # NumPy makes no array of parts of several shapes
        raise ValueError(
            f"{where}: expected {name} to be an array of numbers, got a {type(value).__name__} of parts of several "
            "shapes; batches come from a generator or a PyDataset"
        ) from None
    if array.dtype.kind not in "fiub":
        got = f"{array.dtype} array" if isinstance(value, np.ndarray) else type(value).__name__
        raise TypeError(f"{where}: expected {name} to be an array of numbers, got {got}")
    if array.ndim == 0:
        raise ValueError(f"{where}: expected {name} with samples along its first axis, got a single number")
    return array


def batch_size_of(where: str, batch_size: int | None) -> int:
    """The batch size, 32 when not given."""
    return 32 if batch_size is None else whole_number(where, "batch_size", batch_size, 1)


def whole_number(where: str, argument: str, value: Any, low: int = 0) -> int:
    """An integer from low, or an error that names the argument."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{where}: expected {argument} to be an integer, got {value!r}")
    if value < low:
        raise ValueError(f"{where}: expected {argument} of at least {low}, got {value}")
    return int(value)


def labelled_samples(
    where: str, x: Any, y: Any, loss: losses.Loss | None, sample_weight: Any = None, class_weight: Any = None
) -> Samples:
    """x and y as arrays of one length, y in the dtype that the loss takes; and weights where some are given."""
    x, y = as_numbers(where, "x", x), as_numbers(where, "y", y)
    if len(x) != len(y):
        raise ValueError(f"{where}: expected x and y of one length, got {len(x)} and {len(y)}")
    if len(x) == 0:
        raise ValueError(f"{where}: expected data, got x of shape {x.shape}")
    y = as_target(where, y, loss)
    if sample_weight is not None and class_weight is not None:
        raise ValueError(f"{where}: expected sample_weight or class_weight, got both")
    if sample_weight is not None:
        return x, y, _sample_weights(where, sample_weight, len(x))
    if class_weight is not None:
        return x, y, class_weights(where, class_weight, y)
    return x, y


def target_dtype(y: np.ndarray, loss: losses.Loss | None) -> np.dtype[Any]:
    """What batches of y become for a loss, or for metrics alone."""
    whole = loss is None or isinstance(loss, FunctionLoss | CrossentropyByShape)
    if (loss is not None and loss.sparse) or (whole and y.dtype.kind in "iu"):
        return y.dtype if y.dtype in (np.uint8, np.int32, np.int64) else np.dtype(np.int64)
    return np.dtype(np.float32)


def as_target(where: str, y: np.ndarray, loss: losses.Loss | None) -> np.ndarray:
    """y in the dtype that a loss, or metrics alone, take; what lies in a file is converted batch by batch."""
    dtype = target_dtype(y, loss)
    if dtype.kind != "f":
        return whole_numbers(where, y)
    return y if is_mapped(y) else np.asarray(y, dtype=dtype)


def is_mapped(array: np.ndarray) -> bool:
    """Whether an array lies in a file."""
    base: Any = array
    while isinstance(base, np.ndarray):
        if isinstance(base, np.memmap):
            return True
        base = base.base
    return isinstance(base, mmap.mmap)


def _sample_weights(where: str, sample_weight: Any, count: int) -> np.ndarray:
    weights = as_numbers(where, "sample_weight", sample_weight)
    if len(weights) != count:
        raise ValueError(f"{where}: expected a sample_weight for each of {count} samples, got {len(weights)}")
    return np.asarray(weights, dtype=np.float32)


def class_weights(where: str, class_weight: Any, y: np.ndarray) -> np.ndarray:
    """Each sample's weight by its class: a class number, or the place of the largest of one-hot labels."""
    if not isinstance(class_weight, Mapping):
        raise TypeError(f"{where}: expected class_weight to map class numbers to weights, got {class_weight!r}")
    if y.ndim > 2:
        raise ValueError(f"{where}: expected one label for each sample with class_weight, got y of shape {y.shape}")
    if y.ndim == 2:
        y = y[:, 0] if y.shape[1] == 1 else y.argmax(axis=1)
    labels = np.round(y).astype(np.int64)
    weights = np.ones(len(labels), np.float32)
    for label, weight in class_weight.items():
        try:
            weights[labels == int(label)] = float(weight)
        except (TypeError, ValueError):
            told = f"{where}: expected class_weight to map class numbers to weights, got {label!r}: {weight!r}"
            raise TypeError(told) from None
    return weights


def check_labels(where: str, labels: np.ndarray, classes: int, ignored: int | None = None) -> None:
    """Refuse labels that are no class number, wherever they are in the data; a label that is ignored may be any."""
    if not labels.size or (labels.min() >= 0 and labels.max() < classes):
        return
    flat = labels.reshape(-1)
    wrong = (flat < 0) | (flat >= classes)
    if ignored is not None:
        wrong &= flat != ignored
        if not wrong.any():
            return
    position = int(np.argmax(wrong))
    raise IndexError(f"{where}: expected labels in [0, {classes}), got {flat[position]} at position {position}")


def split(samples: Samples, share: float) -> tuple[Samples, Samples | None]:
    """The first part for training, the last one for validation."""
    if isinstance(share, bool) or not isinstance(share, int | float | np.integer | np.floating):
        raise TypeError(f"fit: expected validation_split to be a number, got {share!r}")
    if not 0 <= share < 1:
        raise ValueError(f"fit: expected validation_split in [0, 1), got {share}")
    if share == 0:
        return samples, None
    total = len(samples[0])
    count = int(total * (1 - share))
    if count in (0, total):
        raise ValueError(f"fit: expected validation_split to leave samples on both sides, got {share} of {total}")
    return tuple(array[:count] for array in samples), tuple(array[count:] for array in samples)
