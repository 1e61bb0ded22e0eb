"""One picture to look at closely: fits, zooms at the cursor, pans, says where."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
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
from cnnviz.panels.camera import Camera
from cnnviz.panels.raster import raster

_ZOOM_STEP = 1.0015
"""Zoom per 1/8 degree of the wheel."""

_PHOTO = 4.0
"""Device pixels per pixel from which on a photograph shows its pixels as squares."""


@dataclass(frozen=True, slots=True, eq=False)
class Later:
    """A picture, or tiles, made when they are first painted.

    Attributes
    ----------
    shape
        Of what ``make`` returns.
    """

    shape: tuple[int, ...]
    make: Callable[[], NDArray[np.uint8]]


Pixels = NDArray[np.uint8] | Later


class Mark(Protocol):
    """Something drawn over a picture, or below it."""

    def paint(self, painter: QPainter) -> None:
        """Draw it; the painter is in picture coordinates."""
        ...


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
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Expanding)
        self._picture: Pixels | None = None
        self._table: NDArray[np.uint8] | None = None
        self._shot: tuple[QImage, QRectF] | None = None
        self._marks: list[Mark] = []
        self._below: list[Mark] = []
        self._camera = Camera(pad, whole=not photo)
        self._extreme = False
        self._pressed: QPointF | None = None
        self._panned = False

    def sizeHint(self) -> QSize:
        """Prefer the shape of a photograph."""
        return QSize(32 * theme.GRID, 24 * theme.GRID)

    def add(self, mark: Mark, *, below: bool = False) -> None:
        """Draw a mark over those before it, or below the picture."""
        (self._below if below else self._marks).append(mark)

    def set_picture(
        self,
        picture: Pixels | None,
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
        fixed = isinstance(picture, np.ndarray) and not picture.flags.writeable
        shown = self._picture, self._table, self._extreme, camera.stretch
        if fixed and _same(shown, (picture, table, extreme, stretch)):
            return
        self._picture, self._table = picture, table
        self._extreme = extreme
        size = (0, 0) if picture is None else picture.shape[:2]
        camera.picture, camera.stretch = (size[0], size[1]), stretch
        self._retake()
        if old != (camera.picture, stretch):
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
        self._retake()
        self.viewChanged.emit()

    def _retake(self) -> None:
        """Make what is in view anew when it is painted next."""
        self._shot = None
        self.update()

    def _pixels(self) -> NDArray[np.uint8]:
        """Return the picture, made if need be."""
        if isinstance(self._picture, Later):
            self._picture = self._picture.make()
        assert self._picture is not None
        return self._picture

    def _ground(self) -> QColor:
        return theme.of(self).color("canvas")

    def ready(
        self,
        picture: NDArray[np.uint8],
        table: NDArray[np.uint8] | None = None,
        stretch: bool = False,
        extreme: bool = False,
    ) -> None:
        """Make the image that ``set_picture`` would show; see ``raster``."""
        camera = self._camera.towards((picture.shape[0], picture.shape[1]), stretch)
        self._take(camera, picture, table, extreme)

    def _take(
        self,
        camera: Camera,
        picture: NDArray[np.uint8],
        table: NDArray[np.uint8] | None,
        extreme: bool,
    ) -> tuple[QImage, QRectF]:
        """Return an image of what a camera sees, and what of the picture that is."""
        (high, wide), at, (across, down) = camera.picture, camera.offset, camera.scale
        top, left = (
            max(math.floor(-o / s), 0) for o, s in ((at.y(), down), (at.x(), across))
        )
        end = min(math.ceil((self.height() - at.y()) / down), high)
        right = min(math.ceil((self.width() - at.x()) / across), wide)
        size = (
            round((end - top) * down * camera.ratio),
            round((right - left) * across * camera.ratio),
        )
        ground = self._ground()
        if self._below:
            ground.setAlpha(0)
        part = picture[top:end, left:right]
        image = raster(part, table, size, ground, extreme=extreme)
        return image, QRectF(left, top, right - left, end - top)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint what is in view and the marks on it."""
        painter, camera = QPainter(self), self._camera
        painter.fillRect(self.rect(), self._ground())
        if self._picture is None or 0 in self.size_px:
            painter.end()
            return
        painter.setTransform(camera.transform(), True)
        for mark in self._below:
            mark.paint(painter)
        if self._shot is None:
            pixels = self._pixels()
            self._shot = self._take(camera, pixels, self._table, self._extreme)
        self._paint_image(painter, *self._shot)
        for mark in self._marks:
            mark.paint(painter)
        painter.end()

    def _paint_image(self, painter: QPainter, image: QImage, part: QRectF) -> None:
        """Paint pixel for pixel where the image was made to measure, else enlarged."""
        camera = self._camera
        small = camera.device_scale < self._smooth_below and not camera.stretch
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, small)
        if image.width() < part.width() and image.height() < part.height():
            corner = camera.to_screen(part.topLeft()) * camera.ratio
            image.setDevicePixelRatio(camera.ratio)
            painter.save()
            painter.resetTransform()
            painter.drawImage(corner.toPoint() / camera.ratio, image)
            painter.restore()
        else:
            painter.drawImage(part, image)

    def image(self, times: int = 1) -> QImage:
        """Return the whole picture, each of its pixels ``times`` pixels wide."""
        high, wide = self.size_px
        image = QImage(wide * times, high * times, QImage.Format.Format_RGB32)
        image.fill(self._ground())
        if self._picture is None:
            return image
        whole = raster(self._pixels(), self._table, self.size_px, self._ground())
        painter = QPainter(image)
        painter.drawImage(image.rect(), whole)
        painter.end()
        return image

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._retake()

    def event(self, event: QEvent) -> bool:
        """Follow the window to another screen."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._refit()
        return super().event(event)

    def resizeEvent(self, _event: QResizeEvent) -> None:
        """Keep the whole picture in view, or what was in the middle."""
        self._refit()

    def _refit(self) -> None:
        self._measure()
        if self._camera.fitted:
            self._camera.fit()
        else:
            self._camera.zoom(1.0, QPointF(self.rect().center()))
        self._follow()

    # The person.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click or a drag."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._pressed, self._panned = event.position(), False
            self.setFocus(Qt.FocusReason.MouseFocusReason)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a click or a drag."""
        if event.button() is Qt.MouseButton.LeftButton:
            pressed, self._pressed = self._pressed, None
            if pressed is not None and not self._panned:
                self.clicked.emit(self.to_picture(_middle(event.position())))

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        """Show the whole picture."""
        self._pressed = None
        self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the pointer."""
        delta = event.angleDelta().y() or event.angleDelta().x()
        self._camera.zoom(_ZOOM_STEP**delta, event.position())
        self._follow()

    def leaveEvent(self, _event: QEvent) -> None:
        """Say that the pointer has left."""
        self.hovered.emit(None)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu."""
        self.menuRequested.emit(event.globalPos())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
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


def _same(some: Iterable[object], others: Iterable[object]) -> bool:
    """Tell whether all objects are the same ones."""
    return all(a is b for a, b in zip(some, others, strict=True))


def _middle(at: QPointF) -> QPointF:
    """Return the middle of the screen pixel a whole-numbered position names."""
    whole = at.x() == math.floor(at.x()) and at.y() == math.floor(at.y())
    return at + QPointF(0.5, 0.5) if whole else at
