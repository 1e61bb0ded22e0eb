"""What is drawn over a picture to say: this one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen

from cnnviz.panels import theme
from cnnviz.panels.canvas import Canvas

_LINE = 2
"""Screen pixels of the accent line."""

_LEAST = 6
"""Screen pixels a marker's inside has at least, so that it can be found."""


def cosmetic(colour: QColor, wide: int) -> QPen:
    """Return a pen of ``wide`` device pixels at every zoom, with square corners."""
    pen = QPen(colour, wide)
    pen.setCosmetic(True)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    return pen


class Outline:
    """A rectangle in the accent colour; a rim of canvas sets it off from any map.

    Line widths are screen pixels at every zoom. The rectangle is drawn just outside
    its area, whose edges are the line's inner edges.
    """

    def __init__(
        self, canvas: Canvas, *, rim: bool = True, dashed: bool = False
    ) -> None:
        self._canvas, self._rim, self._dashed = canvas, rim, dashed
        self._inside: QRectF | None = None
        self._least = 0
        canvas.add(self)

    def surround(self, area: QRectF) -> None:
        """Draw around an area, in picture coordinates."""
        self._show(area, 0)

    def enclose(self, cell: QRectF) -> None:
        """Draw around a cell, or around its middle if the cell is too small to see."""
        self._show(cell, _LEAST)

    def hide(self) -> None:
        """Draw nothing."""
        self._show(None, 0)

    def _show(self, area: QRectF | None, least: int) -> None:
        if (area, least) != (self._inside, self._least):
            self._inside, self._least = area, least
            self._canvas.update()

    @property
    def _wide(self) -> int:
        """Device pixels of the line."""
        return round(_LINE * self._canvas.devicePixelRatioF())

    @property
    def area(self) -> QRectF | None:
        """Middle of the line in picture coordinates, or None while hidden."""
        inside, (across, down) = self._inside, self._canvas.scale
        if inside is None:
            return None
        half = self._wide / 2 / self._canvas.devicePixelRatioF()
        wide = max(inside.width(), self._least / across) + 2 * half / across
        high = max(inside.height(), self._least / down) + 2 * half / down
        middle = inside.center()
        return QRectF(middle.x() - wide / 2, middle.y() - high / 2, wide, high)

    def paint(self, painter: QPainter) -> None:
        """Draw it, in picture coordinates."""
        area, shade = self.area, theme.of(self._canvas)
        if area is None:
            return
        if self._rim:
            rim = self._wide + 2 * round(self._canvas.devicePixelRatioF())
            painter.setPen(cosmetic(shade.color("canvas"), rim))
            painter.drawRect(area)
        line = cosmetic(shade.color("accent"), self._wide)
        if self._dashed:
            line.setDashPattern([2, 2])
        painter.setPen(line)
        painter.drawRect(area)


class Stroke:
    """Lines of one screen pixel at every zoom.

    Parameters
    ----------
    colour, alpha
        Name of the theme's colour; how opaque it is, 0 … 255.
    below
        Under the picture: seen only in its gaps.
    """

    def __init__(
        self, canvas: Canvas, colour: str, alpha: int = 255, *, below: bool = False
    ) -> None:
        self._canvas, self._colour, self._alpha = canvas, colour, alpha
        self._path = QPainterPath()
        canvas.add(self, below=below)

    def show(self, path: QPainterPath) -> None:
        """Draw other lines, in picture coordinates."""
        if path != self._path:
            self._path = path
            self._canvas.update()

    def path(self) -> QPainterPath:
        """Return the lines."""
        return self._path

    def paint(self, painter: QPainter) -> None:
        """Draw them, in picture coordinates."""
        if self._path.isEmpty():
            return
        colour = theme.of(self._canvas).color(self._colour, self._alpha)
        wide = round(self._canvas.devicePixelRatioF())
        painter.setPen(cosmetic(colour, wide))
        painter.drawPath(self._path)


class Veil:
    """Fades part of a picture into the canvas.

    Parameters
    ----------
    alpha
        How far, 0 … 255.
    """

    def __init__(self, canvas: Canvas, alpha: int) -> None:
        self._canvas, self._alpha = canvas, alpha
        self._area = QRectF()
        self.faded: NDArray[np.bool_] | None = None
        canvas.add(self)

    def show(self, faded: NDArray[np.bool_] | None, area: QRectF | None = None) -> None:
        """Fade other places.

        Parameters
        ----------
        faded
            ``(h, w)``: which places; None for none.
        area
            What they cover, in picture coordinates.
        """
        if faded is not None and not faded.any():
            faded = None
        if faded is None and self.faded is None:
            return
        self.faded, self._area = faded, area or QRectF()
        self._canvas.update()

    def paint(self, painter: QPainter) -> None:
        """Draw it, in picture coordinates."""
        if self.faded is None:
            return
        colours = np.zeros((*self.faded.shape, 4), np.uint8)
        colours[..., :3] = theme.of(self._canvas).rgb("canvas")
        colours[..., 3] = np.where(self.faded, self._alpha, 0)
        high, wide = self.faded.shape
        form = QImage.Format.Format_RGBA8888
        painter.drawImage(self._area, QImage(colours.data, wide, high, 4 * wide, form))
