"""The terms of one value: window × kernel = products, the sum over maps, the pool."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from cnnviz.core.explanation import Explanation
from cnnviz.core.look import Look
from cnnviz.core.numbers import count, number
from cnnviz.panels import theme
from cnnviz.panels.frame import Elided, laid_out_once
from cnnviz.panels.small_grid import SmallGrid
from cnnviz.panels.terms_bars import TermsBars
from cnnviz.panels.terms_list import TermsList, lines_of
from cnnviz.pictures.terms import (
    PRODUCTS,
    WINDOWED,
    map_words,
    of_neurons,
    strongest,
    window_of,
)


class _Sign(QWidget):
    """A sign between two grids, at the height of the cells beside it."""

    def __init__(self, text: str, beside: SmallGrid) -> None:
        super().__init__()
        self._text, self._beside = text, beside
        self.setFont(theme.caption_font())
        self.setFixedWidth(2 * theme.GRID)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the sign."""
        painter, middle = QPainter(self), self._beside.area().center().y()
        painter.setPen(theme.of(self).color("text"))
        line = QRectF(0, middle - theme.GRID, self.width(), 2 * theme.GRID)
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, self._text)


class TermsView(QWidget):
    """All terms of an explanation, one of its maps laid open.

    Signals
    -------
    pointed(object)
        The term under the pointer, or None.
    opened(int)
        The term that was double-clicked.
    poolOpened()
        The pool's window was double-clicked.
    """

    pointed = Signal(object)
    opened = Signal(int)
    poolOpened = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._found: Explanation | None = None
        self._look = Look()
        self._names: Sequence[str] = ()
        self._order = np.zeros(0, np.intp)
        self._place = 0
        self.current: int | None = None
        self.read, self.kernel = SmallGrid("x"), SmallGrid("w")
        self.product = SmallGrid("x·w")
        self.pool = SmallGrid("pool")
        self.lines, self.bars = TermsList(), TermsBars()
        self.total = QLabel()
        self.total.setFont(theme.caption_font())
        self.total.setAlignment(Qt.AlignmentFlag.AlignBottom)
        self.back, self.on = _arrow("‹", "Map before (←)"), _arrow("›", "Next map (→)")
        self.map = Elided(theme.caption_font(), "text")
        beside = (("×", self.read), ("=", self.kernel), ("→", self.pool))
        self._signs = [_Sign(text, grid) for text, grid in beside]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID // 2)
        self._head, self._body = QWidget(), QWidget()
        self._foot = QWidget()
        for row, stretch in ((self._head, 0), (self._body, 3), (self._foot, 2)):
            column.addWidget(row, stretch)
        self._fill()
        self.lines.hide()
        self._parts: tuple[SmallGrid | TermsList, ...] = (
            self.read,
            self.kernel,
            self.product,
            self.lines,
        )
        for part in self._parts:
            part.pointed.connect(self._on_pointed)
            part.pressed.connect(self._on_pressed)
            part.opened.connect(self.opened)
        self.pool.opened.connect(lambda _term: self.poolOpened.emit())
        self.bars.picked.connect(self.choose)
        self.back.clicked.connect(lambda: self.step(-1))
        self.on.clicked.connect(lambda: self.step(1))

    def _fill(self) -> None:
        """Put the parts into three rows, each of which may be hidden as a whole."""
        head, body, foot = map(_row, (self._head, self._body, self._foot))
        head.addWidget(self.back)
        head.addWidget(self.on)
        head.addWidget(self.map, 1)
        for part, sign in zip((self.read, self.kernel), self._signs, strict=False):
            body.addWidget(part, 1)
            body.addWidget(sign)
        body.addWidget(self.product, 1)
        body.addWidget(self.lines, 3)
        body.addWidget(self._signs[2])
        body.addWidget(self.pool, 1)
        foot.addWidget(self.bars, 1)
        foot.addWidget(self.total)

    def show_terms(
        self,
        found: Explanation,
        look: Look,
        pooled: Explanation | None = None,
        names: Sequence[str] = (),
    ) -> None:
        """Show another explanation, its largest map first.

        Parameters
        ----------
        found
            Of the chosen unit.
        look
            Colours and scale.
        pooled
            Of the pool's unit that reads the chosen one, if there is one.
        names
            Names of the input's channels, where they have any.
        """
        self._found, self._look, self._names = found, look, names
        self._order = found.subtotals.order
        with laid_out_once(self._head, self._body, self._foot, self):
            self._show_parts(found, pooled)
        self.choose(self._first(found))

    def _show_parts(self, found: Explanation, pooled: Explanation | None) -> None:
        """Let the parts that the rule needs be seen."""
        grids = found.rule in WINDOWED and len(found.terms) > 0
        single = found.rule not in PRODUCTS
        for part in (self.kernel, self.product, self._signs[0], self._signs[1]):
            part.setVisible(grids and not single)
        self.read.setVisible(grids)
        self.read.set_title("x" if found.rule in PRODUCTS else found.rule)
        self.lines.setVisible(not grids)
        several = len(found.subtotals) > 1 and (grids or found.rule == "share")
        self._foot.setVisible(several)
        self._head.setVisible(grids)
        for button in (self.back, self.on):
            button.setVisible(several)
        if several:
            self._show_sums(found)
        if not grids:
            self.lines.show_lines(lines_of(found))
        self._show_pool(pooled)
        for sign in self._signs:
            sign.update()

    def _first(self, found: Explanation) -> int:
        """Return the place to begin with: that of a share itself, else the largest."""
        best = strongest(found)
        if found.rule != "share" or best is None:
            return 0
        return int(np.flatnonzero(self._order == found.terms.group[best])[0])

    def _show_sums(self, found: Explanation) -> None:
        sums, order, names = found.subtotals, self._order, self._names

        def words(place: int) -> str:
            return map_words(found, int(order[place]), names)

        what = "shares of" if found.rule == "share" else "sums of"
        title = f"{what} {count(len(sums))} maps, largest first"
        if of_neurons(found):
            title = title.replace("maps", "neurons")
        self.bars.show_bars(sums.total[order], words, title, self._look)
        total = math.nan if found.total is None else found.total
        lines = [f"Σ {number(float(sums.total.sum()))}"]
        if found.rule == "weighted sum":
            lines += [f"bias {number(found.bias)}", f"= {number(total)}"]
        self.total.setText("\n".join(lines))

    def _show_pool(self, pooled: Explanation | None) -> None:
        shown = pooled is not None and len(pooled.subtotals) == 1
        self._signs[2].setVisible(shown)
        self.pool.setVisible(shown)
        if pooled is None or not shown:
            return
        window = window_of(pooled, 0)
        self.pool.set_title("max" if pooled.rule == "largest of" else pooled.rule)
        self.pool.show_cells(
            window.x,
            window.index,
            pooled.terms.x,
            self._look,
            padding=window.padding,
            winner=window.winner,
        )
        assert self._found is not None
        here = self._found.channel, self._found.unit
        places = (pooled.place(term) for term in range(len(pooled.terms)))
        mine = (i for i, at in enumerate(places) if at is not None and at[1:] == here)
        self.pool.show_term(next(mine, None), None)

    @property
    def group(self) -> int | None:
        """The subtotal that is laid open."""
        return int(self._order[self._place]) if len(self._order) else None

    def step(self, by: int) -> None:
        """Lay another map open, in the order of size."""
        self.choose(min(max(self._place + by, 0), len(self._order) - 1))

    def choose(self, place: int) -> None:
        """Lay open the map at a place of the order, 0 for the largest."""
        found = self._found
        if found is None:
            return
        self._place = place
        self.bars.show_chosen(place)
        self.back.setEnabled(place > 0)
        self.on.setEnabled(place + 1 < len(self._order))
        group = self.group if found.rule in WINDOWED or found.rule == "share" else None
        if group is not None and found.rule in WINDOWED:
            self._show_map(found, group)
        elif group is not None:
            self.lines.show_lines(lines_of(found, group))
        self.current = strongest(found, group)
        self._mark(None)

    def _show_map(self, found: Explanation, group: int) -> None:
        window, terms = window_of(found, group), found.terms
        for part, values, whole in (
            (self.read, window.x, terms.x),
            (self.kernel, window.w, terms.w),
            (self.product, window.product, terms.product),
        ):
            part.show_cells(
                values,
                window.index,
                whole,
                self._look,
                signed=None if part is self.read else True,
                padding=None if part is self.kernel else window.padding,
                winner=window.winner,
            )
        words = map_words(found, group, self._names)
        if found.rule in PRODUCTS:
            words += f" adds {number(float(found.subtotals.total[group]))}"
        many = len(self._order)
        place = f" · {count(self._place + 1)} of {count(many)}" if many > 1 else ""
        self.map.set_text(words + place, words)

    def _on_pointed(self, term: int | None) -> None:
        self._mark(term)
        self.pointed.emit(term)

    def _on_pressed(self, term: int) -> None:
        self.current = term
        self._mark(term)

    def _mark(self, under: int | None) -> None:
        for part in self._parts:
            part.show_term(self.current, under)


def _arrow(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setFont(theme.text_font())
    button.setFixedSize(2 * theme.GRID, 2 * theme.GRID)
    button.setStyleSheet("QToolButton { padding: 0; }")
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button


def _row(parent: QWidget) -> QHBoxLayout:
    row = QHBoxLayout(parent)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(theme.GRID // 2)
    return row
