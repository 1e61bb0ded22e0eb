"""The main window: panels in docks, a status line, a place for messages."""

from __future__ import annotations

import logging

from PySide6.QtCore import QMimeData, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QPaintEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QMainWindow, QToolBar

from cnnviz.app import drops
from cnnviz.app.docks import Docks
from cnnviz.app.settings import Settings
from cnnviz.panels import theme
from cnnviz.panels.busy import BusyMark
from cnnviz.panels.channel_panel import ChannelPanel
from cnnviz.panels.frame import Elided
from cnnviz.panels.input_panel import InputPanel
from cnnviz.panels.kernels_panel import KernelsPanel
from cnnviz.panels.layers_panel import LayersPanel
from cnnviz.panels.maps_panel import MapsPanel
from cnnviz.panels.notice import NoticeBar
from cnnviz.panels.pooled_panel import PooledPanel
from cnnviz.panels.prediction_panel import PredictionPanel
from cnnviz.panels.saving import Exporter
from cnnviz.panels.tensors_panel import TensorsPanel
from cnnviz.panels.unit_panel import UnitPanel
from cnnviz.panels.weight_panel import WeightPanel

_FIRST_SIZE = 1440, 900

_STATUS = theme.GRID + 3
"""Pixels beside the status line, as Qt leaves them beside a remark."""

_REMARK = 8000
"""Milliseconds a remark stays."""


def _first_size() -> QSize:
    """Return a window size that the screen has room for."""
    size = QSize(*_FIRST_SIZE)
    if QGuiApplication.platformName() == "offscreen":  # its screen is none
        return size
    return size.boundedTo(QGuiApplication.primaryScreen().availableSize())


class Window(QMainWindow):
    """Holds the panels; knows nothing of networks.

    Parameters
    ----------
    settings
        Keep its place and layout.
    size
        ``(width, height)`` in pixels; None for the remembered place.

    Signals
    -------
    dataDropped(QMimeData)
        Something was dropped anywhere on the window.
    closing()
        The window is about to close.
    painted()
        The window is painted for the first time; what is queued on this runs when
        all that is in it is painted too.
    """

    dataDropped = Signal(QMimeData)
    closing = Signal()
    painted = Signal()

    def __init__(self, settings: Settings, size: tuple[int, int] | None = None) -> None:
        super().__init__()
        self.setObjectName("mainWindow")
        self.setWindowTitle("cnnviz")
        self.setAcceptDrops(True)
        self.resize(QSize(*size) if size else _first_size())
        self.settings = settings
        self.input = InputPanel()
        self.kernels = KernelsPanel()
        self.maps = MapsPanel("mapsPanel", self.tr("After ReLU"))
        self.pooled = PooledPanel()
        self.channel = ChannelPanel()
        self.unit = UnitPanel()
        self.layers = LayersPanel()
        self.prediction = PredictionPanel()
        self.panels = {
            panel.objectName(): panel
            for panel in (
                self.input,
                self.kernels,
                self.maps,
                self.pooled,
                self.layers,
                self.channel,
                self.unit,
                self.prediction,
            )
        }
        self.docks = Docks(self, self.panels)
        self.tensors = TensorsPanel(self)
        self.weight = WeightPanel(self)
        for spare in (self.tensors, self.weight):
            spare.hide()
        self.busy = BusyMark()
        self.fetching = BusyMark()
        self._status = Elided(theme.text_font(), "text")
        self._status.setObjectName("statusText")
        self._words = ""
        self._remark = QTimer(self, singleShot=True, interval=_REMARK)
        self._remark.timeout.connect(self._end_remark)
        self._status.setContentsMargins(_STATUS, 0, _STATUS, 0)
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        bar.addWidget(self._status, 1)
        bar.addPermanentWidget(self.fetching)
        bar.addPermanentWidget(self.busy)
        self.notice = NoticeBar()
        self._foot = foot = QToolBar(self.tr("Messages"), self)
        foot.setObjectName("messages")
        foot.setMovable(False)
        foot.setStyleSheet("QToolBar { padding: 0; border: 0; }")
        foot.toggleViewAction().setVisible(False)
        self.notice.shown.connect(foot.setVisible)
        foot.addWidget(self.notice)
        foot.hide()
        self.addToolBar(Qt.ToolBarArea.BottomToolBarArea, foot)
        for exporter in self.findChildren(Exporter):
            exporter.said.connect(self.say)
        self.pooled.said.connect(self.say)
        self._sized, self._placed = size is not None, False
        self._painted = False

    def find_layer(self) -> None:
        """Put the cursor into the filter of layers or tensors, closed or not."""
        dock = self.docks.docks["layersPanel"]
        dock.show()
        dock.raise_()
        if dock.widget() is self.tensors:
            self.tensors.find_tensor()
        else:
            self.layers.find_layer()

    def show_status(self, text: str) -> None:
        """Show the status line, as soon as no remark is in its place."""
        self._words = text
        if not self._remark.isActive():
            self._status.set_text(text)

    def status(self) -> str:
        """Return the status line, whatever is in its place."""
        return self._words

    def say(self, text: str) -> None:
        """Show a remark in place of the status line for a while."""
        self._remark.start()
        self._status.set_text(text)

    def remark(self) -> str:
        """Return what is in the place of the status line, ``""`` if nothing is."""
        return self._status.text() if self._remark.isActive() else ""

    def _end_remark(self) -> None:
        self._remark.stop()
        self._status.set_text(self._words)

    def tell(
        self, text: str, *, warning: bool = False, action: str = "", details: str = ""
    ) -> None:
        """Show a message over the panels. See ``NoticeBar.show_notice``."""
        self.notice.show_notice(text, warning=warning, action=action, details=details)

    def tell_fault(self, text: str) -> None:
        """Log a fault of the program itself, a traceback, and say so in a sentence."""
        logging.getLogger("cnnviz").error("%s", text)
        last = text.strip().splitlines()[-1]
        self.tell(
            f"Something in cnnviz itself went wrong: {last}", warning=True, details=text
        )

    def showEvent(self, event: QShowEvent) -> None:
        """Lay the panels out when the window's size is known."""
        super().showEvent(event)
        if not self._placed:
            self._placed = True
            geometry, docks = self.settings.layout()
            if not self._sized:
                self.restoreGeometry(geometry)
            if not self.docks.restore(docks, unseen=True):
                self.docks.size()
            self._foot.setVisible(bool(self.notice.text()))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Tell of the first time; what is in it is painted before the queue runs."""
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            self.painted.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Go out of sight at once, remember the layout, let the workers end."""
        super().closeEvent(event)
        self.settings.keep_layout(self.saveGeometry(), self.docks.save())
        self.hide()
        self._end_remark()
        self.closing.emit()
        self.settings.sync()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept files, addresses and pictures."""
        if drops.may_hold_something(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Hand on what was dropped."""
        event.acceptProposedAction()
        self.dataDropped.emit(event.mimeData())
