"""MixUp: images that shine through others."""

from __future__ import annotations

from typing import Any

from ... import functional as F
from ...tensor import Tensor
from .distributions import beta, order
from .mixing import MixingLayer, mixed

__all__ = ["MixUp"]


class MixUp(MixingLayer):
    """While training, ``w x + (1 - w) y`` of each image x and another image y of the batch, and the same of labels.

    The share w is drawn from Beta(alpha, alpha) for each image. Called with images, or with a dictionary of "images"
    and "labels", one-hot rows.

    Parameters
    ----------
    alpha : float, default 0.2
        Positive; the greater, the more equal the shares.
    data_format : None or "channels_last"
    seed : int, optional
        The model's seed when not given.

    References
    ----------
    Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018.
    """

    def __init__(
        self, alpha: float = 0.2, data_format: str | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        if not alpha > 0:
            raise ValueError(f"MixUp: expected a positive alpha, got {alpha!r}")
        self.alpha = float(alpha)

    def _mixed(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        others = order(self._draw, images)
        share = beta(self._draw, F.reshape(images[:, :1, :1, :1], (-1, 1)), self.alpha)
        share = F.reshape(share, (-1, 1, 1, 1))
        return mixed(images, F.take(images, others, 0), share), share, others

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}
