"""What cells share whose gates have an activation of their own."""

from __future__ import annotations

from typing import Any

from .. import activations
from .recurrent_cell import FUSED, Cell

__all__ = ["GatedCell"]


class GatedCell(Cell):
    """A cell whose gates have an activation of their own."""

    recurrent_activation: activations.Activation

    def _names(self) -> dict[str, Any] | None:
        names, name = super()._names(), FUSED.get(self.recurrent_activation)
        return None if names is None or name is None else {**names, "recurrent_activation": name}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "recurrent_activation": activations.serialize(self.recurrent_activation)}
