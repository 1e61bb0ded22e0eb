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
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QGraphicsRectItem,
    QVBoxLayout,
    QWidget,
)

from cnnviz.panels import theme
from cnnviz.panels.camera import Camera
from cnnviz.panels.shrink import extremes, shrink

_ZOOM_STEP = 1.0015
"""Zoom per 1/8 degree of the wheel."""

_PHOTO = 4.0
"""Device pixels per pixel from which on a photograph shows its pixels as squares."""


class Canvas(QWidget):
    """A picture of codes or colours, one item, nearest neighbour, own transform.

    Coordinates are picture pixels: pixel ``(row, col)`` covers
    ``row … row + 1, col … col + 1``; a point is ``QPointF(col, row)``.

    Parameters
    ----------
    pad
        Screen pixels kept free around the picture.
    photo
        A photograph: smooth until it is looked at closely.

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

    def __init__(
        self, parent: QWidget | None = None, pad: int = 0, photo: bool = False
    ) -> None:
        super().__init__(parent)
        self._smooth_below = _PHOTO if photo else 1.0
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
        self._camera = Camera(pad, whole=not photo)
        self._factors, self._extreme = (0, 0), False
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
        camera = self._camera
        old = (camera.picture, camera.stretch)
        self._picture, self._table = picture, table
        self._factors, self._extreme = (0, 0), extreme
        size = (0, 0) if picture is None else picture.shape[:2]
        camera.picture, camera.stretch = (size[0], size[1]), stretch
        if old == (camera.picture, stretch):
            self._show_image()
        else:
            self.fit()

    @property
    def size_px(self) -> tuple[int, int]:
        """Rows and columns of the picture; ``(0, 0)`` without one."""
        return self._camera.picture

    @property
    def scale(self) -> tuple[float, float]:
        """Screen pixels per picture pixel, across and down."""
        return self._camera.scale

    def to_picture(self, at: QPointF) -> QPointF:
        """Turn a point of this widget into picture coordinates."""
        return self._camera.to_picture(at)

    def to_screen(self, at: QPointF) -> QPointF:
        """Turn picture coordinates into a point of this widget."""
        return self._camera.to_screen(at)

    def fit(self) -> None:
        """Show the whole picture, centred."""
        self._measure()
        self._camera.fit()
        self._follow()

    def _measure(self) -> None:
        """Tell the camera how large and dense the panel is."""
        self._camera.room = (self.width(), self.height())
        self._camera.ratio = self.devicePixelRatioF()

    def _follow(self) -> None:
        """Draw from where the camera is now."""
        self.root.setTransform(self._camera.transform())
        self._show_image()
        self.viewChanged.emit()

    def _show_image(self) -> None:
        """Give the item codes, or colours averaged down where many share a pixel."""
        if self._picture is None or 0 in self.size_px:
            self._image.hide()
            return
        camera = self._camera
        across, down = (max(1, math.floor(1 / s / camera.ratio)) for s in self.scale)
        small = camera.device_scale < self._smooth_below
        hint = QPainter.RenderHint.SmoothPixmapTransform
        self._view.setRenderHint(hint, small and not camera.stretch)
        if (down, across) == self._factors:
            return
        self._factors = (down, across)
        picture, lut = self._picture, self._table
        if self._factors != (1, 1):
            if self._extreme:
                picture = extremes(picture, self._factors)
            else:
                ground = theme.of(self).rgb("canvas")
                picture, lut = shrink(picture, lut, self._factors, ground), None
        self._image.setImage(picture, autoLevels=False, levels=None, lut=lut)
        high, wide = picture.shape[:2]
        self._image.setRect(QRectF(0, 0, wide * across, high * down))
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
        self._factors = (0, 0)
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
            case kind.Resize | kind.DevicePixelRatioChange:
                self._measure()
                if self._camera.fitted:
                    self._camera.fit()
                else:
                    self._camera.zoom(1.0, QPointF(self.rect().center()))
                self._follow()
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
                self._camera.zoom(_ZOOM_STEP**delta, event.position())
                self._follow()
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
                self._camera.pan(way)
                self._follow()
            return
        self.hovered.emit(self.to_picture(_middle(at)))


def _middle(at: QPointF) -> QPointF:
    """Return the middle of the screen pixel a whole-numbered position names."""
    whole = at.x() == math.floor(at.x()) and at.y() == math.floor(at.y())
    return at + QPointF(0.5, 0.5) if whole else at
