"""What a unit of a later layer can see, drawn on the tiles of a mosaic."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainterPath
from PySide6.QtWidgets import QGraphicsPathItem

from cnnviz.core.geometry import ReceptiveField
from cnnviz.panels import theme
from cnnviz.panels.marks import Outline, cosmetic
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
        root = mosaic.canvas.root
        self.holes = pg.ImageItem(axisOrder="row-major")
        self.holes.setParentItem(root)
        self.holes.hide()
        self.everywhere = QGraphicsPathItem(root)
        self.box = Outline(root)
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
            self.box.surround(areas[0], self._mosaic.canvas)
        else:
            self.box.set_visible(False)
        path = QPainterPath()
        for area in () if single else areas:
            path.addRect(area)
        colour = theme.of(self._mosaic).color("accent")
        ratio = round(self._mosaic.devicePixelRatioF())
        self.everywhere.setPen(cosmetic(colour, ratio))
        self.everywhere.setPath(path)
        self._draw_holes(areas[0] if single else None)

    def _draw_holes(self, area: QRectF | None) -> None:
        """Fade what lies inside the box and is not read."""
        field = self._field
        if area is None or field is None or not field.span or len(field.span) != 2:
            self.holes.hide()
            return
        part = tuple(slice(first, last + 1) for first, last in field.span)
        skipped = ~field.mask[part]
        if not skipped.any():
            self.holes.hide()
            return
        colours = np.zeros((*skipped.shape, 4), np.uint8)
        colours[..., :3] = theme.of(self._mosaic).rgb("canvas")
        colours[..., 3] = np.where(skipped, _DIM, 0)
        self.holes.setImage(colours, autoLevels=False, levels=None, lut=None)
        self.holes.setRect(area)
        self.holes.show()
