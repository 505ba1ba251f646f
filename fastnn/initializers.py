"""Initial values of weights: Keras 3's initializers, drawn with NumPy from Philox streams.

A layer passes the generator of its weight's own stream. An initializer with a seed of its own draws from that instead
and gives the same numbers every time, as in Keras.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _config, random
from ._config import Configurable, resolve, snake_case

if TYPE_CHECKING:
    from numpy.random import Generator

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


class Initializer(Configurable):
    """Base of the initializers: `draw` makes the values."""

    seed: int | None = None

    def __call__(
        self, shape: Sequence[int], dtype: Any = "float32", *, generator: Generator | None = None
    ) -> np.ndarray:
        """Values of a shape.

        Parameters
        ----------
        shape : sequence of int
        dtype : dtype, default float32
        generator : numpy.random.Generator, optional
            Where the numbers come from when the initializer has no seed; a new one when not given.
        """
        if self.seed is not None or generator is None:
            generator = random.generator(random.next_seed() if self.seed is None else self.seed, 0)
        return np.asarray(self.draw(tuple(shape), generator), dtype=dtype)

    def draw(self, shape: tuple[int, ...], generator: Generator) -> np.ndarray:
        """Values of a shape, from a generator."""
        raise NotImplementedError(f"{type(self).__name__} does not implement draw")


class Zeros(Initializer):
    """Zeros."""

    def draw(self, shape: tuple[int, ...], generator: Generator) -> np.ndarray:
        return np.zeros(shape)


class Ones(Initializer):
    """Ones."""

    def draw(self, shape: tuple[int, ...], generator: Generator) -> np.ndarray:
        return np.ones(shape)


class Constant(Initializer):
    """One value everywhere."""

    def __init__(self, value: float = 0.0) -> None:
        self.value = value

    def draw(self, shape: tuple[int, ...], generator: Generator) -> np.ndarray:
        return np.full(shape, self.value)

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value}


class RandomNormal(Initializer):
    """Normal distribution."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean, self.stddev, self.seed = mean, stddev, seed

    def draw(self, shape: tuple[int, ...], generator: Generator) -> np.ndarray:
        return generator.normal(self.mean, self.stddev, shape)

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean, "stddev": self.stddev, "seed": self.seed}


class RandomUniform(Initializer):
    """Uniform distribution over [minval, maxval)."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None) -> None:
        self.minval, self.maxval, self.seed = minval, maxval, seed

    def draw(self, shape: tuple[int, ...], generator: Generator) -> np.ndarray:
        return generator.uniform(self.minval, self.maxval, shape)

    def get_config(self) -> dict[str, Any]:
        return {"minval": self.minval, "maxval": self.maxval, "seed": self.seed}


class TruncatedNormal(RandomNormal):
    """Normal distribution without values beyond two standard deviations, which are drawn again."""

    def draw(self, shape: tuple[int, ...], generator: Generator) -> np.ndarray:
        return self.mean + self.stddev * _truncated_normal(shape, generator)


class VarianceScaling(Initializer):
    """Distribution whose variance is scale / n, n from the number of a unit's inputs and outputs.

    Parameters
    ----------
    scale : float, default 1
        Positive.
    mode : {"fan_in", "fan_out", "fan_avg"}, default "fan_in"
    distribution : {"truncated_normal", "untruncated_normal", "uniform"}, default "truncated_normal"
        The truncated one has no values beyond two standard deviations; "normal" is another name of it.
    seed : int, optional
    input_axes, output_axes : list of int, optional
        Axes of the shape whose sizes multiply to the numbers of inputs and outputs; both or none. When not given, the
        last two, each times the ones before.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        distribution = "truncated_normal" if distribution == "normal" else distribution
        if not (scale > 0 and math.isfinite(scale)):
            raise ValueError(f"VarianceScaling: expected a positive scale, got {scale}")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(f"VarianceScaling: expected mode fan_in, fan_out or fan_avg, got {mode!r}")
        if distribution not in ("truncated_normal", "untruncated_normal", "uniform"):
            raise ValueError(
                "VarianceScaling: expected distribution truncated_normal, untruncated_normal or uniform, "
                f"got {distribution!r}"
            )
        self.scale, self.mode, self.distribution, self.seed = scale, mode, distribution, seed
        self.input_axes, self.output_axes = input_axes, output_axes

    def draw(self, shape: tuple[int, ...], generator: Generator) -> np.ndarray:
        if self.input_axes is not None and self.output_axes is not None:
            fan_in, fan_out = (float(math.prod(shape[i] for i in axes)) for axes in (self.input_axes, self.output_axes))
        else:
            fan_in, fan_out = _fans(shape)
        n = max(1.0, {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode])
        if self.distribution == "uniform":
            limit = math.sqrt(3 * self.scale / n)
            return generator.uniform(-limit, limit, shape)
        stddev = math.sqrt(self.scale / n)
        if self.distribution == "untruncated_normal":
            return generator.normal(0, stddev, shape)
        # the constant is the standard deviation of a standard normal cut at -2 and 2
        return _truncated_normal(shape, generator) * (stddev / 0.87962566103423978)

    def get_config(self) -> dict[str, Any]:
        own = {"scale": self.scale, "mode": self.mode, "distribution": self.distribution, "seed": self.seed}
        return {**own, "input_axes": self.input_axes, "output_axes": self.output_axes}


class _Scaled(VarianceScaling):
    """A variance scaling whose scale, mode and distribution are set."""

    setting: tuple[float, str, str]

    def __init__(
        self,
        seed: int | None = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(*self.setting, seed=seed, input_axes=input_axes, output_axes=output_axes)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed, "input_axes": self.input_axes, "output_axes": self.output_axes}


