"""RandomFlip: images that are mirrored at random."""

from __future__ import annotations

from typing import Any

from ... import functional as F
from ...tensor import Tensor
from .image import RandomImageLayer

__all__ = ["RandomFlip"]

_AXES = {"horizontal": (2,), "vertical": (1,), "horizontal_and_vertical": (1, 2)}


class RandomFlip(RandomImageLayer):
    """While training, mirrors half of the images.

    Parameters
    ----------
    mode : {"horizontal_and_vertical", "horizontal", "vertical"}
        By default the first, which turns images by half a circle.
    seed : int, optional
        The model's seed when not given.
    data_format : None or "channels_last"
    """

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        if mode not in _AXES:
            raise ValueError(f"RandomFlip: expected mode {', '.join(_AXES)}, got {mode!r}")
        self.mode = mode

    def _images(self, images: Tensor) -> Tensor:
        return self._flipped(images, F.less_equal(self._uniform(images, 0.0, 1.0), 0.5))

    def _flipped(self, images: Tensor, flips: Tensor) -> Tensor:
        return F.where(flips, F.flip(images, _AXES[self.mode]), images)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mode": self.mode}
