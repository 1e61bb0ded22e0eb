"""What views over time share: zoom, pan, pointer, the axis and its marks."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from cnnviz.panels import theme
from cnnviz.panels.axis_paint import axis_height
from cnnviz.panels.saving import Exporter, Numbers
from cnnviz.panels.time_axis import TimeAxis

_ZOOM_STEP = 1.0015
"""Zoom per 1/8 degree of the wheel."""

_TOP = 4
"""Screen pixels above the plot."""

_SAVED = 2
"""Saved pictures have so many pixels for one on the screen."""


class TimeView(QWidget):
    """Steps across, labelled below; whoever inherits paints above the axis.

    The wheel zooms at the pointer, a drag pans, a double click shows everything.

    Signals
    -------
    viewRangeChanged(float, float)
        The person zoomed or panned: the ends of the view, step ``t`` covering
        ``t … t + 1``.
    """

    viewRangeChanged = Signal(float, float)

    def __init__(self, pad: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFont(theme.caption_font())
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Expanding)
        self.setMinimumSize(12 * theme.GRID, 6 * theme.GRID)
        self.axis = TimeAxis()
        self._pad, self._plot = pad, QRectF(0, 0, 1, 1)
        self._pressed: QPointF | None = None
        self._panned = False
        self._pointed: int | None = None
        self.exporter = Exporter(self, self._title, self.image, self._numbers)

    # What whoever inherits says.

    def _title(self) -> str:
        """Return a name for files."""
        raise NotImplementedError

    def _numbers(self) -> dict[str, Numbers]:
        """Return what can be saved."""
        raise NotImplementedError

    def _gutter(self) -> float:
        """Return the pixels kept free at the left."""
        raise NotImplementedError

    def _paint(self, painter: QPainter) -> None:
        """Paint everything."""
        raise NotImplementedError

    def _clicked(self, step: int) -> None:
        """Tell that a step was clicked."""
        raise NotImplementedError

    def _hovered(self, step: int | None) -> None:
        """Tell which step the pointer is at."""
        raise NotImplementedError

    # The view.

    @property
    def view_range(self) -> tuple[float, float]:
        """Ends of the view; step ``t`` covers ``t … t + 1``."""
        return self.axis.first, self.axis.last

    def show_range(self, first: float, last: float) -> None:
        """Show the steps between two places of the axis, as far as there are any."""
        self.axis.show(first, last)
        self.update()

    def fit(self) -> None:
        """Show all steps."""
        self.axis.fit()
        self.update()

    @property
    def plot(self) -> QRectF:
        """The area above the axis, between gutter and right edge, in pixels."""
        return self._plot

    def _measure(self) -> None:
        """Divide the room between gutter, plot and axis."""
        gutter = min(math.ceil(self._gutter()), self.width() - 1)
        high = self.height() - axis_height(self.font()) - _TOP
        self._plot = QRectF(gutter, _TOP, self.width() - gutter, max(high, 1))
        self.axis.left = self._plot.left() + self._pad
        self.axis.right = max(self._plot.right() - self._pad, self.axis.left + 1)
        self.update()

    # Painting.

    def image(self) -> QImage:
        """Return what is shown, without the pointer's marks, in twice the density."""
        image = QImage(self.size() * _SAVED, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(_SAVED)
        image.fill(theme.of(self).color("canvas"))
        pointed, self._pointed = self._pointed, None
        painter = QPainter(image)
        painter.setFont(self.font())
        self._paint(painter)
        painter.end()
        self._pointed = pointed
        return image

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint what is in view."""
        painter = QPainter(self)
        self._paint(painter)
        painter.end()

    # The person.

    def changeEvent(self, event: QEvent) -> None:
        """Repaint in the new theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep what is in view."""
        super().resizeEvent(event)
        self._measure()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click or a drag."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._pressed, self._panned = event.position(), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan while the left button is held, else say where the pointer is."""
        at = event.position()
        if self._pressed is None:
            self._point(self._step(at))
            return
        way = at - self._pressed
        if self._panned or way.manhattanLength() >= QApplication.startDragDistance():
            self._panned, self._pressed = True, at
            old = self.view_range
            self.axis.pan(way.x())
            self._moved(old)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Tell of a click, if it was no drag."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        pressed, self._pressed = self._pressed, None
        step = self._step(event.position())
        if pressed is not None and not self._panned and step is not None:
            self._clicked(step)

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        """Show everything."""
        self._pressed, old = None, self.view_range
        self.axis.fit()
        self._moved(old)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the pointer; sideways, pan."""
        turn, old = event.angleDelta(), self.view_range
        if abs(turn.x()) > abs(turn.y()):
            self.axis.pan(turn.x() / 2)
        else:
            self.axis.zoom(_ZOOM_STEP ** turn.y(), event.position().x())
        self._point(self._step(event.position()))
        self._moved(old)
        event.accept()

    def leaveEvent(self, _event: QEvent) -> None:
        """Tell that the pointer has left."""
        self._point(None)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer to copy and save."""
        self.exporter.open_menu(event.globalPos())

    def _moved(self, old: tuple[float, float]) -> None:
        if self.view_range != old:
            self.update()
            self.viewRangeChanged.emit(*self.view_range)

    def _point(self, step: int | None) -> None:
        if step != self._pointed:
            self._pointed = step
            self._hovered(step)
            self.update()

    def _step(self, at: QPointF) -> int | None:
        """Return the step at a point of this widget, or None outside the data."""
        x = at.x() + 0.5 if at.x() == math.floor(at.x()) else at.x()
        plot = self._plot
        return self.axis.step(x) if plot.left() <= x < plot.right() else None