class GlorotUniform(_Scaled):
    """Uniform within sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010)."""

    setting = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Scaled):
    """Truncated normal with variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010)."""

    setting = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Scaled):
    """Uniform within sqrt(6 / fan_in) (He et al. 2015)."""

    setting = (2.0, "fan_in", "uniform")


class HeNormal(_Scaled):
    """Truncated normal with variance 2 / fan_in (He et al. 2015)."""

    setting = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Scaled):
    """Uniform within sqrt(3 / fan_in) (LeCun et al. 1998)."""

    setting = (1.0, "fan_in", "uniform")


class LecunNormal(_Scaled):
    """Truncated normal with variance 1 / fan_in (LeCun et al. 1998)."""

    setting = (1.0, "fan_in", "truncated_normal")


class Identity(Initializer):
    """A matrix with gain on its diagonal, and zeros."""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def draw(self, shape: tuple[int, ...], generator: Generator) -> np.ndarray:
        if len(shape) != 2:
            raise ValueError(f"Identity: expected a shape of two axes, got {shape}")
        return self.gain * np.eye(*shape)

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}


class STFT(Initializer):
    """The kernel (frame_length, 1, bins) of a short-time Fourier transform by a convolution.

    Parameters
    ----------
    side : {"real", "imag"}, default "real"
    window : {"hann", "hamming"}, array (frame_length,) or None, default "hann"
    scaling : {"density", "spectrum"} or None, default "density"
        Divide by the root of the window's sum of squares, or by its sum.
    periodic : bool, default False
        Whether a named window is periodic, else symmetric.
    """

    def __init__(
        self, side: str = "real", window: Any = "hann", scaling: str | None = "density", periodic: bool = False
    ) -> None:
        if side not in ("real", "imag"):
            raise ValueError(f"STFT: expected side 'real' or 'imag', got {side!r}")
        if isinstance(window, str) and window not in _WINDOWS:
            raise ValueError(f"STFT: expected window {', '.join(_WINDOWS)}, an array or None, got {window!r}")
        if scaling not in (None, "density", "spectrum"):
            raise ValueError(f"STFT: expected scaling 'density', 'spectrum' or None, got {scaling!r}")
        self.side, self.window, self.scaling, self.periodic = side, window, scaling, bool(periodic)

    def draw(self, shape: tuple[int, ...], generator: Generator) -> np.ndarray:
        length, _, bins = shape
        angles = -2 * np.pi * np.arange(length)[:, None, None] * np.arange(bins) / (2 * (bins - 1))
        kernel = np.cos(angles) if self.side == "real" else np.sin(angles)
        if self.window is None:
            return kernel
        window = np.asarray(self.window, np.float64) if not isinstance(self.window, str) else self._named(length)
        if window.shape != (length,):
            raise ValueError(f"STFT: expected a window ({length},), got {window.shape}")
        scale = {None: 1.0, "density": np.sqrt((window**2).sum()), "spectrum": np.abs(window).sum()}[self.scaling]
        return np.asarray(kernel * window[:, None, None] / scale)

    def _named(self, length: int) -> np.ndarray:
        period = length if self.periodic else length - 1
        share = _WINDOWS[self.window]
        return share - (1 - share) * np.cos(2 * np.pi * np.arange(length) / max(period, 1))

    def get_config(self) -> dict[str, Any]:
        return {"side": self.side, "window": self.window, "periodic": self.periodic, "scaling": self.scaling}


_WINDOWS = {"hann": 0.5, "hamming": 0.54}


class Orthogonal(Initializer):
    """A random orthogonal matrix times gain: of orthonormal columns, or rows where they are fewer (Saxe et al. 2014).

    Axes but the last count as one.
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        self.gain, self.seed = gain, seed

    def draw(self, shape: tuple[int, ...], generator: Generator) -> np.ndarray:
        if len(shape) < 2:
            raise ValueError(f"Orthogonal: expected a shape of at least two axes, got {shape}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(generator.standard_normal((max(rows, columns), min(rows, columns))))
        q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)  # makes it uniform over orthogonal matrices
        return self.gain * (q if rows >= columns else q.T).reshape(shape)

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain, "seed": self.seed}


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


def serialize(initializer: Initializer) -> dict[str, Any]:
    """The description of an initializer."""
    return describe(initializer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Initializer:
    """The initializer that a description tells of; custom_objects maps names to classes of your own."""
    classes: dict[str, type[Initializer]] = {**_NAMES, **(custom_objects or {})}
    return _config.deserialize("initializer", config, classes)


def describe(initializer: Initializer | Callable[..., Any]) -> dict[str, Any]:
    """Configuration of an initializer.

    Raises
    ------
    ValueError
        It is a function of the user's own, which a configuration can't hold.
    """
    if not isinstance(initializer, Initializer):
        raise ValueError(f"initializer: expected an object of Initializer in a configuration, got {initializer!r}")
    return _config.serialize(initializer)


def _fans(shape: tuple[int, ...]) -> tuple[float, float]:
    """Inputs and outputs of a unit, for a kernel (..., in, out)."""
    if len(shape) < 2:
        size = float(shape[0]) if shape else 1.0
        return size, size
    taps = math.prod(shape[:-2])
    return float(taps * shape[-2]), float(taps * shape[-1])


def _truncated_normal(shape: tuple[int, ...], generator: Generator) -> np.ndarray:
    """Standard normal numbers within [-2, 2]: those outside are drawn again."""
    values = generator.standard_normal(math.prod(shape))
    while (outside := np.flatnonzero(np.abs(values) > 2)).size:
        values[outside] = generator.standard_normal(outside.size)
    return values.reshape(shape)
