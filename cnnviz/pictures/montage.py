"""Many small pictures as one: where each tile lies, and what lies under a pixel."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.layers import Array, Layer
from cnnviz.core.look import Scale
from cnnviz.pictures.colours import GAP, MARKS, NAN, NEG_INF, POS_INF
from cnnviz.pictures.kept import Kept
from cnnviz.pictures.levels import coded, levels

_GREY = 128
"""Level of zero in kernels drawn in colour."""


_PICTURES = 32_000_000
"""Bytes of assembled tiles that are kept."""

_NARROW = 8
"""Tiles of at most so many pixels a side are copied pixel by pixel, all at once."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Equal tiles in rows and columns, filled row by row, a gap between them.

    Attributes
    ----------
    count
        Number of tiles; the last row may be incomplete.
    height, width
        Of one tile, in pixels.
    columns
        Tiles in a row.
    gap
        Pixels between tiles.
    """

    count: int
    height: int
    width: int
    columns: int
    gap: int = 1

    @classmethod
    def fit(
        cls, count: int, height: int, width: int, aspect: float, gap: int = 1
    ) -> Grid:
        """Choose the columns that make the tiles largest in a panel.

        Among equally good numbers of columns the one with fewest empty cells wins.

        ``aspect`` is the width of the panel divided by its height.
        """
        if count == 0:
            return cls(0, height, width, 1, gap)
        aspect = min(max(aspect, 1e-3), 1e3)
        columns = np.arange(1, count + 1)
        rows = -(-count // columns)
        wide = np.maximum(columns * (width + gap) - gap, 1)
        high = np.maximum(rows * (height + gap) - gap, 1)
        zoom = np.minimum(aspect / wide, 1 / high)
        best = np.flatnonzero(zoom >= zoom.max() * (1 - 1e-9))
        empty = columns[best] * rows[best] - count
        return cls(count, height, width, int(columns[best[empty.argmin()]]), gap)

    @property
    def rows(self) -> int:
        """Number of rows of tiles."""
        return -(-self.count // self.columns)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the mosaic in pixels; ``(0, 0)`` if it is empty."""
        if not (self.count and self.height and self.width):
            return (0, 0)
        return (
            self.rows * (self.height + self.gap) - self.gap,
            self.columns * (self.width + self.gap) - self.gap,
        )

    def assemble(self, tiles: Array, fill: int | tuple[int, ...]) -> Array:
        """Paint the tiles into one picture.

        Parameters
        ----------
        tiles
            ``(count, height, width)`` codes or values, or
            ``(count, height, width, bands)`` colours.
        fill
            What gaps and empty cells hold: a code, or one level per band.

        Returns
        -------
        ``(*shape)`` or ``(*shape, bands)`` of the tiles' dtype.

        Raises
        ------
        ValueError
            The tiles are not the grid's.
        """
        wanted = (self.count, self.height, self.width)
        if tiles.shape[:3] != wanted:
            raise ValueError(f"wanted tiles of shape {wanted}, got {tiles.shape}")
        bands = tiles.shape[3:]
        rows, columns = self.rows, self.columns
        picture = np.empty((*self.shape, *bands), tiles.dtype)
        picture[...] = fill
        full, left = divmod(self.count, columns)
        down, across, *inside = picture.strides
        cells = np.lib.stride_tricks.as_strided(
            picture,
            (rows, self.height, columns, self.width, *bands),
            (
                down * (self.height + self.gap),
                down,
                across * (self.width + self.gap),
                across,
                *inside,
            ),
        )
        whole = tiles[: full * columns].reshape(full, columns, *tiles.shape[1:])
        if self.width <= _NARROW and self.height <= _NARROW:
            for y, x in np.ndindex(self.height, self.width):
                cells[:full, y, :, x] = whole[:, :, y, x]
        else:
            cells[:full] = whole.swapaxes(1, 2)
        if left:
            cells[full, :, :left] = tiles[full * columns :].swapaxes(0, 1)
        return picture

    def locate(self, row: float, col: float) -> tuple[int, tuple[int, int]] | None:
        """Return the tile under a point and the pixel ``(y, x)`` inside it.

        Pixel ``i`` covers ``i … i + 1``. None in gaps, empty cells and outside.
        """
        high, wide = self.shape
        if not (0 <= row < high and 0 <= col < wide):
            return None
        down, y = divmod(math.floor(row), self.height + self.gap)
        across, x = divmod(math.floor(col), self.width + self.gap)
        tile = down * self.columns + across
        if y >= self.height or x >= self.width or tile >= self.count:
            return None
        return tile, (y, x)

    def box(self, channel: int) -> tuple[int, int, int, int]:
        """Return first row, first column, height and width of a tile, in pixels.

        Raises
        ------
        IndexError
            There is no such tile.
        """
        if not 0 <= channel < self.count:
            raise IndexError(f"tile {channel} of a grid of {self.count}")
        down, across = divmod(channel, self.columns)
        return (
            down * (self.height + self.gap),
            across * (self.width + self.gap),
            self.height,
            self.width,
        )


_ASSEMBLED: Kept[Array] = Kept(_PICTURES, lambda picture: picture.nbytes + 256)


