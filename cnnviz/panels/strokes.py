"""Painting a line of any length."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from cnnviz.panels.marks import cosmetic
from cnnviz.panels.time_axis import TimeAxis
from cnnviz.pictures.envelope import Envelope

_DOTTED = 8.0
"""Screen pixels a step takes from which on every sample has a dot."""

_DENSE = 200
"""How opaque bars are, which cover more than a line, 0 … 255."""

_WIDE, _DOT = 1.3, 4.0
"""Screen pixels: width of a line close up, and of a dot."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A strip of the screen over which values rise.

    Attributes
    ----------
    area
        Where, in screen pixels.
    low, high
        Values at its bottom and top; all lies in the middle where both are equal.
    """

    area: QRectF
    low: float
    high: float

    def down(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far down on the screen values lie."""
        # halves: the whole range of the floats is no float
        span = self.high / 2 - self.low / 2
        share = (values / 2 - self.low / 2) / span if span > 0 else 0 * values + 0.5
        return np.asarray(self.area.bottom() - share * self.area.height())

    def point(self, x: float, value: float) -> QPointF:
        """Return where a value lies at a place across the screen."""
        return QPointF(x, float(self.down(np.array([value]))[0]))


def paint_line(
    painter: QPainter,
    line: Envelope,
    axis: TimeAxis,
    lane: Lane,
    colour: QColor,
    *,
    faint: bool = False,
) -> None:
    """Paint what of a line is in view: a bar per pixel from afar, samples close up.

    Parameters
    ----------
    faint
        Draw it dotted and without samples.
    """
    if math.isnan(line.minimum):
        return
    from pyqtgraph.functions import arrayToQPath  # half of the start, if done at once

    area, ratio = lane.area, painter.device().devicePixelRatioF()
    pixels = max(math.ceil(area.width() * ratio), 1)
    first, last = axis.place(area.left()), axis.place(area.left() + pixels / ratio)
    strokes = line.strokes(first, last, pixels)
    x = axis.left + (strokes.x - axis.first) * axis.scale
    y = lane.down(strokes.y)
    painter.save()
    if strokes.bars:
        y = np.floor(y * ratio)
        y[::2] += 1  # the pixels of both ends belong to the bar
        y /= ratio
        softer = QColor(colour)
        softer.setAlpha(_DENSE)
        pen = QPen(softer, 1)
        pen.setCosmetic(True)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        painter.drawPath(arrayToQPath(x, y, connect="pairs"))
    else:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        style = Qt.PenStyle.DotLine if faint else Qt.PenStyle.SolidLine
        painter.setPen(QPen(colour, _WIDE, style))
        painter.drawPath(arrayToQPath(x, y, connect="finite"))
        if axis.scale >= _DOTTED and not faint:
            round_pen = QPen(colour, _DOT)
            round_pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(round_pen)
            there = np.isfinite(y)
            points = zip(x[there].tolist(), y[there].tolist(), strict=True)
            painter.drawPoints(QPolygonF([QPointF(*point) for point in points]))
    painter.restore()


def hairline(painter: QPainter, colour: QColor) -> QPen:
    """Return a pen of one screen pixel, equally wide wherever it is used."""
    return cosmetic(colour, max(round(painter.device().devicePixelRatioF()), 1))


def paint_dot(
    painter: QPainter, at: QPointF, colour: QColor, rim: QColor, wide: float = 6.0
) -> None:
    """Paint a dot with a rim that sets it off from any line."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    for shade, size in ((rim, wide / 2 + 1), (colour, wide / 2)):
        painter.setBrush(shade)
        painter.drawEllipse(at, size, size)
    painter.restore()
