"""One kernel of a tensor, or the tensor as a curve, and how its values are spread."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from cnnviz.core.layers import Array, Unit
from cnnviz.core.look import Look
from cnnviz.panels import theme
from cnnviz.panels.frame import Elided, PanelFrame
from cnnviz.panels.histogram import HistogramView
from cnnviz.panels.kernel_rows import KernelRows
from cnnviz.panels.line_view import LineView
from cnnviz.panels.mosaic import MosaicView
from cnnviz.panels.scalebar import ScaleBar
from cnnviz.pictures.captions import count, size
from cnnviz.pictures.channel_words import bins, counts_words, stats_words
from cnnviz.pictures.colours import table
from cnnviz.pictures.curves import histogram
from cnnviz.pictures.levels import levels, one_of, quantise
from cnnviz.pictures.montage import as_tiles


class WeightPanel(PanelFrame):
    """Two views side by side, each with a line of words above and numbers below.

    Signals
    -------
    valuePicked(int)
        The value of a vector that was clicked.
    hovered(object)
        ``(channel, place, value)`` under the pointer, or None.
    """

    valuePicked = Signal(int)
    hovered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("weightPanel", "Kernel", parent)
        body = QWidget()
        self.slices, self.rows, self.line = MosaicView(), KernelRows(), LineView()
        self.line.setAccessibleName("the tensor's values as a line")
        self.line.axis.counted = "index"
        self.histogram, self.scale = HistogramView(), ScaleBar()
        self._what = Elided(theme.caption_font())
        self._counts = Elided(theme.caption_font())
        self._stats = Elided(theme.caption_font())
        grid = QGridLayout(body)
        grid.setContentsMargins(theme.GRID, 0, theme.GRID, theme.GRID // 2)
        grid.setHorizontalSpacing(2 * theme.GRID)
        grid.setVerticalSpacing(0)
        grid.addWidget(self._what, 0, 0)
        for view in (self.slices, self.rows, self.line):
            grid.addWidget(view, 1, 0)
        grid.addWidget(self.scale, 2, 0)
        grid.addWidget(self._counts, 0, 1)
        grid.addWidget(self.histogram, 1, 1)
        grid.addWidget(self._stats, 2, 1)
        grid.setColumnStretch(0, 3)
        grid.setColumnStretch(1, 2)
        grid.setRowStretch(1, 1)
        self.set_content(body)
        self._kernel: Array = np.zeros(0, np.float32)
        self._channel = 0
        self.slices.hovered.connect(self._on_slices)
        self.rows.hovered.connect(self._on_rows)
        self.line.hovered.connect(self._on_line)
        self.line.unitPicked.connect(lambda unit: self.valuePicked.emit(unit[0]))
        self.show_nothing("Choose a tensor to see one of its kernels large.")

    def show_kernel(self, name: str, weight: Array, channel: int, look: Look) -> None:
        """Show one kernel of a tensor, a tile or row for each input channel.

        Parameters
        ----------
        name
            Of the tensor.
        weight
            ``(O, I, *k)``, or ``(O, I)`` for rows of weights.
        channel
            Which kernel or row.
        look
            Colours; a kernel keeps the colour scale of its whole tensor, a row has one
            of its own.
        """
        row, over_time = weight.ndim == 2, weight.ndim == 3
        self._kernel, self._channel = weight[channel], channel
        self.header.set_title(f"{'Row' if row else 'Kernel'} {channel}")
        self.header.set_caption(f"of {len(weight)} · {name}")
        part = weight[channel : channel + 1] if row else weight
        found = levels(part, look.scale, look.bound, signed=True)
        at = 0 if row else channel
        codes = quantise(part[at][None], one_of(found, at))[0]
        colours = table(look.colours, True, look.dark)
        self._show_view(self.rows if over_time else self.slices)
        if over_time:
            self.rows.show_kernel(codes, colours, ahead=None)
        else:
            called = f"{name} {channel}"
            self.slices.show_tiles(as_tiles(codes), self._kernel, colours, name=called)
        self.scale.show_levels(found, colours, at)
        self._what.set_text(_words(self._kernel))
        self._show_spread(self._kernel, signed=True)

    def show_vector(self, name: str, values: Array, channel: int | None) -> None:
        """Show a vector as a curve and mark one of its values.

        Parameters
        ----------
        values
            ``(n,)``.
        """
        self._kernel, self._channel = values, channel or 0
        self.header.set_title("Values")
        self.header.set_caption(f"{count(len(values))} · {name}")
        self._show_view(self.line)
        self.line.show_line(values, name=name)
        self.line.show_place(channel)
        self._what.set_text("every value as a line")
        self._show_spread(values, signed=None)
        self.histogram.show_value(None if channel is None else float(values[channel]))

    def _show_view(self, shown: QWidget) -> None:
        for view in (self.slices, self.rows, self.line):
            view.setVisible(view is shown)
        self.scale.setVisible(shown is not self.line)

    def _show_spread(self, values: Array, signed: bool | None) -> None:
        spread = histogram(values, bins(values.size), signed)
        self.histogram.show_histogram(spread)
        self.histogram.show_value(None)
        self._counts.set_text(counts_words(spread, values.size))
        self._stats.set_text(*stats_words(spread))
        self.show_content()

    def _on_slices(self, found: tuple[int, Unit, float] | None) -> None:
        if found is not None:
            inner, tap, value = found
            found = (self._channel, (inner, *tap), value)
        self.hovered.emit(found)

    def _on_rows(self, found: tuple[int, int] | None) -> None:
        said = None
        if found is not None:
            said = (self._channel, found, float(self._kernel[found]))
        self.hovered.emit(said)

    def _on_line(self, found: tuple[Unit, float] | None) -> None:
        said = None
        if found is not None:
            (index,), value = found
            said = (index, (), value)
        self.hovered.emit(said)


def _words(kernel: Array) -> str:
    """Say what a kernel is made of."""
    many = "" if len(kernel) == 1 else "s"
    if kernel.ndim == 1:
        return f"{count(len(kernel))} weight{many}"
    if kernel.ndim == 2:
        taps = "tap" if kernel.shape[1] == 1 else "taps"
        return f"{count(len(kernel))} row{many} of {kernel.shape[1]} {taps}"
    return f"{count(len(kernel))} slice{many} of {size(kernel.shape[1:])}"
