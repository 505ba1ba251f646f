"""RandomRotation: images turned by random angles."""

from __future__ import annotations

import math
from typing import Any

from ... import functional as F
from ...tensor import Tensor
from .affine import AffineImageLayer, sine_and_cosine
from .image import factors

__all__ = ["RandomRotation"]


class RandomRotation(AffineImageLayer):
    """While training, turns each image around its middle by a random angle.

    Parameters
    ----------
    factor : float or (float, float)
        The range of angles as shares of a full turn, counter-clockwise; one number f means (-f, f).
    fill_mode : {"reflect", "wrap", "constant", "nearest"}, default "reflect"
        What is seen outside of the image.
    interpolation : {"bilinear", "nearest"}, default "bilinear"
    seed : int, optional
        The model's seed when not given.
    fill_value : float, default 0
        For "constant".
    data_format : None or "channels_last"
    """

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.factor = factors("RandomRotation", "factor", factor, -1, 1)

    def _images(self, images: Tensor) -> Tensor:
        low, high = (2 * math.pi * part for part in self.factor)
        return self._turned(images, self._uniform(images, low, high))

    def _turned(self, images: Tensor, angle: Tensor) -> Tensor:
        sine, cosine = sine_and_cosine(angle)
        x, y = (images.shape[2] - 1) / 2, (images.shape[1] - 1) / 2
        across = F.subtract(F.add(F.multiply(sine, y), x), F.multiply(cosine, x))
        down = F.subtract(F.subtract(y, F.multiply(sine, x)), F.multiply(cosine, y))
        return self._seen(images, [cosine, F.negative(sine), across, sine, cosine, down])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": list(self.factor)}
