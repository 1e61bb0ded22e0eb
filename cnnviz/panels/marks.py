"""What is drawn over a picture to say: this one."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsRectItem

from cnnviz.panels.theme import Palette

_LINE = 2
"""Screen pixels of the accent line."""

_LEAST = 6
"""Screen pixels a marker's inside has at least, so that it can be found."""


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

    def _draw(self, area: QRectF, shade: Palette) -> None:
        line = QPen(shade.color("accent"), _LINE)
        line.setCosmetic(True)
        line.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        if self._dashed:
            line.setDashPattern([2, 2])
        self._line.setPen(line)
        self._line.setRect(area)
        if self._rim is not None:
            rim = QPen(shade.color("canvas"), _LINE + 2)
            rim.setCosmetic(True)
            rim.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            self._rim.setPen(rim)
            self._rim.setRect(area)
        self.set_visible(True)

    def surround(
        self, area: QRectF, across: float, down: float, shade: Palette
    ) -> None:
        """Draw just outside an area, whose edges are the line's inner edges.

        Parameters
        ----------
        area
            In picture coordinates.
        across, down
            Screen pixels per picture pixel.
        shade
            Colours of the theme.
        """
        x, y = _LINE / 2 / across, _LINE / 2 / down
        self._draw(area.adjusted(-x, -y, x, y), shade)

    def enclose(self, cell: QRectF, across: float, down: float, shade: Palette) -> None:
        """Draw around a cell, or around its middle if the cell is too small to see."""
        wide, high = (
            max(cell.width(), _LEAST / across),
            max(cell.height(), _LEAST / down),
        )
        centre = cell.center()
        grown = QRectF(centre.x() - wide / 2, centre.y() - high / 2, wide, high)
        self.surround(grown, across, down, shade)

    def set_visible(self, visible: bool) -> None:
        """Show or hide it."""
        self._line.setVisible(visible)
        if self._rim is not None:
            self._rim.setVisible(visible)

    @property
    def area(self) -> QRectF | None:
        """Middle of the line in picture coordinates, or None while hidden."""
        return self._line.rect() if self._line.isVisible() else None
