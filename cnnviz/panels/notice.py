"""A quiet bar that says what went wrong or what happened, and can be closed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from cnnviz.panels import theme


class NoticeBar(QWidget):
    """One sentence over the panels; the newest replaces the one before.

    Signals
    -------
    actionChosen()
        The person pressed the button beside the sentence.
    shown(bool)
        The bar appeared, or went.
    """

    actionChosen = Signal()
    shown = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("noticeBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._label = QLabel()
        self._label.setWordWrap(True)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
        )
        self._details = ""
        self._action = QPushButton()
        self._then: Callable[[], object] | None = None
        self._action.clicked.connect(self._act)
        self._instead: tuple[str, Callable[[], object]] | None = None
        self._other = QPushButton()
        self._other.clicked.connect(self._act_otherwise)
        self._copy = QPushButton(self.tr("Copy details"))
        self._copy.clicked.connect(self._copy_details)
        self._close = close = QToolButton()
        close.setText("✕")
        close.setToolTip(self.tr("Close"))
        close.setAccessibleName(self.tr("Close this message"))
        close.clicked.connect(self.dismiss)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        row.addWidget(self._label, 1)
        row.addWidget(self._action)
        row.addWidget(self._other)
        row.addWidget(self._copy)
        row.addWidget(close)

    def show_notice(
        self,
        text: str,
        *,
        warning: bool = False,
        action: str = "",
        then: Callable[[], object] | None = None,
        other: tuple[str, Callable[[], object]] | None = None,
        details: str = "",
    ) -> None:
        """Show a sentence.

        Parameters
        ----------
        warning
            Something was refused, as opposed to a remark.
        action
            Label of a button beside the sentence; none if empty.
        then
            What that button does.
        other
            Label of a second button, and what it does.
        details
            What "Copy details" puts on the clipboard; no such button if empty.
        """
        edge = "bright-text" if warning else "placeholder-text"
        self.setStyleSheet(  # by role, so that it follows the theme
            "#noticeBar { background: palette(alternate-base); "
            f"border-left: 4px solid palette({edge}); }}"
        )
        self._label.setText(text)
        self.setAccessibleName(text)
        self._details, self._then, self._instead = details, then, other
        self._other.setText(other[0] if other else "")
        self._other.setVisible(other is not None)
        self._action.setText(action)
        self._action.setVisible(bool(action))
        self._copy.setVisible(bool(details))
        self._fit()
        self.shown.emit(True)

    def _fit(self) -> None:
        """Take as many lines as the sentence needs; a tool bar does not ask."""
        buttons = sum(
            button.sizeHint().width() + theme.GRID
            for button in (self._action, self._other, self._copy, self._close)
            if not button.isHidden()
        )
        room = max(self.window().width() - buttons - 6 * theme.GRID, 25 * theme.GRID)
        lines = self._label.heightForWidth(room)
        least = self._action.sizeHint().height()
        self.setFixedHeight(max(lines, least) + 2 * theme.GRID)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the sentence into another width."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def dismiss(self) -> None:
        """Take the message away."""
        self._label.clear()
        self.shown.emit(False)

    def text(self) -> str:
        """Return the sentence on show, ``""`` when there is none."""
        return self._label.text()

    def action(self) -> str:
        """Return the label of the button beside the sentence."""
        return self._action.text()

    def _act(self) -> None:
        then = self._then
        self.actionChosen.emit()
        if then is not None:
            then()

    def _act_otherwise(self) -> None:
        if self._instead is not None:
            self._instead[1]()

    def _copy_details(self) -> None:
        QGuiApplication.clipboard().setText(self._details)
