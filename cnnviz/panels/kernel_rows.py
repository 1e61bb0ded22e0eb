"""One kernel over time, large: a row per variable, taps at their true distance."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from cnnviz.panels import theme
from cnnviz.panels.strokes import hairline
from cnnviz.pictures.captions import MINUS
from cnnviz.pictures.taps import offsets

_ROW = 18
"""Screen pixels a row prefers."""

_WIDEST = 3.0
"""How many times as wide as high a step is drawn, at most; a low one as ``_ROW``."""

_SHARE = 0.36
"""Share of the width that names take, at most."""

_STRUNG = 5.0
"""From so many screen pixels on, a row's taps are strung on a hairline."""

_TICK = 3


class KernelRows(QWidget):
    """Variables down, steps across; steps that are skipped stay empty.

    Signals
    -------
    hovered(object)
        ``(variable, tap)`` under the pointer, or None.
    """

    hovered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFont(theme.caption_font())
        self.setMouseTracking(True)
        self.setAccessibleName("the chosen kernel")
        self._named = False
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Expanding)
        self._codes: NDArray[np.uint8] = np.zeros((0, 1), np.uint8)
        self._table: NDArray[np.uint8] = np.zeros((256, 4), np.uint8)
        self._names: tuple[str, ...] = ()
        self._dilation = 1
        self._ahead: int | None = 0

    def show_kernel(
        self,
        codes: NDArray[np.uint8],
        table: NDArray[np.uint8],
        dilation: int = 1,
        names: Sequence[str] = (),
        ahead: int | None = 0,
    ) -> None:
        """Show another kernel.

        Parameters
        ----------
        codes
            ``(I, k)``, earliest tap first.
        table
            ``(256, 4)`` colours of the codes.
        dilation
            Steps from one tap to the next.
        names
            Of the rows; without, they are numbered.
        ahead
            Steps by which the last tap lies after the step that is computed; None if
            that is not known: the taps are numbered.
        """
        self._codes, self._table = codes, table
        self._named = bool(names)
        self._names = tuple(names) or tuple(map(str, range(len(codes))))
        self._dilation, self._ahead = dilation, ahead
        self.updateGeometry()
        self.update()

    @property
    def steps(self) -> int:
        """Steps of time from the first tap to the last, both included."""
        taps: int = self._codes.shape[1]
        return (taps - 1) * self._dilation + 1

    def sizeHint(self) -> QSize:
        """Prefer rows in which a name can be read."""
        return QSize(28 * theme.GRID, _ROW * len(self._codes) + self._below())

    def minimumSizeHint(self) -> QSize:
        """Allow little."""
        return QSize(8 * theme.GRID, 4 * theme.GRID + self._below())

    def _below(self) -> int:
        high: float = QFontMetricsF(self.font()).height()
        return math.ceil(high) + _TICK + 2

    def area(self) -> QRectF:
        """Return what the kernel covers, in pixels of this widget."""
        metrics = QFontMetricsF(self.font())
        widest = max(map(metrics.horizontalAdvance, self._names), default=0.0)
        widest = max(widest, metrics.horizontalAdvance(self._direction()))
        left = math.ceil(min(widest, self.width() * _SHARE)) + 2 * theme.GRID
        high = max(self.height() - self._below(), 1)
        row = min(high / max(len(self._codes), 1), 2.0 * _ROW)
        step = min(
            (self.width() - left - theme.GRID) / self.steps, max(_WIDEST * row, _ROW)
        )
        wide = max(step * self.steps, 1.0)
        return QRectF(left, 0, math.floor(wide), math.floor(row * len(self._codes)))

    def cell(self, variable: int, tap: int) -> QRectF:
        """Return where a weight is painted, in pixels of this widget."""
        area, step = self.area(), tap * self._dilation
        left, right = (
            round(area.left() + area.width() * x / self.steps) for x in (step, step + 1)
        )
        top, bottom = (
            round(area.height() * y / len(self._codes))
            for y in (variable, variable + 1)
        )
        return QRectF(left, top, max(right - left, 1), max(bottom - top, 1))

    def _direction(self) -> str:
        if self._ahead is None:
            return "tap"
        return "time →" if self._ahead else "past →"

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint names, taps and the steps between them."""
        if not self._codes.size:
            return
        painter = QPainter(self)
        shade, (rows, taps) = theme.of(self), self._codes.shape
        high = self.cell(0, 0).height()
        gap = 1 if high >= _STRUNG else 0
        for i in range(rows):
            first, last = self.cell(i, 0), self.cell(i, taps - 1)
            if gap and self._dilation > 1:
                y = math.floor(first.center().y()) + 0.5
                painter.setPen(hairline(painter, shade.color("hairline")))
                painter.drawLine(QPointF(first.left(), y), QPointF(last.right(), y))
            for j in range(taps):
                colour = QColor(*self._table[self._codes[i, j]].tolist())
                cell = self.cell(i, j)
                between = min(gap, cell.width() - 1) if self._dilation == 1 else 0
                painter.fillRect(cell.adjusted(0, 0, -between, -gap), colour)
        self._paint_names(painter)
        self._paint_times(painter)
        painter.end()

    def _paint_names(self, painter: QPainter) -> None:
        """Write the rows' names, as many as there is room for."""
        metrics, shade = QFontMetricsF(self.font()), theme.of(self)
        area, flag = self.area(), Qt.AlignmentFlag
        wide = area.left() - 2 * theme.GRID
        line, row = metrics.height(), area.height() / len(self._codes)
        rounds = (k * 10**n for n in range(9) for k in (1, 2, 5))
        every = next(n for n in rounds if n * row >= line - 1)
        painter.setPen(shade.color("text" if self._named else "muted"))
        for i in range(0, len(self._codes), every):
            top = self.cell(i, 0).center().y() - line / 2
            where = QRectF(theme.GRID, max(top, 0.0), wide, line)
            name = metrics.elidedText(
                self._names[i], Qt.TextElideMode.ElideMiddle, wide + 0.5
            )
            painter.drawText(where, flag.AlignLeft | flag.AlignVCenter, name)

    def _paint_times(self, painter: QPainter) -> None:
        """Write below which steps the taps read, counted from now."""
        metrics, shade, area = QFontMetricsF(self.font()), theme.of(self), self.area()
        top = area.bottom() + _TICK + 1
        taps, known = self._codes.shape[1], self._ahead is not None
        steps = offsets(taps, self._dilation, self._ahead).tolist()
        order = sorted(range(len(steps)), key=lambda j: (steps[j] != 0, j))
        if len(order) > 2:  # now and the ends first, then what fits between them
            order.insert(1, order.pop())
        taken: list[QRectF] = []
        for j in order:
            x = self.cell(0, j).center().x()
            painter.setPen(hairline(painter, shade.color("hairline")))
            at = QPointF(math.floor(x) + 0.5, area.bottom())
            painter.drawLine(at, at + QPointF(0, _TICK))
            words = _offset_words(steps[j]) if known else str(j)
            wide = metrics.horizontalAdvance(words)
            left = min(max(x - wide / 2, area.left()), self.width() - wide)
            where = QRectF(left, top, wide, metrics.height())
            if not any(where.intersects(other) for other in taken):
                taken.append(where.adjusted(-theme.GRID, 0, theme.GRID, 0))
                now = known and steps[j] == 0
                painter.setPen(shade.color("text" if now else "muted"))
                painter.drawText(where, Qt.AlignmentFlag.AlignCenter, words)
        room = QRectF(theme.GRID, top, area.left(), metrics.height())
        painter.setPen(shade.color("muted"))
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft, self._direction())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell which weight the pointer is at."""
        self.hovered.emit(self._weight_at(event.position()))

    def leaveEvent(self, _event: QEvent) -> None:
        """Tell that the pointer has left."""
        self.hovered.emit(None)

    def _weight_at(self, at: QPointF) -> tuple[int, int] | None:
        area, (rows, taps) = self.area(), self._codes.shape
        if not rows or not area.contains(at):
            return None
        i = min(int((at.y() - area.top()) / area.height() * rows), rows - 1)
        step = int((at.x() - area.left()) / area.width() * self.steps)
        j = min(step // self._dilation, taps - 1)
        return (i, j) if self.cell(i, j).contains(at) else None


def _offset_words(steps: int) -> str:
    """Write how far from now a step is."""
    return "now" if not steps else f"+{steps}" if steps > 0 else f"{MINUS}{-steps}"
