"""What `==` and `!=` of tensors mean: elements are compared, as in NumPy, and dtypes may differ.

Unlike arithmetic, which mixes no dtypes, a comparison loses nothing when it does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor, as_tensor, constant
from .elementwise import cast, equal, not_equal

__all__ = ["compared"]

_FUNCTIONS = {"equal": equal, "not_equal": not_equal}


def compared(name: str, x: Tensor, other: Any) -> Any:
    """``x == other`` or ``x != other`` as bool, broadcast; NotImplemented for what is no array and no number."""
    right = _number(other, x) if isinstance(other, int | float) else _array(other, x)
    if right is None:
        return NotImplemented
    dtype = np.result_type(x.dtype, right.dtype)
    return _FUNCTIONS[name](*(side if side.dtype == dtype else cast(side, dtype) for side in (x, right)))


def _number(value: float, x: Tensor) -> Tensor:
    """A Python number beside x: of x's dtype if that holds it."""
    kind = x.dtype.kind
    if kind == "f":
        return as_tensor(float(value), x)
    like = isinstance(value, int) and (kind == "b") == isinstance(value, bool)
    if like and (kind == "b" or np.iinfo(x.dtype).min <= value <= np.iinfo(x.dtype).max):
        return as_tensor(value, x)
    whole = isinstance(value, int) and -(2**63) <= value < 2**63
    return constant(Tensor(np.asarray(value, np.int64 if whole else np.float64), device=x.device))


def _array(value: Any, x: Tensor) -> Tensor | None:
    """What holds numbers as a Tensor."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, list | tuple):
        if any(isinstance(item, Tensor) for item in value):
            return None
        value = np.asarray(value)
    if isinstance(value, np.ndarray | np.generic):
        return Tensor(value, device=x.device) if value.dtype.kind in "fiub" else None
    return Tensor(value, device=x.device) if hasattr(value, "__dlpack__") else None
