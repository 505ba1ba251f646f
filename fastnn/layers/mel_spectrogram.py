"""MelSpectrogram: how strong a signal is over time in bands of the mel scale."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import functional as F
from ..initializers.fourier import named_window
from ..tensor import Tensor, constant
from .base import Layer, Shape, arguments
from .base.streaming import LOOKS_AT_ALL

__all__ = ["MelSpectrogram"]


class MelSpectrogram(Layer):
    """Mel spectrograms of signals (batch, samples) or (samples,): (batch, num_mel_bins, frames).

    Frames lie around every sequence_stride-th sample; beyond its ends the signal is mirrored.

    Parameters
    ----------
    fft_length : int, default 2048
    sequence_stride : int, default 512
    sequence_length : int, optional
        Of the window, at most fft_length, which it is when not given.
    window : {"hann", "hamming"}, array (sequence_length,) or None, default "hann"
    sampling_rate : int, default 16000
        Samples a second.
    num_mel_bins : int, default 128
    min_freq : float, default 20
    max_freq : float, optional
        Half the sampling rate when not given.
    power_to_db : bool, default True
        Give decibels: ``10 * log10(power / ref_power)``, at most top_db below the largest one of the batch.
    top_db : float, default 80
    mag_exp : float, default 2
        The magnitudes' exponent before bands are summed up.
    min_power : float, default 1e-10
    ref_power : float, default 1
    """

    _streams = LOOKS_AT_ALL

    def __init__(
        self,
        fft_length: int = 2048,
        sequence_stride: int = 512,
        sequence_length: int | None = None,
        window: Any = "hann",
        sampling_rate: int = 16000,
        num_mel_bins: int = 128,
        min_freq: float = 20.0,
        max_freq: float | None = None,
        power_to_db: bool = True,
        top_db: float = 80.0,
        mag_exp: float = 2.0,
        min_power: float = 1e-10,
        ref_power: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        cls = "MelSpectrogram"
        if isinstance(window, str) and window not in ("hann", "hamming"):
            raise ValueError(f"{cls}: expected window hann, hamming, an array or None, got {window!r}")
        self.fft_length = arguments.positive(cls, "fft_length", fft_length)
        self.sequence_stride = arguments.positive(cls, "sequence_stride", sequence_stride)
        self.sequence_length = arguments.positive(cls, "sequence_length", sequence_length or fft_length)
        if self.sequence_length > self.fft_length:
            raise ValueError(f"{cls}: expected sequence_length up to fft_length={fft_length}, got {sequence_length}")
        self.window, self.sampling_rate = window, sampling_rate
        self.num_mel_bins = arguments.positive(cls, "num_mel_bins", num_mel_bins)
        self.min_freq, self.max_freq = min_freq, max_freq or int(sampling_rate / 2)
        self.power_to_db, self.top_db, self.mag_exp = bool(power_to_db), top_db, mag_exp
        self.min_power, self.ref_power = min_power, ref_power
        self._kernel = constant(self._fourier())
        self._mel = constant(self._bands())

    def _fourier(self) -> np.ndarray:
        """Kernels (fft_length, 1, 2 * bins) of the real and imaginary parts; the window lies in the middle."""
        length, bins = self.sequence_length, self.fft_length // 2 + 1
        before = (self.fft_length - length) // 2
        window: Any = self.window
        if isinstance(window, str):
            window = named_window(window, length, periodic=True)
        padded = np.zeros(self.fft_length)
        padded[before : before + length] = 1.0 if window is None else window
        angles = 2 * np.pi * (np.arange(self.fft_length)[:, None] * np.arange(bins) % self.fft_length) / self.fft_length
        parts = np.concatenate([np.cos(angles), -np.sin(angles)], axis=1) * padded[:, None]
        return parts[:, None].astype(np.float32)

    def _bands(self) -> np.ndarray:
        """(bins, num_mel_bins): triangles of height 1 on the mel scale, 1127 * log(1 + hertz / 700)."""

        def mel(hertz: Any) -> Any:
            return 1127.0 * np.log1p(np.asarray(hertz, np.float64) / 700.0)

        bins = mel(np.linspace(0.0, self.sampling_rate / 2.0, self.fft_length // 2 + 1))[1:, None]
        edges = np.linspace(mel(self.min_freq), mel(self.max_freq), self.num_mel_bins + 2)
        low, middle, high = edges[:-2], edges[1:-1], edges[2:]
        weights = np.maximum(0.0, np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)))
        return np.pad(weights, ((1, 0), (0, 0))).astype(np.float32)

    def check_input(self, shape: Shape) -> None:
        samples = shape[-1] if shape else 0
        if len(shape) not in (1, 2) or (samples is not None and samples <= self.fft_length // 2):
            raise self.expected(f"(batch, samples) with more than {self.fft_length // 2} samples", shape)

    def call(self, inputs: Tensor) -> Tensor:
        if inputs.ndim == 1:
            return self.call(F.expand_dims(inputs, 0))[0]
        half = self.fft_length // 2
        signals = F.expand_dims(F.pad(inputs, ((0, 0), (half, half)), mode="reflect"), -1)
        parts = F.conv1d(signals, self._kernel, strides=self.sequence_stride)
        real, imag = F.split(parts, 2, axis=2)
        power = F.add(F.multiply(real, real), F.multiply(imag, imag))
        magnitudes = power if self.mag_exp == 2 else F.power(power, self.mag_exp / 2)
        y = F.matmul(magnitudes, self._mel)
        return F.swapaxes(self._decibels(y) if self.power_to_db else y, 1, 2)

    def _decibels(self, y: Tensor) -> Tensor:
        scale = 10.0 / math.log(10.0)
        reference = scale * math.log(max(abs(self.ref_power), self.min_power))
        decibels = F.subtract(F.multiply(F.log(F.maximum(y, self.min_power)), scale), reference)
        return F.maximum(decibels, F.subtract(F.max(decibels), self.top_db))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self.check_input(input_shape)
        samples = input_shape[-1]
        padded = None if samples is None else samples + 2 * (self.fft_length // 2)
        frames = arguments.windows(padded, self.fft_length, self.sequence_stride, "valid")
        return (*input_shape[:-1], self.num_mel_bins, frames)

    def get_config(self) -> dict[str, Any]:
        window = self.window if isinstance(self.window, str | None) else np.asarray(self.window).tolist()
        names = (
            *("fft_length", "sequence_stride", "sequence_length", "sampling_rate", "num_mel_bins", "min_freq"),
            *("max_freq", "power_to_db", "top_db", "mag_exp", "min_power", "ref_power"),
        )
        return {**super().get_config(), "window": window, **{name: getattr(self, name) for name in names}}
