"""Images blurred by Gaussian windows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import functional as F
from ...tensor import Tensor, constant

__all__ = ["blurred", "gaussian"]


def gaussian(reach: int, sigma: Tensor, within: Any = None) -> Tensor:
    """``exp(-d**2 / (2 sigma**2))`` of distances d up to reach on both sides, divided by their sum: (2 reach + 1,).

    Parameters
    ----------
    reach : int
    sigma : Tensor, (1,)
    within : Tensor, (1,), optional
        Farther distances weigh nothing.
    """
    distances = constant(np.abs(np.arange(-reach, reach + 1)).astype(np.float32))
    shares = F.divide(distances, F.maximum(sigma, 1e-6))
    weights = F.exp(F.multiply(F.multiply(shares, shares), -0.5))
    if within is not None:
        weights = F.where(F.less_equal(distances, within), weights, 0.0)
    return F.divide(weights, F.sum(weights))


def blurred(images: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Images (batch, height, width, channels) with each pixel a weighted sum of those around it, zeros outside.

    Parameters
    ----------
    images : Tensor
    down, across : Tensor, (n,)
        Weights of rows and of columns, odd numbers of them.
    """
    channels = images.shape[-1]
    for weights, shape in ((down, (-1, 1, 1, 1)), (across, (1, -1, 1, 1))):
        weight = F.tile(F.reshape(weights, shape), (1, 1, channels, 1))
        images = F.depthwise_conv2d(images, weight, padding="same")
    return images
