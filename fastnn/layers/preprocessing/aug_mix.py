"""AugMix: images mixed with themselves after random changes."""

from __future__ import annotations

from typing import Any

from ... import functional as F
from ...tensor import Tensor
from ..base import arguments
from .augmentation import AugmentationLayer
from .distributions import beta, log_gamma

__all__ = ["AugMix"]


class AugMix(AugmentationLayer):
    """While training, ``m x + (1 - m) (w1 c1(x) + ... + wk ck(x))`` for chains c of random changes.

    The weights w are drawn from a Dirichlet distribution and the share m from Beta(alpha, alpha), once for a batch. The
    changes of a chain are those of `RandAugment`, or none; the result is held within value_range.

    Parameters
    ----------
    value_range : (float, float), default (0, 255)
    num_chains : int, default 3
    chain_depth : int, default 3
        How many changes a chain has.
    factor : float or (float, float), default 0.3
        Of all changes, in [0, 1]; one number f means (0, f).
    alpha : float, default 1
        Of both distributions; positive.
    all_ops : bool, default True
        Whether brightness, loss of colour, contrast and sharpness are among the changes.
    interpolation : {"bilinear", "nearest"}, default "bilinear"
    seed : int, optional
        The model's seed when not given.
    data_format : None or "channels_last"

    References
    ----------
    Hendrycks et al., "AugMix: a simple data processing method to improve robustness and uncertainty", ICLR 2020.
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        num_chains: int = 3,
        chain_depth: int = 3,
        factor: Any = 0.3,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor, value_range, interpolation, bool(all_ops), seed, data_format, **kwargs)
        self.num_chains = arguments.positive("AugMix", "num_chains", num_chains)
        self.chain_depth = arguments.positive("AugMix", "chain_depth", chain_depth)
        if not alpha > 0:
            raise ValueError(f"AugMix: expected a positive alpha, got {alpha!r}")
        self.alpha, self.all_ops = float(alpha), bool(all_ops)

    def _images(self, images: Tensor) -> Tensor:
        one = F.reshape(images[:1, :1, :1, :1], (1, 1))
        logs = log_gamma(self._draw, F.broadcast_to(one, (self.num_chains, 1)), self.alpha)
        weights = F.softmax(logs, 0)
        share = F.reshape(beta(self._draw, one, self.alpha), (1, 1, 1, 1))
        changed = [self._chain(images) for _ in range(self.num_chains)]
        return self._mixed(images, changed, weights, share)

    def _chain(self, images: Tensor) -> Tensor:
        for _ in range(self.chain_depth):
            images = self._changed_by(images, self._drawn(images, len(self.changes) + 1))
        return images

    def _mixed(self, images: Tensor, changed: list[Tensor], weights: Tensor, share: Tensor) -> Tensor:
        """The result for weights of the chains (chains, 1) and the share of the images themselves."""
        result = F.multiply(images, share)
        for place, chain in enumerate(changed):
            weight = F.multiply(weights[place], F.subtract(1.0, share))
            result = F.add(result, F.multiply(chain, weight))
        return F.clip(result, *self.value_range)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_chains": self.num_chains,
            "chain_depth": self.chain_depth,
            "alpha": self.alpha,
            "all_ops": self.all_ops,
        }
