"""RandomTranslation: images shifted by random distances."""

from __future__ import annotations

from typing import Any

from ... import functional as F
from ...tensor import Tensor
from .affine import AffineImageLayer
from .image import factors

__all__ = ["RandomTranslation"]


class RandomTranslation(AffineImageLayer):
    """While training, shifts each image by random shares of its height and width.

    Parameters
    ----------
    height_factor, width_factor : float or (float, float)
        The ranges of the shares, downwards and to the right; one number f means (-f, f).
    fill_mode, interpolation, seed, fill_value, data_format
        As for `RandomRotation`.
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.height_factor = factors("RandomTranslation", "height_factor", height_factor, -1, 1)
        self.width_factor = factors("RandomTranslation", "width_factor", width_factor, -1, 1)

    def _images(self, images: Tensor) -> Tensor:
        down = self._uniform(images, *self.height_factor)
        right = self._uniform(images, *self.width_factor)
        return self._shifted(images, down, right)

    def _shifted(self, images: Tensor, down: Tensor, right: Tensor) -> Tensor:
        x = F.multiply(right, -float(images.shape[2]))
        y = F.multiply(down, -float(images.shape[1]))
        return self._seen(images, [1.0, 0.0, x, 0.0, 1.0, y])

    def get_config(self) -> dict[str, Any]:
        own = {"height_factor": list(self.height_factor), "width_factor": list(self.width_factor)}
        return {**super().get_config(), **own}
