"""Helpers with Keras's names: arrays and sequences made ready for training, the seed, pictures, objects as data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._custom import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from .._first_use import at_first_use
from ..interactive_logging import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)
from ..random import set_random_seed

__all__ = [
    "Config",
    "CustomObjectScope",
    "FeatureSpace",
    "Progbar",
    "PyDataset",
    "Sequence",
    "TimeseriesDataset",
    "array_to_img",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_file",
    "get_registered_name",
    "get_registered_object",
    "get_source_inputs",
    "img_to_array",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "load_img",
    "model_to_dot",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "save_img",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "standardize_dtype",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]

_FILES = {
    "arrays": "normalize split_dataset to_categorical",
    "config": "Config",
    "feature_space": "FeatureSpace",
    "files": "get_file",
    "images": "array_to_img img_to_array load_img save_img",
    "objects": "clear_session deserialize_keras_object get_source_inputs is_keras_tensor "
    "pack_x_y_sample_weight serialize_keras_object standardize_dtype unpack_x_y_sample_weight",
    "plotting": "model_to_dot plot_model",
    "progbar": "Progbar",
    "py_dataset": "PyDataset Sequence",
    "sequences": "TimeseriesDataset pad_sequences timeseries_dataset_from_array",
}

if TYPE_CHECKING:
    from .arrays import normalize, split_dataset, to_categorical
    from .config import Config
    from .feature_space import FeatureSpace
    from .files import get_file
    from .images import array_to_img, img_to_array, load_img, save_img
    from .objects import (
        clear_session,
        deserialize_keras_object,
        get_source_inputs,
        is_keras_tensor,
        pack_x_y_sample_weight,
        serialize_keras_object,
        standardize_dtype,
        unpack_x_y_sample_weight,
    )
    from .plotting import model_to_dot, plot_model
    from .progbar import Progbar
    from .py_dataset import PyDataset, Sequence
    from .sequences import TimeseriesDataset, pad_sequences, timeseries_dataset_from_array
else:
    __getattr__, __dir__ = at_first_use(__name__, _FILES)
