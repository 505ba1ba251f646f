"""Rows of a table by number."""

from __future__ import annotations

from ..tensor import Node, Tensor
from ._base import Gradients, _result, _run, _shape_of


def embedding(ids: Tensor, table: Tensor) -> Tensor:
    """``table[ids]``.

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
    return None, embedding_backward(dy, node.saved[0], node.attributes["like"], into=into[1])


def embedding_backward(dy: Tensor, ids: Tensor, table: Tensor, *, into: Tensor | None = None) -> Tensor:
    """Gradient of embedding with respect to its table, whose shape table gives: dy summed by id, in order."""
    array = _run("embedding_backward", dy, ids, table, into=into)
    return _result("embedding_backward", array, _embedding_backward_gradient, (dy,), (ids,), into=into)


def _embedding_backward_gradient(node: Node, g: Tensor, into: Gradients) -> Gradients:
    return (embedding(node.saved[0], g),)
