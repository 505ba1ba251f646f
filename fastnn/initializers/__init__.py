"""Initial values of weights: Keras 3's initializers, drawn with NumPy from Philox streams.

A layer passes the generator of its weight's own stream. An initializer with a seed of its own draws from that instead
and gives the same numbers every time, as in Keras.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._first_use import at_first_use

__all__ = [
    "STFT",
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomNormal",
    "RandomUniform",
    "STFTInitializer",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
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

_FILES = {
    "base": "Initializer",
    "distributions": "Orthogonal RandomNormal RandomUniform TruncatedNormal",
    "fixed": "Constant Identity Ones Zeros",
    "fourier": "STFT",
    "identifiers": "IdentityInitializer InitializerLike OrthogonalInitializer STFTInitializer constant "
    "deserialize get glorot_normal glorot_uniform he_normal he_uniform identity lecun_normal lecun_uniform "
    "ones orthogonal random_normal random_uniform serialize stft truncated_normal variance_scaling zeros",
    "scaling": "GlorotNormal GlorotUniform HeNormal HeUniform LecunNormal LecunUniform VarianceScaling",
}

if TYPE_CHECKING:
    from .base import Initializer
    from .distributions import Orthogonal, RandomNormal, RandomUniform, TruncatedNormal
    from .fixed import Constant, Identity, Ones, Zeros
    from .fourier import STFT
    from .identifiers import (
        IdentityInitializer,
        OrthogonalInitializer,
        STFTInitializer,
        constant,
        deserialize,
        get,
        glorot_normal,
        glorot_uniform,
        he_normal,
        he_uniform,
        identity,
        lecun_normal,
        lecun_uniform,
        ones,
        orthogonal,
        random_normal,
        random_uniform,
        serialize,
        stft,
        truncated_normal,
        variance_scaling,
        zeros,
    )
    from .identifiers import InitializerLike as InitializerLike
    from .scaling import GlorotNormal, GlorotUniform, HeNormal, HeUniform, LecunNormal, LecunUniform, VarianceScaling
else:
    __getattr__, __dir__ = at_first_use(__name__, _FILES)
