"""A few terms as lines of words, each of which can be pointed at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from cnnviz.core.explanation import Explanation
from cnnviz.core.numbers import count, number
from cnnviz.panels import theme
from cnnviz.panels.term_widget import TermWidget
from cnnviz.pictures.terms import strongest

_FEW = 8
"""So many terms stand as lines; of more only the one that counts."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: words at the left, a number at the right.

    Attributes
    ----------
    term
        The term it speaks of; None for a setting or a statistic.
    """

    words: str
    value: str
    term: int | None = None


class TermsList(TermWidget):
    """Lines of terms and of the settings that go with them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: tuple[Line, ...] = ()

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Show other lines."""
        self._lines = tuple(lines)
        self.setAccessibleName("; ".join(f"{n.words} {n.value}" for n in lines))
        self.updateGeometry()
        self.update()

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines on show."""
        return self._lines

    def _high(self) -> float:
        return QFontMetricsF(self.font()).height() + theme.GRID // 2

    def line(self, place: int) -> QRectF:
        """Return where a line is painted."""
        high = self._high()
        return QRectF(0, place * high, self.width(), high)

    def sizeHint(self) -> QSize:
        """Prefer room for all lines."""
        return QSize(160, int(self._high() * len(self._lines)) + 1)

    def minimumSizeHint(self) -> QSize:
        """Allow one line."""
        return QSize(6 * theme.GRID, int(self._high()))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint every line; a bar before the chosen one."""
        painter, shade = QPainter(self), theme.of(self)
        metrics = QFontMetricsF(self.font())
        right = Qt.TextElideMode.ElideRight
        vertical = Qt.AlignmentFlag.AlignVCenter
        for place, each in enumerate(self._lines):
            area = self.line(place)
            if each.term is not None and each.term == self._under:
                painter.fillRect(area, shade.color("raised"))
            if each.term is not None and each.term == self._current:
                painter.fillRect(QRectF(0, area.top() + 1, 3, area.height() - 2),
                                 shade.color("accent"))  # fmt: skip
            inside = area.adjusted(theme.GRID, 0, -theme.GRID // 2, 0)
            painter.setPen(shade.color("text"))
            painter.drawText(inside, vertical | Qt.AlignmentFlag.AlignRight, each.value)
            room = inside.width() - metrics.horizontalAdvance(each.value) - theme.GRID
            words = metrics.elidedText(each.words, right, room)
            painter.setPen(shade.color("muted" if each.term is None else "text"))
            painter.drawText(inside, vertical | Qt.AlignmentFlag.AlignLeft, words)

    def term_at(self, at: QPointF) -> int | None:
        """Return the term whose line is at a point of the widget."""
        place = int(at.y() // self._high())
        return self._lines[place].term if 0 <= place < len(self._lines) else None


def lines_of(found: Explanation, group: int | None = None) -> list[Line]:
    """Write the terms that count, then the statistics."""
    terms = found.terms
    chosen = list(range(len(terms)))
    if len(terms) > _FEW:
        best = strongest(found, group)
        chosen = [] if best is None else [best]
    lines = []
    for term in chosen:
        place = found.place(term)
        words = "padding" if terms.is_padding[term] else "constant"
        if place is not None:
            name, channel, unit = place
            where = f" ({', '.join(map(str, unit))})" if unit else ""
            words = f"{name} · {'channel' if unit else 'neuron'} {channel}{where}"
        lines.append(Line(words, number(float(terms.x[term])), term))
    rest = len(terms) - len(chosen)
    if rest:
        lines.append(Line("and others", count(rest)))
    lines += [Line(name, number(value)) for name, value in found.details.items()]
    return lines
