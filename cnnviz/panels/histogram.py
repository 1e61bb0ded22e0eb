"""How a map's values are spread."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from cnnviz.core.layers import Array
from cnnviz.panels import theme
from cnnviz.panels.saving import Exporter, Numbers
from cnnviz.pictures.captions import number
from cnnviz.pictures.curves import Histogram

_APART = theme.GRID
"""Pixels between two labels, at least."""


class HistogramView(QWidget):
    """Bars of the values other than zero, a line at zero, the chosen value marked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFont(theme.caption_font())
        self._histogram: Histogram | None = None
        self._value: float | None = None
        self.exporter = Exporter(
            self, lambda: "histogram", lambda: self.grab().toImage(), self._numbers
        )
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(
            lambda at: self.exporter.open_menu(self.mapToGlobal(at))
        )
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Expanding)

    def show_histogram(self, histogram: Histogram | None) -> None:
        """Show other bars; None for none."""
        self._histogram = histogram
        self.update()

    def show_value(self, value: float | None) -> None:
        """Mark the chosen unit's value."""
        self._value = value
        self.update()

    def sizeHint(self) -> QSize:
        """Prefer the shape of a small plot."""
        return QSize(20 * theme.GRID, 10 * theme.GRID)

    def _plot(self) -> QRectF:
        """Return the area of the bars; the numbers stand below."""
        below = QFontMetrics(self.font()).height() + 2
        return QRectF(self.rect()).adjusted(0, 2, 0, -below)

    def across(self, value: float) -> float:
        """Return where a value lies, in pixels from the left."""
        return float(self._across(np.array([value]))[0])

    def _across(self, values: Array) -> Array:
        assert self._histogram is not None
        plot, edges = self._plot(), self._histogram.edges
        share = (values - edges[0]) / (edges[-1] - edges[0])
        return np.asarray(plot.left() + plot.width() * share.clip(0, 1))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint bars, base line, zero and the chosen value."""
        if self._histogram is None:
            return
        painter = QPainter(self)
        shade, plot, found = theme.of(self), self._plot(), self._histogram
        top = int(found.counts.max(initial=0))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shade.color("muted"))
        edges, bars = self._across(found.edges).tolist(), []
        for left, right, many in zip(
            edges, edges[1:], found.counts.tolist(), strict=False
        ):
            if many:
                high = max(plot.height() * many / top, 1.0)
                wide = max(right - left - (1 if right - left > 3 else 0), 1.0)
                bars.append(QRectF(left, plot.bottom() - high, wide, high))
        painter.drawRects(bars)
        painter.setPen(QPen(shade.color("hairline"), 1))
        painter.drawLine(plot.bottomLeft(), plot.bottomRight())
        self._label(painter, plot)
        value = self._value
        if value is not None and math.isfinite(value):
            x = round(self.across(value))
            painter.setPen(QPen(shade.color("accent"), 2))
            painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))
        painter.end()

    def _label(self, painter: QPainter, plot: QRectF) -> None:
        """Write the labels, and draw zero of a signed axis."""
        assert self._histogram is not None
        shade = theme.of(self)
        painter.setPen(shade.color("muted"))
        for where, text in self.labels():
            painter.drawText(where, Qt.AlignmentFlag.AlignLeft, text)
        if self._known and self._histogram.edges[0] < 0:
            painter.setPen(QPen(shade.color("hairline"), 1))
            x = round(self.across(0.0))
            painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))

    def labels(self) -> list[tuple[QRectF, str]]:
        """Return the numbers below the bars, and where each is written.

        The ends, and zero in the middle of a signed axis. Zero is left out where it
        would touch an end; both ends become one word where they would touch.
        """
        if self._histogram is None or not self._known:
            return []
        low, high = float(self._histogram.edges[0]), float(self._histogram.edges[-1])
        first, last = self._at(0.0, number(low, 3)), self._at(1.0, number(high, 3))
        if _touch(first, last):
            return [self._at(1.0, f"±{number(high, 3)}") if low < 0 else last]
        middle = self._at(0.5, "0")
        if low < 0 and not _touch(first, middle) and not _touch(middle, last):
            return [first, middle, last]
        return [first, last]

    @property
    def _known(self) -> bool:
        """There is a finite value, so the axis has ends."""
        return self._histogram is not None and math.isfinite(self._histogram.minimum)

    def _at(self, share: float, text: str) -> tuple[QRectF, str]:
        """Return a label that lies so far along what it leaves free of the width."""
        metrics = QFontMetricsF(self.font())
        wide = math.ceil(metrics.horizontalAdvance(text))
        left = max(self.width() - wide, 0.0) * share
        return QRectF(left, self._plot().bottom() + 2, wide, metrics.height()), text

    def _numbers(self) -> dict[str, Numbers]:
        if self._histogram is None:
            return {}
        found = self._histogram
        columns = np.stack([found.edges[:-1], found.edges[1:], found.counts], 1)
        return {"histogram": Numbers(columns, ("bin",), ("from", "to", "count"))}


def _touch(first: tuple[QRectF, str], second: tuple[QRectF, str]) -> bool:
    """Say if a label ends less than a gap before the next one."""
    return first[0].right() + _APART > second[0].left()
