"""RandomGrayscale: some images without their colours."""

from __future__ import annotations

from typing import Any

from ... import functional as F
from ...tensor import Tensor
from .color import gray
from .image import RandomImageLayer, share

__all__ = ["RandomGrayscale"]


class RandomGrayscale(RandomImageLayer):
    """While training, makes images gray with a probability; they keep their three channels.

    Parameters
    ----------
    factor : float, default 0.5
        The probability.
    data_format : None or "channels_last"
    seed : int, optional
        The model's seed when not given.
    """

    _channels = (1, 3)

    def __init__(
        self, factor: float = 0.5, data_format: str | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor = share("RandomGrayscale", "factor", factor)

    def _images(self, images: Tensor) -> Tensor:
        return F.where(self._chosen(images, self.factor, self.factor), gray(images), images)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}
