"""RandomSharpness: images blurred and sharpened."""

from __future__ import annotations

import numpy as np

from ... import functional as F
from ...tensor import Tensor, constant
from .color import ColorLayer, blended

__all__ = ["RandomSharpness"]

_SMOOTHING = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]], np.float32).reshape(3, 3, 1, 1) / np.float32(13)


class RandomSharpness(ColorLayer):
    """While training, ``x + (1 - 2 factor) (smoothed - x)`` of each image by a random factor.

    Smoothing weighs a pixel by 5/13 and each of its neighbours by 1/13. A factor of 0 gives the smoothed image, 0.5
    leaves it as it is, 1 sharpens it. The result is held within value_range.

    Parameters
    ----------
    factor : float or (float, float)
        The range of the factor, in [0, 1]; one number f means (0, f).
    value_range : (float, float), default (0, 255)
    data_format : None or "channels_last"
    seed : int, optional
        The model's seed when not given.
    """

    _bounds = (0.0, 1.0)

    def _adjusted(self, images: Tensor, factor: Tensor) -> Tensor:
        weight = constant(np.tile(_SMOOTHING, (1, 1, images.shape[-1], 1)))
        smoothed = F.depthwise_conv2d(images, weight, padding="same")
        return blended(images, smoothed, F.subtract(1.0, F.multiply(factor, 2.0)), self.value_range)
