"""A few values as coloured cells, each of which can be pointed at."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFontMetricsF,
    QImage,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QWidget

from cnnviz.core.explanation import Flags, Indices
from cnnviz.core.look import Look
from cnnviz.core.numbers import number
from cnnviz.panels import theme
from cnnviz.panels.term_widget import TermWidget
from cnnviz.pictures.captions import nothing_finite, odd_counts
from cnnviz.pictures.colours import table
from cnnviz.pictures.levels import Levels, levels, quantise

_LARGEST = 48
"""Screen pixels a cell has at most."""

_CUT = Qt.TextElideMode.ElideRight

_ROOM = 4
"""Screen pixels around a number in its cell."""


class SmallGrid(TermWidget):
    """A caption of one line and below it the cells, all of one term each."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._values = np.zeros((0, 0))
        self._codes = np.zeros((0, 0), np.uint8)
        self._table = table(Look().colours, True, False)
        self._index: Indices = np.zeros((0, 0), np.intp)
        self._padding: Flags = np.zeros((0, 0), np.bool_)
        self._winner: Flags = np.zeros((0, 0), np.bool_)
        self._levels: Levels | None = None
        self._shown: Levels | None = None

    def show_cells(
        self,
        values: NDArray[np.float64],
        index: Indices,
        whole: NDArray[np.float64],
        look: Look,
        *,
        signed: bool | None = None,
        padding: Flags | None = None,
        winner: Flags | None = None,
    ) -> None:
        """Show other cells.

        Parameters
        ----------
        values
            ``(h, w)``; NaN where ``index`` is -1.
        index
            ``(h, w)``: the term of each cell, -1 for none.
        whole
            ``(N,)``: all values that share the colour scale, unless the look wants
            one per map.
        signed
            Zero in the middle of the scale; None: if one of ``whole`` is negative.
        padding, winner
            ``(h, w)``: hatched cells; framed cells.
        """
        none = np.zeros(values.shape, np.bool_)
        scaled = values.ravel() if look.scale == "map" else whole
        scaled = scaled[np.isfinite(scaled)]
        if signed is None:
            signed = bool((whole < 0).any())
        self._levels = levels(scaled[None], signed=signed)
        self._shown = levels(values[index >= 0][None], signed=signed)
        self._values, self._index = values, index
        self._codes = quantise(values[None], self._levels)[0]
        self._padding = none if padding is None else padding
        self._winner = none if winner is None else winner
        self._table = table(look.colours, signed, look.dark)
        self.setAccessibleName(f"{self._title}: {values.shape[0]}×{values.shape[1]}")
        self.updateGeometry()
        self.update()

    def set_title(self, title: str) -> None:
        """Show another caption."""
        self._title = title
        self.update()

    @property
    def caption(self) -> str:
        """Title, scale and what is not finite: ``x ±2.6 · 1 NaN``, ``x all NaN``."""
        found, shown = self._levels, self._shown
        if found is None or shown is None:
            return self._title
        high, parts = float(found.high[0]), odd_counts(shown)
        if high:
            parts.insert(0, f"{'±' if found.signed else '0 – '}{number(high, 2)}")
        elif alike := nothing_finite(shown):
            parts = [alike]
        else:
            parts.insert(0, "0" if parts else "all 0")
        return f"{self._title}  {' · '.join(parts)}"

    def _fitting(self, wide: float) -> str:
        """Return the caption; with less room its title is cut, not its numbers."""
        metrics, whole = QFontMetricsF(self.font()), self.caption
        if metrics.horizontalAdvance(whole) <= wide:
            return whole
        scale = whole.removeprefix(self._title).replace(" – ", "–").strip()
        room = wide - metrics.horizontalAdvance(f" {scale}")
        title = metrics.elidedText(self._title, _CUT, room)
        return metrics.elidedText(f"{title} {scale}".lstrip(), _CUT, wide)

    def sizeHint(self) -> QSize:
        """Prefer room for large cells."""
        return QSize(100, 110)

    def minimumSizeHint(self) -> QSize:
        """Allow very little."""
        return QSize(3 * theme.GRID, 5 * theme.GRID)

    def cell(self, row: int, column: int) -> QRectF:
        """Return where a cell is painted."""
        area, (high, wide) = self.area(), self._codes.shape
        across, down = area.width() / wide, area.height() / high
        left, top = area.left() + column * across, area.top() + row * down
        return QRectF(left, top, across, down)

    def area(self) -> QRectF:
        """Return what all cells cover: whole pixels per cell where there is room."""
        top = QFontMetricsF(self.font()).height() + 2
        room = QRectF(self.rect()).adjusted(1, top + 1, -1, -1)
        high, wide = self._codes.shape
        if not high or not wide or not room.isValid():
            return QRectF(room.topLeft(), QRectF().size())
        cell = min(room.width() / wide, room.height() / high, _LARGEST)
        if cell >= 1:
            side = math.floor(cell)
            tall: float = side * high
            if high == 1:  # over time: a strip, not a thread
                tall = min(max(side, 4 * theme.GRID), math.floor(room.height()))
            return QRectF(room.left(), room.top(), side * wide, tall)
        tall = max(min(cell * high, room.height()), min(room.height(), theme.GRID))
        return QRectF(room.left(), room.top(), min(room.width(), wide), tall)

    def term_at(self, at: QPointF) -> int | None:
        """Return the term at a point of this widget, or None."""
        area, (high, wide) = self.area(), self._codes.shape
        if not area.contains(at) or not area.width() or not area.height():
            return None
        row = min(int((at.y() - area.top()) * high / area.height()), high - 1)
        column = min(int((at.x() - area.left()) * wide / area.width()), wide - 1)
        term = int(self._index[row, column])
        return None if term < 0 else term

    # Painting.

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint caption, cells, hatching, numbers and marks."""
        painter, shade = QPainter(self), theme.of(self)
        metrics = QFontMetricsF(self.font())
        line = QRectF(1, 0, self.width() - 1, metrics.height())
        painter.setPen(shade.color("muted"))
        caption = self._fitting(line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, caption)
        high, wide = self._codes.shape
        if not high or not wide:
            return
        area = self.area()
        painter.drawImage(area, self._picture())
        self._hatch(painter)
        self._write(painter)
        frame = QPen(shade.color("hairline"), 1)
        frame.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(frame)
        painter.drawRect(area.adjusted(-0.5, -0.5, 0.5, 0.5))
        for row, column in np.argwhere(self._winner):
            self._frame(painter, self.cell(row, column), shade.color("text"))
        for term, colour in ((self._under, "muted"), (self._current, "accent")):
            if term is None:
                continue
            for row, column in np.argwhere(self._index == term):
                self._frame(painter, self.cell(row, column), shade.color(colour))

    def _picture(self) -> QImage:
        ground = np.array([*theme.of(self).rgb("canvas"), 255], np.uint8)
        there = (self._index >= 0)[..., None]
        pixels = np.ascontiguousarray(np.where(there, self._table[self._codes], ground))
        high, wide = self._codes.shape
        image = QImage(pixels.data, wide, high, 4 * wide, QImage.Format.Format_RGBA8888)
        return image.convertToFormat(QImage.Format.Format_RGB32)

    def _hatch(self, painter: QPainter) -> None:
        """Hatch padding, so that its zeros are told from zeros that were read."""
        if not self._padding.any():
            return
        colour = theme.of(self).color("muted", 190)
        painter.save()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QBrush(colour, Qt.BrushStyle.BDiagPattern))
        for row, column in np.argwhere(self._padding):
            painter.drawRect(self.cell(row, column))
        painter.restore()

    def _write(self, painter: QPainter) -> None:
        """Write the numbers where all of them fit into their cells."""
        if self._values.size > 64:
            return
        metrics, room = QFontMetricsF(self.font()), self.cell(0, 0)
        texts = {
            (row, column): number(self._values[row, column], 2)
            for row, column in np.argwhere(self._index >= 0).tolist()
        }
        widest = max(map(metrics.horizontalAdvance, texts.values()), default=0.0)
        if widest + _ROOM > room.width() or metrics.height() > room.height():
            return
        for (row, column), text in texts.items():
            red, green, blue = self._table[self._codes[row, column], :3].tolist()
            light = 0.299 * red + 0.587 * green + 0.114 * blue > 128
            painter.setPen(QColor("#000000" if light else "#ffffff"))
            painter.drawText(self.cell(row, column), Qt.AlignmentFlag.AlignCenter, text)

    def _frame(self, painter: QPainter, cell: QRectF, colour: QColor) -> None:
        """Frame a cell, or its surroundings if it is too small to see."""
        grow = max(0.0, (6 - cell.width()) / 2)
        area = cell.adjusted(-grow, -max(0.0, (6 - cell.height()) / 2), grow, 0)
        area.setBottom(max(cell.bottom(), area.top() + 6))
        painter.save()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen, wide in ((theme.of(self).color("canvas"), 4.0), (colour, 2.0)):
            line = QPen(pen, wide)
            line.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            painter.setPen(line)
            painter.drawRect(area)
        painter.restore()
