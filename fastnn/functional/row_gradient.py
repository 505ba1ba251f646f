"""The gradient of a table that rows were looked up in: which rows, and what belongs to each.

backward leaves it in the `grad` of a table that is a leaf. Optimizers take it as it is; whoever else looks at it sees
the dense gradient, which is computed then.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _core
from ..tensor import Tensor
from ._base import _run
from .elementwise import cast
from .joining import concatenate
from .shape import reshape

__all__ = ["RowGradient"]


class RowGradient(Tensor):
    """A gradient of shape (rows, n), most of whose rows are 0, kept as parts ``(ids, dy)``.

    It is a Tensor like any other: the dense values, ``dy`` summed by id, are computed when something asks for them.
    Once those are written, as by adding another gradient into them, they are all there is.
    """

    __slots__ = ("_dense", "_dense_version", "_like", "_parts", "_versions")

    _dense: _core.Array | None
    _dense_version: int
    _like: Tensor
    _parts: tuple[tuple[Tensor, Tensor], ...]
    _versions: tuple[int, ...]

    @classmethod
    def of(cls, parts: tuple[tuple[Tensor, Tensor], ...], like: Tensor) -> RowGradient:
        """The gradient of a table of the shape of like from parts of ids (...), which must stay, and dy (..., n)."""
        self = cls._wrap(like._array)
        assert isinstance(self, RowGradient)
        self._like = like
        self._parts, self._versions = (), ()
        self._dense = None
        for ids, dy in parts:
            self.add(ids, dy)
        return self

    def add(self, ids: Tensor, dy: Tensor) -> None:
        """Another lookup of the same table."""
        self._dense = None
        self._parts = (*self._parts, (ids, dy))
        self._versions = (*self._versions, dy._array.version)

    @property
    def parts(self) -> tuple[tuple[Tensor, Tensor], ...]:
        """The lookups, (ids, dy) of each; none when the dense values have been written.

        Raises
        ------
        RuntimeError
            When dy, which may be the tensor that backward was given, has been modified in place since.
        """
        if self._dense is not None and self._dense.version != self._dense_version:
            self._parts, self._versions = (), ()
        for (_, dy), version in zip(self._parts, self._versions, strict=True):
            if dy._array.version != version:
                raise RuntimeError(
                    f"backward: a gradient of shape {dy.shape} that the gradient of a table {self.shape} consists of "
                    "has been modified in place since"
                )
        return self._parts

    def rows(self) -> tuple[Tensor, Tensor] | None:
        """All lookups as one, ids (count,) and dy (count, n), a single one as it is; None where there are no parts."""
        parts = self.parts
        if len(parts) < 2:
            return parts[0] if parts else None
        dtype = np.result_type(*(ids.dtype for ids, _ in parts))
        flat_ids = [reshape(cast(ids, dtype), (-1,)) for ids, _ in parts]
        # -1 leaves the batch open, where there is anything to count
        flat_dy = [reshape(dy, (-1 if dy.size else ids.size, dy.shape[-1])) for ids, dy in parts]
        return concatenate(flat_ids), concatenate(flat_dy)

    @property
    def _array(self) -> _core.Array:
        if self._dense is None:
            rows = self.rows()
            assert rows is not None
            ids, dy = rows
            self._dense = _run("embedding_backward", dy, ids, self._like)
            self._dense_version = self._dense.version
        return self._dense

    @_array.setter
    def _array(self, array: _core.Array) -> None:
        self._dense = array
        self._dense_version = array.version
        self._parts, self._versions = (), ()

    @property
    def shape(self) -> tuple[int, ...]:
        return self._like.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._like.dtype

    @property
    def device(self) -> str:
        return self._like.device

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    def _is_whole(self) -> bool:
        return True

    def _shares_memory(self, other: Tensor) -> bool:
        return False  # the dense values are its own

    def _plus(self, other: Tensor) -> Tensor:
        if isinstance(other, RowGradient) and self.parts and other.parts:
            return RowGradient.of((*self.parts, *other.parts), self._like)
        return super()._plus(other)
