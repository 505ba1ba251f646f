"""MaxNumBoundingBoxes: as many bounding boxes for every image."""

from __future__ import annotations

from typing import Any

from ... import functional as F
from ...tensor import Tensor
from ..base import arguments
from ..base.streaming import JOINS_STEPS
from .image import ImageLayer

__all__ = ["MaxNumBoundingBoxes"]


class MaxNumBoundingBoxes(ImageLayer):
    """Cuts the bounding boxes of images, or adds empty ones, so that there are max_number for each.

    It is called with a dictionary of "images" and of "bounding_boxes", themselves a dictionary of "boxes" (batch, n, 4)
    and of their "labels" (batch, n), or the same without a batch; images alone, and other entries, stay as they are.

    Parameters
    ----------
    max_number : int
    fill_value : int, default -1
        The coordinates and the label of boxes that are added.
    bounding_box_format : str, optional
        What the four coordinates are; it changes nothing.
    data_format : None or "channels_last"
    """

    _streams = JOINS_STEPS

    def __init__(
        self,
        max_number: int,
        fill_value: int = -1,
        *,
        bounding_box_format: str | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        arguments.channels_last("MaxNumBoundingBoxes", data_format)
        self.max_number = arguments.positive("MaxNumBoundingBoxes", "max_number", max_number)
        self.fill_value = int(fill_value)
        self.bounding_box_format = bounding_box_format

    def _check(self, inputs: Any) -> None:
        if not isinstance(inputs, dict):
            super()._check(inputs)
            return
        boxes = inputs.get("bounding_boxes")
        if not isinstance(boxes, dict) or set(boxes) != {"boxes", "labels"}:
            raise ValueError(f"{self.name}: expected bounding_boxes, a dictionary of boxes and labels, in a dictionary")
        shapes = {name: tuple(getattr(value, "shape", ())) for name, value in boxes.items()}
        if len(shapes["boxes"]) not in (2, 3) or shapes["boxes"] != (*shapes["labels"], 4):
            raise ValueError(
                f"{self.name}: expected boxes (batch, n, 4) and labels (batch, n), "
                f"got {shapes['boxes']} and {shapes['labels']}"
            )

    def call(self, inputs: Any, training: bool = True) -> Any:
        if not isinstance(inputs, dict):
            return F.cast(inputs, "float32")
        boxes, labels = (inputs["bounding_boxes"][name] for name in ("boxes", "labels"))
        rows = labels.ndim - 1
        return {**inputs, "bounding_boxes": {"boxes": self._cut(boxes, rows), "labels": self._cut(labels, rows)}}

    def _cut(self, x: Tensor, axis: int) -> Tensor:
        """max_number parts along an axis."""
        kept = x[(slice(None),) * axis + (slice(self.max_number),)]
        edges = [(0, self.max_number - kept.shape[axis] if place == axis else 0) for place in range(x.ndim)]
        return F.pad(kept, edges, constant_values=self.fill_value)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_number": self.max_number,
            "fill_value": self.fill_value,
            "bounding_box_format": self.bounding_box_format,
        }
