"""RandomColorDegeneration: images that lose colour."""

from __future__ import annotations

from ...tensor import Tensor
from .color import ColorLayer, blended, gray

__all__ = ["RandomColorDegeneration"]


class RandomColorDegeneration(ColorLayer):
    """While training, ``x + factor (gray - x)`` of each image by a random factor, held within value_range.

    A factor of 0 leaves images as they are, 1 makes them gray.

    Parameters
    ----------
    factor : float or (float, float)
        The range of the factor, in [-1, 1]; one number f means (-f, f).
    value_range : (float, float), default (0, 255)
    data_format : None or "channels_last"
    seed : int, optional
        The model's seed when not given.
    """

    _channels = (1, 3)

    def _adjusted(self, images: Tensor, factor: Tensor) -> Tensor:
        return blended(images, gray(images), factor, self.value_range)
