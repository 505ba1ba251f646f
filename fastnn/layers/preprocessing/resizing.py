"""Resizing: images of another size."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from ... import functional as F
from ...tensor import Tensor
from ..base import Shape, arguments
from .image import ImageLayer, resized_window

__all__ = ["Resizing"]


class Resizing(ImageLayer):
    """Images (batch, height, width, channels), or one without a batch, of another size.

    Parameters
    ----------
    height, width : int
        Of the result.
    interpolation : {"bilinear", "nearest"}, default "bilinear"
    crop_to_aspect_ratio : bool, default False
        Cut edges off so that nothing is stretched.
    pad_to_aspect_ratio : bool, default False
        Add edges of fill_value so that nothing is stretched.
    fill_mode : "constant"
    fill_value : float, default 0
    antialias : False
    data_format : None or "channels_last"
    """

    _single: ClassVar = {"fill_mode": "constant", "antialias": False}

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: Literal["bilinear", "nearest"] = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        arguments.channels_last("Resizing", data_format)
        self.height = arguments.positive("Resizing", "height", height)
        self.width = arguments.positive("Resizing", "width", width)
        if interpolation not in ("bilinear", "nearest"):
            raise ValueError(f"Resizing: expected interpolation 'bilinear' or 'nearest', got {interpolation!r}")
        if fill_mode != "constant":
            raise ValueError(f"Resizing: expected fill_mode 'constant', got {fill_mode!r}")
        if antialias:
            raise ValueError(f"Resizing: expected antialias False, got {antialias!r}")
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ValueError("Resizing: expected crop_to_aspect_ratio or pad_to_aspect_ratio, got both")
        self.interpolation: Literal["bilinear", "nearest"] = interpolation
        self.crop_to_aspect_ratio = bool(crop_to_aspect_ratio)
        self.pad_to_aspect_ratio = bool(pad_to_aspect_ratio)
        self.fill_value = float(fill_value)

    def _images(self, images: Tensor) -> Tensor:
        target = self.height, self.width
        if self.crop_to_aspect_ratio:
            return resized_window(images, target, self.interpolation)
        if self.pad_to_aspect_ratio:
            height, width = images.shape[1:3]
            rows = int(np.float32(width * self.height) / np.float32(self.width))
            columns = int(np.float32(height * self.width) / np.float32(self.height))
            edges = [(max(rows - height, 0) // 2,) * 2, (max(columns - width, 0) // 2,) * 2]
            images = F.pad(images, ((0, 0), *edges, (0, 0)), constant_values=self.fill_value)
        return F.resize(images, target, self.interpolation)

    def _size(self, size: Shape) -> Shape:
        return self.height, self.width

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "height": self.height,
            "width": self.width,
            "interpolation": self.interpolation,
            "crop_to_aspect_ratio": self.crop_to_aspect_ratio,
            "pad_to_aspect_ratio": self.pad_to_aspect_ratio,
            "fill_value": self.fill_value,
        }
