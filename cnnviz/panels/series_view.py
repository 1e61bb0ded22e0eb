"""A series: one line per variable over a shared time, and what a unit reads of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QHelpEvent, QPainter, QPixmap
from PySide6.QtWidgets import QToolTip, QWidget

from cnnviz.core.series import Series
from cnnviz.panels import theme
from cnnviz.panels.axis_paint import paint_axis, paint_cursor, paint_pointer
from cnnviz.panels.field_span import FieldSpan
from cnnviz.panels.lane_label import LaneLabel
from cnnviz.panels.saving import Numbers
from cnnviz.panels.strokes import Lane, hairline, paint_dot, paint_line
from cnnviz.panels.time_view import TimeView
from cnnviz.pictures.captions import number
from cnnviz.pictures.envelope import Envelope

if TYPE_CHECKING:
    from cnnviz.core.axismaps import Interval

_PAD = 12
"""Screen pixels beside the data, where a field may reach into the padding."""

_STRIP = 8
"""Screen pixels of the line of ticks that says which steps are read."""

_INSET = 3
"""Screen pixels between a line's extremes and the edges of its lane."""

_NARROWEST, _SHARE = 6 * theme.GRID, 0.36
"""Screen pixels of the labels at least, and their share of the panel at most."""


class SeriesView(TimeView):
    """Lanes one below the other, each with a range of its own.

    Signals
    -------
    timePicked(int)
        The step that was clicked.
    hovered(object)
        ``(step, values)`` under the pointer, one float per variable, NaN where there
        is no value; or None.
    viewRangeChanged(float, float)
        See ``TimeView``.
    """

    timePicked = Signal(int)
    hovered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_PAD, parent)
        self.setAccessibleName("the series the network was fed")
        self._series: Series | None = None
        self._filled: NDArray[np.float64] | None = None
        self._lines: tuple[Envelope, ...] = ()
        self._bridges: tuple[Envelope, ...] = ()
        self._labels: tuple[LaneLabel, ...] = ()
        self._field = FieldSpan()
        self._cursor: int | None = None
        self._picture: tuple[object, QPixmap] | None = None

    def show_series(
        self, series: Series, filled: NDArray[np.float64] | None = None
    ) -> None:
        """Show another series, without marks; the view stays if it is as long.

        Parameters
        ----------
        series
            Missing values are gaps.
        filled
            ``(V, T)``, in the same units: what was fed where a value is missing;
            drawn faintly.
        """
        self._series, self._filled = series, filled
        self._lines = tuple(map(Envelope, series.values))
        gaps = series.values if filled is None else filled
        self._bridges = tuple(map(_bridge, series.values, gaps))
        units = series.units or ("",) * len(series.names)
        self._labels = tuple(map(LaneLabel.of, series.names, units, self._lines))
        self._picture, self._field = None, FieldSpan()
        self._pointed = self._cursor = None
        self.axis.set_steps(series.time, series.rate is not None)
        self._measure()

    def show_cursor(self, t: int | None) -> None:
        """Mark a step by an upright line; None for no step."""
        self._cursor = t
        self.update()

    def show_field(
        self,
        span: Interval | None,
        mask: NDArray[np.bool_] | None,
        box: Interval | None,
        beyond: Sequence[int] = (),
    ) -> None:
        """Show what the chosen unit sees.

        Parameters
        ----------
        span
            First and last step that it reads; None for no field.
        mask
            ``(T,)``: the steps that it reads, holes left out.
        box
            As ``span`` but not clipped: it may begin before step 0 or end after the
            last one, where there is only padding.
        beyond
            Steps outside the data that it would read if there were any.
        """
        self._field = FieldSpan(span, mask, box, beyond)
        self.axis.beyond = self._field.reach
        self.update()

    def lane(self, variable: int) -> QRectF:
        """Return where a variable's line is drawn, in pixels of this widget."""
        lanes = self._lanes()
        high = lanes.height() / max(len(self._lines), 1)
        top, bottom = (round(lanes.top() + high * i) for i in (variable, variable + 1))
        return QRectF(lanes.left(), top, lanes.width(), bottom - top)

    def point(self, variable: int, t: int) -> QPointF | None:
        """Return where a value is drawn, in pixels of this widget; None if missing."""
        value = self._value(variable, t)
        if not math.isfinite(value):
            return None
        return self._inner(variable).point(self.axis.middle(t), value)

    def sizeHint(self) -> QSize:
        """Prefer the shape of a panel."""
        return QSize(35 * theme.GRID, 45 * theme.GRID)

    def _lanes(self) -> QRectF:
        """Return the plot without the strip of ticks at its foot."""
        return self.plot.adjusted(0, 0, 0, -_STRIP - 2)

    def _inner(self, variable: int) -> Lane:
        """Return where the values of a variable lie on the screen."""
        line = self._lines[variable]
        area = self.lane(variable).adjusted(0, _INSET, 0, -_INSET - 1)
        return Lane(area, line.minimum, line.maximum)

    def _gutter(self) -> float:
        metrics = QFontMetricsF(self.font())
        widest = max((label.width(metrics) for label in self._labels), default=0.0)
        most = max(self.width() * _SHARE, _NARROWEST)
        return min(max(widest + 2 * theme.GRID, _NARROWEST), most)

    def _value(self, variable: int, t: int) -> float:
        assert self._series is not None
        return float(self._series.values[variable, t])

    def _reading(self, variable: int, t: int) -> str:
        """Say what a variable was at a step."""
        value = self._value(variable, t)
        if math.isfinite(value):
            return number(value)
        if self._filled is not None and math.isfinite(self._filled[variable, t]):
            return f"≈ {number(self._filled[variable, t])}"
        return "missing"

    def _paint(self, painter: QPainter) -> None:
        plot, lanes, shade = self.plot, self._lanes(), theme.of(self)
        painter.save()
        painter.setClipRect(plot)
        self._field.paint_span(painter, self.axis, lanes, shade)
        painter.drawPixmap(0, 0, self._drawn(painter.device().devicePixelRatioF()))
        strip = QRectF(plot.left(), lanes.bottom() + 1, plot.width(), _STRIP)
        self._field.paint_reads(painter, self.axis, strip, shade)
        painter.restore()
        painter.setPen(hairline(painter, shade.color("hairline")))
        for i in range(len(self._lines)):
            y = self.lane(i).bottom() - 0.5
            painter.drawLine(QPointF(0, y), QPointF(self.width(), y))
        self._paint_labels(painter)
        paint_axis(painter, self.axis, plot, shade, (self._pointed, self._cursor))
        if self._pointed is not None:
            paint_pointer(painter, self.axis, lanes, shade, self._pointed)
        if self._cursor is not None:
            paint_cursor(painter, self.axis, lanes, shade, self._cursor)
        if self._pointed is not None:
            for i in range(len(self._lines)):
                at = self.point(i, self._pointed)
                if at is not None:
                    text, canvas = shade.color("text"), shade.color("canvas")
                    paint_dot(painter, at, text, canvas)

    def _drawn(self, ratio: float) -> QPixmap:
        """Return the lines, painted anew only when something about them changed."""
        shade = theme.of(self)
        state = (self.size(), self.plot, self.view_range, ratio, shade)
        if self._picture is None or self._picture[0] != state:
            picture = QPixmap(self.size() * ratio)
            picture.setDevicePixelRatio(ratio)
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            muted, text = shade.color("muted"), shade.color("text")
            for i, bridge in enumerate(self._bridges):
                lane = self._inner(i)
                paint_line(painter, bridge, self.axis, lane, muted, faint=True)
                paint_line(painter, self._lines[i], self.axis, lane, text)
            painter.end()
            self._picture = state, picture
        return self._picture[1]

    def _paint_labels(self, painter: QPainter) -> None:
        """Write beside each lane, or beside some where they are too many."""
        line, count = QFontMetricsF(self.font()).height(), len(self._labels)
        least = self._lanes().height() / max(count, 1)
        for i in range(0, count, math.ceil(line / max(least, 1))):
            lane = self.lane(i)
            wide = lane.left() - 2 * theme.GRID
            room = QRectF(theme.GRID, lane.top(), wide, max(lane.height(), line))
            said = None if self._pointed is None else self._reading(i, self._pointed)
            self._labels[i].paint(painter, room, theme.of(self), said)

    def event(self, event: QEvent) -> bool:
        """Say a name whole where it may be cut."""
        if event.type() is not QEvent.Type.ToolTip or not self._labels:
            return super().event(event)
        assert isinstance(event, QHelpEvent)
        lanes, at = self._lanes(), event.pos()
        i = int((at.y() - lanes.top()) / max(lanes.height(), 1) * len(self._labels))
        there = at.x() < lanes.left() and 0 <= i < len(self._labels)
        words = self._labels[i].words() if there else ""
        QToolTip.showText(event.globalPos(), words, self)
        return True

    def _clicked(self, step: int) -> None:
        self.timePicked.emit(step)

    def _hovered(self, step: int | None) -> None:
        if step is None or self._series is None:
            self.hovered.emit(None)
        else:
            self.hovered.emit((step, tuple(self._series.values[:, step].tolist())))

    def _title(self) -> str:
        return "series"

    def _numbers(self) -> dict[str, Numbers]:
        return {} if self._series is None else _numbers(self._series, self._filled)


def _numbers(series: Series, filled: NDArray[np.float64] | None) -> dict[str, Numbers]:
    """Return a table of times and variables, their names, and what was fed in gaps."""
    table = np.concatenate([series.time[None], series.values]).T
    when = "time" if series.rate is None else "time_s"
    found = {
        "table": Numbers(table, ("step",), (when, *series.names)),
        "names": Numbers(np.array(series.names)),
    }
    if filled is not None:
        found["filled"] = Numbers(filled, ("variable",))
    return found


def _bridge(read: NDArray[np.float64], fed: NDArray[np.float64]) -> Envelope:
    """Return what was fed in gaps, with the values at their edges."""
    missing = ~np.isfinite(read) & np.isfinite(fed)
    if not missing.any():
        return Envelope(read[:0])
    return Envelope.where(np.where(missing, fed, read), missing)
