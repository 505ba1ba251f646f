"""Images looked at in places between their pixels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ... import functional as F
from ...tensor import Tensor, constant
from .rounding import floored, nearest

__all__ = ["FILL_MODES", "INTERPOLATIONS", "check_names", "grid", "sampled"]

FILL_MODES = ("reflect", "wrap", "constant", "nearest")
INTERPOLATIONS = ("nearest", "bilinear")


def check_names(cls: str, interpolation: str, fill_mode: str, fill_modes: tuple[str, ...] = FILL_MODES) -> None:
    """Refuse names that say nothing."""
    if fill_mode not in fill_modes:
        raise ValueError(f"{cls}: expected fill_mode {', '.join(fill_modes)}, got {fill_mode!r}")
    if interpolation not in INTERPOLATIONS:
        raise ValueError(f"{cls}: expected interpolation {' or '.join(INTERPOLATIONS)}, got {interpolation!r}")


def grid(images: Tensor) -> tuple[Tensor, Tensor]:
    """The column and the row of each pixel, (1, 1, width, 1) and (1, height, 1, 1)."""
    height, width = images.shape[1:3]
    return (
        constant(np.arange(width, dtype=np.float32).reshape(1, 1, width, 1)),
        constant(np.arange(height, dtype=np.float32).reshape(1, height, 1, 1)),
    )


def sampled(
    images: Tensor,
    x: Tensor,
    y: Tensor,
    interpolation: str,
    fill_value: float | None = None,
    placed: Callable[[Tensor, int], Tensor] | None = None,
) -> Tensor:
    """Images seen at columns x and rows y.

    Parameters
    ----------
    images : Tensor, (batch, height, width, channels)
    x, y : Tensor, (batch, height, width, 1), or what broadcasts to it together
    interpolation : {"nearest", "bilinear"}
    fill_value : float, optional
        Seen outside of the image; its edges are when not given.
    placed : function of a Tensor and the size of its axis, optional
        Brings the numbers of columns and rows into the image.
    """
    height, width, channels = images.shape[1:]
    flat = F.reshape(images, (-1, height * width, channels))

    def pixels(column: Tensor, row: Tensor) -> Tensor:
        if placed is not None:
            column, row = placed(column, width), placed(row, height)
        at = F.add(F.multiply(F.clip(row, 0, height - 1), float(width)), F.clip(column, 0, width - 1))
        found = F.take_along_axis(flat, F.reshape(F.cast(at, "int32"), (-1, height * width, 1)), axis=1)
        found = F.reshape(found, (-1, height, width, channels))
        if fill_value is None:
            return found
        inside = [F.greater_equal(column, 0.0), F.less(column, float(width))]
        inside += [F.greater_equal(row, 0.0), F.less(row, float(height))]
        for condition in inside:
            found = F.where(condition, found, fill_value)
        return found

    if interpolation == "nearest":
        return pixels(nearest(x), nearest(y))
    left, top = floored(x), floored(y)
    right, bottom = F.add(left, 1.0), F.add(top, 1.0)
    rows = [
        F.add(
            F.multiply(F.subtract(right, x), pixels(left, line)),
            F.multiply(F.subtract(x, left), pixels(right, line)),
        )
        for line in (top, bottom)
    ]
    return F.add(F.multiply(F.subtract(bottom, y), rows[0]), F.multiply(F.subtract(y, top), rows[1]))
