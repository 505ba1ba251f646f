"""Names of layers that were given none: dense, dense_1, ..."""

from __future__ import annotations

import threading
from collections import Counter

__all__ = ["new_name"]

_names: Counter[str] = Counter()
_lock = threading.Lock()


def new_name(base: str) -> str:
    """Name of an unnamed layer: dense, dense_1, ..."""
    with _lock:
        number = _names[base]
        _names[base] += 1
    return f"{base}_{number}" if number else base
