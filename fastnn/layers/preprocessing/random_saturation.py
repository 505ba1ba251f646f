"""RandomSaturation: colours made stronger and paler."""

from __future__ import annotations

from ... import functional as F
from ...tensor import Tensor
from .color import ColorLayer, from_hsv, to_hsv

__all__ = ["RandomSaturation"]


class RandomSaturation(ColorLayer):
    """While training, multiplies the saturation of each image by ``factor / (1 - factor)`` of a random factor.

    A factor of 0 makes images gray, 0.5 leaves them as they are, 1 makes them as colourful as can be. The saturation is
    held within value_range, as in Keras.

    Parameters
    ----------
    factor : float or (float, float)
        The range of the factor, in [-1, 1]; one number f means (-f, f).
    value_range : (float, float), default (0, 255)
    data_format : None or "channels_last"
    seed : int, optional
        The model's seed when not given.
    """

    _channels = (3,)

    def _images(self, images: Tensor) -> Tensor:
        factor = self._uniform(images, *self.factor)
        return self._adjusted(images, F.divide(factor, F.add(F.subtract(1.0, factor), 1e-7)))

    def _adjusted(self, images: Tensor, factor: Tensor) -> Tensor:
        hue, saturation, value = to_hsv(images)
        return from_hsv(hue, F.clip(F.multiply(saturation, factor), *self.value_range), value)
