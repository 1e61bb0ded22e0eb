"""What a unit of a later layer can see, drawn on the tiles of a mosaic."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainterPath

from cnnviz.core.geometry import ReceptiveField
from cnnviz.panels.marks import Outline, Stroke, Veil
from cnnviz.panels.mosaic import MosaicView

_DIM = 150
"""How far positions that are not read are faded into the canvas, 0 … 255."""


class TileField:
    """A box on one tile, with what it skips faded; or thin boxes on all tiles.

    Parameters
    ----------
    mosaic
        Its tiles are maps: positions of the field are positions of its values.
    """

    def __init__(self, mosaic: MosaicView) -> None:
        self._mosaic = mosaic
        self._field: ReceptiveField | None = None
        self._channel: int | None = None
        self.holes = Veil(mosaic.canvas, _DIM)
        self.everywhere = Stroke(mosaic.canvas, "accent")
        self.box = Outline(mosaic.canvas)
        mosaic.canvas.viewChanged.connect(self._draw)

    def show_field(
        self, field: ReceptiveField | None, channel: int | None = None
    ) -> None:
        """Draw another field; None for none.

        Parameters
        ----------
        channel
            The map that is seen; None for all of them.
        """
        if field is None and self._field is None:
            return
        self._field, self._channel = field, channel
        self._draw()

    def areas(self) -> list[QRectF]:
        """Return what is seen, tile by tile, in picture coordinates."""
        field, mosaic = self._field, self._mosaic
        if field is None or field.span is None or not field.span:
            return []
        if len(field.span) != len(mosaic.rest):
            return []
        first, last = zip(*field.span, strict=True)
        channels = range(mosaic.channels) if self._channel is None else [self._channel]
        found = []
        for channel in channels:
            corners = mosaic.cell(channel, first), mosaic.cell(channel, last)
            if corners[0] is not None and corners[1] is not None:
                found.append(corners[0].united(corners[1]))
        return found

    def _draw(self) -> None:
        areas = self.areas()
        single = self._channel is not None and len(areas) == 1
        if single:
            self.box.surround(areas[0])
        else:
            self.box.hide()
        path = QPainterPath()
        for area in () if single else areas:
            path.addRect(area)
        self.everywhere.show(path)
        self._draw_holes(areas[0] if single else None)

    def _draw_holes(self, area: QRectF | None) -> None:
        """Fade what lies inside the box and is not read."""
        field = self._field
        if area is None or field is None or not field.span or len(field.span) != 2:
            self.holes.show(None)
            return
        part = tuple(slice(first, last + 1) for first, last in field.span)
        self.holes.show(~field.mask[part], area)
