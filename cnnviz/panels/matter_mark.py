"""What did not matter to a value, faded on the input."""

from __future__ import annotations

from PySide6.QtCore import QRectF

from cnnviz.core.geometry import ReceptiveField
from cnnviz.core.mattering import Mattering
from cnnviz.panels.canvas import Canvas
from cnnviz.panels.marks import Veil

_DIM = 190
"""How far positions that did not matter are faded into the canvas, 0 … 255."""


class MatterMark:
    """Fades what a unit sees but what did not matter to its value.

    It is shown as long as the box on show is the one of that unit.
    """

    def __init__(self, canvas: Canvas) -> None:
        self._found: Mattering | None = None
        self.veil = Veil(canvas, _DIM)

    def show_found(self, found: Mattering | None) -> None:
        """Show another answer; None for none."""
        self._found = found
        self._draw(found is not None)

    def show_field(self, field: ReceptiveField | None) -> None:
        """Give way while the box of another unit is on show."""
        found = self._found
        same = found is not None and field is not None and found.field.box == field.box
        self._draw(same)

    def _draw(self, visible: bool) -> None:
        found = self._found
        if not visible or found is None or found.mask.ndim != 2:
            self.veil.show(None)
            return
        high, wide = found.mask.shape
        self.veil.show(found.field.mask & ~found.mask, QRectF(0, 0, wide, high))
