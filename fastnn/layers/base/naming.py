"""Names of layers that were given none: dense, dense_1, ..."""

from __future__ import annotations

from collections import Counter

from ...guard import lock_of_module

__all__ = ["new_name"]

_names: Counter[str] = Counter()
_lock = lock_of_module()


def new_name(base: str) -> str:
    """Name of an unnamed layer: dense, dense_1, ..."""
    with _lock:
        number = _names[base]
        _names[base] += 1
    return f"{base}_{number}" if number else base
