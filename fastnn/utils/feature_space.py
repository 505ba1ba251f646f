"""FeatureSpace: the columns of a table, each prepared in its way, as one vector or a dictionary.

Its lookups are Python on NumPy arrays, so data goes through it before a model; `get_encoded_features` is what the model
of prepared data begins at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .. import layers
from .._config import auto_name, serialize
from ..layers.base import Layer
from ..layers.base.symbolic import SymbolicTensor
from ..layers.input_layer import InputLayer
from ..layers.preprocessing.encoding import encoded
from ..layers.preprocessing.index_lookup import IndexLookup
from ..tensor import Tensor, no_grad
from .feature import Feature

__all__ = ["FeatureSpace"]

_HASHING = "hash values, for which there is no Hashing layer here yet"
_ROWS = 32  # of batches that columns are learned from, which decide about the boundaries that Discretization finds


class FeatureSpace(Layer):
    """Prepares tables: dictionaries of columns, each an array (batch,) or (batch, 1), or of single values.

    Columns without a feature are left out.

    Parameters
    ----------
    features : dict from str to str, or what the methods below give
        "float", "float_normalized", "float_rescaled", "float_discretized", "integer_categorical" or
        "string_categorical" for their defaults. "integer_hashed" and "string_hashed" are refused.
    output_mode : {"concat", "dict"}, default "concat"
        One vector, of the features in the order of their names, or a dictionary.
    crosses : None or empty
        Features that are hashed together are refused.
    crossing_dim, hashing_dim : int, default 32
        Accepted as in Keras; of what is refused.
    num_discretization_bins : int, default 32
        For "float_discretized".
    name : str, optional

    Examples
    --------
    >>> import fastnn
    >>> table = {"height": [1.8, 1.6, 1.7], "colour": ["red", "blue", "red"]}
    >>> space = fastnn.utils.FeatureSpace({"height": "float_normalized", "colour": "string_categorical"})
    >>> space.adapt(table)
    >>> space(table).shape
    (3, 4)
    """

    _unrecorded = Layer._unrecorded | {"_adapted", "_encoded"}
    _takes_several = True

    def __init__(
        self,
        features: Mapping[str, Any],
        output_mode: str = "concat",
        crosses: Sequence[Any] | None = None,
        crossing_dim: int = 32,
        hashing_dim: int = 32,
        num_discretization_bins: int = 32,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if not features:
            raise ValueError("FeatureSpace: expected features, got none")
        if output_mode not in ("concat", "dict"):
            raise ValueError(f"FeatureSpace: expected output_mode 'concat' or 'dict', got {output_mode!r}")
        if crosses:
            raise ValueError(f"FeatureSpace: expected no crosses, which {_HASHING}; got {list(crosses)!r}")
        self.crossing_dim, self.hashing_dim = crossing_dim, hashing_dim
        self.num_discretization_bins = num_discretization_bins
        self.output_mode = output_mode
        self.features = {key: self._feature(key, value) for key, value in features.items()}
        self.preprocessors: dict[str, Any] = {key: value.preprocessor for key, value in self.features.items()}
        self.inputs = {
            key: InputLayer((1,), dtype=value.dtype, name=key).symbolic() for key, value in self.features.items()
        }
        self._adapted = not any(feature.learns for feature in self.features.values())
        self._encoded: Any = None
        self.concat = layers.Concatenate(axis=-1, name=f"{self.name}_concat")

    # ---- features ----------------------------------------------------------------------------------------------------

    @classmethod
    def cross(cls, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot") -> Any:
        """Refused: features that are hashed together."""
        raise ValueError(f"FeatureSpace: expected no cross: crosses {_HASHING}")

    @classmethod
    def feature(cls, dtype: str, preprocessor: Any, output_mode: str) -> Feature:
        """A feature that a layer of your choice prepares, such as a `TextVectorization`."""
        return Feature(dtype, preprocessor, output_mode)

    @classmethod
    def float(cls, name: str | None = None) -> Feature:
        """Numbers as they are."""
        return Feature("float32", layers.Identity(name=_named(name, "float")), "float")

    @classmethod
    def float_rescaled(cls, scale: Any = 1.0, offset: Any = 0.0, name: str | None = None) -> Feature:
        """``scale * x + offset``."""
        return Feature("float32", layers.Rescaling(scale, offset, name=_named(name, "float_rescaled")), "float")

    @classmethod
    def float_normalized(cls, name: str | None = None) -> Feature:
        """Numbers of mean 0 and variance 1."""
        return Feature("float32", layers.Normalization(axis=-1, name=_named(name, "float_normalized")), "float")

    @classmethod
    def float_discretized(
        cls,
        num_bins: int | None,
        bin_boundaries: Sequence[Any] | None = None,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """The ranges that numbers lie in: so many, found by `adapt`; or by `bin_boundaries`, with num_bins None."""
        named = _named(name, "float_discretized")
        layer = layers.Discretization(num_bins=num_bins, bin_boundaries=bin_boundaries, name=named)
        return Feature("float32", layer, output_mode)

    @classmethod
    def integer_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Whole numbers by their places among those that `adapt` finds."""
        layer = layers.IntegerLookup(max_tokens, num_oov_indices, name=_named(name, "integer_categorical"))
        return Feature("int32", layer, output_mode)

    @classmethod
    def string_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Strings by their places among those that `adapt` finds."""
        layer = layers.StringLookup(max_tokens, num_oov_indices, name=_named(name, "string_categorical"))
        return Feature("string", layer, output_mode)

    @classmethod
    def string_hashed(cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None) -> Feature:
        """Refused."""
        raise ValueError(f"FeatureSpace: expected no string_hashed: such features {_HASHING}; string_categorical")

    @classmethod
    def integer_hashed(cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None) -> Feature:
        """Refused."""
        raise ValueError(f"FeatureSpace: expected no integer_hashed: such features {_HASHING}; integer_categorical")

    def _feature(self, name: str, given: Any) -> Feature:
        if isinstance(given, Feature):
            return given
        if isinstance(given, Mapping) and "config" in given:
            return Feature.from_config(given["config"])
        made: Feature
        match given:
            case "float" | "float_normalized" | "float_rescaled" | "integer_categorical" | "string_categorical":
                made = getattr(self, given)(name=name)
            case "float_discretized":
                made = self.float_discretized(self.num_discretization_bins, name=name)
            case "integer_hashed" | "string_hashed":
                made = getattr(self, given)(self.hashing_dim, name=name)
            case _:
                raise ValueError(f"FeatureSpace: expected {name!r} to be a feature or a kind of one, got {given!r}")
        return made

    # ---- learning ----------------------------------------------------------------------------------------------------

    def adapt(self, dataset: Any) -> None:
        """Let the preprocessors learn from data.

        Parameters
        ----------
        dataset : dict of columns, or iterable of dicts of batches or of single values
            A batch that is a tuple stands for its first item, such as x of (x, y). It is gone through once.
        """
        learning = {name: feature for name, feature in self.features.items() if feature.learns}
        parts: dict[str, list[np.ndarray]] = {name: [] for name in learning}
        for batch in _batches(dataset):
            self._check_names(batch)
            for name, feature in learning.items():
                values = feature.column(name, batch[name])
                parts[name].append(values if values.ndim > 1 else values.reshape(-1, 1))
        for name, feature in learning.items():
            if not parts[name]:
                raise ValueError("FeatureSpace: expected adapt to get data, got none")
            single = all(len(part) == 1 for part in parts[name])
            feature.preprocessor.adapt(iter(_in_rows(np.concatenate(parts[name])) if single else parts[name]))
        self._adapted = True
        self._encoded = None
        self.get_encoded_features()

    def _check_adapted(self) -> None:
        if not self._adapted:
            raise ValueError(f"{self.name}: expected adapt to be called on data first")

    def _check_names(self, data: Any) -> None:
        if not isinstance(data, Mapping):
            raise TypeError(f"{self.name}: expected a dictionary of columns, got {type(data).__name__}")
        if missing := [name for name in self.features if name not in data]:
            raise ValueError(f"{self.name}: expected the columns {', '.join(missing)} too, got {', '.join(data)}")

    # ---- use ---------------------------------------------------------------------------------------------------------

    def get_inputs(self) -> dict[str, SymbolicTensor]:
        """Inputs for the raw columns. A model begins at them where no feature is looked up."""
        self._check_adapted()
        return self.inputs

    def get_encoded_features(self) -> Any:
        """What the space makes of `get_inputs`, as symbolic tensors: a model of prepared data begins at it."""
        self._check_adapted()
        if self._encoded is None:
            self._encoded = self._joined({name: self._prepared(name, self.inputs[name]) for name in self.features})
            self.built = True
        return self._encoded

    def __call__(self, data: Any) -> Any:  # type: ignore[override]
        """Prepare a table.

        Parameters
        ----------
        data : dict of columns (batch,) or (batch, 1), or of single values

        Returns
        -------
        Tensor, (batch, n), or a dictionary of such; without the batch for single values
        """
        self.get_encoded_features()
        self._check_names(data)
        columns = {name: feature.column(name, data[name]) for name, feature in self.features.items()}
        single = any(column.ndim == 0 for column in columns.values())
        with no_grad():
            found = {
                name: self._prepared(name, column if column.ndim > 1 else column.reshape(-1, 1))
                for name, column in columns.items()
            }
            result = self._joined(found)
        if not single:
            return result
        return result[0] if isinstance(result, Tensor) else {name: value[0] for name, value in result.items()}

    def call(self, inputs: Any) -> Any:
        return self(inputs)

    def _prepared(self, name: str, column: Any) -> Any:
        feature = self.features[name]
        result = feature.preprocessor(column)
        if feature.output_mode != "one_hot":
            return result
        if np.dtype(result.dtype).kind not in "iu":
            raise ValueError(f"{self.name}: expected whole numbers of {name!r} for 'one_hot', got {result.dtype}")
        if isinstance(result, SymbolicTensor):
            return layers.CategoryEncoding(self._depth(name), "multi_hot", name=f"{name}_one_hot")(result)
        return encoded(result, "multi_hot", self._depth(name))

    def _depth(self, name: str) -> int:
        """How many values a feature has."""
        layer = self.preprocessors[name]
        if isinstance(layer, IndexLookup):
            return layer.vocabulary_size()
        if isinstance(layer, layers.Discretization):
            return layer._depth()
        if isinstance(layer, layers.CategoryEncoding):
            return int(layer.num_tokens)
        raise ValueError(f"{self.name}: expected {name!r} with a known number of values for 'one_hot'; take 'int'")

    def _joined(self, found: dict[str, Any]) -> Any:
        ordered = {name: found[name] for name in sorted(found)}
        if self.output_mode == "dict":
            return ordered
        for name, value in ordered.items():
            if np.dtype(value.dtype).kind != "f":
                raise ValueError(
                    f"{self.name}: expected {name!r} to be encoded for 'concat', got {value.dtype}; "
                    "take output_mode 'dict'"
                )
        values = list(ordered.values())
        return values[0] if len(values) == 1 else self.concat(values)

    # ---- configuration and files -------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        return {
            "features": {name: serialize(feature) for name, feature in self.features.items()},
            "output_mode": self.output_mode,
            "crosses": [],
            "crossing_dim": self.crossing_dim,
            "hashing_dim": self.hashing_dim,
            "num_discretization_bins": self.num_discretization_bins,
            "name": self.name,
        }

    def _own_state(self) -> dict[str, Any]:
        return {**super()._own_state(), "adapted": self._adapted}

    def _take_own_state(self, state: Mapping[str, Any]) -> None:
        super()._take_own_state(state)
        self._adapted = state["adapted"]

    def save(self, filepath: Any) -> None:
        """Write the space and what it has learned to a file that `models.load_model` reads.

        Raises
        ------
        ValueError
            `adapt` has not been called.
        """
        from ..saving import save_feature_space

        self.get_encoded_features()
        save_feature_space(self, filepath)


def _named(name: str | None, kind: str) -> str:
    return f"{name or auto_name(kind)}_preprocessor"


def _batches(dataset: Any) -> Iterator[Any]:
    """The batches of data: of a dictionary its rows."""
    if isinstance(dataset, Mapping):
        columns = {name: np.asarray(values) for name, values in dataset.items()}
        sizes = {name: len(column) if column.ndim else 1 for name, column in columns.items()}
        if len(set(sizes.values())) > 1:
            raise ValueError(f"FeatureSpace: expected columns of one length, got {sizes}")
        for start in range(0, next(iter(sizes.values()), 0), _ROWS):
            yield {name: np.atleast_1d(column)[start : start + _ROWS] for name, column in columns.items()}
        return
    for batch in dataset:
        yield batch[0] if isinstance(batch, tuple) else batch


def _in_rows(values: np.ndarray) -> list[np.ndarray]:
    return [values[start : start + _ROWS] for start in range(0, len(values), _ROWS)]
