"""What stands beside a variable's line."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter

from cnnviz.panels import theme
from cnnviz.pictures.captions import count, number
from cnnviz.pictures.envelope import Envelope


@dataclass(frozen=True, slots=True)
class LaneLabel:
    """A variable's name, its unit, and between which values it lies.

    Attributes
    ----------
    name, unit
        In words; ``""`` where there is no unit.
    range, brief
        Its least and largest value, with three digits and with two.
    """

    name: str
    unit: str
    range: str
    brief: str

    @classmethod
    def of(cls, name: str, unit: str, line: Envelope) -> LaneLabel:
        """Return the label of a line; a unit that the name holds is not repeated."""
        if unit and name.rstrip("])} ").endswith(unit):
            unit = ""
        return cls(name, unit, _range(line, 3), _range(line, 2))

    def words(self) -> str:
        """Return all of it on one line."""
        head = f"{self.name} ({self.unit})" if self.unit else self.name
        return f"{head}: {self.range}"

    def width(self, metrics: QFontMetricsF) -> float:
        """Return the screen pixels it takes whole."""
        head = f"{self.name} {self.unit}" if self.unit else self.name
        return max(map(metrics.horizontalAdvance, (head, self.range)))

    def paint(
        self,
        painter: QPainter,
        room: QRectF,
        shade: theme.Palette,
        reading: str | None = None,
    ) -> None:
        """Paint it on two lines, or on one where room is short.

        Parameters
        ----------
        reading
            A value in words that takes the place of the range.
        """
        metrics = QFontMetricsF(painter.font())
        line = metrics.height()
        if room.height() >= 2 * line:
            top = room.center().y() - line
            head = QRectF(room.left(), top, room.width(), line)
            self._paint_head(painter, head, shade, self.unit)
            fits = metrics.horizontalAdvance(self.range) <= room.width()
            below = reading or (self.range if fits else self.brief)
            colour = "muted" if reading is None else "text"
            _write(painter, head.translated(0, line), below, shade, colour)
            return
        head = QRectF(room)
        if reading is not None:
            wide = metrics.horizontalAdvance(reading)
            where = QRectF(room.right() - wide, room.top(), wide, room.height())
            _write(painter, where, reading, shade, "text")
            head.setRight(max(where.left() - theme.GRID, head.left()))
        self._paint_head(painter, head, shade, "" if reading else self.unit)

    def _paint_head(
        self, painter: QPainter, room: QRectF, shade: theme.Palette, unit: str
    ) -> None:
        _write(painter, room, self.name, shade, "text")
        wide = QFontMetricsF(painter.font()).horizontalAdvance(f"{self.name} ")
        rest = room.adjusted(wide, 0, 0, 0)
        if QFontMetricsF(painter.font()).horizontalAdvance(unit) <= rest.width():
            _write(painter, rest, unit, shade, "muted")


def _range(line: Envelope, digits: int) -> str:
    """Say between which values a line lies."""
    if math.isnan(line.minimum):
        return "no value"
    low, high = (_short(x, digits) for x in (line.minimum, line.maximum))
    return f"all {low}" if line.minimum == line.maximum else f"{low} … {high}"


def _short(x: float, digits: int) -> str:
    """Write a number; one with a few digits more before the point as a whole one."""
    whole = 10**digits <= abs(x) < 10 ** (digits + 2)
    return count(round(x)) if whole else number(x, digits)


def _write(
    painter: QPainter, room: QRectF, words: str, shade: theme.Palette, colour: str
) -> None:
    """Write what fits of some words."""
    metrics, flag = QFontMetricsF(painter.font()), Qt.AlignmentFlag
    shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, room.width() + 0.5)
    painter.setPen(shade.color(colour))
    painter.drawText(room, flag.AlignLeft | flag.AlignVCenter, shown)
