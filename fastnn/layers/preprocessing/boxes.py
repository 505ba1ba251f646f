"""Rectangles in images."""

from __future__ import annotations

from ... import functional as F
from ...tensor import Tensor
from .sampling import grid

__all__ = ["Span", "inside", "span"]

Span = tuple[Tensor, Tensor]


def span(place: Tensor, share: Tensor, size: int) -> Span:
    """Where a share of an axis begins and ends, for places from 0, at the front, to 1, at the end; (batch, 1, 1, 1)."""
    length = F.multiply(share, float(size))
    begin = F.multiply(place, F.subtract(float(size), length))
    return begin, F.add(begin, length)


def inside(images: Tensor, across: Span, down: Span) -> Tensor:
    """Which pixels lie in a rectangle of each image, (batch, height, width, 1)."""
    column, row = grid(images)
    parts = [
        F.logical_and(F.greater_equal(place, begin), F.less(place, end))
        for place, (begin, end) in ((column, across), (row, down))
    ]
    return F.logical_and(*parts)
