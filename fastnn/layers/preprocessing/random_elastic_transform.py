"""RandomElasticTransform: images on rubber."""

from __future__ import annotations

from functools import partial
from typing import Any

from ... import functional as F
from ...tensor import Tensor
from .blur import blurred, gaussian
from .color import ColorLayer
from .image import factors
from .rounding import floored, truncated
from .sampling import FILL_MODES, check_names, grid, sampled

__all__ = ["RandomElasticTransform"]


class RandomElasticTransform(ColorLayer):
    """While training, moves each pixel of images by a smooth random field, with a probability.

    The field is normal noise times sigma, blurred by a Gaussian window of deviation sigma, times alpha; for a random
    strength s of a batch, ``alpha = 0.1 s max(height, width)`` and ``sigma = 0.05 s min(height, width)``.

    Parameters
    ----------
    factor : float or (float, float), default 1
        The range that the probability is drawn from for each image, in [0, 1]; one number f means (0, f).
    scale : float or (float, float), default 1
        The range of the strength, in [0, 1]; one number f means (0, f).
    interpolation : {"bilinear", "nearest"}, default "bilinear"
    fill_mode : {"reflect", "wrap", "constant", "nearest", "mirror"}, default "reflect"
        What is seen outside of the image.
    fill_value : float, default 0
        For "constant".
    value_range : (float, float), default (0, 255)
        The result is held within it.
    seed : int, optional
        The model's seed when not given.
    data_format : None or "channels_last"

    References
    ----------
    Simard, Steinkraus and Platt, "Best practices for convolutional neural networks", ICDAR 2003.
    """

    _bounds = (0.0, 1.0)

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = 1.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)
        self.scale = factors("RandomElasticTransform", "scale", scale, 0, 1)
        check_names("RandomElasticTransform", interpolation, fill_mode, (*FILL_MODES, "mirror"))
        self.interpolation, self.fill_mode, self.fill_value = interpolation, fill_mode, float(fill_value)

    def _images(self, images: Tensor) -> Tensor:
        chosen = self._chosen(images, *self.factor)
        strength = F.reshape(self._uniform(images[:1], *self.scale), (1,))
        noise = [self._draw(F.random_normal, images[..., :1]) for _ in range(2)]
        moved = self._moved(images, *(self._field(part, strength) for part in noise))
        return F.clip(F.where(chosen, moved, images), *self.value_range)

    def _field(self, noise: Tensor, strength: Tensor) -> Tensor:
        """How far pixels move along an axis, (batch, height, width, 1)."""
        size = noise.shape[1:3]
        sigma = F.multiply(strength, 0.05 * min(size))
        window = gaussian(3 * int(0.05 * min(size) * self.scale[1]), sigma, within=F.multiply(truncated(sigma), 3.0))
        smooth = blurred(F.multiply(noise, sigma), window, window)
        return F.multiply(smooth, F.multiply(strength, 0.1 * max(size)))

    def _moved(self, images: Tensor, across: Tensor, down: Tensor) -> Tensor:
        column, row = grid(images)
        placed = None if self.fill_mode in ("constant", "nearest") else partial(_folded, mode=self.fill_mode)
        value = self.fill_value if self.fill_mode == "constant" else None
        return sampled(images, F.add(column, across), F.add(row, down), self.interpolation, value, placed)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "scale": list(self.scale),
            "interpolation": self.interpolation,
            "fill_mode": self.fill_mode,
            "fill_value": self.fill_value,
        }


def _folded(place: Tensor, size: int, mode: str) -> Tensor:
    """Whole numbers brought into the image as Keras's map_coordinates does."""
    period = float(size if mode == "wrap" else 2 * size)
    place = place if mode == "wrap" else F.abs(place)
    rest = F.subtract(place, F.multiply(floored(F.divide(place, period)), period))
    if mode == "wrap":
        return rest
    last = period - 1.0 if mode == "reflect" else period
    return F.where(F.less(rest, float(size)), rest, F.subtract(last, rest))
