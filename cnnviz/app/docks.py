"""The panels as docks: where they stand, and how the layout is kept."""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

from cnnviz.app.settings import LAYOUT_VERSION
from cnnviz.panels.frame import PanelFrame

_ACROSS = Qt.Orientation.Horizontal
_SIZE = "<II"
"""Width and height before a kept layout."""
_HEAD = struct.calcsize(_SIZE)


class _Dock(QDockWidget):
    """Hands drops on to its window, from which it may have been torn off."""

    def __init__(self, title: str, window: QMainWindow) -> None:
        super().__init__(title, window)
        self._window = window
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Ask the window."""
        self._window.dragEnterEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Give it to the window."""
        self._window.dropEvent(event)


class Docks:
    """Every panel in a dock of its own, its header being the dock's title bar.

    Parameters
    ----------
    window
        Owns the docks.
    panels
        By object name: inputPanel, layersPanel, kernelsPanel, mapsPanel, pooledPanel,
        channelPanel, unitPanel, predictionPanel.
    """

    def __init__(self, window: QMainWindow, panels: Mapping[str, PanelFrame]) -> None:
        self._window = window
        self.docks: dict[str, QDockWidget] = {}
        self._wide: QByteArray | None = None
        window.setDockNestingEnabled(True)
        window.setDockOptions(
            window.dockOptions() & ~QMainWindow.DockOption.AnimatedDocks
        )
        nothing = QWidget()
        nothing.setMaximumSize(0, 0)
        nothing.hide()
        window.setCentralWidget(nothing)
        for name, panel in panels.items():
            dock = _Dock(panel.header.title(), window)
            dock.setObjectName(f"{name}Dock")
            dock.setWidget(panel)
            dock.setTitleBarWidget(panel.header)
            self.docks[name] = dock
        self._arrange()

    def _arrange(self) -> None:
        docks, window = self.docks, self._window
        across, down = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        for dock in docks.values():
            dock.setFloating(False)
            window.removeDockWidget(dock)
        area = Qt.DockWidgetArea.LeftDockWidgetArea
        window.addDockWidget(area, docks["inputPanel"])
        for first, second, way in (
            ("inputPanel", "kernelsPanel", across),
            ("kernelsPanel", "layersPanel", across),
            ("inputPanel", "predictionPanel", down),
            ("kernelsPanel", "channelPanel", down),
            ("kernelsPanel", "mapsPanel", across),
            ("mapsPanel", "pooledPanel", across),
            ("channelPanel", "unitPanel", across),
        ):
            window.splitDockWidget(docks[first], docks[second], way)
        for dock in docks.values():
            dock.show()

    def size(self) -> None:
        """Give each panel its share of the window."""
        docks, window = self.docks, self._window
        wide, high = window.width(), window.height()
        across, down = Qt.Orientation.Horizontal, Qt.Orientation.Vertical

        def share(names: str, parts: tuple[float, ...], way: Qt.Orientation) -> None:
            whole = wide if way == across else high
            chosen = [docks[f"{name}Panel"] for name in names.split()]
            window.resizeDocks(chosen, [int(whole * part) for part in parts], way)

        share("input kernels maps pooled layers", (0.22, 0.17, 0.2, 0.17, 0.24), across)
        share("input prediction", (0.66, 0.34), down)
        share("kernels channel", (0.62, 0.38), down)
        share("channel unit", (0.25, 0.29), across)

    def put(self, name: str, panel: PanelFrame) -> None:
        """Show a panel in a dock, in the place of the one that is there."""
        self.docks[name].setWidget(panel)
        self.docks[name].setTitleBarWidget(panel.header)

    def narrow(self, names: Collection[str], widths: Mapping[str, int]) -> None:
        """Show some docks only, until ``widen``; what is kept is the layout before.

        Parameters
        ----------
        names
            Of the docks.
        widths
            In pixels, of those that stand side by side.
        """
        self._wide = self.save()
        for name, dock in self.docks.items():
            dock.setVisible(name in names)
        docks = [self.docks[name] for name in widths]
        self._window.resizeDocks(docks, list(widths.values()), _ACROSS)

    def widen(self) -> None:
        """Bring the docks back as they were before ``narrow``."""
        wide, self._wide = self._wide, None
        if wide is not None:
            self.restore(wide)

    def reset(self) -> None:
        """Put every panel back to where it was at the first start."""
        self._wide = None
        self._arrange()
        self.size()

    def save(self) -> QByteArray:
        """Return the layout for ``restore``, and the size of the window it is of."""
        if self._wide is not None:
            return self._wide
        size = struct.pack(_SIZE, self._window.width(), self._window.height())
        return QByteArray(size) + self._window.saveState(LAYOUT_VERSION)

    def restore(self, state: QByteArray, *, unseen: bool = False) -> bool:
        """Bring a layout back; False if it is of another version or damaged.

        Parameters
        ----------
        unseen
            The window is not painted yet: it takes the size that the layout is of and
            then its own again, for Qt shares out room only as a window grows or
            shrinks.
        """
        if state.size() <= _HEAD:
            return False
        head, tail = state.first(_HEAD), state.sliced(_HEAD)
        window, now = self._window, self._window.size()
        if unseen:
            window.resize(*struct.unpack(_SIZE, head.data()))
        done = window.restoreState(tail, LAYOUT_VERSION)
        if unseen:
            layout = window.layout()
            assert layout is not None
            layout.activate()
            window.resize(now)
        return done
