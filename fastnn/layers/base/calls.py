"""What a call of a layer needs to know of its arguments: their names, their tensors, their shapes and their masks.

A mask is a Tensor of bool, (batch, time), that another Tensor carries: which steps count. Layers hand it on.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import numpy as np

from ... import functional as F
from ...tensor import Tensor
from .modes import this_thread
from .symbolic import SymbolicTensor

__all__ = [
    "Signature",
    "as_argument",
    "as_shape",
    "build_once",
    "carrying",
    "keep_mask",
    "mask_of",
    "shape_of",
    "signature_of",
]


class Signature:
    """The parameters of a class's `call` and `build`, without self."""

    def __init__(self, call: Callable[..., Any], build: Callable[..., Any]) -> None:
        parameters = list(inspect.signature(call).parameters.values())[1:]
        names = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        self.first = names[0] if names else "inputs"
        self._names = names[1:]  # behind the inputs
        self.takes_mask = "mask" in self._names
        self.takes_training = "training" in names or any(p.kind is p.VAR_KEYWORD for p in parameters)
        default = next((p.default for p in parameters if p.name == "training"), None)
        self.training = default if isinstance(default, bool) else None  # unless the call or its surroundings say
        self._build = tuple(inspect.signature(build).parameters)[2:]
        # pairs of an argument and where its mask goes: (value, value_mask)
        self._masks = [(name, f"{name}_mask") for name in self._names if f"{name}_mask" in names]
        first = f"{names[0]}_mask" if names else ""
        self._first_mask = next((name for name in (first, "mask") if name in names), None)

    def _given(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments behind the inputs by name."""
        return {**dict(zip(self._names, args, strict=False)), **kwargs}

    def add_masks(self, carried: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Put the masks that the arguments carry, `carried` by the inputs, where call wants them and got none."""
        if self._first_mask is None and not self._masks:
            return
        given = self._given(args, kwargs)
        for mask, wanted in ((carried, self._first_mask), *((mask_of(given.get(a)), b) for a, b in self._masks)):
            if wanted is not None and mask is not None and given.get(wanted) is None:
                kwargs[wanted] = mask

    def build_shapes(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """What build wants besides the shape of the inputs: `value_shape`, say, for call's argument `value`."""
        return {
            f"{name}_shape": shape_of(value)
            for name, value in self._given(args, kwargs).items()
            if f"{name}_shape" in self._build and isinstance(value, Tensor | SymbolicTensor | list | tuple | dict)
        }


_signatures: dict[Any, Signature] = {}


def signature_of(cls: Any) -> Signature:
    """The parameters of a layer class's call and build."""
    signature = _signatures.get(cls)
    if signature is None:
        signature = _signatures[cls] = Signature(cls.call, cls.build)
    return signature


def build_once(build: Callable[..., None]) -> Callable[..., None]:
    """A layer's `build` for callers of all kinds: by hand it does what the first call does, so that this finds the
    layer built."""

    @wraps(build)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> None:
        if this_thread.building is self:
            build(self, *args, **kwargs)
            return
        given = inspect.signature(build).bind(self, *args, **kwargs).arguments
        shapes = list(given.items())[1:]
        self._build_by_hand(as_shape(shapes[0][1]) if shapes else None, dict(shapes[1:]))

    return wrapper


def as_shape(shape: Any) -> Any:
    """A shape that a file or a caller has as a list as a tuple; other structures as they are."""
    flat = isinstance(shape, list) and all(size is None or isinstance(size, int) for size in shape)
    return tuple(shape) if flat else shape


def as_argument(value: Any) -> Any:
    """An argument behind the inputs with Tensors for its arrays, also in lists, tuples and dictionaries of them.
    Floats become float32, and integers and bools stay what they are."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        dtype = value.dtype
        if dtype.kind == "f":
            dtype = np.dtype(np.float32)
        elif dtype.kind in "iu" and dtype != np.uint8:
            dtype = np.dtype(np.int32 if np.can_cast(dtype, np.int32) else np.int64)
        return Tensor(np.ascontiguousarray(value, dtype=dtype))
    if isinstance(value, list | tuple):
        items = [as_argument(item) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, dict):
        return {key: as_argument(item) for key, item in value.items()}
    return value


def shape_of(inputs: Any) -> Any:
    """A Tensor's shape with None for the batch; for several a list or dictionary of shapes."""
    if isinstance(inputs, Tensor | SymbolicTensor):
        return (None, *inputs.shape[1:])
    if isinstance(inputs, dict):
        return {key: shape_of(item) for key, item in inputs.items()}
    return [shape_of(item) for item in inputs]


def mask_of(value: Any) -> Any:
    """The mask that a Tensor carries; of several a list with the mask, or None, of each; None when there is none."""
    if isinstance(value, Tensor):
        return value._mask
    if not isinstance(value, list | tuple):
        return None
    masks = [mask_of(item) for item in value]
    return None if all(mask is None for mask in masks) else masks


def keep_mask(result: Any, mask: Any) -> None:
    """Let a result carry a mask, or several results one each, unless they carry one already; a single mask is that of
    the first result."""
    if isinstance(result, Tensor):
        if result._mask is None and isinstance(mask, Tensor):
            result._mask = mask
    elif isinstance(result, list | tuple):
        for item, own in zip(result, mask if isinstance(mask, list | tuple) else [mask], strict=False):
            keep_mask(item, own)


def carrying(x: Tensor, mask: Tensor | None) -> Tensor:
    """x, carrying a mask; another Tensor unless it carries that already."""
    if mask is None or x._mask is mask:
        return x
    result = F.reshape(x, x.shape)
    result._mask = mask
    return result
