"""A series as the network was fed it, and what was decided about its table."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from cnnviz.core.geometry import ReceptiveField
from cnnviz.core.series import Series
from cnnviz.panels import theme
from cnnviz.panels.frame import Elided
from cnnviz.panels.series_view import SeriesView
from cnnviz.panels.window_strip import WindowStrip
from cnnviz.pictures.table_words import table_lines


class SeriesInput(QWidget):
    """One lane per variable, the whole table in a strip, and lines of words.

    Signals
    -------
    startPicked(int)
        First step of another window of the table.
    tableAsked()
        The person wants to change how the table is read.
    """

    startPicked = Signal(int)
    tableAsked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = SeriesView()
        self.strip = WindowStrip()
        self.ahead = Elided(theme.caption_font(), "text")
        self.decided = tuple(Elided(theme.caption_font()) for _ in range(3))
        self.change = QToolButton()
        self.change.setText("Table…")
        self.change.setFont(theme.caption_font())
        self.change.setToolTip("See and change how the table was read")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.strip)
        column.addWidget(self.view, 1)
        lines = QVBoxLayout()
        lines.setSpacing(2)
        lines.addWidget(self.ahead)
        for line in self.decided:
            lines.addWidget(line)
        foot = QHBoxLayout()
        foot.setContentsMargins(theme.GRID, 0, theme.GRID, 0)
        foot.setSpacing(theme.GRID)
        foot.addLayout(lines, 1)
        foot.addWidget(self.change)
        column.addLayout(foot)
        self.strip.startPicked.connect(self.startPicked)
        self.change.clicked.connect(self.tableAsked)

    def show_series(self, series: Series) -> None:
        """Show another series."""
        self.view.show_series(series, series.fed)
        partly = series.whole is not None
        self.strip.setVisible(partly)
        if series.whole is not None:
            length = series.values.shape[1]
            self.strip.show_window(series.whole, series.start, length)
        facts = series.facts
        self.change.setVisible(facts is not None)
        words = () if facts is None else table_lines(facts)
        for i, line in enumerate(self.decided):
            line.setVisible(i < len(words))
            line.set_text(*(words[i] if i < len(words) else ("",)))

    def show_ahead(self, words: str) -> None:
        """Say whether the network's units see the future."""
        short = words.partition(":")[0]
        self.ahead.set_text(words, f"{short}: press C to prove it", short)
        self.ahead.setVisible(bool(words))

    def show_field(
        self, field: ReceptiveField | None, beyond: tuple[int, ...] = ()
    ) -> None:
        """Show what a unit sees; None for none.

        Parameters
        ----------
        beyond
            Steps outside the data that it would read if there were any.
        """
        if field is None or not field.box:
            self.view.show_field(None, None, None)
            return
        span = field.span[0] if field.span else None
        self.view.show_field(span, field.mask, field.box[0], beyond)
