"""What the recurrent layers share that make their own cell: LSTM, GRU, SimpleRNN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from .base import Layer
from .rnn import RNN

__all__ = ["Fused"]


class Fused(RNN):
    """A recurrent layer that makes its own cell."""

    _own_roles = ()  # regularizers and constraints of weights are the cell's

    def _cell_of(self, cell: type[Layer], *given: Any, **arguments: Any) -> Any:
        """A cell of the arguments that this layer was given; errors name the layer, since the user knows no cell."""
        try:
            return cell(*given, **arguments)
        except (TypeError, ValueError) as error:
            wrong = str(error).removeprefix(f"{cell.__name__}: ")
            raise type(error)(f"{type(self).__name__}: {wrong}") from error

    def __getattr__(self, name: str) -> Any:
        cell = self.__dict__.get("cell")  # units, kernel and the like are the cell's
        if cell is None or name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if name in ("input", "output"):  # the cell has its own
            return super().__getattr__(name)  # type: ignore[misc]
        return getattr(cell, name)

    def get_config(self) -> dict[str, Any]:
        own = self._own_config()
        return {**self.cell.get_config(), **own}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, type[Layer]] | None = None) -> Self:
        return cls(**config)
