"""Batch, layer, RMS and group normalisation. Each has one fused gradient op; second derivatives are not available."""

from __future__ import annotations

from typing import Literal

from ..tensor import Node, Tensor, is_grad_enabled
from ._base import Gradients, _array_of, _no_second_derivative, _op, _result, _run


def batch_statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance of each channel, over all axes but the last; as accurate for any number of rows.

    They are constants to the tape: `batch_normalization` with ``training=True`` sends the gradient through them.

    Parameters
    ----------
    x : Tensor, (..., channels)

    Returns
    -------
    mean, variance : Tensor, (channels,)
    """
    mean, variance = _op("batch_statistics")(x._array)
    return Tensor._wrap(mean), Tensor._wrap(variance)


def batch_normalization(
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
    epsilon: float = 1e-3,
    training: bool = False,
    activation: Literal["linear", "relu"] = "linear",
) -> Tensor:
    """``activation((x - mean) / sqrt(variance + epsilon) * gamma + beta)`` (Ioffe and Szegedy 2015).

    Parameters
    ----------
    x : Tensor, (..., channels)
    mean, variance : Tensor, (channels,)
        No gradient reaches them.
    gamma, beta : Tensor, (channels,), optional
    epsilon : float, default 0.001
        Positive.
    training : bool, default False
        Say True when mean and variance are ``batch_statistics(x)``: the gradient of x then goes through them.
    activation : {'linear', 'relu'}
        Fused into the normalisation; the gradient computes its slope again from x.

    Returns
    -------
    Tensor, as x
    """
    array = _run("batch_normalization", x, mean, variance, gamma, beta, epsilon=epsilon, activation=activation)
    slope = beta if activation == "relu" else None  # what the activation's slope needs besides the rest
    return _result(
        "batch_normalization",
        array,
        _batch_normalization_gradient,
        (x, gamma, beta),
        tuple(t for t in (x, mean, variance, gamma, slope) if t is not None),
        present=(True, True, True, gamma is not None, slope is not None),
        options={"epsilon": epsilon, "training": training, "activation": activation},
    )


def _batch_normalization_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return _fused_gradient("batch_normalization", node, dy, into)


def layer_normalization(
    x: Tensor, gamma: Tensor | None = None, beta: Tensor | None = None, epsilon: float = 1e-3, rms: bool = False
) -> Tensor:
    """``(x - mean) / sqrt(variance + epsilon) * gamma + beta`` along the last axis (Ba et al. 2016).

    Parameters
    ----------
    x : Tensor, (..., n)
    gamma, beta : Tensor, (n,), optional
    epsilon : float, default 0.001
        Positive.
    rms : bool, default False
        Compute ``x / sqrt(mean(x * x) + epsilon) * gamma + beta`` instead (Zhang and Sennrich 2019).

    Returns
    -------
    Tensor, as x
    """
    needs = is_grad_enabled() and any(t is not None and t.requires_grad for t in (x, gamma, beta))
    y, mean, inverse = _op("layer_normalization")(
        x._array,
        None if gamma is None else gamma._array,
        None if beta is None else beta._array,
        wanted=7 if needs else 1,
        epsilon=epsilon,
        rms=rms,
    )
    if not needs:
        return Tensor._wrap(y)
    kept = (x, Tensor._wrap(mean), Tensor._wrap(inverse))
    saved = kept if gamma is None else (*kept, gamma)
    return _result(
        "layer_normalization",
        y,
        _layer_normalization_gradient,
        (x, gamma, beta),
        saved,
        present=(True, True, True, gamma is not None),
        options={"rms": rms},
    )


def _layer_normalization_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return _fused_gradient("layer_normalization", node, dy, into)


def group_normalization(
    x: Tensor, gamma: Tensor | None = None, beta: Tensor | None = None, groups: int = 32, epsilon: float = 1e-3
) -> Tensor:
    """``(x - mean) / sqrt(variance + epsilon) * gamma + beta`` over each sample's groups of channels (Wu and He 2018).

    Parameters
    ----------
    x : Tensor, (batch, ..., channels)
    gamma, beta : Tensor, (channels,), optional
    groups : int, default 32
        Divides the channels; neighbours belong together. As many as channels make instance normalisation.
    epsilon : float, default 0.001
        Positive.

    Returns
    -------
    Tensor, as x
    """
    needs = is_grad_enabled() and any(t is not None and t.requires_grad for t in (x, gamma, beta))
    y, mean, inverse = _op("group_normalization")(
        *(_array_of("group_normalization", t) for t in (x, gamma, beta)),
        wanted=7 if needs else 1,
        groups=groups,
        epsilon=epsilon,
    )
    if not needs:
        return Tensor._wrap(y)
    kept = (x, Tensor._wrap(mean), Tensor._wrap(inverse))
    saved = kept if gamma is None else (*kept, gamma)
    return _result(
        "group_normalization",
        y,
        _group_normalization_gradient,
        (x, gamma, beta),
        saved,
        present=(True, True, True, gamma is not None),
        options={"groups": groups},
    )


def _group_normalization_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return _fused_gradient("group_normalization", node, dy, into)


def _fused_gradient(name: str, node: Node, dy: Tensor, into: Gradients) -> Gradients:
    """The gradients of (x, gamma, beta) by the op `<name>_backward` from dy and what the node saved; only dx is added
    into its buffer."""
    wanted = sum(1 << index for index, needed in enumerate(node.needs) if needed)
    buffer = into[0] if node.needs[0] else None
    saved = iter(node.saved)
    arrays = [next(saved)._array if there else None for there in node.attributes["present"]]
    extra = {} if buffer is None else {"out": (buffer._array, None, None), "accumulate": 1}
    found = _op(f"{name}_backward")(dy._array, *arrays, wanted=wanted, **extra, **node.attributes["options"])
    rule = _no_second_derivative(name)
    dx, dgamma, dbeta = (
        None if array is None else _result(f"{name}_backward", array, rule, (dy, *node.saved), into=target)
        for array, target in zip(found, (buffer, None, None), strict=True)
    )
    return dx, dgamma, dbeta
