"""Random numbers of other distributions from even and normal ones, by a number of steps that no number decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import functional as F
from ...tensor import Tensor

__all__ = ["beta", "log_gamma", "order"]

_TRIES = 16  # of which each fails with a probability below 0.05


def log_gamma(draw: Callable[..., Tensor], like: Tensor, alpha: Any) -> Tensor:
    """Logarithms of numbers with a gamma distribution, one for each row of like.

    Rejection after Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26, 2000, with shape
    alpha + 1; the power of an even number brings it to alpha.

    Parameters
    ----------
    draw : as `Drawing._draw`
    like : Tensor, (n, 1)
    alpha : float, or Tensor that broadcasts to like

    Returns
    -------
    Tensor, (n, 1)
    """
    tries = F.broadcast_to(like, (-1, _TRIES))
    shape = F.add(F.fill(like, 2 / 3), alpha)
    normal = draw(F.random_normal, tries)
    root = F.add(F.divide(normal, F.sqrt(F.multiply(shape, 9.0))), 1.0)
    cube = F.multiply(F.multiply(root, root), root)
    positive = F.greater(cube, 0.0)
    cube = F.where(positive, cube, F.fill(cube, 1.0))
    bound = F.multiply(F.add(F.subtract(1.0, cube), F.log(cube)), shape)
    bound = F.add(bound, F.multiply(F.multiply(normal, normal), 0.5))
    accepted = F.logical_and(positive, F.less(_log_uniform(draw, tries), bound))
    first = F.expand_dims(F.argmax(F.cast(accepted, "float32"), -1), -1)
    log = F.log(F.multiply(F.take_along_axis(cube, first, -1), shape))
    return F.add(log, F.divide(_log_uniform(draw, like), alpha))


def beta(draw: Callable[..., Tensor], like: Tensor, alpha: Any) -> Tensor:
    """Numbers with the distribution Beta(alpha, alpha), one for each row of like; see `log_gamma`."""
    return F.sigmoid(F.subtract(log_gamma(draw, like, alpha), log_gamma(draw, like, alpha)))


def order(draw: Callable[..., Tensor], images: Tensor) -> Tensor:
    """The numbers of images in random order, (batch,)."""
    return F.argsort(F.reshape(draw(F.random_uniform, images[:, :1, :1, :1]), (-1,)), 0)


def _log_uniform(draw: Callable[..., Tensor], like: Tensor) -> Tensor:
    """Logarithms of numbers in (0, 1]."""
    return F.log(F.subtract(1.0, draw(F.random_uniform, like)))
