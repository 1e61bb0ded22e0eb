"""One picture to look at closely: fits, zooms at the cursor, pans, says where."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QImage,
    QMouseEvent,
    QPainter,
    QPen,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QGraphicsRectItem,
    QVBoxLayout,
    QWidget,
)

from cnnviz.panels import theme
from cnnviz.panels.shrink import extremes, shrink

_ZOOM_STEP = 1.0015
"""Zoom per 1/8 degree of the wheel."""

_CLOSEST = 96.0
"""Screen pixels a picture pixel may take."""

_LOSS = 0.8
"""Fitting uses whole screen pixels where that keeps so much of the size."""


class Canvas(QWidget):
    """A picture of codes or colours, one item, nearest neighbour, own transform.

    Coordinates are picture pixels: pixel ``(row, col)`` covers
    ``row … row + 1, col … col + 1``; a point is ``QPointF(col, row)``.

    Signals
    -------
    clicked(QPointF)
        A left click that was no drag.
    hovered(object)
        Where the pointer is, as ``QPointF``; None when it has left.
    menuRequested(QPoint)
        A right click, in global coordinates.
    viewChanged()
        Zoom or position changed.
    """

    clicked = Signal(QPointF)
    hovered = Signal(object)
    menuRequested = Signal(QPoint)
    viewChanged = Signal()

    def __init__(self, parent: QWidget | None = None, pad: int = 0) -> None:
        super().__init__(parent)
        self._view = pg.GraphicsView(self)
        self._view.setAcceptDrops(False)
        self._view.viewport().setAcceptDrops(False)
        self._view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._view.setMinimumSize(0, 0)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._view)
        self.root = QGraphicsRectItem()
        self.root.setPen(QPen(Qt.PenStyle.NoPen))
        self._view.addItem(self.root)
        self._image = pg.ImageItem(axisOrder="row-major")
        self._image.setParentItem(self.root)
        self._picture: NDArray[np.uint8] | None = None
        self._table: NDArray[np.uint8] | None = None
        self._pad, self._stretch = pad, False
        self._scale, self._offset = (1.0, 1.0), QPointF()
        self._fitted, self._factor, self._extreme = True, 0, False
        self._pressed: QPointF | None = None
        self._panned = False
        self._view.viewport().installEventFilter(self)
        self._paint_ground()

    def set_picture(
        self,
        picture: NDArray[np.uint8] | None,
        table: NDArray[np.uint8] | None = None,
        stretch: bool = False,
        extreme: bool = False,
    ) -> None:
        """Show another picture; zoom and position stay if its size does.

        Parameters
        ----------
        picture
            ``(H, W)`` codes, or ``(H, W, 3)`` colours; None for nothing.
        table
            ``(256, 4)`` colours of the codes.
        stretch
            Fill the panel, pixels need not be square.
        extreme
            From afar, show a block's largest signed code instead of its mean.
        """
        old = None if self._picture is None else self._picture.shape[:2]
        self._picture, self._table = picture, table
        self._factor, self._extreme = 0, extreme
        if picture is None or picture.shape[:2] != old or stretch != self._stretch:
            self._stretch = stretch
            self.fit()
        else:
            self._show_image()

    @property
    def size_px(self) -> tuple[int, int]:
        """Rows and columns of the picture; ``(0, 0)`` without one."""
        if self._picture is None:
            return (0, 0)
        return self._picture.shape[0], self._picture.shape[1]

    @property
    def scale(self) -> tuple[float, float]:
        """Screen pixels per picture pixel, across and down."""
        return self._scale

    def to_picture(self, at: QPointF) -> QPointF:
        """Turn a point of this widget into picture coordinates."""
        x = (at.x() - self._offset.x()) / self._scale[0]
        y = (at.y() - self._offset.y()) / self._scale[1]
        return QPointF(x, y)

    def to_screen(self, at: QPointF) -> QPointF:
        """Turn picture coordinates into a point of this widget."""
        return QPointF(
            at.x() * self._scale[0] + self._offset.x(),
            at.y() * self._scale[1] + self._offset.y(),
        )

    def _fit_scale(self) -> tuple[float, float]:
        high, wide = self.size_px
        x = max(self.width() - 2 * self._pad, 1) / max(wide, 1)
        y = max(self.height() - 2 * self._pad, 1) / max(high, 1)
        if self._stretch:
            return x, y
        device = min(x, y) * self.devicePixelRatioF()
        if math.floor(device) >= _LOSS * device:
            device = math.floor(device)
        return (device / self.devicePixelRatioF(),) * 2

    def fit(self) -> None:
        """Show the whole picture, centred."""
        self._fitted = True
        self._place(self._fit_scale(), None)

    def zoom(self, factor: float, at: QPointF) -> None:
        """Zoom about a point of this widget, between fitting and very close."""
        fitting, (x, y) = self._fit_scale(), self._scale
        closest = max(_CLOSEST, *fitting)
        factor = min(factor, closest / max(x, y))
        if x * factor <= fitting[0] * 1.001:
            self.fit()
            return
        under = self.to_picture(at)
        self._fitted = False
        scale = (x * factor, y * factor)
        self._place(
            scale, QPointF(at.x() - under.x() * scale[0], at.y() - under.y() * scale[1])
        )

    def pan(self, by: QPointF) -> None:
        """Move the picture by screen pixels; it never leaves the panel."""
        if not self._fitted:
            self._place(self._scale, self._offset + by)

    def _place(self, scale: tuple[float, float], offset: QPointF | None) -> None:
        """Set the transform: centred where there is room, else edge to edge."""
        high, wide = self.size_px
        ratio = self.devicePixelRatioF()

        def settle(free: float, wanted: float | None) -> float:
            if free >= 0 or wanted is None:
                wanted = free / 2
            else:
                wanted = min(max(wanted, free - self._pad), float(self._pad))
            return math.floor(wanted * ratio + 0.5) / ratio

        self._scale = scale
        self._offset = QPointF(
            settle(self.width() - wide * scale[0], offset.x() if offset else None),
            settle(self.height() - high * scale[1], offset.y() if offset else None),
        )
        self.root.setTransform(
            QTransform(scale[0], 0, 0, scale[1], self._offset.x(), self._offset.y())
        )
        self._show_image()
        self.viewChanged.emit()

    def _show_image(self) -> None:
        """Give the item codes, or colours averaged down where many share a pixel."""
        if self._picture is None or 0 in self.size_px:
            self._image.hide()
            return
        device = min(self._scale) * self.devicePixelRatioF()
        factor = max(1, math.floor(1 / device)) if device > 0 else 1
        hint = QPainter.RenderHint.SmoothPixmapTransform
        self._view.setRenderHint(hint, device < 1 and not self._stretch)
        if factor == self._factor:
            return
        self._factor = factor
        high, wide = self.size_px
        ground = theme.of(self).color("canvas")
        rgb = (ground.red(), ground.green(), ground.blue())
        if factor > 1 and not self._stretch:
            if self._extreme:
                small, lut = extremes(self._picture, factor), self._table
            else:
                small, lut = shrink(self._picture, self._table, factor, rgb), None
            self._image.setImage(small, autoLevels=False, levels=None, lut=lut)
            high, wide = small.shape[0] * factor, small.shape[1] * factor
        else:
            self._image.setImage(
                self._picture, autoLevels=False, levels=None, lut=self._table
            )
        self._image.setRect(QRectF(0, 0, wide, high))
        self._image.show()

    def image(self, times: int = 1) -> QImage:
        """Return the whole picture, each of its pixels ``times`` pixels wide."""
        high, wide = self.size_px
        image = QImage(wide * times, high * times, QImage.Format.Format_RGB32)
        image.fill(theme.of(self).color("canvas"))
        if self._picture is None:
            return image
        item = pg.ImageItem(axisOrder="row-major")
        item.setImage(self._picture, autoLevels=False, levels=None, lut=self._table)
        item.render()
        painter = QPainter(image)
        painter.drawImage(image.rect(), item.qimage)
        painter.end()
        return image

    def _paint_ground(self) -> None:
        """Follow the theme's canvas colour."""
        self._view.setBackground(theme.of(self).canvas)
        self._factor = 0
        self._show_image()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._paint_ground()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Handle the mouse here; nothing reaches pyqtgraph's own handlers."""
        kind = QEvent.Type
        match event.type():
            case kind.Resize:
                if self._fitted:
                    self.fit()
                else:
                    self.zoom(1.0, QPointF(self.rect().center()))
                return False
            case kind.MouseButtonPress:
                assert isinstance(event, QMouseEvent)
                if event.button() is Qt.MouseButton.LeftButton:
                    self._pressed, self._panned = event.position(), False
                    self.setFocus(Qt.FocusReason.MouseFocusReason)
                return True
            case kind.MouseMove:
                assert isinstance(event, QMouseEvent)
                self._move(event)
                return True
            case kind.MouseButtonRelease:
                assert isinstance(event, QMouseEvent)
                if event.button() is Qt.MouseButton.LeftButton:
                    pressed, self._pressed = self._pressed, None
                    if pressed is not None and not self._panned:
                        self.clicked.emit(self.to_picture(_middle(event.position())))
                return True
            case kind.MouseButtonDblClick:
                self._pressed = None
                self.fit()
                return True
            case kind.Wheel:
                assert isinstance(event, QWheelEvent)
                delta = event.angleDelta().y() or event.angleDelta().x()
                self.zoom(_ZOOM_STEP**delta, event.position())
                return True
            case kind.Leave:
                self.hovered.emit(None)
            case kind.ContextMenu:
                self.menuRequested.emit(event.globalPos())  # type: ignore[attr-defined]
                return True
        return super().eventFilter(watched, event)

    def _move(self, event: QMouseEvent) -> None:
        """Pan while the left button is held, else say where the pointer is."""
        at = event.position()
        if self._pressed is not None:
            way = at - self._pressed
            far = QApplication.startDragDistance()
            if self._panned or way.manhattanLength() >= far:
                self._panned = True
                self._pressed = at
                self.pan(way)
            return
        self.hovered.emit(self.to_picture(_middle(at)))


def _middle(at: QPointF) -> QPointF:
    """Return the middle of the screen pixel a whole-numbered position names."""
    whole = at.x() == math.floor(at.x()) and at.y() == math.floor(at.y())
    return at + QPointF(0.5, 0.5) if whole else at
