"""What the network saw, and what of it the chosen unit sees."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QStackedWidget, QToolButton, QVBoxLayout, QWidget

from cnnviz.core.geometry import ReceptiveField
from cnnviz.core.layers import Array
from cnnviz.core.look import Look
from cnnviz.core.mattering import Mattering
from cnnviz.core.series import Series
from cnnviz.core.trace import Sample
from cnnviz.panels import theme
from cnnviz.panels.canvas import Canvas
from cnnviz.panels.field_mark import FieldMark
from cnnviz.panels.frame import Elided, PanelFrame
from cnnviz.panels.matter_mark import MatterMark
from cnnviz.panels.saving import Exporter, Numbers
from cnnviz.panels.series_input import SeriesInput
from cnnviz.pictures.captions import count, size
from cnnviz.pictures.colours import table
from cnnviz.pictures.overlay import overlay
from cnnviz.pictures.steps import rate

_PAD = 12
"""Screen pixels around the picture, where a box may reach into the padding."""


class InputPanel(PanelFrame):
    """The picture or series, what a unit sees of it, the chosen map laid over it.

    Signals
    -------
    positionPicked(int, int)
        Row and column of the input that was clicked.
    hovered(object)
        ``(row, column, (red, green, blue))`` under the pointer, or None.
    """

    positionPicked = Signal(int, int)
    hovered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("inputPanel", "Input", parent)
        body = QWidget()
        self.canvas = Canvas(pad=_PAD, photo=True)
        self.steps = Elided(theme.caption_font())
        self.notes = Elided(theme.caption_font(), "warning")
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, theme.GRID // 2)
        column.setSpacing(2)
        self.series = SeriesInput()
        self._views = QStackedWidget()
        self._views.setMinimumHeight(17 * theme.GRID)  # lanes may be cut, not the dock
        self._views.addWidget(self.canvas)
        self._views.addWidget(self.series)
        column.addWidget(self._views, 1)
        for line in (self.steps, self.notes):
            row = QVBoxLayout()
            row.setContentsMargins(theme.GRID, 0, theme.GRID, 0)
            row.addWidget(line)
            column.addLayout(row)
        self.set_content(body)
        self.overlaid = QToolButton()
        self.overlaid.setText("overlay")
        self.overlaid.setFont(theme.caption_font())
        self.overlaid.setCheckable(True)
        self.overlaid.setToolTip("Lay the chosen map over the picture")
        self.overlaid.toggled.connect(lambda _on: self._paint())
        self.header.add_tool(self.overlaid)
        self._sample: Sample | None = None
        self._map: tuple[Array, NDArray[np.uint8], bool | None] | None = None
        self._mattered = MatterMark(self.canvas)
        self._mark = FieldMark(self.canvas)
        self.exporter = Exporter(
            self,
            lambda: "input" if self._sample is None else self._sample.title,
            self._image,
            self._numbers,
        )
        self.canvas.clicked.connect(self._on_click)
        self.canvas.hovered.connect(self._on_hover)
        self.canvas.menuRequested.connect(self.exporter.open_menu)
        self.canvas.setAccessibleName("the picture the network saw")
        self.show_nothing(
            "Drop a picture or a CSV on the window, or paste one with Ctrl+V."
        )

    def show_sample(self, sample: Sample) -> None:
        """Show another input."""
        self._sample = sample
        self._map = None
        if sample.series is not None:
            self._show_series(sample, sample.series)
            return
        self._views.setCurrentWidget(self.canvas)
        self.overlaid.show()
        if sample.shown is None:
            shapes = ", ".join(size(values.shape) for values in sample.values)
            self.show_nothing(f"The input is no picture: {shapes}.")
            return
        self.show_field(None)
        self._paint()
        shape = size(sample.shown.shape[:2])
        self.header.set_caption(f"{sample.title} · {shape}")
        self._show_words(sample)

    def _show_words(self, sample: Sample) -> None:
        self.steps.set_text(" → ".join(sample.steps))
        self.notes.set_text(" · ".join(sample.notes))
        self.notes.setVisible(bool(sample.notes))
        self.show_content()

    def _show_series(self, sample: Sample, series: Series) -> None:
        """Show a series in place of a picture."""
        self.series.show_series(series)
        self._views.setCurrentWidget(self.series)
        self.overlaid.hide()
        many, steps = series.values.shape
        parts = [sample.title, f"{many} × {count(steps)} steps"]
        if series.rate is not None:
            parts.append(rate(series.rate))
        self.header.set_caption(" · ".join(parts))
        self._show_words(sample)

    def show_field(
        self, field: ReceptiveField | None, beyond: tuple[int, ...] = ()
    ) -> None:
        """Show what a unit sees as a box or a span; None for none.

        Parameters
        ----------
        beyond
            Of a series: steps outside it that would be read if there were any.
        """
        if self._sample is not None and self._sample.series is not None:
            self.series.show_field(field, beyond)
            return
        self._mark.show_field(field)
        self._mattered.show_field(field)

    def show_mattered(self, found: Mattering | None) -> None:
        """Fade what the unit sees but what did not matter; None for nothing."""
        self._mattered.show_found(found)

    def show_overlay(
        self, values: Array | None, look: Look, signed: bool | None = None
    ) -> None:
        """Set the map that is laid over the picture while the person wants it.

        Parameters
        ----------
        values
            ``(h, w)``, or None. It covers the picture evenly.
        look
            Colours.
        signed
            Zero in the middle of the scale; None: if a value is negative.
        """
        if values is None or values.ndim != 2 or not values.size:
            self._map = None
        else:
            below = bool((values < 0).any()) if signed is None else signed
            self._map = values, table(look.colours, below, look.dark), below
        self.overlaid.setEnabled(self._map is not None)
        if self.overlaid.isChecked():
            self._paint()

    def _paint(self) -> None:
        """Show the picture, with the map over it if wanted."""
        sample = self._sample
        if sample is None or sample.shown is None:
            return
        picture = sample.shown
        if self.overlaid.isChecked() and self._map is not None:
            values, colours, signed = self._map
            picture = overlay(picture, values, colours, signed=signed, smooth=True)
        self.canvas.set_picture(picture)

    def _pixel(self, at: QPointF) -> tuple[int, int] | None:
        """Return row and column under a point of the picture, or None outside."""
        high, wide = self.canvas.size_px
        y, x = math.floor(at.y()), math.floor(at.x())
        return (y, x) if 0 <= y < high and 0 <= x < wide else None

    def _on_click(self, at: QPointF) -> None:
        pixel = self._pixel(at)
        if pixel is not None:
            self.positionPicked.emit(*pixel)

    def _on_hover(self, at: QPointF | None) -> None:
        pixel = None if at is None else self._pixel(at)
        sample = self._sample
        if pixel is None or sample is None or sample.shown is None:
            self.hovered.emit(None)
            return
        red, green, blue = sample.shown[pixel].tolist()
        self.hovered.emit((*pixel, (red, green, blue)))

    def _image(self) -> QImage:
        return self.canvas.image()

    def _numbers(self) -> dict[str, Numbers]:
        if self._sample is None:
            return {}
        words = ("channel", "y")
        arrays = enumerate(self._sample.values)
        return {
            f"input_{i}" if i else "input": Numbers(values, words[: values.ndim - 1])
            for i, values in arrays
        }
