"""RandAugment: images after some random changes."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from ..base import arguments
from .augmentation import AugmentationLayer

__all__ = ["RandAugment"]


class RandAugment(AugmentationLayer):
    """While training, applies num_ops random changes to a batch, one after the other.

    Each is one of a shear, translation, rotation, posterization, solarization, automatic contrast, equalization,
    brightness, loss of colour, contrast and sharpness, all with the same factor.

    Parameters
    ----------
    value_range : (float, float), default (0, 255)
    num_ops : int, default 2
    factor : float or (float, float), default 0.5
        Of all changes, in [0, 1]; one number f means (0, f).
    interpolation : {"bilinear", "nearest"}, default "bilinear"
    seed : int, optional
        The model's seed when not given.
    data_format : None or "channels_last"

    References
    ----------
    Cubuk et al., "RandAugment: practical automated data augmentation with a reduced search space", NeurIPS 2020.
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        num_ops: int = 2,
        factor: Any = 0.5,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor, value_range, interpolation, True, seed, data_format, **kwargs)
        self.num_ops = arguments.positive("RandAugment", "num_ops", num_ops)

    def _images(self, images: Tensor) -> Tensor:
        for _ in range(self.num_ops):
            images = self._changed_by(images, self._drawn(images, len(self.changes)))
        return images

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_ops": self.num_ops}
