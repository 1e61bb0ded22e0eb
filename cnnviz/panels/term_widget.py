"""What every view of terms does when it is pointed at."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

from cnnviz.panels import theme


class TermWidget(QWidget):
    """Tells which term the pointer is at, is pressed, or is opened.

    Whoever inherits paints the terms and says in ``term_at`` where each one is.

    Signals
    -------
    pointed(object)
        The term under the pointer, or None.
    pressed(int)
        The term that was clicked.
    opened(int)
        The term that was double-clicked.
    """

    pointed = Signal(object)
    pressed = Signal(int)
    opened = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFont(theme.caption_font())
        self.setMouseTracking(True)
        self._current: int | None = None
        self._under: int | None = None

    def term_at(self, _at: QPointF) -> int | None:
        """Return the term at a point of the widget, None where there is none."""
        return None

    def show_term(self, current: int | None, under: int | None) -> None:
        """Mark the chosen term and the one under the pointer."""
        if (current, under) != (self._current, self._under):
            self._current, self._under = current, under
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell which term the pointer is at."""
        self.pointed.emit(self.term_at(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a term."""
        term = self.term_at(event.position())
        if event.button() is Qt.MouseButton.LeftButton and term is not None:
            self.pressed.emit(term)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Go where a term came from."""
        term = self.term_at(event.position())
        if event.button() is Qt.MouseButton.LeftButton and term is not None:
            self.opened.emit(term)

    def leaveEvent(self, _event: QEvent) -> None:
        """Tell that the pointer has left."""
        self.pointed.emit(None)
