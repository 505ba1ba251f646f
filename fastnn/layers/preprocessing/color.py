"""What layers that change the colours of images share: a factor, a range of values, colours by hue and by lightness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ... import functional as F
from ...tensor import Tensor, constant
from .image import RandomImageLayer, bounds_of_values, factors

__all__ = ["BYTES", "ColorLayer", "blended", "from_hsv", "gray", "rescaled", "to_hsv"]

BYTES = (0.0, 255.0)


class ColorLayer(RandomImageLayer):
    """A change of the colours of each image by a random factor.

    Parameters
    ----------
    factor : float or (float, float)
        One number f means (-f, f), as far as the layer takes it.
    value_range : (float, float), default (0, 255)
    data_format : None or "channels_last"
    seed : int, optional
        The model's seed when not given.
    """

    _bounds: ClassVar[tuple[float, float]] = (-1.0, 1.0)  # of factor

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        cls = type(self).__name__
        self.factor = factors(cls, "factor", factor, *self._bounds)
        self.value_range = bounds_of_values(cls, value_range)

    def _images(self, images: Tensor) -> Tensor:
        return self._adjusted(images, self._uniform(images, *self.factor))

    def _adjusted(self, images: Tensor, factor: Tensor) -> Tensor:
        """The result for the factors that were drawn, (batch, 1, 1, 1)."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": list(self.factor), "value_range": list(self.value_range)}


def blended(images: Tensor, others: Tensor, share: Any, value_range: tuple[float, float]) -> Tensor:
    """``images + share (others - images)``, held within value_range."""
    return F.clip(F.add(images, F.multiply(F.subtract(others, images), share)), *value_range)


def rescaled(images: Tensor, source: Sequence[float], target: Sequence[float]) -> Tensor:
    """Values of one range in another."""
    if tuple(source) == tuple(target):
        return images
    shares = F.divide(F.subtract(images, source[0]), source[1] - source[0])
    return F.add(F.multiply(shares, target[1] - target[0]), target[0])


def gray(images: Tensor) -> Tensor:
    """The lightness of colours, (batch, height, width, 1), by the weights of ITU-R BT.601; gray images as they are."""
    if images.shape[-1] == 1:
        return images
    weights = constant(np.array([0.2989, 0.5870, 0.1140], np.float32))
    return F.sum(F.multiply(images, weights), -1, keepdims=True)


def to_hsv(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Hue and saturation in [0, 1], and value, of red, green and blue; each (batch, height, width, 1).

    A. R. Smith, "Color gamut transform pairs", SIGGRAPH 1978.
    """
    red, green, blue = (images[..., place : place + 1] for place in range(3))
    value = F.max(images, -1, keepdims=True)
    spread = F.subtract(value, F.min(images, -1, keepdims=True))
    positive = F.greater(value, 0.0)
    saturation = F.where(positive, F.divide(spread, F.where(positive, value, F.fill(value, 1.0))), 0.0)
    colored = F.greater(spread, 0.0)
    sixth = F.divide(1.0, F.multiply(F.where(colored, spread, F.fill(spread, 1.0)), 6.0))
    hue = F.where(
        F.equal(red, value),
        F.multiply(sixth, F.subtract(green, blue)),
        F.where(
            F.equal(green, value),
            F.add(F.multiply(sixth, F.subtract(blue, red)), 2 / 6),
            F.add(F.multiply(sixth, F.subtract(red, green)), 4 / 6),
        ),
    )
    hue = F.where(colored, hue, 0.0)
    return F.where(F.less(hue, 0.0), F.add(hue, 1.0), hue), saturation, value


def from_hsv(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """What `to_hsv` gave as red, green and blue."""
    angle = F.multiply(hue, 6.0)
    distances = [F.abs(F.subtract(angle, place)) for place in (3.0, 2.0, 4.0)]
    shares = [F.subtract(distances[0], 1.0), *(F.subtract(2.0, distance) for distance in distances[1:])]
    rest = F.subtract(1.0, saturation)
    colors = [F.multiply(F.add(F.multiply(F.clip(share, 0.0, 1.0), saturation), rest), value) for share in shares]
    return F.concatenate(colors, -1)
