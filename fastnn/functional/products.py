"""Products: matmul and dense layers."""

from __future__ import annotations

from typing import Any, Literal

from ..tensor import Node, Tensor
from ._base import Gradients, _result, _run, _saved, _shape_of
from .activations import relu_backward
from .elementwise import _operands, _to_operand
from .indexing import getitem
from .reductions import sum
from .shape import _reshape_like, reshape

Activation = Literal["linear", "relu"]


def matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, *, into: Tensor | None = None
) -> Tensor:
    """Matrix product of the last two axes, by NumPy's rules: the axes before them broadcast, a vector on the left is a
    row and one on the right a column, and its axis is left out of the result.

    Parameters
    ----------
    a : Tensor, (..., m, k), or (..., k, m) when transpose_a, or (k,)
    b : Tensor, (..., k, n), or (..., n, k) when transpose_b, or (k,)
    transpose_a, transpose_b : bool
        Use the transposes of the matrices. Vectors have none.

    Returns
    -------
    Tensor, (..., m, n)

    Raises
    ------
    ValueError
        When an operand has no axis, or the shapes don't fit.
    """
    left, right = _operands(a, b)
    if left.ndim == 0 or right.ndim == 0:
        raise ValueError(f"matmul: expected operands with axes, got shapes {left.shape} and {right.shape}")
    if left.ndim > 1 and right.ndim > 1:
        return _product(left, right, transpose_a, transpose_b, into)
    rows = getitem(left, None) if left.ndim == 1 else left
    columns = getitem(right, (slice(None), None)) if right.ndim == 1 else right
    product = _product(rows, columns, transpose_a and left.ndim > 1, transpose_b and right.ndim > 1, None)
    dropped = (..., *((0,) if left.ndim == 1 else (slice(None),)), *((0,) if right.ndim == 1 else (slice(None),)))
    return getitem(product, dropped)


def _product(a: Tensor, b: Tensor, transpose_a: bool, transpose_b: bool, into: Tensor | None) -> Tensor:
    array = _run("gemm", a, b, into=into, transpose_a=transpose_a, transpose_b=transpose_b)
    if into is not None:
        return into
    saved = (_saved(a, b.requires_grad), _saved(b, a.requires_grad))
    return _result(
        "gemm",
        array,
        _product_gradient,
        (a, b),
        saved,
        transpose_a=transpose_a,
        transpose_b=transpose_b,
        likes=(_shape_of(a), _shape_of(b)),
    )


def _product_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    a, b = node.saved
    ta, tb = node.attributes["transpose_a"], node.attributes["transpose_b"]
    da = db = None
    if node.needs[0]:
        buffer = into[0] if a.shape[:-2] == dy.shape[:-2] else None
        da = _product(b, dy, tb, True, buffer) if ta else _product(dy, b, False, not tb, buffer)
        da = _to_operand(node, 0, da, into[0])
    if node.needs[1]:
        if b.ndim == 2 and dy.ndim > 2 and not ta and 0 not in (a.shape[-1], dy.shape[-1]):
            # one product sums over the batch
            a, dy = reshape(a, (-1, a.shape[-1])), reshape(dy, (-1, dy.shape[-1]))
        buffer = into[1] if b.shape[:-2] == dy.shape[:-2] else None
        db = _product(dy, a, True, ta, buffer) if tb else _product(a, dy, not ta, False, buffer)
        db = _to_operand(node, 1, db, into[1])
    return da, db


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None, activation: Activation = "linear") -> Tensor:
    """Dense layer ``y = activation(x @ weight + bias)``.

    Parameters
    ----------
    x : Tensor, (..., in)
    weight : Tensor, (in, out)
    bias : Tensor, (out,), optional
    activation : {'linear', 'relu'}
        Fused into the product.

    Returns
    -------
    Tensor, (..., out)
    """
    array = _run("linear", x, weight, bias, activation=activation)
    return _result(
        "linear",
        array,
        _linear_gradient,
        (x, weight, bias),
        (_saved(x, weight.requires_grad), _saved(weight, x.requires_grad)),
        save_output=activation == "relu",
        activation=activation,
    )


def _linear_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    x, weight = node.saved
    if node.attributes["activation"] == "relu":
        dy = relu_backward(dy, node.saved_output())
    rows = dy if dy.ndim == 2 else reshape(dy, (-1, dy.shape[-1]))
    dx = dw = db = None
    if node.needs[0]:
        if x.ndim == 2:
            dx = matmul(rows, weight, False, True, into=into[0])
        else:
            dx = _reshape_like(matmul(rows, weight, False, True), x)
    if node.needs[1]:
        dw = matmul(x if x.ndim == 2 else reshape(x, (-1, x.shape[-1])), rows, True, False, into=into[1])
    if node.needs[2]:
        db = sum(rows, 0, into=into[2])
    return dx, dw, db
