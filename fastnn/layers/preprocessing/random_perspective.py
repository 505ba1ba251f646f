"""RandomPerspective: images seen from the side."""

from __future__ import annotations

from typing import Any

from ... import functional as F
from ...tensor import Tensor
from .image import RandomImageLayer, factors, share
from .sampling import check_names, grid, sampled

__all__ = ["RandomPerspective"]


class RandomPerspective(RandomImageLayer):
    """While training, moves the corners of images and what lies between them in perspective.

    Each coordinate of a corner is multiplied by a number between ``1 - scale / 2`` and ``1 + scale / 2``, as in Keras:
    the first corner stays. With (right, 0), (0, bottom) and (x, y) for the other corners, and width and height less one
    for w and h, pixel (u, v) of the result is what was at ``(w (c right + 1) u / right, h (d bottom + 1) v / bottom)``
    divided by ``c u + d v + 1``, where ``c = (y / bottom - 1) / x`` and ``d = (x / right - 1) / y``; this is the
    homography between the corners (Heckbert, "Fundamentals of texture mapping and image warping", 1989), solved.

    Parameters
    ----------
    factor : float or (float, float), default 1
        The range that the probability of a change is drawn from for each image, in [0, 1]; one number f means (0, f).
    scale : float, default 1
        In [0, 1]: how far the corners are moved.
    interpolation : {"bilinear", "nearest"}, default "bilinear"
    fill_value : float, default 0
        Seen outside of the image.
    seed : int, optional
        The model's seed when not given.
    data_format : None or "channels_last"
    """

    def __init__(
        self,
        factor: Any = 1.0,
        scale: float = 1.0,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor = factors("RandomPerspective", "factor", factor, 0, 1)
        self.scale = share("RandomPerspective", "scale", scale)
        check_names("RandomPerspective", interpolation, "constant")
        self.interpolation, self.fill_value = interpolation, float(fill_value)

    def _images(self, images: Tensor) -> Tensor:
        chosen = self._chosen(images, *self.factor)
        right, bottom, x, y = (self._uniform(images, 1 - self.scale / 2, 1 + self.scale / 2) for _ in range(4))
        return F.where(chosen, self._seen(images, right, bottom, x, y), images)

    def _seen(self, images: Tensor, right: Tensor, bottom: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """The images with corners at these multiples of their old places."""
        height, width = images.shape[1:3]
        w, h = max(width - 1.0, 1.0), max(height - 1.0, 1.0)
        c = F.divide(F.subtract(F.divide(y, bottom), 1.0), F.multiply(x, w))
        d = F.divide(F.subtract(F.divide(x, right), 1.0), F.multiply(y, h))
        column, row = grid(images)
        scale = F.add(F.add(F.multiply(column, c), F.multiply(row, d)), 1.0)
        scale = F.where(F.equal(scale, 0.0), F.fill(scale, 1e-7), scale)  # places at infinity are far away
        # w (c right w + 1) u / (right w) is (c w + 1 / right) u
        across = F.multiply(column, F.add(F.multiply(c, w), F.divide(1.0, right)))
        down = F.multiply(row, F.add(F.multiply(d, h), F.divide(1.0, bottom)))
        # what is farther away than this is outside all the same
        across, down = (
            F.clip(F.divide(place, scale), -2.0, size + 1.0) for place, size in ((across, width), (down, height))
        )
        return sampled(images, across, down, self.interpolation, self.fill_value)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "factor": list(self.factor),
            "scale": self.scale,
            "interpolation": self.interpolation,
            "fill_value": self.fill_value,
        }
