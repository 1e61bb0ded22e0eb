"""A line to type in, which tells what was only guessed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from cnnviz.panels import theme

ASIDE = 10 * theme.GRID
"""Width of what stands beside a line, in pixels."""


def tr(text: str) -> str:
    """Translate a text of the line."""
    return QCoreApplication.translate("InputField", text)


class Field(QWidget):
    """One line to type, with a mark while it holds what was only guessed.

    Parameters
    ----------
    said, guessed
        The value that was said before, and the one that was guessed; None for none.
    write, read
        From a value to what is typed, and back; ``read`` raises ``InputError``.
    hint
        Stands in the empty line.
    """

    def __init__(
        self,
        said: object,
        guessed: object,
        write: Callable[[Any], str],
        read: Callable[[str], Any],
        hint: str,
    ) -> None:
        super().__init__()
        self._said, self._read = said, read
        self._guess = None if guessed is None else write(guessed)
        self._first = write(said) if said is not None else self._guess or ""
        self.line = QLineEdit(self._first)
        self.line.setPlaceholderText(hint)
        self.mark = mark()
        self.row = beside(self, self.line, self.mark)
        self.line.textChanged.connect(self._follow)
        self._follow()

    def set_aside(self, button: QPushButton) -> None:
        """Put a button where the mark is."""
        button.setFixedWidth(ASIDE)
        self.row.replaceWidget(self.mark, button)
        self.mark.hide()

    def value(self) -> Any:
        """Return what was said; None when a guess was left or nothing is typed.

        Raises
        ------
        InputError
            What is typed makes no sense.
        """
        text = self.line.text()
        if text == self._first:
            return self._said
        if text == self._guess:
            return None
        return self._read(text)

    def _follow(self) -> None:
        guessed = self.line.text() == self._guess
        self.mark.setText(tr("guessed") if guessed else "")


def mark() -> QLabel:
    """Return a caption as wide as what stands beside a line."""
    label = QLabel()
    label.setFont(theme.caption_font())
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    label.setFixedWidth(ASIDE)
    return label


def beside(parent: QWidget, line: QWidget, aside: QWidget) -> QHBoxLayout:
    """Lay a line out with what stands beside it."""
    row = QHBoxLayout(parent)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(theme.GRID)
    row.addWidget(line, 1)
    row.addWidget(aside)
    return row
