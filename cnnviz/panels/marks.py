"""What is drawn over a picture to say: this one."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsRectItem

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

    Line widths are screen pixels at every zoom.
    """

    def __init__(
        self, parent: QGraphicsItem, *, rim: bool = True, dashed: bool = False
    ) -> None:
        self._rim = QGraphicsRectItem(parent) if rim else None
        self._line = QGraphicsRectItem(parent)
        self._dashed = dashed
        self.set_visible(False)

    def surround(self, area: QRectF, canvas: Canvas) -> None:
        """Draw just outside an area, whose edges are the line's inner edges.

        Parameters
        ----------
        area
            In picture coordinates.
        canvas
            Gives zoom, pixel density and theme.
        """
        ratio, shade = canvas.devicePixelRatioF(), theme.of(canvas)
        wide = round(_LINE * ratio)
        across, down = (wide / 2 / ratio / scale for scale in canvas.scale)
        grown = area.adjusted(-across, -down, across, down)
        line = cosmetic(shade.color("accent"), wide)
        if self._dashed:
            line.setDashPattern([2, 2])
        self._line.setPen(line)
        self._line.setRect(grown)
        if self._rim is not None:
            self._rim.setPen(cosmetic(shade.color("canvas"), wide + 2 * round(ratio)))
            self._rim.setRect(grown)
        self.set_visible(True)

    def enclose(self, cell: QRectF, canvas: Canvas) -> None:
        """Draw around a cell, or around its middle if the cell is too small to see."""
        across, down = canvas.scale
        wide, high = (
            max(cell.width(), _LEAST / across),
            max(cell.height(), _LEAST / down),
        )
        centre = cell.center()
        left, top = centre.x() - wide / 2, centre.y() - high / 2
        self.surround(QRectF(left, top, wide, high), canvas)

    def set_visible(self, visible: bool) -> None:
        """Show or hide it."""
        self._line.setVisible(visible)
        if self._rim is not None:
            self._rim.setVisible(visible)

    @property
    def area(self) -> QRectF | None:
        """Middle of the line in picture coordinates, or None while hidden."""
        return self._line.rect() if self._line.isVisible() else None
