"""Images of another size."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..tensor import Node, Tensor
from ._base import Gradients, _pair, _result, _run, _shape_of
from .indexing import _literal_indices, take
from .shape import expand_dims, squeeze

if TYPE_CHECKING:
    import numpy.typing as npt

Interpolation = Literal["nearest", "bilinear"]


def resize(images: Tensor, size: int | Sequence[int], interpolation: Interpolation = "bilinear") -> Tensor:
    """Images of another size, by TensorFlow's rule: pixels are squares, and their centres are compared.

    Parameters
    ----------
    images : Tensor, (batch, height, width, channels) or (height, width, channels)
        Float32 or float64; of any dtype with "nearest".
    size : int or (int, int)
        Height and width of the result.
    interpolation : {"nearest", "bilinear"}, default "bilinear"
        Pixel i of the result lies at ``(i + 0.5) * height / new_height - 0.5`` of the image. Nothing is averaged where
        images get smaller (antialias=False in Keras).

    Returns
    -------
    Tensor
        As images, with the new height and width.
    """
    if images.ndim not in (3, 4):
        raise ValueError(f"resize: expected images ([batch,] height, width, channels), got {images.shape}")
    wanted = _pair("resize", "size", size)
    if min(wanted) < 1:
        raise ValueError(f"resize: expected a size of at least 1, got {wanted}")
    if 0 in images.shape[-3:-1]:
        raise ValueError(f"resize: expected images of at least one pixel, got {images.shape}")
    if interpolation == "nearest":
        for axis, new in zip((images.ndim - 3, images.ndim - 2), wanted, strict=True):
            if images.shape[axis] != new:
                images = take(images, _literal_indices(_nearest(images.shape[axis], new), images.device), axis)
        return images
    if interpolation != "bilinear":
        raise ValueError(f"resize: expected interpolation 'nearest' or 'bilinear', got {interpolation!r}")
    if images.ndim == 3:
        return squeeze(_bilinear(expand_dims(images, 0), wanted), 0)
    return _bilinear(images, wanted)


@lru_cache(maxsize=256)
def _nearest(size: int, new: int) -> npt.NDArray[np.int64]:
    """The pixel that each pixel of the result is, in float32 as TensorFlow reckons."""
    scale = np.float32(size) / np.float32(new)
    places = np.floor((np.arange(new, dtype=np.float32) + np.float32(0.5)) * scale)
    nearest: npt.NDArray[np.int64] = np.minimum(places.astype(np.int64), size - 1)
    return nearest


def _bilinear(images: Tensor, size: tuple[int, ...]) -> Tensor:
    array = _run("resize_bilinear", images, size=size)
    return _result("resize_bilinear", array, _bilinear_gradient, (images,), like=_shape_of(images))


def _bilinear_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    like = node.attributes["like"]
    array = _run("resize_bilinear_backward", dy, like, into=into[0])
    rule = _bilinear_backward_gradient
    return (_result("resize_bilinear_backward", array, rule, (dy,), size=dy.shape[1:3], into=into[0]),)


def _bilinear_backward_gradient(node: Node, g: Tensor, into: Gradients) -> Gradients:
    return (_bilinear(g, node.attributes["size"]),)
