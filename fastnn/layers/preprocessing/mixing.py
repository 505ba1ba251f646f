"""What MixUp and CutMix share: images mixed with others of their batch, and their labels with them."""

from __future__ import annotations

from typing import Any

from ... import functional as F
from ...tensor import Tensor
from ..base.streaming import JOINS_STEPS
from .image import RandomImageLayer

__all__ = ["MixingLayer", "mixed"]


class MixingLayer(RandomImageLayer):
    """Images (batch, height, width, channels), or a dictionary of them as "images" and of their "labels", one-hot rows
    (batch, classes); single images are left alone."""

    _streams = JOINS_STEPS

    def _check(self, inputs: Any) -> None:
        super()._check(inputs)
        if isinstance(inputs, dict) and "labels" in inputs and inputs["labels"].ndim != inputs["images"].ndim - 2:
            raise ValueError(f"{self.name}: expected labels (batch, classes), one-hot, got {inputs['labels'].shape}")

    def call(self, inputs: Any, training: bool = True) -> Any:
        given = inputs if isinstance(inputs, dict) else {"images": inputs}
        result = {name: F.cast(value, "float32") for name, value in given.items()}
        images = result["images"]
        if training and images.ndim == 4:
            result["images"], share, others = self._mixed(images)
            if "labels" in result:
                labels = result["labels"]
                result["labels"] = mixed(labels, F.take(labels, others, 0), F.reshape(share, (-1, 1)))
        return result if isinstance(inputs, dict) else result["images"]

    def _mixed(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The result, the share of the image itself in each, and the numbers of the others."""
        raise NotImplementedError


def mixed(own: Tensor, others: Tensor, share: Tensor) -> Tensor:
    """``share own + (1 - share) others``."""
    return F.add(F.multiply(own, share), F.multiply(others, F.subtract(1.0, share)))
