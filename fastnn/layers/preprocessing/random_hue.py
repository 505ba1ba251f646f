"""RandomHue: colours turned around the colour circle."""

from __future__ import annotations

from ... import functional as F
from ...tensor import Tensor
from .color import ColorLayer, from_hsv, rescaled, to_hsv

__all__ = ["RandomHue"]


class RandomHue(ColorLayer):
    """While training, turns the hues of each image by a random angle, in either direction.

    Parameters
    ----------
    factor : float or (float, float)
        The range of the angle as a share of half a turn, in [0, 1]; one number f means (0, f).
    value_range : (float, float), default (0, 255)
    data_format : None or "channels_last"
    seed : int, optional
        The model's seed when not given.
    """

    _channels = (3,)
    _bounds = (0.0, 1.0)

    def _images(self, images: Tensor) -> Tensor:
        half_turns = F.multiply(self._sign(images), self._uniform(images, *self.factor))
        return self._adjusted(images, F.multiply(half_turns, 0.5))

    def _adjusted(self, images: Tensor, factor: Tensor) -> Tensor:
        hue, saturation, value = to_hsv(rescaled(images, self.value_range, (0.0, 1.0)))
        hue = F.add(hue, factor)
        hue = F.where(F.greater(hue, 1.0), F.subtract(hue, 1.0), hue)
        hue = F.where(F.less(hue, 0.0), F.add(hue, 1.0), hue)
        turned = F.clip(from_hsv(hue, saturation, value), 0.0, 1.0)
        return rescaled(turned, (0.0, 1.0), self.value_range)
