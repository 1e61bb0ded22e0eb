"""The receptive field drawn over the input."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF

from cnnviz.core.geometry import ReceptiveField
from cnnviz.panels import theme
from cnnviz.panels.canvas import Canvas
from cnnviz.panels.marks import Outline

_DIM = 170
"""How far positions that are not read are faded into the canvas, 0 … 255."""


class FieldMark:
    """A box in the accent colour: solid what is there, dashed what is padding.

    Positions inside the box that are not read (dilation, stride) are dimmed.
    """

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._field: ReceptiveField | None = None
        self._holes = pg.ImageItem(axisOrder="row-major")
        self._holes.setParentItem(canvas.root)
        self.beyond = Outline(canvas.root, dashed=True)
        self.inside = Outline(canvas.root)
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
        """Draw what is there solid, and the whole box dashed where it is larger."""
        box, (high, wide) = self.box, self._canvas.size_px
        seen = None if box is None else box & QRectF(0, 0, wide, high)
        whole = None if box == seen else box
        for outline, area in ((self.beyond, whole), (self.inside, seen)):
            if area is None or area.isEmpty():
                outline.set_visible(False)
            else:
                outline.surround(area, self._canvas)

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
        colours = np.zeros((*holes.shape, 4), np.uint8)
        colours[..., :3] = theme.of(self._canvas).rgb("canvas")
        colours[..., 3] = np.where(holes, _DIM, 0)
        self._holes.setImage(colours, autoLevels=False, levels=None, lut=None)
        high, wide = holes.shape
        self._holes.setRect(QRectF(columns.start, rows.start, wide, high))
        self._holes.show()
