"""ContrastLimitedAdaptiveHistogramEqualization: images whose values are spread evenly in every region."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import functional as F
from ...tensor import Tensor, constant
from ..base import arguments
from .color import BYTES, rescaled
from .image import ImageLayer, bounds_of_values
from .rounding import truncated

__all__ = ["ContrastLimitedAdaptiveHistogramEqualization"]

_LEVELS = 256


class ContrastLimitedAdaptiveHistogramEqualization(ImageLayer):
    """Replaces values by the share of the values around them that are not above them; in training and inference alike.

    An image is cut into tiles. In each, and for each channel, the values as bytes are counted; counts above a limit are
    cut and what was cut is given to all 256; the sums up to each value, put into [0, 255], are the tile's table. Of the
    tables of the four tiles around it, a pixel gets the entries for its value, interpolated.

    Parameters
    ----------
    value_range : (float, float), default (0, 255)
    clip_limit : float, default 4
        How many times the mean a count may be; any with 0.
    tile_grid_size : (int, int), default (8, 8)
        How many tiles there are down and across; images are mirrored at their ends to fill the last.
    data_format : None or "channels_last"

    References
    ----------
    Zuiderveld, "Contrast limited adaptive histogram equalization", Graphics Gems IV, 1994.
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        clip_limit: float = 4.0,
        tile_grid_size: Any = (8, 8),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        cls = "ContrastLimitedAdaptiveHistogramEqualization"
        arguments.channels_last(cls, data_format)
        self.value_range = bounds_of_values(cls, value_range)
        if not clip_limit >= 0:
            raise ValueError(f"{cls}: expected clip_limit of at least 0, got {clip_limit!r}")
        self.clip_limit = float(clip_limit)
        self.tile_grid_size = arguments.pair(cls, "tile_grid_size", tile_grid_size)

    def _images(self, images: Tensor) -> Tensor:
        size = images.shape[1:3]
        tiles = [-(-length // count) for length, count in zip(size, self.tile_grid_size, strict=True)]
        values = rescaled(images, self.value_range, BYTES)
        for axis, (length, tile, count) in enumerate(zip(size, tiles, self.tile_grid_size, strict=True), 1):
            if tile * count > length:
                mirrored = np.pad(np.arange(length), (0, tile * count - length), mode="symmetric")
                values = F.take(values, constant(mirrored), axis)
        levels = truncated(F.clip(values, *BYTES))
        tables = self._tables(levels, tiles)
        (top, bottom, down), (left, right, across) = (
            _neighbours(tile, count) for tile, count in zip(tiles, self.tile_grid_size, strict=True)
        )
        upper, lower = (
            _between(
                self._looked_up(tables, levels, row, left),
                self._looked_up(tables, levels, row, right),
                constant(across.reshape(1, -1, 1)),
            )
            for row in (top, bottom)
        )
        result = _between(upper, lower, constant(down.reshape(-1, 1, 1)))[:, : size[0], : size[1]]
        return rescaled(result, BYTES, self.value_range)

    def _places(self, levels: Tensor, rows: np.ndarray, columns: np.ndarray) -> Tensor:
        """Where pixels stand in the tables of tiles by row and column, (batch, height * width * channels)."""
        channels = levels.shape[-1]
        tiles = rows.reshape(-1, 1, 1) * self.tile_grid_size[1] + columns.reshape(1, -1, 1)
        first = (tiles * channels + np.arange(channels)) * _LEVELS
        places = F.add(F.cast(levels, "int32"), constant(first.astype(np.int32)))
        return F.reshape(places, (-1, first.size))

    def _tables(self, levels: Tensor, tiles: list[int]) -> Tensor:
        """The table of each tile and channel, (batch, tiles * channels * 256)."""
        rows, columns = (np.repeat(np.arange(n), tile) for n, tile in zip(self.tile_grid_size, tiles, strict=True))
        places = self._places(levels, rows, columns)
        size = len(set(rows)) * len(set(columns)) * levels.shape[-1] * _LEVELS
        ones = F.fill(F.reshape(levels, (-1, places.shape[1])), 1.0)
        counts = F.reshape(F.scatter_along_axis(places, ones, size, 1), (-1, size // _LEVELS, _LEVELS))
        pixels = tiles[0] * tiles[1]
        if self.clip_limit > 0:
            kept = F.minimum(counts, self.clip_limit * pixels / _LEVELS)
            cut = F.sum(F.subtract(counts, kept), -1, keepdims=True)
            counts = F.add(kept, F.divide(cut, float(_LEVELS)))
        upto = F.cumsum(counts, 2)
        first = upto[:, :, :1]
        rest = F.subtract(float(pixels), first)
        rest = F.where(F.equal(rest, 0.0), F.fill(rest, 1.0), rest)
        shares = F.divide(F.multiply(F.subtract(upto, first), 255.0), rest)
        return F.reshape(F.clip(shares, *BYTES), (-1, size))

    def _looked_up(self, tables: Tensor, levels: Tensor, rows: np.ndarray, columns: np.ndarray) -> Tensor:
        found = F.take_along_axis(tables, self._places(levels, rows, columns), 1)
        return F.reshape(found, (-1, *levels.shape[1:]))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "value_range": list(self.value_range),
            "clip_limit": self.clip_limit,
            "tile_grid_size": list(self.tile_grid_size),
        }


def _neighbours(tile: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each pixel along an axis the tile with its middle before it, the one behind, and how near it is to that."""
    places = (np.arange(tile * count, dtype=np.float32) - np.float32(tile / 2)) / np.float32(tile)
    before = np.floor(places)
    tiles = [np.clip(before + step, 0, count - 1).astype(np.int64) for step in (0, 1)]
    return tiles[0], tiles[1], places - before


def _between(first: Tensor, second: Tensor, weight: Tensor) -> Tensor:
    return F.add(F.multiply(first, F.subtract(1.0, weight)), F.multiply(second, weight))
