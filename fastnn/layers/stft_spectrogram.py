"""STFTSpectrogram: short-time Fourier transforms of signals, by a convolution whose kernels can be trained."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F
from ..initializers import STFT
from ..tensor import Tensor, constant
from .base import Layer, Shape, arguments
from .base.streaming import LOOKS_AT_ALL

__all__ = ["STFTSpectrogram"]

_MODES = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")
_SMALL = 1e-7


class STFTSpectrogram(Layer):
    """Spectrograms of signals (batch, time, channels), every channel by itself: (batch, frames, channels * bins).

    Parameters
    ----------
    mode : {"log", "magnitude", "psd", "real", "imag", "angle", "stft"}, default "log"
        The logarithm of the magnitude, the magnitude, its square (with the bins between the first and the last
        doubled), the parts of the complex numbers, their angle, or both parts behind each other.
    frame_length : int, default 256
    frame_step : int, optional
        From frame to frame, at most frame_length; half of it when not given.
    fft_length : int, optional
        At least frame_length; there are fft_length // 2 + 1 bins. The next power of two when not given.
    window : {"hann", "hamming"}, array (frame_length,) or None, default "hann"
    periodic : bool, default False
        Whether a named window is periodic, else symmetric.
    scaling : {"density", "spectrum"} or None, default "density"
        Divide by the root of the window's sum of squares, or by its sum.
    padding : {"valid", "same"}, default "valid"
    expand_dims : bool, default False
        Give images (batch, frames, bins, channels).
    data_format : None or "channels_last"
    """

    _streams = LOOKS_AT_ALL

    def __init__(
        self,
        mode: str = "log",
        frame_length: int = 256,
        frame_step: int | None = None,
        fft_length: int | None = None,
        window: Any = "hann",
        periodic: bool = False,
        scaling: str | None = "density",
        padding: str = "valid",
        expand_dims: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        cls = "STFTSpectrogram"
        arguments.channels_last(cls, data_format)
        if mode not in _MODES:
            raise ValueError(f"{cls}: expected mode {', '.join(_MODES)}, got {mode!r}")
        self.mode, self.window, self.scaling, self.periodic = mode, window, scaling, bool(periodic)
        self.frame_length = arguments.positive(cls, "frame_length", frame_length)
        self.frame_step, self.fft_length = frame_step, fft_length
        self._step = max(1, self.frame_length // 2) if frame_step is None else frame_step
        if not 1 <= self._step <= self.frame_length:
            raise ValueError(f"{cls}: expected frame_step from 1 to frame_length={frame_length}, got {frame_step}")
        length = 1 << (self.frame_length - 1).bit_length() if fft_length is None else fft_length
        if length < self.frame_length:
            raise ValueError(f"{cls}: expected fft_length of at least frame_length={frame_length}, got {fft_length}")
        self._bins = length // 2 + 1
        self.padding = arguments.padding_mode(cls, padding)
        self.expand_dims = bool(expand_dims)
        self._sides = ["real"] if mode == "real" else ["imag"] if mode == "imag" else ["real", "imag"]
        self._kernels = {side: STFT(side, window, scaling, periodic) for side in self._sides}

        self._channels: int | None = None  # those that it was built for

    def build(self, input_shape: Shape) -> None:
        self._channels = input_shape[-1]
        for side, initial in self._kernels.items():
            self.add_weight((self.frame_length, 1, self._bins), initial, name=f"{side}_kernel")

    def check_input(self, shape: Shape) -> None:
        wrong = len(shape) != 3 or not shape[-1] or (self._channels is not None and shape[-1] != self._channels)
        if wrong or (shape[1] is not None and self._frames(shape[1]) == 0):
            channels = self._channels or "channels"
            raise self.expected(f"(batch, time, {channels}) with at least {self.frame_length} steps", shape)

    def _frames(self, steps: int | None) -> int | None:
        return arguments.windows(steps, self.frame_length, self._step, self.padding)

    def call(self, inputs: Tensor) -> Tensor:
        channels = inputs.shape[2]
        signals = F.reshape(F.transpose(inputs, (0, 2, 1)), (-1, inputs.shape[1], 1))
        parts = []
        for side in self._sides:
            part = F.conv1d(signals, self._weights[f"{side}_kernel"], strides=self._step, padding=self.padding)
            parts.append(F.reshape(part, (-1, channels, *part.shape[1:])))
        return self._measured(parts)

    def _measured(self, parts: list[Tensor]) -> Tensor:
        """What the mode asks for, of real or imaginary parts (batch, channels, frames, bins), or of both."""
        if len(parts) == 1 or self.mode == "stft":
            return self._arranged(F.concatenate(parts, axis=3))
        if self.mode == "angle":
            return self._arranged(F.arctan2(parts[1], parts[0]))
        power = F.add(*(F.multiply(part, part) for part in parts))
        if self.mode == "psd":
            inner = (np.arange(self._bins) % (self._bins - 1) != 0) if self._bins > 1 else np.zeros(1, bool)
            return self._arranged(F.multiply(power, constant(1 + inner.astype(np.float32))))
        magnitude = self._arranged(F.sqrt(F.maximum(power, _SMALL)))
        return magnitude if self.mode == "magnitude" else F.log(F.maximum(magnitude, _SMALL))

    def _arranged(self, y: Tensor) -> Tensor:
        """(batch, channels, frames, bins) as the result is to be."""
        if self.expand_dims:
            return F.transpose(y, (0, 2, 3, 1))
        return F.reshape(F.transpose(y, (0, 2, 1, 3)), (-1, y.shape[2], y.shape[1] * y.shape[3]))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self.check_input(input_shape)
        bins, channels = self._bins * (2 if self.mode == "stft" else 1), input_shape[2] or 0
        last = (bins, channels) if self.expand_dims else (bins * channels,)
        return (input_shape[0], self._frames(input_shape[1]), *last)

    def get_config(self) -> dict[str, Any]:
        names = ("mode", "frame_length", "frame_step", "fft_length", "periodic", "scaling", "padding", "expand_dims")
        window = self.window if isinstance(self.window, str | None) else np.asarray(self.window).tolist()
        return {**super().get_config(), **{name: getattr(self, name) for name in names}, "window": window}
