"""Sequences of one length from those of any, and windows over a time series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["TimeseriesDataset", "pad_sequences", "timeseries_dataset_from_array"]


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: npt.DTypeLike = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """Sequences of different lengths as one array.

    Parameters
    ----------
    sequences : list of sequences, (steps, ...) each
    maxlen : int, optional
        Length of all; that of the longest when not given.
    dtype : dtype, default int32
        Of the result; object for texts.
    padding : {"pre", "post"}, default "pre"
        Where short ones are filled up.
    truncating : {"pre", "post"}, default "pre"
        Where long ones are cut off.
    value : number or str, default 0.0
        What fills up.

    Returns
    -------
    array, (len(sequences), maxlen, ...)

    Raises
    ------
    ValueError
        Something isn't a sequence, steps differ in shape, or a word is not known.
    """
    for name, word in (("padding", padding), ("truncating", truncating)):
        if word not in ("pre", "post"):
            raise ValueError(f"pad_sequences: expected {name} 'pre' or 'post', got {word!r}")
    if not hasattr(sequences, "__len__"):
        raise ValueError(f"pad_sequences: expected a list of sequences, got {type(sequences).__name__}")
    for position, sequence in enumerate(sequences):
        if not hasattr(sequence, "__len__"):
            raise ValueError(f"pad_sequences: expected sequences, got {sequence!r} at position {position}")
    kind = np.dtype(dtype)
    if isinstance(value, str) and kind.kind not in "OUS":
        raise ValueError(f"pad_sequences: expected dtype=object with a text as value, got {kind}")
    if maxlen is None:
        maxlen = max(map(len, sequences), default=0)
    step = next((np.asarray(sequence).shape[1:] for sequence in sequences if len(sequence)), ())
    result = np.full((len(sequences), maxlen, *step), value, dtype=kind)
    for position, sequence in enumerate(sequences):
        if not len(sequence) or not maxlen:
            continue
        kept = np.asarray(sequence[-maxlen:] if truncating == "pre" else sequence[:maxlen], dtype=kind)
        if kept.shape[1:] != step:
            raise ValueError(
                f"pad_sequences: expected steps of shape {step} as in the first sequence, got {kept.shape[1:]} at "
                f"position {position}"
            )
        place = slice(None, len(kept)) if padding == "post" else slice(maxlen - len(kept), None)
        result[position, place] = kept
    return result


class TimeseriesDataset:
    """Batches of windows over a series; see `timeseries_dataset_from_array`. It can be walked through again and again.

    ``len()`` is the number of batches, and ``dataset[i]`` a batch: inputs (batch, sequence_length, ...), or a tuple of
    them and targets (batch, ...). Without batches, an entry is one window.
    """

    def __init__(
        self,
        data: np.ndarray,
        targets: np.ndarray | None,
        starts: np.ndarray,
        window: np.ndarray,
        batch_size: int | None,
    ) -> None:
        self._data, self._targets = data, targets
        self._starts, self._window, self._batch_size = starts, window, batch_size

    def __len__(self) -> int:
        return -(-len(self._starts) // (self._batch_size or 1))

    def __getitem__(self, index: int) -> Any:
        if not -len(self) <= index < len(self):
            raise IndexError(f"timeseries_dataset_from_array: expected a batch below {len(self)}, got {index}")
        size = self._batch_size or 1
        first = index % len(self) * size
        starts = self._starts[first : first + size] if self._batch_size else self._starts[first]
        inputs = self._data[starts[..., np.newaxis] + self._window]
        return inputs if self._targets is None else (inputs, self._targets[starts])

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
) -> TimeseriesDataset:
    """Windows over a series, in batches.

    Parameters
    ----------
    data : array, (steps, ...)
    targets : array, (steps, ...), or None
        The i-th belongs to the window that begins at step i.
    sequence_length : int
        Steps of a window.
    sequence_stride : int, default 1
        Steps between the beginnings of two windows.
    sampling_rate : int, default 1
        Steps between two entries of a window.
    batch_size : int or None, default 128
        None gives single windows.
    shuffle : bool, default False
        Put the windows into random order, once.
    seed : int, optional
        Of the order; a new one each time when not given.
    start_index, end_index : int, optional
        Use data and targets from the one up to the other only.

    Returns
    -------
    TimeseriesDataset

    Raises
    ------
    ValueError
        A number makes no sense for a series of this length.
    """
    series = np.asarray(data)
    goals = None if targets is None else np.asarray(targets)
    steps = len(series)
    name = "timeseries_dataset_from_array"
    ranges = {
        "sequence_length": (sequence_length, 1, steps + 1),
        "sequence_stride": (sequence_stride, 1, steps),
        "sampling_rate": (sampling_rate, 1, steps),
        "start_index": (start_index, 0, steps),
        "end_index": (end_index, (start_index or 0) + 1, steps),
        "batch_size": (batch_size, 1, None),
    }
    for argument, (value, low, high) in ranges.items():
        if value is not None and not (low <= value and (high is None or value < high)):
            below = "" if high is None else f" and below {high}"
            raise ValueError(f"{name}: expected {argument} of at least {low}{below}, got {value}")
    first, last = start_index or 0, steps if end_index is None else end_index
    series = series[first:last]
    count = len(series) - (sequence_length - 1) * sampling_rate
    if goals is not None:
        count = min(count, len(goals))
        goals = goals[first:last]
        count = min(count, len(goals))
    starts = np.arange(0, max(count, 0), sequence_stride)
    if shuffle:
        np.random.default_rng(seed).shuffle(starts)
    return TimeseriesDataset(series, goals, starts, np.arange(sequence_length) * sampling_rate, batch_size)
