"""What each map adds to a sum, largest first; the chosen one marked."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from cnnviz.core.look import Look
from cnnviz.core.numbers import count, number
from cnnviz.panels import theme
from cnnviz.pictures.colours import MIDDLE, table

_WIDEST, _THINNEST = 20, 3
"""Screen pixels of a bar, the gap after it included."""


class TermsBars(QWidget):
    """One bar per map up or down from a line, those that find no room as one.

    Signals
    -------
    picked(int)
        Place in the order, largest first, of the bar that was clicked.
    """

    picked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFont(theme.caption_font())
        self.setMouseTracking(True)
        self._values = np.zeros(0)
        self._words: Callable[[int], str] = str
        self._chosen = 0
        self._look = Look()
        self._title = ""

    def show_bars(
        self,
        values: NDArray[np.float64],
        words: Callable[[int], str],
        title: str,
        look: Look,
    ) -> None:
        """Show other sums.

        Parameters
        ----------
        values
            ``(G,)``, the largest by size first.
        words
            Says what the bar at a place stands for, for the tooltip.
        title
            One line above.
        look
            Light or dark.
        """
        self._values, self._words, self._title = values, words, title
        self._look = look
        self.setAccessibleName(title)
        self.update()

    def show_chosen(self, place: int) -> None:
        """Mark a bar by its place in the order."""
        if place != self._chosen:
            self._chosen = place
            self.update()

    def sizeHint(self) -> QSize:
        """Prefer a few lines."""
        return QSize(160, 6 * theme.GRID)

    def minimumSizeHint(self) -> QSize:
        """Allow very little."""
        return QSize(6 * theme.GRID, 3 * theme.GRID)

    def layout_of(self) -> tuple[float, int]:
        """Return the width of a bar with its gap, and how many stand alone."""
        many, room = len(self._values), max(self.width() - 1, 1)
        if not many:
            return 1.0, 0
        pitch = min(max(math.floor(room / many), _THINNEST), _WIDEST)
        fit = int(room // pitch)
        return float(pitch), many if fit >= many else max(fit - 3, 0)

    def bar(self, place: int) -> QRectF:
        """Return where a bar is painted."""
        return self._bars(place, place + 1)[0]

    def _bars(self, first: int, end: int) -> list[QRectF]:
        """Return where some bars are painted."""
        pitch, _ = self.layout_of()
        top = QFontMetricsF(self.font()).height() + 2
        finite = self._values[np.isfinite(self._values)]
        high = max(float(finite.max(initial=0.0)), 0.0)
        low = min(float(finite.min(initial=0.0)), 0.0)
        room = max(self.height() - top - 4, 1.0)
        unit = room / (high - low) if high > low else 0.0
        zero, values = top + high * unit, np.nan_to_num(self._values[first:end])
        tall = np.maximum(np.abs(values) * unit, 1.0)
        y = np.where(values >= 0, zero - tall, zero)
        return [
            QRectF(place * pitch, above, max(pitch - 1, 1), height)
            for place, above, height in zip(
                range(first, end), y.tolist(), tall.tolist(), strict=True
            )
        ]

    def place_at(self, at: QPointF) -> int | None:
        """Return the bar at a point, by its column alone."""
        pitch, alone = self.layout_of()
        place = int(at.x() // pitch)
        return place if 0 <= place < alone else None

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint title, bars, and the mark under the chosen one."""
        painter, shade = QPainter(self), theme.of(self)
        metrics = QFontMetricsF(self.font())
        painter.setPen(shade.color("muted"))
        line = QRectF(0, 0, self.width(), metrics.height())
        right = Qt.TextElideMode.ElideRight
        title = metrics.elidedText(self._title, right, line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, title)
        pitch, alone = self.layout_of()
        colours = table(self._look.colours, True, self._look.dark)
        above, below = (QColor(*colours[code, :3].tolist()) for code in (2 * MIDDLE, 0))
        base = 0.0
        for bar, value in zip(
            self._bars(0, alone), self._values[:alone].tolist(), strict=True
        ):
            base = bar.bottom() if value >= 0 else bar.top()
            painter.fillRect(bar, above if value >= 0 else below)
        if not alone:
            return
        painter.fillRect(QRectF(0, base, self.width(), 1), shade.color("hairline"))
        if self._chosen < alone:
            foot = QRectF(self._chosen * pitch, self.height() - 3, pitch - 1, 3)
            painter.fillRect(foot, shade.color("accent"))
        rest = len(self._values) - alone
        if rest:
            painter.setPen(shade.color("muted"))
            painter.drawText(
                QRectF(alone * pitch, base - metrics.height(), 3 * pitch, 20), 0, "…"
            )

    # The person.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a bar."""
        place = self.place_at(event.position())
        if event.button() is Qt.MouseButton.LeftButton and place is not None:
            self.picked.emit(place)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what a bar stands for."""
        place = self.place_at(event.position())
        _, alone = self.layout_of()
        if place is not None:
            self.setToolTip(f"{self._words(place)} adds {number(self._values[place])}")
        elif alone < len(self._values):
            rest = self._values[alone:]
            total = number(float(rest.sum()))
            self.setToolTip(f"{count(len(rest))} more add {total} together")
        else:
            self.setToolTip("")

    def changeEvent(self, event: QEvent) -> None:
        """Repaint in the new theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()
