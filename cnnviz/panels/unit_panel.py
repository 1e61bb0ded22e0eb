"""One value: the sum behind it, what became of it, and what it sees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from cnnviz.core.explanation import Explanation
from cnnviz.core.geometry import ReceptiveField
from cnnviz.core.layers import Layer
from cnnviz.core.look import Look
from cnnviz.panels import theme
from cnnviz.panels.field_words import seen
from cnnviz.panels.frame import Elided, PanelFrame
from cnnviz.panels.saving import Exporter, Numbers
from cnnviz.panels.terms_view import TermsView
from cnnviz.pictures.captions import exact, number
from cnnviz.pictures.terms import term_words, way_words

_LARGE = 1.7
"""Size of the value, in text heights."""

_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
_OPENING = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class UnitPanel(PanelFrame):
    """The chosen unit taken apart.

    With the focus, ← and → go through the input maps and Enter follows the chosen
    term.

    Signals
    -------
    followed(str, int, object)
        Layer or input, channel and unit a term came from.
    termHovered(object)
        ``(words, place)`` of the term under the pointer, the place being None for
        padding and constants; or None.
    """

    followed = Signal(str, int, object)
    termHovered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("unitPanel", "Unit", parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(theme.GRID, 0, theme.GRID, theme.GRID // 2)
        column.setSpacing(theme.GRID // 2)
        self.value, self.words = QLabel(), _wrapped()
        large = QFont(theme.text_font())
        large.setPointSizeF(large.pointSizeF() * _LARGE)
        self.value.setFont(large)
        first = QHBoxLayout()
        first.setSpacing(theme.GRID + theme.GRID // 2)
        first.addWidget(self.value)
        first.addWidget(self.words, 1)
        column.addLayout(first)
        self.terms = TermsView()
        column.addWidget(self.terms, 1)
        self.why, self.sees = _wrapped(), Elided(theme.caption_font())
        column.addWidget(self.why)
        column.addWidget(self.sees)
        self.set_content(body)
        self.exporter = Exporter(
            self, lambda: "unit", lambda: self.grab().toImage(), self._numbers
        )
        self._found: Explanation | None = None
        self._pooled: Explanation | None = None
        self._field: tuple[str, ...] = ()
        self.terms.pointed.connect(self._on_pointed)
        self.terms.opened.connect(self._follow)
        self.terms.poolOpened.connect(self._follow_pool)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(
            lambda at: self.exporter.open_menu(self.mapToGlobal(at))
        )
        self.show_nothing("Click a place in a map to follow one value.")

    def show_unit(
        self,
        layer: Layer,
        found: Explanation,
        way: Sequence[tuple[str, float]] = (),
        field: ReceptiveField | None = None,
        look: Look | None = None,
        pooled: Explanation | None = None,
        note: str = "",
        names: Sequence[str] = (),
    ) -> None:
        """Show one value.

        Parameters
        ----------
        layer
            Where it is.
        found
            The sum behind it.
        way
            What becomes of it, in order, each with a word: ``("ReLU", 0.0)``.
        field
            What it can see of the input.
        look
            Colours and scale.
        pooled
            Of the pool's unit that reads it, if there is one.
        note
            What else is worth knowing.
        names
            Names of the input's channels, where they have any.
        """
        self._found, self._pooled = found, pooled
        value = layer.maps[(found.channel, *found.unit)].real
        self.value.setText(number(value))
        self.value.setToolTip(exact(value))
        self.header.set_title("Unit")
        place = f" · ({', '.join(map(str, found.unit))})" if found.unit else ""
        self.header.set_caption(f"{layer.name} · channel {found.channel}{place}")
        self.words.setText(way_words(found.words, way))
        self.words.setToolTip(self._residual(found))
        why = found.why_strange or found.why_zero
        parts = [
            f"{number(value)} because {why}" if why else "",
            found.note or "",
            note,
        ]
        self.why.setText(" · ".join(part for part in parts if part))
        self.why.setVisible(any(parts))
        self._field = () if field is None else seen(field)
        self._show_seen("")
        self.terms.show_terms(found, look or Look(), pooled, names)
        self.show_content()

    def show_mattered(self, words: str) -> None:
        """Say how much of what it sees mattered; ``""`` for nothing."""
        self._show_seen(words)

    def _show_seen(self, words: str) -> None:
        lines = [f"{words} · {line}" if words else line for line in self._field]
        lines = [*lines, words] if words else lines or [""]
        self.sees.set_text(*lines)
        self.sees.setVisible(bool(lines[0]))

    @staticmethod
    def _residual(found: Explanation) -> str:
        if found.total is None or found.residual is None:
            return ""
        return (
            f"summed in double precision: {exact(found.total)}\n"
            f"difference to the recorded value: {number(found.residual)}"
        )

    # The person.

    def _on_pointed(self, term: int | None) -> None:
        found = self._found
        if term is None or found is None:
            self.termHovered.emit(None)
        else:
            self.termHovered.emit((term_words(found, term), found.place(term)))

    def _follow(self, term: int | None) -> None:
        place = None if term is None or self._found is None else self._found.place(term)
        if place is not None:
            self.followed.emit(*place)

    def _follow_pool(self) -> None:
        if self._pooled is not None:
            there = self._pooled
            self.followed.emit(there.layer, there.channel, there.unit)

    def event(self, event: QEvent) -> bool:
        """Take the keys of this panel before the window's commands do."""
        if event.type() == QEvent.Type.ShortcutOverride:
            assert isinstance(event, QKeyEvent)
            if event.key() in (*_STEPS, *_OPENING) and self._takes(event):
                event.accept()
                return True
        return super().event(event)

    def _takes(self, event: QKeyEvent) -> bool:
        plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        return self.reason is None and plain == Qt.KeyboardModifier.NoModifier

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go through the input maps, or follow the chosen term."""
        key = event.key()
        if not self._takes(event):
            super().keyPressEvent(event)
        elif key in _OPENING:
            self._follow(self.terms.current)
        elif key in _STEPS:
            self.terms.step(_STEPS[Qt.Key(key)])
        else:
            super().keyPressEvent(event)

    def _numbers(self) -> dict[str, Numbers]:
        if self._found is None or not len(self._found.terms):
            return {}
        terms = self._found.terms
        columns = np.stack([terms.channel, terms.x, terms.w, terms.product], 1)
        words = ("channel", "x", "w", "x·w")
        return {"unit": Numbers(columns, ("term",), words)}


def _wrapped() -> QLabel:
    """Return small text that takes the lines it needs at any width."""
    label = QLabel()
    label.setFont(theme.caption_font())
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    policy = QSizePolicy.Policy
    label.setSizePolicy(policy.Ignored, policy.Preferred)
    return label
