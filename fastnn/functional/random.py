"""Random numbers that are a function of (seed, stream, step, element) alone."""

from __future__ import annotations

from .. import _core
from ..tensor import Node, Tensor
from ._base import Gradients, _array_of, _op, _result, _run, _shape_of


def dropout(
    x: Tensor,
    rate: float,
    *,
    seed: int | _core.Scalar,
    stream: int = 0,
    step: int | _core.Scalar = 0,
) -> Tensor:
    """Zero each element with probability rate and scale the rest by 1 / (1 - rate).

    Parameters
    ----------
    x : Tensor, (...)
    rate : float
        In [0, 1).
    seed, stream, step : int
        The random number of element i is a function of (seed, stream, step, i) alone (Philox 4x32-10). Inside a step
        program seed and step are registered Scalars.

    Returns
    -------
    Tensor, as x
    """
    y, mask = _op("dropout")(_array_of("dropout", x), rate=rate, seed=seed, stream=stream, step=step)
    return _result("dropout", y, _dropout_gradient, (x,), (Tensor._wrap(mask),), rate=rate)


def _dropout_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    (mask,) = node.saved
    rate = node.attributes["rate"]
    array = _run("dropout_backward", dy, mask, into=into[0], rate=rate)
    dx = _result("dropout_backward", array, _dropout_gradient, (dy,), (mask,), rate=rate, into=into[0])
    return (dx,)


def random_uniform(
    like: Tensor,
    low: float = 0.0,
    high: float = 1.0,
    *,
    seed: int | _core.Scalar,
    stream: int = 0,
    step: int | _core.Scalar = 0,
) -> Tensor:
    """Numbers spread evenly over [low, high), with the shape, dtype and device of a floating tensor.

    Parameters
    ----------
    like : Tensor, (...)
    low, high : float
    seed, stream, step : int
        As in `dropout`.
    """
    array = _run("random_uniform", _shape_of(like), low=low, high=high, seed=seed, stream=stream, step=step)
    return Tensor._wrap(array)


def random_normal(
    like: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    *,
    seed: int | _core.Scalar,
    stream: int = 0,
    step: int | _core.Scalar = 0,
) -> Tensor:
    """Normally distributed numbers with the shape, dtype and device of a floating tensor; see `random_uniform`."""
    array = _run("random_normal", _shape_of(like), mean=mean, std=std, seed=seed, stream=stream, step=step)
    return Tensor._wrap(array)
