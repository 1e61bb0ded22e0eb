"""Which colour stands for which value, always in view."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from cnnviz.panels import theme
from cnnviz.pictures.captions import exact, nothing_finite, number
from cnnviz.pictures.colours import MIDDLE
from cnnviz.pictures.levels import Levels, ramp

_BAR = 6
_GAP = 6
_ROOMY = 20 * theme.GRID
"""Pixels from which on there is room for words."""

_LEAST = 7 * theme.GRID
"""Pixels of a bar that can be split at zero."""

_SHORT = 4 * theme.GRID
"""Pixels a bar in one piece keeps beside words."""

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class ScaleBar(QWidget):
    """One line: low end, colours, zero, colours, high end, and whose scale it is.

    A signed scale is split where zero is: the neutral middle is the canvas itself.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFont(theme.caption_font())
        self._low, self._high, self._signed, self._words = 0.0, 0.0, False, ""
        self._colours: NDArray[np.uint8] = np.zeros((1, 3), np.uint8)
        self.setFixedHeight(3 * theme.GRID)
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Ignored, policy.Fixed)

    def show_levels(
        self,
        levels: Levels,
        table: NDArray[np.uint8],
        channel: int | None = None,
        note: str = "",
    ) -> None:
        """Show the scale of a set of maps.

        Parameters
        ----------
        levels
            The scale.
        table
            ``(256, 3 or 4)`` colours of its codes.
        channel
            With one scale per map, the map whose numbers to show; else the first.
        note
            What is odd about the maps; shown at the right end. Where none of the
            values is finite, words stand in place of the ends and the colours.
        """
        at = min(channel or 0, len(levels.high) - 1)
        low, high = (
            (float(levels.low[at]), float(levels.high[at])) if at >= 0 else (0.0, 0.0)
        )
        mark = "per map" if levels.per_map else "locked" if levels.locked else ""
        found = levels.finite_range
        said = "no finite value" if found is None else " … ".join(map(exact, found))
        tip = f"values {said}" + (f"\n{note}" if note else "")
        endless = nothing_finite(levels, max(at, 0))
        if endless:
            low = high = math.nan
        words = " · ".join(filter(None, (endless, mark, note)))
        self._show(low, high, table[ramp(levels.signed), :3], words, tip)

    def _show(
        self,
        low: float,
        high: float,
        colours: NDArray[np.uint8],
        words: str,
        tip: str,
    ) -> None:
        """Show a scale; what is on show already is not painted again."""
        if tip != self.toolTip():
            self.setToolTip(tip)
        same = (low, high, words) == (self._low, self._high, self._words)
        if not (same and np.array_equal(colours[:, :3], self._colours)):
            self._low, self._high, self._signed = low, high, low < 0
            self._colours = np.ascontiguousarray(colours[:, :3])
            self._words = words
            self.update()

    def text(self) -> str:
        """Return the numbers and words on show, from left to right."""
        ends = [] if math.isnan(self._high) else [number(self._low), number(self._high)]
        if self._signed:
            ends.insert(1, "0")
        return " ".join([*ends, self._words]).strip()

    def sizeHint(self) -> QSize:
        """Prefer the panel's width."""
        return QSize(20 * theme.GRID, 3 * theme.GRID)

    def _strip(
        self, painter: QPainter, where: QRect, colours: NDArray[np.uint8]
    ) -> None:
        """Paint a run of colours."""
        pixels = np.ascontiguousarray(colours)
        image = QImage(
            pixels.data, len(pixels), 1, pixels.nbytes, QImage.Format.Format_RGB888
        )
        painter.drawImage(where, image)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the line; where room is short, both ends become one word."""
        painter = QPainter(self)
        metrics = QFontMetrics(self.font())
        painter.setPen(theme.of(self).color("muted"))
        inner = self.rect().adjusted(theme.GRID, 0, -theme.GRID, 0)
        right = Qt.TextElideMode.ElideRight
        if math.isnan(self._high):
            words = metrics.elidedText(self._words, right, inner.width())
            painter.drawText(inner, _LEFT, words)
            painter.end()
            return
        low, high = number(self._low), number(self._high)
        split = self._signed
        if self._words and self.width() >= _ROOMY:
            spare = inner.width() - 2 * (theme.GRID + _GAP)
            needed = metrics.horizontalAdvance(low + high + self._words)
            if split and needed > spare - _LEAST:
                low, high, split = "", f"±{high}", False
            spare -= metrics.horizontalAdvance(low + high)
            spare -= _LEAST if split else _SHORT
            room = max(inner.width() * 2 // 5, spare)
            words = metrics.elidedText(self._words, right, room)
            painter.drawText(inner, _RIGHT, words)
            wide = metrics.horizontalAdvance(words)
            inner.setRight(inner.right() - wide - 2 * theme.GRID)
        taken = metrics.horizontalAdvance(low + high) + 2 * _GAP
        if split and inner.width() - taken < _LEAST:
            low, high, split = "", f"±{number(self._high, 2)}", False
        elif not self._signed and self.width() < _ROOMY:
            high = number(self._high, 2)
        painter.drawText(inner, _LEFT, low)
        painter.drawText(inner, _RIGHT, high)
        left = metrics.horizontalAdvance(low) + _GAP if low else 0
        bar = inner.adjusted(left, 0, -metrics.horizontalAdvance(high) - _GAP, 0)
        self._paint_bar(painter, bar, split)
        painter.end()

    def _paint_bar(self, painter: QPainter, room: QRect, split: bool) -> None:
        """Paint the colours, in two halves with zero between if there is room."""
        bar = QRect(room.left(), room.center().y() - _BAR // 2 + 1, room.width(), _BAR)
        if not split:
            self._strip(painter, bar, self._colours)
            return
        zero = QFontMetrics(self.font()).horizontalAdvance("0") + 2 * _GAP
        half, middle = (bar.width() - zero) // 2, len(self._colours) // 2
        first = QRect(bar.left(), bar.top(), half, _BAR)
        self._strip(painter, first, self._colours[:middle])
        second = first.translated(bar.width() - half, 0)
        self._strip(painter, second, self._colours[middle + 1 :])
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, "0")


def grey_ramp() -> NDArray[np.uint8]:
    """Return the scale of kernels drawn in colour: one band from low to high."""
    level = np.rint(np.linspace(1, 255, 2 * MIDDLE + 1)).astype(np.uint8)
    return np.repeat(level[:, None], 3, 1)
