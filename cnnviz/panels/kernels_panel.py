"""A stage's kernels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from cnnviz.core.layers import Array, Layer, Unit
from cnnviz.core.look import Look
from cnnviz.panels.frame import PanelFrame
from cnnviz.panels.mosaic import MosaicView
from cnnviz.panels.scalebar import ScaleBar, grey_ramp
from cnnviz.panels.taps_view import TapsView
from cnnviz.pictures.captions import counts_caption, layer_caption, size
from cnnviz.pictures.colours import table
from cnnviz.pictures.levels import Levels, coded, levels, quantise
from cnnviz.pictures.montage import (
    as_tiles,
    kernel_tiles,
    output_first,
    whole_weight,
)

_MOST = 48_000_000
"""Pixels of a whole weight; a larger one is shown kernel by kernel."""


class KernelsPanel(PanelFrame):
    """All kernels of a layer, the chosen one framed.

    Kernels over RGB in colour; over one channel as signed maps; deeper ones as the
    whole weight, kernels down and input channels across. Of a dense layer the chosen
    neuron's weights are shown, folded back to the maps they were flattened from.
    Kernels over time as input channels down, steps across.

    Signals
    -------
    channelPicked(int)
        The kernel, so the output channel, that was clicked.
    hovered(object)
        ``(channel, tap, value)`` under the pointer, or None; the value has one float
        per colour for kernels over RGB.
    """

    channelPicked = Signal(int)
    hovered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("kernelsPanel", "Kernels", parent)
        self.mosaic = MosaicView()
        self.scale = ScaleBar()
        self.taps = TapsView()
        self._views = QStackedWidget()
        self._views.addWidget(self.mosaic)
        self._views.addWidget(self.taps)
        self.set_content(self._views, self.scale)
        self._name: str | None = None
        self._weight: Array = np.zeros((0, 0), np.float32)
        self._look = Look()
        self._fold: tuple[int, ...] | None = None
        self._single, self._over_time = False, False
        self._channel: int | None = None
        self._legend = self._legend_of(self.taps.levels)
        self.mosaic.picked.connect(self._on_picked)
        self.mosaic.hovered.connect(self._on_hovered)
        self.taps.channelPicked.connect(self.channelPicked)
        self.taps.hovered.connect(self.hovered)
        self.show_nothing("Open a picture to see kernels.")

    def show_kernels(
        self,
        layer: Layer,
        look: Look,
        fold: tuple[int, ...] | None = None,
        names: Sequence[str] = (),
        ahead: int = 0,
    ) -> None:
        """Show a layer's kernels.

        Parameters
        ----------
        layer
            A layer with a weight; any other is named in a sentence.
        look
            Colours and scale.
        fold
            For a dense layer: shape of the maps its inputs were flattened from.
        names
            Of the input channels, where these are the variables of a series.
        ahead
            For a convolution over time: steps by which its last tap lies after the
            step that is computed.
        """
        weight = output_first(layer)
        if weight is None or not weight.size:
            self._name = None
            self.show_nothing(f"{layer.name} ({layer.op}) has no kernels.")
            return
        fits = fold is not None and np.prod(fold) == weight.shape[1]
        self._fold = fold if fits else None
        self._single = weight.ndim == 2 or whole_pixels(weight.shape) > _MOST
        parts = (layer.name, layer_caption(layer), size(weight.shape))
        self.header.set_caption(" · ".join(parts))
        dilation = layer.geometry.dilation[0] if layer.geometry else 1
        self._show(layer.name, weight, look, dilation, names, ahead)

    def show_weight(self, name: str, weight: Array, look: Look) -> None:
        """Show a tensor of which nothing is known but its values.

        Parameters
        ----------
        name
            What to call it.
        weight
            ``(O, I, *k)`` as kernels, ``(O, I)`` as one picture with a row for each
            output, ``(O,)`` as cells. Not empty.
        look
            Colours and scale.
        """
        self._fold = None
        self._single = whole_pixels(weight.shape) > _MOST and weight.ndim > 1
        self.header.set_caption(f"{name} · {size(weight.shape)}")
        self._show(name, weight, look)

    def _show(
        self,
        name: str,
        weight: Array,
        look: Look,
        dilation: int = 1,
        names: Sequence[str] = (),
        ahead: int | None = None,
    ) -> None:
        self._name, self._weight, self._look = name, weight, look
        self.mosaic.setAccessibleName(f"kernels of {name}")
        self.header.set_title("Weights" if weight.ndim <= 2 else "Kernels")
        self._over_time = weight.ndim == 3
        self._views.setCurrentWidget(self.taps if self._over_time else self.mosaic)
        if self._over_time:
            self.taps.show_kernels(
                weight,
                dilation,
                names,
                look,
                self._channel,
                ahead=ahead,
                name=f"{name} kernels",
            )
            self._legend = self._legend_of(self.taps.levels)
        elif self._single:
            self._show_one(self._channel or 0)
        else:
            self._show_all()
        self.show_channel(self._channel)
        self.show_content()

    def ready(self, layer: Layer, look: Look) -> Iterator[None]:
        """Make in steps what ``show_kernels`` would show of 2-D kernels."""
        weight = output_first(layer)
        if weight is None or weight.ndim < 4 or whole_pixels(weight.shape) > _MOST:
            return
        found = levels(weight, look.scale, look.bound, signed=True)
        yield
        colours = table(look.colours, True, look.dark)
        tiles = kernel_tiles(weight, look.scale, look.bound)
        if tiles is not None:
            yield from self.mosaic.ready(tiles, colours)
            return
        tiles, grid = whole_weight(coded(weight, found))
        yield
        yield from self.mosaic.ready(tiles, colours, grid, extreme=True)

    def show_channel(self, channel: int | None) -> None:
        """Frame a kernel, or show the weights of another neuron."""
        changed = channel != self._channel
        self._channel = channel
        if self._name is None:
            return
        if self._over_time:
            self.taps.show_channel(channel)
            self._show_scale()
        elif self._single:
            if changed:
                self._show_one(channel or 0)
            self.mosaic.show_place(None, None)
        else:
            self.mosaic.show_place(channel, None)
            self._show_scale()

    def _show_scale(self) -> None:
        """Show the scale of the chosen kernel, which may have one of its own."""
        found, colours, note = self._legend
        self.scale.show_levels(found, colours, self._channel, note)

    def _legend_of(self, found: Levels) -> tuple[Levels, Array, str]:
        """Return the scale of kernels, its colours, and what is odd about them."""
        colours = table(self._look.colours, True, self._look.dark)
        return found, colours, counts_caption(found).replace("map", "kernel")

    def _show_all(self) -> None:
        """Show every kernel at once."""
        weight, look = self._weight, self._look
        name = f"{self._name} kernels"
        if weight.ndim == 1:
            self._show_cells()
            return
        found = levels(weight, look.scale, look.bound, signed=True)
        self._legend = _, colours, note = self._legend_of(found)
        tiles = kernel_tiles(weight, look.scale, look.bound)
        if tiles is not None and tiles.ndim == 4:
            values = np.moveaxis(weight, 1, -1)
            self.mosaic.show_tiles(tiles, values, name=name)
            self._legend = found, _by_code(grey_ramp()), note
            return
        if tiles is not None:
            self.mosaic.show_tiles(tiles, weight, colours, name=name)
            return
        tiles, grid = whole_weight(coded(weight, found))
        self.mosaic.show_tiles(tiles, weight, colours, grid, extreme=True, name=name)

    def _show_cells(self) -> None:
        """Show a vector, a cell for each value; one scale, or all would be extremes."""
        look = self._look
        scale = "layer" if look.scale == "map" else look.scale
        found = levels(self._weight, scale, look.bound)
        colours = table(look.colours, found.signed, look.dark)
        tiles = as_tiles(quantise(self._weight, found))
        self.mosaic.show_tiles(tiles, self._weight, colours, name=f"{self._name}")
        self._legend = found, colours, counts_caption(found)

    def _show_one(self, channel: int) -> None:
        """Show one kernel or neuron, a tile per input channel."""
        look = self._look
        channel = min(channel, len(self._weight) - 1)
        kernel = self._weight[channel]
        whose = f"{'neuron' if self._weight.ndim == 2 else 'kernel'} {channel}"
        if self._fold is not None:
            kernel = kernel.reshape(self._fold)
        scale = "layer" if look.scale == "map" else look.scale  # there is only one
        found = levels(kernel[None], scale, look.bound, signed=True)
        colours = table(look.colours, True, look.dark)
        self.mosaic.show_tiles(
            as_tiles(quantise(kernel[None], found)[0]),
            kernel,
            colours,
            name=f"{self._name} weights of {whose}",
        )
        self.scale.show_levels(found, colours, note=f"of {whose}")

    def _on_picked(self, channel: int, _tap: Unit) -> None:
        if not self._single:
            self.channelPicked.emit(channel)

    def _on_hovered(self, found: tuple[int, Unit, object] | None) -> None:
        if found is not None and self._single:
            inner, tap, value = found
            found = (self._channel or 0, (inner, *tap), value)
        self.hovered.emit(found)


def _by_code(colours: Array) -> Array:
    """Pad the colours of a signed scale to a row per code."""
    return np.concatenate([colours, np.repeat(colours[-1:], 5, 0)])


def whole_pixels(shape: Sequence[int]) -> int:
    """Return the pixels of a weight shown as one picture, the gaps included."""
    return math.prod(shape[:2]) * math.prod(k + 1 for k in shape[2:])
