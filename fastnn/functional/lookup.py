"""Rows of a table by number."""

from __future__ import annotations

from ..tensor import Node, Tensor, is_grad_enabled
from ._base import Gradients, _result, _run, _shape_of
from .row_gradient import RowGradient
from .shape import copy


def embedding(ids: Tensor, table: Tensor) -> Tensor:
    """``table[ids]``.

    When the table is a leaf, backward leaves a gradient in its `grad` that knows the rows: a Tensor whose dense values
    are computed when something looks at them, which optimizers don't.

    Parameters
    ----------
    ids : Tensor, (...) of int32 or int64
    table : Tensor, (rows, n)

    Returns
    -------
    Tensor, (..., n)

    Raises
    ------
    IndexError
        When an id is not in [0, rows).
    """
    array = _run("embedding", ids, table)
    return _result("embedding", array, _embedding_gradient, (ids, table), (ids,), like=_shape_of(table))


def _embedding_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    ids, like, buffer = node.saved[0], node.attributes["like"], into[1]
    # a gradient on the tape, or of something computed, is dense; ids may be written before it is used, hence the copy
    by_rows = isinstance(node.edges[1], Tensor) and not is_grad_enabled()
    if by_rows and buffer is None:
        return None, RowGradient.of(((copy(ids), dy),), like)
    if by_rows and isinstance(buffer, RowGradient) and buffer.parts:
        buffer.add(copy(ids), dy)
        return None, buffer
    return None, embedding_backward(dy, ids, like, into=buffer)


def embedding_backward(dy: Tensor, ids: Tensor, table: Tensor, *, into: Tensor | None = None) -> Tensor:
    """Gradient of embedding with respect to its table, whose shape table gives: dy summed by id, in order."""
    array = _run("embedding_backward", dy, ids, table, into=into)
    return _result("embedding_backward", array, _embedding_backward_gradient, (dy,), (ids,), into=into)


def _embedding_backward_gradient(node: Node, g: Tensor, into: Gradients) -> Gradients:
    return (embedding(node.saved[0], g),)
