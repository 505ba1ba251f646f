"""States of recurrent cells, which nest as the cells do, as one list."""

from __future__ import annotations

from typing import Any

__all__ = ["flat"]


def flat(value: Any) -> list[Any]:
    """The items of nested lists and tuples."""
    if isinstance(value, list | tuple):
        return [item for part in value for item in flat(part)]
    return [value]
