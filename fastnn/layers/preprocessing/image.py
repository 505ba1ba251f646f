"""What the layers of images share: shapes, images without a batch, windows of an aspect ratio, and random draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import functional as F
from ...tensor import Tensor
from ..base import Layer, Shape, arguments
from ..base.calls import as_argument
from ..base.drawing import Drawing
from ..base.streaming import JOINS_STEPS

__all__ = [
    "ImageLayer",
    "RandomImageLayer",
    "bounds_of_values",
    "factors",
    "resized_window",
    "share",
    "window_of_ratio",
]


class ImageLayer(Layer):
    """A layer over images (batch, height, width, channels), or one image without a batch.

    In place of images it takes a dictionary of them as "images" and of their "labels", which it hands on.
    """

    _streams = JOINS_STEPS
    _channels: tuple[int, ...] = ()  # how many there may be; any number when empty

    def check_input(self, shape: Shape) -> None:
        if len(shape) not in (3, 4) or 0 in shape[-3:]:
            raise self.expected("(batch, height, width, channels) or (height, width, channels)", shape)
        if self._channels and shape[-1] not in (None, *self._channels):
            raise self.expected(f"with {' or '.join(map(str, self._channels))} channels", shape)

    def _as_inputs(self, inputs: Any) -> Any:
        if not isinstance(inputs, dict):
            return super()._as_inputs(inputs)
        return {name: self._as_tensor(x) if name == "images" else as_argument(x) for name, x in inputs.items()}

    def _check(self, inputs: Any) -> None:
        if not isinstance(inputs, dict):
            super()._check(inputs)
            return
        if not {"images"} <= set(inputs) <= {"images", "labels"}:
            raise ValueError(f"{self.name}: expected a dictionary of images and labels, got {sorted(inputs)}")
        self.check_input(inputs["images"].shape)

    def call(self, inputs: Any, training: bool = True) -> Any:
        images = F.cast(inputs["images"] if isinstance(inputs, dict) else inputs, "float32")
        if images.ndim == 3:
            result = F.squeeze(self._called(F.expand_dims(images, 0), training), 0)
        else:
            result = self._called(images, training)
        return {**inputs, "images": result} if isinstance(inputs, dict) else result

    def _called(self, images: Tensor, training: bool) -> Tensor:
        """The result for (batch, height, width, channels), in training or not."""
        return self._images(images)

    def _images(self, images: Tensor) -> Tensor:
        """The result for (batch, height, width, channels), for random layers in training."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Any) -> Any:
        if isinstance(input_shape, dict):
            return {**input_shape, "images": self.compute_output_shape(input_shape["images"])}
        self.check_input(input_shape)
        return (*input_shape[:-3], *self._size(input_shape[-3:-1]), input_shape[-1])

    def _size(self, size: Shape) -> Shape:
        """Height and width of the result."""
        return size


class RandomImageLayer(Drawing, ImageLayer):
    """An ImageLayer that changes images at random while training, and in calls by themselves that don't say."""

    def __init__(self, *, seed: int | None = None, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        arguments.channels_last(type(self).__name__, data_format)

    def _called(self, images: Tensor, training: bool) -> Tensor:
        return self._images(images) if training else images

    def _uniform(self, images: Tensor, low: float, high: float) -> Tensor:
        """A number for each image, (batch, 1, 1, 1)."""
        if low == high:
            return F.fill(images[:, :1, :1, :1], low)
        return self._draw(F.random_uniform, images[:, :1, :1, :1], low, high)

    def _sign(self, images: Tensor) -> Tensor:
        """1 or -1 for each image, (batch, 1, 1, 1)."""
        draw = self._draw(F.random_uniform, images[:, :1, :1, :1])
        return F.where(F.greater(draw, 0.5), F.fill(draw, -1.0), 1.0)

    def _chosen(self, images: Tensor, low: float, high: float) -> Tensor:
        """Which images are changed, (batch, 1, 1, 1): each with a probability between low and high."""
        probability = self._uniform(images, low, high)
        return F.less(self._draw(F.random_uniform, images[:, :1, :1, :1]), probability)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed, "data_format": "channels_last"}


def factors(cls: str, argument: str, value: Any, low: float, high: float) -> tuple[float, float]:
    """A range from one number for both directions, as far as they are allowed, or from two, in order; all within
    [low, high]."""
    given = tuple(value) if isinstance(value, tuple | list) else (value,)
    expected = 2 if isinstance(value, tuple | list) else 1
    if len(given) != expected or any(isinstance(part, bool) or not isinstance(part, int | float) for part in given):
        raise TypeError(f"{cls}: expected {argument} to be a number or two, got {value!r}")
    if not all(low <= part <= high for part in given):
        raise ValueError(f"{cls}: expected {argument} in [{low:g}, {high:g}], got {value!r}")
    if expected == 1:
        return max(-abs(float(value)), low), abs(float(value))
    lower, upper = sorted(map(float, given))
    return lower, upper


def share(cls: str, argument: str, value: Any) -> float:
    """A number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{cls}: expected {argument} to be a number, got {value!r}")
    if not 0 <= value <= 1:
        raise ValueError(f"{cls}: expected {argument} in [0, 1], got {value}")
    return float(value)


def bounds_of_values(cls: str, value: Any) -> tuple[float, float]:
    """The lowest and the highest value of pixels."""
    if not isinstance(value, Sequence) or len(value) != 2:
        raise ValueError(f"{cls}: expected value_range of two numbers, got {value!r}")
    lower, upper = sorted(map(float, value))
    if lower == upper:
        raise ValueError(f"{cls}: expected value_range of two different numbers, got {value!r}")
    return lower, upper


def window_of_ratio(size: Sequence[int], target: Sequence[int]) -> tuple[int, int, int, int]:
    """The largest window in the middle of an image of the target's aspect ratio: top, left, height, width."""
    (height, width), (new_height, new_width) = size, target
    rows = max(min(height, int(np.float32(width * new_height) / np.float32(new_width))), 1)
    columns = max(min(width, int(np.float32(height * new_width) / np.float32(new_height))), 1)
    return (height - rows) // 2, (width - columns) // 2, rows, columns


def resized_window(images: Tensor, target: tuple[int, int], interpolation: Any = "bilinear") -> Tensor:
    """The largest window in the middle of the target's aspect ratio, resized to it."""
    top, left, rows, columns = window_of_ratio(images.shape[1:3], target)
    return F.resize(images[:, top : top + rows, left : left + columns], target, interpolation)
