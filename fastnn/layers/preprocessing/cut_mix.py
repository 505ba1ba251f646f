"""CutMix: images with a rectangle of others."""

from __future__ import annotations

from typing import Any

from ... import functional as F
from ...tensor import Tensor
from .boxes import Span, inside, span
from .distributions import beta, order
from .image import factors
from .mixing import MixingLayer

__all__ = ["CutMix"]


class CutMix(MixingLayer):
    """While training, replaces a rectangle of each image by that of another one of the batch, and mixes labels by area.

    The area is ``1 - w`` of the image, for w from Beta(a, a), drawn for each image, and a drawn from factor. Called
    with images, or with a dictionary of "images" and "labels", one-hot rows.

    Parameters
    ----------
    factor : float or (float, float), default 1
        The range of a, in [0, 1]; one number f means (0, f).
    seed : int, optional
        The model's seed when not given.
    data_format : None or "channels_last"

    References
    ----------
    Yun et al., "CutMix: regularization strategy to train strong classifiers with localizable features", ICCV 2019.
    """

    def __init__(
        self, factor: Any = 1.0, seed: int | None = None, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor = factors("CutMix", "factor", factor, 0, 1)

    def _mixed(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        alpha = F.add(F.reshape(self._uniform(images[:1], *self.factor), (1, 1)), 1e-6)
        share = beta(self._draw, F.reshape(images[:, :1, :1, :1], (-1, 1)), alpha)
        side = F.sqrt(F.subtract(1.0, F.reshape(share, (-1, 1, 1, 1))))
        across, down = (
            span(self._uniform(images, 0.0, 1.0), side, size) for size in (images.shape[2], images.shape[1])
        )
        return self._cut(images, order(self._draw, images), across, down)

    def _cut(self, images: Tensor, others: Tensor, across: Span, down: Span) -> tuple[Tensor, Tensor, Tensor]:
        result = F.where(inside(images, across, down), F.take(images, others, 0), images)
        area = F.multiply(F.subtract(across[1], across[0]), F.subtract(down[1], down[0]))
        return result, F.subtract(1.0, F.divide(area, float(images.shape[1] * images.shape[2]))), others

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": list(self.factor)}
