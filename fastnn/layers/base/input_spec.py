"""InputSpec: what a layer of the user's own says its inputs have to be like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["InputSpec", "check_specs"]


class InputSpec:
    """Rank, dtype and shape of an input. A layer whose `input_spec` is one, or a list of them, is called with fitting
    inputs only.

    Parameters
    ----------
    dtype : optional
    shape : tuple of int and None, optional
        With the batch; None fits any size.
    ndim, max_ndim, min_ndim : int, optional
    axes : dict from int to int, optional
        Sizes of some axes.
    allow_last_axis_squeeze : bool, default False
        Whether a last axis of size 1 may be missing, here or there.
    name : str, optional
        The key of the input in a dictionary of inputs.
    optional : bool, default False
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Sequence[int | None] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = None if dtype is None else np.dtype(dtype).name
        self.shape = None if shape is None else tuple(shape)
        self.ndim = ndim if shape is None else len(shape)
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        try:
            self.axes = {int(axis): size for axis, size in (axes or {}).items()}
        except (AttributeError, TypeError, ValueError) as error:
            raise TypeError(f"InputSpec: expected axes to be a dictionary of integers, got {axes!r}") from error
        most = self.ndim or self.max_ndim
        if most is not None and any(axis >= most for axis in self.axes):
            raise ValueError(f"InputSpec: expected axes below {most}, got {max(self.axes)}")
        self.allow_last_axis_squeeze, self.name, self.optional = allow_last_axis_squeeze, name, optional

    def __repr__(self) -> str:
        parts = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        return f"InputSpec({', '.join(f'{part}={value}' for part in parts if (value := getattr(self, part)))})"

    def wrong(self, shape: Sequence[int | None], dtype: Any) -> str:
        """What an input would have to be; "" when it fits."""
        rank = len(shape)
        if self.ndim is not None and not self.allow_last_axis_squeeze and rank != self.ndim:
            return f"of {self.ndim} axes" if self.shape is None else str(self.shape)
        if self.max_ndim is not None and rank > self.max_ndim:
            return f"of at most {self.max_ndim} axes"
        if self.min_ndim is not None and rank < self.min_ndim:
            return f"of at least {self.min_ndim} axes"
        if self.dtype is not None and np.dtype(dtype).name != self.dtype:
            return f"of dtype {self.dtype}"
        for axis, size in self.axes.items():
            if size is not None and shape[axis] not in (size, None):
                return f"with {size} along axis {axis}"
        if self.shape is not None and not self._fits(tuple(shape)):
            return str(self.shape)
        return ""

    def _fits(self, shape: tuple[int | None, ...]) -> bool:
        wanted = self.shape or ()
        if self.allow_last_axis_squeeze:
            shape, wanted = (s[:-1] if s and s[-1] == 1 else s for s in (shape, wanted))
        pairs = zip(wanted, shape, strict=False)
        return len(wanted) == len(shape) and all(None in pair or pair[0] == pair[1] for pair in pairs)

    def get_config(self) -> dict[str, Any]:
        """Arguments that make an equal one."""
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes", "optional")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> InputSpec:
        """Make one from what `get_config` returned."""
        return cls(**config)


def check_specs(where: str, specs: Any, inputs: Any) -> None:
    """Refuse inputs that do not fit the specs of the layer `where`, with a ValueError."""
    given = list(specs) if isinstance(specs, list | tuple) else [specs]
    if isinstance(inputs, Mapping):
        names = [spec.name for spec in given]
        inputs = [inputs.get(name) for name in names] if all(names) else list(inputs.values())
    items = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
    if len(items) != len(given):
        raise ValueError(f"{where}: expected {len(given)} inputs, got {len(items)}")
    for spec, item in zip(given, items, strict=True):
        if spec is None or (item is None and spec.optional):
            continue
        if wanted := spec.wrong(item.shape, item.dtype):
            raise ValueError(f"{where}: expected input {wanted}, got {tuple(item.shape)} of {item.dtype}")
