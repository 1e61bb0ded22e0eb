"""The time cursor across a heat map of channels over time."""

from __future__ import annotations

from PySide6.QtGui import QPainterPath

from cnnviz.panels.marks import Stroke
from cnnviz.panels.mosaic import MosaicView

_OPAQUE = 170
"""How opaque the line is over the maps, 0 … 255."""


class TimeMark:
    """An upright line through all channels at one step.

    Parameters
    ----------
    mosaic
        One row of values per channel.
    """

    def __init__(self, mosaic: MosaicView) -> None:
        self._mosaic, self._step = mosaic, -1
        self.line = Stroke(mosaic.canvas, "accent", _OPAQUE)
        mosaic.canvas.viewChanged.connect(self._draw)

    def show_step(self, step: int | None) -> None:
        """Move to another step; None for none."""
        self._step = -1 if step is None else step
        self._draw()

    def _draw(self) -> None:
        mosaic, path = self._mosaic, QPainterPath()
        if self._step >= 0 and mosaic.channels:
            ends = [
                mosaic.cell(c, (self._step,)) if len(mosaic.rest) == 1 else None
                for c in (0, mosaic.channels - 1)
            ]
            if ends[0] is not None and ends[1] is not None:
                x = ends[0].center().x()
                path.moveTo(x, ends[0].top())
                path.lineTo(x, ends[1].bottom())
        self.line.show(path)
