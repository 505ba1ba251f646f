"""Helpers with Keras's names: arrays and sequences made ready for training, the seed, pictures, objects as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._custom import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from ..messages import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)
from ..random import set_random_seed
from .arrays import normalize, split_dataset, to_categorical
from .config import Config
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

if TYPE_CHECKING:
    from .feature_space import FeatureSpace
else:

    def __getattr__(name: str) -> Any:
        """Read on first use: it reads layers that few programs need."""
        if name != "FeatureSpace":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from .feature_space import FeatureSpace

        return FeatureSpace
