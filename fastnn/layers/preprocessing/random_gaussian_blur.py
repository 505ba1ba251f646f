"""RandomGaussianBlur: some images out of focus."""

from __future__ import annotations

from typing import Any

from ... import functional as F
from ...tensor import Tensor
from ..base import arguments
from .blur import blurred, gaussian
from .color import ColorLayer
from .image import factors

__all__ = ["RandomGaussianBlur"]


class RandomGaussianBlur(ColorLayer):
    """While training, blurs images with a probability by the same Gaussian window, of random widths.

    Parameters
    ----------
    factor : float or (float, float), default 1
        The range that the probability is drawn from for each image, in [0, 1]; one number f means (0, f).
    kernel_size : int or (int, int), default 3
        Height and width of the window, odd.
    sigma : float or (float, float), default 1
        The range of the standard deviations, one along each axis, in [0, 1]; one number f means (0, f).
    value_range : (float, float), default (0, 255)
        The result is held within it.
    data_format : None or "channels_last"
    seed : int, optional
        The model's seed when not given.
    """

    _bounds = (0.0, 1.0)

    def __init__(
        self,
        factor: Any = 1.0,
        kernel_size: Any = 3,
        sigma: Any = 1.0,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)
        self.kernel_size = arguments.pair("RandomGaussianBlur", "kernel_size", kernel_size)
        if any(size % 2 == 0 for size in self.kernel_size):
            raise ValueError(f"RandomGaussianBlur: expected an odd kernel_size, got {kernel_size!r}")
        self.sigma = factors("RandomGaussianBlur", "sigma", sigma, 0, 1)

    def _images(self, images: Tensor) -> Tensor:
        chosen = self._chosen(images, *self.factor)
        down, across = (F.reshape(self._uniform(images[:1], *self.sigma), (1,)) for _ in range(2))
        return F.clip(F.where(chosen, self._blurred(images, down, across), images), *self.value_range)

    def _blurred(self, images: Tensor, down: Tensor, across: Tensor) -> Tensor:
        """The result for standard deviations (1,)."""
        windows = (gaussian(size // 2, sigma) for size, sigma in zip(self.kernel_size, (down, across), strict=True))
        return blurred(images, *windows)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "kernel_size": list(self.kernel_size), "sigma": list(self.sigma)}
