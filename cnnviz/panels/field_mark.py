"""The receptive field drawn over the input."""

from __future__ import annotations

from PySide6.QtCore import QRectF

from cnnviz.core.geometry import ReceptiveField
from cnnviz.panels.canvas import Canvas
from cnnviz.panels.marks import Outline, Veil

_DIM = 170
"""How far positions that are not read are faded into the canvas, 0 … 255."""


class FieldMark:
    """A box in the accent colour: solid what is there, dashed what is padding.

    Positions inside the box that are not read (dilation, stride) are dimmed.
    """

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._field: ReceptiveField | None = None
        self._holes = Veil(canvas, _DIM)
        self.beyond = Outline(canvas, dashed=True)
        self.inside = Outline(canvas)
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
                outline.hide()
            else:
                outline.surround(area)

    def _draw_holes(self) -> None:
        """Dim what lies in the box and is not read."""
        field, box = self._field, self.box
        if field is None or box is None or field.mask.ndim != 2:
            self._holes.show(None)
            return
        (top, bottom), (left, right) = field.box
        rows = slice(max(top, 0), max(bottom + 1, 0))
        columns = slice(max(left, 0), max(right + 1, 0))
        holes = ~field.mask[rows, columns]
        high, wide = holes.shape
        self._holes.show(holes, QRectF(columns.start, rows.start, wide, high))
