"""CenterCrop: the middle of images."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from ..base import Shape, arguments
from .image import ImageLayer, resized_window

__all__ = ["CenterCrop"]


class CenterCrop(ImageLayer):
    """The middle of images (batch, height, width, channels), or of one without a batch.

    Images that are smaller than that are resized: the largest window in the middle of the result's aspect ratio.

    Parameters
    ----------
    height, width : int
        Of the result.
    data_format : None or "channels_last"
    """

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        arguments.channels_last("CenterCrop", data_format)
        self.height = arguments.positive("CenterCrop", "height", height)
        self.width = arguments.positive("CenterCrop", "width", width)

    def _images(self, images: Tensor) -> Tensor:
        top, left = (images.shape[1] - self.height) // 2, (images.shape[2] - self.width) // 2
        if top < 0 or left < 0:
            return resized_window(images, (self.height, self.width))
        return images[:, top : top + self.height, left : left + self.width]

    def _size(self, size: Shape) -> Shape:
        return self.height, self.width

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "height": self.height, "width": self.width}
