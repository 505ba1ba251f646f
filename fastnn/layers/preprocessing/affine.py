"""Images seen through an affine map: every pixel of the result looks at a place of the image.

Places between pixels are interpolated, places outside are filled, both as TensorFlow's ImageProjectiveTransformV3 does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import functional as F
from ...tensor import Tensor
from .image import RandomImageLayer
from .rounding import truncated
from .sampling import check_names, grid, sampled

__all__ = ["AffineImageLayer", "affine", "sine_and_cosine"]


class AffineImageLayer(RandomImageLayer):
    """A random affine map of each image."""

    def __init__(
        self,
        fill_mode: str,
        interpolation: str,
        seed: int | None,
        fill_value: float,
        data_format: str | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        check_names(type(self).__name__, interpolation, fill_mode)
        self.fill_mode, self.interpolation, self.fill_value = fill_mode, interpolation, float(fill_value)

    def _seen(self, images: Tensor, matrix: Sequence[Any]) -> Tensor:
        return affine(images, matrix, self.interpolation, self.fill_mode, self.fill_value)

    def get_config(self) -> dict[str, Any]:
        own = {"fill_mode": self.fill_mode, "interpolation": self.interpolation, "fill_value": self.fill_value}
        return {**super().get_config(), **own}


def affine(images: Tensor, matrix: Sequence[Any], interpolation: str, fill_mode: str, fill_value: float) -> Tensor:
    """Pixel (x, y) of the result is the image at ``(a0 x + a1 y + a2, b0 x + b1 y + b2)``.

    Parameters
    ----------
    images : Tensor, (batch, height, width, channels)
    matrix : a0, a1, a2, b0, b1, b2
        Numbers or Tensors (batch, 1, 1, 1).
    interpolation : {"nearest", "bilinear"}
    fill_mode : {"reflect", "wrap", "constant", "nearest"}
    fill_value : float
    """
    height, width = images.shape[1:3]
    column, row = grid(images)
    x, y = (
        _mapped(F.add(F.add(F.multiply(column, a), F.multiply(row, b)), c), size, fill_mode)
        for (a, b, c), size in ((matrix[:3], width), (matrix[3:], height))
    )
    return sampled(images, x, y, interpolation, fill_value if fill_mode == "constant" else None)


def _mapped(place: Tensor, size: int, fill_mode: str) -> Tensor:
    """Places along an axis, brought back into the image but for fill_mode "constant"."""
    last = float(size - 1)
    if fill_mode == "constant":
        return place
    if fill_mode == "nearest" or size == 1:
        return F.clip(place, 0.0, last)
    if fill_mode == "wrap":
        below = F.add(place, F.multiply(F.add(truncated(F.divide(F.negative(place), last)), 1.0), float(size)))
        above = F.subtract(place, F.multiply(truncated(F.divide(place, last)), float(size)))
    else:
        period = 2.0 * size
        below = F.add(place, F.multiply(truncated(F.divide(F.negative(place), period)), period))
        mirrored = F.subtract(F.negative(below), 1.0)
        below = F.where(F.less(below, -float(size)), F.add(below, period), mirrored)
        above = F.subtract(place, F.multiply(truncated(F.divide(place, period)), period))
        above = F.where(F.greater_equal(above, float(size)), F.subtract(period - 1.0, above), above)
    outside = F.where(F.greater(place, last), above, place)
    return F.clip(F.where(F.less(place, 0.0), below, outside), 0.0, last)


def sine_and_cosine(angle: Tensor) -> tuple[Tensor, Tensor]:
    """Of angles of at most a full turn: by Taylor's series of an eighth of them, doubled three times."""
    part = F.multiply(angle, 0.125)
    square = F.multiply(part, part)
    sine = F.multiply(part, _series(square, [1.0, -1 / 6, 1 / 120, -1 / 5040, 1 / 362880]))
    cosine = _series(square, [1.0, -1 / 2, 1 / 24, -1 / 720, 1 / 40320, -1 / 3628800])
    for _ in range(3):
        sine, cosine = (
            F.multiply(F.multiply(sine, cosine), 2.0),
            F.subtract(1.0, F.multiply(F.multiply(sine, sine), 2.0)),
        )
    return sine, cosine


def _series(x: Tensor, coefficients: Sequence[float]) -> Tensor:
    """A polynomial by Horner's rule, the lowest coefficient first."""
    result: Any = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        result = F.add(F.multiply(x, result), coefficient)
    return result  # type: ignore[no-any-return]
