"""Painting an axis of time, and what is marked on it."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter

from cnnviz.panels import theme
from cnnviz.panels.strokes import hairline
from cnnviz.panels.time_axis import TimeAxis

_SPACE = 2 * theme.GRID
"""Screen pixels between two labels, about."""

_TICK, _LINE = 3, 2
"""Screen pixels: length of a tick, width of the time cursor."""


def axis_height(font: QFont) -> int:
    """Return the screen pixels that ticks and labels take below a plot."""
    return math.ceil(QFontMetricsF(font).height()) + _TICK + 2


def paint_axis(
    painter: QPainter,
    axis: TimeAxis,
    plot: QRectF,
    shade: theme.Palette,
    marked: tuple[int | None, ...],
) -> None:
    """Paint the base line, round times, the unit, and the times of marked steps.

    Parameters
    ----------
    plot
        What lies above the axis.
    marked
        Steps whose times are written, the most important first.
    """
    metrics = QFontMetricsF(painter.font())
    base = math.floor(plot.bottom()) + 0.5
    line = QRectF(plot.left(), base + _TICK + 1, plot.width(), metrics.height())
    thin = hairline(painter, shade.color("hairline"))
    painter.setPen(thin)
    painter.drawLine(QPointF(plot.left(), base), QPointF(plot.right(), base))
    found, places = axis.ticks(metrics.horizontalAdvance("0000") + _SPACE)
    steps = [step for step in marked if step is not None and step < axis.count]
    labels = [(axis.middle(i), axis.words(i, found.unit), "text") for i in steps]
    for label, x in zip(found.labels, places, strict=True):
        labels.append((x, label, "muted"))
        if plot.left() <= x <= plot.right():
            at = QPointF(math.floor(x) + 0.5, base)
            painter.setPen(thin)
            painter.drawLine(at, at + QPointF(0, _TICK))
    taken: list[QRectF] = []
    for x, label, colour in labels:
        wide = metrics.horizontalAdvance(label)
        left = min(max(x - wide / 2, line.left()), line.right() - wide)
        where = QRectF(left, line.top(), wide, line.height())
        free = not any(where.intersects(other) for other in taken)
        if plot.left() <= x <= plot.right() and free:
            taken.append(where.adjusted(-_SPACE / 2, 0, _SPACE / 2, 0))
            painter.setPen(shade.color(colour))
            painter.drawText(where, Qt.AlignmentFlag.AlignCenter, label)
    unit = QRectF(0, line.top(), plot.left() - theme.GRID, line.height())
    painter.setPen(shade.color("muted"))
    painter.drawText(unit, Qt.AlignmentFlag.AlignRight, found.unit)


def paint_pointer(
    painter: QPainter, axis: TimeAxis, area: QRectF, shade: theme.Palette, step: int
) -> None:
    """Paint the line under the pointer."""
    x = math.floor(axis.middle(step)) + 0.5
    if area.left() <= x <= area.right():
        painter.setPen(hairline(painter, shade.color("muted")))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))


def paint_cursor(
    painter: QPainter, axis: TimeAxis, area: QRectF, shade: theme.Palette, step: int
) -> None:
    """Paint the time cursor; a rim of canvas sets it off from any line."""
    ratio = painter.device().devicePixelRatioF()
    wide, rim = round(_LINE * ratio) / ratio, max(round(ratio), 1) / ratio
    x = round((axis.middle(step) - wide / 2) * ratio) / ratio
    line = QRectF(x, area.top(), wide, area.height())
    painter.fillRect(line.adjusted(-rim, 0, rim, 0) & area, shade.color("canvas"))
    painter.fillRect(line & area, shade.color("accent"))
