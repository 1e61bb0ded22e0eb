"""One map over time as a line."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter
from PySide6.QtWidgets import QWidget

from cnnviz.core.layers import Array, Unit
from cnnviz.panels import theme
from cnnviz.panels.axis_paint import paint_axis, paint_cursor, paint_pointer
from cnnviz.panels.saving import Numbers
from cnnviz.panels.strokes import Lane, hairline, paint_dot, paint_line
from cnnviz.panels.time_view import TimeView
from cnnviz.pictures.captions import number
from cnnviz.pictures.colours import MARKS, NAN, NEG_INF, POS_INF
from cnnviz.pictures.envelope import Envelope

_PAD = 6
"""Screen pixels beside the data."""

_INSET = 4
"""Screen pixels between a line's extremes and the edges of the plot."""

_MARK = 4
"""Screen pixels of the marks of values that are no numbers."""


class LineView(TimeView):
    """The values of one channel, zero marked, and the same before the activation.

    Signals
    -------
    unitPicked(object)
        The position ``(t,)`` that was clicked.
    hovered(object)
        ``((t,), value)`` under the pointer, or None.
    viewRangeChanged(float, float)
        See ``TimeView``.
    """

    unitPicked = Signal(object)
    hovered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_PAD, parent)
        self.setAccessibleName("the chosen map as a line")
        self._values: Array = np.zeros(0, np.float32)
        self._before: Array | None = None
        self._line, self._faint = Envelope(self._values), Envelope(self._values)
        self._low, self._high = 0.0, 0.0
        self._place: int | None = None
        self._name = "map"

    def show_line(
        self,
        values: Array,
        signed: bool | None = None,
        *,
        before: Array | None = None,
        time: NDArray[np.float64] | None = None,
        bound: float | None = None,
        name: str = "map",
    ) -> None:
        """Show another map; the view stays if it is as long.

        Parameters
        ----------
        values
            ``(T,)``, any real number type.
        signed
            Zero in the middle; else at the bottom. None: if a value is negative.
        before
            ``(T,)``: the same map before the activation, drawn faintly where it
            differs.
        time
            ``(T,)``: when each value was, in seconds; None: steps are counted.
        bound
            Largest absolute value of the scale; None: that of the values.
        name
            For files.
        """
        self._values, self._before, self._name = values, before, name
        self._line = Envelope(values)
        self._faint = Envelope(values[:0])
        if before is not None:
            self._faint = Envelope.where(before, before != values)
        ends = np.array(
            [
                x
                for line in (self._line, self._faint)
                for x in (line.minimum, line.maximum)
            ]
        )
        ends = np.nan_to_num(ends, nan=0.0)
        if signed is None:
            signed = bool(ends.min() < 0)
        reach = bound or float(np.abs(ends).max()) or 1.0
        self._low, self._high = -reach if signed else 0.0, reach
        self._pointed = self._place = None
        steps = np.arange(len(values), dtype=np.float64)
        self.axis.set_steps(steps if time is None else time, time is not None)
        self._measure()

    def show_place(self, t: int | None) -> None:
        """Mark a position; None for none."""
        self._place = t
        self.update()

    def point(self, t: int) -> QPointF | None:
        """Return where a value is drawn, in pixels of this widget; None if nowhere."""
        value = float(self._values[t])
        if not math.isfinite(value):
            return None
        return self._lane().point(self.axis.middle(t), value)

    def sizeHint(self) -> QSize:
        """Prefer the shape of a small plot."""
        return QSize(28 * theme.GRID, 12 * theme.GRID)

    def _lane(self) -> Lane:
        area = self.plot.adjusted(0, _INSET, 0, -_INSET)
        return Lane(area, self._low, self._high)

    def _ends(self) -> tuple[float, ...]:
        """Return the values written at the left, from the bottom up."""
        middle = (0.0,) if self._low < 0 else ()
        return (self._low, *middle, self._high)

    def _gutter(self) -> float:
        metrics = QFontMetricsF(self.font())
        widest = max(metrics.horizontalAdvance(number(x, 3)) for x in self._ends())
        least = metrics.horizontalAdvance(number(-0.123, 3))
        return max(widest, least) + 2 * theme.GRID

    def _paint(self, painter: QPainter) -> None:
        plot, lane, shade = self.plot, self._lane(), theme.of(self)
        zero = math.floor(lane.point(0, 0.0).y()) + 0.5
        painter.setPen(hairline(painter, shade.color("hairline")))
        painter.drawLine(QPointF(plot.left(), zero), QPointF(plot.right(), zero))
        painter.save()
        painter.setClipRect(plot)
        paint_line(painter, self._faint, self.axis, lane, shade.color("muted"))
        paint_line(painter, self._line, self.axis, lane, shade.color("text"))
        self._paint_odd(painter, lane.area)
        painter.restore()
        paint_axis(painter, self.axis, plot, shade, (self._pointed, self._place))
        if self._pointed is not None:
            paint_pointer(painter, self.axis, plot, shade, self._pointed)
        if self._place is not None:
            paint_cursor(painter, self.axis, plot, shade, self._place)
        for t, colour in ((self._place, "accent"), (self._pointed, "text")):
            at = None if t is None else self.point(t)
            if at is not None and plot.left() <= at.x() <= plot.right():
                paint_dot(painter, at, shade.color(colour), shade.color("canvas"))
        self._paint_gutter(painter, lane)

    def _paint_odd(self, painter: QPainter, area: QRectF) -> None:
        """Mark what has no place on the scale: NaN below, infinities at their ends."""
        values = self._values
        for code, odd, y in (
            (NAN, np.isnan(values), area.bottom() - _MARK),
            (NEG_INF, values == -np.inf, area.bottom() - _MARK),
            (POS_INF, values == np.inf, area.top()),
        ):
            x = (
                self.axis.left
                + (np.flatnonzero(odd) - self.axis.first) * self.axis.scale
            )
            for left in np.unique(np.floor(x)).tolist():
                wide = max(self.axis.scale, 2.0)
                painter.fillRect(QRectF(left, y, wide, _MARK), QColor(*MARKS[code]))

    def _paint_gutter(self, painter: QPainter, lane: Lane) -> None:
        """Write the scale, and the value under the pointer or else of the place."""
        metrics, shade = QFontMetricsF(self.font()), theme.of(self)
        high, wide = metrics.height(), self.plot.left() - 2 * theme.GRID
        t = self._place if self._pointed is None else self._pointed
        labels = [(x, number(x, 3), "muted") for x in self._ends()]
        if t is not None and self.point(t) is not None:
            value = float(self._values[t])
            labels.insert(0, (value, number(value, 3), "text"))
        taken: list[QRectF] = []
        for value, words, colour in labels:
            top = lane.point(0, value).y() - high / 2
            top = min(max(top, 0.0), self.plot.bottom() - high + _INSET)
            where = QRectF(theme.GRID, top, wide, high)
            if not any(where.intersects(other) for other in taken):
                taken.append(where)
                painter.setPen(shade.color(colour))
                flag = Qt.AlignmentFlag
                painter.drawText(where, flag.AlignRight | flag.AlignVCenter, words)

    def _clicked(self, step: int) -> None:
        self.unitPicked.emit((step,))

    def _hovered(self, step: int | None) -> None:
        if step is None:
            self.hovered.emit(None)
        else:
            unit: Unit = (step,)
            self.hovered.emit((unit, float(self._values[step])))

    def _title(self) -> str:
        return self._name

    def _numbers(self) -> dict[str, Numbers]:
        if not len(self._values):
            return {}
        rows = {"value": self._values}
        if self._before is not None:
            rows["before"] = self._before
        table = np.stack(list(rows.values()), 1)
        return {"values": Numbers(table, ("t",), tuple(rows))}
