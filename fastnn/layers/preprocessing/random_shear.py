"""RandomShear: images made slanting."""

from __future__ import annotations

from typing import Any

from ... import functional as F
from ...tensor import Tensor
from .affine import AffineImageLayer
from .image import factors

__all__ = ["RandomShear"]


class RandomShear(AffineImageLayer):
    """While training, shears each image: pixel (x, y) is what was at ``(x + a y, y + b x)``, with random a and b.

    Parameters
    ----------
    x_factor, y_factor : float or (float, float), default 0
        The ranges of a and b, in [-1, 1]; one number f means (-f, f). Half of the images get both with the other sign.
    interpolation : {"bilinear", "nearest"}, default "bilinear"
    fill_mode : {"reflect", "wrap", "constant", "nearest"}, default "reflect"
        What is seen outside of the image.
    fill_value : float, default 0
        For "constant".
    data_format : None or "channels_last"
    seed : int, optional
        The model's seed when not given.
    """

    def __init__(
        self,
        x_factor: Any = 0.0,
        y_factor: Any = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.x_factor = factors("RandomShear", "x_factor", x_factor, -1, 1)
        self.y_factor = factors("RandomShear", "y_factor", y_factor, -1, 1)

    def _images(self, images: Tensor) -> Tensor:
        sign = self._sign(images)
        x, y = (F.multiply(self._uniform(images, *factor), sign) for factor in (self.x_factor, self.y_factor))
        return self._sheared(images, x, y)

    def _sheared(self, images: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return self._seen(images, [1.0, x, 0.0, y, 1.0, 0.0])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "x_factor": list(self.x_factor), "y_factor": list(self.y_factor)}
