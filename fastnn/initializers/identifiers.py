"""What names, descriptions and functions stand for: initializers, and Keras's other spellings of the classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .. import _config
from .._config import resolve, snake_case
from .base import Initializer
from .distributions import Orthogonal, RandomNormal, RandomUniform, TruncatedNormal
from .fixed import Constant, Identity, Ones, Zeros
from .fourier import STFT
from .scaling import GlorotNormal, GlorotUniform, HeNormal, HeUniform, LecunNormal, LecunUniform, VarianceScaling

__all__ = [
    "IdentityInitializer",
    "InitializerLike",
    "OrthogonalInitializer",
    "STFTInitializer",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "stft",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]

_CLASSES: tuple[type[Initializer], ...] = (
    Zeros,
    Ones,
    Constant,
    RandomNormal,
    RandomUniform,
    VarianceScaling,
    GlorotUniform,
    GlorotNormal,
    HeUniform,
    HeNormal,
    Orthogonal,
    TruncatedNormal,
    LecunUniform,
    LecunNormal,
    Identity,
    STFT,
)
# Keras's other spellings of the classes
IdentityInitializer, OrthogonalInitializer, STFTInitializer = Identity, Orthogonal, STFT
constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
identity = Identity
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
orthogonal = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
stft = STFT
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros

_NAMES: dict[str, type[Initializer]] = {
    **{name: cls for cls in _CLASSES for name in (cls.__name__, snake_case(cls.__name__))},
    "uniform": RandomUniform,
    "normal": RandomNormal,
    "one": Ones,
    "zero": Zeros,
    "IdentityInitializer": Identity,
    "OrthogonalInitializer": Orthogonal,
    "STFTInitializer": STFT,
}

InitializerLike = str | Initializer | type[Initializer] | dict[str, Any] | np.ndarray | Callable[..., Any]


def get(identifier: InitializerLike) -> Initializer | Callable[..., Any]:
    """An initializer from a name ("zeros"), an object, a class, a configuration or a function(shape, dtype)."""
    if isinstance(identifier, np.ndarray):
        return lambda shape, dtype=None: np.asarray(identifier, dtype)
    if callable(identifier) and not isinstance(identifier, type | Initializer):
        return identifier
    return resolve("initializer", identifier, Initializer, _NAMES)


def serialize(initializer: Initializer | Callable[..., Any]) -> Any:
    """The description of an initializer, or the name of a function of the user's own.

    Raises
    ------
    ValueError
        It is a function without a name, such as a lambda, or with the name of another initializer.
    """
    return _config.serialize_or_name("initializer", initializer, Initializer, _NAMES)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The initializer that a description or a name tells of; custom_objects maps names to classes and functions of your
    own."""
    return _config.deserialize_or_get("initializer", config, _NAMES, custom_objects, get)
