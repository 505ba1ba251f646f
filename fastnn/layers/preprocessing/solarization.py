"""Solarization: images whose light parts are negatives."""

from __future__ import annotations

from typing import Any

from ... import functional as F
from ...tensor import Tensor
from .color import BYTES, rescaled
from .image import RandomImageLayer, bounds_of_values, factors

__all__ = ["Solarization"]


class Solarization(RandomImageLayer):
    """While training, adds a number to each image and inverts what is not below a threshold then.

    Values are seen as bytes: ``y = clip(x + addition, 0, 255)``, and the result is ``y if y < threshold else 255 - y``.

    Parameters
    ----------
    addition_factor, threshold_factor : float or (float, float), default 0
        In [0, 1]; addition and threshold lie between the first number and 255 times the second, as in Keras; one number
        f means (0, f). With 0 the whole image is inverted.
    value_range : (float, float), default (0, 255)
    seed : int, optional
        The model's seed when not given.
    """

    def __init__(
        self,
        addition_factor: Any = 0.0,
        threshold_factor: Any = 0.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, **kwargs)
        self.addition_factor = factors("Solarization", "addition_factor", addition_factor, 0, 1)
        self.threshold_factor = factors("Solarization", "threshold_factor", threshold_factor, 0, 1)
        self.value_range = bounds_of_values("Solarization", value_range)

    def _images(self, images: Tensor) -> Tensor:
        addition, threshold = (
            self._uniform(images, low, high * 255) for low, high in (self.addition_factor, self.threshold_factor)
        )
        return self._solarized(images, addition, threshold)

    def _solarized(self, images: Tensor, addition: Tensor, threshold: Tensor) -> Tensor:
        values = F.clip(F.add(rescaled(images, self.value_range, BYTES), addition), *BYTES)
        values = F.where(F.less(values, threshold), values, F.subtract(255.0, values))
        return rescaled(values, BYTES, self.value_range)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "addition_factor": list(self.addition_factor),
            "threshold_factor": list(self.threshold_factor),
            "value_range": list(self.value_range),
        }
