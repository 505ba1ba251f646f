"""The kernels of a short-time Fourier transform as initial values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .base import Initializer

if TYPE_CHECKING:
    from numpy.random import Generator

__all__ = ["STFT", "named_window"]

_WINDOWS = {"hann": 0.5, "hamming": 0.54}


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
        window = (
            np.asarray(self.window, np.float64)
            if not isinstance(self.window, str)
            else named_window(self.window, length, self.periodic)
        )
        if window.shape != (length,):
            raise ValueError(f"STFT: expected a window ({length},), got {window.shape}")
        scale = {None: 1.0, "density": np.sqrt((window**2).sum()), "spectrum": np.abs(window).sum()}[self.scaling]
        return np.asarray(kernel * window[:, None, None] / scale)

    def get_config(self) -> dict[str, Any]:
        return {"side": self.side, "window": self.window, "periodic": self.periodic, "scaling": self.scaling}


def named_window(name: str, length: int, periodic: bool) -> np.ndarray:
    """The window "hann" or "hamming", (length,)."""
    share = _WINDOWS[name]
    return share - (1 - share) * np.cos(2 * np.pi * np.arange(length) / max(length if periodic else length - 1, 1))
