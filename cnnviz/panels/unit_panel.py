"""One value: how large, where, what became of it, and what it sees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from cnnviz.core.geometry import ReceptiveField
from cnnviz.core.layers import Layer, Unit
from cnnviz.panels import theme
from cnnviz.panels.frame import PanelFrame
from cnnviz.panels.saving import Exporter, Numbers
from cnnviz.pictures.captions import MINUS, count, exact, number, size

_LARGE = 2.0
"""Size of the value, in text heights."""

_AXES = {1: ("steps",), 2: ("rows", "columns"), 3: ("planes", "rows", "columns")}


def sees(field: ReceptiveField) -> str:
    """Say what a unit can see: ``sees input rows 46–56, columns 118–128``.

    Positions are those of the unclipped box: padding may make them negative or carry
    them beyond the input's end.
    """
    if not field.box:
        return "sees nothing of the input" if field.span is None else "sees all inputs"
    names = _AXES.get(len(field.box), tuple(f"axis {i}" for i in range(9)))
    parts = [
        f"{name} {_range(first, last)}"
        for name, (first, last) in zip(names, field.box, strict=False)
    ]
    least = "" if field.exact else " at most"
    return f"sees{least} input {', '.join(parts)}"


def _range(first: int, last: int) -> str:
    """Write an interval; a true minus keeps ``−2 to 8`` apart from a dash."""
    if first < 0:
        return f"{number(first)} to {number(last)}"
    return f"{first}–{last}"


def coverage(field: ReceptiveField) -> str:
    """Say how large the field is, what lies in the padding, and what is left out."""
    if not field.box:
        return ""
    parts = [size(field.size)]
    inside, whole = 1, int(np.prod(field.size))
    for (first, last), extent in zip(field.box, field.mask.shape, strict=True):
        inside *= max(min(last, extent - 1) - max(first, 0) + 1, 0)
    if inside < whole:
        parts.append(f"{count(whole - inside)} of {count(whole)} in the padding")
    read = int(field.mask.sum())
    if read < inside:
        parts.append(f"reads {count(read)} of {count(inside)} positions")
    return " · ".join(parts)


class UnitPanel(PanelFrame):
    """The chosen unit in words and numbers; it sets nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("unitPanel", "Unit", parent)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(theme.GRID, 0, theme.GRID, theme.GRID)
        column.setSpacing(theme.GRID // 2)
        self.value, self.exact = QLabel(), QLabel()
        large = QFont(theme.text_font())
        large.setPointSizeF(large.pointSizeF() * _LARGE)
        self.value.setFont(large)
        self.exact.setFont(theme.caption_font())
        selectable = Qt.TextInteractionFlag.TextSelectableByMouse
        self.exact.setTextInteractionFlags(selectable)
        first = QHBoxLayout()
        first.setSpacing(2 * theme.GRID)
        first.addWidget(self.value)
        first.addWidget(self.exact, 1, Qt.AlignmentFlag.AlignBaseline)
        column.addLayout(first)
        self._way = QGridLayout()
        self._way.setHorizontalSpacing(2 * theme.GRID)
        self._way.setVerticalSpacing(0)
        self._way.setColumnStretch(2, 1)
        self._steps: list[tuple[QLabel, QLabel]] = []
        column.addLayout(self._way)
        self.sees, self.coverage = QLabel(), QLabel()
        self.sees.setFont(theme.text_font())
        self.coverage.setFont(theme.caption_font())
        self.coverage.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        for line in (self.sees, self.coverage):
            line.setWordWrap(True)
            line.setTextFormat(Qt.TextFormat.PlainText)
        column.addSpacing(theme.GRID // 2)
        column.addWidget(self.sees)
        column.addWidget(self.coverage)
        column.addStretch(1)
        self.set_content(body)
        self.exporter = Exporter(
            self, lambda: "unit", lambda: self.grab().toImage(), self._numbers
        )
        self._way_on_show: tuple[tuple[str, float], ...] = ()
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(
            lambda at: self.exporter.open_menu(self.mapToGlobal(at))
        )
        self.show_nothing("Click a place in a map to follow one value.")

    def show_unit(
        self,
        layer: Layer,
        channel: int,
        unit: Unit,
        way: Sequence[tuple[str, float]] = (),
        field: ReceptiveField | None = None,
    ) -> None:
        """Show one value.

        Parameters
        ----------
        layer, channel, unit
            Where it is.
        way
            What became of it, in order, each with a word: ``("conv", -0.52),
            ("ReLU", 0.0), ("max pool", 1.3)``.
        field
            What it can see of the input.
        """
        value = layer.maps[(channel, *unit)]
        shown, whole = number(value), exact(value)
        same = float(shown.replace(MINUS, "-").replace("∞", "inf")) == float(whole)
        self.value.setText(shown)
        self.exact.setText("" if same or np.isnan(value) else whole)
        self.header.set_title("Unit")
        place = f" · ({', '.join(map(str, unit))})" if unit else ""
        self.header.set_caption(f"{layer.name} · channel {channel}{place}")
        self._show_way(way)
        self.sees.setText("" if field is None else sees(field))
        self.coverage.setText("" if field is None else coverage(field))
        self.show_content()

    def _show_way(self, way: Sequence[tuple[str, float]]) -> None:
        """Write the values one below the other, each beside its word."""
        self._way_on_show = tuple(way)
        while len(self._steps) < len(way):
            row = len(self._steps)
            word, value = QLabel(), QLabel()
            word.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            for at, label in enumerate((word, value)):
                label.setFont(theme.text_font())
                self._way.addWidget(label, row, at)
            self._steps.append((word, value))
        for i, (word, value) in enumerate(self._steps):
            shown = i < len(way)
            word.setVisible(shown)
            value.setVisible(shown)
            if shown:
                word.setText(("→ " if i else "") + way[i][0])
                value.setText(number(way[i][1]))

    def _numbers(self) -> dict[str, Numbers]:
        if not self._way_on_show:
            return {}
        words, values = zip(*self._way_on_show, strict=True)
        return {"unit": Numbers(np.array(values), (), tuple(words))}
