"""Many maps as one picture that can be pointed at."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Signal
from PySide6.QtGui import QImage, QPainterPath, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from cnnviz.core.layers import Array, Unit
from cnnviz.panels import theme
from cnnviz.panels.canvas import Canvas
from cnnviz.panels.marks import Outline, Stroke
from cnnviz.panels.saving import Exporter, Numbers
from cnnviz.pictures.colours import GAP
from cnnviz.pictures.montage import Grid, assembled

_PAD = 3
"""Screen pixels around a mosaic, for the frame of tiles at its edge."""

_LINED = 6
"""From so many screen pixels on, tiles are told apart by a line of one pixel."""

_SAVED = 1024
"""Saved and copied pictures have about so many pixels along their longer side."""


class MosaicView(QWidget):
    """Tiles in a grid: one image item, the chosen tile framed, its place marked.

    A *channel* may own several tiles in a row (a kernel's slices). Positions are
    those of the values behind the tiles, whatever their number of axes.

    Signals
    -------
    picked(int, object)
        Channel and unit under a click.
    hovered(object)
        ``(channel, unit, value)`` under the pointer, or None. The value is a float,
        or a tuple of one float per colour.
    """

    picked = Signal(int, object)
    hovered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas = Canvas(self, pad=_PAD)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.canvas)
        self._tiles: NDArray[np.uint8] = np.zeros((0, 1, 1), np.uint8)
        self._table: NDArray[np.uint8] | None = None
        self._values: Array = np.zeros(0, np.float32)
        self._fixed = False
        self._grid = Grid(0, 1, 1, 1)
        self._stretch, self._extreme = False, False
        self._name = "maps"
        self._channel: int | None = None
        self._unit: Unit | None = None
        self._lined: tuple[Grid, tuple[float, float], float] | None = None
        self._lines = Stroke(self.canvas, "canvas")
        self._frame = Outline(self.canvas, rim=False)
        self._marker = Outline(self.canvas)
        self.exporter = Exporter(self, lambda: self._name, self.image, self._numbers)
        self.canvas.clicked.connect(self._on_click)
        self.canvas.hovered.connect(self._on_hover)
        self.canvas.viewChanged.connect(self._mark)
        self.canvas.menuRequested.connect(self.exporter.open_menu)

    def show_tiles(
        self,
        tiles: NDArray[np.uint8],
        values: Array,
        table: NDArray[np.uint8] | None = None,
        grid: Grid | None = None,
        *,
        stretch: bool = False,
        extreme: bool = False,
        name: str = "maps",
    ) -> None:
        """Show other tiles; the view stays where it is if the layout is the same.

        Parameters
        ----------
        tiles
            ``(n, h, w)`` codes, or ``(n, h, w, 3)`` colours.
        values
            ``(C, *rest)``, what the tiles show: ``n * h * w`` values in this order,
            times three in a last axis for colours.
        table
            ``(256, 4)`` colours of codes.
        grid
            Layout; None lets the panel's shape decide.
        stretch
            Fill the panel, cells need not be square.
        extreme
            From afar, show a block's largest signed code instead of its mean.
        name
            For files.
        """
        self._tiles, self._values, self._table = tiles, values, table
        self._fixed, self._name = grid is not None, name
        self._stretch, self._extreme = stretch, extreme
        self._arrange(grid)

    def ready(
        self,
        tiles: NDArray[np.uint8],
        table: NDArray[np.uint8] | None = None,
        grid: Grid | None = None,
        *,
        stretch: bool = False,
        extreme: bool = False,
    ) -> Iterator[None]:
        """Make in steps what ``show_tiles`` would show, if that is in sight."""
        grid = grid or self._fitting(tiles)
        if self.canvas.isVisible() and 0 not in grid.shape:
            picture = assembled(grid, tiles, self._fill(tiles))
            yield
            self.canvas.ready(picture, table, stretch, extreme)
            yield

    def _fitting(self, tiles: NDArray[np.uint8]) -> Grid:
        """Return the layout that suits the panel's shape."""
        count, high, wide = tiles.shape[:3]
        gap = int((high, wide) != (1, 1))
        return Grid.fit(count, high, wide, self.width() / max(self.height(), 1), gap)

    def _fill(self, tiles: NDArray[np.uint8]) -> int | tuple[int, ...]:
        """Return what gaps hold: a code, or a colour."""
        return GAP if tiles.ndim == 3 else theme.of(self).rgb("canvas")

    def _arrange(self, grid: Grid | None) -> None:
        """Lay out the tiles and paint them into one picture."""
        self._grid = grid = grid or self._fitting(self._tiles)
        if 0 in grid.shape:
            self.canvas.set_picture(None)
        else:
            picture = assembled(grid, self._tiles, self._fill(self._tiles))
            self.canvas.set_picture(picture, self._table, self._stretch, self._extreme)
        self._mark()

    def show_place(self, channel: int | None, unit: Unit | None) -> None:
        """Frame a channel and mark a position in it; the picture is not touched."""
        if (channel, unit) != (self._channel, self._unit):
            self._channel, self._unit = channel, unit
            self._mark()

    @property
    def grid(self) -> Grid:
        """The layout on show."""
        return self._grid

    @property
    def rest(self) -> tuple[int, ...]:
        """Shape of one channel's values, colours aside."""
        shape = self._values.shape[1:]
        return shape[:-1] if self._tiles.ndim == 4 else shape

    @property
    def channels(self) -> int:
        """Number of channels on show."""
        return len(self._values)

    @property
    def _per_channel(self) -> int:
        """Tiles of one channel."""
        return len(self._tiles) // max(len(self._values), 1)

    def locate(self, at: QPointF) -> tuple[int, Unit] | None:
        """Return channel and unit at a point of the picture, or None."""
        found = self._grid.locate(at.y(), at.x())
        if found is None:
            return None
        tile, (y, x) = found
        channel, slot = divmod(tile, self._per_channel)
        grid = self._grid
        flat = (slot * grid.height + y) * grid.width + x
        unit = np.unravel_index(flat, self.rest) if self.rest else ()
        return channel, tuple(int(i) for i in unit)

    def cell(self, channel: int, unit: Unit) -> QRectF | None:
        """Return where a value is painted, in picture coordinates."""
        if not 0 <= channel < len(self._values) or len(unit) != len(self.rest):
            return None
        if any(not 0 <= i < n for i, n in zip(unit, self.rest, strict=True)):
            return None
        flat = int(np.ravel_multi_index(unit, self.rest)) if unit else 0
        slot, inside = divmod(flat, self._grid.height * self._grid.width)
        y, x = divmod(inside, self._grid.width)
        top, left, _, _ = self._grid.box(channel * self._per_channel + slot)
        return QRectF(left + x, top + y, 1, 1)

    def tile(self, channel: int) -> QRectF | None:
        """Return what a channel's tiles cover, in picture coordinates."""
        if not 0 <= channel < len(self._values) or 0 in self._grid.shape:
            return None
        first = channel * self._per_channel
        area = QRectF()
        for at in {first, first + self._per_channel - 1}:
            top, left, high, wide = self._grid.box(at)
            area = area.united(QRectF(left, top, wide, high))
        return area

    def _mark(self) -> None:
        """Draw lines, frame and marker for the present view."""
        channel, unit = self._channel, self._unit
        area = None if channel is None else self.tile(channel)
        if area is not None and len(self._values) > 1:
            self._frame.surround(area)
        else:
            self._frame.hide()
        single = self._grid.height * self._grid.width == 1 and self._per_channel == 1
        cell = None
        if channel is not None and unit is not None and not single:
            cell = self.cell(channel, unit)
        if cell is not None:
            self._marker.enclose(cell)
        else:
            self._marker.hide()
        self._draw_lines()

    def _draw_lines(self) -> None:
        """Tell tiles apart by a hairline of canvas where the gap is too thin."""
        grid, scale = self._grid, self.canvas.scale
        ratio = self.devicePixelRatioF()
        if (grid, scale, ratio) == self._lined:
            return
        self._lined = grid, scale, ratio
        (across, down), (high, wide) = scale, grid.shape
        path = QPainterPath()
        tile = min(grid.height * down, grid.width * across)
        thin = min(across, down) * ratio < 1
        if high and tile >= _LINED and (thin or not grid.gap):
            half = grid.gap / 2
            for i in range(1, grid.columns):
                x = i * (grid.width + grid.gap) - half
                path.moveTo(x, 0)
                path.lineTo(x, high)
            for i in range(1, grid.rows):
                y = i * (grid.height + grid.gap) - half
                path.moveTo(0, y)
                path.lineTo(wide, y)
        self._lines.show(path)

    def _on_click(self, at: QPointF) -> None:
        found = self.locate(at)
        if found is not None:
            self.picked.emit(*found)

    def _on_hover(self, at: QPointF | None) -> None:
        found = None if at is None else self.locate(at)
        if found is None:
            self.hovered.emit(None)
            return
        channel, unit = found
        value = self._values[(channel, *unit)]
        said = tuple(map(float, value)) if np.ndim(value) else float(value)
        self.hovered.emit((channel, unit, said))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Choose the columns anew when the panel's shape has changed."""
        super().resizeEvent(event)
        if not self._fixed and len(self._tiles):
            aspect = self.width() / max(self.height(), 1)
            now = self._grid
            best = Grid.fit(now.count, now.height, now.width, aspect, now.gap)
            if best != now:
                self._arrange(best)

    def image(self) -> QImage:
        """Return the mosaic as a picture, every cell whole pixels wide."""
        high, wide = self._grid.shape
        times = max(1, math.ceil(_SAVED / max(high, wide, 1)))
        return self.canvas.image(times)

    def _numbers(self) -> dict[str, Numbers]:
        if not self._values.size:
            return {}
        values = self._values[:, None] if self._values.ndim == 1 else self._values
        words: tuple[str, ...] = ("channel", "input", "y", "x")
        if values.ndim < len(words):
            words = ("channel", "y", "x")
        return {"values": Numbers(values, words[: values.ndim - 1])}
