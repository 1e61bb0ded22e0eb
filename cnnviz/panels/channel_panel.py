"""One channel: its kernel's slices, its map, and how its values are spread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from cnnviz.core.layers import Array, Layer, Unit
from cnnviz.core.look import Look
from cnnviz.panels import theme
from cnnviz.panels.frame import Elided, PanelFrame, Sentence
from cnnviz.panels.histogram import HistogramView
from cnnviz.panels.kernel_rows import KernelRows
from cnnviz.panels.line_view import LineView
from cnnviz.panels.mosaic import MosaicView
from cnnviz.panels.scalebar import ScaleBar
from cnnviz.pictures.captions import count, size
from cnnviz.pictures.channel_words import (
    bins,
    counts_words,
    kernel_words,
    stats_words,
)
from cnnviz.pictures.colours import table
from cnnviz.pictures.curves import spread_of
from cnnviz.pictures.levels import coded, levels, one_of
from cnnviz.pictures.montage import as_tiles, output_first


@dataclass(frozen=True, slots=True, eq=False)
class Along:
    """What more there is to know of maps and kernels over time.

    Attributes
    ----------
    time
        ``(T,)``: when each step of the map was, in seconds; None counts steps.
    before
        ``(T,)``: the same map before its activation, or None.
    names
        Of the kernel's input channels, where these are the variables.
    ahead
        Steps by which the kernel's last tap lies after the step that is computed.
    """

    time: Array | None = None
    before: Array | None = None
    names: tuple[str, ...] = ()
    ahead: int = 0


_SHARES = 2, 3, 2
"""Of the width: kernel, map over time, histogram."""


class ChannelPanel(PanelFrame):
    """Three views side by side, each with a line of words below.

    Signals
    -------
    unitPicked(object)
        Position in the map that was clicked.
    hovered(object)
        ``(channel, unit, value)`` under the pointer in the map, or None.
    kernelHovered(object)
        ``(channel, (input channel, *tap), value)`` in the kernel, or None.
    """

    unitPicked = Signal(object)
    hovered = Signal(object)
    kernelHovered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("channelPanel", "Channel", parent)
        body = QWidget()
        self.slices, self.map = MosaicView(), MosaicView()
        self.histogram = HistogramView()
        self._scales = ScaleBar(), ScaleBar()
        self._words = tuple(Elided(theme.caption_font()) for _ in range(3))
        self._stats = Elided(theme.caption_font())
        self._grid = grid = QGridLayout(body)
        grid.setContentsMargins(theme.GRID, 0, theme.GRID, theme.GRID // 2)
        grid.setHorizontalSpacing(2 * theme.GRID)
        grid.setVerticalSpacing(0)
        for at, view in enumerate((self.slices, self.map, self.histogram)):
            grid.addWidget(self._words[at], 0, at)
            grid.addWidget(view, 1, at)
            grid.setColumnStretch(at, 1)
        self.rows, self.line = KernelRows(), LineView()
        grid.addWidget(self.rows, 1, 0)
        grid.addWidget(self.line, 1, 1)
        grid.addWidget(self._scales[0], 2, 0)
        grid.addWidget(self._scales[1], 2, 1)
        grid.addWidget(self._stats, 2, 2)
        self._origin = Sentence()
        grid.addWidget(self._origin, 1, 0)
        grid.setRowStretch(1, 1)
        self.set_content(body)
        self._shown: Layer | None = None
        self._channel = 0
        self._kernel: Array = np.zeros((0, 0), np.float32)
        self.map.picked.connect(lambda _channel, unit: self.unitPicked.emit(unit))
        self.map.hovered.connect(self._on_map_hovered)
        self.slices.hovered.connect(self._on_kernel_hovered)
        self.line.unitPicked.connect(self.unitPicked)
        self.line.hovered.connect(self._on_line_hovered)
        self.rows.hovered.connect(self._on_rows_hovered)
        self.show_nothing("Choose a map to see it large.")

    def show_channel(
        self,
        head: Layer | None,
        shown: Layer,
        channel: int,
        look: Look,
        signed: bool | None = None,
        fold: tuple[int, ...] | None = None,
        along: Along | None = None,
        name: str = "",
    ) -> None:
        """Show one channel of a layer.

        Parameters
        ----------
        head
            The layer whose kernel makes this channel; None if none does.
        shown
            The layer whose map is shown, before or after the activation.
        channel
            Index of the map, and of the kernel.
        look
            Colours and scale; the map keeps the colour scale of its whole layer.
        signed
            Zero in the middle of the map's scale; None: if the layer has a negative
            value.
        fold
            For a dense layer: shape of the maps its inputs were flattened from.
        along
            What more there is to know of maps and kernels over time.
        name
            What the channel is called, where it has a name (``"Sobel x"``).
        """
        maps, along = shown.maps, along or Along()
        self._shown, self._channel = shown, channel
        what = "Channel" if maps.ndim > 1 else "Neuron"
        self.header.set_title(f"{what} {channel}")
        if not maps.size or not 0 <= channel < len(maps):
            self.show_nothing(f"empty map ({size(shown.shape)})")
            return
        caption = f"of {len(maps)} · {shown.name}"
        self.header.set_caption(f"{name} · {caption}" if name else caption)
        self._show_slices(head, channel, look, fold, along)
        self._show_origin(shown, channel)
        self._show_map(shown, channel, look, signed, along)
        self.show_content()

    def ready(
        self,
        head: Layer | None,
        shown: Layer,
        channel: int,
        look: Look,
        signed: bool | None = None,
    ) -> Iterator[None]:
        """Make in steps what ``show_channel`` would show."""
        maps = shown.maps
        if not maps.size or not 0 <= channel < len(maps):
            return
        found = levels(maps, look.scale, look.bound, signed)
        values = maps if maps.ndim == 1 else maps[channel]
        yield
        spread_of(values, bins(values.size), found.signed)
        yield
        if maps.ndim > 2:
            tiles = as_tiles(coded(values[None], one_of(found, channel)))
            colours = table(look.colours, found.signed, look.dark)
            yield from self.map.ready(tiles, colours)
        weight = None if head is None else output_first(head)
        if weight is None or weight.ndim < 4 or channel >= len(weight):
            return
        found = levels(weight, look.scale, look.bound, signed=True)
        yield
        tiles = as_tiles(coded(weight[channel][None], one_of(found, channel))[0])
        yield from self.slices.ready(tiles, table(look.colours, True, look.dark))

    @property
    def channel(self) -> int:
        """The channel on show."""
        return self._channel

    def show_place(self, unit: Unit | None) -> None:
        """Mark a position in the map and its value in the histogram."""
        self.map.show_place(0, unit)
        self.line.show_place(unit[0] if unit and len(unit) == 1 else None)
        value = None
        if self._shown is not None and unit is not None and self.reason is None:
            value = self._shown.value(self._channel, unit)
        self.histogram.show_value(value)

    def _show_slices(
        self,
        head: Layer | None,
        channel: int,
        look: Look,
        fold: tuple[int, ...] | None,
        along: Along,
    ) -> None:
        """Show the kernel, one tile or row per input channel."""
        weight = None if head is None else output_first(head)
        fits = weight is not None and 0 <= channel < len(weight)
        over_time = weight is not None and weight.ndim == 3
        for part in (self._words[0], self._scales[0]):
            part.setVisible(fits)
        self.slices.setVisible(fits and not over_time)
        self.rows.setVisible(fits and over_time)
        if head is None or weight is None or not fits:
            return
        dense = weight.ndim == 2
        if dense:  # one neuron's weights: the whole may be a hundred million
            weight = weight[channel : channel + 1]
        found = levels(weight, look.scale, look.bound, signed=True)
        at = 0 if dense else channel
        kernel, codes = weight[at], coded(weight[at][None], one_of(found, at))[0]
        if dense and fold is not None and np.prod(fold) == kernel.size:
            kernel, codes = kernel.reshape(fold), codes.reshape(fold)
        colours = table(look.colours, True, look.dark)
        if over_time:
            dilation = head.geometry.dilation[0] if head.geometry else 1
            self._kernel = kernel
            self.rows.show_kernel(codes, colours, dilation, along.names, along.ahead)
        else:
            name = f"{head.name} kernel {channel}"
            self.slices.show_tiles(as_tiles(codes), kernel, colours, name=name)
        self._scales[0].show_levels(found, colours, at)
        self._words[0].set_text(kernel_words(kernel, head, channel))

    def _show_origin(self, shown: Layer, channel: int) -> None:
        """Say which value of the maps before a flattened value is."""
        flat = shown.kind == "flatten" and shown.output.ndim == 1
        self._origin.setVisible(flat)
        if flat:
            before = shown.input_shapes[0]
            first, *rest = map(int, np.unravel_index(channel, before))
            place = ", ".join(map(str, rest))
            self._origin.setText(
                f"Value {channel} is channel {first}, position ({place}) "
                f"of the {size(before)} maps of {shown.inputs[0]}."
            )

    def _show_map(
        self,
        shown: Layer,
        channel: int,
        look: Look,
        signed: bool | None,
        along: Along,
    ) -> None:
        """Show the map large, and how its values are spread."""
        maps = shown.maps
        found = levels(maps, look.scale, look.bound, signed)
        vector = maps.ndim == 1
        over_time = maps.ndim == 2 and maps.shape[1] > 1
        self._words[1].setVisible(not vector)
        for part in (self.map, self._scales[1]):
            part.setVisible(not vector and not over_time)
        self.line.setVisible(over_time)
        for at, share in enumerate(_SHARES if over_time else (1, 1, 1)):
            self._grid.setColumnStretch(at, share)
        values = maps if vector else maps[channel]
        name = f"{shown.name} channel {channel}"
        if not vector:
            colours = table(look.colours, found.signed, look.dark)
            self.map.show_tiles(
                as_tiles(coded(values[None], one_of(found, channel))),
                values[None],
                colours,
                stretch=values.ndim == 1,
                name=name,
            )
            self._scales[1].show_levels(found, colours, channel)
            scale = " · own scale" if found.per_map else ""
            self._words[1].set_text(f"map {size(values.shape)}{scale}")
        if over_time:
            at = channel if found.per_map else 0
            self.line.show_line(
                values,
                found.signed,
                before=along.before,
                time=along.time,
                bound=float(max(-found.low[at], found.high[at])) or None,
                name=name,
            )
        spread = spread_of(values, bins(values.size), found.signed)
        self.histogram.show_histogram(spread)
        what = f"all {count(values.size)} values: " if vector else ""
        self._words[2].set_text(what + counts_words(spread, values.size))
        self._stats.set_text(*stats_words(spread))

    def _on_map_hovered(self, found: tuple[int, Unit, object] | None) -> None:
        if found is not None:
            found = (self._channel, *found[1:])
        self.hovered.emit(found)

    def _on_line_hovered(self, found: tuple[Unit, float] | None) -> None:
        self.hovered.emit(None if found is None else (self._channel, *found))

    def _on_rows_hovered(self, found: tuple[int, int] | None) -> None:
        said = None
        if found is not None:
            said = (self._channel, found, float(self._kernel[found]))
        self.kernelHovered.emit(said)

    def _on_kernel_hovered(self, found: tuple[int, Unit, object] | None) -> None:
        if found is not None:
            inner, tap, value = found
            found = (self._channel, (inner, *tap), value)
        self.kernelHovered.emit(found)
