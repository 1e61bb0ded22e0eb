"""What every panel has: a header of one line, its content, and calm when empty."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import (
    QFont,
    QFontMetrics,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from cnnviz.panels import theme


@contextmanager
def laid_out_once(*widgets: QWidget) -> Iterator[None]:
    """Let parts of widgets come and go: room is shared out once, after the last.

    Parameters
    ----------
    widgets
        Those inside others come first.
    """
    layouts = [layout for each in widgets if (layout := each.layout()) is not None]
    for layout in layouts:
        layout.setEnabled(False)
    try:
        yield
    finally:
        for layout in layouts:
            layout.setEnabled(True)
            layout.activate()


class Elided(QWidget):
    """One line of text, cut with an ellipsis where room ends; whole in the tooltip."""

    def __init__(
        self, font: QFont, colour: str = "muted", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setFont(font)
        self._texts: tuple[str, ...] = ("",)
        self._colour = colour
        self._shown: tuple[int, str] | None = None
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Fixed)

    def set_text(self, text: str, *shorter: str) -> None:
        """Show a line of text, or the first of shorter ways to say it that fits."""
        if (text, *shorter) != self._texts:
            self._texts, self._shown = (text, *shorter), None
            self.setAccessibleName(text)
            self._explain()
            self.update()

    def text(self) -> str:
        """Return the whole line."""
        return self._texts[0]

    def shown(self) -> str:
        """Return what is painted."""
        wide = self.contentsRect().width()
        if self._shown is None or self._shown[0] != wide:
            self._shown = wide, self._cut(wide)
        return self._shown[1]

    def _cut(self, wide: int) -> str:
        metrics = QFontMetrics(self.font())
        for text in self._texts:
            if metrics.horizontalAdvance(text) <= wide:
                return text
        return metrics.elidedText(self._texts[-1], Qt.TextElideMode.ElideRight, wide)

    def _explain(self) -> None:
        whole = self._texts[0]
        tip = "" if self.shown() == whole else whole
        if tip != self.toolTip():
            self.setToolTip(tip)

    def sizeHint(self) -> QSize:
        """Prefer the whole line."""
        metrics = QFontMetrics(self.font())
        return QSize(metrics.horizontalAdvance(self._texts[0]) + 1, metrics.height())

    def minimumSizeHint(self) -> QSize:
        """Allow any width."""
        return QSize(0, QFontMetrics(self.font()).height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Offer the whole line as tooltip when it no longer fits."""
        super().resizeEvent(event)
        self._explain()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint what fits."""
        painter = QPainter(self)
        painter.setPen(theme.of(self).color(self._colour))
        line = self.contentsRect()
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, self.shown())
        painter.end()


class Sentence(QLabel):
    """A calm sentence in place of content."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setContentsMargins(*[2 * theme.GRID] * 4)
        self.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.setMinimumSize(0, 0)
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Ignored, policy.Ignored)


class Apart(QWidget):
    """Holds a widget of its own size; what changes inside moves nothing outside.

    Without it every word that changes in a panel has all docks laid out anew.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.inside = QWidget(self)

    def sizeHint(self) -> QSize:
        """Prefer what the inside prefers."""
        return self.inside.sizeHint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the inside all the room."""
        super().resizeEvent(event)
        self.inside.setGeometry(self.rect())


class PanelHeader(Apart):
    """A panel's one line: title, then in grey the numbers, then small tools.

    It may also serve as the title bar of the dock that holds the panel.
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = QLabel(title)
        self._title.setFont(theme.title_font())
        self._caption = Elided(theme.caption_font())
        self._row = QHBoxLayout(self.inside)
        self._row.setContentsMargins(theme.GRID, 0, theme.GRID // 2, 0)
        self._row.setSpacing(theme.GRID)
        self._row.addWidget(self._title)
        self._row.addWidget(self._caption, 1)
        self.setFixedHeight(3 * theme.GRID)

    def sizeHint(self) -> QSize:
        """Keep one height: a dock asks its title bar for this."""
        return QSize(super().sizeHint().width(), 3 * theme.GRID)

    def minimumSizeHint(self) -> QSize:
        """Allow any width at that height."""
        return QSize(0, 3 * theme.GRID)

    def set_title(self, title: str) -> None:
        """Show another title."""
        if title != self._title.text():
            self._title.setText(title)

    def title(self) -> str:
        """Return the title."""
        return self._title.text()

    def set_caption(self, caption: str) -> None:
        """Show the grey part."""
        self._caption.set_text(caption)

    def caption(self) -> str:
        """Return the grey part, whole."""
        return self._caption.text()

    def add_tool(self, tool: QWidget) -> None:
        """Put a small tool at the right end."""
        self._row.addWidget(tool)


class PanelFrame(Apart):
    """Header, content or a sentence, and an optional footer.

    Parameters
    ----------
    name
        Object name, by which the window knows the panel.
    title
        First words of the header.
    """

    def __init__(self, name: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.header = PanelHeader(title)
        self._sentence = Sentence()
        self._stack = QStackedWidget()
        self._stack.addWidget(self._sentence)
        self._column = QVBoxLayout(self.inside)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self.header)
        self._column.addWidget(self._stack, 1)
        self._content: QWidget | None = None
        self._footer: QWidget | None = None
        self.setMinimumSize(12 * theme.GRID, 10 * theme.GRID)

    def set_content(self, content: QWidget, footer: QWidget | None = None) -> None:
        """Set the widget that shows something, and one below that belongs to it."""
        self._content, self._footer = content, footer
        self._stack.addWidget(content)
        if footer is not None:
            self._column.addWidget(footer)
            footer.hide()

    def show_content(self) -> None:
        """Show the content in place of the sentence."""
        if self._content is not None:
            self._stack.setCurrentWidget(self._content)
        if self._footer is not None:
            self._footer.show()

    def show_nothing(self, reason: str) -> None:
        """Show a sentence in place of the content.

        Parameters
        ----------
        reason
            Says why there is nothing, or what to do.
        """
        self._sentence.setText(reason)
        self._stack.setCurrentWidget(self._sentence)
        self.header.set_caption("")
        if self._footer is not None:
            self._footer.hide()

    @property
    def reason(self) -> str | None:
        """The sentence on show, or None while there is content."""
        empty = self._stack.currentWidget() is self._sentence
        return self._sentence.text() if empty else None

    def changeEvent(self, event: QEvent) -> None:
        """Repaint in the new theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()
