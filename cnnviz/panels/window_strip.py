"""A whole table in a strip, and the stretch of it that the network is fed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from cnnviz.panels import theme
from cnnviz.panels.strokes import Lane, hairline, paint_line
from cnnviz.panels.time_axis import TimeAxis
from cnnviz.pictures.envelope import Envelope

_HIGH = 5 * theme.GRID
_PAD, _INSET = 12, 3
_FADE = 150
"""How far what is not fed is faded into the canvas, 0 … 255."""

_LEAST = 3.0
"""Screen pixels the window is wide, at least."""


class WindowStrip(QWidget):
    """All variables over each other, each over its own range; the window framed.

    A click moves the window there, a drag takes it along.

    Signals
    -------
    startPicked(int)
        First step of the window that was chosen.
    """

    startPicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("the whole table, and the window of it that is fed")
        self.setToolTip("The whole table. Click or drag to feed another stretch of it.")
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Fixed)
        self._axis = TimeAxis()
        self._lines: tuple[Envelope, ...] = ()
        self._whole: NDArray[np.float64] | None = None
        self._start, self._length = 0, 1
        self._held: float | None = None
        self._picture: tuple[object, QPixmap] | None = None

    def show_window(self, whole: NDArray[np.float64], start: int, length: int) -> None:
        """Show a table and the window in it.

        Parameters
        ----------
        whole
            ``(V, total)``.
        start, length
            Of the window, in steps.
        """
        if self._whole is None or not _alike(self._whole, whole):
            self._lines, self._picture = tuple(map(Envelope, whole)), None
            self._axis.set_steps(np.arange(whole.shape[1], dtype=np.float64), False)
        self._whole, self._start, self._length = whole, start, length
        self._measure()

    @property
    def window_steps(self) -> tuple[int, int]:
        """First step of the window, and the step after its last one."""
        return self._start, self._start + self._length

    def area(self) -> QRectF:
        """Return where the window is drawn, in pixels of this widget."""
        left, right = map(self._axis.across, self.window_steps)
        wide = max(right - left, _LEAST)
        return QRectF((left + right - wide) / 2, 0.5, wide, self.height() - 1)

    def sizeHint(self) -> QSize:
        """Prefer little height."""
        return QSize(30 * theme.GRID, _HIGH)

    def _measure(self) -> None:
        self._axis.left, self._axis.right = _PAD, max(self.width() - _PAD, _PAD + 1)
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Spread over another width."""
        super().resizeEvent(event)
        self._measure()

    def changeEvent(self, event: QEvent) -> None:
        """Repaint in the new theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the lines, fade what is not fed, frame the window."""
        painter, shade, area = QPainter(self), theme.of(self), self.area()
        painter.drawPixmap(0, 0, self._drawn())
        for left, right in ((0.0, area.left()), (area.right(), float(self.width()))):
            rest = QRectF(left, 0, right - left, self.height())
            painter.fillRect(rest, shade.color("canvas", _FADE))
        painter.setPen(hairline(painter, shade.color("accent")))
        painter.drawRect(area)
        painter.end()

    def _drawn(self) -> QPixmap:
        """Return the lines, painted anew only when something about them changed."""
        ratio, shade = self.devicePixelRatioF(), theme.of(self)
        state = (self.size(), ratio, shade)
        if self._picture is None or self._picture[0] != state:
            picture = QPixmap(self.size() * ratio)
            picture.setDevicePixelRatio(ratio)
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            inner = QRectF(self.rect()).adjusted(0, _INSET, 0, -_INSET)
            for line in self._lines:
                lane = Lane(inner, line.minimum, line.maximum)
                paint_line(painter, line, self._axis, lane, shade.color("muted"))
            painter.end()
            self._picture = state, picture
        return self._picture[1]

    # -- the person --------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the window, or move its middle to the pointer."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        at = event.position()
        inside = self.area().contains(QPointF(at.x(), self.area().center().y()))
        place = self._axis.place(at.x())
        self._held = place - self._start if inside else self._length / 2
        self._move(place)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Take the window along."""
        if self._held is not None:
            self._move(self._axis.place(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Tell where the window is now."""
        if event.button() is Qt.MouseButton.LeftButton and self._held is not None:
            self._held = None
            self.startPicked.emit(self._start)

    def _move(self, place: float) -> None:
        assert self._held is not None
        most = max(self._axis.count - self._length, 0)
        self._start = min(max(round(place - self._held), 0), most)
        self.update()


def _alike(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    return a is b or (a.shape == b.shape and np.array_equal(a, b, equal_nan=True))
