"""A mark while work goes on; after a second a progress bar with Cancel."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QWidget

from cnnviz.panels import theme

_MARK_AFTER = 100
"""Milliseconds before anything is shown: shorter work needs no mark."""
_BAR_AFTER = 1000
"""Milliseconds before the progress bar and Cancel appear."""


class BusyMark(QWidget):
    """Sits in the status line; invisible while nothing runs.

    Signals
    -------
    cancelled()
        The person pressed Cancel.
    """

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("busyMark")
        self._label = QLabel()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedSize(16 * theme.GRID, theme.GRID // 2)
        self._cancel = QToolButton()
        self._cancel.setText(self.tr("Cancel"))
        self._cancel.clicked.connect(self.cancelled)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID)
        for widget in (self._label, self._bar, self._cancel):
            row.addWidget(widget)
        self._soon = QTimer(self, singleShot=True, interval=_MARK_AFTER)
        self._soon.timeout.connect(self._label.show)
        self._later = QTimer(self, singleShot=True, interval=_BAR_AFTER)
        self._later.timeout.connect(self._bar.show)
        self._later.timeout.connect(self._cancel.show)
        self.stop()

    def start(self, text: str) -> None:
        """Begin, in words."""
        self.stop()
        self._label.setText(text)
        self._bar.setRange(0, 0)
        self._soon.start()
        self._later.start()

    def advance(self, done: int, total: int, what: str) -> None:
        """Tell how far the work is; ``total`` 0 when that is not known."""
        self._label.setText(what)
        if total > 0:
            self._bar.setRange(0, 1000)
            self._bar.setValue(min(1000, 1000 * done // total))

    def stop(self) -> None:
        """Hide everything."""
        self._soon.stop()
        self._later.stop()
        for widget in (self._label, self._bar, self._cancel):
            widget.hide()
