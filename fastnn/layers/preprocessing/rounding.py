"""Whole numbers of floats, by the ops there are."""

from __future__ import annotations

from ... import functional as F
from ...tensor import Tensor

__all__ = ["floored", "nearest", "nearest_even", "truncated"]


def truncated(x: Tensor) -> Tensor:
    """x cut towards zero."""
    return F.cast(F.cast(x, "int32"), "float32")


def floored(x: Tensor) -> Tensor:
    """The greatest whole number that is not above x."""
    whole = truncated(x)
    return F.where(F.less(x, whole), F.subtract(whole, 1.0), whole)


def nearest(x: Tensor) -> Tensor:
    """The nearest whole number, away from zero between two."""
    return truncated(F.add(x, F.where(F.less(x, 0.0), F.fill(x, -0.5), 0.5)))


def nearest_even(x: Tensor) -> Tensor:
    """The nearest whole number, the even one between two, of numbers below 2**22."""
    beyond = 12582912.0  # 1.5 * 2**23, beside which float32 has no fractions
    return F.subtract(F.add(x, beyond), beyond)
