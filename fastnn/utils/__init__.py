"""Helpers with Keras's names: arrays and sequences made ready for training, the seed, pictures of models."""

from __future__ import annotations

from ..random import set_random_seed
from .arrays import normalize, split_dataset, to_categorical
from .plotting import model_to_dot, plot_model
from .py_dataset import PyDataset
from .sequences import TimeseriesDataset, pad_sequences, timeseries_dataset_from_array

__all__ = [
    "PyDataset",
    "TimeseriesDataset",
    "model_to_dot",
    "normalize",
    "pad_sequences",
    "plot_model",
    "set_random_seed",
    "split_dataset",
    "timeseries_dataset_from_array",
    "to_categorical",
]
