"""The receptive field drawn over the input."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsPathItem

from cnnviz.core.geometry import ReceptiveField
from cnnviz.panels import theme
from cnnviz.panels.canvas import Canvas

_LINE = 2
_DIM = 170
"""How far positions that are not read are faded into the canvas, 0 … 255."""


class FieldMark:
    """A box in the accent colour; dashed where it lies beyond the picture.

    Positions inside the box that are not read (dilation, stride) are dimmed.
    """

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._field: ReceptiveField | None = None
        self._holes = pg.ImageItem(axisOrder="row-major")
        self._holes.setParentItem(canvas.root)
        self._rims = (QGraphicsPathItem(canvas.root), QGraphicsPathItem(canvas.root))
        self.beyond = QGraphicsPathItem(canvas.root)
        self.inside = QGraphicsPathItem(canvas.root)
        canvas.viewChanged.connect(self._draw)

    def show_field(self, field: ReceptiveField | None) -> None:
        """Draw another field; None for none."""
        self._field = field
        self._draw_holes()
        self._draw()

    @property
    def box(self) -> QRectF | None:
        """The box in picture coordinates, unclipped; None while nothing is drawn."""
        field = self._field
        if field is None or len(field.box) != 2:
            return None
        (top, bottom), (left, right) = field.box
        return QRectF(left, top, right - left + 1, bottom - top + 1)

    def _draw(self) -> None:
        """Draw the edges, each in its inner and outer part."""
        box, (high, wide) = self.box, self._canvas.size_px
        items = (*self._rims, self.beyond, self.inside)
        for item in items:
            item.setVisible(box is not None)
        if box is None:
            return
        picture = QRectF(0, 0, wide, high)
        across, down = self._canvas.scale
        x, y = _LINE / 2 / across, _LINE / 2 / down
        frame = box.adjusted(-x, -y, x, y)
        inside, beyond = _edges(frame, picture.adjusted(-x, -y, x, y))
        shade = theme.of(self._canvas)
        rim = QPen(shade.color("canvas"), _LINE + 2)
        line = QPen(shade.color("accent"), _LINE)
        dashed = QPen(line)
        dashed.setDashPattern([2, 2])
        for item, path, pen in zip(
            items,
            (inside, beyond, beyond, inside),
            (rim, rim, dashed, line),
            strict=True,
        ):
            pen.setCosmetic(True)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            item.setPen(pen)
            item.setPath(path)

    def _draw_holes(self) -> None:
        """Dim what lies in the box and is not read."""
        field, box = self._field, self.box
        holes = None
        if field is not None and box is not None and field.mask.ndim == 2:
            (top, bottom), (left, right) = field.box
            rows = slice(max(top, 0), max(bottom + 1, 0))
            columns = slice(max(left, 0), max(right + 1, 0))
            holes = ~field.mask[rows, columns]
        if holes is None or not holes.any():
            self._holes.hide()
            return
        ground = theme.of(self._canvas).color("canvas")
        colours = np.zeros((*holes.shape, 4), np.uint8)
        colours[..., :3] = (ground.red(), ground.green(), ground.blue())
        colours[..., 3] = np.where(holes, _DIM, 0)
        self._holes.setImage(colours, autoLevels=False, levels=None, lut=None)
        high, wide = holes.shape
        self._holes.setRect(QRectF(columns.start, rows.start, wide, high))
        self._holes.show()


def _edges(frame: QRectF, picture: QRectF) -> tuple[QPainterPath, QPainterPath]:
    """Return the parts of a frame's edges inside and outside a picture."""
    inside, beyond = QPainterPath(), QPainterPath()
    corners = (
        frame.topLeft(),
        frame.topRight(),
        frame.bottomRight(),
        frame.bottomLeft(),
    )
    for i, start in enumerate(corners):
        edge = QLineF(start, corners[(i + 1) % 4])
        cuts = {0.0, 1.0}
        for low, high, bounds in (
            (edge.x1(), edge.x2(), (picture.left(), picture.right())),
            (edge.y1(), edge.y2(), (picture.top(), picture.bottom())),
        ):
            if low != high:
                cuts |= {(bound - low) / (high - low) for bound in bounds}
        marks = sorted(cut for cut in cuts if 0 <= cut <= 1)
        for a, b in pairwise(marks):
            middle = edge.pointAt((a + b) / 2)
            path = inside if picture.contains(middle) else beyond
            path.moveTo(edge.pointAt(a))
            path.lineTo(edge.pointAt(b))
    return inside, beyond
