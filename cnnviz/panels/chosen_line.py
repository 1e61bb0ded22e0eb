"""A mosaic with the chosen channel as a line below it, where maps run along time."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from cnnviz.core.layers import Array, Unit
from cnnviz.panels.line_view import LineView
from cnnviz.panels.mosaic import MosaicView
from cnnviz.panels.time_mark import TimeMark
from cnnviz.pictures.levels import Levels

_EDGE = 3
"""Screen pixels a mosaic keeps free around its tiles."""


class ChosenLine(QWidget):
    """The heat map's steps stand right above those of the line.

    Parameters
    ----------
    mosaic
        Shows the maps; it moves into this widget.

    Signals
    -------
    picked(int, object)
        Channel and unit that were clicked in the line.
    hovered(object)
        ``(channel, unit, value)`` under the pointer in the line, or None.
    """

    picked = Signal(int, object)
    hovered = Signal(object)

    def __init__(self, mosaic: MosaicView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._above = QWidget()
        self._margin = QVBoxLayout(self._above)
        self._margin.setContentsMargins(0, 0, 0, 0)
        self._margin.addWidget(mosaic)
        self.view = LineView()
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self._above)
        self._split.addWidget(self.view)
        self._split.setStretchFactor(0, 3)
        self._split.setStretchFactor(1, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._split)
        self.mark = TimeMark(mosaic)
        self._maps: Array | None = None
        self._levels: Levels | None = None
        self._time: Array | None = None
        self._channel, self._name = 0, "map"
        self.view.unitPicked.connect(lambda unit: self.picked.emit(self._channel, unit))
        self.view.hovered.connect(self._on_hovered)
        self.view.installEventFilter(self)
        self.view.hide()

    def show_maps(
        self, maps: Array, levels: Levels, time: Array | None, name: str
    ) -> None:
        """Show other maps; a line appears where they run along time.

        Parameters
        ----------
        maps
            ``(C, *spatial)``.
        levels
            The colour scale of the maps, which is the line's scale too.
        time
            When each step was, in seconds; None counts steps.
        """
        along = maps.ndim == 2 and maps.shape[1] > 1
        self._maps = maps if along else None
        self._levels, self._time, self._name = levels, time, name
        self.view.setVisible(along)
        if along:
            self._draw(min(self._channel, len(maps) - 1))
        self._align()

    def show_place(self, channel: int | None, unit: Unit | None) -> None:
        """Show the chosen channel, and mark the place in it."""
        step = unit[0] if unit is not None and len(unit) == 1 else None
        along = self._maps is not None
        self.mark.show_step(step if along else None)
        if not along:
            return
        if channel is not None and channel != self._channel:
            self._draw(channel)
            self._align()
        self.view.show_place(step)

    def _draw(self, channel: int) -> None:
        assert self._maps is not None
        self._channel = channel
        found = self._levels
        bound = signed = None
        if found is not None:
            at = channel if found.per_map else 0
            bound = float(max(abs(found.low[at]), abs(found.high[at]))) or None
            signed = found.signed
        self.view.show_line(
            self._maps[channel],
            signed,
            time=self._time,
            bound=bound,
            name=f"{self._name} channel {channel}",
        )

    def _align(self) -> None:
        """Let the heat map begin and end where the line does."""
        left = right = 0
        if self._maps is not None:
            axis = self.view.axis
            left = max(math.floor(axis.left) - _EDGE, 0)
            right = max(math.floor(self.view.width() - axis.right) - _EDGE, 0)
        self._margin.setContentsMargins(left, 0, right, 0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Align anew when the line's width has changed."""
        if event.type() is QEvent.Type.Paint:
            self._align()
        return super().eventFilter(watched, event)

    def _on_hovered(self, found: tuple[Unit, float] | None) -> None:
        self.hovered.emit(None if found is None else (self._channel, *found))