def assembled(grid: Grid, tiles: Array, fill: int | tuple[int, ...]) -> Array:
    """Paint tiles into one picture as ``Grid.assemble`` does, read-only and once.

    That of tiles that never change is kept for as long as there is room; see ``Kept``.
    """

    def found() -> Array:
        picture = grid.assemble(tiles, fill)
        picture.flags.writeable = False
        return picture

    return _ASSEMBLED.get(tiles, (grid, fill), found)


def as_tiles(maps: Array) -> Array:
    """View maps as tiles ``(C, h, w)``.

    ``(C,)`` gives one pixel each, ``(C, T)`` one row each, ``(C, D, H, W)`` its
    slices one below the other.
    """
    if maps.ndim == 1:
        return maps[:, None, None]
    if maps.ndim == 2:
        return maps[:, None, :]
    high = math.prod(maps.shape[1:-1])
    return maps.reshape(len(maps), high, maps.shape[-1])


def heat_map(count: int, length: int) -> Grid:
    """Return the grid of 1-D maps: one row per channel, time across, no gaps."""
    return Grid(count, 1, length, 1, 0)


def strip(vector: NDArray[np.uint8], aspect: float) -> tuple[Array, Grid]:
    """Fold a dense layer's outputs into a grid of cells, row by row.

    Parameters
    ----------
    vector
        ``(C,)`` uint8 codes.
    aspect
        Width of the panel divided by its height.

    Returns
    -------
    The picture, one pixel per output, cells left over holding ``GAP``; and its grid.
    """
    grid = Grid.fit(len(vector), 1, 1, aspect, 0)
    return grid.assemble(as_tiles(vector), GAP), grid


def output_first(layer: Layer) -> Array | None:
    """Return a layer's weight as ``(O, I/groups, *k)``, one entry per kernel.

    A transposed convolution stores ``(I, O/groups, *k)``; its groups are sorted out.
    None for layers whose weight is not made of kernels.
    """
    weight = layer.weight
    if weight is None or layer.kind not in ("conv", "conv_transpose", "linear"):
        return None
    if layer.kind != "conv_transpose":
        return weight
    groups = layer.geometry.groups if layer.geometry else 1
    taps = weight.shape[2:]
    split = weight.reshape(groups, len(weight) // groups, weight.shape[1], *taps)
    return split.swapaxes(1, 2).reshape(-1, len(weight) // groups, *taps)


def rgb_kernels(
    weight: Array, scale: Scale = "layer", bound: float = 1.0
) -> NDArray[np.uint8]:
    """Draw kernels over RGB in colour: zero is mid-grey, the scale symmetric.

    Parameters
    ----------
    weight
        ``(O, 3, kh, kw)``.
    scale
        One scale for the ``"layer"``, one per ``"map"`` (kernel), or ``"locked"``.
    bound
        Largest absolute value of a locked scale.

    Returns
    -------
    ``(O, kh, kw, 3)`` uint8; taps that are NaN or infinite have their mark's colour.
    """
    found = levels(weight, scale, bound, signed=True)
    reach = np.where(found.high > 0, found.high, 1.0).reshape(-1, 1, 1, 1)
    odd = ~np.isfinite(weight)
    share = np.where(odd, 0, weight).astype(np.float64) / reach
    level = np.rint(share.clip(-1, 1) * (_GREY - 1) + _GREY).astype(np.uint8)
    tiles = np.ascontiguousarray(level.transpose(0, 2, 3, 1))
    if odd.any():
        tiles[(weight == -np.inf).any(1)] = MARKS[NEG_INF][:3]
        tiles[(weight == np.inf).any(1)] = MARKS[POS_INF][:3]
        tiles[np.isnan(weight).any(1)] = MARKS[NAN][:3]
    return tiles


def kernel_tiles(
    weight: Array, scale: Scale = "layer", bound: float = 1.0
) -> NDArray[np.uint8] | None:
    """Return one tile per kernel, where one picture can hold a kernel.

    Parameters
    ----------
    weight
        ``(O, I, *k)``.
    scale, bound
        As for ``rgb_kernels``.

    Returns
    -------
    2-D over three channels: colours ``(O, kh, kw, 3)``. 2-D over one channel: codes
    ``(O, kh, kw)``. 1-D: codes ``(O, I, k)``, input channels down, taps across.
    Otherwise None: a kernel is then shown by its slices or in the whole weight.
    """
    if weight.ndim == 4 and weight.shape[1] == 3:
        return rgb_kernels(weight, scale, bound)
    if weight.ndim == 3:
        return coded(weight, levels(weight, scale, bound, signed=True))
    if weight.ndim == 4 and weight.shape[1] == 1:
        return coded(weight, levels(weight, scale, bound, signed=True))[:, 0]
    return None


def whole_weight(weight: Array) -> tuple[Array, Grid]:
    """Arrange a whole weight as one picture: kernels down, input channels across.

    Parameters
    ----------
    weight
        ``(O, I, *k)`` values, or their codes; ``(O, I)`` gives one pixel each.

    Returns
    -------
    tiles
        ``(O * I, kh, kw)``, for ``grid.assemble``.
    grid
        ``I`` columns, a gap of one pixel unless every tile is one pixel. Tile ``n``
        is kernel ``n // I`` on input channel ``n % I``.
    """
    out, inner, *taps = weight.shape
    tiles = as_tiles(weight.reshape(out * inner, *taps))
    _, height, width = tiles.shape
    gap = 0 if (height, width) == (1, 1) else 1
    return tiles, Grid(out * inner, height, width, max(inner, 1), gap)
