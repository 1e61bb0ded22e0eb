"""What did not matter to a value, faded on the input."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF

from cnnviz.core.geometry import ReceptiveField
from cnnviz.core.mattering import Mattering
from cnnviz.panels import theme
from cnnviz.panels.canvas import Canvas

_DIM = 190
"""How far positions that did not matter are faded into the canvas, 0 … 255."""


class MatterMark:
    """Fades what a unit sees but what did not matter to its value.

    It is shown as long as the box on show is the one of that unit.
    """

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._found: Mattering | None = None
        self.item = pg.ImageItem(axisOrder="row-major")
        self.item.setParentItem(canvas.root)
        self.item.hide()

    def show_found(self, found: Mattering | None) -> None:
        """Show another answer; None for none."""
        self._found = found
        if found is None or found.mask.ndim != 2:
            self.item.hide()
            return
        idle = found.field.mask & ~found.mask
        colours = np.zeros((*idle.shape, 4), np.uint8)
        colours[..., :3] = theme.of(self._canvas).rgb("canvas")
        colours[..., 3] = np.where(idle, _DIM, 0)
        self.item.setImage(colours, autoLevels=False, levels=None, lut=None)
        high, wide = idle.shape
        self.item.setRect(QRectF(0, 0, wide, high))
        self.item.show()

    def show_field(self, field: ReceptiveField | None) -> None:
        """Give way while the box of another unit is on show."""
        found = self._found
        same = found is not None and field is not None and found.field.box == field.box
        self.item.setVisible(same and found is not None and found.mask.ndim == 2)
