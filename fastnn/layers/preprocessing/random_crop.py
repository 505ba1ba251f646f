"""RandomCrop: a window of images at a random place."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import functional as F
from ...tensor import Tensor, constant
from ..base import Shape, arguments
from .image import RandomImageLayer, resized_window, window_of_ratio

__all__ = ["RandomCrop"]


class RandomCrop(RandomImageLayer):
    """While training, a window at a random place, the same for all images of a batch.

    In inference it is the largest window in the middle of the result's aspect ratio, resized.

    Parameters
    ----------
    height, width : int
        Of the result.
    seed : int, optional
        The model's seed when not given.
    data_format : None or "channels_last"
    """

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, name=name, **kwargs)
        self.height = arguments.positive("RandomCrop", "height", height)
        self.width = arguments.positive("RandomCrop", "width", width)

    def _called(self, images: Tensor, training: bool) -> Tensor:
        return self._images(images) if training else resized_window(images, (self.height, self.width))

    def _images(self, images: Tensor) -> Tensor:
        (height, width), target = images.shape[1:3], (self.height, self.width)
        if height > self.height and width > self.width:
            first = images[:1]
            top = self._uniform(first, 0.0, height - self.height + 1.0)
            left = self._uniform(first, 0.0, width - self.width + 1.0)
            return self._window(images, top, left)
        y, x, _, _ = window_of_ratio((height, width), target)
        window = images[:, y : y + self.height, x : x + self.width]
        return window if window.shape[1:3] == target else F.resize(window, target)

    def _window(self, images: Tensor, top: Tensor, left: Tensor) -> Tensor:
        """The window that begins at the whole parts of top and left."""
        for axis, start, size in ((1, top, self.height), (2, left, self.width)):
            places = F.add(F.cast(F.reshape(start, (1,)), "int64"), constant(np.arange(size)))
            images = F.take(images, places, axis)
        return images

    def _size(self, size: Shape) -> Shape:
        return self.height, self.width

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "height": self.height, "width": self.width}
