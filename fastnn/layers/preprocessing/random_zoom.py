"""RandomZoom: images seen from nearer and from farther away."""

from __future__ import annotations

from typing import Any

from ... import functional as F
from ...tensor import Tensor
from .affine import AffineImageLayer
from .image import factors

__all__ = ["RandomZoom"]


class RandomZoom(AffineImageLayer):
    """While training, zooms each image by a random factor.

    Parameters
    ----------
    height_factor : float or (float, float)
        The range of shares by which more of the image's height is seen (positive: smaller things) or less; one number f
        means (-f, f).
    width_factor : float or (float, float), optional
        The same for the width; keeps the aspect ratio when not given.
    fill_mode, interpolation, seed, fill_value, data_format
        As for `RandomRotation`.
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.height_factor = factors("RandomZoom", "height_factor", height_factor, -1, 1)
        self.width_factor = None if width_factor is None else factors("RandomZoom", "width_factor", width_factor, -1, 1)

    def _images(self, images: Tensor) -> Tensor:
        low, high = self.height_factor
        height = width = self._uniform(images, 1 + low, 1 + high)
        if self.width_factor is not None:
            low, high = self.width_factor
            width = self._uniform(images, 1 + low, 1 + high)
        return self._zoomed(images, height, width)

    def _zoomed(self, images: Tensor, height: Tensor, width: Tensor) -> Tensor:
        x, y = (
            F.multiply(F.subtract(1.0, zoom), (size - 1) / 2)
            for zoom, size in ((width, images.shape[2]), (height, images.shape[1]))
        )
        return self._seen(images, [width, 0.0, x, 0.0, height, y])

    def get_config(self) -> dict[str, Any]:
        width = None if self.width_factor is None else list(self.width_factor)
        return {**super().get_config(), "height_factor": list(self.height_factor), "width_factor": width}
